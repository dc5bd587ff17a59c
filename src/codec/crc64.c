/* Eight bytes a step, each by its row of the table, so that the look-ups do not wait for each other; many bytes are folded
 * first where the processor can. */
#include "codec/crc64.h"

#include "codec/crc64_priv.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the load below is little-endian");

static uint64_t one_step(uint64_t crc, const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    crc ^= word;
    return crc64_table[7][crc & 0xff] ^ crc64_table[6][crc >> 8 & 0xff] ^
           crc64_table[5][crc >> 16 & 0xff] ^ crc64_table[4][crc >> 24 & 0xff] ^
           crc64_table[3][crc >> 32 & 0xff] ^ crc64_table[2][crc >> 40 & 0xff] ^
           crc64_table[1][crc >> 48 & 0xff] ^ crc64_table[0][crc >> 56];
}

uint64_t crc64_scalar(uint64_t crc, const unsigned char *bytes, size_t len)
{
    for (; len >= CRC64_ROWS; len -= CRC64_ROWS, bytes += CRC64_ROWS)
        crc = one_step(crc, bytes);
    for (; len > 0; len--, bytes++)
        crc = crc64_table[0][(crc ^ *bytes) & 0xff] ^ crc >> 8;
    return crc;
}

uint64_t crc64_update(uint64_t crc, struct slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
#if CRC64_FOLD
    if (bytes.len >= CRC64_FOLD_MIN && crc64_can_fold())
        return crc64_fold(crc, p, bytes.len);
#endif
    return crc64_scalar(crc, p, bytes.len);
}
