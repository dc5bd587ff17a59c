/* What a server answers that stands alone: no replica, no module.
 *
 * ROLE, WAIT and MODULE are asked by clients and tools of every server; these answers are
 * those of a primary that nobody follows. */
#include "server/standalone.h"
#include "base/log.h"
#include "dispatch/block.h"
#include "dispatch/cmd.h"
#include "journal/journal.h"
#include "server/server_priv.h"

/* ---- ROLE, WAIT ---- */

static void run_role(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    reply_array(cmd->reply, 3);
    reply_bulk_str(cmd->reply, "master");
    reply_int(cmd->reply, (int64_t)journal_offset(s->journal));
    reply_array(cmd->reply, 0);
}

/* No replica can come, so nobody is ever asked: all that ends a wait is its time. */

static void give_up_wait(struct cmd *cmd, const struct block_wake *wake UNUSED)
{
    reply_int(cmd->reply, 0);
}

static void run_wait(struct cmd *cmd)
{
    int64_t replicas, timeout_ms;
    if (!cmd_int(cmd, 1, &replicas, NULL) || !cmd_timeout(cmd, 2, TIMEOUT_IN_MS, &timeout_ms))
        return;
    if (replicas <= 0)
        reply_int(cmd->reply, 0);
    else
        cmd_block(cmd, &(struct block_on){ .timed_out = give_up_wait, .timeout_ms = timeout_ms });
}

/* ---- MODULE ---- */

static void run_module_list(struct cmd *cmd)
{
    reply_array(cmd->reply, 0);
}

static void run_module_load(struct cmd *cmd)
{
    struct slice path = cmd_arg(cmd, 2);
    log_write(LOG_WARNING, "Module %.*s failed to load: this server does not load modules",
              SLICE_ARGS(path));
    reply_error(cmd->reply, "ERR Error loading the extension. Please check the server logs.");
}

static void run_module_unload(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR Error unloading module: no such module with that name");
}

static void run_module_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "LIST",
        "    The modules that are loaded.",
        "LOAD <path> [<arg> ...]",
        "    Load a module from a file, with arguments for it.",
        "LOADEX <path> [CONFIG <name> <value> ...] [ARGS <arg> ...]",
        "    The same, with values for its directives.",
        "UNLOAD <name>",
        "    Unload a module.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

/* ---- rows ---- */

static const char *const wait_tips[] = { "request_policy:all_shards", "response_policy:agg_min",
                                         NULL };
static const char *const list_tips[] = { "nondeterministic_output_order", NULL };

#define MODULE_CHANGE                                                          \
    .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_NO_ASYNC_LOADING | CMD_PROTECTED, \
    .group = GROUP_SERVER, .complexity = "O(1)"

static const struct command module_rows[] = {
    {
        .name = "help",
        .run = run_module_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_SERVER,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Describes the subcommands.",
        .syntax = "",
    },
    {
        .name = "list",
        .run = run_module_list,
        .arity = 2,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "O(N) for N modules",
        .summary = "The modules that are loaded.",
        .syntax = "",
        .tips = list_tips,
    },
    {
        .name = "load",
        .run = run_module_load,
        .arity = -3,
        MODULE_CHANGE,
        .since = "4.0.0",
        .summary = "Loads a module.",
        .syntax = "path [arg]...",
    },
    {
        .name = "loadex",
        .run = run_module_load,
        .arity = -3,
        MODULE_CHANGE,
        .since = "7.0.0",
        .summary = "Loads a module, with values for its directives.",
        .syntax = "path [(CONFIG configs={name value})...] [ARGS args={arg}...]",
    },
    {
        .name = "unload",
        .run = run_module_unload,
        .arity = 3,
        MODULE_CHANGE,
        .since = "4.0.0",
        .summary = "Unloads a module.",
        .syntax = "name",
    },
};

static const struct command rows[] = {
    {
        .name = "role",
        .run = run_role,
        .arity = 1,
        .flags = CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_SENTINEL,
        .group = GROUP_SERVER,
        .acl = ACL_ADMIN | ACL_DANGEROUS,
        .since = "2.8.12",
        .complexity = "O(1)",
        .summary = "Whether this is a primary or a replica, and of whom.",
        .syntax = "",
    },
    {
        .name = "wait",
        .run = run_wait,
        .arity = 3,
        .flags = CMD_NO_SCRIPT,
        .group = GROUP_GENERIC,
        .acl = ACL_NO_GROUP | ACL_CONNECTION,
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Waits until so many replicas have what this connection has written.",
        .syntax = "numreplicas:int timeout:int",
        .tips = wait_tips,
    },
    {
        .name = "module",
        .arity = -2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "Extends the server.",
        .syntax = "",
        .subs = module_rows,
        .sub_count = COUNT_OF(module_rows),
    },
};

struct command_table standalone_commands(struct server *s)
{
    return (struct command_table){ rows, COUNT_OF(rows), s };
}
