/* xoshiro256** and the kernel's randomness. */
#include "base/rand.h"

#include <errno.h>
#include <sys/random.h>

#include "base/assert.h"

static uint64_t rotl(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* SplitMix64 (Steele, Lea and Flood, 2014): turns any seed into a good state, never all zeros. */
void rand_seed(struct rand *r, uint64_t seed)
{
    ASSERT(r);
    for (size_t i = 0; i < COUNT_OF(r->s); i++) {
        seed += 0x9e3779b97f4a7c15ULL;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        r->s[i] = z ^ z >> 31;
    }
}

void rand_seed_random(struct rand *r)
{
    uint64_t seed;
    rand_secret(&seed, sizeof(seed));
    rand_seed(r, seed);
}

uint64_t rand_next(struct rand *r)
{
    ASSERT(r);
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* Lemire, "Fast random integer generation in an interval", 2019: the high word of a product, and
 * a second draw for the few low words that would make some results likelier. */
uint64_t rand_below(struct rand *r, uint64_t bound)
{
    ASSERT(bound > 0);
    unsigned __int128 product = (unsigned __int128)rand_next(r) * bound;
    if ((uint64_t)product < bound) {
        uint64_t surplus = (0 - bound) % bound;
        while ((uint64_t)product < surplus)
            product = (unsigned __int128)rand_next(r) * bound;
    }
    return (uint64_t)(product >> 64);
}

double rand_unit(struct rand *r)
{
    return (double)(rand_next(r) >> 11) * 0x1p-53;
}

void rand_secret(void *out, size_t len)
{
    ASSERT(out || len == 0);
    char *p = out;
    while (len > 0) {
        ssize_t got = getrandom(p, len, 0);
        if (got < 0) {
            ASSERT(errno == EINTR);
            continue;
        }
        p += got;
        len -= (size_t)got;
    }
}

void rand_hex(char *out, size_t hex_chars)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[32];
    ASSERT(out);
    for (size_t i = 0; i < hex_chars; i++) {
        size_t at = i % (2 * sizeof(bytes));
        if (at == 0)
            rand_secret(bytes, sizeof(bytes));
        unsigned char byte = bytes[at / 2];
        out[i] = digits[at % 2 ? byte & 15 : byte >> 4];
    }
}
