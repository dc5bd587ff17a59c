/* The keyspace: databases of entries, with expiry, notifications and journal effects of their own.
 *
 * A database is a table of entries and a time tree of those with an expiry, both made when first
 * used. Handlers look entries up, ask the type's functions, and store what came back. Everything
 * that must follow a change hangs here: db_changed() invalidates WATCH and tracking, counts, and
 * db_notify() fires key events; expired keys are removed on the way, with their effect journaled.
 *
 * Time stands still within a unit: keyspace_set_now() is called by the dispatcher.
 *
 * Pointers to entries are borrowed until the next change of their key; look-ups may remove the
 * looked up key itself (expired), never another. */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/hash.h"
#include "base/hook.h"
#include "base/job.h"
#include "base/metric.h"
#include "base/rand.h"
#include "base/slice.h"
#include "ds/table.h"
#include "types/entry.h"
#include "types/env.h"

struct db;
struct journal;
struct keyspace;
struct worker;

/* A key with its hash, so that it is computed once a request. */
struct key {
    struct slice name;
    uint64_t hash;
};

/* Key event classes of notify-keyspace-events. */
enum db_event_class {
    EVENT_GENERIC = 1 << 0, /* g */
    EVENT_STRING = 1 << 1,  /* $ */
    EVENT_LIST = 1 << 2,    /* l */
    EVENT_SET = 1 << 3,     /* s */
    EVENT_HASH = 1 << 4,    /* h */
    EVENT_ZSET = 1 << 5,    /* z */
    EVENT_EXPIRED = 1 << 6, /* x */
    EVENT_EVICTED = 1 << 7, /* e */
    EVENT_STREAM = 1 << 8,  /* t */
    EVENT_MISS = 1 << 9,    /* m */
    EVENT_NEW = 1 << 10,    /* n */
    EVENT_MODULE = 1 << 11, /* d */
};

enum maxmemory_policy {
    POLICY_NOEVICTION,
    POLICY_VOLATILE_LRU,
    POLICY_VOLATILE_LFU,
    POLICY_VOLATILE_RANDOM,
    POLICY_VOLATILE_TTL,
    POLICY_ALLKEYS_LRU,
    POLICY_ALLKEYS_LFU,
    POLICY_ALLKEYS_RANDOM,
};

/* What happens to a key whose time has come. */
enum keyspace_expiry_mode {
    EXPIRY_REMOVE, /* it goes, with effect and event */
    EXPIRY_HIDE, /* look-ups do not find it, but it stays: writes are paused, or a primary decides */
    EXPIRY_IGNORE, /* it is a key as any other: what a primary says is applied, a file is loaded */
};

/* What happens to the keys of a database at once. */
enum db_replacement {
    DB_KEYS_GO,   /* by a flush or a swap */
    DB_KEYS_COME, /* by a swap */
};

/* Hooks of higher rooms; set by the server's wiring. */
struct keyspace_hooks {
    /* The key was modified or removed; it is borrowed. Must not change data. */
    HOOK_TYPE(db_changed_hook, struct db *db, const struct key *key) changed;
    /* All keys that the database holds at this moment are about to go, or have just come. Must not change data. */
    HOOK_TYPE(db_replaced_hook, struct db *db, enum db_replacement what) replaced;
    /* A flush empties one database (`index`), or all (-1), also if nothing is in it. Must not change data. */
    HOOK_TYPE(db_flushed_hook, int index) flushed;
    /* A key event. `name` is borrowed. Must not change data. */
    HOOK_TYPE(db_event_hook, struct db *db, enum db_event_class class, const char *event,
              struct slice name)
    event;
    /* Something that may hold the server up took so long: "expire-del" (one key), "expire-cycle" (a
     * slice of keys). Nothing is measured while it is not set. */
    HOOK_TYPE(db_took_hook, const char *event, uint64_t ns) took;
};

struct keyspace_settings {
    int64_t databases;
    bool lazyfree_eviction, lazyfree_expire, lazyfree_user_del, lazyfree_user_flush;
    bool lazyfree_server_del;
    int maxmemory_policy; /* enum maxmemory_policy */
    int64_t lfu_log_factor, lfu_decay_time;
    int64_t active_expire_effort;
    char *hash_seed;
};

/* `journal` and `worker` (frees big values; may be NULL: everything is freed at once) must outlive
 * the keyspace. `seed` 0: hash key and choices are random. The settings have their initial values. */
struct keyspace *keyspace_new(struct journal *journal, struct worker *worker, uint64_t seed);
void keyspace_free(struct keyspace *ks); /* waits for the worker */
/* Call once after the settings were read: makes the databases. */
void keyspace_start(struct keyspace *ks);
struct keyspace_hooks *keyspace_hooks(struct keyspace *ks);
const struct keyspace_settings *keyspace_settings(const struct keyspace *ks);
/* What functions of types ask for that may change an encoding. */
const struct type_env *keyspace_env(const struct keyspace *ks);
/* From what length on a value of a list that is made from now on stands alone; 0: too big for a pack. */
void keyspace_set_list_plain_bytes(struct keyspace *ks, int64_t bytes);

int keyspace_count(const struct keyspace *ks); /* of databases */
struct db *keyspace_db(struct keyspace *ks, int index);
struct keyspace *db_keyspace(const struct db *db);
int db_index(const struct db *db);

/* With which all databases hash their keys. */
const struct hash_key *keyspace_hash_key(const struct keyspace *ks);

/* The time that look-ups see, Unix ms. */
void keyspace_set_now(struct keyspace *ks, int64_t now_ms);
int64_t keyspace_now(const struct keyspace *ks);

/* Changes since the start; the difference over a unit says whether it changed data. */
uint64_t keyspace_dirty(const struct keyspace *ks);

/* Classes of events that somebody wants, or-ed; all at first. Others cost one branch. */
void keyspace_set_event_classes(struct keyspace *ks, uint32_t classes);

/* While a child process saves: tables do not grow or shrink, look-ups do not touch entries, so that
 * pages stay shared. */
void keyspace_hold(struct keyspace *ks, bool hold);

/* ---- keys ---- */

struct key db_key(const struct db *db, struct slice name);
void db_prefetch_bucket(const struct db *db, uint64_t hash);
/* True: call once more, with `again` (ds/table.h). */
bool db_prefetch_entry(const struct db *db, uint64_t hash, bool again);
/* Goes on to an element of the value (types/entry.h, entry_prefetch) when the entry has come. */
bool db_prefetch_value(const struct db *db, struct key key, struct slice element,
                       uint64_t *ret_hash);
bool db_prefetch_element(const struct db *db, struct key key, uint64_t hash, bool again);

/* For reading a value: counts hit or miss (and fires keymiss), touches the LRU clock. */
struct entry *db_lookup_read(struct db *db, struct key key);
/* For a command that changes it: touches, does not count. */
struct entry *db_lookup_write(struct db *db, struct key key);
/* For asking about it: counts hit or miss (and fires keymiss), does not touch. EXISTS, TTL, TYPE. */
struct entry *db_lookup_info(struct db *db, struct key key);
/* The same without an event: OBJECT. */
struct entry *db_lookup_object(struct db *db, struct key key);
/* Neither counts nor touches. */
struct entry *db_peek(struct db *db, struct key key);
/* What is stored under the key, also if its time is over: ask db_is_expired. Changes nothing. */
const struct entry *db_peek_stored(const struct db *db, struct key key);
/* While set (CLIENT NO-TOUCH), look-ups of this unit leave the LRU clock alone. */
void keyspace_set_no_touch(struct keyspace *ks, bool no_touch);

bool keyspace_uses_lfu(const struct keyspace *ks);
/* OBJECT IDLETIME and FREQ: seconds since the last touch; the access counter as it has decayed. */
int64_t db_idle_s(const struct db *db, const struct entry *e);
unsigned db_frequency(const struct db *db, const struct entry *e);
/* RESTORE's IDLETIME and FREQ, before or after the entry is stored. */
void db_set_idle_s(const struct db *db, struct entry *e, int64_t idle_s);
void db_set_frequency(const struct db *db, struct entry *e, unsigned frequency);

/* ---- changes: each counts the change and fires `changed`; events are the handler's ----
 *
 * Between a type's function that moves an entry and db_store no other function of this room may be
 * called: the table still has the old address. */

/* Stores an entry under a key that is absent; its key must be key.name. Fires "new". */
void db_insert(struct db *db, struct key key, struct entry *e);
/* Stores an entry in the place of `old`, which is freed (lazily, if lazyfree-lazy-server-del). */
void db_overwrite(struct db *db, struct key key, struct entry *old, struct entry *e);
/* The handler changed `old`'s value through its type, and it may have moved. */
void db_store(struct db *db, struct key key, struct entry *old, struct entry *e);
/* Insert or overwrite, whichever applies. */
void db_set(struct db *db, struct key key, struct entry *e);
/* Removes an entry; in the background if it is big and `lazy`. */
void db_delete(struct db *db, struct key key, struct entry *e, bool lazy);
/* Takes an entry out without freeing it: RENAME (then entry_rename and db_set), MOVE. */
struct entry *db_take(struct db *db, struct key key, struct entry *e);
/* ENTRY_NO_EXPIRY removes; if there is none to remove nothing is counted. Returns the entry, which may have moved. */
struct entry *db_set_expiry(struct db *db, struct key key, struct entry *e, int64_t when_ms);

/* Counts a change that is not one of the above. */
void keyspace_count_dirty(struct keyspace *ks, uint64_t n);
void db_notify(struct db *db, enum db_event_class class, const char *event, struct slice name);

/* ---- whole databases ---- */

size_t db_count(const struct db *db);
size_t db_count_expires(const struct db *db);
size_t db_count_fields(const struct db *db); /* hashes with fields that expire */
/* Empties one database (index >= 0) or all (-1); returns how many keys went. With `lazy` the
 * memory is freed in the background. */
size_t keyspace_flush(struct keyspace *ks, int index, bool lazy);
void keyspace_swap(struct keyspace *ks, int a, int b);

/* A key that is alive, without bias; NULL if there is none. */
struct entry *db_random(struct db *db);
/* One step of SCAN; expired keys are visited too: ask db_is_expired. The callback must not change
 * the database. */
uint64_t db_scan(struct db *db, uint64_t cursor, table_visit visit, void *arg);
void db_each(struct db *db, table_visit visit, void *arg); /* must not change the database */
bool db_is_expired(const struct db *db, const struct entry *e);
void db_table_stats(const struct db *db, struct table_stats *ret_stats);
/* Checks every invariant of all tables and time trees; asserts. Takes as long as they are big. */
void keyspace_verify(const struct keyspace *ks);
/* Bytes of table and time tree. */
size_t db_overhead(const struct db *db);
/* Makes room for so many keys ahead of a load. */
void db_reserve(struct db *db, size_t keys);
/* For a load, which nobody watches: stores an entry without counting a change or telling of it. False if the key is
 * there already; then nothing was stored. */
MUST_USE bool db_load(struct db *db, struct key key, struct entry *e);

/* ---- expiry ---- */

/* A key is due when now is past its expiry: it lives through the millisecond itself.
 *
 * Removes keys that are due at `now_ms`, earliest first, at most `max` of them; each is a unit of its own
 * in the journal. True if more wait. Does nothing unless the mode is EXPIRY_REMOVE. */
bool keyspace_expire_due(struct keyspace *ks, int64_t now_ms, size_t max);
/* How many keys are a slice of active expiry: grows with active-expire-effort. */
size_t keyspace_expire_slice(const struct keyspace *ks);
/* From when on keyspace_expire_due has something to do (any database), or INT64_MAX. */
int64_t keyspace_next_due(const struct keyspace *ks);
void keyspace_set_active_expire(struct keyspace *ks, bool on); /* DEBUG SET-ACTIVE-EXPIRE */
void keyspace_set_expiry_mode(struct keyspace *ks, enum keyspace_expiry_mode mode);
/* Within the hook `changed`: the key goes because its time is over, whoever met it. */
bool keyspace_is_expiring(const struct keyspace *ks);

/* ---- fields of hashes that expire ----
 *
 * Look-ups remove fields that are over, but only so many at once, and none while keys only hide: functions
 * of types/hash.h get this time and do not see the others. */
int64_t db_fields_now(const struct db *db);

struct db_field_names {
    const struct slice *first;
    size_t count, step;
};

/* Before a change that depends on these fields: those that are over go, as a change of its own, so that who
 * repeats the effects comes to the same. Another field must be left: the look-up has removed a hash
 * that has none. */
void db_expire_named(struct db *db, struct key key, struct entry *e,
                     const struct db_field_names *names);

/* ---- what the room exports ---- */

struct directive_table keyspace_directives(struct keyspace *ks);
struct directive_table keyspace_type_directives(struct keyspace *ks); /* thresholds of encodings */
struct metric_table keyspace_metrics(struct keyspace *ks);
struct job_table keyspace_jobs(struct keyspace *ks); /* settles tables after holds and walks */

#endif
