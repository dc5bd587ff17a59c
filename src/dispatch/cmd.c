/* What handlers share: parsing of arguments with the peers' errors, effects, help. */
#include "dispatch/cmd.h"

#include "base/blob.h"
#include "base/num.h"
#include "dispatch/dispatch_priv.h"
#include "journal/journal.h"

bool cmd_int(const struct cmd *cmd, int i, int64_t *ret_value, const char *error)
{
    if (num_parse_int(cmd->argv[i], ret_value))
        return true;
    reply_error(cmd->reply, error ? error : ERR_NOT_INT);
    return false;
}

bool cmd_int_in(const struct cmd *cmd, int i, int64_t min, int64_t max, int64_t *ret_value,
                const char *error)
{
    int64_t value;
    if (!cmd_int(cmd, i, &value, error))
        return false;
    if (value < min || value > max) {
        if (error)
            reply_error(cmd->reply, error);
        else
            reply_errorf(cmd->reply, "ERR value is out of range, value must between %lld and %lld",
                         (long long)min, (long long)max);
        return false;
    }
    *ret_value = value;
    return true;
}

bool cmd_double(const struct cmd *cmd, int i, double *ret_value, const char *error)
{
    if (num_parse_double(cmd->argv[i], ret_value))
        return true;
    reply_error(cmd->reply, error ? error : ERR_NOT_FLOAT);
    return false;
}

bool cmd_long_double(const struct cmd *cmd, int i, long double *ret_value, const char *error)
{
    if (num_parse_long_double(cmd->argv[i], ret_value))
        return true;
    reply_error(cmd->reply, error ? error : ERR_NOT_FLOAT);
    return false;
}

bool cmd_type_ok(const struct cmd *cmd, const struct entry *e, enum value_type type)
{
    if (!e || entry_type(e) == type)
        return true;
    reply_error(cmd->reply, ERR_WRONG_TYPE);
    return false;
}

struct blob *cmd_take_blob(const struct cmd *cmd, int i)
{
    struct blob *bulk = cmd->request->bulk;
    return bulk && bulk->bytes == cmd->argv[i].ptr ? blob_ref(bulk) : NULL;
}

void cmd_effect_in(struct cmd *cmd, int db, const struct slice *argv, size_t argc)
{
    cmd->told_effect = true;
    journal_effect(cmd->dispatch->journal, db, argv, argc);
}

void cmd_effect(struct cmd *cmd, const struct slice *argv, size_t argc)
{
    cmd_effect_in(cmd, db_index(cmd->db), argv, argc);
}

void cmd_effect_message(struct cmd *cmd)
{
    cmd->told_effect = true;
    journal_message(cmd->dispatch->journal, cmd->argv, (size_t)cmd->argc);
}

void cmd_no_effect(struct cmd *cmd)
{
    cmd->told_effect = true;
}

bool command_arg_is_secret(const struct command *row, void *owner, const struct slice *argv,
                           int argc, int i)
{
    if (!(row->flags & CMD_SECRET_ARGS) || i == 0)
        return false;
    return !row->is_secret || row->is_secret(owner, argv, argc, i);
}

struct slice command_name_upper(struct slice name, char out[static COMMAND_NAME_MAX])
{
    size_t len = MIN_OF(name.len, (size_t)COMMAND_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        char c = name.ptr[i];
        out[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return slice_of(out, len);
}

void cmd_reply_subcommand_error(struct cmd *cmd)
{
    char upper[COMMAND_NAME_MAX];
    struct slice name = command_name_upper(cmd->argv[0], upper);
    struct slice sub = cmd->argv[1];
    sub.len = MIN_OF(sub.len, (size_t)128);
    reply_errorf(cmd->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP.",
                 SLICE_ARGS(sub), SLICE_ARGS(name));
}

void cmd_reply_help(struct cmd *cmd, const char *const *lines)
{
    char upper[COMMAND_NAME_MAX];
    struct slice name = command_name_upper(cmd->argv[0], upper);
    static const char rest[] = " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
    char first[sizeof(upper) + sizeof(rest)];
    memcpy(first, name.ptr, name.len);
    memcpy(first + name.len, rest, sizeof(rest));

    size_t count = 0;
    while (lines[count])
        count++;
    reply_array(cmd->reply, count + 3);
    reply_status(cmd->reply, slice_str(first));
    for (size_t i = 0; i < count; i++)
        reply_status(cmd->reply, slice_str(lines[i]));
    reply_status(cmd->reply, SLICE("HELP"));
    reply_status(cmd->reply, SLICE("    Prints this help."));
}
