/* Eight bytes a step, each by its row of the table, so that the look-ups do not wait for each other. */
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

uint64_t crc64_update(uint64_t crc, struct slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len;
    for (; left >= CRC64_ROWS; left -= CRC64_ROWS, p += CRC64_ROWS)
        crc = one_step(crc, p);
    for (; left > 0; left--, p++)
        crc = crc64_table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
    return crc;
}
