/* Blocks of packs: listpacks, compressed ones, and values alone. */
#include <string.h>

#include "base/blob.h"
#include "base/lzf.h"
#include "base/mem.h"
#include "ds/packs_priv.h"

/* A compressed listpack. */
struct squeezed {
    uint32_t bytes, raw_bytes;
    unsigned char lzf[];
};

/* Smaller listpacks are left alone, and those that would save less. */
#ifdef TARN_STRESS
#define SQUEEZE_BYTES_MIN ((size_t)16)
#else
#define SQUEEZE_BYTES_MIN ((size_t)48)
#endif
#define SQUEEZE_GAIN_MIN ((size_t)8)

static size_t squeezed_size(const struct squeezed *s)
{
    return sizeof(*s) + s->bytes;
}

void packs_block_free(struct pack *pack)
{
    switch ((enum pack_form)pack->form) {
    case PACK_LISTPACK:
        listpack_free(pack->block);
        break;
    case PACK_PLAIN:
        blob_unref(pack->block);
        break;
    case PACK_SQUEEZED:
        mem_free_sized(pack->block, squeezed_size(pack->block));
        break;
    }
}

void *packs_block_copy(const struct pack *pack)
{
    if (pack->form == PACK_PLAIN)
        return blob_ref(pack->block);
    if (pack->form == PACK_LISTPACK)
        return listpack_copy(pack->block);
    size_t size = squeezed_size(pack->block);
    return memcpy(mem_alloc(size), pack->block, size);
}

size_t packs_block_footprint(const struct pack *pack)
{
    if (pack->form == PACK_PLAIN)
        return blob_footprint(pack->block);
    if (pack->form == PACK_LISTPACK)
        return listpack_footprint(pack->block);
    return mem_size_class(squeezed_size(pack->block));
}

size_t packs_block_bytes(const struct pack *pack)
{
    ASSERT_DEBUG(pack->form != PACK_PLAIN);
    if (UNLIKELY(pack->form == PACK_SQUEEZED))
        return ((const struct squeezed *)pack->block)->raw_bytes;
    return listpack_bytes(pack->block);
}

static struct listpack *unsqueeze(const struct squeezed *s)
{
    void *raw = mem_alloc(s->raw_bytes);
    const bool is_whole = lzf_unpack(slice_of(s->lzf, s->bytes), raw, s->raw_bytes);
    ASSERT(is_whole);
    return raw;
}

struct listpack *packs_block_open(struct pack *pack)
{
    ASSERT(pack->form != PACK_PLAIN);
    if (UNLIKELY(pack->form == PACK_SQUEEZED)) {
        struct listpack *lp = unsqueeze(pack->block);
        packs_block_free(pack);
        pack->block = lp;
        pack->form = PACK_LISTPACK;
    }
    return pack->block;
}

void packs_block_put(struct pack *pack, struct listpack *lp)
{
    ASSERT_DEBUG(pack->form == PACK_LISTPACK);
    pack->block = lp;
    pack->stubborn = false;
}

void packs_block_squeeze(struct pack *pack)
{
    if (pack->form != PACK_LISTPACK || pack->stubborn)
        return;
    size_t raw_bytes = listpack_bytes(pack->block);
    pack->stubborn = true;
    if (raw_bytes < SQUEEZE_BYTES_MIN)
        return;
    struct squeezed *s = mem_alloc(sizeof(*s) + raw_bytes);
    const size_t bytes = lzf_pack(listpack_slice(pack->block), s->lzf,
                                  raw_bytes - SQUEEZE_GAIN_MIN);
    if (bytes == 0) {
        mem_free_sized(s, sizeof(*s) + raw_bytes);
        return;
    }
    s->bytes = (uint32_t)bytes;
    s->raw_bytes = (uint32_t)raw_bytes;
    packs_block_free(pack);
    pack->block = mem_realloc(s, squeezed_size(s));
    pack->form = PACK_SQUEEZED;
    pack->stubborn = false;
}

const struct listpack *packs_block_read(const struct pack *pack, struct listpack **ret_opened)
{
    *ret_opened = NULL;
    if (pack->form == PACK_PLAIN)
        return NULL;
    if (UNLIKELY(pack->form == PACK_SQUEEZED))
        return *ret_opened = unsqueeze(pack->block);
    return pack->block;
}
