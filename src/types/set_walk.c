/* Sets member by member: walks, scans, and members by chance. */
#include "types/set_priv.h"

/* ---- walks ---- */

void set_walk_open(struct set_walk *w, const struct entry *e)
{
    w->is = set_intset(e);
    w->lp = set_listpack(e);
    w->at = w->lp ? listpack_first(w->lp) : 0;
    w->next = w->filled = 0;
    if (!w->is && !w->lp)
        table_iter_open(&w->it, set_of(e)->table);
}

struct set_member *set_walk_next_block(struct set_walk *w)
{
    if (w->next == w->filled) {
        void *m;
        w->next = w->filled = 0;
        while (w->filled < SET_WALK_AHEAD && (m = table_iter_next(&w->it)) != NULL) {
            __builtin_prefetch(m);
            w->ahead[w->filled++] = m;
        }
        if (w->filled == 0)
            return NULL;
    }
    return w->ahead[w->next++];
}

bool set_walk_next_value(struct set_walk *w, struct listpack_value *ret_value)
{
    if (w->is) {
        if (w->at == intset_count(w->is))
            return false;
        *ret_value = (struct listpack_value){ .number = intset_at(w->is, w->at++) };
        return true;
    }
    if (w->lp) {
        if (w->at == LISTPACK_NONE)
            return false;
        *ret_value = listpack_get(w->lp, w->at);
        w->at = listpack_next(w->lp, w->at);
        return true;
    }
    const struct set_member *m = set_walk_next_block(w);
    if (m)
        ret_value->text = set_member_text(m);
    return m != NULL;
}

bool set_walk_next(struct set_walk *w, struct slice *ret_member)
{
    struct listpack_value value;
    if (!set_walk_next_value(w, &value))
        return false;
    *ret_member = value.text.ptr ? value.text
                                 : slice_of(w->digits, num_format_int(w->digits, value.number));
    return true;
}

void set_walk_close(struct set_walk *w)
{
    if (!w->is && !w->lp)
        table_iter_close(&w->it);
}

struct scan {
    set_visit visit;
    void *arg;
};

static void scan_member(void *arg, void *entry)
{
    const struct scan *scan = arg;
    scan->visit(scan->arg, set_member_text(entry));
}

static void visit_all(const struct entry *e, set_visit visit, void *arg)
{
    struct set_walk w;
    struct slice member;
    set_walk_open(&w, e);
    while (set_walk_next(&w, &member))
        visit(arg, member);
    set_walk_close(&w);
}

uint64_t set_scan(struct entry *e, uint64_t cursor, set_visit visit, void *arg)
{
    struct table *t = set_table(e);
    if (t)
        return table_scan(t, cursor, scan_member, &(struct scan){ visit, arg });
    visit_all(e, visit, arg);
    return 0;
}

/* ---- by chance ---- */

struct slice set_random(const struct entry *e, struct rand *rand,
                        char scratch[static NUM_INT_MAX_CHARS])
{
    const struct intset *is = set_intset(e);
    if (is)
        return slice_of(scratch, num_format_int(scratch, intset_random(is, rand)));
    const struct listpack *lp = set_listpack(e);
    if (lp)
        return listpack_text(lp, listpack_random(lp, rand, 1), scratch);
    return set_member_text(table_random(set_of(e)->table, rand));
}

/* Whether the next of `left` is among the `wanted` that are still to be chosen: each is equally likely, and at
 * the end just so many were (Knuth, "The Art of Computer Programming" 2, 3.4.2, algorithm S). */
static bool chosen(struct rand *rand, size_t *left, size_t *wanted)
{
    const bool yes = rand_below(rand, (*left)--) < *wanted;
    *wanted -= yes;
    return yes;
}

/* Few of many: draws until enough are different. */
static void sample_few(const struct table *t, const struct type_env *env, size_t count,
                       const struct scan *scan)
{
    struct table *drawn = table_new(&set_table_type, env->hash_key);
    while (table_count(drawn) < count) {
        struct set_member *m = table_random(t, env->rand);
        const struct slice text = set_member_text(m);
        const uint64_t hash = table_hash(drawn, text);
        if (table_find(drawn, hash, text))
            continue;
        table_insert(drawn, hash, m);
        scan->visit(scan->arg, text);
    }
    table_free(drawn);
}

void set_sample(const struct entry *e, const struct type_env *env, size_t count, set_visit visit,
                void *arg)
{
    size_t left = set_count(e);
    const struct table *t = set_table(e);
    if (count >= left) {
        visit_all(e, visit, arg);
        return;
    }
    if (t && count < left / 4) {
        sample_few(t, env, count, &(struct scan){ visit, arg });
        return;
    }
    struct set_walk w;
    struct listpack_value value;
    set_walk_open(&w, e);
    while (count > 0 && set_walk_next_value(&w, &value)) {
        if (!chosen(env->rand, &left, &count))
            continue;
        visit(arg, value.text.ptr ? value.text
                                  : slice_of(w.digits, num_format_int(w.digits, value.number)));
    }
    set_walk_close(&w);
}

/* ---- popping: most of a set at once leaves what is not chosen ---- */

static void pop_many_of_table(struct set *s, const struct type_env *env, size_t count,
                              const struct scan *scan)
{
    size_t left = table_count(s->table);
    const size_t steps = count * 2;
    struct table_iter it;
    struct set_member *m;
    table_iter_open(&it, s->table);
    while (count > 0 && (m = table_iter_next(&it)) != NULL) {
        if (!chosen(env->rand, &left, &count))
            continue;
        const struct slice text = set_member_text(m);
        scan->visit(scan->arg, text);
        table_remove(s->table, table_hash(s->table, text), m);
        set_table_drop(s, m);
    }
    table_iter_close(&it);
    (void)table_settle(s->table, steps);
}

static void pop_many_of_pack(struct entry *e, const struct type_env *env, size_t count,
                             const struct scan *scan)
{
    const struct listpack *lp = set_listpack(e);
    struct listpack *rest = listpack_new();
    size_t left = listpack_count(lp);
    for (size_t at = listpack_first(lp); at; at = listpack_next(lp, at)) {
        char digits[NUM_INT_MAX_CHARS];
        const struct slice text = listpack_text(lp, at, digits);
        if (chosen(env->rand, &left, &count))
            scan->visit(scan->arg, text);
        else
            rest = listpack_append(rest, text);
    }
    set_put_encoded(e, ENCODING_LISTPACK, rest);
}

static void pop_many_of_intset(struct entry *e, const struct type_env *env, size_t count,
                               const struct scan *scan)
{
    const struct intset *is = set_intset(e);
    struct intset *rest = intset_new();
    size_t left = intset_count(is);
    for (size_t i = 0; i < intset_count(is); i++) {
        char digits[NUM_INT_MAX_CHARS];
        const int64_t number = intset_at(is, i);
        if (chosen(env->rand, &left, &count))
            scan->visit(scan->arg, slice_of(digits, num_format_int(digits, number)));
        else
            rest = intset_add(rest, number, NULL);
    }
    set_put_encoded(e, ENCODING_INTSET, rest);
}

void set_pop(struct entry *e, const struct type_env *env, size_t count, set_visit visit, void *arg)
{
    const struct scan scan = { visit, arg };
    const size_t have = set_count(e);
    count = MIN_OF(count, have);
    if (count > 1 && count >= have / 4) {
        if (set_table(e))
            pop_many_of_table(set_of(e), env, count, &scan);
        else if (set_listpack(e))
            pop_many_of_pack(e, env, count, &scan);
        else
            pop_many_of_intset(e, env, count, &scan);
        return;
    }
    for (; count > 0; count--) {
        char digits[NUM_INT_MAX_CHARS];
        const struct slice member = set_random(e, env->rand, digits);
        visit(arg, member);
        const bool was_there = set_remove(e, member);
        ASSERT(was_there);
    }
}
