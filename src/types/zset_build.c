/* Sorted sets made at once: members gathered in a table, then sorted. */
#include <stdlib.h>

#include "base/mem.h"
#include "types/zset_priv.h"

void zset_build_init(struct zset_build *b, const struct type_env *env)
{
    *b = (struct zset_build){ .env = env, .table = table_new(&zset_table_type, env->hash_key) };
}

static void free_visited(void *arg UNUSED, void *entry)
{
    zset_member_free(entry);
}

void zset_build_done(struct zset_build *b)
{
    table_each(b->table, free_visited, NULL);
    table_free(b->table);
}

size_t zset_build_count(const struct zset_build *b)
{
    return table_count(b->table);
}

double *zset_build_at(struct zset_build *b, struct slice member, bool *ret_is_new)
{
    const uint64_t hash = table_hash(b->table, member);
    struct zset_member *m = table_find(b->table, hash, member);
    *ret_is_new = !m;
    if (m)
        return &m->score;
    m = zset_member_new(member, 0);
    table_insert(b->table, hash, m);
    b->block_bytes += mem_size_class(member_size(member.len));
    b->longest = MAX_OF(b->longest, member.len);
    b->bytes += member.len;
    return &m->score;
}

struct gathered {
    struct zset_member **members;
    size_t count;
};

static void gather(void *arg, void *entry)
{
    struct gathered *g = arg;
    g->members[g->count++] = entry;
}

static int by_score_and_text(const void *a, const void *b)
{
    const struct zset_member *x = *(struct zset_member *const *)a;
    const struct zset_member *y = *(struct zset_member *const *)b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return slice_cmp(member_text(x), member_text(y));
}

static struct listpack *pack_of(const struct gathered *g)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < g->count; i++) {
        struct zset_member *m = g->members[i];
        lp = zset_pack_append(lp, &(struct zset_element){ member_text(m), m->score });
        zset_member_free(m);
    }
    return lp;
}

/* The build's table and blocks become the set's. */
static struct zset *tree_of(struct zset_build *b, const struct gathered *g)
{
    struct zset *z = mem_alloc(sizeof(*z));
    btree_init(&z->tree, &zset_btree_type);
    z->table = b->table;
    z->hash_key = b->env->hash_key;
    z->block_bytes = b->block_bytes;
    for (size_t i = 0; i < g->count; i++) {
        struct zset_member *m = g->members[i];
        const struct zset_probe probe = { .text = member_text(m) };
        btree_insert(&z->tree, (struct btree_key){ score_order(m->score), &probe }, m);
    }
    return z;
}

static struct gathered gather_in_order(const struct zset_build *b)
{
    struct gathered g = { mem_alloc(table_count(b->table) * sizeof(struct zset_member *)), 0 };
    table_each(b->table, gather, &g);
    ASSERT(g.count > 0);
    qsort(g.members, g.count, sizeof(struct zset_member *), by_score_and_text);
    return g;
}

void zset_build_visit(struct zset_build *b, zset_visit visit, void *arg)
{
    struct gathered g = gather_in_order(b);
    for (size_t i = 0; i < g.count; i++) {
        const struct zset_member *m = g.members[i];
        visit(arg, &(struct zset_element){ member_text(m), m->score });
    }
    mem_free(g.members);
    zset_build_done(b);
}

struct entry *zset_build_finish(struct zset_build *b, struct slice key, int64_t when_ms)
{
    const size_t count = table_count(b->table);
    struct gathered g = gather_in_order(b);
    const bool is_small = (int64_t)count <= b->env->zset_listpack_entries &&
                          (int64_t)b->longest <= b->env->zset_listpack_value &&
                          b->bytes + count * 64 < LISTPACK_BYTES_MAX;
    struct entry *e = entry_new(TYPE_ZSET, is_small ? ENCODING_LISTPACK : ENCODING_ZSET_TREE, key,
                                0, when_ms);
    if (is_small) {
        entry_put_pointer(e, pack_of(&g));
        table_free(b->table);
    } else {
        entry_put_pointer(e, tree_of(b, &g));
    }
    mem_free(g.members);
    return e;
}
