/* The reply reader under any bytes: a value that is read must come back when it is written in RESP3
 * and read again, and no part of it may be taken for a value; what is refused stays refused with
 * more bytes behind it. */
#include <errno.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "resp/read.h"
#include "resp/reply.h"
#include "tests/unit/fuzz.h"

#define ITEMS_MAX 1000
#define PARTS_MAX 300 /* bytes of which every part is tried */

static void write_leaf(struct reply *r, const struct resp_value *v)
{
    switch (v->kind) {
    case RESP_STATUS:
        reply_status(r, v->text);
        break;
    case RESP_ERR:
        reply_error_slice(r, v->text);
        break;
    case RESP_INT:
        reply_int(r, v->integer);
        break;
    case RESP_BULK:
        reply_bulk(r, v->text);
        break;
    case RESP_DOUBLE:
        reply_double(r, v->number);
        break;
    case RESP_BOOL:
        reply_bool(r, v->integer != 0);
        break;
    case RESP_BIG_NUMBER:
        reply_big_number(r, v->text);
        break;
    case RESP_VERBATIM:
        reply_verbatim(r, v->format, v->text);
        break;
    default:
        ASSERT(v->kind == RESP_NULL);
        reply_null(r);
        break;
    }
}

/* The header of an aggregate; how many items follow. */
static size_t write_header(struct reply *r, const struct resp_value *v)
{
    switch (v->kind) {
    case RESP_ARRAY:
        reply_array(r, v->count);
        return v->count;
    case RESP_SET:
        reply_set(r, v->count);
        return v->count;
    case RESP_PUSH:
        reply_push(r, v->count);
        return v->count;
    case RESP_MAP:
        reply_map(r, v->count);
        return v->count * 2;
    case RESP_ATTRIBUTE:
        ASSERT(reply_attribute(r, v->count));
        return v->count * 2;
    default:
        write_leaf(r, v);
        return 0;
    }
}

/* At most as deep as the reader goes. */
static void write_value(struct reply *r, const struct resp_value *v)
{
    if (v->attribute)
        write_value(r, v->attribute);
    size_t items = write_header(r, v);
    for (size_t i = 0; i < items; i++)
        write_value(r, &v->items[i]);
}

static void write_all(struct buf *out, const struct resp_value *v)
{
    struct reply_to_buf w;
    reply_to_buf_init(&w, out, 3);
    write_value(&w.reply, v);
    reply_to_buf_done(&w);
}

static void check_round_trip(const struct resp_value *value)
{
    struct arena arena;
    struct buf once, twice;
    struct resp_value again;
    size_t consumed;
    arena_init(&arena, 1024, 4096);
    buf_init(&once, BUF_NO_CEILING);
    buf_init(&twice, BUF_NO_CEILING);
    write_all(&once, value);
    ASSERT(resp_read(buf_slice(&once), ITEMS_MAX, &arena, &again, &consumed) == 0);
    ASSERT(consumed == once.len);
    write_all(&twice, &again);
    ASSERT(slice_eq(buf_slice(&once), buf_slice(&twice)));
    buf_done(&once);
    buf_done(&twice);
    arena_done(&arena);
}

/* A part is incomplete, or refused as the whole is. */
static void check_parts(struct slice bytes, int whole)
{
    for (size_t len = 0; len < MIN_OF(bytes.len, (size_t)PARTS_MAX); len++) {
        struct arena arena;
        struct resp_value value;
        size_t consumed;
        arena_init(&arena, 1024, 4096);
        int part = resp_read(slice_of(bytes.ptr, len), ITEMS_MAX, &arena, &value, &consumed);
        ASSERT(part == -EAGAIN || (part < 0 && part == whole));
        arena_done(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    struct resp_value value;
    struct slice bytes = slice_of(data, len);
    size_t consumed;
    arena_init(&arena, 1024, 4096);
    int err = resp_read(bytes, ITEMS_MAX, &arena, &value, &consumed);
    if (err == 0) {
        ASSERT(consumed > 0);
        ASSERT(consumed <= len);
        check_round_trip(&value);
        bytes.len = consumed;
    }
    check_parts(bytes, err);
    arena_done(&arena);
    return 0;
}
