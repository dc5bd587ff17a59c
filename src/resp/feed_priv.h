/* Feeds the request parser with pieces, as a client does, and writes down what comes out: the means
 * of its test and its fuzz driver.
 *
 * The transcript is text, one line an outcome, and does not depend on how the bytes were split.
 * Every call of the parser gets its bytes in a new block of exactly their size, so that a read past
 * their end, or one through a pointer of the call before, is caught by the sanitizer. */
#ifndef RESP_FEED_PRIV_H
#define RESP_FEED_PRIV_H

#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "resp/parse.h"

#define FEED_BULKS_MAX 64

struct feed {
    struct resp_limits limits;
    struct resp_parser parser;
    struct arena arena;
    struct buf kept;             /* the unfinished request */
    struct buf transcript;       /* what came out */
    char *bulks[FEED_BULKS_MAX]; /* big bulks of the unfinished request, each with its CRLF */
    size_t bulk_count;
    size_t bulk_missing; /* of the last one */
    size_t bulk_len;
    bool failed; /* an error came out: the rest is ignored */
};

UNUSED static void feed_init(struct feed *f, const struct resp_limits *limits)
{
    memset(f, 0, sizeof(*f));
    f->limits = *limits;
    resp_parser_init(&f->parser);
    arena_init(&f->arena, 1024, 4096);
    buf_init(&f->kept, BUF_NO_CEILING);
    buf_init(&f->transcript, BUF_NO_CEILING);
}

UNUSED static void feed_drop_bulks(struct feed *f)
{
    while (f->bulk_count > 0)
        mem_free(f->bulks[--f->bulk_count]);
}

UNUSED static void feed_done(struct feed *f)
{
    feed_drop_bulks(f);
    resp_parser_done(&f->parser);
    arena_done(&f->arena);
    buf_done(&f->kept);
    buf_done(&f->transcript);
}

/* "*N\r\n$len\r\n..." of the arguments. */
UNUSED static void feed_encode(struct buf *out, const struct slice *argv, size_t argc)
{
    buf_printf(out, "*%zu\r\n", argc);
    for (size_t i = 0; i < argc; i++) {
        buf_printf(out, "$%zu\r\n", argv[i].len);
        buf_append(out, argv[i]);
        buf_append_str(out, "\r\n");
    }
}

/* A wire form must be what encoding anew would yield. */
UNUSED static void feed_check_wire(const struct resp_request *request)
{
    if (request->wire.len == 0)
        return;
    struct buf again;
    buf_init(&again, BUF_NO_CEILING);
    feed_encode(&again, request->argv, request->argc);
    ASSERT(!request->is_inline);
    ASSERT(slice_eq(buf_slice(&again), request->wire));
    buf_done(&again);
}

UNUSED static void feed_note_request(struct buf *out, const struct resp_request *request)
{
    buf_printf(out, "%s %u", request->is_inline ? "inline" : "request", request->argc);
    for (uint32_t i = 0; i < request->argc; i++) {
        buf_append_char(out, ' ');
        buf_append(out, request->argv[i]);
    }
    buf_append_char(out, '\n');
}

/* The bulk that the parser asked for; `kept` becomes the request's head. */
UNUSED static void feed_open_bulk(struct feed *f)
{
    size_t at;
    ASSERT(f->bulk_count < FEED_BULKS_MAX);
    f->bulk_len = resp_parse_big(&f->parser, &at);
    ASSERT(at <= f->kept.len);
    size_t have = f->kept.len - at;
    ASSERT(have < f->bulk_len + 2);
    char *bulk = mem_alloc(f->bulk_len + 2);
    if (have > 0)
        memcpy(bulk, f->kept.ptr + at, have);
    buf_truncate(&f->kept, at);
    f->bulks[f->bulk_count++] = bulk;
    f->bulk_missing = f->bulk_len + 2 - have;
}

/* One call of the parser. False when it has to wait. */
UNUSED static bool feed_step(struct feed *f)
{
    struct resp_result got = { .consumed = 0 };
    size_t len = f->kept.len;
    char *block = mem_alloc(len);
    memcpy(block, f->kept.ptr, len);

    enum resp_status status = resp_parse(&f->parser, &f->limits, slice_of(block, len), &f->arena,
                                         &got);
    ASSERT(got.consumed <= len);
    if (status == RESP_REQUEST) {
        feed_check_wire(&got.request);
        feed_note_request(&f->transcript, &got.request);
        feed_drop_bulks(f);
        arena_reset(&f->arena);
    } else if (status == RESP_NOTHING) {
        ASSERT(got.consumed > 0);
        buf_append_str(&f->transcript, "nothing\n");
    } else if (status == RESP_ERROR) {
        buf_printf(&f->transcript, "error %s\n", got.error);
        f->failed = true;
    } else if (status == RESP_BIG) {
        ASSERT(f->limits.big_bulk > 0);
        feed_open_bulk(f);
    }
    mem_free(block);
    buf_drop_front(&f->kept, got.consumed);
    return status == RESP_REQUEST || status == RESP_NOTHING;
}

UNUSED static void feed_bytes(struct feed *f, struct slice piece)
{
    if (f->failed)
        return;
    if (f->bulk_missing > 0) {
        char *bulk = f->bulks[f->bulk_count - 1];
        size_t n = MIN_OF(f->bulk_missing, piece.len);
        memcpy(bulk + f->bulk_len + 2 - f->bulk_missing, piece.ptr, n);
        f->bulk_missing -= n;
        piece = slice_from(piece, n);
        if (f->bulk_missing > 0)
            return;
        resp_parse_big_done(&f->parser, slice_of(bulk, f->bulk_len));
    }
    buf_append(&f->kept, piece);
    while (f->kept.len > 0 && feed_step(f)) {
    }
}

/* The bytes that belong to no outcome yet. */
UNUSED static void feed_note_rest(struct feed *f)
{
    if (!f->failed && (f->kept.len > 0 || !resp_parser_is_idle(&f->parser)))
        buf_append_str(&f->transcript, "unfinished\n");
}

#endif
