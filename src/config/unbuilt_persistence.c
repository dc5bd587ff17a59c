/* Directives whose features are still to come: snapshots and the append-only file. */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "base/num.h"
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

static int check_dbfilename(void *owner UNUSED, struct slice value, const char **ret_error)
{
    return check_name(value, "dbfilename can't be a path, just a filename", ret_error);
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

enum { CELL_SAVE = __COUNTER__ };

static int parse_save(void *owner, const struct slice *words, size_t count, const char **ret_error)
{
    union unbuilt_cell *cells = owner;
    struct buf pairs;
    *ret_error = "Invalid save parameters";
    if (count == 1 && words[0].len == 0)
        count = 0;
    if (count % 2 != 0)
        return -EINVAL;
    buf_init(&pairs, BUF_NO_CEILING);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        int64_t number, least = i % 2 ? 0 : 1; /* changes; seconds */
        if (!num_parse_int(words[i], &number) || number < least || number > INT32_MAX)
            rc = -EINVAL;
        else
            buf_printf(&pairs, "%s%" PRId64, i ? " " : "", number);
    }
    if (rc == 0)
        unbuilt_keep_text(&cells[CELL_SAVE], buf_slice(&pairs));
    buf_done(&pairs);
    return rc;
}

static void show_save(const void *owner, struct buf *out)
{
    const union unbuilt_cell *cells = owner;
    buf_append_str(out, cells[CELL_SAVE].text);
}

static void done(union unbuilt_cell *cells)
{
    mem_free(cells[CELL_SAVE].text);
}

static const struct directive rows[] = {
    { .name = "save",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_MULTI | DIRECTIVE_ADDS,
      .parse = parse_save,
      .show = show_save,
      .initial = "3600 1 300 100 60 10000",
      .line_words = 2,
      .summary = "When a snapshot is taken by itself: pairs of seconds and changes. One is "
                 "begun when at least so many keys have changed within so many seconds. \"\" "
                 "for never." },
    { .name = "dbfilename",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_PROTECTED,
      UNBUILT_CELL,
      .initial = "dump.rdb",
      .check = check_dbfilename,
      .summary = "The file of the snapshot, in the folder of `dir`. A name alone, without a "
                 "path." },
    { .name = "rdb-save-incremental-fsync",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a snapshot that is being written is synced to the disk every few "
                 "megabytes, not at its end alone." },
    { .name = "rdb-del-sync-files",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether snapshots that were only made or received for replication are "
                 "deleted as soon as they are not needed, where neither kind of persistence "
                 "is on." },
    { .name = "stop-writes-on-bgsave-error",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether writes are refused while the last snapshot in the background has "
                 "failed." },
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
                                                     "Persistence", done };
