/* The ordered tree: how it changes. Leaves are in btree_leaf.c, ways through it in btree_cursor.c.
 *
 * A full leaf splits where the new record goes in if that is next to the last insertion (orders that
 * rise or fall, also several interleaved streams of such), else in the middle. So rising orders leave full
 * leaves behind. A change goes down once and comes back with its path, which has the counts, the
 * keys and the room for another child. */
#include "ds/btree_priv.h"

#include "base/mem.h"

/* The way from the root to a leaf: which child was taken in each inner node. */
struct path {
    struct {
        struct btree_inner *node;
        unsigned at;
    } steps[BTREE_HEIGHT_MAX];
    struct btree_leaf *leaf;
};

static void path_to(const struct btree *t, struct btree_key key, struct path *ret_path);
static bool path_to_record(const struct btree *t, struct btree_key key, struct path *ret_path,
                           unsigned *ret_at);
static unsigned path_to_rank(const struct btree *t, size_t rank, struct path *ret_path);
static void path_count(const struct btree *t, const struct path *path, size_t change);
static void path_set_leaf(struct btree *t, struct path *path, struct btree_leaf *leaf);
static void path_set_first(const struct path *path, unsigned height, struct btree_record first);
static void path_cut(struct btree *t, struct path *path, unsigned at, unsigned count);
static void insert_split(struct btree *t, struct path *path, unsigned at, struct btree_record r);
static void path_add_right(struct btree *t, struct path *path, struct btree_record key, void *child,
                           size_t count);
static void path_drop(struct btree *t, struct path *path, unsigned height);
static void leaves_join(struct btree *t, struct path *path);
static bool inners_join(struct btree *t, struct path *path, unsigned height);
static void free_below(void *node, unsigned height);

void btree_init(struct btree *t, const struct btree_type *type)
{
    *t = (struct btree){ .type = type };
}

void btree_done(struct btree *t)
{
    if (t->root)
        free_below(t->root, t->height);
    btree_init(t, t->type);
}

size_t btree_footprint(const struct btree *t)
{
    return t->leaf_bytes + t->inner_count * mem_size_class(sizeof(struct btree_inner));
}

void btree_insert(struct btree *t, struct btree_key key, void *item)
{
    const struct btree_record r = { key.order, item };
    t->count++;
    if (!t->root) {
        struct btree_leaf *leaf = btree_leaf_new(r);
        t->root = leaf;
        t->leaf_bytes += leaf->block_bytes;
        return;
    }

    struct path path;
    path_to(t, key, &path);
    struct btree_leaf *leaf = path.leaf;
    const unsigned at = btree_leaf_lower_bound(t, leaf, key);
    /* Only the very first leaf gets records at its start, and that has no key anywhere. */
    ASSERT_DEBUG(at == leaf->count ||
                 btree_key_compare(t, key, leaf->orders[at], btree_leaf_item(leaf, at)) < 0);
    path_count(t, &path, 1);
    if (UNLIKELY(leaf->count == LEAF_RECORDS_MAX)) {
        insert_split(t, &path, at, r);
    } else {
        t->leaf_bytes -= leaf->block_bytes;
        leaf = btree_leaf_insert(leaf, at, r);
        t->leaf_bytes += leaf->block_bytes;
        path_set_leaf(t, &path, leaf);
    }
}

void *btree_take(struct btree *t, struct btree_key key)
{
    struct path path;
    unsigned at;
    if (!path_to_record(t, key, &path, &at))
        return NULL;
    void *item = btree_leaf_item(path.leaf, at);
    path_cut(t, &path, at, 1);
    return item;
}

void btree_replace(struct btree *t, struct btree_key key, void *new_item)
{
    struct path path;
    unsigned at;
    const bool found = path_to_record(t, key, &path, &at);
    ASSERT(found);
    btree_leaf_set_item(path.leaf, at, new_item);
    if (at == 0)
        path_set_first(&path, t->height, btree_leaf_record(path.leaf, 0));
}

size_t btree_delete_range(struct btree *t, size_t rank, size_t count, btree_visit visit, void *arg)
{
    if (rank >= t->count)
        return 0;
    count = MIN_OF(count, t->count - rank);
    for (size_t left = count; left > 0;) {
        struct path path;
        const unsigned at = path_to_rank(t, rank, &path);
        const unsigned here = (unsigned)MIN_OF(left, (size_t)path.leaf->count - at);
        /* First out of the tree, because keys name the items: the visitor may free them. */
        struct btree_record gone[LEAF_RECORDS_MAX];
        for (unsigned i = 0; i < here; i++)
            gone[i] = btree_leaf_record(path.leaf, at + i);
        path_cut(t, &path, at, here);
        for (unsigned i = 0; i < here; i++)
            visit(arg, gone[i].order, gone[i].item);
        left -= here;
    }
    return count;
}

static void path_to(const struct btree *t, struct btree_key key, struct path *ret_path)
{
    void *node = t->root;
    for (unsigned h = 0; h < t->height; h++) {
        struct btree_inner *inner = node;
        const unsigned at = btree_inner_child_of(t, inner, key);
        ret_path->steps[h].node = inner;
        ret_path->steps[h].at = at;
        node = inner->children[at];
    }
    ret_path->leaf = node;
}

static bool path_to_record(const struct btree *t, struct btree_key key, struct path *ret_path,
                           unsigned *ret_at)
{
    if (!t->root)
        return false;
    path_to(t, key, ret_path);
    const struct btree_leaf *leaf = ret_path->leaf;
    const unsigned at = btree_leaf_lower_bound(t, leaf, key);
    if (at == leaf->count ||
        btree_key_compare(t, key, leaf->orders[at], btree_leaf_item(leaf, at)) != 0)
        return false;
    *ret_at = at;
    return true;
}

/* To the record of a rank that exists. Its place in the leaf. */
static unsigned path_to_rank(const struct btree *t, size_t rank, struct path *ret_path)
{
    void *node = t->root;
    for (unsigned h = 0; h < t->height; h++) {
        struct btree_inner *inner = node;
        unsigned at = 0;
        while (rank >= inner->counts[at])
            rank -= inner->counts[at++];
        ret_path->steps[h].node = inner;
        ret_path->steps[h].at = at;
        node = inner->children[at];
    }
    ret_path->leaf = node;
    ASSERT(rank < ret_path->leaf->count);
    return (unsigned)rank;
}

/* So many more below every node of the path; less, modulo 2^64. */
static void path_count(const struct btree *t, const struct path *path, size_t change)
{
    for (unsigned h = 0; h < t->height; h++)
        path->steps[h].node->counts[path->steps[h].at] += change;
}

/* The path's leaf is this one now. */
static void path_set_leaf(struct btree *t, struct path *path, struct btree_leaf *leaf)
{
    path->leaf = leaf;
    if (t->height == 0)
        t->root = leaf;
    else
        path->steps[t->height - 1].node->children[path->steps[t->height - 1].at] = leaf;
}

/* Another record is the first below the path's node at `height`: the key that names it stands in the lowest
 * node above in which the path does not take the first child. */
static void path_set_first(const struct path *path, unsigned height, struct btree_record first)
{
    while (height-- > 0) {
        const unsigned at = path->steps[height].at;
        if (at == 0)
            continue;
        path->steps[height].node->orders[at] = first.order;
        path->steps[height].node->items[at] = first.item;
        return;
    }
}

/* Takes records out of the path's leaf. */
static void path_cut(struct btree *t, struct path *path, unsigned at, unsigned count)
{
    struct btree_leaf *leaf = path->leaf;
    t->count -= count;
    path_count(t, path, -(size_t)count);
    t->leaf_bytes -= leaf->block_bytes;
    if (leaf->count == count) {
        btree_leaf_free(leaf);
        path_drop(t, path, t->height);
        return;
    }
    leaf = btree_leaf_delete(leaf, at, count);
    t->leaf_bytes += leaf->block_bytes;
    path_set_leaf(t, path, leaf);
    if (at == 0)
        path_set_first(path, t->height, btree_leaf_record(leaf, 0));
    if (leaf->count < LEAF_RECORDS_FEW && t->height > 0)
        leaves_join(t, path);
}

/* Into a full leaf. The path has counted the record. */
static void insert_split(struct btree *t, struct path *path, unsigned at, struct btree_record r)
{
    struct btree_leaf *left = path->leaf;
    struct btree_leaf *right = left;
    const bool rises = at == left->inserted_at + 1U || at == left->count;
    const bool falls = at == left->inserted_at;
    const unsigned cut = rises || falls ? at : left->count / 2U;

    t->leaf_bytes -= left->block_bytes;
    if (cut == 0) {
        left = btree_leaf_new(r);
    } else if (cut == left->count) {
        right = btree_leaf_new(r);
    } else {
        left = btree_leaf_split(left, cut, &right);
        if (at <= cut)
            left = btree_leaf_insert(left, at, r);
        else
            right = btree_leaf_insert(right, at - cut, r);
    }
    t->leaf_bytes += (size_t)left->block_bytes + right->block_bytes;
    path_set_leaf(t, path, left);
    path_add_right(t, path, btree_leaf_record(right, 0), right, right->count);
}

static struct btree_inner *inner_new(struct btree *t)
{
    struct btree_inner *node = mem_alloc(sizeof(*node));
    node->count = 0;
    t->inner_count++;
    return node;
}

static void inner_free(struct btree *t, struct btree_inner *node)
{
    t->inner_count--;
    mem_free_sized(node, sizeof(*node));
}

/* Moves the children from index `from` to index `to` within the arrays, or between two nodes. */
static void inner_move(struct btree_inner *to_node, size_t to, const struct btree_inner *from_node,
                       size_t from, size_t count)
{
    ASSERT(to + count <= CHILDREN_MAX);
    memmove(to_node->orders + to, from_node->orders + from, count * sizeof(to_node->orders[0]));
    memmove(to_node->items + to, from_node->items + from, count * sizeof(to_node->items[0]));
    memmove(to_node->counts + to, from_node->counts + from, count * sizeof(to_node->counts[0]));
    memmove(to_node->children + to, from_node->children + from,
            count * sizeof(to_node->children[0]));
}

struct child {
    struct btree_record key;
    void *node;
    size_t count;
};

static void inner_insert(struct btree_inner *node, unsigned at, struct child child)
{
    ASSERT(node->count < CHILDREN_MAX);
    ASSERT(at <= node->count);
    inner_move(node, at + 1, node, at, node->count - at);
    node->orders[at] = child.key.order;
    node->items[at] = child.key.item;
    node->counts[at] = child.count;
    node->children[at] = child.node;
    node->count++;
}

static void inner_delete(struct btree_inner *node, unsigned at)
{
    ASSERT(at < node->count);
    node->count--;
    inner_move(node, at, node, at + 1, node->count - at);
}

static size_t inner_records(const struct btree_inner *node)
{
    size_t sum = 0;
    for (unsigned i = 0; i < node->count; i++)
        sum += node->counts[i];
    return sum;
}

/* Into a full node: the right part of it becomes the child that its parent is to take. */
static void inner_split(struct btree *t, struct btree_inner *node, unsigned at, struct child *child)
{
    struct btree_inner *right = inner_new(t);
    const unsigned cut = at == node->count ? at : (unsigned)node->count / 2;
    inner_move(right, 0, node, cut, node->count - cut);
    right->count = node->count - cut;
    node->count = cut;
    if (at < cut || (at == cut && right->count > 0))
        inner_insert(node, at, *child);
    else
        inner_insert(right, at - cut, *child);
    child->key = (struct btree_record){ right->orders[0], right->items[0] };
    child->node = right;
    child->count = inner_records(right);
}

/* `node` goes to the right of the path's leaf, with the bound `key` between them; `count` records are
 * below it, which the path has counted already. */
static void path_add_right(struct btree *t, struct path *path, struct btree_record key, void *node,
                           size_t count)
{
    struct child child = { .key = key, .node = node, .count = count };
    for (unsigned h = t->height; h > 0; h--) {
        struct btree_inner *parent = path->steps[h - 1].node;
        const unsigned at = path->steps[h - 1].at;
        parent->counts[at] -= child.count;
        if (parent->count < CHILDREN_MAX) {
            inner_insert(parent, at + 1, child);
            return;
        }
        inner_split(t, parent, at + 1, &child);
    }
    ASSERT(t->height < BTREE_HEIGHT_MAX);
    struct btree_inner *root = inner_new(t);
    struct child old = { .key = key, .node = t->root, .count = t->count - child.count };
    inner_insert(root, 0, old);
    inner_insert(root, 1, child);
    t->root = root;
    t->height++;
}

/* The child that the path takes at the level above `height` is gone: its parent forgets it, and what
 * that leaves too empty joins a neighbour, up to the root. */
static void path_drop(struct btree *t, struct path *path, unsigned height)
{
    bool gone = true;
    while (gone && height > 0) {
        struct btree_inner *node = path->steps[height - 1].node;
        const unsigned at = path->steps[height - 1].at;
        inner_delete(node, at);
        height--;
        gone = node->count == 0;
        if (gone) {
            inner_free(t, node);
            continue;
        }
        if (at == 0)
            path_set_first(path, height, (struct btree_record){ node->orders[0], node->items[0] });
        if (node->count < CHILDREN_FEW && height > 0)
            gone = inners_join(t, path, height);
    }
    if (gone) {
        t->root = NULL;
        t->height = 0;
    }
    while (t->height > 0 && ((struct btree_inner *)t->root)->count == 1) {
        struct btree_inner *root = t->root;
        t->root = root->children[0];
        t->height--;
        inner_free(t, root);
    }
}

/* Joins the path's leaf with a neighbour under the same parent, if they fit. */
static void leaves_join(struct btree *t, struct path *path)
{
    struct btree_inner *parent = path->steps[t->height - 1].node;
    const unsigned at = path->steps[t->height - 1].at;
    for (unsigned right = at + 1; right >= at && right > 0; right--) {
        if (right >= parent->count ||
            parent->counts[right - 1] + parent->counts[right] > LEAF_RECORDS_JOINED)
            continue;
        struct btree_leaf *a = parent->children[right - 1];
        struct btree_leaf *b = parent->children[right];
        t->leaf_bytes -= (size_t)a->block_bytes + b->block_bytes;
        a = btree_leaf_join(a, b);
        t->leaf_bytes += a->block_bytes;
        parent->children[right - 1] = a;
        parent->counts[right - 1] += parent->counts[right];
        path->steps[t->height - 1].at = right;
        path_drop(t, path, t->height);
        return;
    }
}

/* The same for the inner node at `height`. True if there is one less: the path's step above names it. */
static bool inners_join(struct btree *t, struct path *path, unsigned height)
{
    struct btree_inner *parent = path->steps[height - 1].node;
    const unsigned at = path->steps[height - 1].at;
    for (unsigned right = at + 1; right >= at && right > 0; right--) {
        if (right >= parent->count)
            continue;
        struct btree_inner *a = parent->children[right - 1];
        struct btree_inner *b = parent->children[right];
        if (a->count + b->count > CHILDREN_JOINED)
            continue;
        b->orders[0] = parent->orders[right];
        b->items[0] = parent->items[right];
        inner_move(a, a->count, b, 0, b->count);
        a->count += b->count;
        parent->counts[right - 1] += parent->counts[right];
        inner_free(t, b);
        path->steps[height - 1].at = right;
        return true;
    }
    return false;
}

/* No deeper than BTREE_HEIGHT_MAX. */
static void free_below(void *node, unsigned height)
{
    if (height == 0) {
        btree_leaf_free(node);
        return;
    }
    struct btree_inner *inner = node;
    for (unsigned i = 0; i < inner->count; i++)
        free_below(inner->children[i], height - 1);
    mem_free_sized(inner, sizeof(*inner));
}
