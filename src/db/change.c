/* Changes of single keys: table and time tree follow, the change is counted and told. */
#include "base/assert.h"
#include "db/db_priv.h"

static void changed(struct db *db, const struct key *key)
{
    db->ks->dirty++;
    db_fire_changed(db, key);
}

void db_notify(struct db *db, enum db_event_class class, const char *event, struct slice name)
{
    if (db->ks->event_classes & class)
        HOOK_CALL(db->ks->hooks.event, db, class, event, name);
}

void db_unlink(struct db *db, uint64_t hash, struct entry *e)
{
    table_remove(db->keys, hash, e);
    if (e->flags & ENTRY_HAS_EXPIRY)
        db_expiry_remove(db, entry_expiry(e), e);
    if (UNLIKELY(e->flags & ENTRY_FIELDS_LISTED))
        db_fields_forget(db, e);
}

/* A key that look-ups hide makes room for what is stored under its name. */
COLD static void drop_hidden(struct db *db, struct key key)
{
    struct entry *hidden = db_find_any(db, key);
    if (!hidden)
        return;
    db_unlink(db, key.hash, hidden);
    lazyfree_entry(db->ks->lazy, hidden, db->ks->settings.lazyfree_expire);
}

static void link_new(struct db *db, uint64_t hash, struct entry *e)
{
    if (entry_lru(e) == 0)
        db_lru_init(db->ks, e);
    table_insert(db_table(db), hash, e);
    if (e->flags & ENTRY_HAS_EXPIRY)
        db_expiry_add(db, entry_expiry(e), e);
    db_fields_follow(db, e);
}

void db_insert(struct db *db, struct key key, struct entry *e)
{
    ASSERT_DEBUG(slice_eq(entry_key(e), key.name));
    if (UNLIKELY(db->ks->expiry_mode == EXPIRY_HIDE))
        drop_hidden(db, key);
    link_new(db, key.hash, e);
    changed(db, &key);
    db_notify(db, EVENT_NEW, "new", key.name);
}

bool db_load(struct db *db, struct key key, struct entry *e)
{
    ASSERT_DEBUG(slice_eq(entry_key(e), key.name));
    if (db_find_any(db, key))
        return false;
    link_new(db, key.hash, e);
    return true;
}

void db_overwrite(struct db *db, struct key key, struct entry *old, struct entry *e)
{
    struct keyspace *ks = db->ks;
    ASSERT_DEBUG(slice_eq(entry_key(e), key.name));
    ASSERT_DEBUG(old != e);
    if (entry_lru(e) == 0) {
        if (keyspace_uses_lfu(ks))
            entry_set_lru(e, entry_lru(old)); /* how often it is used is a matter of the key */
        else
            db_lru_init(ks, e);
    }
    table_replace(db->keys, key.hash, old, e);
    if (old->flags & ENTRY_HAS_EXPIRY)
        db_expiry_remove(db, entry_expiry(old), old);
    if (UNLIKELY(old->flags & ENTRY_FIELDS_LISTED))
        db_fields_forget(db, old);
    if (e->flags & ENTRY_HAS_EXPIRY)
        db_expiry_add(db, entry_expiry(e), e);
    db_fields_follow(db, e);
    changed(db, &key);
    lazyfree_entry(ks->lazy, old, ks->settings.lazyfree_server_del);
}

void db_store(struct db *db, struct key key, struct entry *old, struct entry *e)
{
    ASSERT_DEBUG(slice_eq(entry_key(e), key.name));
    if (old != e) {
        table_replace(db->keys, key.hash, old, e);
        if (e->flags & ENTRY_HAS_EXPIRY)
            timetree_move(db->expires, entry_expiry(e), old, e);
        if (UNLIKELY(e->flags & ENTRY_FIELDS_LISTED))
            db_fields_move(db, old, e);
    }
    db_fields_follow(db, e);
    changed(db, &key);
}

void db_set(struct db *db, struct key key, struct entry *e)
{
    struct entry *old = db_find(db, key);
    if (old)
        db_overwrite(db, key, old, e);
    else
        db_insert(db, key, e);
}

void db_delete(struct db *db, struct key key, struct entry *e, bool lazy)
{
    db_unlink(db, key.hash, e);
    changed(db, &key);
    lazyfree_entry(db->ks->lazy, e, lazy);
}

struct entry *db_take(struct db *db, struct key key, struct entry *e)
{
    db_unlink(db, key.hash, e);
    changed(db, &key);
    return e;
}

struct entry *db_set_expiry(struct db *db, struct key key, struct entry *e, int64_t when_ms)
{
    int64_t old_when_ms = entry_expiry(e);
    if (old_when_ms == ENTRY_NO_EXPIRY && when_ms == ENTRY_NO_EXPIRY)
        return e;
    if (old_when_ms != ENTRY_NO_EXPIRY)
        db_expiry_remove(db, old_when_ms, e);
    struct entry *moved = entry_set_expiry(e, when_ms);
    if (moved != e) {
        table_replace(db->keys, key.hash, e, moved);
        if (UNLIKELY(moved->flags & ENTRY_FIELDS_LISTED))
            db_fields_move(db, e, moved);
    }
    if (when_ms != ENTRY_NO_EXPIRY)
        db_expiry_add(db, when_ms, moved);
    changed(db, &key);
    return moved;
}
