/* Loading an append-only file: the base and the incremental files that the manifest names, in order.
 *
 * A file begins with RDB data or with commands; commands are run by a session of their own (dispatch/repeat.h).
 * What is incomplete at the end of the last file, also a transaction without its EXEC, is cut off, if
 * aof-load-truncated allows; everything else that is wrong ends the load, with its offset in the log, and
 * changes no file. A single append-only file of older peers is moved into the folder first, and gets a manifest. */
#ifndef PERSIST_AOF_LOAD_H
#define PERSIST_AOF_LOAD_H

#include <stdbool.h>

#include "base/macros.h"

struct persist;

/* 0; *ret_found: whether there was one. -errno: the log has where and why, and what was loaded so far is in memory;
 * -ECANCELED: the server ends. The part `aof` gets the manifest to go on with, also if there was none (an empty one).
 * Not while something else is loaded. */
MUST_USE int aof_load(struct persist *p, bool *ret_found);
/* The same for the files of an append-only file that is in use and paused: it keeps its own manifest. No files: nothing
 * is loaded. */
MUST_USE int aof_load_again(struct persist *p);

#endif
