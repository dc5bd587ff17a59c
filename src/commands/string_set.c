/* Strings that are stored whole: SET, the older verbs that do a part of it, MSET and its kin. */
#include "base/blob.h"
#include "base/num.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "commands/string_options.h"
#include "types/string.h"

/* Stores argument `i` in the place of `old`, which look-up has found (or NULL). A short string is
 * written over one with the same expiry. */
static void store(struct cmd *cmd, struct key key, struct entry *old, int i, int64_t when_ms)
{
    if (!old)
        db_insert(cmd->db, key, string_from_arg(cmd, key.name, i, when_ms));
    else if (entry_type(old) == TYPE_STRING && entry_expiry(old) == when_ms &&
             cmd_arg(cmd, i).len < BLOB_MIN)
        db_store(cmd->db, key, old, string_set(old, cmd_arg(cmd, i)));
    else
        db_overwrite(cmd->db, key, old, string_from_arg(cmd, key.name, i, when_ms));
    db_notify(cmd->db, EVENT_STRING, "set", key.name);
}

static void expiry_was_set(struct cmd *cmd, struct slice key, struct slice value, int64_t when_ms)
{
    char digits[NUM_INT_MAX_CHARS];
    db_notify(cmd->db, EVENT_GENERIC, "expire", key);
    CMD_EFFECT(cmd, SLICE("SET"), key, value, SLICE("PXAT"),
               slice_of(digits, num_format_int(digits, when_ms)));
}

/* ---- SET ---- */

/* What the journal needs not to know: GET, and IFEQ and its kin, which have been decided. */
static void effect_without_asking(struct cmd *cmd, const struct string_options *options)
{
    struct slice *argv = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*argv));
    size_t argc = 0;
    for (int i = 0; i < cmd->argc; i++) {
        int compare_at = options->at[ARGUMENT_COMPARE];
        bool skip_two = compare_at && i == compare_at - 1;
        if (skip_two)
            i++;
        else if (i < 3 || !cmd_is(cmd, i, "get"))
            argv[argc++] = cmd_arg(cmd, i);
    }
    cmd_effect(cmd, argv, argc);
}

static bool condition_holds(const struct cmd *cmd, const struct string_options *options,
                            const struct entry *e)
{
    if (options->given & OPTION_NX)
        return !e;
    if (options->given & OPTION_XX)
        return e;
    return !(options->given & OPTIONS_COMPARE) || string_compares(cmd, options, e);
}

static void set_with_options(struct cmd *cmd, const struct string_options *options, int64_t when_ms)
{
    struct key key = cmd_key(cmd, 1);
    bool get = options->given & OPTION_GET;
    struct entry *e = get ? db_lookup_read(cmd->db, key) : db_lookup_write(cmd->db, key);
    if ((options->given & (OPTION_GET | OPTIONS_COMPARE)) && !is_string(cmd, e))
        return;
    if (get)
        reply_string(cmd->reply, e);
    if (!condition_holds(cmd, options, e)) {
        if (!get)
            reply_null(cmd->reply);
        return;
    }

    if (e && (options->given & OPTION_KEEPTTL))
        when_ms = entry_expiry(e);
    store(cmd, key, e, 2, when_ms);
    if (options->given & OPTIONS_TIME)
        expiry_was_set(cmd, key.name, cmd_arg(cmd, 2), when_ms);
    else if (options->given & (OPTION_GET | OPTIONS_COMPARE))
        effect_without_asking(cmd, options);
    if (!get)
        reply_ok(cmd->reply);
}

static COLD void run_set_options(struct cmd *cmd)
{
    struct string_options options;
    int64_t when_ms = ENTRY_NO_EXPIRY;
    if (!string_options_parse(cmd, 3, OPTIONS_SET, &options))
        return;
    uint32_t time = options.given & OPTIONS_TIME;
    if (time && !string_time(cmd, options.at[ARGUMENT_TIME], time, &when_ms))
        return;
    set_with_options(cmd, &options, when_ms);
}

static void run_set(struct cmd *cmd)
{
    if (UNLIKELY(cmd->argc > 3)) {
        run_set_options(cmd);
        return;
    }
    struct key key = cmd_key(cmd, 1);
    store(cmd, key, db_lookup_write(cmd->db, key), 2, ENTRY_NO_EXPIRY);
    reply_ok(cmd->reply);
}

/* What SET does to its key depends on its options. */
static uint32_t set_key_flags(const struct slice *argv, int argc)
{
    static const char *const reading[] = { "get", "ifeq", "ifne", "ifdeq", "ifdne" };
    for (int i = 3; i < argc; i++)
        for (size_t w = 0; w < COUNT_OF(reading); w++)
            if (slice_is(argv[i], reading[w]))
                return KEY_RW | KEY_ACCESS | KEY_UPDATE;
    return KEY_OW | KEY_UPDATE;
}

/* ---- parts of SET ---- */

static void run_setnx(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e)
        store(cmd, key, NULL, 2, ENTRY_NO_EXPIRY);
    reply_int(cmd->reply, e ? 0 : 1);
}

static void set_for(struct cmd *cmd, uint32_t option)
{
    int64_t when_ms;
    if (!string_time(cmd, 2, option, &when_ms))
        return;
    struct key key = cmd_key(cmd, 1);
    store(cmd, key, db_lookup_write(cmd->db, key), 3, when_ms);
    expiry_was_set(cmd, key.name, cmd_arg(cmd, 3), when_ms);
    reply_ok(cmd->reply);
}

static void run_setex(struct cmd *cmd)
{
    set_for(cmd, OPTION_EX);
}

static void run_psetex(struct cmd *cmd)
{
    set_for(cmd, OPTION_PX);
}

static void run_getset(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_read(cmd->db, key);
    if (!is_string(cmd, e))
        return;
    reply_string(cmd->reply, e);
    store(cmd, key, e, 2, ENTRY_NO_EXPIRY);
    CMD_EFFECT(cmd, SLICE("SET"), key.name, cmd_arg(cmd, 2));
}

/* ---- several keys ---- */

static bool pairs_are_whole(const struct cmd *cmd)
{
    if (cmd->argc % 2 == 1)
        return true;
    reply_errorf(cmd->reply, "ERR wrong number of arguments for '%s' command", cmd->row->name);
    return false;
}

static void store_pairs(struct cmd *cmd)
{
    struct key_walk walk;
    struct key key;
    int at;
    key_walk_init(&walk, cmd, 1, 2);
    while (key_walk_next(&walk, &key, &at))
        store(cmd, key, db_lookup_write(cmd->db, key), at + 1, ENTRY_NO_EXPIRY);
}

static void run_mset(struct cmd *cmd)
{
    if (!pairs_are_whole(cmd))
        return;
    store_pairs(cmd);
    reply_ok(cmd->reply);
}

static void run_msetnx(struct cmd *cmd)
{
    struct key_walk walk;
    struct key key;
    int at;
    if (!pairs_are_whole(cmd))
        return;
    key_walk_init(&walk, cmd, 1, 2);
    while (key_walk_next(&walk, &key, &at)) {
        if (db_lookup_write(cmd->db, key)) {
            reply_int(cmd->reply, 0);
            return;
        }
    }
    store_pairs(cmd);
    reply_int(cmd->reply, 1);
}

/* ---- MSETEX ---- */

/* With an absolute time, and without the condition, which has been decided. */
static void effect_msetex(struct cmd *cmd, int pairs_end, int64_t when_ms)
{
    char digits[NUM_INT_MAX_CHARS];
    struct slice *argv = arena_alloc(cmd->arena, (size_t)(pairs_end + 2) * sizeof(*argv));
    memcpy(argv, cmd->argv, (size_t)pairs_end * sizeof(*argv));
    argv[pairs_end] = SLICE("PXAT");
    argv[pairs_end + 1] = slice_of(digits, num_format_int(digits, when_ms));
    cmd_effect(cmd, argv, (size_t)pairs_end + 2);
}

/* Whether the condition holds for every key. */
static bool all_keys_hold(const struct cmd *pairs, const struct string_options *options)
{
    struct key_walk walk;
    struct key key;
    int at;
    key_walk_init(&walk, pairs, 2, 2);
    while (key_walk_next(&walk, &key, &at))
        if (!condition_holds(pairs, options, db_lookup_write(pairs->db, key)))
            return false;
    return true;
}

static void store_pairs_until(struct cmd *pairs, const struct string_options *options,
                              int64_t when_ms)
{
    struct key_walk walk;
    struct key key;
    int at;
    key_walk_init(&walk, pairs, 2, 2);
    while (key_walk_next(&walk, &key, &at)) {
        struct entry *e = db_lookup_write(pairs->db, key);
        bool keep = e && (options->given & OPTION_KEEPTTL);
        store(pairs, key, e, at + 1, keep ? entry_expiry(e) : when_ms);
        if (options->given & OPTIONS_TIME)
            db_notify(pairs->db, EVENT_GENERIC, "expire", key.name);
    }
}

static void run_msetex(struct cmd *cmd)
{
    int64_t count, when_ms = ENTRY_NO_EXPIRY;
    if (!cmd_int_in(cmd, 1, 1, INT32_MAX, &count, ERR_NOT_INT))
        return;
    if (count > (cmd->argc - 2) / 2) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    struct cmd pairs = *cmd; /* the request up to its last value */
    pairs.argc = 2 + 2 * (int)count;
    struct string_options options;
    if (!string_options_parse(cmd, pairs.argc, OPTIONS_MSETEX, &options))
        return;
    uint32_t time = options.given & OPTIONS_TIME;
    if (time && !string_time(cmd, options.at[ARGUMENT_TIME], time, &when_ms))
        return;
    if ((options.given & (OPTION_NX | OPTION_XX)) && !all_keys_hold(&pairs, &options)) {
        reply_int(cmd->reply, 0);
        return;
    }
    store_pairs_until(&pairs, &options, when_ms);
    if (time)
        effect_msetex(cmd, pairs.argc, when_ms);
    reply_int(cmd->reply, 1);
}

static const struct command rows[] = {
    {
        .name = "set",
        .run = run_set,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1,
                    .notes = "Reads the old value only with GET, IFEQ and its kin" } },
        .key_flags = set_key_flags,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Stores a string, whatever was there before; options make it conditional, "
                   "set an expiry, or answer with the old value.",
        .syntax = "key:key value [condition=<NX | XX | IFEQ comparison-value@8.1.0 | "
                  "IFNE ifne-value@8.4.0 | IFDEQ ifdeq-digest@8.4.0 | "
                  "IFDNE ifdne-digest@8.4.0>@2.6.12] [GET@6.2.0] "
                  "[expiration=<EX seconds:int@2.6.12 | PX milliseconds:int@2.6.12 | "
                  "EXAT unix-time-seconds:unixtime@6.2.0 | "
                  "PXAT unix-time-milliseconds:unixtime@6.2.0 | KEEPTTL@6.0.0>]",
    },
    {
        .name = "setnx",
        .run = run_setnx,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_OW | KEY_INSERT),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Stores a string if the key does not exist.",
        .syntax = "key:key value",
    },
    {
        .name = "setex",
        .run = run_setex,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_OW | KEY_UPDATE),
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Stores a string that expires after some seconds.",
        .syntax = "key:key seconds:int value",
    },
    {
        .name = "psetex",
        .run = run_psetex,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_OW | KEY_UPDATE),
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Stores a string that expires after some milliseconds.",
        .syntax = "key:key milliseconds:int value",
    },
    {
        .name = "getset",
        .run = run_getset,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Stores a string and answers with the one that was there before.",
        .syntax = "key:key value",
        .deprecated_since = "6.2.0",
        .replaced_by = "SET with its option GET",
    },
    {
        .name = "mset",
        .run = run_mset,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = KEYS_FROM(1, -1, 2, KEY_OW | KEY_UPDATE),
        .since = "1.0.1",
        .complexity = "O(N) for N keys",
        .summary = "Stores several strings at once.",
        .syntax = "key_value={key:key value}...",
        .tips = (const char *const[]){ "request_policy:multi_shard",
                                       "response_policy:all_succeeded", NULL },
    },
    {
        .name = "msetnx",
        .run = run_msetnx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = KEYS_FROM(1, -1, 2, KEY_OW | KEY_INSERT),
        .since = "1.0.1",
        .complexity = "O(N) for N keys",
        .summary = "Stores several strings at once, or none if one of the keys exists.",
        .syntax = "key_value={key:key value}...",
        .tips = (const char *const[]){ "request_policy:multi_shard", "response_policy:agg_min",
                                       NULL },
    },
    {
        .name = "msetex",
        .run = run_msetex,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_MOVABLE_KEYS,
        .group = GROUP_STRING,
        .keys = { { .flags = KEY_OW | KEY_UPDATE,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .find = KEYS_NUMKEYS,
                    .count_at = 0,
                    .first = 1,
                    .step = 2 } },
        .since = "8.4.0",
        .complexity = "O(N) for N keys",
        .summary = "Stores several strings at once with an expiry, all of them or none.",
        .syntax = "numkeys:int key_value={key:key value}... [condition=<NX | XX>] "
                  "[expiration=<EX seconds:int | PX milliseconds:int | "
                  "EXAT unix-time-seconds:unixtime | PXAT unix-time-milliseconds:unixtime | "
                  "KEEPTTL>]",
        .tips = (const char *const[]){ "request_policy:multi_shard",
                                       "response_policy:all_succeeded", NULL },
    },
};

struct command_table commands_string_set(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
