/* Hashes with fields that expire: each stands under its earliest field in a time tree of its database.
 *
 * What is over is removed by the slices of active expiry and by look-ups of the hash, as an HDEL of its own in
 * the journal, and not counted as a change. A look-up removes only so many: types/hash.h hides the rest. */
#include "base/assert.h"
#include "base/num.h"
#include "db/db_priv.h"
#include "journal/journal.h"
#include "types/hash.h"

/* Fields of one HDEL. */
#define BATCH_FIELDS 64
/* Fields that a look-up removes at most. */
#define LOOKUP_FIELDS 256

void db_fields_list(struct db *db, struct entry *e)
{
    int64_t due_ms = hash_due(e);
    int64_t listed_ms = hash_listed(e);
    if (due_ms == listed_ms)
        return;
    if (listed_ms != HASH_NEVER)
        timetree_remove(db->fields, listed_ms, e);
    if (due_ms != HASH_NEVER) {
        if (!db->fields)
            db->fields = timetree_new();
        timetree_add(db->fields, due_ms, e);
    }
    hash_set_listed(e, due_ms);
    unsigned flags = e->flags & ~(unsigned)ENTRY_FIELDS_LISTED;
    e->flags = (uint8_t)(flags | (due_ms != HASH_NEVER ? ENTRY_FIELDS_LISTED : 0));
    db_expiring_update(db);
}

void db_fields_forget(struct db *db, struct entry *e)
{
    timetree_remove(db->fields, hash_listed(e), e);
    hash_set_listed(e, HASH_NEVER);
    e->flags &= (uint8_t)~ENTRY_FIELDS_LISTED;
    db_expiring_update(db);
}

void db_fields_move(struct db *db, struct entry *old, struct entry *e)
{
    timetree_move(db->fields, hash_listed(e), old, e);
}

bool db_fields_all_over(const struct db *db, const struct entry *e)
{
    return hash_listed(e) < db->ks->now_ms && hash_is_over(e, db->ks->now_ms);
}

size_t db_count_fields(const struct db *db)
{
    return db->fields ? timetree_count(db->fields) : 0;
}

/* ---- removal ---- */

/* The words of an HDEL that is being put together. */
struct batch {
    struct slice argv[2 + BATCH_FIELDS];
    char digits[BATCH_FIELDS][NUM_INT_MAX_CHARS];
    size_t count;
};

static void batch_init(struct batch *b, struct slice key)
{
    b->argv[0] = SLICE("HDEL");
    b->argv[1] = key;
    b->count = 0;
}

/* A name of digits is only as good as the visit: no other one is as short as they are. */
static void batch_add(void *arg, const struct hash_field *f)
{
    struct batch *b = arg;
    struct slice name = f->name;
    if (name.len < NUM_INT_MAX_CHARS) {
        if (name.len)
            memcpy(b->digits[b->count], name.ptr, name.len);
        name.ptr = b->digits[b->count];
    }
    b->argv[2 + b->count++] = name;
}

static void tell(struct db *db, const struct key *key, size_t count)
{
    db->ks->stats.expired_fields += count;
    db_notify(db, EVENT_HASH, "hexpired", key->name);
    db_fire_changed(db, key);
}

/* Nothing of it is left to be seen. `key.name` may lie in the entry, which is freed last. */
static void remove_hash(struct db *db, struct key key, struct entry *e)
{
    struct keyspace *ks = db->ks;
    bool lazy = ks->settings.lazyfree_expire;
    db_unlink(db, key.hash, e);
    struct slice effect[] = { lazy ? SLICE("UNLINK") : SLICE("DEL"), key.name };
    journal_effect(ks->journal, db->index, effect, COUNT_OF(effect));
    ks->removes_expired = true;
    tell(db, &key, hash_count(e, HASH_SHOW_ALL));
    ks->removes_expired = false;
    db_notify(db, EVENT_GENERIC, "del", key.name);
    lazyfree_entry(ks->lazy, e, lazy);
}

size_t db_expire_fields(struct db *db, struct key key, struct entry *e, int64_t now_ms, size_t max)
{
    if (hash_is_over(e, now_ms)) {
        remove_hash(db, key, e);
        return 1;
    }
    size_t count = 0, found = 0;
    do {
        struct batch batch;
        batch_init(&batch, key.name);
        found = hash_each_due(e, now_ms, MIN_OF(max - count, (size_t)BATCH_FIELDS), batch_add,
                              &batch);
        if (found == 0)
            break;
        journal_effect(db->ks->journal, db->index, batch.argv, 2 + batch.count);
        hash_expire(e, now_ms, found);
        count += found;
    } while (count < max);
    db_fields_list(db, e);
    tell(db, &key, count);
    return count;
}

struct entry *db_meet_due_fields(struct db *db, struct key key, struct entry *e)
{
    int64_t now_ms = db->ks->now_ms;
    if (db->ks->expiry_mode == EXPIRY_IGNORE)
        return e;
    bool all = hash_is_over(e, now_ms);
    if (db->ks->expiry_mode == EXPIRY_REMOVE)
        (void)db_expire_fields(db, key, e, now_ms, LOOKUP_FIELDS);
    return all ? NULL : e;
}

int64_t db_fields_now(const struct db *db)
{
    return db->ks->expiry_mode == EXPIRY_IGNORE ? HASH_SHOW_ALL : db->ks->now_ms;
}

void db_expire_named(struct db *db, struct key key, struct entry *e,
                     const struct db_field_names *names)
{
    int64_t now_ms = db->ks->now_ms;
    if (!(e->flags & ENTRY_FIELDS_LISTED) || LIKELY(hash_listed(e) >= now_ms) ||
        db->ks->expiry_mode != EXPIRY_REMOVE)
        return;
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++) {
        struct slice name = names->first[i * names->step];
        if (hash_has(e, name, now_ms) || !hash_remove(e, name, HASH_SHOW_ALL))
            continue;
        struct slice effect[] = { SLICE("HDEL"), key.name, name };
        journal_effect(db->ks->journal, db->index, effect, COUNT_OF(effect));
        count++;
    }
    if (count == 0)
        return;
    db_fields_list(db, e);
    tell(db, &key, count);
}
