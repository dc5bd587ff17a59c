/* Loading an append-only file: the base and the incremental files that the manifest names, in order.
 *
 * A file begins with RDB data or with commands; commands are run by a session of their own, with the gates
 * exempt that may not keep a loader away. What is incomplete at the end of the last file is cut off, if
 * aof-load-truncated allows; everything else that is wrong ends the load with its offset. A single
 * append-only file of older peers is moved into the folder first, and gets a manifest. */
#ifndef PERSIST_AOF_LOAD_H
#define PERSIST_AOF_LOAD_H

#include <stdbool.h>

#include "base/macros.h"

struct persist;

/* 0; *ret_found: whether there was one. -errno: the log has where and why. */
MUST_USE int aof_load(struct persist *p, bool *ret_found);

#endif
