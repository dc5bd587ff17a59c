/* The library's functions, for slices of any length. */
#include "base/lzf.h"

#include <limits.h>
#include <lzf.h>

size_t lzf_pack(struct slice bytes, void *to, size_t room)
{
    if (bytes.len == 0 || bytes.len > UINT_MAX || room == 0)
        return 0;
    const unsigned room_max = (unsigned)MIN_OF(room, (size_t)UINT_MAX);
    return lzf_compress(bytes.ptr, (unsigned)bytes.len, to, room_max);
}

bool lzf_unpack(struct slice packed, void *to, size_t len)
{
    if (packed.len == 0 || packed.len > UINT_MAX || len > UINT_MAX)
        return packed.len == 0 && len == 0;
    return lzf_decompress(packed.ptr, (unsigned)packed.len, to, (unsigned)len) == len;
}
