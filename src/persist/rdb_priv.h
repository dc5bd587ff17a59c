/* What the files of the RDB format share. */
#ifndef PERSIST_RDB_PRIV_H
#define PERSIST_RDB_PRIV_H

#include <errno.h>
#include <stdio.h>

#include "codec/value.h"
#include "db/db.h"
#include "persist/persist_priv.h"
#include "persist/rdb.h"

/* What may stand where the kind of a value is expected. */
enum rdb_opcode {
    OPCODE_KEY_META = 243, /* of modules; at Valkey: a slot that is being imported */
    OPCODE_SLOT_INFO = 244,
    OPCODE_LIBRARY = 245,
    OPCODE_FUNCTION = 246, /* before functions had libraries */
    OPCODE_MODULE_AUX = 247,
    OPCODE_IDLE = 248, /* seconds since the key was used */
    OPCODE_FREQUENCY = 249,
    OPCODE_AUX = 250,
    OPCODE_RESIZE = 251,
    OPCODE_EXPIRY_MS = 252,
    OPCODE_EXPIRY_S = 253,
    OPCODE_DATABASE = 254,
    OPCODE_END = 255,
};
#define OPCODE_FIRST OPCODE_KEY_META

/* From which version on a checksum stands at the end. */
#define RDB_VERSION_CHECKSUM 5
/* What is written, if nothing needs more. */
#define RDB_VERSION_USUAL 11

enum rdb_strictness { RDB_STRICT, RDB_RELAXED };

struct rdb_settings {
    bool compression, checksum;
    int version_check; /* enum rdb_strictness */
    int sanitize;
    int format_version; /* 0: what the data needs */
    int64_t key_save_delay_us;
};

/* Texts of libraries, as they stood in the file. */
struct rdb_libraries {
    struct buf *texts;
    size_t count, capacity;
};

struct rdb {
    struct persist *persist;
    struct rdb_settings settings;
    struct rdb_libraries libraries; /* kept from file to file */
};

/* ---- rdb_libraries.c ---- */

void rdb_libraries_add(struct rdb_libraries *l, struct slice text);
/* The same; one with its name gives way. */
void rdb_libraries_put(struct rdb_libraries *l, struct slice text);
void rdb_libraries_done(struct rdb_libraries *l);

/* ---- reading: rdb_read.c has the road, rdb_aux.c what stands beside keys, rdb_keys.c keys ---- */

/* Keys that are hashed and stored together. */
#define RDB_BATCH 32

/* An entry that was read, on its way into the keyspace. */
struct rdb_pending {
    struct entry *e;
    struct key key;
};

struct rdb_load {
    struct rdb *rdb;
    struct codec_reader *r;
    const struct rdb_read *how;
    struct rdb_report *report;
    struct db *db; /* NULL: nothing is stored */
    int64_t now_ms;
    bool quiet; /* a check: whoever asked for it tells */
    bool ended;
    struct rdb_libraries libraries;
    struct buf name; /* of an auxiliary field */
    /* For the next key. */
    int64_t when_ms;
    int64_t idle_s;    /* -1: not known, as ... */
    int64_t frequency; /* ... here */
    size_t pending_count;
    struct rdb_pending pending[RDB_BATCH];
};

/* Each is behind an opcode. False: the reader has the error. */
MUST_USE bool rdb_load_aux(struct rdb_load *l);
MUST_USE bool rdb_load_module_aux(struct rdb_load *l);
MUST_USE bool rdb_load_library(struct rdb_load *l);
MUST_USE bool rdb_load_function(struct rdb_load *l);
MUST_USE bool rdb_load_slot_info(struct rdb_load *l);
MUST_USE bool rdb_load_key_meta(struct rdb_load *l);
/* Makes room for what RESIZEDB promises. */
MUST_USE bool rdb_load_resize(struct rdb_load *l);
MUST_USE bool rdb_load_key(struct rdb_load *l, uint8_t kind);
/* Stores what waits: before the database changes, and at the end. */
MUST_USE bool rdb_load_flush(struct rdb_load *l);
void rdb_load_drop_pending(struct rdb_load *l);

INLINE void rdb_load_met(const struct rdb_load *l, struct rdb_met met)
{
    if (LIKELY(!l->how->met))
        return;
    met.offset = codec_reader_offset(l->r);
    l->how->met(l->how->arg, &met);
}

/* Fails, with the peers' words for it beside what was expected. */
#define RDB_FAIL_AS(l, words, ...)                                                            \
    ((void)snprintf((l)->report->peers_words, sizeof((l)->report->peers_words), "%s", words), \
     codec_fail((l)->r, -EBADMSG, __VA_ARGS__))

/* A module's ID: nine characters of six bits, and ten bits of its version. */
#define RDB_MODULE_NAME_CHARS 9
void rdb_module_name(uint64_t id, char out[static RDB_MODULE_NAME_CHARS + 1]);

#endif
