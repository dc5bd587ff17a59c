/* The time tree against a plain model, under random operations. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "ds/timetree.h"

#define ITEMS 60000

/* The model: item i + 1 is in the tree at whens[i] if in[i]. Items are addresses that nobody reads. */
struct world {
    struct timetree *tree;
    struct rand rand;
    size_t count;
    bool in[ITEMS];
    int64_t whens[ITEMS];
    uintptr_t addresses[ITEMS];
};

/* A new seed at every run, unless TARN_SEED gives one. */
static struct world *world_new(void)
{
    struct world *w = mem_zalloc(sizeof(*w));
    const char *given = getenv("TARN_SEED");
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&w->rand, seed);
    w->tree = timetree_new();
    return w;
}

static void world_free(struct world *w)
{
    timetree_free(w->tree);
    mem_free(w);
}

/* Addresses all over the 48 bits; which item one belongs to is in the low bits. */
static void *address_new(struct world *w, size_t i)
{
    w->addresses[i] = (uintptr_t)(rand_next(&w->rand) >> 16) / 65536 * 65536 + i + 1;
    return (void *)w->addresses[i];
}

static void *address_of(const struct world *w, size_t i)
{
    return (void *)w->addresses[i];
}

static void world_add(struct world *w, size_t i, int64_t when)
{
    CHECK(!w->in[i]);
    w->in[i] = true;
    w->whens[i] = when;
    w->count++;
    timetree_add(w->tree, when, address_new(w, i));
}

static void world_remove(struct world *w, size_t i)
{
    timetree_remove(w->tree, w->whens[i], address_of(w, i));
    w->in[i] = false;
    w->count--;
}

static void world_move(struct world *w, size_t i)
{
    void *old = address_of(w, i);
    timetree_move(w->tree, w->whens[i], old, address_new(w, i));
}

struct order_walk {
    const struct world *world;
    size_t seen;
    int64_t when;
    uintptr_t address;
};

static void visit_in_order(void *arg, int64_t when, void *item)
{
    struct order_walk *walk = arg;
    size_t i = (uintptr_t)item % 65536 - 1;
    CHECK(i < ITEMS);
    CHECK(walk->world->in[i]);
    CHECK_INT(walk->world->whens[i], when);
    CHECK_PTR(address_of(walk->world, i), item);
    if (walk->seen > 0)
        CHECK(walk->when < when || (walk->when == when && walk->address < (uintptr_t)item));
    walk->when = when;
    walk->address = (uintptr_t)item;
    walk->seen++;
}

/* In strict order, each as the model has it, and as many: so it is the same set. */
static void world_check(const struct world *w)
{
    struct order_walk walk = { .world = w };

    timetree_verify(w->tree);
    timetree_each(w->tree, visit_in_order, &walk);
    CHECK_UINT(walk.seen, w->count);
    CHECK_UINT(timetree_count(w->tree), w->count);
}

struct before_walk {
    struct order_walk order;
    int64_t until;
    size_t most;
};

static bool visit_before(void *arg, int64_t when, void *item)
{
    struct before_walk *walk = arg;
    CHECK(when < walk->until);
    visit_in_order(&walk->order, when, item);
    return walk->order.seen < walk->most;
}

/* What lies before a time: counted, and visited up to `most` of it. */
static void check_before(const struct world *w, int64_t until, size_t most)
{
    size_t before = 0;
    struct before_walk walk = { .order = { .world = w }, .until = until, .most = most };
    for (size_t i = 0; i < ITEMS; i++)
        before += w->in[i] && w->whens[i] < until;
    CHECK_UINT(timetree_count_before(w->tree, until), before);
    timetree_each_before(w->tree, until, visit_before, &walk);
    CHECK_UINT(walk.order.seen, MIN_OF(before, most));
}

static void check_last(const struct world *w)
{
    int64_t when, latest = INT64_MIN;
    void *got = timetree_last(w->tree, &when);
    for (size_t i = 0; i < ITEMS; i++)
        if (w->in[i] && w->whens[i] > latest)
            latest = w->whens[i];
    CHECK_INT(got != NULL, w->count > 0);
    if (got)
        CHECK_INT(when, latest);
}

static void check_first(const struct world *w)
{
    int64_t when = -1;
    void *got = timetree_first(w->tree, &when);
    size_t first = ITEMS;

    for (size_t i = 0; i < ITEMS; i++)
        if (w->in[i] && (first == ITEMS || w->whens[i] < w->whens[first] ||
                         (w->whens[i] == w->whens[first] && w->addresses[i] < w->addresses[first])))
            first = i;
    if (first == ITEMS) {
        CHECK_PTR_NULL(got);
        return;
    }
    CHECK_PTR(got, address_of(w, first));
    CHECK_INT(when, w->whens[first]);
}

/* What the times of a round look like. */
enum times { TIMES_EQUAL, TIMES_FEW, TIMES_NEAR, TIMES_DAYS, TIMES_YEARS, TIMES_ALL, TIMES_KINDS };

static int64_t random_time(struct world *w, enum times kind)
{
    static const uint64_t spans[] = { 1, 5, 100000, 86400000, 3000000000000, 0 };
    const int64_t start = 1700000000000;
    if (kind == TIMES_ALL)
        return (int64_t)rand_next(&w->rand) >> rand_below(&w->rand, 64);
    return start + (int64_t)rand_below(&w->rand, spans[kind]);
}

static void world_step(struct world *w, bool add, enum times kind)
{
    size_t i = rand_below(&w->rand, ITEMS);
    if (add && !w->in[i])
        world_add(w, i, random_time(w, kind));
    else if (add)
        world_move(w, i);
    if (add || w->count == 0)
        return;
    while (!w->in[i])
        i = (i + 1) % ITEMS;
    world_remove(w, i);
}

static void world_drift(struct world *w, size_t target, enum times kind)
{
    while (w->count != target) {
        bool add = w->count < target;
        world_step(w, rand_below(&w->rand, 10) < 8 ? add : !add, kind);
    }
}

TEST(a_new_tree_is_empty)
{
    struct world *w = world_new();
    int64_t when;

    CHECK_PTR_NULL(timetree_first(w->tree, &when));
    CHECK_UINT(timetree_count(w->tree), 0);
    CHECK(timetree_footprint(w->tree) <= 64);
    timetree_free(NULL);
    world_check(w);
    world_free(w);
}

TEST(small_trees_agree_with_the_model_after_every_step)
{
    struct world *w = world_new();

    for (int kind = 0; kind < TIMES_KINDS; kind++) {
        for (int round = 0; round < 4; round++) {
            size_t target = rand_below(&w->rand, 400);
            while (w->count != target) {
                world_step(w, w->count < target, (enum times)kind);
                world_check(w);
            }
            check_first(w);
        }
        world_drift(w, 0, (enum times)kind);
        world_check(w);
    }
    world_free(w);
}

TEST(random_operations_agree_with_the_model)
{
    static const size_t targets[] = { 100, 5000, 20, 30000, 25000, 40000, 0, 10000, 3, 0 };
    struct world *w = world_new();

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        world_drift(w, targets[i], (enum times)rand_below(&w->rand, TIMES_KINDS));
        world_check(w);
        check_first(w);
    }
    world_free(w);
}

TEST(what_lies_before_a_time_is_counted_and_visited)
{
    struct world *w = world_new();
    check_before(w, INT64_MAX, 10);
    check_last(w);
    for (size_t i = 0; i < 3000; i++)
        world_add(w, i, (int64_t)rand_below(&w->rand, 1000));
    for (int i = 0; i < 50; i++)
        check_before(w, (int64_t)rand_below(&w->rand, 1100) - 50, 1 + rand_below(&w->rand, 4000));
    check_before(w, INT64_MAX, ITEMS);
    check_before(w, INT64_MIN, ITEMS);
    for (size_t i = 0; i < 3000; i++) {
        if (i % 100 == 0)
            check_last(w);
        world_remove(w, i);
    }
    check_last(w);
    world_free(w);
}

TEST(the_first_comes_out_in_order)
{
    struct world *w = world_new();
    int64_t before = INT64_MIN;
    int64_t when;

    world_drift(w, 20000, TIMES_DAYS);
    for (void *item; (item = timetree_first(w->tree, &when)); before = when) {
        CHECK(before <= when);
        world_remove(w, (uintptr_t)item % 65536 - 1);
        if (w->count % 1000 == 0)
            world_check(w);
    }
    CHECK_UINT(w->count, 0);
    CHECK(timetree_footprint(w->tree) <= 64);
    world_free(w);
}

TEST(the_ends_of_time_are_times_like_others)
{
    static const int64_t ends[] = {
        INT64_MAX,  INT64_MIN,           0, -1, 1, INT64_MAX - 1, INT64_MIN + 1,
        UINT32_MAX, -(int64_t)UINT32_MAX
    };
    struct world *w = world_new();
    const size_t n = sizeof(ends) / sizeof(ends[0]);

    for (size_t i = 0; i < 40 * n; i++) {
        world_add(w, i, ends[i % n]);
        world_check(w);
    }
    check_first(w);
    for (size_t i = 0; i < 40 * n; i++) {
        world_remove(w, i);
        world_check(w);
    }
    world_free(w);
}

TEST(clear_drops_all)
{
    struct world *w = world_new();

    world_drift(w, 5000, TIMES_NEAR);
    timetree_clear(w->tree);
    CHECK_UINT(timetree_count(w->tree), 0);
    CHECK(timetree_footprint(w->tree) <= 64);
    timetree_verify(w->tree);
    timetree_add(w->tree, 1, (void *)(uintptr_t)1);
    CHECK_UINT(timetree_count(w->tree), 1);
    world_free(w);
}

/* Bytes an item after `count` times, given by a step and the number of streams that take turns. */
static double bytes_of_streams(size_t count, int64_t step, unsigned streams)
{
    struct timetree *t = timetree_new();
    for (size_t i = 0; i < count; i++) {
        int64_t stream = (int64_t)(i % streams) * 3600000;
        timetree_add(t, stream + step * (int64_t)i, (void *)(i + 1));
    }
    timetree_verify(t);
    double bytes = (double)timetree_footprint(t) / (double)count;
    timetree_free(t);
    return bytes;
}

#ifndef TARN_STRESS /* whose leaves are small */

static double bytes_of_random(size_t count)
{
    struct rand rand;
    struct timetree *t = timetree_new();
    rand_seed(&rand, 1);
    for (size_t i = 0; i < count; i++)
        timetree_add(t, (int64_t)rand_below(&rand, 86400000), (void *)(i + 1));
    timetree_verify(t);
    double bytes = (double)timetree_footprint(t) / (double)count;
    timetree_free(t);
    return bytes;
}

TEST(rising_times_take_11_bytes_an_item_and_random_ones_less_than_13)
{
    CHECK(bytes_of_streams(50000, 1, 1) < 11);
    CHECK(bytes_of_streams(50000, 0, 1) < 11);
    CHECK(bytes_of_streams(50000, -1, 1) < 11);
    CHECK(bytes_of_streams(50000, 1, 3) < 11.5);
    CHECK(bytes_of_random(50000) < 13);
}

TEST(removal_in_any_order_gives_the_bytes_back)
{
    struct world *w = world_new();

    world_drift(w, 40000, TIMES_DAYS);
    for (size_t target = 20000; target > 20; target /= 2) {
        world_drift(w, target, TIMES_DAYS);
        CHECK(timetree_footprint(w->tree) < 2048 + 18 * target);
    }
    world_free(w);
}

#endif

TEST(times_out_of_each_others_reach_take_less_than_150_bytes_an_item)
{
    CHECK(bytes_of_streams(20000, (int64_t)1 << 33, 1) < 150);
}

TEST(removal_of_what_is_not_in_aborts)
{
    struct world *w = world_new();

    CHECK_ABORTS(timetree_remove(w->tree, 5, (void *)(uintptr_t)1));
    world_add(w, 0, 5);
    CHECK_ABORTS(timetree_remove(w->tree, 6, address_of(w, 0)));
    CHECK_ABORTS(timetree_remove(w->tree, 5, (char *)address_of(w, 0) + 1));
    CHECK_ABORTS(timetree_add(w->tree, 5, address_of(w, 0)));
    CHECK_ABORTS(timetree_add(w->tree, 5, NULL));
    world_free(w);
}
