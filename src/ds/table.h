/* The table: a linear hash table of entry pointers (Litwin, "Linear hashing", 1980).
 *
 * It serves the keyspace and every big hash, set and sorted set. It grows by splitting one bucket
 * and shrinks by merging one, so there is never a second table, a rehash to step through or a
 * stall. A bucket is one 64-byte cache line: 7 slots of 8 bytes, a one-byte tag for each, and a
 * byte that says which slots are used and whether the last one leads to an overflow bucket.
 *
 * Buckets are addressed from hash bit 0 up; the tag is bits 56 to 63; a slot is a 48-bit pointer
 * and bits 8 to 23 of the hash, so an entry is touched only when 24 bits agree, and splits move
 * entries without reading them (docs/ARCHITECTURE.md, "The table", has the levels at which the key
 * is asked). Buckets live in segments of 512 behind a directory; a small table is one small segment.
 *
 * The table owns neither keys nor entries. Callers compute the hash once (table_hash) and pass it.
 * Invariants: an entry is in the bucket that its hash addresses at the bucket's level; between
 * calls the load lies within the split and merge thresholds unless held. */
#ifndef DS_TABLE_H
#define DS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/rand.h"
#include "base/slice.h"

struct table;

struct table_type {
    struct slice (*key)(const void *entry); /* borrowed from the entry */
    bool dense; /* more entries a bucket: 9 % less memory, look-ups a twentieth dearer */
};

/* `hash_key` must outlive the table. */
struct table *table_new(const struct table_type *type, const struct hash_key *hash_key);
/* Frees the table, not the entries: see table_each. Accepts NULL. */
void table_free(struct table *t);

uint64_t table_hash(const struct table *t, struct slice key);
const struct hash_key *table_hash_key(const struct table *t); /* with which it hashes */

/* Two steps of look-ahead for a batch: ask for the bucket's line; then, when it has come, for the
 * entries whose 24 bits agree. Neither changes anything. The second says true where it went on to an
 * overflow bucket: call it once more, with `again`, when that has come too. */
void table_prefetch_bucket(const struct table *t, uint64_t hash);
bool table_prefetch_entry(const struct table *t, uint64_t hash, bool again);

void *table_find(const struct table *t, uint64_t hash, struct slice key); /* NULL if absent */

/* Adds an entry whose key is not in the table (asserted in debug builds). */
void table_insert(struct table *t, uint64_t hash, void *entry);
/* The block of an entry has moved, or another takes its place under the same key. */
void table_replace(struct table *t, uint64_t hash, void *old_entry, void *new_entry);
/* Takes the entry out; asserts that it is in. */
void table_remove(struct table *t, uint64_t hash, void *entry);
/* Looks up and takes out; NULL if absent. */
void *table_take(struct table *t, uint64_t hash, struct slice key);

size_t table_count(const struct table *t);
size_t table_buckets(const struct table *t);
size_t table_footprint(const struct table *t); /* bytes taken from the allocator */

/* Sizes the table for `count` entries ahead of a load. The memory is taken at once: the caller bounds a
 * count that comes from outside. */
void table_reserve(struct table *t, size_t count);

/* While a child process saves, splits wait up to 10 entries a bucket and merges do not happen;
 * catching up costs at most two splits an insert. */
void table_hold(struct table *t, bool hold);

/* Splits or merges up to `steps` buckets that wait because walks or a hold postponed them, or
 * because what an insertion or removal catches up with did not suffice. True when none waits. */
bool table_settle(struct table *t, size_t steps);

typedef void (*table_visit)(void *arg, void *entry);

/* SCAN: visits the bucket of `cursor` and returns the next cursor, 0 at the end. What is in the
 * table from a scan's start to its end is visited at least once, whatever splits and merges
 * happen between the calls. The callback may remove entries (merges wait until it returns). */
uint64_t table_scan(struct table *t, uint64_t cursor, table_visit visit, void *arg);

/* Visits every entry once; the callback may free the entries but not change the table. */
void table_each(const struct table *t, table_visit visit, void *arg);

/* An open iterator: entries may be removed, replaced and inserted while it is open (inserted ones may or may not
 * be seen; merges and splits wait), everything else is seen once. */
struct table_iter {
    struct table *table;
    size_t bucket;
    unsigned depth, slot; /* the place in its chain */
};
void table_iter_open(struct table_iter *it, struct table *t);
void *table_iter_next(struct table_iter *it); /* NULL at the end */
void table_iter_close(struct table_iter *it);

/* An entry drawn without bias; NULL if empty. */
void *table_random(const struct table *t, struct rand *rand);

/* Empties the table bucket by bucket for lazy freeing: at most `buckets` buckets; their entries
 * are handed to `visit`. True when the table is empty. */
bool table_drain(struct table *t, size_t buckets, table_visit visit, void *arg);

struct table_stats {
    size_t entries, buckets, overflow_buckets, segments;
    unsigned level;
    size_t chain_max;     /* entries in the fullest bucket with its overflow */
    size_t histogram[32]; /* buckets by number of entries, the last: 31 and more */
};
void table_stats_read(const struct table *t, struct table_stats *ret_stats);

/* Checks every invariant, for tests; asserts. */
void table_verify(const struct table *t);

#endif
