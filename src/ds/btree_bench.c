/* What the ordered tree costs: nanoseconds of CPU time for an operation and bytes for an item, a million
 * items a pattern; with the items' own memory touched where orders are equal. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "ds/btree.h"

#define ITEMS 1000000

struct item {
    uint64_t order, tie;
};

struct bench {
    struct rand rand;
    struct btree tree;
    struct item *items;
};

static int compare(const void *probe, const void *item)
{
    const uint64_t a = *(const uint64_t *)probe;
    const uint64_t b = ((const struct item *)item)->tie;
    return a < b ? -1 : a > b;
}

static const struct btree_type type = { .compare = compare };

static uint64_t rising(struct rand *rand, uint64_t i)
{
    (void)rand;
    return i;
}

static uint64_t any(struct rand *rand, uint64_t i)
{
    (void)i;
    return rand_next(rand);
}

static uint64_t one_of_thousand(struct rand *rand, uint64_t i)
{
    (void)i;
    return rand_below(rand, 1000);
}

static uint64_t equal(struct rand *rand, uint64_t i)
{
    (void)rand;
    (void)i;
    return 0;
}

static const struct pattern {
    const char *name;
    uint64_t (*order)(struct rand *rand, uint64_t i);
} patterns[] = {
    { "rising", rising },
    { "random", any },
    { "random, a thousand orders", one_of_thousand },
    { "all of one order", equal },
};

static double each_ns(uint64_t since, size_t count)
{
    return (double)(clock_thread_cpu_ns() - since) / (double)count;
}

static struct btree_key key_of(const struct item *item)
{
    return (struct btree_key){ item->order, &item->tie };
}

static void run(struct bench *b, const struct pattern *pattern)
{
    for (size_t i = 0; i < ITEMS; i++)
        b->items[i] = (struct item){ pattern->order(&b->rand, i), rand_next(&b->rand) };
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ITEMS; i++)
        btree_insert(&b->tree, key_of(&b->items[i]), &b->items[i]);
    const double add = each_ns(start, ITEMS);
    const double bytes = (double)btree_footprint(&b->tree) / ITEMS;

    size_t sum = 0;
    start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ITEMS; i++)
        sum += btree_rank(&b->tree, key_of(&b->items[rand_below(&b->rand, ITEMS)]));
    const double rank = each_ns(start, ITEMS);

    struct btree_cursor c;
    start = clock_thread_cpu_ns();
    for (void *item = btree_at(&b->tree, 0, &c); item; item = btree_next(&c))
        sum += ((struct item *)item)->tie;
    const double walk = each_ns(start, ITEMS);

    start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ITEMS; i++)
        sum += btree_take(&b->tree, key_of(&b->items[i])) != NULL;
    const double take = each_ns(start, ITEMS);
    printf("%-28s %7.1f %7.1f %7.1f %7.1f %8.2f   (%zu)\n", pattern->name, add, rank, walk, take,
           bytes, sum % 10);
}

int main(void)
{
    struct bench b = { .items = mem_alloc(ITEMS * sizeof(struct item)) };
    rand_seed(&b.rand, 1);
    btree_init(&b.tree, &type);
    printf("%-28s %7s %7s %7s %7s %8s\n", "orders", "insert", "rank", "walk", "take", "bytes");
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        run(&b, &patterns[i]);
    btree_done(&b.tree);
    mem_free(b.items);
    return 0;
}
