/* Snapshots: when one is taken, and what follows from how it went. */
#include "persist/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "persist/children.h"
#include "persist/loading.h"
#include "persist/new_file.h"
#include "persist/snapshot_priv.h"

/* The peers' words: programs look for them. */
#define REFUSAL                                                                                   \
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " \
    "disk. Commands that may modify the data set are disabled, because this instance is "         \
    "configured to report errors during writes if RDB snapshotting fails "                        \
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the "    \
    "RDB error."

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

void snapshot_update_gate(struct snapshot *s)
{
    bool refuses = s->last_failed && s->rule_count > 0 && s->settings.stop_writes_on_error;
    dispatch_set_disk_error(s->persist->dispatch, DISK_SNAPSHOT, refuses ? REFUSAL : NULL);
}

/* ---- writing, in this process ---- */

/* The folder, for messages; "" if it has gone. */
static const char *folder(char path[static PATH_MAX])
{
    return getcwd(path, PATH_MAX) ? path : "";
}

/* `temp` takes the file's place. */
static int put_in_place(const struct snapshot *s, const char *temp)
{
    char dir[PATH_MAX];
    const char *path = s->settings.dbfilename;
    int error = file_rename(temp, path);
    if (error < 0) {
        log_write(
            LOG_WARNING,
            "Error moving temp DB file %s on the final destination %s (in server root dir %s): %s",
            temp, path, folder(dir), strerror(-error));
        (void)!file_unlink(temp);
        return error;
    }
    error = file_sync_dir(".");
    if (error < 0)
        log_write(LOG_WARNING, "Failed to fsync directory while saving DB: %s", strerror(-error));
    return error;
}

/* The file is removed if it is not whole. */
static int write_file(const struct snapshot *s, const char *path, struct child_progress *progress)
{
    struct new_file f = { .syncs_often = s->settings.incremental_fsync, .progress = progress };
    int error = new_file_open(&f, path);
    if (error < 0) {
        log_write(LOG_WARNING, "Failed opening the temp RDB file %s for saving: %s", path,
                  strerror(-error));
        return error;
    }
    error = new_file_write_rdb(&f, s->persist->rdb, /* is_aof_base= */ false);
    error = new_file_close(&f, error);
    if (error < 0) {
        log_write(LOG_WARNING, "Write error saving DB on disk: %s", strerror(-error));
        (void)!file_unlink(path);
    }
    return error;
}

static int write_and_replace(struct snapshot *s, struct child_progress *progress)
{
    char temp[32];
    (void)snprintf(temp, sizeof(temp), "temp-%d.rdb", (int)getpid());
    int error = write_file(s, temp, progress);
    if (error == 0)
        error = put_in_place(s, temp);
    if (error == 0)
        log_write(LOG_NOTICE, "DB saved on disk");
    return error;
}

static void note_success(struct snapshot *s, uint64_t dirty)
{
    s->dirty_saved = dirty;
    s->saved_at_s = now_s();
    s->last_failed = false;
    snapshot_update_gate(s);
}

int snapshot_save(struct snapshot *s)
{
    int error = write_and_replace(s, NULL);
    if (error == 0)
        note_success(s, keyspace_dirty(s->persist->keyspace));
    return error;
}

/* ---- in a child ---- */

static int run(void *arg, struct child_progress *progress)
{
    return write_and_replace(arg, progress);
}

static void note_failure(struct snapshot *s)
{
    s->last_failed = true;
    s->failures_in_row++;
    snapshot_update_gate(s);
}

/* Who was asked to go has not failed. */
static void ended(void *arg, const struct child_end *end)
{
    struct snapshot *s = arg;
    s->last_took_s = end->took_ms / 1000;
    if (end->error == 0) {
        log_write(LOG_NOTICE, "Background saving terminated with success");
        s->failures_in_row = 0;
        note_success(s, s->dirty_begun);
        return;
    }
    if (end->signal)
        log_write(LOG_WARNING, "Background saving terminated by signal %d", end->signal);
    else
        log_write(LOG_WARNING, "Background saving error");
    (void)!file_unlink(s->temp);
    if (end->signal != SIGUSR1)
        note_failure(s);
}

/* `dir` may change while the child is at work. */
static void note_temp(struct snapshot *s, pid_t pid)
{
    char dir[PATH_MAX];
    (void)snprintf(s->temp, sizeof(s->temp), "%s/temp-%d.rdb", folder(dir), (int)pid);
}

int snapshot_begin(struct snapshot *s)
{
    struct children *children = s->persist->children;
    if (children_kind(children) != CHILD_NONE)
        return -EBUSY;
    s->count++;
    s->tried_at_s = now_s();
    s->dirty_begun = keyspace_dirty(s->persist->keyspace);
    const struct child_work work = { CHILD_SNAPSHOT, run, ended, s };
    pid_t pid;
    int error = children_start(children, &work, &pid);
    if (error < 0) {
        log_write(LOG_WARNING, "Can't save in background: fork: %s", strerror(-error));
        note_failure(s);
        return error;
    }
    note_temp(s, pid);
    s->is_planned = false;
    log_write(LOG_NOTICE, "Background saving started by pid %d", (int)pid);
    return 0;
}

void snapshot_begin_later(struct snapshot *s)
{
    s->is_planned = true;
}

bool snapshot_is_planned(const struct snapshot *s)
{
    return s->is_planned;
}

bool snapshot_unplan(struct snapshot *s)
{
    bool was_planned = s->is_planned;
    s->is_planned = false;
    return was_planned;
}

/* ---- rules ---- */

bool snapshot_has_rules(const struct snapshot *s)
{
    return s->rule_count > 0;
}

uint64_t snapshot_changes(const struct snapshot *s)
{
    return keyspace_dirty(s->persist->keyspace) - s->dirty_saved;
}

void snapshot_forget_changes(struct snapshot *s)
{
    s->dirty_saved = keyspace_dirty(s->persist->keyspace);
}

static const struct snapshot_rule *rule_that_is_met(const struct snapshot *s)
{
    uint64_t changes = snapshot_changes(s);
    int64_t age_s = now_s() - s->saved_at_s;
    for (size_t i = 0; i < s->rule_count; i++)
        if (changes >= s->rules[i].changes && age_s > s->rules[i].seconds)
            return &s->rules[i];
    return NULL;
}

static void look(void *owner)
{
    struct snapshot *s = owner;
    const struct persist *p = s->persist;
    bool must_wait = s->last_failed && now_s() - s->tried_at_s <= SNAPSHOT_RETRY_S;
    if (must_wait || loading_is_on(p->loading) || children_kind(p->children) != CHILD_NONE)
        return;
    const struct snapshot_rule *rule = rule_that_is_met(s);
    if (rule)
        log_write(LOG_NOTICE, "%" PRIu64 " changes in %" PRId64 " seconds. Saving...",
                  rule->changes, rule->seconds);
    if (rule || s->is_planned)
        (void)!snapshot_begin(s); /* which logs */
}

static const struct job jobs[] = { { "snapshot", 100, look } };

struct job_table snapshot_jobs(struct snapshot *s)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), s };
}

/* FLUSHALL: what is being saved is not wanted any more, nor what the file has, if the rules would save. */
static void on_emptied(void *arg)
{
    struct snapshot *s = arg;
    if (loading_is_on(s->persist->loading))
        return;
    children_kill(s->persist->children, CHILD_SNAPSHOT);
    if (snapshot_has_rules(s))
        (void)!snapshot_save(s); /* which logs */
}

/* ---- life ---- */

struct snapshot *snapshot_new(struct persist *p)
{
    struct snapshot *s = mem_alloc(sizeof(*s));
    *s = (struct snapshot){ .persist = p, .saved_at_s = now_s(), .last_took_s = -1 };
    const struct directive_table table = snapshot_directives(s);
    directive_init_all(&table);
    dispatch_hooks(p->dispatch)->emptied.fn = on_emptied;
    dispatch_hooks(p->dispatch)->emptied.arg = s;
    return s;
}

void snapshot_free(struct snapshot *s)
{
    const struct directive_table table = snapshot_directives(s);
    dispatch_hooks(s->persist->dispatch)->emptied.fn = NULL;
    directive_done_all(&table);
    mem_free(s->rules);
    mem_free(s);
}

const char *snapshot_path(const struct snapshot *s)
{
    return s->settings.dbfilename;
}
