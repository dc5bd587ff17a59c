/* The dispatcher: from a parsed request to its effects.
 *
 * It owns the registry of commands, the gates, and the unit: the outermost command with all that
 * follows from it. A batch is what all clients sent in one turn; dispatch_run_batch looks ahead in
 * it (command, hash, bucket, entry) and runs it in order.
 *
 * A unit takes one reading of the clock: its end is the start of the next one. */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/hook.h"
#include "base/metric.h"
#include "dispatch/command.h"
#include "dispatch/session.h"
#include "resp/parse.h"

/* The version that clients are told, because they choose their features by it. */
#define DISPATCH_COMPATIBLE_VERSION "7.2.4"

struct arena;
struct blob;
struct db;
struct dispatch;
struct histogram;
struct journal;
struct key;
struct keyspace;

/* ---- the registry ---- */

/* A command with what changes about it. */
struct command_slot {
    const struct command *row;
    void *owner;
    struct command_slot *parent; /* of a subcommand */
    struct command_slot *subs;
    uint32_t gates; /* that concern it */
    uint32_t sub_count;
    int first_key;         /* argument of the first key if it is always the same one, else 0 */
    const char *full_name; /* "client|kill" */
    uint64_t calls, ns, rejected, failed;
    struct histogram *latency; /* of its calls in nanoseconds; NULL before the first */
    char *found_as;            /* the name that dispatch_rename gave it; NULL: the row's */
};

struct dispatch *dispatch_new(struct keyspace *ks, struct journal *journal);
void dispatch_free(struct dispatch *d);
/* Adds a room's commands; a name may be registered once. */
void dispatch_register(struct dispatch *d, const struct command_table *table);

/* From now on the command is found as `to`, or not at all if that is empty; everywhere else it goes by
 * its own name. 0, -ENOENT if there is no `from`, -EEXIST if there is a `to`. Before any request. */
MUST_USE int dispatch_rename(struct dispatch *d, struct slice from, struct slice to);

/* Case-blind. NULL if unknown. */
struct command_slot *dispatch_find(const struct dispatch *d, struct slice name);
/* The subcommand `name` of a container, or NULL. */
struct command_slot *dispatch_find_sub(const struct command_slot *slot, struct slice name);
/* Top-level slots in the order of registration: index below dispatch_count. */
size_t dispatch_count(const struct dispatch *d);
struct command_slot *dispatch_at(const struct dispatch *d, size_t index);
/* The slot that `argv` names, its subcommand if there is one. NULL if unknown. */
struct command_slot *dispatch_resolve(const struct dispatch *d, const struct slice *argv, int argc);

struct keyspace *dispatch_keyspace(const struct dispatch *d);
struct journal *dispatch_journal(const struct dispatch *d);

/* ---- running ---- */

/* A request in a batch. */
struct request {
    struct session *session;
    struct resp_request parsed;
    const char *error; /* a protocol error in its place; `parsed` is empty then */
    struct blob *bulk; /* its last argument that was received into a blob, borrowed; or NULL */
    struct command_slot *slot;
    uint64_t hash; /* of its first key, when slot->first_key */
    /* What there is to be looked at further ahead (batch.c). */
    uint8_t overflows;  /* the key's bucket does: its entry is asked for later */
    uint8_t element;    /* the argument that names an element; 0: none */
    bool seeks_element; /* whose hash is this */
    uint64_t element_hash;
};

struct batch {
    struct request *items;
    size_t count, cap;
    struct arena *arena;
};

void batch_init(struct batch *b, struct arena *arena);
void batch_done(struct batch *b);
/* A new item at the end; the caller fills session and parsed (or error). */
struct request *batch_add(struct batch *b);

/* Runs all items in order and empties the batch. Items of parked sessions go to host->defer, those
 * of closing ones are dropped. */
/* The server ends: what is left of the batch is dropped, and nothing runs any more. */
void dispatch_halt(struct dispatch *d);
void dispatch_run_batch(struct dispatch *d, struct batch *batch);
/* Runs one request now, for sessions without a batch. */
void dispatch_run(struct dispatch *d, struct request *request, struct arena *arena);

/* The turn's base: reads both clocks. Called by the turn before phase 2 and by nested turns. */
void dispatch_time_sync(struct dispatch *d);
int64_t dispatch_now_ms(const struct dispatch *d);
/* Unix microseconds at the end of the latest call. */
uint64_t dispatch_called_at_us(const struct dispatch *d);
uint64_t dispatch_now_mono_ns(const struct dispatch *d); /* start of the current unit */

/* The command being run, for crash reports and nested units; NULL between units. */
const struct cmd *dispatch_current(const struct dispatch *d);

/* ---- gates ---- */

enum gate_id {
    GATE_PROTECTED,
    GATE_AUTH,
    GATE_NO_MULTI,
    GATE_DISK_ERROR, /* dispatch_set_disk_error() */
    GATE_SUBSCRIBED,
    GATE_LOADING,
    GATE_NO_KEYS,
    GATE_PAUSE,
    GATE_QUEUE,
    GATE_COUNT,
};

/* Makes a gate matter (or not) for every session. */
void dispatch_gate_set(struct dispatch *d, enum gate_id gate, bool live);

/* Who could not write down what was changed: as long as one of them says so, writes are refused, with the text
 * of the first of them that has one. */
enum dispatch_disk_user { DISK_SNAPSHOT, DISK_AOF, DISK_USER_COUNT };
/* The whole error reply ("MISCONF ..."), copied; NULL: all is well (again). */
void dispatch_set_disk_error(struct dispatch *d, enum dispatch_disk_user who, const char *text);

/* CLIENT PAUSE. With `writes_only`, only what may change data waits. While paused, keys do not
 * expire. `until_ms` 0 ends it. The hook `resumed` is called when a pause ends, to let the parked
 * sessions go on. */
void dispatch_pause(struct dispatch *d, bool writes_only, int64_t until_ms);
/* Unix ms at which the pause ends, 0 if there is none. */
int64_t dispatch_paused_until(const struct dispatch *d);
bool dispatch_pause_spares_reads(const struct dispatch *d);
void dispatch_pause_check(struct dispatch *d, int64_t now_ms); /* ends it when it is over */

/* ---- hooks, statistics, what the room exports ---- */

struct dispatch_hooks {
    /* A pause has ended. */
    HOOK_TYPE(dispatch_resumed_hook) resumed;
    /* requirepass changed: sessions authenticated so far stay so. */
    HOOK_TYPE(dispatch_password_hook) password_changed;
    /* FLUSHALL has removed all keys: what is kept of them elsewhere may go, too. */
    HOOK_TYPE(dispatch_emptied_hook) emptied;

    /* Of those who look on. While none of these is set they cost one branch a unit in all: whoever
     * sets or clears one calls dispatch_listen(). None may change data.
     *
     * A call has run: each outermost one, those within EXEC before it, in their order. */
    HOOK_TYPE(dispatch_called_hook, const struct cmd *cmd) called;
    /* A unit's calls have run and been replied. */
    HOOK_TYPE(dispatch_unit_hook) unit_ended;
    /* A key was modified or removed; watches on it are broken already. */
    HOOK_TYPE(dispatch_changed_hook, struct db *db, const struct key *key) changed;
};
struct dispatch_hooks *dispatch_hooks(struct dispatch *d);
/* Takes note of which hooks are set. */
void dispatch_listen(struct dispatch *d);

struct dispatch_settings {
    char *requirepass;
    int enable_debug_command, enable_protected_configs,
        enable_module_command; /* 0 no, 1 yes, 2 local */
    char *availability_zone;
    bool extended_redis_compatibility;
};
const struct dispatch_settings *dispatch_settings(const struct dispatch *d);

/* Checks a password of the default user in constant time. */
bool dispatch_password_ok(const struct dispatch *d, struct slice user, struct slice password);
bool dispatch_password_required(const struct dispatch *d);

uint64_t dispatch_commands_processed(const struct dispatch *d);

/* An error reply was written: counted by its code for errorstats. Every session's writer does. */
void dispatch_count_error(struct dispatch *d, struct slice text);

struct directive_table dispatch_directives(struct dispatch *d);
struct directive_table dispatch_identity_directives(struct dispatch *d);
/* The command logs, the latency monitor and the histograms. */
struct directive_table dispatch_observe_directives(struct dispatch *d);
/* Stats (in part), Commandstats, Errorstats, Latencystats. */
struct metric_table dispatch_metrics(struct dispatch *d);
/* Clients: who watches keys and who waits for them. */
struct metric_table dispatch_interest_metrics(struct dispatch *d);
/* Registers COMMAND, the verbs of a session (SELECT, AUTH, HELLO, RESET, QUIT), of transactions, and
 * of observation. */
void dispatch_register_own(struct dispatch *d);

/* ---- keys of a request ---- */

struct key_ref {
    int at; /* argument index */
    uint32_t flags;
};
/* The keys of a request, at most `max` written; the number found, or -EINVAL if the arguments
 * do not say it (wrong count). */
int dispatch_keys(const struct command *row, const struct slice *argv, int argc,
                  struct key_ref *ret_keys, int max);

#endif
