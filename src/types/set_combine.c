/* Several sets: intersection, difference, union.
 *
 * Members are looked up in batches: first all hashes, and the buckets asked for; then the entries; then
 * the comparisons. All tables of values hash with the same key, so a member is hashed once. */
#include <stdlib.h>

#include "base/arena.h"
#include "types/set_priv.h"

#define BATCH 16

struct probe {
    struct listpack_value value;
    char digits[NUM_INT_MAX_CHARS];
    bool hashed;
    uint64_t hash;
};

struct batch {
    struct probe probes[BATCH];
    struct probe *at[BATCH]; /* those that are still in question, in order */
    size_t count;
};

struct output {
    set_visit visit; /* may be NULL */
    void *arg;
    size_t limit, count;
};

static bool emit(struct output *out, struct slice member)
{
    out->count++;
    if (out->visit)
        out->visit(out->arg, member);
    return out->count < out->limit;
}

static struct slice probe_text(struct probe *p)
{
    if (!p->value.text.ptr)
        p->value.text = slice_of(p->digits, num_format_int(p->digits, p->value.number));
    return p->value.text;
}

/* False: the walk is at its end. */
static bool batch_fill(struct batch *b, struct set_walk *w)
{
    b->count = 0;
    while (b->count < BATCH) {
        struct probe *p = &b->probes[b->count];
        if (!set_walk_next_value(w, &p->value))
            break;
        p->hashed = false;
        b->at[b->count++] = p;
    }
    return b->count > 0;
}

static void ask_for(struct batch *b, const struct table *t)
{
    for (size_t i = 0; i < b->count; i++) {
        struct probe *p = b->at[i];
        if (!p->hashed)
            p->hash = table_hash(t, probe_text(p));
        p->hashed = true;
        table_prefetch_bucket(t, p->hash);
    }
    for (size_t i = 0; i < b->count; i++)
        (void)table_prefetch_entry(t, b->at[i]->hash, false);
}

static bool probe_is_in(struct probe *p, const struct entry *set)
{
    const struct table *t = set_table(set);
    if (t)
        return table_find(t, p->hash, p->value.text) != NULL;
    if (set_intset(set) && !p->value.text.ptr)
        return intset_has(set_intset(set), p->value.number);
    return set_has(set, probe_text(p));
}

/* Leaves those that are in `set`, or those that are not. */
static void batch_keep(struct batch *b, const struct entry *set, bool is_in)
{
    const struct table *t = set_table(set);
    size_t kept = 0;
    if (t)
        ask_for(b, t);
    for (size_t i = 0; i < b->count; i++) {
        struct probe *p = b->at[i];
        if (probe_is_in(p, set) == is_in)
            b->at[kept++] = p;
    }
    b->count = kept;
}

/* Those of `walked` that are in all of the others, or in none of them. */
static void filter(const struct entry *walked, const struct entry *const *others, size_t count,
                   bool is_in, struct output *out)
{
    struct set_walk w;
    struct batch b;
    bool more = out->limit > 0;
    set_walk_open(&w, walked);
    while (more && batch_fill(&b, &w)) {
        for (size_t i = 0; i < count && b.count > 0; i++)
            if (others[i])
                batch_keep(&b, others[i], is_in);
        for (size_t i = 0; more && i < b.count; i++)
            more = emit(out, probe_text(b.at[i]));
    }
    set_walk_close(&w);
}

static size_t size_of(const struct entry *set)
{
    return set ? set_count(set) : 0;
}

/* ---- intersection ---- */

static int by_size(const void *a, const void *b)
{
    const size_t x = size_of(*(const struct entry *const *)a);
    const size_t y = size_of(*(const struct entry *const *)b);
    return (x > y) - (x < y);
}

size_t set_intersect(const struct entry **sets, size_t count, size_t limit, set_visit visit,
                     void *arg)
{
    struct output out = { .visit = visit, .arg = arg, .limit = limit };
    ASSERT(count > 0);
    qsort(sets, count, sizeof(struct entry *), by_size);
    if (sets[0])
        filter(sets[0], sets + 1, count - 1, /* is_in= */ true, &out);
    return out.count;
}

/* ---- difference ---- */

static int by_size_falling(const void *a, const void *b)
{
    return by_size(b, a);
}

/* Whether taking the others' members out of a copy of the first is less work than looking the first's members up
 * in them; the look-ups often end early, which the peers count as half. */
static bool taking_out_is_less(const struct entry *const *sets, size_t count)
{
    size_t looking = 0, taking = 0;
    for (size_t i = 0; i < count; i++) {
        looking += sets[i] ? size_of(sets[0]) : 0;
        taking += size_of(sets[i]);
    }
    return looking / 2 > taking;
}

static bool is_among_others(const struct entry *const *sets, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (sets[i] == sets[0])
            return true;
    return false;
}

static void look_up_others(const struct entry **sets, size_t count, struct output *out)
{
    /* A large set is the likeliest to have a member. */
    if (count > 1)
        qsort(sets + 1, count - 1, sizeof(struct entry *), by_size_falling);
    filter(sets[0], sets + 1, count - 1, /* is_in= */ false, out);
}

/* A table of the set's own blocks. */
static struct table *table_of_blocks(const struct entry *set, const struct type_env *env)
{
    struct table *t = table_new(&set_table_type, env->hash_key);
    struct set_walk w;
    struct set_member *m;
    table_reserve(t, set_count(set));
    set_walk_open(&w, set);
    while ((m = set_walk_next_block(&w)) != NULL)
        table_insert(t, table_hash(t, set_member_text(m)), m);
    set_walk_close(&w);
    return t;
}

static void take_members(struct table *t, const struct entry *set)
{
    struct set_walk w;
    struct batch b;
    set_walk_open(&w, set);
    while (table_count(t) > 0 && batch_fill(&b, &w)) {
        ask_for(&b, t);
        for (size_t i = 0; i < b.count; i++)
            (void)table_take(t, b.at[i]->hash, b.at[i]->value.text);
    }
    set_walk_close(&w);
}

static void take_others_out(const struct entry *const *sets, size_t count,
                            const struct type_env *env, struct output *out)
{
    struct table *t = table_of_blocks(sets[0], env);
    struct table_iter it;
    const struct set_member *m;
    for (size_t i = 1; i < count; i++)
        if (sets[i])
            take_members(t, sets[i]);
    bool more = out->limit > 0;
    table_iter_open(&it, t);
    while (more && (m = table_iter_next(&it)) != NULL)
        more = emit(out, set_member_text(m));
    table_iter_close(&it);
    table_free(t);
}

size_t set_subtract(const struct entry **sets, size_t count, const struct type_env *env,
                    size_t limit, set_visit visit, void *arg)
{
    struct output out = { .visit = visit, .arg = arg, .limit = limit };
    ASSERT(count > 0);
    if (!sets[0] || is_among_others(sets, count))
        return 0;
    if (set_table(sets[0]) && taking_out_is_less(sets, count))
        take_others_out(sets, count, env, &out);
    else
        look_up_others(sets, count, &out);
    return out.count;
}

/* ---- union ---- */

/* The members of intsets, rising. */
static void unite_intsets(const struct entry *const *sets, size_t count, struct output *out)
{
    struct intset *all = intset_new();
    for (size_t k = 0; k < count; k++) {
        const struct intset *is = sets[k] ? set_intset(sets[k]) : NULL;
        for (size_t i = 0; is && i < intset_count(is); i++)
            all = intset_add(all, intset_at(is, i), NULL);
    }
    bool more = out->limit > 0;
    for (size_t i = 0; more && i < intset_count(all); i++) {
        char digits[NUM_INT_MAX_CHARS];
        more = emit(out, slice_of(digits, num_format_int(digits, intset_at(all, i))));
    }
    intset_free(all);
}

/* What was seen, as blocks: those of tables, and some that the arena keeps. */
struct seen {
    struct table *table;
    struct arena arena;
};

#define SEEN_ARENA_BYTES ((size_t)4096)

static void unite_one(struct seen *seen, const struct entry *set, struct output *out)
{
    const bool has_blocks = set_table(set) != NULL;
    struct set_walk w;
    struct batch b;
    set_walk_open(&w, set);
    while (out->count < out->limit && batch_fill(&b, &w)) {
        ask_for(&b, seen->table);
        for (size_t i = 0; i < b.count && out->count < out->limit; i++) {
            const struct slice text = b.at[i]->value.text;
            if (table_find(seen->table, b.at[i]->hash, text))
                continue;
            struct set_member *m;
            if (has_blocks)
                m = w.ahead[b.at[i] - b.probes];
            else
                m = set_member_write(arena_alloc(&seen->arena, set_member_size(text.len)), text);
            table_insert(seen->table, b.at[i]->hash, m);
            (void)emit(out, text);
        }
    }
    set_walk_close(&w);
}
static_assert(BATCH == SET_WALK_AHEAD, "a batch is what a table's walk asks for at once");

static void unite_seen(const struct entry *const *sets, size_t count, const struct type_env *env,
                       struct output *out)
{
    struct seen seen = { .table = table_new(&set_table_type, env->hash_key) };
    size_t largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = MAX_OF(largest, size_of(sets[i]));
    table_reserve(seen.table, MIN_OF(largest, out->limit));
    arena_init(&seen.arena, SEEN_ARENA_BYTES, 0);
    for (size_t i = 0; i < count; i++)
        if (sets[i])
            unite_one(&seen, sets[i], out);
    arena_done(&seen.arena);
    table_free(seen.table);
}

size_t set_unite(const struct entry *const *sets, size_t count, const struct type_env *env,
                 size_t limit, set_visit visit, void *arg)
{
    struct output out = { .visit = visit, .arg = arg, .limit = limit };
    const struct entry *only = NULL;
    size_t there = 0;
    bool all_intsets = true;
    for (size_t i = 0; i < count; i++) {
        if (!sets[i] || sets[i] == only)
            continue;
        only = sets[i];
        there++;
        all_intsets = all_intsets && set_intset(only);
    }
    if (there == 1)
        filter(only, NULL, 0, /* is_in= */ true, &out);
    else if (all_intsets)
        unite_intsets(sets, count, &out);
    else
        unite_seen(sets, count, env, &out);
    return out.count;
}

/* ---- new sets ---- */

struct target {
    struct entry *e;
    const struct type_env *env;
};

static void add_to_target(void *arg, struct slice member)
{
    struct target *target = arg;
    (void)set_add(target->e, target->env, member);
}

static struct entry *unless_empty(struct entry *e)
{
    if (set_count(e) > 0)
        return e;
    entry_free(e);
    return NULL;
}

struct entry *set_new_intersection(struct slice key, const struct entry **sets, size_t count,
                                   const struct type_env *env)
{
    struct target target = { set_new(key, ENTRY_NO_EXPIRY), env };
    qsort(sets, count, sizeof(struct entry *), by_size);
    /* The result begins in the form of the smallest set. */
    if (sets[0] && set_listpack(sets[0]))
        set_put_encoded(target.e, ENCODING_LISTPACK, listpack_new());
    else if (sets[0] && set_table(sets[0]))
        set_become_table(target.e, env, 0);
    set_intersect(sets, count, SIZE_MAX, add_to_target, &target);
    if (set_count(target.e) > 0)
        set_pack_integers(target.e, env);
    return unless_empty(target.e);
}

struct entry *set_new_difference(struct slice key, const struct entry **sets, size_t count,
                                 const struct type_env *env)
{
    struct target target = { set_new(key, ENTRY_NO_EXPIRY), env };
    if (!sets[0] || is_among_others(sets, count))
        return unless_empty(target.e);
    if (!taking_out_is_less(sets, count)) {
        struct output out = { .visit = add_to_target, .arg = &target, .limit = SIZE_MAX };
        look_up_others(sets, count, &out);
        return unless_empty(target.e);
    }
    /* The form is that of all the first's members. */
    (void)set_unite(sets, 1, env, SIZE_MAX, add_to_target, &target);
    for (size_t i = 1; i < count && set_count(target.e) > 0; i++) {
        struct set_walk w;
        struct slice member;
        if (!sets[i])
            continue;
        set_walk_open(&w, sets[i]);
        while (set_walk_next(&w, &member))
            (void)set_remove(target.e, member);
        set_walk_close(&w);
    }
    return unless_empty(target.e);
}

struct entry *set_new_union(struct slice key, const struct entry *const *sets, size_t count,
                            const struct type_env *env)
{
    struct target target = { set_new(key, ENTRY_NO_EXPIRY), env };
    for (size_t i = 0; i < count; i++)
        if (sets[i])
            (void)set_unite(&sets[i], 1, env, SIZE_MAX, add_to_target, &target);
    return unless_empty(target.e);
}

/* ---- bytes from outside ---- */

bool set_listpack_is_valid(const struct listpack *lp, const struct type_env *env)
{
    return listpack_all_differ(lp, 1, env->hash_key);
}
