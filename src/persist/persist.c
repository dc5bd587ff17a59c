/* The handle of the room: its parts are made here, and what they export is collected. */
#include "persist/persist_priv.h"

#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "persist/aof.h"
#include "persist/aof_load.h"
#include "persist/loading.h"
#include "persist/snapshot.h"

struct persist *persist_new(struct loop *loop, struct dispatch *d)
{
    struct persist *p = mem_alloc(sizeof(*p));
    *p = (struct persist){ .loop = loop,
                           .dispatch = d,
                           .keyspace = dispatch_keyspace(d),
                           .journal = dispatch_journal(d) };
    p->rdb = rdb_new(p);
    p->children = children_new(p);
    p->loading = loading_new(p);
    p->snapshot = snapshot_new(p);
    p->aof = aof_new(p);
    return p;
}

void persist_free(struct persist *p)
{
    if (!p)
        return;
    children_kill(p->children, children_kind(p->children));
    aof_free(p->aof);
    snapshot_free(p->snapshot);
    loading_free(p->loading);
    children_free(p->children);
    rdb_free(p->rdb);
    mem_free(p);
}

struct persist_hooks *persist_hooks(struct persist *p)
{
    return &p->hooks;
}

int persist_start(struct persist *p)
{
    bool found = false;
    int error = aof_is_wanted(p->aof) ? aof_load(p, &found) : snapshot_load(p->snapshot, 0, &found);
    return error < 0 ? error : aof_open(p->aof);
}

void persist_flush(struct persist *p)
{
    aof_flush(p->aof);
}

bool persist_wants_snapshot(const struct persist *p)
{
    return snapshot_has_rules(p->snapshot);
}

int persist_finish(struct persist *p, bool save)
{
    children_kill(p->children, children_kind(p->children));
    int error = aof_finish(p->aof);
    if (error == 0 && save)
        error = snapshot_save(p->snapshot);
    return error;
}

bool persist_is_loading(const struct persist *p)
{
    return loading_is_on(p->loading);
}

size_t persist_directives(struct persist *p, struct directive_table out[static PERSIST_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = rdb_directives(p->rdb);
    out[count++] = snapshot_directives(p->snapshot);
    out[count++] = loading_directives(p->loading);
    out[count++] = aof_directives(p->aof);
    return count;
}

size_t persist_metrics(struct persist *p, struct metric_table out[static PERSIST_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = loading_metrics(p->loading);
    out[count++] = children_metrics(p->children);
    out[count++] = snapshot_metrics(p->snapshot);
    out[count++] = aof_metrics(p->aof);
    return count;
}

size_t persist_jobs(struct persist *p, struct job_table out[static PERSIST_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = children_jobs(p->children);
    out[count++] = snapshot_jobs(p->snapshot);
    out[count++] = aof_jobs(p->aof);
    return count;
}

size_t persist_commands(struct persist *p, struct command_table out[static PERSIST_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = snapshot_commands(p->snapshot);
    out[count++] = aof_commands(p->aof);
    return count;
}
