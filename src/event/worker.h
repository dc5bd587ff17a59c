/* A background thread for what may block: fsync, closing big files, freeing big values.
 *
 * A worker is one named thread and a queue: its jobs run one after the other, in the order of
 * submission. A job may have a completion, which runs on the loop's thread in a later part of the
 * turn. Signals are left to the main thread; allocations are counted.
 *
 * The thread starts with the first job, so a process that has made its workers may still fork to go
 * into the background. When the system gives no thread, jobs run where they are submitted.
 *
 * All functions but worker_pending are called on the loop's thread (or, without a loop, on one
 * thread). */
#ifndef EVENT_WORKER_H
#define EVENT_WORKER_H

#include <signal.h>
#include <stddef.h>

#include "base/macros.h"

struct loop;
struct worker;

/* Keeps signals away from a thread that is started next, which inherits the mask: all but those
 * that say that the thread itself has crashed, and SIGUSR2, by which a crash reporter asks it where
 * it is. The mask so far is returned, to be restored behind the start. */
void worker_block_signals(sigset_t *ret_before);

typedef void (*worker_fn)(void *arg);

/* `name` shows in lists of threads (up to 15 characters). `loop` may be NULL: then no job may have
 * a completion. */
struct worker *worker_new(struct loop *loop, const char *name);
/* Runs what is queued, ends the thread, then runs the completions that are still due. Accepts
 * NULL, returns NULL. */
struct worker *worker_free(struct worker *w);

/* `run` on the worker's thread, then `completed` (may be NULL) on the loop's. */
void worker_submit(struct worker *w, worker_fn run, worker_fn completed, void *arg);

/* Jobs submitted whose `run` has not returned. Any thread. */
size_t worker_pending(const struct worker *w);
/* Waits until there are none. Completions follow in the loop's own time. */
void worker_drain(struct worker *w);

#endif
