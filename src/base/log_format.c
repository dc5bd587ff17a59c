/* The bytes of log lines: stamps, formats, escapes. Pure: time and zone are given.
 *
 * The C library's calendar functions take a lock, which another thread may hold at the moment of a
 * fork, so the date is computed here. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log_priv.h"

#define MS_PER_DAY ((int64_t)24 * 60 * 60 * 1000)

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* What the formats and the system's log call a level. */
static const struct {
    char mark;
    const char *name;
    int severity;
} levels[] = {
    [LOG_DEBUG] = { '.', "debug", 7 },
    [LOG_VERBOSE] = { '-', "info", 6 },
    [LOG_NOTICE] = { '*', "notice", 5 },
    [LOG_WARNING] = { '#', "warning", 4 },
};

static_assert(COUNT_OF(levels) == LOG_NOTHING, "each level that can be written");

static const struct {
    char role;
    const char *name;
} roles[] = { { 'M', "primary" }, { 'S', "replica" }, { 'C', "RDB/AOF" }, { 'X', "sentinel" } };

static const char *role_name(char role)
{
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "other";
}

/* ---- time ---- */

struct moment {
    int year, month, day, hour, minute, second, ms;
};

/* Days since 1970 to a date; after Hinnant, "chrono-compatible low-level date algorithms": years
 * begin in March, so that the leap day is a year's last. */
static void date_of_days(int64_t days, struct moment *ret)
{
    days += 719468; /* 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* 0: March */
    ret->day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    ret->month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    ret->year = (int)(year_of_era + era * 400 + (ret->month <= 2));
}

static struct moment moment_of(int64_t wall_ms, int64_t offset_s)
{
    int64_t local_ms = wall_ms + offset_s * 1000;
    int64_t days = local_ms / MS_PER_DAY;
    int64_t ms = local_ms % MS_PER_DAY;
    if (ms < 0) {
        days--;
        ms += MS_PER_DAY;
    }
    int s = (int)(ms / 1000);
    struct moment m = {
        .hour = s / 3600, .minute = s / 60 % 60, .second = s % 60, .ms = (int)(ms % 1000)
    };
    date_of_days(days, &m);
    return m;
}

void log_format_stamp(char out[static LOG_STAMP_CHARS], enum log_time how, int64_t wall_ms,
                      int64_t offset_s)
{
    if (how == LOG_TIME_MILLISECONDS) {
        (void)snprintf(out, LOG_STAMP_CHARS, "%" PRId64, wall_ms);
        return;
    }
    struct moment m = moment_of(wall_ms, offset_s);
    if (how == LOG_TIME_LEGACY) {
        (void)snprintf(out, LOG_STAMP_CHARS, "%02d %s %04d %02d:%02d:%02d.%03d", m.day,
                       months[m.month - 1], m.year, m.hour, m.minute, m.second, m.ms);
        return;
    }
    int minutes = (int)(offset_s / 60), ahead = minutes < 0 ? -minutes : minutes;
    (void)snprintf(out, LOG_STAMP_CHARS, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d", m.year,
                   m.month, m.day, m.hour, m.minute, m.second, m.ms, minutes < 0 ? '-' : '+',
                   ahead / 60 % 100, ahead % 60);
}

/* ---- escapes ---- */

/* Length of the UTF-8 sequence at `s`, or 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t len;
    } shapes[] = {
        { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
        { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };
    if (s[0] < 0x80)
        return 1;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        if (s[0] < shapes[i].first_min || s[0] > shapes[i].first_max || left < shapes[i].len)
            continue;
        bool good = s[1] >= shapes[i].second_min && s[1] <= shapes[i].second_max;
        for (size_t k = 2; k < shapes[i].len; k++)
            good = good && (s[k] & 0xC0) == 0x80;
        return good ? shapes[i].len : 0;
    }
    return 0;
}

/* The letter behind the backslash of a short escape, or 0. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* As inside a JSON string, which readers of logfmt unquote, too: at most 6 bytes for one. Bytes that
 * are not UTF-8 become the replacement character. */
static size_t escape(char *out, const char *text, size_t len)
{
    char *at = out;
    for (size_t i = 0; i < len;) {
        const unsigned char *s = (const unsigned char *)text + i;
        size_t sequence = utf8_len(s, len - i);
        char letter = short_escape(*s);
        if (letter) {
            *at++ = '\\';
            *at++ = letter;
        } else if (sequence == 0) {
            memcpy(at, "\\ufffd", 6);
            at += 6;
        } else if (*s < 0x20) {
            at += snprintf(at, 7, "\\u%04x", *s);
        } else {
            memcpy(at, s, sequence);
            at += sequence;
        }
        i += MAX_OF(sequence, (size_t)1);
    }
    return (size_t)(at - out);
}

/* ---- lines ---- */

/* The message, quoted, behind what stands in front of it. */
static size_t close_line(char *out, int head, const struct log_line *line, const char *tail)
{
    ASSERT(head > 0);
    size_t len = (size_t)head;
    len += escape(out + len, line->message, line->message_len);
    memcpy(out + len, tail, strlen(tail));
    return len + strlen(tail);
}

static size_t logfmt_line(char *out, const char *stamp, const struct log_line *line)
{
    int head = snprintf(out, LOG_LINE_MAX, "pid=%d role=%s timestamp=\"%s\" level=%s message=\"",
                        line->pid, role_name(line->role), stamp, levels[line->level].name);
    return close_line(out, head, line, "\"\n");
}

static size_t json_line(char *out, const char *stamp, const struct log_line *line)
{
    int head = snprintf(out, LOG_LINE_MAX,
                        "{\"pid\":%d,\"role\":\"%s\",\"timestamp\":\"%s\",\"level\":\"%s\","
                        "\"message\":\"",
                        line->pid, role_name(line->role), stamp, levels[line->level].name);
    return close_line(out, head, line, "\"}\n");
}

static size_t legacy_line(char *out, const char *stamp, const struct log_line *line)
{
    int head = snprintf(out, LOG_LINE_MAX, "%d:%c %s %c ", line->pid, line->role, stamp,
                        levels[line->level].mark);
    ASSERT(head > 0);
    size_t len = (size_t)head;
    memcpy(out + len, line->message, line->message_len);
    len += line->message_len;
    out[len++] = '\n';
    return len;
}

size_t log_format_line(char out[static LOG_LINE_MAX], enum log_format format, enum log_time time,
                       const struct log_line *line)
{
    ASSERT(line->level < LOG_NOTHING);
    ASSERT(line->message_len < LOG_MESSAGE_MAX);
    static size_t (*const writers[])(char *, const char *, const struct log_line *) = {
        [LOG_FORMAT_LEGACY] = legacy_line,
        [LOG_FORMAT_LOGFMT] = logfmt_line,
        [LOG_FORMAT_JSON] = json_line,
    };
    char stamp[LOG_STAMP_CHARS];
    log_format_stamp(stamp, time, line->wall_ms, line->offset_s);
    return writers[format](out, stamp, line);
}

size_t log_format_syslog(char out[static LOG_LINE_MAX], int facility, const char *ident,
                         const struct log_line *line)
{
    struct moment m = moment_of(line->wall_ms, line->offset_s);
    int head = snprintf(
        out, LOG_LINE_MAX - LOG_MESSAGE_MAX,
        "<%d>%s %2d %02d:%02d:%02d %.128s[%d]: ", facility * 8 + levels[line->level].severity,
        months[m.month - 1], m.day, m.hour, m.minute, m.second, ident, line->pid);
    ASSERT(head > 0);
    memcpy(out + head, line->message, line->message_len);
    return (size_t)head + line->message_len;
}
