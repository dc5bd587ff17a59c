/* Streams by readiness: the kernel says that a read or a write would do something. Serves every
 * transport that has a row in net/conn.h. */
#include <errno.h>

#include "base/assert.h"
#include "net/stream_priv.h"

/* The least room worth a read, and how much of an expected bulk is taken in one event: more would
 * only keep the other streams waiting. */
#define READ_ROOM ((size_t)16 * 1024)
#define EXPECT_MAX ((size_t)256 * 1024)
#define PARTS_MAX 64

static int open_nothing(struct stream_io *io)
{
    (void)io;
    return 0;
}

static void close_nothing(struct stream_io *io)
{
    (void)io;
}

static void batch_nothing(struct stream_io *io, void **held)
{
    (void)io;
    (void)held;
}

/* -- reading ------------------------------------------------------------------------------ */

/* What a read gave that brought no bytes. */
static void read_failed(struct stream *s, ssize_t got)
{
    if (got != -EAGAIN)
        (void)stream_tell_closed(s, (int)got);
}

static void read_expected(struct stream *s)
{
    struct stream_io *io = s->io;
    size_t want = stream_limit(io, MIN_OF(s->expect_left, EXPECT_MAX));
    ssize_t got = conn_read(s->conn, s->expect_out, want);
    if (got <= 0) {
        read_failed(s, got);
        return;
    }
    io->stats.reads++;
    io->stats.bytes_in += (uint64_t)got;
    (void)stream_tell_expected(s, (size_t)got);
}

static void read_ready(struct conn *c)
{
    struct stream *s = c->user;
    if (s->expect_left > 0) {
        read_expected(s);
        return;
    }
    struct stream_io *io = s->io;
    struct arena *arena = stream_io_arena(io);
    size_t room = 0;
    char *out = arena_peek(arena, MIN_OF(READ_ROOM, io->settings.read_max), &room);
    size_t want = stream_limit(io, MIN_OF(room, io->settings.read_max));
    ssize_t got = conn_read(c, out, want);
    arena_commit(arena, got > 0 ? (size_t)got : 0);
    if (UNLIKELY(got <= 0)) {
        read_failed(s, got);
        return;
    }
    io->stats.reads++;
    io->stats.bytes_in += (uint64_t)got;
    (void)stream_tell_bytes(s, slice_of(out, (size_t)got));
}

static int readiness_start(struct stream *s)
{
    return conn_set_read_handler(s->conn, read_ready);
}

static void readiness_read_changed(struct stream *s)
{
    int error = conn_set_read_handler(s->conn, s->read_stopped ? NULL : read_ready);
    if (error < 0)
        stream_break_later(s, error);
}

/* -- writing ------------------------------------------------------------------------------ */

/* One call of the kernel for at most `limit` bytes; *ret_asked says how many were offered. */
static ssize_t write_some(struct conn *c, struct outq *q, size_t limit, size_t *ret_asked)
{
    const struct span *first = outq_peek(q, 0);
    if (first->len >= limit || q->count == 1) {
        *ret_asked = MIN_OF(first->len, limit);
        return conn_write(c, first->ptr, *ret_asked);
    }
    struct iovec parts[PARTS_MAX];
    int count = 0;
    *ret_asked = 0;
    while (count < PARTS_MAX && *ret_asked < limit) {
        const struct span *span = outq_peek(q, (uint32_t)count);
        if (!span)
            break;
        size_t len = MIN_OF(span->len, limit - *ret_asked);
        parts[count++] = (struct iovec){ (void *)(uintptr_t)span->ptr, len };
        *ret_asked += len;
    }
    return conn_writev(c, parts, count);
}

ssize_t stream_write_queue(struct conn *c, struct outq *q, size_t limit)
{
    size_t sent = 0;
    while (q->bytes > 0 && sent < limit) {
        size_t asked = 0;
        ssize_t put = write_some(c, q, limit - sent, &asked);
        if (put < 0 && (put != -EAGAIN || sent == 0))
            return put;
        if (put > 0) {
            outq_drop(q, (size_t)put);
            sent += (size_t)put;
        }
        if (put < 0 || (size_t)put < asked)
            break;
    }
    return (ssize_t)sent;
}

ssize_t stream_flush(struct stream *s)
{
    struct stream_io *io = s->io;
    size_t limit = io->write_max_lifted ? SIZE_MAX : io->settings.write_max;
    ssize_t sent = stream_write_queue(s->conn, &s->out, stream_limit(io, limit));
    if (sent > 0) {
        io->stats.writes++;
        io->stats.bytes_out += (uint64_t)sent;
    }
    return sent;
}

static void write_ready(struct conn *c)
{
    struct stream *s = c->user;
    ssize_t sent = stream_flush(s);
    if (sent == -EAGAIN)
        return;
    if (sent < 0) {
        (void)stream_tell_closed(s, (int)sent);
        return;
    }
    if (s->out.bytes == 0) {
        int error = conn_set_write_handler(c, NULL, false);
        ASSERT(error == 0);
    }
    (void)stream_tell_sent(s);
}

static void readiness_send(struct stream *s)
{
    ssize_t sent = stream_flush(s);
    int error = sent < 0 && sent != -EAGAIN ? (int)sent : 0;
    if (error == 0 && s->out.bytes > 0)
        error = conn_set_write_handler(s->conn, write_ready, false);
    if (error < 0)
        stream_break_later(s, error);
}

/* -- ending ------------------------------------------------------------------------------- */

static void readiness_stop(struct stream *s)
{
    if (s->closed) {
        conn_close(s->conn);
        s->conn = NULL;
        return;
    }
    /* Taking handlers away cannot fail. */
    int error = conn_set_read_handler(s->conn, NULL);
    ASSERT(error == 0);
    error = conn_set_write_handler(s->conn, NULL, false);
    ASSERT(error == 0);
}

const struct stream_backend stream_readiness = {
    .stream_size = sizeof(struct stream),
    .open = open_nothing,
    .close = close_nothing,
    .start = readiness_start,
    .read_changed = readiness_read_changed,
    .send = readiness_send,
    .stop = readiness_stop,
    .batch_done = batch_nothing,
};
