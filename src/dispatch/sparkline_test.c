/* Drawings, as redis-server draws the same samples. */
#include "dispatch/sparkline.h"

#include <stdio.h>

#include "tests/unit/check.h"

static const char *drawn(const struct sparkline_point *points, size_t count)
{
    static char text[8192];
    struct buf out;
    buf_init(&out, sizeof(text));
    sparkline_draw(&out, points, count);
    CHECK(out.len < sizeof(text));
    (void)snprintf(text, sizeof(text), "%s", buf_cstr(&out));
    buf_done(&out);
    return text;
}

TEST(columns_stand_between_the_smallest_and_the_largest)
{
    const struct sparkline_point points[] = {
        { 3, "6s" }, { 10, "5s" }, { 20, "4s" }, { 50, "3s" }, { 100, "1s" }
    };
    CHECK_STR(drawn(points, COUNT_OF(points)), "    #\n"
                                               "    |\n"
                                               "   #|\n"
                                               "__#||\n"
                                               "     \n"
                                               "65431\n"
                                               "sssss\n");
}

TEST(equal_values_lie_on_the_ground)
{
    const struct sparkline_point points[] = { { 7, "9s" }, { 7, "12m" }, { 7, "" } };
    CHECK_STR(drawn(points, COUNT_OF(points)), "   \n   \n   \n___\n   \n91 \ns2 \n m \n");
}

TEST(no_points_no_drawing)
{
    CHECK_STR(drawn(NULL, 0), "");
}

TEST(every_height_has_its_mark)
{
    struct sparkline_point points[12];
    for (unsigned i = 0; i < 12; i++)
        points[i] = (struct sparkline_point){ .value = i * UINT32_C(357913941) };
    CHECK_STR(drawn(points, 12), "         _o#\n"
                                 "      _o#|||\n"
                                 "   _o#||||||\n"
                                 "_o#|||||||||\n"
                                 "            \n");
}

TEST(what_is_too_wide_goes_on_below)
{
    struct sparkline_point points[SPARKLINE_COLUMNS + 2];
    for (unsigned i = 0; i < COUNT_OF(points); i++)
        points[i] = (struct sparkline_point){ .value = i == 81, .label = "s" };
    const char *text = drawn(points, COUNT_OF(points));
    size_t block = (SPARKLINE_COLUMNS + 1) * 6;
    CHECK_STR(text + block, "\n #\n |\n |\n_|\n  \nss\n");
}
