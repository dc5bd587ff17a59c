/* What is counted of commands and errors, and how INFO shows it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

uint64_t dispatch_commands_processed(const struct dispatch *d)
{
    return d->commands_processed;
}

/* ---- errors ---- */

/* Codes are made up by whoever makes an error: none may break INFO's lines. */
static void make_code(struct error_stat *stat, struct slice code)
{
    for (size_t i = 0; i < code.len; i++)
        stat->code[i] = strchr("#:\r\n", code.ptr[i]) ? '_' : code.ptr[i];
    stat->code[code.len] = '\0';
}

/* The first with a code that is not before `code`; they are in order. */
static size_t error_place(const struct dispatch *d, const char *code)
{
    size_t low = 0, high = d->error_codes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(d->errors[middle].code, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void error_insert(struct dispatch *d, size_t at, const struct error_stat *stat)
{
    memmove(&d->errors[at + 1], &d->errors[at], (d->error_codes - at) * sizeof(*stat));
    d->errors[at] = *stat;
    d->error_codes++;
}

/* When there are too many codes, further ones are counted together. */
static struct error_stat *error_stat_of(struct dispatch *d, struct slice code)
{
    struct error_stat made = { .count = 0 };
    make_code(&made, code);
    size_t at = error_place(d, made.code);
    if (at < d->error_codes && strcmp(d->errors[at].code, made.code) == 0)
        return &d->errors[at];
    if (d->error_codes >= ERROR_CODES_MAX) {
        made = (struct error_stat){ .code = ERROR_CODES_OVERFLOW };
        at = error_place(d, made.code);
    }
    if (at == d->error_codes || strcmp(d->errors[at].code, made.code) != 0)
        error_insert(d, at, &made);
    return &d->errors[at];
}

/* The first word; a text that has none within the usual length is a plain error. */
static struct slice code_of(struct slice text)
{
    ptrdiff_t space = slice_find(slice_of(text.ptr, MIN_OF(text.len, ERROR_CODE_LEN_MAX)), ' ');
    return space < 0 ? SLICE("ERR") : slice_of(text.ptr, (size_t)space);
}

void dispatch_count_error(struct dispatch *d, struct slice text)
{
    d->error_replies++;
    error_stat_of(d, code_of(text))->count++;
}

/* ---- INFO ---- */

static uint64_t commands(const void *owner)
{
    return ((const struct dispatch *)owner)->commands_processed;
}

static uint64_t error_replies(const void *owner)
{
    return ((const struct dispatch *)owner)->error_replies;
}

static uint64_t slow_count(const void *owner)
{
    return ((const struct dispatch *)owner)->observe.slow.count;
}

static uint64_t slow_ms_sum(const void *owner)
{
    return ((const struct dispatch *)owner)->observe.slow.us_sum / 1000;
}

static uint64_t slow_ms_max(const void *owner)
{
    return ((const struct dispatch *)owner)->observe.slow.us_max / 1000;
}

typedef void (*slot_line)(const struct dispatch *d, const struct command_slot *slot,
                          struct buf *out);

static void each_slot(const struct dispatch *d, slot_line line, struct buf *out)
{
    for (size_t i = 0; i < d->registry.count; i++) {
        const struct command_slot *slot = d->registry.in_order[i];
        line(d, slot, out);
        for (uint32_t sub = 0; sub < slot->sub_count; sub++)
            line(d, &slot->subs[sub], out);
    }
}

static void command_line(const struct dispatch *d UNUSED, const struct command_slot *slot,
                         struct buf *out)
{
    if (slot->calls == 0 && slot->rejected == 0 && slot->failed == 0)
        return;
    double per_call = slot->calls ? (double)slot->ns / 1000.0 / (double)slot->calls : 0.0;
    buf_printf(out,
               "cmdstat_%s:calls=%" PRIu64 ",usec=%" PRIu64
               ",usec_per_call=%.2f,rejected_calls=%" PRIu64 ",failed_calls=%" PRIu64 "\r\n",
               slot->full_name, slot->calls, slot->ns / 1000, per_call, slot->rejected,
               slot->failed);
}

static void command_stats(const void *owner, struct buf *out)
{
    each_slot(owner, command_line, out);
}

static void error_stats(const void *owner, struct buf *out)
{
    const struct dispatch *d = owner;
    for (size_t i = 0; i < d->error_codes; i++)
        buf_printf(out, "errorstat_%s:count=%" PRIu64 "\r\n", d->errors[i].code,
                   d->errors[i].count);
}

/* Up to six decimals, without zeros at their end. */
static void percentile_name(struct buf *out, double percentile)
{
    char text[sizeof("100.000000")];
    int len = snprintf(text, sizeof(text), "%f", percentile);
    while (text[len - 1] == '0')
        len--;
    if (text[len - 1] == '.')
        len--;
    buf_append(out, slice_of(text, (size_t)len));
}

void percentiles_show(const struct observe *o, struct buf *out)
{
    for (size_t i = 0; i < o->percentile_count; i++) {
        if (i)
            buf_append_char(out, ' ');
        percentile_name(out, o->percentiles[i]);
    }
}

static void latency_line(const struct dispatch *d, const struct command_slot *slot, struct buf *out)
{
    const struct observe *o = &d->observe;
    if (!slot->latency)
        return;
    buf_printf(out, "latency_percentiles_usec_%s:", slot->full_name);
    for (size_t i = 0; i < o->percentile_count; i++) {
        uint64_t ns = histogram_percentile(slot->latency, o->percentiles[i]);
        buf_append_str(out, i ? ",p" : "p");
        percentile_name(out, o->percentiles[i]);
        buf_printf(out, "=%.3f", (double)ns / 1000.0);
    }
    buf_append_str(out, "\r\n");
}

static void latency_stats(const void *owner, struct buf *out)
{
    const struct dispatch *d = owner;
    if (d->observe.settings.tracking)
        each_slot(d, latency_line, out);
}

static uint64_t logins_refused(const void *owner)
{
    return ((const struct dispatch *)owner)->logins_refused;
}

static void slot_reset(struct command_slot *slot)
{
    slot->calls = slot->ns = slot->rejected = slot->failed = 0;
    histogram_free(slot->latency);
    slot->latency = NULL;
    for (uint32_t i = 0; i < slot->sub_count; i++)
        slot_reset(&slot->subs[i]);
}

/* Command logs and the latency monitor have verbs of their own for that. */
static void reset(void *owner)
{
    struct dispatch *d = owner;
    for (size_t i = 0; i < d->registry.count; i++)
        slot_reset(d->registry.in_order[i]);
    d->commands_processed = d->error_replies = d->logins_refused = 0;
    d->error_codes = 0;
    d->observe.slow = (struct slow_totals){ 0 };
}

static const struct metric metrics[] = {
    { .section = "Stats",
      .name = "total_commands_processed",
      .count = commands,
      .summary = "Commands that were run, also those that failed." },
    { .section = "Stats",
      .name = "total_error_replies",
      .count = error_replies,
      .summary =
          "Errors that were replied, by commands that failed and for commands that were refused." },
    { .section = "Stats",
      .name = "slowlog_commands_count",
      .count = slow_count,
      .summary = "Commands that the slow log has taken, also those that have left it since." },
    { .section = "Stats",
      .name = "slowlog_commands_time_ms_sum",
      .count = slow_ms_sum,
      .summary = "Milliseconds that these commands took together." },
    { .section = "Stats",
      .name = "slowlog_commands_time_ms_max",
      .count = slow_ms_max,
      .summary = "Milliseconds that the slowest of them took." },
    { .section = "Stats",
      .name = "acl_access_denied_auth",
      .count = logins_refused,
      .summary = "Attempts to authenticate with a wrong name or password." },
    { .section = "Commandstats",
      .pattern = "cmdstat_<command>",
      .text = command_stats,
      .flags = METRIC_ONLY_ALL,
      .summary = "Of each command that was asked for: how often it ran, the microseconds that this "
                 "took in all and on average, how often it was refused before it ran, and how "
                 "often it replied an error." },
    { .section = "Errorstats",
      .pattern = "errorstat_<code>",
      .text = error_stats,
      .summary = "How many errors began with this code. Codes beyond the first 128 are counted "
                 "together, as " ERROR_CODES_OVERFLOW "." },
    { .section = "Latencystats",
      .pattern = "latency_percentiles_usec_<command>",
      .text = latency_stats,
      .flags = METRIC_ONLY_ALL,
      .summary = "Percentiles of the microseconds that the command took, those that "
                 "latency-tracking-info-percentiles names." },
};

struct metric_table dispatch_metrics(struct dispatch *d)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = d,
        .reset = reset,
    };
}
