/* The table of remainders, for crc64.c and its test. */
#ifndef CODEC_CRC64_PRIV_H
#define CODEC_CRC64_PRIV_H

#include <stdint.h>

#define CRC64_ROWS 8
/* The Jones polynomial 0xad93d23594c935a9 with its bits reversed. */
#define CRC64_POLYNOMIAL ((uint64_t)0x95ac9329ac4bc9b5u)

extern const uint64_t crc64_table[CRC64_ROWS][256];

#endif
