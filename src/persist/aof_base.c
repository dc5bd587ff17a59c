/* A base file: everything in memory, as RDB data or as commands. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "dispatch/dispatch.h"
#include "persist/aof_commands.h"
#include "persist/aof_priv.h"
#include "persist/rdb.h"

/* So much is written between two syncs, so that the last one does not hold up everybody's. */
#define SYNC_EVERY_BYTES ((uint64_t)4 << 20)

struct base_file {
    struct aof *aof;
    int fd;
    uint64_t unsynced;
    struct child_progress *progress;
};

static int take_bytes(void *arg, struct slice bytes)
{
    struct base_file *f = arg;
    int error = file_write_all(f->fd, bytes);
    f->unsynced += bytes.len;
    if (error < 0 || f->unsynced < SYNC_EVERY_BYTES || !f->aof->settings.rewrite_incremental_fsync)
        return error;
    f->unsynced = 0;
    return file_sync(f->fd);
}

static int wrote_key(void *arg, const struct entry *e, uint64_t keys)
{
    const struct base_file *f = arg;
    if (f->progress) {
        child_did_keys(f->progress, keys);
        if (e)
            child_release(f->progress, e);
    }
    return 0;
}

static int write_rdb(struct base_file *f)
{
    struct rdb *r = f->aof->persist->rdb;
    struct buf why;
    int version;
    buf_init(&why, BUF_NO_CEILING);
    int error = rdb_version(r, &version, &why);
    if (error < 0) {
        log_write(LOG_WARNING, "Can't write the AOF base file: %s", buf_cstr(&why));
    } else {
        struct codec_writer w;
        const struct rdb_write how = { .is_aof_base = true, .wrote = wrote_key, .arg = f };
        codec_writer_init(&w, version, take_bytes, f);
        error = rdb_write(r, &w, &how);
        codec_writer_done(&w);
    }
    buf_done(&why);
    return error;
}

static int write_commands(struct base_file *f)
{
    struct aof *a = f->aof;
    const struct aof_commands_to how = {
        .write = take_bytes,
        .wrote = wrote_key,
        .arg = f,
        .timestamp_s = a->settings.timestamps ? dispatch_now_ms(a->persist->dispatch) / 1000 : 0,
    };
    return aof_commands_write(a->persist->keyspace, &how);
}

static int write_synced(struct base_file *f)
{
    int error = f->aof->settings.use_rdb_preamble ? write_rdb(f) : write_commands(f);
    return error < 0 ? error : file_sync(f->fd);
}

int aof_base_write(struct aof *a, const char *path, struct child_progress *progress)
{
    struct base_file f = { .aof = a, .progress = progress };
    f.fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (f.fd < 0) {
        log_write(LOG_WARNING,
                  "Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): %s",
                  strerror(-f.fd));
        return f.fd;
    }
    int error = write_synced(&f);
    int closed = file_close(f.fd);
    if (error == 0)
        error = closed;
    if (error < 0)
        log_write(LOG_WARNING, "Write error writing append only file on disk: %s",
                  strerror(-error));
    else if (progress)
        log_write(LOG_NOTICE, "Successfully created the temporary AOF base file %s",
                  strrchr(path, '/') + 1);
    return error;
}
