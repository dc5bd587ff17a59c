/* The ordered tree against a sorted array, under random operations. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "ds/btree.h"

#define ITEMS_MAX 40000

struct item {
    uint64_t order, tie;
};

/* Between two ties: twice the tie, and one more or less. */
struct bound {
    uint64_t twice;
};

static int compare(const void *probe, const void *item)
{
    const struct bound *b = probe;
    const uint64_t twice = ((const struct item *)item)->tie * 2;
    return b->twice < twice ? -1 : b->twice > twice;
}

static const struct btree_type type = { .compare = compare };

/* The model: the items of the tree in their order. */
struct world {
    struct btree tree;
    struct rand rand;
    uint64_t orders; /* how many different ones */
    size_t count;
    struct item *items[ITEMS_MAX];
};

/* A new seed at every run, unless TARN_SEED gives one. */
static struct world *world_new(uint64_t orders)
{
    struct world *w = mem_zalloc(sizeof(*w));
    const char *given = getenv("TARN_SEED");
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&w->rand, seed);
    w->orders = orders;
    btree_init(&w->tree, &type);
    return w;
}

static void world_free(struct world *w)
{
    btree_done(&w->tree);
    for (size_t i = 0; i < w->count; i++)
        mem_free(w->items[i]);
    mem_free(w);
}

/* How many items of the model are below an order and twice a tie. */
static size_t model_rank(const struct world *w, uint64_t order, uint64_t twice)
{
    size_t low = 0;
    for (size_t n = w->count; n > 0;) {
        const struct item *i = w->items[low + n / 2];
        bool below = i->order < order || (i->order == order && i->tie * 2 < twice);
        low = below ? low + n / 2 + 1 : low;
        n = below ? n - n / 2 - 1 : n / 2;
    }
    return low;
}

static void world_add(struct world *w, uint64_t order, uint64_t tie)
{
    const struct bound bound = { tie * 2 };
    const struct btree_key key = { order, &bound };
    const size_t at = model_rank(w, order, bound.twice);

    if (at < w->count && w->items[at]->order == order && w->items[at]->tie == tie) {
        CHECK_PTR(btree_find(&w->tree, key), w->items[at]);
        return;
    }
    CHECK_PTR_NULL(btree_find(&w->tree, key));
    CHECK_PTR_NULL(btree_take(&w->tree, key));
    struct item *item = mem_alloc(sizeof(*item));
    *item = (struct item){ order, tie };
    memmove(w->items + at + 1, w->items + at, (w->count - at) * sizeof(w->items[0]));
    w->items[at] = item;
    w->count++;
    btree_insert(&w->tree, key, item);
    CHECK_UINT(btree_rank(&w->tree, key), at);
}

static void model_drop(struct world *w, size_t at)
{
    mem_free(w->items[at]);
    w->count--;
    memmove(w->items + at, w->items + at + 1, (w->count - at) * sizeof(w->items[0]));
}

static void world_remove(struct world *w, size_t at)
{
    struct item *item = w->items[at];
    const struct bound bound = { item->tie * 2 };
    CHECK_PTR(btree_take(&w->tree, (struct btree_key){ item->order, &bound }), item);
    model_drop(w, at);
}

/* The item is at another address, and the old one must never be read again. */
static void world_replace(struct world *w, size_t at)
{
    struct item *old = w->items[at];
    struct item *item = mem_alloc(sizeof(*item));
    const struct bound bound = { old->tie * 2 };
    *item = *old;
    btree_replace(&w->tree, (struct btree_key){ old->order, &bound }, item);
    w->items[at] = item;
    mem_free(old);
}

struct deletion {
    struct world *world;
    size_t at;
};

static void visit_deleted(void *arg, uint64_t order, void *item)
{
    struct deletion *d = arg;
    CHECK_PTR(d->world->items[d->at], item);
    CHECK_UINT(((struct item *)item)->order, order);
    model_drop(d->world, d->at);
}

static void world_delete_range(struct world *w, size_t at, size_t count)
{
    struct deletion d = { w, at };
    const size_t before = w->count;
    const size_t want = at >= before ? 0 : count < before - at ? count : before - at;
    CHECK_UINT(btree_delete_range(&w->tree, at, count, visit_deleted, &d), want);
    CHECK_UINT(w->count, before - want);
}

static void visit_in_order(void *arg, uint64_t order, void *item)
{
    struct deletion *d = arg;
    CHECK_PTR(d->world->items[d->at], item);
    CHECK_UINT(d->world->items[d->at]->order, order);
    d->at++;
}

static void world_check(struct world *w)
{
    struct deletion walk = { w, 0 };
    struct btree_cursor c;

    btree_verify(&w->tree);
    CHECK_UINT(btree_count(&w->tree), w->count);
    btree_each(&w->tree, visit_in_order, &walk);
    CHECK_UINT(walk.at, w->count);

    size_t i = 0;
    for (void *item = btree_at(&w->tree, 0, &c); item; item = btree_next(&c))
        CHECK_PTR(item, w->items[i++]);
    CHECK_UINT(i, w->count);
    while (btree_prev(&c))
        CHECK_PTR(c.item, w->items[--i]);
    CHECK_UINT(i, 0);
    if (w->count > 0)
        CHECK_PTR(btree_next(&c), w->items[0]);
}

/* Ranks, seeks and walks in both ways from any place. */
static void world_probe(struct world *w)
{
    const uint64_t order = rand_below(&w->rand, w->orders + 2);
    const struct bound bound = { rand_below(&w->rand, ITEMS_MAX) };
    const bool bare = rand_below(&w->rand, 4) == 0;
    const struct btree_key key = { order, bare ? NULL : &bound };
    const size_t rank = model_rank(w, order, bare ? 0 : bound.twice);
    struct btree_cursor c;

    CHECK_UINT(btree_rank(&w->tree, key), rank);
    void *item = btree_seek(&w->tree, key, &c);
    CHECK_PTR(item, rank < w->count ? w->items[rank] : NULL);
    if (item)
        CHECK_UINT(c.order, w->items[rank]->order);
    bool forward = rand_below(&w->rand, 2) != 0;
    for (size_t i = 1; i < 20; i++) {
        item = forward ? btree_next(&c) : btree_prev(&c);
        const size_t at = forward ? rank + i : rank - i;
        CHECK_PTR(item, at < w->count ? w->items[at] : NULL);
    }
    const size_t at = rand_below(&w->rand, w->count + 2);
    CHECK_PTR(btree_at(&w->tree, at, &c), at < w->count ? w->items[at] : NULL);
    CHECK_PTR(btree_prev(&c),
              at > 0 && w->count > 0 ? w->items[(at < w->count ? at : w->count) - 1] : NULL);
}

static void world_step(struct world *w, bool add)
{
    if (add && w->count < ITEMS_MAX)
        world_add(w, rand_below(&w->rand, w->orders), rand_below(&w->rand, ITEMS_MAX / 2));
    else if (w->count > 0)
        world_remove(w, rand_below(&w->rand, w->count));
    if (w->count > 0 && rand_below(&w->rand, 3) == 0)
        world_replace(w, rand_below(&w->rand, w->count));
    world_probe(w);
}

static void world_drift(struct world *w, size_t target)
{
    while (w->count < target)
        world_step(w, rand_below(&w->rand, 10) < 8);
    while (w->count > target)
        world_step(w, rand_below(&w->rand, 10) < 2);
}

TEST(a_new_tree_is_empty)
{
    struct world *w = world_new(1);

    world_check(w);
    world_probe(w);
    CHECK_UINT(btree_footprint(&w->tree), 0);
    CHECK_UINT(btree_delete_range(&w->tree, 0, 5, visit_deleted, NULL), 0);
    world_free(w);
}

TEST(small_trees_agree_with_the_model_after_every_step)
{
    static const uint64_t orders[] = { 1, 3, 50, 1000000 };

    for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
        struct world *w = world_new(orders[k]);
        for (int round = 0; round < 5; round++) {
            size_t target = rand_below(&w->rand, 250);
            while (w->count != target) {
                world_step(w, w->count < target);
                world_check(w);
            }
        }
        world_free(w);
    }
}

TEST(random_operations_agree_with_the_model)
{
    static const uint64_t orders[] = { 1, 7, 20000, 1000000 };
    static const size_t targets[] = { 100, 3000, 20, 12000, 9000, 0, 4000, 3, 0 };

    for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
        struct world *w = world_new(orders[k]);
        for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
            world_drift(w, targets[i]);
            world_check(w);
        }
        world_free(w);
    }
}

TEST(ranges_go_out_in_order)
{
    struct world *w = world_new(500);

    for (int round = 0; round < 30; round++) {
        world_drift(w, 3000);
        while (w->count > 0) {
            size_t at = rand_below(&w->rand, w->count + 1);
            size_t span = rand_below(&w->rand, 5) ? w->count / 8 + 1 : 3;
            world_delete_range(w, at, rand_below(&w->rand, span) + (w->count < 50));
            world_check(w);
            for (int i = 0; i < 3; i++)
                world_probe(w);
        }
    }
    CHECK_UINT(btree_footprint(&w->tree), 0);
    world_free(w);
}

TEST(the_ends_of_the_order_are_orders_like_others)
{
    struct world *w = world_new(2);
    struct btree_cursor c;

    for (uint64_t i = 0; i < 300; i++) {
        world_add(w, i % 2 ? UINT64_MAX : 0, i);
        world_check(w);
    }
    CHECK_UINT(btree_rank(&w->tree, (struct btree_key){ UINT64_MAX, NULL }), 150);
    CHECK_PTR(btree_seek(&w->tree, (struct btree_key){ UINT64_MAX, NULL }, &c), w->items[150]);
    CHECK_PTR(btree_prev(&c), w->items[149]);
    world_free(w);
}

TEST(what_is_not_in_cannot_be_replaced)
{
    struct world *w = world_new(1);
    const struct bound bound = { 4 };

    world_add(w, 0, 1);
    CHECK_ABORTS(btree_replace(&w->tree, (struct btree_key){ 0, &bound }, w->items[0]));
    CHECK_ABORTS(btree_insert(&w->tree, (struct btree_key){ 0, &bound }, NULL));
    world_free(w);
}

#if !defined(TARN_STRESS) && !defined(TABLE_PLAIN_POINTERS) /* which have other leaves */

/* Bytes an item when `count` orders are added, each `step` behind the one before; 0: random. */
static double bytes_of(size_t count, uint64_t step)
{
    struct btree t;
    struct rand rand;
    rand_seed(&rand, 1);
    btree_init(&t, &type);
    for (size_t i = 0; i < count; i++) {
        uint64_t order = step ? (uint64_t)1 << 40 : rand_next(&rand);
        btree_insert(&t, (struct btree_key){ order + step * i, NULL }, (void *)(i + 1));
    }
    btree_verify(&t);
    double bytes = (double)btree_footprint(&t) / (double)count;
    btree_done(&t);
    return bytes;
}

TEST(rising_orders_take_15_bytes_an_item_and_random_ones_less_than_18)
{
    CHECK(bytes_of(50000, 1) < 15);
    CHECK(bytes_of(50000, UINT64_MAX) < 15.5); /* falling */
    CHECK(bytes_of(50000, 0) < 18);
    CHECK(bytes_of(1, 1) == 32);
}

TEST(removal_in_any_order_gives_the_bytes_back)
{
    struct world *w = world_new(1000000);

    world_drift(w, 10000);
    for (size_t target = 8000; target > 20; target /= 2) {
        world_drift(w, target);
        CHECK(btree_footprint(&w->tree) < 2048 + 25 * target);
    }
    world_free(w);
}

#endif
