/* Fields with their expiry in one go: HGETEX, HSETEX, HGETDEL. */
#include "commands/commands.h"
#include "commands/hash_priv.h"
#include "commands/string_options.h"

/* What stands between the key and FIELDS, and the fields. False: an error was replied. */
static bool parse(const struct cmd *cmd, uint32_t allowed, int step, struct field_args *ret_args,
                  struct string_options *ret_options)
{
    int word = field_args_find(cmd, 2);
    struct cmd head = *cmd;
    if (word < cmd->argc)
        head.argc = word;
    return string_options_parse(&head, 2, allowed, ret_options) &&
           field_args_parse(cmd, word, step, ret_args);
}

/* The time that the options say, which may be past; HASH_NEVER if they say none. False: an error
 * was replied. */
static bool time_of(const struct cmd *cmd, const struct string_options *options,
                    int64_t *ret_when_ms)
{
    uint32_t time = options->given & OPTIONS_TIME;
    int64_t base_ms = time & (OPTION_EX | OPTION_PX) ? cmd_now_ms(cmd) : 0;
    int64_t unit = time & (OPTION_EX | OPTION_EXAT) ? 1000 : 1;
    *ret_when_ms = HASH_NEVER;
    return !time || field_time(cmd, options->at[ARGUMENT_TIME], base_ms, unit, ret_when_ms);
}

/* ---- HGETEX ---- */

/* Gives the field another expiry, or removes it. False: nothing has changed. */
static bool touch_field(struct cmd *cmd, struct entry *e, struct slice name, int64_t when_ms)
{
    int64_t old_ms;
    if (!hash_expiry(e, name, db_fields_now(cmd->db), &old_ms))
        return false;
    if (when_ms == ENTRY_NO_EXPIRY && old_ms == ENTRY_NO_EXPIRY)
        return false;
    if (when_ms != ENTRY_NO_EXPIRY && when_ms <= cmd_now_ms(cmd))
        return hash_remove(e, name, HASH_SHOW_ALL);
    return hash_set_expiry(e, hash_env(cmd), name, when_ms);
}

static void reply_values(struct cmd *cmd, const struct entry *e, const struct field_args *args)
{
    reply_array(cmd->reply, (size_t)args->count);
    for (int i = 0; i < args->count; i++)
        reply_field(cmd, e, field_arg(cmd, args, i));
}

static void run_hgetex(struct cmd *cmd)
{
    struct field_args args;
    struct string_options options;
    int64_t when_ms;
    if (!parse(cmd, OPTIONS_GETEX, 1, &args, &options) || !time_of(cmd, &options, &when_ms))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_read(cmd->db, key);
    if (!is_hash(cmd, e))
        return;
    if (e) {
        struct db_field_names names = field_names(cmd, &args);
        db_expire_named(cmd->db, key, e, &names);
    }
    reply_values(cmd, e, &args);
    if (!e || !options.given)
        return;

    if (options.given & OPTION_PERSIST)
        when_ms = ENTRY_NO_EXPIRY;
    struct field_effect changed;
    field_effect_init(&changed, cmd, &args);
    for (int i = 0; i < args.count; i++)
        if (touch_field(cmd, e, field_arg(cmd, &args, i), when_ms))
            field_effect_add(&changed, field_arg(cmd, &args, i));
    fields_expire_tell(cmd, key, e, &changed, when_ms);
}

/* ---- HSETEX ---- */

/* Whether the conditions on key and fields hold. */
static bool allowed(const struct cmd *cmd, const struct entry *e, uint32_t given,
                    const struct field_args *args)
{
    if ((given & OPTION_NX && e) || (given & OPTION_XX && !e))
        return false;
    int found = 0;
    for (int i = 0; e && given & (OPTION_FNX | OPTION_FXX) && i < args->count; i++)
        found += hash_has(e, field_arg(cmd, args, i), db_fields_now(cmd->db));
    if (given & OPTION_FNX)
        return found == 0;
    return !(given & OPTION_FXX) || found == args->count;
}

/* The time is past already. */
static void remove_fields(struct cmd *cmd, struct key key, struct entry *e,
                          const struct field_args *args)
{
    struct field_effect removed;
    field_effect_init(&removed, cmd, args);
    for (int i = 0; e && i < args->count; i++)
        if (hash_remove(e, field_arg(cmd, args, i), db_fields_now(cmd->db)))
            field_effect_add(&removed, field_arg(cmd, args, i));
    if (removed.count == 0)
        return;
    hash_removed(cmd, key, e, "hexpired");
    field_effect_tell(&removed, cmd, "HDEL", ENTRY_NO_EXPIRY);
}

static void put_fields(struct cmd *cmd, struct key key, struct entry *old,
                       const struct field_args *args, int64_t when_ms)
{
    struct entry *e = old ? old : hash_new(key.name, ENTRY_NO_EXPIRY);
    int64_t now_ms = db_fields_now(cmd->db);
    for (int i = 0; i < args->count; i++) {
        int at = args->first + i * args->step;
        struct hash_field f = { cmd_arg(cmd, at), cmd_arg(cmd, at + 1), when_ms };
        (void)hash_put(e, hash_env(cmd), &f, now_ms);
    }
    if (old)
        db_store(cmd->db, key, old, e);
    else
        db_insert(cmd->db, key, e);
    db_notify(cmd->db, EVENT_HASH, "hset", key.name);
}

/* A relative time becomes an absolute one. */
static void tell_absolute(struct cmd *cmd, int time_at, int64_t when_ms)
{
    char digits[NUM_INT_MAX_CHARS];
    size_t argc = (size_t)cmd->argc;
    struct slice *argv = arena_alloc(cmd->arena, argc * sizeof(*argv));
    memcpy(argv, cmd->argv, argc * sizeof(*argv));
    argv[time_at - 1] = SLICE("PXAT");
    argv[time_at] = slice_of(digits, num_format_int(digits, when_ms));
    cmd_effect(cmd, argv, argc);
}

static void run_hsetex(struct cmd *cmd)
{
    struct field_args args;
    struct string_options options;
    int64_t when_ms;
    if (!parse(cmd, OPTIONS_HSETEX, 2, &args, &options) || !time_of(cmd, &options, &when_ms))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e;
    if (!hash_lookup(cmd, key, field_names(cmd, &args), &e))
        return;
    if (!allowed(cmd, e, options.given, &args)) {
        reply_int(cmd->reply, 0);
        return;
    }
    if (!(options.given & OPTIONS_TIME)) {
        put_fields(cmd, key, e, &args,
                   options.given & OPTION_KEEPTTL ? HASH_KEEP_EXPIRY : ENTRY_NO_EXPIRY);
    } else if (when_ms <= cmd_now_ms(cmd)) {
        remove_fields(cmd, key, e, &args);
    } else {
        put_fields(cmd, key, e, &args, when_ms);
        db_notify(cmd->db, EVENT_HASH, "hexpire", key.name);
        if (options.given & (OPTION_EX | OPTION_PX))
            tell_absolute(cmd, options.at[ARGUMENT_TIME], when_ms);
    }
    reply_int(cmd->reply, 1);
}

/* ---- HGETDEL ---- */

static void run_hgetdel(struct cmd *cmd)
{
    struct field_args args;
    struct key key = cmd_key(cmd, 1);
    struct entry *e;
    if (!field_args_parse(cmd, field_args_find(cmd, 2), 1, &args) ||
        !hash_lookup(cmd, key, field_names(cmd, &args), &e))
        return;
    struct field_effect removed;
    field_effect_init(&removed, cmd, &args);
    reply_array(cmd->reply, (size_t)args.count);
    for (int i = 0; i < args.count; i++) {
        struct slice name = field_arg(cmd, &args, i);
        reply_field(cmd, e, name);
        if (e && hash_remove(e, name, db_fields_now(cmd->db)))
            field_effect_add(&removed, name);
    }
    if (removed.count == 0)
        return;
    hash_removed(cmd, key, e, "hdel");
    field_effect_tell(&removed, cmd, "HDEL", ENTRY_NO_EXPIRY);
}

#define TIMES                                                                   \
    "EX seconds:int | PX milliseconds:int | EXAT unix-time-seconds:unixtime | " \
    "PXAT unix-time-milliseconds:unixtime"
#define FIELDS " fields={FIELDS numfields:int field...}"

static const struct command rows[] = {
    {
        .name = "hgetex",
        .run = run_hgetex,
        .arity = -5,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS),
        .since = "9.0.0",
        .complexity = "O(N) for N fields given",
        .summary = "The values of fields, whose expiry is set or removed.",
        .syntax = "key:key [expiration=<" TIMES " | PERSIST>]" FIELDS,
    },
    {
        .name = "hsetex",
        .run = run_hsetex,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .since = "9.0.0",
        .complexity = "O(N) for N fields given",
        .summary = "Sets fields of a hash with their expiry, if conditions on key and fields "
                   "hold.",
        .syntax = "key:key [key-condition=<NX | XX>] [fields-condition=<FNX | FXX>] "
                  "[expiration=<" TIMES " | KEEPTTL>] "
                  "fields={FIELDS numfields:int data={field value}...}",
    },
    {
        .name = "hgetdel",
        .run = run_hgetdel,
        .arity = -5,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_DELETE),
        .since = "9.1.0",
        .complexity = "O(N) for N fields given",
        .summary = "The values of fields, which are then removed.",
        .syntax = "key:key" FIELDS,
    },
};

struct command_table commands_hash_ex(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
