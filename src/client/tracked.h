/* Keys that clients have read and keep copies of: which keys, and the ids of who has read each.
 *
 * One table for all databases: a key is known by its name alone, as clients know it. A key with its
 * readers is one block: header, name, and the ids in rising order at six bytes each. An id stays
 * until the key is taken out, also if its client is long gone: whoever is told about the key looks
 * whether the client still is there.
 *
 * Invariants: a key has a reader; `items` is the sum of all readers. */
#ifndef CLIENT_TRACKED_H
#define CLIENT_TRACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rand.h"
#include "db/db.h"
#include "ds/table.h"

/* Ids rise by one a connection: no server lives to see the last of these. */
#define TRACKED_ID_MAX (((uint64_t)1 << 48) - 1)

struct tracked_key {
    uint32_t name_len, count;
    char bytes[]; /* the name, then the ids */
};

/* Zero but for `hash_key` is an empty one. */
struct tracked {
    const struct hash_key *hash_key;
    struct table *keys; /* NULL before the first */
    struct table *old;  /* dropped, and not yet freed */
    size_t items;
};

/* `hash_key` is the one that the hashes of keys come from, and must outlive it. */
void tracked_init(struct tracked *t, const struct hash_key *hash_key);
void tracked_done(struct tracked *t);

size_t tracked_count(const struct tracked *t); /* of keys */

/* The client has read the key. */
void tracked_add(struct tracked *t, struct key key, uint64_t id);
/* Takes a key out, to tell its readers; the caller frees it with mem_free. NULL if nobody has read
 * it. */
struct tracked_key *tracked_take(struct tracked *t, struct key key);
/* Any key; its name is borrowed until it is taken out. There must be one. */
struct key tracked_random(const struct tracked *t, struct rand *rand);
uint64_t tracked_reader(const struct tracked_key *k, uint32_t i);

/* Forgets all keys. Their memory goes later: as long as tracked_free_some says that there is more,
 * it frees the keys of some buckets. */
void tracked_drop(struct tracked *t);
bool tracked_free_some(struct tracked *t, size_t buckets);

/* Checks every invariant, for tests; asserts. */
void tracked_verify(const struct tracked *t);

#endif
