/* Walks over the table: scan, each, iterators, random draws, draining. */
#include "ds/table_priv.h"

/* Draws before table_random counts instead. At the fullest and the emptiest that the thresholds
 * allow, a draw hits in one of 4 to 10 tries. */
#define RANDOM_TRIES_MAX 500

static uint64_t reverse_bits(uint64_t v)
{
    v = (v >> 1 & UINT64_C(0x5555555555555555)) | (v & UINT64_C(0x5555555555555555)) << 1;
    v = (v >> 2 & UINT64_C(0x3333333333333333)) | (v & UINT64_C(0x3333333333333333)) << 2;
    v = (v >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (v & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return __builtin_bswap64(v);
}

/* The cursor names hash values: those whose low bits, read in reverse, are not below it remain. A
 * bucket at level l holds all hashes that share l low bits, which are neighbours in that order,
 * whatever the other buckets' levels are. So setting the bits above l and counting up in reverse
 * steps over just this bucket; a merge since then repeats entries, but skips none. */
uint64_t table_scan(struct table *t, uint64_t cursor, table_visit visit, void *arg)
{
    const size_t number = table_address(t, cursor);
    const unsigned level = table_level_of(t, number);
    struct chain_walk walk = { .first = table_bucket(t, number) };

    table_walker_enter(t);
    for (void *entry; (entry = chain_next(&walk));)
        visit(arg, entry);
    t->walkers--;
    if (t->walkers == 0)
        table_after_walk(t, number);

    cursor |= UINT64_MAX << level;
    return reverse_bits(reverse_bits(cursor) + 1);
}

/* Asks for the entries of a bucket before they are visited. */
INLINE void prefetch_entries(const struct table *t, size_t number)
{
    if (number >= t->buckets)
        return;
    const struct bucket *b = table_bucket(t, number);
    for (unsigned used = bucket_used(b); used; used &= used - 1)
        __builtin_prefetch(bucket_entry(b, (unsigned)__builtin_ctz(used)));
}

void table_each(const struct table *t, table_visit visit, void *arg)
{
    for (size_t number = 0; number < t->buckets; number++) {
        prefetch_entries(t, number + 1);
        struct chain_walk walk = { .first = table_bucket(t, number) };
        for (void *entry; (entry = chain_next(&walk));)
            visit(arg, entry);
    }
}

void table_iter_open(struct table_iter *it, struct table *t)
{
    table_walker_enter(t);
    *it = (struct table_iter){ .table = t };
}

void *table_iter_next(struct table_iter *it)
{
    ASSERT(it->table);
    while (it->bucket < it->table->buckets) {
        struct chain_walk walk = { table_bucket(it->table, it->bucket), it->depth, it->slot };
        void *entry = chain_next(&walk);
        it->depth = walk.depth;
        it->slot = walk.slot;
        if (entry)
            return entry;
        it->bucket++;
        it->depth = it->slot = 0;
    }
    return NULL;
}

void table_iter_close(struct table_iter *it)
{
    ASSERT(it->table);
    ASSERT(it->table->walkers > 0);
    it->table->walkers--;
    if (it->table->walkers == 0)
        (void)table_settle(it->table, TABLE_STEPS_MAX);
    it->table = NULL;
}

/* Every slot of a chain has one position: bucket d of the chain has 6 * d to 6 * d + 5, the last
 * one's slot 6 the position after. NULL if no entry is there. */
static void *entry_at(struct bucket *b, uint64_t position)
{
    while (position >= BUCKET_LINK_SLOT && bucket_is_chained(b)) {
        position -= BUCKET_LINK_SLOT;
        b = bucket_link(b);
    }
    if (position > BUCKET_LINK_SLOT || !bucket_is_used(b, (unsigned)position))
        return NULL;
    return bucket_entry(b, (unsigned)position);
}

/* Slow, for a table far below its thresholds: the `rank`th entry. */
static void *entry_of_rank(const struct table *t, uint64_t rank)
{
    for (size_t number = 0; number < t->buckets; number++) {
        struct chain_walk walk = { .first = table_bucket(t, number) };
        for (void *entry; (entry = chain_next(&walk));)
            if (rank-- == 0)
                return entry;
    }
    ASSERT(false);
    return NULL;
}

/* All positions that any chain has are equally likely, and those without an entry are refused, so
 * all entries are equally likely. Also when refusals lead to the count at last. */
void *table_random(const struct table *t, struct rand *rand)
{
    if (t->count == 0)
        return NULL;
    const uint64_t positions = BUCKET_SLOTS + (uint64_t)BUCKET_LINK_SLOT * t->depth_max;
    for (unsigned tries = 0; tries < RANDOM_TRIES_MAX; tries++) {
        uint64_t drawn = rand_below(rand, positions * t->buckets);
        void *entry = entry_at(table_bucket(t, (size_t)(drawn / positions)), drawn % positions);
        if (entry)
            return entry;
    }
    return entry_of_rank(t, rand_below(rand, t->count));
}

/* From the last bucket down, so that each emptied bucket can be merged away at once. */
bool table_drain(struct table *t, size_t buckets, table_visit visit, void *arg)
{
    ASSERT(t->walkers == 0);
    for (; buckets > 0 && t->count > 0; buckets--) {
        const size_t number = t->buckets - 1;
        struct chain_walk walk = { .first = table_bucket(t, number) };
        table_walker_enter(t);
        for (void *entry; (entry = chain_next(&walk));) {
            visit(arg, entry);
            t->count--;
        }
        t->walkers--;
        table_bucket_reset(t, number);
        if (number > 0)
            table_merge_one(t);
    }
    return t->count == 0;
}
