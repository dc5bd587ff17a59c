/* The manifest: which files an append-only file consists of, in the layout of Redis 7.
 *
 *   appendonly.aof.manifest     one line a file: "file NAME seq N type T"
 *   appendonly.aof.1.base.rdb   the data at one moment (b); or ...base.aof, as commands
 *   appendonly.aof.1.incr.aof   the changes since then (i), in the order of their numbers; the last is written
 *   ...                         files that are not needed any more (h), up to their deletion
 *
 * A name with spaces, quotes or bytes that do not print stands in double quotes (base/words.h). Lines that begin
 * with '#' are comments; further pairs of words on a line are for versions to come.
 *
 * A manifest is a value: it is changed as a copy, which is written to disk (temporary file, sync, rename, sync of the
 * folder) and takes the place of the old one only when that has worked.
 *
 * Invariants: names have no folder in them; numbers of incremental files rise; a number is given once. */
#ifndef PERSIST_MANIFEST_H
#define PERSIST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/slice.h"

/* Bytes of a line, with its end. */
#define MANIFEST_LINE_MAX 1024

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

/* What is wrong with a manifest's text. */
struct manifest_fault {
    const char *reason;               /* the peers' words; static */
    int line;                         /* from 1; 0: the text as a whole */
    char text[MANIFEST_LINE_MAX + 1]; /* the line, its end cut off */
};

void manifest_init(struct manifest *m);
void manifest_done(struct manifest *m);
/* `to` is not initialised before. */
void manifest_copy(struct manifest *to, const struct manifest *from);
/* `to` gets what `from` holds, which is empty afterwards. */
void manifest_move(struct manifest *to, struct manifest *from);

/* Into an empty manifest. 0, or -EBADMSG with the reason: the manifest is empty then, too. */
MUST_USE int manifest_parse(struct manifest *m, struct slice text,
                            struct manifest_fault *ret_fault);
void manifest_format(const struct manifest *m, struct buf *out);
/* True if it names neither base nor incremental files. */
bool manifest_is_empty(const struct manifest *m);
/* The incremental file that is written; NULL: none. */
const struct manifest_file *manifest_last_incr(const struct manifest *m);

/* New files get the next number: `prefix`.N.base.rdb, `prefix`.N.incr.aof. Borrowed names. */
const char *manifest_new_base(struct manifest *m, const char *prefix,
                              bool is_rdb); /* the old one becomes history */
const char *manifest_new_incr(struct manifest *m, const char *prefix);
/* The base is a file with a name of its own, as an old server's single file. The old one becomes history. */
void manifest_adopt_base(struct manifest *m, const char *name);
/* All incremental files but the last `keep` become history. */
void manifest_retire_incrs(struct manifest *m, size_t keep);
/* A file that no manifest names but that may be there: deleted with the history. */
void manifest_add_history(struct manifest *m, const char *name, int64_t seq);
void manifest_forget_history(struct manifest *m);

/* "appendonly.aof.manifest" of "appendonly.aof". */
void manifest_name(const char *prefix, struct buf *out);
/* Reads DIR/NAME. -ENOENT if there is none; -EBADMSG as by manifest_parse; -errno. */
MUST_USE int manifest_read(struct manifest *m, const char *dir, const char *prefix,
                           struct manifest_fault *ret_fault);
/* Writes it so that either the old or the new one is there, whatever happens; the files that it names are
 * in their folder by then (file_sync_dir). On -errno it is not known which one: nothing that either of them names may be
 * deleted, and numbers that the new one gave are used up. */
MUST_USE int manifest_write(const struct manifest *m, const char *dir, const char *prefix);

#endif
