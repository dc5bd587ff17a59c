#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log_priv.h"
#include "base/rand.h"
#include "tests/unit/check.h"

static uint64_t fixed_mono(void *arg)
{
    (void)arg;
    return 1;
}

/* 2026-03-05 06:07:08.009 UTC */
static uint64_t fixed_wall(void *arg)
{
    (void)arg;
    return 1772690828009999;
}

static const struct clock_source fixed = { fixed_mono, fixed_wall, NULL };

/* A log in a file of its own, at a fixed moment in UTC. */
static const char *open_log(enum log_level level)
{
    static char path[64];
    memcpy(path, "/tmp/log_test.XXXXXX", sizeof("/tmp/log_test.XXXXXX"));
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(file_close(fd), 0);
    CHECK_INT(setenv("TZ", "UTC", 1), 0);
    clock_set_source(&fixed);
    CHECK_INT(log_open(&(struct log_settings){ .level = level, .path = path, .role = 'M' }), 0);
    return path;
}

static void check_log(const char *path, const char *want)
{
    struct buf got;
    buf_init(&got, 100000);
    CHECK_INT(file_read_whole(path, &got), 0);
    CHECK_STR(buf_cstr(&got), want);
    buf_done(&got);
}

static void close_log(const char *path)
{
    CHECK_INT(file_unlink(path), 0);
    CHECK_INT(log_open(&(struct log_settings){ .level = LOG_NOTICE, .role = 'M' }), 0);
    clock_set_source(NULL);
}

static const char *line(char role, const char *rest)
{
    static char text[2000];
    (void)snprintf(text, sizeof(text), "%d:%c 05 Mar 2026 06:07:08.009 %s\n", (int)getpid(), role,
                   rest);
    return text;
}

TEST(a_line_has_pid_role_time_and_mark)
{
    const char *path = open_log(LOG_DEBUG);
    char want[1000];
    log_write(LOG_DEBUG, "number %d", 1);
    log_write(LOG_VERBOSE, "two");
    log_set_role('S');
    log_write(LOG_NOTICE, "three");
    log_write(LOG_WARNING, "four");
    log_raw("raw\n");
    size_t len = 0;
    len += (size_t)snprintf(want + len, sizeof(want) - len, "%s", line('M', ". number 1"));
    len += (size_t)snprintf(want + len, sizeof(want) - len, "%s", line('M', "- two"));
    len += (size_t)snprintf(want + len, sizeof(want) - len, "%s", line('S', "* three"));
    len += (size_t)snprintf(want + len, sizeof(want) - len, "%s", line('S', "# four"));
    (void)snprintf(want + len, sizeof(want) - len, "raw\n");
    check_log(path, want);
    close_log(path);
}

TEST(lower_levels_are_left_out)
{
    const char *path = open_log(LOG_WARNING);
    CHECK_INT(log_level(), LOG_WARNING);
    log_write(LOG_NOTICE, "not this");
    log_write(LOG_WARNING, "this");
    log_set_level(LOG_NOTHING);
    log_write(LOG_WARNING, "nor this");
    check_log(path, line('M', "# this"));
    close_log(path);
}

TEST(long_messages_are_cut_and_end_their_line)
{
    const char *path = open_log(LOG_NOTICE);
    char message[3000];
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    log_write(LOG_NOTICE, "%s", message);
    char rest[LOG_MESSAGE_MAX + 10];
    (void)snprintf(rest, sizeof(rest), "* %.*s", LOG_MESSAGE_MAX - 1, message);
    check_log(path, line('M', rest));
    close_log(path);
}

TEST(a_file_that_was_moved_away_is_made_anew)
{
    const char *path = open_log(LOG_NOTICE);
    log_write(LOG_NOTICE, "one");
    CHECK_INT(file_unlink(path), 0);
    log_write(LOG_NOTICE, "two");
    check_log(path, line('M', "* two"));
    close_log(path);
}

TEST(a_file_that_cannot_be_opened_leaves_the_target)
{
    const char *path = open_log(LOG_NOTICE);
    struct log_settings wrong = { .level = LOG_NOTICE, .path = "/nonexistent/log", .role = 'M' };
    static char longest[5000];
    memset(longest, 'p', sizeof(longest) - 1);
    CHECK_INT(log_open(&wrong), -ENOENT);
    wrong.path = longest;
    CHECK_INT(log_open(&wrong), -ENAMETOOLONG);
    log_write(LOG_NOTICE, "still here");
    check_log(path, line('M', "* still here"));
    close_log(path);
}

TEST(a_file_that_was_moved_away_is_made_at_once_when_asked_for)
{
    const char *path = open_log(LOG_NOTICE);
    CHECK_INT(file_unlink(path), 0);
    CHECK_INT(log_reopen(), 0);
    check_log(path, "");
    close_log(path);
    CHECK_INT(log_reopen(), 0); /* standard output */
}

TEST(other_formats_are_chosen_at_any_time)
{
    const char *path = open_log(LOG_NOTICE);
    char want[500];
    log_set_format(LOG_FORMAT_LOGFMT, LOG_TIME_ISO8601);
    log_write(LOG_NOTICE, "say \"%s\"", "hi");
    log_set_format(LOG_FORMAT_JSON, LOG_TIME_MILLISECONDS);
    log_set_role('S');
    log_write(LOG_WARNING, "two\nlines");
    (void)snprintf(want, sizeof(want),
                   "pid=%d role=primary timestamp=\"2026-03-05T06:07:08.009+00:00\" level=notice "
                   "message=\"say \\\"hi\\\"\"\n"
                   "{\"pid\":%d,\"role\":\"replica\",\"timestamp\":\"1772690828009\",\"level\":"
                   "\"warning\",\"message\":\"two\\nlines\"}\n",
                   (int)getpid(), (int)getpid());
    check_log(path, want);
    close_log(path);
}

TEST(user_data_is_hidden_until_told_otherwise)
{
    CHECK(log_hides_user_data());
    log_set_hides_user_data(false);
    CHECK(!log_hides_user_data());
    log_set_hides_user_data(true);
    CHECK(log_hides_user_data());
}

#define THREADS 4
#define LINES 500

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_write(LOG_NOTICE, "thread %s says this line", (const char *)arg);
    return NULL;
}

TEST(lines_of_threads_stay_whole)
{
    const char *path = open_log(LOG_NOTICE);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_lines, (void *)(uintptr_t) "x"), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);

    struct buf got;
    buf_init(&got, 1 << 20);
    CHECK_INT(file_read_whole(path, &got), 0);
    const char *want = line('M', "* thread x says this line");
    size_t len = strlen(want);
    CHECK_INT(got.len, len * THREADS * LINES);
    for (size_t at = 0; at < got.len; at += len)
        CHECK_INT(memcmp(got.ptr + at, want, len), 0);
    buf_done(&got);
    close_log(path);
}

/* A system's log of the test's own. */
static int open_syslog(struct sockaddr_un *ret_addr)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    *ret_addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    (void)snprintf(ret_addr->sun_path, sizeof(ret_addr->sun_path), "/tmp/log_test.syslog.%d",
                   (int)getpid());
    (void)unlink(ret_addr->sun_path);
    CHECK_INT(bind(fd, (const struct sockaddr *)ret_addr, sizeof(*ret_addr)), 0);
    return fd;
}

static void check_datagram(int fd, const char *want)
{
    char got[2000];
    ssize_t len = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
    CHECK(len > 0);
    got[len] = '\0';
    CHECK_STR(got, want);
}

TEST(the_system_log_gets_lines_beside_the_file)
{
    const char *path = open_log(LOG_NOTICE);
    struct sockaddr_un addr;
    int fd = open_syslog(&addr);
    struct log_settings settings = { .level = LOG_NOTICE, .path = path, .role = 'M' };
    settings.syslog_ident = "ident";
    settings.syslog_facility = 16;
    settings.syslog_path = addr.sun_path;
    CHECK_INT(log_open(&settings), 0);

    char want[200];
    log_write(LOG_VERBOSE, "not this");
    log_write(LOG_WARNING, "this");
    (void)snprintf(want, sizeof(want), "<132>Mar  5 06:07:08 ident[%d]: this", (int)getpid());
    check_datagram(fd, want);
    check_log(path, line('M', "# this"));

    /* It is started anew: the next line finds it. */
    CHECK_INT(close(fd), 0);
    log_write(LOG_NOTICE, "lost");
    fd = open_syslog(&addr);
    log_write(LOG_NOTICE, "found");
    (void)snprintf(want, sizeof(want), "<133>Mar  5 06:07:08 ident[%d]: found", (int)getpid());
    check_datagram(fd, want);

    CHECK_INT(close(fd), 0);
    CHECK_INT(unlink(addr.sun_path), 0);
    close_log(path);
    log_write(LOG_NOTICE, "without the system's log");
}

static const char *formatted(enum log_format format, const char *message, size_t len)
{
    static char text[LOG_LINE_MAX + 1];
    const struct log_line l = {
        .pid = 1, .role = 'C', .level = LOG_DEBUG, .message = message, .message_len = len
    };
    size_t written = log_format_line(text, format, LOG_TIME_MILLISECONDS, &l);
    CHECK(written < sizeof(text));
    text[written] = '\0';
    return text;
}

TEST(what_cannot_stand_in_quotes_is_escaped)
{
#define JSON_OF(message)         \
    "{\"pid\":1,\"role\":\"RDB/" \
    "AOF\",\"timestamp\":\"0\",\"level\":\"debug\",\"message\":\"" message "\"}\n"
    static const struct {
        const char *message, *want;
    } cases[] = {
        { "a\tb\\c\"d\r", JSON_OF("a\\tb\\\\c\\\"d\\r") },
        { "\x01\x1f\x7f", JSON_OF("\\u0001\\u001f\x7f") },
        { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", JSON_OF("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") },
        { "\xc0\xaf", JSON_OF("\\ufffd\\ufffd") },            /* overlong */
        { "\xed\xa0\x80", JSON_OF("\\ufffd\\ufffd\\ufffd") }, /* half of a pair */
        { "cut \xe2\x82", JSON_OF("cut \\ufffd\\ufffd") },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(formatted(LOG_FORMAT_JSON, cases[i].message, strlen(cases[i].message)),
                  cases[i].want);
    CHECK_STR(formatted(LOG_FORMAT_LOGFMT, "\"", 1),
              "pid=1 role=RDB/AOF timestamp=\"0\" level=debug message=\"\\\"\"\n");
}

TEST(the_longest_message_of_the_longest_escapes_fits)
{
    char message[LOG_MESSAGE_MAX - 1];
    memset(message, 0xff, sizeof(message));
    const char *text = formatted(LOG_FORMAT_JSON, message, sizeof(message));
    CHECK(strlen(text) > 6 * sizeof(message));
}

TEST(a_handlers_line_tells_seconds)
{
    const char *path = open_log(LOG_NOTHING);
    char longest[400], want[64];
    struct buf got;
    memset(longest, 'y', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    log_from_handler(longest);
    buf_init(&got, 1000);
    CHECK_INT(file_read_whole(path, &got), 0);
    (void)snprintf(want, sizeof(want), "%d:signal-handler (", (int)getpid());
    CHECK_INT(strncmp(buf_cstr(&got), want, strlen(want)), 0);
    CHECK_UINT(got.len, 256); /* cut, and a line nevertheless */
    CHECK_INT(got.ptr[got.len - 1], '\n');
    buf_done(&got);
    close_log(path);
}

TEST(a_child_writes_its_own_pid_into_the_same_log)
{
    const char *path = open_log(LOG_NOTICE);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        log_set_role('C');
        log_write(LOG_NOTICE, "child");
        _exit(0);
    }
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    char want[200];
    (void)snprintf(want, sizeof(want), "%d:C 05 Mar 2026 06:07:08.009 * child\n", (int)pid);
    check_log(path, want);
    close_log(path);
}

static const char *stamp(int64_t ms, int64_t offset_s)
{
    static char text[LOG_STAMP_CHARS];
    log_format_stamp(text, LOG_TIME_LEGACY, ms, offset_s);
    return text;
}

TEST(stamps_of_special_days)
{
    CHECK_STR(stamp(0, 0), "01 Jan 1970 00:00:00.000");
    CHECK_STR(stamp(-1, 0), "31 Dec 1969 23:59:59.999");
    CHECK_STR(stamp(951782400000, 0), "29 Feb 2000 00:00:00.000");
    CHECK_STR(stamp(1772690828009, 5 * 3600 + 1800), "05 Mar 2026 11:37:08.009");
    CHECK_STR(stamp(1772690828009, -7 * 3600), "04 Mar 2026 23:07:08.009");
}

TEST(stamps_of_iso_8601_tell_the_zone)
{
    char text[LOG_STAMP_CHARS];
    log_format_stamp(text, LOG_TIME_ISO8601, 1772690828009, 5 * 3600 + 1800);
    CHECK_STR(text, "2026-03-05T11:37:08.009+05:30");
    log_format_stamp(text, LOG_TIME_ISO8601, 1772690828009, -(3 * 3600 + 1800));
    CHECK_STR(text, "2026-03-05T02:37:08.009-03:30");
}

TEST(stamps_agree_with_the_library)
{
    struct rand r;
    rand_seed(&r, 16);
    for (int i = 0; i < 50000; i++) {
        int64_t s = (int64_t)rand_below(&r, 8000000000) - 2000000000;
        time_t t = (time_t)s;
        struct tm tm;
        char want[64];
        CHECK_PTR_NOT_NULL(gmtime_r(&t, &tm));
        CHECK(strftime(want, sizeof(want), "%d %b %Y %H:%M:%S.007", &tm) > 0);
        CHECK_STR(stamp(s * 1000 + 7, 0), want);
    }
}
