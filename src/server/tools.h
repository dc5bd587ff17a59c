/* The tools for files: the same program under another name.
 *
 * Called as tarn-check-aof or tarn-check-rdb (or redis-, or valkey-), by a link, it is that tool and no server. */
#ifndef SERVER_TOOLS_H
#define SERVER_TOOLS_H

#include <stdbool.h>

#include "base/macros.h"

/* True: the program was called as a tool, which has run; *ret_status is what main() returns. */
MUST_USE bool tools_run(int argc, char **argv, int *ret_status);

#endif
