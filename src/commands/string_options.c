/* Options of SET and its kin. */
#include "commands/string_options.h"

#include <xxhash.h>

#include "base/num.h"
#include "commands/commands_priv.h"
#include "types/string.h"

/* What cannot stand together with one of them, itself excepted. */
#define BUT(options, option) ((options) & ~(uint32_t)(option))
#define CONDITIONS (OPTION_NX | OPTION_XX | OPTIONS_COMPARE)
#define LIFETIMES (OPTION_KEEPTTL | OPTION_PERSIST | OPTIONS_TIME)

static const struct option_row {
    const char *word;
    uint32_t option;
    uint32_t excludes; /* cannot stand behind these */
    enum option_argument argument;
} option_rows[] = {
    { "nx", OPTION_NX, BUT(CONDITIONS, OPTION_NX), ARGUMENT_NONE },
    { "xx", OPTION_XX, BUT(CONDITIONS, OPTION_XX), ARGUMENT_NONE },
    { "ifeq", OPTION_IFEQ, CONDITIONS, ARGUMENT_COMPARE },
    { "ifne", OPTION_IFNE, CONDITIONS, ARGUMENT_COMPARE },
    { "ifdeq", OPTION_IFDEQ, CONDITIONS, ARGUMENT_COMPARE },
    { "ifdne", OPTION_IFDNE, CONDITIONS, ARGUMENT_COMPARE },
    { "get", OPTION_GET, 0, ARGUMENT_NONE },
    { "keepttl", OPTION_KEEPTTL, BUT(LIFETIMES, OPTION_KEEPTTL), ARGUMENT_NONE },
    { "persist", OPTION_PERSIST, BUT(LIFETIMES, OPTION_PERSIST), ARGUMENT_NONE },
    { "ex", OPTION_EX, BUT(LIFETIMES, OPTION_EX), ARGUMENT_TIME },
    { "px", OPTION_PX, BUT(LIFETIMES, OPTION_PX), ARGUMENT_TIME },
    { "exat", OPTION_EXAT, BUT(LIFETIMES, OPTION_EXAT), ARGUMENT_TIME },
    { "pxat", OPTION_PXAT, BUT(LIFETIMES, OPTION_PXAT), ARGUMENT_TIME },
    { "byint", OPTION_BYINT, OPTION_BYINT | OPTION_BYFLOAT, ARGUMENT_BY },
    { "byfloat", OPTION_BYFLOAT, OPTION_BYINT | OPTION_BYFLOAT, ARGUMENT_BY },
    { "lbound", OPTION_LBOUND, OPTION_LBOUND, ARGUMENT_LBOUND },
    { "ubound", OPTION_UBOUND, OPTION_UBOUND, ARGUMENT_UBOUND },
    { "saturate", OPTION_SATURATE, 0, ARGUMENT_NONE },
    { "fnx", OPTION_FNX, OPTION_FXX, ARGUMENT_NONE },
    { "fxx", OPTION_FXX, OPTION_FNX, ARGUMENT_NONE },
    { "enx", OPTION_ENX, 0, ARGUMENT_NONE },
};

static const struct option_row *find_option(const struct cmd *cmd, int i)
{
    for (size_t r = 0; r < COUNT_OF(option_rows); r++)
        if (cmd_is(cmd, i, option_rows[r].word))
            return &option_rows[r];
    return NULL;
}

bool string_options_parse(const struct cmd *cmd, int first, uint32_t allowed,
                          struct string_options *ret)
{
    *ret = (struct string_options){ 0 };
    for (int i = first; i < cmd->argc; i++) {
        const struct option_row *row = find_option(cmd, i);
        if (!row || !(row->option & allowed) || (row->excludes & ret->given) ||
            (row->argument && i + 1 >= cmd->argc)) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        ret->given |= row->option;
        if (row->argument)
            ret->at[row->argument] = ++i;
    }
    return true;
}

bool string_time(const struct cmd *cmd, int i, uint32_t option, int64_t *ret_when_ms)
{
    int64_t value, when;
    int64_t unit = option & (OPTION_EX | OPTION_EXAT) ? 1000 : 1;
    int64_t base = option & (OPTION_EX | OPTION_PX) ? cmd_now_ms(cmd) : 0;
    if (!cmd_int(cmd, i, &value, NULL))
        return false;
    if (value <= 0 || __builtin_mul_overflow(value, unit, &when) ||
        __builtin_add_overflow(when, base, &when)) {
        reply_expire_error(cmd);
        return false;
    }
    *ret_when_ms = when;
    return true;
}

void string_digest(struct slice bytes, char out[static STRING_DIGEST_CHARS])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = XXH3_64bits(bytes.ptr, bytes.len);
    for (int i = STRING_DIGEST_CHARS; i-- > 0; hash >>= 4)
        out[i] = digits[hash & 15];
}

bool string_compares(const struct cmd *cmd, const struct string_options *options,
                     const struct entry *e)
{
    struct slice with = cmd_arg(cmd, options->at[ARGUMENT_COMPARE]);
    bool wants_equal = options->given & (OPTION_IFEQ | OPTION_IFDEQ);
    if (!e)
        return !wants_equal;
    char scratch[NUM_INT_MAX_CHARS], digest[STRING_DIGEST_CHARS];
    struct slice bytes = string_bytes(e, scratch);
    if (options->given & (OPTION_IFEQ | OPTION_IFNE))
        return slice_eq(bytes, with) == wants_equal;
    string_digest(bytes, digest);
    return slice_eq_nocase(slice_of(digest, sizeof(digest)), with) == wants_equal;
}
