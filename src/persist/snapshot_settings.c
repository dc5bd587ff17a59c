/* Snapshots: verbs, directives, fields of INFO. */
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "dispatch/cmd.h"
#include "persist/children.h"
#include "persist/snapshot_priv.h"

/* ---- verbs ---- */

/* The error that the peers reply where the log has the reason. */
#define ERR_SEE_LOG "ERR"
#define ERR_IN_PROGRESS "ERR Background save already in progress"

static void run_save(struct cmd *cmd)
{
    struct snapshot *s = cmd->owner;
    if (children_kind(s->persist->children) == CHILD_SNAPSHOT) {
        reply_error(cmd->reply, ERR_IN_PROGRESS);
        return;
    }
    s->count++;
    if (snapshot_save(s) < 0)
        reply_error(cmd->reply, ERR_SEE_LOG);
    else
        reply_ok(cmd->reply);
}

static void run_cancel(struct cmd *cmd)
{
    struct snapshot *s = cmd->owner;
    if (children_ask_to_go(s->persist->children, CHILD_SNAPSHOT)) {
        log_write(LOG_NOTICE, "Background saving is given up, as a user asked for");
        reply_status(cmd->reply, SLICE("Background saving cancelled"));
    } else if (snapshot_unplan(s)) {
        log_write(LOG_NOTICE, "Scheduled background saving is given up, as a user asked for");
        reply_status(cmd->reply, SLICE("Scheduled background saving cancelled"));
    } else {
        reply_error(cmd->reply, "ERR Background saving is currently not in progress or scheduled");
    }
}

static void plan(struct cmd *cmd)
{
    snapshot_begin_later(cmd->owner);
    reply_status(cmd->reply, SLICE("Background saving scheduled"));
}

/* A fork in a transaction would save half of it. */
static void begin(struct cmd *cmd, bool may_wait)
{
    struct snapshot *s = cmd->owner;
    enum child_kind kind = children_kind(s->persist->children);
    bool amid_exec = session_in_transaction(cmd->session);
    if (kind == CHILD_SNAPSHOT)
        reply_error(cmd->reply, ERR_IN_PROGRESS);
    else if (amid_exec || (kind != CHILD_NONE && may_wait))
        plan(cmd);
    else if (kind != CHILD_NONE)
        reply_error(cmd->reply,
                    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use "
                    "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.");
    else if (snapshot_begin(s) < 0)
        reply_error(cmd->reply, ERR_SEE_LOG);
    else
        reply_status(cmd->reply, SLICE("Background saving started"));
}

static void run_bgsave(struct cmd *cmd)
{
    bool may_wait = cmd->argc == 2 && cmd_is(cmd, 1, "schedule");
    if (cmd->argc == 2 && cmd_is(cmd, 1, "cancel"))
        run_cancel(cmd);
    else if (cmd->argc == 1 || may_wait)
        begin(cmd, may_wait);
    else
        reply_error(cmd->reply, ERR_SYNTAX);
}

static void run_lastsave(struct cmd *cmd)
{
    const struct snapshot *s = cmd->owner;
    reply_int(cmd->reply, s->saved_at_s);
}

static const struct command commands[] = {
    { .name = "bgsave",
      .run = run_bgsave,
      .arity = -1,
      .flags = CMD_NO_ASYNC_LOADING | CMD_ADMIN | CMD_NO_SCRIPT,
      .group = GROUP_SERVER,
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Saves a snapshot of all data to disk in the background.",
      .syntax = "[operation=<SCHEDULE@3.2.2 | CANCEL@8.1.0>]" },
    { .name = "lastsave",
      .run = run_lastsave,
      .arity = 1,
      .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
      .group = GROUP_SERVER,
      .acl = ACL_ADMIN | ACL_DANGEROUS,
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "When the latest snapshot was saved, in seconds since 1970.",
      .syntax = "",
      .tips = (const char *const[]){ "nondeterministic_output", NULL } },
    { .name = "save",
      .run = run_save,
      .arity = 1,
      .flags = CMD_NO_ASYNC_LOADING | CMD_ADMIN | CMD_NO_SCRIPT | CMD_NO_MULTI,
      .group = GROUP_SERVER,
      .since = "1.0.0",
      .complexity = "O(N) where N is the total number of keys in all databases",
      .summary = "Saves a snapshot of all data to disk. Nobody else is served meanwhile.",
      .syntax = "" },
};

struct command_table snapshot_commands(struct snapshot *s)
{
    return (struct command_table){ .rows = commands, .count = COUNT_OF(commands), .owner = s };
}

/* ---- directives ---- */

static int apply(void *owner, const char **ret_error UNUSED)
{
    snapshot_update_gate(owner);
    return 0;
}

static bool parse_rule(const struct slice *words, struct snapshot_rule *ret_rule)
{
    int64_t seconds, changes;
    if (!num_parse_int(words[0], &seconds) || seconds < 1 || seconds > INT32_MAX)
        return false;
    if (!num_parse_int(words[1], &changes) || changes < 0 || changes > INT32_MAX)
        return false;
    *ret_rule = (struct snapshot_rule){ seconds, (uint64_t)changes };
    return true;
}

static int parse_save(void *owner, const struct slice *words, size_t count, const char **ret_error)
{
    struct snapshot *s = owner;
    *ret_error = "Invalid save parameters";
    if (count == 1 && words[0].len == 0)
        count = 0;
    if (count % 2 != 0)
        return -EINVAL;
    struct snapshot_rule *rules = mem_alloc(MAX_OF(count / 2, (size_t)1) * sizeof(*rules));
    for (size_t i = 0; i < count / 2; i++) {
        if (!parse_rule(&words[2 * i], &rules[i])) {
            mem_free(rules);
            return -EINVAL;
        }
    }
    mem_free(s->rules);
    s->rules = rules;
    s->rule_count = count / 2;
    return 0;
}

static void show_save(const void *owner, struct buf *out)
{
    const struct snapshot *s = owner;
    for (size_t i = 0; i < s->rule_count; i++)
        buf_printf(out, "%s%" PRId64 " %" PRIu64, i ? " " : "", s->rules[i].seconds,
                   s->rules[i].changes);
}

/* Files stay in their folder: a name with a slash would leave it. */
static int check_name(void *owner UNUSED, struct slice value, const char **ret_error)
{
    *ret_error = "dbfilename can't be a path, just a filename";
    return slice_find(value, '/') < 0 ? 0 : -EINVAL;
}

#define AT(member) .offset = offsetof(struct snapshot_settings, member)

static const struct directive directives[] = {
    { .name = "save",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI | DIRECTIVE_ADDS,
      .parse = parse_save,
      .show = show_save,
      .apply = apply,
      .initial = "3600 1 300 100 60 10000",
      .line_words = 2,
      .summary = "When a snapshot is taken by itself: pairs of seconds and changes. One is "
                 "begun when at least so many keys have changed within so many seconds. \"\" "
                 "for never: then the server ends without saving, too." },
    { .name = "dbfilename",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_PROTECTED,
      AT(dbfilename),
      .initial = "dump.rdb",
      .check = check_name,
      .summary = "The file of the snapshot, in the folder of `dir`. A name alone, without a "
                 "path." },
    { .name = "rdb-save-incremental-fsync",
      .type = DIRECTIVE_BOOL,
      AT(incremental_fsync),
      .initial = "yes",
      .summary = "Whether a snapshot that is being written is synced to the disk every few "
                 "megabytes, not at its end alone." },
    { .name = "stop-writes-on-bgsave-error",
      .type = DIRECTIVE_BOOL,
      AT(stop_writes_on_error),
      .apply = apply,
      .initial = "yes",
      .summary = "Whether writes are refused while the last snapshot in the background has "
                 "failed and there are rules in `save`." },
};

struct directive_table snapshot_directives(struct snapshot *s)
{
    return (struct directive_table){ directives, COUNT_OF(directives), &s->settings, s,
                                     "Persistence" };
}

/* ---- fields of INFO ---- */

static const struct snapshot *self(const void *owner)
{
    return owner;
}

static uint64_t changes(const void *owner)
{
    return snapshot_changes(owner);
}

static bool is_saving(const struct snapshot *s)
{
    return children_kind(s->persist->children) == CHILD_SNAPSHOT;
}

static uint64_t in_progress(const void *owner)
{
    return is_saving(owner);
}

static int64_t saved_at(const void *owner)
{
    return self(owner)->saved_at_s;
}

static void status(const void *owner, struct buf *out)
{
    buf_append_str(out, self(owner)->last_failed ? "err" : "ok");
}

static int64_t last_took(const void *owner)
{
    return self(owner)->last_took_s;
}

static int64_t takes(const void *owner)
{
    return is_saving(owner) ? children_age_ms(self(owner)->persist->children) / 1000 : -1;
}

static uint64_t count_of(const void *owner)
{
    return self(owner)->count;
}

static uint64_t failures(const void *owner)
{
    return self(owner)->failures_in_row;
}

static bool has_failed(const void *owner)
{
    return self(owner)->failures_in_row > 0;
}

static const struct metric metrics[] = {
    { .section = "Persistence",
      .name = "rdb_changes_since_last_save",
      .summary = "Changes of the data that no snapshot has.",
      .count = changes },
    { .section = "Persistence",
      .name = "rdb_bgsave_in_progress",
      .summary = "Whether a snapshot is being saved in the background.",
      .count = in_progress },
    { .section = "Persistence",
      .name = "rdb_last_save_time",
      .summary = "When the last snapshot was saved, or the server started, in seconds since 1970.",
      .value = saved_at },
    { .section = "Persistence",
      .name = "rdb_last_bgsave_status",
      .summary = "How the last snapshot in the background ended: ok, or err, until one succeeds.",
      .text = status },
    { .section = "Persistence",
      .name = "rdb_last_bgsave_time_sec",
      .summary = "Seconds that the last snapshot in the background took; -1: there was none.",
      .value = last_took },
    { .section = "Persistence",
      .name = "rdb_current_bgsave_time_sec",
      .summary = "Seconds since the present snapshot began; -1: there is none.",
      .value = takes },
    { .section = "Persistence",
      .name = "rdb_saves",
      .summary = "Snapshots that were begun since the start.",
      .count = count_of },
    { .section = "Persistence",
      .name = "rdb_saves_consecutive_failures",
      .summary = "Snapshots in the background that failed since the last good one, if any did.",
      .count = failures,
      .is_there = has_failed },
};

static void reset(void *owner)
{
    struct snapshot *s = owner;
    s->count = 0;
}

struct metric_table snapshot_metrics(struct snapshot *s)
{
    return (struct metric_table){
        .rows = metrics, .count = COUNT_OF(metrics), .owner = s, .reset = reset
    };
}
