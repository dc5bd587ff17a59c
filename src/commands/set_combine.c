/* Several sets: SINTER, SUNION, SDIFF, their storing forms, and those that only count. */
#include "commands/set_priv.h"
#include "types/hll.h"

enum combination { INTERSECTION, DIFFERENCE, UNION };

struct sources {
    const struct entry **sets; /* NULL where there is none */
    size_t count;
    bool any_missing;
};

/* The sets of `count` arguments from `first` on; false: an error was replied. */
static bool look_up(const struct cmd *cmd, int first, size_t count, struct sources *ret_sources)
{
    struct sources s = { .sets = arena_alloc(cmd->arena, count * sizeof(*s.sets)), .count = count };
    for (size_t i = 0; i < count; i++) {
        s.sets[i] = db_lookup_read(cmd->db, cmd_key(cmd, first + (int)i));
        if (!is_set(cmd, s.sets[i]))
            return false;
        s.any_missing = s.any_missing || !s.sets[i];
    }
    *ret_sources = s;
    return true;
}

static size_t combine(const struct cmd *cmd, enum combination what, const struct sources *s,
                      size_t limit, set_visit visit)
{
    switch (what) {
    case INTERSECTION:
        return s->any_missing ? 0 : set_intersect(s->sets, s->count, limit, visit, cmd->reply);
    case DIFFERENCE:
        return set_subtract(s->sets, s->count, set_env(cmd), limit, visit, cmd->reply);
    default:
        return set_unite(s->sets, s->count, set_env(cmd), limit, visit, cmd->reply);
    }
}

static struct entry *combine_new(const struct cmd *cmd, enum combination what, struct slice key,
                                 const struct sources *s)
{
    switch (what) {
    case INTERSECTION:
        return s->any_missing ? NULL : set_new_intersection(key, s->sets, s->count, set_env(cmd));
    case DIFFERENCE:
        return set_new_difference(key, s->sets, s->count, set_env(cmd));
    default:
        return set_new_union(key, s->sets, s->count, set_env(cmd));
    }
}

/* ---- replies ---- */

static void reply_member(void *arg, struct slice member)
{
    reply_bulk(arg, member);
}

static void show(struct cmd *cmd, enum combination what)
{
    struct sources s;
    if (!look_up(cmd, 1, (size_t)cmd->argc - 1, &s))
        return;
    reply_defer(cmd->reply);
    reply_settle(cmd->reply, REPLY_SET, combine(cmd, what, &s, SIZE_MAX, reply_member));
}

static void run_sinter(struct cmd *cmd)
{
    show(cmd, INTERSECTION);
}

static void run_sdiff(struct cmd *cmd)
{
    show(cmd, DIFFERENCE);
}

static void run_sunion(struct cmd *cmd)
{
    show(cmd, UNION);
}

/* ---- storing ---- */

static void store(struct cmd *cmd, enum combination what, const char *event)
{
    const struct key key = cmd_key(cmd, 1);
    struct sources s;
    if (!look_up(cmd, 2, (size_t)cmd->argc - 2, &s))
        return;
    struct entry *made = combine_new(cmd, what, key.name, &s);
    if (made) {
        const size_t count = set_count(made);
        db_set(cmd->db, key, made);
        reply_int(cmd->reply, (int64_t)count);
        db_notify(cmd->db, EVENT_SET, event, key.name);
        return;
    }
    struct entry *old = db_peek(cmd->db, key);
    reply_int(cmd->reply, 0);
    if (old) {
        db_delete(cmd->db, key, old, keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del);
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
    }
}

static void run_sinterstore(struct cmd *cmd)
{
    store(cmd, INTERSECTION, "sinterstore");
}

static void run_sdiffstore(struct cmd *cmd)
{
    store(cmd, DIFFERENCE, "sdiffstore");
}

static void run_sunionstore(struct cmd *cmd)
{
    store(cmd, UNION, "sunionstore");
}

/* ---- counting ---- */

struct counting {
    size_t keys;
    int64_t limit; /* 0: none */
    bool approx;
};

/* numkeys key ... [LIMIT n] [APPROX]; false: an error was replied. */
static bool counting_args(const struct cmd *cmd, bool with_approx, struct counting *ret)
{
    struct counting c = { 0 };
    int64_t keys;
    if (!cmd_int_in(cmd, 1, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0"))
        return false;
    if (keys > cmd->argc - 2) {
        reply_error(cmd->reply, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    c.keys = (size_t)keys;
    for (int i = 2 + (int)keys; i < cmd->argc; i++) {
        if (with_approx && cmd_is(cmd, i, "approx")) {
            c.approx = true;
        } else if (cmd_is(cmd, i, "limit") && i + 1 < cmd->argc) {
            if (!cmd_int_in(cmd, ++i, 0, INT64_MAX, &c.limit, "ERR LIMIT can't be negative"))
                return false;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    *ret = c;
    return true;
}

static void count_in_registers(void *arg, struct slice member)
{
    hll_registers_add(arg, member);
}

/* Nearly, without remembering members. */
static size_t approximate(const struct cmd *cmd, const struct sources *s)
{
    struct hll_registers registers = { { 0 } };
    for (size_t i = 0; i < s->count; i++)
        (void)set_unite(&s->sets[i], 1, set_env(cmd), SIZE_MAX, count_in_registers, &registers);
    return (size_t)hll_registers_count(&registers);
}

static void count(struct cmd *cmd, enum combination what)
{
    struct counting c;
    struct sources s;
    if (!counting_args(cmd, /* with_approx= */ what == UNION, &c) || !look_up(cmd, 2, c.keys, &s))
        return;
    const size_t limit = c.limit ? (size_t)c.limit : SIZE_MAX;
    if (c.approx)
        reply_int(cmd->reply, (int64_t)MIN_OF(limit, approximate(cmd, &s)));
    else
        reply_int(cmd->reply, (int64_t)combine(cmd, what, &s, limit, NULL));
}

static void run_sintercard(struct cmd *cmd)
{
    count(cmd, INTERSECTION);
}

static void run_sdiffcard(struct cmd *cmd)
{
    count(cmd, DIFFERENCE);
}

static void run_sunioncard(struct cmd *cmd)
{
    count(cmd, UNION);
}

#define SHOW_KEYS KEYS_FROM(1, -1, 1, KEY_RO | KEY_ACCESS)
#define STORE_KEYS                                                                            \
    {                                                                                         \
        { .flags = KEY_OW | KEY_UPDATE, .begin = KEYS_INDEX, .at = 1, .step = 1 },            \
        {                                                                                     \
            .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .at = 2, .last = -1, .step = 1 \
        }                                                                                     \
    }
#define COUNT_KEYS                                                                            \
    {                                                                                         \
        {                                                                                     \
            .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .find = KEYS_NUMKEYS, .at = 1, \
            .count_at = 0, .first = 1, .step = 1                                              \
        }                                                                                     \
    }
#define COUNT_FLAGS (CMD_READ | CMD_MOVABLE_KEYS)
#define COUNT_SYNTAX "numkeys:int key:key... [LIMIT limit:int]"
#define ORDER_TIPS ((const char *const[]){ "nondeterministic_output_order", NULL })
#define INTER_COST "O(N K) for N members of the smallest of K sets"
#define ALL_COST "O(N) for N members in all"

static const struct command rows[] = {
    {
        .name = "sinter",
        .run = run_sinter,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = SHOW_KEYS,
        .since = "1.0.0",
        .complexity = INTER_COST,
        .summary = "The members that all of several sets have.",
        .syntax = "key:key...",
        .tips = ORDER_TIPS,
    },
    {
        .name = "sinterstore",
        .run = run_sinterstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_SET,
        .keys = STORE_KEYS,
        .since = "1.0.0",
        .complexity = INTER_COST,
        .summary = "Stores the members that all of several sets have as a set of their own.",
        .syntax = "destination:key key:key...",
    },
    {
        .name = "sintercard",
        .run = run_sintercard,
        .arity = -3,
        .flags = COUNT_FLAGS,
        .group = GROUP_SET,
        .keys = COUNT_KEYS,
        .since = "7.0.0",
        .complexity = INTER_COST,
        .summary = "How many members all of several sets have.",
        .syntax = COUNT_SYNTAX,
    },
    {
        .name = "sunion",
        .run = run_sunion,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = SHOW_KEYS,
        .since = "1.0.0",
        .complexity = ALL_COST,
        .summary = "The members that any of several sets has.",
        .syntax = "key:key...",
        .tips = ORDER_TIPS,
    },
    {
        .name = "sunionstore",
        .run = run_sunionstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_SET,
        .keys = STORE_KEYS,
        .since = "1.0.0",
        .complexity = ALL_COST,
        .summary = "Stores the members that any of several sets has as a set of their own.",
        .syntax = "destination:key key:key...",
    },
    {
        .name = "sunioncard",
        .run = run_sunioncard,
        .arity = -3,
        .flags = COUNT_FLAGS,
        .group = GROUP_SET,
        .keys = COUNT_KEYS,
        .since = "8.10.0",
        .complexity = ALL_COST,
        .summary = "How many members several sets have together, exactly or nearly.",
        .syntax = "numkeys:int key:key... [APPROX] [LIMIT limit:int]",
    },
    {
        .name = "sdiff",
        .run = run_sdiff,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = SHOW_KEYS,
        .since = "1.0.0",
        .complexity = ALL_COST,
        .summary = "The members of the first set that none of the others has.",
        .syntax = "key:key...",
        .tips = ORDER_TIPS,
    },
    {
        .name = "sdiffstore",
        .run = run_sdiffstore,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_SET,
        .keys = STORE_KEYS,
        .since = "1.0.0",
        .complexity = ALL_COST,
        .summary = "Stores the members that the first set has alone as a set of their own.",
        .syntax = "destination:key key:key...",
    },
    {
        .name = "sdiffcard",
        .run = run_sdiffcard,
        .arity = -3,
        .flags = COUNT_FLAGS,
        .group = GROUP_SET,
        .keys = COUNT_KEYS,
        .since = "8.10.0",
        .complexity = ALL_COST,
        .summary = "How many members the first set has that none of the others has.",
        .syntax = COUNT_SYNTAX,
    },
};

struct command_table commands_set_combine(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
