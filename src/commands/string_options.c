/* Options of SET and GETEX. */
#include "commands/string_options.h"

#include "commands/commands_priv.h"

static const struct option_row {
    const char *word;
    uint32_t option;
    uint32_t excludes; /* cannot stand behind these */
    bool has_argument;
} option_rows[] = {
    { "nx", OPTION_NX, OPTION_XX | OPTION_IFEQ, false },
    { "xx", OPTION_XX, OPTION_NX | OPTION_IFEQ, false },
    { "ifeq", OPTION_IFEQ, OPTION_NX | OPTION_XX | OPTION_IFEQ, true },
    { "get", OPTION_GET, 0, false },
    { "keepttl", OPTION_KEEPTTL, OPTION_PERSIST | OPTIONS_TIME, false },
    { "persist", OPTION_PERSIST, OPTION_KEEPTTL | OPTIONS_TIME, false },
    { "ex", OPTION_EX, OPTION_KEEPTTL | OPTION_PERSIST | (OPTIONS_TIME & ~OPTION_EX), true },
    { "px", OPTION_PX, OPTION_KEEPTTL | OPTION_PERSIST | (OPTIONS_TIME & ~OPTION_PX), true },
    { "exat", OPTION_EXAT, OPTION_KEEPTTL | OPTION_PERSIST | (OPTIONS_TIME & ~OPTION_EXAT), true },
    { "pxat", OPTION_PXAT, OPTION_KEEPTTL | OPTION_PERSIST | (OPTIONS_TIME & ~OPTION_PXAT), true },
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
            (row->has_argument && i + 1 >= cmd->argc)) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        ret->given |= row->option;
        if (row->has_argument)
            i++;
        if (row->option & OPTIONS_TIME)
            ret->time_at = i;
        if (row->option == OPTION_IFEQ)
            ret->ifeq_at = i;
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
