/* The ordered tree's nodes, shared by its files.
 *
 * A leaf is one block: 8 bytes of header, then `capacity` orders, then `capacity` item addresses of 48
 * bits. Blocks come in the allocator's size classes up to LEAF_BYTES_MAX and fit what they hold.
 *
 * Child i of an inner node holds the records from key i up to, not including, key i + 1; key 0 is
 * not used. A key is the first record below its child, always: an item that leaves or moves takes its
 * keys along, so that keys never name an item that is gone. */
#ifndef DS_BTREE_PRIV_H
#define DS_BTREE_PRIV_H

#include <string.h>

#include "base/assert.h"
#include "base/macros.h"
#include "ds/btree.h"

#define LEAF_HEADER_BYTES 8
#ifdef TABLE_PLAIN_POINTERS
#define ITEM_BYTES 8 /* whole and aligned, so that a leak checker sees them */
#else
#define ITEM_BYTES 6
#endif
#define LEAF_RECORD_BYTES (8 + ITEM_BYTES)
#ifdef TARN_STRESS
#define LEAF_BYTES_MAX 96 /* 6 records, so that leaves split and join all the time */
#define CHILDREN_MAX 4
#else
#define LEAF_BYTES_MAX 1024
#define CHILDREN_MAX 31
#endif
#define LEAF_BYTES_MIN 32
#define LEAF_RECORDS_MAX ((LEAF_BYTES_MAX - LEAF_HEADER_BYTES) / LEAF_RECORD_BYTES)
/* A node with fewer than FEW joins a neighbour if both make no more than JOINED. */
#define LEAF_RECORDS_FEW (LEAF_RECORDS_MAX / 3)
#define LEAF_RECORDS_JOINED (LEAF_RECORDS_MAX * 3 / 4)
#define CHILDREN_FEW MAX_OF(CHILDREN_MAX / 3, 2)
#define CHILDREN_JOINED (CHILDREN_MAX * 3 / 4)

struct btree_record {
    uint64_t order;
    void *item;
};

struct btree_leaf {
    uint16_t count;
    uint16_t capacity;
    uint16_t inserted_at; /* where the last insertion was: tells rising orders from random ones */
    uint16_t block_bytes;
    uint64_t orders[]; /* `capacity` of them, then the items */
};

static_assert(sizeof(struct btree_leaf) == LEAF_HEADER_BYTES, "the header is packed");

struct btree_inner {
    uint64_t count; /* of children */
    uint64_t orders[CHILDREN_MAX];
    void *items[CHILDREN_MAX];
    size_t counts[CHILDREN_MAX];  /* of records below each child */
    void *children[CHILDREN_MAX]; /* inner nodes, or leaves at the lowest level */
};

static_assert(sizeof(struct btree_inner) <= 1024, "an inner node fits the allocator's class");

INLINE uint8_t *btree_leaf_item_at(const struct btree_leaf *leaf, unsigned at)
{
    return (uint8_t *)(uintptr_t)(leaf->orders + leaf->capacity) + (size_t)at * ITEM_BYTES;
}

INLINE void *btree_leaf_item(const struct btree_leaf *leaf, unsigned at)
{
    uint64_t address = 0;
    memcpy(&address, btree_leaf_item_at(leaf, at), ITEM_BYTES);
    return (void *)(uintptr_t)address;
}

INLINE struct btree_record btree_leaf_record(const struct btree_leaf *leaf, unsigned at)
{
    return (struct btree_record){ leaf->orders[at], btree_leaf_item(leaf, at) };
}

/* Below, at or above: where the key stands to a record. */
INLINE int btree_key_compare(const struct btree *t, struct btree_key key, uint64_t order,
                             const void *item)
{
    if (key.order != order)
        return key.order < order ? -1 : 1;
    return key.probe ? t->type->compare(key.probe, item) : -1;
}

/* The number of records below the key. */
INLINE unsigned btree_leaf_lower_bound(const struct btree *t, const struct btree_leaf *leaf,
                                       struct btree_key key)
{
    unsigned low = 0;
    for (unsigned n = leaf->count; n > 0;) {
        const unsigned half = n / 2;
        const unsigned middle = low + half;
        const uint64_t order = leaf->orders[middle];
        const bool below = order != key.order
                               ? order < key.order
                               : btree_key_compare(t, key, order, btree_leaf_item(leaf, middle)) >
                                     0;
        low = below ? middle + 1 : low;
        n = below ? n - half - 1 : half;
    }
    return low;
}

/* The child that holds the key or would: the last whose key is not above it. */
INLINE unsigned btree_inner_child_of(const struct btree *t, const struct btree_inner *node,
                                     struct btree_key key)
{
    unsigned low = 0;
    for (unsigned n = (unsigned)node->count - 1; n > 0;) {
        const unsigned half = n / 2;
        const unsigned middle = low + half + 1;
        const uint64_t order = node->orders[middle];
        const bool above = order != key.order
                               ? order > key.order
                               : btree_key_compare(t, key, order, node->items[middle]) < 0;
        low = above ? low : middle;
        n = above ? half : n - half - 1;
    }
    return low;
}

/* A leaf of one record. */
struct btree_leaf *btree_leaf_new(struct btree_record r);
void btree_leaf_free(struct btree_leaf *leaf);
/* Into a leaf that is not full. The block may move. */
struct btree_leaf *btree_leaf_insert(struct btree_leaf *leaf, unsigned at, struct btree_record r);
/* Takes records out, not all. The block may move. */
struct btree_leaf *btree_leaf_delete(struct btree_leaf *leaf, unsigned at, unsigned count);
void btree_leaf_set_item(struct btree_leaf *leaf, unsigned at, const void *item);
/* Moves the records from `at` on into a new leaf. Both keep at least one. The block may move. */
struct btree_leaf *btree_leaf_split(struct btree_leaf *leaf, unsigned at,
                                    struct btree_leaf **ret_right);
/* Appends the records of `right` and frees it. They must fit. The block may move. */
struct btree_leaf *btree_leaf_join(struct btree_leaf *left, struct btree_leaf *right);
void btree_leaf_verify(const struct btree_leaf *leaf);

#endif
