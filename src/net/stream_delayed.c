/* Streams whose operations complete one turn later than they could: a transport for tests.
 *
 * Whoever relies on bytes leaving inside stream_send, on a delivery in the turn of its arrival, or on
 * nothing being received while reading is stopped, works by readiness and breaks by completions. Over
 * this backend, which runs wherever readiness does, such a mistake shows.
 *
 * At most one receive and one send of a stream are under way. A receive is made when the socket is
 * readable and delivered in the next turn; a send is made in the turn after stream_send. */
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "net/stream_priv.h"

struct delayed_io {
    struct stream_io *io;
    struct list due; /* streams with an operation under way */
    struct loop_post post;
    bool posted;
};

struct delayed {
    struct stream s;
    char *received;  /* from mem_alloc, until it is delivered */
    ssize_t outcome; /* of the receive: > 0, 0 the end, -errno */
    uint64_t receive_turn, send_turn;
    bool receiving, sending;
};

static void run_due(struct loop *loop, struct loop_post *post);
static void read_ready(struct conn *c);
static void write_ready(struct conn *c);

static struct delayed *delayed_of(struct stream *s)
{
    return CONTAINER_OF(s, struct delayed, s);
}

static int delayed_open(struct stream_io *io)
{
    struct delayed_io *d = mem_zalloc(sizeof(*d));
    d->io = io;
    d->post.fn = run_due;
    list_init(&d->due);
    io->state = d;
    return 0;
}

static void delayed_close(struct stream_io *io)
{
    struct delayed_io *d = io->state;
    while (d->posted) {
        ASSERT(list_is_empty(&d->due));
        loop_run_posts(io->loop);
    }
    mem_free(d);
}

static void schedule(struct delayed *d)
{
    struct delayed_io *io = d->s.io->state;
    list_unlink(&d->s.queued);
    list_push_back(&io->due, &d->s.queued);
    if (!io->posted)
        loop_post(io->io->loop, &io->post);
    io->posted = true;
}

/* Adding a handler fails only when the loop has no room or the kernel no memory. */
static void watch(struct delayed *d)
{
    bool read = !d->receiving && !d->s.read_stopped;
    bool write = !d->sending && d->s.out.bytes > 0;
    int error = conn_set_read_handler(d->s.conn, read ? read_ready : NULL);
    if (error == 0)
        error = conn_set_write_handler(d->s.conn, write ? write_ready : NULL, false);
    if (error < 0)
        stream_break_later(&d->s, error);
}

static int delayed_start(struct stream *s)
{
    watch(delayed_of(s));
    return 0;
}

/* -- receiving ---------------------------------------------------------------------------- */

static void read_ready(struct conn *c)
{
    struct stream *s = c->user;
    struct delayed *d = delayed_of(s);
    size_t len = stream_limit(s->io, s->io->settings.read_max);
    d->received = mem_alloc(len);
    d->outcome = conn_read(c, d->received, len);
    if (d->outcome == -EAGAIN) {
        mem_free(d->received);
        d->received = NULL;
        return;
    }
    if (d->outcome > 0) {
        s->io->stats.bytes_in += (uint64_t)d->outcome;
        s->io->stats.reads++;
    }
    d->receiving = true;
    d->receive_turn = loop_turns(s->io->loop);
    watch(d);
    schedule(d);
}

static bool deliver(struct delayed *d)
{
    if (d->outcome <= 0)
        return stream_tell_closed(&d->s, (int)d->outcome);
    /* The bytes must outlive the stream, which may be closed on the way. */
    struct slice bytes = slice_of(d->received, (size_t)d->outcome);
    stream_io_adopt(d->s.io, d->received);
    d->received = NULL;
    d->receiving = false;
    if (!stream_deliver(&d->s, &bytes))
        return false;
    if (bytes.len > 0 && !d->s.ended) { /* stopped half-way: the rest waits */
        d->received = memcpy(mem_alloc(bytes.len), bytes.ptr, bytes.len);
        d->outcome = (ssize_t)bytes.len;
        d->receiving = true;
    }
    return true;
}

static void delayed_read_changed(struct stream *s)
{
    struct delayed *d = delayed_of(s);
    if (d->receiving)
        schedule(d);
    watch(d);
}

/* -- sending ------------------------------------------------------------------------------ */

static void delayed_send(struct stream *s)
{
    struct delayed *d = delayed_of(s);
    d->sending = true;
    d->send_turn = loop_turns(s->io->loop);
    schedule(d);
}

static void write_ready(struct conn *c)
{
    struct stream *s = c->user;
    delayed_send(s);
    watch(delayed_of(s));
}

/* False if the stream was closed. */
static bool send_now(struct delayed *d)
{
    d->sending = false;
    ssize_t sent = stream_flush(&d->s);
    if (sent == -EAGAIN)
        return true; /* watch() waits for the peer to take more */
    if (sent < 0)
        return stream_tell_closed(&d->s, (int)sent);
    return stream_tell_sent(&d->s);
}

/* -- completing --------------------------------------------------------------------------- */

/* False if the stream was closed or has ended. */
static bool complete(struct delayed *d, uint64_t turn)
{
    if (d->sending && d->send_turn < turn && !send_now(d))
        return false;
    if (d->receiving && d->receive_turn < turn && !d->s.read_stopped && !d->s.ended && !deliver(d))
        return false;
    return !d->s.ended;
}

static void run_due(struct loop *loop, struct loop_post *post)
{
    struct delayed_io *io = CONTAINER_OF(post, struct delayed_io, post);
    struct list due;
    io->posted = false;
    list_init(&due);
    list_splice_back(&due, &io->due);
    while (!list_is_empty(&due)) {
        struct delayed *d = LIST_ENTRY(due.next, struct delayed, s.queued);
        list_unlink(&d->s.queued);
        stream_busy_enter(&d->s);
        if (complete(d, loop_turns(loop))) {
            watch(d);
            if (d->sending || (d->receiving && !d->s.read_stopped))
                schedule(d);
        }
        (void)stream_busy_leave(&d->s);
    }
}

static void delayed_stop(struct stream *s)
{
    struct delayed *d = delayed_of(s);
    list_unlink(&d->s.queued);
    mem_free(d->received);
    d->received = NULL;
    d->receiving = d->sending = false;
    stream_readiness.stop(s);
}

static void batch_nothing(struct stream_io *io, void **held)
{
    (void)io;
    (void)held;
}

const struct stream_backend stream_delayed = {
    .stream_size = sizeof(struct delayed),
    .open = delayed_open,
    .close = delayed_close,
    .start = delayed_start,
    .read_changed = delayed_read_changed,
    .send = delayed_send,
    .stop = delayed_stop,
    .batch_done = batch_nothing,
};
