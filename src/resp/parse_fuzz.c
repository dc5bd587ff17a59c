/* The request parser under any bytes: given whole and given in pieces, they must yield the same;
 * and what has a wire form must be it when it is encoded anew (the feeder checks that).
 *
 * The first byte chooses the limits, the second seeds the lengths of the pieces. */
#include "base/rand.h"
#include "resp/feed_priv.h"
#include "tests/unit/fuzz.h"

static const struct resp_limits choices[] = {
    { .bulk_max = 1 << 16, .authenticated = true },
    { .bulk_max = 1 << 16, .authenticated = false },
    { .bulk_max = 1 << 16, .big_bulk = 1, .authenticated = true },
    { .bulk_max = 1 << 16, .big_bulk = 20, .authenticated = true },
};

static void feed_in_pieces(struct feed *f, struct slice bytes, uint64_t seed)
{
    struct rand rand;
    rand_seed(&rand, seed);
    uint64_t max = 1 + rand_below(&rand, 64);
    while (bytes.len > 0) {
        size_t n = 1 + rand_below(&rand, max);
        n = MIN_OF(n, bytes.len);
        feed_bytes(f, slice_of(bytes.ptr, n));
        bytes = slice_from(bytes, n);
        if (f->bulk_count == FEED_BULKS_MAX)
            f->limits.big_bulk = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2)
        return 0;
    const struct resp_limits *limits = &choices[data[0] % COUNT_OF(choices)];
    struct slice bytes = slice_of(data + 2, len - 2);
    struct resp_limits no_big = *limits;
    struct feed whole, split;

    no_big.big_bulk = 0;
    feed_init(&whole, &no_big);
    feed_init(&split, limits);
    feed_bytes(&whole, bytes);
    feed_in_pieces(&split, bytes, data[1]);
    feed_note_rest(&whole);
    feed_note_rest(&split);
    ASSERT(slice_eq(buf_slice(&whole.transcript), buf_slice(&split.transcript)));
    feed_done(&whole);
    feed_done(&split);
    return 0;
}
