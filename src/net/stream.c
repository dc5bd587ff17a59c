/* Life of streams, their callbacks, and the memory of batches. */
#include "net/stream.h"

#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "net/stream_priv.h"

#define READ_MAX_DEFAULT ((size_t)64 * 1024)
#define WRITE_MAX_DEFAULT ((size_t)64 * 1024)
/* With the arena's header a block is a whole size of the allocator's. */
#define BATCH_BLOCK ((size_t)128 * 1024 - 16)
#define BATCH_KEEP ((size_t)1024 * 1024)

static const struct stream_backend *const backends[] = {
    [STREAM_READINESS] = &stream_readiness,
    [STREAM_DELAYED] = &stream_delayed,
    [STREAM_URING] = &stream_uring,
    [STREAM_THREADS] = &stream_threads,
};

struct adopted {
    void *block;
    struct adopted *next;
};

static void endings_tell(struct loop *loop, struct loop_post *post);

/* -- the streams of a loop ---------------------------------------------------------------- */

static struct batch *batch_new(struct batch *outer)
{
    struct batch *b = mem_alloc(sizeof(*b));
    *b = (struct batch){ .outer = outer };
    arena_init(&b->arena, BATCH_BLOCK, BATCH_KEEP);
    return b;
}

int stream_io_new(struct loop *loop, const struct stream_io_settings *settings,
                  struct stream_io **ret_io)
{
    if ((size_t)settings->kind >= COUNT_OF(backends) || !backends[settings->kind])
        return -ENOSYS;
    struct stream_io *io = mem_zalloc(sizeof(*io));
    io->loop = loop;
    io->settings = *settings;
    if (!io->settings.read_max)
        io->settings.read_max = READ_MAX_DEFAULT;
    if (!io->settings.write_max)
        io->settings.write_max = WRITE_MAX_DEFAULT;
    io->backend = backends[settings->kind];
    io->post.fn = endings_tell;
    list_init(&io->ending);
    int error = io->backend->open(io);
    if (error < 0) {
        mem_free(io);
        return error;
    }
    io->batch = batch_new(NULL);
    *ret_io = io;
    return 0;
}

static void batch_clear(struct stream_io *io, struct batch *b)
{
    for (struct adopted *a = b->adopted; a; a = a->next)
        mem_free(a->block);
    b->adopted = NULL;
    if (b->held)
        io->backend->batch_done(io, &b->held);
    arena_reset(&b->arena);
}

static void batch_free(struct batch *b)
{
    arena_done(&b->arena);
    mem_free(b);
}

void stream_io_free(struct stream_io *io)
{
    if (!io)
        return;
    if (io->posted)
        loop_run_posts(io->loop);
    ASSERT(!io->batch->outer);
    batch_clear(io, io->batch);
    io->backend->close(io);
    ASSERT(io->streams == 0);
    batch_free(io->batch);
    if (io->spare)
        batch_free(io->spare);
    mem_free(io);
}

struct arena *stream_io_arena(struct stream_io *io)
{
    return &io->batch->arena;
}

void stream_io_adopt(struct stream_io *io, void *block)
{
    struct adopted *a = arena_alloc(&io->batch->arena, sizeof(*a));
    *a = (struct adopted){ block, io->batch->adopted };
    io->batch->adopted = a;
}

void stream_io_batch_done(struct stream_io *io)
{
    batch_clear(io, io->batch);
}

void stream_io_batch_enter(struct stream_io *io)
{
    struct batch *inner = io->spare;
    io->spare = NULL;
    if (!inner)
        inner = batch_new(NULL);
    inner->outer = io->batch;
    io->batch = inner;
}

void stream_io_batch_leave(struct stream_io *io)
{
    struct batch *inner = io->batch;
    ASSERT(inner->outer);
    batch_clear(io, inner);
    io->batch = inner->outer;
    if (io->spare)
        batch_free(io->spare);
    io->spare = inner;
}

void stream_io_lift_write_max(struct stream_io *io, bool lifted)
{
    io->write_max_lifted = lifted;
}

const struct stream_io_stats *stream_io_stats(const struct stream_io *io)
{
    return &io->stats;
}

void stream_io_stats_reset(struct stream_io *io)
{
    io->stats = (struct stream_io_stats){ .reads = 0 };
}

enum stream_kind stream_io_kind(const struct stream_io *io)
{
    return io->settings.kind;
}

size_t stream_limit(struct stream_io *io, size_t len)
{
#ifdef TARN_STRESS
    /* Now and then a large piece, or a megabyte would take a million turns. */
    return io->stress_sequence++ % 8 ? 1 : MIN_OF(len, (size_t)16 * 1024);
#else
    (void)io;
    return len;
#endif
}

/* -- one stream --------------------------------------------------------------------------- */

struct stream *stream_new(struct stream_io *io, struct conn *conn,
                          const struct stream_callbacks *callbacks, void *user)
{
    ASSERT(conn->state == CONN_CONNECTED);
    struct stream *s = mem_zalloc(io->backend->stream_size);
    s->io = io;
    s->conn = conn;
    s->callbacks = callbacks;
    s->user = user;
    conn->user = s;
    outq_init(&s->out);
    list_init(&s->queued);
    io->streams++;
    int error = io->backend->start(s);
    if (error < 0)
        stream_break_later(s, error);
    return s;
}

void stream_set_user(struct stream *s, const struct stream_callbacks *callbacks, void *user)
{
    s->callbacks = callbacks;
    s->user = user;
}

static void free_if_done(struct stream *s)
{
    if (!s->closed || s->busy > 0)
        return;
    if (s->io->backend->done)
        s->io->backend->done(s);
    ASSERT(outq_is_empty(&s->out));
    s->io->streams--;
    mem_free_sized(s, s->io->backend->stream_size);
}

void stream_busy_enter(struct stream *s)
{
    ASSERT(s->busy < UINT16_MAX);
    s->busy++;
}

bool stream_busy_leave(struct stream *s)
{
    ASSERT(s->busy > 0);
    bool open = !s->closed;
    s->busy--;
    free_if_done(s);
    return open;
}

void stream_close(struct stream *s)
{
    ASSERT(!s->closed);
    s->closed = true;
    list_unlink(&s->queued);
    stream_busy_enter(s);
    s->io->backend->stop(s);
    if (!s->out_flying)
        outq_done(&s->out);
    (void)stream_busy_leave(s);
}

void stream_expect(struct stream *s, char *out, size_t len)
{
    ASSERT(len > 0);
    ASSERT(s->expect_left == 0);
    s->expect_out = out;
    s->expect_left = len;
    if (!s->ended)
        s->io->backend->read_changed(s);
}

size_t stream_expected(const struct stream *s)
{
    return s->expect_left;
}

void stream_read_stop(struct stream *s)
{
    if (s->read_stopped)
        return;
    s->read_stopped = true;
    if (!s->ended)
        s->io->backend->read_changed(s);
}

void stream_read_start(struct stream *s)
{
    if (!s->read_stopped)
        return;
    s->read_stopped = false;
    if (!s->ended)
        s->io->backend->read_changed(s);
}

bool stream_read_is_stopped(const struct stream *s)
{
    return s->read_stopped;
}

void stream_send(struct stream *s, struct outq *q)
{
    if (s->ended) {
        outq_done(q);
        return;
    }
    bool idle = outq_is_empty(&s->out);
    outq_take_all(&s->out, q);
    if (idle && s->out.bytes > 0)
        s->io->backend->send(s);
}

size_t stream_unsent(const struct stream *s)
{
    return s->ended ? 0 : s->out.bytes + s->away;
}

struct conn *stream_conn(const struct stream *s)
{
    return s->conn;
}

size_t stream_footprint(const struct stream *s)
{
    return s->io->backend->stream_size + s->conn->type->size + s->away + outq_footprint(&s->out);
}

/* -- telling the user --------------------------------------------------------------------- */

bool stream_tell_bytes(struct stream *s, struct slice bytes)
{
    stream_busy_enter(s);
    s->callbacks->on_bytes(s->user, bytes);
    return stream_busy_leave(s);
}

bool stream_tell_expected(struct stream *s, size_t len)
{
    ASSERT(len <= s->expect_left);
    s->expect_out += len;
    s->expect_left -= len;
    if (s->expect_left > 0)
        return true;
    s->expect_out = NULL;
    stream_busy_enter(s);
    s->callbacks->on_bulk(s->user);
    return stream_busy_leave(s);
}

static bool deliver_expected(struct stream *s, struct slice bytes, size_t *ret_len)
{
    *ret_len = MIN_OF(bytes.len, s->expect_left);
    memcpy(s->expect_out, bytes.ptr, *ret_len);
    return stream_tell_expected(s, *ret_len);
}

bool stream_deliver(struct stream *s, struct slice *bytes)
{
    while (bytes->len > 0 && !s->ended && !s->read_stopped) {
        size_t len = stream_limit(s->io, bytes->len);
        bool open = s->expect_left > 0 ? deliver_expected(s, *bytes, &len)
                                       : stream_tell_bytes(s, slice_of(bytes->ptr, len));
        if (!open)
            return false;
        *bytes = slice_from(*bytes, len);
    }
    return true;
}

bool stream_tell_sent(struct stream *s)
{
    if (!s->callbacks->on_sent)
        return true;
    stream_busy_enter(s);
    s->callbacks->on_sent(s->user, stream_unsent(s));
    return stream_busy_leave(s);
}

/* Nothing moves on it any more. */
static void end(struct stream *s, int error)
{
    s->ended = true;
    s->error = error;
    s->io->backend->stop(s);
    if (!s->out_flying)
        outq_done(&s->out);
}

bool stream_tell_closed(struct stream *s, int error)
{
    if (s->ended)
        return true;
    stream_busy_enter(s);
    end(s, error);
    s->callbacks->on_closed(s->user, error);
    return stream_busy_leave(s);
}

void stream_break_later(struct stream *s, int error)
{
    ASSERT(error < 0);
    if (s->ended)
        return;
    end(s, error);
    list_push_back(&s->io->ending, &s->queued);
    if (!s->io->posted)
        loop_post(s->io->loop, &s->io->post);
    s->io->posted = true;
}

static void endings_tell(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct stream_io *io = CONTAINER_OF(post, struct stream_io, post);
    io->posted = false;
    while (!list_is_empty(&io->ending)) {
        struct stream *s = LIST_ENTRY(io->ending.next, struct stream, queued);
        list_unlink(&s->queued);
        stream_busy_enter(s);
        s->callbacks->on_closed(s->user, s->error);
        (void)stream_busy_leave(s);
    }
}
