/* The append-only file: every change, written before its reply leaves.
 *
 * It is a sink of the journal. What a turn has appended gathers in a buffer; aof_flush(), in phase 3, writes it
 * with one call, and with `appendfsync always` syncs it with one more, before any reply of the turn
 * leaves. With `everysec` a thread syncs; while it is slow, the write is put off for up to two
 * seconds. A write that fails is taken back (the file is cut to what was whole) and tried again, and writes
 * are refused meanwhile (gate DISK_ERROR); with `always` the server ends.
 *
 * Rewriting: a child writes a new base file, while the parent appends to a new incremental file;
 * at the child's end the manifest names the new ones. */
#ifndef PERSIST_AOF_H
#define PERSIST_AOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct aof;

enum aof_state { AOF_OFF, AOF_ON, AOF_WAITS_FOR_REWRITE };

/* At the start, behind the load: opens the file to go on with, or makes the first one. -errno: logged. */
MUST_USE int aof_open(struct aof *a);
enum aof_state aof_state(const struct aof *a);
bool aof_is_wanted(const struct aof *a); /* the directive appendonly */
/* Phase 3. */
void aof_flush(struct aof *a);
/* Writes and syncs everything now, and waits for it: before the end. */
MUST_USE int aof_finish(struct aof *a);
/* Rewrites in a child. 0, -EBUSY while there is another child, or -errno; logs. */
MUST_USE int aof_rewrite(struct aof *a);
/* As soon as there is no child any more. */
void aof_rewrite_later(struct aof *a);
bool aof_rewrite_is_planned(const struct aof *a);

/* Journal offset up to which everything is synced; of what was appended so far. */
uint64_t aof_synced_offset(const struct aof *a);

/* errno of the last write, or of the last sync in the background, while that has failed: writes are refused
 * (gate DISK_ERROR) with "MISCONF Errors writing to the AOF file: <strerror>"; 0: all is well. */
int aof_write_error(const struct aof *a);
/* DEBUG AOF-FLUSH-SLEEP: so many microseconds before each write. */
void aof_set_flush_sleep(struct aof *a, int64_t us);

/* For the loader: where the files are. */
const char *aof_dir(
    const struct aof *a); /* the folder, appenddirname: in `dir`, or as a whole path */
const char *aof_prefix(const struct aof *a); /* appendfilename */
bool aof_loads_truncated(const struct aof *a);
/* What was loaded is the manifest to go on with; takes it over. The sizes of base and all files are for
 * the growth that starts a rewrite. */
struct manifest;
void aof_take_manifest(struct aof *a, struct manifest *m, uint64_t base_bytes, uint64_t all_bytes);

/* DEBUG LOADAOF: nothing is recorded between them; what is in memory afterwards is as the files say. -errno: what has
 * changed cannot be written, and everything goes on as before. */
MUST_USE int aof_pause(struct aof *a);
void aof_resume(struct aof *a);

#endif
