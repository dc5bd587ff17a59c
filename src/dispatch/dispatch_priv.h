/* What the files of this room share. */
#ifndef DISPATCH_PRIV_H
#define DISPATCH_PRIV_H

#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "dispatch/observe_priv.h"

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
    uint64_t next_ms_at_ns; /* when the wall time in ms changes next */
    int64_t now_ms;
};

struct dispatch_pause_state {
    int64_t until_ms;
    bool writes_only;
};

struct dispatch {
    struct keyspace *keyspace;
    struct journal *journal;
    struct registry registry;
    struct dispatch_clock clock;
    struct dispatch_pause_state pause;
    struct dispatch_settings settings;
    struct dispatch_hooks hooks;
    const struct cmd *current;
    bool halted;
    uint32_t live_gates;
    uint64_t commands_processed;
    uint64_t error_replies;
    uint64_t logins_refused;
    struct error_stat errors[ERROR_CODES_MAX + 1]; /* in the order of their codes */
    size_t error_codes;
    struct observe observe;
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

enum verdict { VERDICT_PASS, VERDICT_REFUSE, VERDICT_PARK };

/* The gates that concern a command, from its flags. */
uint32_t gate_mask_of(const struct command *row);
/* Asks every gate that is live, in order. A refusal has been replied. */
enum verdict gates_ask(struct dispatch *d, struct cmd *cmd, const struct command_slot *slot);
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

#endif
