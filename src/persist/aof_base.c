/* A base file: everything in memory, as RDB data or as commands. */
#include <string.h>

#include "base/log.h"
#include "dispatch/dispatch.h"
#include "persist/aof_commands.h"
#include "persist/aof_priv.h"
#include "persist/new_file.h"

static int write_commands(struct aof *a, struct new_file *f)
{
    const struct aof_commands_to how = {
        .write = new_file_take,
        .wrote = new_file_wrote_key,
        .arg = f,
        .timestamp_s = a->settings.timestamps ? dispatch_now_ms(a->persist->dispatch) / 1000 : 0,
    };
    return aof_commands_write(a->persist->keyspace, &how);
}

int aof_base_write(struct aof *a, const char *path, struct child_progress *progress)
{
    struct new_file f = { .syncs_often = a->settings.rewrite_incremental_fsync,
                          .progress = progress };
    int error = new_file_open(&f, path);
    if (error < 0) {
        log_write(LOG_WARNING,
                  "Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): %s",
                  strerror(-error));
        return error;
    }
    if (a->settings.use_rdb_preamble)
        error = new_file_write_rdb(&f, a->persist->rdb, /* is_aof_base= */ true);
    else
        error = write_commands(a, &f);
    error = new_file_close(&f, error);
    if (error < 0)
        log_write(LOG_WARNING, "Write error writing append only file on disk: %s",
                  strerror(-error));
    else if (progress)
        log_write(LOG_NOTICE, "Successfully created the temporary AOF base file %s",
                  strrchr(path, '/') + 1);
    return error;
}
