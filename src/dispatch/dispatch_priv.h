/* What the files of this room share. */
#ifndef DISPATCH_PRIV_H
#define DISPATCH_PRIV_H

#include "base/arena.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "dispatch/interest_priv.h"
#include "dispatch/observe_priv.h"
#include "event/loop.h"

/* Error codes counted by errorstats; more are a sign of scripts that make them up. */
#define ERROR_CODES_MAX ((size_t)128)
#define ERROR_CODES_OVERFLOW "ERRORSTATS_OVERFLOW"
#define ERROR_CODE_LEN_MAX ((size_t)31) /* with the space behind it */

#define COMMAND_NAME_MAX 64

struct error_stat {
    char code[ERROR_CODE_LEN_MAX];
    uint64_t count;
};

/* Names to slots by open addressing; rebuilt when it grows. */
struct registry {
    struct command_slot **by_name;
    size_t mask;
    struct command_slot **in_order;
    size_t count, cap;
};

struct dispatch_clock {
    uint64_t base_mono_ns;
    uint64_t base_wall_us;
    uint64_t unit_start_ns;
    uint64_t last_ns;       /* the last reading: the next call's start */
    uint64_t next_ms_at_ns; /* when the wall time in ms changes next */
    int64_t now_ms;
};

struct dispatch_pause_state {
    int64_t until_ms;
    bool writes_only;
};

/* A session that is blocked, with its request; block.c. */
struct waiter {
    struct session *session;
    struct block_on block;
    struct request request;
    struct arena arena; /* of the request's bytes */
    uint64_t spent_ns;  /* until it was blocked */
    loop_timer timer;   /* 0: none */
    int64_t deadline_ms;
    uint32_t link_count;
    struct wait_link *links;
};

struct waiting {
    struct list ready; /* queues that were woken */
    bool serving;
    bool held; /* nobody is served: data is being loaded */
    struct loop *loop;
    struct arena scratch; /* of what serves a waiter */
};

struct dispatch {
    struct keyspace *keyspace;
    struct journal *journal;
    struct registry registry;
    struct dispatch_clock clock;
    struct dispatch_pause_state pause;
    char *disk_errors[DISK_USER_COUNT]; /* NULL: none */
    struct dispatch_settings settings;
    struct dispatch_hooks hooks;
    const struct cmd *current;
    bool halted;
    bool repeats;          /* amid unit_repeat() */
    bool is_looked_at;     /* hooks of those who look on are set */
    uint32_t errors_noted; /* of the current session's errors, those that are accounted for */
    struct interests interests;
    struct waiting waiting;
    size_t watching_sessions;
    uint32_t live_gates;
    uint64_t commands_processed;
    uint64_t error_replies;
    uint64_t logins_refused;
    struct observe observe;
    struct error_stat errors[ERROR_CODES_MAX + 1]; /* in the order of their codes */
    size_t error_codes;
};

/* ---- observe.c: a command's end ---- */

/* What was before its handler. */
struct observe_mark {
    uint64_t replied;
    uint32_t errors;
};

INLINE struct observe_mark observe_begin(const struct reply *r)
{
    return (struct observe_mark){ reply_total(r), r->errors };
}

/* It was run: a call, also if it waits for something now. */
INLINE void observe_count(struct dispatch *d, struct command_slot *slot, uint64_t took_ns)
{
    slot->calls++;
    slot->ns += took_ns;
    d->commands_processed++;
}

/* It has replied: histogram, command logs, latency monitor. Its arguments are those of the request
 * as it came. */
INLINE void observe_took(struct dispatch *d, const struct cmd *cmd, struct command_slot *slot,
                         uint64_t took_ns, uint64_t reply_bytes)
{
    const struct observe *o = &d->observe;
    if (LIKELY(o->settings.tracking)) {
        if (UNLIKELY(!slot->latency))
            slot->latency = histogram_new();
        histogram_add(slot->latency, took_ns);
    }
    bool slow = took_ns >= o->took_ns;
    bool large = cmd->request->parsed.wire.len - 1 >= o->request_bytes_less_1;
    bool long_reply = reply_bytes >= o->reply_bytes;
    if (UNLIKELY((int)slow | (int)large | (int)long_reply))
        observe_closely(d, cmd, took_ns, reply_bytes);
}

/* Both, for one that does not wait. */
INLINE void observe_end(struct dispatch *d, const struct cmd *cmd, struct command_slot *slot,
                        const struct observe_mark *mark, uint64_t took_ns)
{
    const struct reply *r = cmd->reply;
    slot->failed += r->errors != mark->errors;
    observe_count(d, slot, took_ns);
    observe_took(d, cmd, slot, took_ns, r->closed ? 0 : reply_total(r) - mark->replied);
}

/* ---- registry.c ---- */
void registry_init(struct registry *r);
void registry_done(struct registry *r);

/* ---- gate.c ---- */

enum verdict { VERDICT_PASS, VERDICT_REFUSE, VERDICT_PARK, VERDICT_QUEUE };

/* The gates that concern a command, from its flags. */
uint32_t gate_mask_of(const struct command *row);
/* Asks every gate that is live, in order. A refusal has been replied. */
enum verdict gates_ask(struct dispatch *d, struct cmd *cmd, const struct command_slot *slot);
/* Refuses: replies the error, and marks an open transaction. A refused EXEC discards it. */
void gate_refuse(struct cmd *cmd, const char *text);
void gate_refusef(struct cmd *cmd, const char *fmt, ...) PRINTF(2, 3);
/* Flags of the row; of EXEC, also those of what it will run. */
uint32_t gate_flags(const struct cmd *cmd);
/* Flags of the row; of EXEC, those that all have which it will run. */
uint32_t gate_flags_of_all(const struct cmd *cmd);
/* The request names no command, or not with this number of arguments: replies the error. */
void gate_refuse_unknown(struct dispatch *d, struct cmd *cmd);
void gate_refuse_arity(struct cmd *cmd, const struct command_slot *slot);

INLINE bool arity_fits(const struct command *row, uint32_t argc)
{
    return row->arity >= 0 ? argc == (uint32_t)row->arity : argc >= (uint32_t)-row->arity;
}

/* ---- cmd.c ---- */
/* A command's name in capitals, as help and errors print it, in `out`. */
struct slice command_name_upper(struct slice name, char out[static COMMAND_NAME_MAX]);

/* ---- batch.c: requests that outlive their batch ---- */

/* Bytes of the arguments. */
size_t request_args_bytes(const struct request *request);
/* A copy whose bytes lie in the arena, but for a blob, of which it takes a reference. */
void request_keep(struct request *kept, const struct request *request, struct arena *arena);
void request_drop(struct request *kept);

/* ---- unit.c ---- */

/* What passed since the last call belongs to no unit. */
void unit_time_restart(struct dispatch *d);
/* A request of a session that may run: gates, then the unit. */
void unit_run(struct dispatch *d, struct request *request, struct arena *arena);
/* A request of dispatch_repeat(). */
MUST_USE int unit_repeat(struct dispatch *d, struct request *request, struct arena *arena);
/* A queued request within EXEC: no gates, no unit of its own. */
void unit_nest(struct cmd *outer, struct request *request);
/* Asks a waiter. True if it was served. */
bool unit_serve(struct dispatch *d, struct waiter *w, const struct block_wake *wake);
/* Replies to a waiter for whom nothing came: `error`, or as it is when its time is over. */
void unit_give_up(struct dispatch *d, struct waiter *w, const char *error);

/* ---- multi.c ---- */
void session_discard(struct session *s); /* watched keys, too */
void transaction_queue(struct session *s, const struct request *request);
void transaction_mark_refused(struct session *s);
uint32_t transaction_flags(const struct session *s);
uint32_t transaction_flags_of_all(const struct session *s);
bool command_is_exec(const struct command_slot *slot);

/* ---- watch.c ---- */
void session_unwatch(struct session *s);
/* The key was changed; all keys of the database were replaced, and that of `it` is there. */
void watches_touch(struct interest *it);
void watches_replace(struct interest *it, enum db_replacement what, bool expired);
/* A key's time has passed since it was watched. */
bool watch_has_expired(const struct session *s);
size_t watch_memory(const struct session *s);

/* ---- block.c ---- */
void waiting_init(struct waiting *w);
void waiting_done(struct waiting *w);
COLD void waiting_serve(struct dispatch *d);
void block_time_out(struct cmd *cmd, const struct block_on *block, const struct block_wake *wake);
size_t waiter_memory(const struct waiter *w); /* accepts NULL */

/* ---- session.c ---- */
void session_after_unit(struct session *s); /* CLIENT REPLY SKIP moves on */

/* ---- categories.c: names of flags, groups and ACL categories ---- */
void reply_command_flags(struct reply *r, const struct command *row);
void reply_command_categories(struct reply *r, const struct command *row);
bool command_has_category(const struct command *row, struct slice category, bool *ret_known);

/* ---- command_info.c ---- */
void reply_key_flags(struct reply *r, uint32_t flags);
void reply_command_info(struct reply *r, const struct command_slot *slot);
void reply_command_docs(struct reply *r, struct arena *arena, const struct command_slot *slot);

/* ---- session_commands.c, command_command.c: rows ---- */
extern const struct command session_rows[];
extern const size_t session_row_count;
extern const struct command command_row;
extern const struct command multi_rows[];
extern const size_t multi_row_count;
extern const struct command watch_rows[];
extern const size_t watch_row_count;

#endif
