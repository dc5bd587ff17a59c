/* Sorted sets as table and tree. */
#include "base/mem.h"
#include "types/zset_priv.h"

static struct slice table_key(const void *m);
static int compare(const void *probe, const void *item);
static struct btree_key key_of(const struct zset_member *m, struct zset_probe *probe);
static void tree_free(void *value);
static void *tree_copy(void *value);
static size_t tree_free_effort(const void *value);
static size_t tree_footprint(const void *value);
static const struct table *tree_table(const void *value);

const struct table_type zset_table_type = { .key = table_key };
const struct btree_type zset_btree_type = { .compare = compare };
const struct encoding_ops zset_tree_ops = {
    .free = tree_free,
    .copy = tree_copy,
    .free_effort = tree_free_effort,
    .footprint = tree_footprint,
    .table = tree_table,
};

struct zset_member *zset_member_new(struct slice text, double score)
{
    struct zset_member *m = mem_alloc(member_size(text.len));
    unsigned char *bytes = m->bytes;
    m->score = score;
    m->len = (unsigned char)MIN_OF(text.len, (size_t)MEMBER_LONG);
    if (UNLIKELY(text.len >= MEMBER_LONG)) {
        const uint32_t len = (uint32_t)text.len;
        ASSERT(len == text.len);
        memcpy(bytes, &len, sizeof(len));
        bytes += sizeof(len);
    }
    if (text.len)
        memcpy(bytes, text.ptr, text.len);
    return m;
}

void zset_member_free(struct zset_member *m)
{
    mem_free_sized(m, member_size(member_text(m).len));
}

struct zset *zset_tree_new(const struct hash_key *hash_key)
{
    struct zset *z = mem_alloc(sizeof(*z));
    btree_init(&z->tree, &zset_btree_type);
    z->table = table_new(&zset_table_type, hash_key);
    z->hash_key = hash_key;
    z->block_bytes = 0;
    return z;
}

void zset_tree_insert(struct zset *z, uint64_t hash, struct zset_member *m)
{
    struct zset_probe probe;
    z->block_bytes += mem_size_class(member_size(member_text(m).len));
    table_insert(z->table, hash, m);
    btree_insert(&z->tree, key_of(m, &probe), m);
}

void zset_tree_set_score(struct zset *z, struct zset_member *m, double score)
{
    struct zset_probe probe;
    if (score_order(m->score) == score_order(score)) {
        m->score = score; /* one zero for the other */
        return;
    }
    void *taken = btree_take(&z->tree, key_of(m, &probe));
    ASSERT(taken == m);
    m->score = score;
    btree_insert(&z->tree, key_of(m, &probe), m);
}

struct zset_member *zset_tree_find(const struct zset *z, uint64_t hash, struct slice text)
{
    return table_find(z->table, hash, text);
}

bool zset_tree_remove(struct zset *z, struct slice text)
{
    struct zset_member *m = table_take(z->table, table_hash(z->table, text), text);
    if (!m)
        return false;
    struct zset_probe probe;
    void *taken = btree_take(&z->tree, key_of(m, &probe));
    ASSERT(taken == m);
    z->block_bytes -= mem_size_class(member_size(member_text(m).len));
    zset_member_free(m);
    return true;
}

size_t zset_tree_rank(const struct zset *z, const struct zset_member *m)
{
    struct zset_probe probe;
    return btree_rank(&z->tree, key_of(m, &probe));
}

static void drop_member(void *arg, uint64_t order UNUSED, void *item)
{
    struct zset *z = arg;
    struct zset_member *m = item;
    const struct slice text = member_text(m);
    table_remove(z->table, table_hash(z->table, text), m);
    z->block_bytes -= mem_size_class(member_size(text.len));
    zset_member_free(m);
}

void zset_tree_delete_span(struct zset *z, struct zset_span span)
{
    (void)btree_delete_range(&z->tree, span.first, span.count, drop_member, z);
}

struct zset *zset_tree_of_pack(const struct listpack *lp, const struct hash_key *key)
{
    struct zset *z = zset_tree_new(key);
    table_reserve(z->table, listpack_count(lp) / 2);
    for (size_t at = listpack_first(lp); at; at = zset_pack_next(lp, at)) {
        char digits[NUM_INT_MAX_CHARS];
        const struct slice text = listpack_text(lp, at, digits);
        const double score = zset_pack_score(lp, at);
        zset_tree_insert(z, table_hash(z->table, text), zset_member_new(text, score));
    }
    return z;
}

static struct slice table_key(const void *m)
{
    return member_text(m);
}

static int compare(const void *probe, const void *item)
{
    const struct zset_probe *p = probe;
    const int order = slice_cmp(p->text, member_text(item));
    return order ? order : p->behind;
}

static struct btree_key key_of(const struct zset_member *m, struct zset_probe *probe)
{
    *probe = (struct zset_probe){ .text = member_text(m) };
    return (struct btree_key){ score_order(m->score), probe };
}

static void free_member(void *arg UNUSED, uint64_t order UNUSED, void *item)
{
    zset_member_free(item);
}

static void tree_free(void *value)
{
    struct zset *z = value;
    btree_each(&z->tree, free_member, NULL);
    btree_done(&z->tree);
    table_free(z->table);
    mem_free_sized(z, sizeof(*z));
}

static void copy_member(void *arg, uint64_t order UNUSED, void *item)
{
    struct zset *copy = arg;
    const struct zset_member *m = item;
    const struct slice text = member_text(m);
    zset_tree_insert(copy, table_hash(copy->table, text), zset_member_new(text, m->score));
}

static void *tree_copy(void *value)
{
    const struct zset *z = value;
    struct zset *copy = zset_tree_new(z->hash_key);
    table_reserve(copy->table, btree_count(&z->tree));
    btree_each(&z->tree, copy_member, copy);
    return copy;
}

static size_t tree_free_effort(const void *value)
{
    return btree_count(&((const struct zset *)value)->tree);
}

static size_t tree_footprint(const void *value)
{
    const struct zset *z = value;
    return mem_size_class(sizeof(*z)) + btree_footprint(&z->tree) + table_footprint(z->table) +
           z->block_bytes;
}

static const struct table *tree_table(const void *value)
{
    return ((const struct zset *)value)->table;
}
