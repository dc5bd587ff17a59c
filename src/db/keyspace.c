/* Life of the keyspace, and what is done to whole databases. */
#include "base/assert.h"
#include "base/mem.h"
#include "db/db_priv.h"
#include "journal/journal.h"

static struct slice key_of_entry(const void *entry)
{
    return entry_key(entry);
}

static const struct table_type key_table = { .key = key_of_entry };

static void seed_all(struct keyspace *ks, uint64_t seed)
{
    if (seed == 0) {
        rand_secret(&ks->hash_key, sizeof(ks->hash_key));
        rand_seed_random(&ks->rand);
        return;
    }
    rand_seed(&ks->rand, seed);
    ks->hash_key.k0 = rand_next(&ks->rand);
    ks->hash_key.k1 = rand_next(&ks->rand);
}

struct keyspace *keyspace_new(struct journal *journal, struct worker *worker, uint64_t seed)
{
    ASSERT(journal);
    struct keyspace *ks = mem_zalloc(sizeof(*ks));
    ks->journal = journal;
    ks->lazy = lazyfree_new(worker);
    ks->active_expire = true;
    ks->event_classes = UINT32_MAX;
    list_init(&ks->expiring);
    seed_all(ks, seed);

    struct directive_table directives = keyspace_directives(ks);
    directive_init_all(&directives);
    ks->env = (struct type_env){ .hash_key = &ks->hash_key, .rand = &ks->rand };
    struct directive_table thresholds = keyspace_type_directives(ks);
    directive_init_all(&thresholds);
    keyspace_update_touch(ks);
    keyspace_set_now(ks, 0);
    return ks;
}

static void free_all(struct db *db, bool lazy)
{
    lazyfree_tables(
        db->ks->lazy,
        (struct lazyfree_tables){ .keys = db->keys, .expires = db->expires, .fields = db->fields },
        lazy);
    db->keys = NULL;
    db->expires = NULL;
    db->fields = NULL;
}

void keyspace_free(struct keyspace *ks)
{
    if (!ks)
        return;
    for (int i = 0; i < ks->count; i++)
        free_all(&ks->dbs[i], false);
    lazyfree_free(ks->lazy);
    struct directive_table directives = keyspace_directives(ks);
    directive_done_all(&directives);
    mem_free(ks->dbs);
    mem_free(ks);
}

/* The directive hash-seed: servers with the same one iterate in the same order. */
static void use_hash_seed(struct keyspace *ks)
{
    if (!ks->settings.hash_seed || !*ks->settings.hash_seed)
        return;
    struct slice text = slice_str(ks->settings.hash_seed);
    ks->hash_key.k0 = hash_bytes(&(struct hash_key){ 0, 0 }, text);
    ks->hash_key.k1 = hash_bytes(&(struct hash_key){ 0, 1 }, text);
}

void keyspace_start(struct keyspace *ks)
{
    ASSERT(!ks->dbs);
    ASSERT(ks->settings.databases > 0);
    ASSERT(ks->settings.databases <= INT32_MAX);
    use_hash_seed(ks);
    ks->count = (int)ks->settings.databases;
    ks->dbs = mem_zalloc((size_t)ks->count * sizeof(*ks->dbs));
    for (int i = 0; i < ks->count; i++) {
        ks->dbs[i].ks = ks;
        ks->dbs[i].index = i;
        list_init(&ks->dbs[i].in_expiring);
    }
    keyspace_update_touch(ks);
}

const struct hash_key *keyspace_hash_key(const struct keyspace *ks)
{
    return &ks->hash_key;
}

struct keyspace_hooks *keyspace_hooks(struct keyspace *ks)
{
    return &ks->hooks;
}

const struct keyspace_settings *keyspace_settings(const struct keyspace *ks)
{
    return &ks->settings;
}

int keyspace_count(const struct keyspace *ks)
{
    return ks->count;
}

struct db *keyspace_db(struct keyspace *ks, int index)
{
    ASSERT(index >= 0);
    ASSERT(index < ks->count);
    return &ks->dbs[index];
}

struct keyspace *db_keyspace(const struct db *db)
{
    return db->ks;
}

int db_index(const struct db *db)
{
    return db->index;
}

COLD static void clocks_update(struct keyspace *ks, int64_t now_ms)
{
    int64_t second = now_ms / 1000 - (now_ms % 1000 < 0);
    ks->clock_from_ms = second * 1000;
    ks->clock_until_ms = ks->clock_from_ms + 1000;
    ks->lfu_minutes = (uint32_t)(second / 60) & 0xffff;
    ks->lru_clock = (uint32_t)second & ENTRY_LRU_MAX;
    if (ks->lru_clock == 0)
        ks->lru_clock = 1;
}

void keyspace_set_now(struct keyspace *ks, int64_t now_ms)
{
    ks->now_ms = now_ms;
    if (UNLIKELY(now_ms >= ks->clock_until_ms || now_ms < ks->clock_from_ms))
        clocks_update(ks, now_ms);
}

int64_t keyspace_now(const struct keyspace *ks)
{
    return ks->now_ms;
}

uint64_t keyspace_dirty(const struct keyspace *ks)
{
    return ks->dirty;
}

void keyspace_count_dirty(struct keyspace *ks, uint64_t n)
{
    ks->dirty += n;
}

void keyspace_set_event_classes(struct keyspace *ks, uint32_t classes)
{
    ks->event_classes = classes;
}

void keyspace_set_expiry_mode(struct keyspace *ks, enum keyspace_expiry_mode mode)
{
    ks->expiry_mode = mode;
}

void keyspace_update_touch(struct keyspace *ks)
{
    if (ks->no_touch || ks->held)
        ks->touch = TOUCH_NONE;
    else
        ks->touch = keyspace_uses_lfu(ks) ? TOUCH_LFU : TOUCH_LRU;
}

void keyspace_set_no_touch(struct keyspace *ks, bool no_touch)
{
    if (LIKELY(ks->no_touch == no_touch))
        return;
    ks->no_touch = no_touch;
    keyspace_update_touch(ks);
}

void keyspace_hold(struct keyspace *ks, bool hold)
{
    ks->held = hold;
    keyspace_update_touch(ks);
    for (int i = 0; i < ks->count; i++)
        if (ks->dbs[i].keys)
            table_hold(ks->dbs[i].keys, hold);
}

struct table *db_table(struct db *db)
{
    if (UNLIKELY(!db->keys)) {
        db->keys = table_new(&key_table, &db->ks->hash_key);
        table_hold(db->keys, db->ks->held);
    }
    return db->keys;
}

size_t db_count(const struct db *db)
{
    return db->keys ? table_count(db->keys) : 0;
}

size_t db_count_expires(const struct db *db)
{
    return db->expires ? timetree_count(db->expires) : 0;
}

static void fire_replaced(struct db *db, enum db_replacement what)
{
    HOOK_CALL(db->ks->hooks.replaced, db, what);
}

static size_t db_flush(struct db *db, bool lazy)
{
    size_t count = db_count(db);
    if (count == 0)
        return 0;
    fire_replaced(db, DB_KEYS_GO);
    free_all(db, lazy);
    db->expiry_sum = 0;
    list_unlink(&db->in_expiring);
    db->ks->dirty += count;
    return count;
}

size_t keyspace_flush(struct keyspace *ks, int index, bool lazy)
{
    HOOK_CALL(ks->hooks.flushed, index);
    if (index >= 0)
        return db_flush(keyspace_db(ks, index), lazy);
    size_t count = 0;
    for (int i = 0; i < ks->count; i++)
        count += db_flush(&ks->dbs[i], lazy);
    return count;
}

void keyspace_swap(struct keyspace *ks, int a, int b)
{
    struct db *first = keyspace_db(ks, a);
    struct db *second = keyspace_db(ks, b);
    if (a == b)
        return;
    fire_replaced(first, DB_KEYS_GO);
    fire_replaced(second, DB_KEYS_GO);

    struct db kept = *first;
    first->keys = second->keys;
    first->expires = second->expires;
    first->fields = second->fields;
    first->expiry_sum = second->expiry_sum;
    second->keys = kept.keys;
    second->expires = kept.expires;
    second->fields = kept.fields;
    second->expiry_sum = kept.expiry_sum;
    db_expiring_update(first);
    db_expiring_update(second);
    ks->dirty++;

    fire_replaced(first, DB_KEYS_COME);
    fire_replaced(second, DB_KEYS_COME);
}

void db_table_stats(const struct db *db, struct table_stats *ret_stats)
{
    *ret_stats = (struct table_stats){ 0 };
    if (db->keys)
        table_stats_read(db->keys, ret_stats);
}

static void verify_listed(void *arg UNUSED, int64_t when_ms, void *item)
{
    const struct entry *e = item;
    ASSERT(entry_type(e) == TYPE_HASH);
    ASSERT(e->flags & ENTRY_FIELDS_LISTED);
    ASSERT(hash_listed(e) == when_ms);
    ASSERT(hash_due(e) == when_ms);
}

static void count_listed(void *arg, void *entry)
{
    *(size_t *)arg += (((const struct entry *)entry)->flags & ENTRY_FIELDS_LISTED) != 0;
}

static void verify_fields(const struct db *db)
{
    size_t listed = 0;
    if (db->keys)
        table_each(db->keys, count_listed, &listed);
    ASSERT(listed == db_count_fields(db));
    if (!db->fields)
        return;
    timetree_verify(db->fields);
    timetree_each(db->fields, verify_listed, NULL);
}

void keyspace_verify(const struct keyspace *ks)
{
    for (int i = 0; i < ks->count; i++) {
        const struct db *db = &ks->dbs[i];
        if (db->keys)
            table_verify(db->keys);
        if (db->expires)
            timetree_verify(db->expires);
        ASSERT(db_count_expires(db) <= db_count(db));
        verify_fields(db);
    }
}

size_t db_overhead(const struct db *db)
{
    size_t bytes = db->keys ? table_footprint(db->keys) : 0;
    bytes += db->expires ? timetree_footprint(db->expires) : 0;
    return bytes + (db->fields ? timetree_footprint(db->fields) : 0);
}

void db_reserve(struct db *db, size_t keys)
{
    table_reserve(db_table(db), keys);
}
