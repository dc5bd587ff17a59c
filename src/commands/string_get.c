/* Strings that are read: GET, MGET, STRLEN, and GETDEL and GETEX, which read and then change. */
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "commands/string_options.h"
#include "types/string.h"

static void run_get(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_string(cmd, e))
        reply_string(cmd->reply, e);
}

static void run_mget(struct cmd *cmd)
{
    struct key_walk walk;
    struct key key;
    int at;
    reply_array(cmd->reply, (size_t)(cmd->argc - 1));
    key_walk_init(&walk, cmd, 1, 1);
    while (key_walk_next(&walk, &key, &at)) {
        struct entry *e = db_lookup_read(cmd->db, key);
        reply_string(cmd->reply, e && entry_type(e) == TYPE_STRING ? e : NULL);
    }
}

static void run_strlen(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_string(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)string_len(e) : 0);
}

static void run_getdel(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_read(cmd->db, key);
    if (!is_string(cmd, e))
        return;
    reply_string(cmd->reply, e);
    if (e)
        delete_and_tell(cmd, key, e, lazy_user_del(cmd));
}

static void persist(struct cmd *cmd, struct key key, struct entry *e)
{
    if (entry_expiry(e) == ENTRY_NO_EXPIRY)
        return;
    (void)db_set_expiry(cmd->db, key, e, ENTRY_NO_EXPIRY);
    db_notify(cmd->db, EVENT_GENERIC, "persist", key.name);
    CMD_EFFECT(cmd, SLICE("PERSIST"), key.name);
}

static void run_getex(struct cmd *cmd)
{
    struct string_options options;
    int64_t when_ms = ENTRY_NO_EXPIRY;
    if (!string_options_parse(cmd, 2, OPTIONS_GETEX, &options))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_read(cmd->db, key);
    if (!e) {
        reply_null(cmd->reply);
        return;
    }
    if (!is_string(cmd, e))
        return;
    uint32_t time = options.given & OPTIONS_TIME;
    if (time && !string_time(cmd, options.at[ARGUMENT_TIME], time, &when_ms))
        return;

    reply_string(cmd->reply, e);
    if (options.given & OPTION_PERSIST) {
        persist(cmd, key, e);
    } else if (time && when_ms <= cmd_now_ms(cmd)) {
        delete_as_expired(cmd, key, e);
    } else if (time) {
        (void)db_set_expiry(cmd->db, key, e, when_ms);
        effect_pexpireat(cmd, key.name, when_ms, NULL, 0);
        db_notify(cmd->db, EVENT_GENERIC, "expire", key.name);
    }
}

static const struct command rows[] = {
    {
        .name = "get",
        .run = run_get,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "The string stored under a key.",
        .syntax = "key:key",
    },
    {
        .name = "mget",
        .run = run_mget,
        .arity = -2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEYS_FROM(1, -1, 1, KEY_RO | KEY_ACCESS),
        .since = "1.0.0",
        .complexity = "O(N) for N keys",
        .summary = "The strings stored under several keys, null where there is none.",
        .syntax = "key:key...",
        .tips = (const char *const[]){ "request_policy:multi_shard", NULL },
    },
    {
        .name = "strlen",
        .run = run_strlen,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RO),
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "How many bytes a string has.",
        .syntax = "key:key",
    },
    {
        .name = "getdel",
        .run = run_getdel,
        .arity = 2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_DELETE),
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "The string stored under a key, which is then deleted.",
        .syntax = "key:key",
    },
    {
        .name = "getex",
        .run = run_getex,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STRING,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1,
                    .notes = "The expiry may change" } },
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "The string stored under a key, whose expiry is set or removed.",
        .syntax = "key:key [expiration=<EX seconds:int | PX milliseconds:int | "
                  "EXAT unix-time-seconds:unixtime | PXAT unix-time-milliseconds:unixtime | "
                  "PERSIST>]",
    },
};

struct command_table commands_string_get(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
