/* The append-only file: the handle, and its way between off and on. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "event/worker.h"
#include "persist/aof_priv.h"

struct aof *aof_new(struct persist *p)
{
    struct aof *a = mem_zalloc(sizeof(*a));
    const struct directive_table table = aof_directives(a);
    directive_init_all(&table);
    a->persist = p;
    a->rewriting.last_took_s = -1;
    a->syncer = worker_new(p->loop, "aof_sync");
    a->cleaner = worker_new(p->loop, "aof_close");
    block_queue_init(&a->waiters);
    manifest_init(&a->manifest);
    aof_writer_init(a);
    return a;
}

void aof_free(struct aof *a)
{
    a->is_ending = true;
    aof_listen_no_more(a);
    aof_writer_close(a);
    worker_free(a->syncer);
    worker_free(a->cleaner);
    aof_writer_done(a);
    manifest_done(&a->manifest);
    mem_free(a->rewriting.temp);
    mem_free(a->dir);
    const struct directive_table table = aof_directives(a);
    directive_done_all(&table);
    mem_free(a);
}

/* ---- what others ask ---- */

enum aof_state aof_state(const struct aof *a)
{
    return a->state;
}

bool aof_is_wanted(const struct aof *a)
{
    return a->settings.appendonly;
}

bool aof_loads_truncated(const struct aof *a)
{
    return a->settings.load_truncated;
}

const char *aof_prefix(const struct aof *a)
{
    return a->settings.filename;
}

const char *aof_dir(const struct aof *a)
{
    return a->dir ? a->dir : a->settings.dirname;
}

int aof_write_error(const struct aof *a)
{
    return a->writer.write_error ? a->writer.write_error : a->writer.sync_error;
}

uint64_t aof_synced_offset(const struct aof *a)
{
    return a->state == AOF_ON ? a->writer.synced_offset : 0;
}

void aof_take_manifest(struct aof *a, struct manifest *m, uint64_t base_bytes, uint64_t all_bytes)
{
    manifest_move(&a->manifest, m);
    a->has_manifest = true;
    a->rewriting.base_bytes = base_bytes;
    a->rewriting.all_bytes = all_bytes;
    a->counts_last = true;
}

void aof_set_flush_sleep(struct aof *a, int64_t us)
{
    a->writer.flush_sleep_us = us;
}

/* ---- the journal's sink ---- */

/* What follows begins with SELECT. */
void aof_listen(struct aof *a)
{
    journal_add_sink(a->persist->journal, &a->sink);
    a->is_listening = true;
}

void aof_listen_no_more(struct aof *a)
{
    if (a->is_listening)
        journal_remove_sink(a->persist->journal, &a->sink);
    a->is_listening = false;
}

void aof_wake_waiters(struct aof *a)
{
    if (a->is_ending || list_is_empty(&a->waiters.waiters))
        return;
    block_queue_wake(a->persist->dispatch, &a->waiters);
    loop_dont_wait(a->persist->loop);
}

int aof_pause(struct aof *a)
{
    if (a->writer.fd < 0)
        return 0;
    int error = aof_sync_all(a);
    if (error == 0)
        aof_listen_no_more(a);
    return error;
}

void aof_resume(struct aof *a)
{
    if (a->writer.fd < 0)
        return;
    /* The loader may have cut off what it could not use. */
    off_t size = file_seek(a->writer.fd, 0, SEEK_END);
    if (size >= 0)
        a->writer.file_bytes = (uint64_t)size;
    aof_files_count(a);
    aof_listen(a);
}

/* ---- on and off ---- */

int aof_open(struct aof *a)
{
    a->is_started = true;
    if (!a->settings.appendonly)
        return 0;
    a->state = AOF_ON;
    int error = aof_files_open(a);
    if (error < 0) {
        a->state = AOF_OFF;
        return error;
    }
    aof_listen(a);
    aof_files_collect(a);
    return 0;
}

static bool in_transaction(const struct aof *a)
{
    const struct cmd *cmd = dispatch_current(a->persist->dispatch);
    return cmd && (cmd->session->flags & SESSION_NO_BLOCK);
}

static int turn_on(struct aof *a)
{
    a->state = AOF_WAITS_FOR_REWRITE;
    a->writer.write_error = a->writer.sync_error = 0;
    aof_tell_disk_error(a);
    a->writer.lost_seq = a->writer.left_seq = 0;
    enum child_kind child = children_kind(a->persist->children);
    if (child != CHILD_NONE && child != CHILD_REWRITE) {
        log_write(LOG_NOTICE, "AOF was enabled but there is already another background operation. "
                              "An AOF background was scheduled to start when possible.");
        a->rewriting.is_planned = true;
        return 0;
    }
    if (in_transaction(a)) {
        log_write(LOG_NOTICE, "AOF was enabled during a transaction. An AOF background was "
                              "scheduled to start when possible.");
        a->rewriting.is_planned = true;
        return 0;
    }
    if (child == CHILD_REWRITE) {
        log_write(LOG_NOTICE, "AOF was enabled but there is already an AOF rewriting in "
                              "background. Stopping background AOF and starting a rewrite now.");
        aof_rewrite_kill(a);
    }
    int error = aof_rewrite(a);
    if (error < 0) {
        a->state = AOF_OFF;
        a->rewriting.is_planned = false;
        log_write(LOG_WARNING,
                  "The server needs to enable the AOF but can't trigger a background AOF rewrite "
                  "operation. Check the above logs for more info about the error.");
    }
    return error;
}

static void turn_off(struct aof *a)
{
    if (a->writer.fd >= 0) {
        int error = aof_sync_all(a);
        if (error < 0)
            log_write(LOG_WARNING, "Fail to fsync the AOF file: %s", strerror(-error));
    }
    bool waited = a->state == AOF_WAITS_FOR_REWRITE;
    aof_listen_no_more(a);
    aof_writer_close(a);
    a->state = AOF_OFF;
    a->rewriting.is_planned = false;
    a->writer.write_error = a->writer.sync_error = 0;
    aof_tell_disk_error(a);
    a->has_manifest = false; /* read anew when it is needed: `dir` may be another one by then */
    aof_rewrite_kill(a);
    if (waited)
        aof_files_drop_temp(a);
    aof_wake_waiters(a);
}

int aof_apply_appendonly(struct aof *a)
{
    if (!a->is_started || a->settings.appendonly == (a->state != AOF_OFF))
        return 0;
    if (a->settings.appendonly)
        return turn_on(a);
    turn_off(a);
    return 0;
}

int aof_finish(struct aof *a)
{
    if (a->writer.fd < 0 || a->state != AOF_ON)
        return 0;
    log_write(LOG_NOTICE, "Calling fsync() on the AOF file.");
    int error = aof_sync_all(a);
    if (error < 0)
        log_write(LOG_WARNING, "Fail to fsync the AOF file: %s.", strerror(-error));
    return error;
}
