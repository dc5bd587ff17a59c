/* Any bytes as LZF: refused, or unpacked within their room. And packed: they come back as they were. The first byte
 * says how much room there is. */
#include "base/assert.h"
#include "base/lzf.h"
#include "base/mem.h"
#include "tests/unit/fuzz.h"

static void try_unpack(struct slice bytes, size_t room)
{
    char *to = mem_alloc(room);
    if (lzf_unpack(bytes, to, room))
        ASSERT(room <= bytes.len * LZF_RATIO_MAX);
    mem_free(to);
}

static void try_pack(struct slice bytes, size_t room)
{
    char *packed = mem_alloc(room);
    char *back = mem_alloc(bytes.len);
    const size_t len = lzf_pack(bytes, packed, room);
    ASSERT(len <= room);
    if (len > 0) {
        ASSERT(lzf_unpack(slice_of(packed, len), back, bytes.len));
        ASSERT(slice_eq(slice_of(back, bytes.len), bytes));
        ASSERT(bytes.len <= len * LZF_RATIO_MAX);
    }
    mem_free(packed);
    mem_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    const struct slice bytes = slice_of(data + 1, len - 1);
    try_unpack(bytes, (size_t)data[0] * 4);
    try_pack(bytes, bytes.len * (data[0] + (size_t)1) / 128 + 1);
    return 0;
}
