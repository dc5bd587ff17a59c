/* The latency monitor: what took long, by kind of event, with the latest samples of each.
 *
 * Whoever does something that may hold up the server measures it while the monitor is on and tells
 * it under the event's name ("command", "expire-cycle", "fork"). Below the threshold nothing is
 * recorded. A series holds one sample a second, the longest of it, for the last LATENCY_SAMPLES
 * seconds in which something happened.
 *
 * Rooms below this one tell through hooks, which are set while the monitor is on. */
#ifndef DISPATCH_LATENCY_H
#define DISPATCH_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct dispatch;

#define LATENCY_SAMPLES 160

struct latency_sample {
    int64_t unix_s;
    int64_t ms;
};

struct latency_series {
    char *event;
    int64_t max_ms; /* since the series began */
    unsigned count; /* of samples */
    unsigned first; /* the oldest one's place */
    struct latency_sample samples[LATENCY_SAMPLES];
};

struct latency {
    int64_t threshold_ms; /* 0: off */
    struct latency_series **series;
    size_t count;
};

/* The server's one. */
struct latency *dispatch_latency(struct dispatch *d);

/* Whether anybody wants to know: what is measured for the monitor alone need not be, if not. */
INLINE bool latency_is_on(const struct latency *l)
{
    return l->threshold_ms > 0;
}

/* `event` took `ms`. Does nothing when the monitor is off, or that is below its threshold. */
void latency_record(struct latency *l, const char *event, int64_t ms);

/* ---- for this room's verbs ---- */

void latency_done(struct latency *l);
/* NULL if there are no samples of it. */
const struct latency_series *latency_find(const struct latency *l, struct slice event);
/* The i-th sample, oldest first. */
struct latency_sample latency_sample_at(const struct latency_series *series, unsigned i);
/* In any case of letters, as the peers have it here and nowhere else. The number forgotten. */
size_t latency_forget(struct latency *l, struct slice event);
void latency_forget_all(struct latency *l);

#endif
