/* Loading an append-only file: which files, in which order; aof_load_file.c has what becomes of each. */
#include "persist/aof_load.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "persist/aof.h"
#include "persist/aof_load_priv.h"
#include "persist/loading.h"
#include "persist/manifest.h"
#include "persist/persist_priv.h"

void aof_file_path(struct buf *out, const char *dir, const char *name)
{
    buf_clear(out);
    buf_printf(out, "%s/%s", dir, name);
}

/* ---- the manifest ---- */

static void log_fault(const struct manifest_fault *fault)
{
    log_write(LOG_WARNING, "\n*** FATAL AOF MANIFEST FILE ERROR ***");
    if (fault->line) {
        log_write(LOG_WARNING, "Reading the manifest file, at line %d", fault->line);
        log_write(LOG_WARNING, ">>> '%s'", fault->text);
    }
    log_write(LOG_WARNING, "%s", fault->reason);
}

/* Into an empty manifest, which stays empty if there is none. */
static int read_manifest(const struct aof *a, struct manifest *m)
{
    struct manifest_fault fault = { .reason = "" };
    int error = manifest_read(m, aof_dir(a), aof_prefix(a), &fault);
    if (error == -ENOENT)
        return 0;
    if (error == -EBADMSG)
        log_fault(&fault);
    else if (error < 0)
        log_write(LOG_WARNING, "Fatal error: can't open the AOF manifest file %s.manifest: %s",
                  aof_prefix(a), strerror(-error));
    return error;
}

/* ---- the single file of older servers ---- */

static bool exists(const char *path)
{
    struct stat st;
    return file_stat(path, &st) == 0;
}

static bool exists_in(const char *dir, const char *name)
{
    struct buf path;
    buf_init(&path, BUF_NO_CEILING);
    aof_file_path(&path, dir, name);
    bool is = exists(buf_cstr(&path));
    buf_done(&path);
    return is;
}

/* There is one in `dir` (the working directory), and nothing else; or a manifest has it as its base, but it is not
 * in its folder yet: moving it was interrupted. */
static bool has_single_file(const struct aof *a, const struct manifest *m)
{
    if (!exists(aof_prefix(a)))
        return false;
    if (manifest_is_empty(m))
        return true;
    return m->base.name && m->incr_count == 0 && strcmp(m->base.name, aof_prefix(a)) == 0 &&
           !exists_in(aof_dir(a), aof_prefix(a));
}

/* The manifest first: from then on an interruption shows. The folder's own name must last, too, before anything is
 * moved into it. */
static int prepare_folder(const struct aof *a, struct manifest *m)
{
    int error = file_mkdir(aof_dir(a), 0755);
    if (error < 0 && error != -EEXIST) {
        log_write(LOG_WARNING, "Can't open or create append-only dir %s: %s", aof_dir(a),
                  strerror(-error));
        return error;
    }
    if (manifest_is_empty(m))
        manifest_adopt_base(m, aof_prefix(a));
    error = manifest_write(m, aof_dir(a), aof_prefix(a));
    if (error == 0)
        error = file_sync_dir(".");
    if (error < 0)
        log_write(LOG_WARNING, "Error trying to write the AOF manifest of %s: %s", aof_prefix(a),
                  strerror(-error));
    return error;
}

static int move_single_file(const struct aof *a, struct manifest *m)
{
    struct buf path;
    int error = prepare_folder(a, m);
    if (error < 0)
        return error;
    buf_init(&path, BUF_NO_CEILING);
    aof_file_path(&path, aof_dir(a), aof_prefix(a));
    error = file_rename(aof_prefix(a), buf_cstr(&path));
    if (error == 0)
        error = file_sync_dir(aof_dir(a));
    if (error == 0)
        error = file_sync_dir(".");
    buf_done(&path);
    if (error < 0)
        log_write(LOG_WARNING, "Error trying to move the old AOF file %s into dir %s: %s",
                  aof_prefix(a), aof_dir(a), strerror(-error));
    else
        log_write(LOG_NOTICE,
                  "Successfully migrated an old-style AOF file (%s) into the AOF directory (%s).",
                  aof_prefix(a), aof_dir(a));
    return error;
}

/* ---- all files ---- */

/* The base is number 0, if there is one. */
static const struct manifest_file *file_at(const struct manifest *m, size_t i)
{
    if (m->base.name)
        return i == 0 ? &m->base : &m->incrs[i - 1];
    return &m->incrs[i];
}

static size_t file_count(const struct manifest *m)
{
    return (m->base.name ? 1 : 0) + m->incr_count;
}

static int add_sizes(const struct aof *a, const struct manifest *m, uint64_t *ret_total)
{
    struct buf path;
    int error = 0;
    *ret_total = 0;
    buf_init(&path, BUF_NO_CEILING);
    for (size_t i = 0; i < file_count(m) && error == 0; i++) {
        struct stat st;
        const char *name = file_at(m, i)->name;
        aof_file_path(&path, aof_dir(a), name);
        error = file_stat(buf_cstr(&path), &st);
        if (error == 0)
            *ret_total += (uint64_t)st.st_size;
        else
            log_write(LOG_WARNING, "Unable to obtain the AOF file %s length. stat: %s", name,
                      strerror(-error));
    }
    buf_done(&path);
    return error;
}

static double seconds_since(uint64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e9;
}

static int load_all(struct persist *p, const struct manifest *m, struct aof_loaded *loaded)
{
    size_t count = file_count(m);
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        const struct manifest_file *file = file_at(m, i);
        const bool is_base = file->type == MANIFEST_BASE;
        uint64_t start_ns = clock_mono_ns(), before = loaded->bytes;
        const struct aof_load_file what = {
            .name = file->name,
            .is_last = i == count - 1,
            .is_single = strcmp(file->name, aof_prefix(p->aof)) == 0,
        };
        error = aof_load_file(p, &what, loaded);
        if (error == 0 && is_base)
            loaded->base_bytes = loaded->bytes;
        if (error == 0 && loaded->bytes != before)
            log_write(LOG_NOTICE, "DB loaded from %s file %s: %.3f seconds",
                      is_base ? "base" : "incr", file->name, seconds_since(start_ns));
    }
    return error;
}

static int load_manifest(struct persist *p, const struct manifest *m, struct aof_loaded *loaded)
{
    uint64_t start_ns = clock_mono_ns(), total;
    int error = add_sizes(p->aof, m, &total);
    if (error < 0)
        return error;
    loading_begin(p->loading, total);
    error = load_all(p, m, loaded);
    loading_end(p->loading, error == 0);
    if (error == 0)
        log_write(LOG_NOTICE, "DB loaded from append only file: %.3f seconds",
                  seconds_since(start_ns));
    return error;
}

static int find_and_load(struct persist *p, struct manifest *m, struct aof_loaded *loaded)
{
    int error = read_manifest(p->aof, m);
    if (error == 0 && has_single_file(p->aof, m))
        error = move_single_file(p->aof, m);
    if (error == 0 && !manifest_is_empty(m))
        error = load_manifest(p, m, loaded);
    return error;
}

int aof_load(struct persist *p, bool *ret_found)
{
    struct manifest m;
    struct aof_loaded loaded = { 0 };
    manifest_init(&m);
    int error = find_and_load(p, &m, &loaded);
    *ret_found = error == 0 && !manifest_is_empty(&m);
    if (error == 0)
        aof_take_manifest(p->aof, &m, loaded.base_bytes, loaded.bytes);
    manifest_done(&m);
    return error;
}

int aof_load_again(struct persist *p)
{
    struct manifest m;
    struct aof_loaded loaded = { 0 };
    manifest_init(&m);
    int error = read_manifest(p->aof, &m);
    if (error == 0 && !manifest_is_empty(&m))
        error = load_manifest(p, &m, &loaded);
    manifest_done(&m);
    return error;
}
