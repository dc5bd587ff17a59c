/* Reply reader: replies of a server (or pushes of a peer) from bytes, RESP2 and RESP3.
 *
 * For links, tools and tests. Pure: it reads one whole reply, or says that it is incomplete and
 * keeps nothing; nesting is followed with an explicit stack of bounded depth. Stricter than the
 * request parser: line ends are CRLF, numbers canonical. Memory is taken for items that may be
 * there by the bytes received, never for a count alone. Streamed strings and aggregates ("$?"),
 * which no server sends, are refused. */
#ifndef RESP_READ_H
#define RESP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define RESP_READ_DEPTH_MAX 32
#define RESP_READ_BULK_MAX ((int64_t)1 << 40) /* what the caller's buffer holds bounds it earlier */

enum resp_kind {
    RESP_STATUS,
    RESP_ERR, /* "-" and "!" */
    RESP_INT,
    RESP_BULK,
    RESP_NULL, /* "_", and RESP2's "$-1" and "*-1" */
    RESP_ARRAY,
    RESP_MAP,
    RESP_SET,
    RESP_PUSH,
    RESP_DOUBLE,
    RESP_BOOL,
    RESP_BIG_NUMBER,
    RESP_VERBATIM,
    RESP_ATTRIBUTE, /* only behind resp_value.attribute */
};

struct resp_value {
    enum resp_kind kind;
    char format[4];           /* VERBATIM: "txt", "mkd" */
    struct slice text;        /* STATUS, ERR, BULK, BIG_NUMBER, VERBATIM (without its prefix) */
    int64_t integer;          /* INT, BOOL */
    double number;            /* DOUBLE */
    struct resp_value *items; /* aggregates; a map or an attribute has 2 * count items */
    size_t count;
    struct resp_value *attribute; /* the last that stood before this value, or NULL */
};

/* 0 with the value (in `arena`, texts borrowed from `bytes`) and the bytes that it took; -EAGAIN
 * when incomplete; -EPROTO when malformed; -E2BIG above the depth, or above `items_max` items of
 * all aggregates together. On failure the arena is as before. */
MUST_USE int resp_read(struct slice bytes, size_t items_max, struct arena *arena,
                       struct resp_value *ret_value, size_t *ret_consumed);

#endif
