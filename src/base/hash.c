/* The keyed hash of the server. */
#include "base/hash.h"

#include "base/hash_priv.h"

uint64_t hash_bytes(const struct hash_key *key, struct slice bytes)
{
    ASSERT_DEBUG(key);
    return sip_hash(key, bytes, 1, 3, false);
}

uint64_t hash_bytes_nocase(const struct hash_key *key, struct slice bytes)
{
    ASSERT_DEBUG(key);
    return sip_hash(key, bytes, 1, 3, true);
}
