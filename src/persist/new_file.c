#include "persist/new_file.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "codec/writer.h"
#include "persist/children.h"
#include "persist/rdb.h"

/* So much is written between two syncs. */
#define SYNC_BYTES ((uint64_t)4 << 20)

int new_file_open(struct new_file *f, const char *path)
{
    f->fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    return f->fd < 0 ? f->fd : 0;
}

int new_file_take(void *file, struct slice bytes)
{
    struct new_file *f = file;
    int error = file_write_all(f->fd, bytes);
    f->unsynced += bytes.len;
    if (error < 0 || !f->syncs_often || f->unsynced < SYNC_BYTES)
        return error;
    f->unsynced = 0;
    return file_sync(f->fd);
}

int new_file_wrote_key(void *file, const struct entry *e, uint64_t keys)
{
    const struct new_file *f = file;
    if (!f->progress)
        return 0;
    child_did_keys(f->progress, keys);
    if (e)
        child_release(f->progress, e);
    return 0;
}

static int find_version(const struct rdb *r, int *ret_version)
{
    struct buf why;
    buf_init(&why, BUF_NO_CEILING);
    int error = rdb_version(r, ret_version, &why);
    if (error < 0)
        log_write(LOG_WARNING, "Error saving DB on disk: %s", buf_cstr(&why));
    buf_done(&why);
    return error;
}

int new_file_write_rdb(struct new_file *f, struct rdb *r, bool is_aof_base)
{
    const struct rdb_write how = {
        .is_aof_base = is_aof_base,
        .wrote = f->progress ? new_file_wrote_key : NULL,
        .arg = f,
    };
    struct codec_writer w;
    int version, error = find_version(r, &version);
    if (error < 0)
        return error;
    codec_writer_init(&w, version, new_file_take, f);
    error = rdb_write(r, &w, &how);
    codec_writer_done(&w);
    return error;
}

int new_file_close(struct new_file *f, int error)
{
    if (error == 0)
        error = file_sync(f->fd);
    int closed = file_close(f->fd);
    f->fd = -1;
    return error < 0 ? error : closed;
}
