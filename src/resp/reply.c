/* The reply writer: every element is written in one piece when it is short, and in pieces that fit
 * the sink's rooms when it is long. */
#include "resp/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

#define CRLF "\r\n"
#define CRLF_LEN ((size_t)2)
/* "*18446744073709551615\r\n" */
static_assert(REPLY_HEADER_MAX >= 1 + NUM_INT_MAX_CHARS - 1 + 2, "a header fits");
static_assert(REPLY_NEED_MAX >= NUM_DOUBLE_MAX_CHARS + REPLY_HEADER_MAX, "a number fits");

/* Stands for the unknown count of a deferred aggregate within a push of a muted writer. */
#define PUSH_UNKNOWN ((uint64_t)1 << 48)

/* --- muting --- */

void reply_mute(struct reply *r, bool muted)
{
    ASSERT(r->deferred == 0);
    r->muted = muted || r->closed;
    r->push_left = 0;
}

void reply_close(struct reply *r)
{
    r->closed = true;
    r->muted = true;
    r->push_left = 0;
    r->pos = NULL;
    r->end = NULL;
    r->sealed = NULL;
}

static COLD bool swallow(struct reply *r, uint64_t opened)
{
    if (r->push_left == 0)
        return true;
    r->push_left += opened;
    r->push_left--;
    return false;
}

/* Whether the next element, which has `opened` more behind it, is not to be written. */
INLINE bool swallows(struct reply *r, uint64_t opened)
{
    return UNLIKELY(r->muted) && swallow(r, opened);
}

/* --- bytes into the room --- */

static COLD char *more_room(struct reply *r, size_t need)
{
    ASSERT(need <= REPLY_NEED_MAX);
    if (r->closed)
        return NULL;
    r->sink->more(r, need);
    if (r->closed)
        return NULL;
    ASSERT((size_t)(r->end - r->pos) >= need);
    return r->pos;
}

/* Where `need` contiguous bytes may be written; NULL when the sink takes no more. */
INLINE char *room(struct reply *r, size_t need)
{
    return LIKELY((size_t)(r->end - r->pos) >= need) ? r->pos : more_room(r, need);
}

INLINE char *write_crlf(char *at)
{
    memcpy(at, CRLF, CRLF_LEN);
    return at + CRLF_LEN;
}

/* Up to REPLY_HEADER_MAX bytes. */
INLINE char *write_header(char *at, char mark, uint64_t count)
{
    *at++ = mark;
    if (LIKELY(count < 10)) {
        *at++ = (char)('0' + count);
    } else if (count < 100) {
        *at++ = (char)('0' + count / 10);
        *at++ = (char)('0' + count % 10);
    } else {
        at += num_format_uint(at, count);
    }
    return write_crlf(at);
}

static void put_header(struct reply *r, char mark, uint64_t count)
{
    char *at = room(r, REPLY_HEADER_MAX);
    if (at)
        r->pos = write_header(at, mark, count);
}

static void put_short(struct reply *r, const char *bytes, size_t len)
{
    char *at = room(r, len);
    if (!at)
        return;
    memcpy(at, bytes, len);
    r->pos = at + len;
}

static void put_crlf(struct reply *r)
{
    put_short(r, CRLF, CRLF_LEN);
}

/* Any number of bytes, room by room. */
static void put_bytes(struct reply *r, struct slice bytes)
{
    while (bytes.len > 0) {
        size_t n = MIN_OF((size_t)(r->end - r->pos), bytes.len);
        if (n == 0) {
            if (!room(r, MIN_OF(bytes.len, (size_t)REPLY_NEED_MAX)))
                return;
            continue;
        }
        memcpy(r->pos, bytes.ptr, n);
        r->pos += n;
        bytes = slice_from(bytes, n);
    }
}

/* mark, text, CRLF */
static void put_line(struct reply *r, char mark, struct slice text)
{
    put_short(r, &mark, 1);
    put_bytes(r, text);
    put_crlf(r);
}

static COLD void put_bulk_in_pieces(struct reply *r, struct slice bytes)
{
    put_header(r, '$', bytes.len);
    put_bytes(r, bytes);
    put_crlf(r);
}

INLINE void put_bulk(struct reply *r, struct slice bytes)
{
    size_t need = bytes.len + REPLY_HEADER_MAX + CRLF_LEN;
    if (UNLIKELY((size_t)(r->end - r->pos) < need)) {
        if (need > REPLY_NEED_MAX) {
            put_bulk_in_pieces(r, bytes);
            return;
        }
        if (!more_room(r, need))
            return;
    }
    char *at = write_header(r->pos, '$', bytes.len);
    if (LIKELY(bytes.len > 0))
        memcpy(at, bytes.ptr, bytes.len);
    r->pos = write_crlf(at + bytes.len);
}

/* --- elements --- */

void reply_raw(struct reply *r, struct slice bytes)
{
    if (!swallows(r, 0))
        put_bytes(r, bytes);
}

void reply_ok(struct reply *r)
{
    if (!swallows(r, 0))
        put_short(r, "+OK" CRLF, 5);
}

void reply_status(struct reply *r, struct slice text)
{
    if (!swallows(r, 0))
        put_line(r, '+', text);
}

void reply_bulk(struct reply *r, struct slice bytes)
{
    if (!swallows(r, 0))
        put_bulk(r, bytes);
}

void reply_bulk_str(struct reply *r, const char *text)
{
    reply_bulk(r, slice_str(text));
}

void reply_bulk_int(struct reply *r, int64_t value)
{
    char digits[NUM_INT_MAX_CHARS];
    reply_bulk(r, slice_of(digits, num_format_int(digits, value)));
}

void reply_bulk_blob(struct reply *r, struct blob *blob)
{
    struct slice bytes = blob_slice(blob);
    if (swallows(r, 0))
        return;
    if (!r->sink->blob || bytes.len == 0) {
        put_bulk(r, bytes);
        return;
    }
    put_header(r, '$', bytes.len);
    if (r->closed)
        return;
    r->sink->blob(r, blob, bytes);
    put_crlf(r);
}

void reply_int(struct reply *r, int64_t value)
{
    if (swallows(r, 0))
        return;
    if (LIKELY(value >= 0)) {
        put_header(r, ':', (uint64_t)value);
        return;
    }
    char line[1 + NUM_INT_MAX_CHARS + CRLF_LEN];
    char *at = line;
    *at++ = ':';
    at += num_format_int(at, value);
    at = write_crlf(at);
    put_short(r, line, (size_t)(at - line));
}

void reply_double(struct reply *r, double value)
{
    char digits[NUM_DOUBLE_MAX_CHARS];
    struct slice text = slice_of(digits, num_format_double(digits, value));
    if (swallows(r, 0))
        return;
    if (r->proto >= 3)
        put_line(r, ',', text);
    else
        put_bulk(r, text);
}

void reply_bulk_double(struct reply *r, double value)
{
    char digits[NUM_DOUBLE_MAX_CHARS];
    reply_bulk(r, slice_of(digits, num_format_double(digits, value)));
}

void reply_big_number(struct reply *r, struct slice digits)
{
    if (swallows(r, 0))
        return;
    if (r->proto >= 3)
        put_line(r, '(', digits);
    else
        put_bulk(r, digits);
}

void reply_bool(struct reply *r, bool value)
{
    if (swallows(r, 0))
        return;
    if (r->proto >= 3)
        put_short(r, value ? "#t" CRLF : "#f" CRLF, 4);
    else
        put_short(r, value ? ":1" CRLF : ":0" CRLF, 4);
}

void reply_null(struct reply *r)
{
    if (swallows(r, 0))
        return;
    if (r->proto >= 3)
        put_short(r, "_" CRLF, 3);
    else
        put_short(r, "$-1" CRLF, 5);
}

void reply_null_array(struct reply *r)
{
    if (swallows(r, 0))
        return;
    if (r->proto >= 3)
        put_short(r, "_" CRLF, 3);
    else
        put_short(r, "*-1" CRLF, 5);
}

void reply_verbatim(struct reply *r, const char ext[static 3], struct slice text)
{
    if (swallows(r, 0))
        return;
    if (r->proto < 3) {
        put_bulk(r, text);
        return;
    }
    char prefix[4] = { ext[0], ext[1], ext[2], ':' };
    put_header(r, '=', text.len + sizeof(prefix));
    put_short(r, prefix, sizeof(prefix));
    put_bytes(r, text);
    put_crlf(r);
}

/* --- aggregates --- */

struct aggregate {
    char resp2, resp3;
    uint8_t elements; /* of one counted item */
};

/* clang-format off */
static const struct aggregate aggregates[] = {
    [REPLY_ARRAY] = { '*', '*', 1 },
    [REPLY_MAP]   = { '*', '%', 2 },
    [REPLY_SET]   = { '*', '~', 1 },
};
/* clang-format on */

/* The header of `count` items in the writer's protocol. */
INLINE char *write_aggregate(const struct reply *r, char *at, enum reply_kind kind, uint64_t count)
{
    const struct aggregate *a = &aggregates[kind];
    return r->proto >= 3 ? write_header(at, a->resp3, count)
                         : write_header(at, a->resp2, count * a->elements);
}

INLINE void put_aggregate(struct reply *r, enum reply_kind kind, uint64_t count)
{
    if (swallows(r, count * aggregates[kind].elements))
        return;
    char *at = room(r, REPLY_HEADER_MAX);
    if (at)
        r->pos = write_aggregate(r, at, kind, count);
}

void reply_array(struct reply *r, size_t count)
{
    put_aggregate(r, REPLY_ARRAY, count);
}

void reply_map(struct reply *r, size_t pairs)
{
    put_aggregate(r, REPLY_MAP, pairs);
}

void reply_set(struct reply *r, size_t count)
{
    put_aggregate(r, REPLY_SET, count);
}

void reply_push(struct reply *r, size_t count)
{
    if (r->closed)
        return;
    if (r->muted) {
        ASSERT_DEBUG(r->push_left == 0);
        r->push_left = count;
    }
    put_header(r, r->proto >= 3 ? '>' : '*', count);
}

bool reply_attribute(struct reply *r, size_t pairs)
{
    if (r->proto < 3)
        return false;
    /* It is not an element itself: it stands before one. */
    if (!swallows(r, (uint64_t)pairs * 2 + 1))
        put_header(r, '|', pairs);
    return true;
}

void reply_defer(struct reply *r)
{
    ASSERT(r->deferred < REPLY_DEFERRED_DEPTH);
    unsigned slot = r->deferred++;
    if (!swallows(r, PUSH_UNKNOWN))
        r->sink->defer(r, slot);
}

void reply_settle(struct reply *r, enum reply_kind kind, size_t count)
{
    ASSERT(r->deferred > 0);
    unsigned slot = --r->deferred;
    if (UNLIKELY(r->muted)) {
        if (r->push_left == 0)
            return;
        /* Its elements were counted off; it announced PUSH_UNKNOWN instead. */
        r->push_left += (uint64_t)count * aggregates[kind].elements;
        r->push_left -= PUSH_UNKNOWN;
    }
    char header[REPLY_HEADER_MAX];
    char *end = write_aggregate(r, header, kind, count);
    r->sink->settle(r, slot, slice_of(header, (size_t)(end - header)));
}

/* --- errors --- */

INLINE bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* The text with spaces for line ends. */
static void put_error_text(struct reply *r, struct slice text)
{
    while (text.len > 0) {
        size_t n = MIN_OF(text.len, (size_t)REPLY_NEED_MAX);
        char *at = room(r, n);
        if (!at)
            return;
        for (size_t i = 0; i < n; i++)
            at[i] = is_line_end(text.ptr[i]) ? ' ' : text.ptr[i];
        r->pos = at + n;
        text = slice_from(text, n);
    }
}

void reply_error_slice(struct reply *r, struct slice text)
{
    while (text.len > 0 && is_line_end(text.ptr[text.len - 1]))
        text.len--;
    r->errors++;
    if (r->on_error)
        r->on_error(r->on_error_arg, text);
    if (swallows(r, 0))
        return;
    put_short(r, "-", 1);
    put_error_text(r, text);
    put_crlf(r);
}

void reply_error(struct reply *r, const char *text)
{
    reply_error_slice(r, slice_str(text));
}

void reply_errorf(struct reply *r, const char *fmt, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, BUF_NO_CEILING);
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    reply_error_slice(r, buf_slice(&text));
    buf_done(&text);
}

/* --- sinks --- */

/* What is in the room becomes the buffer's; the rest of the room stays. */
static void to_buf_commit(struct reply_to_buf *w)
{
    struct reply *r = &w->reply;
    if (!r->pos)
        return;
    size_t n = (size_t)(r->pos - r->sealed);
    buf_commit(w->buf, n);
    r->written += n;
    r->sealed = r->pos;
}

static void to_buf_take_room(struct reply_to_buf *w)
{
    w->reply.pos = w->reply.sealed = w->buf->ptr + w->buf->len;
    w->reply.end = w->buf->ptr + w->buf->cap;
}

static void to_buf_more(struct reply *r, size_t need)
{
    struct reply_to_buf *w = CONTAINER_OF(r, struct reply_to_buf, reply);
    to_buf_commit(w);
    if (buf_reserve(w->buf, need))
        to_buf_take_room(w);
    else
        reply_close(r);
}

static void to_buf_defer(struct reply *r, unsigned slot)
{
    struct reply_to_buf *w = CONTAINER_OF(r, struct reply_to_buf, reply);
    to_buf_commit(w);
    w->slots[slot] = w->buf->len;
}

/* The header's length is known only now: what was written since moves. Outer slots lie before. */
static void to_buf_settle(struct reply *r, unsigned slot, struct slice header)
{
    struct reply_to_buf *w = CONTAINER_OF(r, struct reply_to_buf, reply);
    to_buf_commit(w);
    if (!buf_reserve(w->buf, header.len)) {
        reply_close(r);
        return;
    }
    char *place = w->buf->ptr + w->slots[slot];
    memmove(place + header.len, place, w->buf->len - w->slots[slot]);
    memcpy(place, header.ptr, header.len);
    buf_commit(w->buf, header.len);
    r->written += header.len;
    to_buf_take_room(w);
}

static const struct reply_sink to_buf_sink = {
    .more = to_buf_more,
    .defer = to_buf_defer,
    .settle = to_buf_settle,
};

void reply_to_buf_init(struct reply_to_buf *w, struct buf *buf, uint8_t proto)
{
    *w = (struct reply_to_buf){ .reply = { .sink = &to_buf_sink, .proto = proto }, .buf = buf };
}

void reply_to_buf_done(struct reply_to_buf *w)
{
    to_buf_commit(w);
    w->reply.pos = w->reply.sealed = w->reply.end = NULL;
}

void reply_to_nowhere_init(struct reply *r, uint8_t proto)
{
    *r = (struct reply){ .proto = proto };
    reply_close(r);
}
