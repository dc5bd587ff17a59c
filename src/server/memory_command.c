/* MEMORY: what a key takes, and what the process does with its memory. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/clients.h"
#include "db/db.h"
#include "dispatch/cmd.h"
#include "server/memory_doctor.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"
#include "server/standalone.h"

/* ---- USAGE ---- */

/* Footprints are kept, not sampled; SAMPLES is checked for the callers' sake. */
static bool samples_ok(const struct cmd *cmd)
{
    int64_t samples;
    for (int i = 3; i < cmd->argc; i += 2) {
        bool known = cmd_is(cmd, i, "samples") && i + 1 < cmd->argc;
        if (known && !cmd_int(cmd, i + 1, &samples, NULL))
            return false;
        if (!known || samples < 0) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

static void run_usage(struct cmd *cmd)
{
    if (!samples_ok(cmd))
        return;
    const struct entry *e = db_peek_stored(cmd->db, cmd_key(cmd, 2));
    if (e)
        reply_int(cmd->reply, (int64_t)entry_footprint(e));
    else
        reply_null(cmd->reply);
}

/* ---- STATS ---- */

/* What STATS tells beside the figures of the databases. */
struct memory_report {
    struct memory_view *view;
    size_t keys;
    uint64_t beyond_startup;
};

static uint64_t zero(const struct memory_report *r UNUSED)
{
    return 0;
}

#define FIGURE(function, expression)                        \
    static uint64_t function(const struct memory_report *r) \
    {                                                       \
        return (uint64_t)(expression);                      \
    }
#define SHARE(function, expression)                       \
    static double function(const struct memory_report *r) \
    {                                                     \
        return expression;                                \
    }

FIGURE(peak, r->view->peak)
FIGURE(used, r->view->used)
FIGURE(startup, r->view->startup)
FIGURE(clients, r->view->clients)
FIGURE(overhead, r->view->overhead)
FIGURE(keys, r->keys)
FIGURE(bytes_per_key, r->keys ? r->beyond_startup / r->keys : 0)
FIGURE(dataset, r->view->dataset)
FIGURE(allocated, r->view->allocator.allocated)
FIGURE(active, r->view->allocator.active)
FIGURE(resident, r->view->allocator.resident)
FIGURE(frag_bytes, r->view->allocator.active - r->view->allocator.allocated)
FIGURE(allocator_rss_bytes, r->view->allocator.resident - r->view->allocator.active)
FIGURE(rss_overhead_bytes, r->view->allocator.rss - r->view->allocator.resident)
FIGURE(fragmentation_bytes, r->view->allocator.rss - r->view->used)
SHARE(dataset_percent, view_percent(r->view->dataset, r->beyond_startup))
SHARE(peak_percent, view_percent(r->view->used, r->view->peak))
SHARE(frag_ratio, view_ratio(r->view->allocator.active, r->view->allocator.allocated))
SHARE(allocator_rss_ratio, view_ratio(r->view->allocator.resident, r->view->allocator.active))
SHARE(rss_overhead_ratio, view_ratio(r->view->allocator.rss, r->view->allocator.resident))
SHARE(fragmentation_ratio, view_ratio(r->view->allocator.rss, r->view->used))

/* In the order of the reply. The databases' maps stand behind the row that says so. */
static const struct figure {
    const char *name;
    uint64_t (*bytes)(const struct memory_report *r); /* differences may be below zero */
    double (*share)(const struct memory_report *r);
    bool databases_follow;
} figures[] = {
    { "peak.allocated", peak, NULL, false },
    { "total.allocated", used, NULL, false },
    { "startup.allocated", startup, NULL, false },
    { "replication.backlog", zero, NULL, false },
    { "clients.slaves", zero, NULL, false },
    { "clients.normal", clients, NULL, false },
    { "cluster.links", zero, NULL, false },
    { "aof.buffer", zero, NULL, false },
    { "lua.caches", zero, NULL, false },
    { "functions.caches", zero, NULL, true },
    { "overhead.total", overhead, NULL, false },
    { "keys.count", keys, NULL, false },
    { "keys.bytes-per-key", bytes_per_key, NULL, false },
    { "dataset.bytes", dataset, NULL, false },
    { "dataset.percentage", NULL, dataset_percent, false },
    { "peak.percentage", NULL, peak_percent, false },
    { "allocator.allocated", allocated, NULL, false },
    { "allocator.active", active, NULL, false },
    { "allocator.resident", resident, NULL, false },
    { "allocator-fragmentation.ratio", NULL, frag_ratio, false },
    { "allocator-fragmentation.bytes", frag_bytes, NULL, false },
    { "allocator-rss.ratio", NULL, allocator_rss_ratio, false },
    { "allocator-rss.bytes", allocator_rss_bytes, NULL, false },
    { "rss-overhead.ratio", NULL, rss_overhead_ratio, false },
    { "rss-overhead.bytes", rss_overhead_bytes, NULL, false },
    { "fragmentation", NULL, fragmentation_ratio, false },
    { "fragmentation.bytes", fragmentation_bytes, NULL, false },
};

/* Table and time tree of a database are one figure here. */
static void reply_database(struct reply *r, const struct db *db)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "db.%d", db_index(db));
    reply_bulk_str(r, name);
    reply_map(r, 3);
    reply_bulk_str(r, "overhead.hashtable.main");
    reply_int(r, (int64_t)db_overhead(db));
    reply_bulk_str(r, "overhead.hashtable.expires");
    reply_int(r, 0);
    reply_bulk_str(r, "overhead.hashtable.slot-to-keys");
    reply_int(r, 0);
}

static void reply_figure(struct reply *r, const struct figure *f,
                         const struct memory_report *report)
{
    reply_bulk_str(r, f->name);
    if (f->bytes)
        reply_int(r, (int64_t)f->bytes(report));
    else
        reply_double(r, f->share(report));
}

static void run_stats(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    struct memory_report report = { .view = &s->views->memory };
    memory_view_read(report.view);
    if (report.view->used > report.view->startup)
        report.beyond_startup = report.view->used - report.view->startup;

    size_t databases = 0;
    for (int i = 0; i < keyspace_count(s->keyspace); i++) {
        size_t count = db_count(keyspace_db(s->keyspace, i));
        report.keys += count;
        databases += count > 0;
    }
    reply_map(cmd->reply, COUNT_OF(figures) + databases);
    for (size_t f = 0; f < COUNT_OF(figures); f++) {
        reply_figure(cmd->reply, &figures[f], &report);
        for (int i = 0; figures[f].databases_follow && i < keyspace_count(s->keyspace); i++)
            if (db_count(keyspace_db(s->keyspace, i)) > 0)
                reply_database(cmd->reply, keyspace_db(s->keyspace, i));
    }
}

/* ---- DOCTOR, MALLOC-STATS, PURGE ---- */

static void run_doctor(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    struct memory_view *v = &s->views->memory;
    memory_view_read(v);
    const struct memory_figures figures_now = {
        .used = v->used,
        .peak = v->peak,
        .allocated = v->allocator.allocated,
        .active = v->allocator.active,
        .resident = v->allocator.resident,
        .rss = v->allocator.rss,
        .clients_bytes = v->clients,
        .clients = clients_count(s->clients),
    };
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    memory_doctor_report(&figures_now, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

static void append_text(void *out, const char *text)
{
    buf_append_str(out, text);
}

static void run_malloc_stats(struct cmd *cmd)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    if (mem_print_stats(append_text, &out) == 0)
        reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    else
        reply_bulk_str(cmd->reply, "Stats not supported for the current allocator");
    buf_done(&out);
}

static void run_purge(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    (void)mem_purge(); /* an allocator that cannot has nothing to give back */
    s->views->memory.allocator_at_ns = 0;
    reply_ok(cmd->reply);
}

static void run_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    What stands out in the memory's figures, in words.",
        "MALLOC-STATS",
        "    The allocator's own report.",
        "PURGE",
        "    Give pages that hold nothing back to the machine.",
        "STATS",
        "    What the memory is used for, in figures.",
        "USAGE <key> [SAMPLES <count>]",
        "    Bytes that <key> takes, with its value. <count> is accepted and not needed.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

/* ---- rows ---- */

static const char *const report_tips[] = { "nondeterministic_output", "request_policy:all_shards",
                                           "response_policy:special", NULL };
static const char *const purge_tips[] = { "request_policy:all_shards",
                                          "response_policy:all_succeeded", NULL };

static const struct command memory_rows[] = {
    {
        .name = "doctor",
        .run = run_doctor,
        .arity = 2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "O(N) for N clients",
        .summary = "What stands out in the memory's figures, in words.",
        .syntax = "",
        .tips = report_tips,
    },
    {
        .name = "help",
        .run = run_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Describes the subcommands.",
        .syntax = "",
    },
    {
        .name = "malloc-stats",
        .run = run_malloc_stats,
        .arity = 2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "As long as the allocator takes",
        .summary = "The allocator's own report.",
        .syntax = "",
        .tips = report_tips,
    },
    {
        .name = "purge",
        .run = run_purge,
        .arity = 2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "As long as the allocator takes",
        .summary = "Gives pages that hold nothing back to the machine.",
        .syntax = "",
        .tips = purge_tips,
    },
    {
        .name = "stats",
        .run = run_stats,
        .arity = 2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "O(N) for N clients",
        .summary = "What the memory is used for, in figures.",
        .syntax = "",
        .tips = report_tips,
    },
    {
        .name = "usage",
        .run = run_usage,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_SERVER,
        .keys = KEY_AT(2, KEY_RO),
        .since = "4.0.0",
        .complexity = "O(N) for a collection of N elements",
        .summary = "Bytes that a key takes, with its value.",
        .syntax = "key:key [SAMPLES count:int]",
    },
};

static const struct command rows[] = {
    {
        .name = "memory",
        .arity = -2,
        .group = GROUP_SERVER,
        .since = "4.0.0",
        .complexity = "As the subcommand says",
        .summary = "What the memory is used for.",
        .syntax = "",
        .subs = memory_rows,
        .sub_count = COUNT_OF(memory_rows),
    },
};

struct command_table memory_commands(struct server *s)
{
    return (struct command_table){ rows, COUNT_OF(rows), s };
}
