/* A new file on its way to the disk: what is written comes in pieces, and is synced as it comes if that is wanted, so
 * that the last sync does not hold up everybody's. Snapshots and bases of append-only files are written through it;
 * names, and what happens to a file that is not whole, are the caller's affair. */
#ifndef PERSIST_NEW_FILE_H
#define PERSIST_NEW_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/slice.h"

struct child_progress;
struct entry;
struct rdb;

struct new_file {
    int fd;
    bool syncs_often;
    uint64_t unsynced;
    struct child_progress *progress; /* NULL: not in a child */
};

/* Creates it, or empties what is there; the other members are set by the caller. */
MUST_USE int new_file_open(struct new_file *f, const char *path);
/* A codec_sink. */
MUST_USE int new_file_take(void *file, struct slice bytes);
/* After each key, with the number so far: tells who watches, and gives pages back. Returns 0. */
int new_file_wrote_key(void *file, const struct entry *e, uint64_t keys);
/* All data, in the version that it needs. On failure the log was told if the version is not allowed. */
MUST_USE int new_file_write_rdb(struct new_file *f, struct rdb *r, bool is_aof_base);
/* Syncs what was written, unless that has failed with `error`, and closes it. The first failure. */
MUST_USE int new_file_close(struct new_file *f, int error);

#endif
