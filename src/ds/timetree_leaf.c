/* The time tree's leaves: packed records in a block that fits them. */
#include "ds/timetree_priv.h"

#include "base/mem.h"

static struct leaf *leaf_block_new(unsigned records);
static struct leaf *leaf_resize(struct leaf *leaf, unsigned records);
static void leaf_rebase(struct leaf *leaf, uint64_t low, uint64_t high);
static uint64_t base_for(uint64_t low, uint64_t high);
static void leaf_copy(struct leaf *to, const struct leaf *from, unsigned at, unsigned count);

struct leaf *leaf_new(struct record r)
{
    struct leaf *leaf = leaf_block_new(1);
    leaf->base = base_for(r.when, r.when);
    return leaf_insert(leaf, 0, r);
}

void leaf_free(struct leaf *leaf)
{
    mem_free(leaf);
}

unsigned leaf_lower_bound(const struct leaf *leaf, struct record r)
{
    if (r.when < leaf->base)
        return 0;
    if (r.when - leaf->base > UINT32_MAX)
        return leaf->count;

    const uint32_t diff = (uint32_t)(r.when - leaf->base);
    unsigned low = 0;
    for (unsigned n = leaf->count; n > 0;) {
        unsigned half = n / 2;
        unsigned middle = low + half;
        bool less = leaf->diffs[middle] < diff ||
                    (leaf->diffs[middle] == diff && leaf_record(leaf, middle).item < r.item);
        low = less ? middle + 1 : low;
        n = less ? n - half - 1 : half;
    }
    return low;
}

bool leaf_can_span(const struct leaf *leaf, uint64_t when)
{
    uint64_t low = MIN_OF(leaf_first(leaf).when, when);
    uint64_t high = MAX_OF(leaf_last(leaf).when, when);
    return high - low <= UINT32_MAX;
}

struct leaf *leaf_insert(struct leaf *leaf, unsigned at, struct record r)
{
    ASSERT(leaf->count < LEAF_RECORDS_MAX);
    ASSERT(at <= leaf->count);
    if (leaf->count == leaf->capacity)
        leaf = leaf_resize(leaf, leaf->count + 1U);
    if (r.when < leaf->base || r.when - leaf->base > UINT32_MAX)
        leaf_rebase(leaf, MIN_OF(leaf_first(leaf).when, r.when),
                    MAX_OF(leaf_last(leaf).when, r.when));

    const size_t behind = (size_t)leaf->count - at;
    memmove(leaf->diffs + at + 1, leaf->diffs + at, behind * sizeof(leaf->diffs[0]));
    memmove(leaf_item_at(leaf, at + 1), leaf_item_at(leaf, at), behind * ITEM_BYTES);
    leaf->diffs[at] = (uint32_t)(r.when - leaf->base);
    leaf_set_item(leaf, at, r.item);
    leaf->count++;
    leaf->inserted_at = (uint16_t)at;
    return leaf;
}

struct leaf *leaf_delete(struct leaf *leaf, unsigned at)
{
    ASSERT(leaf->count > 1);
    ASSERT(at < leaf->count);
    const size_t behind = (size_t)leaf->count - at - 1;
    memmove(leaf->diffs + at, leaf->diffs + at + 1, behind * sizeof(leaf->diffs[0]));
    memmove(leaf_item_at(leaf, at), leaf_item_at(leaf, at + 1), behind * ITEM_BYTES);
    leaf->count--;
    /* Not at once, so that a block does not go back and forth between two classes. */
    return leaf->count < leaf->capacity * 2 / 3 ? leaf_resize(leaf, leaf->count) : leaf;
}

void leaf_set_item(struct leaf *leaf, unsigned at, uint64_t item)
{
    memcpy(leaf_item_at(leaf, at), &item, ITEM_BYTES);
}

struct leaf *leaf_split(struct leaf *leaf, unsigned at, struct leaf **ret_right)
{
    ASSERT(at > 0);
    ASSERT(at < leaf->count);
    struct leaf *right = leaf_block_new(leaf->count - at);
    right->base = leaf->base;
    leaf_copy(right, leaf, at, leaf->count - at);
    *ret_right = right;
    leaf->count = (uint16_t)at;
    return leaf_resize(leaf, at);
}

bool leaf_can_join(const struct leaf *left, const struct leaf *right)
{
    return MIN_OF(left->count, right->count) < LEAF_RECORDS_FEW &&
           left->count + right->count <= LEAF_RECORDS_JOINED &&
           leaf_can_span(left, leaf_last(right).when);
}

struct leaf *leaf_join(struct leaf *left, struct leaf *right)
{
    const uint64_t low = leaf_first(left).when;
    const uint64_t high = leaf_last(right).when;
    ASSERT(high - low <= UINT32_MAX);
    left = leaf_resize(left, (unsigned)left->count + right->count);
    leaf_rebase(left, low, high);
    leaf_rebase(right, low, high);
    leaf_copy(left, right, 0, right->count);
    leaf_free(right);
    return left;
}

/* The block for so many records and the next few. */
static size_t block_bytes_for(unsigned records)
{
    size_t bytes = LEAF_HEADER_BYTES + LEAF_RECORD_BYTES * ((size_t)records + records / 16);
    bytes = mem_size_class(MAX_OF(bytes, (size_t)LEAF_BYTES_MIN));
    return MIN_OF(bytes, (size_t)LEAF_BYTES_MAX);
}

static struct leaf *leaf_block_new(unsigned records)
{
    ASSERT(records <= LEAF_RECORDS_MAX);
    const size_t bytes = block_bytes_for(records);
    struct leaf *leaf = mem_alloc(bytes);
    *leaf = (struct leaf){
        .capacity = (uint16_t)((bytes - LEAF_HEADER_BYTES) / LEAF_RECORD_BYTES),
        .block_bytes = (uint16_t)bytes,
    };
    return leaf;
}

/* Into the block for so many records. */
static struct leaf *leaf_resize(struct leaf *leaf, unsigned records)
{
    ASSERT(records >= leaf->count);
    if (block_bytes_for(records) == leaf->block_bytes)
        return leaf;
    struct leaf *moved = leaf_block_new(records);
    moved->base = leaf->base;
    moved->inserted_at = leaf->inserted_at;
    leaf_copy(moved, leaf, 0, leaf->count);
    leaf_free(leaf);
    return moved;
}

/* Appends records of a leaf with the same base. */
static void leaf_copy(struct leaf *to, const struct leaf *from, unsigned at, unsigned count)
{
    ASSERT(to->base == from->base);
    ASSERT(to->count + count <= to->capacity);
    memcpy(to->diffs + to->count, from->diffs + at, count * sizeof(to->diffs[0]));
    memcpy(leaf_item_at(to, to->count), leaf_item_at(from, at), (size_t)count * ITEM_BYTES);
    to->count = (uint16_t)(to->count + count);
}

/* Takes a base from which all times from `low` to `high` are within reach. */
static void leaf_rebase(struct leaf *leaf, uint64_t low, uint64_t high)
{
    const uint64_t base = base_for(low, high);
    /* Modulo 2^32, because the base may move either way. */
    const uint32_t change = (uint32_t)(leaf->base - base);
    for (unsigned i = 0; i < leaf->count; i++)
        leaf->diffs[i] += change;
    leaf->base = base;
}

/* The reach lies around the times, so that neither rising nor falling ones ask for a new base often. */
static uint64_t base_for(uint64_t low, uint64_t high)
{
    uint64_t before = (UINT32_MAX - (high - low)) / 2;
    return low - MIN_OF(low, before);
}

void leaf_verify(const struct leaf *leaf)
{
    ASSERT(leaf->count > 0);
    ASSERT(leaf->count <= leaf->capacity);
    ASSERT(leaf->capacity <= LEAF_RECORDS_MAX);
    ASSERT(leaf->block_bytes >= LEAF_HEADER_BYTES + LEAF_RECORD_BYTES * leaf->capacity);
    ASSERT(leaf->base <= UINT64_MAX - leaf->diffs[leaf->count - 1]);
    for (unsigned i = 1; i < leaf->count; i++)
        ASSERT(record_less(leaf_record(leaf, i - 1), leaf_record(leaf, i)));
}
