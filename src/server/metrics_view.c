/* The views of the server's metrics, and what several sections' rows need. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/clients.h"
#include "dispatch/dispatch.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"

static void read_process(struct process_view *v)
{
    (void)uname(&v->os);
    ssize_t len = readlink("/proc/self/exe", v->executable, sizeof(v->executable) - 1);
    v->executable[MAX_OF(len, (ssize_t)0)] = '\0';
}

struct server_views *views_new(struct server *s)
{
    struct server_views *v = mem_zalloc(sizeof(*v));
    v->process.server = s;
    v->memory.server = s;
    v->cpu.server = s;
    read_process(&v->process);
    v->memory.system = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return v;
}

void views_free(struct server_views *v)
{
    mem_free(v);
}

double view_percent(uint64_t part, uint64_t whole)
{
    return 100.0 * view_ratio(part, whole);
}

double view_ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0.0;
}

void view_directive_text(const struct server *s, const char *name, struct buf *out)
{
    struct config_row found;
    if (config_find(s->config, slice_str(name), &found))
        directive_show(found.table, found.row, out);
}

int64_t view_directive_bytes(const struct server *s, const char *name)
{
    struct config_row found;
    if (!config_find(s->config, slice_str(name), &found) || found.row->type != DIRECTIVE_MEMORY)
        return 0;
    const char *settings = found.table->settings;
    int64_t value;
    memcpy(&value, settings + found.row->offset, sizeof(value));
    return value;
}

/* ---- sampling ---- */

void memory_note_peak(struct server *s, uint64_t used)
{
    if (used <= s->memory.peak)
        return;
    s->memory.peak = used;
    s->memory.peak_at_ms = clock_wall_ms();
}

void metrics_sample(void *owner)
{
    struct server *s = owner;
    uint64_t now = clock_mono_ns();
    memory_note_peak(s, mem_used());
    sampler_take(&s->rates.commands, dispatch_commands_processed(s->dispatch), now);
    sampler_take(&s->rates.net_in, clients_net_in(s->clients), now);
    sampler_take(&s->rates.net_out, clients_net_out(s->clients), now);
    sampler_take(&s->rates.turns, s->turn.turns, now);
    sampler_take(&s->rates.turn_ns, s->turn.active_ns, now);
}
