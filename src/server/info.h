/* INFO as text: the metrics of all rooms, by section, in the order in which clients know them. */
#ifndef SERVER_INFO_H
#define SERVER_INFO_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct info;
struct metric;
struct server;

#define INFO_SECTIONS_MAX 32

/* Name of a section, by its place in INFO's order, and whether INFO without arguments shows it.
 * NULL behind the last one. */
const char *info_section(size_t index, bool *ret_usual);
/* Its fields in order, parted by spaces; NULL: that of the rows. */
const char *info_section_order(size_t index);

/* The rows in the order in which INFO ALL prints them; NULL behind the last one. */
const struct metric *info_row(struct server *s, size_t index);

/* Prints the sections whose places are `wanted`. The server has started. */
void info_print(struct server *s, const bool wanted[static INFO_SECTIONS_MAX], struct buf *out);

void info_free(struct info *info); /* accepts NULL */

#endif
