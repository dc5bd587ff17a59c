/* The table under a stream of operations, against a set of ids.
 *
 * An operation is two bytes: what to do, and with which of 256 ids; bursts reach 4096 ids. */
#include "tests/unit/fuzz.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "ds/table.h"

#define IDS 4096

struct item {
    uint64_t id;
};

struct world {
    struct table *table;
    struct rand rand;
    struct table_iter iter;
    bool iterates;
    uint64_t cursor; /* of a scan under way */
    size_t count;
    struct item *items[IDS];
    bool seen[IDS]; /* by the iterator */
    bool due[IDS];  /* the scan has to return it */
};

typedef void (*operation)(struct world *w, size_t id);

static const struct hash_key fuzz_hash_key = { 3, 5 };

static struct slice item_key(const void *entry)
{
    return slice_of(&((const struct item *)entry)->id, sizeof(uint64_t));
}

static const struct table_type item_type = { .key = item_key };

static uint64_t hash_of(const struct world *w, uint64_t id)
{
    return table_hash(w->table, slice_of(&id, sizeof(id)));
}

static void insert(struct world *w, size_t id)
{
    if (w->items[id])
        return;
    w->items[id] = mem_alloc(sizeof(struct item));
    w->items[id]->id = id;
    w->count++;
    table_insert(w->table, hash_of(w, id), w->items[id]);
}

static void take(struct world *w, size_t id)
{
    uint64_t key = id;
    struct item *item = table_take(w->table, hash_of(w, id), slice_of(&key, sizeof(key)));
    ASSERT(item == w->items[id]);
    if (!item)
        return;
    w->items[id] = NULL;
    w->due[id] = false;
    w->seen[id] = false; /* if it comes back, it may be seen again */
    w->count--;
    mem_free(item);
}

static void replace(struct world *w, size_t id)
{
    if (!w->items[id])
        return;
    struct item *item = mem_alloc(sizeof(*item));
    item->id = id;
    table_replace(w->table, hash_of(w, id), w->items[id], item);
    mem_free(w->items[id]);
    w->items[id] = item;
}

static void find(struct world *w, size_t id)
{
    uint64_t key = id;
    table_prefetch_bucket(w->table, hash_of(w, id));
    if (table_prefetch_entry(w->table, hash_of(w, id), false))
        (void)table_prefetch_entry(w->table, hash_of(w, id), true);
    ASSERT(table_find(w->table, hash_of(w, id), slice_of(&key, sizeof(key))) == w->items[id]);
}

static void insert_many(struct world *w, size_t id)
{
    for (size_t i = 0; i < 16; i++)
        insert(w, (id * 16 + i) % IDS);
}

static void take_many(struct world *w, size_t id)
{
    for (size_t i = 0; i < 16; i++)
        take(w, (id * 16 + i) % IDS);
}

static void draw(struct world *w, size_t id)
{
    (void)id;
    struct item *item = table_random(w->table, &w->rand);
    ASSERT(item ? item == w->items[item->id] : w->count == 0);
}

static void hold(struct world *w, size_t id)
{
    table_hold(w->table, id % 2 == 0);
}

static void settle(struct world *w, size_t id)
{
    (void)table_settle(w->table, id);
}

static void visit_scan(void *arg, void *entry)
{
    struct world *w = arg;
    struct item *item = entry;
    w->due[item->id] = false;
    if (item->id % 7 == 3)
        take(w, item->id);
}

/* A step of a scan that goes on while other operations change the table. */
static void scan(struct world *w, size_t id)
{
    (void)id;
    if (w->cursor == 0)
        for (size_t i = 0; i < IDS; i++)
            w->due[i] = w->items[i] != NULL;
    w->cursor = table_scan(w->table, w->cursor, visit_scan, w);
    for (size_t i = 0; i < IDS && w->cursor == 0; i++)
        ASSERT(!w->due[i]);
}

static void visit_count(void *arg, void *entry)
{
    (void)entry;
    ++*(size_t *)arg;
}

static void each(struct world *w, size_t id)
{
    (void)id;
    size_t visits = 0;
    table_each(w->table, visit_count, &visits);
    ASSERT(visits == w->count);
    table_verify(w->table);
}

static void iter_close(struct world *w)
{
    if (w->iterates)
        table_iter_close(&w->iter);
    w->iterates = false;
}

/* Opens an iterator, or reads from the open one. */
static void iterate(struct world *w, size_t id)
{
    if (!w->iterates) {
        table_iter_open(&w->iter, w->table);
        memset(w->seen, 0, sizeof(w->seen));
        w->iterates = true;
    }
    for (size_t i = 0; i <= id; i++) {
        struct item *item = table_iter_next(&w->iter);
        if (!item) {
            iter_close(w);
            return;
        }
        ASSERT(w->items[item->id] == item);
        ASSERT(!w->seen[item->id]);
        w->seen[item->id] = true;
    }
}

static void visit_drained(void *arg, void *entry)
{
    struct world *w = arg;
    struct item *item = entry;
    ASSERT(w->items[item->id] == item);
    w->items[item->id] = NULL;
    w->due[item->id] = false;
    w->count--;
    mem_free(item);
}

static void drain(struct world *w, size_t id)
{
    iter_close(w);
    (void)table_drain(w->table, id, visit_drained, w);
}

static void reserve(struct world *w, size_t id)
{
    iter_close(w);
    table_reserve(w->table, id * 16);
}

static const operation operations[] = {
    insert, insert, take, replace, find, insert_many, take_many, draw,
    hold,   settle, scan, scan,    each, iterate,     drain,     reserve,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *w = mem_zalloc(sizeof(*w));
    w->table = table_new(&item_type, &fuzz_hash_key);
    rand_seed(&w->rand, len);
    for (size_t i = 0; i + 1 < len; i += 2) {
        operations[data[i] % COUNT_OF(operations)](w, data[i + 1]);
        ASSERT(table_count(w->table) == w->count);
    }
    iter_close(w);
    table_verify(w->table);
    table_free(w->table);
    for (size_t id = 0; id < IDS; id++)
        mem_free(w->items[id]);
    mem_free(w);
    return 0;
}
