/* Connection verbs without a connection: PING, ECHO, TIME. */
#include "base/clock.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"

/* As a message, which is what a subscriber of RESP2 reads. */
static void reply_pong_message(const struct cmd *cmd)
{
    reply_array(cmd->reply, 2);
    reply_bulk(cmd->reply, SLICE("pong"));
    reply_bulk(cmd->reply, cmd->argc == 2 ? cmd_arg(cmd, 1) : SLICE(""));
}

static void run_ping(struct cmd *cmd)
{
    if (cmd->argc > 2)
        reply_error(cmd->reply, "ERR wrong number of arguments for 'ping' command");
    else if (UNLIKELY(cmd->session->flags & SESSION_SUBSCRIBED) && cmd->reply->proto == 2)
        reply_pong_message(cmd);
    else if (cmd->argc == 2)
        reply_bulk(cmd->reply, cmd_arg(cmd, 1));
    else
        reply_status(cmd->reply, SLICE("PONG"));
}

static void run_echo(struct cmd *cmd)
{
    reply_bulk(cmd->reply, cmd_arg(cmd, 1));
}

static void run_time(struct cmd *cmd)
{
    uint64_t now_us = clock_wall_us();
    reply_array(cmd->reply, 2);
    reply_bulk_int(cmd->reply, (int64_t)(now_us / 1000000));
    reply_bulk_int(cmd->reply, (int64_t)(now_us % 1000000));
}

static const struct command rows[] = {
    {
        .name = "ping",
        .run = run_ping,
        .arity = -1,
        .flags = CMD_FAST | CMD_SUBSCRIBED | CMD_ASKS_HEALTH,
        .group = GROUP_CONNECTION,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Answers PONG, or with the given message.",
        .syntax = "[message]",
        .tips = (const char *const[]){ "request_policy:all_shards", "response_policy:all_succeeded",
                                       NULL },
    },
    {
        .name = "echo",
        .run = run_echo,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .group = GROUP_CONNECTION,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Answers with the given message.",
        .syntax = "message",
    },
    {
        .name = "time",
        .run = run_time,
        .arity = 1,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .group = GROUP_SERVER,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Tells the server's clock: Unix seconds, and microseconds within the second.",
        .syntax = "",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
};

struct command_table commands_connection(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
