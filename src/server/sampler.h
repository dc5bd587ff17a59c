/* Rates: how much a counter has risen a second, over the last samples. */
#ifndef SERVER_SAMPLER_H
#define SERVER_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#define SAMPLER_SAMPLES 16

struct sampler {
    double rates[SAMPLER_SAMPLES];
    size_t next;
    uint64_t last_value, last_ns;
};

void sampler_take(struct sampler *s, uint64_t value, uint64_t now_ns);
double sampler_rate(const struct sampler *s); /* a second */

#endif
