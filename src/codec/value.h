/* Values: an entry as the bytes of an RDB file or a DUMP payload, and back.
 *
 * A value is a byte that says its kind, and a body; in a file the key stands between them. What is written is of
 * the oldest kind that holds the value in the version that the writer was made for; docs/formats/rdb.md has
 * the bytes. What is read is looked at down to the last element: bytes that peers keep as they are (listpacks,
 * intsets, ziplists), members and fields that come twice, counts of nothing.
 *
 * Kinds from 22 on depend on the reader's version and family: codec_reader_set_version(). */
#ifndef CODEC_VALUE_H
#define CODEC_VALUE_H

#include "codec/reader.h"
#include "codec/writer.h"
#include "types/entry.h"
#include "types/env.h"

enum codec_kind {
    KIND_STRING = 0,
    KIND_LIST = 1,
    KIND_SET = 2,
    KIND_ZSET_TEXT = 3, /* scores as text */
    KIND_HASH = 4,
    KIND_ZSET = 5,
    KIND_MODULE = 6,
    KIND_MODULE_2 = 7,
    KIND_HASH_ZIPMAP = 9,
    KIND_LIST_ZIPLIST = 10,
    KIND_SET_INTSET = 11,
    KIND_ZSET_ZIPLIST = 12,
    KIND_HASH_ZIPLIST = 13,
    KIND_LIST_ZIPLISTS = 14,
    KIND_STREAM = 15,
    KIND_HASH_LISTPACK = 16,
    KIND_ZSET_LISTPACK = 17,
    KIND_LIST_PACKS = 18,
    KIND_STREAM_2 = 19,
    KIND_SET_LISTPACK = 20,
    KIND_STREAM_3 = 21,
    KIND_HASH_TIMES = 22, /* Valkey; Redis: as 24 without the minimum */
    KIND_HASH_LISTPACK_TIMES_OLD = 23,
    KIND_HASH_TIMES_MIN = 24,
    KIND_HASH_LISTPACK_TIMES = 25,
    KIND_STREAM_4 = 26,
    KIND_STREAM_5 = 27,
    KIND_COUNT,
};

/* The newest versions of both families that are read. */
#define CODEC_VERSION_REDIS_MAX 14
#define CODEC_VERSION_VALKEY_MIN 80
#define CODEC_VERSION_VALKEY_MAX 80
/* Where listpack sets, and hash fields that expire, came. */
#define CODEC_VERSION_SETS 11
#define CODEC_VERSION_FIELD_TIMES 12
#define CODEC_VERSION_GIVEN_BACK 14

/* False: no such version is known; what is read then is taken as the newest of its family is. */
MUST_USE bool codec_reader_set_version(struct codec_reader *r, int version);

/* What becomes of a value that is read. */
struct codec_target {
    struct slice key;
    int64_t when_ms;
    const struct type_env *env;
    int64_t now_ms; /* fields of hashes that are over then are left out; 0: all are kept */
};

/* The first version in which the value can be written: at least CODEC_VERSION_MIN. */
int codec_value_version(const struct entry *e);
/* As which kind a writer of a version writes it; the version is one that holds the value. */
uint8_t codec_value_kind(const struct entry *e, int version);
/* The body. */
void codec_write_value(struct codec_writer *w, const struct entry *e);
/* The code of the error when a collection was read to its end and held nothing. Who leaves such a value out, as peers
 * do with keys of a file, calls codec_reader_forgive() and goes on behind it. */
#define CODEC_EMPTY (-ENOMSG)
/* NULL: the reader has the error. If it has none, the value is a hash whose fields are all over: it was read to its
 * end, and the key is to be left out. */
MUST_USE struct entry *codec_read_value(struct codec_reader *r, uint8_t kind,
                                        const struct codec_target *to);

#endif
