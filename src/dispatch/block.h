/* Waiting: what a command does that cannot be served yet.
 *
 * A handler that finds nothing to take calls cmd_block() and returns without a reply. Its session
 * is parked, the request is kept, and what the session sends meanwhile is set aside. When one of
 * the keys that it waits for has been changed, by whomever and however (a write, EXEC, RENAME,
 * RESTORE, SWAPDB), the waiter is asked at the end of that unit, before the reply to it leaves:
 * `serve` runs as a unit of its own, with a struct cmd like the handler's. It either replies and
 * returns true, or replies nothing, changes nothing, returns false, and goes on waiting. Those who
 * wait for the same key are asked in the order of their arrival; keys in the order in which they
 * were changed. What is served may change keys for which others wait: they are asked next.
 *
 *   static bool serve_pop(struct cmd *cmd, const struct block_wake *wake)
 *   {
 *       struct key key = db_key(cmd->db, wake->key);
 *       struct entry *e = db_lookup_write(cmd->db, key);
 *       ... pop, reply, notify ...
 *       CMD_EFFECT(cmd, SLICE("LPOP"), key.name);      // the default is the request as it came
 *       return true;
 *   }
 *
 *   static void run_blpop(struct cmd *cmd)
 *   {
 *       int64_t timeout_ms;
 *       if (!cmd_timeout(cmd, cmd->argc - 1, TIMEOUT_IN_SECONDS, &timeout_ms))
 *           return;
 *       for (int i = 1; i < cmd->argc - 1; i++)
 *           if (pop_or_refuse(cmd, i))
 *               return;
 *       cmd_block(cmd, &(struct block_on){ .serve = serve_pop,
 *                                       .timeout_ms = timeout_ms,
 *                                       .types = BLOCK_TYPE(TYPE_LIST),
 *                                       .first_key = 1,
 *                                       .key_count = cmd->argc - 2 });
 *   }
 *
 * Statistics count a command when it begins to wait; histogram and slow log see it when it is served.
 *
 * Invariant: a session with SESSION_BLOCKED is parked and has exactly one waiter. */
#ifndef DISPATCH_BLOCK_H
#define DISPATCH_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "db/db.h"
#include "types/entry.h"

struct cmd;
struct dispatch;
struct loop;
struct session;

/* ---- for handlers ---- */

/* What a waiter is told when it is asked. */
struct block_wake {
    struct slice key;  /* that was changed, of the session's database; ptr NULL: something else */
    struct slice note; /* as given to cmd_block */
};

typedef bool (*block_serve)(struct cmd *cmd, const struct block_wake *wake);
typedef void (*block_give_up)(struct cmd *cmd, const struct block_wake *wake);

/* Waiters for something that is no key (acknowledgements of replicas, a file that was synced). It
 * belongs to whoever knows when that happens. */
struct block_queue {
    struct list waiters;
    struct list in_ready;
    bool of_key; /* the dispatcher's own */
};

#define BLOCK_TYPE(type) (UINT32_C(1) << (type))
/* Every change matters, also that the key has gone or holds a value of another type. */
#define BLOCK_ANY_STATE UINT32_C(0)

struct block_on {
    block_serve serve;
    block_give_up timed_out;   /* replies when the time is over; NULL: a null array */
    int64_t timeout_ms;        /* 0: for ever */
    uint32_t types;            /* asked only while the key holds a value of one of these */
    int first_key, key_count;  /* arguments; a key may be named twice */
    struct block_queue *queue; /* or NULL; beside the keys */
    struct slice note;         /* bytes of the handler's own, copied: a resolved id, a target */
};

/* Parks the session until it is served, its time is over, or it is unblocked. Where nothing may
 * wait (cmd_may_block) it is timed out at once. */
void cmd_block(struct cmd *cmd, const struct block_on *block);

/* False inside EXEC, and for sessions that nobody resumes (scripts, the loader). */
bool cmd_may_block(const struct cmd *cmd);

/* Those who wait for the key are asked when the unit ends, though it was not changed as WATCH sees it. */
void cmd_wake_waiters(const struct cmd *cmd, struct key key);

/* A timeout argument: seconds with a fraction, which is rounded up to milliseconds, or
 * milliseconds. On failure replies the peers' error and returns false. */
enum timeout_unit { TIMEOUT_IN_SECONDS, TIMEOUT_IN_MS };
bool cmd_timeout(struct cmd *cmd, int i, enum timeout_unit unit, int64_t *ret_timeout_ms);

/* ---- for who makes things happen ---- */

void block_queue_init(struct block_queue *q);
/* It has happened: all who wait in the queue are asked when the unit ends; outside of units by the
 * next dispatch_serve_waiters(). */
void block_queue_wake(struct dispatch *d, struct block_queue *q);

/* ---- for owners of sessions ---- */

/* Ends the wait: with the reply of a timeout, or with `error` ("UNBLOCKED ..."). False if the
 * session is not blocked. */
bool session_unblock(struct session *s, const char *error);
/* The owner goes: the wait ends without a reply, and the session stays parked. */
void session_cancel_wait(struct session *s);

/* ---- for the server ---- */

/* Timeouts are timers of this loop. Once, before a session blocks with a timeout. */
void dispatch_use_loop(struct dispatch *d, struct loop *loop);
/* Asks those whose keys were changed outside of units (by expiry) or whose queue was woken. Once a
 * turn, before replies leave; costs a comparison if there is nothing to do. */
void dispatch_serve_waiters(struct dispatch *d);

struct block_counts {
    size_t sessions, with_timeout;
    size_t keys;           /* for which somebody waits, */
    size_t keys_any_state; /* and somebody in BLOCK_ANY_STATE */
};
struct block_counts dispatch_block_counts(const struct dispatch *d);

#endif
