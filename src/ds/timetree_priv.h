/* The time tree's leaves, shared by timetree.c and timetree_leaf.c.
 *
 * A leaf is one block: 16 bytes of header, then `capacity` 32-bit differences to `base`, then
 * `capacity` 48-bit item addresses. Records are ordered by (time, address). Blocks come in the
 * allocator's size classes up to LEAF_BYTES_MAX and fit what they hold, so a leaf that a split has left
 * half full does not keep the room of a full one, and a handful of items costs 64 bytes.
 *
 * Inside the tree a time is a `uint64_t` with the sign bit turned over, so that unsigned order is the
 * order of times and differences cannot overflow. */
#ifndef DS_TIMETREE_PRIV_H
#define DS_TIMETREE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/macros.h"

#define LEAF_HEADER_BYTES 16
#define LEAF_RECORD_BYTES 10
#ifdef TARN_STRESS
#define LEAF_BYTES_MAX 96 /* 8 records, so that leaves split and join all the time */
#else
#define LEAF_BYTES_MAX 1024
#endif
#define LEAF_BYTES_MIN 64
#define LEAF_RECORDS_MAX ((LEAF_BYTES_MAX - LEAF_HEADER_BYTES) / LEAF_RECORD_BYTES)
/* A leaf with fewer records than FEW joins a neighbour if both make no more than JOINED. */
#define LEAF_RECORDS_FEW (LEAF_RECORDS_MAX / 4)
#define LEAF_RECORDS_JOINED (LEAF_RECORDS_MAX * 3 / 4)

#define ITEM_BYTES 6

struct record {
    uint64_t when; /* sign bit turned over */
    uint64_t item; /* the address */
};

struct leaf {
    uint64_t base;
    uint16_t count;
    uint16_t capacity;
    uint16_t inserted_at; /* where the last insertion was: tells rising times from random ones */
    uint16_t block_bytes;
    uint32_t diffs[]; /* `capacity` of them, then the items */
};

static_assert(sizeof(struct leaf) == LEAF_HEADER_BYTES, "the header is packed");

INLINE bool record_less(struct record a, struct record b)
{
    return a.when < b.when || (a.when == b.when && a.item < b.item);
}

INLINE uint8_t *leaf_item_at(const struct leaf *leaf, unsigned at)
{
    return (uint8_t *)(uintptr_t)(leaf->diffs + leaf->capacity) + (size_t)at * ITEM_BYTES;
}

INLINE struct record leaf_record(const struct leaf *leaf, unsigned at)
{
    struct record r = { .when = leaf->base + leaf->diffs[at] };
    memcpy(&r.item, leaf_item_at(leaf, at), ITEM_BYTES);
    return r;
}

INLINE struct record leaf_first(const struct leaf *leaf)
{
    return leaf_record(leaf, 0);
}

INLINE struct record leaf_last(const struct leaf *leaf)
{
    return leaf_record(leaf, leaf->count - 1U);
}

/* A leaf of one record. */
struct leaf *leaf_new(struct record r);
void leaf_free(struct leaf *leaf);

/* The number of records less than `r`. */
unsigned leaf_lower_bound(const struct leaf *leaf, struct record r);
/* Whether the times of all its records and `when` lie within 32 bits. */
bool leaf_can_span(const struct leaf *leaf, uint64_t when);

/* Inserts at `at` into a leaf that is not full and can span the time. The block may move. */
struct leaf *leaf_insert(struct leaf *leaf, unsigned at, struct record r);
/* Takes the record out, of several. The block may move. */
struct leaf *leaf_delete(struct leaf *leaf, unsigned at);
/* Overwrites the item of a record whose order stays. */
void leaf_set_item(struct leaf *leaf, unsigned at, uint64_t item);

/* Moves the records from `at` on into a new leaf. Both keep at least one. The block may move. */
struct leaf *leaf_split(struct leaf *leaf, unsigned at, struct leaf **ret_right);
/* Appends the records of `right` and frees it. They must fit. The block may move. */
struct leaf *leaf_join(struct leaf *left, struct leaf *right);
bool leaf_can_join(const struct leaf *left, const struct leaf *right);

void leaf_verify(const struct leaf *leaf);

#endif
