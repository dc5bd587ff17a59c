#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "tests/unit/check.h"

struct text_row {
    double value;
    const char *text;
};

/* Asked of redis-server 7.0.15. */
static const struct text_row printed[] = {
    { 0.1, "0.10000000000000001" },
    { 3.0, "3" },
    { 2.5, "2.5" },
    { -2.5, "-2.5" },
    { 3.141, "3.141" },
    { 0.0, "0" },
    { -0.0, "-0" },
    { 1e-5, "1.0000000000000001e-05" },
    { 0.00001234, "1.234e-05" },
    { 0.0001, "0.0001" },
    { 1e16, "10000000000000000" },
    { -1e16, "-10000000000000000" },
    { 99999999999999990.0, "99999999999999984" },
    { 1e17, "1e+17" },
    { 1e21, "1e+21" },
    { 123456789012345678.0, "1.2345678901234568e+17" },
    { 4503599627370497.0, "4503599627370497" },
    { 1e100, "1e+100" },
    { 1e-310, "9.9999999999999694e-311" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { 5e-324, "4.9406564584124654e-324" },
    { HUGE_VAL, "inf" },
    { -HUGE_VAL, "-inf" },
};

TEST(doubles_are_printed_as_the_protocol_has_them)
{
    for (size_t i = 0; i < COUNT_OF(printed); i++) {
        char got[NUM_DOUBLE_MAX_CHARS];
        size_t len = num_format_double(got, printed[i].value);
        CHECK_BYTES(got, len, printed[i].text, strlen(printed[i].text));
    }
    char got[NUM_DOUBLE_MAX_CHARS];
    CHECK_BYTES(got, num_format_double(got, (double)NAN), "nan", 3);
}

/* Doubles of many sizes: any bits, decimal fractions, few bits, many scales. */
static double random_double(struct rand *r)
{
    uint64_t bits = rand_next(r);
    double value;
    switch (rand_below(r, 5)) {
    case 0:
        memcpy(&value, &bits, sizeof(value));
        return isfinite(value) ? value : 1;
    case 1:
        return (double)(bits % 100000000) / (double)(1 + rand_below(r, 1000000));
    case 2:
        return -(double)(bits % 1000000) / 1000;
    case 3:
        return ldexp((double)(bits >> 11), -(int)rand_below(r, 100));
    default:
        return (double)(int64_t)bits * pow(10, (double)rand_below(r, 40) - 40);
    }
}

TEST(the_short_ways_print_what_the_library_prints)
{
    struct rand r;
    rand_seed(&r, 6);
    for (int i = 0; i < 200000; i++) {
        char want[64];
        char got[NUM_DOUBLE_MAX_CHARS];
        double value = random_double(&r);
        int want_len = snprintf(want, sizeof(want), "%.17g", value);
        size_t len = num_format_double(got, value);
        CHECK_BYTES(got, len, want, (size_t)want_len);
    }
}

TEST(halfway_cases_round_to_even)
{
    /* Binary fractions whose 18th digit is the last one, a 5. */
    static const double values[] = {
        1.00000000000000005 + 0x1p-52,
        0x1.0000000000001p+0,
        0x1.8p-10,
        0x1.fffffffffffffp+52 / 2,
        4503599627370497.5,
        2251799813685248.75,
        0.5,
        9.5367431640625e-07,
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char want[64];
        char got[NUM_DOUBLE_MAX_CHARS];
        int want_len = snprintf(want, sizeof(want), "%.17g", values[i]);
        CHECK_BYTES(got, num_format_double(got, values[i]), want, (size_t)want_len);
    }
}

TEST(doubles_read_back)
{
    struct rand r;
    rand_seed(&r, 7);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        double got;
        double value = random_double(&r);
        size_t len = num_format_double(text, value);
        CHECK(num_parse_double(slice_of(text, len), &got));
        CHECK_DOUBLE(got, value);
        int fewer = snprintf(text, sizeof(text), "%.*g", 1 + (int)rand_below(&r, 17), value);
        double want = strtod(text, NULL);
        if (!isfinite(want) || (want == 0 && value != 0))
            continue;
        CHECK(num_parse_double(slice_of(text, (size_t)fewer), &got));
        CHECK_DOUBLE(got, want);
    }
}

struct read_row {
    struct slice text;
    bool ok;
    double value;
};

/* Asked of redis-server 7.0.15 with ZADD and INCRBYFLOAT. */
static const struct read_row read_rows[] = {
    { { "1", 1 }, true, 1 },
    { { "-1.5", 4 }, true, -1.5 },
    { { "+5", 2 }, true, 5 },
    { { ".5", 2 }, true, 0.5 },
    { { "5.", 2 }, true, 5 },
    { { "1.e3", 4 }, true, 1000 },
    { { "1e3", 3 }, true, 1000 },
    { { "1E-2", 4 }, true, 0.01 },
    { { "0x10", 4 }, true, 16 },
    { { "0x1.8p1", 7 }, true, 3 },
    { { "-0", 2 }, true, -0.0 },
    { { "inf", 3 }, true, HUGE_VAL },
    { { "-INF", 4 }, true, -HUGE_VAL },
    { { "+inf", 4 }, true, HUGE_VAL },
    { { "infinity", 8 }, true, HUGE_VAL },
    { { "1e-310", 6 }, true, 1e-310 },
    { { "9007199254740993", 16 }, true, 9007199254740992.0 },
    { { "1e22", 4 }, true, 1e22 },
    { { "1e23", 4 }, true, 1e23 },
    { { "1e0000000000000003", 18 }, true, 1000 },
    { { "", 0 }, false, 0 },
    { { " 1", 2 }, false, 0 },
    { { "\t1", 2 }, false, 0 },
    { { "\v1", 2 }, false, 0 },
    { { "1 ", 2 }, false, 0 },
    { { "1\n", 2 }, false, 0 },
    { { "1\0", 2 }, false, 0 },
    { { "1\0002", 3 }, false, 0 },
    { { "nan", 3 }, false, 0 },
    { { "-nan", 4 }, false, 0 },
    { { "nan(1)", 6 }, false, 0 },
    { { "1e", 2 }, false, 0 },
    { { "1e+", 3 }, false, 0 },
    { { "e1", 2 }, false, 0 },
    { { ".", 1 }, false, 0 },
    { { "-", 1 }, false, 0 },
    { { ".e3", 3 }, false, 0 },
    { { "0x", 2 }, false, 0 },
    { { "0x.p1", 5 }, false, 0 },
    { { "1,5", 3 }, false, 0 },
    { { "--1", 3 }, false, 0 },
    { { "1e400", 5 }, false, 0 },
    { { "-1e400", 6 }, false, 0 },
    { { "1e-400", 6 }, false, 0 },
};

TEST(doubles_are_taken_or_refused_as_the_peers_do)
{
    for (size_t i = 0; i < COUNT_OF(read_rows); i++) {
        const struct read_row *row = &read_rows[i];
        double got = 77;
        if (num_parse_double(row->text, &got) != row->ok)
            CHECK_FAIL("row %zu: '%.*s'", i, SLICE_ARGS(row->text));
        CHECK_DOUBLE(got, row->ok ? row->value : 77);
    }
}

TEST(long_doubles_are_taken_or_refused_alike)
{
    for (size_t i = 0; i < COUNT_OF(read_rows); i++) {
        const struct read_row *row = &read_rows[i];
        long double got = 77;
        bool ok = row->ok || memchr(row->text.ptr, '4', row->text.len) == row->text.ptr + 2 ||
                  slice_eq(row->text, SLICE("-1e400")) || slice_eq(row->text, SLICE("1e-400"));
        /* Its range is wider. */
        if (num_parse_long_double(row->text, &got) != ok)
            CHECK_FAIL("row %zu: '%.*s'", i, SLICE_ARGS(row->text));
    }
    long double got;
    CHECK(!num_parse_long_double(SLICE("1e4940"), &got));
    CHECK(!num_parse_long_double(SLICE("1e-5000"), &got));
}

TEST(texts_of_any_length)
{
    size_t len = 3 * NUM_LONG_DOUBLE_MAX_CHARS;
    char *text = mem_alloc(len);
    double d = 0;
    long double ld = 0;
    memset(text, '0', len);
    memcpy(text, "1.", 2);
    for (size_t n = 500; n < 530; n++)
        CHECK(num_parse_double(slice_of(text, n), &d));
    CHECK(num_parse_double(slice_of(text, len), &d));
    CHECK_DOUBLE(d, 1);
    CHECK(num_parse_long_double(slice_of(text, NUM_LONG_DOUBLE_MAX_CHARS - 1), &ld));
    CHECK(ld == 1);
    CHECK(!num_parse_long_double(slice_of(text, NUM_LONG_DOUBLE_MAX_CHARS), &ld));
    memset(text, '1', len);
    CHECK(!num_parse_double(slice_of(text, 400), &d)); /* too large */
    CHECK(num_parse_double(slice_of(text, 300), &d));
    mem_free(text);
}

static void check_long_double(long double value, const char *want)
{
    static char got[NUM_LONG_DOUBLE_MAX_CHARS];
    CHECK_BYTES(got, num_format_long_double(got, value), want, strlen(want));
}

TEST(long_doubles_are_printed_without_exponent_and_trailing_zeros)
{
    check_long_double(0, "0");
    check_long_double(-0.0L, "0");
    check_long_double(3, "3");
    check_long_double(100, "100");
    check_long_double(0.5L, "0.5");
    check_long_double(-10.25L, "-10.25");
    check_long_double(1e18L, "1000000000000000000");
    check_long_double(1e-17L, "0.00000000000000001");
    check_long_double(4e-18L, "0");
    check_long_double(-4e-18L, "0");
    check_long_double(6e-18L, "0.00000000000000001");
    check_long_double((long double)HUGE_VAL, "inf");
    check_long_double(-(long double)HUGE_VAL, "-inf");
}

TEST(the_largest_long_double_fits)
{
    static char got[NUM_LONG_DOUBLE_MAX_CHARS];
    size_t len = num_format_long_double(got, LDBL_MAX);
    CHECK(len > 4900);
    long double back = 0;
    CHECK(num_parse_long_double(slice_of(got, len), &back));
    CHECK(back == LDBL_MAX);
}
