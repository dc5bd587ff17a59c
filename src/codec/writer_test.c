#include "codec/writer.h"

#include <errno.h>

#include "base/lzf.h"
#include "base/mem.h"
#include "codec/crc64.h"
#include "codec/testing.h"
#include "tests/unit/check.h"

static struct codec_taker taker_new(void)
{
    struct codec_taker t = { .fail_at = SIZE_MAX };
    buf_init(&t.bytes, BUF_NO_CEILING);
    return t;
}

#define CHECK_WRITTEN(w, literal) CHECK_SLICE(buf_slice(&(w).buf), literal)

TEST(lengths_take_the_shortest_form)
{
    static const struct {
        uint64_t len;
        const char *want;
        size_t bytes;
    } rows[] = {
        { 0, "\x00", 1 },
        { 63, "\x3f", 1 },
        { 64, "\x40\x40", 2 },
        { 16383, "\x7f\xff", 2 },
        { 16384, "\x80\x00\x00\x40\x00", 5 },
        { UINT32_MAX, "\x80\xff\xff\xff\xff", 5 },
        { (uint64_t)1 << 32, "\x81\x00\x00\x00\x01\x00\x00\x00\x00", 9 },
        { UINT64_MAX, "\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct codec_writer w;
        codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
        codec_write_len(&w, rows[i].len);
        CHECK_BYTES(w.buf.ptr, w.buf.len, rows[i].want, rows[i].bytes);
        codec_writer_done(&w);
    }
}

TEST(texts_of_numbers_are_written_as_numbers)
{
    static const struct {
        const char *text, *want;
        size_t bytes;
    } rows[] = {
        { "0", "\xc0\x00", 2 },
        { "-128", "\xc0\x80", 2 },
        { "128", "\xc1\x80\x00", 3 },
        { "-32768", "\xc1\x00\x80", 3 },
        { "32768", "\xc2\x00\x80\x00\x00", 5 },
        { "-2147483648", "\xc2\x00\x00\x00\x80", 5 },
        { "2147483648",
          "\x0a"
          "2147483648",
          11 },
        { "01",
          "\x02"
          "01",
          3 },
        { "+1",
          "\x02"
          "+1",
          3 },
        { "-0",
          "\x02"
          "-0",
          3 },
        { " 1",
          "\x02"
          " 1",
          3 },
        { "1 ",
          "\x02"
          "1 ",
          3 },
        { "", "\x00", 1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct codec_writer w;
        codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
        codec_write_string(&w, slice_str(rows[i].text));
        CHECK_BYTES(w.buf.ptr, w.buf.len, rows[i].want, rows[i].bytes);
        codec_writer_done(&w);
    }
}

TEST(integers_are_written_as_numbers_or_as_text)
{
    struct codec_writer w;
    codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
    codec_write_int(&w, -5);
    codec_write_int(&w, INT32_MAX);
    codec_write_int(&w, INT64_MIN);
    CHECK_WRITTEN(w, "\xc0\xfb\xc2\xff\xff\xff\x7f\x14-9223372036854775808");
    codec_writer_done(&w);
}

TEST(numbers_are_little_endian)
{
    struct codec_writer w;
    codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
    codec_write_u16(&w, 0x0102);
    codec_write_u64(&w, 0x0102030405060708);
    codec_write_double(&w, 1.5);
    codec_write_bytes(&w, NULL, 0);
    CHECK_WRITTEN(w, "\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0\0\0\xf8\x3f");
    CHECK_UINT(codec_writer_offset(&w), 18);
    CHECK_UINT(codec_writer_crc(&w), crc64_update(0, buf_slice(&w.buf)));
    codec_writer_done(&w);
}

/* How many bytes a string of `len` times the same takes. */
static size_t bytes_of_same(size_t len, bool compress)
{
    struct codec_writer w;
    char text[100];
    memset(text, 'x', len);
    codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
    w.compress = compress;
    codec_write_string(&w, slice_of(text, len));
    CHECK_INT((unsigned char)w.buf.ptr[0] == 0xc3, w.buf.len < len);
    const size_t bytes = w.buf.len;
    codec_writer_done(&w);
    return bytes;
}

TEST(strings_of_more_than_20_bytes_are_compressed_if_it_is_asked_for)
{
    CHECK_UINT(bytes_of_same(20, true), 21);
    CHECK(bytes_of_same(21, true) < 15);
    CHECK(bytes_of_same(100, true) < 15);
    CHECK_UINT(bytes_of_same(21, false), 22);
    CHECK_UINT(bytes_of_same(100, false), 102);
}

TEST(what_compression_does_not_make_shorter_is_written_as_it_is)
{
    struct codec_writer w;
    codec_writer_init(&w, CODEC_VERSION_MIN, NULL, NULL);
    codec_write_string(&w, SLICE("abcdefghijklmnopqrstuvwxyz"));
    CHECK_WRITTEN(w, "\x1a"
                     "abcdefghijklmnopqrstuvwxyz");
    codec_writer_done(&w);
}

/* ---- with a sink ---- */

TEST(pieces_are_handed_on_in_order_with_offset_and_checksum)
{
    struct codec_taker t = taker_new();
    struct codec_writer w;
    struct buf want;
    buf_init(&want, BUF_NO_CEILING);
    codec_writer_init(&w, CODEC_VERSION_MIN, codec_taker_take, &t);
    for (size_t i = 0; want.len < 5 * CODEC_PIECE; i++) {
        char text[700];
        const size_t len = i * 31 % sizeof(text);
        memset(text, (int)i, len);
        codec_write_bytes(&w, text, len);
        buf_append(&want, slice_of(text, len));
        CHECK_UINT(codec_writer_offset(&w), want.len);
        CHECK(w.buf.len <= CODEC_PIECE);
        if (i % 50 == 0)
            CHECK_UINT(codec_writer_crc(&w), crc64_update(0, buf_slice(&want)));
    }
    CHECK(t.pieces >= 4);
    CHECK(t.bytes.len < want.len);
    CHECK_INT(codec_writer_finish(&w), 0);
    CHECK_BYTES(t.bytes.ptr, t.bytes.len, want.ptr, want.len);
    CHECK(t.longest <= CODEC_PIECE);
    CHECK_UINT(codec_writer_crc(&w), crc64_update(0, buf_slice(&want)));
    CHECK_INT(codec_writer_finish(&w), 0);
    CHECK_UINT(t.bytes.len, want.len);
    codec_writer_done(&w);
    buf_done(&t.bytes);
    buf_done(&want);
}

TEST(long_strings_go_past_the_buffer)
{
    static const size_t lens[] = { CODEC_PIECE - 10, CODEC_PIECE, CODEC_PIECE + 1,
                                   10 * CODEC_PIECE };
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        struct codec_taker t = taker_new();
        struct codec_writer w;
        char *text = mem_alloc(lens[i]);
        memset(text, 'x', lens[i]);
        codec_writer_init(&w, CODEC_VERSION_MIN, codec_taker_take, &t);
        w.compress = false;
        codec_write_byte(&w, 'b');
        codec_write_bytes(&w, text, lens[i]);
        codec_write_byte(&w, 'e');
        CHECK_INT(codec_writer_finish(&w), 0);
        CHECK_UINT(t.bytes.len, lens[i] + 2);
        CHECK_UINT((unsigned char)t.bytes.ptr[0], 'b');
        CHECK_MEM(t.bytes.ptr + 1, text, lens[i]);
        CHECK_UINT((unsigned char)t.bytes.ptr[lens[i] + 1], 'e');
        if (lens[i] >= CODEC_PIECE)
            CHECK_UINT(t.longest, lens[i]);
        CHECK(w.buf.cap <= 2 * CODEC_PIECE);
        CHECK_UINT(codec_writer_crc(&w), crc64_update(0, buf_slice(&t.bytes)));
        codec_writer_done(&w);
        buf_done(&t.bytes);
        mem_free(text);
    }
}

TEST(the_first_failure_of_a_sink_stays_and_nothing_more_is_handed_on)
{
    for (size_t fail_at = 0; fail_at < 3; fail_at++) {
        struct codec_taker t = taker_new();
        struct codec_writer w;
        const char text[1000] = "text";
        t.fail_at = fail_at;
        t.error = -ENOSPC;
        codec_writer_init(&w, CODEC_VERSION_MIN, codec_taker_take, &t);
        for (size_t i = 0; i < 500; i++)
            codec_write_bytes(&w, text, sizeof(text));
        t.fail_at = SIZE_MAX; /* it would go on now */
        t.error = -EIO;
        codec_write_string(&w, SLICE("more"));
        codec_write_len(&w, 5);
        CHECK_INT(codec_writer_finish(&w), -ENOSPC);
        CHECK_INT(codec_writer_finish(&w), -ENOSPC);
        CHECK_UINT(t.pieces, fail_at);
        CHECK(w.buf.len <= CODEC_PIECE);
        codec_writer_done(&w);
        buf_done(&t.bytes);
    }
}

TEST(a_failure_at_the_very_end_is_told)
{
    struct codec_taker t = taker_new();
    struct codec_writer w;
    t.fail_at = 0;
    t.error = -EIO;
    codec_writer_init(&w, CODEC_VERSION_MIN, codec_taker_take, &t);
    codec_write_byte(&w, 1);
    CHECK_INT(codec_writer_finish(&w), -EIO);
    codec_writer_done(&w);
    buf_done(&t.bytes);
}

TEST(the_checksum_may_be_switched_off)
{
    struct codec_taker t = taker_new();
    struct codec_writer w;
    codec_writer_init(&w, CODEC_VERSION_MIN, codec_taker_take, &t);
    w.has_crc = false;
    codec_write_string(&w, SLICE("some text"));
    CHECK_UINT(codec_writer_crc(&w), 0);
    CHECK_INT(codec_writer_finish(&w), 0);
    CHECK_UINT(codec_writer_crc(&w), 0);
    codec_writer_done(&w);
    buf_done(&t.bytes);
}
