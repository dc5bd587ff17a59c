/* The arithmetic of clock_priv.h. */
#include "base/clock_priv.h"

#include "base/assert.h"

/* Slopes between 2^12 and 2^42 are counters from 1 MHz to 1 THz, and then some. */
#define SLOPE_MIN ((uint64_t)1 << 20)
#define SLOPE_MAX ((uint64_t)1 << 42)

uint64_t clock_slope_between(struct clock_pair from, struct clock_pair to)
{
    if (to.counter <= from.counter || to.ns <= from.ns)
        return 0;
    uint64_t ticks = to.counter - from.counter;
    unsigned __int128 slope = ((unsigned __int128)(to.ns - from.ns) << CLOCK_SLOPE_BITS) / ticks;
    return slope >= SLOPE_MIN && slope <= SLOPE_MAX ? (uint64_t)slope : 0;
}

static uint64_t ticks_of_ns(uint64_t ns, uint64_t slope)
{
    return (uint64_t)(((unsigned __int128)ns << CLOCK_SLOPE_BITS) / slope);
}

void clock_line_start(struct clock_line *l, struct clock_pair now, uint64_t slope)
{
    ASSERT(slope >= SLOPE_MIN);
    ASSERT(slope <= SLOPE_MAX);
    *l = (struct clock_line){
        .base_counter = now.counter,
        .base_ns = now.ns,
        .slope = slope,
        .limit = ticks_of_ns(NS_PER_S, slope),
        .seen = now,
    };
}

uint64_t clock_line_floor(const struct clock_line *l, uint64_t counter)
{
    uint64_t ticks = counter - l->base_counter;
    return l->base_ns + clock_line_ns(l, MIN_OF(ticks, l->limit));
}

/* Whether `slope` is what `before` may have become. */
static bool slopes_agree(uint64_t slope, uint64_t before)
{
    uint64_t apart = slope > before ? slope - before : before - slope;
    return apart <= before / 1000000 * CLOCK_ERROR_MAX_PPM;
}

bool clock_line_turn(struct clock_line *l, struct clock_pair now)
{
    ASSERT(l->limit != 0);
    uint64_t rate = clock_slope_between(l->seen, now);
    if (rate == 0 || !slopes_agree(rate, l->slope))
        return false;

    /* Ahead: keep what was told and go slower. Behind: go on from the clock. */
    uint64_t told = clock_line_floor(l, now.counter);
    uint64_t ahead = told > now.ns ? told - now.ns : 0;
    if (ahead > (now.ns - l->seen.ns) / 1000000 * CLOCK_ERROR_MAX_PPM + CLOCK_ERROR_MIN_NS)
        return false;
    clock_line_start(l, now, rate);
    l->base_ns = now.ns + ahead;
    l->slope = (uint64_t)((unsigned __int128)rate * (NS_PER_S - ahead) / NS_PER_S);
    return true;
}
