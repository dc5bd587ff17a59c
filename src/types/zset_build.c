/* Sorted sets made at once: members gathered in a table, then sorted. */
#include <stdlib.h>

#include "base/mem.h"
#include "types/zset_priv.h"

#define CAPACITY_MIN 16

void zset_build_init(struct zset_build *b, const struct type_env *env)
{
    *b = (struct zset_build){ .env = env, .table = table_new(&zset_table_type, env->hash_key) };
    table_fill_init(&b->fill, b->table);
}

static void set_capacity(struct zset_build *b, size_t capacity)
{
    b->members = mem_realloc(b->members, capacity * sizeof(struct zset_member *));
    b->capacity = capacity;
}

void zset_build_reserve(struct zset_build *b, size_t count)
{
    table_reserve(b->table, count);
    if (count > b->capacity)
        set_capacity(b, count);
}

void zset_build_done(struct zset_build *b)
{
    for (size_t i = 0; i < b->count; i++)
        zset_member_free(b->members[i]);
    mem_free(b->members);
    table_free(b->table);
}

size_t zset_build_count(const struct zset_build *b)
{
    return b->count;
}

static struct zset_member *add_member(struct zset_build *b, struct slice member)
{
    if (b->count == b->capacity)
        set_capacity(b, MAX_OF(2 * b->count, (size_t)CAPACITY_MIN));
    struct zset_member *m = zset_member_new(member, 0);
    b->members[b->count++] = m;
    b->block_bytes += mem_size_class(member_size(member.len));
    b->longest = MAX_OF(b->longest, member.len);
    b->bytes += member.len;
    return m;
}

double *zset_build_at(struct zset_build *b, struct slice member, bool *ret_is_new)
{
    const uint64_t hash = table_hash(b->table, member);
    struct zset_member *m = table_find(b->table, hash, member);
    *ret_is_new = !m;
    if (!m) {
        m = add_member(b, member);
        table_insert(b->table, hash, m);
    }
    return &m->score;
}

double *zset_build_new(struct zset_build *b, struct slice member)
{
    const uint64_t hash = table_hash(b->table, member);
    struct zset_member *m = add_member(b, member);
    return table_fill_add(&b->fill, hash, m) ? &m->score : NULL;
}

bool zset_build_all_new(struct zset_build *b)
{
    return table_fill_finish(&b->fill);
}

static int by_score_and_text(const void *a, const void *b)
{
    const struct zset_member *x = *(struct zset_member *const *)a;
    const struct zset_member *y = *(struct zset_member *const *)b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return slice_cmp(member_text(x), member_text(y));
}

/* Score and text of the two are never both the same. */
static bool is_sorted(struct zset_member *const *members, size_t count, bool down)
{
    for (size_t i = 1; i < count; i++)
        if ((by_score_and_text(&members[i - 1], &members[i]) > 0) != down)
            return false;
    return true;
}

static void reverse(struct zset_member **members, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct zset_member *m = members[i];
        members[i] = members[count - 1 - i];
        members[count - 1 - i] = m;
    }
}

/* All members, which are brought into their order; how many. */
static size_t put_in_order(struct zset_build *b)
{
    const size_t count = b->count;
    ASSERT(count > 0);
    ASSERT(count == table_count(b->table));
    if (is_sorted(b->members, count, /* down= */ true))
        reverse(b->members, count);
    else if (!is_sorted(b->members, count, /* down= */ false))
        qsort(b->members, count, sizeof(struct zset_member *), by_score_and_text);
    return count;
}

/* The blocks go. */
static struct listpack *pack_of(struct zset_build *b, size_t count)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < count; i++) {
        struct zset_member *m = b->members[i];
        lp = zset_pack_append(lp, &(struct zset_element){ member_text(m), m->score });
        zset_member_free(m);
    }
    table_free(b->table);
    return lp;
}

/* The build's table and blocks become the set's. */
static struct zset *tree_of(struct zset_build *b, size_t count)
{
    struct zset *z = mem_alloc(sizeof(*z));
    btree_init(&z->tree, &zset_btree_type);
    z->table = b->table;
    z->hash_key = b->env->hash_key;
    z->block_bytes = b->block_bytes;
    for (size_t i = 0; i < count; i++) {
        struct zset_member *m = b->members[i];
        const struct zset_probe probe = { .text = member_text(m) };
        btree_insert(&z->tree, (struct btree_key){ score_order(m->score), &probe }, m);
    }
    return z;
}

void zset_build_visit(struct zset_build *b, zset_visit visit, void *arg)
{
    const size_t count = put_in_order(b);
    for (size_t i = 0; i < count; i++) {
        const struct zset_member *m = b->members[i];
        visit(arg, &(struct zset_element){ member_text(m), m->score });
    }
    zset_build_done(b);
}

struct entry *zset_build_finish(struct zset_build *b, struct slice key, int64_t when_ms)
{
    const size_t count = put_in_order(b);
    const bool is_small = (int64_t)count <= b->env->zset_listpack_entries &&
                          (int64_t)b->longest <= b->env->zset_listpack_value &&
                          b->bytes + count * 64 < LISTPACK_BYTES_MAX;
    struct entry *e = entry_new(TYPE_ZSET, is_small ? ENCODING_LISTPACK : ENCODING_ZSET_TREE, key,
                                0, when_ms);
    if (is_small)
        entry_put_pointer(e, pack_of(b, count));
    else
        entry_put_pointer(e, tree_of(b, count));
    mem_free(b->members);
    return e;
}
