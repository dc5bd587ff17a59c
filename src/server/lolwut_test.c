/* LOLWUT's picture: its size, its parts, and that no two are the same. */
#include "server/lolwut.h"

#include "base/buf.h"
#include "base/rand.h"
#include "tests/unit/check.h"

static struct buf draw(uint64_t seed, size_t columns, size_t rows)
{
    struct buf out;
    struct rand random;
    buf_init(&out, BUF_NO_CEILING);
    rand_seed(&random, seed);
    lolwut_draw(&random, columns, rows, &out);
    return out;
}

TEST(a_picture_has_the_size_asked_for)
{
    static const size_t sizes[][2] = { { 1, 1 }, { 2, 2 }, { 66, 21 }, { 7, 50 }, { 1000, 200 } };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t columns = sizes[i][0], rows = sizes[i][1];
        struct buf out = draw(i + 1, columns, rows);
        CHECK_UINT(out.len, (columns + 1) * rows);
        for (size_t y = 0; y < rows; y++)
            CHECK_INT(out.ptr[y * (columns + 1) + columns], '\n');
        buf_done(&out);
    }
}

TEST(sizes_beyond_the_limits_are_cut)
{
    struct buf out = draw(1, 0, 0);
    CHECK_UINT(out.len, 2);
    buf_done(&out);
    out = draw(1, 100000, 100000);
    CHECK_UINT(out.len, (LOLWUT_COLUMNS_MAX + 1) * LOLWUT_ROWS_MAX);
    buf_done(&out);
}

TEST(the_shore_parts_land_and_water)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct buf out = draw(seed, 66, 21);
        size_t summits = 0;
        for (size_t at = 0; at < out.len; at++) {
            size_t y = at / 67;
            if (out.ptr[at] == '\n')
                continue;
            if (y == 14)
                CHECK_INT(out.ptr[at], '_');
            else
                CHECK_PTR_NOT_NULL(strchr(y < 14 ? " .*:^" : " ~-", out.ptr[at]));
            summits += out.ptr[at] == '*';
        }
        CHECK(summits > 0);
        buf_done(&out);
    }
}

TEST(another_seed_is_another_picture)
{
    struct buf a = draw(1, 66, 21), same = draw(1, 66, 21), b = draw(2, 66, 21);
    CHECK(slice_eq(buf_slice(&a), buf_slice(&same)));
    CHECK(!slice_eq(buf_slice(&a), buf_slice(&b)));
    buf_done(&a);
    buf_done(&same);
    buf_done(&b);
}
