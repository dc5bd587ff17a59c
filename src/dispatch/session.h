/* A session: what runs commands.
 *
 * It knows who it is (user), where it is (database, protocol), and where replies go. It has no
 * socket: a client embeds one, and so will the loader, a script, a module and a replica's link.
 * Its owner tells through `struct session_host` how to reach what only it has. */
#ifndef DISPATCH_SESSION_H
#define DISPATCH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "resp/reply.h"

struct buf;
struct cmd;
struct command_slot;
struct db;
struct dispatch;
struct request;
struct session;
struct transaction;
struct waiter;
struct watch;

enum session_flag {
    SESSION_AUTHENTICATED = 1 << 0,
    SESSION_NO_TOUCH = 1 << 1, /* CLIENT NO-TOUCH */
    SESSION_PARKED = 1 << 2,   /* runs nothing until its owner takes the flag away */
    SESSION_CLOSING = 1 << 3,  /* runs nothing any more */
    SESSION_REPLY_OFF = 1 << 4,
    SESSION_REPLY_SKIP_NEXT = 1 << 5, /* CLIENT REPLY SKIP: from the next command on, */
    SESSION_REPLY_SKIP = 1 << 6,      /* which is this one */
    SESSION_WATCH_BROKEN = 1 << 7,    /* a key that it watches was changed: EXEC does nothing */
    SESSION_BLOCKED = 1 << 8,         /* its command waits (dispatch/block.h); is parked, too */
    SESSION_NO_BLOCK = 1 << 9,        /* whatever would wait is over at once: within EXEC */
    SESSION_SUBSCRIBED = 1 << 10,     /* listens to channels; set by its owner */
    SESSION_CACHING = 1 << 11,        /* CLIENT CACHING: up to the next command's end */
};

/* The owner's side. Functions may be NULL. */
struct session_host {
    const char *kind; /* "client", "aof", "script", ... */
    /* A gate parked the request, or the session is parked already: the owner keeps it, takes the
     * flag away some time after the hook `resumed`, and then runs it and all that follow in their
     * order. */
    void (*defer)(struct session *s, const struct request *request);
    /* The command for which the session was blocked has been replied: the owner takes the flag
     * SESSION_PARKED away, and runs what it kept meanwhile. NULL: such sessions never block. */
    void (*resume)(struct session *s);
    /* A protocol error takes its turn in the queue: reply it and close after the reply. */
    void (*protocol_error)(struct session *s, const struct request *request);
    /* It sent what a browser sends: somebody may abuse one to reach the server. Close at once. */
    void (*suspicious)(struct session *s);
    /* On the server's own machine (loopback, Unix socket): what "local" settings ask. */
    bool (*is_local)(const struct session *s);
    /* Back to the state of a fresh connection: RESET; the host's own part. */
    void (*reset)(struct session *s);
    /* Close when what was replied has left: QUIT. */
    void (*close_after_reply)(struct session *s);
    /* Who it is, for logs: the peer's address, and the name that it gave itself (borrowed). */
    void (*describe)(const struct session *s, struct buf *address, struct slice *ret_name);
    /* CLIENT SETNAME by HELLO: 0, or -EINVAL for a bad name. */
    int (*set_name)(struct session *s, struct slice name);
};

struct session {
    struct reply reply;
    struct dispatch *dispatch;
    struct db *db;
    const struct session_host *host;
    const struct command_slot *last; /* of the latest command, NULL before the first */
    uint64_t id;                     /* of CLIENT ID; rises, never reused */
    uint64_t commands;               /* that it has run */
    uint64_t journal_offset; /* behind its latest command: what it knows of is before that */
    uint32_t flags;
    uint32_t gates;  /* gates that matter for this session whatever the server's state */
    uint32_t exempt; /* gates that never apply to it */
    struct transaction *transaction; /* between MULTI and its end, else NULL */
    struct watch *watches;           /* NULL when it watches nothing */
    struct waiter *waiter;           /* while blocked */
};

/* `sink` of the reply is set by the owner. Starts in database 0, RESP2, authenticated if no
 * password is required. */
void session_init(struct session *s, struct dispatch *d, const struct session_host *host,
                  uint64_t id);
/* Gives up what it holds: a transaction, watched keys, a wait. Before the dispatcher is freed. */
void session_done(struct session *s);

/* What the enable-* directives say: no, yes, or only to peers on the server's own machine. */
enum session_allowed { ALLOWED_NO, ALLOWED_YES, ALLOWED_LOCAL };
bool session_is_allowed(const struct session *s, int setting);

void session_set_authenticated(struct session *s, bool yes);
bool session_is_authenticated(const struct session *s);

/* It listens to channels now, or does not any more: in RESP2 it runs little else meanwhile. */
void session_set_subscribed(struct session *s, bool yes);

/* It is shown what others run (MONITOR), or is not any more: meanwhile it runs nothing that looks at
 * keys, and no pause holds it up. */
void session_set_onlooker(struct session *s, bool yes);

/* CLIENT REPLY ON, OFF and SKIP. SKIP changes nothing while replies are off. */
enum session_reply_mode { SESSION_REPLIES_ON, SESSION_REPLIES_OFF, SESSION_REPLIES_SKIP_ONE };
void session_set_reply_mode(struct session *s, enum session_reply_mode mode);

/* Database 0, RESP2, no flags of its own, authentication as for a new connection. */
void session_reset(struct session *s);

/* ---- transactions ---- */

INLINE bool session_in_transaction(const struct session *s)
{
    return s->transaction != NULL;
}

/* Requests that were queued since MULTI. */
size_t session_queued(const struct session *s);
/* Bytes of their arguments: received and not yet run. */
size_t session_queued_bytes(const struct session *s);
size_t session_watched(const struct session *s); /* keys */
/* Memory that is held for all this. */
size_t session_memory(const struct session *s);

INLINE bool session_runs(const struct session *s)
{
    return !(s->flags & (SESSION_PARKED | SESSION_CLOSING));
}

#endif
