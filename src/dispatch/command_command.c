/* COMMAND: what the server can do, read from the rows. */
#include "base/glob.h"
#include "dispatch/dispatch_priv.h"

static const char *const unordered_tips[] = { "nondeterministic_output_order", NULL };

static void cmd_command(struct cmd *cmd)
{
    size_t count = dispatch_count(cmd->dispatch);
    reply_array(cmd->reply, count);
    for (size_t i = 0; i < count; i++)
        reply_command_info(cmd->reply, dispatch_at(cmd->dispatch, i));
}

static void cmd_command_count(struct cmd *cmd)
{
    reply_int(cmd->reply, (int64_t)dispatch_count(cmd->dispatch));
}

/* "name" or "container|sub". */
static struct command_slot *find_full_name(const struct dispatch *d, struct slice name)
{
    ptrdiff_t bar = slice_find(name, '|');
    if (bar < 0)
        return dispatch_find(d, name);
    struct slice pair[2] = { slice_of(name.ptr, (size_t)bar), slice_from(name, (size_t)bar + 1) };
    struct command_slot *slot = dispatch_find(d, pair[0]);
    return slot ? dispatch_find_sub(slot, pair[1]) : NULL;
}

static void cmd_command_info(struct cmd *cmd)
{
    if (cmd->argc == 2) {
        cmd_command(cmd);
        return;
    }
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++) {
        const struct command_slot *slot = find_full_name(cmd->dispatch, cmd->argv[i]);
        if (slot)
            reply_command_info(cmd->reply, slot);
        else
            reply_null(cmd->reply);
    }
}

static void cmd_command_docs(struct cmd *cmd)
{
    if (cmd->argc == 2) {
        size_t count = dispatch_count(cmd->dispatch);
        reply_map(cmd->reply, count);
        for (size_t i = 0; i < count; i++)
            reply_command_docs(cmd->reply, cmd->arena, dispatch_at(cmd->dispatch, i));
        return;
    }
    size_t known = 0;
    for (int i = 2; i < cmd->argc; i++)
        known += find_full_name(cmd->dispatch, cmd->argv[i]) != NULL;
    reply_map(cmd->reply, known);
    for (int i = 2; i < cmd->argc; i++) {
        const struct command_slot *slot = find_full_name(cmd->dispatch, cmd->argv[i]);
        if (slot)
            reply_command_docs(cmd->reply, cmd->arena, slot);
    }
}

/* ---- LIST ---- */

/* What COMMAND LIST shows of a slot: everything, or what matches. */
struct list_filter {
    enum { LIST_ALL, LIST_MODULE, LIST_CATEGORY, LIST_PATTERN } kind;
    struct slice text;
};

static bool list_wants(const struct list_filter *filter, const struct command_slot *slot)
{
    bool known;
    switch (filter->kind) {
    case LIST_ALL:
        return true;
    case LIST_MODULE:
        return false;
    case LIST_CATEGORY:
        return command_has_category(slot->row, filter->text, &known);
    case LIST_PATTERN:
        return glob_match_nocase(filter->text, slice_str(slot->full_name));
    }
    return false;
}

static bool list_parse(const struct cmd *cmd, struct list_filter *ret)
{
    static const char *const kinds[] = {
        [LIST_MODULE] = "module", [LIST_CATEGORY] = "aclcat", [LIST_PATTERN] = "pattern"
    };
    *ret = (struct list_filter){ LIST_ALL, SLICE("") };
    if (cmd->argc == 2)
        return true;
    if (cmd->argc != 5 || !cmd_is(cmd, 2, "filterby"))
        return false;
    for (unsigned i = LIST_MODULE; i < COUNT_OF(kinds); i++) {
        if (!cmd_is(cmd, 3, kinds[i]))
            continue;
        ret->kind = i;
        ret->text = cmd->argv[4];
        return true;
    }
    return false;
}

static void cmd_command_list(struct cmd *cmd)
{
    struct list_filter filter;
    if (!list_parse(cmd, &filter)) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    size_t shown = 0;
    reply_defer(cmd->reply);
    for (size_t i = 0; i < dispatch_count(cmd->dispatch); i++) {
        const struct command_slot *slot = dispatch_at(cmd->dispatch, i);
        if (list_wants(&filter, slot)) {
            reply_bulk_str(cmd->reply, slot->full_name);
            shown++;
        }
        for (uint32_t sub = 0; sub < slot->sub_count; sub++) {
            if (!list_wants(&filter, &slot->subs[sub]))
                continue;
            reply_bulk_str(cmd->reply, slot->subs[sub].full_name);
            shown++;
        }
    }
    reply_settle(cmd->reply, filter.kind == LIST_ALL ? REPLY_SET : REPLY_ARRAY, shown);
}

/* ---- GETKEYS ---- */

/* The keys of the request in argv[2..]; -1 when an error was replied. */
static int keys_of_request(struct cmd *cmd, struct key_ref *keys)
{
    const struct slice *argv = cmd->argv + 2;
    int argc = cmd->argc - 2;
    const struct command_slot *slot = dispatch_resolve(cmd->dispatch, argv, argc);

    if (!slot) {
        reply_error(cmd->reply, "ERR Invalid command specified");
        return -1;
    }
    if (slot->row->keys[0].begin == KEYS_NONE) {
        reply_error(cmd->reply, "ERR The command has no key arguments");
        return -1;
    }
    if (!arity_fits(slot->row, (uint32_t)argc)) {
        reply_error(cmd->reply, "ERR Invalid number of arguments specified for command");
        return -1;
    }
    int count = dispatch_keys(slot->row, argv, argc, keys, argc);
    if (count < 0 || (count == 0 && !(slot->row->flags & CMD_NO_MANDATORY_KEYS))) {
        reply_error(cmd->reply, "ERR Invalid arguments specified for command");
        return -1;
    }
    return count;
}

static void cmd_command_getkeys(struct cmd *cmd)
{
    struct key_ref *keys = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*keys));
    int count = keys_of_request(cmd, keys);
    if (count < 0)
        return;
    reply_array(cmd->reply, (size_t)count);
    for (int i = 0; i < count; i++)
        reply_bulk(cmd->reply, cmd->argv[2 + keys[i].at]);
}

static void cmd_command_getkeysandflags(struct cmd *cmd)
{
    struct key_ref *keys = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*keys));
    int count = keys_of_request(cmd, keys);
    if (count < 0)
        return;
    reply_array(cmd->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        reply_array(cmd->reply, 2);
        reply_bulk(cmd->reply, cmd->argv[2 + keys[i].at]);
        reply_key_flags(cmd->reply, keys[i].flags & ~(uint32_t)KEY_VARIABLE_FLAGS);
    }
}

static void cmd_command_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all commands.",
        "COUNT",
        "    Return how many commands this server has.",
        "LIST [FILTERBY <MODULE|ACLCAT|PATTERN> <value>]",
        "    Return the names of all commands, or of those that the filter takes.",
        "INFO [<command-name> ...]",
        "    Return details about the given commands, or about all.",
        "DOCS [<command-name> ...]",
        "    Return documentation of the given commands, or of all.",
        "GETKEYS <full-command>",
        "    Return the keys of a whole command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys of a whole command, each with what the command does to it.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

#define INTROSPECTION CMD_LOADING | CMD_STALE
#define COMMAND_SUB .flags = INTROSPECTION, .group = GROUP_SERVER, .acl = ACL_CONNECTION

static const struct command subs[] = {
    {
        .name = "count",
        .run = cmd_command_count,
        .arity = 2,
        COMMAND_SUB,
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Says how many commands the server has.",
        .syntax = "",
    },
    {
        .name = "docs",
        .run = cmd_command_docs,
        .arity = -2,
        COMMAND_SUB,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Documents commands.",
        .syntax = "[command-name]...",
        .tips = unordered_tips,
    },
    {
        .name = "getkeys",
        .run = cmd_command_getkeys,
        .arity = -4,
        COMMAND_SUB,
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Finds the keys in a whole command.",
        .syntax = "",
    },
    {
        .name = "getkeysandflags",
        .run = cmd_command_getkeysandflags,
        .arity = -4,
        COMMAND_SUB,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Finds the keys in a whole command, and what is done to each.",
        .syntax = "",
    },
    {
        .name = "help",
        .run = cmd_command_help,
        .arity = 2,
        COMMAND_SUB,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Explains the subcommands.",
        .syntax = "",
    },
    {
        .name = "info",
        .run = cmd_command_info,
        .arity = -2,
        COMMAND_SUB,
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Describes commands: arity, flags, keys, categories.",
        .syntax = "[command-name]...",
        .tips = unordered_tips,
    },
    {
        .name = "list",
        .run = cmd_command_list,
        .arity = -2,
        COMMAND_SUB,
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of commands",
        .summary = "Lists the names of commands.",
        .syntax = "[FILTERBY filterby=<MODULE module-name | ACLCAT category | PATTERN "
                  "pattern:pattern>]",
        .tips = unordered_tips,
    },
};

const struct command command_row = {
    .name = "command",
    .run = cmd_command,
    .arity = -1,
    COMMAND_SUB,
    .since = "2.8.13",
    .complexity = "O(N) where N is the total number of commands",
    .summary = "Describes all commands.",
    .syntax = "",
    .tips = unordered_tips,
    .subs = subs,
    .sub_count = COUNT_OF(subs),
};
