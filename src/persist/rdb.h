/* RDB files: all databases at one moment, as bytes, and back. docs/formats/rdb.md has the layout.
 *
 *   "REDIS" version (4 digits), or "VALKEY" version (3 digits)
 *   auxiliary fields: redis-ver, redis-bits, ctime, used-mem, aof-base
 *   libraries of functions
 *   for each database with keys: its number, how many keys and how many with an expiry, the keys
 *   end, checksum (0: none)
 *
 * Nothing here opens or names files: what is written goes to a codec_writer's sink, what is read comes from a
 * codec_reader. The version that is written is the directive `rdb-format-version` (10 or 11), and 12 as soon as one
 * hash has fields that expire, which is refused when the directive was set by the user. */
#ifndef PERSIST_RDB_H
#define PERSIST_RDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "codec/reader.h"
#include "codec/writer.h"

struct keyspace;
struct rdb;

/* ---- writing ---- */

struct rdb_write {
    bool is_aof_base;
    /* After each key, with the number so far; may be NULL. Not 0: writing ends with it. */
    int (*wrote)(void *arg, uint64_t keys);
    void *arg;
};

/* The version that all data fits in. -ENOTSUP if the directive forbids it, with the database and the key
 * of the first hash that needs more, in words. */
MUST_USE int rdb_version(const struct rdb *r, int *ret_version, struct buf *ret_why);
/* Everything into the writer, which was made for rdb_version(); ends with codec_writer_finish(). Sets whether
 * strings are compressed. 0 or the first failure. */
MUST_USE int rdb_write(struct rdb *r, struct codec_writer *w, const struct rdb_write *how);

/* ---- reading ---- */

enum rdb_flag {
    RDB_MERGE =
        1
        << 0, /* keys that are there already stay, and the file's are dropped; otherwise that is an error */
    RDB_CHECK = 1 << 1,        /* values are read and thrown away: nothing is stored */
    RDB_KEEP_EXPIRED = 1 << 2, /* keys whose time is over are kept, as by a replica */
    RDB_AOF_BASE = 1 << 3, /* keys whose time is over are kept: what follows may count on them */
};

struct rdb_read {
    uint32_t flags;
    /* Now and then, with bytes read so far; may be NULL. Not 0: reading ends with it. */
    int (*progress)(void *arg, uint64_t offset);
    void *arg;
};

struct rdb_report {
    uint64_t keys, expired, empty; /* loaded; dropped */
    uint64_t with_expiry;
    int version;
    uint8_t kind;   /* of the value that was being read, */
    struct buf key; /* and its key: for messages about a failure */
    char doing[64]; /* what was expected then */
    struct codec_error error;
    bool checksum_ok, has_checksum;
};

void rdb_report_init(struct rdb_report *report);
void rdb_report_done(struct rdb_report *report);

/* Up to the end of the RDB data; behind it, in a file with commands, the reader goes on. 0, or -errno as in
 * report->error, which also has the offset; then some keys may have been stored. Keys go to the keyspace
 * directly: nothing is journaled, no events fire. */
MUST_USE int rdb_read(struct rdb *r, struct codec_reader *from, const struct rdb_read *how,
                      struct rdb_report *report);

#endif
