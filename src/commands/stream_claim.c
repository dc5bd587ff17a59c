/* Taking over what others have got and not acknowledged: XCLAIM, XAUTOCLAIM. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

/* XAUTOCLAIM looks at so many entries for each that it may return. */
#define LOOKS_PER_ENTRY 10
#define AUTOCLAIM_COUNT 100

/* Who claims, and how. */
struct claim {
    struct cmd *cmd;
    struct group_of group;
    struct xstream_consumer *consumer; /* NULL: nothing was claimed yet */
    int64_t idle_min_ms;
    bool force, just_id;
    int64_t delivered_ms; /* -1: now */
    int64_t retries;      /* -1: counted */
    struct xstream_id last;
    bool told_place; /* an effect said how far the group is */
};

/* Behind look_up_group(). */
static bool open_claim_group(struct claim *c)
{
    if (!open_group(c->cmd, &c->group))
        return false;
    if (!c->group.g)
        reply_no_group(c->cmd, cmd_arg(c->cmd, 1), cmd_arg(c->cmd, 2));
    return c->group.g != NULL;
}

static bool parse_idle(struct claim *c, const char *error)
{
    if (!cmd_int(c->cmd, 4, &c->idle_min_ms, error))
        return false;
    c->idle_min_ms = MAX_OF(c->idle_min_ms, (int64_t)0);
    return true;
}

static bool is_idle_enough(const struct claim *c, const struct xstream_pending *p)
{
    return c->idle_min_ms == 0 || cmd_now_ms(c->cmd) - p->delivered_ms >= c->idle_min_ms;
}

/* The consumer is known, or made, only when there is something for it. */
static void take_over(struct claim *c, struct xstream_pending *p, struct xstream_id id)
{
    bool created;
    if (!c->consumer) {
        c->consumer = get_consumer(c->cmd, &c->group, cmd_arg(c->cmd, 3), &created);
        c->consumer->active_ms = cmd_now_ms(c->cmd);
    }
    p->delivered_ms = c->delivered_ms;
    if (c->retries >= 0)
        p->deliveries = c->retries;
    else if (!c->just_id && p->deliveries != INT64_MAX)
        p->deliveries++;
    xstream_pending_give(p, id, c->consumer);
    effect_claim(c->cmd, &c->group, id, p);
    count_change(c->cmd);
    c->told_place = true;
}

/* The entry is not there any more, and with it goes what is pending of it. */
static void drop(struct claim *c, struct xstream_id id, const struct xstream_pending *p)
{
    c->told_place |= p->consumer != NULL;
    drop_pending(c->cmd, &c->group, id, p);
}

static void reply_claimed(const struct claim *c, struct xstream_id id)
{
    if (c->just_id)
        reply_stream_id(c->cmd->reply, id);
    else
        (void)reply_stream_one(c->cmd->reply, c->group.s, id);
}

/* ---- XCLAIM ---- */

static bool parse_idle_option(struct claim *c, int i)
{
    if (!cmd_int(c->cmd, i, &c->delivered_ms, "ERR Invalid IDLE option argument for XCLAIM"))
        return false;
    if (__builtin_sub_overflow(cmd_now_ms(c->cmd), c->delivered_ms, &c->delivered_ms))
        c->delivered_ms = INT64_MAX;
    return true;
}

static bool parse_time_option(struct claim *c, int i)
{
    return cmd_int(c->cmd, i, &c->delivered_ms, "ERR Invalid TIME option argument for XCLAIM");
}

static bool parse_retry_option(struct claim *c, int i)
{
    return cmd_int(c->cmd, i, &c->retries, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
}

static bool parse_last_option(struct claim *c, int i)
{
    return cmd_stream_id(c->cmd, i, &c->last);
}

static bool parse_force(struct claim *c, int i UNUSED)
{
    return c->force = true;
}

static bool parse_just_id(struct claim *c, int i UNUSED)
{
    return c->just_id = true;
}

static const struct claim_option {
    const char *word;
    bool has_value;
    bool (*parse)(struct claim *c, int i);
} claim_options[] = {
    { "FORCE", false, parse_force },
    { "JUSTID", false, parse_just_id },
    { "IDLE", true, parse_idle_option },
    { "TIME", true, parse_time_option },
    { "RETRYCOUNT", true, parse_retry_option },
    { "LASTID", true, parse_last_option },
};

static bool parse_claim_options(struct claim *c, int at)
{
    struct cmd *cmd = c->cmd;
    for (int i = at; i < cmd->argc; i++) {
        const struct claim_option *option = NULL;
        for (size_t n = 0; n < COUNT_OF(claim_options) && !option; n++) {
            bool fits = !claim_options[n].has_value || i + 1 < cmd->argc;
            if (fits && cmd_is(cmd, i, claim_options[n].word))
                option = &claim_options[n];
        }
        if (!option) {
            reply_errorf(cmd->reply, "ERR Unrecognized XCLAIM option '%.*s'",
                         SLICE_ARGS(cmd_arg(cmd, i)));
            return false;
        }
        i += option->has_value;
        if (!option->parse(c, i))
            return false;
    }
    return true;
}

/* One of the IDs; true if it was replied. */
static bool claim_one(struct claim *c, struct xstream_id id)
{
    struct xstream_pending *p = xstream_pending_find(&c->group.g->pending, id);
    if (!xstream_has(c->group.s, id)) {
        if (p)
            drop(c, id, p);
        return false;
    }
    if (!p && !c->force)
        return false;
    if (!p)
        p = xstream_pending_add(c->group.g, id, NULL, 0, 1);
    else if (!is_idle_enough(c, p))
        return false;
    take_over(c, p, id);
    reply_claimed(c, id);
    return true;
}

static void claim_all(struct claim *c, const struct xstream_id *ids, int count)
{
    struct cmd *cmd = c->cmd;
    bool moved = xstream_id_compare(c->last, c->group.g->last) > 0;
    if (moved)
        c->group.g->last = c->last;
    int64_t now_ms = cmd_now_ms(cmd);
    if (c->delivered_ms < 0 || c->delivered_ms > now_ms)
        c->delivered_ms = now_ms;
    cmd_no_effect(cmd);
    size_t n = 0;
    reply_defer(cmd->reply);
    for (int i = 0; i < count; i++)
        n += claim_one(c, ids[i]);
    reply_settle(cmd->reply, REPLY_ARRAY, n);
    if (moved && !c->told_place) {
        effect_group_place(cmd, &c->group);
        count_change(cmd);
    }
}

static void run_xclaim(struct cmd *cmd)
{
    struct claim c = { .cmd = cmd, .delivered_ms = -1, .retries = -1 };
    look_up_group(cmd, &c.group);
    if (!open_claim_group(&c) || !parse_idle(&c, "ERR Invalid min-idle-time argument for XCLAIM"))
        return;
    /* What is no ID begins the options. */
    struct xstream_id *ids = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*ids));
    int count = 0;
    while (5 + count < cmd->argc && xstream_read_id(cmd_arg(cmd, 5 + count), 0, &ids[count], NULL))
        count++;
    if (parse_claim_options(&c, 5 + count))
        claim_all(&c, ids, count);
}

/* ---- XAUTOCLAIM ---- */

struct autoclaim {
    struct xstream_id first;
    int64_t count;
    struct xstream_id *claimed, *deleted; /* in the arena */
    size_t claimed_count, deleted_count;
    struct xstream_id next; /* where the next call goes on; 0-0: it is over */
};

static bool parse_autoclaim(struct claim *c, struct autoclaim *ret)
{
    struct cmd *cmd = c->cmd;
    *ret = (struct autoclaim){ .count = AUTOCLAIM_COUNT };
    if (!parse_idle(c, "ERR Invalid min-idle-time argument for XAUTOCLAIM") ||
        !cmd_stream_first(cmd, 5, &ret->first))
        return false;
    for (int i = 6; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "COUNT") && i + 1 < cmd->argc) {
            int64_t max = INT64_MAX / (int64_t)sizeof(struct xstream_id);
            if (!cmd_int_in(cmd, ++i, 1, max, &ret->count, "ERR COUNT must be > 0"))
                return false;
        } else if (cmd_is(cmd, i, "JUSTID")) {
            c->just_id = true;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

/* Walks and claims, and remembers what it did: the reply begins with where it ended. */
static void walk_pending(struct claim *c, struct autoclaim *a)
{
    const struct btree *pending = &c->group.g->pending;
    size_t most = MIN_OF((size_t)a->count, btree_count(pending));
    int64_t looks = a->count > INT64_MAX / LOOKS_PER_ENTRY ? INT64_MAX : a->count * LOOKS_PER_ENTRY;
    a->claimed = arena_alloc(c->cmd->arena, 2 * most * sizeof(*a->claimed));
    a->deleted = a->claimed + most;
    struct btree_cursor cursor;
    struct xstream_pending *p = xstream_pending_seek(pending, a->first, &cursor);
    while (p && looks-- > 0 && a->claimed_count + a->deleted_count < (uint64_t)a->count) {
        struct xstream_id id = xstream_pending_id(&cursor);
        if (!xstream_has(c->group.s, id)) {
            drop(c, id, p);
            a->deleted[a->deleted_count++] = id;
            p = xstream_pending_seek(pending, id, &cursor);
            continue;
        }
        if (is_idle_enough(c, p)) {
            take_over(c, p, id);
            a->claimed[a->claimed_count++] = id;
        }
        p = btree_next(&cursor);
    }
    if (p)
        a->next = xstream_pending_id(&cursor);
}

static void run_xautoclaim(struct cmd *cmd)
{
    struct claim c = { .cmd = cmd, .retries = -1, .delivered_ms = cmd_now_ms(cmd) };
    struct autoclaim a;
    look_up_group(cmd, &c.group);
    if (!parse_autoclaim(&c, &a) || !open_claim_group(&c))
        return;
    cmd_no_effect(cmd);
    walk_pending(&c, &a);
    reply_array(cmd->reply, 3);
    reply_stream_id(cmd->reply, a.next);
    reply_array(cmd->reply, a.claimed_count);
    for (size_t i = 0; i < a.claimed_count; i++)
        reply_claimed(&c, a.claimed[i]);
    reply_array(cmd->reply, a.deleted_count);
    for (size_t i = 0; i < a.deleted_count; i++)
        reply_stream_id(cmd->reply, a.deleted[i]);
}

static const char *const random_tips[] = { "nondeterministic_output", NULL };

static const struct command rows[] = {
    {
        .name = "xclaim",
        .run = run_xclaim,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "5.0.0",
        .complexity = "O(log N) an entry, N pending",
        .summary = "Makes pending entries another consumer's.",
        .syntax = "key:key group consumer min-idle-time id... [IDLE ms:int] "
                  "[TIME unix-time-milliseconds:unixtime] [RETRYCOUNT count:int] [FORCE] "
                  "[JUSTID] [LASTID id]",
        .tips = random_tips,
    },
    {
        .name = "xautoclaim",
        .run = run_xautoclaim,
        .arity = -6,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "6.2.0",
        .complexity = "O(1) for a bounded COUNT",
        .summary = "Makes entries that have been pending for long another consumer's.",
        .syntax = "key:key group consumer min-idle-time start [COUNT count:int] [JUSTID]",
        .tips = random_tips,
    },
};

struct command_table commands_stream_claim(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
