/* Packs: a long list of values, as a chain of listpacks.
 *
 * A **pack** is one block with some neighbours in it: a listpack; a listpack that is compressed (LZF), when it
 * stands deep enough in the list; or a single value too big to stand beside others, which is a blob. Packs stand in
 * **runs** of up to PACKS_RUN_MAX, which know how many values they hold, and runs in a list: an index is found by
 * walking over runs from the nearer end, then over the packs of one run.
 *
 * How big a pack gets is `size`: negative ones are bytes (-1: 4 KiB, -2: 8, ... -5 and below: 64), others
 * a number of values, and at most 8 KiB. `depth` packs at each end are never compressed; 0: none is anywhere. What
 * is read or changed in a compressed pack is uncompressed for that.
 *
 * Values that are passed in must not lie in the list. Values that are borrowed are good until its next change.
 *
 * Invariants: no pack and no run is empty; runs and list know the sums of what is in them. */
#ifndef DS_PACKS_H
#define DS_PACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/num.h"
#include "base/slice.h"
#include "ds/listpack.h"

struct blob;
struct packs;
struct run;

struct packs_limits {
    int64_t size;
    int64_t depth;
    int64_t plain_bytes; /* from this length on values stand alone; 0: as the size says */
};

/* Whether one listpack of so many bytes and values is more than a pack may be. `share`: of a pack's limit
 * only that part, 2 for a half. */
bool packs_exceeds(int64_t size, size_t bytes, size_t count, size_t share);

MUST_USE struct packs *packs_new(struct packs_limits limits); /* empty */
MUST_USE struct packs *packs_copy(const struct packs *p);
void packs_free(struct packs *p); /* accepts NULL */

size_t packs_count(const struct packs *p); /* of values */
size_t packs_pack_count(const struct packs *p);
/* Bytes taken from the allocator; walks over the packs. */
size_t packs_footprint(const struct packs *p);
/* Bytes of all listpacks and values alone, as if none were compressed; walks over the packs. */
size_t packs_raw_bytes(const struct packs *p);
struct packs_limits packs_limits(const struct packs *p);
/* Asserts every invariant. */
void packs_verify(const struct packs *p);

/* ---- changes ---- */

/* The value that stands at `index`, or behind the last, moves up. */
void packs_insert(struct packs *p, size_t index, struct slice value);
void packs_replace(struct packs *p, size_t index, struct slice value);
/* All of them must be there. */
void packs_delete(struct packs *p, size_t index, size_t count);
/* The first `max` values that equal `value`, or the last; returns how many there were. */
size_t packs_remove(struct packs *p, struct slice value, size_t max, bool from_end);

/* ---- whole packs: how files and peers have them ---- */

/* Behind the others. Consumes the listpack, which must not be empty, however big it is. */
void packs_add_listpack(struct packs *p, struct listpack *lp);
/* A pack with one value alone. */
void packs_add_plain(struct packs *p, struct slice value);
/* The only pack, if it is a listpack, whose new owner is the caller: the list is empty then. Else NULL. */
MUST_USE struct listpack *packs_take_listpack(struct packs *p);

struct packs_part {
    const struct listpack *lp; /* NULL: a value alone, */
    struct slice plain;        /* which is this */
    bool is_compressed;
};
/* A walk over packs from the first on. The list must not change meanwhile. */
struct packs_parts {
    const struct packs *packs;
    const struct run *run;
    size_t slot;
    struct listpack *opened;
};
void packs_parts_open(struct packs_parts *w, const struct packs *p);
/* Borrowed until the next step. False: that was all. */
MUST_USE bool packs_parts_next(struct packs_parts *w, struct packs_part *ret_part);
void packs_parts_close(struct packs_parts *w);

/* ---- a walk over values ---- */

struct packs_value {
    struct slice text; /* ptr is NULL: a number */
    int64_t number;
    struct blob *blob; /* or NULL: the value is this, whole; borrowed */
};

/* From an index on, towards the end or the beginning. The list must not change meanwhile. */
struct packs_walk {
    const struct packs *packs;
    const struct run *run; /* of the pack that comes next; NULL: none does */
    size_t slot;
    const struct listpack *lp; /* the pack at hand, */
    size_t at;                 /* and its next value */
    struct listpack *opened;
    bool down;
};
/* An index that is not there: a walk over nothing. */
void packs_walk_open(struct packs_walk *w, const struct packs *p, size_t index, bool down);
/* Borrowed until the next step. False: that was all. */
MUST_USE bool packs_walk_next(struct packs_walk *w, struct packs_value *ret_value);
void packs_walk_close(struct packs_walk *w);

#endif
