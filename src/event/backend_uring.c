/* Waiting by io_uring, for streams by completions.
 *
 * Descriptors that are only watched (listeners, wake-ups, TLS connections) stay in an epoll set,
 * which the ring polls: one set keeps the loop's contract (level-triggered, cheap to change), and an
 * extra system call is paid only in turns in which one of them is ready. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "event/backend.h"
#include "event/loop.h"
#include "event/uring.h"

#define REQUESTS 1024
#define COMPLETIONS 8192
#define NS_PER_S 1000000000

/* What a completion's user data may be beside an operation. */
#define DATA_NOBODY UINT64_C(0)
#define DATA_EPOLL UINT64_C(1)

struct uring {
    struct io_uring ring;
    void *epoll; /* the state of loop_backend_epoll */
    int epoll_fd;
    bool epoll_polled; /* the ring polls the set */
    uint64_t submits;
};

struct uring *uring_of(const struct loop *loop)
{
    return loop_backend_state(loop, &loop_backend_uring);
}

struct io_uring *uring_ring(struct uring *u)
{
    return &u->ring;
}

uint64_t uring_submits(const struct uring *u)
{
    return u->submits;
}

/* Counts only if nothing was left in the queue. */
static void note_submit(struct uring *u)
{
    u->submits += io_uring_sq_ready(&u->ring) == 0;
}

struct io_uring_sqe *uring_request(struct uring *u)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (UNLIKELY(!sqe)) {
        (void)io_uring_submit(&u->ring);
        note_submit(u);
        sqe = io_uring_get_sqe(&u->ring);
        ASSERT(sqe);
    }
    return sqe;
}

void uring_ask(struct io_uring_sqe *sqe, struct uring_op *op)
{
    io_uring_sqe_set_data64(sqe, op ? (uint64_t)(uintptr_t)op : DATA_NOBODY);
}

void uring_cancel(struct uring *u, struct uring_op *op)
{
    struct io_uring_sqe *sqe = uring_request(u);
    io_uring_prep_cancel64(sqe, (uint64_t)(uintptr_t)op, 0);
    uring_ask(sqe, NULL);
}

/* -- the backend -------------------------------------------------------------------------- */

static void uring_close(void *arg)
{
    struct uring *u = arg;
    if (u->epoll)
        loop_backend_epoll.close(u->epoll);
    io_uring_queue_exit(&u->ring);
    mem_free(u);
}

static int uring_open(void **ret_state)
{
    struct uring *u = mem_zalloc(sizeof(*u));
    /* One thread asks, and completions are worked off when it waits, not by interrupting it. */
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_CLAMP,
        .cq_entries = COMPLETIONS,
    };
    int error = io_uring_queue_init_params(REQUESTS, &u->ring, &params);
    if (error < 0) {
        mem_free(u);
        return error;
    }
    (void)io_uring_register_ring_fd(&u->ring); /* saves a look-up a call; not vital */
    error = loop_backend_epoll.open(&u->epoll);
    if (error < 0) {
        uring_close(u);
        return error;
    }
    u->epoll_fd = loop_backend_epoll_fd(u->epoll);
    *ret_state = u;
    return 0;
}

static int uring_watch(void *arg, int fd, uint32_t before, uint32_t mask, uint64_t token)
{
    struct uring *u = arg;
    return loop_backend_epoll.watch(u->epoll, fd, before, mask, token);
}

static void poll_epoll(struct uring *u)
{
    if (u->epoll_polled)
        return;
    struct io_uring_sqe *sqe = uring_request(u);
    io_uring_prep_poll_add(sqe, u->epoll_fd, POLLIN);
    io_uring_sqe_set_data64(sqe, DATA_EPOLL);
    u->epoll_polled = true;
}

static void submit_and_wait(struct uring *u, int64_t timeout_ns)
{
    struct io_uring_cqe *cqe = NULL;
    int result = 0;
    if (timeout_ns == 0) {
        result = io_uring_submit_and_get_events(&u->ring);
    } else if (timeout_ns < 0) {
        result = io_uring_submit_and_wait(&u->ring, 1);
    } else {
        struct __kernel_timespec ts = { timeout_ns / NS_PER_S, timeout_ns % NS_PER_S };
        result = io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &ts, NULL);
    }
    note_submit(u);
    /* EAGAIN, EBUSY: the kernel is short of memory or completions wait to be taken; what was not
     * submitted stays queued for the next turn. */
    ASSERT(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
           result == -EBUSY);
}

/* Whether the poll of the epoll set is among the completions. They are left where they are. */
static bool epoll_completed(struct uring *u)
{
    struct io_uring_cqe *cqe;
    unsigned head;
    io_uring_for_each_cqe(&u->ring, head, cqe)
    {
        if (cqe->user_data == DATA_EPOLL)
            return true;
    }
    return false;
}

static int uring_wait(void *arg, struct loop_ready *ret_ready, size_t max, int64_t timeout_ns)
{
    struct uring *u = arg;
    poll_epoll(u);
    submit_and_wait(u, timeout_ns);
    if (!epoll_completed(u))
        return 0;
    return loop_backend_epoll.wait(u->epoll, ret_ready, max, 0);
}

static int uring_complete(void *arg, struct loop *loop)
{
    struct uring *u = arg;
    int count = 0;
    struct io_uring_cqe *cqe;
    while (count < LOOP_EVENTS_MAX && io_uring_peek_cqe(&u->ring, &cqe) == 0) {
        struct io_uring_cqe taken = *cqe;
        /* Before the call, which may turn the loop again. */
        io_uring_cqe_seen(&u->ring, cqe);
        if (taken.user_data == DATA_EPOLL) {
            u->epoll_polled = false;
        } else if (taken.user_data != DATA_NOBODY) {
            struct uring_op *op = (struct uring_op *)(uintptr_t)taken.user_data;
            op->fn(loop, op, taken.res, taken.flags);
            count++;
        }
    }
    return count;
}

const struct loop_backend loop_backend_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .watch = uring_watch,
    .wait = uring_wait,
    .complete = uring_complete,
};
