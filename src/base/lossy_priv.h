/* What the disk that loses (lossy_disk.h) knows of durable bytes and names: its shadow.
 *
 * A file's durable bytes are `inodes/<ino>`; a folder's durable names are hard links to those in
 * `dirs/<ino>`, where folders are symbolic links to `../<ino>`. So a name keeps its bytes when the
 * inode's number is given to another file.
 *
 * All functions are called with the disk's lock held, and abort if the real file system fails. */
#ifndef BASE_LOSSY_PRIV_H
#define BASE_LOSSY_PRIV_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LOSSY_FILES_MAX 4096

/* From where on a file differs from its durable bytes. */
struct shadow_file {
    uint64_t ino; /* 0: free */
    uint64_t dirty_from;
};

struct shadow {
    char root[PATH_MAX];
    char dir[PATH_MAX];
    struct shadow_file *files; /* LOSSY_FILES_MAX, shared by all processes */
};

void shadow_import(struct shadow *sh); /* all that is there is durable */

/* Whether the path is the root's or lies below it; its folder must be there. */
bool shadow_covers(const struct shadow *sh, const char *path);

void shadow_opened(struct shadow *sh, const char *path, int fd, bool created, bool emptied);
void shadow_made_folder(struct shadow *sh, const char *path);
void shadow_changed(struct shadow *sh, int fd, uint64_t from);

/* Makes durable: a file's bytes or a folder's names; of a file's unsynced bytes the first
 * `permille` thousandths; the present state of one name. */
void shadow_sync(struct shadow *sh, int fd);
void shadow_sync_part(struct shadow *sh, int fd, uint64_t permille);
/* What the file has beyond its durable bytes counts as durable, and is not: as after a sync that failed. */
void shadow_forget(struct shadow *sh, int fd);
void shadow_sync_name(struct shadow *sh, const char *path);

#endif
