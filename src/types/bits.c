/* Counting and searching bits, numbers of any width. */
#include "types/bits.h"

#include "base/assert.h"
#include "types/bits_priv.h"

#if BITS_AVX2
#include <immintrin.h>
#elif BITS_NEON
#include <arm_neon.h>
#endif

/* Shorter strings are not worth the vectors' constants. */
#define VECTORS_BYTES_MIN 64

static uint64_t load_word(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* ---- scalar forms ---- */

/* Sums of neighbours in fields that grow: without the instruction, the compiler's own function for
 * it is a call for each word. */
static uint64_t count_word(uint64_t word)
{
    word -= (word >> 1) & 0x5555555555555555;
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (word * 0x0101010101010101) >> 56;
}

uint64_t bits_count_scalar(const unsigned char *bytes, size_t len)
{
    uint64_t count = 0;
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), bytes += sizeof(uint64_t))
        count += count_word(load_word(bytes));
    for (; len > 0; len--)
        count += count_word(*bytes++);
    return count;
}

size_t bits_skip_scalar(const unsigned char *bytes, size_t len, unsigned char skip)
{
    size_t at = 0;
    uint64_t same = skip * UINT64_C(0x0101010101010101);
    while (at + sizeof(uint64_t) <= len && load_word(bytes + at) == same)
        at += sizeof(uint64_t);
    while (at < len && bytes[at] == skip)
        at++;
    return at;
}

/* ---- AVX2 ---- */

#if BITS_AVX2
#define VECTOR 32
/* So many vectors are summed up in bytes, at most 8 each, before the bytes are added up. */
#define COUNT_VECTORS 4

bool bits_has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

/* The bits in each byte: two look-ups in a table of 16 (Mula, Kurz, Lemire: Faster Population Counts
 * Using AVX2 Instructions, 2016). Of their forms the plainest: a mebibyte comes from the second
 * cache hardly faster than this counts it. */
BITS_AVX2_TARGET static inline __m256i count_bytes(__m256i v)
{
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                           2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low = _mm256_and_si256(v, nibble);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    return _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
}

BITS_AVX2_TARGET uint64_t bits_count_avx2(const unsigned char *bytes, size_t len)
{
    __m256i sums = _mm256_setzero_si256();
    for (; len >= COUNT_VECTORS * VECTOR; len -= COUNT_VECTORS * VECTOR) {
        __m256i counts = _mm256_setzero_si256();
        for (int i = 0; i < COUNT_VECTORS; i++, bytes += VECTOR)
            counts = _mm256_add_epi8(counts,
                                     count_bytes(_mm256_loadu_si256((const __m256i *)bytes)));
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
    }
    uint64_t parts[4];
    _mm256_storeu_si256((__m256i *)parts, sums);
    return parts[0] + parts[1] + parts[2] + parts[3] + bits_count_scalar(bytes, len);
}

BITS_AVX2_TARGET size_t bits_skip_avx2(const unsigned char *bytes, size_t len, unsigned char skip)
{
    const __m256i same = _mm256_set1_epi8((char)skip);
    size_t at = 0;
    for (; at + VECTOR <= len; at += VECTOR) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(bytes + at));
        uint32_t equal = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, same));
        if (equal != UINT32_MAX)
            return at + (size_t)__builtin_ctz(~equal);
    }
    return at + bits_skip_scalar(bytes + at, len - at, skip);
}
#endif

/* ---- NEON ---- */

#if BITS_NEON
#define VECTOR 16
/* So many vectors are summed up in bytes, at most 8 each, before the bytes are added up. */
#define COUNT_VECTORS 8

uint64_t bits_count_neon(const unsigned char *bytes, size_t len)
{
    uint64x2_t sums = vdupq_n_u64(0);
    for (; len >= COUNT_VECTORS * VECTOR; len -= COUNT_VECTORS * VECTOR) {
        uint8x16_t counts = vdupq_n_u8(0);
        for (int i = 0; i < COUNT_VECTORS; i++, bytes += VECTOR)
            counts = vaddq_u8(counts, vcntq_u8(vld1q_u8(bytes)));
        sums = vpadalq_u32(sums, vpaddlq_u16(vpaddlq_u8(counts)));
    }
    return vaddvq_u64(sums) + bits_count_scalar(bytes, len);
}

size_t bits_skip_neon(const unsigned char *bytes, size_t len, unsigned char skip)
{
    const uint8x16_t same = vdupq_n_u8(skip);
    size_t at = 0;
    while (at + VECTOR <= len && vminvq_u8(vceqq_u8(vld1q_u8(bytes + at), same)) == UINT8_MAX)
        at += VECTOR;
    return at + bits_skip_scalar(bytes + at, len - at, skip);
}
#endif

static uint64_t count_bits(const unsigned char *bytes, size_t len)
{
#if BITS_AVX2
    if (len >= VECTORS_BYTES_MIN && bits_has_avx2())
        return bits_count_avx2(bytes, len);
#elif BITS_NEON
    if (len >= VECTORS_BYTES_MIN)
        return bits_count_neon(bytes, len);
#endif
    return bits_count_scalar(bytes, len);
}

static size_t skip_bytes(const unsigned char *bytes, size_t len, unsigned char skip)
{
#if BITS_AVX2
    if (len >= VECTORS_BYTES_MIN && bits_has_avx2())
        return bits_skip_avx2(bytes, len, skip);
#elif BITS_NEON
    if (len >= VECTORS_BYTES_MIN)
        return bits_skip_neon(bytes, len, skip);
#endif
    return bits_skip_scalar(bytes, len, skip);
}

/* ---- ranges ---- */

static const unsigned char *bytes_of(struct slice s)
{
    return (const unsigned char *)s.ptr;
}

uint64_t bits_count(struct slice s)
{
    return count_bits(bytes_of(s), s.len);
}

uint64_t bits_count_range(struct slice s, uint64_t first, uint64_t last)
{
    ASSERT(first <= last);
    ASSERT(last / 8 < s.len);
    const unsigned char *bytes = bytes_of(s);
    size_t from = first / 8, to = last / 8;
    unsigned before = bytes[from] & ~(0xffu >> (first % 8)) & 0xff;
    unsigned behind = bytes[to] & (0x7fu >> (last % 8));
    return count_bits(bytes + from, to - from + 1) - count_word(before) - count_word(behind);
}

int64_t bits_find(struct slice s, bool bit, uint64_t first, uint64_t last)
{
    ASSERT(first <= last);
    ASSERT(last / 8 < s.len);
    const unsigned char *bytes = bytes_of(s);
    unsigned char skip = bit ? 0 : 0xff;
    size_t from = first / 8, end = last / 8 + 1;

    /* What stands before `first` in its byte is looked at as what is not searched. */
    unsigned found = (bytes[from] ^ skip) & (0xffu >> (first % 8));
    if (!found) {
        from++;
        from += skip_bytes(bytes + from, end - from, skip);
        if (from == end)
            return -1;
        found = bytes[from] ^ skip;
    }
    uint64_t at = (uint64_t)from * 8 + (uint64_t)(__builtin_clz(found) - 24);
    return at <= last ? (int64_t)at : -1;
}

bool bits_get(struct slice s, uint64_t at)
{
    return at / 8 < s.len && (bytes_of(s)[at / 8] >> (7 - at % 8) & 1);
}

/* ---- numbers ---- */

/* A number touches at most nine bytes: 7 bits before it, and 64. */
typedef unsigned __int128 field_window;

static unsigned window_bytes(uint64_t at, unsigned width)
{
    return (unsigned)(at % 8 + width + 7) / 8;
}

static unsigned bits_behind(uint64_t at, unsigned width)
{
    return window_bytes(at, width) * 8 - (unsigned)(at % 8) - width;
}

static uint64_t field_mask(unsigned width)
{
    return UINT64_MAX >> (BITS_FIELD_MAX - width);
}

static field_window window_get(struct slice s, uint64_t at, unsigned width)
{
    field_window window = 0;
    uint64_t from = at / 8;
    for (unsigned i = 0; i < window_bytes(at, width); i++)
        window = window << 8 | (from + i < s.len ? bytes_of(s)[from + i] : 0);
    return window;
}

uint64_t bits_field_get(struct slice s, uint64_t at, unsigned width)
{
    ASSERT(width >= 1 && width <= BITS_FIELD_MAX);
    return (uint64_t)(window_get(s, at, width) >> bits_behind(at, width)) & field_mask(width);
}

void bits_field_set(char *bytes, uint64_t at, unsigned width, uint64_t value)
{
    ASSERT(width >= 1 && width <= BITS_FIELD_MAX);
    unsigned count = window_bytes(at, width), shift = bits_behind(at, width);
    unsigned char *from = (unsigned char *)bytes + at / 8;
    field_window mask = (field_window)field_mask(width) << shift;
    field_window window = window_get(slice_of(from, count), at % 8, width);
    window = (window & ~mask) | ((field_window)value << shift & mask);
    for (unsigned i = count; i-- > 0; window >>= 8)
        from[i] = (unsigned char)window;
}
