/* What the table says about itself: footprint, statistics, and the check of all invariants. */
#include "ds/table_priv.h"

#include <string.h>

#include "base/mem.h"

static unsigned chain_count(const struct bucket *b, size_t *overflows);
static void verify_chain(const struct table *t, size_t number);
static void verify_entry(const struct table *t, size_t number, struct slot_value value);
static void verify_shape(const struct table *t);

size_t table_footprint(const struct table *t)
{
    size_t bytes = mem_size_class(sizeof(*t));
    bytes += t->large_count * mem_size_class(sizeof(struct bucket));
    bytes += t->small_count * mem_size_class(SMALL_BYTES);
    if (t->segment_count == 1)
        return bytes + mem_block_size(t->only);
    bytes += t->segment_count * SEGMENT_BUCKETS * sizeof(struct bucket);
    return bytes + mem_size_class(t->directory_capacity * sizeof(t->segments[0]));
}

void table_stats_read(const struct table *t, struct table_stats *ret_stats)
{
    ASSERT(ret_stats);
    struct table_stats stats = {
        .entries = t->count,
        .buckets = t->buckets,
        .overflow_buckets = t->small_count + t->large_count,
        .segments = t->segment_count,
        .level = (unsigned)__builtin_ctzll((t->mask >> 1) + 1),
    };
    for (size_t number = 0; number < t->buckets; number++) {
        size_t overflows = 0;
        unsigned entries = chain_count(table_bucket(t, number), &overflows);
        stats.chain_max = MAX_OF(stats.chain_max, (size_t)entries);
        stats.histogram[MIN_OF((size_t)entries, COUNT_OF(stats.histogram) - 1)]++;
    }
    *ret_stats = stats;
}

void table_verify(const struct table *t)
{
    verify_shape(t);
    size_t entries = 0;
    size_t overflows = 0;
    for (size_t number = 0; number < t->buckets; number++) {
        size_t before = overflows;
        entries += chain_count(table_bucket(t, number), &overflows);
        ASSERT(overflows - before <= t->depth_max);
        verify_chain(t, number);
    }
    ASSERT(entries == t->count);
    ASSERT(overflows == t->small_count + t->large_count);
}

/* Adds the number of overflow buckets to *overflows. */
static unsigned chain_count(const struct bucket *b, size_t *overflows)
{
    unsigned entries = (unsigned)__builtin_popcount(bucket_used(b));
    while (bucket_is_chained(b)) {
        b = bucket_link(b);
        entries += (unsigned)__builtin_popcount(bucket_used(b));
        ++*overflows;
    }
    return entries;
}

static void verify_shape(const struct table *t)
{
    ASSERT(t->buckets >= 1);
    ASSERT((t->mask & (t->mask + 1)) == 0);
    ASSERT(t->buckets <= t->mask);
    ASSERT(t->buckets > t->mask >> 1);
    ASSERT(t->segment_count == (t->buckets - 1) / SEGMENT_BUCKETS + 1);
    ASSERT((t->segment_count == 1) == (t->segments == &t->only));
    ASSERT(t->segments[0] == t->only);
    ASSERT(t->segment_count == 1 || t->only_capacity == SEGMENT_BUCKETS);
    ASSERT(t->segment_count == 1 || t->segment_count <= t->directory_capacity);
    ASSERT(t->buckets <= t->only_capacity || t->segment_count > 1);
}

static void verify_chain(const struct table *t, size_t number)
{
    const struct bucket *b = table_bucket(t, number);
    bool small = false;
    /* Plain pointers make odd buckets. */
    ASSERT(sizeof(*b) % BUCKET_ALIGN != 0 || (uintptr_t)b % BUCKET_ALIGN == 0);
    for (;; b = bucket_link(b)) {
        ASSERT(!(bucket_is_chained(b) && bucket_is_used(b, BUCKET_LINK_SLOT)));
        ASSERT(!small || (bucket_used(b) & ~SMALL_FULL) == 0);
        for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
            if (bucket_is_used(b, slot))
                verify_entry(t, number, bucket_get(b, slot));
        if (!bucket_is_chained(b))
            return;
        ASSERT(!small);
        small = bucket_links_small(b);
    }
}

static void verify_entry(const struct table *t, size_t number, struct slot_value value)
{
    ASSERT(value.entry);
    struct slice key = t->type->key(value.entry);
    uint64_t hash = table_hash(t, key);
    unsigned from = table_level_of(t, number) > TABLE_REBASE_LEVEL ? TABLE_REBASE_LEVEL
                                                                   : STORED_FIRST;
    ASSERT(table_address(t, hash) == number);
    ASSERT(value.tag == hash >> 56);
    ASSERT(from == table_stored_from(t, hash));
    ASSERT(value.stored == (uint16_t)(hash >> from));
    ASSERT(table_find(t, hash, key) == value.entry);
}
