/* Metrics: the fields of INFO as rows beside the state that they show.
 *
 * INFO prints the rows of all rooms, grouped by section. A row shows one field through a function,
 * or (a block row, name NULL) writes any number of "name:value\r\n" lines itself: only where the
 * names depend on the data (a line for each command, database, client).
 *
 * What is dear to find out (a call of the kernel, the allocator's statistics) is found out once an
 * INFO, by the table's `prepare`, and kept where its rows look. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { METRIC_ONLY_ALL = 1 << 0 /* shown by INFO ALL and by the section's name, not by INFO */ };

struct metric {
    const char *section; /* "Memory" */
    const char *name;    /* "used_memory", or NULL for a block */
    const char *pattern; /* of a block's lines, for the reference: "cmdstat_<command>" */
    const char *summary; /* one sentence for the reference, in our own words */
    /* exactly one of the three */
    uint64_t (*count)(const void *owner);
    int64_t (*value)(const void *owner);
    void (*text)(const void *owner, struct buf *out);
    bool (*is_there)(const void *owner); /* whether it shows at present; NULL: it always does */
    uint32_t flags;
};

struct metric_table {
    const struct metric *rows;
    size_t count;
    void *owner;
    void (*reset)(void *owner);   /* CONFIG RESETSTAT, may be NULL */
    void (*prepare)(void *owner); /* before its rows are shown, once an INFO; may be NULL */
};

#endif
