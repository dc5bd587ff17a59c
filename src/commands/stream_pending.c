/* What groups have handed out: XACK, XPENDING, XNACK. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

#include "dispatch/block.h"

/* ---- XACK ---- */

static void run_xack(struct cmd *cmd)
{
    struct group_of group;
    if (!find_group(cmd, &group))
        return;
    if (!group.g) {
        reply_int(cmd->reply, 0);
        return;
    }
    const struct xstream_id *ids = cmd_stream_ids(cmd, 3, cmd->argc - 1);
    if (!ids)
        return;
    int64_t acked = 0;
    for (int i = 0; i < cmd->argc - 3; i++)
        acked += xstream_pending_remove(group.g, ids[i]);
    keyspace_count_dirty(db_keyspace(cmd->db), (uint64_t)acked);
    reply_int(cmd->reply, acked);
}

/* ---- XPENDING ---- */

static size_t consumers_with_pending(const struct xstream_group *g)
{
    size_t n = 0;
    struct btree_cursor c;
    for (const struct xstream_consumer *who = btree_at(&g->consumers, 0, &c); who;
         who = btree_next(&c))
        n += btree_count(&who->pending) > 0;
    return n;
}

static void reply_pending_ids(struct reply *r, const struct xstream_group *g)
{
    struct btree_cursor c;
    (void)btree_at(&g->pending, 0, &c);
    reply_stream_id(r, xstream_pending_id(&c));
    (void)btree_at(&g->pending, btree_count(&g->pending) - 1, &c);
    reply_stream_id(r, xstream_pending_id(&c));
}

static void reply_summary(struct reply *r, const struct xstream_group *g)
{
    reply_array(r, 4);
    reply_int(r, (int64_t)btree_count(&g->pending));
    if (btree_count(&g->pending) == 0) {
        reply_null(r);
        reply_null(r);
        reply_null_array(r);
        return;
    }
    reply_pending_ids(r, g);
    reply_array(r, consumers_with_pending(g));
    struct btree_cursor c;
    for (const struct xstream_consumer *who = btree_at(&g->consumers, 0, &c); who;
         who = btree_next(&c)) {
        if (btree_count(&who->pending) == 0)
            continue;
        reply_array(r, 2);
        reply_bulk(r, who->name);
        reply_bulk_int(r, (int64_t)btree_count(&who->pending));
    }
}

struct pending_range {
    struct xstream_id first, last;
    int64_t count, idle_ms;
    int consumer_at; /* argument; 0: of all */
};

static bool parse_pending(const struct cmd *cmd, struct pending_range *ret)
{
    int at = 3;
    *ret = (struct pending_range){ .count = 0 };
    if (cmd->argc < 6 || cmd->argc > 9) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    if (cmd_is(cmd, 3, "IDLE")) {
        if (!cmd_int(cmd, 4, &ret->idle_ms, NULL))
            return false;
        if (cmd->argc < 8) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        at += 2;
    }
    if (!cmd_int(cmd, at + 2, &ret->count, NULL) || !cmd_stream_first(cmd, at, &ret->first) ||
        !cmd_stream_last(cmd, at + 1, &ret->last))
        return false;
    ret->count = MAX_OF(ret->count, (int64_t)0);
    ret->consumer_at = at + 3 < cmd->argc ? at + 3 : 0;
    return true;
}

static void reply_pending(const struct cmd *cmd, const struct btree *pending,
                          const struct pending_range *range)
{
    struct reply *r = cmd->reply;
    struct btree_cursor c;
    size_t n = 0;
    struct xstream_pending *p = xstream_pending_seek(pending, range->first, &c);
    reply_defer(r);
    for (; p && n < (uint64_t)range->count; p = btree_next(&c)) {
        struct xstream_id id = xstream_pending_id(&c);
        if (xstream_id_compare(id, range->last) > 0)
            break;
        int64_t idle_ms = cmd_now_ms(cmd) - p->delivered_ms;
        if (range->idle_ms && idle_ms < range->idle_ms)
            continue;
        reply_array(r, 4);
        reply_stream_id(r, id);
        reply_bulk(r, p->consumer ? p->consumer->name : SLICE(""));
        reply_int(r, MAX_OF(idle_ms, (int64_t)0));
        reply_int(r, p->deliveries);
        n++;
    }
    reply_settle(r, REPLY_ARRAY, n);
}

static void run_xpending(struct cmd *cmd)
{
    struct pending_range range;
    if (cmd->argc != 3 && !parse_pending(cmd, &range))
        return;
    struct group_of group;
    if (!find_group(cmd, &group))
        return;
    if (!group.g) {
        reply_no_group(cmd, cmd_arg(cmd, 1), cmd_arg(cmd, 2));
        return;
    }
    if (cmd->argc == 3) {
        reply_summary(cmd->reply, group.g);
        return;
    }
    const struct btree *pending = &group.g->pending;
    if (range.consumer_at) {
        struct slice name = cmd_arg(cmd, range.consumer_at);
        const struct xstream_consumer *who = xstream_consumer_find(group.g, name);
        if (!who) {
            reply_array(cmd->reply, 0);
            return;
        }
        pending = &who->pending;
    }
    reply_pending(cmd, pending, &range);
}

/* ---- XNACK ---- */

struct give_back {
    enum { NACK_SILENT, NACK_FAIL, NACK_FATAL } how;
    struct id_list list;
    int64_t retries; /* -1: as `how` says */
    bool force;
};

static bool parse_how(const struct cmd *cmd, int i, struct give_back *ret)
{
    static const char *const words[] = {
        [NACK_SILENT] = "SILENT", [NACK_FAIL] = "FAIL", [NACK_FATAL] = "FATAL"
    };
    for (unsigned w = 0; w < COUNT_OF(words); w++) {
        if (!cmd_is(cmd, i, words[w]))
            continue;
        ret->how = w;
        return true;
    }
    reply_error(cmd->reply, ERR_SYNTAX);
    return false;
}

static bool parse_give_back(const struct cmd *cmd, struct give_back *ret)
{
    *ret = (struct give_back){ .retries = -1 };
    if (!parse_how(cmd, 3, ret) || !cmd_stream_id_list(cmd, 4, false, &ret->list))
        return false;
    for (int i = ret->list.first + ret->list.count; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "FORCE")) {
            ret->force = true;
        } else if (cmd_is(cmd, i, "RETRYCOUNT") && i + 1 < cmd->argc) {
            if (!cmd_int_in(cmd, ++i, 0, INT64_MAX, &ret->retries,
                            "ERR Invalid RETRYCOUNT option argument for XNACK"))
                return false;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

/* Nobody's any more, and idle for so long that whoever asks for idle entries gets it. */
static bool give_back(struct group_of *group, const struct give_back *args, struct xstream_id id)
{
    struct xstream_pending *p = xstream_pending_find(&group->g->pending, id);
    if (!p && (!args->force || !xstream_has(group->s, id)))
        return false;
    if (!p)
        p = xstream_pending_add(group->g, id, NULL, 0, 0);
    xstream_pending_give(p, id, NULL);
    p->delivered_ms = 0;
    if (args->retries >= 0)
        p->deliveries = args->retries;
    else if (args->how == NACK_FATAL)
        p->deliveries = INT64_MAX;
    else if (args->how == NACK_SILENT && p->deliveries > 0)
        p->deliveries--;
    return true;
}

static void run_xnack(struct cmd *cmd)
{
    struct give_back args;
    struct group_of group;
    if (!parse_give_back(cmd, &args) || !find_group(cmd, &group))
        return;
    if (!group.g) {
        reply_no_group(cmd, cmd_arg(cmd, 1), cmd_arg(cmd, 2));
        return;
    }
    int64_t given = 0;
    for (int i = 0; i < args.list.count; i++)
        given += give_back(&group, &args, args.list.ids[i]);
    if (given) {
        count_change(cmd);
        cmd_wake_waiters(cmd, group.key); /* those who wait for idle entries */
    }
    reply_int(cmd->reply, given);
}

static const struct command rows[] = {
    {
        .name = "xack",
        .run = run_xack,
        .arity = -4,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "5.0.0",
        .complexity = "O(log N) an entry, N pending",
        .summary = "Acknowledges entries: they are not pending in the group any more.",
        .syntax = "key:key group id...",
    },
    {
        .name = "xpending",
        .run = run_xpending,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "5.0.0",
        .complexity = "O(N) for N returned entries, and for those that are passed over",
        .summary = "What a group has handed out and nobody has acknowledged.",
        .syntax = "key:key group [filters={[IDLE min-idle-time:int@6.2.0] start end count:int "
                  "[consumer]}]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "xnack",
        .run = run_xnack,
        .arity = -7,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "8.8.0",
        .complexity = "O(log N) an entry, N pending",
        .summary = "Gives pending entries back to the group, so that others can have them at "
                   "once.",
        .syntax = "key:key group mode=<SILENT | FAIL | FATAL> IDS ids={numids:int id...} "
                  "[RETRYCOUNT count:int] [FORCE]",
    },
};

struct command_table commands_stream_pending(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
