/* The file layer: the kernel's table, and the calls through whichever is installed. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"

/* The kernel's layer ----------------------------------------------------------------------- */

/* Runs a call again as long as a signal interrupts it; yields its result or -errno. */
#define RETRY(call)                        \
    ({                                     \
        __typeof__(call) rc_;              \
        do                                 \
            rc_ = (call);                  \
        while (rc_ < 0 && errno == EINTR); \
        rc_ < 0 ? -errno : rc_;            \
    })

static int kernel_open(void *arg, const char *path, int flags, mode_t mode)
{
    (void)arg;
    return RETRY(open(path, flags, mode));
}

static int kernel_close(void *arg, int fd)
{
    (void)arg;
    /* Never again after EINTR: Linux has closed it, and the number may be in use by now. */
    if (close(fd) < 0 && errno != EINTR)
        return -errno;
    return 0;
}

static ssize_t kernel_read(void *arg, int fd, void *out, size_t len)
{
    (void)arg;
    return RETRY(read(fd, out, len));
}

static ssize_t kernel_write(void *arg, int fd, const void *bytes, size_t len)
{
    (void)arg;
    return RETRY(write(fd, bytes, len));
}

static int kernel_sync(void *arg, int fd)
{
    (void)arg;
    return RETRY(fdatasync(fd));
}

static int kernel_rename(void *arg, const char *from, const char *to)
{
    (void)arg;
    return RETRY(rename(from, to));
}

static int kernel_unlink(void *arg, const char *path)
{
    (void)arg;
    return RETRY(unlink(path));
}

static int kernel_truncate(void *arg, int fd, off_t len)
{
    (void)arg;
    return RETRY(ftruncate(fd, len));
}

static off_t kernel_seek(void *arg, int fd, off_t offset, int whence)
{
    (void)arg;
    return RETRY(lseek(fd, offset, whence));
}

static int kernel_stat(void *arg, const char *path, struct stat *ret_stat)
{
    (void)arg;
    return RETRY(stat(path, ret_stat));
}

static int kernel_mkdir(void *arg, const char *path, mode_t mode)
{
    (void)arg;
    return RETRY(mkdir(path, mode));
}

static const struct file_layer kernel_layer = {
    .open = kernel_open,
    .close = kernel_close,
    .read = kernel_read,
    .write = kernel_write,
    .sync = kernel_sync,
    .rename = kernel_rename,
    .unlink = kernel_unlink,
    .truncate = kernel_truncate,
    .seek = kernel_seek,
    .stat = kernel_stat,
    .mkdir = kernel_mkdir,
};

/* Process-wide: the disk is one for all threads. */
static _Atomic(const struct file_layer *) installed;

void file_set_layer(const struct file_layer *layer)
{
    atomic_store(&installed, layer);
}

const struct file_layer *file_kernel_layer(void)
{
    return &kernel_layer;
}

static const struct file_layer *layer_now(void)
{
    const struct file_layer *layer = atomic_load_explicit(&installed, memory_order_acquire);
    return layer ? layer : &kernel_layer;
}

/* The calls -------------------------------------------------------------------------------- */

int file_open(const char *path, int flags, mode_t mode)
{
    ASSERT(path);
    const struct file_layer *l = layer_now();
    return l->open(l->arg, path, flags | O_CLOEXEC, mode);
}

int file_close(int fd)
{
    ASSERT(fd >= 0);
    const struct file_layer *l = layer_now();
    return l->close(l->arg, fd);
}

void file_close_scoped(int *fd)
{
    ASSERT(fd);
    if (*fd >= 0)
        (void)file_close(*fd);
}

int file_take(int *fd)
{
    ASSERT(fd);
    int taken = *fd;
    *fd = -1;
    return taken;
}

ssize_t file_read(int fd, void *out, size_t len)
{
    ASSERT(fd >= 0);
    ASSERT(out || len == 0);
    const struct file_layer *l = layer_now();
    return l->read(l->arg, fd, out, len);
}

ssize_t file_write(int fd, const void *bytes, size_t len)
{
    ASSERT(fd >= 0);
    ASSERT(bytes || len == 0);
    const struct file_layer *l = layer_now();
    return l->write(l->arg, fd, bytes, len);
}

int file_write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = file_write(fd, bytes.ptr, bytes.len);
        if (n < 0)
            return (int)n;
        if (n == 0) /* no progress and no error: a full device of some drivers */
            return -ENOSPC;
        bytes = slice_from(bytes, (size_t)n);
    }
    return 0;
}

int file_sync(int fd)
{
    ASSERT(fd >= 0);
    const struct file_layer *l = layer_now();
    return l->sync(l->arg, fd);
}

int file_sync_dir(const char *path)
{
    SCOPED(file_close_scoped) int fd = file_open(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int rc = file_sync(fd);
    /* Some file systems have no notion of it. */
    return rc == -EINVAL ? 0 : rc;
}

int file_rename(const char *from, const char *to)
{
    ASSERT(from);
    ASSERT(to);
    const struct file_layer *l = layer_now();
    return l->rename(l->arg, from, to);
}

int file_unlink(const char *path)
{
    ASSERT(path);
    const struct file_layer *l = layer_now();
    return l->unlink(l->arg, path);
}

int file_truncate(int fd, off_t len)
{
    ASSERT(fd >= 0);
    ASSERT(len >= 0);
    const struct file_layer *l = layer_now();
    return l->truncate(l->arg, fd, len);
}

off_t file_seek(int fd, off_t offset, int whence)
{
    ASSERT(fd >= 0);
    const struct file_layer *l = layer_now();
    return l->seek(l->arg, fd, offset, whence);
}

int file_stat(const char *path, struct stat *ret_stat)
{
    ASSERT(path);
    ASSERT(ret_stat);
    const struct file_layer *l = layer_now();
    return l->stat(l->arg, path, ret_stat);
}

int file_mkdir(const char *path, mode_t mode)
{
    ASSERT(path);
    const struct file_layer *l = layer_now();
    return l->mkdir(l->arg, path, mode);
}

/* The file's size is only a hint: files of /proc have none, others may grow. */
static int read_to_end(int fd, struct buf *out)
{
    size_t step = 16 * 1024;
    for (;;) {
        size_t room = out->ceiling - out->len;
        /* One byte beyond the ceiling tells a file that just fits from one that does not. */
        char extra;
        char *at = room ? buf_reserve(out, MIN_OF(room, step)) : &extra;
        if (!at)
            return -ENOMEM;
        ssize_t n = file_read(fd, at, room ? MIN_OF(room, step) : 1);
        if (n <= 0)
            return (int)n;
        if (!room)
            return -EFBIG;
        buf_commit(out, (size_t)n);
    }
}

int file_read_whole(const char *path, struct buf *out)
{
    ASSERT(out);
    SCOPED(file_close_scoped) int fd = file_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    size_t before = out->len;
    int rc = read_to_end(fd, out);
    if (rc < 0)
        buf_truncate(out, before);
    return rc;
}
