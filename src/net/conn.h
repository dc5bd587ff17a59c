/* A connection: one descriptor and the transport that moves its bytes.
 *
 * What differs between TCP, Unix and TLS is a table of functions, one row a transport; everything
 * above calls the table. Reads and writes never block, but for those with a deadline. Handlers run
 * on the loop's thread: first the outcome of a connect or accept, then the read handler, then the
 * write handler, or the last two in reverse under a write barrier (so that, for instance, an answer
 * never leaves before what was written to disk between the two).
 *
 * A handler may close its own connection, or any other: the descriptor is closed at once, no handler
 * is called any more, and the memory goes when the last of its handlers has returned. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/macros.h"
#include "net/socket.h"

struct conn;
struct loop;

enum conn_state {
    CONN_NONE,       /* new, without a descriptor */
    CONN_CONNECTING, /* the outcome will come to the connect handler */
    CONN_ACCEPTING,  /* accepted, the transport may have to shake hands */
    CONN_CONNECTED,
    CONN_CLOSED, /* by the peer; still to be closed by conn_close */
    CONN_ERROR,  /* broken; conn_last_error says why; still to be closed */
};

typedef void (*conn_fn)(struct conn *c);

/* One row a transport. All return 0 or a count, or -errno. */
struct conn_type {
    const char *name; /* "tcp", "unix", "tls" */
    size_t size;      /* of the connection's struct, which begins with struct conn */

    /* What the loop calls: the type's own machine runs first, then the handlers. */
    void (*event)(struct loop *loop, int fd, uint32_t ready, void *conn);
    int (*connect)(struct conn *c, const struct socket_target *target, conn_fn outcome);
    int (*connect_blocking)(struct conn *c, const struct socket_target *target, int64_t timeout_ms);
    int (*accept)(struct conn *c, conn_fn outcome);

    ssize_t (*read)(struct conn *c, void *out, size_t len);
    ssize_t (*write)(struct conn *c, const void *bytes, size_t len);
    ssize_t (*writev)(struct conn *c, const struct iovec *parts, int count);
    void (*shutdown)(struct conn *c);
    void (*close)(struct conn *c);
    const char *(*last_error)(const struct conn *c);
    int (*set_read_handler)(struct conn *c, conn_fn fn);
    int (*set_write_handler)(struct conn *c, conn_fn fn, bool barrier);

    ssize_t (*read_deadline)(struct conn *c, void *out, size_t len, int64_t timeout_ms);
    ssize_t (*write_deadline)(struct conn *c, const void *bytes, size_t len, int64_t timeout_ms);
    ssize_t (*read_line_deadline)(struct conn *c, char *out, size_t size, int64_t timeout_ms);
};

extern const struct conn_type conn_tcp;
extern const struct conn_type conn_unix;

struct conn {
    const struct conn_type *type;
    struct loop *loop;
    conn_fn on_outcome; /* of a connect or accept */
    conn_fn on_read, on_write;
    void *user;    /* the handlers' */
    int fd;        /* -1 in state none */
    int error;     /* the last one, as errno */
    uint16_t refs; /* handlers that run */
    uint8_t state; /* enum conn_state */
    bool barrier;
    bool closed;
};
static_assert(sizeof(struct conn) <= 64, "a connection must stay cheap");

/* A connection in state none, for conn_connect. Never NULL. */
struct conn *conn_new(const struct conn_type *type, struct loop *loop);
/* Takes over an accepted descriptor (non-blocking); goes on with conn_accept. */
struct conn *conn_new_accepted(const struct conn_type *type, struct loop *loop, int fd);

/* Keeps the memory while somebody uses it across a handler; calls nest. conn_unref returns false
 * if the connection was closed meanwhile and its memory is gone. */
void conn_ref(struct conn *c);
bool conn_unref(struct conn *c);

/* 0: `outcome` will be called with state connected or error. Else -errno, state error. */
INLINE MUST_USE int conn_connect(struct conn *c, const struct socket_target *target,
                                 conn_fn outcome)
{
    return c->type->connect(c, target, outcome);
}

/* 0 when connected; -ETIMEDOUT, -errno. */
INLINE MUST_USE int conn_connect_blocking(struct conn *c, const struct socket_target *target,
                                          int64_t timeout_ms)
{
    return c->type->connect_blocking(c, target, timeout_ms);
}

/* `outcome` is called with state connected or error: at once, before this returns, if the
 * transport has nothing to shake. Else as conn_connect. */
INLINE MUST_USE int conn_accept(struct conn *c, conn_fn outcome)
{
    return c->type->accept(c, outcome);
}

/* Bytes read; 0 when the peer has closed (state closed); -EAGAIN; -errno (state error). */
INLINE MUST_USE ssize_t conn_read(struct conn *c, void *out, size_t len)
{
    return c->type->read(c, out, len);
}

/* Bytes taken, maybe fewer than given; -EAGAIN; -errno (state error). */
INLINE MUST_USE ssize_t conn_write(struct conn *c, const void *bytes, size_t len)
{
    return c->type->write(c, bytes, len);
}

INLINE MUST_USE ssize_t conn_writev(struct conn *c, const struct iovec *parts, int count)
{
    return c->type->writev(c, parts, count);
}

/* No more bytes in either direction; the descriptor stays until conn_close. */
INLINE void conn_shutdown(struct conn *c)
{
    c->type->shutdown(c);
}

/* Closes the descriptor and gives the connection up; accepts NULL. */
INLINE void conn_close(struct conn *c)
{
    if (c)
        c->type->close(c);
}

/* In words. */
INLINE const char *conn_last_error(const struct conn *c)
{
    return c->type->last_error(c);
}

/* NULL takes the handler away. -ERANGE when the loop cannot hold the descriptor. */
INLINE MUST_USE int conn_set_read_handler(struct conn *c, conn_fn fn)
{
    return c->type->set_read_handler(c, fn);
}

INLINE MUST_USE int conn_set_write_handler(struct conn *c, conn_fn fn, bool barrier)
{
    return c->type->set_write_handler(c, fn, barrier);
}

/* All `len` bytes within `timeout_ms`; len, or -errno: -ETIMEDOUT, -EPIPE when the peer closed. */
INLINE MUST_USE ssize_t conn_read_deadline(struct conn *c, void *out, size_t len,
                                           int64_t timeout_ms)
{
    return c->type->read_deadline(c, out, len, timeout_ms);
}

INLINE MUST_USE ssize_t conn_write_deadline(struct conn *c, const void *bytes, size_t len,
                                            int64_t timeout_ms)
{
    return c->type->write_deadline(c, bytes, len, timeout_ms);
}

/* Up to and without "\n" or "\r\n", with a NUL behind it; its length. -EMSGSIZE when `size` is
 * too small. Bytes behind the line stay unread. */
INLINE MUST_USE ssize_t conn_read_line_deadline(struct conn *c, char *out, size_t size,
                                                int64_t timeout_ms)
{
    return c->type->read_line_deadline(c, out, size, timeout_ms);
}

#endif
