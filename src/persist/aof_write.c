/* What gathers, is written, and is synced.
 *
 * A turn's units gather in `pending`; phase 3 writes them with one call. A turn that changes more than
 * PENDING_BYTES_MAX is written in pieces, so that the buffer is bounded while the disk works.
 *
 * A write that fails is taken back: the file is cut to its last whole unit, and everything stays pending. If
 * that fails, too, the part that is there counts, and the next write goes on behind it.
 *
 * A sync that fails may have lost what it should have brought to the disk, whatever the next one says:
 * the kernel takes the pages for clean. Then nothing of that file counts as synced any more, and a rewrite makes
 * it good. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "dispatch/latency.h"
#include "event/worker.h"
#include "persist/aof_priv.h"

#define PENDING_BYTES_MAX ((size_t)16 << 20)
/* A buffer that grew beyond this is given back once it is written. */
#define PENDING_BYTES_KEPT ((size_t)256 << 10)

#define SECOND_NS UINT64_C(1000000000)
#define SYNC_EVERY_NS SECOND_NS
#define PUT_OFF_MAX_NS (2 * SECOND_NS)
#define RETRY_EVERY_NS SECOND_NS
#define TELL_ERRORS_EVERY_NS (30 * SECOND_NS)

static void note_latency(const struct aof *a, const char *event, uint64_t took_ns)
{
    latency_record(dispatch_latency(a->persist->dispatch), event, (int64_t)(took_ns / 1000000));
}

static bool has_child(const struct aof *a)
{
    return children_kind(a->persist->children) != CHILD_NONE;
}

/* Writes are refused while what they change cannot be written down. */
void aof_tell_disk_error(struct aof *a)
{
    char text[256];
    int error = aof_write_error(a);
    if (error != 0)
        (void)snprintf(text, sizeof(text), "MISCONF Errors writing to the AOF file: %s",
                       strerror(error));
    dispatch_set_disk_error(a->persist->dispatch, DISK_AOF, error != 0 ? text : NULL);
}

/* ---- syncing ---- */

/* Everything that is written is on the disk now, unless an earlier sync has lost something. */
static void note_synced(struct aof *a, uint64_t offset)
{
    struct aof_writer *w = &a->writer;
    if (w->lost_seq != 0 || w->left_seq != 0 || offset <= w->synced_offset)
        return;
    ASSERT(offset <= journal_offset(a->persist->journal));
    w->synced_offset = offset;
    aof_wake_waiters(a);
}

/* Nothing waits to be synced: what the journal gave since were messages. */
static void note_nothing_unsynced(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (!w->is_unsynced && !w->sync.is_running)
        note_synced(a, w->written_offset);
}

static void note_lost(struct aof *a, int64_t seq)
{
    a->writer.lost_seq = MAX_OF(seq, (int64_t)1);
    if (a->state == AOF_ON)
        a->rewriting.is_planned = true;
}

/* The disk works again: writes are taken. */
static void note_sync_worked(struct aof *a)
{
    if (a->writer.sync_error == 0)
        return;
    a->writer.sync_error = 0;
    aof_tell_disk_error(a);
}

static void settle_sync(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (w->sync.is_settled)
        return;
    w->sync.is_settled = true;
    if (w->sync.error == 0) {
        note_sync_worked(a);
        note_synced(a, w->sync.offset);
        return;
    }
    if (w->sync_error == 0)
        log_write(LOG_WARNING, "Fail to fsync the AOF file: %s", strerror(-w->sync.error));
    w->sync_error = -w->sync.error;
    w->is_unsynced = true;
    aof_tell_disk_error(a);
    note_lost(a, w->sync.seq);
}

static void run_sync(void *arg)
{
    struct aof *a = arg;
    a->writer.sync.error = file_sync(a->writer.sync.fd);
}

static void sync_completed(void *arg)
{
    struct aof *a = arg;
    settle_sync(a);
    a->writer.sync.is_running = false;
}

static void begin_sync(struct aof *a, uint64_t now_ns)
{
    struct aof_writer *w = &a->writer;
    w->sync = (struct aof_sync){
        .fd = w->fd, .offset = w->written_offset, .seq = w->seq, .is_running = true
    };
    w->is_unsynced = false;
    w->synced_at_ns = now_ns;
    worker_submit(a->syncer, run_sync, sync_completed, a);
}

void aof_wait_for_sync(struct aof *a)
{
    if (!a->writer.sync.is_running)
        return;
    worker_drain(a->syncer);
    settle_sync(a);
}

NORETURN static void end_server(void)
{
    _exit(1);
}

/* Replies promise what is on the disk. */
static bool must_not_fail(const struct aof *a)
{
    return a->settings.fsync == AOF_FSYNC_ALWAYS && a->state == AOF_ON;
}

static int sync_now(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    uint64_t start_ns = clock_mono_ns();
    int error = file_sync(w->fd);
    uint64_t now_ns = clock_mono_ns();
    bool always = must_not_fail(a);
    if (always)
        note_latency(a, "aof-fsync-always", now_ns - start_ns);
    if (error < 0 && always) {
        log_write(LOG_WARNING,
                  "Can't persist AOF for fsync error when the AOF fsync policy is 'always': %s. "
                  "Exiting...",
                  strerror(-error));
        end_server();
    }
    if (error < 0) {
        note_lost(a, w->seq);
        return error;
    }
    w->is_unsynced = false;
    w->synced_at_ns = now_ns;
    note_sync_worked(a);
    note_synced(a, w->written_offset);
    return 0;
}

static void sync_if_due(struct aof *a, uint64_t now_ns)
{
    struct aof_writer *w = &a->writer;
    if (!w->is_unsynced) {
        note_nothing_unsynced(a);
        return;
    }
    if (a->settings.no_fsync_on_rewrite && has_child(a))
        return;
    if (a->settings.fsync == AOF_FSYNC_ALWAYS)
        (void)!sync_now(a); /* while a reply depends on it, it comes back only if it has worked */
    else if (a->settings.fsync == AOF_FSYNC_EVERYSEC && !w->sync.is_running &&
             now_ns - w->synced_at_ns >= SYNC_EVERY_NS)
        begin_sync(a, now_ns);
}

/* ---- writing ---- */

static void note_write_latency(const struct aof *a, uint64_t took_ns)
{
    const char *event = "aof-write-alone";
    if (a->writer.sync.is_running)
        event = "aof-write-pending-fsync";
    else if (has_child(a))
        event = "aof-write-active-child";
    note_latency(a, event, took_ns);
    note_latency(a, "aof-write", took_ns);
}

static size_t write_some(int fd, struct slice bytes, int *ret_error)
{
    size_t done = 0;
    while (done < bytes.len && *ret_error == 0) {
        ssize_t n = file_write(fd, bytes.ptr + done, bytes.len - done);
        if (n > 0)
            done += (size_t)n;
        else
            *ret_error = n < 0 ? (int)n : -ENOSPC;
    }
    return done;
}

static bool may_tell(struct aof_writer *w)
{
    uint64_t now_ns = clock_mono_ns();
    if (w->told_at_ns != 0 && now_ns - w->told_at_ns < TELL_ERRORS_EVERY_NS)
        return false;
    w->told_at_ns = now_ns;
    return true;
}

/* The file ends with `done` bytes of what is pending: away with them, or else they count. */
static void take_back(struct aof *a, size_t done, bool tell)
{
    struct aof_writer *w = &a->writer;
    if (done == 0)
        return;
    int error = file_truncate(w->fd, (off_t)w->file_bytes);
    if (error == 0) {
        w->is_cut = true;
        return;
    }
    if (tell)
        log_write(LOG_WARNING,
                  "Could not remove short write from the append-only file.  The server may refuse "
                  "to load the AOF the next time it starts.  ftruncate: %s",
                  strerror(-error));
    w->file_bytes += done;
    w->is_unsynced = true;
    buf_drop_front(&w->pending, done);
}

static void write_failed(struct aof *a, size_t done, int error)
{
    struct aof_writer *w = &a->writer;
    bool tell = may_tell(w);
    if (tell && done == 0)
        log_write(LOG_WARNING, "Error writing to the AOF file: %s", strerror(-error));
    else if (tell)
        log_write(LOG_WARNING,
                  "Short write while writing to the AOF file: (nwritten=%zu, expected=%zu)", done,
                  w->pending.len);
    take_back(a, done, tell);
    if (must_not_fail(a)) {
        log_write(LOG_WARNING, "Can't recover from AOF write error when the AOF fsync policy is "
                               "'always'. Exiting...");
        end_server();
    }
    w->write_error = -error;
    aof_tell_disk_error(a);
    w->retry_at_ns = clock_mono_ns() + RETRY_EVERY_NS;
}

/* What was cut off must not come back behind what is written now: bytes of the old tail may be on the disk. */
static int make_cut_durable(struct aof_writer *w)
{
    int error = w->is_cut ? file_sync(w->fd) : 0;
    if (error == 0)
        w->is_cut = false;
    return error;
}

static void pending_release(struct aof_writer *w)
{
    if (w->pending.cap > PENDING_BYTES_KEPT) {
        buf_done(&w->pending);
        buf_init(&w->pending, BUF_NO_CEILING);
    }
    buf_clear(&w->pending);
}

static void write_pending(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (UNLIKELY(w->flush_sleep_us > 0))
        usleep((useconds_t)w->flush_sleep_us);
    uint64_t start_ns = clock_mono_ns();
    int error = make_cut_durable(w);
    size_t done = error < 0 ? 0 : write_some(w->fd, buf_slice(&w->pending), &error);
    note_write_latency(a, clock_mono_ns() - start_ns);
    w->put_off_at_ns = 0;
    if (error < 0) {
        write_failed(a, done, error);
        return;
    }
    w->file_bytes += done;
    w->is_unsynced = true;
    pending_release(w);
    if (w->write_error == 0)
        return;
    log_write(LOG_WARNING, "AOF write error looks solved. The server can write again.");
    w->write_error = 0;
    w->told_at_ns = 0;
    aof_tell_disk_error(a);
}

/* Whether what is pending shall wait: for the next try after a failure, or for a sync that is running, since
 * the kernel may let the write wait for it, and all clients with it. */
static bool is_put_off(struct aof *a, uint64_t now_ns)
{
    struct aof_writer *w = &a->writer;
    if (w->write_error != 0)
        return now_ns < w->retry_at_ns;
    if (a->settings.fsync != AOF_FSYNC_EVERYSEC || !w->sync.is_running)
        return false;
    if (w->put_off_at_ns == 0)
        w->put_off_at_ns = now_ns;
    if (now_ns - w->put_off_at_ns < PUT_OFF_MAX_NS)
        return true;
    w->delayed++;
    log_write(LOG_NOTICE, "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the "
                          "AOF buffer without waiting for fsync to complete, this may slow down "
                          "the server.");
    return false;
}

static void flush(struct aof *a, uint64_t now_ns)
{
    struct aof_writer *w = &a->writer;
    if (w->pending.len > 0) {
        if (is_put_off(a, now_ns))
            return;
        write_pending(a);
        if (w->pending.len > 0)
            return;
    }
    w->written_offset = journal_offset(a->persist->journal);
    sync_if_due(a, now_ns);
}

void aof_flush(struct aof *a)
{
    const struct aof_writer *w = &a->writer;
    if (LIKELY(w->fd < 0))
        return;
    if (w->pending.len == 0 && !w->is_unsynced &&
        w->synced_offset == journal_offset(a->persist->journal))
        return;
    uint64_t start_ns = clock_mono_ns();
    flush(a, start_ns);
    a->writer.spent_ns += clock_mono_ns() - start_ns;
}

int aof_write_all(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (w->pending.len > 0)
        write_pending(a);
    if (w->pending.len > 0)
        return -w->write_error;
    w->written_offset = journal_offset(a->persist->journal);
    return 0;
}

int aof_sync_all(struct aof *a)
{
    int error = aof_write_all(a);
    aof_wait_for_sync(a);
    if (error == 0 && a->writer.is_unsynced)
        error = sync_now(a);
    return error;
}

/* ---- what comes ---- */

/* A line that says what time it is, at most once a second. */
static void annotate(struct aof *a)
{
    int64_t now_s = dispatch_now_ms(a->persist->dispatch) / 1000;
    if (now_s <= a->writer.annotated_s)
        return;
    a->writer.annotated_s = now_s;
    buf_append_str(&a->writer.pending, "#TS:");
    buf_append_int(&a->writer.pending, now_s);
    buf_append_str(&a->writer.pending, "\r\n");
}

static void take_unit(void *arg, uint64_t offset UNUSED, struct slice bytes)
{
    struct aof *a = arg;
    struct aof_writer *w = &a->writer;
    ASSERT(w->fd >= 0);
    if (UNLIKELY(a->settings.timestamps))
        annotate(a);
    buf_append(&w->pending, bytes);
    if (UNLIKELY(w->pending.len >= PENDING_BYTES_MAX) && w->write_error == 0)
        write_pending(a);
}

/* ---- the file ---- */

void aof_writer_init(struct aof *a)
{
    a->writer = (struct aof_writer){ .fd = -1 };
    a->sink = (struct journal_sink){ .append = take_unit, .arg = a, .data_only = true };
    buf_init(&a->writer.pending, BUF_NO_CEILING);
}

void aof_writer_done(struct aof *a)
{
    buf_done(&a->writer.pending);
}

void aof_writer_use(struct aof *a, int fd, int64_t seq, uint64_t bytes)
{
    struct aof_writer *w = &a->writer;
    ASSERT(w->fd < 0);
    ASSERT(w->pending.len == 0);
    w->fd = fd;
    w->seq = seq;
    w->file_bytes = bytes;
    w->is_unsynced = w->sync_error !=
                     0; /* while writes are refused only a sync can tell that it works */
    w->is_cut = false;
    w->put_off_at_ns = 0;
    w->synced_at_ns = clock_mono_ns();
    w->written_offset = journal_offset(a->persist->journal);
    note_nothing_unsynced(a);
}

struct closing {
    struct aof *aof;
    int fd;
    bool sync;
    int64_t seq;
    int error;
};

static void run_close(void *arg)
{
    struct closing *c = arg;
    if (c->sync)
        c->error = file_sync(c->fd);
    (void)file_close(c->fd);
}

/* Files are closed in the order in which they were left. */
static void close_completed(void *arg)
{
    struct closing *c = arg;
    struct aof_writer *w = &c->aof->writer;
    /* Else a base has made up for it, or it was turned off. */
    bool matters = c->sync && w->left_seq != 0 && c->seq <= w->left_seq;
    if (matters && c->error < 0)
        note_lost(c->aof, c->seq);
    if (matters && c->seq == w->left_seq) {
        w->left_seq = 0;
        note_nothing_unsynced(c->aof);
    }
    mem_free(c);
}

void aof_writer_close(struct aof *a)
{
    struct aof_writer *w = &a->writer;
    if (w->fd < 0)
        return;
    struct closing *c = mem_alloc(sizeof(*c));
    *c = (struct closing){ .aof = a, .fd = w->fd, .sync = w->is_unsynced, .seq = w->seq };
    if (w->is_unsynced && a->state == AOF_ON)
        w->left_seq = MAX_OF(w->seq, (int64_t)1);
    /* Behind a sync that is running. */
    worker_submit(a->syncer, run_close, close_completed, c);
    w->fd = -1;
    w->is_unsynced = false;
    buf_clear(&w->pending);
    pending_release(w);
}
