/* Reply reader: replies of a server (or pushes of a peer) from bytes, RESP2 and RESP3.
 *
 * For links, tools and tests. Pure and incremental like the request parser; nesting is followed
 * with an explicit stack of bounded depth. */
#ifndef RESP_READ_H
#define RESP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define RESP_READ_DEPTH_MAX 32

enum resp_kind {
    RESP_STATUS,
    RESP_ERR,
    RESP_INT,
    RESP_BULK,
    RESP_NULL,
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
    struct resp_value *attribute; /* that stood before this value, or NULL */
};

/* 0 with the value (in `arena`, texts borrowed from `bytes`) and the bytes that it took; -EAGAIN
 * when incomplete; -EPROTO when malformed; -E2BIG above the depth or `items_max` items. */
MUST_USE int resp_read(struct slice bytes, size_t items_max, struct arena *arena,
                       struct resp_value *ret_value, size_t *ret_consumed);

#endif
