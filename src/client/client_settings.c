/* Directives and metrics of the clients. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "client/client_priv.h"
#include "dispatch/block.h"

#define AT(field) offsetof(struct client_settings, field)

static const char *const class_names[CLIENT_CLASS_COUNT] = {
    [CLIENT_NORMAL] = "normal",
    [CLIENT_REPLICA] = "replica",
    [CLIENT_PUBSUB] = "pubsub",
};

static int find_class(struct slice word)
{
    if (slice_is(word, "slave"))
        return CLIENT_REPLICA;
    for (int i = 0; i < CLIENT_CLASS_COUNT; i++)
        if (slice_is(word, class_names[i]))
            return i;
    return -EINVAL;
}

static int parse_output_limits(void *owner, const struct slice *words, size_t count,
                               const char **ret_error)
{
    struct clients *cs = owner;
    struct client_output_limit limits[CLIENT_CLASS_COUNT];
    memcpy(limits, cs->settings.output, sizeof(limits));

    *ret_error = "Wrong number of arguments in buffer limit configuration.";
    if (count % 4 != 0)
        return -EINVAL;
    for (size_t i = 0; i < count; i += 4) {
        int class = find_class(words[i]);
        *ret_error = "Invalid client class specified in buffer limit configuration.";
        if (class < 0)
            return -EINVAL;
        struct client_output_limit *limit = &limits[class];
        *ret_error = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        if (num_parse_memory(words[i + 1], &limit->hard_bytes) < 0 ||
            num_parse_memory(words[i + 2], &limit->soft_bytes) < 0 ||
            !num_parse_int(words[i + 3], &limit->soft_seconds))
            return -EINVAL;
        if (limit->hard_bytes < 0 || limit->soft_bytes < 0 || limit->soft_seconds < 0)
            return -EINVAL;
    }
    memcpy(cs->settings.output, limits, sizeof(limits));
    return 0;
}

static void show_output_limits(const void *owner, struct buf *out)
{
    const struct clients *cs = owner;
    /* CONFIG GET prints the class by its older name. */
    static const char *const shown[CLIENT_CLASS_COUNT] = { "normal", "slave", "pubsub" };
    for (int i = 0; i < CLIENT_CLASS_COUNT; i++) {
        const struct client_output_limit *limit = &cs->settings.output[i];
        buf_printf(out, "%s%s %" PRId64 " %" PRId64 " %" PRId64, i ? " " : "", shown[i],
                   limit->hard_bytes, limit->soft_bytes, limit->soft_seconds);
    }
}

static int apply_maxclients(void *owner, const char **ret_error)
{
    struct clients *cs = owner;
    int64_t possible;
    if (!cs->io || clients_make_room(cs, &possible) == 0)
        return 0; /* at start, whoever starts us decides */
    (void)snprintf(cs->refusal, sizeof(cs->refusal),
                   "The operating system is not able to handle the specified number of clients, "
                   "try with %" PRId64,
                   possible);
    *ret_error = cs->refusal;
    return -EINVAL;
}

static const struct directive directives[] = {
    { .name = "maxclients",
      .type = DIRECTIVE_INT,
      .offset = AT(maxclients),
      .min = 1,
      .max = UINT32_MAX,
      .initial = "10000",
      .summary = "The most clients that may be connected. The server raises its limit of "
                 "open files for them; where that is not allowed, it takes fewer and "
                 "says so.",
      .apply = apply_maxclients },
    { .name = "timeout",
      .type = DIRECTIVE_INT,
      .offset = AT(timeout_s),
      .min = 0,
      .max = INT32_MAX,
      .initial = "0",
      .summary = "Seconds without a request after which a client is closed. 0 never "
                 "closes any." },
    { .name = "tcp-keepalive",
      .type = DIRECTIVE_INT,
      .offset = AT(tcp_keepalive_s),
      .min = 0,
      .max = INT32_MAX,
      .initial = "300",
      .summary = "Seconds without traffic after which the kernel asks whether the peer "
                 "is still there, so that dead connections are found. 0 never asks." },
    { .name = "client-query-buffer-limit",
      .type = DIRECTIVE_MEMORY,
      .offset = AT(query_buffer_limit),
      .min = 1024 * 1024,
      .max = INT64_MAX,
      .initial = "1gb",
      .summary = "The most bytes of a client's requests that may wait to be run; who "
                 "sends more is closed." },
    { .name = "proto-max-bulk-len",
      .type = DIRECTIVE_MEMORY,
      .offset = AT(proto_max_bulk_len),
      .min = 1024 * 1024,
      .max = INT64_MAX,
      .initial = "512mb",
      .summary = "The most bytes that one argument of a request, and a string, may have." },
    { .name = "protected-mode",
      .type = DIRECTIVE_BOOL,
      .offset = AT(protected_mode),
      .initial = "yes",
      .summary = "Without a password, only clients of this machine are answered, "
                 "whatever bind says." },
    { .name = "client-output-buffer-limit",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI,
      .line_words = 4,
      .initial = "normal 0 0 0 replica 268435456 67108864 60 pubsub 33554432 8388608 60",
      .summary = "When a client that reads too slowly is closed, for each class (normal, "
                 "replica, pubsub): a hard limit of bytes that wait for it, a soft "
                 "limit, and the seconds for which the soft one may be exceeded. 0 is no "
                 "limit.",
      .parse = parse_output_limits,
      .show = show_output_limits },
};

struct directive_table clients_directives(struct clients *cs)
{
    return (struct directive_table){ directives, COUNT_OF(directives), &cs->settings, cs,
                                     "Clients" };
}

/* ---- metrics ---- */

static const struct clients *self(const void *owner)
{
    return owner;
}

static uint64_t connected(const void *owner)
{
    return self(owner)->count;
}

static int64_t maxclients(const void *owner)
{
    return self(owner)->settings.maxclients;
}

/* Of those that wait, for whatever reason. */
static uint64_t blocked(const void *owner)
{
    const struct clients *cs = owner;
    uint64_t count = 0;
    for (struct list *node = cs->all.next; node != &cs->all; node = node->next)
        count += client_is_blocked(LIST_ENTRY(node, struct client, in_all));
    return count;
}

static uint64_t with_timeout(const void *owner)
{
    return dispatch_block_counts(self(owner)->dispatch).with_timeout;
}

static uint64_t none(const void *owner UNUSED)
{
    return 0;
}

static void paused_reason(const void *owner, struct buf *out)
{
    buf_append_str(out, dispatch_paused_until(self(owner)->dispatch) ? "client_pause" : "none");
}

static void paused_actions(const void *owner, struct buf *out)
{
    const struct dispatch *d = self(owner)->dispatch;
    const char *what = dispatch_pause_spares_reads(d) ? "write" : "all";
    buf_append_str(out, dispatch_paused_until(d) ? what : "none");
}

static int64_t paused_for(const void *owner)
{
    const struct dispatch *d = self(owner)->dispatch;
    int64_t until_ms = dispatch_paused_until(d);
    return until_ms ? MAX_OF(until_ms - dispatch_now_ms(d), (int64_t)0) : 0;
}

static uint64_t recent_in(const void *owner)
{
    return self(owner)->stats.recent_max_in;
}

static uint64_t recent_out(const void *owner)
{
    return self(owner)->stats.recent_max_out;
}

static uint64_t accepted(const void *owner)
{
    return self(owner)->stats.accepted;
}

static uint64_t rejected(const void *owner)
{
    return self(owner)->stats.rejected;
}

static uint64_t net_in(const void *owner)
{
    return self(owner)->stats.net_in;
}

static uint64_t net_out(const void *owner)
{
    return self(owner)->stats.net_out;
}

static uint64_t reads(const void *owner)
{
    return self(owner)->stats.reads;
}

static uint64_t writes(const void *owner)
{
    return self(owner)->stats.writes;
}

static uint64_t query_disconnections(const void *owner)
{
    return self(owner)->stats.closed_query_limit;
}

static uint64_t output_disconnections(const void *owner)
{
    return self(owner)->stats.closed_output_limit;
}

static uint64_t subscribers(const void *owner)
{
    return pubsub_subscribers(self(owner)->pubsub);
}

static uint64_t channels(const void *owner)
{
    return pubsub_topics(self(owner)->pubsub, PUBSUB_CHANNEL);
}

static uint64_t patterns(const void *owner)
{
    return pubsub_topics(self(owner)->pubsub, PUBSUB_PATTERN);
}

static uint64_t shard_channels(const void *owner)
{
    return pubsub_topics(self(owner)->pubsub, PUBSUB_SHARD);
}

static void reset(void *owner)
{
    struct clients *cs = owner;
    cs->stats = (struct client_stats){ 0 };
}

static const struct metric metrics[] = {
    { .section = "Clients",
      .name = "connected_clients",
      .summary = "Clients that are connected.",
      .count = connected },
    { .section = "Clients",
      .name = "cluster_connections",
      .summary = "Connections to other nodes of a cluster.",
      .count = none },
    { .section = "Clients",
      .name = "maxclients",
      .summary = "The value of the directive maxclients.",
      .value = maxclients },
    { .section = "Clients",
      .name = "client_recent_max_input_buffer",
      .summary = "The most bytes that a client had received and not run, lately.",
      .count = recent_in },
    { .section = "Clients",
      .name = "client_recent_max_output_buffer",
      .summary = "The most bytes that waited for a client, lately.",
      .count = recent_out },
    { .section = "Clients",
      .name = "blocked_clients",
      .summary = "Clients that wait.",
      .count = blocked },
    { .section = "Clients",
      .name = "clients_in_timeout_table",
      .summary = "Clients that wait for a limited time.",
      .count = with_timeout },
    { .section = "Clients",
      .name = "paused_reason",
      .summary = "Why clients are paused: none or client_pause.",
      .text = paused_reason },
    { .section = "Clients",
      .name = "paused_actions",
      .summary = "What is paused: none, write or all.",
      .text = paused_actions },
    { .section = "Clients",
      .name = "paused_timeout_milliseconds",
      .summary = "Milliseconds until the pause ends.",
      .value = paused_for },
    { .section = "Stats",
      .name = "total_connections_received",
      .summary = "Connections that were accepted.",
      .count = accepted },
    { .section = "Stats",
      .name = "rejected_connections",
      .summary = "Connections that were refused because there were too many.",
      .count = rejected },
    { .section = "Stats",
      .name = "total_net_input_bytes",
      .summary = "Bytes that came from clients.",
      .count = net_in },
    { .section = "Stats",
      .name = "total_net_output_bytes",
      .summary = "Bytes that went to clients.",
      .count = net_out },
    { .section = "Stats",
      .name = "total_reads_processed",
      .summary = "Reads that brought bytes.",
      .count = reads },
    { .section = "Stats",
      .name = "total_writes_processed",
      .summary = "Writes that took bytes.",
      .count = writes },
    { .section = "Clients",
      .name = "pubsub_clients",
      .summary = "Clients that are subscribed to a channel or pattern.",
      .count = subscribers },
    { .section = "Stats",
      .name = "pubsub_channels",
      .summary = "Channels that somebody is subscribed to.",
      .count = channels },
    { .section = "Stats",
      .name = "pubsub_patterns",
      .summary = "Patterns that somebody is subscribed to.",
      .count = patterns },
    { .section = "Stats",
      .name = "pubsubshard_channels",
      .summary = "Shard channels that somebody is subscribed to.",
      .count = shard_channels },
    { .section = "Stats",
      .name = "client_query_buffer_limit_disconnections",
      .summary = "Clients closed because their request was too long.",
      .count = query_disconnections },
    { .section = "Stats",
      .name = "client_output_buffer_limit_disconnections",
      .summary = "Clients closed because they did not take their replies.",
      .count = output_disconnections },
};

struct metric_table clients_metrics(struct clients *cs)
{
    return (struct metric_table){
        .rows = metrics, .count = COUNT_OF(metrics), .owner = cs, .reset = reset
    };
}
