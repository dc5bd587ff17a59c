/* A disk that loses what was not synced, fails, fills up and stalls, under a real server process.
 *
 * It is a file layer (base/file.h), and part of every build but a release. Everything that happens
 * under one folder, the root, goes through to the real files; beside them, in a second folder, a
 * shadow is kept of what would still be there after a power loss. It is installed in a process
 * that is started with TARN_LOSSY_DISK=ROOT:SHADOW in its environment. Children and threads count.
 *
 * What is durable
 * - What was there at the start: folders, names and bytes.
 * - The bytes of a file as they were at its last sync.
 * - The names of a folder (created, renamed, unlinked, folders made) as they were at the last sync
 *   of that folder. A name that was synced while its file was not leads to what the file had at its
 *   last sync: an empty one, if there was none.
 * With a seed anything else may have become durable, too, as on a real disk, at any call: a part of
 * a file's unsynced bytes, a single unsynced name.
 *
 * The shadow's folder
 *   durable        a link to the root as it would be found; to be copied with links followed
 *   control        struct lossy_control, mapped by all processes of the server and by the test
 *   trace          a line for every call: its number, pid, what it was, its path, its result
 *   inodes, dirs   durable bytes by inode; durable names by inode of the folder
 *
 * The calls of enum lossy_op are numbered from 1 in the order in which they happen, one at a time.
 * The rules are in the control file, and a test may change them at any moment: the words that a
 * rule needs first, the one that turns it on (its first) last. 0 turns a rule off. Files outside of
 * the root, pipes and sockets are let through and not counted.
 *
 * Power goes: every process of the server is gone at that call (SIGKILL to the main one and the
 * caller, the rest at their next call), and the shadow stays as it is. */
#ifndef BASE_LOSSY_DISK_H
#define BASE_LOSSY_DISK_H

#include <stdint.h>

#include "base/file.h"

enum lossy_op {
    LOSSY_OPEN,
    LOSSY_WRITE,
    LOSSY_SYNC,
    LOSSY_RENAME,
    LOSSY_UNLINK,
    LOSSY_TRUNCATE,
    LOSSY_MKDIR,
    LOSSY_OPS
};

#define LOSSY_MAGIC 0x315953534f4c4b44

/* Only 64-bit words: tests/support/disk.py reads and writes them by their position. */
struct lossy_control {
    _Atomic uint64_t magic; /* LOSSY_MAGIC as soon as the disk is installed */

    /* Rules */
    _Atomic uint64_t cut_at;  /* the call at which power goes: instead of it, or just behind it */
    _Atomic uint64_t seed;    /* 0: nothing becomes durable by chance, and cuts are before a call */
    _Atomic uint64_t fail_at; /* from this call on ... */
    _Atomic uint64_t fail_count; /* ... so many numbers (0: all) fail ... */
    _Atomic uint64_t fail_errno; /* ... with this error, and do nothing ... */
    _Atomic uint64_t fail_ops;   /* ... if they are of these: bits 1 << LOSSY_x (0: any) */
    _Atomic uint64_t short_at;   /* this call, if it is a write, writes the first half only */
    _Atomic uint64_t capacity;   /* writes stop with ENOSPC when `written` is this */
    _Atomic uint64_t stall_ops;  /* calls of these kinds wait until their bit is cleared */
    _Atomic uint64_t forgets; /* the bytes that a failed sync should have brought never get there */

    /* State */
    _Atomic uint64_t calls;   /* the last number given */
    _Atomic uint64_t written; /* bytes */
    _Atomic uint64_t is_cut;
    _Atomic uint64_t stalled; /* calls that wait now */
    _Atomic uint64_t calls_of[LOSSY_OPS];
};

struct lossy_disk;

/* Installs the disk in this process. `root` and `shadow` exist; the shadow is not inside the root.
 * A shadow that has a control file with rules keeps them; one that was in use goes on (a process
 * that executes itself anew). Aborts if anything fails. */
struct lossy_disk *lossy_disk_new(const char *root, const char *shadow);
struct lossy_disk *lossy_disk_free(struct lossy_disk *disk); /* the kernel's layer is back */
struct lossy_control *lossy_disk_control(struct lossy_disk *disk);

/* What main() calls: NULL if the environment names no disk. */
struct lossy_disk *lossy_disk_from_environment(void);

#endif
