/* The table: life, look-up, insertion and removal. Growth is in table_grow.c, walks are in
 * table_scan.c, checks in table_check.c. */
#include "ds/table_priv.h"

#include "base/mem.h"

#define BYTES_LOW UINT64_C(0x0001010101010101) /* the seven tags, not the byte of bits */
#define BYTES_HIGH UINT64_C(0x0080808080808080)

/* What is looked for in a chain. */
struct probe {
    struct bucket *first;
    uint64_t tags; /* the tag in each of seven bytes */
    uint16_t stored;
};

/* Where something was found. */
struct place {
    struct bucket *first; /* of the chain */
    struct bucket *at;    /* NULL: nowhere */
    unsigned slot;
};

static struct probe probe_of(const struct table *t, uint64_t hash);
static struct place place_of_key(const struct table *t, uint64_t hash, struct slice key);
static struct place place_of_entry(const struct table *t, uint64_t hash, const void *entry);
static void place_clear(struct table *t, struct place place);

struct table *table_new(const struct table_type *type, const struct hash_key *hash_key)
{
    ASSERT(type);
    ASSERT(hash_key);
    struct table *t = mem_alloc(sizeof(*t));
    *t = (struct table){ .type = type, .hash_key = hash_key };
    table_segments_init(t);
    table_thresholds_update(t);
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    ASSERT(t->walkers == 0);
    table_segments_done(t);
    mem_free(t);
}

uint64_t table_hash(const struct table *t, struct slice key)
{
    return hash_bytes(t->hash_key, key);
}

const struct hash_key *table_hash_key(const struct table *t)
{
    return t->hash_key;
}

size_t table_count(const struct table *t)
{
    return t->count;
}

size_t table_buckets(const struct table *t)
{
    return t->buckets;
}

void table_prefetch_bucket(const struct table *t, uint64_t hash)
{
    __builtin_prefetch(table_bucket(t, table_address(t, hash)));
}

/* One bit for each slot whose tag is the one looked for, at 8 * slot + 7. A subtraction may borrow
 * into the byte above a match, so a bit above the first may be wrong: callers compare more. */
INLINE uint64_t bucket_matches(const struct bucket *b, uint64_t tags)
{
    uint64_t differ = b->head ^ tags;
    return (differ - BYTES_LOW) & ~differ & BYTES_HIGH;
}

/* Use comes first: a small bucket has no memory for slots that its head cannot say are used. */
INLINE bool slot_agrees(const struct bucket *b, unsigned slot, const struct probe *probe)
{
    return bucket_is_used(b, slot) && bucket_stored(b, slot) == probe->stored;
}

#define FOR_EACH_MATCH(slot, b, tags)                                                          \
    for (uint64_t matches_ = bucket_matches(b, tags); matches_ != 0; matches_ &= matches_ - 1) \
        for (unsigned slot = (unsigned)__builtin_ctzll(matches_) / 8, once_ = 1; once_; once_ = 0)

bool table_prefetch_entry(const struct table *t, uint64_t hash, bool again)
{
    struct probe probe = probe_of(t, hash);
    const struct bucket *b = probe.first;
    if (again) {
        if (!bucket_is_chained(b))
            return false; /* no longer: it was split meanwhile */
        b = bucket_link(b);
    }
    FOR_EACH_MATCH(slot, b, probe.tags)
    if (slot_agrees(b, slot, &probe)) {
        __builtin_prefetch(bucket_entry(b, slot));
        return false;
    }
    if (again || !bucket_is_chained(b))
        return false;
    __builtin_prefetch(bucket_link(b));
    return true;
}

void *table_find(const struct table *t, uint64_t hash, struct slice key)
{
    struct place place = place_of_key(t, hash, key);
    return place.at ? bucket_entry(place.at, place.slot) : NULL;
}

void table_insert(struct table *t, uint64_t hash, void *entry)
{
    ASSERT(entry);
    ASSERT(((uintptr_t)entry & ~POINTER_MASK) == 0);
    ASSERT_DEBUG(!table_find(t, hash, t->type->key(entry)));

    size_t number = table_address(t, hash);
    struct chain_end end = { .at = table_bucket(t, number) };
    chain_add(t, &end,
              (struct slot_value){ entry, (uint8_t)(hash >> 56),
                                   (uint16_t)(hash >> table_stored_from(t, number)) });
    t->count++;
    table_after_insert(t);
}

void table_replace(struct table *t, uint64_t hash, void *old_entry, void *new_entry)
{
    ASSERT(new_entry);
    ASSERT(((uintptr_t)new_entry & ~POINTER_MASK) == 0);
    struct place place = place_of_entry(t, hash, old_entry);
    ASSERT(place.at);
    bucket_set_slot(place.at, place.slot, new_entry, bucket_stored(place.at, place.slot));
}

void table_remove(struct table *t, uint64_t hash, void *entry)
{
    struct place place = place_of_entry(t, hash, entry);
    ASSERT(place.at);
    place_clear(t, place);
}

void *table_take(struct table *t, uint64_t hash, struct slice key)
{
    struct place place = place_of_key(t, hash, key);
    if (!place.at)
        return NULL;
    void *entry = bucket_entry(place.at, place.slot);
    place_clear(t, place);
    return entry;
}

INLINE struct probe probe_of(const struct table *t, uint64_t hash)
{
    return (struct probe){
        .first = table_bucket(t, table_address(t, hash)),
        .tags = (hash >> 56) * BYTES_LOW,
        .stored = (uint16_t)(hash >> table_stored_from(t, hash)),
    };
}

INLINE struct place place_of_key(const struct table *t, uint64_t hash, struct slice key)
{
    struct probe probe = probe_of(t, hash);
    struct bucket *b = probe.first;
    for (;;) {
        FOR_EACH_MATCH(slot, b, probe.tags)
        {
            if (!slot_agrees(b, slot, &probe))
                continue;
            if (slice_eq(t->type->key(bucket_entry(b, slot)), key))
                return (struct place){ probe.first, b, slot };
        }
        if (LIKELY(!bucket_is_chained(b)))
            return (struct place){ .at = NULL };
        b = bucket_link(b);
    }
}

/* The key need not be read: an entry is known by its address. */
static struct place place_of_entry(const struct table *t, uint64_t hash, const void *entry)
{
    struct probe probe = probe_of(t, hash);
    struct bucket *b = probe.first;
    for (;;) {
        FOR_EACH_MATCH(slot, b, probe.tags)
        if (bucket_is_used(b, slot) && bucket_entry(b, slot) == entry)
            return (struct place){ probe.first, b, slot };
        if (!bucket_is_chained(b))
            return (struct place){ .at = NULL };
        b = bucket_link(b);
    }
}

static void place_clear(struct table *t, struct place place)
{
    ASSERT(t->count > 0);
    bucket_clear_slot(place.at, place.slot);
    t->count--;
    if (bucket_is_chained(place.first) && t->walkers == 0)
        chain_tighten(t, place.first);
    table_after_remove(t);
}
