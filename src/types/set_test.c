/* Sets against a sorted array, under random operations, in all forms. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "types/set.h"
#include "types/set_priv.h"

#define MEMBERS_MAX 3000
#define TEXT_MAX 400

struct text {
    size_t len;
    char bytes[TEXT_MAX];
};

/* Sorted, each once. */
struct model {
    size_t count;
    struct text members[MEMBERS_MAX];
};

struct world {
    struct rand rand;
    struct hash_key hash_key;
    struct type_env env;
    struct entry *e;
    struct model *model;
    uint64_t names;    /* how many different ones are used */
    bool numbers_only; /* intsets */
};

static struct world *world_new(int64_t intset_entries, int64_t pack_entries)
{
    struct world *w = mem_zalloc(sizeof(*w));
    const char *given = getenv("TARN_SEED");
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&w->rand, seed);
    w->env = (struct type_env){ .hash_key = &w->hash_key,
                                .rand = &w->rand,
                                .set_intset_entries = intset_entries,
                                .set_listpack_entries = pack_entries,
                                .set_listpack_value = 64 };
    w->names = 150;
    w->model = mem_zalloc(sizeof(*w->model));
    w->e = set_new(SLICE("key"), ENTRY_NO_EXPIRY);
    return w;
}

static void world_free(struct world *w)
{
    entry_free(w->e);
    mem_free(w->model);
    mem_free(w);
}

static struct slice text_of(const struct text *t)
{
    return slice_of(t->bytes, t->len);
}

static size_t model_place(const struct model *m, struct slice member, bool *ret_found)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (slice_cmp(text_of(&m->members[middle]), member) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < m->count && slice_eq(text_of(&m->members[low]), member);
    return low;
}

static bool model_has(const struct model *m, struct slice member)
{
    bool found;
    (void)model_place(m, member, &found);
    return found;
}

static bool model_add(struct model *m, struct slice member)
{
    bool found;
    const size_t at = model_place(m, member, &found);
    if (found)
        return false;
    CHECK(m->count < MEMBERS_MAX);
    memmove(m->members + at + 1, m->members + at, (m->count - at) * sizeof(m->members[0]));
    m->members[at].len = member.len;
    if (member.len)
        memcpy(m->members[at].bytes, member.ptr, member.len);
    m->count++;
    return true;
}

static bool model_remove(struct model *m, struct slice member)
{
    bool found;
    const size_t at = model_place(m, member, &found);
    if (found) {
        m->count--;
        memmove(m->members + at, m->members + at + 1, (m->count - at) * sizeof(m->members[0]));
    }
    return found;
}

/* Numbers of all widths, texts, the empty one, those of whole words, long ones; few enough to meet again. */
static struct slice random_member(struct world *w, char *text)
{
    const uint64_t i = rand_below(&w->rand, w->names);
    int len;
    if (w->numbers_only || i % 3 == 0)
        len = snprintf(text, TEXT_MAX, "%lld",
                       (long long)i * (i % 5   ? 1
                                       : i % 7 ? -70000
                                               : 5000000000));
    else if (i == 1)
        len = 0;
    else
        len = snprintf(text, TEXT_MAX, i % 4 ? "member-%llu" : "0%llu", (unsigned long long)i);
    if (!w->numbers_only && i % 41 == 0) {
        const int more = i % 2 ? 60 : 330;
        memset(text + len, 'x', (size_t)more);
        len += more;
    } else if (!w->numbers_only && i % 3 == 2) {
        const int whole = 8 * (2 + (int)(i / 3 % 12));
        memset(text + len, 'y', (size_t)(whole - len));
        len = whole;
    }
    return slice_of(text, (size_t)len);
}

/* Gathers what is visited. */
static void gather(void *arg, struct slice member)
{
    CHECK(model_add(arg, member));
}

static void gather_again(void *arg, struct slice member)
{
    (void)model_add(arg, member);
}

static void check_equal(const struct model *got, const struct model *want)
{
    CHECK_UINT(got->count, want->count);
    for (size_t i = 0; i < got->count; i++)
        CHECK(slice_eq(text_of(&got->members[i]), text_of(&want->members[i])));
}

static void check_holds(const struct entry *e, const struct model *want)
{
    struct model *seen = mem_zalloc(sizeof(*seen));
    struct set_walk walk;
    struct slice member;
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member))
        gather(seen, member);
    set_walk_close(&walk);
    CHECK_UINT(set_count(e), want->count);
    check_equal(seen, want);
    for (size_t i = 0; i < want->count; i++)
        CHECK(set_has(e, text_of(&want->members[i])));
    mem_free(seen);
}

static void check_world(struct world *w)
{
    check_holds(w->e, w->model);
    struct table *t = set_table(w->e);
    if (!t)
        return;
    table_verify(t);
    size_t bytes = 0;
    for (size_t i = 0; i < w->model->count; i++)
        bytes += mem_size_class(set_member_size(w->model->members[i].len));
    CHECK_UINT(set_of(w->e)->block_bytes, bytes);
    CHECK(entry_footprint(w->e) > bytes);
}

static void step_add(struct world *w)
{
    char text[TEXT_MAX];
    const struct slice member = random_member(w, text);
    CHECK_INT(set_has(w->e, member), model_has(w->model, member));
    CHECK_INT(set_add(w->e, &w->env, member), model_add(w->model, member));
    CHECK(set_has(w->e, member));
}

static void step_remove(struct world *w)
{
    char text[TEXT_MAX];
    const struct slice member = random_member(w, text);
    CHECK_INT(set_remove(w->e, member), model_remove(w->model, member));
    CHECK(!set_has(w->e, member));
}

static void take_from_model(void *arg, struct slice member)
{
    CHECK(model_remove(arg, member));
}

static void step_pop(struct world *w)
{
    const size_t before = w->model->count;
    const size_t count = rand_below(&w->rand, rand_below(&w->rand, 8) ? 4 : before + 3);
    set_pop(w->e, &w->env, count, take_from_model, w->model);
    CHECK_UINT(w->model->count, before - MIN_OF(before, count));
}

static void step_sample(struct world *w)
{
    struct model *seen = mem_zalloc(sizeof(*seen));
    const size_t count = rand_below(&w->rand, rand_below(&w->rand, 2) ? 4 : w->model->count + 3);
    set_sample(w->e, &w->env, count, gather, seen);
    CHECK_UINT(seen->count, MIN_OF(w->model->count, count));
    for (size_t i = 0; i < seen->count; i++)
        CHECK(model_has(w->model, text_of(&seen->members[i])));
    mem_free(seen);
}

static void step_scan(struct world *w)
{
    struct model *seen = mem_zalloc(sizeof(*seen));
    uint64_t cursor = 0;
    do
        cursor = set_scan(w->e, cursor, gather_again, seen);
    while (cursor);
    check_equal(seen, w->model);
    mem_free(seen);
}

static void step_copy(struct world *w)
{
    struct entry *copy = entry_copy(w->e, SLICE("other"), ENTRY_NO_EXPIRY);
    CHECK_INT(entry_encoding(copy), entry_encoding(w->e));
    CHECK_UINT(entry_free_effort(copy), set_table(copy) ? w->model->count : 1);
    entry_free(w->e);
    w->e = copy;
}

static void step_pack(struct world *w)
{
    bool all_numbers = w->model->count <= (size_t)w->env.set_intset_entries;
    for (size_t i = 0; i < w->model->count; i++) {
        int64_t number;
        all_numbers = all_numbers && num_parse_int(text_of(&w->model->members[i]), &number);
    }
    set_pack_integers(w->e, &w->env);
    if (all_numbers)
        CHECK_INT(entry_encoding(w->e), ENCODING_INTSET);
}

static void step(struct world *w, uint64_t adds)
{
    const uint64_t what = rand_below(&w->rand, 40);
    if (what < adds)
        step_add(w);
    else if (what == 36)
        step_pop(w);
    else if (what == 37)
        step_sample(w);
    else if (what == 38)
        step_scan(w);
    else if (what == 39)
        rand_below(&w->rand, 3) ? step_copy(w) : step_pack(w);
    else
        step_remove(w);
}

static void run(struct world *w, int steps)
{
    uint64_t adds = 26;
    for (int i = 0; i < steps; i++) {
        if (i % 500 == 0)
            adds = 12 + rand_below(&w->rand, 20);
        step(w, adds);
        if (i % 16 == 0)
            check_world(w);
    }
    check_world(w);
    world_free(w);
}

TEST(small_sets_are_what_their_model_is)
{
    struct world *w = world_new(512, 128);
    run(w, 12000);
}

TEST(sets_around_the_thresholds_are_what_their_model_is)
{
    for (int i = 0; i < 12; i++) {
        struct world *w = world_new(30, 20);
        run(w, 1200);
    }
}

TEST(sets_of_integers_around_the_threshold_are_what_their_model_is)
{
    for (int i = 0; i < 12; i++) {
        struct world *w = world_new(60, 20);
        w->numbers_only = true;
        run(w, 1200);
    }
}

TEST(tables_are_what_their_model_is)
{
    struct world *w = world_new(0, 0);
    w->names = 1500;
    run(w, 12000);
}

TEST(thresholds_decide_about_the_form)
{
    struct world *w = world_new(3, 4);
    const struct {
        const char *member;
        enum value_encoding encoding;
    } steps[] = { { "1", ENCODING_INTSET },   { "2", ENCODING_INTSET },
                  { "3", ENCODING_INTSET },   { "a", ENCODING_LISTPACK },
                  { "a", ENCODING_LISTPACK }, { "b", ENCODING_SET_TABLE } };
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        (void)set_add(w->e, &w->env, slice_str(steps[i].member));
        CHECK_INT(entry_encoding(w->e), steps[i].encoding);
    }
    CHECK(set_remove(w->e, SLICE("a")));
    CHECK(set_remove(w->e, SLICE("b")));
    CHECK_INT(entry_encoding(w->e), ENCODING_SET_TABLE);
    world_free(w);
}

TEST(a_fourth_integer_or_a_long_text_makes_a_table)
{
    struct world *w = world_new(3, 128);
    static const char *const numbers[] = { "1", "2", "3", "9000000000" };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        CHECK(set_add(w->e, &w->env, slice_str(numbers[i])));
    CHECK_INT(entry_encoding(w->e), ENCODING_SET_TABLE);
    entry_free(w->e);

    char text[65];
    memset(text, 'x', sizeof(text));
    w->e = set_new_for(SLICE("key"), &w->env, SLICE("a"), 1);
    CHECK_INT(entry_encoding(w->e), ENCODING_LISTPACK);
    CHECK(set_add(w->e, &w->env, slice_of(text, 64)));
    CHECK_INT(entry_encoding(w->e), ENCODING_LISTPACK);
    CHECK(set_add(w->e, &w->env, slice_of(text, 65)));
    CHECK_INT(entry_encoding(w->e), ENCODING_SET_TABLE);
    CHECK_UINT(set_count(w->e), 3 - 1);
    world_free(w);
}

TEST(a_text_that_fills_its_block_has_no_header)
{
    for (size_t len = 0; len <= 600; len++) {
        static char text[600];
        memset(text, 'x', sizeof(text));
        const bool whole = len == 8 || len == 16 || len == 32 || len == 48 || len == 64 ||
                           len == 80 || len == 96;
        const size_t header = whole ? 0 : len < 255 ? 1 : 5;
        void *block = mem_alloc(set_member_size(len));
        struct set_member *m = set_member_write(block, slice_of(text, len));

        CHECK_UINT(set_member_size(len), len + header);
        CHECK(set_member_block(m) == block);
        CHECK_UINT(set_member_text(m).len, len);
        CHECK_MEM(set_member_text(m).ptr, text, len);
        mem_free_sized(block, set_member_size(len));
    }
}

TEST(looking_ahead_for_a_member_changes_nothing)
{
    struct world *w = world_new(3, 4);
    char text[TEXT_MAX];
    uint64_t hash = 0;

    CHECK(!entry_prefetch(w->e, SLICE("1"), &hash));
    CHECK(!entry_prefetch_element(w->e, hash, /* again= */ false));
    for (int i = 0; i < 2000; i++) {
        const struct slice member = random_member(w, text);
        CHECK_INT(set_add(w->e, &w->env, member), model_add(w->model, member));
        if (entry_prefetch(w->e, member, &hash) && entry_prefetch_element(w->e, hash, false))
            CHECK(!entry_prefetch_element(w->e, hash, true));
    }
    CHECK_PTR_NOT_NULL(set_table(w->e));
    CHECK(entry_prefetch(w->e, SLICE("none"), &hash));
    check_world(w);
    world_free(w);
}

TEST(what_is_expected_decides_about_the_form)
{
    struct world *w = world_new(3, 5);
    struct entry *e = set_new_for(SLICE("k"), &w->env, SLICE("1"), 100);
    CHECK_INT(entry_encoding(e), ENCODING_INTSET);
    set_expect(e, &w->env, 100);
    CHECK_INT(entry_encoding(e), ENCODING_INTSET);
    entry_free(e);
    e = set_new_for(SLICE("k"), &w->env, SLICE("a"), 5);
    CHECK_INT(entry_encoding(e), ENCODING_LISTPACK);
    set_expect(e, &w->env, 5);
    CHECK_INT(entry_encoding(e), ENCODING_LISTPACK);
    set_expect(e, &w->env, 6);
    CHECK_INT(entry_encoding(e), ENCODING_SET_TABLE);
    entry_free(e);
    e = set_new_for(SLICE("k"), &w->env, SLICE("a"), 6);
    CHECK_INT(entry_encoding(e), ENCODING_SET_TABLE);
    entry_free(e);
    world_free(w);
}

/* ---- several sets ---- */

#define SETS_MAX 4

struct sets {
    const struct entry *entries[SETS_MAX];
    struct model *models[SETS_MAX]; /* empty where there is none */
    size_t count;
};

/* Of any form and size; now and then one is missing, or there twice. */
static void sets_init(struct sets *s, struct world *w)
{
    static const size_t sizes[] = { 3, 25, 200, 900 };
    s->count = 1 + rand_below(&w->rand, SETS_MAX);
    for (size_t i = 0; i < s->count; i++) {
        s->models[i] = mem_zalloc(sizeof(*s->models[i]));
        s->entries[i] = NULL;
        if (rand_below(&w->rand, 20) == 0)
            continue;
        struct entry *e = set_new(SLICE("k"), ENTRY_NO_EXPIRY);
        w->numbers_only = rand_below(&w->rand, 2);
        size_t count = 1 + rand_below(&w->rand, sizes[rand_below(&w->rand, COUNT_OF(sizes))]);
        while (count-- > 0) {
            char text[TEXT_MAX];
            const struct slice member = random_member(w, text);
            CHECK_INT(set_add(e, &w->env, member), model_add(s->models[i], member));
        }
        s->entries[i] = e;
    }
}

static void sets_done(struct sets *s)
{
    for (size_t i = 0; i < s->count; i++) {
        mem_free(s->models[i]);
        if (s->entries[i])
            entry_free((struct entry *)(uintptr_t)s->entries[i]);
    }
}

enum combination { INTERSECTION, DIFFERENCE, UNION };

static void model_combine(const struct sets *s, enum combination what, struct model *ret)
{
    ret->count = 0;
    for (size_t k = 0; k < (what == UNION ? s->count : 1); k++) {
        for (size_t i = 0; i < s->models[k]->count; i++) {
            const struct slice member = text_of(&s->models[k]->members[i]);
            size_t in = 0;
            for (size_t j = 1; j < s->count; j++)
                in += model_has(s->models[j], member);
            if (what == UNION || in == (what == INTERSECTION ? s->count - 1 : 0))
                (void)model_add(ret, member);
        }
    }
}

static size_t combine(struct world *w, const struct sets *s, enum combination what, size_t limit,
                      struct model *got)
{
    const struct entry *sets[SETS_MAX]; /* their order is changed */
    memcpy(sets, s->entries, sizeof(sets));
    const set_visit visit = got ? gather : NULL;
    switch (what) {
    case INTERSECTION:
        return set_intersect(sets, s->count, limit, visit, got);
    case DIFFERENCE:
        return set_subtract(sets, s->count, &w->env, limit, visit, got);
    default:
        return set_unite(sets, s->count, &w->env, limit, visit, got);
    }
}

static struct entry *combine_new(struct world *w, const struct sets *s, enum combination what)
{
    const struct entry *sets[SETS_MAX];
    memcpy(sets, s->entries, sizeof(sets));
    switch (what) {
    case INTERSECTION:
        return set_new_intersection(SLICE("new"), sets, s->count, &w->env);
    case DIFFERENCE:
        return set_new_difference(SLICE("new"), sets, s->count, &w->env);
    default:
        return set_new_union(SLICE("new"), sets, s->count, &w->env);
    }
}

static void check_combination(struct world *w, const struct sets *s, enum combination what)
{
    struct model *want = mem_zalloc(sizeof(*want));
    struct model *got = mem_zalloc(sizeof(*got));
    model_combine(s, what, want);
    CHECK_UINT(combine(w, s, what, SIZE_MAX, got), want->count);
    check_equal(got, want);
    CHECK_UINT(combine(w, s, what, SIZE_MAX, NULL), want->count);

    const size_t limit = rand_below(&w->rand, want->count + 2);
    got->count = 0;
    CHECK_UINT(combine(w, s, what, limit, got), MIN_OF(limit, want->count));
    CHECK_UINT(got->count, MIN_OF(limit, want->count));
    for (size_t i = 0; i < got->count; i++)
        CHECK(model_has(want, text_of(&got->members[i])));

    struct entry *e = combine_new(w, s, what);
    CHECK_INT(e == NULL, want->count == 0);
    if (e) {
        check_holds(e, want);
        entry_free(e);
    }
    mem_free(want);
    mem_free(got);
}

TEST(combined_sets_are_what_their_models_say)
{
    struct world *w = world_new(100, 60);
    for (int i = 0; i < 400; i++) {
        struct sets s;
        w->names = rand_below(&w->rand, 2) ? 60 : 1000;
        sets_init(&s, w);
        check_combination(w, &s, INTERSECTION);
        check_combination(w, &s, DIFFERENCE);
        check_combination(w, &s, UNION);
        sets_done(&s);
    }
    world_free(w);
}

TEST(a_set_without_itself_is_empty_and_with_itself_the_same)
{
    struct world *w = world_new(0, 0);
    for (int i = 0; i < 50; i++)
        step_add(w);
    const struct entry *twice[] = { w->e, w->e };
    CHECK_UINT(set_subtract(twice, 2, &w->env, SIZE_MAX, NULL, NULL), 0);
    CHECK_UINT(set_unite(twice, 2, &w->env, SIZE_MAX, NULL, NULL), w->model->count);
    CHECK_UINT(set_intersect(twice, 2, SIZE_MAX, NULL, NULL), w->model->count);
    CHECK_PTR_NULL(set_new_difference(SLICE("d"), twice, 2, &w->env));
    world_free(w);
}

static void check_rises(void *arg, struct slice member)
{
    int64_t number, *last = arg;
    CHECK(num_parse_int(member, &number));
    CHECK(number > *last);
    *last = number;
}

TEST(results_of_intsets_rise)
{
    struct world *w = world_new(1000, 100);
    w->numbers_only = true;
    struct entry *other = set_new(SLICE("o"), ENTRY_NO_EXPIRY);
    for (int i = 0; i < 100; i++) {
        char text[TEXT_MAX];
        step_add(w);
        (void)set_add(other, &w->env, random_member(w, text));
    }
    const struct entry *sets[] = { w->e, other };
    int64_t last = INT64_MIN;
    CHECK(set_unite(sets, 2, &w->env, SIZE_MAX, check_rises, &last) > 10);
    last = INT64_MIN;
    CHECK(set_intersect(sets, 2, SIZE_MAX, check_rises, &last) > 10);
    last = INT64_MIN;
    CHECK(set_subtract(sets, 2, &w->env, SIZE_MAX, check_rises, &last) > 10);
    entry_free(other);
    world_free(w);
}

/* ---- by chance ---- */

static void count_digit(void *arg, struct slice member)
{
    ((size_t *)arg)[member.ptr[0] - '0']++;
}

/* Ten members, 20,000 times: 2,000 or 6,000 each, six standard deviations around. */
static void check_fair(struct world *w)
{
    size_t single[10] = { 0 }, three[10] = { 0 }, popped[10] = { 0 };
    for (int i = 0; i < 10; i++)
        (void)set_add(w->e, &w->env, slice_of(&"0123456789"[i], 1));
    for (int i = 0; i < 20000; i++) {
        char digits[NUM_INT_MAX_CHARS];
        count_digit(single, set_random(w->e, &w->rand, digits));
        set_sample(w->e, &w->env, 3, count_digit, three);
        struct entry *copy = entry_copy(w->e, SLICE("c"), ENTRY_NO_EXPIRY);
        set_pop(copy, &w->env, i % 2 ? 1 : 5, count_digit, popped);
        entry_free(copy);
    }
    for (int i = 0; i < 10; i++) {
        CHECK(single[i] > 1750 && single[i] < 2250);
        CHECK(three[i] > 5600 && three[i] < 6400);
        CHECK(popped[i] > 5600 && popped[i] < 6400);
    }
}

TEST(chance_favours_no_member)
{
    static const struct {
        int64_t intset, pack;
    } forms[] = { { 512, 128 }, { 0, 128 }, { 0, 0 } };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct world *w = world_new(forms[i].intset, forms[i].pack);
        entry_free(w->e);
        w->e = set_new_for(SLICE("k"), &w->env, i ? SLICE("a") : SLICE("1"), 10);
        check_fair(w);
        world_free(w);
    }
}

/* ---- bytes of files ---- */

TEST(listpacks_with_a_member_twice_are_refused)
{
    struct world *w = world_new(512, 128);
    struct listpack *lp = listpack_append(listpack_new(), SLICE("a"));
    lp = listpack_append(lp, SLICE("12"));
    CHECK(set_listpack_is_valid(lp, &w->env));
    lp = listpack_append_int(lp, 12);
    CHECK(!set_listpack_is_valid(lp, &w->env));
    listpack_free(lp);
    world_free(w);
}

TEST(small_forms_that_are_too_large_become_tables)
{
    struct world *w = world_new(2, 2);
    for (int count = 1; count <= 4; count++) {
        struct listpack *lp = listpack_new();
        struct intset *is = intset_new();
        for (int i = 0; i < count; i++) {
            lp = listpack_append_int(lp, i);
            is = intset_add(is, i, NULL);
        }
        struct entry *a = set_new_listpack(SLICE("k"), lp, ENTRY_NO_EXPIRY, &w->env);
        struct entry *b = set_new_intset(SLICE("k"), is, 5, &w->env);
        CHECK_INT(entry_encoding(a), count <= 2 ? ENCODING_LISTPACK : ENCODING_SET_TABLE);
        CHECK_INT(entry_encoding(b), count <= 2 ? ENCODING_INTSET : ENCODING_SET_TABLE);
        CHECK_UINT(set_count(a), count);
        CHECK_UINT(set_count(b), count);
        entry_free(a);
        entry_free(b);
    }
    world_free(w);
}
