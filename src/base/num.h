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
#define NUM_DOUBLE_MAX_CHARS 32 /* shortest round-trip form of a double, with a NUL */
#define NUM_LONG_DOUBLE_MAX_CHARS (5 * 1024)

/* Strict: optional '-', no leading zeros, no spaces, in range. */
MUST_USE bool num_parse_int(struct slice text, int64_t *ret_value);
MUST_USE bool num_parse_uint(struct slice text, uint64_t *ret_value);

/* A floating point number as strtod takes it: also inf and nan in any case; no spaces, nothing
 * behind it. NaN is refused. */
MUST_USE bool num_parse_double(struct slice text, double *ret_value);
MUST_USE bool num_parse_long_double(struct slice text, long double *ret_value);

/* All return the length written, without a NUL. */
size_t num_format_int(char *out, int64_t value);
size_t num_format_uint(char *out, uint64_t value);
/* Shortest form that reads back as the same double; "inf", "-inf", "nan"; integers without a
 * point or exponent when they are exactly representable below 1e17. */
size_t num_format_double(char *out, double value);
/* Fixed notation with 17 decimals, trailing zeros and the point removed: INCRBYFLOAT's form.
 * `out` holds NUM_LONG_DOUBLE_MAX_CHARS. 0 when it would not fit. */
size_t num_format_long_double(char *out, long double value);

size_t num_int_len(int64_t value);

/* "100", "1k" (1000), "1kb" (1024), m, mb, g, gb, b; also with '-' when `is_signed`. 0 or -EINVAL,
 * -ERANGE. */
MUST_USE int num_parse_memory(struct slice text, int64_t *ret_bytes);

/* "1.50M": the human form of INFO. Writes at most 32 characters with a NUL. */
void num_format_bytes(char *out, uint64_t bytes);

#endif
