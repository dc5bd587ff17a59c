/* The ordered tree's leaves: packed records in a block that fits them. */
#include "ds/btree_priv.h"

#include "base/mem.h"

static struct btree_leaf *block_new(unsigned records);
static struct btree_leaf *block_resize(struct btree_leaf *leaf, unsigned records);
static void block_copy(struct btree_leaf *to, const struct btree_leaf *from, unsigned at,
                       unsigned count);

struct btree_leaf *btree_leaf_new(struct btree_record r)
{
    return btree_leaf_insert(block_new(1), 0, r);
}

void btree_leaf_free(struct btree_leaf *leaf)
{
    mem_free_sized(leaf, leaf->block_bytes);
}

struct btree_leaf *btree_leaf_insert(struct btree_leaf *leaf, unsigned at, struct btree_record r)
{
    ASSERT(leaf->count < LEAF_RECORDS_MAX);
    ASSERT(at <= leaf->count);
    if (leaf->count == leaf->capacity)
        leaf = block_resize(leaf, leaf->count + 1U);

    const size_t behind = (size_t)leaf->count - at;
    memmove(leaf->orders + at + 1, leaf->orders + at, behind * sizeof(leaf->orders[0]));
    memmove(btree_leaf_item_at(leaf, at + 1), btree_leaf_item_at(leaf, at), behind * ITEM_BYTES);
    leaf->orders[at] = r.order;
    btree_leaf_set_item(leaf, at, r.item);
    leaf->count++;
    leaf->inserted_at = (uint16_t)at;
    return leaf;
}

struct btree_leaf *btree_leaf_delete(struct btree_leaf *leaf, unsigned at, unsigned count)
{
    ASSERT(count < leaf->count);
    ASSERT(at + count <= leaf->count);
    const size_t behind = (size_t)leaf->count - at - count;
    memmove(leaf->orders + at, leaf->orders + at + count, behind * sizeof(leaf->orders[0]));
    memmove(btree_leaf_item_at(leaf, at), btree_leaf_item_at(leaf, at + count),
            behind * ITEM_BYTES);
    leaf->count = (uint16_t)(leaf->count - count);
    /* Not at once, so that a block does not go back and forth between two classes. */
    return leaf->count < leaf->capacity * 2 / 3 ? block_resize(leaf, leaf->count) : leaf;
}

void btree_leaf_set_item(struct btree_leaf *leaf, unsigned at, const void *item)
{
    const uint64_t address = (uintptr_t)item;
    ASSERT(address);
    ASSERT(address >> 48 == 0);
    memcpy(btree_leaf_item_at(leaf, at), &address, ITEM_BYTES);
}

struct btree_leaf *btree_leaf_split(struct btree_leaf *leaf, unsigned at,
                                    struct btree_leaf **ret_right)
{
    ASSERT(at > 0);
    ASSERT(at < leaf->count);
    struct btree_leaf *right = block_new(leaf->count - at);
    block_copy(right, leaf, at, leaf->count - at);
    *ret_right = right;
    leaf->count = (uint16_t)at;
    return block_resize(leaf, at);
}

struct btree_leaf *btree_leaf_join(struct btree_leaf *left, struct btree_leaf *right)
{
    left = block_resize(left, (unsigned)left->count + right->count);
    block_copy(left, right, 0, right->count);
    btree_leaf_free(right);
    return left;
}

void btree_leaf_verify(const struct btree_leaf *leaf)
{
    ASSERT(leaf->count > 0);
    ASSERT(leaf->count <= leaf->capacity);
    ASSERT(leaf->capacity <= LEAF_RECORDS_MAX);
    ASSERT(leaf->block_bytes >= LEAF_HEADER_BYTES + LEAF_RECORD_BYTES * leaf->capacity);
    for (unsigned i = 1; i < leaf->count; i++)
        ASSERT(leaf->orders[i - 1] <= leaf->orders[i]);
}

/* The block for so many records and the next few. */
static size_t block_bytes_for(unsigned records)
{
    size_t bytes = LEAF_HEADER_BYTES + LEAF_RECORD_BYTES * ((size_t)records + records / 16);
    bytes = mem_size_class(MAX_OF(bytes, (size_t)LEAF_BYTES_MIN));
    return MIN_OF(bytes, (size_t)LEAF_BYTES_MAX);
}

static struct btree_leaf *block_new(unsigned records)
{
    ASSERT(records <= LEAF_RECORDS_MAX);
    const size_t bytes = block_bytes_for(records);
    struct btree_leaf *leaf = mem_alloc(bytes);
    leaf->count = 0;
    leaf->capacity = (uint16_t)((bytes - LEAF_HEADER_BYTES) / LEAF_RECORD_BYTES);
    leaf->inserted_at = 0;
    leaf->block_bytes = (uint16_t)bytes;
    return leaf;
}

/* Into the block for so many records. */
static struct btree_leaf *block_resize(struct btree_leaf *leaf, unsigned records)
{
    ASSERT(records >= leaf->count);
    if (block_bytes_for(records) == leaf->block_bytes)
        return leaf;
    struct btree_leaf *moved = block_new(records);
    moved->inserted_at = leaf->inserted_at;
    block_copy(moved, leaf, 0, leaf->count);
    btree_leaf_free(leaf);
    return moved;
}

static void block_copy(struct btree_leaf *to, const struct btree_leaf *from, unsigned at,
                       unsigned count)
{
    ASSERT(to->count + count <= to->capacity);
    memcpy(to->orders + to->count, from->orders + at, count * sizeof(to->orders[0]));
    memcpy(btree_leaf_item_at(to, to->count), btree_leaf_item_at(from, at),
           (size_t)count * ITEM_BYTES);
    to->count = (uint16_t)(to->count + count);
}
