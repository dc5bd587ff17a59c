/* Streams by completions: the kernel receives into buffers that it was given in advance and sends what
 * it was told to, and the loop hears of it afterwards. The loop moves to loop_backend_uring; the
 * connections are plain sockets (TCP, Unix).
 *
 * Receiving is one multishot request a stream: every piece that arrives takes a buffer from the
 * group that all streams share. A buffer is held by the batch that its bytes were delivered in and goes
 * back when that is done. When the group runs empty, the requests end with ENOBUFS; the group
 * is made larger and they are asked for again.
 *
 * Sending is one request at a time for what lies at the front of the queue; all requests of a turn are
 * handed over in the system call that waits. A closed stream keeps its socket and its unsent
 * spans until its requests have completed: the kernel still looks at both. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/backend.h"
#include "event/uring.h"
#include "net/stream_priv.h"

#define GROUP 0
#define BUFFERS_MAX 4096u /* a power of two: places in the ring */
#define BUFFERS_STEP 64u  /* given at first, and more when they do not suffice */
/* As much as readiness takes in one read; memory only as far as it is touched. No power of two: the
 * first lines of the buffers, which are all that small requests touch, then fall into different sets
 * of the cache. */
#define BUFFER_BYTES ((size_t)64 * 1024 + 192)
#define PARTS_MAX 64
#define SCRATCH_BLOCK ((size_t)64 * 1024 - 16)

struct uring_io {
    struct stream_io *io;
    struct uring *uring;
    struct io_uring_buf_ring *group;
    size_t group_bytes;
    char *buffers;              /* address space for BUFFERS_MAX; touched as far as used */
    uint16_t next[BUFFERS_MAX]; /* chains of buffers that batches hold: number + 1, 0 ends */
    uint32_t given;             /* buffers in circulation */
    struct list starved;        /* streams whose receive ended with ENOBUFS */
    struct loop_post post;      /* asks for them again */
    bool posted;
    struct arena scratch; /* message headers, until they are handed over */
    uint64_t scratch_submits;
};

struct ustream {
    struct stream s;
    struct uring_op receive, send;
    struct buf *kept; /* received while reading was stopped; NULL if nothing was */
    int kept_error;
    bool kept_end;   /* the end has come and is still to be told: kept_error */
    bool end_is_new; /* in this turn: what came before it is answered first */
    bool receiving, cancelling;
};
static_assert(sizeof(struct ustream) + sizeof(struct conn) <= 250, "an idle client is cheap");

static void received(struct loop *loop, struct uring_op *op, int32_t result, uint32_t flags);
static void sent(struct loop *loop, struct uring_op *op, int32_t result, uint32_t flags);
static void resume(struct loop *loop, struct loop_post *post);

static struct ustream *ustream_of(struct stream *s)
{
    return CONTAINER_OF(s, struct ustream, s);
}

static struct uring_io *io_of(const struct ustream *u)
{
    return u->s.io->state;
}

/* -- buffers ------------------------------------------------------------------------------ */

static char *buffer_at(const struct uring_io *ui, uint32_t number)
{
    return ui->buffers + (size_t)number * BUFFER_BYTES;
}

static void buffers_give_more(struct uring_io *ui)
{
    uint32_t more = MIN_OF(MAX_OF(ui->given, BUFFERS_STEP), BUFFERS_MAX - ui->given);
    for (uint32_t i = 0; i < more; i++)
        io_uring_buf_ring_add(ui->group, buffer_at(ui, ui->given + i), BUFFER_BYTES,
                              (unsigned short)(ui->given + i), io_uring_buf_ring_mask(BUFFERS_MAX),
                              (int)i);
    io_uring_buf_ring_advance(ui->group, (int)more);
    ui->given += more;
}

/* Adds a buffer to the chain that the batch holds. */
static void buffer_hold(struct uring_io *ui, uint16_t number)
{
    void **held = &ui->io->batch->held;
    ui->next[number] = (uint16_t)(uintptr_t)*held;
    *held = (void *)(uintptr_t)(number + 1u);
}

static void uring_batch_done(struct stream_io *io, void **held)
{
    struct uring_io *ui = io->state;
    int count = 0;
    for (uint16_t name = (uint16_t)(uintptr_t)*held; name; count++) {
        uint16_t number = (uint16_t)(name - 1);
        io_uring_buf_ring_add(ui->group, buffer_at(ui, number), BUFFER_BYTES, number,
                              io_uring_buf_ring_mask(BUFFERS_MAX), count);
        name = ui->next[number];
    }
    io_uring_buf_ring_advance(ui->group, count);
    *held = NULL;
}

static int group_open(struct uring_io *ui)
{
    ui->group_bytes = BUFFERS_MAX * sizeof(struct io_uring_buf);
    void *group = mmap(NULL, ui->group_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    void *buffers = mmap(NULL, BUFFERS_MAX * BUFFER_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(group != MAP_FAILED);
    ASSERT(buffers != MAP_FAILED);
    ui->group = group;
    ui->buffers = buffers;
    struct io_uring_buf_reg reg = { .ring_addr = (uint64_t)(uintptr_t)group,
                                    .ring_entries = BUFFERS_MAX,
                                    .bgid = GROUP };
    int error = io_uring_register_buf_ring(uring_ring(ui->uring), &reg, 0);
    if (error < 0)
        return error;
    io_uring_buf_ring_init(ui->group);
    buffers_give_more(ui);
    return 0;
}

static void group_close(struct uring_io *ui)
{
    (void)io_uring_unregister_buf_ring(uring_ring(ui->uring), GROUP);
    (void)munmap(ui->group, ui->group_bytes);
    (void)munmap(ui->buffers, BUFFERS_MAX * BUFFER_BYTES);
}

/* -- the streams of a loop ---------------------------------------------------------------- */

static int uring_io_open(struct stream_io *io)
{
    if (!uring_of(io->loop) && loop_set_backend(io->loop, &loop_backend_uring) < 0)
        return -ENOSYS;
    struct uring_io *ui = mem_zalloc(sizeof(*ui));
    ui->io = io;
    ui->uring = uring_of(io->loop);
    ui->post.fn = resume;
    list_init(&ui->starved);
    arena_init(&ui->scratch, SCRATCH_BLOCK, SCRATCH_BLOCK * 4);
    int error = group_open(ui);
    if (error < 0) {
        group_close(ui);
        arena_done(&ui->scratch);
        mem_free(ui);
        return -ENOSYS;
    }
    io->state = ui;
    return 0;
}

static void uring_io_close(struct stream_io *io)
{
    struct uring_io *ui = io->state;
    /* The kernel must let go of buffers, spans and sockets first. */
    while (io->streams > 0 || ui->posted)
        (void)loop_turn(io->loop, io->streams > 0 ? LOOP_WAIT : 0);
    group_close(ui);
    arena_done(&ui->scratch);
    mem_free(ui);
}

/* -- receiving ---------------------------------------------------------------------------- */

static void receive_ask(struct ustream *u)
{
    struct uring *uring = io_of(u)->uring;
    ASSERT(!u->receiving);
    u->receiving = true;
    stream_busy_enter(&u->s);
    struct io_uring_sqe *sqe = uring_request(uring);
    io_uring_prep_recv_multishot(sqe, u->s.conn->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    uring_ask(sqe, &u->receive);
}

static void resume_later(struct ustream *u)
{
    struct uring_io *ui = io_of(u);
    list_unlink(&u->s.queued);
    list_push_back(&ui->starved, &u->s.queued);
    if (!ui->posted)
        loop_post(ui->io->loop, &ui->post);
    ui->posted = true;
}

static void keep(struct ustream *u, struct slice bytes)
{
    if (!u->kept) {
        u->kept = mem_alloc(sizeof(*u->kept));
        buf_init(u->kept, BUF_NO_CEILING); /* the receive is being cancelled */
    }
    buf_append(u->kept, bytes);
}

/* False if the stream was closed. */
static bool deliver(struct ustream *u, struct slice bytes)
{
    if (!stream_deliver(&u->s, &bytes))
        return false;
    if (bytes.len > 0 && !u->s.ended)
        keep(u, bytes);
    return true;
}

/* The receive has ended: what next. */
static void receive_ended(struct ustream *u, int32_t result)
{
    u->receiving = u->cancelling = false;
    if (u->s.closed || u->s.ended)
        return;
    if (result == -ENOBUFS) {
        buffers_give_more(io_of(u));
        resume_later(u);
    } else if (result == -ECANCELED || result > 0) {
        if (!u->s.read_stopped)
            receive_ask(u);
    } else if (result == 0 || u->s.read_stopped || u->kept) {
        u->kept_end = u->end_is_new = true;
        u->kept_error = result;
        resume_later(u);
    } else {
        (void)stream_tell_closed(&u->s, result);
    }
}

static void receive_bytes(struct ustream *u, int32_t result, uint32_t flags)
{
    struct uring_io *ui = io_of(u);
    uint16_t number = (uint16_t)(flags >> IORING_CQE_BUFFER_SHIFT);
    buffer_hold(ui, number);
    if (u->s.closed || u->s.ended || result <= 0)
        return;
    u->s.io->stats.reads++;
    u->s.io->stats.bytes_in += (uint64_t)result;
    if (u->kept) /* order */
        keep(u, slice_of(buffer_at(ui, number), (size_t)result));
    else
        (void)deliver(u, slice_of(buffer_at(ui, number), (size_t)result));
}

static void received(struct loop *loop, struct uring_op *op, int32_t result, uint32_t flags)
{
    (void)loop;
    struct ustream *u = CONTAINER_OF(op, struct ustream, receive);
    stream_busy_enter(&u->s);
    if (flags & IORING_CQE_F_BUFFER)
        receive_bytes(u, result, flags);
    if (!(flags & IORING_CQE_F_MORE)) {
        receive_ended(u, result);
        (void)stream_busy_leave(&u->s);
    }
    (void)stream_busy_leave(&u->s);
}

/* What was kept while reading was stopped; false if the stream was closed. */
static bool deliver_kept(struct ustream *u)
{
    struct buf *kept = u->kept;
    if (kept) {
        u->kept = NULL;
        struct slice bytes = buf_slice(kept);
        stream_io_adopt(u->s.io, kept->ptr);
        mem_free(kept);
        u->end_is_new = true;
        if (!deliver(u, bytes))
            return false;
    }
    if (!u->kept_end || u->s.read_stopped || u->kept)
        return true;
    if (!u->end_is_new)
        return stream_tell_closed(&u->s, u->kept_error);
    u->end_is_new = false;
    resume_later(u);
    return true;
}

static void resume(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct uring_io *ui = CONTAINER_OF(post, struct uring_io, post);
    struct list again;
    ui->posted = false;
    list_init(&again);
    list_splice_back(&again, &ui->starved);
    while (!list_is_empty(&again)) {
        struct ustream *u = LIST_ENTRY(again.next, struct ustream, s.queued);
        list_unlink(&u->s.queued);
        if (u->s.read_stopped)
            continue; /* reading's start comes back to it */
        stream_busy_enter(&u->s);
        bool open = deliver_kept(u) && !u->s.ended;
        if (open && !u->s.read_stopped && !u->receiving && !u->kept_end)
            receive_ask(u);
        (void)stream_busy_leave(&u->s);
    }
}

static int ustream_start(struct stream *s)
{
    struct ustream *u = ustream_of(s);
    if (s->conn->type != &conn_tcp && s->conn->type != &conn_unix)
        return -ENOTSUP;
    u->receive.fn = received;
    u->send.fn = sent;
    receive_ask(u);
    return 0;
}

static void ustream_read_changed(struct stream *s)
{
    struct ustream *u = ustream_of(s);
    if (s->read_stopped) {
        if (u->receiving && !u->cancelling) {
            u->cancelling = true;
            uring_cancel(io_of(u)->uring, &u->receive);
        }
        return;
    }
    if (!u->receiving || u->kept)
        resume_later(
            u); /* a receive that is being cancelled is asked for again when it has ended */
}

/* -- sending ------------------------------------------------------------------------------ */

/* Headers lie in scratch memory: the kernel copies them when they are handed over. */
static struct msghdr *message_of(struct uring_io *ui, struct outq *q, size_t limit)
{
    if (ui->scratch_submits != uring_submits(ui->uring)) {
        ui->scratch_submits = uring_submits(ui->uring);
        arena_reset(&ui->scratch);
    }
    size_t count = MIN_OF(q->count, (uint32_t)PARTS_MAX);
    struct iovec *parts = arena_alloc(&ui->scratch, count * sizeof(*parts));
    struct msghdr *message = arena_alloc(&ui->scratch, sizeof(*message));
    *message = (struct msghdr){ .msg_iov = parts };
    for (size_t asked = 0; message->msg_iovlen < count && asked < limit;) {
        const struct span *span = outq_peek(q, (uint32_t)message->msg_iovlen);
        size_t len = MIN_OF(span->len, limit - asked);
        parts[message->msg_iovlen++] = (struct iovec){ (void *)(uintptr_t)span->ptr, len };
        asked += len;
    }
    return message;
}

static void ustream_send(struct stream *s)
{
    struct ustream *u = ustream_of(s);
    struct stream_io *io = s->io;
    ASSERT(!s->out_flying);
    size_t limit = io->write_max_lifted ? SIZE_MAX : io->settings.write_max;
    limit = stream_limit(io, limit);
    s->out_flying = true;
    stream_busy_enter(s);
    struct io_uring_sqe *sqe = uring_request(io_of(u)->uring);
    const struct span *first = outq_peek(&s->out, 0);
    if (s->out.count == 1 || first->len >= limit)
        io_uring_prep_send(sqe, s->conn->fd, first->ptr, MIN_OF(first->len, limit), MSG_NOSIGNAL);
    else
        io_uring_prep_sendmsg(sqe, s->conn->fd, message_of(io_of(u), &s->out, limit), MSG_NOSIGNAL);
    uring_ask(sqe, &u->send);
}

static void send_completed(struct ustream *u, int32_t result)
{
    struct stream *s = &u->s;
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
        (void)stream_tell_closed(s, result);
        return;
    }
    if (result > 0) {
        s->io->stats.writes++;
        s->io->stats.bytes_out += (uint64_t)result;
        outq_drop(&s->out, (size_t)result);
    }
    if (s->out.bytes > 0)
        ustream_send(s);
    if (result > 0)
        (void)stream_tell_sent(s);
}

static void sent(struct loop *loop, struct uring_op *op, int32_t result, uint32_t flags)
{
    (void)loop;
    (void)flags;
    struct ustream *u = CONTAINER_OF(op, struct ustream, send);
    u->s.out_flying = false;
    if (u->s.closed || u->s.ended)
        outq_done(&u->s.out);
    else
        send_completed(u, result);
    (void)stream_busy_leave(&u->s);
}

/* -- ending ------------------------------------------------------------------------------- */

static void ustream_stop(struct stream *s)
{
    struct ustream *u = ustream_of(s);
    struct uring *uring = io_of(u)->uring;
    list_unlink(&u->s.queued);
    if (u->kept) {
        buf_done(u->kept);
        mem_free(u->kept);
        u->kept = NULL;
    }
    if (u->receiving && !u->cancelling) {
        u->cancelling = true;
        uring_cancel(uring, &u->receive);
    }
    if (s->out_flying && s->closed)
        uring_cancel(uring, &u->send);
}

/* The last request has completed: only now may the number of the socket be used again. */
static void ustream_done(struct stream *s)
{
    conn_close(s->conn);
}

const struct stream_backend stream_uring = {
    .stream_size = sizeof(struct ustream),
    .open = uring_io_open,
    .close = uring_io_close,
    .start = ustream_start,
    .read_changed = ustream_read_changed,
    .send = ustream_send,
    .stop = ustream_stop,
    .done = ustream_done,
    .batch_done = uring_batch_done,
};
