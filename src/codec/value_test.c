#include "codec/value.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "codec/crc64.h"
#include "codec/payload.h"
#include "codec/testing.h"
#include "tests/unit/check.h"
#include "types/hash.h"

static void write_one(struct codec_writer *w, const struct entry *e)
{
    codec_write_byte(w, codec_value_kind(e, w->version));
    codec_write_value(w, e);
}

/* Without a sink: the bytes, for buf_done(). */
static struct buf written(const struct entry *e, int version, bool compress)
{
    struct codec_writer w;
    struct buf bytes;
    codec_writer_init(&w, version, NULL, NULL);
    w.compress = compress;
    write_one(&w, e);
    CHECK_INT(codec_writer_finish(&w), 0);
    bytes = w.buf;
    buf_init(&w.buf, BUF_NO_CEILING);
    codec_writer_done(&w);
    return bytes;
}

/* Reads one value that ends where the bytes do. */
static struct entry *read_one(struct codec_reader *r, struct slice bytes, int version)
{
    const struct codec_target to = codec_test_target();
    uint8_t kind;
    CHECK(codec_reader_set_version(r, version));
    CHECK(codec_read_byte(r, &kind));
    struct entry *e = codec_read_value(r, kind, &to);
    CHECK_STR(codec_reader_error(r)->text, "");
    CHECK_PTR_NOT_NULL(e);
    CHECK_UINT(codec_reader_offset(r), bytes.len);
    CHECK_UINT(codec_reader_crc(r), crc64_update(0, bytes));
    return e;
}

static struct entry *read_in_memory(struct slice bytes, int version)
{
    struct codec_reader r;
    codec_reader_init(&r, bytes);
    struct entry *e = read_one(&r, bytes, version);
    codec_reader_done(&r);
    return e;
}

static struct entry *read_pulled(struct slice bytes, int version, size_t chunk, bool is_known)
{
    struct codec_reader r;
    struct codec_source source = { .bytes = bytes, .chunk = chunk, .fail_at = SIZE_MAX };
    codec_reader_init_pull(&r, codec_source_pull, &source,
                           is_known ? bytes.len : CODEC_LEFT_UNKNOWN);
    struct entry *e = read_one(&r, bytes, version);
    codec_reader_done(&r);
    return e;
}

/* Consumes the second. */
static void check_same(const char *name, const struct buf *want, struct entry *e)
{
    struct buf got = codec_describe(e);
    if (!slice_eq(buf_slice(&got), buf_slice(want)))
        CHECK_FAIL("%s: %.200s, not %.200s", name, buf_cstr(&got), want->ptr);
    buf_done(&got);
    entry_free(e);
}

/* ---- there and back ---- */

static void there_and_back(const struct codec_sample *sample, int version, bool compress)
{
    static const size_t chunks[] = { 1, 1000, CODEC_WINDOW, SIZE_MAX };
    struct entry *e = sample->make(sample->count);
    struct buf want = codec_describe(e);
    (void)buf_cstr(&want);
    if (codec_value_version(e) <= version) {
        struct buf bytes = written(e, version, compress);
        check_same(sample->name, &want, read_in_memory(buf_slice(&bytes), version));
        for (size_t i = 0; i < 2 * COUNT_OF(chunks); i++)
            check_same(sample->name, &want,
                       read_pulled(buf_slice(&bytes), version, chunks[i / 2], i % 2));
        buf_done(&bytes);
    }
    buf_done(&want);
    entry_free(e);
}

TEST(every_value_comes_back_as_it_was_from_memory_and_from_a_source)
{
    for (size_t i = 0; i < codec_sample_count; i++)
        there_and_back(&codec_samples[i], CODEC_VERSION_REDIS_MAX, true);
}

TEST(every_value_comes_back_that_an_older_version_can_hold)
{
    for (size_t i = 0; i < codec_sample_count; i++)
        for (int version = CODEC_VERSION_MIN; version <= CODEC_VERSION_SETS; version++) {
            struct entry *e = codec_samples[i].make(codec_samples[i].count);
            const bool is_stream = entry_type(e) == TYPE_STREAM;
            entry_free(e);
            /* Version 2 of streams does not have when a consumer was active. */
            if (!is_stream || version >= CODEC_VERSION_SETS)
                there_and_back(&codec_samples[i], version, true);
        }
}

TEST(every_value_comes_back_without_compression)
{
    for (size_t i = 0; i < codec_sample_count; i++)
        there_and_back(&codec_samples[i], CODEC_VERSION_REDIS_MAX, false);
}

TEST(a_sink_gets_the_bytes_that_would_gather_without_it)
{
    for (size_t i = 0; i < codec_sample_count; i++) {
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        struct buf want = written(e, CODEC_VERSION_REDIS_MAX, true);
        struct codec_taker t = { .fail_at = SIZE_MAX };
        struct codec_writer w;
        buf_init(&t.bytes, BUF_NO_CEILING);
        codec_writer_init(&w, CODEC_VERSION_REDIS_MAX, codec_taker_take, &t);
        write_one(&w, e);
        CHECK_INT(codec_writer_finish(&w), 0);
        CHECK_BYTES(t.bytes.ptr, t.bytes.len, want.ptr, want.len);
        CHECK_UINT(codec_writer_crc(&w), crc64_update(0, buf_slice(&want)));
        codec_writer_done(&w);
        buf_done(&t.bytes);
        buf_done(&want);
        entry_free(e);
    }
}

TEST(values_stand_one_behind_the_other)
{
    struct codec_writer w;
    struct codec_reader r;
    const struct codec_target to = codec_test_target();
    codec_writer_init(&w, CODEC_VERSION_REDIS_MAX, NULL, NULL);
    for (size_t i = 0; i < codec_sample_count; i++) {
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        write_one(&w, e);
        entry_free(e);
    }
    struct codec_source source = { .bytes = buf_slice(&w.buf), .chunk = 997, .fail_at = SIZE_MAX };
    codec_reader_init_pull(&r, codec_source_pull, &source, w.buf.len);
    CHECK(codec_reader_set_version(&r, CODEC_VERSION_REDIS_MAX));
    for (size_t i = 0; i < codec_sample_count; i++) {
        uint8_t kind;
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        struct buf want = codec_describe(e);
        (void)buf_cstr(&want);
        entry_free(e);
        CHECK(codec_read_byte(&r, &kind));
        e = codec_read_value(&r, kind, &to);
        CHECK_PTR_NOT_NULL(e);
        check_same(codec_samples[i].name, &want, e);
        buf_done(&want);
    }
    CHECK_UINT(codec_reader_left(&r), 0);
    codec_reader_done(&r);
    codec_writer_done(&w);
}

TEST(payloads_come_back_as_they_were_under_another_key_and_expiry)
{
    for (size_t i = 0; i < codec_sample_count; i++) {
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        struct buf payload;
        struct codec_error error;
        struct codec_target to = codec_test_target();
        CHECK_INT(codec_payload_write(e, &payload), 0);
        CHECK(codec_payload_is_whole(buf_slice(&payload), false));
        CHECK_UINT(codec_payload_value_bytes(e), payload.len - 1 - CODEC_FOOTER_BYTES);
        to.key = SLICE("other");
        to.when_ms = 777;
        struct entry *again = codec_payload_read(buf_slice(&payload), &to, &error);
        CHECK_STR(error.text, "");
        /* Version 2 of streams does not have when a consumer was active. */
        const int version = codec_value_version(e);
        struct buf bytes = written(e, version, true);
        struct entry *held = read_in_memory(buf_slice(&bytes), version);
        struct entry *renamed = entry_copy(held, to.key, to.when_ms);
        entry_free(held);
        buf_done(&bytes);
        struct buf want = codec_describe(renamed);
        (void)buf_cstr(&want);
        check_same(codec_samples[i].name, &want, again);
        entry_free(renamed);
        buf_done(&want);
        buf_done(&payload);
        entry_free(e);
    }
}

/* Cut short anywhere, a value is refused, and nothing is left behind; all bytes of it are looked at. */
TEST(a_value_that_is_cut_is_refused)
{
    for (size_t i = 0; i < codec_sample_count; i++) {
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        struct buf bytes = written(e, CODEC_VERSION_REDIS_MAX, true);
        const struct codec_target to = codec_test_target();
        const size_t step = 1 + bytes.len / 200;
        for (size_t len = 1; len < bytes.len; len += step) {
            struct codec_reader r;
            struct codec_source source = { .bytes = slice_of(bytes.ptr, len),
                                           .chunk = 5000,
                                           .fail_at = SIZE_MAX };
            uint8_t kind;
            codec_reader_init_pull(&r, codec_source_pull, &source,
                                   len % 2 ? len : CODEC_LEFT_UNKNOWN);
            CHECK(codec_reader_set_version(&r, CODEC_VERSION_REDIS_MAX));
            CHECK(codec_read_byte(&r, &kind));
            CHECK_PTR_NULL(codec_read_value(&r, kind, &to));
            CHECK_INT(codec_reader_error(&r)->code, -ENODATA);
            CHECK(codec_reader_error(&r)->offset <= len);
            codec_reader_done(&r);
        }
        buf_done(&bytes);
        entry_free(e);
    }
}

/* ---- versions ---- */

static void check_kinds(const char *name, int needs, uint8_t in_10, uint8_t in_11, uint8_t in_14)
{
    const uint8_t want[] = { in_10, in_11, in_11, in_11, in_14 };
    for (size_t i = 0; i < codec_sample_count; i++) {
        if (strcmp(codec_samples[i].name, name) != 0)
            continue;
        struct entry *e = codec_samples[i].make(codec_samples[i].count);
        CHECK_INT(codec_value_version(e), needs);
        for (int version = needs; version <= 14; version++)
            CHECK_UINT(codec_value_kind(e, version), want[version - 10]);
        entry_free(e);
        return;
    }
    CHECK_FAIL("no sample is named %s", name);
}

TEST(the_oldest_kind_that_holds_a_value_is_written)
{
    check_kinds("number of 8 bits", 10, 0, 0, 0);
    check_kinds("string", 10, 0, 0, 0);
    check_kinds("short list", 10, 18, 18, 18);
    check_kinds("list of packs", 10, 18, 18, 18);
    check_kinds("set of integers of 16 bits", 10, 11, 11, 11);
    check_kinds("small set", 10, 2, 20, 20);
    check_kinds("large set", 10, 2, 2, 2);
    check_kinds("small hash", 10, 16, 16, 16);
    check_kinds("large hash", 10, 4, 4, 4);
    check_kinds("hash that expires", 12, 0, 24, 24);
    check_kinds("large hash that expires", 12, 0, 24, 24);
    check_kinds("small sorted set", 10, 17, 17, 17);
    check_kinds("large sorted set", 10, 5, 5, 5);
    check_kinds("stream", 10, 19, 21, 21);
    check_kinds("stream with groups", 10, 19, 21, 21);
    check_kinds("stream whose entries were given back", 14, 0, 0, 27);
}

TEST(versions_that_are_known_are_1_to_14_and_80)
{
    for (int version = -1; version < 100; version++) {
        struct codec_reader r;
        const bool is_known = (version >= 1 && version <= 14) || version == 80;
        codec_reader_init(&r, SLICE(""));
        CHECK_INT(codec_reader_set_version(&r, version), is_known);
        if (is_known)
            CHECK_INT(r.family, version == 80 ? CODEC_VALKEY : CODEC_REDIS);
        codec_reader_done(&r);
    }
}

/* ---- fields that expire ---- */

/* Fields f0, f1 ... of which the first `over` end at 1000 and the next at 2000; the last never does. */
static struct entry *hash_with_times(size_t count, size_t over)
{
    struct entry *e = hash_new(SLICE("key"), ENTRY_NO_EXPIRY);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        const struct hash_field f = {
            .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "f%zu", i)),
            .value = SLICE("value"),
            .when_ms = i < over        ? 1000
                       : i + 1 < count ? 2000
                                       : ENTRY_NO_EXPIRY,
        };
        CHECK(hash_put(e, &codec_test_env, &f, HASH_SHOW_ALL));
    }
    return e;
}

/* What is read of the value at a time; NULL without an error if nothing is left. */
static struct entry *written_and_read(struct entry *e, int64_t now_ms)
{
    struct codec_writer w;
    struct codec_reader r;
    uint8_t kind;
    struct codec_target to = codec_test_target();
    to.now_ms = now_ms;
    codec_writer_init(&w, CODEC_VERSION_FIELD_TIMES, NULL, NULL);
    codec_write_byte(&w, codec_value_kind(e, w.version));
    codec_write_value(&w, e);
    CHECK_INT(codec_writer_finish(&w), 0);
    codec_reader_init(&r, buf_slice(&w.buf));
    CHECK(codec_reader_set_version(&r, CODEC_VERSION_FIELD_TIMES));
    CHECK(codec_read_byte(&r, &kind));
    struct entry *again = codec_read_value(&r, kind, &to);
    CHECK_INT(codec_reader_error(&r)->code, 0);
    CHECK_UINT(codec_reader_left(&r), 0);
    codec_reader_done(&r);
    codec_writer_done(&w);
    entry_free(e);
    return again;
}

static void check_count(size_t count, size_t over, int64_t now_ms, size_t left)
{
    struct entry *e = written_and_read(hash_with_times(count, over), now_ms);
    CHECK_PTR_NOT_NULL(e);
    hash_verify(e);
    CHECK_UINT(hash_count(e, HASH_SHOW_ALL), left);
    entry_free(e);
}

TEST(fields_that_are_over_are_left_out_when_a_time_is_given)
{
    for (size_t count = 3; count < 200; count += 97) {
        check_count(count, 1, 0, count);
        check_count(count, 1, 1000, count);
        check_count(count, 1, 1001, count - 1);
        check_count(count, count - 2, 1001, 2);
        check_count(count, 1, 2001, 1);
    }
}

TEST(a_hash_whose_fields_are_all_over_is_no_value_and_no_error)
{
    for (size_t count = 3; count < 200; count += 97) {
        struct entry *e = hash_with_times(count, count);
        CHECK_PTR_NULL(written_and_read(e, 1001));
    }
}

/* Kind 25: times in a listpack. */
TEST(fields_of_a_listpack_that_are_over_are_left_out)
{
    static const char body[] = "\xe8\x03\0\0\0\0\0\0"
                               "\x16\x16\0\0\0\x06\0\x81"
                               "a\x02\x01\x01\xc3\xe8\x02\x81"
                               "b\x02\x02\x01\x00\x01\xff";
    const struct slice bytes = slice_of(body, sizeof(body) - 1);
    struct codec_target to = codec_test_target();
    struct codec_reader r;
    int64_t when_ms;
    to.now_ms = 1001;
    codec_reader_init(&r, bytes);
    CHECK(codec_reader_set_version(&r, CODEC_VERSION_FIELD_TIMES));
    struct entry *e = codec_read_value(&r, KIND_HASH_LISTPACK_TIMES, &to);
    CHECK_STR(codec_reader_error(&r)->text, "");
    CHECK_PTR_NOT_NULL(e);
    CHECK_UINT(hash_count(e, HASH_SHOW_ALL), 1);
    CHECK(hash_expiry(e, SLICE("b"), HASH_SHOW_ALL, &when_ms));
    entry_free(e);
    codec_reader_done(&r);
}
