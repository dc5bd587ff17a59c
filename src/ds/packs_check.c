/* Packs: checking what is promised. */
#include "ds/packs_priv.h"

static void verify_pack(const struct packs *p, const struct pack *pack, size_t index)
{
    struct listpack *opened;
    const struct listpack *lp = packs_block_read(pack, &opened);
    ASSERT(pack->count > 0);
    ASSERT(lp || pack->count == 1);
    ASSERT(!lp || listpack_count(lp) == pack->count);
    ASSERT(!lp || packs_block_bytes(pack) == listpack_bytes(lp));
    listpack_free(opened);

    size_t depth = (size_t)p->limits.depth;
    bool deep = depth > 0 && index >= depth && p->pack_count - 1 - index >= depth;
    ASSERT(deep || pack->form != PACK_SQUEEZED);
    ASSERT(!deep || pack->form != PACK_LISTPACK || pack->stubborn);
}

void packs_verify(const struct packs *p)
{
    size_t count = 0, packs = 0;
    LIST_FOR_EACH_SAFE(node, &p->runs)
    {
        const struct run *run = run_of(node);
        size_t here = 0;
        ASSERT(run->used > 0);
        ASSERT(run->used <= run->cap);
        ASSERT(run->cap <= PACKS_RUN_MAX);
        for (size_t i = 0; i < run->used; i++) {
            verify_pack(p, &run->packs[i], packs++);
            here += run->packs[i].count;
        }
        ASSERT(here == run->count);
        count += here;
    }
    ASSERT(count == p->count);
    ASSERT(packs == p->pack_count);
}
