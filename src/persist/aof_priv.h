/* What the files of the append-only file share.
 *
 *   aof.c          the handle, its state: on, off, at the start and by CONFIG SET
 *   aof_write.c    what gathers, is written and synced; what happens when that fails
 *   aof_files.c    the files of the folder, and the manifest step by step
 *   aof_rewrite.c  the child that writes a new base, and when it is started
 *   aof_base.c     what it writes; aof_commands.c: as commands
 *   aof_rows.c     directives, metrics
 *   aof_verbs.c    BGREWRITEAOF, WAITAOF */
#ifndef PERSIST_AOF_PRIV_H
#define PERSIST_AOF_PRIV_H

#include <sys/types.h>

#include "base/buf.h"
#include "dispatch/block.h"
#include "journal/journal.h"
#include "persist/aof.h"
#include "persist/children.h"
#include "persist/manifest.h"
#include "persist/persist_priv.h"

struct child_progress;
struct worker;

enum aof_fsync { AOF_FSYNC_EVERYSEC, AOF_FSYNC_ALWAYS, AOF_FSYNC_NO };

struct aof_settings {
    bool appendonly;
    char *filename, *dirname;
    int fsync; /* enum aof_fsync */
    bool no_fsync_on_rewrite;
    int64_t rewrite_percentage, rewrite_min_bytes;
    bool load_truncated, use_rdb_preamble, timestamps, rewrite_incremental_fsync, keep_history;
};

/* A sync in the background; at most one. */
struct aof_sync {
    int fd;
    uint64_t offset; /* that it covers */
    int64_t seq;     /* of the file */
    int error;
    bool is_running; /* until its completion ran */
    bool is_settled; /* its outcome was taken note of */
};

/* The file that is written. Of what the journal gave, up to
 *   written_offset   it is in the file (of what `pending` holds nothing is)
 *   synced_offset    it is on the disk
 * Invariant: synced_offset <= written_offset <= journal_offset(). */
struct aof_writer {
    int fd;              /* -1: none */
    int64_t seq;         /* of the file; 0: a temporary one */
    uint64_t file_bytes; /* whole, without what a failed write has left */
    struct buf pending;
    uint64_t written_offset, synced_offset;
    bool is_unsynced; /* bytes were written that no sync covers, also none that is running */
    bool is_cut;      /* what a failed write had left was cut off, and that is not synced yet */
    struct aof_sync sync;
    uint64_t synced_at_ns;  /* the last sync was begun */
    uint64_t put_off_at_ns; /* since then a write is put off; 0: none is */
    uint64_t delayed;       /* writes that did not wait for a sync any longer */
    int write_error;        /* of the last write; 0: it worked */
    uint64_t retry_at_ns;   /* then it is tried again */
    uint64_t told_at_ns;    /* the log was told of an error */
    int sync_error;         /* of the last sync in the background */
    int64_t lost_seq; /* what a sync of this file lost only a rewrite makes good; 0: nothing */
    int64_t left_seq; /* this file is synced as it is closed; until then nothing counts; 0: none */
    int64_t annotated_s;    /* the last time that was noted in the file */
    int64_t flush_sleep_us; /* DEBUG AOF-FLUSH-SLEEP */
    uint64_t spent_ns;
};

struct aof_rewriting {
    bool is_planned;     /* as soon as there is no child */
    char *temp;          /* path of what the child writes; NULL: there is none */
    uint64_t base_bytes; /* of the last rewrite: growth is measured from there */
    uint64_t all_bytes;  /* of the files but the one that is written */
    uint64_t rewrites, failures;
    bool last_failed;
    int64_t last_took_s;                   /* -1: there was none */
    int64_t limit_minutes, limit_until_ms; /* after failures */
};

struct aof {
    struct persist *persist;
    struct aof_settings settings;
    enum aof_state state;
    bool is_started;   /* directives have effect: aof_open was called */
    bool is_listening; /* to the journal */
    bool is_ending;
    char *dir;                /* whole path of the folder, NULL: not known yet */
    struct manifest manifest; /* as on disk, */
    bool has_manifest;        /* if it was read; */
    bool is_unsure;           /* perhaps a newer one is there that names more */
    bool is_collecting;       /* history is being deleted */
    bool counts_last;         /* rewriting.all_bytes has the file that is written, too */
    struct aof_writer writer;
    struct aof_rewriting rewriting;
    struct journal_sink sink;
    struct block_queue waiters; /* WAITAOF */
    struct worker *syncer, *cleaner;
};

/* ---- aof_write.c ---- */
void aof_writer_init(struct aof *a);
void aof_writer_done(struct aof *a);
/* Goes on in that file, which has `bytes` already. Everything is there up to the journal's offset. */
void aof_writer_use(struct aof *a, int fd, int64_t seq, uint64_t bytes);
/* Everything is written, whatever is put off. 0, or what failed. */
MUST_USE int aof_write_all(struct aof *a);
/* The same, and synced. With `always` a failure of the sync ends the server. */
MUST_USE int aof_sync_all(struct aof *a);
/* Lets go of the file: closed in the background. */
void aof_writer_close(struct aof *a);
/* As aof_write_error() says, to the gate DISK_ERROR. */
void aof_tell_disk_error(struct aof *a);
/* A sync that is running has come to its end. */
void aof_wait_for_sync(struct aof *a);

/* ---- aof_files.c ---- */
/* The path of a file of the folder. Free with mem_free. */
char *aof_path(const struct aof *a, const char *name);
/* Finds the folder, makes it if it is not there, and reads the manifest if it is not known. Logs. */
MUST_USE int aof_files_prepare(struct aof *a);
/* At the start: opens the last incremental file, or makes one, and a base if there is nothing. Logs. */
MUST_USE int aof_files_open(struct aof *a);
/* The loader counts all files: behind it, the one that is written is counted for itself. */
void aof_files_count(struct aof *a);
/* From now on a new incremental file is written (state AOF_ON: of the manifest; AOF_WAITS_FOR_REWRITE: a temporary one,
 * truncated). The old one is synced. Logs. */
MUST_USE int aof_files_switch(struct aof *a);
/* The file at `temp` becomes the base, and what it covers becomes history. Logs. */
MUST_USE int aof_files_replace(struct aof *a, const char *temp);
/* Removes the temporary incremental file. */
void aof_files_drop_temp(struct aof *a);
/* Deletes history in the background. */
void aof_files_collect(struct aof *a);
/* Removes a file, which may not be there, in the background. */
void aof_files_unlink(struct aof *a, const char *path);

/* ---- aof_base.c ---- */
/* Everything in memory, into a new file, synced. 0 or -errno; logs. `progress` NULL: not in a child. */
MUST_USE int aof_base_write(struct aof *a, const char *path, struct child_progress *progress);

/* ---- aof_rewrite.c ---- */
void aof_rewrite_look(struct aof *a); /* periodic */
void aof_rewrite_kill(struct aof *a);
bool aof_rewrite_runs(const struct aof *a);
uint64_t aof_current_bytes(const struct aof *a);

/* ---- aof.c ---- */
/* What the journal gives from now on; it begins with SELECT. */
void aof_listen(struct aof *a);
void aof_listen_no_more(struct aof *a);
/* Turns it on or off as the directive says. 0, or -errno: it is not on. */
MUST_USE int aof_apply_appendonly(struct aof *a);
/* Those who wait for a sync look again. */
void aof_wake_waiters(struct aof *a);

#endif
