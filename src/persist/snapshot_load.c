/* Loading the snapshot. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "codec/reader.h"
#include "db/db.h"
#include "persist/loading.h"
#include "persist/rdb.h"
#include "persist/snapshot_priv.h"

struct source {
    struct loading *loading;
    int fd;
    uint64_t pulled;
};

/* One value may be most of the file: somebody looks at the clients meanwhile. */
static ssize_t pull(void *arg, char *to, size_t max)
{
    struct source *source = arg;
    int error = loading_progress(source->loading, source->pulled);
    if (error < 0)
        return error;
    ssize_t count = file_read(source->fd, to, max);
    source->pulled += (uint64_t)MAX_OF(count, (ssize_t)0);
    return count;
}

static int did_key(void *arg, uint64_t offset UNUSED)
{
    struct source *source = arg;
    loading_did_keys(source->loading, 1);
    return loading_progress(source->loading, source->pulled);
}

static void tell_failure(const struct rdb_report *report)
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    rdb_report_tell(report, &text);
    if (report->error.code == -ENODATA)
        log_write(LOG_WARNING, "Short read or OOM loading DB. Unrecoverable error, aborting now.");
    log_write(LOG_WARNING, "%s", buf_cstr(&text));
    buf_done(&text);
}

static int read_file(struct snapshot *s, uint32_t flags, int fd, uint64_t bytes)
{
    struct persist *p = s->persist;
    struct codec_reader reader;
    struct rdb_report report;
    struct source source = { p->loading, fd, 0 };
    const struct rdb_read how = { .flags = flags, .progress = did_key, .arg = &source };
    codec_reader_init_pull(&reader, pull, &source, bytes);
    rdb_report_init(&report);
    loading_begin(p->loading, bytes);
    int error = rdb_read(p->rdb, &reader, &how, &report);
    loading_end(p->loading, error == 0);
    if (error == 0)
        loading_note_keys(p->loading, report.keys, report.expired);
    else if (error != -ECANCELED)
        tell_failure(&report);
    rdb_report_done(&report);
    codec_reader_done(&reader);
    return error;
}

int snapshot_load(struct snapshot *s, uint32_t flags, bool *ret_found)
{
    const char *path = s->settings.dbfilename;
    uint64_t changes = snapshot_changes(s);
    struct stat st;
    *ret_found = false;
    int fd = file_open(path, O_RDONLY, 0);
    if (fd == -ENOENT)
        return 0;
    int error = fd < 0 ? fd : file_stat(path, &st);
    if (error == 0 && !S_ISREG(st.st_mode))
        error = -EISDIR;
    if (error == 0)
        error = read_file(s, flags, fd, (uint64_t)st.st_size);
    else
        log_write(LOG_WARNING, "Failed opening the RDB file %s for loading: %s", path,
                  strerror(-error));
    if (fd >= 0)
        (void)file_close(fd);
    if (error < 0)
        return error;
    s->dirty_saved = keyspace_dirty(s->persist->keyspace) - changes; /* loading is no change */
    *ret_found = true;
    return 0;
}

int snapshot_reload(struct snapshot *s, bool flushes, uint32_t flags)
{
    struct keyspace *ks = s->persist->keyspace;
    uint64_t changes = snapshot_changes(s);
    bool found;
    if (flushes)
        (void)keyspace_flush(ks, -1, /* lazy= */ false);
    s->dirty_saved = keyspace_dirty(ks) - changes;
    int error = snapshot_load(s, flags, &found);
    return error < 0 || found ? error : -ENOENT;
}
