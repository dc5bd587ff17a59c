/* Time tree: items ordered by a time in milliseconds, in a B+ tree with packed leaves.
 *
 * Each database keeps its keys with a TTL in one, so that expiry is exact: the first item is the
 * next to expire. A leaf has a base time and 10-byte records: a 32-bit difference to the base and a
 * 48-bit pointer, ordered by (time, pointer); a record whose time does not fit the leaf's 32 bits
 * goes to a leaf of its own range. The right edge splits full-left, because times mostly rise.
 *
 * Items are addresses; the tree never looks into them. The pair (when, item) is unique. */
#ifndef DS_TIMETREE_H
#define DS_TIMETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timetree;

struct timetree *timetree_new(void);
void timetree_free(struct timetree *t); /* accepts NULL; items are not touched */

void timetree_add(struct timetree *t, int64_t when_ms, void *item);
/* Both assert that (when_ms, item) is in the tree. */
void timetree_remove(struct timetree *t, int64_t when_ms, void *item);
void timetree_move(struct timetree *t, int64_t when_ms, void *old_item, void *new_item);

/* The earliest item, or NULL. */
void *timetree_first(const struct timetree *t, int64_t *ret_when_ms);
void *timetree_last(const struct timetree *t, int64_t *ret_when_ms); /* the latest */

size_t timetree_count(const struct timetree *t);
size_t timetree_footprint(const struct timetree *t);

/* In order; the callback must not change the tree. */
void timetree_each(const struct timetree *t, void (*visit)(void *arg, int64_t when_ms, void *item),
                   void *arg);
/* The same for items of times before `when_ms`, until the callback says false. */
void timetree_each_before(const struct timetree *t, int64_t when_ms,
                          bool (*visit)(void *arg, int64_t when_ms, void *item), void *arg);
/* How many items have times before `when_ms`: looks at each of their leaves. */
size_t timetree_count_before(const struct timetree *t, int64_t when_ms);
/* Drops all items. */
void timetree_clear(struct timetree *t);

/* Checks every invariant, for tests; asserts. */
void timetree_verify(const struct timetree *t);

#endif
