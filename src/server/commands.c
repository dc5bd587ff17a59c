/* The rows of the server's own commands. */
#include "dispatch/command.h"

#include "base/macros.h"
#include "server/server_priv.h"
#include "server/verbs.h"

#define CONFIG_SUB \
    .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE, .group = GROUP_SERVER

static const char *const config_set_tips[] = { "request_policy:all_nodes",
                                               "response_policy:all_succeeded", NULL };

/* The value of a directive that logs do not show. */
static bool config_is_secret(void *owner, const struct slice *argv, int argc UNUSED, int i)
{
    const struct server *s = owner;
    struct config_row found;
    return i >= 3 && i % 2 == 1 && config_find(s->config, argv[i - 1], &found) &&
           (found.row->flags & DIRECTIVE_SENSITIVE);
}

static const struct command config_subs[] = {
    {
        .name = "get",
        .run = cmd_config_get,
        .arity = -3,
        CONFIG_SUB,
        .since = "2.0.0",
        .complexity = "O(N) when N is the number of configuration parameters provided",
        .summary = "Shows the values of directives.",
        .syntax = "parameter={parameter}...",
    },
    {
        .name = "help",
        .run = cmd_config_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_SERVER,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Explains the subcommands.",
        .syntax = "",
    },
    {
        .name = "resetstat",
        .run = cmd_config_resetstat,
        .arity = 2,
        CONFIG_SUB,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Sets the statistics of INFO back to zero.",
        .syntax = "",
    },
    {
        .name = "rewrite",
        .run = cmd_config_rewrite,
        .arity = 2,
        CONFIG_SUB,
        .since = "2.8.0",
        .complexity = "O(1)",
        .summary = "Writes the present configuration into its file.",
        .syntax = "",
    },
    {
        .name = "set",
        .run = cmd_config_set,
        .arity = -4,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_SECRET_ARGS,
        .group = GROUP_SERVER,
        .is_secret = config_is_secret,
        .since = "2.0.0",
        .complexity = "O(N) when N is the number of configuration parameters provided",
        .summary = "Changes directives, all of those given or none.",
        .syntax = "parameter_value={parameter value}...",
        .tips = config_set_tips,
    },
};

static const char *const info_tips[] = { "nondeterministic_output", "request_policy:all_shards",
                                         "response_policy:special", NULL };

static const struct command rows[] = {
    {
        .name = "config",
        .arity = -2,
        .group = GROUP_SERVER,
        .since = "2.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "Reads and changes the configuration.",
        .syntax = "",
        .subs = config_subs,
        .sub_count = COUNT_OF(config_subs),
    },
    {
        .name = "debug",
        .run = cmd_debug,
        .arity = -2,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_PROTECTED | CMD_SYSTEM,
        .group = GROUP_SERVER,
        .since = "1.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "Looks into the server, for tests.",
        .syntax = "",
    },
    {
        .name = "info",
        .run = cmd_info,
        .arity = -1,
        .flags = CMD_LOADING | CMD_STALE | CMD_SENTINEL,
        .group = GROUP_SERVER,
        .acl = ACL_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Shows what the server is and does, in sections.",
        .syntax = "[section]...",
        .tips = info_tips,
    },
    {
        .name = "shutdown",
        .run = cmd_shutdown,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_SENTINEL |
                 CMD_ALLOW_BUSY,
        .group = GROUP_SERVER,
        .since = "1.0.0",
        .complexity = "O(N) when saving, where N is the total number of keys in all databases "
                      "when saving data, otherwise O(1)",
        .summary = "Ends the server.",
        .syntax = "[nosave_save=<NOSAVE | SAVE>] [NOW@7.0.0] [FORCE@7.0.0] [SAFE] "
                  "[FAILOVER] [ABORT@7.0.0]",
    },
};

struct command_table server_commands(struct server *s)
{
    return (struct command_table){ rows, COUNT_OF(rows), s };
}
