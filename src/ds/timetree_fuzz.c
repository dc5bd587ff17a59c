/* The time tree under a stream of operations, against an array.
 *
 * An operation is three bytes: what to do, with which of 256 items, and at which time. */
#include "tests/unit/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "ds/timetree.h"

#define ITEMS 4096

struct item {
    bool in;
    int64_t when;
    uintptr_t address; /* the index is in the low 16 bits */
};

struct world {
    struct timetree *tree;
    size_t count;
    struct item items[ITEMS];
};

/* Near, equal, and out of each other's reach. */
static int64_t time_of(uint8_t byte)
{
    static const int64_t steps[] = {
        0, 1, 1000, INT64_C(1) << 31, INT64_C(1) << 33, INT64_MAX / 64
    };
    return (int64_t)(byte % 64 - 32) * steps[byte % COUNT_OF(steps)];
}

static void *address_new(struct item *item, size_t i, uint8_t byte)
{
    item->address = (uintptr_t)byte << 40 | (uintptr_t)(i + 1);
    return (void *)item->address;
}

static void add(struct world *w, size_t i, uint8_t byte)
{
    struct item *item = &w->items[i];
    if (item->in)
        return;
    item->in = true;
    item->when = time_of(byte);
    w->count++;
    timetree_add(w->tree, item->when, address_new(item, i, byte));
}

static void drop(struct world *w, size_t i, uint8_t byte)
{
    (void)byte;
    struct item *item = &w->items[i];
    if (!item->in)
        return;
    item->in = false;
    w->count--;
    timetree_remove(w->tree, item->when, (void *)item->address);
}

static void move(struct world *w, size_t i, uint8_t byte)
{
    struct item *item = &w->items[i];
    if (!item->in)
        return;
    void *old = (void *)item->address;
    timetree_move(w->tree, item->when, old, address_new(item, i, byte));
}

/* Rising times. */
static void add_many(struct world *w, size_t i, uint8_t byte)
{
    for (size_t n = 0; n < 16; n++) {
        struct item *item = &w->items[(i * 16 + n) % ITEMS];
        if (item->in)
            continue;
        item->in = true;
        item->when = time_of(byte) / 2 + (int64_t)n;
        w->count++;
        timetree_add(w->tree, item->when, address_new(item, (i * 16 + n) % ITEMS, 0));
    }
}

static void drop_many(struct world *w, size_t i, uint8_t byte)
{
    for (size_t n = 0; n < 16; n++)
        drop(w, (i * 16 + n) % ITEMS, byte);
}

static void drop_first(struct world *w, size_t i, uint8_t byte)
{
    (void)i;
    for (unsigned n = 0; n <= byte % 16; n++) {
        int64_t when;
        void *first = timetree_first(w->tree, &when);
        ASSERT(!first == (w->count == 0));
        if (!first)
            return;
        size_t index = ((uintptr_t)first & 0xffff) - 1;
        ASSERT(w->items[index].address == (uintptr_t)first);
        ASSERT(w->items[index].when == when);
        drop(w, index, byte);
    }
}

static void visit(void *arg, int64_t when, void *item)
{
    struct world *w = arg;
    size_t index = ((uintptr_t)item & 0xffff) - 1;
    ASSERT(w->items[index].in);
    ASSERT(w->items[index].when == when);
    ASSERT(w->items[index].address == (uintptr_t)item);
    w->count--;
}

static void check(struct world *w, size_t i, uint8_t byte)
{
    (void)i;
    (void)byte;
    size_t count = w->count;
    timetree_verify(w->tree); /* strictly ordered, so none is visited twice */
    timetree_each(w->tree, visit, w);
    ASSERT(w->count == 0);
    w->count = count;
    ASSERT(timetree_count(w->tree) == count);
}

static void (*const operations[])(struct world *w, size_t i, uint8_t byte) = {
    add, add_many, add_many, drop, drop_many, move, drop_first, check,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *w = mem_zalloc(sizeof(*w));
    w->tree = timetree_new();
    for (size_t i = 0; i + 2 < len; i += 3)
        operations[data[i] % COUNT_OF(operations)](w, data[i + 1], data[i + 2]);
    check(w, 0, 0);
    timetree_free(w->tree);
    mem_free(w);
    return 0;
}
