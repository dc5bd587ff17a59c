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

TEST(any_changed_bit_is_found)
{
    struct world from;
    world_init(&from);
    const struct type_env *env = keyspace_env(from.data->ks);
    db_world_set(from.data->db, "a key", "a value of some length, of some length",
                 INT64_C(1) << 50);
    struct entry *set = set_new(SLICE("t"), ENTRY_NO_EXPIRY);
    CHECK(set_add(set, env, SLICE("one")));
    CHECK(set_add(set, env, SLICE("2")));
    add(&from, 3, set);
    struct buf file = save(&from);
    for (size_t bit = 0; bit < file.len * 8; bit++) {
        struct world to;
        struct rdb_report report;
        world_init(&to);
        file.ptr[bit / 8] ^= (char)(1 << bit % 8);
        const int error = load(&to, buf_slice(&file), 0, &report);
        file.ptr[bit / 8] ^= (char)(1 << bit % 8);
        /* A version that had no checksum yet ends without one. */
        CHECK(error < 0 || report.version < RDB_VERSION_CHECKSUM);
        keyspace_verify(to.data->ks);
        rdb_report_done(&report);
        world_done(&to);
    }
    buf_done(&file);
    world_done(&from);
}

/* ---- files by hand ---- */

static struct buf file_of(const char *magic)
{
    struct buf file;
    buf_init(&file, BUF_NO_CEILING);
    buf_append_str(&file, magic);
    return file;
}

static void append_key(struct buf *file, const char *name, const char *value)
{
    buf_append_char(file, KIND_STRING);
    buf_append_char(file, (char)strlen(name));
    buf_append_str(file, name);
    buf_append_char(file, (char)strlen(value));
    buf_append_str(file, value);
}

/* Without a checksum. */
static void append_end(struct buf *file)
{
    buf_append_char(file, (char)OPCODE_END);
    buf_append(file, slice_of("\0\0\0\0\0\0\0", 8));
}

static void check_told(const struct rdb_report *report, const char *words)
{
    struct buf told;
    buf_init(&told, BUF_NO_CEILING);
    rdb_report_tell(report, &told);
    if (!strstr(buf_cstr(&told), words))
        CHECK_STR(buf_cstr(&told), words);
    buf_done(&told);
}

TEST(a_key_that_comes_twice_is_refused_by_name)
{
    struct world w;
    struct rdb_report report;
    world_init(&w);
    struct buf file = file_of("REDIS0010");
    append_key(&file, "one", "1");
    append_key(&file, "two", "2");
    append_key(&file, "one", "3");
    append_end(&file);
    CHECK_INT(load(&w, buf_slice(&file), 0, &report), -EBADMSG);
    check_told(&report, "key 'one', database 0");
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&w);
}

TEST(merging_the_keys_of_the_file_win)
{
    struct world w;
    struct rdb_report report;
    world_init(&w);
    db_world_set(w.data->db, "one", "old", INT64_C(1) << 50);
    db_world_set(w.data->db, "kept", "old", ENTRY_NO_EXPIRY);
    struct buf file = file_of("REDIS0010");
    append_key(&file, "one", "new");
    append_key(&file, "two", "new");
    append_end(&file);
    CHECK_INT(load(&w, buf_slice(&file), RDB_MERGE, &report), 0);
    CHECK_UINT(db_count(w.data->db), 3);
    CHECK_INT(entry_expiry(peek(&w, 0, "one")), ENTRY_NO_EXPIRY);
    CHECK_SLICE(string_bytes(peek(&w, 0, "one"), (char[NUM_INT_MAX_CHARS]){ 0 }), "new");
    CHECK_UINT(db_count_expires(w.data->db), 0);
    keyspace_verify(w.data->ks);
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&w);
}

TEST(a_check_stores_nothing)
{
    struct world w;
    struct rdb_report report;
    world_init(&w);
    struct buf file = file_of("REDIS0010");
    append_key(&file, "one", "1");
    append_end(&file);
    CHECK_INT(load(&w, buf_slice(&file), RDB_CHECK, &report), 0);
    CHECK_UINT(report.keys, 1);
    CHECK_UINT(db_count(w.data->db), 0);
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&w);
}

TEST(loading_tells_nobody_and_counts_no_change)
{
    struct world w;
    struct rdb_report report;
    world_init(&w);
    struct buf file = file_of("REDIS0010");
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "key %d", i);
        append_key(&file, name, "value");
    }
    append_end(&file);
    CHECK_INT(load(&w, buf_slice(&file), 0, &report), 0);
    CHECK_UINT(db_count(w.data->db), 100);
    CHECK_UINT(keyspace_dirty(w.data->ks), 0);
    CHECK_TOLD(w.data, "");
    CHECK_EFFECTS(w.data, "");
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&w);
}

TEST(keys_whose_time_is_over_are_dropped_unless_they_are_to_be_kept)
{
    static const uint32_t flags[] = { 0, RDB_KEEP_EXPIRED, RDB_AOF_BASE };
    struct buf file = file_of("REDIS0010");
    buf_append_char(&file, (char)OPCODE_EXPIRY_S);
    buf_append(&file, slice_of("\1\0\0", 4));
    append_key(&file, "over", "v");
    append_key(&file, "other", "v");
    append_end(&file);
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct world w;
        struct rdb_report report;
        world_init(&w);
        CHECK_INT(load(&w, buf_slice(&file), flags[i], &report), 0);
        CHECK_UINT(report.expired, flags[i] == 0);
        CHECK_UINT(report.keys, flags[i] == 0 ? 1 : 2);
        CHECK((peek(&w, 0, "over") == NULL) == (flags[i] == 0));
        rdb_report_done(&report);
        world_done(&w);
    }
    buf_done(&file);
}

TEST(what_a_file_promises_is_not_taken_at_its_word)
{
    struct world w;
    struct rdb_report report;
    world_init(&w);
    struct buf file = file_of("REDIS0010");
    buf_append_char(&file, (char)OPCODE_RESIZE);
    buf_append(&file, slice_of("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\0", 10));
    append_key(&file, "one", "1");
    append_end(&file);
    CHECK_INT(load(&w, buf_slice(&file), 0, &report), 0);
    CHECK_UINT(db_count(w.data->db), 1);
    CHECK(db_overhead(w.data->db) < 4096);
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&w);
}

/* ---- ends on request ---- */

static int stop_at_ten(void *arg, const struct entry *e, uint64_t keys)
{
    *(uint64_t *)arg = keys;
    CHECK_PTR_NOT_NULL(e);
    return keys == 10 ? -ECANCELED : 0;
}

static int count_and_stop(void *arg, uint64_t offset)
{
    uint64_t *calls = arg;
    CHECK(offset > 0);
    return ++*calls == 10 ? -ECANCELED : 0;
}

static int full_disk(void *arg UNUSED, struct slice bytes UNUSED)
{
    return -ENOSPC;
}

static void fill_strings(struct world *w, int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "key %d", i);
        db_world_set(w->data->db, name, "value", ENTRY_NO_EXPIRY);
    }
}

TEST(writing_ends_when_it_is_told_to_and_when_the_sink_fails)
{
    struct world w;
    struct codec_writer writer;
    uint64_t keys = 0;
    world_init(&w);
    fill_strings(&w, 20);
    codec_writer_init(&writer, 11, NULL, NULL);
    const struct rdb_write how = { .wrote = stop_at_ten, .arg = &keys };
    CHECK_INT(rdb_write(w.persist.rdb, &writer, &how), -ECANCELED);
    CHECK_UINT(keys, 10);
    codec_writer_done(&writer);

    codec_writer_init(&writer, 11, full_disk, NULL);
    CHECK_INT(rdb_write(w.persist.rdb, &writer, &(struct rdb_write){ 0 }), -ENOSPC);
    codec_writer_done(&writer);
    world_done(&w);
}

TEST(reading_ends_when_it_is_told_to)
{
    struct world from, to;
    struct rdb_report report;
    struct codec_reader reader;
    uint64_t calls = 0;
    world_init(&from);
    world_init(&to);
    fill_strings(&from, 100);
    struct buf file = save(&from);
    codec_reader_init(&reader, buf_slice(&file));
    rdb_report_init(&report);
    const struct rdb_read how = { .progress = count_and_stop, .arg = &calls };
    CHECK_INT(rdb_read(to.persist.rdb, &reader, &how, &report), -ECANCELED);
    CHECK_UINT(calls, 10);
    rdb_report_done(&report);
    codec_reader_done(&reader);
    buf_done(&file);
    world_done(&from);
    world_done(&to);
}

/* ---- what a version holds ---- */

static struct entry *hash_that_expires(struct world *w, const char *name)
{
    const struct hash_field f = { .name = SLICE("f"),
                                  .value = SLICE("v"),
                                  .when_ms = INT64_C(1) << 45 };
    struct entry *hash = hash_new(slice_str(name), ENTRY_NO_EXPIRY);
    CHECK(hash_put(hash, keyspace_env(w->data->ks), &f, HASH_SHOW_ALL));
    return hash;
}

TEST(the_version_is_what_the_data_needs_or_the_key_is_named)
{
    struct world w;
    struct buf why;
    int version = 0;
    world_init(&w);
    buf_init(&why, BUF_NO_CEILING);
    CHECK_INT(rdb_version(w.persist.rdb, &version, &why), 0);
    CHECK_INT(version, 11);
    add(&w, 5, hash_that_expires(&w, "the hash"));
    CHECK_INT(rdb_version(w.persist.rdb, &version, &why), 0);
    CHECK_INT(version, 12);

    w.persist.rdb->settings.format_version = 10;
    CHECK_INT(rdb_version(w.persist.rdb, &version, &why), -ENOTSUP);
    CHECK(strstr(buf_cstr(&why), "database 5, key 'the hash'"));
    (void)keyspace_flush(w.data->ks, 5, false);
    CHECK_INT(rdb_version(w.persist.rdb, &version, &why), 0);
    CHECK_INT(version, 10);
    buf_done(&why);
    world_done(&w);
}

/* ---- libraries ---- */

TEST(libraries_are_kept_and_give_way_to_those_with_their_name)
{
    struct rdb_libraries l = { 0 };
    rdb_libraries_put(&l, SLICE("#!lua name=one\nold"));
    rdb_libraries_put(&l, SLICE("#!lua name=two\nx"));
    rdb_libraries_put(&l, SLICE("#!lua name=one\nnew"));
    rdb_libraries_put(&l, SLICE(""));
    rdb_libraries_put(&l, SLICE(""));
    CHECK_UINT(l.count, 3);
    CHECK_SLICE(buf_slice(&l.texts[0]), "#!lua name=one\nnew");
    rdb_libraries_done(&l);
}

TEST(libraries_are_written_and_read)
{
    struct world from, to;
    struct rdb_report report;
    world_init(&from);
    world_init(&to);
    rdb_libraries_add(&from.persist.rdb->libraries, SLICE("#!lua name=one\ncode"));
    rdb_libraries_add(&to.persist.rdb->libraries, SLICE("#!lua name=gone\ncode"));
    struct buf file = save(&from);
    CHECK_INT(load(&to, buf_slice(&file), 0, &report), 0);
    CHECK_UINT(report.libraries, 1);
    CHECK_UINT(to.persist.rdb->libraries.count, 1);
    CHECK_SLICE(buf_slice(&to.persist.rdb->libraries.texts[0]), "#!lua name=one\ncode");
    rdb_report_done(&report);
    buf_done(&file);
    world_done(&from);
    world_done(&to);
}

TEST(a_modules_name_is_in_its_number)
{
    char name[RDB_MODULE_NAME_CHARS + 1];
    rdb_module_name(0, name);
    CHECK_STR(name, "AAAAAAAAA");
    rdb_module_name(UINT64_MAX, name);
    CHECK_STR(name, "_________");
}
