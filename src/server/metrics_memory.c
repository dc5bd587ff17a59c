/* INFO's Memory section: what the process holds, what of it is data, what the allocator makes of it. */
#include "base/clock.h"
#include "base/num.h"
#include "client/clients.h"
#include "db/db.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"

void memory_view_read(void *view)
{
    struct memory_view *v = view;
    struct server *s = v->server;
    uint64_t now_ns = clock_mono_ns();
    if (!v->allocator_at_ns || now_ns - v->allocator_at_ns >= MEMORY_VIEW_AGE_NS) {
        mem_stats_read(&v->allocator);
        v->allocator_at_ns = now_ns;
    }
    v->used = mem_used();
    memory_note_peak(s, v->used);
    v->peak = s->memory.peak;
    v->startup = s->memory.startup;
    v->clients = clients_memory(s->clients);
    v->tables = 0;
    for (int i = 0; i < keyspace_count(s->keyspace); i++)
        v->tables += db_overhead(keyspace_db(s->keyspace, i));
    v->overhead = v->startup + v->clients + v->tables;
    v->dataset = v->used > v->overhead ? v->used - v->overhead : 0;
    v->limit = view_directive_bytes(s, "maxmemory");
}

static const struct memory_view *view(const void *owner)
{
    return owner;
}

static void print_human(uint64_t bytes, struct buf *out)
{
    char text[NUM_BYTES_MAX_CHARS];
    num_format_bytes(text, bytes);
    buf_append_str(out, text);
}

/* A field that is a member of the view, and the same for people. */
#define BYTES(function, member)                 \
    static uint64_t function(const void *owner) \
    {                                           \
        return (uint64_t)view(owner)->member;   \
    }
#define BYTES_AND_HUMAN(function, member)                            \
    BYTES(function, member)                                          \
    static void function##_human(const void *owner, struct buf *out) \
    {                                                                \
        print_human((uint64_t)view(owner)->member, out);             \
    }

BYTES_AND_HUMAN(used, used)
BYTES_AND_HUMAN(rss, allocator.rss)
BYTES_AND_HUMAN(peak, peak)
BYTES_AND_HUMAN(total_system, system)
BYTES_AND_HUMAN(limit, limit)
BYTES(overhead, overhead)
BYTES(startup, startup)
BYTES(dataset, dataset)
BYTES(clients, clients)
BYTES(allocated, allocator.allocated)
BYTES(active, allocator.active)
BYTES(resident, allocator.resident)
BYTES(muzzy, allocator.muzzy)

static int64_t peak_time(const void *owner)
{
    return view(owner)->server->memory.peak_at_ms / 1000;
}

static void peak_percent(const void *owner, struct buf *out)
{
    buf_printf(out, "%.2f%%", view_percent(view(owner)->used, view(owner)->peak));
}

static void dataset_percent(const void *owner, struct buf *out)
{
    const struct memory_view *v = view(owner);
    uint64_t since_startup = v->used > v->startup ? v->used - v->startup : 1;
    buf_printf(out, "%.2f%%", view_percent(v->dataset, since_startup));
}

static void policy(const void *owner, struct buf *out)
{
    view_directive_text(view(owner)->server, "maxmemory-policy", out);
}

/* How much more `a` is than `b`, as a ratio and in bytes. */
#define EXCESS(function, a, b)                                       \
    static void function##_ratio(const void *owner, struct buf *out) \
    {                                                                \
        const struct memory_view *v = view(owner);                   \
        buf_printf(out, "%.2f", view_ratio(v->a, v->b));             \
    }                                                                \
    static int64_t function##_bytes(const void *owner)               \
    {                                                                \
        const struct memory_view *v = view(owner);                   \
        return (int64_t)(v->a - v->b);                               \
    }

EXCESS(frag, allocator.active, allocator.allocated)
EXCESS(allocator_rss, allocator.resident, allocator.active)
EXCESS(rss_overhead, allocator.rss, allocator.resident)
EXCESS(fragmentation, allocator.rss, used)

static void allocator_name(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, mem_allocator_name());
}

static const struct metric metrics[] = {
    { .section = "Memory",
      .name = "used_memory",
      .summary = "Bytes that are allocated.",
      .count = used },
    { .section = "Memory",
      .name = "used_memory_human",
      .summary = "The same for people.",
      .text = used_human },
    { .section = "Memory",
      .name = "used_memory_rss",
      .summary = "Bytes of the machine's memory that the process occupies.",
      .count = rss },
    { .section = "Memory",
      .name = "used_memory_rss_human",
      .summary = "The same for people.",
      .text = rss_human },
    { .section = "Memory",
      .name = "used_memory_peak",
      .summary = "The most that used_memory has been.",
      .count = peak },
    { .section = "Memory",
      .name = "used_memory_peak_human",
      .summary = "The same for people.",
      .text = peak_human },
    { .section = "Memory",
      .name = "used_memory_peak_time",
      .summary = "When that was, in seconds since 1970.",
      .value = peak_time },
    { .section = "Memory",
      .name = "used_memory_peak_perc",
      .summary = "used_memory in percent of its peak.",
      .text = peak_percent },
    { .section = "Memory",
      .name = "used_memory_overhead",
      .summary = "Bytes that are no data: what the start took, clients, tables.",
      .count = overhead },
    { .section = "Memory",
      .name = "used_memory_startup",
      .summary = "Bytes in use when the server was ready.",
      .count = startup },
    { .section = "Memory",
      .name = "used_memory_dataset",
      .summary = "Bytes of the data: used_memory without the overhead.",
      .count = dataset },
    { .section = "Memory",
      .name = "used_memory_dataset_perc",
      .summary = "The data in percent of what came since the start.",
      .text = dataset_percent },
    { .section = "Memory",
      .name = "allocator_allocated",
      .summary = "Bytes in blocks, as the allocator counts them.",
      .count = allocated },
    { .section = "Memory",
      .name = "allocator_active",
      .summary = "Bytes of pages that hold a block.",
      .count = active },
    { .section = "Memory",
      .name = "allocator_resident",
      .summary = "Bytes that the allocator has from the machine.",
      .count = resident },
    { .section = "Memory",
      .name = "allocator_muzzy",
      .summary = "Bytes given back that the machine has not taken yet.",
      .count = muzzy },
    { .section = "Memory",
      .name = "total_system_memory",
      .summary = "Bytes of memory in the machine.",
      .count = total_system },
    { .section = "Memory",
      .name = "total_system_memory_human",
      .summary = "The same for people.",
      .text = total_system_human },
    { .section = "Memory",
      .name = "maxmemory",
      .summary = "The value of the directive maxmemory; 0: no limit.",
      .count = limit },
    { .section = "Memory",
      .name = "maxmemory_human",
      .summary = "The same for people.",
      .text = limit_human },
    { .section = "Memory",
      .name = "maxmemory_policy",
      .summary = "Which keys go first at the limit.",
      .text = policy },
    { .section = "Memory",
      .name = "allocator_frag_ratio",
      .summary = "allocator_active by allocator_allocated.",
      .text = frag_ratio },
    { .section = "Memory",
      .name = "allocator_frag_bytes",
      .summary = "The difference of the two.",
      .value = frag_bytes },
    { .section = "Memory",
      .name = "allocator_rss_ratio",
      .summary = "allocator_resident by allocator_active.",
      .text = allocator_rss_ratio },
    { .section = "Memory",
      .name = "allocator_rss_bytes",
      .summary = "The difference of the two.",
      .value = allocator_rss_bytes },
    { .section = "Memory",
      .name = "rss_overhead_ratio",
      .summary = "used_memory_rss by allocator_resident.",
      .text = rss_overhead_ratio },
    { .section = "Memory",
      .name = "rss_overhead_bytes",
      .summary = "The difference of the two.",
      .value = rss_overhead_bytes },
    { .section = "Memory",
      .name = "mem_fragmentation_ratio",
      .summary = "used_memory_rss by used_memory.",
      .text = fragmentation_ratio },
    { .section = "Memory",
      .name = "mem_fragmentation_bytes",
      .summary = "The difference of the two.",
      .value = fragmentation_bytes },
    { .section = "Memory",
      .name = "mem_clients_normal",
      .summary = "Bytes that clients hold.",
      .count = clients },
    { .section = "Memory",
      .name = "mem_allocator",
      .summary = "The allocator and its version.",
      .text = allocator_name },
};

struct metric_table memory_metrics(struct server *s)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = &s->views->memory,
        .prepare = memory_view_read,
    };
}
