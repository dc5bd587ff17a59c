/* Packs: how runs and packs lie in memory. */
#ifndef DS_PACKS_PRIV_H
#define DS_PACKS_PRIV_H

#include "base/assert.h"
#include "base/list.h"
#include "ds/packs.h"

enum pack_form {
    PACK_LISTPACK, /* struct listpack */
    PACK_PLAIN,    /* struct blob */
    PACK_SQUEEZED, /* struct squeezed */
};

struct pack {
    void *block;
    uint32_t count; /* of values */
    uint8_t form;
    bool stubborn; /* it would not get smaller; until it is changed */
};

static_assert(sizeof(struct pack) == 16, "four packs a cache line");

#ifdef TARN_STRESS
#define PACKS_RUN_MAX ((size_t)4)
#define PACKS_RUN_MIN ((size_t)1)
#else
#define PACKS_RUN_MAX ((size_t)64)
#define PACKS_RUN_MIN ((size_t)4)
#endif

struct run {
    struct list in_runs;
    size_t count; /* of values */
    uint32_t used, cap;
    struct pack packs[];
};

struct packs {
    struct list runs;
    size_t count, pack_count;
    struct packs_limits limits;
};

/* Where a pack stands; run is NULL: behind the last. */
struct pack_place {
    struct run *run;
    size_t slot;
};

INLINE struct run *run_of(struct list *node)
{
    return LIST_ENTRY(node, struct run, in_runs);
}

INLINE struct pack *pack_at(struct pack_place at)
{
    ASSERT_DEBUG(at.slot < at.run->used);
    return &at.run->packs[at.slot];
}

/* ---- runs (packs_run.c) ---- */

struct pack_place packs_first(const struct packs *p);
struct pack_place packs_last(const struct packs *p);
struct pack_place packs_next(const struct packs *p, struct pack_place at);
struct pack_place packs_prev(const struct packs *p, struct pack_place at);
/* The pack that holds the value of an index that exists, and where in it. */
struct pack_place packs_seek(const struct packs *p, size_t index, size_t *ret_within);
/* Puts a pack where another stands, or (run NULL) behind the last. Returns its place; others may be
 * elsewhere now. */
struct pack_place packs_put(struct packs *p, struct pack_place at, struct pack pack);
/* Takes a pack out, whose block the caller has; returns the place of the one behind it. */
struct pack_place packs_take_out(struct packs *p, struct pack_place at);
/* The pack holds so many values more, or less, than before. */
void packs_count_by(struct packs *p, struct pack_place at, ptrdiff_t by);

/* ---- blocks of packs (packs_block.c) ---- */

void packs_block_free(struct pack *pack);
void *packs_block_copy(const struct pack *pack);
size_t packs_block_footprint(const struct pack *pack);
/* Bytes of its listpack, also of one that is compressed. */
size_t packs_block_bytes(const struct pack *pack);
/* Makes a compressed pack a listpack again. */
struct listpack *packs_block_open(struct pack *pack);
/* Puts a listpack back that was changed. */
void packs_block_put(struct pack *pack, struct listpack *lp);
/* Compresses, if that saves something. */
void packs_block_squeeze(struct pack *pack);
/* The listpack to read: the pack's own, or one that is made (*ret_opened, the caller's). NULL: a value
 * alone. */
const struct listpack *packs_block_read(const struct pack *pack, struct listpack **ret_opened);

INLINE struct blob *pack_blob(const struct pack *pack)
{
    return pack->form == PACK_PLAIN ? pack->block : NULL;
}

/* ---- which are compressed (packs.c) ---- */

/* To be called after packs at or beside `at` were changed, made or taken away. */
void packs_settle(struct packs *p, struct pack_place at);
/* The same for one pack that a walk over all has made smaller: it is joined with the one before on the
 * walk if both are small, and is where the returned place says. */
struct pack_place packs_mend(struct packs *p, struct pack_place at, bool from_end);

#endif
