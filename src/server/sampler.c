#include "server/sampler.h"

void sampler_take(struct sampler *s, uint64_t value, uint64_t now_ns)
{
    uint64_t elapsed = now_ns - s->last_ns;
    /* A counter that was reset starts anew. */
    uint64_t risen = value >= s->last_value ? value - s->last_value : 0;
    if (s->last_ns != 0 && elapsed > 0) {
        s->rates[s->next] = (double)risen * 1e9 / (double)elapsed;
        s->next = (s->next + 1) % SAMPLER_SAMPLES;
    }
    s->last_value = value;
    s->last_ns = now_ns;
}

double sampler_rate(const struct sampler *s)
{
    double sum = 0;
    for (size_t i = 0; i < SAMPLER_SAMPLES; i++)
        sum += s->rates[i];
    return sum / SAMPLER_SAMPLES;
}
