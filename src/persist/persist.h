/* Persistence: the handle of the room, and what the server calls.
 *
 * At the start persist_start() loads what is on disk; then every turn calls persist_flush() in its third
 * phase, before any reply leaves. The parts (snapshot, append-only file, loading) have headers of
 * their own for those who work on them; the server needs this one only. */
#ifndef PERSIST_PERSIST_H
#define PERSIST_PERSIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/hook.h"
#include "base/job.h"
#include "base/macros.h"
#include "base/metric.h"
#include "dispatch/command.h"
#include "persist/children.h"

struct dispatch;
struct loop;
struct persist;

/* Set by the server's wiring. */
struct persist_hooks {
    /* Data is being loaded, for a while already: the server shall look at its clients now, in a
     * nested turn, and come back. */
    HOOK_TYPE(persist_yield_hook) yield;
    /* First in a child process that was just forked: lets go of what is the parent's (listeners), takes
     * title, processors and OOM score of its kind. */
    HOOK_TYPE(persist_born_hook, enum child_kind kind) born;
};

struct persist *persist_new(struct loop *loop, struct dispatch *d);
/* Ends a child, waits for what is being synced, closes files. Accepts NULL. */
void persist_free(struct persist *p);
struct persist_hooks *persist_hooks(struct persist *p);

/* Loads what is on disk and opens the append-only file, if that is on. On -errno the log has the reason, and
 * the server must not go on. */
MUST_USE int persist_start(struct persist *p);
/* Phase 3: what the turn changed is written, and synced if it must be before replies leave. */
void persist_flush(struct persist *p);

/* How the end of the server goes (server/shutdown.h has the steps). */
bool persist_wants_snapshot(const struct persist *p); /* there are `save` rules */
enum {
    PERSIST_SAVE = 1 << 0,  /* a snapshot */
    PERSIST_FORCE = 1 << 1, /* what fails is logged, and the rest is done */
};
/* Ends children, writes and syncs the append-only file, saves. 0; -errno: nothing is lost yet, and the server
 * should go on; the log has the reason. */
MUST_USE int persist_finish(struct persist *p, uint32_t how);

/* DEBUG RELOAD: all data is saved, removed, loaded from the file. */
struct persist_reload {
    bool saves, flushes;
    bool merges; /* the file's keys replace those that are there */
};
enum persist_reloaded {
    PERSIST_RELOADED,
    PERSIST_IS_LOADING, /* something else: nothing has happened, */
    PERSIST_NOT_SAVED,  /* nor has it here */
    PERSIST_NOT_LOADED,
};
/* Logs what is wrong. */
MUST_USE enum persist_reloaded persist_reload(struct persist *p, const struct persist_reload *how);
/* DEBUG LOADAOF: all data is removed, and loaded from the append-only file's files. 0; -EBUSY: something else is being
 * loaded, -EAGAIN: what changed cannot be written to the files, and nothing has happened; another -errno: the data is not whole any more, and the server must not go on; the log has the reason. */
MUST_USE int persist_load_aof(struct persist *p);
/* DEBUG PAUSE-AFTER-FORK: the server stops itself (SIGSTOP) behind each fork. */
void persist_set_pause_after_fork(struct persist *p, bool pause);

/* DEBUG AOF-FLUSH-SLEEP: so many microseconds before each write to the append-only file. */
void persist_set_flush_sleep(struct persist *p, int64_t us);

/* For RESTORE: the directive rdb-version-check, where it is kept. Not 0: relaxed. */
const int *persist_version_leniency(const struct persist *p);

/* True while data is loaded: at the start, by DEBUG RELOAD, from a primary. */
bool persist_is_loading(const struct persist *p);

/* ---- what the room exports: the tables of its parts ---- */

#define PERSIST_TABLES_MAX 8
size_t persist_directives(struct persist *p, struct directive_table out[static PERSIST_TABLES_MAX]);
size_t persist_metrics(struct persist *p, struct metric_table out[static PERSIST_TABLES_MAX]);
size_t persist_jobs(struct persist *p, struct job_table out[static PERSIST_TABLES_MAX]);
size_t persist_commands(struct persist *p, struct command_table out[static PERSIST_TABLES_MAX]);

#endif
