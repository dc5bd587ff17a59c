/* LATENCY: histograms of commands, and what the monitor has recorded. */
#include "dispatch/dispatch_priv.h"

/* ---- HISTOGRAM ---- */

/* Steps begin at 1.024 microseconds. */
#define FIRST_STEP_LOG2 10

static void reply_steps(struct reply *r, const struct histogram *h)
{
    struct histogram_step steps[HISTOGRAM_STEPS_MAX];
    unsigned count = histogram_steps(h, FIRST_STEP_LOG2, steps);
    reply_map(r, 2);
    reply_bulk_str(r, "calls");
    reply_int(r, (int64_t)histogram_count(h));
    reply_bulk_str(r, "histogram_usec");
    reply_map(r, count);
    for (unsigned i = 0; i < count; i++) {
        reply_int(r, (int64_t)(steps[i].up_to / 1000));
        reply_int(r, (int64_t)steps[i].count);
    }
}

/* A command, or a container with all its subcommands; those that ran. The number shown. */
static size_t reply_histograms(struct reply *r, const struct command_slot *slot)
{
    size_t shown = 0;
    if (slot->latency) {
        reply_bulk_str(r, slot->full_name);
        reply_steps(r, slot->latency);
        shown++;
    }
    for (uint32_t i = 0; i < slot->sub_count; i++)
        shown += reply_histograms(r, &slot->subs[i]);
    return shown;
}

/* "config", "config|get". */
static const struct command_slot *find_named(const struct dispatch *d, struct slice name)
{
    ptrdiff_t bar = slice_find(name, '|');
    const struct command_slot *slot = dispatch_find(d, bar < 0 ? name
                                                               : slice_of(name.ptr, (size_t)bar));
    if (!slot || bar < 0)
        return slot;
    return dispatch_find_sub(slot, slice_from(name, (size_t)bar + 1));
}

static void run_histogram(struct cmd *cmd)
{
    const struct dispatch *d = cmd->dispatch;
    size_t shown = 0;
    reply_defer(cmd->reply);
    for (int i = 2; i < cmd->argc; i++) {
        const struct command_slot *slot = find_named(d, cmd->argv[i]);
        shown += slot ? reply_histograms(cmd->reply, slot) : 0;
    }
    for (size_t i = 0; cmd->argc == 2 && i < dispatch_count(d); i++)
        shown += reply_histograms(cmd->reply, dispatch_at(d, i));
    reply_settle(cmd->reply, REPLY_MAP, shown);
}

/* ---- the monitor ---- */

static const struct latency *monitor(const struct cmd *cmd)
{
    return &cmd->dispatch->observe.latency;
}

static void run_latest(struct cmd *cmd)
{
    const struct latency *l = monitor(cmd);
    reply_array(cmd->reply, l->count);
    for (size_t i = 0; i < l->count; i++) {
        const struct latency_series *series = l->series[i];
        struct latency_sample last = latency_sample_at(series, series->count - 1);
        reply_array(cmd->reply, 4);
        reply_bulk_str(cmd->reply, series->event);
        reply_int(cmd->reply, last.unix_s);
        reply_int(cmd->reply, last.ms);
        reply_int(cmd->reply, series->max_ms);
    }
}

static void run_history(struct cmd *cmd)
{
    const struct latency_series *series = latency_find(monitor(cmd), cmd->argv[2]);
    unsigned count = series ? series->count : 0;
    reply_array(cmd->reply, count);
    for (unsigned i = 0; i < count; i++) {
        struct latency_sample sample = latency_sample_at(series, i);
        reply_array(cmd->reply, 2);
        reply_int(cmd->reply, sample.unix_s);
        reply_int(cmd->reply, sample.ms);
    }
}

static void run_reset(struct cmd *cmd)
{
    struct latency *l = &cmd->dispatch->observe.latency;
    size_t forgotten = cmd->argc == 2 ? l->count : 0;
    if (cmd->argc == 2)
        latency_forget_all(l);
    for (int i = 2; i < cmd->argc; i++)
        forgotten += latency_forget(l, cmd->argv[i]);
    reply_int(cmd->reply, (int64_t)forgotten);
}

static void run_graph(struct cmd *cmd)
{
    const struct latency_series *series = latency_find(monitor(cmd), cmd->argv[2]);
    if (!series) {
        reply_errorf(cmd->reply, "ERR No samples available for event '%.*s'",
                     SLICE_ARGS(cmd->argv[2]));
        return;
    }
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    latency_graph(&text, series, cmd_now_ms(cmd) / 1000);
    reply_verbatim(cmd->reply, "txt", buf_slice(&text));
    buf_done(&text);
}

static void run_doctor(struct cmd *cmd)
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    latency_report(&text, &cmd->dispatch->observe);
    reply_verbatim(cmd->reply, "txt", buf_slice(&text));
    buf_done(&text);
}

static void run_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a report about what has held the server up, with advice.",
        "GRAPH <event>",
        "    Return a drawing of the samples of an event.",
        "HISTOGRAM [<command> ...]",
        "    Return how long the calls of these commands (or of all) took: how many up to 1, 2,",
        "    4, ... microseconds.",
        "HISTORY <event>",
        "    Return the samples of an event: unix times and milliseconds.",
        "LATEST",
        "    Return the latest sample of each event, and its highest.",
        "RESET [<event> ...]",
        "    Forget the samples of these events, or of all.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

/* ---- rows ---- */

static const char *const shown_tips[] = { "nondeterministic_output", "request_policy:all_nodes",
                                          "response_policy:special", NULL };
static const char *const reset_tips[] = { "request_policy:all_nodes", "response_policy:agg_sum",
                                          NULL };

#define SUB(word, f, count)                                              \
    .name = (word), .run = (f), .arity = (count), .group = GROUP_SERVER, \
    .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE

static const struct command subs[] = {
    { SUB("doctor", run_doctor, 2), .since = "2.8.13", .complexity = "O(1)",
      .summary = "Reports in words what has held the server up.", .syntax = "",
      .tips = shown_tips },
    { SUB("graph", run_graph, 3), .since = "2.8.13", .complexity = "O(1)",
      .summary = "Draws the samples of an event.", .syntax = "event", .tips = shown_tips },
    { .name = "help",
      .run = run_help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .group = GROUP_SERVER,
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Explains the subcommands.",
      .syntax = "" },
    { SUB("histogram", run_histogram, -2), .since = "7.0.0",
      .complexity =
          "O(N) where N is the number of commands with latency information being retrieved.",
      .summary = "How the times that commands took are distributed.", .syntax = "[command]...",
      .tips = shown_tips },
    { SUB("history", run_history, 3), .since = "2.8.13", .complexity = "O(1)",
      .summary = "The samples of an event.", .syntax = "event", .tips = shown_tips },
    { SUB("latest", run_latest, 2), .since = "2.8.13", .complexity = "O(1)",
      .summary = "The latest sample of each event.", .syntax = "", .tips = shown_tips },
    { SUB("reset", run_reset, -2), .since = "2.8.13", .complexity = "O(1)",
      .summary = "Forgets the samples of events.", .syntax = "[event]...", .tips = reset_tips },
};

const struct command latency_row = {
    .name = "latency",
    .arity = -2,
    .group = GROUP_SERVER,
    .since = "2.8.13",
    .complexity = "Depends on subcommand.",
    .summary = "Shows how long commands take, and what has held the server up.",
    .syntax = "",
    .subs = subs,
    .sub_count = COUNT_OF(subs),
};
