/* Members that come, change and go: ZADD, ZINCRBY, ZREM and ZREMRANGEBY... */
#include "commands/zset_priv.h"

/* ---- ZADD ---- */

static const struct {
    const char *word;
    unsigned flag;
} add_options[] = {
    { "nx", ZSET_IF_ABSENT }, { "xx", ZSET_IF_PRESENT },  { "gt", ZSET_IF_GREATER },
    { "lt", ZSET_IF_LESS },   { "incr", ZSET_INCREMENT },
};

/* The flag of an option; 0 if it is none. */
static unsigned add_option(const struct cmd *cmd, int i)
{
    for (size_t k = 0; k < COUNT_OF(add_options); k++)
        if (cmd_is(cmd, i, add_options[k].word))
            return add_options[k].flag;
    return 0;
}

/* False: an error was replied. */
static bool add_flags_ok(const struct cmd *cmd, unsigned flags, size_t count)
{
    const bool nx = flags & ZSET_IF_ABSENT;
    const bool gt = flags & ZSET_IF_GREATER;
    const bool lt = flags & ZSET_IF_LESS;
    const char *error = NULL;
    if (nx && flags & ZSET_IF_PRESENT)
        error = "ERR XX and NX options at the same time are not compatible";
    else if ((nx && (gt || lt)) || (gt && lt))
        error = "ERR GT, LT, and/or NX options at the same time are not compatible";
    else if (flags & ZSET_INCREMENT && count > 1)
        error = "ERR INCR option supports a single increment-element pair";
    if (error)
        reply_error(cmd->reply, error);
    return !error;
}

struct tally {
    size_t added, changed;
    enum zset_outcome last;
    double score; /* of the last that was not refused */
};

static struct tally add_elements(const struct cmd *cmd, struct entry *e,
                                 const struct zset_addition *what)
{
    struct tally t = { .last = ZSET_REFUSED };
    for (size_t i = 0; i < what->count; i++) {
        t.last = zset_add(e, zset_env(cmd), what->flags, &what->elements[i], &t.score);
        t.added += t.last == ZSET_ADDED;
        t.changed += t.last == ZSET_CHANGED;
    }
    return t;
}

static void reply_addition(const struct cmd *cmd, const struct zset_addition *what,
                           const struct tally *t)
{
    if (!(what->flags & ZSET_INCREMENT))
        reply_int(cmd->reply, (int64_t)(t->added + (what->count_changes ? t->changed : 0)));
    else if (t->last == ZSET_NAN)
        reply_error(cmd->reply, "ERR resulting score is not a number (NaN)");
    else if (t->last == ZSET_REFUSED)
        reply_null(cmd->reply);
    else
        reply_double(cmd->reply, t->score);
}

void zset_add_all(struct cmd *cmd, const struct zset_addition *what)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *old = db_lookup_write(cmd->db, key);
    struct tally t = { .last = ZSET_REFUSED };
    if (!is_zset(cmd, old))
        return;
    if (old || !(what->flags & ZSET_IF_PRESENT)) {
        struct entry *e = old ? old : zset_new(key.name, ENTRY_NO_EXPIRY);
        t = add_elements(cmd, e, what);
        if (!old)
            db_insert(cmd->db, key, e);
        else if (t.added + t.changed > 0)
            db_store(cmd->db, key, e, e);
    }
    reply_addition(cmd, what, &t); /* the peers fire behind it */
    if (t.added + t.changed > 0) {
        keyspace_count_dirty(db_keyspace(cmd->db), t.added + t.changed - 1);
        db_notify(cmd->db, EVENT_ZSET, what->flags & ZSET_INCREMENT ? "zincr" : "zadd", key.name);
    }
}

/* Scores and members from an argument on; NULL: an error was replied. */
static const struct zset_element *element_args(const struct cmd *cmd, int first, size_t count)
{
    struct zset_element *elements = arena_alloc(cmd->arena, count * sizeof(*elements));
    for (size_t i = 0; i < count; i++) {
        const int at = first + (int)i * 2;
        elements[i].member = cmd_arg(cmd, at + 1);
        if (!cmd_double(cmd, at, &elements[i].score, NULL))
            return NULL;
    }
    return elements;
}

static void add(struct cmd *cmd, unsigned flags)
{
    struct zset_addition what = { .flags = flags };
    int first = 2;
    for (; first < cmd->argc; first++) {
        const unsigned flag = add_option(cmd, first);
        const bool is_ch = cmd_is(cmd, first, "ch");
        if (!flag && !is_ch)
            break;
        what.flags |= flag;
        what.count_changes |= is_ch;
    }
    what.count = (size_t)(cmd->argc - first) / 2;
    if (what.count == 0 || (cmd->argc - first) % 2) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (!add_flags_ok(cmd, what.flags, what.count))
        return;
    what.elements = element_args(cmd, first, what.count);
    if (what.elements)
        zset_add_all(cmd, &what);
}

static void run_zadd(struct cmd *cmd)
{
    add(cmd, 0);
}

static void run_zincrby(struct cmd *cmd)
{
    add(cmd, ZSET_INCREMENT);
}

/* ---- removal ---- */

static void run_zrem(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    size_t count = 0;
    if (!is_zset(cmd, e))
        return;
    for (int i = 2; e && i < cmd->argc && zset_count(e) > 0; i++)
        count += zset_remove(e, cmd_arg(cmd, i));
    if (e)
        zset_removed(cmd, key, e, count, "zrem");
    reply_int(cmd->reply, (int64_t)count);
}

static void remove_span(struct cmd *cmd, struct key key, struct entry *e, struct zset_span span,
                        const char *event)
{
    zset_delete_span(e, span);
    zset_removed(cmd, key, e, span.count, event);
    reply_int(cmd->reply, (int64_t)span.count);
}

/* The set that a removal is for; NULL: the reply is made. */
static struct entry *set_to_change(struct cmd *cmd, struct key key)
{
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e)
        reply_int(cmd->reply, 0);
    return e && is_zset(cmd, e) ? e : NULL;
}

static void run_zremrangebyrank(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    int64_t start, stop;
    if (!cmd_int(cmd, 2, &start, NULL) || !cmd_int(cmd, 3, &stop, NULL))
        return;
    struct entry *e = set_to_change(cmd, key);
    if (e)
        remove_span(cmd, key, e, zset_span_of_ranks(zset_count(e), start, stop), "zremrangebyrank");
}

static void run_zremrangebyscore(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct zset_score_range range;
    if (!zset_score_range_arg(cmd, 2, 3, &range))
        return;
    struct entry *e = set_to_change(cmd, key);
    if (e)
        remove_span(cmd, key, e, zset_span_of_scores(e, &range), "zremrangebyscore");
}

static void run_zremrangebylex(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct zset_lex_range range;
    if (!zset_lex_range_arg(cmd, 2, 3, &range))
        return;
    struct entry *e = set_to_change(cmd, key);
    if (e)
        remove_span(cmd, key, e, zset_span_of_lex(e, &range), "zremrangebylex");
}

#define SPAN_KEY KEY_AT(1, KEY_RW | KEY_DELETE)
#define LOG_N_M "O(log N + M) for M members that go"

static const struct command rows[] = {
    {
        .name = "zadd",
        .run = run_zadd,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .element = 3,
        .since = "1.2.0",
        .complexity = "O(log N) for each member",
        .summary = "Adds members with their scores, or gives members other scores.",
        .syntax = "key:key [condition=<NX | XX>@3.0.2] [comparison=<GT | LT>@6.2.0] "
                  "[change=CH@3.0.2] [increment=INCR@3.0.2] score_member={score:double member}...",
    },
    {
        .name = "zincrby",
        .run = run_zincrby,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
        .element = 3,
        .since = "1.2.0",
        .complexity = "O(log N)",
        .summary = "Adds to the score of a member; a missing one begins at 0.",
        .syntax = "key:key increment:int member",
    },
    {
        .name = "zrem",
        .run = run_zrem,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .element = 2,
        .since = "1.2.0",
        .complexity = "O(log N) for each member",
        .summary =
            "Takes members out, and tells how many there were. The key goes with the last one.",
        .syntax = "key:key member...",
    },
    {
        .name = "zremrangebyrank",
        .run = run_zremrangebyrank,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_SORTED_SET,
        .keys = SPAN_KEY,
        .since = "2.0.0",
        .complexity = LOG_N_M,
        .summary = "Takes the members of a range of ranks out.",
        .syntax = "key:key start:int stop:int",
    },
    {
        .name = "zremrangebyscore",
        .run = run_zremrangebyscore,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_SORTED_SET,
        .keys = SPAN_KEY,
        .since = "1.2.0",
        .complexity = LOG_N_M,
        .summary = "Takes the members out whose scores lie within two bounds.",
        .syntax = "key:key min:double max:double",
    },
    {
        .name = "zremrangebylex",
        .run = run_zremrangebylex,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_SORTED_SET,
        .keys = SPAN_KEY,
        .since = "2.8.9",
        .complexity = LOG_N_M,
        .summary = "Takes the members out that lie between two texts, where all have one score.",
        .syntax = "key:key min max",
    },
};

struct command_table commands_zset_change(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
