/* The shadow of a disk: durable bytes by inode, durable names by folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/lossy_priv.h"

#define CLEAN UINT64_MAX
/* Folders in folders that a test's root may have. */
#define DEPTH_MAX 4

struct path {
    char text[PATH_MAX];
};

PRINTF(2, 3) static void path_set(struct path *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(p->text, sizeof(p->text), fmt, args);
    va_end(args);
    ASSERT(len >= 0);
    ASSERT((size_t)len < sizeof(p->text));
}

static void must(bool ok, const char *what, const char *path)
{
    if (!ok)
        PANIC("the lossy disk's shadow: %s of %s: %s", what, path, strerror(errno));
}

static struct path store_of(const struct shadow *sh, uint64_t ino)
{
    struct path p;
    path_set(&p, "%s/inodes/%llu", sh->dir, (unsigned long long)ino);
    return p;
}

/* The folder's durable names; made if they are not there. */
static struct path names_of(const struct shadow *sh, uint64_t ino)
{
    struct path p;
    path_set(&p, "%s/dirs/%llu", sh->dir, (unsigned long long)ino);
    must(mkdir(p.text, 0700) == 0 || errno == EEXIST, "mkdir", p.text);
    return p;
}

/* Bytes ------------------------------------------------------------------------------------ */

static struct shadow_file *file_slot(struct shadow *sh, uint64_t ino)
{
    for (uint64_t i = 0; i < LOSSY_FILES_MAX; i++) {
        struct shadow_file *f = &sh->files[(ino + i) % LOSSY_FILES_MAX];
        if (f->ino == 0)
            *f = (struct shadow_file){ ino, CLEAN };
        if (f->ino == ino)
            return f;
    }
    PANIC("the lossy disk's shadow: more than %d files", LOSSY_FILES_MAX);
}

/* An empty store if there is none yet: the file was never synced. */
static int store_open(const struct shadow *sh, uint64_t ino)
{
    struct path p = store_of(sh, ino);
    int fd = open(p.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    must(fd >= 0, "open", p.text);
    return fd;
}

static bool store_exists(const struct shadow *sh, uint64_t ino)
{
    struct path p = store_of(sh, ino);
    return access(p.text, F_OK) == 0;
}

static void copy_range(int from, int to, uint64_t at, uint64_t end)
{
    static const size_t step = 64 * 1024;
    char bytes[64 * 1024];
    while (at < end) {
        ssize_t n = pread(from, bytes, MIN_OF(step, (size_t)(end - at)), (off_t)at);
        must(n >= 0, "read", "a file");
        if (n == 0) /* the file has become shorter */
            return;
        must(pwrite(to, bytes, (size_t)n, (off_t)at) == n, "write", "a store");
        at += (uint64_t)n;
    }
}

/* A second descriptor of the same file, for reading, wherever its name is now. */
static int reopen(int fd)
{
    struct path p;
    path_set(&p, "/proc/self/fd/%d", fd);
    int again = open(p.text, O_RDONLY | O_CLOEXEC);
    must(again >= 0, "open", p.text);
    return again;
}

static void file_to_store(struct shadow *sh, int fd, const struct stat *st, uint64_t permille)
{
    struct shadow_file *f = file_slot(sh, st->st_ino);
    uint64_t size = (uint64_t)st->st_size;
    if (!store_exists(sh, st->st_ino))
        f->dirty_from = 0;
    if (f->dirty_from == CLEAN)
        return;
    uint64_t from = MIN_OF(f->dirty_from, size);
    uint64_t end = from + (size - from) * permille / 1000;
    int source = reopen(fd);
    int store = store_open(sh, st->st_ino);
    copy_range(source, store, from, end);
    if (permille == 1000) {
        must(ftruncate(store, st->st_size) == 0, "truncate", "a store");
        f->dirty_from = CLEAN;
    } else {
        f->dirty_from = end;
    }
    (void)close(store);
    (void)close(source);
}

void shadow_changed(struct shadow *sh, int fd, uint64_t from)
{
    struct stat st;
    must(fstat(fd, &st) == 0, "stat", "a file");
    struct shadow_file *f = file_slot(sh, st.st_ino);
    f->dirty_from = MIN_OF(f->dirty_from, from);
}

void shadow_forget(struct shadow *sh, int fd)
{
    struct stat st;
    must(fstat(fd, &st) == 0, "stat", "a file");
    if (S_ISREG(st.st_mode))
        file_slot(sh, st.st_ino)->dirty_from = CLEAN;
}

void shadow_opened(struct shadow *sh, const char *path, int fd, bool created, bool emptied)
{
    struct stat st;
    must(fstat(fd, &st) == 0, "stat", path);
    if (!S_ISREG(st.st_mode))
        return;
    if (created) {
        /* The number may be that of a file which is gone; durable names keep its bytes. */
        struct path p = store_of(sh, st.st_ino);
        must(unlink(p.text) == 0 || errno == ENOENT, "unlink", p.text);
        (void)close(store_open(sh, st.st_ino));
        file_slot(sh, st.st_ino)->dirty_from = CLEAN;
    } else if (!store_exists(sh, st.st_ino)) {
        file_to_store(sh, fd, &st, 1000); /* somebody else has put it there */
    }
    if (emptied)
        shadow_changed(sh, fd, 0);
}

/* Names ------------------------------------------------------------------------------------ */

static void remove_name(const char *path)
{
    must(unlink(path) == 0 || errno == ENOENT, "unlink", path);
}

/* A link to the durable bytes or names of what is at `real` now; false if nothing is. */
static bool link_new(struct shadow *sh, const char *at, const char *real)
{
    struct path to;
    struct stat st;
    if (lstat(real, &st) < 0)
        return false;
    if (S_ISREG(st.st_mode)) {
        (void)close(store_open(sh, st.st_ino));
        to = store_of(sh, st.st_ino);
        must(link(to.text, at) == 0, "link", at);
    } else if (S_ISDIR(st.st_mode)) {
        (void)names_of(sh, st.st_ino);
        path_set(&to, "../%llu", (unsigned long long)st.st_ino);
        must(symlink(to.text, at) == 0, "symlink", at);
    } else {
        return false;
    }
    return true;
}

/* Makes `name` in the durable names lead to the file or folder that is at `real` now. In one step: the
 * process may be killed at any moment, and what it leaves is looked at. */
static void link_name(struct shadow *sh, const char *names, const char *name, const char *real)
{
    struct path at, fresh;
    path_set(&at, "%s/%s", names, name);
    path_set(&fresh, "%s/link", sh->dir);
    remove_name(fresh.text);
    if (!link_new(sh, fresh.text, real)) {
        remove_name(at.text);
        return;
    }
    must(rename(fresh.text, at.text) == 0, "rename", at.text);
    remove_name(fresh.text); /* a rename to the same file leaves both names */
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void forget_names(const char *names)
{
    DIR *dir = opendir(names);
    must(dir, "opendir", names);
    for (struct dirent *e; (e = readdir(dir));) {
        struct path p;
        path_set(&p, "%s/%s", names, e->d_name);
        if (!is_dots(e->d_name))
            must(unlink(p.text) == 0, "unlink", p.text);
    }
    (void)closedir(dir);
}

/* In one step, too: a second folder is filled and takes the place of the first. */
static void folder_to_names(struct shadow *sh, const char *real, uint64_t ino)
{
    struct path names = names_of(sh, ino), fresh;
    path_set(&fresh, "%s/dirs/fresh", sh->dir);
    must(mkdir(fresh.text, 0700) == 0 || errno == EEXIST, "mkdir", fresh.text);
    forget_names(fresh.text);
    DIR *dir = opendir(real);
    must(dir, "opendir", real);
    for (struct dirent *e; (e = readdir(dir));) {
        struct path p, at;
        path_set(&p, "%s/%s", real, e->d_name);
        path_set(&at, "%s/%s", fresh.text, e->d_name);
        if (!is_dots(e->d_name))
            (void)link_new(sh, at.text, p.text);
    }
    (void)closedir(dir);
    int rc = renameat2(AT_FDCWD, fresh.text, AT_FDCWD, names.text, RENAME_EXCHANGE);
    must(rc == 0, "exchange", names.text);
    forget_names(fresh.text);
}

/* The folder that a path's last part is in. */
static struct path folder_of(const char *path)
{
    struct path p;
    const char *slash = strrchr(path, '/');
    if (!slash)
        path_set(&p, ".");
    else
        path_set(&p, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return p;
}

void shadow_sync_name(struct shadow *sh, const char *path)
{
    struct path folder = folder_of(path);
    const char *slash = strrchr(path, '/');
    struct stat st;
    must(stat(folder.text, &st) == 0, "stat", folder.text);
    struct path names = names_of(sh, st.st_ino);
    link_name(sh, names.text, slash ? slash + 1 : path, path);
}

void shadow_made_folder(struct shadow *sh, const char *path)
{
    struct stat st;
    must(stat(path, &st) == 0, "stat", path);
    struct path names = names_of(sh, st.st_ino);
    forget_names(names.text); /* of a folder that had the number before */
}

/* Both ------------------------------------------------------------------------------------- */

void shadow_sync(struct shadow *sh, int fd)
{
    struct path real, link;
    struct stat st;
    must(fstat(fd, &st) == 0, "stat", "a file");
    if (S_ISREG(st.st_mode))
        file_to_store(sh, fd, &st, 1000);
    if (!S_ISDIR(st.st_mode))
        return;
    path_set(&link, "/proc/self/fd/%d", fd);
    must(realpath(link.text, real.text), "realpath", link.text);
    folder_to_names(sh, real.text, st.st_ino);
}

void shadow_sync_part(struct shadow *sh, int fd, uint64_t permille)
{
    struct stat st;
    must(fstat(fd, &st) == 0, "stat", "a file");
    if (S_ISREG(st.st_mode))
        file_to_store(sh, fd, &st, permille);
}

bool shadow_covers(const struct shadow *sh, const char *path)
{
    struct path real;
    if (!realpath(path, real.text)) {
        struct path folder = folder_of(path);
        if (!realpath(folder.text, real.text))
            return false;
    }
    size_t len = strlen(sh->root);
    return strncmp(real.text, sh->root, len) == 0 &&
           (real.text[len] == '/' || real.text[len] == '\0');
}

static void import_folder(struct shadow *sh, const char *real, int depth)
{
    ASSERT(depth < DEPTH_MAX);
    DIR *dir = opendir(real);
    must(dir, "opendir", real);
    for (struct dirent *e; (e = readdir(dir));) {
        struct path p;
        struct stat st;
        path_set(&p, "%s/%s", real, e->d_name);
        must(lstat(p.text, &st) == 0, "stat", p.text);
        if (S_ISREG(st.st_mode)) {
            int fd = open(p.text, O_RDONLY | O_CLOEXEC);
            must(fd >= 0, "open", p.text);
            file_to_store(sh, fd, &st, 1000);
            (void)close(fd);
        } else if (S_ISDIR(st.st_mode) && !is_dots(e->d_name)) {
            import_folder(sh, p.text, depth + 1);
        }
    }
    struct stat st;
    must(fstat(dirfd(dir), &st) == 0, "stat", real);
    (void)closedir(dir);
    folder_to_names(sh, real, st.st_ino);
}

void shadow_import(struct shadow *sh)
{
    struct path p, to;
    struct stat st;
    path_set(&p, "%s/inodes", sh->dir);
    must(mkdir(p.text, 0700) == 0, "mkdir", p.text);
    path_set(&p, "%s/dirs", sh->dir);
    must(mkdir(p.text, 0700) == 0, "mkdir", p.text);
    import_folder(sh, sh->root, 0);
    must(stat(sh->root, &st) == 0, "stat", sh->root);
    path_set(&to, "dirs/%llu", (unsigned long long)st.st_ino);
    path_set(&p, "%s/durable", sh->dir);
    must(symlink(to.text, p.text) == 0, "symlink", p.text);
}
