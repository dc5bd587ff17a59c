/* What is observed about every command: statistics, latency histogram, command logs, latency
 * monitor.
 *
 * Whoever runs a command takes a mark before its handler and calls observe_end after it. A usual
 * command pays for its counters, one increment in its histogram, and the comparison of three
 * numbers with thresholds; all else is done for those that reach one. */
#ifndef DISPATCH_OBSERVE_PRIV_H
#define DISPATCH_OBSERVE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/metric.h"
#include "dispatch/commandlog.h"
#include "dispatch/dispatch.h"
#include "dispatch/histogram.h"
#include "dispatch/latency.h"

struct cmd;

enum commandlog_kind {
    COMMANDLOG_SLOW,
    COMMANDLOG_LARGE_REQUEST,
    COMMANDLOG_LARGE_REPLY,
    COMMANDLOG_KINDS,
};
extern const char *const commandlog_kind_names[COMMANDLOG_KINDS];

struct observe_settings {
    bool tracking; /* first: beside the thresholds */
    struct {
        int64_t from; /* microseconds or bytes; -1: off */
        int64_t max;  /* entries; 0: off */
    } log[COMMANDLOG_KINDS];
    int64_t monitor_ms;
};

/* Of commands that the slow log took. */
struct slow_totals {
    uint64_t count, us_sum, us_max;
};

struct observe {
    /* A command that reaches one of these is looked at; UINT64_MAX: none does. */
    uint64_t took_ns;
    uint64_t reply_bytes;
    uint64_t request_bytes_less_1; /* an unknown length, 0, less 1 reaches all of
                                    them */
    struct observe_settings settings;
    struct commandlog logs[COMMANDLOG_KINDS];
    struct latency latency;
    struct slow_totals slow;
    double *percentiles; /* of INFO latencystats */
    size_t percentile_count;
};

void observe_init(struct dispatch *d);
void observe_done(struct dispatch *d);

/* A command that reached a threshold, or may have. */
void observe_closely(struct dispatch *d, const struct cmd *cmd, uint64_t took_ns,
                     uint64_t reply_bytes);

/* ---- commandlog_commands.c, latency_commands.c: rows ---- */
extern const struct command commandlog_rows[];
extern const size_t commandlog_row_count;
extern const struct command latency_row;

/* ---- latency_report.c ---- */
void latency_graph(struct buf *out, const struct latency_series *series, int64_t now_s);
void latency_report(struct buf *out, const struct observe *o);

/* ---- statistics.c ---- */
/* The percentiles of INFO latencystats as the directive's words print them. */
void percentiles_show(const struct observe *o, struct buf *out);

#endif
