/* Changes of lists: LPUSH, RPUSH, LPUSHX, RPUSHX, LPOP, RPOP, LMPOP, LSET, LINSERT, LREM, LTRIM. */
#include "commands/list_priv.h"

/* ---- at the ends ---- */

static void push(struct cmd *cmd, enum list_end end, bool only_if_there)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_list(cmd, e))
        return;
    if (!e && only_if_there) {
        reply_int(cmd->reply, 0);
        return;
    }
    const struct list_values values = { cmd->argv + 2, (size_t)cmd->argc - 2 };
    reply_int(cmd->reply, (int64_t)list_push_values(cmd, key, e, end, values));
    list_tell_pushed(cmd, key, end); /* behind the reply, as with the peers */
}

static void run_lpush(struct cmd *cmd)
{
    push(cmd, LIST_HEAD, /* only_if_there= */ false);
}

static void run_rpush(struct cmd *cmd)
{
    push(cmd, LIST_TAIL, /* only_if_there= */ false);
}

static void run_lpushx(struct cmd *cmd)
{
    push(cmd, LIST_HEAD, /* only_if_there= */ true);
}

static void run_rpushx(struct cmd *cmd)
{
    push(cmd, LIST_TAIL, /* only_if_there= */ true);
}

static void pop_end(struct cmd *cmd, enum list_end end)
{
    struct list_pop p = { .end = end, .reply = LIST_POP_VALUE, .count = 1 };
    if (cmd->argc > 3) {
        reply_errorf(cmd->reply, "ERR wrong number of arguments for '%s' command", cmd->row->name);
        return;
    }
    if (cmd->argc == 3) {
        if (!cmd_int_in(cmd, 2, 0, INT64_MAX, &p.count, ERR_POSITIVE))
            return;
        p.reply = LIST_POP_ARRAY;
    }
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_list(cmd, e))
        return;
    if (e && p.count > 0)
        list_pop(cmd, key, e, &p);
    else if (e)
        reply_array(cmd->reply, 0);
    else if (p.reply == LIST_POP_ARRAY)
        reply_null_array(cmd->reply);
    else
        reply_null(cmd->reply);
}

static void run_lpop(struct cmd *cmd)
{
    pop_end(cmd, LIST_HEAD);
}

static void run_rpop(struct cmd *cmd)
{
    pop_end(cmd, LIST_TAIL);
}

static void run_lmpop(struct cmd *cmd)
{
    struct list_pop p;
    int keys;
    if (list_pop_many_args(cmd, 1, &p, &keys) && !list_pop_first(cmd, 2, keys, &p))
        reply_null_array(cmd->reply);
}

/* ---- in the middle ---- */

static void run_lset(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    int64_t index;
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return;
    }
    if (!is_list(cmd, e) || !cmd_int(cmd, 2, &index, NULL))
        return;
    const int64_t count = (int64_t)list_count(e);
    if (index < -count || index >= count) {
        reply_error(cmd->reply, ERR_OUT_OF_RANGE);
        return;
    }
    list_set(e, list_env(cmd), (size_t)(index < 0 ? index + count : index), cmd_arg(cmd, 3));
    db_store(cmd->db, key, e, e);
    reply_ok(cmd->reply);
    db_notify(cmd->db, EVENT_LIST, "lset", key.name);
}

/* The index of the first value that equals `pivot`; -1: there is none. */
static int64_t find_first(const struct entry *e, struct slice pivot)
{
    const struct list_wanted wanted = list_wanted(pivot);
    struct list_walk walk;
    struct packs_value value;
    int64_t index = -1, at = 0;
    list_walk_open(&walk, e, 0, /* down= */ false);
    for (; index < 0 && list_walk_next(&walk, &value); at++)
        if (list_value_is(&value, &wanted))
            index = at;
    list_walk_close(&walk);
    return index;
}

static void run_linsert(struct cmd *cmd)
{
    const bool behind = cmd_is(cmd, 2, "after");
    if (!behind && !cmd_is(cmd, 2, "before")) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_list(cmd, e))
        return;
    if (!e) {
        reply_int(cmd->reply, 0);
        return;
    }
    const int64_t pivot = find_first(e, cmd_arg(cmd, 3));
    if (pivot < 0) {
        reply_int(cmd->reply, -1);
        return;
    }
    list_insert(e, list_env(cmd), (size_t)pivot + behind, cmd_arg(cmd, 4));
    db_store(cmd->db, key, e, e);
    db_notify(cmd->db, EVENT_LIST, "linsert", key.name);
    reply_int(cmd->reply, (int64_t)list_count(e));
}

static void run_lrem(struct cmd *cmd)
{
    int64_t max;
    if (!cmd_int(cmd, 2, &max, NULL))
        return;
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_list(cmd, e))
        return;
    size_t removed = 0;
    if (e) {
        const uint64_t number = max < 0 ? 0 - (uint64_t)max : (uint64_t)max;
        const size_t most = max == 0 ? SIZE_MAX : (size_t)number;
        removed = list_remove(e, list_env(cmd), cmd_arg(cmd, 3), most, /* from_end= */ max < 0);
    }
    if (removed > 0)
        list_removed(cmd, key, e, removed, "lrem");
    reply_int(cmd->reply, (int64_t)removed);
}

static void run_ltrim(struct cmd *cmd)
{
    int64_t start, stop;
    if (!cmd_int(cmd, 2, &start, NULL) || !cmd_int(cmd, 3, &stop, NULL))
        return;
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_list(cmd, e))
        return;
    if (!e) {
        reply_ok(cmd->reply);
        return;
    }
    const size_t count = list_count(e);
    const struct list_span kept = list_span(count, start, stop);
    const size_t behind = count - kept.first - kept.count;
    list_drop_end(cmd, e, LIST_TAIL, behind);
    list_drop_end(cmd, e, LIST_HEAD, kept.first);
    /* The key is touched and told also when nothing went. */
    list_removed(cmd, key, e, count - kept.count, "ltrim");
    reply_ok(cmd->reply);
}

#define POP_FLAGS (KEY_RW | KEY_ACCESS | KEY_DELETE)
#define PUSH_FLAGS (KEY_RW | KEY_INSERT)
#define FOR_EACH "O(N) for N values"

static const struct command rows[] = {
    {
        .name = "lpush",
        .run = run_lpush,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, PUSH_FLAGS),
        .since = "1.0.0",
        .complexity = FOR_EACH,
        .summary =
            "Puts values at the head of a list, one after the other; makes the list if it is "
            "not there.",
        .syntax = "key:key element...",
    },
    {
        .name = "rpush",
        .run = run_rpush,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, PUSH_FLAGS),
        .since = "1.0.0",
        .complexity = FOR_EACH,
        .summary = "Puts values at the tail of a list; makes the list if it is not there.",
        .syntax = "key:key element...",
    },
    {
        .name = "lpushx",
        .run = run_lpushx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, PUSH_FLAGS),
        .since = "2.2.0",
        .complexity = FOR_EACH,
        .summary = "Puts values at the head of a list that is there already.",
        .syntax = "key:key element...",
    },
    {
        .name = "rpushx",
        .run = run_rpushx,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, PUSH_FLAGS),
        .since = "2.2.0",
        .complexity = FOR_EACH,
        .summary = "Puts values at the tail of a list that is there already.",
        .syntax = "key:key element...",
    },
    {
        .name = "lpop",
        .run = run_lpop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, POP_FLAGS),
        .since = "1.0.0",
        .complexity = FOR_EACH,
        .summary = "Takes values from the head of a list.",
        .syntax = "key:key [count:int@6.2.0]",
    },
    {
        .name = "rpop",
        .run = run_rpop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, POP_FLAGS),
        .since = "1.0.0",
        .complexity = FOR_EACH,
        .summary = "Takes values from the tail of a list, the last first.",
        .syntax = "key:key [count:int@6.2.0]",
    },
    {
        .name = "lmpop",
        .run = run_lmpop,
        .arity = -4,
        .flags = CMD_WRITE | CMD_MOVABLE_KEYS,
        .group = GROUP_LIST,
        .keys = { { .flags = POP_FLAGS,
                    .begin = KEYS_INDEX,
                    .find = KEYS_NUMKEYS,
                    .at = 1,
                    .first = 1,
                    .step = 1 } },
        .since = "7.0.0",
        .complexity = "O(K + N) for K keys and N values",
        .summary = "Takes values from an end of the first of several lists that is there.",
        .syntax = "numkeys:int key:key... where=<LEFT | RIGHT> [COUNT count:int]",
    },
    {
        .name = "lset",
        .run = run_lset,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "1.0.0",
        .complexity = "O(N) for N packs to the nearer end; O(1) at the ends",
        .summary = "Puts another value in the place of one.",
        .syntax = "key:key index:int element",
    },
    {
        .name = "linsert",
        .run = run_linsert,
        .arity = 5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .since = "2.2.0",
        .complexity = "O(N) for N values up to the pivot",
        .summary = "Puts a value before or behind the first that equals another.",
        .syntax = "key:key where=<BEFORE | AFTER> pivot element",
    },
    {
        .name = "lrem",
        .run = run_lrem,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "1.0.0",
        .complexity = "O(N) for N values of the list",
        .summary = "Removes values that equal another: so many from the head, from the tail "
                   "(negative), or all (0).",
        .syntax = "key:key count:int element",
    },
    {
        .name = "ltrim",
        .run = run_ltrim,
        .arity = 4,
        .flags = CMD_WRITE,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "1.0.0",
        .complexity = "O(N) for N values that go",
        .summary = "Keeps a part of a list, and removes what stands before and behind it.",
        .syntax = "key:key start:int stop:int",
    },
};

struct command_table commands_list_change(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
