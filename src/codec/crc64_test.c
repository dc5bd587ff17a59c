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

TEST(every_length_and_every_cut_give_the_same_as_bit_by_bit)
{
    unsigned char bytes[100];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        uint64_t want = plain(0, bytes, len);
        for (size_t cut = 0; cut <= len; cut++) {
            uint64_t crc = crc64_update(0, slice_of(bytes, cut));
            CHECK_UINT(crc64_update(crc, slice_of(bytes + cut, len - cut)), want);
        }
    }
}
