/* Waiting by epoll, level-triggered. */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "event/backend.h"
#include "event/loop.h"

struct epoll_state {
    int fd;
    struct epoll_event events[LOOP_EVENTS_MAX];
};

static int epoll_open(void **ret_state)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct epoll_state *state = mem_alloc(sizeof(*state));
    state->fd = fd;
    *ret_state = state;
    return 0;
}

static void epoll_close(void *arg)
{
    struct epoll_state *state = arg;
    (void)close(state->fd);
    mem_free(state);
}

int loop_backend_epoll_fd(const void *state)
{
    return ((const struct epoll_state *)state)->fd;
}

static int epoll_watch(void *arg, int fd, uint32_t before, uint32_t mask, uint64_t token)
{
    struct epoll_state *state = arg;
    struct epoll_event event = { .data.u64 = token };
    if (mask & LOOP_READABLE)
        event.events |= EPOLLIN;
    if (mask & LOOP_WRITABLE)
        event.events |= EPOLLOUT;
    if (mask & LOOP_EDGE)
        event.events |= EPOLLET | EPOLLRDHUP;

    int op = !mask ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return epoll_ctl(state->fd, op, fd, &event) < 0 ? -errno : 0;
}

/* Rounded up: a wait that ends before its timer is due would only be repeated. */
static int timeout_ms(int64_t timeout_ns)
{
    if (timeout_ns < 0)
        return -1;
    int64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static int epoll_collect(void *arg, struct loop_ready *ret_ready, size_t max, int64_t timeout_ns)
{
    struct epoll_state *state = arg;
    ASSERT(max <= COUNT_OF(state->events));
    int count = epoll_wait(state->fd, state->events, (int)max, timeout_ms(timeout_ns));
    if (count < 0) {
        ASSERT(errno == EINTR);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        uint32_t events = state->events[i].events;
        uint32_t mask = 0;
        if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            mask |= LOOP_READABLE;
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            mask |= LOOP_WRITABLE;
        if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
            mask |= LOOP_HANGUP;
        ret_ready[i] = (struct loop_ready){ state->events[i].data.u64, mask };
    }
    return count;
}

const struct loop_backend loop_backend_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .watch = epoll_watch,
    .wait = epoll_collect,
};
