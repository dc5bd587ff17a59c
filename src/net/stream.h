/* Streams: the seam between the network and everything that speaks a protocol.
 *
 * Clients do not call read and write. A stream delivers received bytes (on_bytes) and takes queues
 * of sealed spans (stream_send); what becomes of them is reported later. Readiness (epoll over any
 * struct conn, also TLS), completions (io_uring), threads that read and write, and a test transport
 * that completes one turn later implement the same contract.
 *
 * Received bytes lie in the batch memory of the stream's `struct stream_io`. They stay valid until
 * stream_io_batch_done(), which the turn calls when the batch's last command has run. Sent spans
 * are owned by the stream until their bytes have left or the stream is closed.
 *
 * Every callback may close its own stream or any other: a closed stream makes no further callback,
 * and its memory goes when the last operation in flight has completed. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outq.h"
#include "base/slice.h"

struct conn;
struct loop;
struct stream;
struct stream_io;

/* How the streams of one loop move bytes. */
enum stream_kind { STREAM_READINESS, STREAM_DELAYED, STREAM_URING, STREAM_THREADS };

struct stream_io_settings {
    enum stream_kind kind;
    size_t read_max;  /* bytes taken from a stream in one event (default 64 KiB) */
    size_t threads;   /* of STREAM_THREADS: how many (default 1) */
    size_t write_max; /* bytes given to a stream in one event (default 64 KiB) */
};

/* -ENOSYS when the kernel lacks what `kind` needs. STREAM_URING makes the loop wait by io_uring, so it
 * is not for the inside of a turn, and the process must not become another one by fork afterwards. */
MUST_USE int stream_io_new(struct loop *loop, const struct stream_io_settings *settings,
                           struct stream_io **ret_io);
void stream_io_free(struct stream_io *io);

/* The memory of the current batch: also for what is parsed out of the received bytes. */
struct arena *stream_io_arena(struct stream_io *io);
/* Around a nested turn: the outer batch's bytes stay valid, the inner turn has memory of its own,
 * which stream_io_batch_leave frees. Pairs nest. */
void stream_io_batch_enter(struct stream_io *io);
void stream_io_batch_leave(struct stream_io *io);
/* Frees `block` (from mem_alloc) together with the batch. */
void stream_io_adopt(struct stream_io *io, void *block);
void stream_io_batch_done(struct stream_io *io);
struct stream_io_stats {
    uint64_t bytes_in, bytes_out;
    uint64_t reads, writes; /* events that moved bytes */
};
const struct stream_io_stats *stream_io_stats(const struct stream_io *io);
void stream_io_stats_reset(struct stream_io *io);
enum stream_kind stream_io_kind(const struct stream_io *io);

/* While memory is short, a writable stream gets everything that waits for it. */
void stream_io_lift_write_max(struct stream_io *io, bool lifted);

/* Called by the loop, never from inside a function of this header. */
struct stream_callbacks {
    /* Bytes have come; valid until stream_io_batch_done. */
    void (*on_bytes)(void *user, struct slice bytes);
    /* A bulk asked for by stream_expect is complete. */
    void (*on_bulk)(void *user);
    /* Bytes have left since stream_send returned; `unsent` remain. What leaves inside stream_send
     * is not told: ask stream_unsent() behind it. May be NULL. */
    void (*on_sent)(void *user, size_t unsent);
    /* The peer has closed (error 0), at the earliest a turn after its last bytes were delivered, so
     * that they can be answered; or the connection broke (-errno). Nothing else will be called;
     * the user closes the stream, now or later. */
    void (*on_closed)(void *user, int error);
};

/* Takes over a connected `conn` and its `user`. Reading starts at once. */
struct stream *stream_new(struct stream_io *io, struct conn *conn,
                          const struct stream_callbacks *callbacks, void *user);
/* The connection changes its owner: a client becomes a link. */
void stream_set_user(struct stream *s, const struct stream_callbacks *callbacks, void *user);
/* Closes at once: what is unsent is released, nothing is called any more. */
void stream_close(struct stream *s);

/* The next `len` bytes go straight to `out` (a big bulk), then on_bulk; partial progress shows in
 * stream_expected (bytes still missing). `out` must live until on_bulk or stream_close. */
void stream_expect(struct stream *s, char *out, size_t len);
size_t stream_expected(const struct stream *s);

/* Stops and resumes reading: paused, blocked with a full buffer, over a limit. */
void stream_read_stop(struct stream *s);
void stream_read_start(struct stream *s);
bool stream_read_is_stopped(const struct stream *s);

/* Takes all spans of `q`. Writes as much as the peer accepts now, at most write_max; the rest
 * leaves on later events. */
void stream_send(struct stream *s, struct outq *q);
size_t stream_unsent(const struct stream *s);

struct conn *stream_conn(const struct stream *s);
size_t stream_footprint(const struct stream *s);

#endif
