/* When fields go: the HEXPIRE family sets it, the HTTL family tells it, HPERSIST takes it back. */
#include "commands/commands.h"
#include "commands/hash_priv.h"

#define MS 1
#define SECONDS 1000

/* What is replied for each field. */
enum {
    NO_FIELD = -2,
    NO_EXPIRY = -1,
    NOT_MET = 0, /* a condition */
    DONE = 1,
    REMOVED = 2, /* the time is past */
};

static void reply_each(struct cmd *cmd, const struct field_args *args, int64_t value)
{
    reply_array(cmd->reply, (size_t)args->count);
    for (int i = 0; i < args->count; i++)
        reply_int(cmd->reply, value);
}

/* ---- HEXPIRE ---- */

struct expiration {
    struct field_args args;
    uint32_t conditions;
    int64_t when_ms;
};

/* False: an error was replied. */
static bool expiration_parse(const struct cmd *cmd, int64_t base_ms, int64_t unit,
                             struct expiration *ret)
{
    int word = field_args_find(cmd, 3);
    return expire_conditions_parse(cmd, 3, word, &ret->conditions) &&
           field_args_parse(cmd, word, 1, &ret->args) &&
           field_time(cmd, 2, base_ms, unit, &ret->when_ms);
}

static int expire_field(struct cmd *cmd, struct entry *e, const struct expiration *x,
                        struct slice name)
{
    int64_t old_ms;
    if (!hash_expiry(e, name, db_fields_now(cmd->db), &old_ms))
        return NO_FIELD;
    if (!expire_conditions_hold(x->conditions, old_ms, x->when_ms))
        return NOT_MET;
    if (x->when_ms <= cmd_now_ms(cmd)) {
        (void)hash_remove(e, name, HASH_SHOW_ALL);
        return REMOVED;
    }
    (void)hash_set_expiry(e, hash_env(cmd), name, x->when_ms);
    return DONE;
}

static void expire(struct cmd *cmd, int64_t base_ms, int64_t unit)
{
    struct expiration x;
    if (!expiration_parse(cmd, base_ms, unit, &x))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e;
    if (!hash_lookup(cmd, key, field_names(cmd, &x.args), &e))
        return;
    if (!e) {
        reply_each(cmd, &x.args, NO_FIELD);
        return;
    }
    struct field_effect changed;
    field_effect_init(&changed, cmd, &x.args);
    reply_array(cmd->reply, (size_t)x.args.count);
    for (int i = 0; i < x.args.count; i++) {
        struct slice name = field_arg(cmd, &x.args, i);
        int outcome = expire_field(cmd, e, &x, name);
        if (outcome == DONE || outcome == REMOVED)
            field_effect_add(&changed, name);
        reply_int(cmd->reply, outcome);
    }
    fields_expire_tell(cmd, key, e, &changed, x.when_ms);
}

static void run_hexpire(struct cmd *cmd)
{
    expire(cmd, cmd_now_ms(cmd), SECONDS);
}

static void run_hpexpire(struct cmd *cmd)
{
    expire(cmd, cmd_now_ms(cmd), MS);
}

static void run_hexpireat(struct cmd *cmd)
{
    expire(cmd, 0, SECONDS);
}

static void run_hpexpireat(struct cmd *cmd)
{
    expire(cmd, 0, MS);
}

/* ---- HTTL ---- */

/* Unsigned: an expiry at the end of time is rounded up, too. */
static int64_t time_left(int64_t when_ms, int64_t base_ms, int64_t unit)
{
    uint64_t left_ms = (uint64_t)MAX_OF(when_ms - base_ms, (int64_t)0);
    return (int64_t)((left_ms + (uint64_t)unit / 2) / (uint64_t)unit);
}

static void tell_expiries(struct cmd *cmd, int64_t base_ms, int64_t unit)
{
    struct field_args args;
    if (!field_args_parse(cmd, field_args_find(cmd, 2), 1, &args))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_hash(cmd, e))
        return;
    if (!e) {
        reply_each(cmd, &args, NO_FIELD);
        return;
    }
    reply_array(cmd->reply, (size_t)args.count);
    for (int i = 0; i < args.count; i++) {
        int64_t when_ms;
        if (!hash_expiry(e, field_arg(cmd, &args, i), db_fields_now(cmd->db), &when_ms))
            reply_int(cmd->reply, NO_FIELD);
        else if (when_ms == ENTRY_NO_EXPIRY)
            reply_int(cmd->reply, NO_EXPIRY);
        else
            reply_int(cmd->reply, time_left(when_ms, base_ms, unit));
    }
}

static void run_httl(struct cmd *cmd)
{
    tell_expiries(cmd, cmd_now_ms(cmd), SECONDS);
}

static void run_hpttl(struct cmd *cmd)
{
    tell_expiries(cmd, cmd_now_ms(cmd), MS);
}

static void run_hexpiretime(struct cmd *cmd)
{
    tell_expiries(cmd, 0, SECONDS);
}

static void run_hpexpiretime(struct cmd *cmd)
{
    tell_expiries(cmd, 0, MS);
}

/* ---- HPERSIST ---- */

static int persist_field(struct cmd *cmd, struct entry *e, struct slice name)
{
    int64_t when_ms;
    if (!hash_expiry(e, name, db_fields_now(cmd->db), &when_ms))
        return NO_FIELD;
    if (when_ms == ENTRY_NO_EXPIRY)
        return NO_EXPIRY;
    (void)hash_set_expiry(e, hash_env(cmd), name, ENTRY_NO_EXPIRY);
    return DONE;
}

static void run_hpersist(struct cmd *cmd)
{
    struct field_args args;
    struct key key = cmd_key(cmd, 1);
    struct entry *e;
    if (!field_args_parse(cmd, field_args_find(cmd, 2), 1, &args) ||
        !hash_lookup(cmd, key, field_names(cmd, &args), &e))
        return;
    if (!e) {
        reply_each(cmd, &args, NO_FIELD);
        return;
    }
    bool changed = false;
    reply_array(cmd->reply, (size_t)args.count);
    for (int i = 0; i < args.count; i++) {
        int outcome = persist_field(cmd, e, field_arg(cmd, &args, i));
        changed |= outcome == DONE;
        reply_int(cmd->reply, outcome);
    }
    if (!changed)
        return;
    db_store(cmd->db, key, e, e);
    db_notify(cmd->db, EVENT_HASH, "hpersist", key.name);
}

#define FIELDS " fields={FIELDS numfields:int field...}"
#define CONDITIONS " [condition=<NX | XX | GT | LT>]"
#define CHANGE_KEY KEY_AT(1, KEY_RW | KEY_UPDATE)
#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define PER_FIELD "O(N) for N fields given"

static const struct command rows[] = {
    {
        .name = "hexpire",
        .run = run_hexpire,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = CHANGE_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Lets fields of a hash expire after some seconds.",
        .syntax = "key:key seconds:int" CONDITIONS FIELDS,
    },
    {
        .name = "hpexpire",
        .run = run_hpexpire,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = CHANGE_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Lets fields of a hash expire after some milliseconds.",
        .syntax = "key:key milliseconds:int" CONDITIONS FIELDS,
    },
    {
        .name = "hexpireat",
        .run = run_hexpireat,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = CHANGE_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Lets fields of a hash expire at a Unix time in seconds.",
        .syntax = "key:key unix-time-seconds:unixtime" CONDITIONS FIELDS,
    },
    {
        .name = "hpexpireat",
        .run = run_hpexpireat,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = CHANGE_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Lets fields of a hash expire at a Unix time in milliseconds.",
        .syntax = "key:key unix-time-milliseconds:unixtime" CONDITIONS FIELDS,
    },
    {
        .name = "httl",
        .run = run_httl,
        .arity = -5,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Seconds until fields of a hash expire.",
        .syntax = "key:key" FIELDS,
    },
    {
        .name = "hpttl",
        .run = run_hpttl,
        .arity = -5,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Milliseconds until fields of a hash expire.",
        .syntax = "key:key" FIELDS,
    },
    {
        .name = "hexpiretime",
        .run = run_hexpiretime,
        .arity = -5,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "The Unix times in seconds at which fields of a hash expire.",
        .syntax = "key:key" FIELDS,
    },
    {
        .name = "hpexpiretime",
        .run = run_hpexpiretime,
        .arity = -5,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "The Unix times in milliseconds at which fields of a hash expire.",
        .syntax = "key:key" FIELDS,
    },
    {
        .name = "hpersist",
        .run = run_hpersist,
        .arity = -5,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = CHANGE_KEY,
        .since = "9.0.0",
        .complexity = PER_FIELD,
        .summary = "Takes the expiry of fields away.",
        .syntax = "key:key" FIELDS,
    },
};

struct command_table commands_hash_expire(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
