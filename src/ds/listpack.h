/* Listpack: a list of short byte strings and numbers in one block, as files and peers have it.
 *
 *   offset  size  what
 *   0       4     bytes of all, little-endian
 *   4       2     entries, little-endian; 65535: more than the field holds, or not counted
 *   6             entries: encoding, data, back-length
 *   last    1     0xff
 *
 *   first byte   then                    what
 *   0xxxxxxx                             0 to 127
 *   10llllll     l bytes                 a string of up to 63 bytes
 *   110xxxxx     1 byte                  13 bits with sign, high bits first
 *   1110llll     1 byte, l bytes         a string of up to 4095 bytes, length's high bits first
 *   11110000     4 bytes, l bytes        a string, length little-endian
 *   11110001     2, 10: 3, 11: 4,        an integer with sign, little-endian
 *   to 11110100  100: 8 bytes
 *
 * The back-length is the size of encoding and data, 7 bits a byte, high ones first; every byte but
 * the first has its top bit set, so that it is read from its end. A string that is the canonical
 * text of an int64 is kept as the number, in the shortest encoding that holds it.
 *
 * A **place** is the offset of an entry: it stays good when the block moves, and as long as nothing
 * before it changes. LISTPACK_NONE is before the first and behind the last entry. A function that changes
 * takes the listpack and returns its new address. Values that are passed in must not lie in it.
 *
 * Invariant: the block is the one that the allocator gives for listpack_bytes(). */
#ifndef DS_LISTPACK_H
#define DS_LISTPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/num.h"
#include "base/slice.h"

struct hash_key;
struct listpack;
struct rand;

#define LISTPACK_NONE ((size_t)0)
/* The bytes of an empty one. */
#define LISTPACK_BYTES_MIN ((size_t)7)
/* None may grow over this, so that peers take it. */
#define LISTPACK_BYTES_MAX ((size_t)1 << 30)

MUST_USE struct listpack *listpack_new(void); /* empty */
MUST_USE struct listpack *listpack_copy(const struct listpack *lp);
void listpack_free(struct listpack *lp); /* accepts NULL */

/* Whether `bytes`, from anywhere, are a listpack: every entry is looked at. */
MUST_USE bool listpack_is_valid(struct slice bytes);
/* Whether no two of the entries whose indexes are multiples of `step` are the same bytes; the key is for the hash of
 * many. */
MUST_USE bool listpack_all_differ(const struct listpack *lp, size_t step,
                                  const struct hash_key *key);
/* A copy of such bytes; NULL if they are not valid. */
MUST_USE struct listpack *listpack_from_bytes(struct slice bytes);
/* The bytes as files have them, borrowed. */
struct slice listpack_slice(const struct listpack *lp);

size_t listpack_bytes(const struct listpack *lp);
/* What the block takes from the allocator. */
size_t listpack_footprint(const struct listpack *lp);
/* Entries; walks over them if there are 65535 or more. */
size_t listpack_count(const struct listpack *lp);
/* Whether another value of `len` bytes stays within LISTPACK_BYTES_MAX: to be asked before a value
 * that an outsider chose is added. */
bool listpack_has_room(const struct listpack *lp, size_t len);
/* Bytes that an entry takes for a string, or number. */
size_t listpack_entry_bytes(struct slice value);
size_t listpack_entry_bytes_int(int64_t value);

/* ---- places: LISTPACK_NONE where there is none ---- */

size_t listpack_first(const struct listpack *lp);
size_t listpack_last(const struct listpack *lp);
size_t listpack_next(const struct listpack *lp, size_t at);
size_t listpack_prev(const struct listpack *lp, size_t at);
/* listpack_next() `count` times. */
size_t listpack_skip(const struct listpack *lp, size_t at, size_t count);
/* The entry of an index; negative ones count from the end, -1 is the last. */
size_t listpack_seek(const struct listpack *lp, int64_t index);
/* The first entry that equals `value`, looking at `at` (LISTPACK_NONE: nowhere) and then at every
 * (skip + 1)th: 1 looks at the fields of pairs. */
size_t listpack_find(const struct listpack *lp, size_t at, struct slice value, size_t skip);
/* Any entry whose index is a multiple of `step`, all equally likely. */
size_t listpack_random(const struct listpack *lp, struct rand *rand, size_t step);

/* ---- values ---- */

struct listpack_value {
    struct slice text; /* ptr is NULL: a number */
    int64_t number;
};

/* Borrowed until the next change. */
struct listpack_value listpack_get(const struct listpack *lp, size_t at);
/* As bytes: borrowed, or digits written into `scratch`. */
struct slice listpack_text(const struct listpack *lp, size_t at,
                           char scratch[static NUM_INT_MAX_CHARS]);
/* True if the entry is a number, whatever its encoding. */
MUST_USE bool listpack_int(const struct listpack *lp, size_t at, int64_t *ret_value);
bool listpack_equals(const struct listpack *lp, size_t at, struct slice value);

/* ---- changes ---- */

MUST_USE struct listpack *listpack_append(struct listpack *lp, struct slice value);
MUST_USE struct listpack *listpack_append_int(struct listpack *lp, int64_t value);
MUST_USE struct listpack *listpack_prepend(struct listpack *lp, struct slice value);
MUST_USE struct listpack *listpack_prepend_int(struct listpack *lp, int64_t value);
/* The new entry stands at `at`, and what was there behind it. LISTPACK_NONE: at the end. */
MUST_USE struct listpack *listpack_insert(struct listpack *lp, size_t at, struct slice value);
MUST_USE struct listpack *listpack_insert_int(struct listpack *lp, size_t at, int64_t value);
/* Behind the entry at `at`: the new one is listpack_next(). */
MUST_USE struct listpack *listpack_insert_after(struct listpack *lp, size_t at, struct slice value);
/* In the place of the entry at `at`. */
MUST_USE struct listpack *listpack_replace(struct listpack *lp, size_t at, struct slice value);
MUST_USE struct listpack *listpack_replace_int(struct listpack *lp, size_t at, int64_t value);
/* Removes `count` entries from `at` on, or as many as there are. What stood behind them is at `at`
 * now: ask listpack_at_end() before it is used. */
MUST_USE struct listpack *listpack_delete(struct listpack *lp, size_t at, size_t count);
/* The same from an index on, which may be one that does not exist: then nothing is removed. */
MUST_USE struct listpack *listpack_delete_range(struct listpack *lp, int64_t index, size_t count);
/* Removes the first `max` entries that equal `value`, or the last. */
MUST_USE struct listpack *listpack_remove(struct listpack *lp, struct slice value, size_t max,
                                          bool from_end, size_t *ret_removed);
bool listpack_at_end(const struct listpack *lp, size_t at);
/* Several at once, which costs less than one by one. */
MUST_USE struct listpack *listpack_append_many(struct listpack *lp,
                                               const struct listpack_value *values, size_t count);
/* All entries of `from` behind those of `lp`. */
MUST_USE struct listpack *listpack_append_all(struct listpack *lp, const struct listpack *from);
/* Without any. */
MUST_USE struct listpack *listpack_clear(struct listpack *lp);

#endif
