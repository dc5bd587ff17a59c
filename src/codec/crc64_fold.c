/* The checksum by multiplication without carries (Gopal and others, "Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ Instruction", 2009).
 *
 * A block of 16 bytes stands for a polynomial. Its product with a power of x, modulo the checksum's polynomial, can be
 * added to the block that stands so far behind it: the message gets shorter, its checksum stays. Four blocks at a time,
 * so that the multiplications do not wait for each other; the last block goes through the table. */
#include "codec/crc64_priv.h"

#if CRC64_FOLD

#include <immintrin.h>

#define FOLD_TARGET __attribute__((target("pclmul,sse2")))

struct powers {
    uint64_t first, second;
};

static const struct powers fold_64 = { CRC64_FOLD_64 };
static const struct powers fold_16 = { CRC64_FOLD_16 };

bool crc64_can_fold(void)
{
    return __builtin_cpu_supports("pclmul");
}

FOLD_TARGET static inline __m128i load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

FOLD_TARGET static inline __m128i fold(__m128i block, __m128i powers, __m128i onto)
{
    const __m128i first = _mm_clmulepi64_si128(block, powers, 0x00);
    const __m128i second = _mm_clmulepi64_si128(block, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

FOLD_TARGET uint64_t crc64_fold(uint64_t crc, const unsigned char *bytes, size_t len)
{
    const __m128i far = _mm_set_epi64x((long long)fold_64.second, (long long)fold_64.first);
    const __m128i near = _mm_set_epi64x((long long)fold_16.second, (long long)fold_16.first);
    __m128i blocks[4];
    unsigned char last[sizeof(__m128i)];
    for (size_t i = 0; i < 4; i++)
        blocks[i] = load(bytes + 16 * i);
    blocks[0] = _mm_xor_si128(blocks[0], _mm_set_epi64x(0, (long long)crc));
    for (bytes += 64, len -= 64; len >= 64; bytes += 64, len -= 64)
        for (size_t i = 0; i < 4; i++)
            blocks[i] = fold(blocks[i], far, load(bytes + 16 * i));

    __m128i block = blocks[0];
    for (size_t i = 1; i < 4; i++)
        block = fold(block, near, blocks[i]);
    for (; len >= 16; bytes += 16, len -= 16)
        block = fold(block, near, load(bytes));
    _mm_storeu_si128((__m128i *)(void *)last, block);
    return crc64_scalar(crc64_scalar(0, last, sizeof(last)), bytes, len);
}

#else

/* Nothing stands here on other processors. */
typedef int crc64_fold_is_empty;

#endif
