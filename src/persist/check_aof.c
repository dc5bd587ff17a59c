#include "persist/check_aof.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/num.h"
#include "persist/aof_read.h"
#include "persist/check_rdb.h"
#include "persist/manifest.h"

#define ARENA_BLOCK ((size_t)64 * 1024 - 16)
#define TIMESTAMP_MARK "TS:"

enum goal { GOAL_CHECK, GOAL_FIX, GOAL_TIMESTAMP };

struct task {
    enum goal goal;
    int64_t timestamp;
    const char *path;
};

/* One file on its way. */
struct check {
    const struct task *task;
    const char *path; /* as it is opened, */
    const char *name; /* and as it is called */
    bool is_last;
    struct aof_reader reader;
    struct arena arena;
    uint64_t whole; /* everything before this is good, */
    uint64_t line;  /* which is this line's beginning; an argument counts as one */
    uint64_t multi_at, multi_line;
    bool in_multi;
};

/* ---- what is wrong ---- */

/* Where, and what; the name of the status is the same for all that can be mended by cutting. */
static enum aof_status wrong(uint64_t offset, const char *what, const char *name)
{
    printf("0x%16" PRIx64 ": %s%s\n", offset, what, name);
    return AOF_BAD;
}

static enum aof_status tell_bad(const struct check *c)
{
    printf("AOF %s format error\n", c->name);
    printf("0x%16" PRIx64 ": Expected %s\n", c->reader.fault, c->reader.expected);
    return AOF_BAD;
}

static enum aof_status tell_torn(const struct check *c, const struct aof_item *item)
{
    printf("0x%16" PRIx64 ": Expected %s, got the end of the file; what begins at 0x%" PRIx64
           " is incomplete\n",
           c->reader.fault, c->reader.expected, item->offset);
    return AOF_BAD;
}

/* ---- the walk ---- */

/* What is within a transaction counts when its end is there. */
static enum aof_status check_command(struct check *c, const struct aof_item *item)
{
    const struct slice name = item->request.argv[0];
    const bool alone = item->request.argc == 1;
    if (alone && slice_is(name, "multi")) {
        if (c->in_multi)
            return wrong(item->offset, "Unexpected MULTI in AOF ", c->name);
        c->in_multi = true;
        c->multi_at = item->offset;
        c->multi_line = c->line;
    } else if (alone && slice_is(name, "exec")) {
        if (!c->in_multi)
            return wrong(item->offset, "Unexpected EXEC in AOF ", c->name);
        c->in_multi = false;
    }
    c->line += 1 + 2 * (uint64_t)item->request.argc;
    c->whole = item->end;
    return AOF_COMMAND;
}

/* Times of an annotation; false if it is none. */
static bool timestamp_of(struct slice text, int64_t *ret_timestamp)
{
    const size_t mark = strlen(TIMESTAMP_MARK);
    return text.len > mark && memcmp(text.ptr, TIMESTAMP_MARK, mark) == 0 &&
           num_parse_int(slice_from(text, mark), ret_timestamp);
}

static bool is_too_late(const struct check *c, const struct aof_item *item)
{
    int64_t timestamp;
    return c->task->goal == GOAL_TIMESTAMP && timestamp_of(item->text, &timestamp) &&
           timestamp > c->task->timestamp;
}

static enum aof_status check_annotation(struct check *c, const struct aof_item *item)
{
    if (is_too_late(c, item))
        return AOF_END;
    c->line++;
    c->whole = item->end;
    return AOF_ANNOTATION;
}

static enum aof_status refill(struct check *c)
{
    arena_reset(&c->arena);
    int error = aof_reader_fill(&c->reader);
    return error < 0 ? wrong(c->whole, "Cannot read: ", strerror(-error)) : AOF_MORE;
}

static enum aof_status check_end(const struct check *c, const struct aof_item *item)
{
    return c->in_multi ? wrong(item->offset, "Reached EOF before reading EXEC for MULTI", "")
                       : AOF_END;
}

/* AOF_END: all is good up to here, which is the file's end, or where a later time begins. AOF_BAD: told. */
static enum aof_status walk(struct check *c)
{
    struct aof_item item;
    enum aof_status status = AOF_MORE;
    while (status != AOF_END && status != AOF_BAD) {
        switch (aof_reader_next(&c->reader, &c->arena, &item)) {
        case AOF_COMMAND:
            status = check_command(c, &item);
            break;
        case AOF_ANNOTATION:
            status = check_annotation(c, &item);
            break;
        case AOF_MORE:
            status = refill(c);
            break;
        case AOF_END:
            return check_end(c, &item);
        case AOF_TORN:
            return tell_torn(c, &item);
        case AOF_BAD:
            return tell_bad(c);
        }
    }
    return status;
}

/* ---- what is done about it ---- */

static int cut(const struct check *c)
{
    int fd = file_open(c->path, O_WRONLY, 0);
    int error = fd < 0 ? fd : file_truncate(fd, (off_t)c->whole);
    if (error == 0)
        error = file_sync(fd);
    if (fd >= 0)
        (void)file_close(fd);
    if (error < 0)
        printf("Failed to truncate AOF %s: %s\n", c->name, strerror(-error));
    return error;
}

static bool is_agreed(void)
{
    char answer[8] = "";
    printf("Continue? [y/N]: ");
    (void)fflush(stdout);
    bool read = fgets(answer, sizeof(answer), stdin) != NULL;
    return read && (answer[0] == 'y' || answer[0] == 'Y');
}

static int mend(const struct check *c)
{
    const uint64_t size = c->reader.size;
    if (c->task->goal != GOAL_FIX) {
        printf("AOF %s is not valid. Use the --fix option to try fixing it.\n", c->name);
        return -EBADMSG;
    }
    if (!c->is_last) {
        printf("Failed to truncate AOF %s because it is not the last file\n", c->name);
        return -EBADMSG;
    }
    printf("This will shrink the AOF %s from %" PRIu64 " bytes, with %" PRIu64 " bytes, to %" PRIu64
           " bytes\n",
           c->name, size, size - c->whole, c->whole);
    if (!is_agreed()) {
        printf("Aborting...\n");
        return -ECANCELED;
    }
    int error = cut(c);
    if (error == 0)
        printf("Successfully truncated AOF %s\n", c->name);
    return error;
}

/* The first annotation of a later time stands behind what is whole. */
static int cut_to_timestamp(struct check *c)
{
    const int64_t timestamp = c->task->timestamp;
    if (c->whole == 0) {
        printf("AOF %s has nothing before timestamp %" PRId64 ", aborting...\n", c->name,
               timestamp);
        return -EINVAL;
    }
    if (!c->is_last) {
        printf("Failed to truncate AOF %s to timestamp %" PRId64 " to offset %" PRIu64
               " because it is not the last file.\nIf you insist, please delete all files after "
               "this file according to the manifest file and delete the corresponding records in "
               "manifest file manually. Then re-run tarn-check-aof.\n",
               c->name, timestamp, c->whole);
        return -EINVAL;
    }
    int error = cut(c);
    if (error == 0)
        printf("Successfully truncated AOF %s to timestamp %" PRId64 "\n", c->name, timestamp);
    return error;
}

static void tell_extent(const struct check *c)
{
    printf("AOF analyzed: filename=%s, size=%" PRIu64 ", ok_up_to=%" PRIu64
           ", ok_up_to_line=%" PRIu64 ", diff=%" PRIu64 "\n",
           c->name, c->reader.size, c->whole, c->line, c->reader.size - c->whole);
}

static int conclude(struct check *c, enum aof_status status, const char *kind)
{
    const bool to_timestamp = c->task->goal == GOAL_TIMESTAMP && status == AOF_END;
    if (to_timestamp && c->whole < c->reader.size)
        return cut_to_timestamp(c);
    if (c->in_multi) {
        c->whole = c->multi_at;
        c->line = c->multi_line;
    }
    if (to_timestamp)
        printf("Truncate nothing in AOF %s to timestamp %" PRId64 "\n", c->name,
               c->task->timestamp);
    else
        tell_extent(c);
    if (status != AOF_END)
        return mend(c);
    printf("%sAOF %s is valid\n", kind, c->name);
    return 0;
}

/* ---- one file ---- */

static int check_preamble(struct check *c)
{
    struct codec_reader codec;
    printf("[offset 0] Checking RDB file %s\n", c->name);
    codec_reader_init_pull(&codec, aof_reader_pull, &c->reader, c->reader.size);
    int error = check_rdb_read(&codec);
    c->whole = codec_reader_offset(&codec);
    codec_reader_done(&codec);
    if (error == 0)
        error = aof_reader_seek(&c->reader, c->whole);
    printf(error == 0 ? "RDB preamble is OK, proceeding with AOF tail...\n"
                      : "RDB preamble of AOF file is not sane, aborting.\n");
    return error;
}

/* Where there is a kind ("BASE "), this is one file of several. */
static int check_opened(struct check *c, const char *kind)
{
    int preamble = aof_reader_has_preamble(&c->reader);
    if (*kind == 'B')
        printf("Start to check BASE AOF (%s format).\n", preamble > 0 ? "RDB" : "RESP");
    if (c->reader.size == 0) {
        printf("%sAOF %s is empty\n", kind, c->name);
        return 0;
    }
    int error = preamble > 0 ? check_preamble(c) : preamble;
    if (error < 0)
        return error;
    c->line = 1;
    return conclude(c, walk(c), kind);
}

static int check_file(struct check *c, const char *kind)
{
    int error = aof_reader_open(&c->reader, c->path);
    if (error < 0)
        printf("Cannot open file %s: %s%s\n", c->path, strerror(-error),
               *kind ? ", aborting..." : "");
    arena_init(&c->arena, ARENA_BLOCK, ARENA_BLOCK);
    if (error == 0)
        error = check_opened(c, kind);
    arena_done(&c->arena);
    aof_reader_done(&c->reader);
    return error;
}

/* ---- a manifest and its files ---- */

static int check_named(const struct task *task, const char *name, const char *kind, bool is_last)
{
    struct buf path;
    const char *slash = strrchr(task->path, '/');
    buf_init(&path, BUF_NO_CEILING);
    if (slash)
        buf_append(&path, slice_of(task->path, (size_t)(slash - task->path) + 1));
    buf_append_str(&path, name);
    struct check check = {
        .task = task, .path = buf_cstr(&path), .name = name, .is_last = is_last
    };
    int error = check_file(&check, kind);
    buf_done(&path);
    return error;
}

static int check_parts(const struct task *task, const struct manifest *m)
{
    int error = 0;
    if (m->base.name)
        error = check_named(task, m->base.name, "BASE ", m->incr_count == 0);
    if (error == 0 && m->incr_count)
        printf("Start to check INCR files.\n");
    for (size_t i = 0; i < m->incr_count && error == 0; i++)
        error = check_named(task, m->incrs[i].name, "INCR ", i == m->incr_count - 1);
    if (error == 0)
        printf("All AOF files and manifest are valid\n");
    return error;
}

static int check_manifest(const struct task *task, struct slice text)
{
    struct manifest m;
    struct manifest_fault fault;
    manifest_init(&m);
    printf("Start checking Multi Part AOF\n");
    int error = manifest_parse(&m, text, &fault);
    if (error == 0) {
        error = check_parts(task, &m);
    } else {
        printf("*** FATAL AOF MANIFEST FILE ERROR ***\n");
        if (fault.line)
            printf("Reading the manifest file, at line %d\n>>> '%s'\n", fault.line, fault.text);
        printf("%s\n", fault.reason);
    }
    manifest_done(&m);
    return error;
}

/* ---- the tool ---- */

/* Its first line that is no comment begins with "file". A manifest is short: more is not read of what may be one. */
#define MANIFEST_BYTES_MAX ((size_t)16 * 1024 * 1024)

static bool is_manifest(struct slice text)
{
    while (text.len > 0 && text.ptr[0] == '#') {
        ptrdiff_t end = slice_find(text, '\n');
        text = end < 0 ? slice_of(text.ptr, 0) : slice_from(text, (size_t)end + 1);
    }
    return text.len >= 5 && memcmp(text.ptr, "file ", 5) == 0;
}

static int check_path(const struct task *task)
{
    struct buf text;
    buf_init(&text, MANIFEST_BYTES_MAX);
    int error = file_read_whole(task->path, &text); /* which fails for what is longer */
    if (error == 0 && is_manifest(buf_slice(&text))) {
        error = check_manifest(task, buf_slice(&text));
    } else {
        struct check check = {
            .task = task, .path = task->path, .name = task->path, .is_last = true
        };
        if (error == 0 || error == -EFBIG)
            printf("Start checking Old-Style AOF\n");
        error = check_file(&check, "");
    }
    buf_done(&text);
    return error;
}

static int refuse_usage(const char *program)
{
    fprintf(stderr, "Usage: %s %s\n", program, CHECK_AOF_USAGE);
    return EXIT_FAILURE;
}

int check_aof_main(int argc, char **argv)
{
    struct task task = { .path = argc > 1 ? argv[argc - 1] : NULL };
    if (argc == 3 && strcmp(argv[1], "--fix") == 0) {
        task.goal = GOAL_FIX;
    } else if (argc == 4 && strcmp(argv[1], "--truncate-to-timestamp") == 0) {
        task.goal = GOAL_TIMESTAMP;
        if (!num_parse_int(slice_str(argv[2]), &task.timestamp) || task.timestamp < 1) {
            printf("Invalid timestamp, aborting...\n");
            return EXIT_FAILURE;
        }
    } else if (argc != 2) {
        return refuse_usage(argv[0]);
    }
    return check_path(&task) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
