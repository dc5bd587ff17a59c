/* The stamp of a log line, apart for the tests. */
#ifndef BASE_LOG_PRIV_H
#define BASE_LOG_PRIV_H

#include <stddef.h>
#include <stdint.h>

#define LOG_STAMP_CHARS 32 /* "31 Dec 2026 23:59:59.999" and a NUL, and years to come */

/* Writes the stamp of a moment, in a zone that is `offset_s` ahead of UTC. */
void log_format_stamp(char *out, int64_t wall_ms, int64_t offset_s);

#endif
