/* Lists, waiting until there is something: BLPOP, BRPOP, BLMPOP, BLMOVE, BRPOPLPUSH, BLMOVEM. */
#include "commands/list_priv.h"
#include "dispatch/block.h"

/* The list that was fed; NULL: the key holds something else. */
static struct entry *fed_list(struct cmd *cmd, struct key key)
{
    struct entry *e = db_lookup_write(cmd->db, key);
    return e && entry_type(e) == TYPE_LIST ? e : NULL;
}

/* ---- popping ---- */

static bool serve_pop(struct cmd *cmd, const struct block_wake *wake, const struct list_pop *p)
{
    const struct key key = db_key(cmd->db, wake->key);
    struct entry *e = fed_list(cmd, key);
    if (e)
        list_pop(cmd, key, e, p);
    return e != NULL;
}

#define POP_ONE(at) ((struct list_pop){ .end = (at), .reply = LIST_POP_KEYED, .count = 1 })

static bool serve_head(struct cmd *cmd, const struct block_wake *wake)
{
    return serve_pop(cmd, wake, &POP_ONE(LIST_HEAD));
}

static bool serve_tail(struct cmd *cmd, const struct block_wake *wake)
{
    return serve_pop(cmd, wake, &POP_ONE(LIST_TAIL));
}

/* The request has parsed once already. */
static bool serve_many(struct cmd *cmd, const struct block_wake *wake)
{
    struct list_pop p;
    int keys;
    return list_pop_many_args(cmd, 2, &p, &keys) && serve_pop(cmd, wake, &p);
}

static void pop_or_wait(struct cmd *cmd, enum list_end end)
{
    int64_t timeout_ms;
    if (!cmd_timeout(cmd, cmd->argc - 1, TIMEOUT_IN_SECONDS, &timeout_ms) ||
        list_pop_first(cmd, 1, cmd->argc - 2, &POP_ONE(end)))
        return;
    cmd_block(cmd, &(struct block_on){ .serve = end == LIST_HEAD ? serve_head : serve_tail,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_LIST),
                                       .first_key = 1,
                                       .key_count = cmd->argc - 2 });
}

static void run_blpop(struct cmd *cmd)
{
    pop_or_wait(cmd, LIST_HEAD);
}

static void run_brpop(struct cmd *cmd)
{
    pop_or_wait(cmd, LIST_TAIL);
}

static void run_blmpop(struct cmd *cmd)
{
    struct list_pop p;
    int keys;
    int64_t timeout_ms;
    if (!list_pop_many_args(cmd, 2, &p, &keys) ||
        !cmd_timeout(cmd, 1, TIMEOUT_IN_SECONDS, &timeout_ms) || list_pop_first(cmd, 3, keys, &p))
        return;
    cmd_block(cmd, &(struct block_on){ .serve = serve_many,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_LIST),
                                       .first_key = 3,
                                       .key_count = keys });
}

/* ---- moving ---- */

/* A target that holds no list is an error, also for one who has waited. */
static bool serve_move(struct cmd *cmd, const struct block_wake *wake, struct list_move *m)
{
    struct entry *e = fed_list(cmd, db_key(cmd->db, wake->key));
    if (!list_move_can(e, m))
        return false;
    m->waited = true;
    (void)list_move(cmd, m, e);
    return true;
}

static bool serve_one(struct cmd *cmd, const struct block_wake *wake)
{
    struct list_move m;
    return list_move_args(cmd, &m) && serve_move(cmd, wake, &m);
}

static bool serve_block(struct cmd *cmd, const struct block_wake *wake)
{
    struct list_move m;
    return list_move_args(cmd, &m) && list_move_many_args(cmd, 6, &m) && serve_move(cmd, wake, &m);
}

static struct list_move tail_to_head(const struct cmd *cmd)
{
    return (struct list_move){ .from = LIST_TAIL,
                               .to = LIST_HEAD,
                               .source = cmd_arg(cmd, 1),
                               .target = cmd_arg(cmd, 2),
                               .count = 1 };
}

static bool serve_tail_to_head(struct cmd *cmd, const struct block_wake *wake)
{
    struct list_move m = tail_to_head(cmd);
    return serve_move(cmd, wake, &m);
}

/* The timeout is argument `at`. */
static void move_or_wait(struct cmd *cmd, int at, struct list_move *m, block_serve serve)
{
    int64_t timeout_ms;
    if (!cmd_timeout(cmd, at, TIMEOUT_IN_SECONDS, &timeout_ms))
        return;
    struct entry *e = db_lookup_write(cmd->db, cmd_key(cmd, 1));
    if (!is_list(cmd, e))
        return;
    if (list_move_can(e, m)) {
        m->waited = true;
        (void)list_move(cmd, m, e);
        return;
    }
    if (!cmd_may_block(cmd) && !m->many) {
        reply_null(cmd->reply);
        return;
    }
    cmd_block(cmd, &(struct block_on){ .serve = serve,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_LIST),
                                       .first_key = 1,
                                       .key_count = 1 });
}

static void run_blmove(struct cmd *cmd)
{
    struct list_move m;
    if (list_move_args(cmd, &m))
        move_or_wait(cmd, 5, &m, serve_one);
}

static void run_brpoplpush(struct cmd *cmd)
{
    struct list_move m = tail_to_head(cmd);
    move_or_wait(cmd, 3, &m, serve_tail_to_head);
}

static void run_blmovem(struct cmd *cmd)
{
    struct list_move m;
    if (list_move_args(cmd, &m) && list_move_many_args(cmd, 6, &m))
        move_or_wait(cmd, 5, &m, serve_block);
}

#define POP_FLAGS (KEY_RW | KEY_ACCESS | KEY_DELETE)
#define MOVE_KEYS                                                                 \
    {                                                                             \
        { .flags = POP_FLAGS, .begin = KEYS_INDEX, .at = 1, .step = 1 },          \
        {                                                                         \
            .flags = KEY_RW | KEY_INSERT, .begin = KEYS_INDEX, .at = 2, .step = 1 \
        }                                                                         \
    }

static const struct command rows[] = {
    {
        .name = "blpop",
        .run = run_blpop,
        .arity = -3,
        .flags = CMD_WRITE | CMD_BLOCKING,
        .group = GROUP_LIST,
        .keys = KEYS_FROM(1, -2, 1, POP_FLAGS),
        .since = "2.0.0",
        .complexity = "O(N) for N keys",
        .summary = "Takes the first value of the first list that is there, or waits for one.",
        .syntax = "key:key... timeout:double",
    },
    {
        .name = "brpop",
        .run = run_brpop,
        .arity = -3,
        .flags = CMD_WRITE | CMD_BLOCKING,
        .group = GROUP_LIST,
        .keys = KEYS_FROM(1, -2, 1, POP_FLAGS),
        .since = "2.0.0",
        .complexity = "O(N) for N keys",
        .summary = "Takes the last value of the first list that is there, or waits for one.",
        .syntax = "key:key... timeout:double",
    },
    {
        .name = "blmpop",
        .run = run_blmpop,
        .arity = -5,
        .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
        .group = GROUP_LIST,
        .keys = { { .flags = POP_FLAGS,
                    .begin = KEYS_INDEX,
                    .find = KEYS_NUMKEYS,
                    .at = 2,
                    .first = 1,
                    .step = 1 } },
        .since = "7.0.0",
        .complexity = "O(K + N) for K keys and N values",
        .summary = "Takes values from an end of the first of several lists that is there, or waits "
                   "for one.",
        .syntax = "timeout:double numkeys:int key:key... where=<LEFT | RIGHT> [COUNT count:int]",
    },
    {
        .name = "blmove",
        .run = run_blmove,
        .arity = 6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_BLOCKING,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Moves a value from an end of a list to an end of another, or waits until there "
                   "is one.",
        .syntax = "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> "
                  "timeout:double",
    },
    {
        .name = "brpoplpush",
        .run = run_brpoplpush,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_BLOCKING,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Moves the last value of a list to the head of another, or waits until there is "
                   "one: the old name of BLMOVE with RIGHT and LEFT.",
        .syntax = "source:key destination:key timeout:double",
        .deprecated_since = "6.2.0",
        .replaced_by = "BLMOVE with RIGHT and LEFT",
    },
    {
        .name = "blmovem",
        .run = run_blmovem,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_BLOCKING,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "8.10.0",
        .complexity = "O(N) for N values that are moved",
        .summary = "Moves several values from an end of a list to an end of another, or waits "
                   "until there are enough.",
        .syntax = "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> "
                  "timeout:double [block={amount=<COUNT count:int | EXACTLY exactly:int> "
                  "order=<OBO | BULK>}]",
    },
};

struct command_table commands_list_wait(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
