/* Drawing of sparklines.
 *
 * A line of text shows three heights of a column: "_", "o", "#", from low to high; below the top
 * of a column stands "|". Four lines make twelve heights. */
#include "dispatch/sparkline.h"

#include <string.h>

#include "base/macros.h"

#define LINES 4
#define HEIGHTS_OF_LINE 3
#define HEIGHTS (LINES * HEIGHTS_OF_LINE)

struct range {
    uint32_t min, max;
};

static struct range range_of(const struct sparkline_point *points, size_t count)
{
    struct range range = { UINT32_MAX, 0 };
    for (size_t i = 0; i < count; i++) {
        range.min = MIN_OF(range.min, points[i].value);
        range.max = MAX_OF(range.max, points[i].value);
    }
    return range;
}

/* 0 for the smallest to HEIGHTS - 1 for the largest. */
static unsigned height_of(struct range range, uint32_t value)
{
    uint64_t span = MAX_OF(range.max - range.min, 1u);
    uint64_t height = (uint64_t)(value - range.min) * HEIGHTS / span;
    return (unsigned)MIN_OF(height, (uint64_t)HEIGHTS - 1);
}

/* What stands in a line, counted from the bottom, of a column of this height.
 */
static char mark_of(unsigned height, unsigned line)
{
    static const char marks[HEIGHTS_OF_LINE] = { '_', 'o', '#' };
    unsigned foot = line * HEIGHTS_OF_LINE;
    if (height < foot)
        return ' ';
    return height - foot < HEIGHTS_OF_LINE ? marks[height - foot] : '|';
}

static void draw_lines(struct buf *out, struct range range, const struct sparkline_point *points,
                       size_t count)
{
    for (unsigned line = LINES; line-- > 0;) {
        for (size_t i = 0; i < count; i++)
            buf_append_char(out, mark_of(height_of(range, points[i].value), line));
        buf_append_char(out, '\n');
    }
}

static void draw_labels(struct buf *out, const struct sparkline_point *points, size_t count)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = MAX_OF(longest, strlen(points[i].label));
    for (size_t at = 0; at < longest; at++) {
        for (size_t i = 0; i < count; i++)
            buf_append_char(out, at < strlen(points[i].label) ? points[i].label[at] : ' ');
        buf_append_char(out, '\n');
    }
}

static void draw_gap(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_append_char(out, ' ');
    buf_append_char(out, '\n');
}

void sparkline_draw(struct buf *out, const struct sparkline_point *points, size_t count)
{
    struct range range = range_of(points, count);
    for (size_t from = 0; from < count; from += SPARKLINE_COLUMNS) {
        size_t columns = MIN_OF(count - from, (size_t)SPARKLINE_COLUMNS);
        if (from > 0)
            buf_append_char(out, '\n');
        draw_lines(out, range, points + from, columns);
        draw_gap(out, columns);
        draw_labels(out, points + from, columns);
    }
}
