/* What the time tree costs: nanoseconds of CPU time for an operation and bytes for an item, a million
 * items a pattern. Removals are in the order of insertion, drains from the first item on. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "ds/timetree.h"

#define ITEMS 1000000

struct bench {
    struct rand rand;
    struct timetree *tree;
    int64_t *whens;
};

static int64_t rising(struct rand *rand, int64_t i)
{
    (void)rand;
    return i;
}

static int64_t rising_with_jitter(struct rand *rand, int64_t i)
{
    return i / 10 + (int64_t)rand_below(rand, 1000);
}

static int64_t three_streams(struct rand *rand, int64_t i)
{
    (void)rand;
    return i / 20 + i % 3 * 3600000;
}

static int64_t random_hour(struct rand *rand, int64_t i)
{
    (void)i;
    return (int64_t)rand_below(rand, 3600000);
}

static int64_t random_century(struct rand *rand, int64_t i)
{
    (void)i;
    return (int64_t)rand_below(rand, 3155760000000);
}

static const struct pattern {
    const char *name;
    int64_t (*when)(struct rand *rand, int64_t i);
} patterns[] = {
    { "rising", rising },
    { "rising, a second of disorder", rising_with_jitter },
    { "three rising streams", three_streams },
    { "random in an hour", random_hour },
    { "random in a century", random_century },
};

/* Addresses as a slab allocator gives them. */
static void *item_of(size_t i)
{
    return (void *)((i + 64) * 64);
}

static double each_ns(uint64_t since, size_t count)
{
    return (double)(clock_thread_cpu_ns() - since) / (double)count;
}

static void run(struct bench *b, const struct pattern *pattern)
{
    for (size_t i = 0; i < ITEMS; i++)
        b->whens[i] = pattern->when(&b->rand, (int64_t)i);
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ITEMS; i++)
        timetree_add(b->tree, b->whens[i], item_of(i));
    double add = each_ns(start, ITEMS);
    double bytes = (double)timetree_footprint(b->tree) / ITEMS;

    start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ITEMS; i += 2)
        timetree_remove(b->tree, b->whens[i], item_of(i));
    double remove = each_ns(start, ITEMS / 2);
    double half_bytes = (double)timetree_footprint(b->tree) / (ITEMS / 2);

    start = clock_thread_cpu_ns();
    int64_t when;
    for (void *item; (item = timetree_first(b->tree, &when));)
        timetree_remove(b->tree, when, item);
    double drain = each_ns(start, ITEMS / 2);
    printf("%-30s %6.1f %6.1f %6.1f %8.2f %8.2f\n", pattern->name, add, remove, drain, bytes,
           half_bytes);
}

int main(void)
{
    struct bench b = { .tree = timetree_new(), .whens = mem_alloc(ITEMS * sizeof(int64_t)) };
    rand_seed(&b.rand, 1);
    printf("%-30s %6s %6s %6s %8s %8s\n", "times", "add", "remove", "drain", "bytes", "at half");
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        run(&b, &patterns[i]);
    timetree_free(b.tree);
    mem_free(b.whens);
    return 0;
}
