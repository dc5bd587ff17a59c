/* Directives whose features are still to come: snapshots and the append-only file. */
#include <errno.h>

#include "config/unbuilt.h"

static const struct directive_word fsync_words[] = {
    { "everysec", 0 }, { "always", 1 }, { "no", 2 }, { NULL, 0 }
};

/* Files stay in their folder: a name with a slash would leave it. */
static int check_name(struct slice value, const char *reason, const char **ret_error)
{
    *ret_error = reason;
    return slice_find(value, '/') < 0 ? 0 : -EINVAL;
}

static int check_not_empty(struct slice value, const char *reason, const char **ret_error)
{
    *ret_error = reason;
    return value.len > 0 ? 0 : -EINVAL;
}

static int check_appendfilename(void *owner UNUSED, struct slice value, const char **ret_error)
{
    int rc = check_not_empty(value, "appendfilename can't be empty", ret_error);
    return rc < 0 ? rc
                  : check_name(value, "appendfilename can't be a path, just a filename", ret_error);
}

static int check_appenddirname(void *owner UNUSED, struct slice value, const char **ret_error)
{
    int rc = check_not_empty(value, "appenddirname can't be empty", ret_error);
    return rc < 0 ? rc
                  : check_name(value, "appenddirname can't be a path, just a dirname", ret_error);
}

static const struct directive rows[] = {
    { .name = "rdb-del-sync-files",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether snapshots that were only made or received for replication are "
                 "deleted as soon as they are not needed, where neither kind of persistence "
                 "is on." },
    { .name = "appendonly",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_DENY_LOADING,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether every change is also written to the append-only file, which is "
                 "read at start in place of the snapshot." },
    { .name = "appendfilename",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_IMMUTABLE,
      UNBUILT_CELL,
      .initial = "appendonly.aof",
      .check = check_appendfilename,
      .summary = "How the names of the append-only file's parts begin." },
    { .name = "appenddirname",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_IMMUTABLE,
      UNBUILT_CELL,
      .initial = "appendonlydir",
      .check = check_appenddirname,
      .summary = "The folder for the parts of the append-only file, inside of `dir`." },
    { .name = "appendfsync",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "everysec",
      .words = fsync_words,
      .summary = "When the append-only file is synced to the disk: before each reply "
                 "(always), once a second (everysec), or when the system likes (no)." },
    { .name = "no-appendfsync-on-rewrite",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether syncing the append-only file waits while a snapshot or a rewrite "
                 "is being written." },
    { .name = "auto-aof-rewrite-percentage",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "100",
      .summary = "By how much the append-only file must have grown since it was last "
                 "rewritten to be rewritten by itself, in percent. 0 for never." },
    { .name = "auto-aof-rewrite-min-size",
      .type = DIRECTIVE_MEMORY,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "64mb",
      .summary = "The append-only file is not rewritten by itself while it is smaller than "
                 "this." },
    { .name = "aof-load-truncated",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether an append-only file whose last command is incomplete is loaded "
                 "without it. If not, the start fails." },
    { .name = "aof-use-rdb-preamble",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a rewritten append-only file begins with a snapshot in place of "
                 "commands." },
    { .name = "aof-timestamp-enabled",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether the append-only file says now and then what time it was, so that a "
                 "state of the past can be restored." },
    { .name = "aof-rewrite-incremental-fsync",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether an append-only file that is being rewritten is synced to the disk "
                 "every few megabytes, not at its end alone." },
    { .name = "aof-disable-auto-gc",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "For tests: keeps parts of the append-only file that are not needed any "
                 "more." },
};

const struct unbuilt_chapter unbuilt_persistence = { rows, COUNT_OF(rows), UNBUILT_CELLS,
                                                     "Persistence", NULL };
