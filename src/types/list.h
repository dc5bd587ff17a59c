/* Lists: values in an order, changed mostly at the ends.
 *
 * Small ones are one listpack, big ones packs (ds/packs.h). `list-max-listpack-size` says where the one ends and how
 * big a pack of the other gets; a list of packs that has shrunk to a single one of half that size is a listpack
 * again. `list-compress-depth` is taken over when packs are made.
 *
 * Indexes count from 0 at the head. An empty list is only what is being made: the key goes with the last
 * value. Entries do not move when their value changes. Values that are passed in must not lie in the list. */
#ifndef TYPES_LIST_H
#define TYPES_LIST_H

#include "ds/listpack.h"
#include "ds/packs.h"
#include "types/entry.h"
#include "types/env.h"

enum list_end { LIST_HEAD, LIST_TAIL };

MUST_USE struct entry *list_new(struct slice key, int64_t when_ms); /* empty */

size_t list_count(const struct entry *e);

/* ---- changes ---- */

/* One after the other: the last of them stands at the end. */
void list_push(struct entry *e, const struct type_env *env, enum list_end end,
               const struct slice *values, size_t count);
/* The value that stands at `index`, or behind the last, moves up. */
void list_insert(struct entry *e, const struct type_env *env, size_t index, struct slice value);
/* In the place of a value that is there. */
void list_set(struct entry *e, const struct type_env *env, size_t index, struct slice value);
/* All of them must be there. */
void list_delete(struct entry *e, const struct type_env *env, size_t index, size_t count);
/* The first `max` values that equal `value`, or the last; returns how many there were. */
size_t list_remove(struct entry *e, const struct type_env *env, struct slice value, size_t max,
                   bool from_end);

/* ---- a walk from an index on, towards the tail, or down to the head ---- */

struct list_walk {
    struct packs_walk packs; /* of a listpack: the one pack at hand */
};
/* An index that is not there: a walk over nothing. The list must not change before it is closed. */
void list_walk_open(struct list_walk *w, const struct entry *e, size_t index, bool down);
/* Borrowed until the next step. False: that was all. */
INLINE bool list_walk_next(struct list_walk *w, struct packs_value *ret_value)
{
    return packs_walk_next(&w->packs, ret_value);
}
INLINE void list_walk_close(struct list_walk *w)
{
    packs_walk_close(&w->packs);
}

/* What values of a walk are held against. */
struct list_wanted {
    struct slice text;
    bool is_int;
    int64_t number;
};
struct list_wanted list_wanted(struct slice text);
INLINE bool list_value_is(const struct packs_value *value, const struct list_wanted *wanted)
{
    if (value->text.ptr)
        return slice_eq(value->text, wanted->text);
    return wanted->is_int && value->number == wanted->number;
}

/* ---- as files and peers have them ---- */

/* One of the two is not NULL; borrowed. */
const struct listpack *list_listpack(const struct entry *e);
const struct packs *list_packs(const struct entry *e);

/* Consumes a listpack with values, of any size. */
MUST_USE struct entry *list_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                                         const struct type_env *env);
/* A list that is put together from packs, in their order; at the end it is given the form for its size. It must
 * have a value then. */
MUST_USE struct entry *list_new_packs(struct slice key, int64_t when_ms,
                                      const struct type_env *env);
void list_add_listpack(struct entry *e, struct listpack *lp); /* consumes one with values */
void list_add_plain(struct entry *e, struct slice value);
void list_add_done(struct entry *e, const struct type_env *env);

#endif
