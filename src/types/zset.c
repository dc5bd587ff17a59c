/* Sorted sets: what is asked and changed of single members, in either form. */
#include "types/zset.h"

#include <math.h>

#include "types/zset_priv.h"

struct entry *zset_new(struct slice key, int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_ZSET, ENCODING_LISTPACK, key, 0, when_ms);
    entry_put_pointer(e, listpack_new());
    return e;
}

size_t zset_count(const struct entry *e)
{
    const struct zset *z = zset_tree(e);
    return z ? btree_count(&z->tree) : listpack_count(zset_pack(e)) / 2;
}

bool zset_score(const struct entry *e, struct slice member, double *ret_score)
{
    const struct zset *z = zset_tree(e);
    if (z) {
        const struct zset_member *m = zset_tree_find(z, table_hash(z->table, member), member);
        if (m)
            *ret_score = m->score;
        return m != NULL;
    }
    const struct listpack *lp = zset_pack(e);
    const size_t at = zset_pack_find(lp, member);
    if (at)
        *ret_score = zset_pack_score(lp, at);
    return at != LISTPACK_NONE;
}

bool zset_rank(const struct entry *e, struct slice member, size_t *ret_rank, double *ret_score)
{
    const struct zset *z = zset_tree(e);
    if (z) {
        const struct zset_member *m = zset_tree_find(z, table_hash(z->table, member), member);
        if (!m)
            return false;
        *ret_rank = zset_tree_rank(z, m);
        *ret_score = m->score;
        return true;
    }
    const struct listpack *lp = zset_pack(e);
    size_t rank = 0;
    for (size_t at = listpack_first(lp); at; at = zset_pack_next(lp, at), rank++) {
        if (!listpack_equals(lp, at, member))
            continue;
        *ret_rank = rank;
        *ret_score = zset_pack_score(lp, at);
        return true;
    }
    return false;
}

/* Whether a member gets another score, and which. */
static enum zset_outcome decide(unsigned flags, double old, double *score)
{
    if (flags & ZSET_IF_ABSENT)
        return ZSET_REFUSED;
    if (flags & ZSET_INCREMENT)
        *score += old;
    if (UNLIKELY(isnan(*score)))
        return ZSET_NAN;
    if (flags & ZSET_IF_LESS && *score >= old)
        return ZSET_REFUSED;
    if (flags & ZSET_IF_GREATER && *score <= old)
        return ZSET_REFUSED;
    return *score == old ? ZSET_SAME : ZSET_CHANGED;
}

static enum zset_outcome tree_add(struct zset *z, unsigned flags, const struct zset_element *what,
                                  double *ret_score)
{
    const uint64_t hash = table_hash(z->table, what->member);
    struct zset_member *m = zset_tree_find(z, hash, what->member);
    double score = what->score;
    enum zset_outcome outcome = ZSET_ADDED;
    if (m) {
        outcome = decide(flags, m->score, &score);
        if (outcome == ZSET_CHANGED)
            zset_tree_set_score(z, m, score);
    } else if (flags & ZSET_IF_PRESENT) {
        return ZSET_REFUSED;
    } else {
        zset_tree_insert(z, hash, zset_member_new(what->member, score));
    }
    if (outcome >= ZSET_SAME)
        *ret_score = score;
    return outcome;
}

/* A member of the listpack gets another score. */
static void pack_change(struct entry *e, size_t at, const struct zset_element *what)
{
    struct listpack *lp = listpack_delete(zset_pack(e), at, 2);
    entry_put_pointer(e, zset_pack_insert(lp, what));
}

/* Whether another member fits the form. */
static bool pack_takes(const struct entry *e, const struct type_env *env, struct slice member)
{
    const struct listpack *lp = zset_pack(e);
    return (int64_t)(listpack_count(lp) / 2) < env->zset_listpack_entries &&
           (int64_t)member.len <= env->zset_listpack_value &&
           listpack_has_room(lp, member.len + NUM_DOUBLE_MAX_CHARS);
}

static void become_tree(struct entry *e, const struct type_env *env)
{
    struct listpack *lp = zset_pack(e);
    entry_put_encoded(e, ENCODING_ZSET_TREE, zset_tree_of_pack(lp, env->hash_key));
    listpack_free(lp);
}

enum zset_outcome zset_add(struct entry *e, const struct type_env *env, unsigned flags,
                           const struct zset_element *what, double *ret_score)
{
    struct zset *z = zset_tree(e);
    if (z)
        return tree_add(z, flags, what, ret_score);

    struct listpack *lp = zset_pack(e);
    const size_t at = zset_pack_find(lp, what->member);
    if (at) {
        struct zset_element moved = *what;
        enum zset_outcome outcome = decide(flags, zset_pack_score(lp, at), &moved.score);
        if (outcome == ZSET_CHANGED)
            pack_change(e, at, &moved);
        if (outcome >= ZSET_SAME)
            *ret_score = moved.score;
        return outcome;
    }
    if (flags & ZSET_IF_PRESENT)
        return ZSET_REFUSED;
    if (UNLIKELY(!pack_takes(e, env, what->member))) {
        become_tree(e, env);
        return tree_add(zset_tree(e), flags, what, ret_score);
    }
    entry_put_pointer(e, zset_pack_insert(lp, what));
    *ret_score = what->score;
    return ZSET_ADDED;
}

bool zset_remove(struct entry *e, struct slice member)
{
    struct zset *z = zset_tree(e);
    if (z)
        return zset_tree_remove(z, member);
    struct listpack *lp = zset_pack(e);
    const size_t at = zset_pack_find(lp, member);
    if (at)
        entry_put_pointer(e, listpack_delete(lp, at, 2));
    return at != LISTPACK_NONE;
}

const struct listpack *zset_listpack(const struct entry *e)
{
    return zset_tree(e) ? NULL : zset_pack(e);
}

struct entry *zset_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                                const struct type_env *env)
{
    struct entry *e = entry_new(TYPE_ZSET, ENCODING_LISTPACK, key, 0, when_ms);
    entry_put_pointer(e, lp);
    if ((int64_t)(listpack_count(lp) / 2) > env->zset_listpack_entries)
        become_tree(e, env);
    return e;
}
