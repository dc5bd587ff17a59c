/* The log: levels, line formats and where the lines go.
 *
 * Only the rooms that decide (client, server, persist, repl, cluster) log; lower ones return errors.
 * What the log is told is one of the few mutable objects of the process. Formats and targets follow
 * the peers: "pid:role DD Mon YYYY HH:MM:SS.mmm mark message" in local time, or logfmt, or JSON; to
 * standard output or a file, and to the system's log beside it.
 *
 * A line is one write(2); a file is opened for each, so that it can be moved away at any time, and
 * the next line makes it anew. Safe on every thread, and in a child after fork: there is no lock.
 * Longer messages than LOG_MESSAGE_MAX are cut. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/macros.h"

#define LOG_MESSAGE_MAX 1024

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

enum log_format { LOG_FORMAT_LEGACY, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* How a line tells the time: as above, "YYYY-MM-DDTHH:MM:SS.mmm+HH:MM", or Unix milliseconds. */
enum log_time { LOG_TIME_LEGACY, LOG_TIME_ISO8601, LOG_TIME_MILLISECONDS };

struct log_settings {
    enum log_level level;
    const char *path; /* NULL or "": standard output */
    char role;        /* 'M' primary, 'S' replica, 'C' child, 'X' sentinel */
    enum log_format format;
    enum log_time time;
    const char *syslog_ident; /* NULL: not to the system's log */
    int syslog_facility;      /* its number: 1 user, 16 to 23 local0 to local7 */
    const char *syslog_path;  /* NULL: /dev/log */
};

/* 0, or -errno when the file cannot be opened: the previous targets stay. At start, while one thread
 * runs; once more in a process that goes on in the background. Before it, lines of LOG_NOTICE and
 * above go to standard output. */
MUST_USE int log_open(const struct log_settings *settings);
/* Makes the file if it was moved away, without waiting for the next line. 0 or -errno. */
MUST_USE int log_reopen(void);
/* A socket that the log keeps open, for who closes all others after a fork; -1: none. */
int log_descriptor(void);
void log_set_level(enum log_level level);
enum log_level log_level(void);
void log_set_format(enum log_format format, enum log_time time);
void log_set_role(char role);

/* Whether keys, values and what else users sent must stay out of the log. Whoever logs such things
 * asks first. True until told otherwise. */
bool log_hides_user_data(void);
void log_set_hides_user_data(bool hides);

void log_write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* The message as it is, without a prefix: banners, crash reports. Also in a signal's handler. */
void log_raw(const char *text);
/* A line of a signal's handler: "pid:signal-handler (Unix seconds) message". It calls nothing that
 * a handler may not; whatever the format is. */
void log_from_handler(const char *message);

#endif
