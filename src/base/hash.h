/* SipHash-1-3, keyed (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
 *
 * The key is drawn at start, so that nobody outside can choose keys that collide. hash_bytes_nocase
 * folds ASCII letters first, for names of commands and directives. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

struct hash_key {
    uint64_t k0, k1;
};

uint64_t hash_bytes(const struct hash_key *key, struct slice bytes);
uint64_t hash_bytes_nocase(const struct hash_key *key, struct slice bytes);

#endif
