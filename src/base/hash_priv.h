/* SipHash with its numbers of rounds as parameters, so that the tests can check the core by the
 * published vectors of the 2-4 form. Loads are little-endian, as on every machine we build for. */
#ifndef BASE_HASH_PRIV_H
#define BASE_HASH_PRIV_H

#include <stdbool.h>

#include "base/assert.h"
#include "base/hash.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below are little-endian");

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

INLINE uint64_t sip_rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

INLINE void sip_rounds(struct sip_state *s, int count)
{
    for (int i = 0; i < count; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = sip_rotl(s->v1, 13) ^ s->v0;
        s->v3 = sip_rotl(s->v3, 16) ^ s->v2;
        s->v0 = sip_rotl(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = sip_rotl(s->v1, 17) ^ s->v2;
        s->v3 = sip_rotl(s->v3, 21) ^ s->v0;
        s->v2 = sip_rotl(s->v2, 32);
    }
}

INLINE uint64_t sip_load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

INLINE uint64_t sip_load32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* The last len % 8 bytes as the low bytes of a word. */
INLINE uint64_t sip_load_tail(const char *bytes, size_t len)
{
    size_t left = len & 7;
    if (left == 0)
        return 0;
    if (len >= 8) /* bytes that were hashed already are shifted out */
        return sip_load64(bytes + len - 8) >> (64 - 8 * left);
    if (left >= 4)
        return sip_load32(bytes) | sip_load32(bytes + left - 4) << (8 * (left - 4));
    uint64_t v = (unsigned char)bytes[0];
    v |= (uint64_t)(unsigned char)bytes[left / 2] << (8 * (left / 2));
    v |= (uint64_t)(unsigned char)bytes[left - 1] << (8 * (left - 1));
    return v;
}

/* 'A' to 'Z' become 'a' to 'z' in each of eight bytes. */
INLINE uint64_t sip_fold_case(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101ULL;
    uint64_t low = word & ones * 0x7f;
    uint64_t from_a = low + ones * (0x80 - 'A');  /* bit 7: at least 'A' */
    uint64_t above_z = low + ones * (0x7f - 'Z'); /* bit 7: above 'Z' */
    uint64_t upper = from_a & ~above_z & ~word & ones * 0x80;
    return word | upper >> 2;
}

INLINE uint64_t sip_hash(const struct hash_key *key, struct slice bytes, int block_rounds,
                         int final_rounds, bool nocase)
{
    struct sip_state s = {
        key->k0 ^ 0x736f6d6570736575ULL,
        key->k1 ^ 0x646f72616e646f6dULL,
        key->k0 ^ 0x6c7967656e657261ULL,
        key->k1 ^ 0x7465646279746573ULL,
    };
    const char *p = bytes.ptr;
    size_t words = bytes.len / 8;
    for (size_t i = 0; i < words; i++, p += 8) {
        uint64_t m = sip_load64(p);
        if (nocase)
            m = sip_fold_case(m);
        s.v3 ^= m;
        sip_rounds(&s, block_rounds);
        s.v0 ^= m;
    }
    uint64_t last = sip_load_tail(bytes.ptr, bytes.len);
    if (nocase)
        last = sip_fold_case(last);
    last |= (uint64_t)bytes.len << 56;
    s.v3 ^= last;
    sip_rounds(&s, block_rounds);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    sip_rounds(&s, final_rounds);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
