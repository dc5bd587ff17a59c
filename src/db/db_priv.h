/* What the files of this room share: the keyspace's state, and the way to an entry. */
#ifndef DB_DB_PRIV_H
#define DB_DB_PRIV_H

#include "base/list.h"
#include "db/db.h"
#include "db/lazyfree_priv.h"
#include "ds/timetree.h"
#include "types/hash.h"

/* What a look-up leaves on the entry. */
enum touch {
    TOUCH_NONE,
    TOUCH_LRU,
    TOUCH_LFU,
};

struct db {
    struct table *keys;       /* NULL until the first key */
    struct timetree *expires; /* NULL until the first key with an expiry */
    struct timetree *fields;  /* hashes by their earliest expiry of a field; NULL until the first */
    struct keyspace *ks;
    int index;
    /* Of all expiries, for their average. 64 bits would not hold 10^8 keys. */
    __int128 expiry_sum;
    struct list in_expiring; /* in keyspace.expiring while one of the trees has items */
};

struct keyspace_stats {
    uint64_t hits, misses;
    uint64_t expired, expired_active, evicted;
    uint64_t expired_fields;
    uint64_t slices_full; /* of active expiry, that left keys waiting */
    uint64_t expire_ns;
};

/* Invariant: `touch` follows from policy, no_touch and held (keyspace_update_touch). */
struct keyspace {
    struct db *dbs;
    int count;
    struct journal *journal;
    struct lazyfree *lazy;
    struct hash_key hash_key;
    struct rand rand;
    struct keyspace_hooks hooks;
    struct keyspace_settings settings;
    struct type_env env;
    struct keyspace_stats stats;

    int64_t now_ms;
    int64_t clock_from_ms, clock_until_ms; /* within, the next two stand */
    uint32_t lru_clock;                    /* seconds; never 0 */
    uint32_t lfu_minutes;                  /* 16 bits */

    enum touch touch;
    enum keyspace_expiry_mode expiry_mode;
    uint32_t event_classes;
    bool no_touch, held, active_expire;
    bool removes_expired; /* while that is told */
    uint64_t dirty;
    struct list expiring; /* databases that have something that expires */
};

/* ---- keyspace.c ---- */

void keyspace_update_touch(struct keyspace *ks);
/* The table, made if it is not there. */
struct table *db_table(struct db *db);

/* ---- change.c ---- */

/* Takes an entry out of table and time tree, and nothing else. */
void db_unlink(struct db *db, uint64_t hash, struct entry *e);

INLINE void db_fire_changed(struct db *db, const struct key *key)
{
    HOOK_CALL(db->ks->hooks.changed, db, key);
}

/* ---- expire.c ---- */

void db_expiry_add(struct db *db, int64_t when_ms, struct entry *e);
void db_expiry_remove(struct db *db, int64_t when_ms, struct entry *e);
/* A tree of the database got its first item, or lost its last one. */
void db_expiring_update(struct db *db);
/* The time of `e` has come: NULL if that hides or removes it. */
COLD struct entry *db_meet_expired(struct db *db, struct key key, struct entry *e);

/* ---- fields.c ---- */

/* A hash that is no listpack of pairs has changed: puts it under the right time. */
void db_fields_list(struct db *db, struct entry *e);
/* Of an entry with ENTRY_FIELDS_LISTED: takes it out; it has moved. */
void db_fields_forget(struct db *db, struct entry *e);
void db_fields_move(struct db *db, struct entry *old, struct entry *e);
/* No field of such an entry is to be seen. */
bool db_fields_all_over(const struct db *db, const struct entry *e);
/* Removes at most `max` fields that are over, and the hash with the last; how many, or 1 with the hash. */
size_t db_expire_fields(struct db *db, struct key key, struct entry *e, int64_t now_ms, size_t max);
/* Some field of `e` is over: NULL if that hides or removes the hash. */
COLD struct entry *db_meet_due_fields(struct db *db, struct key key, struct entry *e);

/* An entry was stored, whose value may have changed. */
INLINE void db_fields_follow(struct db *db, struct entry *e)
{
    if (entry_type(e) == TYPE_HASH && UNLIKELY(entry_encoding(e) != ENCODING_LISTPACK))
        db_fields_list(db, e);
}

/* ---- lru.c ---- */

/* What a new entry starts with. */
void db_lru_init(const struct keyspace *ks, struct entry *e);
void db_lfu_touch(struct keyspace *ks, struct entry *e);

/* ---- the way to an entry ---- */

/* The entry under a key, whatever its time. */
INLINE struct entry *db_find_any(const struct db *db, struct key key)
{
    return LIKELY(db->keys) ? table_find(db->keys, key.hash, key.name) : NULL;
}

INLINE struct entry *db_find(struct db *db, struct key key)
{
    struct entry *e = db_find_any(db, key);
    if (!e || LIKELY(!(e->flags & (ENTRY_HAS_EXPIRY | ENTRY_FIELDS_LISTED))))
        return e;
    if ((e->flags & ENTRY_HAS_EXPIRY) && entry_expiry(e) < db->ks->now_ms)
        e = db_meet_expired(db, key, e);
    if (e && UNLIKELY(e->flags & ENTRY_FIELDS_LISTED) && hash_listed(e) < db->ks->now_ms)
        e = db_meet_due_fields(db, key, e);
    return e;
}

#endif
