#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

/* A new folder for one test, and paths in it. */
static const char *folder(void)
{
    static char path[64];
    memcpy(path, "/tmp/file_test.XXXXXX", sizeof("/tmp/file_test.XXXXXX"));
    CHECK_PTR_NOT_NULL(mkdtemp(path));
    return path;
}

static const char *in(const char *dir, const char *name)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void write_file(const char *path, struct slice bytes)
{
    SCOPED(file_close_scoped) int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, bytes), 0);
}

TEST(a_file_is_written_synced_renamed_read_and_gone)
{
    const char *dir = folder();
    struct buf out;
    struct stat st;
    write_file(in(dir, "a"), SLICE("one\0two"));
    int fd = file_open(in(dir, "a"), O_RDWR, 0);
    CHECK(fd >= 0);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK_INT(file_seek(fd, 0, SEEK_END), 7);
    CHECK_INT(file_write(fd, "!", 1), 1);
    CHECK_INT(file_sync(fd), 0);
    CHECK_INT(file_truncate(fd, 5), 0);
    CHECK_INT(file_close(fd), 0);
    CHECK_INT(file_rename(in(dir, "a"), in(dir, "b")), 0);
    CHECK_INT(file_sync_dir(dir), 0);
    CHECK_INT(file_stat(in(dir, "b"), &st), 0);
    CHECK_INT(st.st_size, 5);
    buf_init(&out, 5);
    CHECK_INT(file_read_whole(in(dir, "b"), &out), 0);
    CHECK_SLICE(buf_slice(&out), "one\0t");
    buf_done(&out);
    CHECK_INT(file_unlink(in(dir, "b")), 0);
    CHECK_INT(file_stat(in(dir, "b"), &st), -ENOENT);
    CHECK_INT(rmdir(dir), 0);
}

TEST(errors_are_negative_numbers)
{
    const char *dir = folder();
    struct buf out;
    buf_init(&out, 10);
    CHECK_INT(file_open(in(dir, "none"), O_RDONLY, 0), -ENOENT);
    CHECK_INT(file_read_whole(in(dir, "none"), &out), -ENOENT);
    CHECK_INT(file_unlink(in(dir, "none")), -ENOENT);
    CHECK_INT(file_rename(in(dir, "none"), in(dir, "x")), -ENOENT);
    CHECK_INT(file_sync_dir(in(dir, "none")), -ENOENT);
    CHECK_INT(file_mkdir(in(dir, "sub"), 0700), 0);
    CHECK_INT(file_mkdir(in(dir, "sub"), 0700), -EEXIST);
    CHECK_INT(file_read_whole(in(dir, "sub"), &out), -EISDIR);
    CHECK_INT(rmdir(in(dir, "sub")), 0);
    CHECK_INT(rmdir(dir), 0);
    buf_done(&out);
}

TEST(a_whole_file_is_appended_or_nothing)
{
    const char *dir = folder();
    struct buf out;
    write_file(in(dir, "a"), SLICE("12345"));
    buf_init(&out, 8);
    buf_append_str(&out, "abc");
    CHECK_INT(file_read_whole(in(dir, "a"), &out), 0);
    CHECK_SLICE(buf_slice(&out), "abc12345");
    buf_truncate(&out, 4);
    CHECK_INT(file_read_whole(in(dir, "a"), &out), -EFBIG);
    CHECK_SLICE(buf_slice(&out), "abc1");
    buf_done(&out);
    buf_init(&out, 1 << 20);
    CHECK_INT(file_read_whole("/proc/self/status", &out), 0); /* says that it is empty */
    CHECK(out.len > 100);
    buf_done(&out);
    CHECK_INT(file_unlink(in(dir, "a")), 0);
    CHECK_INT(rmdir(dir), 0);
}

TEST(a_taken_descriptor_stays_open)
{
    int kept;
    {
        SCOPED(file_close_scoped) int fd = file_open("/dev/null", O_RDONLY, 0);
        CHECK(fd >= 0);
        kept = file_take(&fd);
        CHECK_INT(fd, -1);
    }
    CHECK(fcntl(kept, F_GETFD) >= 0);
    {
        SCOPED(file_close_scoped) int fd = kept;
        CHECK(fd >= 0);
    }
    CHECK_INT(fcntl(kept, F_GETFD), -1);
}

/* A disk that writes at most two bytes at once and is full after some. */
struct small_disk {
    size_t room;
    int calls;
};

static ssize_t short_write(void *arg, int fd, const void *bytes, size_t len)
{
    struct small_disk *disk = arg;
    disk->calls++;
    if (disk->room == 0)
        return -ENOSPC;
    size_t n = MIN_OF(MIN_OF(len, (size_t)2), disk->room);
    disk->room -= n;
    return file_kernel_layer()->write(NULL, fd, bytes, n);
}

static ssize_t no_write(void *arg, int fd, const void *bytes, size_t len)
{
    (void)arg, (void)fd, (void)bytes, (void)len;
    return 0;
}

TEST(a_test_disk_can_write_short_and_fail)
{
    struct small_disk disk = { 7, 0 };
    struct file_layer layer = *file_kernel_layer();
    layer.arg = &disk;
    layer.write = short_write;
    int fd = file_open("/dev/null", O_WRONLY, 0);
    file_set_layer(&layer);
    CHECK_INT(file_write(fd, "abc", 3), 2);
    CHECK_INT(file_write_all(fd, SLICE("abc")), 0);
    CHECK_INT(disk.calls, 3);
    CHECK_INT(file_write_all(fd, SLICE("abc")), -ENOSPC);
    layer.write = no_write;
    CHECK_INT(file_write_all(fd, SLICE("abc")), -ENOSPC);
    CHECK_INT(file_write_all(fd, SLICE("")), 0);
    file_set_layer(NULL);
    CHECK_INT(file_write(fd, "abc", 3), 3);
    CHECK_INT(file_close(fd), 0);
}

TEST(descriptors_are_checked_at_the_door)
{
    char byte;
    CHECK_ABORTS(file_close(-1));
    CHECK_ABORTS((void)!file_read(-1, &byte, 1));
    CHECK_INT(file_read(1023, &byte, 1), -EBADF);
}
