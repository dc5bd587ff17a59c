/* RDB files: all databases at one moment, as bytes, and back. docs/formats/rdb.md has the layout.
 *
 *   "REDIS" version (4 digits), or "VALKEY" version (3 digits)
 *   auxiliary fields: redis-ver, redis-bits, ctime, used-mem, aof-base
 *   libraries of functions
 *   for each database with keys: its number, how many keys and how many with an expiry, the keys
 *   end, checksum (0: none)
 *
 * Nothing here opens or names files: what is written goes to a codec_writer's sink, what is read comes from a
 * codec_reader. The version that is written is the directive `rdb-format-version` (10 or 11); with `auto` it is 11, or
 * the first above that holds all data: 12 for hashes with fields that expire, 14 for streams with entries that were
 * given back. */
#ifndef PERSIST_RDB_H
#define PERSIST_RDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "codec/reader.h"
#include "codec/writer.h"

struct entry;
struct keyspace;
struct rdb;

/* The directive rdb-version-check, where it is kept: not 0, relaxed. */
const int *rdb_version_leniency(const struct rdb *r);

/* ---- writing ---- */

struct rdb_write {
    bool is_aof_base;
    /* After each key, with its entry and the number so far; may be NULL. Not 0: writing ends with it. */
    int (*wrote)(void *arg, const struct entry *e, uint64_t keys);
    void *arg;
};

/* The version that all data fits in. -ENOTSUP if the directive forbids it, with the database and the key
 * of the first value that needs more, in words. */
MUST_USE int rdb_version(const struct rdb *r, int *ret_version, struct buf *ret_why);
/* Everything into the writer, which was made for rdb_version(); ends with codec_writer_finish(). Sets whether
 * strings are compressed, and whether there is a checksum. 0 or the first failure. Changes nothing, so that a child
 * process may call it. */
MUST_USE int rdb_write(struct rdb *r, struct codec_writer *w, const struct rdb_write *how);

/* ---- reading ---- */

enum rdb_flag {
    /* The file's keys replace those that are there already; otherwise a key that is there is an error. */
    RDB_MERGE = 1 << 0,
    RDB_CHECK = 1 << 1,        /* values are read and thrown away: nothing is stored or logged */
    RDB_KEEP_EXPIRED = 1 << 2, /* keys whose time is over are kept, as by a replica */
    RDB_AOF_BASE = 1 << 3, /* keys whose time is over are kept: what follows may count on them */
};

/* What a reader meets beside keys: for tools. */
enum rdb_event {
    RDB_VERSION,    /* number */
    RDB_AUX,        /* name, value */
    RDB_MODULE_AUX, /* name: the module's; its data is skipped */
    RDB_LIBRARY,    /* value: its text */
    RDB_DATABASE,   /* number */
    RDB_KEY,        /* name; number: the kind of its value */
    RDB_CHECKSUM,   /* number: 1 it is right, 0 there is none */
};

struct rdb_met {
    enum rdb_event event;
    uint64_t offset; /* behind it */
    uint64_t number;
    struct slice name, value; /* borrowed */
    int64_t when_ms;          /* of a key */
};

struct rdb_read {
    uint32_t flags;
    /* After each key, with the bytes read so far; may be NULL. Not 0: reading ends with it. */
    int (*progress)(void *arg, uint64_t offset);
    void (*met)(void *arg, const struct rdb_met *met); /* may be NULL */
    void *arg;
};

/* At which step a reader is. */
enum rdb_step {
    RDB_AT_HEADER,
    RDB_AT_OPCODE,
    RDB_AT_EXPIRY,
    RDB_AT_USE, /* a hint for LRU or LFU */
    RDB_AT_KEY,
    RDB_AT_VALUE,
    RDB_AT_AUX,
    RDB_AT_MODULE_AUX,
    RDB_AT_LIBRARY,
    RDB_AT_DATABASE,
    RDB_AT_SLOT,
    RDB_AT_CHECKSUM,
};

struct rdb_report {
    uint64_t keys, expired, empty; /* loaded; dropped */
    uint64_t with_expiry;          /* of those loaded */
    uint64_t libraries;
    int version;
    enum rdb_step step; /* at which a failure came */
    int database;       /* in which, or -1 */
    bool has_kind;      /* steps KEY and VALUE: */
    uint8_t kind;       /* of the value that was being read, */
    struct buf key;     /* and its key, empty before it is read */
    struct codec_error error;
    char peers_words[160]; /* how peers put it, or "" */
    bool checksum_ok, has_checksum;
};

void rdb_report_init(struct rdb_report *report);
void rdb_report_done(struct rdb_report *report);
/* One line that says all about a failure: offset, what was expected, key and type. */
void rdb_report_tell(const struct rdb_report *report, struct buf *out);
/* Of a failure, as the peers put it: "Unexpected EOF reading RDB file". */
const char *rdb_report_words(const struct rdb_report *report);
bool rdb_report_has_key(const struct rdb_report *report); /* and database */
const char *rdb_step_name(enum rdb_step step);            /* "read-object-value" */
const char *rdb_kind_name(uint8_t kind);                  /* "hash-listpack"; "unknown" */

/* Up to the end of the RDB data; behind it, in a file with commands, the reader goes on. 0, or -errno as in
 * report->error, which also has the offset; then some keys may have been stored: nobody must be served from
 * them. Keys go to the keyspace directly: nothing is journaled, no events fire. Logs what the peers do, failures
 * excepted. */
MUST_USE int rdb_read(struct rdb *r, struct codec_reader *from, const struct rdb_read *how,
                      struct rdb_report *report);

#endif
