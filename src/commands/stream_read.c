/* Reading ranges and asking how long: XLEN, XRANGE, XREVRANGE; deleting entries: XDEL, XDELEX. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

static void run_xlen(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_stream(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)xstream_facts(xstream_of(e))->length : 0);
}

/* ---- XRANGE and XREVRANGE ---- */

/* *ret_count: -1 without COUNT. */
static bool parse_count(const struct cmd *cmd, int64_t *ret_count)
{
    *ret_count = -1;
    for (int i = 4; i < cmd->argc; i += 2) {
        if (i + 1 >= cmd->argc || !cmd_is(cmd, i, "COUNT")) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        if (!cmd_int(cmd, i + 1, ret_count, NULL))
            return false;
        *ret_count = MAX_OF(*ret_count, (int64_t)0);
    }
    return true;
}

static void range(struct cmd *cmd, bool reverse)
{
    struct xstream_range range = { .reverse = reverse };
    int64_t count;
    if (!cmd_stream_first(cmd, reverse ? 3 : 2, &range.first) ||
        !cmd_stream_last(cmd, reverse ? 2 : 3, &range.last) || !parse_count(cmd, &count))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_stream(cmd, e))
        return;
    if (!e) {
        reply_array(cmd->reply, 0);
    } else if (count == 0) {
        reply_null_array(cmd->reply);
    } else {
        range.count = count == -1 ? 0 : (uint64_t)count;
        reply_stream_range(cmd->reply, xstream_of(e), &range);
    }
}

static void run_xrange(struct cmd *cmd)
{
    range(cmd, false);
}

static void run_xrevrange(struct cmd *cmd)
{
    range(cmd, true);
}

/* ---- XDEL ---- */

static void run_xdel(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_stream(cmd, e))
        return;
    if (!e) {
        reply_int(cmd->reply, 0);
        return;
    }
    const struct xstream_id *ids = cmd_stream_ids(cmd, 2, cmd->argc - 1);
    if (!ids)
        return;
    int64_t deleted = 0;
    for (int i = 0; i < cmd->argc - 2; i++)
        deleted += xstream_delete(xstream_of(e), ids[i]);
    if (deleted) {
        db_store(cmd->db, key, e, e);
        db_notify(cmd->db, EVENT_STREAM, "xdel", key.name);
    }
    reply_int(cmd->reply, deleted);
}

/* ---- XDELEX and XACKDEL ---- */

enum deleted { DELETED_NOT_THERE = -1, DELETED = 1, DELETED_LEFT = 2 };

static enum deleted delete_entry(struct xstream *s, struct xstream_id id, enum xstream_refs refs)
{
    if (refs == STREAM_REFS_ACKED && xstream_has(s, id) && !xstream_is_acked(s, id))
        return DELETED_LEFT;
    bool deleted = xstream_delete(s, id);
    if (refs == STREAM_REFS_DROP)
        xstream_drop_refs(s, id);
    return deleted ? DELETED : DELETED_NOT_THERE;
}

struct delete_args {
    enum xstream_refs refs;
    struct id_list list;
};

/* [KEEPREF | DELREF | ACKED] IDS count id ..., in any order. */
static bool parse_delete(const struct cmd *cmd, int at, struct delete_args *ret)
{
    ret->refs = STREAM_REFS_KEEP;
    bool before = at < cmd->argc && cmd_stream_refs(cmd, at, &ret->refs);
    bool behind = !before && cmd_stream_refs(cmd, cmd->argc - 1, &ret->refs);
    if (!cmd_stream_id_list(cmd, at + before, !behind, &ret->list))
        return false;
    int end = ret->list.first + ret->list.count + behind;
    if (end == cmd->argc)
        return true;
    reply_error(cmd->reply, ERR_SYNTAX);
    return false;
}

static void reply_not_there(const struct cmd *cmd, const struct delete_args *args)
{
    reply_array(cmd->reply, (size_t)args->list.count);
    for (int i = 0; i < args->list.count; i++)
        reply_int(cmd->reply, DELETED_NOT_THERE);
}

static void tell_deleted(struct cmd *cmd, struct key key, struct entry *e, bool deleted)
{
    if (!deleted)
        return;
    db_store(cmd->db, key, e, e);
    db_notify(cmd->db, EVENT_STREAM, "xdel", key.name);
}

static void run_xdelex(struct cmd *cmd)
{
    struct delete_args args;
    if (!parse_delete(cmd, 2, &args))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_stream(cmd, e))
        return;
    if (!e) {
        reply_not_there(cmd, &args);
        return;
    }
    bool any = false;
    reply_array(cmd->reply, (size_t)args.list.count);
    for (int i = 0; i < args.list.count; i++) {
        enum deleted what = delete_entry(xstream_of(e), args.list.ids[i], args.refs);
        any |= what == DELETED;
        reply_int(cmd->reply, what);
    }
    tell_deleted(cmd, key, e, any);
}

static void run_xackdel(struct cmd *cmd)
{
    struct delete_args args;
    struct group_of group;
    if (!parse_delete(cmd, 3, &args) || !find_group(cmd, &group))
        return;
    if (!group.g) {
        reply_not_there(cmd, &args);
        return;
    }
    bool any = false;
    reply_array(cmd->reply, (size_t)args.list.count);
    for (int i = 0; i < args.list.count; i++) {
        enum deleted what = DELETED_NOT_THERE;
        if (xstream_pending_remove(group.g, args.list.ids[i])) {
            count_change(cmd);
            what = delete_entry(group.s, args.list.ids[i], args.refs);
            any |= what == DELETED;
            if (what == DELETED_NOT_THERE)
                what = DELETED; /* it was gone already, and nothing of it is left now */
        }
        reply_int(cmd->reply, what);
    }
    tell_deleted(cmd, group.key, group.e, any);
}

static const struct command rows[] = {
    {
        .name = "xlen",
        .run = run_xlen,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RO),
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "How many entries a stream has.",
        .syntax = "key:key",
    },
    {
        .name = "xrange",
        .run = run_xrange,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N returned entries",
        .summary = "The entries of a stream from one ID to another.",
        .syntax = "key:key start end [COUNT count:int]",
    },
    {
        .name = "xrevrange",
        .run = run_xrevrange,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N returned entries",
        .summary = "The entries of a stream from one ID down to another.",
        .syntax = "key:key end start [COUNT count:int]",
    },
    {
        .name = "xdel",
        .run = run_xdel,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "5.0.0",
        .complexity = "O(1) an entry",
        .summary = "Deletes entries of a stream; returns how many there were.",
        .syntax = "key:key id...",
    },
    {
        .name = "xdelex",
        .run = run_xdelex,
        .arity = -5,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "8.2.0",
        .complexity = "O(1) an entry and group",
        .summary = "Deletes entries of a stream, and says what becomes of those that groups still "
                   "have to acknowledge.",
        .syntax = "key:key [condition=<KEEPREF | DELREF | ACKED>] IDS ids={numids:int id...}",
    },
    {
        .name = "xackdel",
        .run = run_xackdel,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE | KEY_DELETE),
        .since = "8.2.0",
        .complexity = "O(1) an entry and group",
        .summary = "Acknowledges entries in a group and deletes them from the stream.",
        .syntax = "key:key group [condition=<KEEPREF | DELREF | ACKED>] "
                  "IDS ids={numids:int id...}",
    },
};

struct command_table commands_stream_read(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
