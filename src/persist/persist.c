/* The handle of the room: its parts are made here, and what they export is collected. */
#include "persist/persist_priv.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "persist/aof.h"
#include "persist/aof_load.h"
#include "persist/loading.h"
#include "persist/rdb.h"
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

static int load_snapshot(struct persist *p, bool *ret_found)
{
    uint64_t start_ns = clock_mono_ns();
    int error = snapshot_load(p->snapshot, 0, ret_found);
    if (error == 0 && *ret_found)
        log_write(LOG_NOTICE, "DB loaded from disk: %.3f seconds",
                  (double)(clock_mono_ns() - start_ns) / 1e9);
    else if (error == -EBADMSG || error == -ENODATA)
        log_write(LOG_WARNING, "Terminating server after rdb file reading failure.");
    else if (error < 0 && error != -ECANCELED)
        log_write(LOG_WARNING, "Fatal error loading the DB: %s. Exiting.", strerror(-error));
    return error;
}

int persist_start(struct persist *p)
{
    bool found = false;
    int error = aof_is_wanted(p->aof) ? aof_load(p, &found) : load_snapshot(p, &found);
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

/* An append-only file whose base is not written yet holds nothing: who counts on it would lose all. */
static int finish_aof(struct persist *p, bool by_force)
{
    if (aof_state(p->aof) == AOF_WAITS_FOR_REWRITE) {
        log_write(LOG_WARNING, by_force ? "Writing initial AOF. Exit anyway."
                                        : "Writing initial AOF, can't exit.");
        if (!by_force)
            return -EBUSY;
    }
    if (children_kind(p->children) == CHILD_REWRITE)
        log_write(LOG_WARNING, "There is a child rewriting the AOF. Killing it!");
    children_kill(p->children, CHILD_REWRITE);
    return aof_finish(p->aof);
}

static int save_the_last(struct persist *p, bool by_force)
{
    log_write(LOG_NOTICE, "Saving the final RDB snapshot before exiting.");
    int error = snapshot_save(p->snapshot);
    if (error < 0)
        log_write(LOG_WARNING, by_force ? "Error trying to save the DB. Exit anyway."
                                        : "Error trying to save the DB, can't exit.");
    return error;
}

int persist_finish(struct persist *p, uint32_t how)
{
    bool by_force = how & PERSIST_FORCE;
    if (children_kind(p->children) == CHILD_SNAPSHOT)
        log_write(LOG_WARNING, "There is a child saving an .rdb. Killing it!");
    children_kill(p->children, CHILD_SNAPSHOT);
    int error = finish_aof(p, by_force);
    if ((error < 0 && !by_force) || !(how & PERSIST_SAVE))
        return error;
    int saved = save_the_last(p, by_force);
    return error < 0 ? error : saved;
}

enum persist_reloaded persist_reload(struct persist *p, const struct persist_reload *how)
{
    if (loading_is_on(p->loading))
        return PERSIST_IS_LOADING; /* a nested turn's command: there is not all data yet */
    if (how->saves && snapshot_save(p->snapshot) < 0)
        return PERSIST_NOT_SAVED;
    if (snapshot_reload(p->snapshot, how->flushes, how->merges ? RDB_MERGE : 0) < 0)
        return PERSIST_NOT_LOADED;
    log_write(LOG_WARNING, "DB reloaded by DEBUG RELOAD");
    return PERSIST_RELOADED;
}

int persist_load_aof(struct persist *p)
{
    if (loading_is_on(p->loading))
        return -EBUSY;
    int error = aof_pause(p->aof);
    if (error < 0) {
        log_write(LOG_WARNING, "What changed is not in the append-only file yet: %s",
                  strerror(-error));
        return -EAGAIN;
    }
    (void)keyspace_flush(p->keyspace, -1, /* lazy= */ false);
    error = aof_load_again(p);
    aof_resume(p->aof);
    snapshot_forget_changes(p->snapshot);
    if (error == 0)
        log_write(LOG_NOTICE, "Append Only File loaded by DEBUG LOADAOF");
    return error;
}

void persist_set_pause_after_fork(struct persist *p, bool pause)
{
    children_set_pause_after_fork(p->children, pause);
}

void persist_set_flush_sleep(struct persist *p, int64_t us)
{
    aof_set_flush_sleep(p->aof, us);
}

const int *persist_version_leniency(const struct persist *p)
{
    return rdb_version_leniency(p->rdb);
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
