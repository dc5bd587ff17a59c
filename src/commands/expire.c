/* When keys go: the EXPIRE family sets it, the TTL family tells it, PERSIST takes it back. */
#include "commands/commands.h"
#include "commands/commands_priv.h"

#define MS 1
#define SECONDS 1000

/* ---- EXPIRE ---- */

enum expire_condition {
    CONDITION_NX = 1 << 0,
    CONDITION_XX = 1 << 1,
    CONDITION_GT = 1 << 2,
    CONDITION_LT = 1 << 3,
};

static const struct condition_row {
    const char *word;
    uint32_t condition;
} condition_rows[] = {
    { "nx", CONDITION_NX },
    { "xx", CONDITION_XX },
    { "gt", CONDITION_GT },
    { "lt", CONDITION_LT },
};

static uint32_t condition_of(const struct cmd *cmd, int i)
{
    for (size_t r = 0; r < COUNT_OF(condition_rows); r++)
        if (cmd_is(cmd, i, condition_rows[r].word))
            return condition_rows[r].condition;
    return 0;
}

bool expire_conditions_parse(const struct cmd *cmd, int first, int end, uint32_t *ret_conditions)
{
    uint32_t conditions = 0;
    for (int i = first; i < end; i++) {
        uint32_t condition = condition_of(cmd, i);
        if (!condition) {
            reply_errorf(cmd->reply, "ERR Unsupported option %.*s", SLICE_ARGS(cmd_arg(cmd, i)));
            return false;
        }
        conditions |= condition;
    }
    if ((conditions & CONDITION_NX) && conditions != CONDITION_NX) {
        reply_error(cmd->reply, "ERR NX and XX, GT or LT options at the same time are not "
                                "compatible");
        return false;
    }
    if ((conditions & CONDITION_GT) && (conditions & CONDITION_LT)) {
        reply_error(cmd->reply, "ERR GT and LT options at the same time are not compatible");
        return false;
    }
    *ret_conditions = conditions;
    return true;
}

bool expire_conditions_hold(uint32_t conditions, int64_t old_ms, int64_t when_ms)
{
    bool expires = old_ms != ENTRY_NO_EXPIRY;
    if ((conditions & CONDITION_NX) && expires)
        return false;
    if ((conditions & CONDITION_XX) && !expires)
        return false;
    if ((conditions & CONDITION_GT) && (!expires || when_ms <= old_ms))
        return false;
    return !((conditions & CONDITION_LT) && expires && when_ms >= old_ms);
}

/* The time that argument 2 says, which may be past. False: an error was replied. */
static bool expire_time(const struct cmd *cmd, int64_t base_ms, int64_t unit, int64_t *ret_when_ms)
{
    int64_t value;
    if (!cmd_int(cmd, 2, &value, NULL))
        return false;
    if (!__builtin_mul_overflow(value, unit, &value) &&
        !__builtin_add_overflow(value, base_ms, ret_when_ms))
        return true;
    reply_expire_error(cmd);
    return false;
}

static void expire(struct cmd *cmd, int64_t base_ms, int64_t unit)
{
    uint32_t conditions;
    int64_t when_ms;
    if (!expire_conditions_parse(cmd, 3, cmd->argc, &conditions) ||
        !expire_time(cmd, base_ms, unit, &when_ms))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e || !expire_conditions_hold(conditions, entry_expiry(e), when_ms)) {
        reply_int(cmd->reply, 0);
        return;
    }
    if (when_ms <= cmd_now_ms(cmd)) {
        delete_as_expired(cmd, key, e);
        reply_int(cmd->reply, 1);
    } else {
        (void)db_set_expiry(cmd->db, key, e, when_ms);
        reply_int(cmd->reply, 1); /* a client that hears its own event gets it behind the reply */
        db_notify(cmd->db, EVENT_GENERIC, "expire", key.name);
        if (base_ms != 0 || unit != MS)
            effect_pexpireat(cmd, key.name, when_ms, cmd->argv + 3, (size_t)(cmd->argc - 3));
    }
}

static void run_expire(struct cmd *cmd)
{
    expire(cmd, cmd_now_ms(cmd), SECONDS);
}

static void run_pexpire(struct cmd *cmd)
{
    expire(cmd, cmd_now_ms(cmd), MS);
}

static void run_expireat(struct cmd *cmd)
{
    expire(cmd, 0, SECONDS);
}

static void run_pexpireat(struct cmd *cmd)
{
    expire(cmd, 0, MS);
}

/* ---- TTL ---- */

/* Replies the expiry less `base_ms` in `unit`, rounded; -1 if there is none, -2 without a key. */
static void tell_expiry(struct cmd *cmd, int64_t base_ms, int64_t unit)
{
    struct entry *e = db_lookup_info(cmd->db, cmd_key(cmd, 1));
    int64_t when_ms = e ? entry_expiry(e) : ENTRY_NO_EXPIRY;
    if (when_ms == ENTRY_NO_EXPIRY) {
        reply_int(cmd->reply, e ? -1 : -2);
        return;
    }
    /* Unsigned: an expiry at the end of time is rounded up, too. */
    uint64_t left_ms = (uint64_t)MAX_OF(when_ms - base_ms, (int64_t)0);
    reply_int(cmd->reply, (int64_t)((left_ms + (uint64_t)unit / 2) / (uint64_t)unit));
}

static void run_ttl(struct cmd *cmd)
{
    tell_expiry(cmd, cmd_now_ms(cmd), SECONDS);
}

static void run_pttl(struct cmd *cmd)
{
    tell_expiry(cmd, cmd_now_ms(cmd), MS);
}

static void run_expiretime(struct cmd *cmd)
{
    tell_expiry(cmd, 0, SECONDS);
}

static void run_pexpiretime(struct cmd *cmd)
{
    tell_expiry(cmd, 0, MS);
}

static void run_persist(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e || entry_expiry(e) == ENTRY_NO_EXPIRY) {
        reply_int(cmd->reply, 0);
        return;
    }
    (void)db_set_expiry(cmd->db, key, e, ENTRY_NO_EXPIRY);
    db_notify(cmd->db, EVENT_GENERIC, "persist", key.name);
    reply_int(cmd->reply, 1);
}

#define CONDITIONS " [condition=<NX | XX | GT | LT>@7.0.0]"
#define EXPIRE_KEY KEY_AT(1, KEY_RW | KEY_UPDATE)
#define TTL_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)

static const struct command rows[] = {
    {
        .name = "expire",
        .run = run_expire,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = EXPIRE_KEY,
        .since = "1.0.0",
        .complexity = "O(log N) for N keys with an expiry",
        .summary = "Lets a key expire after some seconds.",
        .syntax = "key:key seconds:int" CONDITIONS,
    },
    {
        .name = "pexpire",
        .run = run_pexpire,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = EXPIRE_KEY,
        .since = "2.6.0",
        .complexity = "O(log N) for N keys with an expiry",
        .summary = "Lets a key expire after some milliseconds.",
        .syntax = "key:key milliseconds:int" CONDITIONS,
    },
    {
        .name = "expireat",
        .run = run_expireat,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = EXPIRE_KEY,
        .since = "1.2.0",
        .complexity = "O(log N) for N keys with an expiry",
        .summary = "Lets a key expire at a Unix time in seconds.",
        .syntax = "key:key unix-time-seconds:unixtime" CONDITIONS,
    },
    {
        .name = "pexpireat",
        .run = run_pexpireat,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = EXPIRE_KEY,
        .since = "2.6.0",
        .complexity = "O(log N) for N keys with an expiry",
        .summary = "Lets a key expire at a Unix time in milliseconds.",
        .syntax = "key:key unix-time-milliseconds:unixtime" CONDITIONS,
    },
    {
        .name = "ttl",
        .run = run_ttl,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = TTL_KEY,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Seconds until a key expires.",
        .syntax = "key:key",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "pttl",
        .run = run_pttl,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = TTL_KEY,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Milliseconds until a key expires.",
        .syntax = "key:key",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "expiretime",
        .run = run_expiretime,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = TTL_KEY,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "The Unix time in seconds at which a key expires.",
        .syntax = "key:key",
    },
    {
        .name = "pexpiretime",
        .run = run_pexpiretime,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = TTL_KEY,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "The Unix time in milliseconds at which a key expires.",
        .syntax = "key:key",
    },
    {
        .name = "persist",
        .run = run_persist,
        .arity = 2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = EXPIRE_KEY,
        .since = "2.2.0",
        .complexity = "O(log N) for N keys with an expiry",
        .summary = "Takes a key's expiry away.",
        .syntax = "key:key",
    },
};

struct command_table commands_expire(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
