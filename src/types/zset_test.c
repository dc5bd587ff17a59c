/* Sorted sets against a sorted array, under random operations, in both forms. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "types/zset.h"
#include "types/zset_priv.h"

#define MEMBERS_MAX 4000
#define TEXT_MAX 400

struct model_member {
    double score;
    size_t len;
    char text[TEXT_MAX];
};

struct world {
    struct rand rand;
    struct hash_key hash_key;
    struct type_env env;
    struct entry *e;
    size_t count;
    uint64_t names, scores; /* how many different ones are used */
    struct model_member members[MEMBERS_MAX];
};

static struct world *world_new(int64_t small_entries)
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
                                .zset_listpack_entries = small_entries,
                                .zset_listpack_value = 64 };
    w->names = 150;
    w->scores = 40;
    w->e = zset_new(SLICE("key"), ENTRY_NO_EXPIRY);
    return w;
}

static void world_free(struct world *w)
{
    entry_free(w->e);
    mem_free(w);
}

static struct slice model_text(const struct world *w, size_t at)
{
    return slice_of(w->members[at].text, w->members[at].len);
}

static size_t model_find(const struct world *w, struct slice member)
{
    size_t at = 0;
    while (at < w->count && !slice_eq(model_text(w, at), member))
        at++;
    return at;
}

static void model_remove(struct world *w, size_t at)
{
    w->count--;
    memmove(w->members + at, w->members + at + 1, (w->count - at) * sizeof(w->members[0]));
}

static void model_insert(struct world *w, struct slice member, double score)
{
    size_t at = 0;
    while (at < w->count &&
           (w->members[at].score < score ||
            (w->members[at].score == score && slice_cmp(model_text(w, at), member) < 0)))
        at++;
    memmove(w->members + at + 1, w->members + at, (w->count - at) * sizeof(w->members[0]));
    w->members[at].score = score;
    w->members[at].len = member.len;
    memcpy(w->members[at].text, member.ptr, member.len);
    w->count++;
}

/* Numbers, texts, the empty one, long ones; few enough to meet again. */
static struct slice random_member(struct world *w, char *text, bool with_long)
{
    const uint64_t i = rand_below(&w->rand, w->names);
    if (i == 0)
        return slice_of(text, 0);
    int len = snprintf(text, TEXT_MAX, i % 3 ? "member-%llu" : "%llu", (unsigned long long)i);
    if (with_long && i % 17 == 0) {
        memset(text + len, 'x', 330);
        len += 330;
    }
    return slice_of(text, (size_t)len);
}

static double random_score(struct world *w)
{
    static const double special[] = { 0.0, INFINITY, -INFINITY, 1e300, 4e18, 1e19, 0.1, -2.5 };
    if (rand_below(&w->rand, 6) == 0)
        return special[rand_below(&w->rand, COUNT_OF(special))];
    return (double)(int64_t)rand_below(&w->rand, w->scores) - 20;
}

static void step_add(struct world *w, unsigned flags)
{
    char text[TEXT_MAX];
    const struct slice member = random_member(w, text, /* with_long= */ flags == 0);
    const struct zset_element what = { member, random_score(w) };
    const size_t at = model_find(w, member);
    const double old = at < w->count ? w->members[at].score : 0;
    const double sum = flags & ZSET_INCREMENT ? old + what.score : what.score;
    enum zset_outcome want = at == w->count ? ZSET_ADDED : sum == old ? ZSET_SAME : ZSET_CHANGED;
    if (at == w->count ? flags & ZSET_IF_PRESENT : flags & ZSET_IF_ABSENT)
        want = ZSET_REFUSED;
    else if (at < w->count && isnan(sum))
        want = ZSET_NAN;
    else if (at < w->count &&
             ((flags & ZSET_IF_GREATER && sum <= old) || (flags & ZSET_IF_LESS && sum >= old)))
        want = ZSET_REFUSED;
    if (w->count == MEMBERS_MAX && want == ZSET_ADDED)
        return;

    double got = -77;
    CHECK_INT(zset_add(w->e, &w->env, flags, &what, &got), want);
    CHECK_DOUBLE(got, want >= ZSET_SAME ? sum : -77);
    if (want == ZSET_CHANGED)
        model_remove(w, at);
    if (want >= ZSET_CHANGED)
        model_insert(w, member, sum);
}

static void step_remove(struct world *w)
{
    char text[TEXT_MAX];
    const struct slice member = random_member(w, text, /* with_long= */ true);
    const size_t at = model_find(w, member);
    CHECK_INT(zset_remove(w->e, member), at < w->count);
    if (at < w->count)
        model_remove(w, at);
}

static void step_delete_span(struct world *w)
{
    const size_t first = rand_below(&w->rand, w->count + 1);
    const size_t count = rand_below(&w->rand, MIN_OF(w->count - first, (size_t)9) + 1);
    zset_delete_span(w->e, (struct zset_span){ first, count });
    for (size_t i = 0; i < count; i++)
        model_remove(w, first);
}

static void check_span_of_scores(struct world *w)
{
    const struct zset_score_range range = {
        .min = random_score(w),
        .max = random_score(w),
        .min_open = rand_below(&w->rand, 2),
        .max_open = rand_below(&w->rand, 2),
    };
    const struct zset_span span = zset_span_of_scores(w->e, &range);
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (!zset_score_in(&range, w->members[i].score))
            continue;
        if (count++ == 0)
            CHECK_UINT(span.first, i);
    }
    CHECK_UINT(span.count, count);
}

static void check_walk(struct world *w, bool down)
{
    struct zset_walk walk;
    struct zset_element element;
    size_t at = down ? w->count - 1 : 0;
    size_t seen = 0;
    if (w->count == 0)
        return;
    zset_walk_open(&walk, w->e, at, down);
    for (; zset_walk_next(&walk, &element); at += down ? SIZE_MAX : 1, seen++) {
        CHECK_DOUBLE(element.score, w->members[at].score);
        CHECK(slice_eq(element.member, model_text(w, at)));
    }
    CHECK_UINT(seen, w->count);
}

static void check_all(struct world *w)
{
    CHECK_UINT(zset_count(w->e), w->count);
    check_walk(w, false);
    check_walk(w, true);
    for (size_t i = 0; i < w->count; i++) {
        size_t rank;
        double score;
        CHECK(zset_rank(w->e, model_text(w, i), &rank, &score));
        CHECK_UINT(rank, i);
        CHECK_DOUBLE(score, w->members[i].score);
        CHECK(zset_score(w->e, model_text(w, i), &score));
        CHECK_DOUBLE(score, w->members[i].score);
    }
    const struct zset *z = zset_tree(w->e);
    if (z) {
        btree_verify(&z->tree);
        table_verify(z->table);
        CHECK_UINT(table_count(z->table), w->count);
    } else {
        CHECK(zset_listpack_is_valid(zset_listpack(w->e), &w->env));
    }
}

static void check_copy(struct world *w)
{
    struct entry *mine = w->e;
    w->e = entry_copy(mine, SLICE("copy"), ENTRY_NO_EXPIRY);
    check_all(w);
    CHECK(entry_footprint(w->e) > 0);
    entry_free(w->e);
    w->e = mine;
}

static void run(struct world *w, int steps)
{
    static const unsigned flags[] = {
        0,
        0,
        ZSET_IF_ABSENT,
        ZSET_IF_PRESENT,
        ZSET_IF_GREATER,
        ZSET_IF_LESS,
        ZSET_INCREMENT,
        ZSET_INCREMENT | ZSET_IF_PRESENT | ZSET_IF_LESS,
    };
    for (int i = 0; i < steps; i++) {
        const uint64_t what = rand_below(&w->rand, 12);
        if (what < 8)
            step_add(w, flags[what]);
        else if (what < 11)
            step_remove(w);
        else if (rand_below(&w->rand, 8) == 0)
            step_delete_span(w);
        check_span_of_scores(w);
        if (i % 16 == 0)
            check_all(w);
    }
    check_all(w);
    check_copy(w);
}

TEST(listpacks_agree_with_the_model)
{
    struct world *w = world_new(1000);
    w->env.zset_listpack_value = 1000;
    run(w, 4000);
    CHECK_PTR_NOT_NULL(zset_listpack(w->e));
    world_free(w);
}

TEST(trees_agree_with_the_model)
{
    struct world *w = world_new(0);
    w->names = 3000;
    run(w, 4000);
    CHECK_PTR_NULL(zset_listpack(w->e));
    world_free(w);
}

TEST(listpacks_become_trees_at_their_limits)
{
    struct world *w = world_new(3);
    const double scores[] = { 3, 1, 2, 0 };
    char name[] = "a";
    double got;

    for (size_t i = 0; i < COUNT_OF(scores); i++) {
        name[0] = (char)('a' + i);
        const struct zset_element what = { slice_str(name), scores[i] };
        CHECK_PTR_NOT_NULL(zset_listpack(w->e));
        CHECK_INT(zset_add(w->e, &w->env, 0, &what, &got), ZSET_ADDED);
        model_insert(w, what.member, what.score);
    }
    CHECK_PTR_NULL(zset_listpack(w->e));
    CHECK_STR(entry_encoding_name(w->e), "skiplist");
    CHECK_UINT(entry_free_effort(w->e), 4);
    check_all(w);
    world_free(w);
}

TEST(a_long_member_makes_a_tree)
{
    struct world *w = world_new(100);
    char text[65];
    double got;
    memset(text, 'x', sizeof(text));

    struct zset_element what = { slice_of(text, 64), 1 };
    CHECK_INT(zset_add(w->e, &w->env, 0, &what, &got), ZSET_ADDED);
    CHECK_PTR_NOT_NULL(zset_listpack(w->e));
    what.member.len = 65;
    CHECK_INT(zset_add(w->e, &w->env, ZSET_IF_PRESENT, &what, &got), ZSET_REFUSED);
    CHECK_PTR_NOT_NULL(zset_listpack(w->e));
    CHECK_INT(zset_add(w->e, &w->env, 0, &what, &got), ZSET_ADDED);
    CHECK_PTR_NULL(zset_listpack(w->e));
    world_free(w);
}

/* a to e, all with score 1. */
static void add_letters(struct world *w)
{
    double got;
    for (char c = 'a'; c <= 'e'; c++) {
        const struct zset_element what = { slice_of(&c, 1), 1 };
        CHECK_INT(zset_add(w->e, &w->env, 0, &what, &got), ZSET_ADDED);
    }
}

TEST(ranges_of_members_are_spans)
{
    static const struct {
        struct zset_lex_range range;
        size_t first, count;
    } cases[] = {
        { { { LEX_LOWEST, { "", 0 } }, { LEX_HIGHEST, { "", 0 } } }, 0, 5 },
        { { { LEX_CLOSED, { "b", 1 } }, { LEX_CLOSED, { "d", 1 } } }, 1, 3 },
        { { { LEX_OPEN, { "b", 1 } }, { LEX_OPEN, { "d", 1 } } }, 2, 1 },
        { { { LEX_OPEN, { "b", 1 } }, { LEX_OPEN, { "b", 1 } } }, 0, 0 },
        { { { LEX_CLOSED, { "bb", 2 } }, { LEX_HIGHEST, { "", 0 } } }, 2, 3 },
        { { { LEX_LOWEST, { "", 0 } }, { LEX_CLOSED, { "", 0 } } }, 0, 0 },
        { { { LEX_HIGHEST, { "", 0 } }, { LEX_LOWEST, { "", 0 } } }, 0, 0 },
        { { { LEX_LOWEST, { "", 0 } }, { LEX_LOWEST, { "", 0 } } }, 0, 0 },
        { { { LEX_CLOSED, { "d", 1 } }, { LEX_CLOSED, { "b", 1 } } }, 0, 0 },
    };
    for (int64_t small = 0; small <= 100; small += 100) {
        struct world *w = world_new(small);
        add_letters(w);
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            const struct zset_span span = zset_span_of_lex(w->e, &cases[i].range);
            CHECK_UINT(span.count, cases[i].count);
            if (span.count)
                CHECK_UINT(span.first, cases[i].first);
        }
        world_free(w);
    }
}

TEST(a_build_takes_the_form_that_its_size_asks_for)
{
    for (size_t count = 1; count < 200; count += 7) {
        struct world *w = world_new(60);
        struct zset_build b;
        zset_build_init(&b, &w->env);
        w->names = 100000;
        for (size_t i = 0; i < count; i++) {
            char text[TEXT_MAX];
            const struct slice member = random_member(w, text, false);
            bool is_new;
            double *score = zset_build_at(&b, member, &is_new);
            CHECK_INT(is_new, model_find(w, member) == w->count);
            if (!is_new)
                continue;
            *score = random_score(w);
            model_insert(w, member, *score);
        }
        entry_free(w->e);
        w->e = zset_build_finish(&b, SLICE("built"), ENTRY_NO_EXPIRY);
        CHECK_INT(zset_listpack(w->e) != NULL, w->count <= 60);
        check_all(w);
        world_free(w);
    }
}

static void count_visit(void *arg, const struct zset_element *element)
{
    struct world *w = arg;
    const size_t at = model_find(w, element->member);
    CHECK(at < w->count);
    CHECK_DOUBLE(element->score, w->members[at].score);
    w->names++;
}

TEST(scans_see_all)
{
    for (int64_t small = 0; small <= 1000; small += 1000) {
        struct world *w = world_new(small);
        run(w, 500);
        w->names = 0;
        uint64_t cursor = 0;
        do
            cursor = zset_scan(w->e, cursor, count_visit, w);
        while (cursor);
        CHECK_UINT(w->names, w->count);
        world_free(w);
    }
}

/* A listpack of the given texts. */
static bool is_valid(const char *const *texts)
{
    const struct hash_key hash_key = { 1, 2 };
    const struct type_env env = { .hash_key = &hash_key };
    struct listpack *lp = listpack_new();
    for (; *texts; texts++)
        lp = listpack_append(lp, slice_str(*texts));
    const bool valid = zset_listpack_is_valid(lp, &env);
    listpack_free(lp);
    return valid;
}

TEST(listpacks_from_outside_are_pairs_in_order)
{
    CHECK(is_valid((const char *const[]){ "a", "1", "b", "1", "7", "1.5", "c", "inf", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "1", "b", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "x", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "nan", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "2", "b", "1", NULL }));
    CHECK(!is_valid((const char *const[]){ "b", "1", "a", "1", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "1", "a", "1", NULL }));
    CHECK(!is_valid((const char *const[]){ "a", "1", "a", "2", NULL }));
}

TEST(both_zeros_are_one_score)
{
    struct world *w = world_new(0);
    double got;
    CHECK_INT(zset_add(w->e, &w->env, 0, &(struct zset_element){ SLICE("b"), -0.0 }, &got),
              ZSET_ADDED);
    CHECK_INT(zset_add(w->e, &w->env, 0, &(struct zset_element){ SLICE("a"), 0.0 }, &got),
              ZSET_ADDED);
    CHECK_INT(zset_add(w->e, &w->env, 0, &(struct zset_element){ SLICE("b"), 0.0 }, &got),
              ZSET_SAME);
    size_t rank;
    CHECK(zset_rank(w->e, SLICE("b"), &rank, &got));
    CHECK_UINT(rank, 1);
    CHECK_DOUBLE(got, -0.0);
    world_free(w);
}
