/* INFO's CPU section: the time that the process and its children had. */
#include "server/metrics_priv.h"
#include "server/server_priv.h"

static const struct cpu_view *view(const void *owner)
{
    return owner;
}

#define CPU_TIME(function, whose, kind)                                  \
    static void function(const void *owner, struct buf *out)             \
    {                                                                    \
        const struct timeval *t = &view(owner)->whose.kind;              \
        buf_printf(out, "%ld.%06ld", (long)t->tv_sec, (long)t->tv_usec); \
    }

CPU_TIME(process_sys, process, ru_stime)
CPU_TIME(process_user, process, ru_utime)
CPU_TIME(children_sys, children, ru_stime)
CPU_TIME(children_user, children, ru_utime)
CPU_TIME(main_sys, main_thread, ru_stime)
CPU_TIME(main_user, main_thread, ru_utime)

static void main_active(const void *owner, struct buf *out)
{
    buf_printf(out, "%.6f", (double)view(owner)->server->turn.active_ns / 1e9);
}

static const struct metric metrics[] = {
    { .section = "CPU",
      .name = "used_cpu_sys",
      .summary = "Seconds that the kernel worked for the process.",
      .text = process_sys },
    { .section = "CPU",
      .name = "used_cpu_user",
      .summary = "Seconds that the process worked itself.",
      .text = process_user },
    { .section = "CPU",
      .name = "used_cpu_sys_children",
      .summary = "Seconds that the kernel worked for children that have ended.",
      .text = children_sys },
    { .section = "CPU",
      .name = "used_cpu_user_children",
      .summary = "Seconds that children worked that have ended.",
      .text = children_user },
    { .section = "CPU",
      .name = "used_cpu_sys_main_thread",
      .summary = "Seconds that the kernel worked for the main thread.",
      .text = main_sys },
    { .section = "CPU",
      .name = "used_cpu_user_main_thread",
      .summary = "Seconds that the main thread worked itself.",
      .text = main_user },
    { .section = "CPU",
      .name = "used_active_time_main_thread",
      .summary = "Seconds that the main thread did not wait for events.",
      .text = main_active },
};

static void prepare(void *owner)
{
    struct cpu_view *v = owner;
    (void)getrusage(RUSAGE_SELF, &v->process);
    (void)getrusage(RUSAGE_CHILDREN, &v->children);
    (void)getrusage(RUSAGE_THREAD, &v->main_thread);
}

struct metric_table cpu_metrics(struct server *s)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = &s->views->cpu,
        .prepare = prepare,
    };
}
