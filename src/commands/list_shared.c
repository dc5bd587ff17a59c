/* Lists: what the verbs share. */
#include "base/blob.h"
#include "commands/list_priv.h"

bool list_end_arg(const struct cmd *cmd, int i, enum list_end *ret_end)
{
    bool is_left = cmd_is(cmd, i, "left");
    if (!is_left && !cmd_is(cmd, i, "right")) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    *ret_end = is_left ? LIST_HEAD : LIST_TAIL;
    return true;
}

struct list_span list_span(size_t count, int64_t start, int64_t stop)
{
    int64_t n = (int64_t)count;
    if (start < 0)
        start = MAX_OF(start + n, (int64_t)0);
    if (stop < 0)
        stop += n;
    stop = MIN_OF(stop, n - 1);
    if (start > stop)
        return (struct list_span){ 0, 0 };
    return (struct list_span){ (size_t)start, (size_t)(stop - start) + 1 };
}

/* ---- reading ---- */

void list_reply_value(struct reply *r, const struct packs_value *value)
{
    if (!value->text.ptr)
        reply_bulk_int(r, value->number);
    else if (UNLIKELY(value->blob && value->blob->len >= BLOB_MIN))
        reply_bulk_blob(r, value->blob);
    else
        reply_bulk(r, value->text);
}

static void walk_open_at_end(struct list_walk *w, const struct entry *e, enum list_end end)
{
    if (end == LIST_HEAD)
        list_walk_open(w, e, 0, /* down= */ false);
    else
        list_walk_open(w, e, list_count(e) - 1, /* down= */ true);
}

static void reply_some(struct reply *r, const struct entry *e, enum list_end end, size_t count)
{
    struct list_walk walk;
    struct packs_value value;
    walk_open_at_end(&walk, e, end);
    for (size_t i = 0; i < count && list_walk_next(&walk, &value); i++)
        list_reply_value(r, &value);
    list_walk_close(&walk);
}

struct slice list_copy_end(const struct cmd *cmd, const struct entry *e, enum list_end end)
{
    char digits[NUM_INT_MAX_CHARS];
    struct list_walk walk;
    struct packs_value value = { .text = { NULL, 0 } };
    walk_open_at_end(&walk, e, end);
    bool has_some = list_walk_next(&walk, &value);
    ASSERT(has_some);
    struct slice text = value.text;
    if (!text.ptr)
        text = slice_of(digits, num_format_int(digits, value.number));
    text = arena_copy(cmd->arena, text);
    list_walk_close(&walk);
    return text;
}

/* ---- changing ---- */

void list_drop_end(const struct cmd *cmd, struct entry *e, enum list_end end, size_t count)
{
    size_t index = end == LIST_HEAD ? 0 : list_count(e) - count;
    list_delete(e, list_env(cmd), index, count);
}

size_t list_push_values(struct cmd *cmd, struct key key, struct entry *e, enum list_end end,
                        struct list_values values)
{
    struct entry *list = e ? e : list_new(key.name, ENTRY_NO_EXPIRY);
    list_push(list, list_env(cmd), end, values.values, values.count);
    if (e)
        db_store(cmd->db, key, e, e);
    else
        db_insert(cmd->db, key, list);
    keyspace_count_dirty(db_keyspace(cmd->db), values.count - 1);
    return list_count(list);
}

void list_tell_pushed(struct cmd *cmd, struct key key, enum list_end end)
{
    db_notify(cmd->db, EVENT_LIST, end == LIST_HEAD ? "lpush" : "rpush", key.name);
}

void list_removed(struct cmd *cmd, struct key key, struct entry *e, size_t count, const char *event)
{
    bool is_empty = list_count(e) == 0;
    if (is_empty)
        db_delete(cmd->db, key, e, /* lazy= */ false);
    else
        db_store(cmd->db, key, e, e);
    /* One was counted; none may have gone (LTRIM), and the sum wraps back. */
    keyspace_count_dirty(db_keyspace(cmd->db), (uint64_t)count - 1);
    db_notify(cmd->db, EVENT_LIST, event, key.name);
    if (is_empty)
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

void list_popped(struct cmd *cmd, struct key key, struct entry *e, enum list_end end, size_t count)
{
    list_removed(cmd, key, e, count, end == LIST_HEAD ? "lpop" : "rpop");
}

/* ---- popping ---- */

static void effect_of_pop(struct cmd *cmd, struct key key, const struct list_pop *p, size_t count)
{
    const struct slice verb = p->end == LIST_HEAD ? SLICE("LPOP") : SLICE("RPOP");
    char digits[NUM_INT_MAX_CHARS];
    if (p->reply == LIST_POP_NESTED)
        CMD_EFFECT(cmd, verb, key.name, slice_of(digits, num_format_uint(digits, count)));
    else if (p->reply == LIST_POP_KEYED)
        CMD_EFFECT(cmd, verb, key.name);
    /* else the request says it */
}

void list_pop(struct cmd *cmd, struct key key, struct entry *e, const struct list_pop *p)
{
    size_t count = (size_t)MIN_OF((uint64_t)p->count, (uint64_t)list_count(e));
    if (p->reply >= LIST_POP_KEYED) {
        reply_array(cmd->reply, 2);
        reply_bulk(cmd->reply, key.name);
    }
    if (p->reply == LIST_POP_ARRAY || p->reply == LIST_POP_NESTED)
        reply_array(cmd->reply, count);
    reply_some(cmd->reply, e, p->end, count);
    list_drop_end(cmd, e, p->end, count);
    list_popped(cmd, key, e, p->end, count);
    effect_of_pop(cmd, key, p, count);
}

bool list_pop_first(struct cmd *cmd, int first, int count, const struct list_pop *p)
{
    for (int i = first; i < first + count; i++) {
        const struct key key = cmd_key(cmd, i);
        struct entry *e = db_lookup_write(cmd->db, key);
        if (!e)
            continue;
        if (is_list(cmd, e))
            list_pop(cmd, key, e, p);
        return true;
    }
    return false;
}

bool list_pop_many_args(const struct cmd *cmd, int at, struct list_pop *ret_pop, int *ret_keys)
{
    int64_t keys;
    *ret_pop = (struct list_pop){ .reply = LIST_POP_NESTED, .count = 1 };
    if (!cmd_int_in(cmd, at, 1, INT64_MAX, &keys, "ERR numkeys should be greater than 0"))
        return false;
    if (keys >= cmd->argc - at - 1) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    int where = at + (int)keys + 1, left = cmd->argc - where - 1;
    if (!list_end_arg(cmd, where, &ret_pop->end))
        return false;
    /* A count that is none is named before what stands behind it. */
    bool has_count = left >= 2 && cmd_is(cmd, where + 1, "count");
    if (has_count && !cmd_int_in(cmd, where + 2, 1, INT64_MAX, &ret_pop->count,
                                 "ERR count should be greater than 0"))
        return false;
    if (left > 2 * has_count) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    *ret_keys = (int)keys;
    return true;
}
