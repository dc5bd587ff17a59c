/* What a reader tells of a file, in words. */
#include <errno.h>

#include "persist/rdb_priv.h"

static const char *const step_names[] = {
    [RDB_AT_HEADER] = "start",           [RDB_AT_OPCODE] = "read-type",
    [RDB_AT_EXPIRY] = "read-expire",     [RDB_AT_USE] = "read-use",
    [RDB_AT_KEY] = "read-key",           [RDB_AT_VALUE] = "read-object-value",
    [RDB_AT_AUX] = "read-aux",           [RDB_AT_MODULE_AUX] = "read-module-aux",
    [RDB_AT_LIBRARY] = "read-functions", [RDB_AT_DATABASE] = "read-len",
    [RDB_AT_SLOT] = "read-slot-info",    [RDB_AT_CHECKSUM] = "check-sum",
};

const char *rdb_step_name(enum rdb_step step)
{
    return step_names[step];
}

static const char *const kind_names[KIND_COUNT] = {
    [KIND_STRING] = "string",
    [KIND_LIST] = "list-linked",
    [KIND_SET] = "set-hashtable",
    [KIND_ZSET_TEXT] = "zset-v1",
    [KIND_HASH] = "hash-hashtable",
    [KIND_ZSET] = "zset-v2",
    [KIND_MODULE] = "module-pre-release",
    [KIND_MODULE_2] = "module-value",
    [KIND_HASH_ZIPMAP] = "hash-zipmap",
    [KIND_LIST_ZIPLIST] = "list-ziplist",
    [KIND_SET_INTSET] = "set-intset",
    [KIND_ZSET_ZIPLIST] = "zset-ziplist",
    [KIND_HASH_ZIPLIST] = "hash-ziplist",
    [KIND_LIST_ZIPLISTS] = "quicklist",
    [KIND_STREAM] = "stream",
    [KIND_HASH_LISTPACK] = "hash-listpack",
    [KIND_ZSET_LISTPACK] = "zset-listpack",
    [KIND_LIST_PACKS] = "quicklist-v2",
    [KIND_STREAM_2] = "stream-v2",
    [KIND_SET_LISTPACK] = "set-listpack",
    [KIND_STREAM_3] = "stream-v3",
    [KIND_HASH_TIMES] = "hash-expiring",
    [KIND_HASH_LISTPACK_TIMES_OLD] = "hash-listpack-expiring-rc",
    [KIND_HASH_TIMES_MIN] = "hash-expiring-v2",
    [KIND_HASH_LISTPACK_TIMES] = "hash-listpack-expiring",
    [KIND_STREAM_4] = "stream-v4",
    [KIND_STREAM_5] = "stream-v5",
};

const char *rdb_kind_name(uint8_t kind)
{
    return kind < KIND_COUNT && kind_names[kind] ? kind_names[kind] : "unknown";
}

void rdb_report_init(struct rdb_report *report)
{
    *report = (struct rdb_report){ .step = RDB_AT_HEADER };
    buf_init(&report->key, BUF_NO_CEILING);
}

void rdb_report_done(struct rdb_report *report)
{
    buf_done(&report->key);
}

/* What the peers say of a value whose packed form is not sound: programs look for it in the log. */
static const char *const unsound[KIND_COUNT] = {
    [KIND_HASH_ZIPMAP] = "Zipmap integrity check failed.",
    [KIND_LIST_ZIPLIST] = "List ziplist integrity check failed.",
    [KIND_SET_INTSET] = "Intset integrity check failed.",
    [KIND_ZSET_ZIPLIST] = "Zset ziplist integrity check failed.",
    [KIND_HASH_ZIPLIST] = "Hash ziplist integrity check failed.",
    [KIND_LIST_ZIPLISTS] = "Ziplist integrity check failed.",
    [KIND_STREAM] = "Stream listpack integrity check failed.",
    [KIND_HASH_LISTPACK] = "Hash listpack integrity check failed.",
    [KIND_ZSET_LISTPACK] = "Zset listpack integrity check failed.",
    [KIND_LIST_PACKS] = "Listpack integrity check failed.",
    [KIND_STREAM_2] = "Stream listpack integrity check failed.",
    [KIND_SET_LISTPACK] = "Set listpack integrity check failed.",
    [KIND_STREAM_3] = "Stream listpack integrity check failed.",
    [KIND_HASH_LISTPACK_TIMES_OLD] = "Hash listpack integrity check failed.",
    [KIND_HASH_LISTPACK_TIMES] = "Hash listpack integrity check failed.",
    [KIND_STREAM_4] = "Stream listpack integrity check failed.",
    [KIND_STREAM_5] = "Stream listpack integrity check failed.",
};

static bool is_unsound(const struct rdb_report *report)
{
    return report->error.code == -EBADMSG && report->step == RDB_AT_VALUE && report->has_kind &&
           report->kind < KIND_COUNT && unsound[report->kind];
}

const char *rdb_report_words(const struct rdb_report *report)
{
    if (report->peers_words[0])
        return report->peers_words;
    if (is_unsound(report))
        return unsound[report->kind];
    return report->error.code == -ENODATA ? "Unexpected EOF reading RDB file"
                                          : "Bad file format reading the RDB file";
}

bool rdb_report_has_key(const struct rdb_report *report)
{
    return (report->step == RDB_AT_KEY || report->step == RDB_AT_VALUE) && report->key.len > 0;
}

/* A log line has its limit. */
#define KEY_SHOWN_MAX 200

void rdb_report_tell(const struct rdb_report *report, struct buf *out)
{
    buf_printf(out, "Internal error in RDB reading offset %llu -> %s: expected %s",
               (unsigned long long)report->error.offset, rdb_report_words(report),
               report->error.text);
    buf_printf(out, ", at %s", rdb_step_name(report->step));
    if (report->has_kind)
        buf_printf(out, " of type %u (%s)", report->kind, rdb_kind_name(report->kind));
    if (rdb_report_has_key(report))
        buf_printf(out, ", key '%.*s'%s, database %d",
                   (int)MIN_OF(report->key.len, (size_t)KEY_SHOWN_MAX), report->key.ptr,
                   report->key.len > KEY_SHOWN_MAX ? "..." : "", report->database);
}
