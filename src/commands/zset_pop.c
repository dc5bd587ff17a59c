/* Members taken from an end: ZPOPMIN, ZPOPMAX, ZMPOP and those that wait, BZPOPMIN, BZPOPMAX, BZMPOP. */
#include "commands/zset_priv.h"
#include "dispatch/block.h"

enum pop_reply {
    POP_FLAT,   /* members and scores in one array */
    POP_PAIRS,  /* an array of pairs */
    POP_KEYED,  /* the key in front of one member and score */
    POP_NESTED, /* the key, then an array of pairs */
};

struct pop {
    bool from_top; /* the highest scores */
    int64_t count;
    enum pop_reply reply;
    bool tells_count; /* the effect has a count */
};

static void reply_pop_header(const struct cmd *cmd, const struct pop *p, struct slice key,
                             size_t count)
{
    struct reply *r = cmd->reply;
    switch (p->reply) {
    case POP_FLAT:
        reply_array(r, count * 2);
        break;
    case POP_PAIRS:
        reply_array(r, count);
        break;
    case POP_KEYED:
        reply_array(r, count * 2 + 1);
        reply_bulk(r, key);
        break;
    case POP_NESTED:
        reply_array(r, 2);
        reply_bulk(r, key);
        reply_array(r, count);
        break;
    }
}

static void reply_popped(const struct cmd *cmd, const struct entry *e, const struct pop *p,
                         size_t count)
{
    struct zset_walk walk;
    struct zset_element element;
    zset_walk_open(&walk, e, p->from_top ? zset_count(e) - 1 : 0, p->from_top);
    for (size_t i = 0; i < count && zset_walk_next(&walk, &element); i++) {
        if (p->reply == POP_PAIRS || p->reply == POP_NESTED)
            reply_array(cmd->reply, 2);
        reply_bulk(cmd->reply, element.member);
        reply_double(cmd->reply, element.score);
    }
}

/* Takes members from a set that has some, replies them, and says what was done. */
static void pop(struct cmd *cmd, struct key key, struct entry *e, const struct pop *p)
{
    const size_t n = zset_count(e);
    const size_t count = (size_t)MIN_OF((uint64_t)p->count, (uint64_t)n);
    const struct slice verb = p->from_top ? SLICE("ZPOPMAX") : SLICE("ZPOPMIN");
    char digits[NUM_INT_MAX_CHARS];

    reply_pop_header(cmd, p, key.name, count);
    reply_popped(cmd, e, p, count);
    zset_delete_span(e, (struct zset_span){ p->from_top ? n - count : 0, count });
    zset_removed(cmd, key, e, count, p->from_top ? "zpopmax" : "zpopmin");
    if (p->tells_count)
        CMD_EFFECT(cmd, verb, key.name, slice_of(digits, num_format_uint(digits, count)));
    else
        CMD_EFFECT(cmd, verb, key.name);
}

static void pop_end(struct cmd *cmd, bool from_top)
{
    struct pop p = { .from_top = from_top, .count = 1, .reply = POP_FLAT };
    if (cmd->argc > 3) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (cmd->argc == 3) {
        if (!cmd_int_in(cmd, 2, 0, INT64_MAX, &p.count, ERR_POSITIVE))
            return;
        p.reply = cmd->reply->proto == 3 ? POP_PAIRS : POP_FLAT;
        p.tells_count = true;
    }
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_zset(cmd, e))
        return;
    if (e && p.count > 0)
        pop(cmd, key, e, &p);
    else
        reply_array(cmd->reply, 0);
}

static void run_zpopmin(struct cmd *cmd)
{
    pop_end(cmd, /* from_top= */ false);
}

static void run_zpopmax(struct cmd *cmd)
{
    pop_end(cmd, /* from_top= */ true);
}

/* Pops from the first of the keys that has something. True: replied, be it an error. */
static bool pop_first(struct cmd *cmd, int first, int count, const struct pop *p)
{
    for (int i = first; i < first + count; i++) {
        const struct key key = cmd_key(cmd, i);
        struct entry *e = db_lookup_write(cmd->db, key);
        if (!e)
            continue;
        if (is_zset(cmd, e))
            pop(cmd, key, e, p);
        return true;
    }
    return false;
}

/* ---- ZMPOP and BZMPOP ---- */

/* numkeys key ... MIN | MAX [COUNT n] from argument `at` on; false: an error was replied. */
static bool parse_many(const struct cmd *cmd, int at, struct pop *ret_pop, int *ret_keys)
{
    int64_t keys;
    *ret_pop = (struct pop){ .count = 1, .reply = POP_NESTED, .tells_count = true };
    if (!cmd_int_in(cmd, at, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0"))
        return false;
    if (keys >= cmd->argc - at - 1) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    const int where = at + (int)keys + 1;
    const int left = cmd->argc - where - 1;
    const bool has_count = left == 2 && cmd_is(cmd, where + 1, "count");
    ret_pop->from_top = cmd_is(cmd, where, "max");
    if (!ret_pop->from_top && !cmd_is(cmd, where, "min")) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    /* A count that is none is named before what stands behind it. */
    if (left >= 2 && cmd_is(cmd, where + 1, "count") &&
        !cmd_int_in(cmd, where + 2, 1, INT64_MAX, &ret_pop->count,
                    "ERR count should be greater than 0"))
        return false;
    if (left > 0 && !has_count) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    *ret_keys = (int)keys;
    return true;
}

static void run_zmpop(struct cmd *cmd)
{
    struct pop p;
    int keys;
    if (parse_many(cmd, 1, &p, &keys) && !pop_first(cmd, 2, keys, &p))
        reply_null_array(cmd->reply);
}

/* ---- waiting ---- */

static bool serve(struct cmd *cmd, const struct block_wake *wake, const struct pop *p)
{
    const struct key key = db_key(cmd->db, wake->key);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e || entry_type(e) != TYPE_ZSET)
        return false;
    pop(cmd, key, e, p);
    return true;
}

static bool serve_min(struct cmd *cmd, const struct block_wake *wake)
{
    return serve(cmd, wake, &(struct pop){ .count = 1, .reply = POP_KEYED });
}

static bool serve_max(struct cmd *cmd, const struct block_wake *wake)
{
    return serve(cmd, wake, &(struct pop){ .from_top = true, .count = 1, .reply = POP_KEYED });
}

/* The request has parsed once already. */
static bool serve_many(struct cmd *cmd, const struct block_wake *wake)
{
    struct pop p;
    int keys;
    return parse_many(cmd, 2, &p, &keys) && serve(cmd, wake, &p);
}

static void wait_end(struct cmd *cmd, bool from_top)
{
    const struct pop p = { .from_top = from_top, .count = 1, .reply = POP_KEYED };
    int64_t timeout_ms;
    if (!cmd_timeout(cmd, cmd->argc - 1, TIMEOUT_IN_SECONDS, &timeout_ms) ||
        pop_first(cmd, 1, cmd->argc - 2, &p))
        return;
    cmd_block(cmd, &(struct block_on){ .serve = from_top ? serve_max : serve_min,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_ZSET),
                                       .first_key = 1,
                                       .key_count = cmd->argc - 2 });
}

static void run_bzpopmin(struct cmd *cmd)
{
    wait_end(cmd, /* from_top= */ false);
}

static void run_bzpopmax(struct cmd *cmd)
{
    wait_end(cmd, /* from_top= */ true);
}

static void run_bzmpop(struct cmd *cmd)
{
    struct pop p;
    int keys;
    int64_t timeout_ms;
    if (!parse_many(cmd, 2, &p, &keys) || !cmd_timeout(cmd, 1, TIMEOUT_IN_SECONDS, &timeout_ms) ||
        pop_first(cmd, 3, keys, &p))
        return;
    cmd_block(cmd, &(struct block_on){ .serve = serve_many,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_ZSET),
                                       .first_key = 3,
                                       .key_count = keys });
}

#define POP_FLAGS (KEY_RW | KEY_ACCESS | KEY_DELETE)
#define KEYS_COUNTED_AT(i)                                                            \
    {                                                                                 \
        {                                                                             \
            .flags = POP_FLAGS, .begin = KEYS_INDEX, .find = KEYS_NUMKEYS, .at = (i), \
            .count_at = 0, .first = 1, .step = 1                                      \
        }                                                                             \
    }
#define LOG_N_M "O(K + M log N) for K keys and M members that go"

static const struct command rows[] = {
    {
        .name = "zpopmin",
        .run = run_zpopmin,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, POP_FLAGS),
        .since = "5.0.0",
        .complexity = LOG_N_M,
        .summary = "Takes the members with the lowest scores out, and shows them.",
        .syntax = "key:key [count:int]",
    },
    {
        .name = "zpopmax",
        .run = run_zpopmax,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEY_AT(1, POP_FLAGS),
        .since = "5.0.0",
        .complexity = LOG_N_M,
        .summary = "Takes the members with the highest scores out, and shows them.",
        .syntax = "key:key [count:int]",
    },
    {
        .name = "zmpop",
        .run = run_zmpop,
        .arity = -4,
        .flags = CMD_WRITE | CMD_MOVABLE_KEYS,
        .group = GROUP_SORTED_SET,
        .keys = KEYS_COUNTED_AT(1),
        .since = "7.0.0",
        .complexity = LOG_N_M,
        .summary = "Takes members out of the first of several sorted sets that has some.",
        .syntax = "numkeys:int key:key... where=<MIN | MAX> [COUNT count:int]",
    },
    {
        .name = "bzpopmin",
        .run = run_bzpopmin,
        .arity = -3,
        .flags = CMD_WRITE | CMD_BLOCKING | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEYS_FROM(1, -2, 1, POP_FLAGS),
        .since = "5.0.0",
        .complexity = "O(log N)",
        .summary = "Takes the member with the lowest score out, or waits until there is one.",
        .syntax = "key:key... timeout:double",
    },
    {
        .name = "bzpopmax",
        .run = run_bzpopmax,
        .arity = -3,
        .flags = CMD_WRITE | CMD_BLOCKING | CMD_FAST,
        .group = GROUP_SORTED_SET,
        .keys = KEYS_FROM(1, -2, 1, POP_FLAGS),
        .since = "5.0.0",
        .complexity = "O(log N)",
        .summary = "Takes the member with the highest score out, or waits until there is one.",
        .syntax = "key:key... timeout:double",
    },
    {
        .name = "bzmpop",
        .run = run_bzmpop,
        .arity = -5,
        .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
        .group = GROUP_SORTED_SET,
        .keys = KEYS_COUNTED_AT(2),
        .since = "7.0.0",
        .complexity = LOG_N_M,
        .summary = "Takes members out of the first sorted set that has some, or waits for one.",
        .syntax = "timeout:double numkeys:int key:key... where=<MIN | MAX> [COUNT count:int]",
    },
};

struct command_table commands_zset_pop(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
