/* The forms of the checksum and the table of remainders, for crc64.c, crc64_fold.c and their test. */
#ifndef CODEC_CRC64_PRIV_H
#define CODEC_CRC64_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRC64_ROWS 8
/* The Jones polynomial 0xad93d23594c935a9 with its bits reversed. */
#define CRC64_POLYNOMIAL ((uint64_t)0x95ac9329ac4bc9b5u)

extern const uint64_t crc64_table[CRC64_ROWS][256];

/* Eight bytes a step, on every processor. */
uint64_t crc64_scalar(uint64_t crc, const unsigned char *bytes, size_t len);

#if defined(__x86_64__)
#define CRC64_FOLD 1
/* It takes that many bytes and more. */
#define CRC64_FOLD_MIN ((size_t)64)
/* Powers of x modulo the polynomial, bits reversed, that fold over 64 and 16 bytes: of the block's first eight bytes,
 * and of the others. A product of reversed numbers is short of one x, so the powers are 575, 511, 191 and 127. */
#define CRC64_FOLD_64 UINT64_C(0xaf86efb16d9ab4fb), UINT64_C(0xf49784a634f014e4)
#define CRC64_FOLD_16 UINT64_C(0xd9d7be7d505da32c), UINT64_C(0x381d0015c96f4444)
/* Multiplication without carries. */
bool crc64_can_fold(void);
uint64_t crc64_fold(uint64_t crc, const unsigned char *bytes, size_t len);
#endif

#endif
