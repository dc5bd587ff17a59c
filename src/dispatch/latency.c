/* Series of samples, one a kind of event. There are a dozen kinds at most, so they are a list. */
#include "dispatch/latency.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"

static size_t index_of(const struct latency *l, struct slice event)
{
    size_t i = 0;
    while (i < l->count && !slice_eq(slice_str(l->series[i]->event), event))
        i++;
    return i;
}

const struct latency_series *latency_find(const struct latency *l, struct slice event)
{
    size_t i = index_of(l, event);
    return i < l->count ? l->series[i] : NULL;
}

static struct latency_series *find_or_add(struct latency *l, const char *event)
{
    size_t i = index_of(l, slice_str(event));
    if (i < l->count)
        return l->series[i];
    struct latency_series *series = mem_zalloc(sizeof(*series));
    series->event = mem_strdup(event);
    l->series = mem_realloc(l->series, (l->count + 1) * sizeof(*l->series));
    l->series[l->count++] = series;
    return series;
}

static struct latency_sample *place_of(struct latency_series *series, unsigned i)
{
    return &series->samples[(series->first + i) % LATENCY_SAMPLES];
}

struct latency_sample latency_sample_at(const struct latency_series *series, unsigned i)
{
    ASSERT(i < series->count);
    return series->samples[(series->first + i) % LATENCY_SAMPLES];
}

static void series_add(struct latency_series *series, struct latency_sample sample)
{
    struct latency_sample *last = series->count ? place_of(series, series->count - 1) : NULL;
    series->max_ms = MAX_OF(series->max_ms, sample.ms);
    if (last && last->unix_s == sample.unix_s) {
        last->ms = MAX_OF(last->ms, sample.ms);
        return;
    }
    if (series->count < LATENCY_SAMPLES)
        series->count++;
    else
        series->first = (series->first + 1) % LATENCY_SAMPLES;
    *place_of(series, series->count - 1) = sample;
}

COLD void latency_record(struct latency *l, const char *event, int64_t ms)
{
    if (!latency_is_on(l) || ms < l->threshold_ms)
        return;
    struct latency_sample sample = { .unix_s = clock_wall_ms() / 1000, .ms = ms };
    series_add(find_or_add(l, event), sample);
}

static void forget_at(struct latency *l, size_t i)
{
    mem_free(l->series[i]->event);
    mem_free(l->series[i]);
    l->count--;
    memmove(&l->series[i], &l->series[i + 1], (l->count - i) * sizeof(*l->series));
}

size_t latency_forget(struct latency *l, struct slice event)
{
    size_t before = l->count;
    for (size_t i = before; i-- > 0;)
        if (slice_is(event, l->series[i]->event))
            forget_at(l, i);
    return before - l->count;
}

void latency_forget_all(struct latency *l)
{
    while (l->count > 0)
        forget_at(l, l->count - 1);
}

void latency_done(struct latency *l)
{
    latency_forget_all(l);
    mem_free(l->series);
    l->series = NULL;
}
