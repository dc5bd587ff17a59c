/* Streams whose reads and writes run on I/O threads.
 *
 * A stream belongs to one thread for good; the loop's thread owns everything but what it has handed
 * over as a job: a read into a chunk, or a write of a queue that was taken out of the stream's. At
 * most one of each is away. Jobs go and results come back through rings with one producer and one
 * consumer each. A thread without work sleeps; it wakes the loop once when it has nothing left to do,
 * so that results come in batches.
 *
 * Descriptors are watched edge-triggered, once for both directions: a level would be told again and
 * again while a job is away, and changing the watch costs more than the job. What is told meanwhile is
 * remembered. A read that came back short has drained the socket, unless the end was told with it. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "event/worker.h"
#include "net/stream_priv.h"

#ifdef TARN_STRESS
#define RING_PLACES 2u /* always full */
#else
#define RING_PLACES 4096u /* a power of two */
#endif
#define CHUNKS_KEPT 256
#define JOBS_A_TELL 64 /* results that may wait while there is more to do */
#define THREADS_MAX 128

struct tstream;

/* Received bytes; held by a batch, or free. */
struct chunk {
    struct chunk *next;
    char bytes[];
};

enum job_kind { JOB_READ, JOB_WRITE };

struct job {
    struct tstream *stream;
    struct job *next; /* of those that wait for a place in the ring */
    enum job_kind kind;
    bool away;
    ssize_t result; /* as of conn_read; of a write, bytes that have left, or -errno */
};

struct ring {
    _Alignas(64) _Atomic uint32_t head; /* the consumer's */
    _Alignas(64) _Atomic uint32_t tail; /* the producer's */
    struct job *places[RING_PLACES];
};

struct io_thread {
    struct ring todo, done;
    struct threads_io *owner;
    pthread_t thread;
    int wake_fd;
    _Atomic bool asleep;
    _Atomic bool ending;
    _Atomic bool posted;
    struct loop_post post;
    struct job *waiting, **waiting_end; /* the ring was full */
};

struct threads_io {
    struct stream_io *io;
    struct io_thread *threads;
    size_t count, next;
    struct chunk *free;
    size_t free_count;
    struct list resuming; /* streams whose reading was started again */
    struct loop_post post;
    bool posted;
};

struct tstream {
    struct stream s;
    struct io_thread *thread;
    struct job read, write;
    struct chunk *chunk; /* being read into, or kept while reading is stopped */
    size_t chunk_len;
    struct slice kept;  /* in the chunk */
    struct outq flying; /* being written */
    size_t write_limit;
    uint64_t told_turn; /* in which bytes were handed out last */
    uint32_t told;      /* LOOP_ bits since the last job of that direction began */
    bool has_kept, full, kept_end;
    int kept_error;
};

static void *work(void *arg);
static void results(struct loop *loop, struct loop_post *post);
static void resume(struct loop *loop, struct loop_post *post);
static bool read_go_on(struct tstream *t);
static void event(struct loop *loop, int fd, uint32_t ready, void *arg);

static struct tstream *tstream_of(struct stream *s)
{
    return CONTAINER_OF(s, struct tstream, s);
}

static struct threads_io *io_of(const struct tstream *t)
{
    return t->s.io->state;
}

/* -- rings -------------------------------------------------------------------------------- */

static bool ring_push(struct ring *r, struct job *job)
{
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (tail - atomic_load_explicit(&r->head, memory_order_acquire) == RING_PLACES)
        return false;
    r->places[tail % RING_PLACES] = job;
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}

static struct job *ring_pop(struct ring *r)
{
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
        return NULL;
    struct job *job = r->places[head % RING_PLACES];
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return job;
}

/* Both sides exchange `asleep`: either the thread falls asleep later and has seen the job, or we see
 * that it is asleep. */
static void thread_wake(struct io_thread *th)
{
    if (!atomic_exchange(&th->asleep, false))
        return;
    uint64_t one = 1;
    ssize_t put = write(th->wake_fd, &one, sizeof(one));
    ASSERT(put == sizeof(one));
}

static void job_hand_over(struct job *job)
{
    struct io_thread *th = job->stream->thread;
    job->away = true;
    stream_busy_enter(&job->stream->s);
    if (th->waiting || !ring_push(&th->todo, job)) {
        job->next = NULL;
        *th->waiting_end = job;
        th->waiting_end = &job->next;
    }
    thread_wake(th);
}

static void waiting_hand_over(struct io_thread *th)
{
    while (th->waiting && ring_push(&th->todo, th->waiting)) {
        th->waiting = th->waiting->next;
        if (!th->waiting)
            th->waiting_end = &th->waiting;
    }
    thread_wake(th);
}

/* -- the thread --------------------------------------------------------------------------- */

static void run_read(struct tstream *t)
{
    t->read.result = conn_read(t->s.conn, t->chunk->bytes, t->chunk_len);
}

static void run_write(struct tstream *t)
{
    t->write.result = stream_write_queue(t->s.conn, &t->flying, t->write_limit);
}

static void loop_tell(struct io_thread *th)
{
    if (!atomic_exchange(&th->posted, true))
        loop_post(th->owner->io->loop, &th->post);
}

static void job_return(struct io_thread *th, struct job *job)
{
    while (!ring_push(&th->done, job)) {
        loop_tell(th); /* only when more jobs are away than the ring has places */
        sched_yield();
    }
}

/* False when the thread shall end. */
static bool thread_sleep(struct io_thread *th)
{
    loop_tell(th);
    atomic_exchange(&th->asleep, true);
    if (atomic_load(&th->ending))
        return false;
    bool empty = atomic_load(&th->todo.head) == atomic_load(&th->todo.tail);
    if (!empty && atomic_exchange(&th->asleep, false))
        return true; /* a job came before anybody could see us asleep */
    uint64_t count;
    while (read(th->wake_fd, &count, sizeof(count)) < 0)
        ASSERT(errno == EINTR);
    return true;
}

static void run_jobs(struct io_thread *th)
{
    uint32_t count = 0;
    for (struct job *job = ring_pop(&th->todo); job; job = ring_pop(&th->todo)) {
        if (job->kind == JOB_READ)
            run_read(job->stream);
        else
            run_write(job->stream);
        job_return(th, job);
        if (++count % JOBS_A_TELL == 0)
            loop_tell(th);
    }
}

static void *work(void *arg)
{
    struct io_thread *th = arg;
    (void)pthread_setname_np(pthread_self(), "io");
    mem_thread_enter();
    do
        run_jobs(th);
    while (thread_sleep(th));
    mem_thread_leave();
    return NULL;
}

/* -- the streams of a loop ---------------------------------------------------------------- */

static int thread_start(struct io_thread *th, struct threads_io *owner)
{
    th->owner = owner;
    th->post.fn = results;
    th->waiting_end = &th->waiting;
    th->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (th->wake_fd < 0)
        return -errno;
    sigset_t before;
    worker_block_signals(&before);
    int failed = pthread_create(&th->thread, NULL, work, th);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        (void)close(th->wake_fd);
    return -failed;
}

static void thread_end(struct io_thread *th)
{
    atomic_store(&th->ending, true);
    thread_wake(th);
    pthread_join(th->thread, NULL);
    if (atomic_load(&th->posted))
        loop_run_posts(th->owner->io->loop);
    (void)close(th->wake_fd);
}

static void threads_done(struct threads_io *ti)
{
    while (ti->count > 0)
        thread_end(&ti->threads[--ti->count]);
    while (ti->free) {
        struct chunk *c = ti->free;
        ti->free = c->next;
        mem_free(c);
    }
    mem_free(ti->threads);
    mem_free(ti);
}

static int threads_open(struct stream_io *io)
{
    size_t count = MIN_OF(MAX_OF(io->settings.threads, (size_t)1), (size_t)THREADS_MAX);
    struct threads_io *ti = mem_zalloc(sizeof(*ti));
    ti->io = io;
    ti->post.fn = resume;
    list_init(&ti->resuming);
    ti->threads = mem_alloc_aligned(64, count * sizeof(*ti->threads));
    memset(ti->threads, 0, count * sizeof(*ti->threads));
    for (; ti->count < count; ti->count++) {
        int error = thread_start(&ti->threads[ti->count], ti);
        if (error < 0) {
            threads_done(ti);
            return error;
        }
    }
    io->state = ti;
    return 0;
}

static void threads_close(struct stream_io *io)
{
    struct threads_io *ti = io->state;
    while (io->streams > 0) /* jobs of closed streams are still away */
        (void)loop_turn(io->loop, LOOP_WAIT);
    if (ti->posted)
        loop_run_posts(io->loop);
    threads_done(ti);
}

/* -- chunks ------------------------------------------------------------------------------- */

static struct chunk *chunk_take(struct threads_io *ti)
{
    struct chunk *c = ti->free;
    if (!c)
        return mem_alloc(sizeof(*c) + ti->io->settings.read_max);
    ti->free = c->next;
    ti->free_count--;
    return c;
}

static void chunk_give(struct threads_io *ti, struct chunk *c)
{
    if (ti->free_count >= CHUNKS_KEPT) {
        mem_free(c);
        return;
    }
    c->next = ti->free;
    ti->free = c;
    ti->free_count++;
}

static void threads_batch_done(struct stream_io *io, void **held)
{
    struct chunk *c = *held;
    while (c) {
        struct chunk *next = c->next;
        chunk_give(io->state, c);
        c = next;
    }
    *held = NULL;
}

/* -- reading ------------------------------------------------------------------------------ */

static void read_begin(struct tstream *t)
{
    if (t->read.away || t->has_kept || t->kept_end || t->s.read_stopped || t->s.ended)
        return;
    t->chunk = chunk_take(io_of(t));
    t->chunk_len = stream_limit(t->s.io, t->s.io->settings.read_max);
    t->told &= ~(uint32_t)LOOP_READABLE; /* the end is told but once and stays told */
    job_hand_over(&t->read);
}

static void resume_later(struct tstream *t)
{
    struct threads_io *ti = io_of(t);
    list_unlink(&t->s.queued);
    list_push_back(&ti->resuming, &t->s.queued);
    if (!ti->posted)
        loop_post(ti->io->loop, &ti->post);
    ti->posted = true;
}

/* Hands out what was read, as far as reading is not stopped; false if the stream was closed. */
static bool deliver(struct tstream *t)
{
    struct threads_io *ti = io_of(t);
    struct chunk *c = t->chunk;
    struct slice rest = t->kept;
    t->has_kept = false;
    t->chunk = NULL;
    t->told_turn = loop_turns(t->s.io->loop);
    c->next = t->s.io->batch->held;
    t->s.io->batch->held = c;
    if (!stream_deliver(&t->s, &rest))
        return false;
    if (rest.len == 0 || t->s.ended)
        return true;
    /* Stopped half-way. The batch has the chunk; the rest moves to another. */
    t->chunk = chunk_take(ti);
    memcpy(t->chunk->bytes, rest.ptr, rest.len);
    t->kept = slice_of(t->chunk->bytes, rest.len);
    t->has_kept = true;
    return true;
}

/* False if the stream was closed. */
static bool read_returned(struct tstream *t)
{
    ssize_t result = t->read.result;
    t->full = result > 0 && (size_t)result == t->chunk_len;
    if (result <= 0) {
        chunk_give(io_of(t), t->chunk);
        t->chunk = NULL;
        t->kept_end = result != -EAGAIN;
        t->kept_error = (int)result;
        if (!t->kept_end)
            t->told &= ~(uint32_t)LOOP_HANGUP;
    } else {
        t->s.io->stats.reads++;
        t->s.io->stats.bytes_in += (uint64_t)result;
        t->kept = slice_of(t->chunk->bytes, (size_t)result);
        t->has_kept = true;
    }
    return read_go_on(t);
}

/* What is kept is handed out, then the socket is read again if it may have more. */
static bool read_go_on(struct tstream *t)
{
    if (t->s.read_stopped)
        return true;
    if (t->has_kept && !deliver(t))
        return false;
    if (t->s.read_stopped || t->s.ended)
        return true;
    if (t->kept_end && t->told_turn != loop_turns(t->s.io->loop))
        return stream_tell_closed(&t->s, t->kept_error);
    if (t->kept_end)
        resume_later(t); /* what came before the end is answered first */
    else if (t->full || (t->told & (LOOP_READABLE | LOOP_HANGUP)))
        read_begin(t);
    return true;
}

static void resume(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct threads_io *ti = CONTAINER_OF(post, struct threads_io, post);
    struct list again;
    ti->posted = false;
    list_init(&again);
    list_splice_back(&again, &ti->resuming);
    while (!list_is_empty(&again)) {
        struct tstream *t = LIST_ENTRY(again.next, struct tstream, s.queued);
        list_unlink(&t->s.queued);
        stream_busy_enter(&t->s);
        if (!t->read.away)
            (void)read_go_on(t);
        (void)stream_busy_leave(&t->s);
    }
}

/* What is kept is not told from inside the call that starts reading. */
static void threads_read_changed(struct stream *s)
{
    struct tstream *t = tstream_of(s);
    if (!s->read_stopped && !t->read.away)
        resume_later(t);
}

/* -- writing ------------------------------------------------------------------------------ */

static void write_begin(struct tstream *t)
{
    struct stream_io *io = t->s.io;
    ASSERT(!t->write.away);
    if (t->s.ended)
        return;
    outq_take_all(&t->flying, &t->s.out);
    t->s.away = t->flying.bytes;
    t->write_limit = stream_limit(io, io->write_max_lifted ? SIZE_MAX : io->settings.write_max);
    t->told &= ~(uint32_t)LOOP_WRITABLE;
    job_hand_over(&t->write);
}

static void threads_send(struct stream *s)
{
    struct tstream *t = tstream_of(s);
    if (!t->write.away && t->flying.bytes == 0)
        write_begin(t); /* else what is away, or the peer's room, comes back to it */
}

/* False if the stream was closed. */
static bool write_returned(struct tstream *t)
{
    ssize_t result = t->write.result;
    t->s.away = t->flying.bytes;
    if (result < 0 && result != -EAGAIN)
        return stream_tell_closed(&t->s, (int)result);
    if (result > 0) {
        t->s.io->stats.writes++;
        t->s.io->stats.bytes_out += (uint64_t)result;
    }
    bool blocked = t->flying.bytes > 0 && (size_t)MAX_OF(result, 0) < t->write_limit;
    if (t->flying.bytes + t->s.out.bytes > 0 && (!blocked || (t->told & LOOP_WRITABLE)))
        write_begin(t);
    return result <= 0 || stream_tell_sent(&t->s);
}

/* -- the loop's thread -------------------------------------------------------------------- */

static void event(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)loop;
    (void)fd;
    struct tstream *t = arg;
    t->told |= ready;
    if (ready & (LOOP_READABLE | LOOP_HANGUP))
        read_begin(t);
    if ((ready & LOOP_WRITABLE) && !t->write.away && t->flying.bytes > 0)
        write_begin(t);
}

static void job_returned(struct job *job)
{
    struct tstream *t = job->stream;
    job->away = false;
    if (t->s.closed || t->s.ended) {
        if (job->kind == JOB_WRITE)
            outq_done(&t->flying);
        return;
    }
    (void)(job->kind == JOB_READ ? read_returned(t) : write_returned(t));
}

static void results(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct io_thread *th = CONTAINER_OF(post, struct io_thread, post);
    /* Exchanged, not stored: what the thread pushed before it saw the flag set is seen below. */
    atomic_exchange(&th->posted, false);
    for (struct job *job = ring_pop(&th->done); job; job = ring_pop(&th->done)) {
        struct stream *s = &job->stream->s;
        stream_busy_enter(s);
        job_returned(job);
        (void)stream_busy_leave(s);
        (void)stream_busy_leave(s); /* the job's own */
    }
    waiting_hand_over(th);
}

static int threads_start(struct stream *s)
{
    struct tstream *t = tstream_of(s);
    struct threads_io *ti = io_of(t);
    t->thread = &ti->threads[ti->next++ % ti->count];
    t->read = (struct job){ .stream = t, .kind = JOB_READ };
    t->write = (struct job){ .stream = t, .kind = JOB_WRITE };
    outq_init(&t->flying);
    return loop_file_add(s->io->loop, s->conn->fd, LOOP_READABLE | LOOP_WRITABLE | LOOP_EDGE, event,
                         t);
}

static void threads_stop(struct stream *s)
{
    struct tstream *t = tstream_of(s);
    loop_file_remove(s->io->loop, s->conn->fd, LOOP_READABLE | LOOP_WRITABLE);
    list_unlink(&s->queued);
    if (!t->write.away)
        outq_done(&t->flying);
    if (!t->read.away && t->chunk) {
        chunk_give(io_of(t), t->chunk);
        t->chunk = NULL;
    }
    t->has_kept = false;
    s->away = 0;
}

static void threads_stream_done(struct stream *s)
{
    struct tstream *t = tstream_of(s);
    if (t->chunk)
        chunk_give(io_of(t), t->chunk);
    conn_close(s->conn);
}

const struct stream_backend stream_threads = {
    .stream_size = sizeof(struct tstream),
    .open = threads_open,
    .close = threads_close,
    .start = threads_start,
    .read_changed = threads_read_changed,
    .send = threads_send,
    .stop = threads_stop,
    .done = threads_stream_done,
    .batch_done = threads_batch_done,
};
