/* Numbers as text, the protocol's way: no locale, no surprises.
 *
 * Parsing accepts the canonical form alone where it says strict (what formatting would print),
 * because whether a string "is an integer" decides about its encoding and must be reversible. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUM_INT_MAX_CHARS 21    /* any int64 or uint64, with a NUL */
#define NUM_DOUBLE_MAX_CHARS 32 /* any double, with a NUL */
#define NUM_LONG_DOUBLE_MAX_CHARS (5 * 1024)
#define NUM_BYTES_MAX_CHARS 32 /* the human form of an amount, with a NUL */

/* Strict: optional '-', no leading zeros, no spaces, in range. */
MUST_USE bool num_parse_int(struct slice text, int64_t *ret_value);
MUST_USE bool num_parse_uint(struct slice text, uint64_t *ret_value);

/* A floating point number as strtod takes it: also hexadecimal, and inf in any case; no spaces,
 * nothing behind it. NaN is refused, and so is what overflows or vanishes. A long double has fewer
 * than NUM_LONG_DOUBLE_MAX_CHARS characters. */
MUST_USE bool num_parse_double(struct slice text, double *ret_value);
MUST_USE bool num_parse_long_double(struct slice text, long double *ret_value);

/* All return the length written, without a NUL. */
size_t num_format_int(char *out, int64_t value);
size_t num_format_uint(char *out, uint64_t value);
/* As "%.17g" prints it, the form that the protocol carries: reads back as the same double, though
 * it is not always the shortest ("0.10000000000000001"). "inf", "-inf", "nan", "-0". */
size_t num_format_double(char *out, double value);
/* Fixed notation with 17 decimals, trailing zeros and the point removed: INCRBYFLOAT's form.
 * `out` holds NUM_LONG_DOUBLE_MAX_CHARS. 0 when it would not fit. */
size_t num_format_long_double(char *out, long double value);

size_t num_int_len(int64_t value);

/* "100", "1k" (1000), "1kb" (1024), m, mb, g, gb, b in any case; no digits mean 0, as the peers
 * have it. 0, or -EINVAL for other text, -ERANGE above INT64_MAX. */
MUST_USE int num_parse_memory(struct slice text, int64_t *ret_bytes);
/* The same up to UINT64_MAX. */
MUST_USE int num_parse_memory_uint(struct slice text, uint64_t *ret_bytes);

/* "1.50M": the human form of INFO. Writes at most NUM_BYTES_MAX_CHARS, with a NUL. */
void num_format_bytes(char *out, uint64_t bytes);

#endif
