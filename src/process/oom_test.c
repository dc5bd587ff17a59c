#include "process/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/check.h"

static char path[64];

/* The kernel's file replaces what it holds; one on disk has to be emptied for each value. */
static void start_with(const char *score)
{
    memcpy(path, "/tmp/oom_test.XXXXXX", sizeof("/tmp/oom_test.XXXXXX"));
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, slice_str(score)), 0);
    CHECK_INT(file_close(fd), 0);
}

static int ftruncating_open(void *arg, const char *name, int flags, mode_t mode)
{
    (void)arg;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    return file_kernel_layer()->open(NULL, name, writes ? flags | O_TRUNC : flags, mode);
}

static struct file_layer as_the_kernel;

static void check_score(const char *want)
{
    struct buf got;
    buf_init(&got, 100);
    CHECK_INT(file_read_whole(path, &got), 0);
    CHECK_STR(buf_cstr(&got), want);
    buf_done(&got);
}

static void begin(const char *score)
{
    start_with(score);
    as_the_kernel = *file_kernel_layer();
    as_the_kernel.open = ftruncating_open;
    file_set_layer(&as_the_kernel);
}

static void end(void)
{
    CHECK_INT(file_unlink(path), 0);
    file_set_layer(NULL);
}

TEST(relative_values_are_added_to_the_first_one)
{
    begin("100\n");
    struct oom_score o = { .path = path };
    CHECK_INT(oom_apply(&o, OOM_RELATIVE, 200), 0);
    check_score("300");
    CHECK_INT(oom_apply(&o, OOM_RELATIVE, 5), 0);
    check_score("105");
    CHECK_INT(oom_apply(&o, OOM_ABSOLUTE, 5), 0);
    check_score("5");
    end();
}

TEST(switched_off_the_first_value_comes_back)
{
    begin("-17\n");
    struct oom_score o = { .path = path };
    CHECK_INT(oom_apply(&o, OOM_NO, 500), 0);
    check_score("-17\n"); /* not written at all */
    CHECK_INT(oom_apply(&o, OOM_ABSOLUTE, 500), 0);
    check_score("500");
    CHECK_INT(oom_apply(&o, OOM_NO, 500), 0);
    check_score("-17");
    end();
}

TEST(values_stay_within_the_kernels_range)
{
    begin("900\n");
    struct oom_score o = { .path = path };
    CHECK_INT(oom_apply(&o, OOM_RELATIVE, 200), 0);
    check_score("1000");
    CHECK_INT(oom_apply(&o, OOM_ABSOLUTE, -2000), 0);
    check_score("-1000");
    end();
}

TEST(what_cannot_be_read_or_written_is_an_error)
{
    struct oom_score o = { .path = "/nonexistent/score" };
    CHECK_INT(oom_apply(&o, OOM_ABSOLUTE, 1), -ENOENT);
    CHECK(!o.changed);
    begin("not a number\n");
    o.path = path;
    CHECK_INT(oom_apply(&o, OOM_ABSOLUTE, 1), -EINVAL);
    check_score("not a number\n");
    end();
}
