/* Snapshots: the RDB file in `dir`, written by SAVE, by a child process (BGSAVE, the `save` rules), and before
 * the server ends; and loaded at the start.
 *
 * The file is written under a temporary name, synced, renamed, and the folder is synced. While the last
 * attempt in the background has failed and there are `save` rules, writes are refused
 * (stop-writes-on-bgsave-error, gate DISK_ERROR). */
#ifndef PERSIST_SNAPSHOT_H
#define PERSIST_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct snapshot;

/* At once, in this process. 0 or -errno; logs. */
MUST_USE int snapshot_save(struct snapshot *s);
/* In a child process. 0, -EBUSY while there is another child, or -errno; logs. */
MUST_USE int snapshot_begin(struct snapshot *s);
bool snapshot_has_rules(const struct snapshot *s);
/* Changes that no snapshot has. */
uint64_t snapshot_changes(const struct snapshot *s);
/* Loads the file; `flags` of rdb.h. 0, also if there is none (*ret_found tells); -errno: the log has where and why. */
MUST_USE int snapshot_load(struct snapshot *s, uint32_t flags, bool *ret_found);
/* The file's name, in `dir`. Borrowed. */
const char *snapshot_path(const struct snapshot *s);

#endif
