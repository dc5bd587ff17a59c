/* Groups of consumers: XGROUP. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

#include "dispatch/block.h"

#define ERR_NO_STREAM                                                                            \
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to " \
    "use the MKSTREAM option to create an empty stream automatically."

/* What the subcommands work on: key at argument 2, group at argument 3. */
struct group_args {
    struct key key;
    struct entry *e;
    struct xstream *s; /* NULL: there is none, and one is wanted */
    struct xstream_group *g;
    bool make_stream;
    int64_t entries_read;
};

static bool refuse(const struct cmd *cmd, const char *error)
{
    reply_error(cmd->reply, error);
    return false;
}

static bool parse_options(struct cmd *cmd, bool creates, struct group_args *a)
{
    for (int i = 5; i < cmd->argc; i++) {
        if (creates && cmd_is(cmd, i, "MKSTREAM")) {
            a->make_stream = true;
        } else if (cmd_is(cmd, i, "ENTRIESREAD") && i + 1 < cmd->argc) {
            if (!cmd_int(cmd, ++i, &a->entries_read, NULL))
                return false;
            if (a->entries_read < 0 && a->entries_read != STREAM_READ_UNKNOWN)
                return refuse(cmd, "ERR value for ENTRIESREAD must be positive or -1");
        } else {
            cmd_reply_subcommand_error(cmd);
            return false;
        }
    }
    return true;
}

static bool find_stream(struct cmd *cmd, struct group_args *a)
{
    a->key = cmd_key(cmd, 2);
    a->e = db_lookup_write(cmd->db, a->key);
    if (!is_stream(cmd, a->e))
        return false;
    if (!a->e && !a->make_stream)
        return refuse(cmd, ERR_NO_STREAM);
    if (a->e) {
        a->s = xstream_of(a->e);
        a->g = xstream_group_find(a->s, cmd_arg(cmd, 3));
    }
    return true;
}

static bool find_old_group(struct cmd *cmd, struct group_args *a)
{
    if (!find_stream(cmd, a))
        return false;
    if (!a->g)
        reply_errorf(cmd->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     SLICE_ARGS(cmd_arg(cmd, 3)), SLICE_ARGS(a->key.name));
    return a->g != NULL;
}

/* The text up to a zero byte, as the peers see it, is "$". */
static bool is_last(struct slice text)
{
    return text.len >= 1 && text.ptr[0] == '$' && (text.len == 1 || text.ptr[1] == '\0');
}

/* ---- the subcommands ---- */

static void run_create(struct cmd *cmd)
{
    struct group_args a = { .entries_read = STREAM_READ_UNKNOWN };
    struct xstream_id id = STREAM_ID_MIN;
    if (!parse_options(cmd, true, &a) || !find_stream(cmd, &a))
        return;
    if (!is_last(cmd_arg(cmd, 4))) {
        if (!cmd_stream_id(cmd, 4, &id))
            return;
    } else if (a.s) {
        id = xstream_facts(a.s)->last;
    }
    if (!a.s) {
        a.e = xstream_entry_new(a.key.name, ENTRY_NO_EXPIRY);
        a.s = xstream_of(a.e);
        db_insert(cmd->db, a.key, a.e);
    }
    if (!xstream_group_add(a.s, cmd_arg(cmd, 3), id, a.entries_read)) {
        reply_error(cmd->reply, "BUSYGROUP Consumer Group name already exists");
        return;
    }
    count_change(cmd);
    reply_ok(cmd->reply);
    db_notify(cmd->db, EVENT_STREAM, "xgroup-create", a.key.name);
}

static void run_setid(struct cmd *cmd)
{
    struct group_args a = { .entries_read = STREAM_READ_UNKNOWN };
    struct xstream_id id;
    if (!parse_options(cmd, false, &a) || !find_old_group(cmd, &a))
        return;
    if (is_last(cmd_arg(cmd, 4)))
        id = xstream_facts(a.s)->last;
    else if (!cmd_stream_id_or_end(cmd, 4, 0, &id))
        return;
    a.g->last = id;
    a.g->entries_read = a.entries_read;
    count_change(cmd);
    reply_ok(cmd->reply);
    db_notify(cmd->db, EVENT_STREAM, "xgroup-setid", a.key.name);
}

static void run_destroy(struct cmd *cmd)
{
    struct group_args a = { .entries_read = STREAM_READ_UNKNOWN };
    if (!find_stream(cmd, &a))
        return;
    if (!a.g) {
        reply_int(cmd->reply, 0);
        return;
    }
    xstream_group_remove(a.s, a.g);
    count_change(cmd);
    cmd_wake_waiters(cmd, a.key); /* those who wait in the group */
    reply_int(cmd->reply, 1);
    db_notify(cmd->db, EVENT_STREAM, "xgroup-destroy", a.key.name);
}

static void run_createconsumer(struct cmd *cmd)
{
    struct group_args a = { .entries_read = STREAM_READ_UNKNOWN };
    if (!find_old_group(cmd, &a))
        return;
    bool is_new = !xstream_consumer_find(a.g, cmd_arg(cmd, 4));
    if (is_new) {
        xstream_consumer_add(a.g, cmd_arg(cmd, 4), cmd_now_ms(cmd));
        count_change(cmd);
        db_notify(cmd->db, EVENT_STREAM, "xgroup-createconsumer", a.key.name);
    }
    reply_int(cmd->reply, is_new);
}

static void run_delconsumer(struct cmd *cmd)
{
    struct group_args a = { .entries_read = STREAM_READ_UNKNOWN };
    if (!find_old_group(cmd, &a))
        return;
    struct xstream_consumer *c = xstream_consumer_find(a.g, cmd_arg(cmd, 4));
    size_t pending = 0;
    if (c) {
        pending = btree_count(&c->pending);
        xstream_consumer_remove(a.g, c);
        count_change(cmd);
        db_notify(cmd->db, EVENT_STREAM, "xgroup-delconsumer", a.key.name);
    }
    reply_int(cmd->reply, (int64_t)pending);
}

static void run_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Makes a group that has got everything up to <id>. Options:",
        "    * MKSTREAM",
        "      Makes an empty stream if there is none.",
        "    * ENTRIESREAD entries_read",
        "      How many entries the group has read.",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Makes a consumer.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Removes a consumer, and what is pending for it.",
        "DESTROY <key> <groupname>",
        "    Removes a group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Sets up to where the group has got everything.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

static const struct command group_rows[] = {
    {
        .name = "create",
        .run = run_create,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RW | KEY_INSERT),
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Makes a group of consumers.",
        .syntax = "key:key groupname id=<id | new_id=$> [MKSTREAM] [ENTRIESREAD entries_read:int]",
    },
    {
        .name = "createconsumer",
        .run = run_createconsumer,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RW | KEY_INSERT),
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Makes a consumer in a group.",
        .syntax = "key:key groupname consumername",
    },
    {
        .name = "delconsumer",
        .run = run_delconsumer,
        .arity = 5,
        .flags = CMD_WRITE,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RW | KEY_DELETE),
        .since = "5.0.0",
        .complexity = "O(N log M) for N entries pending for the consumer, M in the group",
        .summary = "Removes a consumer from a group; returns how many entries were pending for it.",
        .syntax = "key:key groupname consumername",
    },
    {
        .name = "destroy",
        .run = run_destroy,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RW | KEY_DELETE),
        .since = "5.0.0",
        .complexity = "O(N) for N pending entries",
        .summary = "Removes a group.",
        .syntax = "key:key groupname",
    },
    {
        .name = "help",
        .run = run_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_STREAM,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Describes the subcommands.",
        .syntax = "",
    },
    {
        .name = "setid",
        .run = run_setid,
        .arity = -5,
        .flags = CMD_WRITE,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RW | KEY_UPDATE),
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Sets up to where a group has got everything.",
        .syntax = "key:key groupname id=<id | new_id=$> [ENTRIESREAD entries_read:int]",
    },
};

static const struct command rows[] = {
    {
        .name = "xgroup",
        .arity = -2,
        .group = GROUP_STREAM,
        .acl = ACL_NO_GROUP,
        .since = "5.0.0",
        .complexity = "As the subcommand says",
        .summary = "Groups of consumers.",
        .syntax = "",
        .subs = group_rows,
        .sub_count = COUNT_OF(group_rows),
    },
};

struct command_table commands_stream_group(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
