/* Expiry: on the way of look-ups, and in slices of its own.
 *
 * What expires is removed as a DEL of its own in the journal (UNLINK where lazyfree-lazy-expire says
 * so), but is not counted as a change: a read that meets an expired key has not changed data. */
#include "base/assert.h"
#include "base/clock.h"
#include "db/db_priv.h"
#include "journal/journal.h"

/* Keys of a slice, times active-expire-effort. */
#define SLICE_KEYS 64

void db_expiry_add(struct db *db, int64_t when_ms, struct entry *e)
{
    if (UNLIKELY(!db->expires))
        db->expires = timetree_new();
    timetree_add(db->expires, when_ms, e);
    db->expiry_sum += when_ms;
    if (UNLIKELY(timetree_count(db->expires) == 1))
        db_expiring_update(db);
}

void db_expiry_remove(struct db *db, int64_t when_ms, struct entry *e)
{
    timetree_remove(db->expires, when_ms, e);
    db->expiry_sum -= when_ms;
    if (UNLIKELY(timetree_count(db->expires) == 0))
        db_expiring_update(db);
}

void db_expiring_update(struct db *db)
{
    bool has = db_count_expires(db) + db_count_fields(db) > 0;
    if (has && list_is_empty(&db->in_expiring))
        list_push_back(&db->ks->expiring, &db->in_expiring);
    else if (!has)
        list_unlink(&db->in_expiring);
}

static bool is_due(int64_t when_ms, int64_t now_ms)
{
    return now_ms > when_ms;
}

bool db_is_expired(const struct db *db, const struct entry *e)
{
    if (!(e->flags & (ENTRY_HAS_EXPIRY | ENTRY_FIELDS_LISTED)) ||
        db->ks->expiry_mode == EXPIRY_IGNORE)
        return false;
    if ((e->flags & ENTRY_HAS_EXPIRY) && is_due(entry_expiry(e), db->ks->now_ms))
        return true;
    return (e->flags & ENTRY_FIELDS_LISTED) && db_fields_all_over(db, e);
}

/* `key.name` may lie in the entry, which is freed last. */
static void remove_expired(struct db *db, struct key key, struct entry *e)
{
    struct keyspace *ks = db->ks;
    bool lazy = ks->settings.lazyfree_expire;
    db_unlink(db, key.hash, e);
    ks->stats.expired++;

    struct slice effect[] = { lazy ? SLICE("UNLINK") : SLICE("DEL"), key.name };
    journal_effect(ks->journal, db->index, effect, COUNT_OF(effect));
    db_notify(db, EVENT_EXPIRED, "expired", key.name);
    ks->removes_expired = true;
    db_fire_changed(db, &key);
    ks->removes_expired = false;
    lazyfree_entry(ks->lazy, e, lazy);
}

bool keyspace_is_expiring(const struct keyspace *ks)
{
    return ks->removes_expired;
}

static void expire(struct db *db, struct key key, struct entry *e)
{
    const struct db_took_hook *took = &db->ks->hooks.took;
    uint64_t start_ns = took->fn ? clock_mono_ns() : 0;
    remove_expired(db, key, e);
    if (UNLIKELY(took->fn != NULL))
        took->fn(took->arg, "expire-del", clock_mono_ns() - start_ns);
}

struct entry *db_meet_expired(struct db *db, struct key key, struct entry *e)
{
    switch (db->ks->expiry_mode) {
    case EXPIRY_REMOVE:
        expire(db, key, e);
        return NULL;
    case EXPIRY_HIDE:
        return NULL;
    case EXPIRY_IGNORE:
        break;
    }
    return e;
}

/* What is due first in a database: a key, or a field of a hash. */
struct first {
    int64_t when_ms;
    struct entry *entry;
    bool is_field;
};

/* Of a database in keyspace.expiring. */
static struct first first_of(const struct db *db)
{
    struct first key = { .when_ms = INT64_MAX }, field = { .when_ms = INT64_MAX, .is_field = true };
    if (db->expires)
        key.entry = timetree_first(db->expires, &key.when_ms);
    if (UNLIKELY(db->fields != NULL))
        field.entry = timetree_first(db->fields, &field.when_ms);
    return !key.entry || (field.entry && field.when_ms < key.when_ms) ? field : key;
}

/* The database whose first one is the earliest of all, and how far that holds: until another's
 * first. NULL if there is none. */
static struct db *earliest(struct keyspace *ks, int64_t *ret_until_ms)
{
    struct db *found = NULL;
    int64_t found_ms = INT64_MAX;
    int64_t until_ms = INT64_MAX;
    LIST_FOR_EACH_SAFE(node, &ks->expiring)
    {
        struct db *db = LIST_ENTRY(node, struct db, in_expiring);
        struct first first = first_of(db);
        int64_t when_ms = first.when_ms;
        ASSERT(first.entry);
        if (!found || when_ms < found_ms) {
            until_ms = found_ms;
            found = db;
            found_ms = when_ms;
        } else if (when_ms < until_ms) {
            until_ms = when_ms;
        }
    }
    *ret_until_ms = until_ms;
    return found;
}

/* Removes what is due in one database up to `until_ms`; the number of keys and fields. */
static size_t expire_run(struct db *db, int64_t now_ms, int64_t until_ms, size_t max)
{
    size_t count = 0;
    while (count < max && !list_is_empty(&db->in_expiring)) {
        struct first first = first_of(db);
        if (!is_due(first.when_ms, now_ms) || first.when_ms > until_ms)
            break;
        struct key key = db_key(db, entry_key(first.entry));
        if (first.is_field) {
            count += db_expire_fields(db, key, first.entry, now_ms, max - count);
            continue;
        }
        expire(db, key, first.entry);
        db->ks->stats.expired_active++;
        count++;
    }
    return count;
}

static bool active(const struct keyspace *ks)
{
    return ks->active_expire && ks->expiry_mode == EXPIRY_REMOVE;
}

static bool some_wait(const struct keyspace *ks, int64_t now_ms)
{
    int64_t next_ms = keyspace_next_due(ks);
    return next_ms != INT64_MAX && next_ms <= now_ms;
}

bool keyspace_expire_due(struct keyspace *ks, int64_t now_ms, size_t max)
{
    if (!some_wait(ks, now_ms))
        return false;
    uint64_t start_ns = clock_mono_ns();
    size_t room = max;
    while (room > 0) {
        int64_t until_ms;
        struct db *db = earliest(ks, &until_ms);
        size_t count = db ? expire_run(db, now_ms, until_ms, room) : 0;
        if (count == 0)
            break;
        room -= count;
    }
    uint64_t took_ns = clock_mono_ns() - start_ns;
    ks->stats.expire_ns += took_ns;
    HOOK_CALL(ks->hooks.took, "expire-cycle", took_ns);
    bool more = some_wait(ks, now_ms);
    ks->stats.slices_full += more;
    return more;
}

size_t keyspace_expire_slice(const struct keyspace *ks)
{
    return (size_t)ks->settings.active_expire_effort * SLICE_KEYS;
}

int64_t keyspace_next_due(const struct keyspace *ks)
{
    if (!active(ks))
        return INT64_MAX;
    int64_t next_ms = INT64_MAX;
    LIST_FOR_EACH_SAFE(node, &ks->expiring)
    {
        int64_t when_ms = first_of(LIST_ENTRY(node, struct db, in_expiring)).when_ms;
        if (when_ms < next_ms)
            next_ms = when_ms + 1;
    }
    return next_ms;
}

void keyspace_set_active_expire(struct keyspace *ks, bool on)
{
    ks->active_expire = on;
}
