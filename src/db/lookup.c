/* Finding keys: by name, by chance, one after the other. */
#include "base/assert.h"
#include "db/db_priv.h"

/* Draws of db_random before it walks, where hidden keys cannot be removed on the way. */
#define DRAWS_MAX 100

struct key db_key(const struct db *db, struct slice name)
{
    return (struct key){ name, hash_bytes(&db->ks->hash_key, name) };
}

void db_prefetch_bucket(const struct db *db, uint64_t hash)
{
    if (LIKELY(db->keys))
        table_prefetch_bucket(db->keys, hash);
}

bool db_prefetch_entry(const struct db *db, uint64_t hash, bool again)
{
    return LIKELY(db->keys) && table_prefetch_entry(db->keys, hash, again);
}

bool db_prefetch_value(const struct db *db, struct key key, struct slice element,
                       uint64_t *ret_hash)
{
    const struct entry *e = db->keys ? table_find(db->keys, key.hash, key.name) : NULL;
    return e && entry_prefetch(e, element, ret_hash);
}

bool db_prefetch_element(const struct db *db, struct key key, uint64_t hash, bool again)
{
    const struct entry *e = db->keys ? table_find(db->keys, key.hash, key.name) : NULL;
    return e && entry_prefetch_element(e, hash, again);
}

/* The stored clock is compared first: a key that is read often does not dirty its line each time. */
INLINE void touch(struct keyspace *ks, struct entry *e)
{
    switch (ks->touch) {
    case TOUCH_LRU:
        if (entry_lru(e) != ks->lru_clock)
            entry_set_lru(e, ks->lru_clock);
        break;
    case TOUCH_LFU:
        db_lfu_touch(ks, e);
        break;
    case TOUCH_NONE:
        break;
    }
}

INLINE void count_read(struct db *db, struct key key, const struct entry *e)
{
    if (LIKELY(e)) {
        db->ks->stats.hits++;
        return;
    }
    db->ks->stats.misses++;
    db_notify(db, EVENT_MISS, "keymiss", key.name);
}

struct entry *db_lookup_read(struct db *db, struct key key)
{
    struct entry *e = db_find(db, key);
    count_read(db, key, e);
    if (LIKELY(e))
        touch(db->ks, e);
    return e;
}

struct entry *db_lookup_write(struct db *db, struct key key)
{
    struct entry *e = db_find(db, key);
    if (e)
        touch(db->ks, e);
    return e;
}

struct entry *db_lookup_info(struct db *db, struct key key)
{
    struct entry *e = db_find(db, key);
    count_read(db, key, e);
    return e;
}

struct entry *db_lookup_object(struct db *db, struct key key)
{
    struct entry *e = db_find(db, key);
    if (e)
        db->ks->stats.hits++;
    else
        db->ks->stats.misses++;
    return e;
}

struct entry *db_peek(struct db *db, struct key key)
{
    return db_find(db, key);
}

const struct entry *db_peek_stored(const struct db *db, struct key key)
{
    return db_find_any(db, key);
}

/* A reservoir of one, for a database whose draws were all hidden keys. */
struct reservoir {
    struct db *db;
    struct entry *chosen;
    uint64_t seen;
};

static void reservoir_visit(void *arg, void *entry)
{
    struct reservoir *r = arg;
    if (db_is_expired(r->db, entry))
        return;
    r->seen++;
    if (rand_below(&r->db->ks->rand, r->seen) == 0)
        r->chosen = entry;
}

struct entry *db_random(struct db *db)
{
    struct keyspace *ks = db->ks;
    for (unsigned draw = 0; db_count(db) > 0; draw++) {
        struct entry *e = table_random(db->keys, &ks->rand);
        if (!db_is_expired(db, e))
            return e;
        if (ks->expiry_mode == EXPIRY_REMOVE) {
            (void)db_find(db, db_key(db, entry_key(e)));
        } else if (draw == DRAWS_MAX) {
            struct reservoir r = { .db = db };
            table_each(db->keys, reservoir_visit, &r);
            return r.chosen;
        }
    }
    return NULL;
}

uint64_t db_scan(struct db *db, uint64_t cursor, table_visit visit, void *arg)
{
    return db->keys ? table_scan(db->keys, cursor, visit, arg) : 0;
}

void db_each(struct db *db, table_visit visit, void *arg)
{
    if (db->keys)
        table_each(db->keys, visit, arg);
}
