/* Files of the reference: written where they changed, or only looked at. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "server/reference_priv.h"

#define PAGES_MAX 1024
#define PATH_BYTES 4096

void pages_init(struct pages *p, const char *dir, bool only_check)
{
    *p = (struct pages){ .dir = dir, .only_check = only_check };
    p->names = mem_zalloc(PAGES_MAX * sizeof(*p->names));
}

void pages_done(struct pages *p)
{
    mem_free(p->names);
}

static void fail(const char *path, int error)
{
    fprintf(stderr, "%s: %s\n", path, strerror(-error));
    exit(EXIT_FAILURE);
}

static bool is_there_already(const char *path, const struct buf *text)
{
    struct buf old;
    buf_init(&old, BUF_NO_CEILING);
    bool same = file_read_whole(path, &old) == 0 && slice_eq(buf_slice(&old), buf_slice(text));
    buf_done(&old);
    return same;
}

static void write_page(const char *path, const struct buf *text)
{
    int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        fail(path, fd);
    int error = file_write_all(fd, buf_slice(text));
    if (error == 0)
        error = file_close(fd);
    if (error < 0)
        fail(path, error);
}

void pages_put(struct pages *p, const char *name, const struct buf *text)
{
    char path[PATH_BYTES];
    ASSERT(p->count < PAGES_MAX);
    (void)snprintf(p->names[p->count++], sizeof(*p->names), "%s", name);
    (void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
    if (is_there_already(path, text))
        return;
    p->stale++;
    if (p->only_check)
        printf("%s is stale\n", path);
    else
        write_page(path, text);
}

static bool is_ours(const struct pages *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->names[i], name) == 0)
            return true;
    return false;
}

void pages_sweep(struct pages *p, const char *subdir)
{
    char path[PATH_BYTES], name[512];
    (void)snprintf(path, sizeof(path), "%s/%s", p->dir, subdir);
    DIR *dir = opendir(path); /* tidy-allow opendir: no part of the server */
    if (!dir)
        fail(path, -errno);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", subdir, entry->d_name);
        if (is_ours(p, name))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
        p->stale++;
        int error = p->only_check ? 0 : file_unlink(path);
        if (error < 0)
            fail(path, error);
        if (p->only_check)
            printf("%s describes nothing\n", path);
    }
    (void)closedir(dir);
}
