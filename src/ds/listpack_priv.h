/* How an entry of a listpack is read. Whatever is passed must be valid, but for
 * listpack_head_bytes(). */
#ifndef DS_LISTPACK_PRIV_H
#define DS_LISTPACK_PRIV_H

#include <string.h>

#include "base/assert.h"
#include "ds/listpack.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below are little-endian");

/* There is nothing in struct listpack but its bytes. */
INLINE const unsigned char *listpack_begin(const struct listpack *lp)
{
    return (const unsigned char *)lp;
}

#define LISTPACK_HEADER_BYTES ((size_t)6)
#define LISTPACK_COUNT_AT ((size_t)4)
#define LISTPACK_COUNT_UNKNOWN ((size_t)65535)
#define LISTPACK_END 0xff

/* First bytes: an entry whose first byte is below one of these, and not below the one before. */
#define LISTPACK_BELOW_UINT7 0x80
#define LISTPACK_BELOW_TEXT6 0xc0
#define LISTPACK_BELOW_INT13 0xe0
#define LISTPACK_BELOW_TEXT12 0xf0
/* And alone. */
#define LISTPACK_TEXT32 0xf0
#define LISTPACK_INT16 0xf1
#define LISTPACK_INT64 0xf4

/* Data bytes of LISTPACK_INT16 to LISTPACK_INT64. */
INLINE size_t listpack_int_bytes(unsigned char first)
{
    static const uint8_t bytes[] = { 2, 3, 4, 8 };
    return bytes[first - LISTPACK_INT16];
}

/* Up to here lies what must be read to know the entry's size; 0: no entry begins so. */
INLINE size_t listpack_head_bytes(unsigned char first)
{
    if (first < LISTPACK_BELOW_TEXT6)
        return 1;
    if (first < LISTPACK_BELOW_TEXT12)
        return 2;
    if (first == LISTPACK_TEXT32)
        return 5;
    return first <= LISTPACK_INT64 ? 1 : 0;
}

INLINE size_t listpack_load32(const unsigned char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

/* Encoding and data of the entry at `p`. */
INLINE size_t listpack_data_bytes(const unsigned char *p)
{
    unsigned char first = *p;
    if (first < LISTPACK_BELOW_UINT7)
        return 1;
    if (first < LISTPACK_BELOW_TEXT6)
        return 1 + (size_t)(first & 0x3f);
    if (first < LISTPACK_BELOW_INT13)
        return 2;
    if (first < LISTPACK_BELOW_TEXT12)
        return 2 + ((size_t)(first & 0x0f) << 8 | p[1]);
    if (first == LISTPACK_TEXT32)
        return 5 + listpack_load32(p + 1);
    return 1 + listpack_int_bytes(first);
}

/* Bytes of the back-length of `size`. The limits are the format's, though one more would fit. */
INLINE size_t listpack_back_bytes(size_t size)
{
    if (LIKELY(size < 128))
        return 1;
    return size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
}

/* All of the entry at `p`. */
INLINE size_t listpack_size_at(const unsigned char *p)
{
    size_t size = listpack_data_bytes(p);
    return size + listpack_back_bytes(size);
}

#endif
