/* What INFO says about the process itself: Server, Memory, CPU and the rates in Stats. */
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "client/clients.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "server/server_priv.h"
#include "server/version.h"

#ifdef TARN_SANITIZE
#define BUILD_KIND "sanitized"
#else
#define BUILD_KIND "release"
#endif

static const struct server *self(const void *owner)
{
    return owner;
}

/* ---- Server ---- */

static void server_version(const void *owner UNUSED, struct buf *out)
{
    struct utsname os;
    (void)uname(&os);
    buf_printf(
        out,
        "redis_version:%s\r\nserver_name:tarn\r\ntarn_version:%s\r\n"
        "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:%s\r\n"
        "redis_mode:standalone\r\nserver_mode:standalone\r\nos:%s %s %s\r\narch_bits:%zu\r\n",
        TARN_COMPATIBLE_VERSION, TARN_VERSION, BUILD_KIND, os.sysname, os.release, os.machine,
        8 * sizeof(void *));
    buf_printf(out, "monotonic_clock:%s\r\n", clock_mono_name());
}

static void server_process(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    buf_printf(out,
               "multiplexing_api:%s\r\natomicvar_api:c11-builtin\r\ngcc_version:%d.%d.%d\r\n"
               "process_id:%d\r\nprocess_supervised:no\r\nrun_id:%s\r\ntcp_port:%d\r\n",
               loop_backend_name(s->loop), __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__,
               (int)getpid(), s->run_id, (int)s->settings.port);
    if (s->settings.unixsocket && s->settings.unixsocket[0])
        buf_printf(out, "unixsocket:%s\r\n", s->settings.unixsocket);
}

static void server_time(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    int64_t uptime_s = (clock_wall_ms() - s->started_ms) / 1000;
    buf_printf(out,
               "server_time_usec:%" PRIu64 "\r\nuptime_in_seconds:%" PRId64
               "\r\nuptime_in_days:%" PRId64 "\r\nhz:%" PRId64 "\r\nconfigured_hz:%" PRId64
               "\r\nlru_clock:%" PRId64 "\r\n",
               clock_wall_us(), uptime_s, uptime_s / 86400, s->settings.hz, s->settings.hz,
               (clock_wall_ms() / 1000) & 0xffffff);
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
    buf_printf(out, "executable:%.*s\r\nconfig_file:%s\r\nio_threads_active:0\r\n",
               (int)MAX_OF(len, 0), path, config_file(s->config) ? config_file(s->config) : "");
}

/* ---- Memory ---- */

static void memory_line(struct buf *out, const char *name, uint64_t bytes)
{
    char human[32];
    num_format_bytes(human, bytes);
    buf_printf(out, "%s:%" PRIu64 "\r\n%s_human:%s\r\n", name, bytes, name, human);
}

static size_t overhead(const struct server *s)
{
    size_t bytes = s->memory.startup + clients_memory(s->clients);
    for (int i = 0; i < keyspace_count(s->keyspace); i++)
        bytes += db_overhead(keyspace_db(s->keyspace, i));
    return bytes;
}

static void memory_used(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    struct mem_stats stats;
    uint64_t used = mem_used();
    uint64_t peak = MAX_OF(used, s->memory.peak);
    uint64_t over = overhead(s);
    uint64_t dataset = used > over ? used - over : 0;
    uint64_t beyond_startup = used > s->memory.startup ? used - s->memory.startup : 1;

    mem_stats_read(&stats);
    memory_line(out, "used_memory", used);
    memory_line(out, "used_memory_rss", stats.rss);
    memory_line(out, "used_memory_peak", peak);
    buf_printf(out, "used_memory_peak_perc:%.2f%%\r\n", 100.0 * (double)used / (double)peak);
    buf_printf(out,
               "used_memory_overhead:%" PRIu64 "\r\nused_memory_startup:%" PRIu64
               "\r\nused_memory_dataset:%" PRIu64 "\r\nused_memory_dataset_perc:%.2f%%\r\n",
               over, s->memory.startup, dataset, 100.0 * (double)dataset / (double)beyond_startup);
    buf_printf(out,
               "allocator_allocated:%" PRIu64 "\r\nallocator_active:%" PRIu64
               "\r\nallocator_resident:%" PRIu64 "\r\nallocator_muzzy:%" PRIu64 "\r\n",
               stats.allocated, stats.active, stats.resident, stats.muzzy);
    memory_line(out, "total_system_memory",
                (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0.0;
}

static void memory_ratios(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    struct mem_stats m;
    mem_stats_read(&m);
    buf_printf(out,
               "allocator_frag_ratio:%.2f\r\nallocator_frag_bytes:%" PRId64
               "\r\nallocator_rss_ratio:%.2f\r\nallocator_rss_bytes:%" PRId64
               "\r\nrss_overhead_ratio:%.2f\r\nrss_overhead_bytes:%" PRId64
               "\r\nmem_fragmentation_ratio:%.2f\r\nmem_fragmentation_bytes:%" PRId64 "\r\n",
               ratio(m.active, m.allocated), (int64_t)(m.active - m.allocated),
               ratio(m.resident, m.active), (int64_t)(m.resident - m.active),
               ratio(m.rss, m.resident), (int64_t)(m.rss - m.resident), ratio(m.rss, mem_used()),
               (int64_t)(m.rss - mem_used()));
    buf_printf(out, "mem_clients_normal:%zu\r\nmem_allocator:%s\r\n", clients_memory(s->clients),
               mem_allocator_name());
}

/* ---- CPU ---- */

static void cpu_line(struct buf *out, const char *name, const struct timeval *t)
{
    buf_printf(out, "%s:%ld.%06ld\r\n", name, (long)t->tv_sec, (long)t->tv_usec);
}

static void cpu_used(const void *owner UNUSED, struct buf *out)
{
    struct rusage process, children, thread;
    (void)getrusage(RUSAGE_SELF, &process);
    (void)getrusage(RUSAGE_CHILDREN, &children);
    (void)getrusage(RUSAGE_THREAD, &thread);
    cpu_line(out, "used_cpu_sys", &process.ru_stime);
    cpu_line(out, "used_cpu_user", &process.ru_utime);
    cpu_line(out, "used_cpu_sys_children", &children.ru_stime);
    cpu_line(out, "used_cpu_user_children", &children.ru_utime);
    cpu_line(out, "used_cpu_sys_main_thread", &thread.ru_stime);
    cpu_line(out, "used_cpu_user_main_thread", &thread.ru_utime);
}

/* ---- Stats ---- */

static void stats_rates(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    buf_printf(out,
               "instantaneous_ops_per_sec:%" PRIu64 "\r\ninstantaneous_input_kbps:%.2f\r\n"
               "instantaneous_output_kbps:%.2f\r\n",
               (uint64_t)sampler_rate(&s->rates.commands), sampler_rate(&s->rates.net_in) / 1024.0,
               sampler_rate(&s->rates.net_out) / 1024.0);
}

static uint64_t turns(const void *owner)
{
    return self(owner)->turn.turns;
}

static uint64_t longest_turn(const void *owner)
{
    return self(owner)->turn.longest_cpu_ns / 1000;
}

static void reset(void *owner)
{
    struct server *s = owner;
    s->turn.longest_cpu_ns = 0;
    s->memory.peak = mem_used();
}

static uint64_t none(const void *owner UNUSED)
{
    return 0;
}

static void no_limit(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, "maxmemory:0\r\nmaxmemory_human:0B\r\nmaxmemory_policy:noeviction\r\n");
}

static const struct metric metrics[] = {
    { .section = "Server", .text = server_version },
    { .section = "Server", .text = server_process },
    { .section = "Server", .text = server_time },
    { .section = "Memory", .text = memory_used },
    { .section = "Memory", .text = no_limit },
    { .section = "Memory", .text = memory_ratios },
    { .section = "CPU", .text = cpu_used },
    { .section = "Stats", .text = stats_rates },
    { .section = "Stats", .name = "unexpected_error_replies", .count = none },
    { .section = "Stats", .name = "eventloop_cycles", .count = turns },
    { .section = "Stats", .name = "longest_turn_cpu_usec", .count = longest_turn },
};

struct metric_table server_metrics(struct server *s)
{
    return (struct metric_table){ metrics, COUNT_OF(metrics), s, reset };
}

/* ---- sampling ---- */

void metrics_sample(void *owner)
{
    struct server *s = owner;
    uint64_t now = clock_mono_ns();
    s->memory.peak = MAX_OF(s->memory.peak, mem_used());
    sampler_take(&s->rates.commands, dispatch_commands_processed(s->dispatch), now);
    sampler_take(&s->rates.net_in, clients_net_in(s->clients), now);
    sampler_take(&s->rates.net_out, clients_net_out(s->clients), now);
}
