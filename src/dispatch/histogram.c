/* Log-linear histograms; the header has the mathematics. */
#include "dispatch/histogram.h"

#include "base/assert.h"
#include "base/mem.h"

#define OCTAVE_BYTES (HISTOGRAM_PARTS * sizeof(uint64_t))

struct histogram *histogram_new(void)
{
    return mem_zalloc(sizeof(struct histogram));
}

void histogram_free(struct histogram *h)
{
    if (!h)
        return;
    for (unsigned i = 0; i < HISTOGRAM_OCTAVES; i++)
        mem_free(h->octaves[i]);
    mem_free(h);
}

COLD uint64_t *histogram_octave_new(struct histogram *h, unsigned octave)
{
    ASSERT(octave < HISTOGRAM_OCTAVES);
    ASSERT(!h->octaves[octave]);
    h->octaves[octave] = mem_zalloc(OCTAVE_BYTES);
    return h->octaves[octave];
}

static uint64_t octave_count(const struct histogram *h, unsigned octave)
{
    uint64_t count = 0;
    for (unsigned i = 0; h->octaves[octave] && i < HISTOGRAM_PARTS; i++)
        count += h->octaves[octave][i];
    return count;
}

uint64_t histogram_count(const struct histogram *h)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_OCTAVES; i++)
        count += octave_count(h, i);
    return count;
}

/* Octaves 0 and 1 have buckets of width 1, each further one doubles it. */
static unsigned width_log2(unsigned octave)
{
    return octave == 0 ? 0 : octave - 1;
}

static uint64_t bucket_low(unsigned octave, unsigned part)
{
    uint64_t lead = octave == 0 ? part : part + HISTOGRAM_PARTS;
    return lead << width_log2(octave);
}

static uint64_t bucket_high(unsigned octave, unsigned part)
{
    return bucket_low(octave, part) + ((UINT64_C(1) << width_log2(octave)) - 1);
}

static uint64_t rank_of(double percentile, uint64_t count)
{
    double share = percentile < 100.0 ? percentile / 100.0 : 1.0;
    uint64_t rank = (uint64_t)(share * (double)count + 0.5);
    return MIN_OF(MAX_OF(rank, (uint64_t)1), count);
}

uint64_t histogram_percentile(const struct histogram *h, double percentile)
{
    uint64_t rank = rank_of(percentile, histogram_count(h));
    uint64_t below = 0;
    if (rank == 0)
        return 0;
    for (unsigned octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
        for (unsigned part = 0; h->octaves[octave] && part < HISTOGRAM_PARTS; part++) {
            below += h->octaves[octave][part];
            if (below >= rank)
                return percentile > 0.0 ? bucket_high(octave, part) : bucket_low(octave, part);
        }
    }
    ASSERT(false);
    return 0;
}

unsigned histogram_steps(const struct histogram *h, unsigned first_log2,
                         struct histogram_step ret_steps[static HISTOGRAM_STEPS_MAX])
{
    uint64_t all = histogram_count(h), below = 0;
    unsigned steps = 0;
    for (unsigned octave = 0; octave < HISTOGRAM_OCTAVES; octave++) {
        unsigned power = octave == 0 ? 0 : octave + HISTOGRAM_PARTS_LOG2 - 1;
        uint64_t first = h->octaves[octave] ? h->octaves[octave][0] : 0;
        uint64_t shown = steps ? ret_steps[steps - 1].count : 0;
        if (power >= first_log2 && below + first > shown)
            ret_steps[steps++] = (struct histogram_step){ bucket_high(octave, 0), below + first };
        if (power >= first_log2 && below + first == all)
            break;
        below += octave_count(h, octave);
    }
    return steps;
}
