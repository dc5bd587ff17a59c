/* The rows for plain sockets: TCP and Unix. They differ in how they connect. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "event/loop.h"
#include "net/conn_priv.h"

/* The outcome of a connect: tells the handler. False if the connection is gone. */
static bool connect_ended(struct conn *c)
{
    int outcome = socket_outcome(c->fd);
    if (outcome == -EINPROGRESS)
        return false; /* a spurious event */
    if (outcome < 0)
        (void)conn_failed(c, -outcome);
    else
        c->state = CONN_CONNECTED;

    conn_fn fn = c->on_outcome;
    c->on_outcome = NULL;
    int error = conn_watch(c);
    ASSERT(error == 0); /* the loop holds the descriptor already */
    return conn_call(c, fn);
}

static void socket_event(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)loop;
    (void)fd;
    struct conn *c = arg;
    if (c->state == CONN_CONNECTING && !connect_ended(c))
        return;
    uint32_t order[] = { LOOP_READABLE, LOOP_WRITABLE };
    if (c->barrier) {
        order[0] = LOOP_WRITABLE;
        order[1] = LOOP_READABLE;
    }
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        conn_fn fn = order[i] == LOOP_READABLE ? c->on_read : c->on_write;
        if ((ready & order[i]) && fn && !conn_call(c, fn))
            return;
    }
}

static int connect_started(struct conn *c, int fd, conn_fn outcome)
{
    if (fd < 0)
        return conn_failed(c, -fd);
    c->fd = fd;
    c->state = CONN_CONNECTING;
    c->on_outcome = outcome;
    int error = conn_watch(c);
    return error < 0 ? conn_failed(c, -error) : 0;
}

static int tcp_connect(struct conn *c, const struct socket_target *target, conn_fn outcome)
{
    ASSERT(c->state == CONN_NONE);
    return connect_started(c, socket_connect(target, NULL), outcome);
}

static int unix_connect(struct conn *c, const struct socket_target *target, conn_fn outcome)
{
    ASSERT(c->state == CONN_NONE);
    return connect_started(c, socket_connect_unix(target, NULL), outcome);
}

static int connected_within(struct conn *c, int fd, int64_t timeout_ms)
{
    if (fd < 0)
        return conn_failed(c, -fd);
    c->fd = fd;
    int error = socket_wait(fd, LOOP_WRITABLE, timeout_ms);
    if (error == 0)
        error = socket_outcome(fd);
    if (error < 0)
        return conn_failed(c, -error);
    c->state = CONN_CONNECTED;
    return 0;
}

static int tcp_connect_blocking(struct conn *c, const struct socket_target *target,
                                int64_t timeout_ms)
{
    ASSERT(c->state == CONN_NONE);
    return connected_within(c, socket_connect(target, NULL), timeout_ms);
}

static int unix_connect_blocking(struct conn *c, const struct socket_target *target,
                                 int64_t timeout_ms)
{
    ASSERT(c->state == CONN_NONE);
    return connected_within(c, socket_connect_unix(target, NULL), timeout_ms);
}

static int socket_accepted(struct conn *c, conn_fn outcome)
{
    if (c->state != CONN_ACCEPTING)
        return -EINVAL;
    c->state = CONN_CONNECTED;
    (void)conn_call(c, outcome);
    return 0;
}

/* What a failed system call means for the connection. */
static ssize_t io_failed(struct conn *c)
{
    if (errno == EAGAIN || errno == EINTR)
        return -EAGAIN;
    return conn_failed(c, errno);
}

static ssize_t socket_read(struct conn *c, void *out, size_t len)
{
    ssize_t got = recv(c->fd, out, len, 0);
    if (LIKELY(got > 0))
        return got;
    if (got < 0)
        return io_failed(c);
    if (len > 0)
        c->state = CONN_CLOSED;
    return 0;
}

static ssize_t socket_write(struct conn *c, const void *bytes, size_t len)
{
    ssize_t put = send(c->fd, bytes, len, MSG_NOSIGNAL);
    return LIKELY(put >= 0) ? put : io_failed(c);
}

static ssize_t socket_writev(struct conn *c, const struct iovec *parts, int count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts,
                              .msg_iovlen = (size_t)count };
    ssize_t put = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    return LIKELY(put >= 0) ? put : io_failed(c);
}

static void socket_shutdown(struct conn *c)
{
    if (c->fd >= 0)
        (void)shutdown(c->fd, SHUT_RDWR);
}

static const char *socket_last_error(const struct conn *c)
{
    return strerror(c->error);
}

static int socket_set_read(struct conn *c, conn_fn fn)
{
    conn_fn before = c->on_read;
    if (before == fn)
        return 0;
    c->on_read = fn;
    if (!before == !fn)
        return 0;
    int error = conn_watch(c);
    if (error < 0)
        c->on_read = before;
    return error;
}

static int socket_set_write(struct conn *c, conn_fn fn, bool barrier)
{
    c->barrier = barrier;
    conn_fn before = c->on_write;
    c->on_write = fn;
    if (!before == !fn)
        return 0;
    int error = conn_watch(c);
    if (error < 0)
        c->on_write = before;
    return error;
}

#define SOCKET_ROW                                                                              \
    .size = sizeof(struct conn), .event = socket_event, .accept = socket_accepted,              \
    .read = socket_read, .write = socket_write, .writev = socket_writev,                        \
    .shutdown = socket_shutdown, .close = conn_release, .last_error = socket_last_error,        \
    .set_read_handler = socket_set_read, .set_write_handler = socket_set_write,                 \
    .read_deadline = conn_generic_read_deadline, .write_deadline = conn_generic_write_deadline, \
    .read_line_deadline = conn_generic_read_line_deadline

const struct conn_type conn_tcp = {
    .name = "tcp",
    .connect = tcp_connect,
    .connect_blocking = tcp_connect_blocking,
    SOCKET_ROW,
};

const struct conn_type conn_unix = {
    .name = "unix",
    .connect = unix_connect,
    .connect_blocking = unix_connect_blocking,
    SOCKET_ROW,
};
