/* The ordered tree: items in an order of (number, the type's own comparison), with ranks.
 *
 * A B+ tree counted at each node. Its leaves hold records of an `order`, which stands inline so that most
 * comparisons touch no item, and a 48-bit item address; items of one order are told apart by the
 * type's comparison. Sorted sets have the score as order and the member as tie; streams the
 * milliseconds of an ID and its sequence number. Blocks fit what they hold, so a tree of one item is small
 * and one that was filled in rising order is full.
 *
 * The tree owns no items. A **key** says where in the order something is: an order and a probe, which
 * is whatever the type's comparison knows to hold against an item. With a probe of NULL the key
 * stands before all items of its order, so { order + 1, NULL } is behind all of `order`.
 *
 * Invariants: no two records are equal; what the comparison sees of an item does not change while it
 * is in. Addresses have 48 bits. */
#ifndef DS_BTREE_H
#define DS_BTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct btree_type {
    /* Negative, 0 or positive as the probe is below, at or above an item whose order is the key's. A
     * probe for seeking may be one that equals no item (a bound that excludes). */
    int (*compare)(const void *probe, const void *item);
};

struct btree_key {
    uint64_t order;
    const void *probe;
};

/* For embedding; the fields are the tree's own. */
struct btree {
    const struct btree_type *type;
    void *root; /* NULL if empty; a leaf at height 0 */
    size_t count;
    size_t leaf_bytes;
    uint32_t inner_count;
    uint32_t height;
};

void btree_init(struct btree *t, const struct btree_type *type);
/* Frees the nodes, not the items: see btree_each. The tree is empty then. */
void btree_done(struct btree *t);

INLINE size_t btree_count(const struct btree *t)
{
    return t->count;
}

/* Bytes that the nodes take from the allocator. */
size_t btree_footprint(const struct btree *t);

/* `key` is that of `item`, which is not in the tree. */
void btree_insert(struct btree *t, struct btree_key key, void *item);
/* Takes the item of exactly this key out; NULL if there is none. */
void *btree_take(struct btree *t, struct btree_key key);
/* The item of this key is at another address now; asserts that it is in. The comparison is asked about
 * the old address, too. */
void btree_replace(struct btree *t, struct btree_key key, void *new_item);

/* The records before the key: of a key that is in, its rank. */
size_t btree_rank(const struct btree *t, struct btree_key key);
/* The item of exactly this key; NULL if there is none. */
void *btree_find(const struct btree *t, struct btree_key key);

/* ---- cursors: valid until the next change of the tree ---- */

#define BTREE_HEIGHT_MAX 28

struct btree_cursor {
    void *item; /* NULL: before the first or behind the last */
    uint64_t order;
    /* the tree's own */
    const struct btree *tree;
    const void *leaf;
    int at;
    struct {
        const void *node;
        unsigned at;
    } steps[BTREE_HEIGHT_MAX];
};

/* All return the item, or NULL where there is none; the cursor then stands outside and can turn back. */

/* The record of a rank, counted from 0; one that does not exist is behind the last. */
void *btree_at(const struct btree *t, size_t rank, struct btree_cursor *ret_cursor);
/* The first record that is not below the key. */
void *btree_seek(const struct btree *t, struct btree_key key, struct btree_cursor *ret_cursor);
void *btree_next(struct btree_cursor *c);
void *btree_prev(struct btree_cursor *c);

/* ---- many ---- */

typedef void (*btree_visit)(void *arg, uint64_t order, void *item);

/* Takes the records of the ranks from `rank` on out, `count` or as many as there are, and hands them to
 * the visitor, in order; it may free the item but not change the tree. The number of them. */
size_t btree_delete_range(struct btree *t, size_t rank, size_t count, btree_visit visit, void *arg);
/* All in order. The visitor may free the items if btree_done() follows. */
void btree_each(const struct btree *t, btree_visit visit, void *arg);

/* Checks every invariant but those that need the items' contents, for tests; asserts. */
void btree_verify(const struct btree *t);

#endif
