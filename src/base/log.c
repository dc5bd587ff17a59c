/* Writing log lines to their targets.
 *
 * The C library's calendar functions and its syslog() take locks, which another thread may hold at
 * the moment of a fork. So the zone's offset is asked for by the process that opened the log alone,
 * every quarter of an hour, and a datagram to the system's log is sent from here. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log_priv.h"
#include "base/num.h"

#define ZONE_PERIOD_MS (15 * 60 * 1000)
#define IDENT_MAX 128
#define HANDLER_LINE_MAX ((size_t)256)
/* So long may a system's log that does not read hold up a line. */
#define SYSLOG_PATIENCE_S 1

/* Process-wide: there is one log. What is not atomic changes while one thread runs. */
static struct {
    _Atomic int level, format, time;
    _Atomic bool shows_user_data;
    _Atomic char role;
    char path[PATH_MAX]; /* "": standard output */
    int syslog_fd;       /* below 1: none */
    int syslog_facility;
    struct sockaddr_un syslog_to;
    char syslog_ident[IDENT_MAX];
    _Atomic int64_t zone_offset_s;
    _Atomic int64_t zone_period; /* the one for which the offset was asked */
    _Atomic pid_t zone_pid;
} log_state = { .level = LOG_NOTICE, .role = 'M', .zone_period = -1 };

static int64_t zone_offset(int64_t wall_ms)
{
    int64_t period = wall_ms / ZONE_PERIOD_MS;
    if (atomic_load(&log_state.zone_period) != period) {
        pid_t none = 0;
        pid_t pid = getpid();
        (void)atomic_compare_exchange_strong(&log_state.zone_pid, &none, pid);
        if (atomic_load(&log_state.zone_pid) == pid) {
            time_t now = (time_t)(wall_ms / 1000);
            struct tm tm;
            if (localtime_r(&now, &tm))
                atomic_store(&log_state.zone_offset_s, tm.tm_gmtoff);
            atomic_store(&log_state.zone_period, period);
        }
    }
    return atomic_load(&log_state.zone_offset_s);
}

/* ---- targets ---- */

/* The kernel's own layer: a test disk that fails or counts calls is not meant for the log. */
static int target_open(const char *path)
{
    return file_kernel_layer()->open(NULL, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

/* Nobody could be told that the log cannot be written, so failures are ignored. */
static void target_write(const char *bytes, size_t len)
{
    const struct file_layer *kernel = file_kernel_layer();
    if (log_state.path[0] == '\0') {
        (void)kernel->write(NULL, STDOUT_FILENO, bytes, len);
        return;
    }
    int fd = target_open(log_state.path);
    if (fd < 0)
        return;
    (void)kernel->write(NULL, fd, bytes, len);
    (void)kernel->close(NULL, fd);
}

static void syslog_close(void)
{
    if (log_state.syslog_fd > 0)
        (void)close(log_state.syslog_fd);
    log_state.syslog_fd = -1;
}

/* Not being able to is no error: the system's log may be started later than this process. Every
 * line is addressed anew, so it may also be restarted. */
static void syslog_open(const struct log_settings *settings)
{
    syslog_close();
    const char *path = settings->syslog_path ? settings->syslog_path : "/dev/log";
    if (!settings->syslog_ident || strlen(path) >= sizeof(log_state.syslog_to.sun_path))
        return;
    log_state.syslog_to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(log_state.syslog_to.sun_path, path, strlen(path) + 1);
    (void)snprintf(log_state.syslog_ident, IDENT_MAX, "%s", settings->syslog_ident);
    log_state.syslog_facility = settings->syslog_facility;
    log_state.syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval patience = { .tv_sec = SYSLOG_PATIENCE_S };
    (void)setsockopt(log_state.syslog_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static void syslog_write(const struct log_line *line)
{
    char text[LOG_LINE_MAX];
    size_t len = log_format_syslog(text, log_state.syslog_facility, log_state.syslog_ident, line);
    (void)!sendto(log_state.syslog_fd, text, len, MSG_NOSIGNAL,
                  (const struct sockaddr *)&log_state.syslog_to, sizeof(log_state.syslog_to));
}

int log_reopen(void)
{
    if (log_state.path[0] == '\0')
        return 0;
    int fd = target_open(log_state.path);
    if (fd < 0)
        return fd;
    (void)file_kernel_layer()->close(NULL, fd);
    return 0;
}

int log_open(const struct log_settings *settings)
{
    ASSERT(settings);
    const char *path = settings->path ? settings->path : "";
    size_t len = strlen(path);
    if (len >= sizeof(log_state.path))
        return -ENAMETOOLONG;
    if (len > 0) {
        int fd = target_open(path);
        if (fd < 0)
            return fd;
        (void)file_kernel_layer()->close(NULL, fd);
    }
    memcpy(log_state.path, path, len + 1);
    syslog_open(settings);
    log_set_level(settings->level);
    log_set_format(settings->format, settings->time);
    log_set_role(settings->role);
    atomic_store(&log_state.zone_pid, getpid());
    (void)zone_offset(clock_wall_ms());
    return 0;
}

int log_descriptor(void)
{
    return log_state.syslog_fd > 0 ? log_state.syslog_fd : -1;
}

/* ---- what may change at any time ---- */

void log_set_level(enum log_level level)
{
    ASSERT(level <= LOG_NOTHING);
    atomic_store(&log_state.level, level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

void log_set_format(enum log_format format, enum log_time time)
{
    ASSERT(format <= LOG_FORMAT_JSON);
    ASSERT(time <= LOG_TIME_MILLISECONDS);
    atomic_store(&log_state.format, format);
    atomic_store(&log_state.time, time);
}

void log_set_role(char role)
{
    ASSERT(role > ' ');
    atomic_store(&log_state.role, role);
}

bool log_hides_user_data(void)
{
    return !atomic_load(&log_state.shows_user_data);
}

void log_set_hides_user_data(bool hides)
{
    atomic_store(&log_state.shows_user_data, !hides);
}

/* ---- lines ---- */

void log_write(enum log_level level, const char *fmt, ...)
{
    ASSERT(level < LOG_NOTHING);
    if (level < log_level())
        return;

    char message[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    ASSERT(len >= 0);

    int64_t now_ms = clock_wall_ms();
    const struct log_line line = {
        .wall_ms = now_ms,
        .offset_s = zone_offset(now_ms),
        .pid = (int)getpid(),
        .role = atomic_load(&log_state.role),
        .level = level,
        .message = message,
        .message_len = MIN_OF((size_t)len, sizeof(message) - 1),
    };
    char text[LOG_LINE_MAX];
    target_write(text, log_format_line(text, (enum log_format)atomic_load(&log_state.format),
                                       (enum log_time)atomic_load(&log_state.time), &line));
    if (log_state.syslog_fd > 0)
        syslog_write(&line);
}

void log_raw(const char *text)
{
    ASSERT(text);
    target_write(text, strlen(text));
}

/* Appends what has room. */
static size_t put(char *line, size_t len, const char *text)
{
    size_t more = MIN_OF(strlen(text), HANDLER_LINE_MAX - 1 - len);
    memcpy(line + len, text, more);
    return len + more;
}

void log_from_handler(const char *message)
{
    char line[HANDLER_LINE_MAX], number[NUM_INT_MAX_CHARS];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    number[num_format_int(number, getpid())] = '\0';
    size_t len = put(line, 0, number);
    len = put(line, len, ":signal-handler (");
    number[num_format_int(number, now.tv_sec)] = '\0';
    len = put(line, len, number);
    len = put(line, len, ") ");
    len = put(line, len, message);
    line[len++] = '\n';
    target_write(line, len);
}
