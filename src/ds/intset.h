/* Intset: a set of integers in one sorted array, as files and peers have it.
 *
 *   offset  size  what
 *   0       4     width of a number: 2, 4 or 8 bytes
 *   4       4     how many there are
 *   8             the numbers, rising, each once
 *
 * All is little-endian. A number that does not fit makes all of them wider; they never become
 * narrower again, as with the peers. A function that changes takes the intset and returns its new
 * address.
 *
 * Invariant: the block is the one that the allocator gives for intset_bytes(). */
#ifndef DS_INTSET_H
#define DS_INTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct intset;
struct rand;

/* The bytes of an empty one. */
#define INTSET_BYTES_MIN ((size_t)8)
/* None may grow over this. */
#define INTSET_BYTES_MAX ((size_t)1 << 30)

MUST_USE struct intset *intset_new(void); /* empty, of the narrowest width */
MUST_USE struct intset *intset_copy(const struct intset *is);
void intset_free(struct intset *is); /* accepts NULL */

/* Whether `bytes`, from anywhere, are an intset: every number is looked at. An empty one is. */
MUST_USE bool intset_is_valid(struct slice bytes);
/* A copy of such bytes; NULL if they are not valid. */
MUST_USE struct intset *intset_from_bytes(struct slice bytes);
/* The bytes as files have them, borrowed. */
struct slice intset_slice(const struct intset *is);

size_t intset_bytes(const struct intset *is);
/* What the block takes from the allocator. */
size_t intset_footprint(const struct intset *is);
size_t intset_count(const struct intset *is);
size_t intset_width(const struct intset *is);
/* Whether another number stays within INTSET_BYTES_MAX whatever its width. */
bool intset_has_room(const struct intset *is);

bool intset_has(const struct intset *is, int64_t value);
/* The number of an index, in rising order: 0 is the least. `index` < count. */
int64_t intset_at(const struct intset *is, size_t index);
/* How many numbers are less than `value`. */
size_t intset_rank(const struct intset *is, int64_t value);
/* Any number, all equally likely; there must be one. */
int64_t intset_random(const struct intset *is, struct rand *rand);

/* `ret_changed`: whether it was not there (was there) before; may be NULL. */
MUST_USE struct intset *intset_add(struct intset *is, int64_t value, bool *ret_changed);
MUST_USE struct intset *intset_remove(struct intset *is, int64_t value, bool *ret_changed);
/* Removes `count` numbers from an index on; all of them must be there. */
MUST_USE struct intset *intset_remove_range(struct intset *is, size_t index, size_t count);

#endif
