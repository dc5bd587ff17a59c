/* Every kind of value as others write it, put together byte by byte, and what nobody may write. */
#include "codec/value.h"

#include <errno.h>
#include <stdio.h>

#include "codec/testing.h"
#include "tests/unit/check.h"

/* A body and its length. */
#define BODY(literal) (literal), sizeof(literal) - 1

struct row {
    uint8_t kind;
    int version;
    const char *body;
    size_t len;
    const char *want; /* NULL: refused; with a key named `key` */
    int code;         /* of the refusal */
};

static void check_row(const struct row *row, size_t chunk, bool is_known)
{
    const struct codec_target to = codec_test_target();
    const struct slice body = slice_of(row->body, row->len);
    struct codec_source source = { .bytes = body, .chunk = chunk, .fail_at = SIZE_MAX };
    struct codec_reader r;
    if (chunk)
        codec_reader_init_pull(&r, codec_source_pull, &source,
                               is_known ? body.len : CODEC_LEFT_UNKNOWN);
    else
        codec_reader_init(&r, body);
    CHECK(codec_reader_set_version(&r, row->version));
    struct entry *e = codec_read_value(&r, row->kind, &to);
    if (row->want && !e)
        CHECK_FAIL("kind %u: expected %s", row->kind, codec_reader_error(&r)->text);
    CHECK_INT(codec_reader_error(&r)->code, row->code);
    CHECK_INT(e != NULL, row->want != NULL);
    if (e) {
        struct buf got = codec_describe(e);
        CHECK_STR(buf_cstr(&got), row->want);
        CHECK_UINT(codec_reader_offset(&r), row->len);
        buf_done(&got);
        entry_free(e);
    } else {
        CHECK(codec_reader_error(&r)->text[0] != '\0');
        CHECK(codec_reader_error(&r)->offset <= row->len);
    }
    codec_reader_done(&r);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i], 0, true);
        check_row(&rows[i], 1, true);
        check_row(&rows[i], 3, false);
    }
}

/* ---- what is read ---- */

TEST(simple_kinds_are_read)
{
    static const struct row rows[] = {
        { 0, 1,
          BODY("\x03"
               "abc"),
          "embstr key: abc", 0 },
        { 0, 1, BODY("\xc1\x39\x30"), "int key: 12345", 0 },
        { 0, 1, BODY("\x00"), "embstr key: (empty)", 0 },
        { 1, 1,
          BODY("\x03\x01"
               "a\xc0\x05\x00"),
          "listpack key: a 5 (empty)", 0 },
        { 2, 1,
          BODY("\x02\x01"
               "b\x01"
               "a"),
          "listpack key: a b", 0 },
        { 2, 1,
          BODY("\x03\xc0\x05\xc0\x07\x01"
               "1"),
          "intset key: 1 5 7", 0 },
        { 2, 1,
          BODY("\x03\xc0\x05\x01"
               "a\xc0\x07"),
          "listpack key: 5 7 a", 0 },
        { 3, 1,
          BODY("\x04\x01"
               "a\x03"
               "1.5\x01"
               "b\xfe\x01"
               "c\xff\x01"
               "d\x02"
               "-7"),
          "listpack key: c=-inf d=-7 a=1.5 b=inf", 0 },
        { 4, 1,
          BODY("\x02\x01"
               "a\x01"
               "x\x00\xc0\x05"),
          "listpack key: (empty)=5 a=x", 0 },
        { 5, 8,
          BODY("\x02\x01"
               "b\0\0\0\0\0\0\xf0\x7f\x01"
               "a\0\0\0\0\0\0\xf8\xbf"),
          "listpack key: a=-1.5 b=inf", 0 },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(old_packed_kinds_are_read)
{
    static const struct row rows[] = {
        { 9, 1,
          BODY("\x0e\x02\x01"
               "a\x01\x00"
               "x\x01"
               "b\x02\x01"
               "yz?\xff"),
          "listpack key: a=x b=yz", 0 },
        /* Not counted; and a length of four bytes. */
        { 9, 1,
          BODY("\x0b\xfe\xfe\x01\0\0\0"
               "a\x01\x00"
               "x\xff"),
          "listpack key: a=x", 0 },
        { 10, 1,
          BODY("\x17\x17\0\0\0\x12\0\0\0\x04\0\x00\x01"
               "a\x03\xf6\x02\xfe\x80\x03\xc0\xd4\xfe\xff"),
          "listpack key: a 5 -128 -300", 0 },
        { 10, 1,
          BODY(
              "\x20\x20\0\0\0\x15\0\0\0\xff\xff\x00\xf0\x00\x00\x80\x05\xd0\x00\x00\x00\x80\x06\xe0"
              "\1\0\0\0\0\0\0\0\xff"),
          "listpack key: -8388608 -2147483648 1", 0 },
        { 10, 1,
          BODY("\x13\x13\0\0\0\x0a\0\0\0\x01\0\x00\x80\0\0\0\x01"
               "a\xff\x00"
               "x"),
          NULL, -EBADMSG },
        { 10, 1,
          BODY("\x12\x12\0\0\0\x0a\0\0\0\x01\0\x00\x80\0\0\0\x01"
               "a\xff"),
          "listpack key: a", 0 },
        { 10, 1,
          BODY("\x10\x10\0\0\0\x0a\0\0\0\x01\0\x00\x40\x02"
               "ab\xff"),
          "listpack key: ab", 0 },
        { 11, 1, BODY("\x0c\x02\0\0\0\x02\0\0\0\xfb\xff\x05\x00"), "intset key: -5 5", 0 },
        { 11, 1, BODY("\x0c\x04\0\0\0\x01\0\0\0\x00\x00\x01\x00"), "intset key: 65536", 0 },
        { 11, 1, BODY("\x10\x08\0\0\0\x01\0\0\0\0\0\0\0\1\0\0\0"), "intset key: 4294967296", 0 },
        { 12, 1,
          BODY("\x15\x15\0\0\0\x12\0\0\0\x04\0\x00\x01"
               "a\x03\xf2\x02\x01"
               "b\x03\xf3\xff"),
          "listpack key: a=1 b=2", 0 },
        { 13, 1,
          BODY("\x15\x15\0\0\0\x12\0\0\0\x04\0\x00\x01"
               "a\x03\xf2\x02\x01"
               "b\x03\xf3\xff"),
          "listpack key: a=1 b=2", 0 },
        { 14, 7,
          BODY("\x02\x0e\x0e\0\0\0\x0a\0\0\0\x01\0\x00\x01"
               "a\xff\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\x00\xf2"
               "\xff"),
          "quicklist key: a 1", 0 },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(kinds_of_listpacks_are_read)
{
    static const struct row rows[] = {
        { 16, 10,
          BODY("\x0e\x0e\0\0\0\x02\0\x81"
               "a\x02\x81"
               "x\x02\x01\x01\xff"),
          NULL, -EBADMSG },
        { 16, 10,
          BODY("\x0c\x0c\0\0\0\x02\0\x81"
               "a\x02\x05\x01\xff"),
          "listpack key: a=5", 0 },
        { 17, 10,
          BODY("\x11\x11\0\0\0\x04\0\x81"
               "b\x02\x05\x01\x81"
               "a\x02\x06\x01\xff"),
          "listpack key: b=5 a=6", 0 },
        { 18, 10,
          BODY("\x03\x01\x05plain\x02\x0a\x0a\0\0\0\x01\0\x81"
               "a\x02\xff\x02\x09\x09\0\0\0\x01\0\x07\x01\xff"),
          "quicklist key: plain a 7", 0 },
        /* A pack without values is left out. */
        { 18, 10,
          BODY("\x02\x02\x07\x07\0\0\0\0\0\xff\x02\x0a\x0a\0\0\0\x01\0\x81"
               "a\x02\xff"),
          "listpack key: a", 0 },
        { 20, 11,
          BODY("\x0f\x0f\0\0\0\x03\0\x81"
               "b\x02\x05\x01\x81"
               "a\x02\xff"),
          "listpack key: 5 a b", 0 },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(hashes_with_times_are_read_as_each_family_writes_them)
{
    static const struct row rows[] = {
        { 22, 80,
          BODY("\x02\x01"
               "a\x01"
               "x\xe8\x03\0\0\0\0\0\0\x01"
               "b\x01"
               "y\xff\xff\xff\xff\xff\xff\xff\xff"),
          "listpackex key: a=x@1000 b=y", 0 },
        { 22, 12,
          BODY("\x02\x43\xe8\x01"
               "a\x01"
               "x\x00\x01"
               "b\x01"
               "y"),
          "listpackex key: a=x@1000 b=y", 0 },
        { 23, 12,
          BODY("\x16\x16\0\0\0\x06\0\x81"
               "a\x02\x01\x01\xc3\xe8\x02\x81"
               "b\x02\x02\x01\x00\x01\xff"),
          "listpackex key: a=1@1000 b=2", 0 },
        { 24, 12,
          BODY("\xe8\x03\0\0\0\0\0\0\x03\x01\x01"
               "a\x01"
               "x\x00\x01"
               "b\x01"
               "y\x06\x01"
               "c\x01"
               "z"),
          "listpackex key: a=x@1000 b=y c=z@1005", 0 },
        { 25, 14,
          BODY("\xe8\x03\0\0\0\0\0\0\x16\x16\0\0\0\x06\0\x81"
               "a\x02\x01\x01\xc3\xe8\x02\x81"
               "b\x02\x02\x01\x00\x01\xff"),
          "listpackex key: a=1@1000 b=2", 0 },
    };
    check_rows(rows, COUNT_OF(rows));
}

/* Two entries f=v under 1-1 and 1-2, the second deleted; the first ID's fields are the master's. */
#define STREAM_PACK                                    \
    "\x01\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01"     \
    "\x28\x28\0\0\0\x0f\0\x01\x01\x01\x01\x01\x01\x81" \
    "f\x02\x00\x01"                                    \
    "\x02\x01\x00\x01\x00\x01\x81"                     \
    "v\x02\x04\x01"                                    \
    "\x03\x01\x00\x01\x01\x01\x81"                     \
    "w\x02\x04\x01\xff"

TEST(streams_of_each_version_are_read)
{
    static const struct row rows[] = {
        { 15, 9, BODY(STREAM_PACK "\x01\x01\x02\x00"), "stream key: 1 of 1 1-1 1-2 0-0 1-1 f=v",
          0 },
        { 19, 10, BODY(STREAM_PACK "\x01\x01\x02\x01\x01\x01\x02\x02\x00"),
          "stream key: 1 of 2 1-1 1-2 1-2 1-1 f=v", 0 },
        /* Without packs or groups: last ID 5-6. */
        { 15, 9, BODY("\x00\x00\x05\x06\x00"), "stream key: 0 of 0 0-0 5-6 0-0", 0 },
        { 19, 10, BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x00"),
          "stream key: 0 of 9 0-0 5-6 4-3", 0 },
        /* A group with one pending entry. */
        { 15, 9,
          BODY("\x00\x00\x05\x06\x01\x01g\x05\x05\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\x64\0\0\0"
               "\0\0\0\0\x03"
               "\x01\x01"
               "c\xc8\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02"),
          "stream key: 0 of 0 0-0 5-6 0-0 group g 5-5 -1 pending 1-2:100:3 consumer c 200 200 "
          "1-2:100:3",
          0 },
        { 19, 10,
          BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x01\x01g\x05\x05\x07\x00\x01\x01"
               "c\xc8\0\0\0\0\0\0\0\x00"),
          "stream key: 0 of 9 0-0 5-6 4-3 group g 5-5 7 pending consumer c 200 200", 0 },
        { 21, 11,
          BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x01\x01g\x05\x05\x07\x00\x01\x01"
               "c\xc8\0\0\0\0\0\0\0"
               "\x64\0\0\0\0\0\0\0\x00"),
          "stream key: 0 of 9 0-0 5-6 4-3 group g 5-5 7 pending consumer c 200 100", 0 },
        { 26, 12, BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x00\x00\x00\x00\x00\x00"),
          "stream key: 0 of 9 0-0 5-6 4-3", 0 },
        /* An entry that was given back. */
        { 27, 14,
          BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x01\x01g\x05\x05\x07\x01\0\0\0\0\0\0\0\x01\0\0"
               "\0\0\0\0\0\x02"
               "\x64\0\0\0\0\0\0\0\x03\x00\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\x00\x00\x00\x00"
               "\x00"),
          "stream key: 0 of 9 0-0 5-6 4-3 group g 5-5 7 pending 1-2:100:3:nobody", 0 },
    };
    check_rows(rows, COUNT_OF(rows));
}

/* ---- what is refused ---- */

TEST(nothing_is_a_collection_without_elements)
{
    static const struct row rows[] = {
        { 1, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 2, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 3, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 4, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 5, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 9, 10, BODY("\x02\x00\xff"), NULL, CODEC_EMPTY },
        { 10, 10, BODY("\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 11, 10, BODY("\x08\x02\0\0\0\0\0\0\0"), NULL, -EBADMSG },
        { 12, 10, BODY("\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 13, 10, BODY("\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 14, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 14, 10, BODY("\x01\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 16, 10, BODY("\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 17, 10, BODY("\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 18, 10, BODY("\x00"), NULL, CODEC_EMPTY },
        { 18, 10, BODY("\x01\x02\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 20, 11, BODY("\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 22, 12, BODY("\x00"), NULL, CODEC_EMPTY },
        { 22, 80, BODY("\x00"), NULL, CODEC_EMPTY },
        { 23, 12, BODY("\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
        { 24, 12, BODY("\xe8\x03\0\0\0\0\0\0\x00"), NULL, CODEC_EMPTY },
        { 25, 12, BODY("\xe8\x03\0\0\0\0\0\0\x07\x07\0\0\0\0\0\xff"), NULL, CODEC_EMPTY },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(nothing_is_in_a_collection_twice)
{
    static const struct row rows[] = {
        { 2, 10,
          BODY("\x03\x01"
               "a\x01"
               "b\x01"
               "a"),
          NULL, -EBADMSG },
        { 2, 10,
          BODY("\x02\xc0\x05\x01"
               "5"),
          NULL, -EBADMSG },
        { 3, 10,
          BODY("\x02\x01"
               "a\x01"
               "1\x01"
               "a\x01"
               "2"),
          NULL, -EBADMSG },
        { 4, 10,
          BODY("\x02\x01"
               "a\x01"
               "1\x01"
               "a\x01"
               "2"),
          NULL, -EBADMSG },
        { 5, 10,
          BODY("\x02\x01"
               "a\0\0\0\0\0\0\0\0\x01"
               "a\0\0\0\0\0\0\xf8\xbf"),
          NULL, -EBADMSG },
        { 9, 10,
          BODY("\x0c\x02\x01"
               "a\x01\x00"
               "x\x01"
               "a\x01\x00"
               "y\xff"),
          NULL, -EBADMSG },
        { 11, 10, BODY("\x0c\x02\0\0\0\x02\0\0\0\x05\0\x05\0"), NULL, -EBADMSG },
        { 16, 10,
          BODY("\x11\x11\0\0\0\x04\0\x81"
               "a\x02\x05\x01\x81"
               "a\x02\x06\x01\xff"),
          NULL, -EBADMSG },
        { 17, 10,
          BODY("\x11\x11\0\0\0\x04\0\x81"
               "a\x02\x05\x01\x81"
               "a\x02\x06\x01\xff"),
          NULL, -EBADMSG },
        { 20, 11,
          BODY("\x0d\x0d\0\0\0\x02\0\x81"
               "a\x02\x81"
               "a\x02\xff"),
          NULL, -EBADMSG },
        { 22, 12,
          BODY("\x02\x00\x01"
               "a\x01"
               "x\x00\x01"
               "a\x01"
               "y"),
          NULL, -EBADMSG },
        { 19, 10,
          BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x02\x01g\x05\x05\x07\x00\x00\x01g\x05\x05\x07"
               "\x00\x00"),
          NULL, -EBADMSG }, /* groups */
        { 19, 10,
          BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x01\x01g\x05\x05\x07\x00\x02\x01"
               "c\xc8\0\0\0\0\0\0\0\x00\x01"
               "c\xc8\0\0\0\0\0\0\0\x00"),
          NULL, -EBADMSG }, /* consumers */
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(scores_are_numbers_and_packed_sets_in_order)
{
    static const struct row rows[] = {
        { 3, 10,
          BODY("\x01\x01"
               "a\xfd"),
          NULL, -EBADMSG },
        { 3, 10,
          BODY("\x01\x01"
               "a\x03"
               "nan"),
          NULL, -EBADMSG },
        { 3, 10,
          BODY("\x01\x01"
               "a\x03"
               "1x "),
          NULL, -EBADMSG },
        { 3, 10,
          BODY("\x01\x01"
               "a\x00"),
          NULL, -EBADMSG },
        { 5, 10,
          BODY("\x01\x01"
               "a\0\0\0\0\0\0\xf8\x7f"),
          NULL, -EBADMSG },
        { 5, 10,
          BODY("\x01\x01"
               "a\1\0\0\0\0\0\xf0\xff"),
          NULL, -EBADMSG },
        { 17, 10,
          BODY("\x11\x11\0\0\0\x04\0\x81"
               "b\x02\x06\x01\x81"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG },
        { 17, 10,
          BODY("\x11\x11\0\0\0\x04\0\x81"
               "b\x02\x05\x01\x81"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG },
        { 17, 10,
          BODY("\x0d\x0d\0\0\0\x02\0\x81"
               "b\x02\x81"
               "a\x02\xff"),
          NULL, -EBADMSG },
        { 17, 10,
          BODY("\x0a\x0a\0\0\0\x01\0\x81"
               "b\x02\xff"),
          NULL, -EBADMSG },
        { 11, 10, BODY("\x0c\x02\0\0\0\x02\0\0\0\x05\0\x04\0"), NULL, -EBADMSG },
        { 11, 10, BODY("\x0c\x03\0\0\0\x02\0\0\0\x04\0\x05\0"), NULL, -EBADMSG },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(packed_bytes_that_do_not_fit_are_refused)
{
    static const struct row rows[] = {
        { 16, 10,
          BODY("\x0c\x0d\0\0\0\x02\0\x81"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG }, /* size */
        { 16, 10,
          BODY("\x0c\x0c\0\0\0\x03\0\x81"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG }, /* count */
        { 16, 10,
          BODY("\x0c\x0c\0\0\0\x02\0\x81"
               "a\x03\x05\x01\xff"),
          NULL, -EBADMSG }, /* back */
        { 16, 10,
          BODY("\x0c\x0c\0\0\0\x02\0\x8f"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG }, /* text */
        { 16, 10,
          BODY("\x0c\x0c\0\0\0\x02\0\x81"
               "a\x02\x05\x01\xfe"),
          NULL, -EBADMSG }, /* end */
        { 16, 10,
          BODY("\x0a\x0a\0\0\0\x01\0\x81"
               "a\x02\xff"),
          NULL, -EBADMSG }, /* no value */
        { 23, 12,
          BODY("\x0c\x0c\0\0\0\x02\0\x81"
               "a\x02\x05\x01\xff"),
          NULL, -EBADMSG },
        { 23, 12,
          BODY("\x0f\x0f\0\0\0\x03\0\x81"
               "a\x02\x05\x01\x81"
               "t\x02\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0f\0\0\0\x0a\0\0\0\x01\0\x00\x01"
               "a\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0e\0\0\0\x0b\0\0\0\x01\0\x00\x01"
               "a\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0e\0\0\0\x0a\0\0\0\x02\0\x00\x01"
               "a\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0e\0\0\0\x0a\0\0\0\x01\0\x01\x01"
               "a\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0e\0\0\0\x0a\0\0\0\x01\0\x00\x02"
               "a\xff"),
          NULL, -EBADMSG },
        { 10, 10,
          BODY("\x0e\x0e\0\0\0\x0a\0\0\0\x01\0\x00\x01"
               "a\xfe"),
          NULL, -EBADMSG },
        { 9, 10,
          BODY("\x07\x02\x01"
               "a\x01\x00"
               "x\xff"),
          NULL, -EBADMSG },
        { 9, 10,
          BODY("\x07\x01\x01"
               "a\x01\x05"
               "x\xff"),
          NULL, -EBADMSG },
        { 9, 10,
          BODY("\x07\x01\x09"
               "a\x01\x00"
               "x\xff"),
          NULL, -EBADMSG },
        { 18, 10,
          BODY("\x01\x03\x01"
               "a"),
          NULL, -EBADMSG },
        { 18, 10,
          BODY("\x01\x00\x01"
               "a"),
          NULL, -EBADMSG },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(streams_that_contradict_themselves_are_refused)
{
    static const struct row rows[] = {
        { 15, 9, BODY("\x00\x01\x05\x06\x00"), NULL, -EBADMSG }, /* an entry that is not there */
        { 15, 9, BODY(STREAM_PACK "\x02\x01\x02\x00"), NULL, -EBADMSG }, /* one that was deleted */
        { 15, 9, BODY(STREAM_PACK "\x01\x01\x00\x00"), NULL, -EBADMSG }, /* behind the last */
        { 15, 9,
          BODY("\x01\x01"
               "a\x07\x07\0\0\0\0\0\xff"),
          NULL, -EBADMSG },
        { 15, 9,
          BODY("\x01\x10"
               "0123456789abcdef\x07\x07\0\0\0\0\0\xff\x00\x05\x06\x00"),
          NULL, -EBADMSG },
        /* Pending, but for nobody. */
        { 15, 9,
          BODY("\x00\x00\x05\x06\x01\x01g\x05\x05\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\x64\0\0\0"
               "\0\0\0\0\x03\x00"),
          NULL, -EBADMSG },
        /* A consumer has what is not pending. */
        { 15, 9,
          BODY("\x00\x00\x05\x06\x01\x01g\x05\x05\x00\x01\x01"
               "c\xc8\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0"
               "\0\0\x02"),
          NULL, -EBADMSG },
        /* Producers. */
        { 26, 12, BODY("\x00\x00\x05\x06\x00\x00\x04\x03\x09\x00\x00\x00\x01\x00\x00"), NULL,
          -ENOTSUP },
    };
    check_rows(rows, COUNT_OF(rows));
}

TEST(times_of_fields_are_times)
{
    static const struct row rows[] = {
        { 22, 80,
          BODY("\x01\x01"
               "a\x01"
               "x\xff\xff\xff\xff\xff\xff\xff\x7f"),
          NULL, -EBADMSG },
        { 22, 80,
          BODY("\x01\x01"
               "a\x01"
               "x\0\0\0\0\0\0\0\x80"),
          NULL, -EBADMSG },
        { 22, 12,
          BODY("\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
               "a\x01"
               "x"),
          NULL, -EBADMSG },
        { 24, 12,
          BODY("\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05\x01"
               "a\x01"
               "x"),
          NULL, -EBADMSG },
        { 24, 12,
          BODY("\x01\0\0\0\0\0\0\0\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"
               "a\x01"
               "x"),
          NULL, -EBADMSG },
    };
    check_rows(rows, COUNT_OF(rows));
}

/* The text says what it is. */
TEST(values_of_modules_are_refused_in_so_many_words)
{
    for (uint8_t kind = 6; kind <= 7; kind++) {
        const struct codec_target to = codec_test_target();
        struct codec_reader r;
        codec_reader_init(&r, SLICE("\x01\x02\x03"));
        CHECK(codec_reader_set_version(&r, 11));
        CHECK_PTR_NULL(codec_read_value(&r, kind, &to));
        CHECK_INT(codec_reader_error(&r)->code, -ENOTSUP);
        CHECK_STR(codec_reader_error(&r)->text, "no value of a module");
        codec_reader_done(&r);
    }
}

static bool is_read(uint8_t kind, int version)
{
    const struct codec_target to = codec_test_target();
    struct codec_reader r;
    codec_reader_init(&r, SLICE(""));
    CHECK(codec_reader_set_version(&r, version));
    CHECK_PTR_NULL(codec_read_value(&r, kind, &to));
    const int code = codec_reader_error(&r)->code;
    codec_reader_done(&r);
    return code == -ENODATA; /* it was tried */
}

TEST(kinds_from_22_on_belong_to_their_versions)
{
    for (unsigned kind = 0; kind < 256; kind++) {
        const bool is_old = kind < 22 && kind != 6 && kind != 7 && kind != 8;
        for (int version = 1; version <= 11; version++)
            CHECK_INT(is_read((uint8_t)kind, version), is_old);
        for (int version = 12; version <= 14; version++)
            CHECK_INT(is_read((uint8_t)kind, version), is_old || (kind >= 22 && kind <= 27));
        CHECK_INT(is_read((uint8_t)kind, 80), is_old || kind == 22);
    }
}

/* ---- counts that lie ---- */

/* In front of the count. */
static const struct lie {
    uint8_t kind;
    int version;
    const char *before;
    size_t len;
} lies[] = {
    { 0, 10, BODY("") },
    { 1, 10, BODY("") },
    { 2, 10, BODY("") },
    { 3, 10, BODY("") },
    { 4, 10, BODY("") },
    { 5, 10, BODY("") },
    { 9, 10, BODY("") },
    { 10, 10, BODY("") },
    { 11, 10, BODY("") },
    { 12, 10, BODY("") },
    { 13, 10, BODY("") },
    { 14, 10, BODY("") },
    { 15, 10, BODY("") },
    { 15, 10, BODY("\x00\x00\x05\x06") },                      /* groups */
    { 15, 10, BODY("\x00\x00\x05\x06\x01\x01g\x05\x05") },     /* pending */
    { 15, 10, BODY("\x00\x00\x05\x06\x01\x01g\x05\x05\x00") }, /* consumers */
    { 15, 10,
      BODY("\x00\x00\x05\x06\x01\x01g\x05\x05\x00\x01\x01"
           "c\xc8\0\0\0\0\0\0\0") },
    { 16, 10, BODY("") },
    { 17, 10, BODY("") },
    { 18, 10, BODY("") },
    { 18, 10, BODY("\x01\x01") },
    { 18, 10, BODY("\x01\x02") },
    { 19, 10, BODY("") },
    { 20, 11, BODY("") },
    { 21, 11, BODY("") },
    { 22, 12, BODY("") },
    { 22, 80, BODY("") },
    { 23, 12, BODY("") },
    { 24, 12, BODY("\xe8\x03\0\0\0\0\0\0") },
    { 25, 12, BODY("\xe8\x03\0\0\0\0\0\0") },
    { 26, 12, BODY("") },
    { 27, 14, BODY("") },
};

#define LIE_BYTES 60

/* `chunk` 0: in memory. */
static void tell_lie(const struct lie *lie, uint64_t count, char filler, size_t chunk,
                     uint64_t left)
{
    char bytes[LIE_BYTES];
    const uint64_t wire = __builtin_bswap64(count);
    const struct codec_target to = codec_test_target();
    memset(bytes, filler, sizeof(bytes));
    memcpy(bytes, lie->before, lie->len);
    bytes[lie->len] = (char)0x81;
    memcpy(bytes + lie->len + 1, &wire, sizeof(wire));
    struct codec_source source = { .bytes = slice_of(bytes, sizeof(bytes)),
                                   .chunk = chunk,
                                   .fail_at = SIZE_MAX };
    struct codec_reader r;
    if (chunk)
        codec_reader_init_pull(&r, codec_source_pull, &source, left);
    else
        codec_reader_init(&r, source.bytes);
    CHECK(codec_reader_set_version(&r, lie->version));
    codec_memory_start();
    CHECK_PTR_NULL(codec_read_value(&r, lie->kind, &to));
    CHECK(codec_reader_error(&r)->code != 0);
    const size_t taken = codec_memory_taken();
    /* A file that has a gigabyte left may make it believe in a million elements. */
    const size_t most = left > LIE_BYTES && left != CODEC_LEFT_UNKNOWN ? 256 << 20 : 1 << 20;
    if (taken > most)
        CHECK_FAIL("kind %u: %zu bytes for a count of %#llx", lie->kind, taken,
                   (unsigned long long)count);
    codec_reader_done(&r);
}

TEST(a_count_that_lies_takes_no_memory)
{
    static const uint64_t counts[] = { 61, 1 << 20, (uint64_t)1 << 32, (uint64_t)1 << 40,
                                       UINT64_MAX };
    static const char fillers[] = { 0, 1, 5 };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        for (size_t count = 0; count < COUNT_OF(counts); count++) {
            for (size_t f = 0; f < COUNT_OF(fillers); f++) {
                tell_lie(&lies[i], counts[count], fillers[f], 0, 0);
                tell_lie(&lies[i], counts[count], fillers[f], 7, LIE_BYTES);
                tell_lie(&lies[i], counts[count], fillers[f], 7, CODEC_LEFT_UNKNOWN);
                tell_lie(&lies[i], counts[count], fillers[f], 64, (uint64_t)1 << 42);
            }
        }
    }
}
