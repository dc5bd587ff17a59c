/* Strings that are changed where they are: the INCR family and APPEND. */
#include <math.h>

#include "base/num.h"
#include "commands/string_priv.h"
#include "types/string.h"

/* ---- whole numbers ---- */

static void increment(struct cmd *cmd, int64_t by)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    int64_t value = 0;
    if (!is_string(cmd, e))
        return;
    if (e && !string_as_int(e, &value)) {
        reply_error(cmd->reply, ERR_NOT_INT);
        return;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        reply_error(cmd->reply, "ERR increment or decrement would overflow");
        return;
    }
    if (e)
        db_store(cmd->db, key, e, string_set_int(e, value));
    else
        db_insert(cmd->db, key, string_new_int(key.name, value, ENTRY_NO_EXPIRY));
    db_notify(cmd->db, EVENT_STRING, "incrby", key.name);
    reply_int(cmd->reply, value);
}

static void run_incr(struct cmd *cmd)
{
    increment(cmd, 1);
}

static void run_decr(struct cmd *cmd)
{
    increment(cmd, -1);
}

static void run_incrby(struct cmd *cmd)
{
    int64_t by;
    if (cmd_int(cmd, 2, &by, NULL))
        increment(cmd, by);
}

static void run_decrby(struct cmd *cmd)
{
    int64_t by;
    if (!cmd_int(cmd, 2, &by, NULL))
        return;
    if (by == INT64_MIN)
        reply_error(cmd->reply, "ERR decrement would overflow");
    else
        increment(cmd, -by);
}

/* ---- floating point ---- */

/* The string's number, 0 without a string. False: an error was replied. */
static bool float_value(const struct cmd *cmd, const struct entry *e, long double *ret_value)
{
    char scratch[NUM_INT_MAX_CHARS];
    *ret_value = 0;
    if (!e || num_parse_long_double(string_bytes(e, scratch), ret_value))
        return true;
    reply_error(cmd->reply, ERR_NOT_FLOAT);
    return false;
}

static void run_incrbyfloat(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    long double value, by;
    if (!is_string(cmd, e) || !float_value(cmd, e, &value) || !cmd_long_double(cmd, 2, &by, NULL))
        return;
    value += by;
    if (isnan(value) || isinf(value)) {
        reply_error(cmd->reply, "ERR increment would produce NaN or Infinity");
        return;
    }

    char digits[NUM_LONG_DOUBLE_MAX_CHARS];
    struct slice text = slice_of(digits, num_format_long_double(digits, value));
    if (e)
        db_store(cmd->db, key, e, string_set_text(e, text));
    else
        db_insert(cmd->db, key, string_new_text(key.name, text, ENTRY_NO_EXPIRY));
    db_notify(cmd->db, EVENT_STRING, "incrbyfloat", key.name);
    /* The sum, so that no other arithmetic comes to another one. */
    CMD_EFFECT(cmd, SLICE("SET"), key.name, text, SLICE("KEEPTTL"));
    reply_bulk(cmd->reply, text);
}

/* ---- APPEND ---- */

static void run_append(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct slice tail = cmd_arg(cmd, 2);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_string(cmd, e))
        return;
    size_t len = e ? string_len(e) : 0;
    if (e) {
        if (!string_length_ok(cmd, len, tail.len))
            return;
        char *bytes = string_open_key(cmd, key, e, len + tail.len, NULL);
        if (!bytes)
            return;
        if (tail.len)
            memcpy(bytes + len, tail.ptr, tail.len);
    } else {
        db_insert(cmd->db, key, string_from_arg(cmd, key.name, 2, ENTRY_NO_EXPIRY));
    }
    db_notify(cmd->db, EVENT_STRING, "append", key.name);
    reply_int(cmd->reply, (int64_t)(len + tail.len));
}

#define NUMBER_KEY KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE)
#define NUMBER_FLAGS (CMD_WRITE | CMD_DENY_OOM | CMD_FAST)

static const struct command rows[] = {
    {
        .name = "incr",
        .run = run_incr,
        .arity = 2,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = NUMBER_KEY,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Adds one to a whole number; a missing key counts as 0.",
        .syntax = "key:key",
    },
    {
        .name = "decr",
        .run = run_decr,
        .arity = 2,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = NUMBER_KEY,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Takes one from a whole number; a missing key counts as 0.",
        .syntax = "key:key",
    },
    {
        .name = "incrby",
        .run = run_incrby,
        .arity = 3,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = NUMBER_KEY,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Adds to a whole number; a missing key counts as 0.",
        .syntax = "key:key increment:int",
    },
    {
        .name = "decrby",
        .run = run_decrby,
        .arity = 3,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = NUMBER_KEY,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Subtracts from a whole number; a missing key counts as 0.",
        .syntax = "key:key decrement:int",
    },
    {
        .name = "incrbyfloat",
        .run = run_incrbyfloat,
        .arity = 3,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = NUMBER_KEY,
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Adds to a number that may have a fraction; a missing key counts as 0.",
        .syntax = "key:key increment:double",
    },
    {
        .name = "append",
        .run = run_append,
        .arity = 3,
        .flags = NUMBER_FLAGS,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .since = "2.0.0",
        .complexity = "O(N) for N added bytes, averaged over many calls",
        .summary = "Adds bytes at the end of a string; a missing key counts as empty.",
        .syntax = "key:key value",
    },
};

struct command_table commands_string_change(const struct commands_settings *settings)
{
    return (struct command_table){ rows, COUNT_OF(rows), (void *)(uintptr_t)settings };
}
