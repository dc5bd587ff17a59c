/* Rewriting: the child that writes a new base, when it is started, and what happens at its end. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "journal/journal.h"
#include "persist/aof_priv.h"

/* After so many failures in a row the next try waits: minutes, doubled each time. */
#define FAILURES_FREE 3
#define LIMIT_MINUTES_MAX 60
#define MINUTE_MS ((int64_t)60 * 1000)

uint64_t aof_current_bytes(const struct aof *a)
{
    return a->rewriting.all_bytes + a->writer.file_bytes;
}

bool aof_rewrite_runs(const struct aof *a)
{
    return children_kind(a->persist->children) == CHILD_REWRITE;
}

bool aof_rewrite_is_planned(const struct aof *a)
{
    return a->rewriting.is_planned;
}

void aof_rewrite_later(struct aof *a)
{
    a->rewriting.is_planned = true;
    a->rewriting.failures = 0; /* who asks shall not wait for the limit */
}

/* ---- the child ---- */

static char *temp_path(const struct aof *a, pid_t pid)
{
    struct buf name;
    buf_init(&name, BUF_NO_CEILING);
    buf_printf(&name, "temp-rewriteaof-bg-%d.aof", (int)pid);
    char *path = aof_path(a, buf_cstr(&name));
    buf_done(&name);
    return path;
}

static int run_child(void *arg, struct child_progress *progress)
{
    struct aof *a = arg;
    return aof_base_write(a, temp_path(a, getpid()), progress);
}

/* ---- its end ---- */

static void note_failure(struct aof *a)
{
    a->rewriting.last_failed = true;
    a->rewriting.failures++;
}

/* What an earlier sync may have lost is in the new base; of the file that is written only if nothing
 * of it was lost. */
static void forget_loss(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (w->lost_seq != 0 && w->lost_seq < w->seq)
        w->lost_seq = 0;
    if (w->left_seq < w->seq)
        w->left_seq = 0;
    a->rewriting.is_planned = w->lost_seq != 0;
}

static void go_on_with_new_files(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    a->rewriting.last_failed = false;
    a->rewriting.failures = 0;
    if (a->state == AOF_WAITS_FOR_REWRITE) {
        bool lost = w->lost_seq != 0;
        w->seq = manifest_last_incr(&a->manifest)->seq;
        w->lost_seq = lost ? w->seq : 0;
        a->state = AOF_ON;
    }
    forget_loss(a);
    aof_files_collect(a);
    if (a->state == AOF_ON)
        aof_wake_waiters(a);
    log_write(LOG_NOTICE, "Background AOF rewrite finished successfully");
}

/* Not on yet: what gathered since the fork is of no use without a base. */
static void start_over(struct aof *a)
{
    aof_listen_no_more(a);
    aof_writer_close(a);
    aof_files_drop_temp(a);
    a->rewriting.is_planned = true;
}

static bool child_has_worked(struct aof *a, const struct child_end *end)
{
    if (end->signal) {
        log_write(LOG_WARNING, "Background AOF rewrite terminated by signal %d", end->signal);
        if (end->signal != SIGUSR1)
            note_failure(a);
        return false;
    }
    if (end->error < 0) {
        log_write(LOG_WARNING, "Background AOF rewrite terminated with error");
        if (end->error != -ECANCELED)
            note_failure(a);
        return false;
    }
    log_write(LOG_NOTICE, "Background AOF rewrite terminated with success");
    return true;
}

static void child_ended(void *arg, const struct child_end *end)
{
    struct aof *a = arg;
    struct aof_rewriting *rw = &a->rewriting;
    bool worked = child_has_worked(a, end);
    if (worked && aof_files_replace(a, rw->temp) < 0) {
        note_failure(a);
        worked = false;
    }
    if (worked)
        go_on_with_new_files(a);
    else
        aof_files_unlink(a, rw->temp);
    mem_free(rw->temp);
    rw->temp = NULL;
    rw->last_took_s = end->took_ms / 1000;
    if (a->state == AOF_WAITS_FOR_REWRITE && !a->is_ending)
        start_over(a);
}

/* ---- its start ---- */

static int begin(struct aof *a)
{
    struct aof_rewriting *rw = &a->rewriting;
    const struct child_work work = {
        .kind = CHILD_REWRITE, .run = run_child, .ended = child_ended, .arg = a
    };
    pid_t pid;
    int error = aof_files_prepare(a);
    if (error == 0 && a->state != AOF_OFF)
        error = aof_files_switch(a);
    if (error < 0)
        return error;
    /* From the fork on everything goes to the new file; it begins with SELECT. */
    aof_listen_no_more(a);
    if (a->state != AOF_OFF)
        aof_listen(a);
    rw->rewrites++;
    error = children_start(a->persist->children, &work, &pid);
    if (error < 0) {
        log_write(LOG_WARNING, "Can't rewrite append only file in background: fork: %s",
                  strerror(-error));
        return error;
    }
    rw->temp = temp_path(a, pid);
    log_write(LOG_NOTICE, "Background append only file rewriting started by pid %ld", (long)pid);
    rw->is_planned = false;
    return 0;
}

int aof_rewrite(struct aof *a)
{
    if (children_kind(a->persist->children) != CHILD_NONE)
        return -EBUSY;
    int error = begin(a);
    if (error == 0)
        return 0;
    note_failure(a);
    if (a->state == AOF_WAITS_FOR_REWRITE && a->writer.fd >= 0)
        start_over(a);
    return error;
}

void aof_rewrite_kill(struct aof *a)
{
    if (!aof_rewrite_runs(a))
        return;
    log_write(LOG_NOTICE, "Killing running AOF rewrite child: %ld",
              (long)children_pid(a->persist->children));
    children_kill(a->persist->children, CHILD_REWRITE);
}

/* ---- by itself ---- */

/* After several failures: not yet. */
static bool is_limited(struct aof *a)
{
    struct aof_rewriting *rw = &a->rewriting;
    int64_t now_ms = dispatch_now_ms(a->persist->dispatch);
    if (rw->failures < FAILURES_FREE) {
        rw->limit_minutes = rw->limit_until_ms = 0;
        return false;
    }
    if (rw->limit_until_ms != 0) {
        if (now_ms < rw->limit_until_ms)
            return true;
        rw->limit_until_ms = 0;
        return false;
    }
    rw->limit_minutes = rw->limit_minutes == 0 ? 1 : rw->limit_minutes * 2;
    rw->limit_minutes = MIN_OF(rw->limit_minutes, (int64_t)LIMIT_MINUTES_MAX);
    rw->limit_until_ms = now_ms + rw->limit_minutes * MINUTE_MS;
    log_write(LOG_WARNING,
              "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in "
              "%" PRId64 " minutes",
              rw->limit_minutes);
    return true;
}

static bool has_grown(const struct aof *a, uint64_t *ret_percent)
{
    const struct aof_settings *set = &a->settings;
    uint64_t now = aof_current_bytes(a), base = MAX_OF(a->rewriting.base_bytes, UINT64_C(1));
    if (a->state != AOF_ON || set->rewrite_percentage == 0 ||
        now <= (uint64_t)set->rewrite_min_bytes || now < base)
        return false;
    *ret_percent = (now - base) / base * 100 + (now - base) % base * 100 / base;
    return *ret_percent >= (uint64_t)set->rewrite_percentage;
}

void aof_rewrite_look(struct aof *a)
{
    uint64_t percent;
    if (!a->is_started || children_kind(a->persist->children) != CHILD_NONE)
        return;
    bool planned = a->rewriting.is_planned;
    bool grown = !planned && has_grown(a, &percent);
    if ((!planned && !grown) || is_limited(a))
        return;
    if (grown)
        log_write(LOG_NOTICE, "Starting automatic rewriting of AOF on %" PRIu64 "%% growth",
                  percent);
    (void)!aof_rewrite(a); /* has told the log; failures are counted */
}
