/* Thresholds, their directives, and what happens to commands that reach one. */
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "dispatch/dispatch_priv.h"

const char *const commandlog_kind_names[COMMANDLOG_KINDS] = {
    [COMMANDLOG_SLOW] = "slow",
    [COMMANDLOG_LARGE_REQUEST] = "large-request",
    [COMMANDLOG_LARGE_REPLY] = "large-reply",
};

#define NEVER UINT64_MAX

/* ---- thresholds ---- */

static uint64_t threshold(int64_t from, int64_t max, uint64_t unit)
{
    uint64_t product;
    if (from < 0 || max == 0 || __builtin_mul_overflow((uint64_t)from, unit, &product))
        return NEVER;
    return product;
}

static void on_keyspace_took(void *arg, const char *event, uint64_t ns)
{
    struct dispatch *d = arg;
    latency_record(&d->observe.latency, event, (int64_t)(ns / 1000000));
}

/* Settings into thresholds; logs that are on shrink to their lengths. */
static int apply(void *owner, const char **ret_error UNUSED)
{
    struct dispatch *d = owner;
    struct observe *o = &d->observe;
    const struct observe_settings *set = &o->settings;
    uint64_t reached[COMMANDLOG_KINDS];
    for (unsigned i = 0; i < COMMANDLOG_KINDS; i++) {
        reached[i] = threshold(set->log[i].from, set->log[i].max, i == COMMANDLOG_SLOW ? 1000 : 1);
        if (set->log[i].from >= 0)
            commandlog_trim(&o->logs[i], set->log[i].max);
    }
    uint64_t request = reached[COMMANDLOG_LARGE_REQUEST];
    uint64_t monitor_ns = set->monitor_ms ? threshold(set->monitor_ms, 1, 1000000) : NEVER;
    o->took_ns = MIN_OF(reached[COMMANDLOG_SLOW], monitor_ns);
    o->reply_bytes = reached[COMMANDLOG_LARGE_REPLY];
    o->request_bytes_less_1 = request == NEVER ? NEVER : MAX_OF(request, (uint64_t)1) - 1;

    o->latency.threshold_ms = set->monitor_ms;
    keyspace_hooks(d->keyspace)->took.fn = latency_is_on(&o->latency) ? on_keyspace_took : NULL;
    keyspace_hooks(d->keyspace)->took.arg = d;
    return 0;
}

/* ---- directives ---- */

static int parse_percentiles(void *owner, const struct slice *words, size_t count,
                             const char **ret_error)
{
    struct observe *o = &((struct dispatch *)owner)->observe;
    if (count == 1 && words[0].len == 0)
        count = 0;
    double *parsed = mem_alloc(MAX_OF(count, (size_t)1) * sizeof(*parsed));
    *ret_error = NULL;
    for (size_t i = 0; i < count && !*ret_error; i++) {
        if (!num_parse_double(words[i], &parsed[i]))
            *ret_error = "Invalid latency-tracking-info-percentiles parameters";
        else if (parsed[i] < 0.0 || parsed[i] > 100.0)
            *ret_error =
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    }
    if (*ret_error) {
        mem_free(parsed);
        return -EINVAL;
    }
    mem_free(o->percentiles);
    o->percentiles = parsed;
    o->percentile_count = count;
    return 0;
}

static void show_percentiles(const void *owner, struct buf *out)
{
    percentiles_show(&((const struct dispatch *)owner)->observe, out);
}

#define AT(field) offsetof(struct observe_settings, field)

static const struct directive directives[] = {
    { .name = "slowlog-log-slower-than",
      .alias = "commandlog-execution-slower-than",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_SLOW].from),
      .min = -1,
      .max = INT64_MAX,
      .initial = "10000",
      .apply = apply,
      .summary = "A command that runs for so many microseconds or longer gets an entry in the slow "
                 "log (SLOWLOG GET, COMMANDLOG GET). 0 logs every command, -1 none. Waiting does "
                 "not count, neither for data nor for the network." },
    { .name = "slowlog-max-len",
      .alias = "commandlog-slow-execution-max-len",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_SLOW].max),
      .max = INT64_MAX,
      .initial = "128",
      .apply = apply,
      .summary =
          "So many entries the slow log keeps; a new one pushes the oldest out. 0 turns it off." },
    { .name = "commandlog-request-larger-than",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_LARGE_REQUEST].from),
      .min = -1,
      .max = INT64_MAX,
      .initial = "1048576",
      .apply = apply,
      .summary = "A command whose request has so many bytes or more, as it was received, gets an "
                 "entry in the log of large requests. -1 turns it off." },
    { .name = "commandlog-large-request-max-len",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_LARGE_REQUEST].max),
      .max = INT64_MAX,
      .initial = "128",
      .apply = apply,
      .summary = "So many entries the log of large requests keeps." },
    { .name = "commandlog-reply-larger-than",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_LARGE_REPLY].from),
      .min = -1,
      .max = INT64_MAX,
      .initial = "1048576",
      .apply = apply,
      .summary = "A command whose reply has so many bytes or more gets an entry in the log of "
                 "large replies. -1 turns it off." },
    { .name = "commandlog-large-reply-max-len",
      .type = DIRECTIVE_INT,
      .offset = AT(log[COMMANDLOG_LARGE_REPLY].max),
      .max = INT64_MAX,
      .initial = "128",
      .apply = apply,
      .summary = "So many entries the log of large replies keeps." },
    { .name = "latency-monitor-threshold",
      .type = DIRECTIVE_INT,
      .offset = AT(monitor_ms),
      .max = INT64_MAX,
      .initial = "0",
      .apply = apply,
      .summary =
          "Whatever holds the server up for so many milliseconds or longer is recorded under its "
          "kind, for LATENCY LATEST, HISTORY, GRAPH and DOCTOR. 0 turns the monitor off." },
    { .name = "latency-tracking",
      .type = DIRECTIVE_BOOL,
      .offset = AT(tracking),
      .initial = "yes",
      .summary = "Keeps a histogram of how long each command takes, for LATENCY HISTOGRAM and INFO "
                 "latencystats." },
    { .name = "latency-tracking-info-percentiles",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI,
      .initial = "50 99 99.9",
      .parse = parse_percentiles,
      .show = show_percentiles,
      .summary = "The percentiles that INFO latencystats shows of each command's histogram, from 0 "
                 "to 100. May be empty." },
};

struct directive_table dispatch_observe_directives(struct dispatch *d)
{
    return (struct directive_table){
        .rows = directives,
        .count = COUNT_OF(directives),
        .settings = &d->observe.settings,
        .owner = d,
        .title = "Slow commands and latency",
    };
}

void observe_init(struct dispatch *d)
{
    struct directive_table table = dispatch_observe_directives(d);
    const char *error;
    directive_init_all(&table);
    for (unsigned i = 0; i < COMMANDLOG_KINDS; i++)
        commandlog_init(&d->observe.logs[i]);
    (void)apply(d, &error);
}

void observe_done(struct dispatch *d)
{
    struct directive_table table = dispatch_observe_directives(d);
    directive_done_all(&table);
    for (unsigned i = 0; i < COMMANDLOG_KINDS; i++)
        commandlog_reset(&d->observe.logs[i]);
    latency_done(&d->observe.latency);
    mem_free(d->observe.percentiles);
    keyspace_hooks(d->keyspace)->took.fn = NULL;
}

struct latency *dispatch_latency(struct dispatch *d)
{
    return &d->observe.latency;
}

/* ---- a command that is looked at ---- */

/* What the request had on the wire; if it was not kept as received, what it would have had. */
static uint64_t request_bytes(const struct cmd *cmd)
{
    const struct slice *wire = &cmd->request->parsed.wire;
    if (wire->len)
        return wire->len;
    char digits[NUM_INT_MAX_CHARS];
    uint64_t bytes = sizeof("*\r\n") - 1 + num_format_uint(digits, (uint64_t)cmd->argc);
    for (int i = 0; i < cmd->argc; i++)
        bytes += sizeof("$\r\n\r\n") - 1 + num_format_uint(digits, cmd->argv[i].len) +
                 cmd->argv[i].len;
    return bytes;
}

static void count_slow(struct slow_totals *slow, uint64_t us)
{
    slow->count++;
    slow->us_sum += us;
    slow->us_max = MAX_OF(slow->us_max, us);
}

static void log_command(struct dispatch *d, const struct cmd *cmd, enum commandlog_kind kind,
                        uint64_t amount)
{
    const struct session *s = cmd->session;
    struct commandlog_record record = {
        .row = cmd->row,
        .owner = cmd->owner,
        .argv = cmd->argv,
        .argc = cmd->argc,
        .unix_s = dispatch_now_ms(d) / 1000,
        .amount = amount,
    };
    struct buf address;
    buf_init(&address, BUF_NO_CEILING);
    if (s->host->describe)
        s->host->describe(s, &address, &record.name);
    record.address = buf_slice(&address);
    commandlog_add(&d->observe.logs[kind], &record, d->observe.settings.log[kind].max);
    buf_done(&address);
}

COLD void observe_closely(struct dispatch *d, const struct cmd *cmd, uint64_t took_ns,
                          uint64_t reply_bytes)
{
    struct observe *o = &d->observe;
    const uint64_t amounts[COMMANDLOG_KINDS] = {
        [COMMANDLOG_SLOW] = took_ns / 1000,
        [COMMANDLOG_LARGE_REQUEST] = request_bytes(cmd),
        [COMMANDLOG_LARGE_REPLY] = reply_bytes,
    };
    latency_record(&o->latency, cmd->row->flags & CMD_FAST ? "fast-command" : "command",
                   (int64_t)(took_ns / 1000000));
    if (cmd->row->flags & CMD_SKIP_SLOWLOG)
        return;
    for (unsigned i = 0; i < COMMANDLOG_KINDS; i++) {
        int64_t from = o->settings.log[i].from;
        if (from < 0 || o->settings.log[i].max == 0 || amounts[i] < (uint64_t)from)
            continue;
        log_command(d, cmd, (enum commandlog_kind)i, amounts[i]);
        if (i == COMMANDLOG_SLOW)
            count_slow(&o->slow, amounts[i]);
    }
}
