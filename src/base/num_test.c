#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/rand.h"
#include "tests/unit/check.h"

static bool parses_int(const char *text, int64_t want)
{
    int64_t got;
    return num_parse_int(slice_str(text), &got) && got == want;
}

static bool refuses_int(struct slice text)
{
    int64_t got = 77;
    return !num_parse_int(text, &got) && got == 77;
}

TEST(canonical_integers_are_read)
{
    CHECK(parses_int("0", 0));
    CHECK(parses_int("1", 1));
    CHECK(parses_int("-1", -1));
    CHECK(parses_int("10", 10));
    CHECK(parses_int("12345678", 12345678));
    CHECK(parses_int("-123456789", -123456789));
    CHECK(parses_int("9223372036854775807", INT64_MAX));
    CHECK(parses_int("-9223372036854775808", INT64_MIN));
    CHECK(parses_int("1000000000000000000", 1000000000000000000));
}

TEST(other_forms_of_integers_are_refused)
{
    static const char *const texts[] = {
        "",
        "-",
        "-0",
        "00",
        "01",
        "-01",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "a",
        "12345678a",
        "1234567:",
        "1234567/",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "9999999999999999999",
        "18446744073709551615",
        "99999999999999999999",
        "123456789012345678901",
        "-123456789012345678901",
        "1234567\xb1",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!refuses_int(slice_str(texts[i])))
            CHECK_FAIL("'%s' was taken for an integer", texts[i]);
    CHECK(refuses_int(SLICE("1\0")));
    CHECK(refuses_int(SLICE("12345678\0")));
    CHECK(refuses_int(slice_of(NULL, 0)));
}

TEST(each_byte_in_each_place_is_a_digit_or_refused)
{
    for (size_t len = 1; len <= 19; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char text[20];
                int64_t got;
                memset(text, '1', sizeof(text));
                text[at] = (char)byte;
                bool minus = byte == '-' && at == 0 && len > 1;
                bool zero = byte == '0' && at == 0 && len > 1;
                bool digit = byte >= '0' && byte <= '9' && !zero;
                bool big = len == 19 && at == 0 && byte == '9'; /* 9111.. still fits */
                CHECK(num_parse_int(slice_of(text, len), &got) == (digit || minus || big));
            }
        }
    }
}

TEST(unsigned_integers)
{
    uint64_t got = 0;
    CHECK(num_parse_uint(SLICE("18446744073709551615"), &got));
    CHECK_UINT(got, UINT64_MAX);
    CHECK(num_parse_uint(SLICE("0"), &got));
    CHECK_UINT(got, 0);
    CHECK(!num_parse_uint(SLICE("18446744073709551616"), &got));
    CHECK(!num_parse_uint(SLICE("99999999999999999999"), &got));
    CHECK(!num_parse_uint(SLICE("-1"), &got));
    CHECK(!num_parse_uint(SLICE("01"), &got));
    CHECK(!num_parse_uint(SLICE(""), &got));
    CHECK(!num_parse_uint(SLICE("184467440737095516150"), &got));
}

static void check_int_round_trip(int64_t value)
{
    char want[32];
    char got[NUM_INT_MAX_CHARS];
    int64_t back = ~value;
    int want_len = snprintf(want, sizeof(want), "%" PRId64, value);
    size_t len = num_format_int(got, value);
    CHECK_BYTES(got, len, want, (size_t)want_len);
    CHECK_UINT(num_int_len(value), want_len);
    CHECK(num_parse_int(slice_of(got, len), &back));
    CHECK_INT(back, value);
}

TEST(formatting_and_reading_integers_agree_with_the_library)
{
    struct rand r;
    rand_seed(&r, 4);
    for (int shift = 0; shift < 64; shift++) {
        check_int_round_trip((int64_t)(1ULL << shift));
        check_int_round_trip((int64_t)((1ULL << shift) - 1));
        check_int_round_trip(-(int64_t)((1ULL << shift) - 1));
    }
    int64_t power = 1;
    for (int digits = 1; digits <= 18; digits++, power *= 10) {
        check_int_round_trip(power);
        check_int_round_trip(power - 1);
        check_int_round_trip(-power);
        check_int_round_trip(1 - power);
    }
    for (int i = 0; i < 100000; i++)
        check_int_round_trip((int64_t)(rand_next(&r) >> rand_below(&r, 64)) *
                             (rand_below(&r, 2) ? 1 : -1));
}

TEST(unsigned_formatting_agrees_with_the_library)
{
    struct rand r;
    rand_seed(&r, 5);
    for (int i = 0; i < 100000; i++) {
        char want[32];
        char got[NUM_INT_MAX_CHARS];
        uint64_t back;
        uint64_t value = rand_next(&r) >> rand_below(&r, 64);
        int want_len = snprintf(want, sizeof(want), "%" PRIu64, value);
        size_t len = num_format_uint(got, value);
        CHECK_BYTES(got, len, want, (size_t)want_len);
        CHECK(num_parse_uint(slice_of(got, len), &back));
        CHECK_UINT(back, value);
    }
}

TEST(amounts_of_memory)
{
    static const struct {
        const char *text;
        int rc;
        int64_t bytes;
    } rows[] = {
        { "0", 0, 0 },
        { "100", 0, 100 },
        { "100b", 0, 100 },
        { "1k", 0, 1000 },
        { "1Kb", 0, 1024 },
        { "2M", 0, 2000000 },
        { "2mB", 0, 2097152 },
        { "3g", 0, 3000000000 },
        { "3GB", 0, 3221225472 },
        { "007", 0, 7 },
        { "", 0, 0 },
        { "kb", 0, 0 },
        { "9223372036854775807", 0, INT64_MAX },
        { "9223372036854775808", -ERANGE, 0 },
        { "99999999999999999999gb", -ERANGE, 0 },
        { "9999999999gb", -ERANGE, 0 },
        { "-1", -EINVAL, 0 },
        { "+1", -EINVAL, 0 },
        { " 1", -EINVAL, 0 },
        { "1 kb", -EINVAL, 0 },
        { "1.5k", -EINVAL, 0 },
        { "1kk", -EINVAL, 0 },
        { "1tb", -EINVAL, 0 },
        { "99999999999999999999x", -EINVAL, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t got = -7;
        int rc = num_parse_memory(slice_str(rows[i].text), &got);
        if (rc != rows[i].rc || got != (rc == 0 ? rows[i].bytes : -7))
            CHECK_FAIL("'%s': %d, %" PRId64, rows[i].text, rc, got);
    }
}

TEST(bytes_for_people)
{
    char text[NUM_BYTES_MAX_CHARS];
    num_format_bytes(text, 0);
    CHECK_STR(text, "0B");
    num_format_bytes(text, 1023);
    CHECK_STR(text, "1023B");
    num_format_bytes(text, 1024);
    CHECK_STR(text, "1.00K");
    num_format_bytes(text, 1536 * 1024);
    CHECK_STR(text, "1.50M");
    num_format_bytes(text, (uint64_t)5 << 30);
    CHECK_STR(text, "5.00G");
    num_format_bytes(text, (uint64_t)7 << 40);
    CHECK_STR(text, "7.00T");
    num_format_bytes(text, (uint64_t)1 << 50);
    CHECK_STR(text, "1.00P");
    num_format_bytes(text, UINT64_MAX);
    CHECK_STR(text, "16.00E");
}
