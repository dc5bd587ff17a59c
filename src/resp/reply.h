/* Reply writer: RESP2 and RESP3 into any sink.
 *
 * Handlers describe the reply ("a map of 2", "a double", "null") and the writer encodes it for the
 * session's protocol. Bytes go to the open room of a sink (a client's output block, a buffer, a
 * Lua value, nowhere); when the room is full, the sink gives more. Nothing is flushed here.
 *
 * Aggregates are announced with their count; where the count is not known ahead, a deferred
 * aggregate is opened and closed with it. RESP3-only types fall back in RESP2 as the peers do: map
 * to a flat array, set to an array, double to a bulk, boolean to an integer, verbatim to a bulk,
 * big number to a bulk, push to an array, attribute to nothing.
 *
 * A writer that is `muted` (CLIENT REPLY OFF or SKIP) swallows everything but pushes. */
#ifndef RESP_REPLY_H
#define RESP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/blob.h"
#include "base/slice.h"

struct reply;

/* Where bytes go. */
struct reply_sink {
    /* The room is full: seal it and set r->pos and r->end to at least `need` bytes. */
    void (*more)(struct reply *r, size_t need);
    /* A span of a blob, without copying; the sink takes a reference. NULL: copied. */
    void (*blob)(struct reply *r, struct blob *blob, struct slice bytes);
    /* Opens a place in front of what follows for a header that is written later, and fills it.
     * At most REPLY_DEFERRED_DEPTH are open, closed in reverse order. */
    void (*defer)(struct reply *r, unsigned slot);
    void (*settle)(struct reply *r, unsigned slot, struct slice header);
};

#define REPLY_DEFERRED_DEPTH 4

struct reply {
    char *pos, *end; /* open room */
    const struct reply_sink *sink;
    uint8_t proto; /* 2 or 3 */
    bool muted;
    uint8_t deferred; /* open deferred aggregates */
    uint32_t errors;  /* error replies written, for statistics and EXEC */
    uint64_t written; /* bytes sealed or written so far, for limits */
};

void reply_raw(struct reply *r, struct slice bytes); /* already encoded */

void reply_ok(struct reply *r);
void reply_status(struct reply *r, struct slice text);
void reply_bulk(struct reply *r, struct slice bytes);
void reply_bulk_str(struct reply *r, const char *text);
void reply_bulk_int(struct reply *r, int64_t value); /* the number as a bulk string */
void reply_bulk_blob(struct reply *r, struct blob *blob);
void reply_int(struct reply *r, int64_t value);
void reply_double(struct reply *r, double value);
void reply_bulk_double(struct reply *r, double value);
void reply_big_number(struct reply *r, struct slice digits);
void reply_bool(struct reply *r, bool value);
void reply_null(struct reply *r);       /* RESP2: "$-1" */
void reply_null_array(struct reply *r); /* RESP2: "*-1" */
void reply_verbatim(struct reply *r, const char ext[static 3], struct slice text);

void reply_array(struct reply *r, size_t count);
void reply_map(struct reply *r, size_t pairs);
void reply_set(struct reply *r, size_t count);
void reply_push(struct reply *r, size_t count); /* RESP2: an array; not muted */
/* False in RESP2: then write nothing of the attribute. */
bool reply_attribute(struct reply *r, size_t pairs);

/* A deferred aggregate: open, write the elements, close with their count. */
enum reply_kind { REPLY_ARRAY, REPLY_MAP, REPLY_SET };
void reply_defer(struct reply *r);
void reply_settle(struct reply *r, enum reply_kind kind, size_t count);

/* The one place where errors are made. `text` begins with its code ("ERR ...", "WRONGTYPE ...");
 * CR and LF in it become spaces. on_error (may be NULL) sees each, for errorstats. */
void reply_error(struct reply *r, const char *text);
void reply_error_slice(struct reply *r, struct slice text);
void reply_errorf(struct reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A writer into a struct buf (tests, tools, scripts) and one to nowhere. */
struct buf;
struct reply_to_buf {
    struct reply reply;
    struct buf *buf;
    size_t slots[REPLY_DEFERRED_DEPTH];
};
void reply_to_buf_init(struct reply_to_buf *w, struct buf *buf, uint8_t proto);
void reply_to_buf_done(struct reply_to_buf *w); /* commits what was written to buf */
void reply_to_nowhere_init(struct reply *r, uint8_t proto);

#endif
