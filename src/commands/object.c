/* What is known about a key beside its value: OBJECT. */
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/string.h"

/* The peers share the objects of small numbers, and show it. */
#define SHARED_INTS 10000
#define REFCOUNT_SHARED INT32_MAX

/* The key's entry; NULL: null was replied. */
static struct entry *object_of(const struct cmd *cmd)
{
    struct entry *e = db_lookup_object(cmd->db, cmd_key(cmd, 2));
    if (!e)
        reply_null(cmd->reply);
    return e;
}

static void run_encoding(struct cmd *cmd)
{
    const struct entry *e = object_of(cmd);
    if (e)
        reply_bulk_str(cmd->reply, entry_encoding_name(e));
}

int64_t commands_refcount(const struct entry *e)
{
    int64_t value;
    bool shared = entry_type(e) == TYPE_STRING && entry_encoding(e) == ENCODING_INT &&
                  !(e->flags & ENTRY_RAW) && string_as_int(e, &value) && value >= 0 &&
                  value < SHARED_INTS;
    return shared ? REFCOUNT_SHARED : 1;
}

static void run_refcount(struct cmd *cmd)
{
    const struct entry *e = object_of(cmd);
    if (e)
        reply_int(cmd->reply, commands_refcount(e));
}

static void run_idletime(struct cmd *cmd)
{
    const struct entry *e = object_of(cmd);
    if (!e)
        return;
    if (keyspace_uses_lfu(db_keyspace(cmd->db)))
        reply_error(cmd->reply, "ERR An LFU maxmemory policy is selected, idle time not tracked. "
                                "Please note that when switching between policies at runtime LRU "
                                "and LFU data will take some time to adjust.");
    else
        reply_int(cmd->reply, db_idle_s(cmd->db, e));
}

static void run_freq(struct cmd *cmd)
{
    const struct entry *e = object_of(cmd);
    if (!e)
        return;
    if (!keyspace_uses_lfu(db_keyspace(cmd->db)))
        reply_error(cmd->reply, "ERR An LFU maxmemory policy is not selected, access frequency "
                                "not tracked. Please note that when switching between policies at "
                                "runtime LRU and LFU data will take some time to adjust.");
    else
        reply_int(cmd->reply, db_frequency(cmd->db, e));
}

static void run_object_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    How the value of <key> is kept in memory.",
        "FREQ <key>",
        "    How often <key> has been used lately, as a logarithm. Needs an LFU policy.",
        "IDLETIME <key>",
        "    Seconds since <key> was last used. Not with an LFU policy.",
        "REFCOUNT <key>",
        "    How many references the value of <key> has.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

#define OBJECT_TIPS                     \
    (const char *const[])               \
    {                                   \
        "nondeterministic_output", NULL \
    }

static const struct command object_rows[] = {
    {
        .name = "encoding",
        .run = run_encoding,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(2, KEY_RO),
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "How a key's value is kept in memory.",
        .syntax = "key:key",
        .tips = OBJECT_TIPS,
    },
    {
        .name = "freq",
        .run = run_freq,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(2, KEY_RO),
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "How often a key has been used lately, as a logarithm.",
        .syntax = "key:key",
        .tips = OBJECT_TIPS,
    },
    {
        .name = "idletime",
        .run = run_idletime,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(2, KEY_RO),
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Seconds since a key was last used.",
        .syntax = "key:key",
        .tips = OBJECT_TIPS,
    },
    {
        .name = "refcount",
        .run = run_refcount,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(2, KEY_RO),
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "How many references a key's value has.",
        .syntax = "key:key",
        .tips = OBJECT_TIPS,
    },
    {
        .name = "help",
        .run = run_object_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_GENERIC,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Describes the subcommands.",
        .syntax = "",
    },
};

static const struct command rows[] = {
    {
        .name = "object",
        .arity = -2,
        .group = GROUP_GENERIC,
        .acl = ACL_NO_GROUP,
        .since = "2.2.3",
        .complexity = "As the subcommand says",
        .summary = "What is known about a key beside its value.",
        .syntax = "",
        .subs = object_rows,
        .sub_count = COUNT_OF(object_rows),
    },
};

struct command_table commands_object(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
