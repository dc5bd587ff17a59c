#include "codec/value.h"

#include <stdio.h>

#include "tests/unit/check.h"
#include "types/hash.h"

static const struct hash_key hash_key = { 1, 2 };

static struct rand test_rand;
static const struct type_env small_env = {
    .hash_key = &hash_key,
    .rand = &test_rand,
    .hash_listpack_entries = 8,
    .hash_listpack_value = 16,
    .list_listpack_size = 4,
    .set_intset_entries = 8,
    .set_listpack_entries = 8,
    .set_listpack_value = 16,
    .zset_listpack_entries = 8,
    .zset_listpack_value = 16,
    .stream_node_bytes = 4096,
    .stream_node_entries = 4,
    .hll_sparse_bytes = 3000,
};

static struct codec_target target_at(int64_t now_ms)
{
    return (struct codec_target){
        .key = SLICE("key"), .when_ms = ENTRY_NO_EXPIRY, .env = &small_env, .now_ms = now_ms
    };
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
        CHECK(hash_put(e, &small_env, &f, HASH_SHOW_ALL));
    }
    return e;
}

/* What is read of the value at a time; NULL without an error if nothing is left. */
static struct entry *written_and_read(struct entry *e, int64_t now_ms)
{
    struct codec_writer w;
    struct codec_reader r;
    uint8_t kind;
    const struct codec_target to = target_at(now_ms);
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
    for (size_t count = 3; count < 20; count += 16) {
        check_count(count, 1, 0, count);
        check_count(count, 1, 1000, count);
        check_count(count, 1, 1001, count - 1);
        check_count(count, count - 2, 1001, 2);
        check_count(count, 1, 2001, 1);
    }
}

TEST(a_hash_whose_fields_are_all_over_is_no_value_and_no_error)
{
    for (size_t count = 3; count < 20; count += 16) {
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
    struct codec_target to = target_at(1001);
    struct codec_reader r;
    int64_t when_ms;
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
