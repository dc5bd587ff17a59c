#include "base/hash.h"

#include "base/hash_priv.h"
#include "base/rand.h"
#include "tests/unit/check.h"

/* The key of the paper's appendix: bytes 0 to 15. */
static const struct hash_key paper_key = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };

static uint64_t sip24(size_t len)
{
    char bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    return sip_hash(&paper_key, slice_of(bytes, len), 2, 4, false);
}

TEST(the_core_yields_the_published_values_of_siphash_2_4)
{
    /* Appendix A of the paper, and more of the reference's list. */
    CHECK_UINT(sip24(15), 0xa129ca6149be45e5ULL);
    CHECK_UINT(sip24(0), 0x726fdb47dd0e0e31ULL);
    CHECK_UINT(sip24(1), 0x74f839c593dc67fdULL);
    CHECK_UINT(sip24(8), 0x93f5f5799a932462ULL);
}

/* The definition, byte by byte, sharing nothing with the code but the constants. */
static uint64_t rotate(uint64_t x, int n)
{
    return (x << n) + (x >> (64 - n));
}

static void model_round(uint64_t v[4])
{
    static const int turn_1[2] = { 13, 16 };
    static const int turn_2[2] = { 21, 17 };
    for (int half = 0; half < 2; half++) {
        /* (v0 v1)(v2 v3), then (v2 v1)(v0 v3) */
        uint64_t *a = &v[half ? 2 : 0];
        uint64_t *c = &v[half ? 0 : 2];
        *a += v[1];
        *c += v[3];
        v[1] = rotate(v[1], half ? turn_2[1] : turn_1[0]) ^ *a;
        v[3] = rotate(v[3], half ? turn_2[0] : turn_1[1]) ^ *c;
        *a = rotate(*a, 32);
    }
}

static uint64_t model_hash(const struct hash_key *key, struct slice bytes)
{
    uint64_t v[4] = { key->k0 ^ 0x736f6d6570736575ULL, key->k1 ^ 0x646f72616e646f6dULL,
                      key->k0 ^ 0x6c7967656e657261ULL, key->k1 ^ 0x7465646279746573ULL };
    size_t blocks = bytes.len / 8 + 1;
    for (size_t block = 0; block < blocks; block++) {
        uint64_t m = 0;
        for (size_t i = 0; i < 8; i++) {
            size_t at = block * 8 + i;
            uint64_t byte = at < bytes.len ? (unsigned char)bytes.ptr[at] : 0;
            if (block == blocks - 1 && i == 7)
                byte = bytes.len & 255;
            m += byte << (8 * i);
        }
        v[3] ^= m;
        model_round(v);
        v[0] ^= m;
    }
    v[2] ^= 255;
    for (int i = 0; i < 3; i++)
        model_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

TEST(siphash_1_3_agrees_with_a_plain_model)
{
    struct rand r;
    char bytes[300];
    rand_seed(&r, 8);
    for (int round = 0; round < 20000; round++) {
        struct hash_key key = { rand_next(&r), rand_next(&r) };
        size_t len = round < 300 ? (size_t)round : (size_t)rand_below(&r, 40);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rand_next(&r);
        struct slice text = slice_of(bytes, len);
        CHECK_UINT(hash_bytes(&key, text), model_hash(&key, text));
    }
}

TEST(nocase_hashes_what_is_equal_in_any_case_alike)
{
    struct rand r;
    rand_seed(&r, 9);
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        char folded[40];
        size_t len = (size_t)rand_below(&r, sizeof(bytes));
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)rand_next(&r);
            folded[i] = (char)ascii_lower(bytes[i]);
        }
        CHECK_UINT(hash_bytes_nocase(&paper_key, slice_of(bytes, len)),
                   hash_bytes(&paper_key, slice_of(folded, len)));
    }
    CHECK(hash_bytes_nocase(&paper_key, SLICE("@")) != hash_bytes_nocase(&paper_key, SLICE("`")));
}

TEST(the_key_matters)
{
    struct hash_key other = { paper_key.k0 + 1, paper_key.k1 };
    CHECK(hash_bytes(&paper_key, SLICE("key")) != hash_bytes(&other, SLICE("key")));
    CHECK_UINT(hash_bytes(&paper_key, slice_of(NULL, 0)), hash_bytes(&paper_key, SLICE("")));
}
