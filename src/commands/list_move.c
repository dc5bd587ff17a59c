/* From one list to another: LMOVE, RPOPLPUSH, LMOVEM. */
#include "commands/list_priv.h"

bool list_move_args(const struct cmd *cmd, struct list_move *ret_move)
{
    *ret_move = (struct list_move){ .source = cmd_arg(cmd, 1),
                                    .target = cmd_arg(cmd, 2),
                                    .count = 1 };
    return list_end_arg(cmd, 3, &ret_move->from) && list_end_arg(cmd, 4, &ret_move->to);
}

/* COUNT n or EXACTLY n, then OBO or BULK. */
bool list_move_many_args(const struct cmd *cmd, int at, struct list_move *m)
{
    m->many = true;
    if (at == cmd->argc)
        return true;
    if (at + 3 == cmd->argc) {
        m->exact = cmd_is(cmd, at, "exactly");
        m->bulk = cmd_is(cmd, at + 2, "bulk");
        if ((m->exact || cmd_is(cmd, at, "count")) && (m->bulk || cmd_is(cmd, at + 2, "obo")))
            return cmd_int_in(cmd, at + 1, 1, INT64_MAX, &m->count,
                              "ERR count should be greater than 0");
    }
    reply_error(cmd->reply, ERR_SYNTAX);
    return false;
}

bool list_move_can(const struct entry *source, const struct list_move *m)
{
    return source && list_count(source) >= (m->exact ? (size_t)m->count : 1);
}

static struct slice word_of(enum list_end end)
{
    return end == LIST_HEAD ? SLICE("LEFT") : SLICE("RIGHT");
}

/* ---- effects: in the words of servers that know no LMOVEM ---- */

static void effect_of_one(struct cmd *cmd, const struct list_move *m)
{
    if (cmd->argc == 4 && m->waited) /* BRPOPLPUSH */
        CMD_EFFECT(cmd, SLICE("RPOPLPUSH"), m->source, m->target);
    else
        CMD_EFFECT(cmd, SLICE("LMOVE"), m->source, m->target, word_of(m->from), word_of(m->to));
}

static void effect_of_block(struct cmd *cmd, const struct list_move *m, struct list_values pushed)
{
    char digits[NUM_INT_MAX_CHARS];
    struct slice *push = arena_alloc(cmd->arena, (pushed.count + 2) * sizeof(*push));
    CMD_EFFECT(cmd, m->from == LIST_HEAD ? SLICE("LPOP") : SLICE("RPOP"), m->source,
               slice_of(digits, num_format_uint(digits, pushed.count)));
    push[0] = m->to == LIST_HEAD ? SLICE("LPUSH") : SLICE("RPUSH");
    push[1] = m->target;
    memcpy(push + 2, pushed.values, pushed.count * sizeof(*push));
    cmd_effect(cmd, push, pushed.count + 2);
}

static void effect_of_move(struct cmd *cmd, const struct list_move *m, struct list_values pushed)
{
    if (m->many && m->bulk)
        effect_of_block(cmd, m, pushed);
    else if (m->many || m->waited)
        for (size_t i = 0; i < pushed.count; i++)
            effect_of_one(cmd, m);
    /* else the request says it */
}

/* ---- moving ---- */

static void reply_moved(const struct cmd *cmd, const struct list_move *m, struct list_values pushed)
{
    if (!m->many) {
        reply_bulk(cmd->reply, pushed.values[0]);
        return;
    }
    reply_array(cmd->reply, pushed.count);
    for (size_t i = 0; i < pushed.count; i++)
        reply_bulk(cmd->reply, pushed.values[m->to == LIST_HEAD ? pushed.count - 1 - i : i]);
}

static void reverse(struct slice *values, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct slice kept = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = kept;
    }
}

/* Takes the values, in the order in which they are to be pushed. Within one list those that are moved one by one
 * are pushed at once: the next may be the same again. */
static struct list_values take(struct cmd *cmd, const struct list_move *m, struct entry *source,
                               bool within)
{
    size_t count = (size_t)MIN_OF((uint64_t)m->count, (uint64_t)list_count(source));
    struct slice *values = arena_alloc(cmd->arena, count * sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        values[i] = list_copy_end(cmd, source, m->from);
        list_drop_end(cmd, source, m->from, 1);
        if (within && !m->bulk)
            list_push(source, list_env(cmd), m->to, &values[i], 1);
    }
    if (m->bulk && m->from == m->to)
        reverse(values, count);
    if (within && m->bulk)
        list_push(source, list_env(cmd), m->to, values, count);
    return (struct list_values){ values, count };
}

bool list_move(struct cmd *cmd, const struct list_move *m, struct entry *source)
{
    const bool within = slice_eq(m->source, m->target);
    const struct key from = db_key(cmd->db, m->source), to = db_key(cmd->db, m->target);
    struct entry *target = within ? source : db_lookup_write(cmd->db, to);
    if (!is_list(cmd, target))
        return false;
    const struct list_values moved = take(cmd, m, source, within);
    if (!within)
        (void)list_push_values(cmd, to, target, m->to, moved);
    list_tell_pushed(cmd, to, m->to);
    reply_moved(cmd, m, moved);
    list_popped(cmd, from, source, m->from, moved.count);
    effect_of_move(cmd, m, moved);
    return true;
}

/* ---- verbs ---- */

static void move_now(struct cmd *cmd, const struct list_move *m)
{
    struct entry *source = db_lookup_write(cmd->db, cmd_key(cmd, 1));
    if (!is_list(cmd, source))
        return;
    if (list_move_can(source, m))
        (void)list_move(cmd, m, source);
    else if (m->many)
        reply_null_array(cmd->reply);
    else
        reply_null(cmd->reply);
}

static void run_lmove(struct cmd *cmd)
{
    struct list_move m;
    if (list_move_args(cmd, &m))
        move_now(cmd, &m);
}

static void run_rpoplpush(struct cmd *cmd)
{
    move_now(cmd, &(struct list_move){ .from = LIST_TAIL,
                                       .to = LIST_HEAD,
                                       .source = cmd_arg(cmd, 1),
                                       .target = cmd_arg(cmd, 2),
                                       .count = 1 });
}

static void run_lmovem(struct cmd *cmd)
{
    struct list_move m;
    if (list_move_args(cmd, &m) && list_move_many_args(cmd, 5, &m))
        move_now(cmd, &m);
}

#define MOVE_KEYS                                                                               \
    {                                                                                           \
        { .flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .begin = KEYS_INDEX, .at = 1, .step = 1 }, \
        {                                                                                       \
            .flags = KEY_RW | KEY_INSERT, .begin = KEYS_INDEX, .at = 2, .step = 1               \
        }                                                                                       \
    }

static const struct command rows[] = {
    {
        .name = "lmove",
        .run = run_lmove,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Takes a value from an end of a list, puts it at an end of another, and shows "
                   "it.",
        .syntax = "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>",
    },
    {
        .name = "rpoplpush",
        .run = run_rpoplpush,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Takes the last value of a list and puts it at the head of another: the old "
                   "name of LMOVE with RIGHT and LEFT.",
        .syntax = "source:key destination:key",
        .deprecated_since = "6.2.0",
        .replaced_by = "LMOVE with RIGHT and LEFT",
    },
    {
        .name = "lmovem",
        .run = run_lmovem,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_LIST,
        .keys = MOVE_KEYS,
        .since = "8.10.0",
        .complexity = "O(N) for N values that are moved",
        .summary = "Moves several values from an end of a list to an end of another: up to a "
                   "number or exactly so many, one by one or as a block that keeps its order.",
        .syntax = "source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> "
                  "[block={amount=<COUNT count:int | EXACTLY exactly:int> order=<OBO | BULK>}]",
    },
};

struct command_table commands_list_move(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
