/* SORT and SORT_RO: the elements of a list, set or sorted set in an order of the caller's.
 *
 * All elements are gathered in the batch's arena with what they are compared by: a number, or with ALPHA a text, which
 * are the element's own or come from the key that the BY pattern names for it. Then they are put in order, and
 * those within LIMIT are replied or stored, or what the GET patterns name for each.
 *
 * A pattern that names no key per element (without a star) asks for no sorting at all. */
#include <stdlib.h>

#include "base/num.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/string.h"
#include "types/zset.h"

#define GET_SELF SLICE("#")

struct sort {
    struct cmd *cmd;
    bool descending, alpha, stores;
    bool keeps_order; /* nothing is sorted */
    bool has_by;
    struct slice by;
    int64_t limit_first, limit_count; /* as given; a negative count: all */
    int store_at;                     /* the destination's argument; 0: none */
    int *gets;                        /* arguments with patterns */
    size_t get_count;

    struct sort_element *elements;
    size_t count;
    size_t first, end; /* what is wanted of them */
};

struct sort_element {
    struct slice text;   /* followed by a NUL */
    struct slice weight; /* ALPHA: the same; ptr is NULL if there is none */
    double score;        /* not ALPHA */
    size_t index;        /* equal ones keep their order */
};

/* ---- arguments ---- */

/* Reads the option at *i. False: an error was replied. */
static bool sort_option(struct sort *s, int *i)
{
    struct cmd *cmd = s->cmd;
    const int left = cmd->argc - *i - 1;
    if (cmd_is(cmd, *i, "asc")) {
        s->descending = false;
    } else if (cmd_is(cmd, *i, "desc")) {
        s->descending = true;
    } else if (cmd_is(cmd, *i, "alpha")) {
        s->alpha = true;
    } else if (cmd_is(cmd, *i, "limit") && left >= 2) {
        if (!cmd_int(cmd, *i + 1, &s->limit_first, NULL) ||
            !cmd_int(cmd, *i + 2, &s->limit_count, NULL))
            return false;
        *i += 2;
    } else if (s->stores && cmd_is(cmd, *i, "store") && left >= 1) {
        s->store_at = ++*i;
    } else if (cmd_is(cmd, *i, "by") && left >= 1) {
        s->by = cmd_arg(cmd, ++*i);
        s->has_by = true;
        /* Once asked for, the order stays as it is: as the peers have it. */
        s->keeps_order |= slice_find(s->by, '*') < 0;
    } else if (cmd_is(cmd, *i, "get") && left >= 1) {
        s->gets[s->get_count++] = ++*i;
    } else {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    return true;
}

static bool sort_parse(struct cmd *cmd, bool stores, struct sort *ret)
{
    *ret = (struct sort){ .cmd = cmd, .stores = stores, .limit_count = -1 };
    ret->gets = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*ret->gets));
    for (int i = 2; i < cmd->argc; i++)
        if (!sort_option(ret, &i))
            return false;
    return true;
}

/* ---- elements ---- */

/* A copy in the arena, with a NUL behind it. */
static struct slice keep(const struct sort *s, struct slice text)
{
    char *copy = arena_alloc(s->cmd->arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return slice_of(copy, text.len);
}

static void add(struct sort *s, struct slice text)
{
    s->elements[s->count] = (struct sort_element){ .text = keep(s, text), .index = s->count };
    s->count++;
}

static size_t count_of(const struct entry *e)
{
    switch (entry_type(e)) {
    case TYPE_LIST:
        return list_count(e);
    case TYPE_SET:
        return set_count(e);
    default:
        return zset_count(e);
    }
}

/* `count` values from the `first` on, in the order or against it. */
static void gather_list(struct sort *s, const struct entry *e, size_t first, size_t count)
{
    struct list_walk walk;
    struct packs_value value;
    char digits[NUM_INT_MAX_CHARS];
    const bool down = s->keeps_order && s->descending;
    list_walk_open(&walk, e, down ? list_count(e) - 1 - first : first, down);
    while (count-- > 0 && list_walk_next(&walk, &value))
        add(s,
            value.text.ptr ? value.text : slice_of(digits, num_format_int(digits, value.number)));
    list_walk_close(&walk);
}

static void gather_zset(struct sort *s, const struct entry *e, size_t first, size_t count)
{
    struct zset_walk walk;
    struct zset_element element;
    const bool down = s->keeps_order && s->descending;
    zset_walk_open(&walk, e, down ? zset_count(e) - 1 - first : first, down);
    while (count-- > 0 && zset_walk_next(&walk, &element))
        add(s, element.member);
}

static void gather_set(struct sort *s, const struct entry *e)
{
    struct set_walk walk;
    struct slice member;
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member))
        add(s, member);
    set_walk_close(&walk);
}

/* Gathers the elements of a key that there is. What has an order of its own that is kept gives those within LIMIT alone. */
static void gather(struct sort *s, const struct entry *e)
{
    const size_t all = count_of(e);
    const size_t first = (size_t)MIN_OF(MAX_OF(s->limit_first, 0), (int64_t)all);
    const size_t rest = all - first;
    const size_t wanted = s->limit_count < 0
                              ? rest
                              : (size_t)MIN_OF((uint64_t)s->limit_count, (uint64_t)rest);
    const bool whole = !s->keeps_order || entry_type(e) == TYPE_SET;
    const size_t from = whole ? 0 : first, count = whole ? all : wanted;

    s->first = whole ? first : 0;
    s->end = s->first + wanted;
    if (count == 0)
        return;
    s->elements = arena_alloc(s->cmd->arena, count * sizeof(*s->elements));
    if (entry_type(e) == TYPE_LIST)
        gather_list(s, e, from, count);
    else if (entry_type(e) == TYPE_ZSET)
        gather_zset(s, e, from, count);
    else
        gather_set(s, e);
}

/* ---- what a pattern names for an element ---- */

struct pattern {
    struct slice before, behind; /* the star */
    struct slice field;          /* ptr is NULL: the key is a string */
};

/* False: there is no star. As the peers do, up to a NUL. */
static bool pattern_parse(struct slice text, struct pattern *ret)
{
    const ptrdiff_t nul = slice_find(text, '\0');
    const ptrdiff_t star = slice_find(slice_of(text.ptr, nul < 0 ? text.len : (size_t)nul), '*');
    if (star < 0)
        return false;
    *ret = (struct pattern){ .before = slice_of(text.ptr, (size_t)star),
                             .behind = slice_from(text, (size_t)star + 1) };
    const struct slice rest = ret->behind;
    for (size_t i = 0; i + 2 < rest.len && rest.ptr[i]; i++) {
        if (rest.ptr[i] != '-' || rest.ptr[i + 1] != '>')
            continue;
        if (rest.ptr[i + 2]) {
            ret->behind = slice_of(rest.ptr, i);
            ret->field = slice_from(rest, i + 2);
        }
        break;
    }
    return true;
}

static struct slice pattern_key(const struct sort *s, const struct pattern *p, struct slice text)
{
    const size_t len = p->before.len + text.len + p->behind.len;
    char *name = arena_alloc(s->cmd->arena, len + 1);
    const struct slice parts[] = { p->before, text, p->behind };
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].len)
            memcpy(name + at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    return slice_of(name, len);
}

/* The value that a pattern names; ptr is NULL if there is none. Borrowed from the key space, or digits in `scratch`. */
static struct slice look_up(const struct sort *s, struct slice pattern, struct slice text,
                            char scratch[static NUM_INT_MAX_CHARS])
{
    static const struct slice none = { NULL, 0 };
    struct cmd *cmd = s->cmd;
    struct pattern p;
    struct slice value;
    if (slice_eq(pattern, GET_SELF))
        return text;
    if (!pattern_parse(pattern, &p))
        return none;
    const struct entry *e = db_lookup_read(cmd->db, db_key(cmd->db, pattern_key(s, &p, text)));
    if (!e || entry_type(e) != (p.field.ptr ? TYPE_HASH : TYPE_STRING))
        return none;
    if (!p.field.ptr)
        value = string_bytes(e, scratch);
    else if (!hash_get(e, p.field, cmd_now_ms(cmd), scratch, &value))
        return none;
    return value.ptr ? value : SLICE("");
}

/* ---- the order ---- */

/* As strtod reads it: up to a NUL, spaces in front, nothing is 0. */
static bool parse_score(struct slice text, double *ret_score)
{
    const ptrdiff_t nul = slice_find(text, '\0');
    if (nul >= 0)
        text.len = (size_t)nul;
    *ret_score = 0;
    if (text.len == 0)
        return true;
    while (text.len > 0 && (text.ptr[0] == ' ' || (text.ptr[0] >= '\t' && text.ptr[0] <= '\r')))
        text = slice_from(text, 1);
    return num_parse_double(text, ret_score);
}

/* False: a score is no number. */
static bool weigh(struct sort *s)
{
    bool are_numbers = true;
    for (size_t i = 0; i < s->count; i++) {
        struct sort_element *e = &s->elements[i];
        char scratch[NUM_INT_MAX_CHARS];
        struct slice weight = s->has_by ? look_up(s, s->by, e->text, scratch) : e->text;
        if (!weight.ptr)
            continue;
        if (s->alpha)
            e->weight = s->has_by ? keep(s, weight) : weight;
        else
            are_numbers &= parse_score(weight, &e->score);
    }
    return are_numbers;
}

static int compare_texts(const struct sort *s, struct slice a, struct slice b)
{
    if (!a.ptr || !b.ptr)
        return (a.ptr != NULL) - (b.ptr != NULL);
    /* What is stored must not depend on the locale. */
    return s->store_at ? slice_cmp(a, b) : strcoll(a.ptr, b.ptr);
}

static int compare(const void *one, const void *other, void *arg)
{
    const struct sort *s = arg;
    const struct sort_element *a = one, *b = other;
    int order;
    if (s->alpha)
        order = compare_texts(s, a->weight, b->weight);
    else if (a->score != b->score)
        order = a->score < b->score ? -1 : 1;
    else
        order = slice_cmp(a->text, b->text);
    if (order == 0)
        return a->index < b->index ? -1 : 1;
    return (order < 0) == s->descending ? 1 : -1;
}

/* ---- the result ---- */

static void reply_result(struct sort *s)
{
    struct reply *r = s->cmd->reply;
    const size_t each = s->get_count ? s->get_count : 1;
    reply_array(r, (s->end - s->first) * each);
    for (size_t i = s->first; i < s->end; i++) {
        const struct slice text = s->elements[i].text;
        if (!s->get_count)
            reply_bulk(r, text);
        for (size_t g = 0; g < s->get_count; g++) {
            char scratch[NUM_INT_MAX_CHARS];
            struct slice got = look_up(s, cmd_arg(s->cmd, s->gets[g]), text, scratch);
            if (got.ptr)
                reply_bulk(r, got);
            else
                reply_null(r);
        }
    }
}

/* What GET does not find is an empty string there. */
static struct entry *list_of_result(struct sort *s, struct slice key)
{
    const struct type_env *env = keyspace_env(db_keyspace(s->cmd->db));
    struct entry *e = list_new(key, ENTRY_NO_EXPIRY);
    for (size_t i = s->first; i < s->end; i++) {
        const struct slice text = s->elements[i].text;
        if (!s->get_count)
            list_push(e, env, LIST_TAIL, &text, 1);
        for (size_t g = 0; g < s->get_count; g++) {
            char scratch[NUM_INT_MAX_CHARS];
            struct slice got = look_up(s, cmd_arg(s->cmd, s->gets[g]), text, scratch);
            list_push(e, env, LIST_TAIL, got.ptr ? &got : &SLICE(""), 1);
        }
    }
    return e;
}

static void store_result(struct sort *s)
{
    struct cmd *cmd = s->cmd;
    const struct key key = db_key(cmd->db, cmd_arg(cmd, s->store_at));
    size_t count = 0;
    if (s->end > s->first) {
        struct entry *e = list_of_result(s, key.name);
        count = list_count(e);
        db_set(cmd->db, key, e);
        db_notify(cmd->db, EVENT_LIST, "sortstore", key.name);
        keyspace_count_dirty(db_keyspace(cmd->db), count - 1);
    } else {
        struct entry *old = db_peek(cmd->db, key);
        if (old) {
            db_delete(cmd->db, key, old, false);
            db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
        }
    }
    reply_int(cmd->reply, (int64_t)count);
}

static bool can_be_sorted(const struct cmd *cmd, const struct entry *e)
{
    if (!e || entry_type(e) == TYPE_LIST || entry_type(e) == TYPE_SET || entry_type(e) == TYPE_ZSET)
        return true;
    reply_error(cmd->reply, ERR_WRONG_TYPE);
    return false;
}

static void sort_key(struct cmd *cmd, bool stores)
{
    struct sort s;
    if (!sort_parse(cmd, stores, &s))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!can_be_sorted(cmd, e))
        return;
    if (e && s.keeps_order && s.store_at && entry_type(e) == TYPE_SET) {
        /* A set has no order: what is stored gets one, so that replicas store the same. */
        s.keeps_order = s.has_by = false;
        s.alpha = true;
    }
    if (e)
        gather(&s, e);
    if (!s.keeps_order) {
        if (!weigh(&s)) {
            reply_error(cmd->reply, "ERR One or more scores can't be converted into double");
            return;
        }
        if (s.count)
            qsort_r(s.elements, s.count, sizeof(*s.elements), compare, &s);
    }
    if (s.store_at)
        store_result(&s);
    else
        reply_result(&s);
}

static void run_sort(struct cmd *cmd)
{
    sort_key(cmd, true);
}

static void run_sort_ro(struct cmd *cmd)
{
    sort_key(cmd, false);
}

/* The last STORE counts; behind BY, GET and LIMIT stand no words. */
static int find_store(const struct key_spec *spec, const struct slice *argv, int argc)
{
    int found = 0;
    if (!(spec->flags & KEY_OW))
        return 0;
    for (int i = 2; i < argc; i++) {
        if (slice_is(argv[i], "limit"))
            i += 2;
        else if (slice_is(argv[i], "by") || slice_is(argv[i], "get"))
            i++;
        else if (slice_is(argv[i], "store") && i + 1 < argc)
            found = i + 1;
    }
    return found;
}

#define SORTED_KEY                                                            \
    {                                                                         \
        .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .at = 1, .step = 1 \
    }
#define NAMED_BY_ELEMENTS                                                                     \
    {                                                                                         \
        .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_BEGIN_UNKNOWN, .find = KEYS_FIND_UNKNOWN, \
        .notes = "Which keys BY and GET name depends on the elements"                         \
    }
#define SORT_ACL (ACL_NO_GROUP | ACL_DANGEROUS | ACL_LIST | ACL_SET | ACL_SORTED_SET)

#define SORT_SYNTAX                                                             \
    "key:key [BY pattern:pattern] [LIMIT offset_count={offset:int count:int}] " \
    "[(GET pattern:pattern)...] [order=<ASC | DESC>] [sorting=ALPHA]"

static const struct command rows[] = {
    {
        .name = "sort",
        .run = run_sort,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_MOVABLE_KEYS,
        .group = GROUP_GENERIC,
        .acl = SORT_ACL,
        .keys = { SORTED_KEY,
                  NAMED_BY_ELEMENTS,
                  { .flags = KEY_OW | KEY_UPDATE,
                    .begin = KEYS_BEGIN_UNKNOWN,
                    .find = KEYS_FIND_UNKNOWN,
                    .notes = "STORE may stand anywhere" } },
        .find_key = find_store,
        .since = "1.0.0",
        .complexity = "O(N log N) for N elements; O(N) if they are not sorted",
        .summary = "Replies or stores the elements of a list, set or sorted set in an order.",
        .syntax = SORT_SYNTAX " [STORE destination:key]",
    },
    {
        .name = "sort_ro",
        .run = run_sort_ro,
        .arity = -2,
        .flags = CMD_READ | CMD_MOVABLE_KEYS,
        .group = GROUP_GENERIC,
        .acl = SORT_ACL,
        .keys = { SORTED_KEY, NAMED_BY_ELEMENTS },
        .since = "7.0.0",
        .complexity = "O(N log N) for N elements; O(N) if they are not sorted",
        .summary = "Replies the elements of a list, set or sorted set in an order.",
        .syntax = SORT_SYNTAX,
    },
};

struct command_table commands_sort(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
