/* A sparkline: a row of numbers as a small drawing in plain text, with labels that read
 * downwards. */
#ifndef DISPATCH_SPARKLINE_H
#define DISPATCH_SPARKLINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SPARKLINE_LABEL_MAX 8
/* A point's number is drawn by its height between the smallest and the largest of all. */
struct sparkline_point {
    uint32_t value;
    char label[SPARKLINE_LABEL_MAX];
};

/* Draws `count` points, SPARKLINE_COLUMNS beside each other, further ones below, and under each
 * its label, one character a line. */
#define SPARKLINE_COLUMNS 80
void sparkline_draw(struct buf *out, const struct sparkline_point *points, size_t count);

#endif
