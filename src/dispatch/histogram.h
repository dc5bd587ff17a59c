/* A histogram of durations (or of any whole numbers): constant relative error, whatever their size.
 *
 * Buckets are log-linear: each power of two is parted into HISTOGRAM_PARTS equal ones. A value of
 * 2^k <= v < 2^(k+1) falls into a bucket 2^k / HISTOGRAM_PARTS wide, so what is read from the
 * bucket differs from v by less than v / HISTOGRAM_PARTS: below 0.8 %. Values below 2 *
 * HISTOGRAM_PARTS are exact. The idea is that of G. Tene's HdrHistogram (https://hdrhistogram.org),
 * whose setting of two significant digits has the same bounds; so percentiles agree with those of
 * the peers.
 *
 * The buckets of one octave are allocated when the first value falls into it: a command whose
 * calls take between 1 and 30 microseconds has five of them, 5 KiB. There is no upper limit. */
#ifndef DISPATCH_HISTOGRAM_H
#define DISPATCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define HISTOGRAM_PARTS_LOG2 7
#define HISTOGRAM_PARTS (1u << HISTOGRAM_PARTS_LOG2)
/* Octave 0 holds 0 to HISTOGRAM_PARTS - 1, each further one from a power of two to the next. */
#define HISTOGRAM_OCTAVES (64 - HISTOGRAM_PARTS_LOG2 + 1)

struct histogram {
    uint64_t *octaves[HISTOGRAM_OCTAVES]; /* NULL: nothing in it */
};

/* Never NULL. */
struct histogram *histogram_new(void);
void histogram_free(struct histogram *h); /* accepts NULL */

/* The buckets of an octave that had none. */
uint64_t *histogram_octave_new(struct histogram *h, unsigned octave);

INLINE void histogram_add(struct histogram *h, uint64_t value)
{
    /* From 2 * PARTS on, all but the leading bits are shifted out. */
    unsigned shift = 63u - HISTOGRAM_PARTS_LOG2 -
                     (unsigned)__builtin_clzll(value | HISTOGRAM_PARTS);
    uint64_t bucket = ((uint64_t)shift << HISTOGRAM_PARTS_LOG2) + (value >> shift);
    uint64_t *counts = h->octaves[bucket / HISTOGRAM_PARTS];
    if (UNLIKELY(!counts))
        counts = histogram_octave_new(h, (unsigned)(bucket / HISTOGRAM_PARTS));
    counts[bucket % HISTOGRAM_PARTS]++;
}

/* How many values were added. */
uint64_t histogram_count(const struct histogram *h);

/* The smallest number of which `percentile` percent of the values are not above, give or take
 * the bucket's width (its upper end is returned; for percentile 0 the lower end of the smallest
 * value's bucket). The rank is rounded half up, and at least 1. 0 if there are no values. */
uint64_t histogram_percentile(const struct histogram *h, double percentile);

/* One step of the cumulative distribution over powers of two. */
struct histogram_step {
    uint64_t up_to; /* the upper end of the bucket that begins with the power of two */
    uint64_t count; /* of values not above it */
};
/* Steps for 2^first_log2 and the powers above it, up to the first that has all values below it,
 * without those that add nothing. `ret_steps` has room for 64; the number of steps. */
#define HISTOGRAM_STEPS_MAX 64
unsigned histogram_steps(const struct histogram *h, unsigned first_log2,
                         struct histogram_step ret_steps[static HISTOGRAM_STEPS_MAX]);

#endif
