#include "client/tracked.h"

#include "base/assert.h"
#include "base/mem.h"

#define ID_BYTES ((size_t)6)

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "an id's low bytes come first");

static struct slice name_of(const void *entry)
{
    const struct tracked_key *k = entry;
    return slice_of(k->bytes, k->name_len);
}

static const struct table_type key_table = { .key = name_of };

void tracked_init(struct tracked *t, const struct hash_key *hash_key)
{
    *t = (struct tracked){ .hash_key = hash_key };
}

void tracked_done(struct tracked *t)
{
    tracked_drop(t);
    while (tracked_free_some(t, SIZE_MAX))
        continue;
}

size_t tracked_count(const struct tracked *t)
{
    return t->keys ? table_count(t->keys) : 0;
}

/* ---- readers ---- */

static char *place(struct tracked_key *k, uint32_t i)
{
    return k->bytes + k->name_len + i * ID_BYTES;
}

uint64_t tracked_reader(const struct tracked_key *k, uint32_t i)
{
    uint64_t id = 0;
    memcpy(&id, k->bytes + k->name_len + i * ID_BYTES, ID_BYTES);
    return id;
}

/* Where the id is, or belongs. */
static uint32_t search(const struct tracked_key *k, uint64_t id)
{
    uint32_t low = 0, high = k->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tracked_reader(k, middle) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t size_of(uint32_t name_len, uint32_t count)
{
    return sizeof(struct tracked_key) + name_len + count * ID_BYTES;
}

static void insert(struct tracked_key *k, uint32_t at, uint64_t id)
{
    memmove(place(k, at + 1), place(k, at), (k->count - at) * ID_BYTES);
    memcpy(place(k, at), &id, ID_BYTES);
    k->count++;
}

static void add_key(struct tracked *t, struct key key, uint64_t id)
{
    ASSERT(key.name.len <= UINT32_MAX);
    struct tracked_key *k = mem_alloc(mem_size_class(size_of((uint32_t)key.name.len, 1)));
    *k = (struct tracked_key){ .name_len = (uint32_t)key.name.len };
    if (key.name.len)
        memcpy(k->bytes, key.name.ptr, key.name.len);
    insert(k, 0, id);
    table_insert(t->keys, key.hash, k);
}

/* The key with room for one more; its block may have moved. */
static struct tracked_key *make_room(struct tracked *t, uint64_t hash, struct tracked_key *k)
{
    size_t needed = size_of(k->name_len, k->count + 1);
    if (needed <= mem_size_class(size_of(k->name_len, k->count)))
        return k;
    struct tracked_key *moved = mem_alloc(mem_size_class(needed));
    memcpy(moved, k, size_of(k->name_len, k->count));
    table_replace(t->keys, hash, k, moved);
    mem_free(k);
    return moved;
}

void tracked_add(struct tracked *t, struct key key, uint64_t id)
{
    ASSERT(id <= TRACKED_ID_MAX);
    if (UNLIKELY(!t->keys))
        t->keys = table_new(&key_table, t->hash_key);
    struct tracked_key *k = table_find(t->keys, key.hash, key.name);
    if (!k) {
        add_key(t, key, id);
        t->items++;
        return;
    }
    uint32_t at = search(k, id);
    if (at < k->count && tracked_reader(k, at) == id)
        return;
    insert(make_room(t, key.hash, k), at, id);
    t->items++;
}

struct tracked_key *tracked_take(struct tracked *t, struct key key)
{
    struct tracked_key *k = t->keys ? table_take(t->keys, key.hash, key.name) : NULL;
    if (k)
        t->items -= k->count;
    return k;
}

struct key tracked_random(const struct tracked *t, struct rand *rand)
{
    const void *entry = table_random(t->keys, rand);
    ASSERT(entry);
    struct slice name = name_of(entry);
    return (struct key){ name, table_hash(t->keys, name) };
}

/* ---- forgetting ---- */

static void free_key(void *arg UNUSED, void *entry)
{
    mem_free(entry);
}

void tracked_drop(struct tracked *t)
{
    while (tracked_free_some(t, SIZE_MAX)) /* seldom: what was dropped last is there still */
        continue;
    t->old = t->keys;
    t->keys = NULL;
    t->items = 0;
}

bool tracked_free_some(struct tracked *t, size_t buckets)
{
    if (!t->old)
        return false;
    if (!table_drain(t->old, buckets, free_key, NULL))
        return true;
    table_free(t->old);
    t->old = NULL;
    return false;
}

static void verify_key(void *arg, void *entry)
{
    const struct tracked_key *k = entry;
    ASSERT(k->count > 0);
    for (uint32_t i = 1; i < k->count; i++)
        ASSERT(tracked_reader(k, i - 1) < tracked_reader(k, i));
    *(size_t *)arg += k->count;
}

void tracked_verify(const struct tracked *t)
{
    size_t items = 0;
    if (t->keys) {
        table_verify(t->keys);
        table_each(t->keys, verify_key, &items);
    }
    ASSERT(items == t->items);
}
