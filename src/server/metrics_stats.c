/* INFO's Stats section, as far as it is the turn's; and Debug. */
#include "server/metrics_priv.h"
#include "server/server_priv.h"

static const struct server *self(const void *owner)
{
    return owner;
}

/* ---- rates ---- */

static uint64_t commands_rate(const void *owner)
{
    return (uint64_t)sampler_rate(&self(owner)->rates.commands);
}

static void print_kib(double bytes, struct buf *out)
{
    buf_printf(out, "%.2f", bytes / 1024.0);
}

static void input_rate(const void *owner, struct buf *out)
{
    print_kib(sampler_rate(&self(owner)->rates.net_in), out);
}

static void output_rate(const void *owner, struct buf *out)
{
    print_kib(sampler_rate(&self(owner)->rates.net_out), out);
}

static uint64_t turns_rate(const void *owner)
{
    return (uint64_t)sampler_rate(&self(owner)->rates.turns);
}

/* Of a turn, lately. */
static uint64_t turn_us(const void *owner)
{
    double turns = sampler_rate(&self(owner)->rates.turns);
    double ns = sampler_rate(&self(owner)->rates.turn_ns);
    return turns > 0 ? (uint64_t)(ns / turns / 1000.0) : 0;
}

/* ---- turns ---- */

#define TURN_US(function, member)               \
    static uint64_t function(const void *owner) \
    {                                           \
        return self(owner)->turn.member / 1000; \
    }

TURN_US(longest_turn_cpu, longest_cpu_ns)
TURN_US(turn_sum, active_ns)
TURN_US(commands_sum, commands_ns)
TURN_US(cron_sum, cron_ns)
TURN_US(longest_turn, longest_ns)

static uint64_t turns(const void *owner)
{
    return self(owner)->turn.turns;
}

static uint64_t turns_with_commands(const void *owner)
{
    return self(owner)->turn.turns_with_commands;
}

static uint64_t most_commands(const void *owner)
{
    return self(owner)->turn.commands_max;
}

static const struct metric metrics[] = {
    { .section = "Stats",
      .name = "instantaneous_ops_per_sec",
      .summary = "Commands a second, lately.",
      .count = commands_rate },
    { .section = "Stats",
      .name = "instantaneous_input_kbps",
      .summary = "KiB a second that came, lately.",
      .text = input_rate },
    { .section = "Stats",
      .name = "instantaneous_output_kbps",
      .summary = "KiB a second that left, lately.",
      .text = output_rate },
    { .section = "Stats",
      .name = "eventloop_cycles",
      .summary = "Turns of the event loop.",
      .count = turns },
    { .section = "Stats",
      .name = "eventloop_cycles_with_clients_processing",
      .summary = "Of these, turns in which commands ran.",
      .count = turns_with_commands },
    { .section = "Stats",
      .name = "eventloop_duration_sum",
      .summary = "Microseconds in turns, without the waits between them.",
      .count = turn_sum },
    { .section = "Stats",
      .name = "eventloop_duration_cmd_sum",
      .summary = "Microseconds of these that commands took.",
      .count = commands_sum },
    { .section = "Stats",
      .name = "instantaneous_eventloop_cycles_per_sec",
      .summary = "Turns a second, lately.",
      .count = turns_rate },
    { .section = "Stats",
      .name = "instantaneous_eventloop_duration_usec",
      .summary = "Microseconds a turn, lately.",
      .count = turn_us },
    { .section = "Stats",
      .name = "longest_turn_cpu_usec",
      .summary = "The most CPU time that the main thread used in one turn, in microseconds.",
      .count = longest_turn_cpu },
    { .section = "Debug",
      .name = "eventloop_duration_cron_sum",
      .summary = "Microseconds in turns that periodic jobs took.",
      .count = cron_sum },
    { .section = "Debug",
      .name = "eventloop_duration_max",
      .summary = "The longest turn, in microseconds.",
      .count = longest_turn },
    { .section = "Debug",
      .name = "eventloop_cmd_per_cycle_max",
      .summary = "The most commands that ran in one turn.",
      .count = most_commands },
};

static void reset(void *owner)
{
    struct server *s = owner;
    s->turn = (struct turn_stats){
        .start_ns = s->turn.start_ns,
        .cpu_at_end_ns = s->turn.cpu_at_end_ns,
    };
}

struct metric_table stats_metrics(struct server *s)
{
    return (struct metric_table){
        .rows = metrics, .count = COUNT_OF(metrics), .owner = s, .reset = reset
    };
}
