/* The two forms of what is vectorised, for the tests. */
#ifndef TYPES_BITS_PRIV_H
#define TYPES_BITS_PRIV_H

#include "types/bits.h"

uint64_t bits_count_scalar(const unsigned char *bytes, size_t len);
/* How many bytes at the beginning are `skip`. */
size_t bits_skip_scalar(const unsigned char *bytes, size_t len, unsigned char skip);

void bits_combine_plain(enum bits_operation operation, char *out, size_t len,
                        const struct slice *sources, size_t count);

#if defined(__x86_64__)
#define BITS_AVX2 1
#define BITS_AVX2_TARGET __attribute__((target("avx2")))
bool bits_has_avx2(void);
uint64_t bits_count_avx2(const unsigned char *bytes, size_t len);
size_t bits_skip_avx2(const unsigned char *bytes, size_t len, unsigned char skip);
void bits_combine_avx2(enum bits_operation operation, char *out, size_t len,
                       const struct slice *sources, size_t count);
#endif

#if defined(__aarch64__)
#define BITS_NEON 1
uint64_t bits_count_neon(const unsigned char *bytes, size_t len);
size_t bits_skip_neon(const unsigned char *bytes, size_t len, unsigned char skip);
#endif

#endif
