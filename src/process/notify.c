/* Messages to the notify socket. */
#include "process/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define SYSTEMD_VARIABLE "NOTIFY_SOCKET"
#define UPSTART_VARIABLE "UPSTART_JOB"

int notify_send(const char *socket_path, const char *message)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = strlen(socket_path);
    bool is_path = socket_path[0] == '/' || socket_path[0] == '@';
    if (!is_path || len < 2 || len >= sizeof(addr.sun_path))
        return -EINVAL;
    memcpy(addr.sun_path, socket_path, len);
    if (socket_path[0] == '@')
        addr.sun_path[0] = '\0'; /* and no NUL at the end: the length says where it is */

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    socklen_t addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL,
                          (const struct sockaddr *)&addr, addr_len);
    int error = sent < 0 ? -errno : 0;
    (void)close(fd);
    return error;
}

enum supervised notify_detect(enum supervised asked)
{
    bool upstart = getenv(UPSTART_VARIABLE), systemd = getenv(SYSTEMD_VARIABLE);
    switch (asked) {
    case SUPERVISED_AUTO:
        return upstart ? SUPERVISED_UPSTART : systemd ? SUPERVISED_SYSTEMD : SUPERVISED_NO;
    case SUPERVISED_SYSTEMD:
        return systemd ? asked : SUPERVISED_NO;
    case SUPERVISED_UPSTART:
        return upstart ? asked : SUPERVISED_NO;
    case SUPERVISED_NO:
        break;
    }
    return SUPERVISED_NO;
}

/* An init system that does not listen is no reason to do anything else. */
static void tell_systemd(enum supervised by, const char *message)
{
    const char *path = by == SUPERVISED_SYSTEMD ? getenv(SYSTEMD_VARIABLE) : NULL;
    if (path)
        (void)!notify_send(path, message);
}

void notify_ready(enum supervised by)
{
    tell_systemd(by, "READY=1\nSTATUS=Ready to accept connections\n");
}

void notify_stopping(enum supervised by)
{
    tell_systemd(by, "STOPPING=1\nSTATUS=Shutting down\n");
}

void notify_reloading(enum supervised by)
{
    struct timespec now;
    char message[80];
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
                   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell_systemd(by, message);
}
