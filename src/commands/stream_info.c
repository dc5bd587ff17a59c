/* What is known of a stream: XINFO. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

#define FULL_COUNT 10

/* The key at argument 2; NULL: an error was replied. */
static struct xstream *find_stream(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 2));
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return NULL;
    }
    return is_stream(cmd, e) ? xstream_of(e) : NULL;
}

static void name_int(struct reply *r, const char *name, uint64_t value)
{
    reply_bulk_str(r, name);
    reply_int(r, (int64_t)value);
}

static void name_id(struct reply *r, const char *name, struct xstream_id id)
{
    reply_bulk_str(r, name);
    reply_stream_id(r, id);
}

/* ---- XINFO STREAM ---- */

/* The first seven of both forms. */
static void reply_facts(struct reply *r, const struct xstream *s)
{
    const struct xstream_facts *f = xstream_facts(s);
    name_int(r, "length", f->length);
    name_int(r, "radix-tree-keys", xstream_pack_count(s));
    /* There is no radix tree here: as many as one of a single key has, and one for each more. */
    name_int(r, "radix-tree-nodes", xstream_pack_count(s) + 1);
    name_id(r, "last-generated-id", f->last);
    name_id(r, "max-deleted-entry-id", f->max_deleted);
    name_int(r, "entries-added", f->added);
    name_id(r, "recorded-first-entry-id", f->first);
}

static void reply_edge(struct reply *r, const struct xstream *s, bool first)
{
    struct xstream_id id;
    if (!xstream_edge(s, first, &id) || !reply_stream_one(r, s, id))
        reply_null(r);
}

static void reply_short(struct reply *r, const struct xstream *s)
{
    reply_map(r, 10);
    reply_facts(r, s);
    name_int(r, "groups", btree_count(xstream_groups(s)));
    reply_bulk_str(r, "first-entry");
    reply_edge(r, s, true);
    reply_bulk_str(r, "last-entry");
    reply_edge(r, s, false);
}

static void reply_place(struct reply *r, const struct xstream *s, const struct xstream_group *g)
{
    int64_t lag;
    reply_bulk_str(r, "entries-read");
    if (g->entries_read == STREAM_READ_UNKNOWN)
        reply_null(r);
    else
        reply_int(r, g->entries_read);
    reply_bulk_str(r, "lag");
    if (xstream_group_lag(s, g, &lag))
        reply_int(r, lag);
    else
        reply_null(r);
}

/* What is pending, at most `count`: of a group with the consumers' names. */
static void reply_pending(struct reply *r, const struct btree *pending, uint64_t count,
                          bool with_names)
{
    name_int(r, "pel-count", btree_count(pending));
    reply_bulk_str(r, "pending");
    uint64_t n = count ? MIN_OF(count, (uint64_t)btree_count(pending)) : btree_count(pending);
    reply_array(r, n);
    struct btree_cursor c;
    const struct xstream_pending *p = btree_at(pending, 0, &c);
    for (; n > 0; n--, p = btree_next(&c)) {
        reply_array(r, with_names ? 4 : 3);
        reply_stream_id(r, xstream_pending_id(&c));
        if (with_names)
            reply_bulk(r, p->consumer ? p->consumer->name : SLICE(""));
        reply_int(r, p->delivered_ms);
        reply_int(r, p->deliveries);
    }
}

static void reply_group(struct reply *r, const struct xstream *s, const struct xstream_group *g,
                        uint64_t count)
{
    reply_map(r, 7);
    reply_bulk_str(r, "name");
    reply_bulk(r, g->name);
    name_id(r, "last-delivered-id", g->last);
    reply_place(r, s, g);
    reply_pending(r, &g->pending, count, true);
    reply_bulk_str(r, "consumers");
    reply_array(r, btree_count(&g->consumers));
    struct btree_cursor c;
    for (const struct xstream_consumer *who = btree_at(&g->consumers, 0, &c); who;
         who = btree_next(&c)) {
        reply_map(r, 4);
        reply_bulk_str(r, "name");
        reply_bulk(r, who->name);
        name_int(r, "seen-time", (uint64_t)who->seen_ms);
        reply_pending(r, &who->pending, count, false);
    }
}

static void reply_full(struct reply *r, const struct xstream *s, uint64_t count)
{
    reply_map(r, 9);
    reply_facts(r, s);
    reply_bulk_str(r, "entries");
    const struct xstream_range all = { .last = STREAM_ID_MAX, .count = count };
    reply_stream_range(r, s, &all);
    reply_bulk_str(r, "groups");
    reply_array(r, btree_count(xstream_groups(s)));
    struct btree_cursor c;
    for (const struct xstream_group *g = btree_at(xstream_groups(s), 0, &c); g; g = btree_next(&c))
        reply_group(r, s, g, count);
}

static void run_stream(struct cmd *cmd)
{
    int64_t count = FULL_COUNT;
    bool full = cmd->argc > 3;
    bool ok = !full || (cmd_is(cmd, 3, "FULL") &&
                        (cmd->argc == 4 || (cmd->argc == 6 && cmd_is(cmd, 4, "COUNT"))));
    const struct xstream *s = find_stream(cmd);
    if (!s)
        return;
    if (!ok) {
        cmd_reply_subcommand_error(cmd);
        return;
    }
    if (cmd->argc == 6 && !cmd_int(cmd, 5, &count, NULL))
        return;
    if (!full)
        reply_short(cmd->reply, s);
    else
        reply_full(cmd->reply, s, count < 0 ? FULL_COUNT : (uint64_t)count);
}

/* ---- XINFO GROUPS and CONSUMERS ---- */

static void run_groups(struct cmd *cmd)
{
    const struct xstream *s = find_stream(cmd);
    if (!s)
        return;
    struct reply *r = cmd->reply;
    reply_array(r, btree_count(xstream_groups(s)));
    struct btree_cursor c;
    for (const struct xstream_group *g = btree_at(xstream_groups(s), 0, &c); g;
         g = btree_next(&c)) {
        reply_map(r, 6);
        reply_bulk_str(r, "name");
        reply_bulk(r, g->name);
        name_int(r, "consumers", btree_count(&g->consumers));
        name_int(r, "pending", btree_count(&g->pending));
        name_id(r, "last-delivered-id", g->last);
        reply_place(r, s, g);
    }
}

static void run_consumers(struct cmd *cmd)
{
    const struct xstream *s = find_stream(cmd);
    if (!s)
        return;
    struct reply *r = cmd->reply;
    const struct xstream_group *g = xstream_group_find(s, cmd_arg(cmd, 3));
    if (!g) {
        reply_errorf(r, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                     SLICE_ARGS(cmd_arg(cmd, 3)), SLICE_ARGS(cmd_arg(cmd, 2)));
        return;
    }
    reply_array(r, btree_count(&g->consumers));
    struct btree_cursor c;
    for (const struct xstream_consumer *who = btree_at(&g->consumers, 0, &c); who;
         who = btree_next(&c)) {
        reply_map(r, 3);
        reply_bulk_str(r, "name");
        reply_bulk(r, who->name);
        name_int(r, "pending", btree_count(&who->pending));
        name_int(r, "idle", (uint64_t)MAX_OF(cmd_now_ms(cmd) - who->seen_ms, (int64_t)0));
    }
}

static void run_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "CONSUMERS <key> <groupname>",
        "    The consumers of <groupname>.",
        "GROUPS <key>",
        "    The groups of the stream.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    The stream; FULL: with entries, groups, consumers, and what is pending.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

static const struct command info_rows[] = {
    {
        .name = "consumers",
        .run = run_consumers,
        .arity = 4,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N consumers",
        .summary = "The consumers of a group.",
        .syntax = "key:key groupname",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "groups",
        .run = run_groups,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N groups",
        .summary = "The groups of a stream.",
        .syntax = "key:key",
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
        .name = "stream",
        .run = run_stream,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(2, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N returned entries",
        .summary = "What is known of a stream.",
        .syntax = "key:key [FULL full={[COUNT count:int]}]",
    },
};

static const struct command rows[] = {
    {
        .name = "xinfo",
        .arity = -2,
        .group = GROUP_STREAM,
        .acl = ACL_NO_GROUP,
        .since = "5.0.0",
        .complexity = "As the subcommand says",
        .summary = "What is known of streams, groups and consumers.",
        .syntax = "",
        .subs = info_rows,
        .sub_count = COUNT_OF(info_rows),
    },
};

struct command_table commands_stream_info(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
