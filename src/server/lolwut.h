/* LOLWUT's drawing: a mountain lake, another one every time. */
#ifndef SERVER_LOLWUT_H
#define SERVER_LOLWUT_H

#include <stddef.h>

struct buf;
struct rand;

#define LOLWUT_COLUMNS_MAX 1000
#define LOLWUT_ROWS_MAX 200

/* Appends `rows` lines of `columns` characters: a ridge below the sky, and its image in the water. */
void lolwut_draw(struct rand *random, size_t columns, size_t rows, struct buf *out);

#endif
