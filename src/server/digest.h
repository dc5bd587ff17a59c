/* Digests of data, equal on servers that hold equal data: DEBUG DIGEST and DIGEST-VALUE.
 *
 * The peers' algorithm over SHA-1: an ordered part is mixed (xor its hash in, then hash the result),
 * an unordered part is xored; so keys, sets and hashes count in any order. */
#ifndef SERVER_DIGEST_H
#define SERVER_DIGEST_H

#include "db/db.h"

#define DIGEST_BYTES 20

struct digest {
    unsigned char bytes[DIGEST_BYTES];
};

void digest_of_value(const struct entry *e, struct digest *ret_digest);
void digest_of_keyspace(struct keyspace *ks, struct digest *ret_digest);
/* 40 hex digits, without a NUL. */
void digest_hex(const struct digest *digest, char out[static 2 * DIGEST_BYTES]);

#endif
