/* The ordered tree under a stream of operations, against a sorted array.
 *
 * An operation is three bytes: what to do, an order, and a tie. */
#include "tests/unit/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "ds/btree.h"

#define ITEMS_MAX 4096

struct item {
    uint64_t order;
    uint64_t tie;
};

static int compare(const void *probe, const void *item)
{
    const uint64_t tie = *(const uint64_t *)probe;
    const uint64_t other = ((const struct item *)item)->tie;
    return tie < other ? -1 : tie > other;
}

static const struct btree_type type = { .compare = compare };

struct world {
    struct btree tree;
    size_t count;
    struct item *items[ITEMS_MAX];
};

/* Few orders, so that ties matter, and the ends of all. */
static uint64_t order_of(uint8_t byte)
{
    if (byte == 255)
        return UINT64_MAX;
    return byte % 2 ? byte / 16 : (uint64_t)byte << 40;
}

static size_t rank_of(const struct world *w, uint64_t order, uint64_t tie)
{
    size_t rank = 0;
    while (rank < w->count && (w->items[rank]->order < order ||
                               (w->items[rank]->order == order && w->items[rank]->tie < tie)))
        rank++;
    return rank;
}

static bool is_at(const struct world *w, size_t rank, uint64_t order, uint64_t tie)
{
    return rank < w->count && w->items[rank]->order == order && w->items[rank]->tie == tie;
}

static void add(struct world *w, uint64_t order, uint64_t tie)
{
    const size_t rank = rank_of(w, order, tie);
    const struct btree_key key = { order, &tie };
    ASSERT(btree_rank(&w->tree, key) == rank);
    if (is_at(w, rank, order, tie) || w->count == ITEMS_MAX)
        return;
    struct item *item = mem_alloc(sizeof(*item));
    *item = (struct item){ order, tie };
    memmove(w->items + rank + 1, w->items + rank, (w->count - rank) * sizeof(w->items[0]));
    w->items[rank] = item;
    w->count++;
    btree_insert(&w->tree, key, item);
}

static void add_one(struct world *w, uint8_t order, uint8_t tie)
{
    add(w, order_of(order), tie);
}

static void add_many(struct world *w, uint8_t order, uint8_t tie)
{
    for (unsigned i = 0; i < 40; i++)
        add(w, order_of(order) + i / 4, tie * 4 + i);
}

static void drop(void *arg, uint64_t order, void *item)
{
    struct world *w = arg;
    const struct item *gone = item;
    const size_t rank = rank_of(w, order, gone->tie);
    ASSERT(w->items[rank] == gone);
    mem_free(item);
    w->count--;
    memmove(w->items + rank, w->items + rank + 1, (w->count - rank) * sizeof(w->items[0]));
}

static void take(struct world *w, uint8_t order_byte, uint8_t tie_byte)
{
    const uint64_t order = order_of(order_byte);
    const uint64_t tie = tie_byte;
    const size_t rank = rank_of(w, order, tie);
    struct item *item = btree_take(&w->tree, (struct btree_key){ order, &tie });
    ASSERT(!item == !is_at(w, rank, order, tie));
    if (item)
        drop(w, order, item);
}

static void take_range(struct world *w, uint8_t order, uint8_t tie)
{
    const size_t rank = w->count * order / 256;
    (void)btree_delete_range(&w->tree, rank, tie % 64, drop, w);
}

static void replace(struct world *w, uint8_t order, uint8_t tie)
{
    if (w->count == 0)
        return;
    const size_t rank = (w->count - 1) * order / 255;
    struct item *old = w->items[rank];
    struct item *item = mem_alloc(sizeof(*item));
    *item = *old;
    btree_replace(&w->tree, (struct btree_key){ old->order, &old->tie }, item);
    w->items[rank] = item;
    mem_free(old);
    (void)tie;
}

static void seek(struct world *w, uint8_t order_byte, uint8_t tie_byte)
{
    const uint64_t order = order_of(order_byte);
    const uint64_t tie = tie_byte;
    size_t rank = rank_of(w, order, tie);
    struct btree_cursor c;
    void *item = btree_seek(&w->tree, (struct btree_key){ order, &tie }, &c);
    for (unsigned i = 0; i < 50; i++, rank += tie % 2 ? 1 : SIZE_MAX) {
        ASSERT(item == (rank < w->count ? w->items[rank] : NULL));
        if (!item && i > 0)
            break;
        item = tie % 2 ? btree_next(&c) : btree_prev(&c);
    }
}

static void visit(void *arg, uint64_t order, void *item)
{
    struct world *w = arg;
    ASSERT(w->items[w->count] == item);
    ASSERT(w->items[w->count]->order == order);
    w->count++;
}

static void check(struct world *w, uint8_t order, uint8_t tie)
{
    (void)order;
    (void)tie;
    const size_t count = w->count;
    btree_verify(&w->tree);
    w->count = 0;
    btree_each(&w->tree, visit, w);
    ASSERT(w->count == count);
    ASSERT(btree_count(&w->tree) == count);
}

static void (*const operations[])(struct world *w, uint8_t order, uint8_t tie) = {
    add_one, add_many, add_many, take, take_range, replace, seek, check,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *w = mem_zalloc(sizeof(*w));
    btree_init(&w->tree, &type);
    for (size_t i = 0; i + 2 < len; i += 3)
        operations[data[i] % COUNT_OF(operations)](w, data[i + 1], data[i + 2]);
    check(w, 0, 0);
    btree_done(&w->tree);
    for (size_t i = 0; i < w->count; i++)
        mem_free(w->items[i]);
    mem_free(w);
    return 0;
}
