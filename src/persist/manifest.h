/* The manifest: which files an append-only file consists of, in the layout of Redis 7.
 *
 *   appendonly.aof.manifest     one line a file: "file NAME seq N type T"
 *   appendonly.aof.1.base.rdb   the data at one moment (b); or ...base.aof, as commands
 *   appendonly.aof.1.incr.aof   the changes since then (i), in the order of their numbers; the last is written
 *   ...                         files that are not needed any more (h), up to their deletion
 *
 * A manifest is a value: it is changed as a copy, which is written to disk (temporary file, sync, rename, sync of the
 * folder) and takes the place of the old one only when that has worked. */
#ifndef PERSIST_MANIFEST_H
#define PERSIST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/slice.h"

enum manifest_type { MANIFEST_BASE = 'b', MANIFEST_HISTORY = 'h', MANIFEST_INCR = 'i' };

struct manifest_file {
    char *name; /* in the folder of the append-only file */
    int64_t seq;
    enum manifest_type type;
};

struct manifest {
    struct manifest_file base;   /* name NULL: none */
    struct manifest_file *incrs; /* oldest first */
    size_t incr_count;
    struct manifest_file *history; /* newest first */
    size_t history_count;
    int64_t base_seq, incr_seq; /* the highest given so far */
};

void manifest_init(struct manifest *m);
void manifest_done(struct manifest *m);
void manifest_copy(struct manifest *to, const struct manifest *from);

/* 0, or -EBADMSG with the peers' reason and the line (from 1) where it is. */
MUST_USE int manifest_parse(struct manifest *m, struct slice text, const char **ret_reason,
                            int *ret_line);
void manifest_format(const struct manifest *m, struct buf *out);

/* New files get the next number: `prefix`.N.base.rdb, `prefix`.N.incr.aof. Borrowed names. */
const char *manifest_new_base(struct manifest *m, const char *prefix,
                              bool is_rdb); /* the old one becomes history */
const char *manifest_new_incr(struct manifest *m, const char *prefix);
/* All incremental files but the last `keep` become history. */
void manifest_retire_incrs(struct manifest *m, size_t keep);
void manifest_forget_history(struct manifest *m);

/* "appendonly.aof.manifest" of "appendonly.aof". */
void manifest_name(const char *prefix, struct buf *out);
/* Reads DIR/NAME. -ENOENT if there is none; -EBADMSG as by manifest_parse. */
MUST_USE int manifest_read(struct manifest *m, const char *dir, const char *prefix,
                           const char **ret_reason, int *ret_line);
/* Writes it so that either the old or the new one is there, whatever happens. */
MUST_USE int manifest_write(const struct manifest *m, const char *dir, const char *prefix);

#endif
