/* The ordered tree: ways through it that change nothing. */
#include "ds/btree_priv.h"

static void cursor_open(struct btree_cursor *c, const struct btree *t);
static void *cursor_stand(struct btree_cursor *c);
static bool cursor_turn(struct btree_cursor *c, bool forward);

size_t btree_rank(const struct btree *t, struct btree_key key)
{
    const void *node = t->root;
    if (!node)
        return 0;
    size_t rank = 0;
    for (unsigned h = 0; h < t->height; h++) {
        const struct btree_inner *inner = node;
        const unsigned at = btree_inner_child_of(t, inner, key);
        for (unsigned i = 0; i < at; i++)
            rank += inner->counts[i];
        node = inner->children[at];
    }
    return rank + btree_leaf_lower_bound(t, node, key);
}

void *btree_find(const struct btree *t, struct btree_key key)
{
    struct btree_cursor c;
    void *item = btree_seek(t, key, &c);
    return item && btree_key_compare(t, key, c.order, item) == 0 ? item : NULL;
}

void *btree_at(const struct btree *t, size_t rank, struct btree_cursor *ret_cursor)
{
    struct btree_cursor *c = ret_cursor;
    cursor_open(c, t);
    if (!t->root)
        return NULL;
    const void *node = t->root;
    rank = MIN_OF(rank, t->count);
    for (unsigned h = 0; h < t->height; h++) {
        const struct btree_inner *inner = node;
        unsigned at = 0;
        /* Behind the last is behind the last child's. */
        while (at + 1 < inner->count && rank >= inner->counts[at])
            rank -= inner->counts[at++];
        c->steps[h].node = inner;
        c->steps[h].at = at;
        node = inner->children[at];
    }
    c->leaf = node;
    c->at = (int)rank;
    return cursor_stand(c);
}

void *btree_seek(const struct btree *t, struct btree_key key, struct btree_cursor *ret_cursor)
{
    struct btree_cursor *c = ret_cursor;
    cursor_open(c, t);
    if (!t->root)
        return NULL;
    const void *node = t->root;
    for (unsigned h = 0; h < t->height; h++) {
        const struct btree_inner *inner = node;
        c->steps[h].node = inner;
        c->steps[h].at = btree_inner_child_of(t, inner, key);
        node = inner->children[c->steps[h].at];
    }
    const struct btree_leaf *leaf = node;
    c->leaf = leaf;
    c->at = (int)btree_leaf_lower_bound(t, leaf, key);
    if (c->at == leaf->count && cursor_turn(c, /* forward= */ true))
        c->at = 0;
    return cursor_stand(c);
}

void *btree_next(struct btree_cursor *c)
{
    const struct btree_leaf *leaf = c->leaf;
    if (!leaf)
        return NULL;
    if (c->at < (int)leaf->count)
        c->at++;
    if (c->at == (int)leaf->count && cursor_turn(c, /* forward= */ true))
        c->at = 0;
    return cursor_stand(c);
}

void *btree_prev(struct btree_cursor *c)
{
    if (!c->leaf)
        return NULL;
    if (c->at >= 0)
        c->at--;
    if (c->at < 0 && cursor_turn(c, /* forward= */ false))
        c->at = ((const struct btree_leaf *)c->leaf)->count - 1;
    return cursor_stand(c);
}

/* No deeper than BTREE_HEIGHT_MAX. */
static void each_below(const void *node, unsigned height, btree_visit visit, void *arg)
{
    if (height == 0) {
        const struct btree_leaf *leaf = node;
        for (unsigned i = 0; i < leaf->count; i++)
            visit(arg, leaf->orders[i], btree_leaf_item(leaf, i));
        return;
    }
    const struct btree_inner *inner = node;
    for (unsigned i = 0; i < inner->count; i++)
        each_below(inner->children[i], height - 1, visit, arg);
}

void btree_each(const struct btree *t, btree_visit visit, void *arg)
{
    if (t->root)
        each_below(t->root, t->height, visit, arg);
}

static void cursor_open(struct btree_cursor *c, const struct btree *t)
{
    c->item = NULL;
    c->order = 0;
    c->tree = t;
    c->leaf = NULL;
    c->at = 0;
}

/* Takes the record at the cursor's place into its public fields. Items that a walk comes to soon are
 * asked for ahead, whichever way it goes. */
static void *cursor_stand(struct btree_cursor *c)
{
    const struct btree_leaf *leaf = c->leaf;
    if (c->at < 0 || c->at >= (int)leaf->count) {
        c->item = NULL;
        return NULL;
    }
    const unsigned at = (unsigned)c->at;
    if (at + 6 < leaf->count)
        __builtin_prefetch(btree_leaf_item(leaf, at + 6));
    if (at >= 6)
        __builtin_prefetch(btree_leaf_item(leaf, at - 6));
    c->order = leaf->orders[at];
    c->item = btree_leaf_item(leaf, at);
    return c->item;
}

/* To the neighbouring leaf; false, and nothing changes, if there is none. */
static bool cursor_turn(struct btree_cursor *c, bool forward)
{
    const unsigned height = c->tree->height;
    unsigned h = height;
    for (; h > 0; h--) {
        const struct btree_inner *inner = c->steps[h - 1].node;
        const unsigned at = c->steps[h - 1].at;
        if (forward ? at + 1 < inner->count : at > 0)
            break;
    }
    if (h == 0)
        return false;

    c->steps[h - 1].at += forward ? 1U : -1U;
    const void *node =
        ((const struct btree_inner *)c->steps[h - 1].node)->children[c->steps[h - 1].at];
    for (; h < height; h++) {
        const struct btree_inner *inner = node;
        c->steps[h].node = inner;
        c->steps[h].at = forward ? 0 : (unsigned)inner->count - 1;
        node = inner->children[c->steps[h].at];
    }
    c->leaf = node;
    return true;
}

/* What a check of the whole tree adds up. */
struct sums {
    size_t records, leaf_bytes, inners;
    uint64_t before; /* the last order seen */
};

static struct btree_record verify_leaf(const struct btree_leaf *leaf, struct sums *sums)
{
    btree_leaf_verify(leaf);
    ASSERT(sums->before <= leaf->orders[0]);
    sums->before = leaf->orders[leaf->count - 1];
    sums->records += leaf->count;
    sums->leaf_bytes += leaf->block_bytes;
    return btree_leaf_record(leaf, 0);
}

/* The first record below. */
static struct btree_record verify_below(const void *node, unsigned height, struct sums *sums)
{
    if (height == 0)
        return verify_leaf(node, sums);
    const struct btree_inner *inner = node;
    struct btree_record first = { 0, NULL };
    ASSERT(inner->count > 0);
    ASSERT(inner->count <= CHILDREN_MAX);
    sums->inners++;
    for (unsigned i = 0; i < inner->count; i++) {
        const size_t before = sums->records;
        const struct btree_record low = verify_below(inner->children[i], height - 1, sums);
        ASSERT(sums->records - before == inner->counts[i]);
        ASSERT(i == 0 || low.order == inner->orders[i]);
        ASSERT(i == 0 || low.item == inner->items[i]);
        if (i == 0)
            first = low;
    }
    return first;
}

void btree_verify(const struct btree *t)
{
    struct sums sums = { .records = 0 };
    if (t->root)
        (void)verify_below(t->root, t->height, &sums);
    ASSERT(t->root || t->height == 0);
    ASSERT(t->height == 0 || ((const struct btree_inner *)t->root)->count > 1);
    ASSERT(sums.records == t->count);
    ASSERT(sums.leaf_bytes == t->leaf_bytes);
    ASSERT(sums.inners == t->inner_count);
}
