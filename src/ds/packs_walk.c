/* Packs: walks, and removing what is met on them. */
#include "base/blob.h"
#include "ds/packs_priv.h"

/* ---- over packs ---- */

void packs_parts_open(struct packs_parts *w, const struct packs *p)
{
    struct pack_place first = packs_first(p);
    *w = (struct packs_parts){ .packs = p, .run = first.run, .slot = first.slot };
}

void packs_parts_close(struct packs_parts *w)
{
    listpack_free(w->opened);
    w->opened = NULL;
}

bool packs_parts_next(struct packs_parts *w, struct packs_part *ret_part)
{
    packs_parts_close(w);
    if (!w->run)
        return false;
    const struct pack *pack = &w->run->packs[w->slot];
    *ret_part = (struct packs_part){ .lp = packs_block_read(pack, &w->opened),
                                     .is_compressed = pack->form == PACK_SQUEEZED };
    if (!ret_part->lp)
        ret_part->plain = blob_slice(pack_blob(pack));
    struct pack_place next = packs_next(
        w->packs, (struct pack_place){ (struct run *)(uintptr_t)w->run, w->slot });
    w->run = next.run;
    w->slot = next.slot;
    return true;
}

/* ---- over values ---- */

static void step_to_next_pack(struct packs_walk *w)
{
    struct pack_place at = { (struct run *)(uintptr_t)w->run, w->slot };
    at = w->down ? packs_prev(w->packs, at) : packs_next(w->packs, at);
    w->run = at.run;
    w->slot = at.slot;
}

void packs_walk_open(struct packs_walk *w, const struct packs *p, size_t index, bool down)
{
    *w = (struct packs_walk){ .packs = p, .down = down };
    if (index >= p->count)
        return;
    size_t within;
    struct pack_place at = packs_seek(p, index, &within);
    w->run = at.run;
    w->slot = at.slot;
    w->lp = packs_block_read(pack_at(at), &w->opened);
    if (!w->lp)
        return; /* a value alone is read by the first step */
    w->at = listpack_seek(w->lp, (int64_t)within);
    step_to_next_pack(w);
}

void packs_walk_close(struct packs_walk *w)
{
    listpack_free(w->opened);
    w->opened = NULL;
}

/* Opens the next pack; true if it is a value alone, which is *ret_value then. */
static bool open_pack(struct packs_walk *w, struct packs_value *ret_value)
{
    const struct pack *pack = &w->run->packs[w->slot];
    packs_walk_close(w);
    w->lp = packs_block_read(pack, &w->opened);
    step_to_next_pack(w);
    if (w->lp) {
        w->at = w->down ? listpack_last(w->lp) : listpack_first(w->lp);
        return false;
    }
    w->at = LISTPACK_NONE;
    struct blob *blob = pack_blob(pack);
    *ret_value = (struct packs_value){ .text = blob_slice(blob), .blob = blob };
    return true;
}

bool packs_walk_next(struct packs_walk *w, struct packs_value *ret_value)
{
    if (UNLIKELY(w->at == LISTPACK_NONE)) {
        if (!w->run)
            return false;
        if (open_pack(w, ret_value))
            return true;
    }
    struct listpack_value value = listpack_get(w->lp, w->at);
    *ret_value = (struct packs_value){ .text = value.text, .number = value.number };
    w->at = w->down ? listpack_prev(w->lp, w->at) : listpack_next(w->lp, w->at);
    return true;
}

/* ---- removing ---- */

/* Of one pack: how many were removed. It may be empty then. */
static size_t remove_within(struct pack *pack, struct slice value, size_t max, bool from_end)
{
    if (pack->form == PACK_PLAIN)
        return slice_eq(blob_slice(pack_blob(pack)), value);
    struct listpack *opened;
    const struct listpack *lp = packs_block_read(pack, &opened);
    bool is_there = listpack_find(lp, listpack_first(lp), value, 0) != LISTPACK_NONE;
    listpack_free(opened);
    if (!is_there)
        return 0;
    size_t removed;
    packs_block_put(pack, listpack_remove(packs_block_open(pack), value, max, from_end, &removed));
    return removed;
}

size_t packs_remove(struct packs *p, struct slice value, size_t max, bool from_end)
{
    size_t removed = 0;
    struct pack_place at = from_end ? packs_last(p) : packs_first(p);
    while (at.run && removed < max) {
        struct pack *pack = pack_at(at);
        size_t here = remove_within(pack, value, max - removed, from_end);
        removed += here;
        if (here == pack->count) {
            packs_block_free(pack);
            struct pack_place behind = packs_take_out(p, at);
            at = from_end ? packs_prev(p, behind) : behind;
            continue;
        }
        packs_count_by(p, at, -(ptrdiff_t)here);
        if (here > 0)
            at = packs_mend(p, at, from_end);
        at = from_end ? packs_prev(p, at) : packs_next(p, at);
    }
    if (removed > 0)
        packs_settle(p, (struct pack_place){ NULL, 0 });
    return removed;
}
