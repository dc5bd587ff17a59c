/* Writing all databases. The layout stands in rdb.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/value.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "persist/rdb_priv.h"

/* ---- the version ---- */

/* The first value that needs more than `least`. */
struct need {
    int version;
    const struct entry *first;
};

/* Of most types every value fits, and is not looked at. */
static void find_need(void *arg, void *item)
{
    struct need *need = arg;
    const struct entry *e = item;
    if (entry_type(e) != TYPE_STREAM && !(e->flags & ENTRY_FIELDS_LISTED))
        return;
    const int version = codec_value_version(e);
    if (version <= need->version)
        return;
    need->version = version;
    if (!need->first)
        need->first = e;
}

static void tell_need(const struct need *need, int database, int allowed, struct buf *ret_why)
{
    buf_printf(ret_why,
               "database %d, key '%.*s': a %s with what version 10 and 11 do not have needs "
               "version %d, but rdb-format-version is %d",
               database, SLICE_ARGS(entry_key(need->first)),
               entry_type_name(entry_type(need->first)), need->version, allowed);
}

int rdb_version(const struct rdb *r, int *ret_version, struct buf *ret_why)
{
    struct keyspace *ks = r->persist->keyspace;
    const int allowed = r->settings.format_version;
    struct need need = { .version = allowed ? allowed : RDB_VERSION_USUAL };
    for (int i = 0; i < keyspace_count(ks); i++) {
        db_each(keyspace_db(ks, i), find_need, &need);
        if (need.first && allowed) {
            tell_need(&need, i, allowed, ret_why);
            return -ENOTSUP;
        }
    }
    *ret_version = need.version;
    return 0;
}

/* ---- writing ---- */

struct save {
    struct rdb *rdb;
    struct codec_writer *w;
    const struct rdb_write *how;
    struct db *db;
    uint64_t keys;
    bool with_idle, with_frequency;
};

static void write_aux(struct codec_writer *w, const char *name, struct slice value)
{
    codec_write_byte(w, OPCODE_AUX);
    codec_write_string(w, slice_str(name));
    codec_write_string(w, value);
}

static void write_aux_int(struct codec_writer *w, const char *name, int64_t value)
{
    codec_write_byte(w, OPCODE_AUX);
    codec_write_string(w, slice_str(name));
    codec_write_int(w, value);
}

static void write_head(const struct save *s)
{
    char magic[16];
    const int len = snprintf(magic, sizeof(magic), "REDIS%04d", s->w->version);
    codec_write_bytes(s->w, magic, (size_t)len);
    write_aux(s->w, "redis-ver", SLICE(DISPATCH_COMPATIBLE_VERSION));
    write_aux_int(s->w, "redis-bits", 64);
    write_aux_int(s->w, "ctime", clock_wall_ms() / 1000);
    write_aux_int(s->w, "used-mem", (int64_t)mem_used());
    write_aux_int(s->w, "aof-base", s->how->is_aof_base);

    const struct rdb_libraries *l = &s->rdb->libraries;
    for (size_t i = 0; i < l->count; i++) {
        codec_write_byte(s->w, OPCODE_LIBRARY);
        codec_write_string(s->w, buf_slice(&l->texts[i]));
    }
}

/* The directive rdb-key-save-delay. */
COLD static void delay(int64_t us, uint64_t keys)
{
    if (us < 0 && keys % (uint64_t)-us != 0)
        return;
    const int64_t sleep_us = MAX_OF(us, (int64_t)1);
    struct timespec left = { .tv_sec = sleep_us / 1000000, .tv_nsec = sleep_us % 1000000 * 1000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static void write_use(const struct save *s, const struct entry *e)
{
    if (s->with_idle) {
        codec_write_byte(s->w, OPCODE_IDLE);
        codec_write_len(s->w, (uint64_t)db_idle_s(s->db, e));
    }
    if (s->with_frequency) {
        codec_write_byte(s->w, OPCODE_FREQUENCY);
        codec_write_byte(s->w, (uint8_t)db_frequency(s->db, e));
    }
}

static void write_key(void *arg, void *item)
{
    struct save *s = arg;
    const struct entry *e = item;
    if (UNLIKELY(s->w->error))
        return;
    if (e->flags & ENTRY_HAS_EXPIRY) {
        codec_write_byte(s->w, OPCODE_EXPIRY_MS);
        codec_write_u64(s->w, (uint64_t)entry_expiry(e));
    }
    write_use(s, e);
    codec_write_byte(s->w, codec_value_kind(e, s->w->version));
    codec_write_string(s->w, entry_key(e));
    codec_write_value(s->w, e);
    s->keys++;
    if (s->how->wrote) {
        const int stop = s->how->wrote(s->how->arg, e, s->keys);
        if (UNLIKELY(stop) && !s->w->error)
            s->w->error = stop;
    }
    if (UNLIKELY(s->rdb->settings.key_save_delay_us))
        delay(s->rdb->settings.key_save_delay_us, s->keys);
}

static void write_db(struct save *s)
{
    codec_write_byte(s->w, OPCODE_DATABASE);
    codec_write_len(s->w, (uint64_t)db_index(s->db));
    codec_write_byte(s->w, OPCODE_RESIZE);
    codec_write_len(s->w, db_count(s->db));
    codec_write_len(s->w, db_count_expires(s->db));
    db_each(s->db, write_key, s);
}

int rdb_write(struct rdb *r, struct codec_writer *w, const struct rdb_write *how)
{
    struct keyspace *ks = r->persist->keyspace;
    const int policy = keyspace_settings(ks)->maxmemory_policy;
    struct save s = { .rdb = r,
                      .w = w,
                      .how = how,
                      .with_idle = policy == POLICY_VOLATILE_LRU || policy == POLICY_ALLKEYS_LRU,
                      .with_frequency = keyspace_uses_lfu(ks) };
    w->compress = r->settings.compression;
    w->has_crc = r->settings.checksum;
    write_head(&s);
    for (int i = 0; i < keyspace_count(ks) && !w->error; i++) {
        s.db = keyspace_db(ks, i);
        if (db_count(s.db))
            write_db(&s);
    }
    codec_write_byte(w, OPCODE_END);
    codec_write_u64(w, codec_writer_crc(w)); /* 0 without */
    return codec_writer_finish(w);
}
