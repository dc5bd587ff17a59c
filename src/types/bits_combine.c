/* Combining byte strings bit by bit: BITOP.
 *
 * The result is made in blocks that fit a few vector registers: a block of every source is read,
 * combined, and written once, before the next block is looked at. So however many sources there
 * are, all is read once and nothing but the result is written, and the result may stand where one
 * of the sources does. What a short source has not of a block is zeros.
 *
 * The vectors are the compiler's: the same text is compiled for the plain target (SSE2, NEON) and
 * for AVX2, each operation on its own. */
#include "base/assert.h"
#include "types/bits.h"
#include "types/bits_priv.h"

#define BLOCK_VECTORS 4

typedef uint64_t vector __attribute__((vector_size(32)));
/* The same anywhere in bytes. */
typedef uint64_t vector_at __attribute__((vector_size(32), aligned(1), may_alias));

#define BLOCK_BYTES (BLOCK_VECTORS * sizeof(vector))

/* Into every function below, so that the operation is known where it is compiled. */
#define FORCED static inline __attribute__((always_inline))

/* The source's block at `at`: its own bytes, or a copy in `spare` with zeros behind its end. */
FORCED const vector_at *block_at(struct slice source, size_t at, char spare[static BLOCK_BYTES])
{
    if (LIKELY(source.len >= at + BLOCK_BYTES))
        return (const vector_at *)(const void *)(source.ptr + at);
    memset(spare, 0, BLOCK_BYTES);
    if (source.len > at)
        memcpy(spare, source.ptr + at, source.len - at);
    return (const vector_at *)(const void *)spare;
}

/* `more`: with BITS_ONE, what was seen more than once. Vectors go by pointer, since how they would go
 * by value depends on the target. */
FORCED void add_vector(enum bits_operation operation, vector *sum, vector *more,
                       const vector_at *from)
{
    switch (operation) {
    case BITS_AND:
        *sum &= *from;
        break;
    case BITS_XOR:
        *sum ^= *from;
        break;
    case BITS_DIFF:
        *sum &= ~*from;
        break;
    case BITS_ONE:
        *more |= *sum & *from;
        *sum |= *from;
        break;
    default: /* OR; DIFF1 and ANDOR ask what is in any but the first */
        *sum |= *from;
    }
}

FORCED void finish_vector(enum bits_operation operation, vector *sum, const vector *more,
                          const vector *first)
{
    switch (operation) {
    case BITS_NOT:
        *sum = ~*sum;
        break;
    case BITS_DIFF1:
        *sum &= ~*first;
        break;
    case BITS_ANDOR:
        *sum &= *first;
        break;
    case BITS_ONE:
        *sum &= ~*more;
        break;
    default:
        break;
    }
}

FORCED void combine_block(enum bits_operation operation, char *out, const struct slice *sources,
                          size_t count, size_t at)
{
    bool first_is_last = operation == BITS_DIFF1 || operation == BITS_ANDOR;
    char spare[BLOCK_BYTES];
    vector first[BLOCK_VECTORS], sum[BLOCK_VECTORS], more[BLOCK_VECTORS];
    const vector_at *from = block_at(sources[0], at, spare);
    for (int v = 0; v < BLOCK_VECTORS; v++) {
        first[v] = from[v];
        sum[v] = first_is_last ? (vector){ 0 } : first[v];
        more[v] = (vector){ 0 };
    }
    for (size_t i = 1; i < count; i++) {
        from = block_at(sources[i], at, spare);
        for (int v = 0; v < BLOCK_VECTORS; v++)
            add_vector(operation, &sum[v], &more[v], &from[v]);
    }
    for (int v = 0; v < BLOCK_VECTORS; v++) {
        finish_vector(operation, &sum[v], &more[v], &first[v]);
        ((vector_at *)(void *)out)[v] = sum[v];
    }
}

FORCED void combine_all(enum bits_operation operation, char *out, size_t len,
                        const struct slice *sources, size_t count)
{
    char last[BLOCK_BYTES];
    size_t at = 0;
    for (; at + BLOCK_BYTES <= len; at += BLOCK_BYTES)
        combine_block(operation, out + at, sources, count, at);
    if (at < len) {
        combine_block(operation, last, sources, count, at);
        memcpy(out + at, last, len - at);
    }
}

FORCED void combine(enum bits_operation operation, char *out, size_t len,
                    const struct slice *sources, size_t count)
{
#define CASE(known)                                   \
    case known:                                       \
        combine_all(known, out, len, sources, count); \
        break
    switch (operation) {
        CASE(BITS_AND);
        CASE(BITS_OR);
        CASE(BITS_XOR);
        CASE(BITS_NOT);
        CASE(BITS_DIFF);
        CASE(BITS_DIFF1);
        CASE(BITS_ANDOR);
        CASE(BITS_ONE);
    }
#undef CASE
}

void bits_combine_plain(enum bits_operation operation, char *out, size_t len,
                        const struct slice *sources, size_t count)
{
    combine(operation, out, len, sources, count);
}

#if BITS_AVX2
BITS_AVX2_TARGET void bits_combine_avx2(enum bits_operation operation, char *out, size_t len,
                                        const struct slice *sources, size_t count)
{
    combine(operation, out, len, sources, count);
}
#endif

void bits_combine(enum bits_operation operation, char *out, size_t len, const struct slice *sources,
                  size_t count)
{
    ASSERT(operation <= BITS_ONE);
    ASSERT(count > (operation == BITS_DIFF1 || operation == BITS_ANDOR ? 1 : 0));
    ASSERT(operation != BITS_NOT || count == 1);
#if BITS_AVX2
    if (bits_has_avx2()) {
        bits_combine_avx2(operation, out, len, sources, count);
        return;
    }
#endif
    bits_combine_plain(operation, out, len, sources, count);
}
