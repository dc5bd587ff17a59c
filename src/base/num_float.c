/* Floating point numbers as text.
 *
 * Doubles are printed as C's "%.17g" prints them, which the peers' clients see; that form reads
 * back as the same double. Two short ways around the C library serve what occurs: integers, and
 * numbers from 1e-11 up whose 17 digits one 128-bit product yields exactly. */
#include "base/num.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

/* Reading ---------------------------------------------------------------------------------- */

/* What a decimal number is made of: mantissa * 10^exponent. */
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool negative;
};

#define EXACT_MANTISSA_MAX ((uint64_t)1 << 53)
#define EXACT_POWER_MAX 22

/* Doubles that are powers of ten: no larger one is exact. */
static const double exact_powers[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* Reads digits into the mantissa; false when there are too many for it. */
static bool scan_digits(const char **p, const char *end, uint64_t *mantissa)
{
    while (*p < end && **p >= '0' && **p <= '9') {
        if (*mantissa > (UINT64_MAX - 9) / 10)
            return false;
        *mantissa = *mantissa * 10 + (uint64_t)(**p - '0');
        (*p)++;
    }
    return true;
}

/* "e-7" and the like, at most four digits. */
static bool scan_exponent(const char **p, const char *end, int *ret_exponent)
{
    const char *at = *p + 1;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *first = at;
    uint64_t value = 0;
    if (!scan_digits(&at, end, &value) || at == first || at - first > 4)
        return false;
    *ret_exponent = negative ? -(int)value : (int)value;
    *p = at;
    return true;
}

/* Plain decimal notation with a mantissa that fits. False leaves the rest to the C library, be it
 * a number of another form or none. */
static bool scan_decimal(struct slice text, struct decimal *ret)
{
    const char *p = text.ptr;
    const char *end = p + text.len;
    struct decimal d = { 0 };
    if (p < end && (*p == '-' || *p == '+'))
        d.negative = *p++ == '-';

    const char *first = p;
    if (!scan_digits(&p, end, &d.mantissa))
        return false;
    ptrdiff_t digits = p - first;
    ptrdiff_t decimals = 0;
    if (p < end && *p == '.') {
        const char *point = ++p;
        if (!scan_digits(&p, end, &d.mantissa))
            return false;
        decimals = p - point;
    }
    if (digits + decimals == 0 || decimals > 1000)
        return false;
    if (p < end && (*p == 'e' || *p == 'E') && !scan_exponent(&p, end, &d.exponent))
        return false;
    if (p != end)
        return false;
    d.exponent -= (int)decimals;
    *ret = d;
    return true;
}

/* The product or quotient of two exact doubles is rounded once, hence right (Clinger, 1990). */
static bool decimal_to_double(const struct decimal *d, double *ret_value)
{
    if (d->mantissa > EXACT_MANTISSA_MAX)
        return false;
    if (d->exponent < -EXACT_POWER_MAX || d->exponent > EXACT_POWER_MAX)
        return false;
    double value = (double)d->mantissa;
    if (d->exponent < 0)
        value /= exact_powers[-d->exponent];
    else
        value *= exact_powers[d->exponent];
    *ret_value = d->negative ? -value : value;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A double from text that ends with a NUL at [len]. */
static bool library_double(const char *text, size_t len, double *ret_value)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if ((size_t)(end - text) != len || isnan(value))
        return false;
    if (errno == ERANGE && (value == 0 || isinf(value)))
        return false;
    *ret_value = value;
    return true;
}

bool num_parse_double(struct slice text, double *ret_value)
{
    ASSERT(ret_value);
    struct decimal decimal;
    if (text.len == 0)
        return false;
    if (scan_decimal(text, &decimal) && decimal_to_double(&decimal, ret_value))
        return true;
    if (is_space(text.ptr[0]))
        return false;

    char small[512];
    char *copy = text.len < sizeof(small) ? small : mem_try_alloc(text.len + 1);
    if (!copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    bool ok = library_double(copy, text.len, ret_value);
    if (copy != small)
        mem_free(copy);
    return ok;
}

bool num_parse_long_double(struct slice text, long double *ret_value)
{
    ASSERT(ret_value);
    char copy[NUM_LONG_DOUBLE_MAX_CHARS];
    if (text.len == 0 || text.len >= sizeof(copy) || is_space(text.ptr[0]))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';

    char *end;
    errno = 0;
    long double value = strtold(copy, &end);
    if ((size_t)(end - copy) != text.len || isnan(value))
        return false;
    if (errno == ERANGE && (value == 0 || isinf(value)))
        return false;
    *ret_value = value;
    return true;
}

/* Writing ---------------------------------------------------------------------------------- */

#define DIGITS 17
#define DIGITS_FLOOR 10000000000000000ULL /* the least number of 17 digits */

/* 5^27 times a 53-bit mantissa stays below 2^116. */
#define FIVES_MAX 27

static const uint64_t powers_of_five[FIVES_MAX + 1] = {
    1ULL,
    5ULL,
    25ULL,
    125ULL,
    625ULL,
    3125ULL,
    15625ULL,
    78125ULL,
    390625ULL,
    1953125ULL,
    9765625ULL,
    48828125ULL,
    244140625ULL,
    1220703125ULL,
    6103515625ULL,
    30517578125ULL,
    152587890625ULL,
    762939453125ULL,
    3814697265625ULL,
    19073486328125ULL,
    95367431640625ULL,
    476837158203125ULL,
    2384185791015625ULL,
    11920928955078125ULL,
    59604644775390625ULL,
    298023223876953125ULL,
    1490116119384765625ULL,
    7450580596923828125ULL,
};

/* mantissa * 2^exponent * 10^(16 - point), rounded half to even: the 17 digits if `point` is the
 * power of ten of the first one. False when it does not fit the means. */
static bool scale(uint64_t mantissa, int exponent, int point, uint64_t *ret_digits)
{
    int power = DIGITS - 1 - point;
    int shift = -(exponent + power);
    if (power < 0 || power > FIVES_MAX || shift < 1 || shift > 126)
        return false;
    unsigned __int128 product = (unsigned __int128)mantissa * powers_of_five[power];
    unsigned __int128 rest = product & (((unsigned __int128)1 << shift) - 1);
    unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
    unsigned __int128 whole = product >> shift;
    if (whole >= (unsigned __int128)DIGITS_FLOOR * 100)
        return false;
    uint64_t digits = (uint64_t)whole;
    if (rest > half || (rest == half && (digits & 1)))
        digits++;
    *ret_digits = digits;
    return true;
}

/* The 17 digits of a positive finite number and the power of ten of the first. */
static bool exact_digits(double value, uint64_t *ret_digits, int *ret_point)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    int biased = (int)(bits >> 52);
    if (biased == 0) /* subnormal */
        return false;
    uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    int exponent = biased - 1023 - 52;

    int point = (biased - 1023) * 1233 >> 12; /* log10(2) = 1233 / 4096: right or one too small */
    uint64_t digits;
    if (!scale(mantissa, exponent, point, &digits))
        return false;
    if (digits >= DIGITS_FLOOR * 10 && !scale(mantissa, exponent, ++point, &digits))
        return false;
    if (digits == DIGITS_FLOOR * 10) { /* 9.99.. was rounded up */
        digits = DIGITS_FLOOR;
        point++;
    }
    if (EXPECT_NEVER(digits < DIGITS_FLOOR || digits >= DIGITS_FLOOR * 10))
        return false;
    *ret_digits = digits;
    *ret_point = point;
    return true;
}

static char *put(char *out, const char *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return out + len;
}

/* d.ddde-07 for small powers, 0.000ddd and ddd.ddd else. `count` significant digits. */
static size_t layout_digits(char *out, const char *digits, size_t count, int point)
{
    char *p = out;
    if (point < -4) {
        *p++ = digits[0];
        if (count > 1) {
            *p++ = '.';
            p = put(p, digits + 1, count - 1);
        }
        p = put(p, point > -10 ? "e-0" : "e-", point > -10 ? 3 : 2);
        p += num_format_int(p, -point);
    } else if (point < 0) {
        p = put(p, "0.0000", (size_t)(1 - point));
        p = put(p, digits, count);
    } else {
        size_t whole = (size_t)point + 1;
        p = put(p, digits, whole);
        if (count > whole) {
            *p++ = '.';
            p = put(p, digits + whole, count - whole);
        }
    }
    return (size_t)(p - out);
}

/* A number that is no integer. */
static size_t format_fraction(char *out, double value)
{
    uint64_t number;
    int point;
    bool negative = value < 0;
    if (!exact_digits(fabs(value), &number, &point) || point >= DIGITS - 1)
        return (size_t)snprintf(out, NUM_DOUBLE_MAX_CHARS, "%.17g", value);
    char digits[NUM_INT_MAX_CHARS];
    size_t count = num_format_uint(digits, number);
    while (digits[count - 1] == '0' && count > (point < 0 ? 1 : (size_t)point + 1))
        count--;
    if (negative)
        *out = '-';
    return negative + layout_digits(out + negative, digits, count, point);
}

size_t num_format_double(char *out, double value)
{
    ASSERT(out);
    if (isnan(value))
        return (size_t)(put(out, "nan", 3) - out);
    if (isinf(value))
        return value > 0 ? (size_t)(put(out, "inf", 3) - out) : (size_t)(put(out, "-inf", 4) - out);
    if (value == 0)
        return signbit(value) ? (size_t)(put(out, "-0", 2) - out)
                              : (size_t)(put(out, "0", 1) - out);
    if (value > -1e17 && value < 1e17 && value == (double)(int64_t)value)
        return num_format_int(out, (int64_t)value);
    return format_fraction(out, value);
}

size_t num_format_long_double(char *out, long double value)
{
    ASSERT(out);
    if (isnan(value))
        return (size_t)(put(out, "nan", 3) - out);
    if (isinf(value))
        return value > 0 ? (size_t)(put(out, "inf", 3) - out) : (size_t)(put(out, "-inf", 4) - out);
    int written = snprintf(out, NUM_LONG_DOUBLE_MAX_CHARS, "%.17Lf", value);
    if (written < 0 || written >= NUM_LONG_DOUBLE_MAX_CHARS)
        return 0;
    size_t len = (size_t)written;
    while (out[len - 1] == '0')
        len--;
    if (out[len - 1] == '.')
        len--;
    if (len == 2 && out[0] == '-' && out[1] == '0')
        return (size_t)(put(out, "0", 1) - out);
    return len;
}
