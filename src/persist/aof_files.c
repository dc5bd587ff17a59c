/* The files of the folder. Whenever power goes, the manifest that is found on the disk names files that hold
 * everything that was promised; so a change goes through these steps, each on the disk before the next:
 *
 *   a new incremental file     the old one's bytes; the new file's name; the manifest that names both
 *   a new base                 its bytes (by the child); its name; the manifest that names it and the
 *                              incremental file begun at the fork, everything else as history
 *   history                    goes when that manifest is on the disk; then a manifest without it
 *
 * If writing a manifest fails it is not known which one is there. Then the old one stays in force, the files of the
 * new one are neither written nor deleted, and their numbers are not given again: whichever one is found, it is whole.
 * Both name the file that is written on. */
#include <errno.h>
#include <fcntl.h>
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

static char *path_of(const char *dir, const char *name)
{
    struct buf path;
    buf_init(&path, BUF_NO_CEILING);
    buf_printf(&path, "%s/%s", dir, name);
    char *copy = mem_strdup(buf_cstr(&path));
    buf_done(&path);
    return copy;
}

char *aof_path(const struct aof *a, const char *name)
{
    ASSERT(a->dir);
    return path_of(a->dir, name);
}

/* "temp-appendonly.aof.incr", where changes gather until there is a base. */
static char *temp_incr_path(const struct aof *a)
{
    struct buf name;
    buf_init(&name, BUF_NO_CEILING);
    buf_printf(&name, "temp-%s.incr", a->settings.filename);
    char *path = aof_path(a, buf_cstr(&name));
    buf_done(&name);
    return path;
}

/* ---- the folder and its manifest ---- */

/* The whole path, for `dir` may be changed while the files are in use. */
static int find_dir(struct aof *a)
{
    char cwd[4096];
    if (!getcwd(cwd, sizeof(cwd)))
        return -errno;
    mem_free(a->dir);
    a->dir = path_of(cwd, a->settings.dirname);
    int error = file_mkdir(a->dir, 0755);
    if (error == 0 || error == -EEXIST)
        error = file_sync_dir(cwd);
    return error;
}

static int read_manifest(struct aof *a)
{
    struct manifest_fault fault;
    struct manifest found;
    manifest_init(&found);
    int error = manifest_read(&found, a->dir, a->settings.filename, &fault);
    if (error == -EBADMSG)
        log_write(LOG_WARNING, "Bad AOF manifest, line %d >>> '%s': %s", fault.line, fault.text,
                  fault.reason);
    else if (error < 0 && error != -ENOENT)
        log_write(LOG_WARNING, "Can't open the AOF manifest file of %s: %s", a->dir,
                  strerror(-error));
    if (error < 0 && error != -ENOENT)
        return error;
    manifest_move(&a->manifest, &found);
    a->has_manifest = true;
    a->is_unsure = false;
    return 0;
}

int aof_files_prepare(struct aof *a)
{
    if (a->writer.fd >= 0)
        return 0;
    int error = find_dir(a);
    if (error < 0) {
        log_write(LOG_WARNING, "Can't open or create append-only dir %s: %s", a->settings.dirname,
                  strerror(-error));
        return error;
    }
    return a->has_manifest && a->state == AOF_ON ? 0 : read_manifest(a);
}

/* Writes a manifest that takes the place of the present one; `next` is empty then. On -errno the present
 * one stays. Logs. */
static int change_manifest(struct aof *a, struct manifest *next)
{
    int error = manifest_write(next, a->dir, a->settings.filename);
    if (error == 0) {
        manifest_move(&a->manifest, next);
        a->is_unsure = false;
        return 0;
    }
    log_write(LOG_WARNING, "Error trying to write the AOF manifest file of %s: %s", a->dir,
              strerror(-error));
    a->is_unsure = true;
    return error;
}

/* What was made for a manifest that is not in force: its numbers are used up, and its files are deleted with
 * the history, as soon as a manifest is written that does not need them. */
static void give_up_files(struct aof *a, const struct manifest *next)
{
    struct manifest *m = &a->manifest;
    const struct manifest_file *incr = manifest_last_incr(next);
    if (next->base_seq > m->base_seq)
        manifest_add_history(m, next->base.name, next->base_seq);
    if (next->incr_seq > m->incr_seq)
        manifest_add_history(m, incr->name, incr->seq);
    m->base_seq = MAX_OF(m->base_seq, next->base_seq);
    m->incr_seq = MAX_OF(m->incr_seq, next->incr_seq);
}

/* ---- files ---- */

static int open_incr(const char *path, int flags, int *ret_fd)
{
    int fd = file_open(path, O_WRONLY | O_APPEND | O_CREAT | flags, 0644);
    if (fd < 0) {
        log_write(LOG_WARNING, "Can't open the append-only file %s: %s", path, strerror(-fd));
        return fd;
    }
    *ret_fd = fd;
    return 0;
}

static int64_t file_bytes(const char *path)
{
    struct stat st;
    return file_stat(path, &st) == 0 ? st.st_size : 0;
}

/* Under a temporary name first: a base is whole or not there. */
static int make_base(struct aof *a, struct manifest *m)
{
    struct buf temp_name;
    const char *name = manifest_new_base(m, a->settings.filename, a->settings.use_rdb_preamble);
    buf_init(&temp_name, BUF_NO_CEILING);
    buf_printf(&temp_name, "temp-rewriteaof-%d.aof", (int)getpid());
    char *temp = aof_path(a, buf_cstr(&temp_name)), *path = aof_path(a, name);
    int error = aof_base_write(a, temp, NULL);
    if (error == 0) {
        error = file_rename(temp, path);
        if (error < 0)
            log_write(LOG_WARNING, "Error trying to rename the temporary AOF base file %s: %s",
                      temp, strerror(-error));
    }
    if (error == 0)
        log_write(LOG_NOTICE, "Creating AOF base file %s on server start", name);
    else
        aof_files_unlink(a, temp);
    a->rewriting.base_bytes = a->rewriting.all_bytes = (uint64_t)file_bytes(path);
    buf_done(&temp_name);
    mem_free(temp);
    mem_free(path);
    return error;
}

/* Opens the last incremental file; what others have written there is synced. */
static int open_last_incr(struct aof *a, struct manifest *m, int *ret_fd, uint64_t *ret_bytes)
{
    const struct manifest_file *last = manifest_last_incr(m);
    bool is_new = !last;
    if (is_new) {
        (void)manifest_new_incr(m, a->settings.filename);
        last = manifest_last_incr(m);
    }
    char *path = aof_path(a, last->name);
    SCOPED(file_close_scoped) int fd = -1;
    int error = open_incr(path, 0, &fd);
    mem_free(path);
    if (error < 0)
        return error;
    off_t size = file_seek(fd, 0, SEEK_END);
    error = size < 0 ? (int)size : file_sync(fd);
    if (error < 0) {
        log_write(LOG_WARNING, "Can't use the append-only file %s: %s", last->name,
                  strerror(-error));
        return error;
    }
    log_write(LOG_NOTICE, "%s AOF incr file %s on server start", is_new ? "Creating" : "Opening",
              last->name);
    *ret_bytes = (uint64_t)size;
    *ret_fd = file_take(&fd);
    return 0;
}

static int sync_names(struct aof *a)
{
    int error = file_sync_dir(a->dir);
    if (error < 0)
        log_write(LOG_WARNING, "Fail to fsync AOF directory %s: %s.", a->dir, strerror(-error));
    return error;
}

int aof_files_open(struct aof *a)
{
    int fd = -1;
    uint64_t bytes = 0;
    int error = aof_files_prepare(a);
    if (error < 0)
        return error;
    struct manifest next;
    manifest_copy(&next, &a->manifest);
    if (manifest_is_empty(&next))
        error = make_base(a, &next);
    if (error == 0)
        error = open_last_incr(a, &next, &fd, &bytes);
    if (error == 0)
        error = sync_names(a);
    if (error == 0)
        error = change_manifest(a, &next);
    manifest_done(&next);
    if (error < 0) {
        if (fd >= 0)
            (void)file_close(fd);
        return error;
    }
    aof_writer_use(a, fd, manifest_last_incr(&a->manifest)->seq, bytes);
    aof_files_count(a);
    return 0;
}

void aof_files_count(struct aof *a)
{
    if (a->counts_last)
        a->rewriting.all_bytes -= MIN_OF(a->writer.file_bytes, a->rewriting.all_bytes);
    a->counts_last = false;
}

/* ---- a new incremental file, at the fork ---- */

static int open_temp(struct aof *a, int *ret_fd)
{
    char *path = temp_incr_path(a);
    worker_drain(a->cleaner); /* the last attempt's file, of the same name, may be about to go */
    int error = open_incr(path, O_TRUNC, ret_fd);
    if (error == 0)
        log_write(LOG_NOTICE, "Creating AOF incr file %s on background rewrite",
                  strrchr(path, '/') + 1);
    mem_free(path);
    return error;
}

static int open_next(struct aof *a, int *ret_fd)
{
    struct manifest next;
    manifest_copy(&next, &a->manifest);
    const char *name = manifest_new_incr(&next, a->settings.filename);
    char *path = aof_path(a, name);
    int error = open_incr(path, O_TRUNC, ret_fd);
    if (error == 0)
        error = sync_names(a);
    if (error == 0)
        error = change_manifest(a, &next);
    if (error == 0)
        log_write(LOG_NOTICE, "Creating AOF incr file %s on background rewrite",
                  strrchr(path, '/') + 1);
    else
        give_up_files(a, &next);
    manifest_done(&next);
    mem_free(path);
    return error;
}

/* The old file must not lose bytes that come before those of the new one. With `no` that is promised by nothing: it is
 * synced when it is closed, in the background, and nothing counts as synced before that. */
static int leave_file(struct aof *a)
{
    int error = aof_write_all(a);
    if (error < 0) {
        log_write(LOG_WARNING,
                  "Can't rewrite append only file: what changed before is not "
                  "written yet: %s",
                  strerror(-error));
        return error;
    }
    if (a->settings.fsync == AOF_FSYNC_NO)
        return 0;
    error = aof_sync_all(a);
    /* Then a rewrite is the way out. */
    if (error < 0)
        log_write(LOG_WARNING, "Fail to fsync the AOF file: %s", strerror(-error));
    return 0;
}

int aof_files_switch(struct aof *a)
{
    SCOPED(file_close_scoped) int fd = -1;
    int error = a->writer.fd >= 0 ? leave_file(a) : 0;
    if (error < 0)
        return error;
    bool is_temp = a->state == AOF_WAITS_FOR_REWRITE;
    error = is_temp ? open_temp(a, &fd) : open_next(a, &fd);
    if (error < 0)
        return error;
    a->rewriting.all_bytes += is_temp ? 0 : a->writer.file_bytes;
    aof_writer_close(a);
    aof_writer_use(a, file_take(&fd), is_temp ? 0 : a->manifest.incr_seq, 0);
    return 0;
}

/* ---- a new base ---- */

static int rename_told(struct aof *a, const char *from, const char *to, const char *kind)
{
    uint64_t start_ns = clock_mono_ns();
    int error = file_rename(from, to);
    latency_record(dispatch_latency(a->persist->dispatch), "aof-rename",
                   (int64_t)((clock_mono_ns() - start_ns) / 1000000));
    const char *from_name = strrchr(from, '/') + 1, *to_name = strrchr(to, '/') + 1;
    if (error < 0)
        log_write(LOG_WARNING, "Error trying to rename the temporary AOF %s file %s into %s: %s",
                  kind, from_name, to_name, strerror(-error));
    else
        log_write(LOG_NOTICE, "Successfully renamed the temporary AOF %s file %s into %s", kind,
                  from_name, to_name);
    return error;
}

/* The temporary incremental file gets its name. */
static int name_temp_incr(struct aof *a, struct manifest *next)
{
    char *from = temp_incr_path(a);
    char *to = aof_path(a, manifest_new_incr(next, a->settings.filename));
    int error = rename_told(a, from, to, "incr");
    mem_free(from);
    mem_free(to);
    return error;
}

static int name_new_files(struct aof *a, struct manifest *next, const char *temp, char **ret_base)
{
    const char *name = manifest_new_base(next, a->settings.filename, a->settings.use_rdb_preamble);
    char *base = aof_path(a, name);
    *ret_base = base;
    int error = rename_told(a, temp, base, "base");
    if (error == 0 && a->state == AOF_WAITS_FOR_REWRITE)
        error = name_temp_incr(a, next);
    return error < 0 ? error : sync_names(a);
}

int aof_files_replace(struct aof *a, const char *temp)
{
    struct manifest next;
    char *base = NULL;
    manifest_copy(&next, &a->manifest);
    int error = name_new_files(a, &next, temp, &base);
    /* Without an append-only file nothing is changed behind the base. */
    manifest_retire_incrs(&next, a->state == AOF_OFF ? 0 : 1);
    uint64_t bytes = (uint64_t)file_bytes(base);
    if (error == 0)
        error = change_manifest(a, &next);
    if (error == 0) {
        a->rewriting.all_bytes = bytes;
        a->rewriting.base_bytes = bytes + a->writer.file_bytes;
    } else {
        give_up_files(a, &next);
    }
    manifest_done(&next);
    mem_free(base);
    return error;
}

/* ---- deleting ---- */

struct cleaning {
    struct aof *aof;
    size_t count;
    size_t in_history; /* 0: it is no history */
    char **paths;
};

static void run_cleaning(void *arg)
{
    const struct cleaning *c = arg;
    for (size_t i = 0; i < c->count; i++)
        (void)!file_unlink(c->paths[i]);
}

static void cleaning_free(struct cleaning *c)
{
    for (size_t i = 0; i < c->count; i++)
        mem_free(c->paths[i]);
    mem_free(c->paths);
    mem_free(c);
}

/* The files are gone: the manifest need not name them. */
static void forget_history(struct aof *a, size_t count)
{
    struct manifest next;
    a->is_collecting = false;
    if (a->is_ending || a->is_unsure || !a->has_manifest)
        return;
    if (a->manifest.history_count != count) {
        aof_files_collect(a); /* more came meanwhile */
        return;
    }
    manifest_copy(&next, &a->manifest);
    manifest_forget_history(&next);
    (void)!change_manifest(a, &next);
    manifest_done(&next);
}

static void cleaning_completed(void *arg)
{
    struct cleaning *c = arg;
    struct aof *a = c->aof;
    size_t in_history = c->in_history;
    cleaning_free(c);
    if (in_history > 0)
        forget_history(a, in_history);
}

static struct cleaning *cleaning_new(struct aof *a, size_t count)
{
    struct cleaning *c = mem_alloc(sizeof(*c));
    *c = (struct cleaning){ .aof = a,
                            .count = count,
                            .paths = mem_alloc(count * sizeof(*c->paths)) };
    return c;
}

void aof_files_collect(struct aof *a)
{
    const struct manifest *m = &a->manifest;
    if (a->settings.keep_history || m->history_count == 0 || a->is_unsure || a->is_collecting)
        return;
    struct cleaning *c = cleaning_new(a, m->history_count);
    for (size_t i = 0; i < c->count; i++)
        c->paths[i] = aof_path(a, m->history[i].name);
    c->in_history = c->count;
    a->is_collecting = true;
    worker_submit(a->cleaner, run_cleaning, cleaning_completed, c);
}

void aof_files_unlink(struct aof *a, const char *path)
{
    struct cleaning *c = cleaning_new(a, 1);
    c->paths[0] = mem_strdup(path);
    worker_submit(a->cleaner, run_cleaning, cleaning_completed, c);
}

void aof_files_drop_temp(struct aof *a)
{
    char *path = temp_incr_path(a);
    log_write(LOG_NOTICE, "Removing the temp incr aof file %s in the background", path);
    aof_files_unlink(a, path);
    mem_free(path);
}
