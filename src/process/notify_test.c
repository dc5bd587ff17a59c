#include "process/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/check.h"

/* An init system's end; '@' as in the variable. */
static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    memcpy(addr.sun_path, path, len);
    if (path[0] == '@')
        addr.sun_path[0] = '\0';
    else
        (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, (const struct sockaddr *)&addr,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
              0);
    return fd;
}

static const char *heard(int fd)
{
    static char text[200];
    ssize_t len = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

static const char *own_path(const char *prefix)
{
    static char path[80];
    (void)snprintf(path, sizeof(path), "%snotify_test.%d", prefix, (int)getpid());
    return path;
}

TEST(a_message_reaches_the_socket)
{
    const char *path = own_path("/tmp/");
    int fd = listen_at(path);
    CHECK_INT(notify_send(path, "READY=1\n"), 0);
    CHECK_STR(heard(fd), "READY=1\n");
    CHECK_INT(close(fd), 0);
    CHECK_INT(notify_send(path, "READY=1\n"), -ECONNREFUSED);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(notify_send(path, "READY=1\n"), -ENOENT);
}

TEST(an_abstract_socket_is_reached_too)
{
    const char *path = own_path("@");
    int fd = listen_at(path);
    CHECK_INT(notify_send(path, "STOPPING=1\n"), 0);
    CHECK_STR(heard(fd), "STOPPING=1\n");
    CHECK_INT(close(fd), 0);
}

TEST(what_is_no_path_is_refused)
{
    char longest[200];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    CHECK_INT(notify_send("", "x"), -EINVAL);
    CHECK_INT(notify_send("/", "x"), -EINVAL);
    CHECK_INT(notify_send("relative", "x"), -EINVAL);
    CHECK_INT(notify_send("vsock:2:1234", "x"), -EINVAL);
    CHECK_INT(notify_send(longest, "x"), -EINVAL);
}

static void environment(const char *systemd, const char *upstart)
{
    CHECK_INT(systemd ? setenv("NOTIFY_SOCKET", systemd, 1) : unsetenv("NOTIFY_SOCKET"), 0);
    CHECK_INT(upstart ? setenv("UPSTART_JOB", upstart, 1) : unsetenv("UPSTART_JOB"), 0);
}

TEST(the_environment_says_who_supervises)
{
    environment(NULL, NULL);
    CHECK_INT(notify_detect(SUPERVISED_AUTO), SUPERVISED_NO);
    CHECK_INT(notify_detect(SUPERVISED_SYSTEMD), SUPERVISED_NO);
    CHECK_INT(notify_detect(SUPERVISED_UPSTART), SUPERVISED_NO);
    environment("/x", NULL);
    CHECK_INT(notify_detect(SUPERVISED_AUTO), SUPERVISED_SYSTEMD);
    CHECK_INT(notify_detect(SUPERVISED_SYSTEMD), SUPERVISED_SYSTEMD);
    CHECK_INT(notify_detect(SUPERVISED_NO), SUPERVISED_NO);
    environment(NULL, "job");
    CHECK_INT(notify_detect(SUPERVISED_AUTO), SUPERVISED_UPSTART);
    CHECK_INT(notify_detect(SUPERVISED_UPSTART), SUPERVISED_UPSTART);
    environment(NULL, NULL);
}

TEST(the_life_of_a_server_is_told_to_systemd_alone)
{
    const char *path = own_path("@");
    int fd = listen_at(path);
    environment(path, NULL);
    notify_ready(SUPERVISED_SYSTEMD);
    CHECK_STR(heard(fd), "READY=1\nSTATUS=Ready to accept connections\n");
    notify_reloading(SUPERVISED_SYSTEMD);
    CHECK_INT(strncmp(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    notify_stopping(SUPERVISED_SYSTEMD);
    CHECK_STR(heard(fd), "STOPPING=1\nSTATUS=Shutting down\n");
    notify_ready(SUPERVISED_NO);
    notify_ready(SUPERVISED_UPSTART);
    CHECK_STR(heard(fd), "");
    environment(NULL, NULL);
    notify_ready(SUPERVISED_SYSTEMD);
    CHECK_STR(heard(fd), "");
    CHECK_INT(close(fd), 0);
}
