/* Snapshots: the RDB file in `dir`, written by SAVE, by a child process (BGSAVE, the `save` rules), and before
 * the server ends; and loaded at the start.
 *
 * The file is written under a temporary name, synced, renamed, and the folder is synced. While the last
 * attempt in the background has failed and there are `save` rules, writes are refused
 * (stop-writes-on-bgsave-error, gate DISK_ERROR); a snapshot that succeeds ends that. */
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
/* As soon as there is no child any more. */
void snapshot_begin_later(struct snapshot *s);
bool snapshot_is_planned(const struct snapshot *s);
/* What was planned or begun is given up: false if there is nothing. */
bool snapshot_unplan(struct snapshot *s);
bool snapshot_has_rules(const struct snapshot *s);
/* Changes that no snapshot has. */
uint64_t snapshot_changes(const struct snapshot *s);
/* What is in memory now counts as unchanged. */
void snapshot_forget_changes(struct snapshot *s);
/* Loads the file; `flags` of rdb.h. 0, also if there is none (*ret_found tells); -errno: the log has where and why;
 * -ECANCELED: the server was asked to end. Not while data is being loaded. */
MUST_USE int snapshot_load(struct snapshot *s, uint32_t flags, bool *ret_found);
/* The same for DEBUG RELOAD, when all keys were removed if `flushes`; -ENOENT if there is no file. */
MUST_USE int snapshot_reload(struct snapshot *s, bool flushes, uint32_t flags);
/* The file's name, in `dir`. Borrowed. */
const char *snapshot_path(const struct snapshot *s);

#endif
