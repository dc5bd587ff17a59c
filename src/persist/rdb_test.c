#include "persist/rdb.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/value.h"
#include "db/testing.h"
#include "persist/rdb_priv.h"
#include "tests/unit/check.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/string.h"
#include "types/zset.h"

/* A keyspace and the part of the handle that RDB files need. */
struct world {
    struct db_world *data;
    struct persist persist;
};

static void world_init(struct world *w)
{
    log_set_level(LOG_NOTHING);
    w->data = db_world_new(false);
    w->persist = (struct persist){ .keyspace = w->data->ks };
    w->persist.rdb = rdb_new(&w->persist);
}

static void world_done(struct world *w)
{
    rdb_free(w->persist.rdb);
    db_world_free(w->data);
}

static struct buf save(struct world *w)
{
    struct codec_writer writer;
    struct buf why;
    int version = 0;
    buf_init(&why, BUF_NO_CEILING);
    CHECK_INT(rdb_version(w->persist.rdb, &version, &why), 0);
    codec_writer_init(&writer, version, NULL, NULL);
    CHECK_INT(rdb_write(w->persist.rdb, &writer, &(struct rdb_write){ 0 }), 0);
    const struct buf file = writer.buf;
    buf_init(&writer.buf, BUF_NO_CEILING);
    codec_writer_done(&writer);
    buf_done(&why);
    return file;
}

static int load(struct world *w, struct slice file, uint32_t flags, struct rdb_report *report)
{
    struct codec_reader reader;
    rdb_report_init(report);
    codec_reader_init(&reader, file);
    const int error = rdb_read(w->persist.rdb, &reader, &(struct rdb_read){ .flags = flags },
                               report);
    codec_reader_done(&reader);
    return error;
}

static void add(struct world *w, int database, struct entry *e)
{
    struct db *db = keyspace_db(w->data->ks, database);
    db_set(db, db_key(db, entry_key(e)), e);
}

static const struct entry *peek(struct world *w, int database, const char *name)
{
    struct db *db = keyspace_db(w->data->ks, database);
    return db_peek_stored(db, db_key(db, slice_str(name)));
}

static void fill(struct world *w)
{
    const struct type_env *env = keyspace_env(w->data->ks);
    char text[32];
    add(w, 0, string_new(SLICE("s"), SLICE("a text"), ENTRY_NO_EXPIRY));
    add(w, 0, string_new(SLICE("n"), SLICE("-12345"), ENTRY_NO_EXPIRY));
    struct entry *list = list_new(SLICE("l"), ENTRY_NO_EXPIRY);
    struct entry *hash = hash_new(SLICE("h"), ENTRY_NO_EXPIRY);
    struct entry *set = set_new(SLICE("t"), ENTRY_NO_EXPIRY);
    for (int i = 0; i < 1000; i++) {
        struct slice item = slice_of(text, (size_t)snprintf(text, sizeof(text), "item %d", i));
        list_push(list, env, LIST_TAIL, &item, 1);
        const struct hash_field f = { .name = item, .value = item, .when_ms = ENTRY_NO_EXPIRY };
        CHECK(hash_put(hash, env, &f, HASH_SHOW_ALL));
        CHECK(set_add(set, env, item));
    }
    add(w, 0, list);
    add(w, 7, hash);
    add(w, 7, set);
}

TEST(what_is_written_is_read)
{
    struct world from, to;
    struct rdb_report report;
    world_init(&from);
    world_init(&to);
    fill(&from);
    struct buf file = save(&from);
    CHECK_MEM(file.ptr, "REDIS0011", 9);

    CHECK_INT(load(&to, buf_slice(&file), 0, &report), 0);
    CHECK_UINT(report.keys, 5);
    CHECK(report.has_checksum);
    CHECK(report.checksum_ok);
    CHECK_UINT(db_count(keyspace_db(to.data->ks, 0)), 3);
    CHECK_UINT(db_count(keyspace_db(to.data->ks, 7)), 2);
    CHECK_UINT(list_count(peek(&to, 0, "l")), 1000);
    CHECK_UINT(hash_count(peek(&to, 7, "h"), HASH_SHOW_ALL), 1000);
    CHECK_UINT(set_count(peek(&to, 7, "t")), 1000);
    keyspace_verify(to.data->ks);

    rdb_report_done(&report);
    buf_done(&file);
    world_done(&from);
    world_done(&to);
}

TEST(a_file_cut_anywhere_is_refused_with_a_reason)
{
    struct world from;
    world_init(&from);
    db_world_set(from.data->db, "key one", "value", ENTRY_NO_EXPIRY);
    db_world_set(from.data->db, "key two", "another value", INT64_C(1) << 50);
    struct buf file = save(&from);
    for (size_t len = 0; len < file.len; len++) {
        struct world to;
        struct rdb_report report;
        world_init(&to);
        CHECK_INT(load(&to, slice_of(file.ptr, len), 0, &report), -ENODATA);
        CHECK(report.error.offset <= len);
        CHECK(report.error.text[0] != '\0');
        rdb_report_done(&report);
        world_done(&to);
    }
    buf_done(&file);
    world_done(&from);
}
