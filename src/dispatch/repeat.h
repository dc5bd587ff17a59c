/* Repeating what was run before: the requests of an append-only file.
 *
 * They are run as they stand, without what an outermost command is otherwise: no gates are asked, nothing is
 * counted or shown to those who look on, the clock is not read. What may be repeated are commands that change data,
 * those that only look at it, and SELECT and MULTI to EXEC; anything else in a file is no effect of ours.
 *
 * Journal and waiters know nothing of this: mute them (persist/loading.h). */
#ifndef DISPATCH_REPEAT_H
#define DISPATCH_REPEAT_H

#include <stddef.h>

#include "base/macros.h"

struct batch;
struct dispatch;

/* Runs all requests of the batch, with looks ahead, and empties it. 0; or at the first that cannot be run, whose
 * index is *ret_at, and which stays in the batch: -ENOENT there is no such command, -EINVAL its number of arguments is
 * wrong, -EPERM it is none that may be repeated. What a command itself has against its arguments is replied. */
MUST_USE int dispatch_repeat(struct dispatch *d, struct batch *batch, size_t *ret_at);

#endif
