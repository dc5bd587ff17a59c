/* The file layer: every file operation of the server goes through a table that tests can replace.
 *
 * The table has one row per system call, so that a test disk can fail any call in turn, write
 * short, or lose what was not synced. All functions return 0 or a count, or -errno, and retry
 * EINTR. file_set_layer(NULL) restores the kernel's. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/slice.h"

struct file_layer {
    void *arg;
    int (*open)(void *arg, const char *path, int flags, mode_t mode);
    int (*close)(void *arg, int fd);
    ssize_t (*read)(void *arg, int fd, void *out, size_t len);
    ssize_t (*write)(void *arg, int fd, const void *bytes, size_t len);
    int (*sync)(void *arg, int fd);
    int (*rename)(void *arg, const char *from, const char *to);
    int (*unlink)(void *arg, const char *path);
    int (*truncate)(void *arg, int fd, off_t len);
    off_t (*seek)(void *arg, int fd, off_t offset, int whence);
    int (*stat)(void *arg, const char *path, struct stat *ret_stat);
    int (*mkdir)(void *arg, const char *path, mode_t mode);
};

/* The layer must live as long as it is installed. */
void file_set_layer(const struct file_layer *layer);
const struct file_layer *file_kernel_layer(void);

/* The descriptor; O_CLOEXEC is added. */
MUST_USE int file_open(const char *path, int flags, mode_t mode);
int file_close(int fd);
void file_close_scoped(int *fd); /* for SCOPED; ignores negative ones */
int file_take(int *fd);          /* moves it out of a scoped variable */
MUST_USE ssize_t file_read(int fd, void *out, size_t len);
MUST_USE ssize_t file_write(int fd, const void *bytes, size_t len); /* may be short */
MUST_USE int file_write_all(int fd, struct slice bytes);
MUST_USE int file_sync(int fd);               /* the data, and of the rest what reading it needs */
MUST_USE int file_sync_dir(const char *path); /* the folder itself */
MUST_USE int file_rename(const char *from, const char *to);
MUST_USE int file_unlink(const char *path);
MUST_USE int file_truncate(int fd, off_t len);
MUST_USE off_t file_seek(int fd, off_t offset, int whence);
MUST_USE int file_stat(const char *path, struct stat *ret_stat);
MUST_USE int file_mkdir(const char *path, mode_t mode);
/* Appends the whole file; -EFBIG above the buffer's ceiling. On failure nothing is appended. */
MUST_USE int file_read_whole(const char *path, struct buf *out);

#endif
