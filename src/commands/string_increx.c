/* INCREX: a counter with bounds and an expiry in one step.
 *
 * A sum outside the bounds, or the number's own limits, changes nothing; with SATURATE it becomes
 * the bound. Nor does anything change when the key is there with NX, or is not with XX, which the
 * published grammar does not name. Whole numbers unless BYFLOAT is given. */
#include <math.h>

#include "base/num.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "commands/string_options.h"
#include "types/string.h"

#define ERR_BOUNDS "ERR LBOUND must not be above UBOUND"
#define ERR_OVERFLOW "ERR increment or decrement would overflow"

struct increx {
    struct string_options options;
    struct key key;
    struct entry *e;
    int64_t when_ms; /* with one of OPTIONS_TIME */
};

/* Whether NX or XX forbids to change anything. */
static bool key_forbids(const struct increx *x)
{
    return (x->options.given & OPTION_NX && x->e) || (x->options.given & OPTION_XX && !x->e);
}

/* ---- lifetime ---- */

/* The journal gets the outcome: nothing of it is decided again. */
static void effect_of_outcome(struct cmd *cmd, const struct increx *x, struct slice text)
{
    char digits[NUM_INT_MAX_CHARS];
    int64_t when_ms = entry_expiry(x->e);
    if (when_ms == ENTRY_NO_EXPIRY)
        CMD_EFFECT(cmd, SLICE("SET"), x->key.name, text);
    else
        CMD_EFFECT(cmd, SLICE("SET"), x->key.name, text, SLICE("PXAT"),
                   slice_of(digits, num_format_int(digits, when_ms)));
}

static void set_lifetime(struct cmd *cmd, struct increx *x)
{
    uint32_t given = x->options.given;
    bool has = entry_expiry(x->e) != ENTRY_NO_EXPIRY;
    if ((given & OPTION_PERSIST) && has) {
        x->e = db_set_expiry(cmd->db, x->key, x->e, ENTRY_NO_EXPIRY);
        db_notify(cmd->db, EVENT_GENERIC, "persist", x->key.name);
    } else if ((given & OPTIONS_TIME) && !(has && (given & OPTION_ENX))) {
        x->e = db_set_expiry(cmd->db, x->key, x->e, x->when_ms);
        db_notify(cmd->db, EVENT_GENERIC, "expire", x->key.name);
    }
}

/* Stores the changed entry in the place of the old one, or where there was none. */
static void store_sum(struct cmd *cmd, struct increx *x, struct entry *e, const char *event)
{
    if (x->e)
        db_store(cmd->db, x->key, x->e, e);
    else
        db_insert(cmd->db, x->key, e);
    x->e = e;
    db_notify(cmd->db, EVENT_STRING, event, x->key.name);
    set_lifetime(cmd, x);
}

/* ---- whole numbers ---- */

/* A bound, or `otherwise` where it is not given. False: an error was replied. */
static bool int_bound(const struct cmd *cmd, const struct increx *x, enum option_argument which,
                      int64_t otherwise, int64_t *ret_bound)
{
    *ret_bound = otherwise;
    return !x->options.at[which] || cmd_int(cmd, x->options.at[which], ret_bound, NULL);
}

static void reply_ints(struct reply *r, int64_t value, int64_t applied)
{
    reply_array(r, 2);
    reply_int(r, value);
    reply_int(r, applied);
}

static void add_int(struct cmd *cmd, struct increx *x, int64_t by, int64_t lower, int64_t upper)
{
    int64_t old = 0, sum, applied;
    if (x->e && !string_as_int(x->e, &old)) {
        reply_error(cmd->reply, ERR_NOT_INT);
        return;
    }
    if (key_forbids(x)) {
        reply_ints(cmd->reply, old, 0);
        return;
    }
    bool over = __builtin_add_overflow(old, by, &sum);
    if (over)
        sum = by > 0 ? INT64_MAX : INT64_MIN;
    if (over || sum < lower || sum > upper) {
        if (!(x->options.given & OPTION_SATURATE)) {
            reply_ints(cmd->reply, old, 0);
            return;
        }
        sum = MIN_OF(MAX_OF(sum, lower), upper);
    }
    if (__builtin_sub_overflow(sum, old, &applied)) {
        reply_error(cmd->reply, ERR_OVERFLOW);
        return;
    }
    struct entry *e = x->e ? string_set_int(x->e, sum)
                           : string_new_int(x->key.name, sum, ENTRY_NO_EXPIRY);
    store_sum(cmd, x, e, "incrby");
    char digits[NUM_INT_MAX_CHARS];
    effect_of_outcome(cmd, x, slice_of(digits, num_format_int(digits, sum)));
    reply_ints(cmd->reply, sum, applied);
}

/* Everything that can be wrong is looked at before the key is. */
static bool parse_ints(const struct cmd *cmd, const struct increx *x, int64_t *ret_by,
                       int64_t ret_bounds[2])
{
    *ret_by = 1;
    if ((x->options.at[ARGUMENT_BY] && !cmd_int(cmd, x->options.at[ARGUMENT_BY], ret_by, NULL)) ||
        !int_bound(cmd, x, ARGUMENT_LBOUND, INT64_MIN, &ret_bounds[0]) ||
        !int_bound(cmd, x, ARGUMENT_UBOUND, INT64_MAX, &ret_bounds[1]))
        return false;
    if (ret_bounds[0] <= ret_bounds[1])
        return true;
    reply_error(cmd->reply, ERR_BOUNDS);
    return false;
}

/* ---- floating point ---- */

static bool float_bound(const struct cmd *cmd, const struct increx *x, enum option_argument which,
                        long double otherwise, long double *ret_bound)
{
    *ret_bound = otherwise;
    return !x->options.at[which] || cmd_long_double(cmd, x->options.at[which], ret_bound, NULL);
}

static void reply_float(struct reply *r, long double value)
{
    char digits[NUM_LONG_DOUBLE_MAX_CHARS];
    if (r->proto > 2)
        reply_double(r, (double)value);
    else
        reply_bulk(r, slice_of(digits, num_format_long_double(digits, value)));
}

static void reply_floats(struct reply *r, long double value, long double applied)
{
    reply_array(r, 2);
    reply_float(r, value);
    reply_float(r, applied);
}

static void add_float(struct cmd *cmd, struct increx *x, long double by, long double lower,
                      long double upper)
{
    char scratch[NUM_INT_MAX_CHARS];
    long double old = 0;
    if (x->e && !num_parse_long_double(string_bytes(x->e, scratch), &old)) {
        reply_error(cmd->reply, ERR_NOT_FLOAT);
        return;
    }
    if (key_forbids(x)) {
        reply_floats(cmd->reply, old, 0);
        return;
    }
    long double sum = old + by;
    if (!isfinite(sum) || sum < lower || sum > upper) {
        if (!(x->options.given & OPTION_SATURATE)) {
            reply_floats(cmd->reply, old, 0);
            return;
        }
        sum = sum < lower ? lower : sum > upper ? upper : sum;
    }
    if (!isfinite(sum) || !isfinite(sum - old)) {
        reply_error(cmd->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    char digits[NUM_LONG_DOUBLE_MAX_CHARS];
    struct slice text = slice_of(digits, num_format_long_double(digits, sum));
    struct entry *e = x->e ? string_set_text(x->e, text)
                           : string_new_text(x->key.name, text, ENTRY_NO_EXPIRY);
    store_sum(cmd, x, e, "incrbyfloat");
    effect_of_outcome(cmd, x, text);
    reply_floats(cmd->reply, sum, sum - old);
}

static bool parse_floats(const struct cmd *cmd, const struct increx *x, long double *ret_by,
                         long double ret_bounds[2])
{
    if (!cmd_long_double(cmd, x->options.at[ARGUMENT_BY], ret_by, NULL) ||
        !float_bound(cmd, x, ARGUMENT_LBOUND, -HUGE_VALL, &ret_bounds[0]) ||
        !float_bound(cmd, x, ARGUMENT_UBOUND, HUGE_VALL, &ret_bounds[1]))
        return false;
    if (ret_bounds[0] <= ret_bounds[1])
        return true;
    reply_error(cmd->reply, ERR_BOUNDS);
    return false;
}

/* ---- the verb ---- */

/* False: an error was replied. */
static bool parse_options(const struct cmd *cmd, struct increx *x)
{
    if (!string_options_parse(cmd, 2, OPTIONS_INCREX, &x->options))
        return false;
    uint32_t time = x->options.given & OPTIONS_TIME;
    if ((x->options.given & OPTION_ENX) && !time) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    return !time || string_time(cmd, x->options.at[ARGUMENT_TIME], time, &x->when_ms);
}

static void run_increx(struct cmd *cmd)
{
    struct increx x = { .key = cmd_key(cmd, 1), .when_ms = ENTRY_NO_EXPIRY };
    int64_t by = 1, bounds[2];
    long double float_by = 0, float_bounds[2];
    if (!parse_options(cmd, &x))
        return;
    bool floats = x.options.given & OPTION_BYFLOAT;
    if (floats ? !parse_floats(cmd, &x, &float_by, float_bounds)
               : !parse_ints(cmd, &x, &by, bounds))
        return;
    x.e = db_lookup_write(cmd->db, x.key);
    if (!is_string(cmd, x.e))
        return;
    if (floats)
        add_float(cmd, &x, float_by, float_bounds[0], float_bounds[1]);
    else
        add_int(cmd, &x, by, bounds[0], bounds[1]);
}

static const struct command rows[] = {
    {
        .name = "increx",
        .run = run_increx,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
        .since = "8.8.0",
        .complexity = "O(1)",
        .summary =
            "Adds to a number within bounds, and sets its expiry: a rate limiter in one "
            "command, only for a new key (NX) or an old one (XX) if wished. Answers with the "
            "number and what was added.",
        .syntax = "key:key [increment=<BYFLOAT float:double | BYINT integer:int>] [SATURATE] "
                  "[LBOUND lowerbound] [UBOUND upperbound] "
                  "[expiration=<EX seconds:int | PX milliseconds:int | "
                  "EXAT unix-time-seconds:unixtime | PXAT unix-time-milliseconds:unixtime | "
                  "PERSIST>] [ENX]",
    },
};

struct command_table commands_string_increx(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
