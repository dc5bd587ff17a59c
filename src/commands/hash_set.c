/* Hashes that are changed: HSET, HMSET, HSETNX, HDEL, HINCRBY, HINCRBYFLOAT. */
#include <math.h>

#include "commands/commands.h"
#include "commands/hash_priv.h"

/* ---- HSET ---- */

/* False: an error was replied. */
static bool put_pairs(struct cmd *cmd, struct key *ret_key, int64_t *ret_new)
{
    if (cmd->argc % 2 != 0) {
        reply_errorf(cmd->reply, "ERR wrong number of arguments for '%s' command", cmd->row->name);
        return false;
    }
    struct key key = cmd_key(cmd, 1);
    struct entry *old = db_lookup_write(cmd->db, key);
    if (!is_hash(cmd, old))
        return false;
    struct entry *e = old ? old : hash_new(key.name, ENTRY_NO_EXPIRY);
    int64_t now_ms = db_fields_now(cmd->db), is_new = 0;
    for (int i = 2; i < cmd->argc; i += 2) {
        struct hash_field f = { cmd_arg(cmd, i), cmd_arg(cmd, i + 1), ENTRY_NO_EXPIRY };
        is_new += hash_put(e, hash_env(cmd), &f, now_ms);
    }
    if (old)
        db_store(cmd->db, key, old, e);
    else
        db_insert(cmd->db, key, e);
    *ret_key = key;
    *ret_new = is_new;
    return true;
}

static void run_hset(struct cmd *cmd)
{
    struct key key;
    int64_t is_new;
    if (!put_pairs(cmd, &key, &is_new))
        return;
    reply_int(cmd->reply, is_new);
    db_notify(cmd->db, EVENT_HASH, "hset", key.name);
}

static void run_hmset(struct cmd *cmd)
{
    struct key key;
    int64_t is_new;
    if (!put_pairs(cmd, &key, &is_new))
        return;
    reply_ok(cmd->reply);
    db_notify(cmd->db, EVENT_HASH, "hset", key.name);
}

/* Argument 2 as the field of a change. */
static struct db_field_names one_field(const struct cmd *cmd)
{
    return (struct db_field_names){ cmd->argv + 2, 1, 1 };
}

static void run_hsetnx(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e;
    if (!hash_lookup(cmd, key, one_field(cmd), &e))
        return;
    if (e && hash_has(e, cmd_arg(cmd, 2), db_fields_now(cmd->db))) {
        reply_int(cmd->reply, 0);
        return;
    }
    struct hash_field f = { cmd_arg(cmd, 2), cmd_arg(cmd, 3), ENTRY_NO_EXPIRY };
    (void)hash_put_and_store(cmd, key, e, &f);
    reply_int(cmd->reply, 1);
    db_notify(cmd->db, EVENT_HASH, "hset", key.name);
}

/* ---- HDEL ---- */

static void run_hdel(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct db_field_names names = { cmd->argv + 2, (size_t)cmd->argc - 2, 1 };
    struct entry *e;
    if (!hash_lookup(cmd, key, names, &e))
        return;
    int64_t removed = 0, now_ms = db_fields_now(cmd->db);
    for (int i = 2; e && i < cmd->argc; i++)
        removed += hash_remove(e, cmd_arg(cmd, i), now_ms);
    if (removed)
        hash_removed(cmd, key, e, "hdel");
    reply_int(cmd->reply, removed);
}

/* ---- numbers ---- */

/* The text of the field that argument 2 names, if there is one. */
static bool old_value(const struct cmd *cmd, const struct entry *e,
                      char scratch[static NUM_INT_MAX_CHARS], struct slice *ret_text)
{
    return e && hash_get(e, cmd_arg(cmd, 2), db_fields_now(cmd->db), scratch, ret_text);
}

static void run_hincrby(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    char scratch[NUM_INT_MAX_CHARS], digits[NUM_INT_MAX_CHARS];
    struct slice text;
    struct entry *e;
    int64_t by, value = 0;
    if (!cmd_int(cmd, 3, &by, NULL) || !hash_lookup(cmd, key, one_field(cmd), &e))
        return;
    if (old_value(cmd, e, scratch, &text) && !num_parse_int(text, &value)) {
        reply_error(cmd->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        reply_error(cmd->reply, "ERR increment or decrement would overflow");
        return;
    }
    struct hash_field f = { cmd_arg(cmd, 2), slice_of(digits, num_format_int(digits, value)),
                            HASH_KEEP_EXPIRY };
    (void)hash_put_and_store(cmd, key, e, &f);
    reply_int(cmd->reply, value);
    db_notify(cmd->db, EVENT_HASH, "hincrby", key.name);
}

/* The sum, so that no other arithmetic comes to another one; and the expiry that HSET takes away. */
static void tell_sum(struct cmd *cmd, const struct entry *e, struct slice text)
{
    char digits[NUM_INT_MAX_CHARS];
    struct slice name = cmd_arg(cmd, 2);
    int64_t when_ms;
    CMD_EFFECT(cmd, SLICE("HSET"), cmd_arg(cmd, 1), name, text);
    if (!e || !hash_expiry(e, name, HASH_SHOW_ALL, &when_ms) || when_ms == ENTRY_NO_EXPIRY)
        return;
    struct slice time = slice_of(digits, num_format_int(digits, when_ms));
    CMD_EFFECT(cmd, SLICE("HPEXPIREAT"), cmd_arg(cmd, 1), time, SLICE("FIELDS"), SLICE("1"), name);
}

static void run_hincrbyfloat(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    char scratch[NUM_INT_MAX_CHARS], digits[NUM_LONG_DOUBLE_MAX_CHARS];
    struct slice text;
    struct entry *e;
    long double by, value = 0;
    if (!cmd_long_double(cmd, 3, &by, NULL))
        return;
    if (isnan(by) || isinf(by)) {
        reply_error(cmd->reply, "ERR value is NaN or Infinity");
        return;
    }
    if (!hash_lookup(cmd, key, one_field(cmd), &e))
        return;
    if (old_value(cmd, e, scratch, &text) && !num_parse_long_double(text, &value)) {
        reply_error(cmd->reply, "ERR hash value is not a float");
        return;
    }
    value += by;
    if (isnan(value) || isinf(value)) {
        reply_error(cmd->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    text = slice_of(digits, num_format_long_double(digits, value));
    struct hash_field f = { cmd_arg(cmd, 2), text, HASH_KEEP_EXPIRY };
    (void)hash_put_and_store(cmd, key, e, &f);
    reply_bulk(cmd->reply, text);
    db_notify(cmd->db, EVENT_HASH, "hincrbyfloat", key.name);
    tell_sum(cmd, e, text);
}

#define WRITE_FAST (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)
#define UPDATE_KEY KEY_AT(1, KEY_RW | KEY_UPDATE)
#define NUMBER_KEY KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE)

static const struct command rows[] = {
    {
        .name = "hset",
        .run = run_hset,
        .arity = -4,
        .flags = WRITE_FAST,
        .group = GROUP_HASH,
        .keys = UPDATE_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(N) for N fields given",
        .summary = "Sets fields of a hash; says how many of them are new.",
        .syntax = "key:key field_value={field value}...",
    },
    {
        .name = "hmset",
        .run = run_hmset,
        .arity = -4,
        .flags = WRITE_FAST,
        .group = GROUP_HASH,
        .keys = UPDATE_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(N) for N fields given",
        .summary = "Sets fields of a hash; HSET does so, too.",
        .syntax = "key:key field_value={field value}...",
        .deprecated_since = "4.0.0",
        .replaced_by = "`HSET` with multiple field-value pairs",
    },
    {
        .name = "hsetnx",
        .run = run_hsetnx,
        .arity = 4,
        .flags = WRITE_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Sets a field that the hash does not have yet.",
        .syntax = "key:key field value",
    },
    {
        .name = "hdel",
        .run = run_hdel,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_HASH,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(N) for N fields given",
        .summary = "Removes fields; the key goes with the last one.",
        .syntax = "key:key field...",
    },
    {
        .name = "hincrby",
        .run = run_hincrby,
        .arity = 4,
        .flags = WRITE_FAST,
        .group = GROUP_HASH,
        .keys = NUMBER_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Adds to the whole number in a field; a missing field counts as 0.",
        .syntax = "key:key field increment:int",
    },
    {
        .name = "hincrbyfloat",
        .run = run_hincrbyfloat,
        .arity = 4,
        .flags = WRITE_FAST,
        .group = GROUP_HASH,
        .keys = NUMBER_KEY,
        .element = 2,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Adds to the number in a field, which may have a fraction; a missing field "
                   "counts as 0.",
        .syntax = "key:key field increment:double",
    },
};

struct command_table commands_hash_set(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
