/* What is asked about sorted sets: ZCARD, ZSCORE, ZRANK, ZCOUNT, ZRANDMEMBER, ZSCAN and their kin. */
#include "base/glob.h"
#include "base/mem.h"
#include "base/rand.h"
#include "commands/scan_priv.h"
#include "commands/zset_priv.h"

static void run_zcard(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_zset(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)zset_count(e) : 0);
}

static void reply_score(const struct cmd *cmd, const struct entry *e, struct slice member)
{
    double score;
    if (e && zset_score(e, member, &score))
        reply_double(cmd->reply, score);
    else
        reply_null(cmd->reply);
}

static void run_zscore(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_zset(cmd, e))
        reply_score(cmd, e, cmd_arg(cmd, 2));
}

static void run_zmscore(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_zset(cmd, e))
        return;
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++)
        reply_score(cmd, e, cmd_arg(cmd, i));
}

/* ---- ranks ---- */

/* True with WITHSCORE; *ret_ok is false if an error was replied. */
static bool with_score(const struct cmd *cmd, bool *ret_ok)
{
    *ret_ok = cmd->argc == 3 || (cmd->argc == 4 && cmd_is(cmd, 3, "withscore"));
    if (cmd->argc > 4)
        reply_errorf(cmd->reply, "ERR wrong number of arguments for '%s' command", cmd->row->name);
    else if (!*ret_ok)
        reply_error(cmd->reply, ERR_SYNTAX);
    return cmd->argc == 4;
}

static void rank(struct cmd *cmd, bool down)
{
    bool ok;
    const bool wants_score = with_score(cmd, &ok);
    if (!ok)
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_zset(cmd, e))
        return;
    size_t at;
    double score;
    if (!e || !zset_rank(e, cmd_arg(cmd, 2), &at, &score)) {
        if (wants_score)
            reply_null_array(cmd->reply);
        else
            reply_null(cmd->reply);
        return;
    }
    if (wants_score)
        reply_array(cmd->reply, 2);
    reply_int(cmd->reply, (int64_t)(down ? zset_count(e) - 1 - at : at));
    if (wants_score)
        reply_double(cmd->reply, score);
}

static void run_zrank(struct cmd *cmd)
{
    rank(cmd, /* down= */ false);
}

static void run_zrevrank(struct cmd *cmd)
{
    rank(cmd, /* down= */ true);
}

/* ---- counts ---- */

static void run_zcount(struct cmd *cmd)
{
    struct zset_score_range range;
    if (!zset_score_range_arg(cmd, 2, 3, &range))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_zset(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)zset_span_of_scores(e, &range).count : 0);
}

static void run_zlexcount(struct cmd *cmd)
{
    struct zset_lex_range range;
    if (!zset_lex_range_arg(cmd, 2, 3, &range))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_zset(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)zset_span_of_lex(e, &range).count : 0);
}

/* ---- ZRANDMEMBER ---- */

static void reply_at(const struct cmd *cmd, const struct entry *e, size_t at, bool with_scores)
{
    struct zset_walk walk;
    struct zset_element element;
    zset_walk_open(&walk, e, at, /* down= */ false);
    if (zset_walk_next(&walk, &element))
        zset_reply_element(cmd, &element, with_scores);
}

/* `count` different ranks below `n`, by drawing them one by one (Floyd, "A sample of brilliance", 1987): the
 * k-th draw is among the first n - count + k, and one that came up already is replaced by the last of these. */
static void reply_sample(const struct cmd *cmd, const struct entry *e, size_t count,
                         bool with_scores)
{
    const size_t n = zset_count(e);
    struct rand *rand = zset_env(cmd)->rand;
    size_t slots = 16;
    while (slots < count * 2)
        slots *= 2;
    size_t *seen = mem_zalloc(slots * sizeof(*seen)); /* rank + 1, by rank modulo slots */
    for (size_t last = n - count; last < n; last++) {
        size_t at = rand_below(rand, last + 1);
        size_t slot = at & (slots - 1);
        while (seen[slot] && seen[slot] != at + 1)
            slot = (slot + 1) & (slots - 1);
        if (seen[slot]) {
            at = last;
            slot = at & (slots - 1);
            while (seen[slot])
                slot = (slot + 1) & (slots - 1);
        }
        seen[slot] = at + 1;
        reply_at(cmd, e, at, with_scores);
    }
    mem_free(seen);
}

static void reply_random(const struct cmd *cmd, const struct entry *e, int64_t count,
                         bool with_scores)
{
    const size_t n = e ? zset_count(e) : 0;
    if (n == 0) {
        reply_array(cmd->reply, 0);
        return;
    }
    if (count < 0) {
        const size_t draws = (size_t)-count;
        zset_reply_header(cmd, draws, with_scores);
        for (size_t i = 0; i < draws && !cmd->reply->closed; i++)
            reply_at(cmd, e, rand_below(zset_env(cmd)->rand, n), with_scores);
        return;
    }
    const size_t taken = MIN_OF((size_t)count, n);
    zset_reply_header(cmd, taken, with_scores);
    if (taken < n) {
        reply_sample(cmd, e, taken, with_scores);
        return;
    }
    struct zset_walk walk;
    struct zset_element element;
    zset_walk_open(&walk, e, 0, /* down= */ false);
    while (zset_walk_next(&walk, &element))
        zset_reply_element(cmd, &element, with_scores);
}

static void run_zrandmember(struct cmd *cmd)
{
    int64_t count = 1;
    const bool with_scores = cmd->argc == 4;
    if (cmd->argc >= 3) {
        if (!cmd_int_in(cmd, 2, -INT64_MAX, INT64_MAX, &count, NULL))
            return;
        if (cmd->argc > 4 || (with_scores && !cmd_is(cmd, 3, "withscores"))) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return;
        }
        if (with_scores && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
            reply_error(cmd->reply, "ERR value is out of range");
            return;
        }
    }
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_zset(cmd, e))
        return;
    if (cmd->argc >= 3)
        reply_random(cmd, e, count, with_scores);
    else if (e)
        reply_at(cmd, e, rand_below(zset_env(cmd)->rand, zset_count(e)), false);
    else
        reply_null(cmd->reply);
}

/* ---- ZSCAN ---- */

struct scan {
    const struct cmd *cmd;
    struct scan_options options;
    bool keep; /* of a listpack: members are to be copied */
    int64_t seen;
    struct zset_element *found;
    size_t found_count, found_cap;
};

static void gather(void *arg, const struct zset_element *element)
{
    struct scan *scan = arg;
    struct arena *arena = scan->cmd->arena;
    scan->seen++;
    if (scan->options.pattern.ptr && !glob_match(scan->options.pattern, element->member))
        return;
    if (scan->found_count == scan->found_cap) {
        const size_t cap = scan->found_cap ? scan->found_cap * 2 : 32;
        struct zset_element *found = arena_alloc(arena, cap * sizeof(*found));
        if (scan->found_count)
            memcpy(found, scan->found, scan->found_count * sizeof(*found));
        scan->found = found;
        scan->found_cap = cap;
    }
    struct zset_element *kept = &scan->found[scan->found_count++];
    *kept = *element;
    if (scan->keep)
        kept->member = arena_copy(arena, element->member);
}

static void run_zscan(struct cmd *cmd)
{
    struct scan scan = { .cmd = cmd };
    uint64_t cursor;
    if (!scan_cursor_arg(cmd, 2, &cursor))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!e) {
        scan_reply_header(cmd, 0, 0);
        return;
    }
    if (!is_zset(cmd, e) ||
        !scan_option_args(cmd, 3, "noscores", /* with_type= */ false, &scan.options))
        return;

    scan.keep = zset_listpack(e) != NULL;
    int64_t steps = scan_steps(&scan.options);
    do
        cursor = zset_scan(e, cursor, gather, &scan);
    while (cursor && --steps > 0 && scan.seen < scan.options.count);

    scan_reply_header(cmd, cursor, scan.found_count * (scan.options.bare ? 1 : 2));
    for (size_t i = 0; i < scan.found_count; i++) {
        char text[NUM_DOUBLE_MAX_CHARS];
        const double score = scan.found[i].score;
        reply_bulk(cmd->reply, scan.found[i].member);
        if (!scan.options.bare)
            reply_bulk(cmd->reply, scan.keep ? zset_listpack_score_text(score, text)
                                             : zset_score_text(score, text));
    }
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define READ_FAST (CMD_READ | CMD_FAST)

static const struct command rows[] = {
    {
        .name = "zcard",
        .run = run_zcard,
        .arity = 2,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, KEY_RO),
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "How many members a sorted set has.",
        .syntax = "key:key",
    },
    {
        .name = "zscore",
        .run = run_zscore,
        .arity = 3,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .element = 2,
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "The score of a member.",
        .syntax = "key:key member",
    },
    {
        .name = "zmscore",
        .run = run_zmscore,
        .arity = -3,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .element = 2,
        .since = "6.2.0",
        .complexity = "O(1) for each member",
        .summary = "The scores of several members, null for those that are not there.",
        .syntax = "key:key member...",
    },
    {
        .name = "zrank",
        .run = run_zrank,
        .arity = -3,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(log N)",
        .summary = "How many members stand before one, in the order of rising scores.",
        .syntax = "key:key member [withscore=WITHSCORE@7.2.0]",
    },
    {
        .name = "zrevrank",
        .run = run_zrevrank,
        .arity = -3,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .element = 2,
        .since = "2.0.0",
        .complexity = "O(log N)",
        .summary = "How many members stand behind one, in the order of rising scores.",
        .syntax = "key:key member [withscore=WITHSCORE@7.2.0]",
    },
    {
        .name = "zcount",
        .run = run_zcount,
        .arity = 4,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.0.0",
        .complexity = "O(log N)",
        .summary = "How many members have scores within two bounds.",
        .syntax = "key:key min:double max:double",
    },
    {
        .name = "zlexcount",
        .run = run_zlexcount,
        .arity = 4,
        .flags = READ_FAST,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.8.9",
        .complexity = "O(log N)",
        .summary = "How many members lie between two texts, where all have one score.",
        .syntax = "key:key min max",
    },
    {
        .name = "zrandmember",
        .run = run_zrandmember,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "6.2.0",
        .complexity = "O(log N) for each member drawn",
        .summary = "Members drawn at random: different ones, or with a negative count any.",
        .syntax = "key:key [options={count:int [withscores=WITHSCORES]}]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "zscan",
        .run = run_zscan,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_SORTED_SET,
        .keys = READ_KEY,
        .since = "2.8.0",
        .complexity = "O(1) for a call, O(N) for all N members",
        .summary =
            "Some of a set's members and scores, and the cursor from which the next call goes on.",
        .syntax = "key:key cursor:int [MATCH pattern:pattern] [COUNT count:int] "
                  "[noscores=NOSCORES@9.1.0]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
};

struct command_table commands_zset_get(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
