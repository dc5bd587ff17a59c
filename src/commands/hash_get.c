/* Hashes that are read: HGET, HMGET, HSTRLEN, HEXISTS, HLEN, HKEYS, HVALS, HGETALL. */
#include "commands/commands.h"
#include "commands/hash_priv.h"

static void run_hget(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_hash(cmd, e))
        reply_field(cmd, e, cmd_arg(cmd, 2));
}

static void run_hmget(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_hash(cmd, e))
        return;
    reply_array(cmd->reply, (size_t)(cmd->argc - 2));
    for (int i = 2; i < cmd->argc; i++)
        reply_field(cmd, e, cmd_arg(cmd, i));
}

static void run_hstrlen(struct cmd *cmd)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct slice value = { 0 };
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_hash(cmd, e))
        return;
    bool found = e && hash_get(e, cmd_arg(cmd, 2), db_fields_now(cmd->db), scratch, &value);
    reply_int(cmd->reply, found ? (int64_t)value.len : 0);
}

static void run_hexists(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_hash(cmd, e))
        reply_int(cmd->reply, e && hash_has(e, cmd_arg(cmd, 2), db_fields_now(cmd->db)));
}

static void run_hlen(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_hash(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)hash_count(e, db_fields_now(cmd->db)) : 0);
}

enum what {
    NAMES = 1 << 0,
    VALUES = 1 << 1,
};

static void reply_all(struct cmd *cmd, unsigned what)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_hash(cmd, e))
        return;
    int64_t now_ms = db_fields_now(cmd->db);
    size_t count = e ? hash_count(e, now_ms) : 0;
    if (what == (NAMES | VALUES))
        reply_map(cmd->reply, count);
    else
        reply_array(cmd->reply, count);
    if (!e)
        return;
    struct hash_walk walk;
    struct hash_field f;
    hash_walk_open(&walk, e, now_ms);
    while (hash_walk_next(&walk, &f)) {
        if (what & NAMES)
            reply_bulk(cmd->reply, f.name);
        if (what & VALUES)
            reply_bulk(cmd->reply, f.value);
    }
    hash_walk_close(&walk);
}

static void run_hkeys(struct cmd *cmd)
{
    reply_all(cmd, NAMES);
}

static void run_hvals(struct cmd *cmd)
{
    reply_all(cmd, VALUES);
}

static void run_hgetall(struct cmd *cmd)
{
    reply_all(cmd, NAMES | VALUES);
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define READ_FAST (CMD_READ | CMD_FAST)
#define ANY_ORDER                             \
    (const char *const[])                     \
    {                                         \
        "nondeterministic_output_order", NULL \
    }

static const struct command rows[] = {
    {
        .name = "hget",
        .run = run_hget,
        .arity = 3,
        .flags = READ_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "The value of a hash's field.",
        .syntax = "key:key field",
    },
    {
        .name = "hmget",
        .run = run_hmget,
        .arity = -3,
        .flags = READ_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(N) for N fields asked for",
        .summary = "The values of several fields, null where there is none.",
        .syntax = "key:key field...",
    },
    {
        .name = "hstrlen",
        .run = run_hstrlen,
        .arity = 3,
        .flags = READ_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RO),
        .element = 2,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "How many bytes the value of a field has.",
        .syntax = "key:key field",
    },
    {
        .name = "hexists",
        .run = run_hexists,
        .arity = 3,
        .flags = READ_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RO),
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Whether a hash has a field.",
        .syntax = "key:key field",
    },
    {
        .name = "hlen",
        .run = run_hlen,
        .arity = 2,
        .flags = READ_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RO),
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "How many fields a hash has.",
        .syntax = "key:key",
    },
    {
        .name = "hkeys",
        .run = run_hkeys,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "2.0.0",
        .complexity = "O(N) for N fields in the hash",
        .summary = "The names of all fields.",
        .syntax = "key:key",
        .tips = ANY_ORDER,
    },
    {
        .name = "hvals",
        .run = run_hvals,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "2.0.0",
        .complexity = "O(N) for N fields in the hash",
        .summary = "The values of all fields.",
        .syntax = "key:key",
        .tips = ANY_ORDER,
    },
    {
        .name = "hgetall",
        .run = run_hgetall,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "2.0.0",
        .complexity = "O(N) for N fields in the hash",
        .summary = "All fields with their values.",
        .syntax = "key:key",
        .tips = ANY_ORDER,
    },
};

struct command_table commands_hash_get(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
