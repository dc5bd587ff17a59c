#include "codec/crc64.h"

#include "codec/crc64_priv.h"
#include "tests/unit/check.h"

/* Bit by bit, as the definition has it. */
static uint64_t plain(uint64_t crc, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? CRC64_POLYNOMIAL : 0);
    }
    return crc;
}

TEST(the_check_value_is_the_published_one)
{
    CHECK_UINT(crc64_update(0, SLICE("123456789")), 0xe9c6d914c4b8d9cau);
    CHECK_UINT(crc64_update(0, SLICE("")), 0);
}

TEST(the_table_is_what_the_polynomial_gives)
{
    for (size_t byte = 0; byte < 256; byte++) {
        unsigned char bytes[CRC64_ROWS] = { (unsigned char)byte };
        for (size_t row = 0; row < CRC64_ROWS; row++)
            CHECK_UINT(crc64_table[row][byte], plain(0, bytes, row + 1));
    }
}

#define BYTES_MAX 400

static void fill(unsigned char *bytes)
{
    for (size_t i = 0; i < BYTES_MAX; i++)
        bytes[i] = (unsigned char)(i * i * 37 + i * 11 + 5);
}

TEST(every_length_and_every_cut_give_the_same_as_bit_by_bit)
{
    unsigned char bytes[BYTES_MAX];
    fill(bytes);
    for (size_t len = 0; len <= BYTES_MAX; len++) {
        uint64_t want = plain(0, bytes, len);
        for (size_t cut = 0; cut <= len; cut += 1 + len / 8) {
            uint64_t crc = crc64_update(0, slice_of(bytes, cut));
            CHECK_UINT(crc64_update(crc, slice_of(bytes + cut, len - cut)), want);
        }
    }
}

TEST(every_form_gives_the_same_as_bit_by_bit)
{
    unsigned char bytes[BYTES_MAX];
    fill(bytes);
    for (size_t from = 0; from < 17; from++) {
        for (size_t len = 0; len + from <= BYTES_MAX; len++) {
            const uint64_t want = plain(from, bytes + from, len);
            CHECK_UINT(crc64_scalar(from, bytes + from, len), want);
#if CRC64_FOLD
            if (len >= CRC64_FOLD_MIN && crc64_can_fold())
                CHECK_UINT(crc64_fold(from, bytes + from, len), want);
#endif
        }
    }
}

#if CRC64_FOLD
/* x to a power modulo the polynomial, bits reversed. */
static uint64_t power(unsigned exponent)
{
    uint64_t x = (uint64_t)1 << 63;
    while (exponent-- > 0)
        x = x >> 1 ^ (x & 1 ? CRC64_POLYNOMIAL : 0);
    return x;
}

TEST(the_powers_are_what_the_polynomial_gives)
{
    static const uint64_t far[] = { CRC64_FOLD_64 }, near[] = { CRC64_FOLD_16 };
    CHECK_UINT(far[0], power(575));
    CHECK_UINT(far[1], power(511));
    CHECK_UINT(near[0], power(191));
    CHECK_UINT(near[1], power(127));
}
#endif
