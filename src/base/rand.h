/* Randomness: a seeded generator for choices, the kernel's for secrets.
 *
 * struct rand is xoshiro256** (Blackman and Vigna, 2018): fast, reproducible from its seed, not for
 * secrets. Whoever needs choices owns one, seeded by rand_seed_random or by a test. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct rand {
    uint64_t s[4];
};

void rand_seed(struct rand *r, uint64_t seed);
void rand_seed_random(struct rand *r);
uint64_t rand_next(struct rand *r);
/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t rand_below(struct rand *r, uint64_t bound);
double rand_unit(struct rand *r); /* [0, 1) */

void rand_secret(void *out, size_t len);    /* from the kernel; aborts if it has none */
void rand_hex(char *out, size_t hex_chars); /* secret, lowercase hex, no NUL */

#endif
