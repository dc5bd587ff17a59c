/* Writing an RDB file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "codec/writer.h"
#include "persist/children.h"
#include "persist/rdb.h"
#include "persist/snapshot_priv.h"

/* Of a file that is synced while it is written. */
#define SYNC_BYTES ((uint64_t)16 << 20)

struct sink {
    int fd;
    bool syncs_often;
    uint64_t unsynced;
};

static int take(void *arg, struct slice bytes)
{
    struct sink *sink = arg;
    int error = file_write_all(sink->fd, bytes);
    sink->unsynced += bytes.len;
    if (error < 0 || !sink->syncs_often || sink->unsynced < SYNC_BYTES)
        return error;
    sink->unsynced = 0;
    return file_sync(sink->fd);
}

static int wrote(void *arg, const struct entry *e, uint64_t keys)
{
    child_did_keys(arg, keys);
    child_release(arg, e);
    return 0;
}

static int write_data(struct persist *p, const struct snapshot_file *how, int version, int fd)
{
    struct sink sink = { .fd = fd, .syncs_often = how->syncs_often };
    const struct rdb_write write = {
        .wrote = how->progress ? wrote : NULL,
        .arg = how->progress,
    };
    struct codec_writer w;
    codec_writer_init(&w, version, take, &sink);
    int error = rdb_write(p->rdb, &w, &write);
    codec_writer_done(&w);
    return error < 0 ? error : file_sync(fd);
}

static int find_version(struct persist *p, int *ret_version)
{
    struct buf why;
    buf_init(&why, BUF_NO_CEILING);
    int error = rdb_version(p->rdb, ret_version, &why);
    if (error < 0)
        log_write(LOG_WARNING, "Error saving DB on disk: %s", buf_cstr(&why));
    buf_done(&why);
    return error;
}

int snapshot_write_file(struct persist *p, const struct snapshot_file *how)
{
    int version, error = find_version(p, &version);
    if (error < 0)
        return error;
    int fd = file_open(how->path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) {
        log_write(LOG_WARNING, "Failed opening the temp RDB file %s for saving: %s", how->path,
                  strerror(-fd));
        return fd;
    }
    error = write_data(p, how, version, fd);
    int closed = file_close(fd);
    error = error < 0 ? error : closed;
    if (error < 0) {
        log_write(LOG_WARNING, "Write error saving DB on disk: %s", strerror(-error));
        (void)!file_unlink(how->path);
    }
    return error;
}
