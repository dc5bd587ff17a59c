/* What values need from their surroundings: where small encodings end, and how elements are hashed.
 *
 * The keyspace owns one and fills it from the directives (`hash-max-listpack-entries` and its kin);
 * functions of types that may change an encoding get it. The numbers are those of the directives:
 * what zero and negative ones mean stands beside them in db/type_settings.c. */
#ifndef TYPES_ENV_H
#define TYPES_ENV_H

#include <stdint.h>

#include "base/hash.h"
#include "base/rand.h"

struct type_env {
    const struct hash_key *hash_key; /* of every table inside a value; outlives them */
    struct rand *rand;               /* for SPOP and its kin */

    int64_t hash_listpack_entries, hash_listpack_value;
    int64_t list_listpack_size, list_compress_depth;
    int64_t list_plain_bytes; /* no directive: for tests. 0: as the size says */
    int64_t set_intset_entries, set_listpack_entries, set_listpack_value;
    int64_t zset_listpack_entries, zset_listpack_value;
    int64_t stream_node_bytes, stream_node_entries;
    int64_t hll_sparse_bytes;
};

#endif
