/* A log of remarkable commands, newest first: slow ones, large requests, large replies.
 *
 * An entry is one block with all that it shows: arguments are cut, secrets were never copied.
 * The ids of a log rise from 0 and are not used again, also when the log is emptied.
 * Invariant: it has at most `max` entries of its latest commandlog_add or commandlog_trim. */
#ifndef DISPATCH_COMMANDLOG_H
#define DISPATCH_COMMANDLOG_H

#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "dispatch/command.h"

/* What is kept of a request, as the peers do. */
#define COMMANDLOG_ARGS_MAX 32
#define COMMANDLOG_ARG_BYTES_MAX ((size_t)128)

struct commandlog_entry {
    struct list in_log;
    int64_t id;
    int64_t unix_s;  /* when the command ended */
    uint64_t amount; /* microseconds or bytes */
    struct slice address, name;
    int argc;
    struct slice argv[]; /* all slices lie in the entry's block */
};

struct commandlog {
    struct list entries;
    int64_t count, next_id;
};

/* A command that is to be logged. */
struct commandlog_record {
    const struct command *row;
    void *owner; /* of the row's table */
    const struct slice *argv;
    int argc;
    int64_t unix_s;
    uint64_t amount;
    struct slice address, name; /* of the client, or empty */
};

void commandlog_init(struct commandlog *log);
void commandlog_reset(struct commandlog *log); /* frees all entries */

/* Adds an entry, and drops old ones beyond `max` (at least 1). */
void commandlog_add(struct commandlog *log, const struct commandlog_record *record, int64_t max);
void commandlog_trim(struct commandlog *log, int64_t max);

#endif
