#include "persist/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/check.h"

/* Parsing ---------------------------------------------------------------------------------- */

static void parse(struct manifest *m, const char *text)
{
    struct manifest_fault fault;
    manifest_init(m);
    CHECK_INT(manifest_parse(m, slice_str(text), &fault), 0);
}

static void refused(const char *text, const char *reason, int line)
{
    struct manifest m;
    struct manifest_fault fault;
    manifest_init(&m);
    CHECK_INT(manifest_parse(&m, slice_str(text), &fault), -EBADMSG);
    CHECK_STR(fault.reason, reason);
    CHECK_INT(fault.line, line);
    CHECK(manifest_is_empty(&m));
    CHECK_UINT(m.history_count, 0);
}

static void formats_as(const struct manifest *m, const char *text)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    manifest_format(m, &out);
    CHECK_STR(buf_cstr(&out), text);
    buf_done(&out);
}

#define USUAL                                       \
    "file appendonly.aof.2.base.rdb seq 2 type b\n" \
    "file appendonly.aof.1.base.rdb seq 1 type h\n" \
    "file appendonly.aof.1.incr.aof seq 1 type h\n" \
    "file appendonly.aof.2.incr.aof seq 2 type i\n" \
    "file appendonly.aof.3.incr.aof seq 3 type i\n"

TEST(a_manifest_is_read_and_written_as_it_was)
{
    struct manifest m;
    parse(&m, USUAL);
    CHECK_STR(m.base.name, "appendonly.aof.2.base.rdb");
    CHECK_INT(m.base.seq, 2);
    CHECK_INT(m.base_seq, 2);
    CHECK_INT(m.incr_seq, 3);
    CHECK_UINT(m.incr_count, 2);
    CHECK_UINT(m.history_count, 2);
    CHECK_STR(m.history[0].name, "appendonly.aof.1.base.rdb");
    CHECK_STR(manifest_last_incr(&m)->name, "appendonly.aof.3.incr.aof");
    formats_as(&m, USUAL);
    manifest_done(&m);
}

TEST(words_come_in_any_order_with_others_among_them_between_comments)
{
    struct manifest m;
    parse(&m, "# what follows is one file\n"
              "  type i seq 7 new thing FILE \"a b\\x41\\n.aof\"  \r\n"
              "#");
    CHECK_UINT(m.incr_count, 1);
    CHECK_STR(m.incrs[0].name, "a bA\n.aof");
    CHECK_INT(m.incr_seq, 7);
    formats_as(&m, "file \"a bA\\n.aof\" seq 7 type i\n");
    manifest_done(&m);
}

TEST(comments_alone_are_a_manifest_without_files)
{
    struct manifest m;
    parse(&m, "# nothing\n");
    CHECK(manifest_is_empty(&m));
    CHECK_PTR_NULL(manifest_last_incr(&m));
    manifest_done(&m);
}

TEST(a_manifest_that_is_none_is_refused_with_the_line)
{
    refused("", "Found an empty AOF manifest", 0);
    refused("\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 1\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 1 type i more\n", "Invalid AOF manifest file format", 1);
    refused("file \"a.aof seq 1 type i\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq one type i\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 0 type i\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 9223372036854775807 type i\n", "Invalid AOF manifest file format", 1);
    refused("fil a.aof seq 1 type i\n", "Invalid AOF manifest file format", 1);
    refused("file \"\" seq 1 type i\n", "Invalid AOF manifest file format", 1);
    refused("file \"a\\x00\" seq 1 type i\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 1 type \"\"\n", "Invalid AOF manifest file format", 1);
    refused("file a.aof seq 1 type i\nfile b.aof seq 2 type x\n", "Unknown AOF file type", 2);
    refused("file b/a.aof seq 1 type i\n", "File can't be a path, just a filename", 1);
    refused("file a seq 1 type b\n#\nfile b seq 2 type b\n",
            "Found duplicate base file information", 3);
    refused("file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number",
            2);
    refused("file a seq -1 type i\n", "Found a non-monotonic sequence number", 1);
}

TEST(a_line_is_limited_and_needs_an_end)
{
    struct manifest m;
    struct manifest_fault fault;
    char text[2048];
    int len = snprintf(text, sizeof(text), "file %0*d seq 1 type i\n", MANIFEST_LINE_MAX - 19, 5);
    CHECK_INT(len, MANIFEST_LINE_MAX);
    parse(&m, text);
    CHECK_UINT(m.incr_count, 1);
    manifest_done(&m);

    (void)snprintf(text, sizeof(text), "file %0*d seq 1 type i\n", MANIFEST_LINE_MAX - 18, 5);
    refused(text, "The AOF manifest file contains too long line", 1);
    refused("file a seq 1 type i", "The AOF manifest file contains too long line", 1);

    (void)snprintf(text, sizeof(text), "file %0*d seq 1 type i\n", 1900, 5);
    CHECK_INT(manifest_parse(&m, slice_str(text), &fault), -EBADMSG);
    CHECK_UINT(strlen(fault.text), MANIFEST_LINE_MAX);
    refused("file a.aof seq 1 type ?\n", "Unknown AOF file type", 1);
}

/* Changing --------------------------------------------------------------------------------- */

TEST(a_rewrite_replaces_the_base_and_retires_what_came_before)
{
    struct manifest m, next;
    manifest_init(&m);
    CHECK_STR(manifest_new_base(&m, "a.aof", false), "a.aof.1.base.aof");
    CHECK_STR(manifest_new_incr(&m, "a.aof"), "a.aof.1.incr.aof");
    CHECK_STR(manifest_new_incr(&m, "a.aof"), "a.aof.2.incr.aof");
    manifest_copy(&next, &m);
    CHECK_STR(manifest_new_base(&next, "a.aof", true), "a.aof.2.base.rdb");
    CHECK_STR(manifest_new_incr(&next, "a.aof"), "a.aof.3.incr.aof");
    manifest_retire_incrs(&next, 1);
    formats_as(&m, "file a.aof.1.base.aof seq 1 type b\n"
                   "file a.aof.1.incr.aof seq 1 type i\n"
                   "file a.aof.2.incr.aof seq 2 type i\n");
    manifest_move(&m, &next);
    CHECK(manifest_is_empty(&next));
    formats_as(&m, "file a.aof.2.base.rdb seq 2 type b\n"
                   "file a.aof.2.incr.aof seq 2 type h\n"
                   "file a.aof.1.incr.aof seq 1 type h\n"
                   "file a.aof.1.base.aof seq 1 type h\n"
                   "file a.aof.3.incr.aof seq 3 type i\n");
    manifest_retire_incrs(&m, 5);
    CHECK_UINT(m.incr_count, 1);
    manifest_forget_history(&m);
    manifest_add_history(&m, "left over", 9);
    manifest_adopt_base(&m, "old.aof");
    formats_as(&m, "file old.aof seq 3 type b\n"
                   "file a.aof.2.base.rdb seq 2 type h\n"
                   "file \"left over\" seq 9 type h\n"
                   "file a.aof.3.incr.aof seq 3 type i\n");
    manifest_done(&m);
}

TEST(a_name_that_is_history_is_not_given_again)
{
    struct manifest m;
    parse(&m, "file a.aof.1.base.rdb seq 1 type b\n"
              "file a.aof.2.base.rdb seq 2 type h\n"
              "file a.aof.1.incr.aof seq 1 type h\n"
              "file a.aof.2.incr.aof seq 2 type h\n");
    CHECK_STR(manifest_new_base(&m, "a.aof", true), "a.aof.3.base.rdb");
    CHECK_STR(manifest_new_incr(&m, "a.aof"), "a.aof.3.incr.aof");
    manifest_done(&m);
}

/* On disk, whose calls fail one after the other -------------------------------------------- */

struct failing {
    struct file_layer layer;
    int left; /* calls until one fails */
};

static bool fails(struct failing *f)
{
    return f->left-- == 0;
}

static int fail_open(void *arg, const char *path, int flags, mode_t mode)
{
    return fails(arg) ? -EMFILE : file_kernel_layer()->open(NULL, path, flags, mode);
}

static ssize_t fail_write(void *arg, int fd, const void *bytes, size_t len)
{
    return fails(arg) ? -ENOSPC : file_kernel_layer()->write(NULL, fd, bytes, len > 7 ? 7 : len);
}

static int fail_sync(void *arg, int fd)
{
    return fails(arg) ? -EIO : file_kernel_layer()->sync(NULL, fd);
}

static int fail_close(void *arg, int fd)
{
    int rc = file_kernel_layer()->close(NULL, fd);
    return fails(arg) ? -EIO : rc;
}

static int fail_rename(void *arg, const char *from, const char *to)
{
    return fails(arg) ? -EACCES : file_kernel_layer()->rename(NULL, from, to);
}

static void failing_init(struct failing *f, int left)
{
    *f = (struct failing){ .layer = *file_kernel_layer(), .left = left };
    f->layer.arg = f;
    f->layer.open = fail_open;
    f->layer.write = fail_write;
    f->layer.sync = fail_sync;
    f->layer.close = fail_close;
    f->layer.rename = fail_rename;
}

static const char *folder(void)
{
    static char path[64];
    memcpy(path, "/tmp/manifest_test.XXXXXX", sizeof("/tmp/manifest_test.XXXXXX"));
    CHECK_PTR_NOT_NULL(mkdtemp(path));
    return path;
}

static void remove_all(const char *dir, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)unlink(path);
    CHECK_INT(rmdir(dir), 0); /* nothing else is left */
}

TEST(reading_says_that_there_is_none)
{
    struct manifest m;
    struct manifest_fault fault;
    const char *dir = folder();
    manifest_init(&m);
    CHECK_INT(manifest_read(&m, dir, "a.aof", &fault), -ENOENT);
    remove_all(dir, "none");
}

TEST(whatever_call_fails_the_file_is_the_old_or_the_new_one)
{
    struct manifest old, new, got;
    struct manifest_fault fault;
    const char *dir = folder();
    int error = -1, calls = 0;
    parse(&old, USUAL);
    manifest_copy(&new, &old);
    (void)manifest_new_incr(&new, "a.aof");
    for (; error < 0; calls++) {
        struct failing f;
        CHECK_INT(manifest_write(&old, dir, "a.aof"), 0);
        failing_init(&f, calls);
        file_set_layer(&f.layer);
        error = manifest_write(&new, dir, "a.aof");
        bool did_fail = f.left < 0;
        file_set_layer(NULL);
        CHECK(did_fail == (error < 0) || calls > 30);
        manifest_init(&got);
        CHECK_INT(manifest_read(&got, dir, "a.aof", &fault), 0);
        CHECK(got.incr_count == new.incr_count || (error < 0 && got.incr_count == old.incr_count));
        manifest_done(&got);
    }
    CHECK(calls > 30); /* writes of seven bytes */
    manifest_done(&old);
    manifest_done(&new);
    remove_all(dir, "a.aof.manifest");
}
