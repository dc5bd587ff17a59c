/* The child process: a copy of the server that writes down what was in memory when it was forked, while the
 * parent serves on.
 *
 * There is at most one at a time, whatever its kind. While it lives the keyspace is held
 * (keyspace_hold), so that few pages are written and so copied. It tells over a pipe how many keys it has
 * done and what the copying costs. The parent reads that in a periodic job, and is woken when the
 * child is gone. SIGUSR1 asks it to go: that is no failure. It does not outlive the server.
 *
 * In the child one thread runs, and the sockets are closed: what is the parent's (loop, connections, workers) must not
 * be touched. It ends with _exit(), so nothing is freed. */
#ifndef PERSIST_CHILDREN_H
#define PERSIST_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

struct child_progress;
struct children;
struct entry;

enum child_kind {
    CHILD_NONE,
    CHILD_SNAPSHOT, /* an RDB file */
    CHILD_REWRITE,  /* an append-only file, rewritten */
    CHILD_KIND_COUNT,
};

struct child_end {
    int error;  /* 0: all was done; -ECANCELED: it was asked to go; otherwise why not */
    int signal; /* by which it was ended, or 0; SIGUSR1 also if it could go by itself */
    uint64_t cow_bytes;
    int64_t took_ms;
};

struct child_work {
    enum child_kind kind;
    /* In the child. 0 or -errno; what it logs goes to the server's log. It reports with child_did_keys(). */
    int (*run)(void *arg, struct child_progress *progress);
    /* In the parent, between two turns' phases or from children_kill() and children_look(): the child is gone, and
     * another may be started. */
    void (*ended)(void *arg, const struct child_end *end);
    void *arg;
};

/* 0 with its pid; -EBUSY if there is one already; -errno when it cannot be forked. */
MUST_USE int children_start(struct children *c, const struct child_work *work, pid_t *ret_pid);
enum child_kind children_kind(const struct children *c); /* CHILD_NONE: there is none */
pid_t children_pid(const struct children *c);            /* 0: none */
/* For how long the child has been at work; -1: there is none. */
int64_t children_age_ms(const struct children *c);
/* Asks the child of that kind to go, and does not wait. False: there is none. */
bool children_ask_to_go(struct children *c, enum child_kind kind);
/* Ends the child of that kind and waits until it is gone; `ended` has been called then. CHILD_NONE
 * does nothing. */
void children_kill(struct children *c, enum child_kind kind);
/* Looks whether the child is done, now instead of at the next job. */
void children_look(struct children *c);
/* DEBUG PAUSE-AFTER-FORK: the parent stops itself (SIGSTOP) behind each fork. */
void children_set_pause_after_fork(struct children *c, bool pause);

/* In the child: this many keys are done so far. Cheap enough for each key. */
void child_did_keys(struct child_progress *progress, uint64_t keys);
/* In the child: the entry will not be looked at again, so the pages of its big value go back. What the
 * parent writes there then is not copied. `progress` may be NULL: nothing happens. */
void child_release(struct child_progress *progress, const struct entry *e);

#endif
