/* The line that turns a counter into nanoseconds: pure arithmetic, so that tests can drive it with
 * counters that drift, jump and stop.
 *
 * A line holds for `limit` ticks behind its base (a second); then it is turned: a new base at the
 * present, and a slope that makes it meet the clock again one second later. */
#ifndef BASE_CLOCK_PRIV_H
#define BASE_CLOCK_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define NS_PER_S 1000000000ULL

/* Slopes are nanoseconds a tick, times 2^32: at most 2^63, a second a tick being absurd. */
#define CLOCK_SLOPE_BITS 32

/* The kernel slews by 500 ppm at most; beyond twice that the counter is broken. */
#define CLOCK_ERROR_MAX_PPM 1000
/* Two pairs are never read more exactly than this, however close they lie. */
#define CLOCK_ERROR_MIN_NS 50000

struct clock_pair {
    uint64_t counter;
    uint64_t ns;
};

struct clock_line {
    uint64_t base_counter;
    uint64_t base_ns;
    uint64_t slope;
    uint64_t limit;         /* ticks; 0: not started */
    struct clock_pair seen; /* at the base: what the clock said */
};

INLINE uint64_t clock_line_ns(const struct clock_line *l, uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * l->slope >> CLOCK_SLOPE_BITS);
}

/* 0 when the pairs do not tell one. */
uint64_t clock_slope_between(struct clock_pair from, struct clock_pair to);
void clock_line_start(struct clock_line *l, struct clock_pair now, uint64_t slope);
/* The latest time that the line can have told up to this reading. */
uint64_t clock_line_floor(const struct clock_line *l, uint64_t counter);
/* Whether the counter can still be trusted; the line is unchanged if not. */
MUST_USE bool clock_line_turn(struct clock_line *l, struct clock_pair now);

#endif
