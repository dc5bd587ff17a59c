/* INFO's Server section: what this process is. */
#include "base/clock.h"
#include "base/num.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "net/listener.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"
#include "server/version.h"

#include <unistd.h>

#ifdef TARN_SANITIZE
#define BUILD_KIND "sanitized"
#else
#define BUILD_KIND "release"
#endif

static const struct process_view *view(const void *owner)
{
    return owner;
}

static const struct server *server(const void *owner)
{
    return view(owner)->server;
}

static void compatible_version(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, TARN_COMPATIBLE_VERSION);
}

/* With extended-redis-compatibility the server takes the name of the one that it stands in for. */
static void server_name(const void *owner, struct buf *out)
{
    bool other = dispatch_settings(server(owner)->dispatch)->extended_redis_compatibility;
    buf_append_str(out, other ? "redis" : "tarn");
}

static void own_version(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, TARN_VERSION);
}

static void git_sha1(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, "00000000");
}

static uint64_t git_dirty(const void *owner UNUSED)
{
    return 0;
}

static void build_id(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, BUILD_KIND);
}

static void mode(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, "standalone");
}

static void os(const void *owner, struct buf *out)
{
    const struct utsname *name = &view(owner)->os;
    buf_printf(out, "%s %s %s", name->sysname, name->release, name->machine);
}

static uint64_t arch_bits(const void *owner UNUSED)
{
    return 8 * sizeof(void *);
}

static void monotonic_clock(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, clock_mono_name());
}

static void multiplexing(const void *owner, struct buf *out)
{
    buf_append_str(out, loop_backend_name(server(owner)->loop));
}

static void atomics(const void *owner UNUSED, struct buf *out)
{
    buf_append_str(out, "c11-builtin");
}

static void compiler(const void *owner UNUSED, struct buf *out)
{
    buf_printf(out, "%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
}

static int64_t process_id(const void *owner UNUSED)
{
    return getpid();
}

static void supervised(const void *owner, struct buf *out)
{
    static const char *const names[] = {
        [SUPERVISED_NO] = "no",
        [SUPERVISED_SYSTEMD] = "systemd",
        [SUPERVISED_UPSTART] = "upstart",
    };
    buf_append_str(out, names[server(owner)->process.supervised_by]);
}

static bool is_shutting_down(const void *owner)
{
    return server_shutdown_left_ms(server(owner)) >= 0;
}

static int64_t shutdown_left(const void *owner)
{
    return server_shutdown_left_ms(server(owner));
}

static void run_id(const void *owner, struct buf *out)
{
    buf_append_str(out, server(owner)->run_id);
}

static int64_t tcp_port(const void *owner)
{
    return server(owner)->settings.port;
}

static uint64_t server_time(const void *owner)
{
    return view(owner)->wall_us;
}

static int64_t uptime_s(const void *owner)
{
    return ((int64_t)(view(owner)->wall_us / 1000) - server(owner)->started_ms) / 1000;
}

static int64_t uptime_days(const void *owner)
{
    return uptime_s(owner) / 86400;
}

static int64_t hz(const void *owner)
{
    return server(owner)->settings.hz;
}

static uint64_t lru_clock(const void *owner)
{
    return (view(owner)->wall_us / 1000000) & 0xffffff;
}

static void executable(const void *owner, struct buf *out)
{
    buf_append_str(out, view(owner)->executable);
}

static void config_path(const void *owner, struct buf *out)
{
    const char *path = config_file(server(owner)->config);
    buf_append_str(out, path ? path : "");
}

static uint64_t io_threads(const void *owner UNUSED)
{
    return 0;
}

static void availability_zone(const void *owner, struct buf *out)
{
    const char *zone = dispatch_settings(server(owner)->dispatch)->availability_zone;
    buf_append_str(out, zone);
}

/* "listener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379": one line for each that is open. */
static void listener_line(const struct listener *l, unsigned *number, struct buf *out)
{
    if (!l || listener_count(l) == 0)
        return;
    buf_printf(out, "listener%u:name=%s", (*number)++, listener_type(l)->name);
    for (size_t i = 0; i < listener_count(l); i++)
        buf_printf(out, ",bind=%s", listener_info(l, i)->address);
    if (listener_port(l))
        buf_printf(out, ",port=%d", listener_port(l));
    buf_append_str(out, "\r\n");
}

static void listeners(const void *owner, struct buf *out)
{
    unsigned number = 0;
    listener_line(server(owner)->tcp, &number, out);
    listener_line(server(owner)->unix_socket, &number, out);
}

static bool has_unix_socket(const void *owner)
{
    const char *path = server(owner)->settings.unixsocket;
    return path && *path;
}

static void unix_socket(const void *owner, struct buf *out)
{
    buf_append_str(out, server(owner)->settings.unixsocket);
}

static const struct metric metrics[] = {
    { .section = "Server",
      .name = "redis_version",
      .summary = "The version of Redis whose features clients may expect.",
      .text = compatible_version },
    { .section = "Server",
      .name = "server_name",
      .summary = "Which server this is; `redis` with extended-redis-compatibility.",
      .text = server_name },
    { .section = "Server",
      .name = "tarn_version",
      .summary = "Tarn's own version.",
      .text = own_version },
    { .section = "Server",
      .name = "redis_git_sha1",
      .summary = "There for tools that read it; always 00000000.",
      .text = git_sha1 },
    { .section = "Server",
      .name = "redis_git_dirty",
      .summary = "There for tools that read it; always 0.",
      .count = git_dirty },
    { .section = "Server",
      .name = "redis_build_id",
      .summary = "What kind of build this is: release or sanitized.",
      .text = build_id },
    { .section = "Server",
      .name = "redis_mode",
      .summary = "How the server runs: standalone.",
      .text = mode },
    { .section = "Server",
      .name = "server_mode",
      .summary = "The same, under the name that later servers give it.",
      .text = mode },
    { .section = "Server",
      .name = "os",
      .summary = "Name, release and machine of the operating system.",
      .text = os },
    { .section = "Server",
      .name = "arch_bits",
      .summary = "Bits of a pointer.",
      .count = arch_bits },
    { .section = "Server",
      .name = "monotonic_clock",
      .summary = "The clock by which durations are measured.",
      .text = monotonic_clock },
    { .section = "Server",
      .name = "multiplexing_api",
      .summary = "How the event loop waits: epoll or io_uring.",
      .text = multiplexing },
    { .section = "Server",
      .name = "atomicvar_api",
      .summary = "How threads share counters.",
      .text = atomics },
    { .section = "Server",
      .name = "gcc_version",
      .summary = "The version that the compiler calls itself.",
      .text = compiler },
    { .section = "Server",
      .name = "process_id",
      .summary = "The server's process.",
      .value = process_id },
    { .section = "Server",
      .name = "process_supervised",
      .summary = "Which supervisor the server reports to.",
      .text = supervised },
    { .section = "Server",
      .name = "run_id",
      .summary = "Forty random hex digits, new at every start.",
      .text = run_id },
    { .section = "Server",
      .name = "tcp_port",
      .summary = "The port for TCP; 0 if there is none.",
      .value = tcp_port },
    { .section = "Server",
      .name = "server_time_usec",
      .summary = "The server's time, in microseconds since 1970.",
      .count = server_time },
    { .section = "Server",
      .name = "uptime_in_seconds",
      .summary = "Seconds since the start.",
      .value = uptime_s },
    { .section = "Server",
      .name = "uptime_in_days",
      .summary = "The same in whole days.",
      .value = uptime_days },
    { .section = "Server",
      .name = "hz",
      .summary = "How often a second periodic work is done.",
      .value = hz },
    { .section = "Server",
      .name = "configured_hz",
      .summary = "The value of the directive hz.",
      .value = hz },
    { .section = "Server",
      .name = "clients_hz",
      .summary = "How often a second clients are looked after.",
      .value = hz },
    { .section = "Server",
      .name = "lru_clock",
      .summary = "The clock of eviction: seconds, 24 bits of them.",
      .count = lru_clock },
    { .section = "Server",
      .name = "executable",
      .summary = "Path of the program.",
      .text = executable },
    { .section = "Server",
      .name = "config_file",
      .summary = "Path of the configuration file, empty if there is none.",
      .text = config_path },
    { .section = "Server",
      .name = "io_threads_active",
      .summary = "Whether threads do input and output.",
      .count = io_threads },
    { .section = "Server",
      .name = "shutdown_in_milliseconds",
      .summary = "While the end waits for replicas: milliseconds until it waits no longer.",
      .value = shutdown_left,
      .is_there = is_shutting_down },
    { .section = "Server",
      .name = "availability_zone",
      .summary = "The value of the directive availability-zone.",
      .text = availability_zone },
    { .section = "Server",
      .pattern = "listener<n>",
      .summary = "What the server listens on: transport, addresses, port.",
      .text = listeners },
    { .section = "Server",
      .name = "unixsocket",
      .summary = "Path of the Unix socket; only if there is one.",
      .text = unix_socket,
      .is_there = has_unix_socket },
};

static void prepare(void *owner)
{
    struct process_view *v = owner;
    v->wall_us = clock_wall_us();
}

struct metric_table process_metrics(struct server *s)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = &s->views->process,
        .prepare = prepare,
    };
}
