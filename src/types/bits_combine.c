/* Combining byte strings bit by bit: BITOP.
 *
 * Pieces that fit the first-level cache go through all sources before the next piece does, so that
 * the result is written to memory once. The loops are plain; compilers vectorise them. */
#include "base/assert.h"
#include "types/bits.h"

#define PIECE_BYTES ((size_t)4096)

/* A piece of the result: what is known of it, and for BITS_ONE the bits seen more than once. */
struct piece {
    unsigned char *out;
    size_t len;
    unsigned char more[PIECE_BYTES];
};

static void and_piece(struct piece *p, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p->out[i] &= from[i];
    memset(p->out + len, 0, p->len - len);
}

static void or_piece(struct piece *p, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p->out[i] |= from[i];
}

static void xor_piece(struct piece *p, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p->out[i] ^= from[i];
}

static void without_piece(struct piece *p, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p->out[i] = (unsigned char)(p->out[i] & ~from[i]);
}

static void once_piece(struct piece *p, const unsigned char *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        p->more[i] |= p->out[i] & from[i];
        p->out[i] |= from[i];
    }
}

typedef void (*combine_piece)(struct piece *p, const unsigned char *from, size_t len);

/* DIFF1 and ANDOR start from the second source and take the first one last. */
static const struct operation_row {
    combine_piece each, last_first;
} operation_rows[] = {
    [BITS_AND] = { and_piece, NULL },       [BITS_OR] = { or_piece, NULL },
    [BITS_XOR] = { xor_piece, NULL },       [BITS_NOT] = { NULL, NULL },
    [BITS_DIFF] = { without_piece, NULL },  [BITS_DIFF1] = { or_piece, without_piece },
    [BITS_ANDOR] = { or_piece, and_piece }, [BITS_ONE] = { once_piece, NULL },
};

/* What of a source lies in the piece at `at`. */
static struct slice source_piece(struct slice source, size_t at, size_t len)
{
    struct slice rest = slice_from(source, MIN_OF(at, source.len));
    rest.len = MIN_OF(rest.len, len);
    return rest;
}

static void start_piece(struct piece *p, struct slice from)
{
    if (from.len)
        memcpy(p->out, from.ptr, from.len);
    memset(p->out + from.len, 0, p->len - from.len);
    memset(p->more, 0, p->len);
}

static void finish_piece(struct piece *p, enum bits_operation operation)
{
    if (operation == BITS_NOT)
        for (size_t i = 0; i < p->len; i++)
            p->out[i] = (unsigned char)~p->out[i];
    if (operation == BITS_ONE)
        without_piece(p, p->more, p->len);
}

void bits_combine(enum bits_operation operation, char *out, size_t len, const struct slice *sources,
                  size_t count)
{
    const struct operation_row *row = &operation_rows[operation];
    size_t first = row->last_first ? 1 : 0;
    ASSERT((size_t)operation < COUNT_OF(operation_rows));
    ASSERT(count > first);
    ASSERT(operation != BITS_NOT || count == 1);

    struct piece p;
    for (size_t at = 0; at < len; at += p.len) {
        p.len = MIN_OF(len - at, PIECE_BYTES);
        p.out = (unsigned char *)out + at;
        start_piece(&p, source_piece(sources[first], at, p.len));
        for (size_t i = first + 1; i < count; i++) {
            struct slice from = source_piece(sources[i], at, p.len);
            row->each(&p, (const unsigned char *)from.ptr, from.len);
        }
        if (row->last_first) {
            struct slice from = source_piece(sources[0], at, p.len);
            row->last_first(&p, (const unsigned char *)from.ptr, from.len);
        }
        finish_piece(&p, operation);
    }
}
