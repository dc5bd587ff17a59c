/* How log lines are written, apart for the tests. */
#ifndef BASE_LOG_PRIV_H
#define BASE_LOG_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

/* "31 Dec 2026 23:59:59.999", "2026-12-31T23:59:59.999+01:00" and a NUL, and years to come */
#define LOG_STAMP_CHARS 40
/* A message of which every byte takes the longest escape, and what stands around it. */
#define LOG_LINE_MAX (6 * LOG_MESSAGE_MAX + 256)

struct log_line {
    int64_t wall_ms;
    int64_t offset_s; /* of the zone, ahead of UTC */
    int pid;
    char role;
    enum log_level level;
    const char *message;
    size_t message_len; /* below LOG_MESSAGE_MAX */
};

/* Writes the stamp of a moment. */
void log_format_stamp(char out[static LOG_STAMP_CHARS], enum log_time how, int64_t wall_ms,
                      int64_t offset_s);
/* Writes a line with its end; returns the length. */
size_t log_format_line(char out[static LOG_LINE_MAX], enum log_format format, enum log_time time,
                       const struct log_line *line);
/* Writes what the system's log gets, without an end; returns the length. */
size_t log_format_syslog(char out[static LOG_LINE_MAX], int facility, const char *ident,
                         const struct log_line *line);

#endif
