/* The server's own metrics, a file a section: what their rows look at.
 *
 * A view is the owner of a section's rows. Its table's `prepare` fills it once an INFO, so that rows
 * that belong together show one moment and cost one look. MEMORY and the crash report read the same
 * views. */
#ifndef SERVER_METRICS_PRIV_H
#define SERVER_METRICS_PRIV_H

#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/metric.h"

struct server;

/* Server: what does not change is read once. */
struct process_view {
    const struct server *server;
    struct utsname os;
    char executable[4096];
    uint64_t wall_us;
};

struct memory_view {
    struct server *server;
    struct mem_stats allocator;
    uint64_t allocator_at_ns; /* when these were read; 0: they must be read anew */
    uint64_t used, peak;
    uint64_t startup, clients, tables; /* of the overhead */
    uint64_t overhead;                 /* what is no data */
    uint64_t dataset;
    uint64_t system;
    int64_t limit; /* maxmemory */
};

struct cpu_view {
    const struct server *server;
    struct rusage process, children, main_thread;
};

struct server_views {
    struct process_view process;
    struct memory_view memory;
    struct cpu_view cpu;
};

struct server_views *views_new(struct server *s);
void views_free(struct server_views *v); /* accepts NULL */

/* So much is used now: perhaps the most so far. */
void memory_note_peak(struct server *s, uint64_t used);
/* The allocator's and the kernel's figures are dear: they are read again when they are so old. */
#define MEMORY_VIEW_AGE_NS ((uint64_t)100 * 1000 * 1000)
/* Reads everything. `prepare` of the Memory rows. */
void memory_view_read(void *view);
/* Shares of a whole in percent; a ratio; 0 of nothing. */
double view_percent(uint64_t part, uint64_t whole);
double view_ratio(uint64_t a, uint64_t b);

/* The value of a directive that is somebody else's: as CONFIG GET shows it, or as a number (0 if it
 * is none). */
void view_directive_text(const struct server *s, const char *name, struct buf *out);
int64_t view_directive_bytes(const struct server *s, const char *name);

struct metric_table process_metrics(struct server *s);
struct metric_table memory_metrics(struct server *s);
struct metric_table stats_metrics(struct server *s);
struct metric_table replication_metrics(struct server *s);
struct metric_table cpu_metrics(struct server *s);
/* Fields of what is not there: their values are those of a server that does not use it. */
struct metric_table absent_metrics(struct server *s);

#endif
