#include "codec/reader.h"

#include <errno.h>

#include "base/mem.h"
#include "codec/crc64.h"
#include "codec/testing.h"
#include "tests/unit/check.h"

/* Every way in which bytes come to a reader. */
static const struct way {
    size_t chunk; /* 0: in memory */
    bool is_known;
} ways[] = {
    { 0, true },        { 1, true },         { 1, false },
    { 7, false },       { 4093, true },      { CODEC_WINDOW, false },
    { SIZE_MAX, true }, { SIZE_MAX, false },
};

struct world {
    struct codec_source source;
    struct codec_reader r;
};

static struct world *world_new(const struct way *way, struct slice bytes)
{
    struct world *w = mem_alloc(sizeof(*w));
    w->source = (struct codec_source){ .bytes = bytes, .chunk = way->chunk, .fail_at = SIZE_MAX };
    if (way->chunk)
        codec_reader_init_pull(&w->r, codec_source_pull, &w->source,
                               way->is_known ? bytes.len : CODEC_LEFT_UNKNOWN);
    else
        codec_reader_init(&w->r, bytes);
    return w;
}

static void world_free(struct world *w)
{
    codec_reader_done(&w->r);
    mem_free(w);
}

/* The reader stands at `offset`, with the checksum of what is before it. */
static void check_place(struct world *w, size_t offset)
{
    CHECK_UINT(codec_reader_offset(&w->r), offset);
    CHECK_UINT(codec_reader_crc(&w->r), crc64_update(0, slice_of(w->source.bytes.ptr, offset)));
    if (codec_reader_left(&w->r) != CODEC_LEFT_UNKNOWN)
        CHECK_UINT(codec_reader_left(&w->r), w->source.bytes.len - offset);
}

static struct world *world_in_memory(struct slice bytes)
{
    struct world *w = world_new(&ways[0], bytes);
    w->source.bytes = bytes;
    return w;
}

/* ---- bytes and lengths ---- */

TEST(lengths_of_each_form_are_read)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t want;
    } rows[] = {
        { "\x00", 1, 0 },
        { "\x3f", 1, 63 },
        { "\x40\x40", 2, 64 },
        { "\x40\x05", 2, 5 },
        { "\x7f\xff", 2, 16383 },
        { "\x80\x00\x00\x40\x00", 5, 16384 },
        { "\x80\xff\xff\xff\xff", 5, UINT32_MAX },
        { "\x81\x00\x00\x00\x01\x00\x00\x00\x00", 9, (uint64_t)1 << 32 },
        { "\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9, UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            struct world *w = world_new(&ways[way], slice_of(rows[i].bytes, rows[i].len));
            uint64_t len;
            CHECK(codec_read_len(&w->r, &len));
            CHECK_UINT(len, rows[i].want);
            check_place(w, rows[i].len);
            CHECK(!codec_read_len(&w->r, &len));
            CHECK_INT(codec_reader_error(&w->r)->code, -ENODATA);
            world_free(w);
        }
        for (size_t cut = 1; cut < rows[i].len; cut++) {
            struct world *w = world_in_memory(slice_of(rows[i].bytes, cut));
            uint64_t len;
            CHECK(!codec_read_len(&w->r, &len));
            CHECK_INT(codec_reader_error(&w->r)->code, -ENODATA);
            world_free(w);
        }
    }
}

TEST(what_begins_no_length_is_refused)
{
    for (unsigned first = 0x82; first < 0x100; first++) {
        const char bytes[16] = { (char)first };
        struct world *w = world_in_memory(slice_of(bytes, sizeof(bytes)));
        uint64_t len;
        CHECK(!codec_read_len(&w->r, &len));
        CHECK_INT(codec_reader_error(&w->r)->code, -EBADMSG);
        CHECK_UINT(codec_reader_error(&w->r)->offset, 1);
        world_free(w);
    }
}

TEST(numbers_are_little_endian)
{
    static const char bytes[] = "\x01\x02\x03\x04"
                                "\x01\x02\x03\x04\x05\x06\x07\x08"
                                "\x00\x00\x00\x00\x00\x00\xf8\x3f\xaa";
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], slice_of(bytes, sizeof(bytes) - 1));
        uint32_t narrow;
        uint64_t wide;
        double number;
        uint8_t byte;
        CHECK(codec_read_u32(&w->r, &narrow));
        CHECK_UINT(narrow, 0x04030201);
        CHECK(codec_read_u64(&w->r, &wide));
        CHECK_UINT(wide, 0x0807060504030201);
        check_place(w, 12);
        CHECK(codec_read_double(&w->r, &number));
        CHECK_DOUBLE(number, 1.5);
        CHECK(codec_read_byte(&w->r, &byte));
        CHECK_UINT(byte, 0xaa);
        check_place(w, 21);
        world_free(w);
    }
}

/* ---- strings ---- */

TEST(numbers_are_read_as_their_texts)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } rows[] = {
        { "\xc0\x00", 2, "0" },
        { "\xc0\xff", 2, "-1" },
        { "\xc0\x7f", 2, "127" },
        { "\xc1\x00\x80", 3, "-32768" },
        { "\xc1\x39\x30", 3, "12345" },
        { "\xc2\x00\x00\x00\x80", 5, "-2147483648" },
        { "\xc2\xff\xff\xff\x7f", 5, "2147483647" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            struct world *w = world_new(&ways[way], slice_of(rows[i].bytes, rows[i].len));
            struct slice got;
            CHECK(codec_read_string(&w->r, &got));
            CHECK_BYTES(got.ptr, got.len, rows[i].want, strlen(rows[i].want));
            check_place(w, rows[i].len);
            world_free(w);
        }
        struct world *w = world_in_memory(slice_of(rows[i].bytes, rows[i].len - 1));
        struct slice got;
        CHECK(!codec_read_string(&w->r, &got));
        CHECK_INT(codec_reader_error(&w->r)->code, -ENODATA);
        world_free(w);
    }
}

TEST(compressed_strings_are_read)
{
    const struct slice whole = SLICE("\xc3\x05\x0a\x00"
                                     "a\xe0\x00\x00\x01z");
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], whole);
        struct slice got;
        CHECK(codec_read_string(&w->r, &got));
        CHECK_SLICE(got, "aaaaaaaaaa");
        check_place(w, 8);
        CHECK(codec_read_string(&w->r, &got));
        CHECK_SLICE(got, "z");
        world_free(w);
    }
}

TEST(compressed_strings_that_lie_are_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
        int code;
    } rows[] = {
        { "\xc3\x05\x00\x00"
          "aaaaa",
          9, -EBADMSG }, /* of nothing */
        { "\xc3\x05\x81\xff\xff\xff\xff\xff\xff\xff\xff"
          "aaaaa",
          16, -EBADMSG }, /* more than any bytes can stand for */
        { "\xc3\x81\xff\xff\xff\xff\xff\xff\xff\xff\x05"
          "aaaaa",
          16, -EBADMSG },
        { "\xc3\x05\x0b\x00"
          "a\xe0\x00\x00",
          7, -ENODATA }, /* bytes that are not there */
        { "\xc3\x05\x0b\x00"
          "a\xe0\x00\x00",
          8, -EBADMSG }, /* one more than it says */
        { "\xc3\x05\x09\x00"
          "a\xe0\x00\x00",
          8, -EBADMSG }, /* one less */
        { "\xc3\x03\x05\x20\x09\x09", 6, -EBADMSG },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            struct world *w = world_new(&ways[way], slice_of(rows[i].bytes, rows[i].len));
            struct slice got;
            CHECK(!codec_read_string(&w->r, &got));
            CHECK_INT(codec_reader_error(&w->r)->code, rows[i].code);
            world_free(w);
        }
    }
}

/* Bytes that no place has twice. */
static void fill(char *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (char)((i * 2654435761u) >> 13);
}

static size_t put_len(char *to, size_t len)
{
    const uint32_t wire = __builtin_bswap32((uint32_t)len);
    to[0] = (char)0x80;
    memcpy(to + 1, &wire, sizeof(wire));
    return 1 + sizeof(wire);
}

/* One in front, of `before` bytes with its length, then one of `len`, then a short one. */
static void check_strings(const struct way *way, size_t before, size_t len)
{
    const size_t total = before + 5 + len + 6;
    char *bytes = mem_alloc(total);
    struct slice got;
    struct buf keep;
    buf_init(&keep, BUF_NO_CEILING);
    fill(bytes, total);
    (void)put_len(bytes, before - 5);
    (void)put_len(bytes + before, len);
    memcpy(bytes + total - 6, "\x05short", 6);

    struct world *w = world_new(way, slice_of(bytes, total));
    CHECK(codec_read_string(&w->r, &got));
    CHECK_BYTES(got.ptr, got.len, bytes + 5, before - 5);
    check_place(w, before);
    CHECK(codec_read_string_kept(&w->r, &keep, &got));
    struct slice last;
    CHECK(codec_read_string(&w->r, &last));
    CHECK_SLICE(last, "short");
    /* What is kept is still there. */
    CHECK_BYTES(got.ptr, got.len, bytes + before + 5, len);
    check_place(w, total);
    CHECK_INT(codec_reader_error(&w->r)->code, 0);
    world_free(w);
    buf_done(&keep);
    mem_free(bytes);
}

TEST(strings_across_the_windows_border_come_whole)
{
    static const size_t lens[] = { 0, 1, 5, 20, 63, 4096, 65530, 65535 };
    for (size_t way = 0; way < COUNT_OF(ways); way++)
        for (size_t i = 0; i < COUNT_OF(lens); i++)
            for (size_t before = CODEC_WINDOW - 7; before <= CODEC_WINDOW + 1; before++)
                check_strings(&ways[way], before, lens[i]);
}

TEST(strings_longer_than_the_window_come_whole)
{
    static const size_t lens[] = { 65536, 65537, 65536 + 4096, 3 * 65536, 300000 };
    for (size_t way = 0; way < COUNT_OF(ways); way++)
        for (size_t i = 0; i < COUNT_OF(lens); i++)
            for (size_t before = 5; before < 70000; before += 23000)
                check_strings(&ways[way], before, lens[i]);
}

TEST(many_bytes_are_read_past_the_window)
{
    const size_t len = 200000;
    char *bytes = mem_alloc(len), *got = mem_alloc(len);
    fill(bytes, len);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], slice_of(bytes, len));
        CHECK(codec_read_bytes(&w->r, got, 10));
        CHECK(codec_read_bytes(&w->r, got + 10, 150000));
        check_place(w, 150010);
        CHECK(codec_read_bytes(&w->r, got + 150010, len - 150010));
        CHECK_MEM(got, bytes, len);
        check_place(w, len);
        CHECK(!codec_read_bytes(&w->r, got, 1));
        world_free(w);
    }
    mem_free(bytes);
    mem_free(got);
}

TEST(a_string_in_memory_is_kept_where_it_lies)
{
    static const char bytes[] = "\x03"
                                "abc\xc0\x07";
    struct world *w = world_in_memory(slice_of(bytes, sizeof(bytes) - 1));
    struct buf keep;
    struct slice text, number;
    buf_init(&keep, BUF_NO_CEILING);
    CHECK(codec_read_string_kept(&w->r, &keep, &text));
    CHECK_PTR(text.ptr, bytes + 1);
    CHECK(codec_read_string_kept(&w->r, &keep, &number));
    CHECK_PTR(number.ptr, keep.ptr);
    CHECK_SLICE(number, "7");
    buf_done(&keep);
    world_free(w);
}

/* ---- failures ---- */

/* Reads strings until there are no more; how many. */
static size_t read_all(struct world *w)
{
    struct slice got;
    size_t count = 0;
    while (codec_read_string(&w->r, &got))
        count++;
    return count;
}

TEST(a_source_that_ends_early_or_fails_is_told_with_its_place)
{
    static const char bytes[] = "\x05first\xc1\x01\x02\x40\x06second\xc3\x05\x0a\x00"
                                "a\xe0\x00\x00"
                                "\x80\x00\x00\x00\x05third";
    const size_t len = sizeof(bytes) - 1;
    const int errors[] = { 0, -EIO };
    for (size_t at = 0; at < len; at++) {
        for (size_t chunk = 1; chunk < 10; chunk += 4) {
            for (size_t i = 0; i < COUNT_OF(errors); i++) {
                const struct way way = { chunk, false };
                struct world *w = world_new(&way, slice_of(bytes, len));
                w->source.fail_at = at;
                w->source.error = errors[i];
                (void)read_all(w);
                const struct codec_error *error = codec_reader_error(&w->r);
                CHECK_INT(error->code, errors[i] ? errors[i] : -ENODATA);
                CHECK(error->offset <= at);
                CHECK(error->text[0] != '\0');
                world_free(w);
            }
        }
    }
}

TEST(the_first_failure_stays_and_nothing_is_read_behind_it)
{
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], SLICE("\x82"
                                                      "bytes that could be read"));
        uint64_t len;
        uint8_t byte;
        struct slice text;
        struct buf keep;
        char many[4];
        buf_init(&keep, BUF_NO_CEILING);
        CHECK(!codec_read_len(&w->r, &len));
        const struct codec_error first = *codec_reader_error(&w->r);
        CHECK_INT(first.code, -EBADMSG);
        CHECK(!codec_read_byte(&w->r, &byte));
        CHECK(!codec_read_bytes(&w->r, many, sizeof(many)));
        CHECK(!codec_read_string(&w->r, &text));
        CHECK(!codec_read_string_kept(&w->r, &keep, &text));
        CHECK(!codec_fail(&w->r, -ENOTSUP, "something %s", "else"));
        CHECK_INT(codec_reader_error(&w->r)->code, -EBADMSG);
        CHECK_STR(codec_reader_error(&w->r)->text, first.text);
        CHECK_UINT(codec_reader_error(&w->r)->offset, 1);
        buf_done(&keep);
        world_free(w);
    }
}

/* What a length says is not believed: memory comes with the bytes. */
TEST(a_length_that_lies_takes_no_memory)
{
    static const char *const lies[] = { "\x80\xff\xff\xff\xff",
                                        "\x81\x00\x00\x01\x00\x00\x00\x00\x00",
                                        "\x81\xff\xff\xff\xff\xff\xff\xff\xff" };
    static const size_t lens[] = { 5, 9, 9 };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            char bytes[60] = { 0 };
            struct slice got;
            memcpy(bytes, lies[i], lens[i]);
            struct world *w = world_new(&ways[way], slice_of(bytes, sizeof(bytes)));
            codec_memory_start();
            CHECK(!codec_read_string(&w->r, &got));
            CHECK_INT(codec_reader_error(&w->r)->code, -ENODATA);
            CHECK(codec_memory_taken() < 1 << 20);
            world_free(w);
        }
    }
}

TEST(a_checksum_may_be_asked_for_at_any_place)
{
    const size_t len = 150000;
    char *bytes = mem_alloc(len);
    fill(bytes, len);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], slice_of(bytes, len));
        char got[997];
        for (size_t at = 0; at + sizeof(got) <= len; at += sizeof(got)) {
            check_place(w, at);
            CHECK(codec_read_bytes(&w->r, got, sizeof(got)));
        }
        world_free(w);
    }
    mem_free(bytes);
}

TEST(the_checksum_may_be_switched_off)
{
    char *bytes = mem_alloc(100000);
    fill(bytes, 100000);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct world *w = world_new(&ways[way], slice_of(bytes, 100000));
        char got[997];
        w->r.has_crc = false;
        for (size_t i = 0; i < 90; i++)
            CHECK(codec_read_bytes(&w->r, got, sizeof(got)));
        CHECK_UINT(codec_reader_crc(&w->r), 0);
        world_free(w);
    }
    mem_free(bytes);
}
