/* Reading: the header, then opcodes and keys up to the end, then the checksum. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "persist/rdb_priv.h"

/* ---- the header ---- */

static const char redis_magic[] = "REDIS";
static const char valkey_magic[] = "VALKEY";
#define MAGIC_CHARS 9

/* The digits behind the name; -1: they are none. */
static int version_of(const char *digits, const char *end)
{
    int version = 0;
    for (; digits < end; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        version = version * 10 + (*digits - '0');
    }
    return version;
}

/* Which versions a name may stand before: those of Valkey begin where those of Redis end. */
static bool is_known(struct rdb_load *l, bool is_valkey, int version)
{
    const bool known = codec_reader_set_version(l->r, version);
    if (version < 1 || is_valkey != (version >= CODEC_VERSION_VALKEY_MIN))
        return false;
    return known || l->rdb->settings.version_check == RDB_RELAXED;
}

static bool read_header(struct rdb_load *l)
{
    char magic[MAGIC_CHARS], words[64];
    if (!codec_read_bytes(l->r, magic, sizeof(magic)))
        return false;
    const bool is_redis = memcmp(magic, redis_magic, sizeof(redis_magic) - 1) == 0;
    const bool is_valkey = memcmp(magic, valkey_magic, sizeof(valkey_magic) - 1) == 0;
    const char *digits = magic + (is_redis ? sizeof(redis_magic) : sizeof(valkey_magic)) - 1;
    if (!is_redis && !is_valkey)
        return RDB_FAIL_AS(l, "Wrong signature trying to load DB from file",
                           "REDIS or VALKEY and a version");
    const int version = version_of(digits, magic + sizeof(magic));
    l->report->version = version;
    if (!is_known(l, is_valkey, version)) {
        (void)snprintf(words, sizeof(words), "Can't handle RDB format version %d", version);
        return RDB_FAIL_AS(l, words, "version 1 to %d of Redis, or %d of Valkey",
                           CODEC_VERSION_REDIS_MAX, CODEC_VERSION_VALKEY_MAX);
    }
    rdb_load_met(l, (struct rdb_met){ .event = RDB_VERSION, .number = (uint64_t)version });
    return true;
}

/* ---- opcodes ---- */

static bool load_expiry_ms(struct rdb_load *l)
{
    uint64_t ms;
    if (!codec_read_u64(l->r, &ms))
        return false;
    l->when_ms = (int64_t)ms;
    return true;
}

static bool load_expiry_s(struct rdb_load *l)
{
    uint32_t seconds;
    if (!codec_read_u32(l->r, &seconds))
        return false;
    l->when_ms = (int64_t)(int32_t)seconds * 1000;
    return true;
}

static bool load_idle(struct rdb_load *l)
{
    uint64_t idle_s;
    if (!codec_read_len(l->r, &idle_s))
        return false;
    l->idle_s = (int64_t)MIN_OF(idle_s, (uint64_t)ENTRY_LRU_MAX);
    return true;
}

static bool load_frequency(struct rdb_load *l)
{
    uint8_t frequency;
    if (!codec_read_byte(l->r, &frequency))
        return false;
    l->frequency = frequency;
    return true;
}

static bool load_database(struct rdb_load *l)
{
    uint64_t index;
    char words[128];
    struct keyspace *ks = l->rdb->persist->keyspace;
    if (!codec_read_len(l->r, &index) || !rdb_load_flush(l))
        return false;
    rdb_load_met(l, (struct rdb_met){ .event = RDB_DATABASE, .number = index });
    l->report->database = (int)MIN_OF(index, (uint64_t)INT32_MAX);
    if (l->how->flags & RDB_CHECK)
        return true;
    if (index >= (uint64_t)keyspace_count(ks)) {
        (void)snprintf(words, sizeof(words),
                       "FATAL: Data file was created with a Redis server configured to handle "
                       "more than %d databases. Exiting",
                       keyspace_count(ks));
        return RDB_FAIL_AS(l, words, "a database below %d, not %llu", keyspace_count(ks),
                           (unsigned long long)index);
    }
    l->db = keyspace_db(ks, (int)index);
    return true;
}

static bool load_end(struct rdb_load *l)
{
    l->ended = true;
    return true;
}

static const struct {
    bool (*load)(struct rdb_load *l);
    enum rdb_step step;
} opcodes[] = {
    [OPCODE_KEY_META - OPCODE_FIRST] = { rdb_load_key_meta, RDB_AT_OPCODE },
    [OPCODE_SLOT_INFO - OPCODE_FIRST] = { rdb_load_slot_info, RDB_AT_SLOT },
    [OPCODE_LIBRARY - OPCODE_FIRST] = { rdb_load_library, RDB_AT_LIBRARY },
    [OPCODE_FUNCTION - OPCODE_FIRST] = { rdb_load_function, RDB_AT_LIBRARY },
    [OPCODE_MODULE_AUX - OPCODE_FIRST] = { rdb_load_module_aux, RDB_AT_MODULE_AUX },
    [OPCODE_IDLE - OPCODE_FIRST] = { load_idle, RDB_AT_USE },
    [OPCODE_FREQUENCY - OPCODE_FIRST] = { load_frequency, RDB_AT_USE },
    [OPCODE_AUX - OPCODE_FIRST] = { rdb_load_aux, RDB_AT_AUX },
    [OPCODE_RESIZE - OPCODE_FIRST] = { rdb_load_resize, RDB_AT_DATABASE },
    [OPCODE_EXPIRY_MS - OPCODE_FIRST] = { load_expiry_ms, RDB_AT_EXPIRY },
    [OPCODE_EXPIRY_S - OPCODE_FIRST] = { load_expiry_s, RDB_AT_EXPIRY },
    [OPCODE_DATABASE - OPCODE_FIRST] = { load_database, RDB_AT_DATABASE },
    [OPCODE_END - OPCODE_FIRST] = { load_end, RDB_AT_OPCODE },
};

static bool load_next(struct rdb_load *l)
{
    uint8_t byte;
    l->report->step = RDB_AT_OPCODE;
    if (!codec_read_byte(l->r, &byte))
        return false;
    if (LIKELY(byte < OPCODE_FIRST))
        return rdb_load_key(l, byte);
    l->report->step = opcodes[byte - OPCODE_FIRST].step;
    return opcodes[byte - OPCODE_FIRST].load(l);
}

/* ---- the end ---- */

static bool read_checksum(struct rdb_load *l)
{
    uint64_t stored;
    char words[128];
    const uint64_t computed = codec_reader_crc(l->r);
    l->report->step = RDB_AT_CHECKSUM;
    if (l->report->version < RDB_VERSION_CHECKSUM)
        return true;
    if (!codec_read_u64(l->r, &stored))
        return false;
    l->report->has_checksum = stored != 0;
    if (!l->rdb->settings.checksum)
        return true;
    if (stored == 0) {
        if (!l->quiet)
            log_write(LOG_NOTICE, "RDB file was saved with checksum disabled: no check performed.");
    } else if (stored != computed) {
        (void)snprintf(words, sizeof(words),
                       "Wrong RDB checksum expected: (%llx) but got (%llx). Aborting now.",
                       (unsigned long long)stored, (unsigned long long)computed);
        return RDB_FAIL_AS(l, words, "checksum %016llx, as all before it has",
                           (unsigned long long)computed);
    }
    l->report->checksum_ok = stored != 0;
    rdb_load_met(l, (struct rdb_met){ .event = RDB_CHECKSUM, .number = l->report->checksum_ok });
    return true;
}

static bool read_all(struct rdb_load *l)
{
    if (!read_header(l))
        return false;
    while (!l->ended)
        if (!load_next(l))
            return false;
    return read_checksum(l) && rdb_load_flush(l);
}

/* What the file has is what is there from now on; merged, it comes on top. */
static void keep_libraries(struct rdb_load *l)
{
    struct rdb_libraries *kept = &l->rdb->libraries;
    if (!(l->how->flags & RDB_MERGE)) {
        rdb_libraries_done(kept);
        *kept = l->libraries;
        l->libraries = (struct rdb_libraries){ 0 };
    }
    for (size_t i = 0; i < l->libraries.count; i++)
        rdb_libraries_put(kept, buf_slice(&l->libraries.texts[i]));
}

static void log_done(const struct rdb_report *report)
{
    const unsigned long long keys = report->keys, expired = report->expired;
    if (report->empty)
        log_write(
            LOG_WARNING,
            "Done loading RDB, keys loaded: %llu, keys expired: %llu, empty keys skipped: %llu.",
            keys, expired, (unsigned long long)report->empty);
    else
        log_write(LOG_NOTICE, "Done loading RDB, keys loaded: %llu, keys expired: %llu.", keys,
                  expired);
}

int rdb_read(struct rdb *r, struct codec_reader *from, const struct rdb_read *how,
             struct rdb_report *report)
{
    struct rdb_load l = { .rdb = r,
                          .r = from,
                          .how = how,
                          .report = report,
                          .now_ms = clock_wall_ms(),
                          .quiet = (how->flags & RDB_CHECK) != 0,
                          .when_ms = ENTRY_NO_EXPIRY,
                          .idle_s = -1,
                          .frequency = -1 };
    from->has_crc = r->settings.checksum;
    buf_init(&l.name, BUF_NO_CEILING);
    if (!(how->flags & RDB_CHECK))
        l.db = keyspace_db(r->persist->keyspace, 0);
    report->database = 0;
    const bool ok = read_all(&l);
    if (ok && !l.quiet) {
        keep_libraries(&l);
        log_done(report);
    }
    rdb_load_drop_pending(&l);
    rdb_libraries_done(&l.libraries);
    buf_done(&l.name);
    report->error = *codec_reader_error(from);
    ASSERT(ok == (report->error.code == 0));
    return report->error.code;
}
