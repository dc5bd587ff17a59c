/* Keys of a file on their way into the keyspace.
 *
 * What is read gathers until there are RDB_BATCH entries; their keys are hashed and the buckets fetched together,
 * so that the misses of one hide behind the others'. */
#include "persist/rdb_priv.h"

#include "base/log.h"

/* A key seldom takes less of a file. What a wrong file promises costs less memory than its size then; smaller keys
 * make the table grow while they come. */
#define KEY_BYTES_LIKELY 16
/* So many skipped keys are named. */
#define SKIPPED_NAMED 10

bool rdb_load_resize(struct rdb_load *l)
{
    uint64_t keys, expiries;
    if (!codec_read_len(l->r, &keys) || !codec_read_len(l->r, &expiries))
        return false;
    const uint64_t left = codec_reader_left(l->r);
    if (l->db && left != CODEC_LEFT_UNKNOWN)
        db_reserve(l->db, (size_t)MIN_OF(keys, left / KEY_BYTES_LIKELY));
    return true;
}

/* ---- storing ---- */

/* The reader stands behind the batch by now: the key is what helps. */
static bool refuse_duplicate(struct rdb_load *l, const struct rdb_pending *p)
{
    char words[64];
    (void)snprintf(words, sizeof(words), "RDB has duplicated key in DB %d", db_index(l->db));
    buf_clear(&l->report->key);
    buf_append(&l->report->key, p->key.name);
    l->report->step = RDB_AT_KEY;
    return RDB_FAIL_AS(l, words, "a key that was not there yet");
}

static bool store(struct rdb_load *l, struct rdb_pending *p)
{
    if (LIKELY(db_load(l->db, p->key, p->e))) {
        p->e = NULL;
        return true;
    }
    if (!(l->how->flags & RDB_MERGE))
        return refuse_duplicate(l, p);
    db_set(l->db, p->key, p->e);
    p->e = NULL;
    return true;
}

bool rdb_load_flush(struct rdb_load *l)
{
    bool ok = true;
    for (size_t i = 0; i < l->pending_count; i++) {
        struct rdb_pending *p = &l->pending[i];
        p->key = db_key(l->db, entry_key(p->e));
        db_prefetch_bucket(l->db, p->key.hash);
    }
    for (size_t i = 0; i < l->pending_count && ok; i++)
        ok = store(l, &l->pending[i]);
    if (ok)
        l->pending_count = 0;
    return ok;
}

void rdb_load_drop_pending(struct rdb_load *l)
{
    for (size_t i = 0; i < l->pending_count; i++)
        if (l->pending[i].e)
            entry_free(l->pending[i].e);
    l->pending_count = 0;
}

static bool add_pending(struct rdb_load *l, struct entry *e)
{
    l->pending[l->pending_count++] = (struct rdb_pending){ .e = e };
    return l->pending_count < RDB_BATCH || rdb_load_flush(l);
}

/* ---- reading ---- */

static bool refuse_module_value(struct rdb_load *l)
{
    char module[RDB_MODULE_NAME_CHARS + 1], words[96];
    uint64_t id;
    if (!codec_read_len(l->r, &id))
        return false;
    rdb_module_name(id, module);
    (void)snprintf(words, sizeof(words),
                   "The RDB file contains module data I can't load: no matching module type '%s'",
                   module);
    return RDB_FAIL_AS(l, words, "no value of a module: this one is of type '%s'", module);
}

static bool drops_expired(const struct rdb_load *l)
{
    return !(l->how->flags & (RDB_KEEP_EXPIRED | RDB_AOF_BASE));
}

static bool is_over(const struct rdb_load *l)
{
    return l->when_ms != ENTRY_NO_EXPIRY && l->when_ms < l->now_ms && drops_expired(l);
}

static void set_use(const struct rdb_load *l, struct entry *e)
{
    if (LIKELY(l->idle_s < 0 && l->frequency < 0))
        return;
    const bool uses_lfu = keyspace_uses_lfu(db_keyspace(l->db));
    if (uses_lfu && l->frequency >= 0)
        db_set_frequency(l->db, e, (unsigned)l->frequency);
    if (!uses_lfu && l->idle_s >= 0)
        db_set_idle_s(l->db, e, l->idle_s);
}

/* Takes over the entry. */
static bool take_entry(struct rdb_load *l, struct entry *e)
{
    if (UNLIKELY(is_over(l))) {
        l->report->expired++;
        if (l->db) {
            entry_free(e);
            return true;
        }
    }
    l->report->keys++;
    l->report->with_expiry += l->when_ms != ENTRY_NO_EXPIRY;
    if (!l->db) {
        entry_free(e);
        return true;
    }
    set_use(l, e);
    return add_pending(l, e);
}

static bool skip_empty(struct rdb_load *l, struct slice key)
{
    codec_reader_forgive(l->r);
    if (l->report->empty++ < SKIPPED_NAMED && !l->quiet)
        log_write(LOG_NOTICE, "rdbLoadObject skipping empty key: %.*s", SLICE_ARGS(key));
    return true;
}

static bool read_value(struct rdb_load *l, uint8_t kind, struct slice key)
{
    if (kind == KIND_MODULE || kind == KIND_MODULE_2)
        return refuse_module_value(l);
    const struct codec_target to = { .key = key,
                                     .when_ms = l->when_ms,
                                     .env = keyspace_env(l->rdb->persist->keyspace),
                                     .now_ms = drops_expired(l) ? l->now_ms : 0 };
    struct entry *e = codec_read_value(l->r, kind, &to);
    if (e)
        return take_entry(l, e);
    if (codec_reader_error(l->r)->code == CODEC_EMPTY)
        return skip_empty(l, key);
    if (codec_reader_error(l->r)->code)
        return false;
    l->report->expired++; /* all its fields are over */
    return true;
}

/* Keeps what a message about a failure needs; a key that lies in the reader's bytes is copied then only. */
static bool read_key(struct rdb_load *l, uint8_t kind)
{
    struct slice key;
    struct rdb_report *report = l->report;
    report->step = RDB_AT_KEY;
    report->has_kind = true;
    report->kind = kind;
    buf_clear(&report->key);
    if (!codec_read_string_kept(l->r, &report->key, &key))
        return false;
    report->step = RDB_AT_VALUE;
    rdb_load_met(l, (struct rdb_met){
                        .event = RDB_KEY, .name = key, .number = kind, .when_ms = l->when_ms });
    if (read_value(l, kind, key))
        return true;
    if (report->step == RDB_AT_VALUE && report->key.len == 0)
        buf_append(&report->key, key);
    return false;
}

bool rdb_load_key(struct rdb_load *l, uint8_t kind)
{
    if (!read_key(l, kind))
        return false;
    l->when_ms = ENTRY_NO_EXPIRY;
    l->idle_s = l->frequency = -1;
    l->report->has_kind = false;
    if (!l->how->progress)
        return true;
    const int stop = l->how->progress(l->how->arg, codec_reader_offset(l->r));
    return LIKELY(stop == 0) || codec_fail(l->r, stop, "to go on");
}
