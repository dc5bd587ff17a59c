/* Whole databases: FLUSHDB, FLUSHALL, SWAPDB. */
#include "base/num.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "dispatch/dispatch.h"

/* The journal gets the request also when there was nothing to do: where it is repeated, there may
 * be something. */
static void effect_as_received(struct cmd *cmd)
{
    cmd_effect(cmd, cmd->argv, (size_t)cmd->argc);
}

/* False if it was not done; it has replied. */
static bool flush(struct cmd *cmd, int index)
{
    struct keyspace *ks = db_keyspace(cmd->db);
    bool lazy = keyspace_settings(ks)->lazyfree_user_flush;
    if (cmd->argc == 2 && cmd_is(cmd, 1, "sync")) {
        lazy = false;
    } else if (cmd->argc == 2 && cmd_is(cmd, 1, "async")) {
        lazy = true;
    } else if (cmd->argc != 1) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    (void)keyspace_flush(ks, index, lazy);
    effect_as_received(cmd);
    reply_ok(cmd->reply);
    return true;
}

static void run_flushdb(struct cmd *cmd)
{
    (void)flush(cmd, db_index(cmd->db));
}

static void run_flushall(struct cmd *cmd)
{
    if (flush(cmd, -1))
        HOOK_CALL(dispatch_hooks(cmd->dispatch)->emptied);
}

static void run_swapdb(struct cmd *cmd)
{
    struct keyspace *ks = db_keyspace(cmd->db);
    int64_t a, b, count = keyspace_count(ks);
    if (!cmd_int_in(cmd, 1, INT32_MIN, INT32_MAX, &a, "ERR invalid first DB index") ||
        !cmd_int_in(cmd, 2, INT32_MIN, INT32_MAX, &b, "ERR invalid second DB index"))
        return;
    if (a < 0 || a >= count || b < 0 || b >= count) {
        reply_error(cmd->reply, "ERR DB index is out of range");
        return;
    }
    keyspace_swap(ks, (int)a, (int)b);
    effect_as_received(cmd);
    reply_ok(cmd->reply);
}

#define FLUSH_TIPS                                                         \
    (const char *const[])                                                  \
    {                                                                      \
        "request_policy:all_shards", "response_policy:all_succeeded", NULL \
    }

static const struct command rows[] = {
    {
        .name = "flushdb",
        .run = run_flushdb,
        .arity = -1,
        .flags = CMD_WRITE,
        .group = GROUP_SERVER,
        .acl = ACL_KEYSPACE | ACL_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(N) for N keys in the database",
        .summary = "Deletes every key of the database.",
        .syntax = "[async=<ASYNC@4.0.0 | SYNC@6.2.0>]",
        .tips = FLUSH_TIPS,
    },
    {
        .name = "flushall",
        .run = run_flushall,
        .arity = -1,
        .flags = CMD_WRITE,
        .group = GROUP_SERVER,
        .acl = ACL_KEYSPACE | ACL_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(N) for N keys in all databases",
        .summary = "Deletes every key of every database.",
        .syntax = "[async=<ASYNC@4.0.0 | SYNC@6.2.0>]",
        .tips = FLUSH_TIPS,
    },
    {
        .name = "swapdb",
        .run = run_swapdb,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SERVER,
        .acl = ACL_KEYSPACE | ACL_DANGEROUS,
        .since = "4.0.0",
        .complexity = "O(N) for N clients that watch keys of the two databases",
        .summary = "Lets two databases change places, for all who use them.",
        .syntax = "index1:int index2:int",
    },
};

struct command_table commands_flush(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
