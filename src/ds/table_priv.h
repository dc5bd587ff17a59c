/* The table's inside: buckets and chains, shared by table.c, table_grow.c, table_scan.c and
 * table_check.c.
 *
 * A bucket is one cache line:
 *
 *     head     8 bytes: tags of slots 0 to 6 in bytes 0 to 6 (bits 56 to 63 of each hash); in byte 7
 *              bit i says that slot i holds an entry, bit 7 that slot 6 is the link instead
 *     slots    7 words: bits 0 to 47 the entry, bits 48 to 63 the stored bits of its hash
 *
 * An overflow bucket looks the same, or is a small one: the first half of a bucket, with three slots, never
 * chained, because most overflows are of two or three entries. Bit 0 of the link says so.
 *
 * A full bucket is chained to an overflow bucket, whose address takes the place of slot 6; the
 * entry that stood there moves to the new last bucket. A walk reads slot 6 last and ends when it has,
 * so it meets each entry once also when the chain grows under it: what moves was still to come, or
 * the walk has left the chain.
 *
 * The stored bits are hash bits 8 to 23 in a bucket whose level is at most TABLE_REBASE_LEVEL, above it the
 * 16 from TABLE_REBASE_LEVEL on; the bucket's number has those in between. A level is the number
 * of hash bits that address the bucket.
 *
 * TABLE_PLAIN_POINTERS builds keep the stored bits beside the pointers, so that a leak checker sees
 * whole pointers; nothing else differs. */
#ifndef DS_TABLE_PRIV_H
#define DS_TABLE_PRIV_H

#include "ds/table.h"

#include "base/assert.h"
#include "base/macros.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tags are found by the bytes of a word");

/* Entries a bucket, in halves: above SPLIT a bucket is split, below MERGE one is merged
 * (README.md has the measurements); DENSE is SPLIT of a dense table, HOLD while a child saves. */
#ifndef TABLE_SPLIT_HALVES
#define TABLE_SPLIT_HALVES 11
#endif
#define TABLE_DENSE_HALVES 13
#define TABLE_MERGE_HALVES 4
#define TABLE_HOLD_HALVES 20
/* Splits or merges that one insertion or removal catches up with. */
#define TABLE_STEPS_MAX 2

#define BUCKET_SLOTS 7
#define BUCKET_LINK_SLOT 6
#define BUCKET_FULL 0x7fU
#define BUCKET_FULL_BELOW_LINK 0x3fU
#define SMALL_SLOTS 3
#define SMALL_FULL 0x7U
#define LINK_SMALL ((uintptr_t)1)

#define SEGMENT_BITS 9
#define SEGMENT_BUCKETS ((size_t)1 << SEGMENT_BITS)

#define STORED_BITS 16
#define STORED_FIRST 8
/* Tests lower it, to get there with fewer entries. */
#ifndef TABLE_REBASE_LEVEL
#define TABLE_REBASE_LEVEL 24
#endif
static_assert(TABLE_REBASE_LEVEL > STORED_FIRST, "the first stored bit is needed below");
static_assert(TABLE_REBASE_LEVEL <= STORED_FIRST + STORED_BITS, "no bit may be lost in between");
/* Nothing addresses more buckets than this: 2^40 of them are 64 TiB. */
#define TABLE_LEVEL_MAX (TABLE_REBASE_LEVEL + STORED_BITS)

#define POINTER_BITS 48
#define POINTER_MASK (((uint64_t)1 << POINTER_BITS) - 1)

#ifdef TABLE_PLAIN_POINTERS
struct slot {
    void *ptr;
    uint16_t stored;
};
#else
struct slot {
    uint64_t word;
};
#endif

struct bucket {
    uint64_t head;
    struct slot slots[BUCKET_SLOTS];
};

#define BUCKET_ALIGN 64
#define SMALL_BYTES offsetof(struct bucket, slots[SMALL_SLOTS])

#ifndef TABLE_PLAIN_POINTERS
static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");
static_assert(SMALL_BYTES == 32, "a small overflow bucket is half of one");
#endif

/* `buckets` and `mask` go together: 2^L <= buckets < 2^(L+1) == mask + 1. */
struct table {
    size_t buckets;
    size_t mask;
    struct bucket **segments; /* &only while one segment is enough */
    const struct table_type *type;
    const struct hash_key *hash_key;
    size_t count;
    size_t split_above; /* count that asks for a split */
    size_t merge_below; /* count that asks for a merge */
    struct bucket *only;
    uint32_t segment_count, directory_capacity;
    uint32_t only_capacity; /* buckets that fit in a lone segment: 1, 2, 4 ... SEGMENT_BUCKETS */
    uint32_t small_count, large_count; /* overflow buckets */
    uint16_t depth_max; /* no chain has, or had since the table was empty, more overflow buckets */
    uint8_t walkers;    /* open iterators and running callbacks: no split, no merge, no unlinking */
    bool hold;
};

/* One stands in every hash and set that is not small: the allocator's class of 96 bytes. */
static_assert(sizeof(struct table) <= 96, "a table is small");

INLINE void table_walker_enter(struct table *t)
{
    ASSERT(t->walkers < UINT8_MAX);
    t->walkers++;
}

/* What an entry's hash leaves in its slot. */
struct slot_value {
    void *entry;
    uint8_t tag;
    uint16_t stored;
};

/* Where a chain is being filled. */
struct chain_end {
    struct bucket *at;
    struct bucket *before; /* whose link leads to `at`; NULL at the chain's first bucket */
    unsigned depth;        /* overflow buckets before and including `at` */
};

/* Where a chain is being read. It holds no address but the first, as a full small bucket is replaced
 * by a whole one. */
struct chain_walk {
    struct bucket *first;
    unsigned depth, slot;
};

INLINE unsigned bucket_used(const struct bucket *b)
{
    return (unsigned)(b->head >> 56) & BUCKET_FULL;
}

INLINE bool bucket_is_used(const struct bucket *b, unsigned slot)
{
    return b->head >> (56 + slot) & 1;
}

INLINE bool bucket_is_chained(const struct bucket *b)
{
    return (int64_t)b->head < 0;
}

INLINE uint8_t bucket_tag(const struct bucket *b, unsigned slot)
{
    return (uint8_t)(b->head >> (8 * slot));
}

INLINE void *slot_pointer(struct slot slot)
{
#ifdef TABLE_PLAIN_POINTERS
    return slot.ptr;
#else
    return (void *)(uintptr_t)(slot.word & POINTER_MASK);
#endif
}

INLINE void *bucket_entry(const struct bucket *b, unsigned slot)
{
    return slot_pointer(b->slots[slot]);
}

INLINE uint16_t bucket_stored(const struct bucket *b, unsigned slot)
{
#ifdef TABLE_PLAIN_POINTERS
    return b->slots[slot].stored;
#else
    return (uint16_t)(b->slots[slot].word >> POINTER_BITS);
#endif
}

INLINE void bucket_set_slot(struct bucket *b, unsigned slot, void *ptr, uint16_t stored)
{
#ifdef TABLE_PLAIN_POINTERS
    b->slots[slot] = (struct slot){ ptr, stored };
#else
    b->slots[slot].word = (uint64_t)(uintptr_t)ptr | (uint64_t)stored << POINTER_BITS;
#endif
}

INLINE struct bucket *bucket_link(const struct bucket *b)
{
    return (struct bucket *)((uintptr_t)bucket_entry(b, BUCKET_LINK_SLOT) & ~LINK_SMALL);
}

INLINE bool bucket_links_small(const struct bucket *b)
{
    return (uintptr_t)bucket_entry(b, BUCKET_LINK_SLOT) & LINK_SMALL;
}

INLINE void bucket_put(struct bucket *b, unsigned slot, struct slot_value value)
{
    uint64_t others = ~((uint64_t)0xff << (8 * slot));
    b->head = (b->head & others) | (uint64_t)value.tag << (8 * slot) | (uint64_t)1 << (56 + slot);
    bucket_set_slot(b, slot, value.entry, value.stored);
}

INLINE struct slot_value bucket_get(const struct bucket *b, unsigned slot)
{
    return (struct slot_value){ bucket_entry(b, slot), bucket_tag(b, slot),
                                bucket_stored(b, slot) };
}

INLINE void bucket_clear_slot(struct bucket *b, unsigned slot)
{
    b->head &= ~((uint64_t)1 << (56 + slot));
    bucket_set_slot(b, slot, NULL, 0);
}

/* What is in the slots does not matter while the head does not say that they are used. */
INLINE void bucket_init(struct bucket *b)
{
    b->head = 0;
}

INLINE struct bucket *bucket_next(const struct bucket *b)
{
    return bucket_is_chained(b) ? bucket_link(b) : NULL;
}

INLINE struct bucket *table_bucket(const struct table *t, size_t number)
{
    return &t->segments[number >> SEGMENT_BITS][number & (SEGMENT_BUCKETS - 1)];
}

/* The number of the bucket that the hash addresses. */
INLINE size_t table_address(const struct table *t, uint64_t hash)
{
    size_t number = (size_t)hash & t->mask;
    return number < t->buckets ? number : number & (t->mask >> 1);
}

/* Hash bits that address bucket `number`; it has been split at the current level or not yet. */
INLINE unsigned table_level_of(const struct table *t, size_t number)
{
    size_t half = (t->mask >> 1) + 1;
    unsigned level = (unsigned)__builtin_ctzll(half);
    return (number & (half - 1)) + half < t->buckets ? level + 1 : level;
}

/* The first hash bit that the slots of this bucket store; `number` may be the hash itself. A bucket is
 * above the level of change when the partner that it got there exists. */
INLINE unsigned table_stored_from(const struct table *t, uint64_t number)
{
    const uint64_t half = (uint64_t)1 << TABLE_REBASE_LEVEL;
    return (number & (half - 1)) + half < t->buckets ? TABLE_REBASE_LEVEL : STORED_FIRST;
}

/* The next entry of a chain, NULL at its end. */
INLINE void *chain_next(struct chain_walk *walk)
{
    struct bucket *b = walk->first;
    for (unsigned i = 0; i < walk->depth; i++)
        b = bucket_link(b);
    while (walk->slot < BUCKET_SLOTS) {
        if (walk->slot == BUCKET_LINK_SLOT && bucket_is_chained(b)) {
            b = bucket_link(b);
            walk->depth++;
            walk->slot = 0;
            continue;
        }
        unsigned here = walk->slot++;
        if (bucket_is_used(b, here))
            return bucket_entry(b, here);
    }
    return NULL;
}

/* table_grow.c */

/* Adds at the first free slot of the chain from `end` on, or in a new overflow bucket. */
void chain_add(struct table *t, struct chain_end *end, struct slot_value value);
/* Gives back what removals have made superfluous of overflow buckets. */
void chain_tighten(struct table *t, struct bucket *first);
/* Splits, or merges, what the thresholds ask for: at most TABLE_STEPS_MAX buckets. */
void table_after_insert(struct table *t);
void table_after_remove(struct table *t);
/* A walk over bucket `number` has ended, the last one that was open. */
void table_after_walk(struct table *t, size_t number);
/* Empties the bucket without a look at its entries; t->count is the caller's. */
void table_bucket_reset(struct table *t, size_t number);
void table_split_one(struct table *t);
void table_merge_one(struct table *t);
void table_thresholds_update(struct table *t);
void table_segments_init(struct table *t);
void table_segments_done(struct table *t);

#endif
