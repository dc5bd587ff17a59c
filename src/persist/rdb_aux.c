/* What stands in a file beside keys. */
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "persist/loading.h"
#include "persist/rdb_priv.h"

/* ---- auxiliary fields ---- */

static void log_producer(struct persist *p UNUSED, struct slice value)
{
    log_write(LOG_NOTICE, "Loading RDB produced by version %.*s", SLICE_ARGS(value));
}

static void log_age(struct persist *p UNUSED, struct slice value)
{
    int64_t then_s;
    if (num_parse_int(value, &then_s))
        log_write(LOG_NOTICE, "RDB age %lld seconds",
                  (long long)MAX_OF(clock_wall_ms() / 1000 - then_s, (int64_t)0));
}

static void note_memory(struct persist *p, struct slice value)
{
    int64_t bytes;
    if (!num_parse_int(value, &bytes) || bytes < 0)
        return;
    log_write(LOG_NOTICE, "RDB memory usage when created %.2f Mb", (double)bytes / (1024 * 1024));
    if (p->loading)
        loading_note_used_memory(p->loading, (uint64_t)bytes);
}

static void log_base(struct persist *p UNUSED, struct slice value)
{
    if (slice_is(value, "1"))
        log_write(LOG_NOTICE, "RDB is base AOF");
}

static void log_preamble(struct persist *p UNUSED, struct slice value)
{
    if (slice_is(value, "1"))
        log_write(LOG_NOTICE, "RDB has an AOF tail");
}

/* NULL: nothing to tell. */
static const struct {
    const char *name;
    void (*tell)(struct persist *p, struct slice value);
} fields[] = {
    { "redis-ver", log_producer },
    { "valkey-ver", log_producer },
    { "ctime", log_age },
    { "used-mem", note_memory },
    { "aof-base", log_base },
    { "aof-preamble", log_preamble },
    { "redis-bits", NULL },
    { "repl-stream-db", NULL },
    { "repl-id", NULL },
    { "repl-offset", NULL },
    { "lua", NULL },
};

static void tell_field(struct persist *p, struct slice name, struct slice value)
{
    if (name.len && name.ptr[0] == '%') { /* for people */
        log_write(LOG_NOTICE, "RDB '%.*s': %.*s", SLICE_ARGS(name), SLICE_ARGS(value));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (!slice_is(name, fields[i].name))
            continue;
        if (fields[i].tell)
            fields[i].tell(p, value);
        return;
    }
    log_write(LOG_DEBUG, "Unrecognized RDB AUX field: '%.*s'", SLICE_ARGS(name));
}

bool rdb_load_aux(struct rdb_load *l)
{
    struct slice name, value;
    if (!codec_read_string_kept(l->r, &l->name, &name) || !codec_read_string(l->r, &value))
        return false;
    rdb_load_met(l, (struct rdb_met){ .event = RDB_AUX, .name = name, .value = value });
    if (!l->quiet)
        tell_field(l->rdb->persist, name, value);
    return true;
}

/* ---- modules ---- */

/* In front of each piece of a module's data. */
enum {
    MODULE_END,
    MODULE_INT,
    MODULE_UINT,
    MODULE_FLOAT,
    MODULE_DOUBLE,
    MODULE_STRING,
};

void rdb_module_name(uint64_t id, char out[static RDB_MODULE_NAME_CHARS + 1])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    id >>= 10;
    for (int i = RDB_MODULE_NAME_CHARS - 1; i >= 0; i--, id >>= 6)
        out[i] = letters[id & 63];
    out[RDB_MODULE_NAME_CHARS] = '\0';
}

/* One piece. False at the end of them all, and when the reader has an error. */
static bool skip_piece(struct codec_reader *r)
{
    uint64_t piece, number;
    uint32_t bits;
    double wide;
    struct slice text;
    if (!codec_read_len(r, &piece))
        return false;
    switch (piece) {
    case MODULE_END:
        return false;
    case MODULE_INT:
    case MODULE_UINT:
        return codec_read_len(r, &number);
    case MODULE_FLOAT:
        return codec_read_u32(r, &bits);
    case MODULE_DOUBLE:
        return codec_read_double(r, &wide);
    case MODULE_STRING:
        return codec_read_string(r, &text);
    default:
        return codec_fail(r, -EBADMSG, "a piece of a module's data, not %llu",
                          (unsigned long long)piece);
    }
}

bool rdb_load_module_aux(struct rdb_load *l)
{
    char module[RDB_MODULE_NAME_CHARS + 1];
    uint64_t id, mark, when;
    if (!codec_read_len(l->r, &id) || !codec_read_len(l->r, &mark) || !codec_read_len(l->r, &when))
        return false;
    if (mark != MODULE_UINT)
        return codec_fail(l->r, -EBADMSG, "when the data of a module was written");
    while (skip_piece(l->r))
        ;
    if (codec_reader_error(l->r)->code)
        return false;
    rdb_module_name(id, module);
    rdb_load_met(l, (struct rdb_met){ .event = RDB_MODULE_AUX, .name = slice_str(module) });
    if (!l->quiet)
        log_write(LOG_WARNING,
                  "The RDB file contains AUX module data I can't load: no matching module '%s'. "
                  "It is skipped.",
                  module);
    return true;
}

/* Where Redis has metadata of modules, in a form of their own, Valkey has the slots that it was taking over. */
bool rdb_load_key_meta(struct rdb_load *l)
{
    struct slice job;
    uint64_t ranges, slot;
    if (l->r->family == CODEC_REDIS)
        return RDB_FAIL_AS(l, "The RDB file contains metadata of modules I can't load",
                           "no metadata of a module for a key");
    if (!codec_read_string(l->r, &job) || !codec_read_len(l->r, &ranges))
        return false;
    for (uint64_t i = 0; i < ranges; i++)
        if (!codec_read_len(l->r, &slot) || !codec_read_len(l->r, &slot))
            return false;
    return true;
}

/* Hints: how many keys, and keys with an expiry, a slot has. */
bool rdb_load_slot_info(struct rdb_load *l)
{
    uint64_t slot, keys, expiries;
    return codec_read_len(l->r, &slot) && codec_read_len(l->r, &keys) &&
           codec_read_len(l->r, &expiries);
}

/* ---- functions ---- */

bool rdb_load_library(struct rdb_load *l)
{
    struct slice text;
    if (!codec_read_string(l->r, &text))
        return false;
    rdb_load_met(l, (struct rdb_met){ .event = RDB_LIBRARY, .value = text });
    l->report->libraries++;
    if (!(l->how->flags & RDB_CHECK))
        rdb_libraries_add(&l->libraries, text);
    return true;
}

/* Of candidates of version 7.0 alone; they cannot be loaded as libraries. */
bool rdb_load_function(struct rdb_load *l)
{
    return RDB_FAIL_AS(l, "Pre-release function format not supported.",
                       "libraries, not functions of their own");
}
