/* The log: levels, line format and where it goes.
 *
 * Only the rooms that decide (client, server, persist, repl, cluster) log; lower ones return errors.
 * The level is one of the few mutable objects of the process. Format and target follow the
 * peers: "pid:role DD Mon YYYY HH:MM:SS.mmm level message", local time. A line is one write(2); a file
 * is opened for each, so that it can be moved away at any time. Safe on every thread, and in a child
 * after fork. Longer messages than LOG_MESSAGE_MAX are cut. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/macros.h"

#define LOG_MESSAGE_MAX 1024

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

struct log_settings {
    enum log_level level;
    const char *path; /* NULL or "": standard output */
    char role;        /* 'M' primary, 'S' replica, 'C' child, 'X' sentinel */
};

/* 0, or -errno when the file cannot be opened: the previous target stays. At start, while one thread
 * runs. Before it, lines of LOG_NOTICE and above go to standard output. */
MUST_USE int log_open(const struct log_settings *settings);
void log_set_level(enum log_level level);
enum log_level log_level(void);
void log_set_role(char role);

void log_write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* The message as it is, without a prefix: banners, crash reports. */
void log_raw(const char *text);

#endif
