/* Bits of byte strings: counting, searching, combining, and integers of any width at any bit.
 *
 * Bit 0 is the highest bit of the first byte, as the bitmap commands number them. Counting,
 * searching and combining have vector forms (AVX2 where the processor has it, NEON on arm64) and
 * plain ones that do the same. Nothing here allocates, or reads behind the length that it is given. */
#ifndef TYPES_BITS_H
#define TYPES_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* How many bits are set: in all bytes; from bit `first` to bit `last`, which both are in `s`. */
uint64_t bits_count(struct slice s);
uint64_t bits_count_range(struct slice s, uint64_t first, uint64_t last);

/* The first bit that is `bit`, from `first` to `last`, which both are in `s`; -1 if none is. */
int64_t bits_find(struct slice s, bool bit, uint64_t first, uint64_t last);

/* Bit `at`; 0 behind the end. */
bool bits_get(struct slice s, uint64_t at);

#define BITS_FIELD_MAX 64

/* The `width` (1 to 64) bits from `at` on as an unsigned number; bits behind the end are 0. */
uint64_t bits_field_get(struct slice s, uint64_t at, unsigned width);
/* Writes the low `width` bits of `value`; all of them must lie in the bytes. */
void bits_field_set(char *bytes, uint64_t at, unsigned width, uint64_t value);

enum bits_operation {
    BITS_AND,
    BITS_OR,
    BITS_XOR,
    BITS_NOT,   /* of one source */
    BITS_DIFF,  /* in the first, and in no other */
    BITS_DIFF1, /* in another, and not in the first */
    BITS_ANDOR, /* in the first, and in another */
    BITS_ONE,   /* in exactly one */
};

/* Combines `count` (>= 1) sources, of which none is longer than `len`, into `len` bytes at `out`;
 * shorter ones count as followed by zeros. A source may begin at `out`, or have nothing in common with it. */
void bits_combine(enum bits_operation operation, char *out, size_t len, const struct slice *sources,
                  size_t count);

#endif
