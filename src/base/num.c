/* Integers and amounts of memory as text. */
#include "base/num.h"

#include <errno.h>
#include <stdio.h>

#include "base/assert.h"

/* Two digits at a step halve the divisions. */
static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

#define UINT_DIGITS_MAX 20

static const uint64_t powers_of_ten[UINT_DIGITS_MAX] = {
    1ULL,
    10ULL,
    100ULL,
    1000ULL,
    10000ULL,
    100000ULL,
    1000000ULL,
    10000000ULL,
    100000000ULL,
    1000000000ULL,
    10000000000ULL,
    100000000000ULL,
    1000000000000ULL,
    10000000000000ULL,
    100000000000000ULL,
    1000000000000000ULL,
    10000000000000000ULL,
    100000000000000000ULL,
    1000000000000000000ULL,
    10000000000000000000ULL,
};

static_assert(NUM_INT_MAX_CHARS >= UINT_DIGITS_MAX + 1, "room for any uint64 and a NUL");

/* Eight digits at once; false if one of them is none. The first character is the lowest byte. */
INLINE bool parse_eight(const char *p, uint64_t *ret_value)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    /* A digit's high half is 3, and still is when 6 is added to it. */
    uint64_t high = v & 0xf0f0f0f0f0f0f0f0ULL;
    uint64_t carried = (v + 0x0606060606060606ULL) & 0xf0f0f0f0f0f0f0f0ULL;
    if ((high | (carried >> 4)) != 0x3333333333333333ULL)
        return false;
    v &= 0x0f0f0f0f0f0f0f0fULL;
    v = v * 10 + (v >> 8); /* pairs, in every second byte */
    v = ((v & 0x000000ff000000ffULL) * (100 + (1000000ULL << 32)) +
         ((v >> 16) & 0x000000ff000000ffULL) * (1 + (10000ULL << 32))) >>
        32;
    *ret_value = v & 0xffffffffULL;
    return true;
}

/* 1 to 20 digits, the first of them not 0. */
INLINE bool parse_digits(const char *p, size_t len, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t safe = MIN_OF(len, (size_t)UINT_DIGITS_MAX - 1); /* so many digits always fit */
    size_t i = 0;
    for (; i + 8 <= safe; i += 8) {
        uint64_t eight;
        if (!parse_eight(p + i, &eight))
            return false;
        value = value * 100000000ULL + eight;
    }
    for (; i < safe; i++) {
        unsigned digit = (unsigned char)p[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    if (i < len) {
        unsigned digit = (unsigned char)p[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(value, 10ULL, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool num_parse_uint(struct slice text, uint64_t *ret_value)
{
    ASSERT_DEBUG(ret_value);
    if (text.len == 0 || text.len > UINT_DIGITS_MAX)
        return false;
    if (text.ptr[0] == '0') {
        if (text.len != 1)
            return false;
        *ret_value = 0;
        return true;
    }
    return parse_digits(text.ptr, text.len, ret_value);
}

bool num_parse_int(struct slice text, int64_t *ret_value)
{
    ASSERT_DEBUG(ret_value);
    if (text.len == 0 || text.len > UINT_DIGITS_MAX)
        return false;
    const char *p = text.ptr;
    size_t len = text.len;
    bool negative = p[0] == '-';
    if (negative) {
        p++;
        len--;
    }
    if (UNLIKELY(len == 0))
        return false;
    /* The usual string that is no number ends here. */
    unsigned first = (unsigned char)p[0] - (unsigned)'0';
    if (first > 9)
        return false;
    if (first == 0) {
        if (text.len != 1)
            return false;
        *ret_value = 0;
        return true;
    }

    uint64_t value;
    if (!parse_digits(p, len, &value))
        return false;
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *ret_value = (int64_t)(negative ? 0 - value : value);
    return true;
}

static size_t uint_len(uint64_t value)
{
    /* 1233 / 4096 is just above log10(2): right, or one too small. */
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    unsigned len = bits * 1233 >> 12;
    return len + (value >= powers_of_ten[len]) + (value == 0);
}

size_t num_int_len(int64_t value)
{
    return value < 0 ? 1 + uint_len(0 - (uint64_t)value) : uint_len((uint64_t)value);
}

size_t num_format_uint(char *out, uint64_t value)
{
    ASSERT_DEBUG(out);
    size_t len = uint_len(value);
    char *p = out + len;
    while (value >= 100) {
        p -= 2;
        memcpy(p, digit_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10)
        memcpy(p - 2, digit_pairs + value * 2, 2);
    else
        p[-1] = (char)('0' + value);
    return len;
}

size_t num_format_int(char *out, int64_t value)
{
    ASSERT_DEBUG(out);
    if (value >= 0)
        return num_format_uint(out, (uint64_t)value);
    out[0] = '-';
    return 1 + num_format_uint(out + 1, 0 - (uint64_t)value);
}

struct unit {
    const char *name;
    int64_t bytes;
};

static const struct unit units[] = {
    { "", 1 },
    { "b", 1 },
    { "k", 1000 },
    { "kb", 1024 },
    { "m", 1000 * 1000 },
    { "mb", 1024 * 1024 },
    { "g", 1000L * 1000 * 1000 },
    { "gb", 1024L * 1024 * 1024 },
};

int num_parse_memory(struct slice text, int64_t *ret_bytes)
{
    ASSERT(ret_bytes);
    uint64_t value;
    int rc = num_parse_memory_uint(text, &value);
    if (rc < 0)
        return rc;
    if (value > INT64_MAX)
        return -ERANGE;
    *ret_bytes = (int64_t)value;
    return 0;
}

int num_parse_memory_uint(struct slice text, uint64_t *ret_bytes)
{
    ASSERT(ret_bytes);
    size_t digits = 0;
    uint64_t value = 0;
    bool overflow = false;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') {
        overflow |= __builtin_mul_overflow(value, 10, &value);
        overflow |= __builtin_add_overflow(value, (uint64_t)(text.ptr[digits] - '0'), &value);
        digits++;
    }
    struct slice name = slice_from(text, digits);
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (!slice_is(name, units[i].name))
            continue;
        if (__builtin_mul_overflow(value, units[i].bytes, &value) || overflow)
            return -ERANGE;
        *ret_bytes = value;
        return 0;
    }
    return -EINVAL;
}

void num_format_bytes(char *out, uint64_t bytes)
{
    static const char letters[] = "BKMGTPE";
    ASSERT(out);
    size_t unit = 0;
    double shown = (double)bytes;
    while (unit + 2 < sizeof(letters) && bytes >= 1024ULL << (10 * unit)) {
        shown /= 1024;
        unit++;
    }
    if (unit == 0)
        (void)snprintf(out, NUM_BYTES_MAX_CHARS, "%lluB", (unsigned long long)bytes);
    else
        (void)snprintf(out, NUM_BYTES_MAX_CHARS, "%.2f%c", shown, letters[unit]);
}
