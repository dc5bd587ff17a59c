/* What the append-only file exports: directives, metrics, jobs. */
#include <errno.h>

#include "base/macros.h"
#include "event/worker.h"
#include "persist/aof_priv.h"

/* ---- directives ---- */

#define AT(member) offsetof(struct aof_settings, member)

static const struct directive_word fsync_words[] = { { "everysec", AOF_FSYNC_EVERYSEC },
                                                     { "always", AOF_FSYNC_ALWAYS },
                                                     { "no", AOF_FSYNC_NO },
                                                     { NULL, 0 } };

/* Files stay in their folder: a name with a slash would leave it. */
static int check_name(struct slice value, const char *if_empty, const char *if_path,
                      const char **ret_error)
{
    if (value.len > 0 && slice_find(value, '/') < 0)
        return 0;
    *ret_error = value.len > 0 ? if_path : if_empty;
    return -EINVAL;
}

static int check_filename(void *owner UNUSED, struct slice value, const char **ret_error)
{
    return check_name(value, "appendfilename can't be empty",
                      "appendfilename can't be a path, just a filename", ret_error);
}

static int check_dirname(void *owner UNUSED, struct slice value, const char **ret_error)
{
    return check_name(value, "appenddirname can't be empty",
                      "appenddirname can't be a path, just a dirname", ret_error);
}

static int apply_appendonly(void *owner, const char **ret_error)
{
    *ret_error = "Unable to turn on AOF. Check server logs.";
    return aof_apply_appendonly(owner) < 0 ? -EINVAL : 0;
}

/* With `always` nothing is synced in the background: no sync may be at work on what a reply promises. */
static int apply_fsync(void *owner, const char **ret_error UNUSED)
{
    struct aof *a = owner;
    if (a->settings.fsync == AOF_FSYNC_ALWAYS)
        aof_wait_for_sync(a);
    return 0;
}

static const struct directive directives[] = {
    { .name = "appendonly",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_DENY_LOADING,
      .offset = AT(appendonly),
      .initial = "no",
      .apply = apply_appendonly,
      .summary = "Whether every change is also written to the append-only file, which is "
                 "read at start in place of the snapshot." },
    { .name = "appendfilename",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(filename),
      .initial = "appendonly.aof",
      .check = check_filename,
      .summary = "How the names of the append-only file's parts begin." },
    { .name = "appenddirname",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(dirname),
      .initial = "appendonlydir",
      .check = check_dirname,
      .summary = "The folder for the parts of the append-only file, inside of `dir`." },
    { .name = "appendfsync",
      .type = DIRECTIVE_ENUM,
      .offset = AT(fsync),
      .initial = "everysec",
      .words = fsync_words,
      .apply = apply_fsync,
      .summary = "When the append-only file is synced to the disk: before each reply "
                 "(always), once a second (everysec), or when the system likes (no)." },
    { .name = "no-appendfsync-on-rewrite",
      .type = DIRECTIVE_BOOL,
      .offset = AT(no_fsync_on_rewrite),
      .initial = "no",
      .summary = "Whether syncing the append-only file waits while a snapshot or a rewrite "
                 "is being written." },
    { .name = "auto-aof-rewrite-percentage",
      .type = DIRECTIVE_INT,
      .offset = AT(rewrite_percentage),
      .max = INT32_MAX,
      .initial = "100",
      .summary = "By how much the append-only file must have grown since it was last "
                 "rewritten to be rewritten by itself, in percent. 0 for never." },
    { .name = "auto-aof-rewrite-min-size",
      .type = DIRECTIVE_MEMORY,
      .offset = AT(rewrite_min_bytes),
      .max = INT64_MAX,
      .initial = "64mb",
      .summary = "The append-only file is not rewritten by itself while it is smaller than "
                 "this." },
    { .name = "aof-load-truncated",
      .type = DIRECTIVE_BOOL,
      .offset = AT(load_truncated),
      .initial = "yes",
      .summary = "Whether an append-only file whose last command is incomplete is loaded "
                 "without it. If not, the start fails." },
    { .name = "aof-use-rdb-preamble",
      .type = DIRECTIVE_BOOL,
      .offset = AT(use_rdb_preamble),
      .initial = "yes",
      .summary = "Whether a rewritten append-only file begins with a snapshot in place of "
                 "commands." },
    { .name = "aof-timestamp-enabled",
      .type = DIRECTIVE_BOOL,
      .offset = AT(timestamps),
      .initial = "no",
      .summary = "Whether the append-only file says now and then what time it was, so that a "
                 "state of the past can be restored." },
    { .name = "aof-rewrite-incremental-fsync",
      .type = DIRECTIVE_BOOL,
      .offset = AT(rewrite_incremental_fsync),
      .initial = "yes",
      .summary = "Whether an append-only file that is being rewritten is synced to the disk "
                 "every few megabytes, not at its end alone." },
    { .name = "aof-disable-auto-gc",
      .type = DIRECTIVE_BOOL,
      .offset = AT(keep_history),
      .initial = "no",
      .summary = "For tests: keeps parts of the append-only file that are not needed any "
                 "more." },
};

struct directive_table aof_directives(struct aof *a)
{
    return (struct directive_table){ .rows = directives,
                                     .count = COUNT_OF(directives),
                                     .settings = &a->settings,
                                     .owner = a,
                                     .title = "Persistence" };
}

/* ---- metrics ---- */

static const struct aof *self(const void *owner)
{
    return owner;
}

static bool is_enabled(const void *owner)
{
    return self(owner)->state != AOF_OFF;
}

static uint64_t enabled(const void *owner)
{
    return is_enabled(owner);
}

static uint64_t rewrite_in_progress(const void *owner)
{
    return aof_rewrite_runs(owner);
}

static uint64_t rewrite_planned(const void *owner)
{
    return self(owner)->rewriting.is_planned;
}

static int64_t last_rewrite_time(const void *owner)
{
    return self(owner)->rewriting.last_took_s;
}

static int64_t current_rewrite_time(const void *owner)
{
    return aof_rewrite_runs(owner) ? children_age_ms(self(owner)->persist->children) / 1000 : -1;
}

static void show_status(struct buf *out, bool ok)
{
    buf_append_str(out, ok ? "ok" : "err");
}

static void last_rewrite_status(const void *owner, struct buf *out)
{
    show_status(out, !self(owner)->rewriting.last_failed);
}

static void last_write_status(const void *owner, struct buf *out)
{
    show_status(out, aof_write_error(owner) == 0);
}

static uint64_t rewrites(const void *owner)
{
    return self(owner)->rewriting.rewrites;
}

static uint64_t rewrite_failures(const void *owner)
{
    return self(owner)->rewriting.failures;
}

static uint64_t current_size(const void *owner)
{
    return aof_current_bytes(owner);
}

static uint64_t base_size(const void *owner)
{
    return self(owner)->rewriting.base_bytes;
}

static uint64_t buffer_length(const void *owner)
{
    return self(owner)->writer.pending.len;
}

static uint64_t buffer_memory(const void *owner)
{
    return self(owner)->writer.pending.cap;
}

static uint64_t pending_syncs(const void *owner)
{
    return worker_pending(self(owner)->syncer);
}

static uint64_t delayed(const void *owner)
{
    return self(owner)->writer.delayed;
}

static uint64_t spent_us(const void *owner)
{
    return self(owner)->writer.spent_ns / 1000;
}

#define PERSISTENCE .section = "Persistence"

static const struct metric metrics[] = {
    { .section = "Memory",
      .name = "mem_aof_buffer",
      .summary = "Bytes that wait to be written to the append only file.",
      .count = buffer_memory },
    { PERSISTENCE, .name = "aof_enabled", .summary = "Whether there is an append only file.",
      .count = enabled },
    { PERSISTENCE, .name = "aof_rewrite_in_progress", .summary = "Whether it is being rewritten.",
      .count = rewrite_in_progress },
    { PERSISTENCE, .name = "aof_rewrite_scheduled",
      .summary = "Whether it will be rewritten once the snapshot is done.",
      .count = rewrite_planned },
    { PERSISTENCE, .name = "aof_last_rewrite_time_sec",
      .summary = "Seconds that the last rewrite took; -1: there was none.",
      .value = last_rewrite_time },
    { PERSISTENCE, .name = "aof_current_rewrite_time_sec",
      .summary = "Seconds since the present rewrite began; -1: there is none.",
      .value = current_rewrite_time },
    { PERSISTENCE, .name = "aof_last_bgrewrite_status", .summary = "How the last rewrite ended.",
      .text = last_rewrite_status },
    { PERSISTENCE, .name = "aof_rewrites", .summary = "Rewrites since the start.",
      .count = rewrites },
    { PERSISTENCE, .name = "aof_rewrites_consecutive_failures",
      .summary = "Rewrites that failed since the last good one.", .count = rewrite_failures },
    { PERSISTENCE, .name = "aof_last_write_status",
      .summary = "How the last write to the append only file ended, and the last sync.",
      .text = last_write_status },
    { PERSISTENCE, .name = "aof_current_size",
      .summary = "Bytes of the files that the append only file consists of.", .count = current_size,
      .is_there = is_enabled },
    { PERSISTENCE, .name = "aof_base_size",
      .summary = "Bytes that they had after the last rewrite, or at the start.", .count = base_size,
      .is_there = is_enabled },
    { PERSISTENCE, .name = "aof_pending_rewrite",
      .summary = "Whether a rewrite is to come as soon as there is no child process.",
      .count = rewrite_planned, .is_there = is_enabled },
    { PERSISTENCE, .name = "aof_buffer_length", .summary = "Bytes that are to be written to it.",
      .count = buffer_length, .is_there = is_enabled },
    { PERSISTENCE, .name = "aof_pending_bio_fsync",
      .summary = "Syncs that wait or run in the background.", .count = pending_syncs,
      .is_there = is_enabled },
    { PERSISTENCE, .name = "aof_delayed_fsync",
      .summary = "Writes that did not wait any longer for a slow sync in the background.",
      .count = delayed, .is_there = is_enabled },
    { .section = "Debug",
      .name = "eventloop_duration_aof_sum",
      .summary = "Microseconds in turns that the append only file took.",
      .count = spent_us },
};

static void reset(void *owner)
{
    struct aof *a = owner;
    a->writer.delayed = 0;
    a->rewriting.rewrites = 0;
}

struct metric_table aof_metrics(struct aof *a)
{
    return (struct metric_table){
        .rows = metrics, .count = COUNT_OF(metrics), .owner = a, .reset = reset
    };
}

/* ---- jobs ---- */

static void look(void *owner)
{
    aof_rewrite_look(owner);
}

/* The turns that it makes also write and sync what was put off. */
static const struct job jobs[] = {
    { "append only file", 100, look },
};

struct job_table aof_jobs(struct aof *a)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), a };
}
