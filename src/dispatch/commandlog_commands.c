/* SLOWLOG and COMMANDLOG. */
#include "dispatch/dispatch_priv.h"

#define SHOWN_BY_DEFAULT 10
#define COUNT_ERROR "ERR count should be greater than or equal to -1"

static void reply_entry(struct reply *r, const struct commandlog_entry *entry)
{
    reply_array(r, 6);
    reply_int(r, entry->id);
    reply_int(r, entry->unix_s);
    reply_int(r, (int64_t)entry->amount);
    reply_array(r, (size_t)entry->argc);
    for (int i = 0; i < entry->argc; i++)
        reply_bulk(r, entry->argv[i]);
    reply_bulk(r, entry->address);
    reply_bulk(r, entry->name);
}

/* The latest `count`; all of them if it is -1. */
static void reply_log(struct cmd *cmd, enum commandlog_kind kind, int64_t count)
{
    const struct commandlog *log = &cmd->dispatch->observe.logs[kind];
    int64_t left = count < 0 ? log->count : MIN_OF(count, log->count);
    reply_array(cmd->reply, (size_t)left);
    for (struct list *at = log->entries.next; left > 0; at = at->next, left--)
        reply_entry(cmd->reply, LIST_ENTRY(at, struct commandlog_entry, in_log));
}

static bool count_arg(const struct cmd *cmd, int i, int64_t *ret_count)
{
    return cmd_int_in(cmd, i, -1, INT64_MAX, ret_count, COUNT_ERROR);
}

static bool kind_arg(const struct cmd *cmd, int i, enum commandlog_kind *ret_kind)
{
    for (unsigned kind = 0; kind < COMMANDLOG_KINDS; kind++) {
        if (cmd_is(cmd, i, commandlog_kind_names[kind])) {
            *ret_kind = (enum commandlog_kind)kind;
            return true;
        }
    }
    reply_error(cmd->reply,
                "ERR type should be one of the following: slow, large-request, large-reply");
    return false;
}

static void run_slowlog_get(struct cmd *cmd)
{
    int64_t count = SHOWN_BY_DEFAULT;
    if (cmd->argc > 3)
        cmd_reply_subcommand_error(cmd);
    else if (cmd->argc < 3 || count_arg(cmd, 2, &count))
        reply_log(cmd, COMMANDLOG_SLOW, count);
}

static void run_slowlog_len(struct cmd *cmd)
{
    reply_int(cmd->reply, cmd->dispatch->observe.logs[COMMANDLOG_SLOW].count);
}

static void run_slowlog_reset(struct cmd *cmd)
{
    commandlog_reset(&cmd->dispatch->observe.logs[COMMANDLOG_SLOW]);
    reply_ok(cmd->reply);
}

static void run_slowlog_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return the latest entries of the slow log (10, -1 for all), the newest first:",
        "    id, unix time, microseconds, arguments, address and name of the client.",
        "LEN",
        "    Return how many entries the slow log has.",
        "RESET",
        "    Empty the slow log.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

static void run_commandlog_get(struct cmd *cmd)
{
    int64_t count;
    enum commandlog_kind kind;
    if (count_arg(cmd, 2, &count) && kind_arg(cmd, 3, &kind))
        reply_log(cmd, kind, count);
}

static void run_commandlog_len(struct cmd *cmd)
{
    enum commandlog_kind kind;
    if (kind_arg(cmd, 2, &kind))
        reply_int(cmd->reply, cmd->dispatch->observe.logs[kind].count);
}

static void run_commandlog_reset(struct cmd *cmd)
{
    enum commandlog_kind kind;
    if (!kind_arg(cmd, 2, &kind))
        return;
    commandlog_reset(&cmd->dispatch->observe.logs[kind]);
    reply_ok(cmd->reply);
}

static void run_commandlog_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "GET <count> <type>",
        "    Return the latest entries of a log (-1 for all), the newest first: id, unix time,",
        "    microseconds (slow) or bytes (large-request, large-reply), arguments, address and",
        "    name of the client.",
        "LEN <type>",
        "    Return how many entries a log has.",
        "RESET <type>",
        "    Empty a log.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

/* ---- rows ---- */

static const char *const get_tips[] = { "request_policy:all_nodes", "nondeterministic_output",
                                        NULL };
static const char *const len_tips[] = { "request_policy:all_nodes", "response_policy:agg_sum",
                                        "nondeterministic_output", NULL };
static const char *const reset_tips[] = { "request_policy:all_nodes",
                                          "response_policy:all_succeeded", NULL };

#define SUB(word, f, count) .name = (word), .run = (f), .arity = (count), .group = GROUP_SERVER
#define ADMIN .flags = CMD_ADMIN | CMD_LOADING | CMD_STALE
#define HELP .flags = CMD_LOADING | CMD_STALE
#define KINDS "type=<SLOW | LARGE-REQUEST | LARGE-REPLY>"

static const struct command slowlog_subs[] = {
    { SUB("get", run_slowlog_get, -2), ADMIN, .since = "2.2.12",
      .complexity = "O(N) where N is the number of entries returned",
      .summary = "The latest entries of the slow log.", .syntax = "[count:int]", .tips = get_tips },
    { SUB("help", run_slowlog_help, 2), HELP, .since = "6.2.0", .complexity = "O(1)",
      .summary = "Explains the subcommands.", .syntax = "" },
    { SUB("len", run_slowlog_len, 2), ADMIN, .since = "2.2.12", .complexity = "O(1)",
      .summary = "How many entries the slow log has.", .syntax = "", .tips = len_tips },
    { SUB("reset", run_slowlog_reset, 2), ADMIN, .since = "2.2.12",
      .complexity = "O(N) where N is the number of entries in the slowlog",
      .summary = "Empties the slow log.", .syntax = "", .tips = reset_tips },
};

static const struct command commandlog_subs[] = {
    { SUB("get", run_commandlog_get, 4), ADMIN, .since = "8.1.0",
      .complexity = "O(N) where N is the number of entries returned",
      .summary = "The latest entries of a log of commands.", .syntax = "count:int " KINDS,
      .tips = get_tips },
    { SUB("help", run_commandlog_help, 2), HELP, .since = "8.1.0", .complexity = "O(1)",
      .summary = "Explains the subcommands.", .syntax = "" },
    { SUB("len", run_commandlog_len, 3), ADMIN, .since = "8.1.0", .complexity = "O(1)",
      .summary = "How many entries a log of commands has.", .syntax = KINDS, .tips = len_tips },
    { SUB("reset", run_commandlog_reset, 3), ADMIN, .since = "8.1.0",
      .complexity = "O(N) where N is the number of entries in the commandlog",
      .summary = "Empties a log of commands.", .syntax = KINDS, .tips = reset_tips },
};

const struct command commandlog_rows[] = {
    { SUB("commandlog", NULL, -2), .since = "8.1.0", .complexity = "Depends on subcommand.",
      .summary = "Logs of slow commands, large requests and large replies.", .syntax = "",
      .subs = commandlog_subs, .sub_count = COUNT_OF(commandlog_subs) },
    { SUB("slowlog", NULL, -2), .since = "2.2.12", .complexity = "Depends on subcommand.",
      .summary = "The log of commands that took long.", .syntax = "", .subs = slowlog_subs,
      .sub_count = COUNT_OF(slowlog_subs) },
};

const size_t commandlog_row_count = COUNT_OF(commandlog_rows);
