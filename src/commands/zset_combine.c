/* Sorted sets, and sets, combined: ZUNION, ZINTER, ZDIFF, their storing forms, and ZINTERCARD. */
#include <math.h>
#include <stdlib.h>

#include "commands/zset_priv.h"
#include "types/set.h"

enum combination { UNION, INTERSECTION, DIFFERENCE };
enum aggregate { AGGREGATE_SUM, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_COUNT };

/* A key that takes part, a sorted set or a set, whose members have 1 as score; `e` is NULL if there is none. */
struct source {
    struct entry *e;
    double weight;
    size_t count;
};

struct combine {
    enum combination what;
    enum aggregate aggregate;
    bool stores, counts; /* into argument 1; ZINTERCARD */
    bool with_scores;
    int64_t limit; /* 0: none */
    struct source *sources;
    size_t source_count;
};

/* ---- arguments ---- */

/* WEIGHTS and AGGREGATE are for scores that are combined. */
static int parse_scoring(const struct cmd *cmd, struct combine *c, int i, bool *ret_ok)
{
    static const char *const words[] = { "sum", "min", "max", "count" };
    const size_t left = (size_t)(cmd->argc - i);
    if (c->what == DIFFERENCE || c->counts)
        return 0;
    if (left > c->source_count && cmd_is(cmd, i, "weights")) {
        for (size_t k = 0; k < c->source_count && *ret_ok; k++)
            *ret_ok = cmd_double(cmd, i + 1 + (int)k, &c->sources[k].weight,
                                 "ERR weight value is not a float");
        return 1 + (int)c->source_count;
    }
    if (left >= 2 && cmd_is(cmd, i, "aggregate"))
        for (size_t k = 0; k < COUNT_OF(words); k++)
            if (cmd_is(cmd, i + 1, words[k])) {
                c->aggregate = (enum aggregate)k;
                return 2;
            }
    return 0;
}

/* How many arguments from `i` on are an option; 0: an error was replied. */
static int parse_option(const struct cmd *cmd, struct combine *c, int i)
{
    bool ok = true;
    const int scoring = parse_scoring(cmd, c, i, &ok);
    if (scoring)
        return ok ? scoring : 0;
    if (!c->stores && !c->counts && cmd_is(cmd, i, "withscores")) {
        c->with_scores = true;
        return 1;
    }
    if (c->counts && i + 1 < cmd->argc && cmd_is(cmd, i, "limit"))
        return cmd_int_in(cmd, i + 1, 0, INT64_MAX, &c->limit, "ERR LIMIT can't be negative") ? 2
                                                                                              : 0;
    reply_error(cmd->reply, ERR_SYNTAX);
    return 0;
}

/* The sources from argument `first` on; false: an error was replied. */
static bool look_up(const struct cmd *cmd, struct combine *c, int first)
{
    c->sources = arena_alloc(cmd->arena, c->source_count * sizeof(*c->sources));
    for (size_t i = 0; i < c->source_count; i++) {
        struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, first + (int)i));
        const bool is_set = e && entry_type(e) == TYPE_SET;
        if (!is_set && !is_zset(cmd, e))
            return false;
        const size_t count = !e ? 0 : is_set ? set_count(e) : zset_count(e);
        c->sources[i] = (struct source){ e, 1.0, count };
    }
    return true;
}

/* numkeys key ... [options] from argument `at` on; false: an error was replied. */
static bool parse(const struct cmd *cmd, struct combine *c, int at)
{
    int64_t count;
    if (!cmd_int(cmd, at, &count, NULL))
        return false;
    if (count < 1) {
        reply_errorf(cmd->reply, "ERR at least 1 input key is needed for '%s' command",
                     cmd->row->name);
        return false;
    }
    if (count > cmd->argc - at - 1) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    c->source_count = (size_t)count;
    if (!look_up(cmd, c, at + 1))
        return false;
    for (int i = at + 1 + (int)count; i < cmd->argc;) {
        const int taken = parse_option(cmd, c, i);
        if (!taken)
            return false;
        i += taken;
    }
    return true;
}

/* ---- combining ---- */

static double weighted(const struct source *s, double score, enum aggregate aggregate)
{
    return s->weight * (aggregate == AGGREGATE_COUNT ? 1.0 : score);
}

/* The first score of a member is a number: 0 for 0 times infinity, as with the peers. */
static double weighted_first(const struct source *s, double score, enum aggregate aggregate)
{
    const double value = weighted(s, score, aggregate);
    return isnan(value) ? 0 : value;
}

/* A further one need not be: then a sum is 0, and a minimum or maximum what it was. */
static double aggregated(enum aggregate aggregate, double a, double b)
{
    double sum;
    switch (aggregate) {
    case AGGREGATE_MIN:
        return b < a ? b : a;
    case AGGREGATE_MAX:
        return b > a ? b : a;
    default:
        sum = a + b;
        return isnan(sum) ? 0 : sum;
    }
}

/* A walk over a source's members. */
typedef bool (*combine_take)(struct combine *c, struct zset_build *b, const struct source *from,
                             const struct zset_element *element);

static void each_set_member(struct combine *c, struct zset_build *b, const struct source *s,
                            combine_take take)
{
    struct set_walk walk;
    struct zset_element element = { .score = 1 };
    set_walk_open(&walk, s->e);
    while (set_walk_next(&walk, &element.member))
        if (!take(c, b, s, &element))
            break;
    set_walk_close(&walk);
}

/* Until `take` says no. */
static void each_member(struct combine *c, struct zset_build *b, const struct source *s,
                        combine_take take)
{
    struct zset_walk walk;
    struct zset_element element;
    if (!s->e)
        return;
    if (entry_type(s->e) == TYPE_SET) {
        each_set_member(c, b, s, take);
        return;
    }
    zset_walk_open(&walk, s->e, 0, /* down= */ false);
    while (zset_walk_next(&walk, &element))
        if (!take(c, b, s, &element))
            return;
}

static bool source_score(const struct source *s, struct slice member, double *ret_score)
{
    if (!s->e)
        return false;
    if (entry_type(s->e) == TYPE_ZSET)
        return zset_score(s->e, member, ret_score);
    *ret_score = 1;
    return set_has(s->e, member);
}

static bool take_into_union(struct combine *c, struct zset_build *b, const struct source *from,
                            const struct zset_element *element)
{
    bool is_new;
    const double score = weighted_first(from, element->score, c->aggregate);
    double *at = zset_build_at(b, element->member, &is_new);
    *at = is_new ? score : aggregated(c->aggregate, *at, score);
    return true;
}

static bool take_into_intersection(struct combine *c, struct zset_build *b,
                                   const struct source *from, const struct zset_element *element)
{
    double score = weighted_first(from, element->score, c->aggregate);
    for (size_t i = 1; i < c->source_count; i++) {
        double other;
        if (!source_score(&c->sources[i], element->member, &other))
            return true;
        score = aggregated(c->aggregate, score, weighted(&c->sources[i], other, c->aggregate));
    }
    bool is_new;
    *zset_build_at(b, element->member, &is_new) = score;
    return c->limit == 0 || (int64_t)zset_build_count(b) < c->limit;
}

static bool take_into_difference(struct combine *c, struct zset_build *b,
                                 const struct source *from UNUSED,
                                 const struct zset_element *element)
{
    double other;
    for (size_t i = 1; i < c->source_count; i++)
        if (source_score(&c->sources[i], element->member, &other))
            return true;
    bool is_new;
    *zset_build_at(b, element->member, &is_new) = element->score;
    return true;
}

static int by_count(const void *a, const void *b)
{
    const struct source *x = a;
    const struct source *y = b;
    return (x->count > y->count) - (x->count < y->count);
}

/* Smallest first, which also decides in what order scores are summed up. */
static void combine(struct combine *c, struct zset_build *b)
{
    if (c->what != DIFFERENCE)
        qsort(c->sources, c->source_count, sizeof(*c->sources), by_count);
    switch (c->what) {
    case UNION:
        for (size_t i = 0; i < c->source_count; i++)
            each_member(c, b, &c->sources[i], take_into_union);
        break;
    case INTERSECTION:
        each_member(c, b, &c->sources[0], take_into_intersection);
        break;
    case DIFFERENCE:
        each_member(c, b, &c->sources[0], take_into_difference);
        break;
    }
}

struct combined_reply {
    const struct cmd *cmd;
    bool with_scores;
};

static void reply_visited(void *arg, const struct zset_element *element)
{
    const struct combined_reply *r = arg;
    zset_reply_element(r->cmd, element, r->with_scores);
}

static void reply_build(struct cmd *cmd, struct zset_build *b, bool with_scores)
{
    struct combined_reply r = { cmd, with_scores };
    zset_reply_header(cmd, zset_build_count(b), with_scores);
    if (zset_build_count(b) > 0)
        zset_build_visit(b, reply_visited, &r);
    else
        zset_build_done(b);
}

static void run(struct cmd *cmd, struct combine c)
{
    static const char *const events[] = { "zunionstore", "zinterstore", "zdiffstore" };
    struct zset_build b;
    if (!parse(cmd, &c, c.stores ? 2 : 1))
        return;
    zset_build_init(&b, zset_env(cmd));
    combine(&c, &b);
    if (c.stores) {
        zset_store_build(cmd, cmd_key(cmd, 1), &b, events[c.what]);
    } else if (c.counts) {
        reply_int(cmd->reply, (int64_t)zset_build_count(&b));
        zset_build_done(&b);
    } else {
        reply_build(cmd, &b, c.with_scores);
    }
}

static void run_zunion(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = UNION });
}

static void run_zinter(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = INTERSECTION });
}

static void run_zdiff(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = DIFFERENCE });
}

static void run_zunionstore(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = UNION, .stores = true });
}

static void run_zinterstore(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = INTERSECTION, .stores = true });
}

static void run_zdiffstore(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = DIFFERENCE, .stores = true });
}

static void run_zintercard(struct cmd *cmd)
{
    run(cmd, (struct combine){ .what = INTERSECTION, .counts = true });
}

#define COUNTED(i)                                                                          \
    {                                                                                       \
        .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .find = KEYS_NUMKEYS, .at = (i), \
        .count_at = 0, .first = 1, .step = 1                                                \
    }
#define SOURCE_KEYS \
    {               \
        COUNTED(1)  \
    }
#define STORE_KEYS                                                                            \
    {                                                                                         \
        { .flags = KEY_OW | KEY_UPDATE, .begin = KEYS_INDEX, .at = 1, .step = 1 }, COUNTED(2) \
    }
#define READ_FLAGS (CMD_READ | CMD_MOVABLE_KEYS)
#define STORE_FLAGS (CMD_WRITE | CMD_DENY_OOM | CMD_MOVABLE_KEYS)
#define SCORING_SYNTAX                                \
    "numkeys:int key:key... [WEIGHTS weight:int...] " \
    "[AGGREGATE aggregate=<SUM | MIN | MAX | COUNT@8.10.0>]"

static const struct command rows[] = {
    {
        .name = "zunion",
        .run = run_zunion,
        .arity = -3,
        .flags = READ_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = SOURCE_KEYS,
        .since = "6.2.0",
        .complexity = "O(N + M log M) for N members in all and M of the result",
        .summary = "The members of any of several sorted sets, with their scores combined.",
        .syntax = SCORING_SYNTAX " [withscores=WITHSCORES]",
    },
    {
        .name = "zinter",
        .run = run_zinter,
        .arity = -3,
        .flags = READ_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = SOURCE_KEYS,
        .since = "6.2.0",
        .complexity =
            "O(N K + M log M) for N members of the smallest of K sets and M of the result",
        .summary = "The members of all of several sorted sets, with their scores combined.",
        .syntax = SCORING_SYNTAX " [withscores=WITHSCORES]",
    },
    {
        .name = "zdiff",
        .run = run_zdiff,
        .arity = -3,
        .flags = READ_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = SOURCE_KEYS,
        .since = "6.2.0",
        .complexity = "O(N K + M log M) for N members of the first of K sets and M of the result",
        .summary = "The members of the first sorted set that none of the others has.",
        .syntax = "numkeys:int key:key... [withscores=WITHSCORES]",
    },
    {
        .name = "zunionstore",
        .run = run_zunionstore,
        .arity = -4,
        .flags = STORE_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = STORE_KEYS,
        .since = "2.0.0",
        .complexity = "O(N + M log M) for N members in all and M of the result",
        .summary = "Stores the members of any of several sorted sets, with their scores combined.",
        .syntax = "destination:key " SCORING_SYNTAX,
    },
    {
        .name = "zinterstore",
        .run = run_zinterstore,
        .arity = -4,
        .flags = STORE_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = STORE_KEYS,
        .since = "2.0.0",
        .complexity =
            "O(N K + M log M) for N members of the smallest of K sets and M of the result",
        .summary = "Stores the members of all of several sorted sets, with their scores combined.",
        .syntax = "destination:key " SCORING_SYNTAX,
    },
    {
        .name = "zdiffstore",
        .run = run_zdiffstore,
        .arity = -4,
        .flags = STORE_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = STORE_KEYS,
        .since = "6.2.0",
        .complexity = "O(N K + M log M) for N members of the first of K sets and M of the result",
        .summary = "Stores the members of the first sorted set that none of the others has.",
        .syntax = "destination:key numkeys:int key:key...",
    },
    {
        .name = "zintercard",
        .run = run_zintercard,
        .arity = -3,
        .flags = READ_FLAGS,
        .group = GROUP_SORTED_SET,
        .keys = SOURCE_KEYS,
        .since = "7.0.0",
        .complexity = "O(N K) for N members of the smallest of K sets",
        .summary = "How many members all of several sorted sets have in common.",
        .syntax = "numkeys:int key:key... [LIMIT limit:int]",
    },
};

struct command_table commands_zset_combine(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
