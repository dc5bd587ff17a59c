/* Ranges of sorted sets, by rank, score or member, upwards and downwards: ZRANGE, its older forms, and
 * ZRANGESTORE. All parse into one struct and come to one span of ranks. */
#include "commands/zset_priv.h"

enum range_by { BY_ANY, BY_RANK, BY_SCORE, BY_LEX }; /* ANY: the arguments may say */
enum range_way { WAY_ANY, WAY_UP, WAY_DOWN };

struct range {
    int source; /* argument of the key; the bounds follow */
    enum range_by by;
    enum range_way way;
    bool stores;
    bool with_scores;
    int64_t offset, limit;
    int64_t start, stop;
    struct zset_score_range scores;
    struct zset_lex_range lex;
};

/* How many arguments from `i` on are an option; 0: none, or an error was replied and *ret_ok is false. */
static int parse_option(const struct cmd *cmd, struct range *r, int i, bool *ret_ok)
{
    if (!r->stores && cmd_is(cmd, i, "withscores")) {
        r->with_scores = true;
        return 1;
    }
    if (cmd_is(cmd, i, "limit") && i + 2 < cmd->argc) {
        *ret_ok = cmd_int(cmd, i + 1, &r->offset, NULL) && cmd_int(cmd, i + 2, &r->limit, NULL);
        return *ret_ok ? 3 : 0;
    }
    if (r->way == WAY_ANY && cmd_is(cmd, i, "rev")) {
        r->way = WAY_DOWN;
        return 1;
    }
    if (r->by == BY_ANY && cmd_is(cmd, i, "bylex")) {
        r->by = BY_LEX;
        return 1;
    }
    if (r->by == BY_ANY && cmd_is(cmd, i, "byscore")) {
        r->by = BY_SCORE;
        return 1;
    }
    *ret_ok = false;
    reply_error(cmd->reply, ERR_SYNTAX);
    return 0;
}

/* False: an error was replied. */
static bool parse_bounds(const struct cmd *cmd, struct range *r)
{
    const bool is_turned = r->way == WAY_DOWN && r->by != BY_RANK;
    const int min = r->source + (is_turned ? 2 : 1);
    const int max = r->source + (is_turned ? 1 : 2);
    if (r->by == BY_SCORE)
        return zset_score_range_arg(cmd, min, max, &r->scores);
    if (r->by == BY_LEX)
        return zset_lex_range_arg(cmd, min, max, &r->lex);
    return cmd_int(cmd, min, &r->start, NULL) && cmd_int(cmd, max, &r->stop, NULL);
}

/* False: an error was replied. */
static bool parse(const struct cmd *cmd, struct range *r)
{
    bool ok = true;
    r->limit = -1;
    for (int i = r->source + 3; i < cmd->argc && ok;)
        i += parse_option(cmd, r, i, &ok);
    if (!ok)
        return false;

    r->by = r->by == BY_ANY ? BY_RANK : r->by;
    const char *error = NULL;
    if (r->limit != -1 && r->by == BY_RANK)
        error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or "
                "BYLEX";
    else if (r->with_scores && r->by == BY_LEX)
        error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
    if (error)
        reply_error(cmd->reply, error);
    return !error && parse_bounds(cmd, r);
}

/* What LIMIT leaves of a span, from its lower end upwards or from its upper end downwards. */
static struct zset_span limited(struct zset_span span, const struct range *r)
{
    const bool down = r->way == WAY_DOWN;
    if (r->offset < 0 || (uint64_t)r->offset >= span.count)
        return (struct zset_span){ 0, 0 };
    const size_t skipped = (size_t)r->offset;
    const size_t left = span.count - skipped;
    const size_t count = r->limit < 0 ? left : MIN_OF(left, (size_t)r->limit);
    const size_t first = down ? span.first + left - count : span.first + skipped;
    return (struct zset_span){ first, count };
}

static struct zset_span span_of(const struct entry *e, const struct range *r)
{
    const size_t n = zset_count(e);
    if (r->by == BY_SCORE)
        return limited(zset_span_of_scores(e, &r->scores), r);
    if (r->by == BY_LEX)
        return limited(zset_span_of_lex(e, &r->lex), r);
    struct zset_span span = zset_span_of_ranks(n, r->start, r->stop);
    if (r->way == WAY_DOWN)
        span.first = n - span.first - span.count;
    return span;
}

static void reply_span(const struct cmd *cmd, const struct entry *e, const struct range *r)
{
    const struct zset_span span = span_of(e, r);
    const bool down = r->way == WAY_DOWN;
    zset_reply_header(cmd, span.count, r->with_scores);
    if (span.count == 0)
        return;
    struct zset_walk walk;
    struct zset_element element;
    zset_walk_open(&walk, e, down ? span.first + span.count - 1 : span.first, down);
    for (size_t i = 0; i < span.count && zset_walk_next(&walk, &element); i++)
        zset_reply_element(cmd, &element, r->with_scores);
}

static void store_span(struct cmd *cmd, const struct entry *e, const struct range *r)
{
    const struct key key = cmd_key(cmd, 1);
    const struct zset_span span = e ? span_of(e, r) : (struct zset_span){ 0, 0 };
    if (span.count == 0) {
        zset_store_nothing(cmd, key);
        return;
    }
    struct zset_build b;
    struct zset_walk walk;
    struct zset_element element;
    zset_build_init(&b, zset_env(cmd));
    zset_walk_open(&walk, e, span.first, /* down= */ false);
    for (size_t i = 0; i < span.count && zset_walk_next(&walk, &element); i++) {
        bool is_new;
        *zset_build_at(&b, element.member, &is_new) = element.score;
    }
    zset_store_build(cmd, key, &b, "zrangestore");
}

static void range(struct cmd *cmd, struct range r)
{
    if (!parse(cmd, &r))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, r.source));
    if (!is_zset(cmd, e))
        return;
    if (r.stores)
        store_span(cmd, e, &r);
    else if (e)
        reply_span(cmd, e, &r);
    else
        reply_array(cmd->reply, 0);
}

static void run_zrange(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1 });
}

static void run_zrangestore(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 2, .stores = true });
}

static void run_zrevrange(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1, .by = BY_RANK, .way = WAY_DOWN });
}

static void run_zrangebyscore(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1, .by = BY_SCORE, .way = WAY_UP });
}

static void run_zrevrangebyscore(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1, .by = BY_SCORE, .way = WAY_DOWN });
}

static void run_zrangebylex(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1, .by = BY_LEX, .way = WAY_UP });
}

static void run_zrevrangebylex(struct cmd *cmd)
{
    range(cmd, (struct range){ .source = 1, .by = BY_LEX, .way = WAY_DOWN });
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define LOG_N_M "O(log N + M) for M members of the range"
#define LIMIT_SYNTAX "[LIMIT offset_count={offset:int count:int}]"

static const struct command rows[] = {
    {
        .name = "zrange",
        .run = run_zrange,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "1.2.0",
        .complexity = LOG_N_M,
        .summary =
            "The members of a range of ranks, scores or texts, in their order or from the end.",
        .syntax = "key:key start stop [sortby=<BYSCORE | BYLEX>@6.2.0] [rev=REV@6.2.0] "
                  "[LIMIT offset_count={offset:int count:int}@6.2.0] [withscores=WITHSCORES]",
    },
    {
        .name = "zrangestore",
        .run = run_zrangestore,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_SORTED_SET,
        .keys = { { .flags = KEY_OW | KEY_UPDATE, .begin = KEYS_INDEX, .at = 1, .step = 1 },
                  { .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .at = 2, .step = 1 } },
        .since = "6.2.0",
        .complexity = "O(log N + M log M) for M members of the range",
        .summary = "Stores the members of a range as a sorted set of their own.",
        .syntax = "dst:key src:key min max [sortby=<BYSCORE | BYLEX>] [rev=REV] " LIMIT_SYNTAX,
    },
    {
        .name = "zrevrange",
        .run = run_zrevrange,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "1.2.0",
        .complexity = LOG_N_M,
        .summary = "The members of a range of ranks, counted from the highest score.",
        .syntax = "key:key start:int stop:int [withscores=WITHSCORES]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` argument",
    },
    {
        .name = "zrangebyscore",
        .run = run_zrangebyscore,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "1.0.5",
        .complexity = LOG_N_M,
        .summary = "The members whose scores lie within two bounds.",
        .syntax = "key:key min:double max:double [withscores=WITHSCORES@2.0.0] " LIMIT_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    },
    {
        .name = "zrevrangebyscore",
        .run = run_zrevrangebyscore,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.2.0",
        .complexity = LOG_N_M,
        .summary = "The members whose scores lie within two bounds, the highest first.",
        .syntax = "key:key max:double min:double [withscores=WITHSCORES] " LIMIT_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    },
    {
        .name = "zrangebylex",
        .run = run_zrangebylex,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.8.9",
        .complexity = LOG_N_M,
        .summary = "The members between two texts, where all have one score.",
        .syntax = "key:key min max " LIMIT_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    },
    {
        .name = "zrevrangebylex",
        .run = run_zrevrangebylex,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.8.9",
        .complexity = LOG_N_M,
        .summary = "The members between two texts, the last first, where all have one score.",
        .syntax = "key:key max min " LIMIT_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    },
};

struct command_table commands_zset_range(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
