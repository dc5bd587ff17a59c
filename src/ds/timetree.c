/* The time tree: inner nodes and the ways through them. Leaves are in timetree_leaf.c.
 *
 * Child i of an inner node holds the records from key i up to, not including, key i + 1. Key 0 is not
 * used: an ancestor has that bound. Keys stay when the record that gave them goes.
 *
 * A full leaf splits where the new record goes in if that is next to the last insertion (times that
 * rise, or several interleaved streams of such), else in the middle. So rising times leave full
 * leaves behind. A time out of a leaf's reach begins a leaf of its own. */
#include "ds/timetree.h"

#include "ds/timetree_priv.h"

#include "base/mem.h"

#ifdef TARN_STRESS
#define CHILDREN_MAX 4
#else
#define CHILDREN_MAX 42
#endif
/* A node with fewer children joins a neighbour if both make no more than JOINED. */
#define CHILDREN_FEW MAX_OF(CHILDREN_MAX / 4, 2)
#define CHILDREN_JOINED (CHILDREN_MAX * 3 / 4)
/* More than a tree of 2^48 items could need if every node were as empty as it may be. */
#define HEIGHT_MAX 32

struct inner {
    uint64_t count;
    uint64_t whens[CHILDREN_MAX];
    uint64_t items[CHILDREN_MAX];
    void *children[CHILDREN_MAX]; /* inner nodes, or leaves at the lowest level */
};

static_assert(sizeof(struct inner) <= 1024, "an inner node fits the allocator's class");

struct timetree {
    void *root; /* NULL if empty; a leaf at height 0 */
    unsigned height;
    size_t count;
    size_t leaf_bytes;
    size_t inner_count;
};

/* The way from the root to a leaf: which child was taken in each inner node. */
struct path {
    struct {
        struct inner *node;
        unsigned at;
    } steps[HEIGHT_MAX];
    struct leaf *leaf;
};

static struct record record_of(int64_t when_ms, const void *item);
static int64_t record_when(struct record r);
static void *record_item(struct record r);
static void path_to(const struct timetree *t, struct record r, struct path *ret_path);
static unsigned path_to_record(const struct timetree *t, struct record r, struct path *ret_path);
static void path_set_leaf(struct timetree *t, struct path *path, struct leaf *leaf);
static void insert_split(struct timetree *t, struct path *path, unsigned at, struct record r);
static void insert_beside(struct timetree *t, struct path *path, unsigned at, struct record r);
static void path_add_right(struct timetree *t, struct path *path, struct record key, void *child);
static void path_drop(struct timetree *t, struct path *path, unsigned height);
static void leaves_join(struct timetree *t, struct path *path);
static bool inners_join(struct timetree *t, struct path *path, unsigned height);
static void free_below(void *node, unsigned height);

struct timetree *timetree_new(void)
{
    return mem_zalloc(sizeof(struct timetree));
}

void timetree_free(struct timetree *t)
{
    if (!t)
        return;
    timetree_clear(t);
    mem_free(t);
}

void timetree_clear(struct timetree *t)
{
    if (t->root)
        free_below(t->root, t->height);
    *t = (struct timetree){ .root = NULL };
}

size_t timetree_count(const struct timetree *t)
{
    return t->count;
}

size_t timetree_footprint(const struct timetree *t)
{
    return mem_size_class(sizeof(*t)) + t->leaf_bytes +
           t->inner_count * mem_size_class(sizeof(struct inner));
}

void timetree_add(struct timetree *t, int64_t when_ms, void *item)
{
    const struct record r = record_of(when_ms, item);
    t->count++;
    if (!t->root) {
        struct leaf *leaf = leaf_new(r);
        t->root = leaf;
        t->leaf_bytes += leaf->block_bytes;
        return;
    }

    struct path path;
    path_to(t, r, &path);
    struct leaf *leaf = path.leaf;
    const unsigned at = leaf_lower_bound(leaf, r);
    if (at < leaf->count)
        ASSERT(record_less(r, leaf_record(leaf, at)));
    if (UNLIKELY(!leaf_can_span(leaf, r.when))) {
        insert_beside(t, &path, at, r);
    } else if (UNLIKELY(leaf->count == LEAF_RECORDS_MAX)) {
        insert_split(t, &path, at, r);
    } else {
        t->leaf_bytes -= leaf->block_bytes;
        leaf = leaf_insert(leaf, at, r);
        t->leaf_bytes += leaf->block_bytes;
        path_set_leaf(t, &path, leaf);
    }
}

void timetree_remove(struct timetree *t, int64_t when_ms, void *item)
{
    struct path path;
    const unsigned at = path_to_record(t, record_of(when_ms, item), &path);
    struct leaf *leaf = path.leaf;
    t->count--;
    t->leaf_bytes -= leaf->block_bytes;
    if (leaf->count == 1) {
        leaf_free(leaf);
        path_drop(t, &path, t->height);
        return;
    }
    leaf = leaf_delete(leaf, at);
    t->leaf_bytes += leaf->block_bytes;
    path_set_leaf(t, &path, leaf);
    if (leaf->count < LEAF_RECORDS_FEW && t->height > 0)
        leaves_join(t, &path);
}

/* In place where the order stays, which it does unless there are several of the same time. */
void timetree_move(struct timetree *t, int64_t when_ms, void *old_item, void *new_item)
{
    struct path path;
    const struct record r = record_of(when_ms, new_item);
    const unsigned at = path_to_record(t, record_of(when_ms, old_item), &path);
    const bool first = at == 0;
    const bool last = at == path.leaf->count - 1U;
    /* A neighbour in the leaf bounds the order; where there is none, the old record itself does. */
    const bool after = record_less(leaf_record(path.leaf, first ? at : at - 1), r);
    const bool ahead = record_less(r, leaf_record(path.leaf, last ? at : at + 1));
    if (after && ahead) {
        leaf_set_item(path.leaf, at, r.item);
        return;
    }
    timetree_remove(t, when_ms, old_item);
    timetree_add(t, when_ms, new_item);
}

void *timetree_first(const struct timetree *t, int64_t *ret_when_ms)
{
    if (!t->root)
        return NULL;
    const void *node = t->root;
    for (unsigned h = t->height; h > 0; h--)
        node = ((const struct inner *)node)->children[0];
    const struct record r = leaf_first(node);
    *ret_when_ms = record_when(r);
    return record_item(r);
}

void *timetree_last(const struct timetree *t, int64_t *ret_when_ms)
{
    if (!t->root)
        return NULL;
    const void *node = t->root;
    for (unsigned h = t->height; h > 0; h--) {
        const struct inner *inner = node;
        node = inner->children[inner->count - 1];
    }
    const struct record r = leaf_last(node);
    *ret_when_ms = record_when(r);
    return record_item(r);
}

static void leaf_each(const struct leaf *leaf, void (*visit)(void *, int64_t, void *), void *arg)
{
    for (unsigned i = 0; i < leaf->count; i++) {
        const struct record r = leaf_record(leaf, i);
        visit(arg, record_when(r), record_item(r));
    }
}

/* No deeper than HEIGHT_MAX. */
static void each_below(const void *node, unsigned height, void (*visit)(void *, int64_t, void *),
                       void *arg)
{
    if (height == 0) {
        leaf_each(node, visit, arg);
        return;
    }
    const struct inner *inner = node;
    for (unsigned i = 0; i < inner->count; i++)
        each_below(inner->children[i], height - 1, visit, arg);
}

void timetree_each(const struct timetree *t, void (*visit)(void *arg, int64_t when_ms, void *item),
                   void *arg)
{
    if (t->root)
        each_below(t->root, t->height, visit, arg);
}

/* A visit of leaves from the first on. */
struct leaves {
    bool (*leaf)(struct leaves *l, const struct leaf *leaf); /* false ends it */
    uint64_t until;
    size_t count;
    bool (*visit)(void *arg, int64_t when_ms, void *item);
    void *arg;
};

/* No deeper than HEIGHT_MAX. */
static bool leaves_below(const void *node, unsigned height, struct leaves *l)
{
    if (height == 0)
        return l->leaf(l, node);
    const struct inner *inner = node;
    for (unsigned i = 0; i < inner->count; i++)
        if (!leaves_below(inner->children[i], height - 1, l))
            return false;
    return true;
}

static bool leaf_visit_before(struct leaves *l, const struct leaf *leaf)
{
    for (unsigned i = 0; i < leaf->count; i++) {
        const struct record r = leaf_record(leaf, i);
        if (r.when >= l->until || !l->visit(l->arg, record_when(r), record_item(r)))
            return false;
    }
    return true;
}

static bool leaf_count_before(struct leaves *l, const struct leaf *leaf)
{
    if (leaf_last(leaf).when < l->until) {
        l->count += leaf->count;
        return true;
    }
    l->count += leaf_lower_bound(leaf, (struct record){ l->until, 0 });
    return false;
}

static uint64_t turned(int64_t when_ms)
{
    return (uint64_t)when_ms ^ (uint64_t)1 << 63;
}

void timetree_each_before(const struct timetree *t, int64_t when_ms,
                          bool (*visit)(void *arg, int64_t when_ms, void *item), void *arg)
{
    struct leaves l = {
        .leaf = leaf_visit_before, .until = turned(when_ms), .visit = visit, .arg = arg
    };
    if (t->root)
        (void)leaves_below(t->root, t->height, &l);
}

size_t timetree_count_before(const struct timetree *t, int64_t when_ms)
{
    struct leaves l = { .leaf = leaf_count_before, .until = turned(when_ms) };
    if (t->root)
        (void)leaves_below(t->root, t->height, &l);
    return l.count;
}

static struct record record_of(int64_t when_ms, const void *item)
{
    ASSERT(item);
    ASSERT((uintptr_t)item >> (ITEM_BYTES * 8) == 0);
    return (struct record){ turned(when_ms), (uintptr_t)item };
}

static int64_t record_when(struct record r)
{
    return (int64_t)(r.when ^ (uint64_t)1 << 63);
}

static void *record_item(struct record r)
{
    return (void *)(uintptr_t)r.item;
}

/* The child that holds `r` or would. */
static unsigned inner_child_of(const struct inner *node, struct record r)
{
    unsigned low = 0;
    for (unsigned n = (unsigned)node->count - 1; n > 0;) {
        unsigned half = n / 2;
        unsigned key = low + half + 1;
        bool beyond = record_less(r, (struct record){ node->whens[key], node->items[key] });
        low = beyond ? low : key;
        n = beyond ? half : n - half - 1;
    }
    return low;
}

static void path_to(const struct timetree *t, struct record r, struct path *ret_path)
{
    void *node = t->root;
    for (unsigned h = 0; h < t->height; h++) {
        struct inner *inner = node;
        unsigned at = inner_child_of(inner, r);
        ret_path->steps[h].node = inner;
        ret_path->steps[h].at = at;
        node = inner->children[at];
    }
    ret_path->leaf = node;
}

/* Its place in the leaf; it must be there. */
static unsigned path_to_record(const struct timetree *t, struct record r, struct path *ret_path)
{
    ASSERT(t->root);
    path_to(t, r, ret_path);
    const unsigned at = leaf_lower_bound(ret_path->leaf, r);
    ASSERT(at < ret_path->leaf->count);
    const struct record found = leaf_record(ret_path->leaf, at);
    ASSERT(found.when == r.when);
    ASSERT(found.item == r.item);
    return at;
}

/* The path's leaf is this one now. */
static void path_set_leaf(struct timetree *t, struct path *path, struct leaf *leaf)
{
    path->leaf = leaf;
    if (t->height == 0)
        t->root = leaf;
    else
        path->steps[t->height - 1].node->children[path->steps[t->height - 1].at] = leaf;
}

/* Into a leaf of its own beside the path's leaf, on the side that `at` says: between two records
 * there is always reach. */
static void insert_beside(struct timetree *t, struct path *path, unsigned at, struct record r)
{
    struct leaf *leaf = path->leaf;
    struct leaf *alone = leaf_new(r);
    ASSERT(at == 0 || at == leaf->count);
    t->leaf_bytes += alone->block_bytes;
    if (at > 0) {
        path_add_right(t, path, r, alone);
        return;
    }
    path_set_leaf(t, path, alone);
    path_add_right(t, path, leaf_first(leaf), leaf);
}

/* Into a full leaf. */
static void insert_split(struct timetree *t, struct path *path, unsigned at, struct record r)
{
    struct leaf *left = path->leaf;
    struct leaf *right = left;
    const bool rises = at == left->inserted_at + 1U || at == left->count;
    const bool falls = at == left->inserted_at;
    const unsigned cut = rises || falls ? at : left->count / 2U;

    t->leaf_bytes -= left->block_bytes;
    if (cut == 0) {
        left = leaf_new(r);
    } else if (cut == left->count) {
        right = leaf_new(r);
    } else {
        left = leaf_split(left, cut, &right);
        if (at <= cut)
            left = leaf_insert(left, at, r);
        else
            right = leaf_insert(right, at - cut, r);
    }
    t->leaf_bytes += (size_t)left->block_bytes + right->block_bytes;
    path_set_leaf(t, path, left);
    path_add_right(t, path, leaf_first(right), right);
}

static struct inner *inner_new(struct timetree *t)
{
    struct inner *node = mem_alloc(sizeof(*node));
    node->count = 0;
    t->inner_count++;
    return node;
}

static void inner_free(struct timetree *t, struct inner *node)
{
    t->inner_count--;
    mem_free_sized(node, sizeof(*node));
}

/* Appends children of another node. */
static void inner_copy(struct inner *to, const struct inner *from, size_t at, size_t count)
{
    ASSERT(to->count + count <= CHILDREN_MAX);
    memcpy(to->whens + to->count, from->whens + at, count * sizeof(to->whens[0]));
    memcpy(to->items + to->count, from->items + at, count * sizeof(to->items[0]));
    memcpy(to->children + to->count, from->children + at, count * sizeof(to->children[0]));
    to->count += count;
}

static void inner_insert(struct inner *node, unsigned at, struct record key, void *child)
{
    ASSERT(node->count < CHILDREN_MAX);
    ASSERT(at <= node->count);
    const size_t behind = node->count - at;
    memmove(node->whens + at + 1, node->whens + at, behind * sizeof(node->whens[0]));
    memmove(node->items + at + 1, node->items + at, behind * sizeof(node->items[0]));
    memmove(node->children + at + 1, node->children + at, behind * sizeof(node->children[0]));
    node->whens[at] = key.when;
    node->items[at] = key.item;
    node->children[at] = child;
    node->count++;
}

static void inner_delete(struct inner *node, unsigned at)
{
    ASSERT(at < node->count);
    const size_t behind = node->count - at - 1;
    memmove(node->whens + at, node->whens + at + 1, behind * sizeof(node->whens[0]));
    memmove(node->items + at, node->items + at + 1, behind * sizeof(node->items[0]));
    memmove(node->children + at, node->children + at + 1, behind * sizeof(node->children[0]));
    node->count--;
}

/* Inserts into a full node; *key and *child become the new right half's, for the level above. */
static void inner_split(struct timetree *t, struct inner *node, unsigned at, struct record *key,
                        void **child)
{
    struct inner *right = inner_new(t);
    if (at == CHILDREN_MAX) {
        inner_insert(right, 0, *key, *child);
    } else {
        const unsigned cut = CHILDREN_MAX / 2;
        inner_copy(right, node, cut, CHILDREN_MAX - cut);
        node->count = cut;
        if (at <= cut)
            inner_insert(node, at, *key, *child);
        else
            inner_insert(right, at - cut, *key, *child);
        *key = (struct record){ right->whens[0], right->items[0] };
    }
    *child = right;
}

/* `child` goes to the right of the path's leaf, with the bound `key` between them. */
static void path_add_right(struct timetree *t, struct path *path, struct record key, void *child)
{
    for (unsigned h = t->height; h > 0; h--) {
        struct inner *node = path->steps[h - 1].node;
        const unsigned at = path->steps[h - 1].at + 1;
        if (node->count < CHILDREN_MAX) {
            inner_insert(node, at, key, child);
            return;
        }
        inner_split(t, node, at, &key, &child);
    }
    ASSERT(t->height < HEIGHT_MAX);
    struct inner *root = inner_new(t);
    inner_insert(root, 0, key, t->root);
    inner_insert(root, 1, key, child);
    t->root = root;
    t->height++;
}

/* The child that the path takes at the level above `height` is gone: its parent forgets it, and what
 * that leaves too empty joins a neighbour, up to the root. */
static void path_drop(struct timetree *t, struct path *path, unsigned height)
{
    bool gone = true;
    while (gone && height > 0) {
        struct inner *node = path->steps[height - 1].node;
        inner_delete(node, path->steps[height - 1].at);
        height--;
        gone = node->count == 0;
        if (gone)
            inner_free(t, node);
        else if (node->count < CHILDREN_FEW && height > 0)
            gone = inners_join(t, path, height);
    }
    if (gone) {
        t->root = NULL;
        t->height = 0;
    }
    while (t->height > 0 && ((struct inner *)t->root)->count == 1) {
        struct inner *root = t->root;
        t->root = root->children[0];
        t->height--;
        inner_free(t, root);
    }
}

/* Joins the path's leaf with a neighbour under the same parent, if they fit. */
static void leaves_join(struct timetree *t, struct path *path)
{
    struct inner *parent = path->steps[t->height - 1].node;
    const unsigned at = path->steps[t->height - 1].at;
    for (unsigned right = at + 1; right >= at && right > 0; right--) {
        if (right >= parent->count)
            continue;
        struct leaf *a = parent->children[right - 1];
        struct leaf *b = parent->children[right];
        if (!leaf_can_join(a, b))
            continue;
        t->leaf_bytes -= (size_t)a->block_bytes + b->block_bytes;
        a = leaf_join(a, b);
        t->leaf_bytes += a->block_bytes;
        parent->children[right - 1] = a;
        path->steps[t->height - 1].at = right;
        path_drop(t, path, t->height);
        return;
    }
}

/* The same for the inner node at `height`. True if there is one less: the path's step above names it. */
static bool inners_join(struct timetree *t, struct path *path, unsigned height)
{
    struct inner *parent = path->steps[height - 1].node;
    const unsigned at = path->steps[height - 1].at;
    for (unsigned right = at + 1; right >= at && right > 0; right--) {
        if (right >= parent->count)
            continue;
        struct inner *a = parent->children[right - 1];
        struct inner *b = parent->children[right];
        if (a->count + b->count > CHILDREN_JOINED)
            continue;
        b->whens[0] = parent->whens[right];
        b->items[0] = parent->items[right];
        inner_copy(a, b, 0, b->count);
        inner_free(t, b);
        path->steps[height - 1].at = right;
        return true;
    }
    return false;
}

static void free_below(void *node, unsigned height)
{
    if (height == 0) {
        leaf_free(node);
        return;
    }
    struct inner *inner = node;
    for (unsigned i = 0; i < inner->count; i++)
        free_below(inner->children[i], height - 1);
    mem_free_sized(inner, sizeof(*inner));
}

/* What a check of the whole tree adds up. */
struct sums {
    size_t records, leaf_bytes, inners;
    struct record before; /* the last record seen */
    bool any;
};

static void verify_leaf(const struct leaf *leaf, struct record low, struct sums *sums)
{
    leaf_verify(leaf);
    ASSERT(!record_less(leaf_first(leaf), low));
    if (sums->any)
        ASSERT(record_less(sums->before, leaf_first(leaf)));
    sums->any = true;
    sums->before = leaf_last(leaf);
    sums->records += leaf->count;
    sums->leaf_bytes += leaf->block_bytes;
}

/* `low` bounds what is below; what came before must be less. */
static void verify_below(const void *node, unsigned height, struct record low, struct sums *sums)
{
    if (height == 0) {
        verify_leaf(node, low, sums);
        return;
    }
    const struct inner *inner = node;
    ASSERT(inner->count > 0);
    ASSERT(inner->count <= CHILDREN_MAX);
    sums->inners++;
    for (unsigned i = 0; i < inner->count; i++) {
        struct record key = { inner->whens[i], inner->items[i] };
        if (i > 0 && sums->any)
            ASSERT(record_less(sums->before, key));
        verify_below(inner->children[i], height - 1, i > 0 ? key : low, sums);
    }
}

void timetree_verify(const struct timetree *t)
{
    struct sums sums = { .records = 0 };
    if (t->root)
        verify_below(t->root, t->height, (struct record){ 0, 0 }, &sums);
    ASSERT(t->root || t->height == 0);
    ASSERT(t->height == 0 || ((const struct inner *)t->root)->count > 1);
    ASSERT(sums.records == t->count);
    ASSERT(sums.leaf_bytes == t->leaf_bytes);
    ASSERT(sums.inners == t->inner_count);
}
