/* HyperLogLog: hashes, registers of 6 bits, and what they say about a count. */
#include <math.h>

#include "types/hll_priv.h"

#if BITS_AVX2
#include <immintrin.h>
#endif

/* ---- hashes ---- */

#define HASH_SEED UINT64_C(0xadc83b19)
#define HASH_FACTOR UINT64_C(0xc6a4a7935bd1e995)
#define HASH_SHIFT 47

/* MurmurHash64A (Austin Appleby, in the public domain) of the little-endian words. */
uint64_t hll_hash(struct slice element)
{
    const char *at = element.ptr;
    size_t left = element.len;
    uint64_t hash = HASH_SEED ^ ((uint64_t)left * HASH_FACTOR);
    for (; left >= 8; at += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        word *= HASH_FACTOR;
        word ^= word >> HASH_SHIFT;
        hash = (hash ^ (word * HASH_FACTOR)) * HASH_FACTOR;
    }
    if (left > 0) {
        uint64_t word = 0;
        memcpy(&word, at, left);
        hash = (hash ^ word) * HASH_FACTOR;
    }
    hash = (hash ^ (hash >> HASH_SHIFT)) * HASH_FACTOR;
    return hash ^ (hash >> HASH_SHIFT);
}

struct hll_place hll_place_of(struct slice element)
{
    const uint64_t hash = hll_hash(element);
    /* A bit behind the others ends the longest run. */
    const uint64_t rest = hash >> HLL_INDEX_BITS | UINT64_C(1) << HLL_HASH_BITS;
    return (struct hll_place){
        .index = (unsigned)(hash & (HLL_REGISTERS - 1)),
        .value = (unsigned)__builtin_ctzll(rest) + 1,
    };
}

/* ---- registers of 6 bits: four in three bytes ---- */

unsigned hll_packed_get(const unsigned char *packed, unsigned index)
{
    const unsigned char *three = packed + (size_t)(index / 4) * 3;
    const unsigned word = (unsigned)(three[0] | three[1] << 8 | three[2] << 16);
    return word >> (index % 4 * 6) & 63;
}

void hll_packed_set(unsigned char *packed, unsigned index, unsigned value)
{
    unsigned char *three = packed + (size_t)(index / 4) * 3;
    unsigned word = (unsigned)(three[0] | three[1] << 8 | three[2] << 16);
    word &= ~(63U << (index % 4 * 6));
    word |= value << (index % 4 * 6);
    three[0] = (unsigned char)word;
    three[1] = (unsigned char)(word >> 8);
    three[2] = (unsigned char)(word >> 16);
}

void hll_packed_merge_plain(unsigned char *into, const unsigned char *packed, size_t registers)
{
    for (size_t i = 0; i < registers; i += 4, packed += 3, into += 4) {
        const unsigned word = (unsigned)(packed[0] | packed[1] << 8 | packed[2] << 16);
        for (unsigned k = 0; k < 4; k++) {
            const unsigned char value = word >> (k * 6) & 63;
            into[k] = MAX_OF(into[k], value);
        }
    }
}

#if BITS_AVX2
/* 32 registers at a time: every three bytes go to four, whose fields are then shifted apart. Reads 28 bytes for
 * 24, so the last ones are left to the plain form. */
BITS_AVX2_TARGET void hll_packed_merge_avx2(unsigned char *into, const unsigned char *packed,
                                            size_t registers)
{
    const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 0,
                                            1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    size_t done = 0;
    for (; done + 64 <= registers; done += 32) {
        const unsigned char *from = packed + done / 4 * 3;
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)from);
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(from + 12));
        const __m256i words = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        __m256i values = _mm256_and_si256(words, _mm256_set1_epi32(0x3f));
        values = _mm256_or_si256(
            values, _mm256_and_si256(_mm256_slli_epi32(words, 2), _mm256_set1_epi32(0x3f00)));
        values = _mm256_or_si256(
            values, _mm256_and_si256(_mm256_slli_epi32(words, 4), _mm256_set1_epi32(0x3f0000)));
        values = _mm256_or_si256(
            values, _mm256_and_si256(_mm256_slli_epi32(words, 6), _mm256_set1_epi32(0x3f000000)));
        __m256i *to = (__m256i *)(void *)(into + done);
        _mm256_storeu_si256(to, _mm256_max_epu8(_mm256_loadu_si256(to), values));
    }
    hll_packed_merge_plain(into + done, packed + done / 4 * 3, registers - done);
}
#endif

void hll_packed_merge(struct hll_registers *into, const unsigned char *packed)
{
#if BITS_AVX2
    if (bits_has_avx2()) {
        hll_packed_merge_avx2(into->values, packed, HLL_REGISTERS);
        return;
    }
#endif
    hll_packed_merge_plain(into->values, packed, HLL_REGISTERS);
}

void hll_pack(const struct hll_registers *r, unsigned char *packed)
{
    const unsigned char *v = r->values;
    for (size_t i = 0; i < HLL_REGISTERS; i += 4, v += 4, packed += 3) {
        const unsigned word = (unsigned)(v[0] | v[1] << 6 | v[2] << 12 | v[3] << 18);
        packed[0] = (unsigned char)word;
        packed[1] = (unsigned char)(word >> 8);
        packed[2] = (unsigned char)(word >> 16);
    }
}

void hll_registers_add(struct hll_registers *r, struct slice element)
{
    const struct hll_place place = hll_place_of(element);
    if (r->values[place.index] < place.value)
        r->values[place.index] = (unsigned char)place.value;
}

/* ---- counts ---- */

/* Four histograms, so that equal neighbours do not wait for each other. */
void hll_histogram(const struct hll_registers *r, uint32_t histogram[static HLL_HISTOGRAM])
{
    uint32_t parts[4][HLL_HISTOGRAM] = { { 0 } };
    for (size_t i = 0; i < HLL_REGISTERS; i += 4)
        for (size_t k = 0; k < 4; k++)
            parts[k][r->values[i + k] & 63]++;
    for (size_t i = 0; i < HLL_HISTOGRAM; i++)
        histogram[i] = parts[0][i] + parts[1][i] + parts[2][i] + parts[3][i];
}

/* Ertl's sigma: x + sum over k >= 1 of x^(2^k) 2^(k-1), for the registers that are 0. */
static double sigma(double x)
{
    if (x == 1.0)
        return INFINITY;
    double sum = x, before, weight = 1;
    do {
        x *= x;
        before = sum;
        sum += x * weight;
        weight += weight;
    } while (sum != before);
    return sum;
}

/* Ertl's tau: (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3, for those that are full. */
static double tau(double x)
{
    if (x == 0.0 || x == 1.0)
        return 0;
    double sum = 1 - x, before, weight = 1;
    do {
        x = sqrt(x);
        before = sum;
        weight *= 0.5;
        sum -= (1 - x) * (1 - x) * weight;
    } while (sum != before);
    return sum / 3;
}

/* Algorithm 6 of the paper. The order of the operations is the peers', and so are the last bits. */
uint64_t hll_estimate(const uint32_t histogram[static HLL_HISTOGRAM])
{
    const double m = HLL_REGISTERS;
    const double alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    double z = m * tau((m - histogram[HLL_HASH_BITS + 1]) / m);
    for (int k = HLL_HASH_BITS; k >= 1; k--) {
        z += histogram[k];
        z *= 0.5;
    }
    z += m * sigma(histogram[0] / m);
    return (uint64_t)llroundl((long double)(alpha * m * m / z));
}

uint64_t hll_registers_count(const struct hll_registers *r)
{
    uint32_t histogram[HLL_HISTOGRAM];
    hll_histogram(r, histogram);
    return hll_estimate(histogram);
}
