/* A client as the files of this room see it. */
#ifndef CLIENT_CLIENT_PRIV_H
#define CLIENT_CLIENT_PRIV_H

#include "base/blob.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/outq.h"
#include "client/clients.h"
#include "client/monitor.h"
#include "client/notify.h"
#include "client/onlook.h"
#include "client/pubsub_priv.h"
#include "client/tracking.h"
#include "dispatch/dispatch.h"
#include "dispatch/session.h"
#include "event/loop.h"
#include "net/stream.h"
#include "resp/parse.h"

enum client_flag {
    CLIENT_CLOSING = 1 << 0,           /* is in the list of those to be freed */
    CLIENT_CLOSE_AFTER_REPLY = 1 << 1, /* reads nothing more */
    CLIENT_NO_EVICT = 1 << 2,
    CLIENT_UNIX = 1 << 3,
    CLIENT_LOCAL = 1 << 4,
    CLIENT_BAD_PROTOCOL = 1 << 5, /* an error is queued: nothing behind it is parsed */
    CLIENT_READ_STOPPED = 1 << 6,
    CLIENT_LEFT = 1 << 7,        /* the peer has; what it sent before comes request by request */
    CLIENT_UNSENT = 1 << 8,      /* the stream still holds bytes for it */
    CLIENT_HAS_TRACKED = 1 << 9, /* keys, now or before */
    CLIENT_OUTER = 1 << 10,      /* has requests in the batch around a nested turn */
    CLIENT_OUTER_READ = 1 << 11, /* and will be read again behind it */
};

/* Bulks that were received into memory of their own, until their request has run. */
struct bulk_list {
    struct blob **items;
    uint32_t count, cap;
};

/* What a client rarely has. */
struct client_names {
    char *name, *lib_name, *lib_ver;
};

struct client {
    struct session session; /* first: a session of ours is a client */
    struct clients *owner;
    struct stream *stream;
    struct list in_all, in_output, in_resumed, in_closing;

    /* Received and not yet run: requests set aside while parked, then the head of the unfinished
     * one. A big bulk of the unfinished request comes straight into `bulk`. */
    char *held;
    size_t held_len, held_cap;
    struct buf *deferred; /* NULL when there is none */
    struct resp_parser parser;
    struct blob *bulk;
    size_t bulk_rest;        /* of it was asked for from the stream */
    struct bulk_list *bulks; /* earlier big bulks of the unfinished request */
    char *protocol_error;    /* set aside behind `deferred`; owned */

    /* Replied and not yet handed to the stream. The open block's bytes from the
     * writer's `sealed` on are not in `out` yet. */
    struct outq out;
    struct block *block;
    int64_t over_soft_since_ms; /* 0: below the soft limit */

    struct client_names names;
    struct subscriber subscriber;
    struct tracker *tracker; /* NULL if it does not track */
    struct monitor *monitor; /* NULL if it is none */
    uint64_t net_in, net_out;
    int64_t created_ms, active_ms;
    uint32_t flags;
};

/* What a nested turn leaves as it is. */
struct outer_batch {
    struct outer_batch *outer;
    struct batch batch;
    struct bulk_list bulks;
};

struct client_stats {
    uint64_t accepted, rejected;
    uint64_t net_in, net_out, reads, writes;
    uint64_t closed_query_limit, closed_output_limit;
    size_t recent_max_in, recent_max_out;
};

struct clients {
    struct loop *loop;
    struct dispatch *dispatch;
    struct stream_io *io;
    struct block_pool *pool;
    struct batch batch;
    struct outer_batch *outer; /* NULL outside of nested turns */
    struct list all, output, resumed, closing;
    struct list *check_next; /* where the periodic check goes on: a node of `all`, or its head */
    size_t count;
    uint64_t next_id;
    struct client_settings settings;
    struct client_stats stats;
    struct pubsub *pubsub;
    struct feed feeds[2]; /* of RESP2 and RESP3 */
    struct notify notify;
    struct onlook onlook;
    struct monitors monitors;
    struct tracking tracking;
    struct bulk_list batch_bulks; /* released when the batch has run */
    uint32_t deferred_at[REPLY_DEFERRED_DEPTH];
    loop_timer pause_timer; /* ends a pause; 0: none */
    char refusal[128];      /* of maxclients, by CONFIG SET */
};

INLINE struct client *client_of(struct session *s)
{
    return CONTAINER_OF(s, struct client, session);
}

INLINE void client_note_unsent(struct client *c, size_t unsent)
{
    c->flags = unsent ? c->flags | CLIENT_UNSENT : c->flags & ~(uint32_t)CLIENT_UNSENT;
}

enum client_class client_class_of(const struct client *c);

/* As CLIENT LIST and INFO show it: parked, and not about to go on. */
INLINE bool client_is_blocked(const struct client *c)
{
    return (c->session.flags & SESSION_PARKED) && list_is_empty(&c->in_resumed);
}

/* ---- client_read.c ---- */
extern const struct stream_callbacks client_stream_callbacks;
void client_defer(struct session *s, const struct request *request);
/* The requests that were set aside go to the batch again. */
void client_resume(struct client *c);
/* Requests, or bytes of which it is not known what they are, came while it was parked. */
bool client_has_deferred(const struct client *c);
void client_read_done(struct client *c); /* frees what is held */
/* Bytes received and not yet run. */
size_t client_held_bytes(const struct client *c);
void bulk_list_release(struct bulk_list *list);

/* ---- client_write.c ---- */
extern const struct reply_sink client_sink;
void client_flush(struct client *c);
void client_write_done(struct client *c);
/* Sends bytes that others get, too, behind all that was replied so far, whether it is muted or not.
 * Takes a reference of its own where it shares them. */
enum client_push_mode { CLIENT_PUSH_SHARES, CLIENT_PUSH_MAY_COPY };
void client_push(struct client *c, const struct span *span, enum client_push_mode mode);
/* The same, always as a copy: at most BLOCK_SMALL_BYTES. */
void client_push_copy(struct client *c, struct slice bytes);
/* Replied bytes that have not left. */
size_t client_unsent(const struct client *c);
size_t client_output_memory(const struct client *c);
/* Closes the client if it is over its class's limits. False if it was closed. */
bool client_check_output(struct client *c);

/* ---- client.c ---- */
struct client *client_new(struct clients *cs, struct conn *conn);
void client_free(struct client *c);
/* The peer has gone: nobody is replied any more, but what is in the batch runs. */
void client_leave(struct client *c);
void client_close_after_reply(struct client *c);
/* Logs and closes. */
void client_close_logged(struct client *c, const char *why);
size_t client_memory(const struct client *c);
void client_set_text(char **field, struct slice text);
/* Printable ASCII without spaces, as names must be. */
bool client_name_is_valid(struct slice name);

/* ---- clients.c ---- */
/* Lets a timer end the pause that the dispatcher has begun. */
void clients_arm_pause(struct clients *cs);

/* ---- client_filter.c, client_commands.c ---- */
/* 'N', 'P', ... and the types' names of CLIENT LIST and KILL. */
void client_flags_text(const struct client *c, char out[static 32]);

#endif
