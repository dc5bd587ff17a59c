/* What the latency monitor says in words and pictures: LATENCY GRAPH and LATENCY DOCTOR. */
#include <inttypes.h>
#include <stdio.h>

#include "dispatch/observe_priv.h"
#include "dispatch/sparkline.h"

/* ---- the graph ---- */

/* How long ago, as the label of a column: "5s", "12m", "3h", "2d". */
static void age_text(int64_t seconds, char out[static SPARKLINE_LABEL_MAX])
{
    static const struct {
        int64_t below, unit;
        char letter;
    } units[] = {
        { 60, 1, 's' }, { 3600, 60, 'm' }, { 86400, 3600, 'h' }, { INT64_MAX, 86400, 'd' }
    };
    size_t i = 0;
    while (seconds >= units[i].below)
        i++;
    int64_t shown = MIN_OF(seconds / units[i].unit, (int64_t)99999);
    (void)snprintf(out, SPARKLINE_LABEL_MAX, "%d%c", (int)shown, units[i].letter);
}

void latency_graph(struct buf *out, const struct latency_series *series, int64_t now_s)
{
    struct sparkline_point points[LATENCY_SAMPLES];
    uint32_t high = 0, low = UINT32_MAX;
    for (unsigned i = 0; i < series->count; i++) {
        struct latency_sample sample = latency_sample_at(series, i);
        points[i].value = (uint32_t)MIN_OF(sample.ms, (int64_t)UINT32_MAX);
        high = MAX_OF(high, points[i].value);
        low = MIN_OF(low, points[i].value);
        age_text(MAX_OF(now_s - sample.unix_s, (int64_t)0), points[i].label);
    }
    buf_printf(out, "%s - high %" PRIu32 " ms, low %" PRIu32 " ms (all time high %" PRId64 " ms)\n",
               series->event, high, low, series->max_ms);
    for (int i = 0; i < SPARKLINE_COLUMNS; i++)
        buf_append_char(out, '-');
    buf_append_char(out, '\n');
    sparkline_draw(out, points, series->count);
}

/* ---- the report ---- */

/* What is worth looking at; an event may give reason for several. */
enum advice {
    ADVICE_SLOWLOG_OFF,
    ADVICE_SLOWLOG_HIGHER,
    ADVICE_SLOWLOG,
    ADVICE_LARGE_VALUES,
    ADVICE_SCHEDULER,
    ADVICE_EXPIRY,
    ADVICE_FORK,
    ADVICE_DISK,
    ADVICE_COUNT,
};

static const char *const advice_texts[ADVICE_COUNT] = {
    [ADVICE_SLOWLOG_OFF] = "The slow log is off, so it cannot say which commands these were: set "
                           "slowlog-log-slower-than to the monitor's threshold (in microseconds).",
    [ADVICE_SLOWLOG_HIGHER] =
        "The slow log takes only what is slower than the monitor's threshold: set "
        "slowlog-log-slower-than to it (in microseconds), to see all of these commands.",
    [ADVICE_SLOWLOG] =
        "SLOWLOG GET names the commands. Those that go through whole collections (KEYS, SMEMBERS, "
        "SORT, large ranges) can be replaced by scans or smaller steps.",
    [ADVICE_LARGE_VALUES] = "Freeing a large value takes time, whoever asks for it: delete with "
                            "UNLINK, or let the lazyfree-lazy-* directives do so.",
    [ADVICE_SCHEDULER] =
        "If commands that are cheap by themselves took long, something else had the processor: see "
        "that the machine does not swap, is not overcommitted, and leaves this process a core.",
    [ADVICE_EXPIRY] = "Many keys expire at the same moment: spread their times to live, or let "
                      "lazyfree-lazy-expire free them in the background.",
    [ADVICE_FORK] =
        "Starting a child copies the page tables, which takes time in proportion to the memory in "
        "use, and more where huge pages or a slow hypervisor are involved.",
    [ADVICE_DISK] = "The disk is slow, or shared: appendfsync everysec, no-appendfsync-on-rewrite, "
                    "or a disk of its own relieve it.",
};

#define ADVICE(a) (1u << ADVICE_##a)

/* The first row whose prefix fits. */
static const struct {
    const char *prefix;
    uint32_t advice;
} reasons[] = {
    { "command-unblocking", ADVICE(LARGE_VALUES) },
    { "command", ADVICE(SLOWLOG) | ADVICE(LARGE_VALUES) },
    { "fast-command", ADVICE(SCHEDULER) },
    { "expire-", ADVICE(EXPIRY) | ADVICE(LARGE_VALUES) },
    { "eviction-", ADVICE(LARGE_VALUES) },
    { "fork", ADVICE(FORK) },
    { "aof-", ADVICE(DISK) },
    { "rdb-", ADVICE(DISK) },
};

static uint32_t advice_about(const struct observe *o, const char *event)
{
    uint32_t advice = 0;
    for (size_t i = 0; i < COUNT_OF(reasons) && !advice; i++)
        if (slice_has_prefix(slice_str(event), slice_str(reasons[i].prefix)))
            advice = reasons[i].advice;
    if (!(advice & ADVICE(SLOWLOG)))
        return advice;
    int64_t slow_us = o->settings.log[COMMANDLOG_SLOW].from;
    if (slow_us < 0 || o->settings.log[COMMANDLOG_SLOW].max == 0)
        advice |= ADVICE(SLOWLOG_OFF);
    else if (slow_us / 1000 > o->settings.monitor_ms)
        advice |= ADVICE(SLOWLOG_HIGHER);
    return advice;
}

static void describe(struct buf *out, const struct latency_series *series)
{
    int64_t sum = 0, deviation = 0;
    for (unsigned i = 0; i < series->count; i++)
        sum += latency_sample_at(series, i).ms;
    int64_t mean = sum / series->count;
    for (unsigned i = 0; i < series->count; i++) {
        int64_t off = latency_sample_at(series, i).ms - mean;
        deviation += off < 0 ? -off : off;
    }
    int64_t from = latency_sample_at(series, 0).unix_s;
    int64_t to = latency_sample_at(series, series->count - 1).unix_s;
    buf_printf(out,
               "%s: %u samples, %" PRId64 " ms on average (mean deviation %" PRId64
               " ms), the worst %" PRId64 " ms",
               series->event, series->count, mean, deviation / series->count, series->max_ms);
    if (series->count > 1)
        buf_printf(out, ", one every %.1f s", (double)(to - from) / (series->count - 1));
    buf_append_str(out, ".\n");
}

void latency_report(struct buf *out, const struct observe *o)
{
    const struct latency *l = &o->latency;
    uint32_t advice = 0;
    if (!latency_is_on(l) && l->count == 0) {
        buf_append_str(out, "The latency monitor is off. CONFIG SET latency-monitor-threshold "
                            "<milliseconds> turns it on.\n");
        return;
    }
    if (l->count == 0) {
        buf_printf(out, "Nothing has taken %" PRId64 " ms or longer.\n", l->threshold_ms);
        return;
    }
    buf_append_str(out, "What has taken long, by kind:\n\n");
    for (size_t i = 0; i < l->count; i++) {
        buf_printf(out, "%zu. ", i + 1);
        describe(out, l->series[i]);
        advice |= advice_about(o, l->series[i]->event);
    }
    if (advice)
        buf_append_str(out, "\nWhat may help:\n\n");
    for (unsigned i = 0; i < ADVICE_COUNT; i++)
        if (advice & 1u << i)
            buf_printf(out, "- %s\n", advice_texts[i]);
}
