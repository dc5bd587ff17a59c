#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    CHECK_INT(log_open(&(struct log_settings){ level, path, 'M' }), 0);
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
    CHECK_INT(log_open(&(struct log_settings){ LOG_NOTICE, NULL, 'M' }), 0);
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
    struct log_settings wrong = { LOG_NOTICE, "/nonexistent/log", 'M' };
    static char longest[5000];
    memset(longest, 'p', sizeof(longest) - 1);
    CHECK_INT(log_open(&wrong), -ENOENT);
    wrong.path = longest;
    CHECK_INT(log_open(&wrong), -ENAMETOOLONG);
    log_write(LOG_NOTICE, "still here");
    check_log(path, line('M', "* still here"));
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
    log_format_stamp(text, ms, offset_s);
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
