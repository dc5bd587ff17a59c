/* Writing log lines.
 *
 * The C library's calendar functions take a lock, which another thread may hold at the moment of a
 * fork. So the zone's offset is asked for by the process that opened the log alone, every quarter of an
 * hour, and the date is computed here. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log_priv.h"

#define PREFIX_MAX 64
#define ZONE_PERIOD_MS (15 * 60 * 1000)
#define MS_PER_DAY ((int64_t)24 * 60 * 60 * 1000)

/* Process-wide: there is one log. */
static struct {
    _Atomic int level;
    _Atomic char role;
    char path[PATH_MAX]; /* "": standard output */
    _Atomic int64_t zone_offset_s;
    _Atomic int64_t zone_period; /* the one for which the offset was asked */
    _Atomic pid_t zone_pid;
} log_state = { .level = LOG_NOTICE, .role = 'M', .zone_period = -1 };

/* Days since 1970 to a date; after Hinnant, "chrono-compatible low-level date algorithms": years
 * begin in March, so that the leap day is a year's last. */
static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468; /* 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* 0: March */
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

void log_format_stamp(char *out, int64_t wall_ms, int64_t offset_s)
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int64_t local_ms = wall_ms + offset_s * 1000;
    int64_t days = local_ms / MS_PER_DAY;
    int64_t ms = local_ms % MS_PER_DAY;
    if (ms < 0) {
        days--;
        ms += MS_PER_DAY;
    }
    int year, month, day;
    date_of_days(days, &year, &month, &day);
    int s = (int)(ms / 1000);
    (void)snprintf(out, LOG_STAMP_CHARS, "%02d %s %04d %02d:%02d:%02d.%03d", day, months[month - 1],
                   year, s / 3600, s / 60 % 60, s % 60, (int)(ms % 1000));
}

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
    log_set_level(settings->level);
    log_set_role(settings->role);
    atomic_store(&log_state.zone_pid, getpid());
    (void)zone_offset(clock_wall_ms());
    return 0;
}

void log_set_level(enum log_level level)
{
    ASSERT(level <= LOG_NOTHING);
    atomic_store(&log_state.level, level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

void log_set_role(char role)
{
    ASSERT(role > ' ');
    atomic_store(&log_state.role, role);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    static const char marks[] = { '.', '-', '*', '#' };
    ASSERT(level < LOG_NOTHING);
    static_assert(COUNT_OF(marks) == LOG_NOTHING, "a mark for each level");
    if (level < log_level())
        return;

    char line[PREFIX_MAX + LOG_MESSAGE_MAX + 1];
    char stamp[LOG_STAMP_CHARS];
    int64_t now_ms = clock_wall_ms();
    log_format_stamp(stamp, now_ms, zone_offset(now_ms));
    int prefix = snprintf(line, PREFIX_MAX, "%d:%c %s %c ", (int)getpid(),
                          atomic_load(&log_state.role), stamp, marks[level]);
    ASSERT(prefix > 0);
    ASSERT(prefix < PREFIX_MAX);

    va_list args;
    va_start(args, fmt);
    int message = vsnprintf(line + prefix, LOG_MESSAGE_MAX, fmt, args);
    va_end(args);
    ASSERT(message >= 0);
    size_t len = (size_t)prefix + MIN_OF((size_t)message, (size_t)LOG_MESSAGE_MAX - 1);
    line[len++] = '\n';
    target_write(line, len);
}

void log_raw(const char *text)
{
    ASSERT(text);
    target_write(text, strlen(text));
}
