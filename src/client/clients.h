/* Clients: the connected peers, from accept to free.
 *
 * A client is a session plus a stream plus limits. This room fills the turn's batch with the
 * requests that clients sent (phase 1), and hands what was replied to their streams (phase 4); in
 * between, the dispatcher runs the batch. `struct clients` is the room's handle.
 *
 * Closing: client_close() marks a client and is safe anywhere, also inside its own command; it runs
 * nothing more, gets no more bytes, and is freed by clients_reap() in phase 4 of the turn. A client
 * told to close after its reply is closed when everything that it was replied has left.
 *
 * Invariants: every client is in the list of all until it is freed; the lists of those that have
 * output, are parked or are closing hold it at most once each. */
#ifndef CLIENT_CLIENTS_H
#define CLIENT_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/job.h"
#include "base/metric.h"
#include "base/slice.h"
#include "dispatch/command.h"
#include "net/listener.h"

struct client;
struct clients;
struct dispatch;
struct loop;
struct stream_io;

/* Classes of clients with limits of their own. */
enum client_class { CLIENT_NORMAL, CLIENT_REPLICA, CLIENT_PUBSUB, CLIENT_CLASS_COUNT };

/* client-output-buffer-limit of one class; 0: no limit. */
struct client_output_limit {
    int64_t hard_bytes, soft_bytes, soft_seconds;
};

struct client_settings {
    int64_t maxclients;
    int64_t timeout_s;
    int64_t tcp_keepalive_s;
    int64_t query_buffer_limit;
    int64_t proto_max_bulk_len;
    bool protected_mode;
    struct client_output_limit output[CLIENT_CLASS_COUNT];
};

struct clients *clients_new(struct loop *loop, struct dispatch *d);
/* Closes and frees all clients. What the kernel, or a thread, still sends of their replies stays until
 * the streams' operations have completed: stream_io_free() waits for that. */
void clients_close(struct clients *cs);
/* Behind stream_io_free(), if any reply may be on its way. Accepts NULL. */
void clients_free(struct clients *cs);
/* The means of moving bytes, made when the transport is known; before the first accept. */
void clients_start(struct clients *cs, struct stream_io *io);

const struct client_settings *clients_settings(const struct clients *cs);
size_t clients_count(const struct clients *cs);
/* Makes room for as many connections as maxclients says. 0, or -EMFILE with the number for which
 * the system has descriptors; then there is room for these. At start, and by CONFIG SET. */
MUST_USE int clients_make_room(struct clients *cs, int64_t *ret_possible);
void clients_lower_max(struct clients *cs, int64_t maxclients);
/* Bytes of memory that all clients hold. */
size_t clients_memory(const struct clients *cs);
uint64_t clients_net_in(const struct clients *cs); /* bytes received in all */
uint64_t clients_net_out(const struct clients *cs);

/* A listener's connection: takes it over, or refuses it with the peers' words (too many clients,
 * protected mode) and closes it. */
void clients_accept(void *cs, struct conn *conn, const struct listener_info *info);

/* ---- the turn's phases ---- */

/* Phase 1, before the streams are read: clients that waited (parked, or unauthenticated with more
 * to say) bring the requests that they hold. */
void clients_receive(struct clients *cs);
/* Phase 2: runs the batch. */
void clients_execute(struct clients *cs);
/* After phase 3: gives the batch's memory back. */
void clients_batch_done(struct clients *cs);
/* Phase 4: seals and sends what was replied. */
void clients_send(struct clients *cs);
/* Around phase 4: frees those that were closed. */
void clients_reap(struct clients *cs);

/* Once a while: timeouts, soft limits, recent maxima. */
struct job_table clients_jobs(struct clients *cs);

/* Around a nested turn, in which receive, execute, send and reap are called as in any other, but not batch_done:
 * the inner turn has a batch of its own, which goes with it. Clients with requests in an outer batch are neither
 * read nor freed; what they were replied so far is sent (dispatch_may_nest: none is amid a reply). Pairs nest. */
void clients_nest_enter(struct clients *cs);
void clients_nest_leave(struct clients *cs);

/* ---- one client ---- */

void client_close(struct client *c);
/* The id is CLIENT ID's. NULL if there is none. */
struct client *clients_find(const struct clients *cs, uint64_t id);
/* Those that are not closing, the oldest first. */
void clients_each(const struct clients *cs, void (*visit)(void *arg, const struct client *c),
                  void *arg);
/* Writes the line of CLIENT LIST without its line end. */
void client_describe(const struct client *c, struct buf *out);
/* The same for the log: without the names that users gave, if they are to be hidden. */
void client_describe_for_log(const struct client *c, struct buf *out);

/* ---- what the room exports ---- */

struct directive_table clients_directives(struct clients *cs);
struct metric_table clients_metrics(struct clients *cs);
struct command_table clients_commands(struct clients *cs); /* CLIENT */
struct command_table clients_pubsub_commands(struct clients *cs);
struct directive_table clients_notify_directives(struct clients *cs);
struct command_table clients_monitor_commands(struct clients *cs);
struct directive_table clients_tracking_directives(struct clients *cs);
struct metric_table clients_tracking_metrics(struct clients *cs);

#endif
