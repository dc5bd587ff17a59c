/* What the backends of streams share.
 *
 * stream.c owns the life of a stream, its output queue and the batch memory; a backend moves bytes.
 * A stream counts who may still touch it (callbacks on the stack, operations in flight) in `busy`;
 * a closed stream is freed when the last one is done. */
#ifndef NET_STREAM_PRIV_H
#define NET_STREAM_PRIV_H

#include "base/list.h"
#include "event/loop.h"
#include "net/conn.h"
#include "net/stream.h"

struct stream_backend {
    size_t stream_size; /* of its struct, which begins with struct stream */
    int (*open)(struct stream_io *io);
    void (*close)(struct stream_io *io);
    /* A new stream: begins to read. 0 or -errno. */
    int (*start)(struct stream *s);
    /* read_stopped or the expectation have changed. */
    void (*read_changed)(struct stream *s);
    /* `out` was empty and is not any more. */
    void (*send)(struct stream *s);
    /* The stream was closed or has ended: no operation may begin any more. Called for each. */
    void (*stop)(struct stream *s);
    /* It was closed and nothing is under way any more: closes the connection, unless `stop` did.
     * May be NULL. */
    void (*done)(struct stream *s);
    /* Memory of a batch goes; `held` is what the backend keeps for it. */
    void (*batch_done)(struct stream_io *io, void **held);
};

extern const struct stream_backend stream_readiness;
extern const struct stream_backend stream_delayed;
extern const struct stream_backend stream_uring;
extern const struct stream_backend stream_threads;

struct adopted;

/* Received bytes and what belongs to them, for one turn. */
struct batch {
    struct arena arena;
    struct adopted *adopted;
    void *held; /* the backend's */
    struct batch *outer;
};

struct stream_io {
    struct loop *loop;
    const struct stream_backend *backend;
    void *state; /* the backend's */
    struct stream_io_settings settings;
    struct batch *batch; /* the innermost */
    struct batch *spare; /* kept from the last nested turn */
    struct list ending;  /* streams that broke inside a call; told by `post` */
    struct loop_post post;
    bool posted;
    bool write_max_lifted;
    size_t streams; /* not freed yet */
    struct stream_io_stats stats;
#ifdef TARN_STRESS
    uint32_t stress_sequence;
#endif
};

struct stream {
    struct stream_io *io;
    struct conn *conn;
    const struct stream_callbacks *callbacks;
    void *user;
    struct outq out;
    size_t away; /* bytes that the backend has taken from `out` and not sent yet */
    char *expect_out;
    size_t expect_left;
    struct list queued; /* in the io's `ending`, or in a list of the backend's until `stop` */
    int error;          /* why it ended */
    uint16_t busy;      /* callbacks that run, operations in flight */
    bool read_stopped;
    bool out_flying; /* the kernel may still read what is at the front of `out` */
    bool ended;      /* on_closed was called or is about to be */
    bool closed;     /* by its user */
};
static_assert(sizeof(struct stream) + sizeof(struct conn) <= 250, "an idle client is cheap");

/* How much to read, write at a time: in the stress build usually one byte. */
size_t stream_limit(struct stream_io *io, size_t len);

void stream_busy_enter(struct stream *s);
/* False if the stream was closed; it may be freed. */
bool stream_busy_leave(struct stream *s);

/* Each calls the user; false if the stream was closed meanwhile. */
bool stream_tell_bytes(struct stream *s, struct slice bytes);
bool stream_tell_expected(struct stream *s, size_t len); /* `len` more bytes lie in expect_out */
bool stream_tell_sent(struct stream *s);
bool stream_tell_closed(struct stream *s, int error);
/* For backends that receive before anybody asked: fills the expected bulk, then tells the rest, until
 * reading is stopped; *bytes becomes what was not handed out. False if the stream was closed. */
bool stream_deliver(struct stream *s, struct slice *bytes);
/* The same as stream_tell_closed, but not from inside this call. */
void stream_break_later(struct stream *s, int error);

/* Writes what the peer takes, up to write_max. Bytes written or -errno, -EAGAIN too. */
ssize_t stream_flush(struct stream *s);
/* The same of any queue, at most `limit` bytes; touches nothing but the queue and the connection. */
ssize_t stream_write_queue(struct conn *c, struct outq *q, size_t limit);

#endif
