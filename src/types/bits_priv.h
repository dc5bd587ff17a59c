/* The two forms of what is vectorised, for the tests. */
#ifndef TYPES_BITS_PRIV_H
#define TYPES_BITS_PRIV_H

#include "types/bits.h"

uint64_t bits_count_scalar(const unsigned char *bytes, size_t len);
/* How many bytes at the beginning are `skip`. */
size_t bits_skip_scalar(const unsigned char *bytes, size_t len, unsigned char skip);

#if defined(__x86_64__)
#define BITS_AVX2 1
bool bits_has_avx2(void);
uint64_t bits_count_avx2(const unsigned char *bytes, size_t len);
size_t bits_skip_avx2(const unsigned char *bytes, size_t len, unsigned char skip);
#endif

#endif
