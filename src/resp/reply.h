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
 * A writer that is `muted` (CLIENT REPLY OFF or SKIP) swallows everything but pushes: a push and
 * as many elements behind it as it announced (with theirs) are written.
 *
 * Contract of the bytes: an element goes to the room in one piece if it is short, so a sink sees
 * few calls; the order of bytes, blobs and deferred headers is that of the calls. */
#ifndef RESP_REPLY_H
#define RESP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/blob.h"
#include "base/slice.h"

struct reply;

#define REPLY_NEED_MAX 256  /* the writer never asks for more room than this at once */
#define REPLY_HEADER_MAX 24 /* "*18446744073709551615\r\n", and one to spare */
#define REPLY_DEFERRED_DEPTH 4

/* Where bytes go. A sink that takes no more (its limit is reached, its client is gone) calls
 * reply_close() instead of doing what it was asked for, in any of these functions: the writer
 * looks at `closed` after each call and drops the rest. None is called when closed. */
struct reply_sink {
    /* The room is full: seal what is in it (from r->sealed to r->pos), add that to r->written, and
     * set r->sealed, r->pos and r->end to a new room of at least `need` bytes, 1 <= need <=
     * REPLY_NEED_MAX. It is often called with some room left: the writer does not split headers and
     * short values. */
    void (*more)(struct reply *r, size_t need);
    /* A span of a blob, without copying: behind what was written so far, before what is written
     * next. The sink takes a reference of its own and adds the length to r->written. It may leave
     * r->pos == r->end. NULL: the bytes are copied. */
    void (*blob)(struct reply *r, struct blob *blob, struct slice bytes);
    /* defer: opens place `slot` behind what was written so far, for a header of 1 to
     * REPLY_HEADER_MAX bytes that is known later; what is written next goes behind the place.
     * settle: fills the place, without moving what is written where it is not cheap. Slots are
     * 0, 1, ... in the order of opening (at most REPLY_DEFERRED_DEPTH are open) and are settled in
     * reverse order; all are settled before the reply ends, if not closed. One way for a sink of
     * blocks: seal, push an empty span for the place and remember its index, skip
     * REPLY_HEADER_MAX bytes of the block; settle writes the header into these bytes and lets the
     * span name it. The room may change in both. Until the place is filled, nothing from it on may
     * be sent. */
    void (*defer)(struct reply *r, unsigned slot);
    void (*settle)(struct reply *r, unsigned slot, struct slice header);
};

/* Zero but for `proto` and `sink` is a valid start: no room yet. */
struct reply {
    char *pos, *end; /* open room */
    char *sealed;    /* in it, kept by the sink: the bytes before are in `written` already */
    const struct reply_sink *sink;
    uint8_t proto;      /* 2 or 3 */
    bool muted;         /* set with reply_mute() */
    bool closed;        /* the sink takes no more: everything is swallowed; implies muted */
    uint8_t deferred;   /* open deferred aggregates */
    uint32_t errors;    /* error replies made (also swallowed ones), for statistics and EXEC */
    uint64_t written;   /* bytes sealed and blobs, kept by the sink; not what is in the open room */
    uint64_t push_left; /* while muted: elements still to come of an open push */
    /* Sees the text of each error ("WRONGTYPE Operation ..."), also of swallowed ones. */
    void (*on_error)(void *arg, struct slice text);
    void *on_error_arg;
};

/* Bytes replied since the beginning: the difference over a command is its reply's length. */
INLINE uint64_t reply_total(const struct reply *r)
{
    return r->written + (uint64_t)(r->pos - r->sealed);
}

/* CLIENT REPLY OFF and ON. Between two replies, not within one. */
void reply_mute(struct reply *r, bool muted);
void reply_close(struct reply *r); /* for sinks: swallow everything from now on */

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
void reply_push(struct reply *r, size_t count); /* RESP2: an array; never muted */
/* False in RESP2: then write nothing of the attribute. */
bool reply_attribute(struct reply *r, size_t pairs);

/* A deferred aggregate: open, write the elements, close with their count. */
enum reply_kind { REPLY_ARRAY, REPLY_MAP, REPLY_SET };
void reply_defer(struct reply *r);
void reply_settle(struct reply *r, enum reply_kind kind, size_t count);

/* The one place where errors are made. `text` begins with its code ("ERR ...", "WRONGTYPE ...");
 * CR and LF at its end are dropped, others become spaces. on_error (may be NULL) sees each. */
void reply_error(struct reply *r, const char *text);
void reply_error_slice(struct reply *r, struct slice text);
void reply_errorf(struct reply *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A writer into a struct buf (tests, tools, scripts): it appends. Between init and done the buffer
 * is the writer's; reply_to_buf_done() commits what was written. At the buffer's ceiling the writer
 * closes (reply.closed), and what it wrote is cut somewhere. */
struct buf;
struct reply_to_buf {
    struct reply reply;
    struct buf *buf;
    size_t slots[REPLY_DEFERRED_DEPTH];
};
void reply_to_buf_init(struct reply_to_buf *w, struct buf *buf, uint8_t proto);
void reply_to_buf_done(struct reply_to_buf *w);

/* A writer to nowhere: closed from the start, errors are still counted and seen. */
void reply_to_nowhere_init(struct reply *r, uint8_t proto);

#endif
