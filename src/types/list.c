/* Lists: the two forms, and how one becomes the other. */
#include "types/list.h"

#include "types/entry_priv.h"
#include "types/list_priv.h"

/* ---- what is to be known of packs ---- */

static void free_packs(void *value)
{
    packs_free(value);
}

static void *copy_packs(void *value)
{
    return packs_copy(value);
}

static size_t packs_free_effort(const void *value)
{
    return packs_pack_count(value);
}

static size_t footprint_of_packs(const void *value)
{
    return packs_footprint(value);
}

const struct encoding_ops list_packs_ops = {
    .free = free_packs,
    .copy = copy_packs,
    .free_effort = packs_free_effort,
    .footprint = footprint_of_packs,
};

/* ---- forms ---- */

INLINE struct listpack *listpack_of(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_LISTPACK ? entry_pointer(e) : NULL;
}

INLINE struct packs *packs_of(const struct entry *e)
{
    ASSERT_DEBUG(entry_encoding(e) == ENCODING_PACKS);
    return entry_pointer(e);
}

const struct listpack *list_listpack(const struct entry *e)
{
    return listpack_of(e);
}

const struct packs *list_packs(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_PACKS ? packs_of(e) : NULL;
}

static struct packs_limits limits_of(const struct type_env *env)
{
    return (struct packs_limits){ .size = env->list_listpack_size,
                                  .depth = env->list_compress_depth,
                                  .plain_bytes = env->list_plain_bytes };
}

static struct packs *become_packs(struct entry *e, const struct type_env *env)
{
    struct listpack *lp = listpack_of(e);
    struct packs *p = packs_new(limits_of(env));
    if (listpack_first(lp) != LISTPACK_NONE)
        packs_add_listpack(p, lp);
    else
        listpack_free(lp);
    entry_put_encoded(e, ENCODING_PACKS, p);
    return p;
}

/* The packs, if they are or must become such before so many values of so many bytes are added; NULL: they
 * stay a listpack. */
static struct packs *packs_to_grow(struct entry *e, const struct type_env *env, size_t bytes,
                                   size_t count)
{
    const struct listpack *lp = listpack_of(e);
    if (!lp)
        return packs_of(e);
    if (LIKELY(!packs_exceeds(env->list_listpack_size, listpack_bytes(lp) + bytes,
                              listpack_count(lp) + count, 1)))
        return NULL;
    return become_packs(e, env);
}

/* Packs that are one, and no more than a part of what a listpack may be, become one. */
static void try_listpack(struct entry *e, const struct type_env *env, size_t share)
{
    struct packs *p = packs_of(e);
    if (LIKELY(packs_pack_count(p) != 1))
        return;
    struct packs_parts parts;
    struct packs_part part;
    packs_parts_open(&parts, p);
    bool fits = packs_parts_next(&parts, &part) && part.lp &&
                !packs_exceeds(env->list_listpack_size, listpack_bytes(part.lp), packs_count(p),
                               share);
    packs_parts_close(&parts);
    if (!fits)
        return;
    entry_put_encoded(e, ENCODING_LISTPACK, packs_take_listpack(p));
    packs_free(p);
}

/* ---- life ---- */

struct entry *list_new(struct slice key, int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_LIST, ENCODING_LISTPACK, key, 0, when_ms);
    entry_put_pointer(e, listpack_new());
    return e;
}

size_t list_count(const struct entry *e)
{
    const struct listpack *lp = listpack_of(e);
    return lp ? listpack_count(lp) : packs_count(packs_of(e));
}

struct entry *list_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                                const struct type_env *env)
{
    struct entry *e = entry_new(TYPE_LIST, ENCODING_LISTPACK, key, 0, when_ms);
    entry_put_pointer(e, lp);
    (void)packs_to_grow(e, env, 0, 0);
    return e;
}

struct entry *list_new_packs(struct slice key, int64_t when_ms, const struct type_env *env)
{
    struct entry *e = entry_new(TYPE_LIST, ENCODING_PACKS, key, 0, when_ms);
    entry_put_pointer(e, packs_new(limits_of(env)));
    return e;
}

void list_add_listpack(struct entry *e, struct listpack *lp)
{
    packs_add_listpack(packs_of(e), lp);
}

void list_add_plain(struct entry *e, struct slice value)
{
    packs_add_plain(packs_of(e), value);
}

void list_add_done(struct entry *e, const struct type_env *env)
{
    ASSERT(list_count(e) > 0);
    try_listpack(e, env, 1);
}

/* ---- changes ---- */

static size_t bytes_of(const struct slice *values, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += values[i].len;
    return bytes;
}

void list_push(struct entry *e, const struct type_env *env, enum list_end end,
               const struct slice *values, size_t count)
{
    struct packs *p = packs_to_grow(e, env, bytes_of(values, count), count);
    if (p) {
        for (size_t i = 0; i < count; i++)
            packs_insert(p, end == LIST_HEAD ? 0 : packs_count(p), values[i]);
        return;
    }
    struct listpack *lp = listpack_of(e);
    for (size_t i = 0; i < count; i++)
        lp = end == LIST_HEAD ? listpack_prepend(lp, values[i]) : listpack_append(lp, values[i]);
    entry_put_pointer(e, lp);
}

void list_insert(struct entry *e, const struct type_env *env, size_t index, struct slice value)
{
    struct packs *p = packs_to_grow(e, env, value.len, 1);
    if (p) {
        packs_insert(p, index, value);
        return;
    }
    struct listpack *lp = listpack_of(e);
    entry_put_pointer(e, listpack_insert(lp, listpack_seek(lp, (int64_t)index), value));
}

void list_set(struct entry *e, const struct type_env *env, size_t index, struct slice value)
{
    struct packs *p = packs_to_grow(e, env, value.len, 1);
    if (p) {
        packs_replace(p, index, value);
        try_listpack(e, env, 2);
        return;
    }
    struct listpack *lp = listpack_of(e);
    entry_put_pointer(e, listpack_replace(lp, listpack_seek(lp, (int64_t)index), value));
}

void list_delete(struct entry *e, const struct type_env *env, size_t index, size_t count)
{
    struct listpack *lp = listpack_of(e);
    if (lp) {
        entry_put_pointer(e, listpack_delete_range(lp, (int64_t)index, count));
        return;
    }
    packs_delete(packs_of(e), index, count);
    try_listpack(e, env, 2);
}

size_t list_remove(struct entry *e, const struct type_env *env, struct slice value, size_t max,
                   bool from_end)
{
    struct listpack *lp = listpack_of(e);
    size_t removed;
    if (lp) {
        entry_put_pointer(e, listpack_remove(lp, value, max, from_end, &removed));
        return removed;
    }
    removed = packs_remove(packs_of(e), value, max, from_end);
    try_listpack(e, env, 2);
    return removed;
}

/* ---- walks ---- */

void list_walk_open(struct list_walk *w, const struct entry *e, size_t index, bool down)
{
    const struct listpack *lp = listpack_of(e);
    if (!lp) {
        packs_walk_open(&w->packs, packs_of(e), index, down);
        return;
    }
    w->packs = (struct packs_walk){ .lp = lp, .down = down };
    w->packs.at = index < listpack_count(lp) ? listpack_seek(lp, (int64_t)index) : LISTPACK_NONE;
}

struct list_wanted list_wanted(struct slice text)
{
    struct list_wanted wanted = { .text = text };
    wanted.is_int = num_parse_int(text, &wanted.number);
    return wanted;
}
