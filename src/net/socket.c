/* Making and connecting sockets. Options and addresses are in socket_options.c and
 * socket_addr.c. */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "event/loop.h"

#define NS_PER_MS 1000000

void net_error_set(struct net_error *error, const char *fmt, ...)
{
    if (!error)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(error->text, sizeof(error->text), fmt, args);
    va_end(args);
}

/* Says which call failed and returns its -errno. */
static int call_failed(struct net_error *ret_error, const char *call)
{
    int error = errno;
    net_error_set(ret_error, "%s: %s", call, strerror(error));
    return -error;
}

static void fd_done(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int fd_take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static void addrinfo_done(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

static int addresses_of(const char *host, int port, int flags, struct addrinfo **ret_list,
                        struct net_error *ret_error)
{
    char service[16];
    (void)snprintf(service, sizeof(service), "%d", port);
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = flags };
    int failed = getaddrinfo(host, service, &hints, ret_list);
    if (!failed)
        return 0;
    *ret_list = NULL;
    net_error_set(ret_error, "%s", gai_strerror(failed));
    return failed == EAI_SYSTEM && errno ? -errno : -ENOENT;
}

/* -- connecting --------------------------------------------------------------------------- */

/* Binds `fd` to one of the source's addresses of the same family. */
static int bind_source(int fd, int family, const char *source, struct net_error *ret_error)
{
    SCOPED(addrinfo_done) struct addrinfo *list = NULL;
    int error = addresses_of(source, 0, 0, &list, ret_error);
    if (error < 0)
        return error;
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
        return call_failed(ret_error, "setsockopt SO_REUSEADDR");
    errno = EAFNOSUPPORT;
    for (struct addrinfo *a = list; a; a = a->ai_next)
        if (a->ai_family == family && bind(fd, a->ai_addr, a->ai_addrlen) == 0)
            return 0;
    return call_failed(ret_error, "bind");
}

static int connect_start(int fd, const struct sockaddr *addr, socklen_t len,
                         struct net_error *ret_error)
{
    /* A Unix socket whose queue is full says EAGAIN, and does not go on by itself. */
    if (connect(fd, addr, len) == 0 || errno == EINPROGRESS)
        return 0;
    return call_failed(ret_error, "connect");
}

static int connect_to(const struct addrinfo *a, const struct socket_target *target,
                      const char *source, struct net_error *ret_error)
{
    SCOPED(fd_done)
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return call_failed(ret_error, "socket");
    int error = target->mark ? socket_set_mark(fd, target->mark) : 0;
    if (error < 0) {
        net_error_set(ret_error, "setsockopt SO_MARK: %s", strerror(-error));
        return error;
    }
    if (source && *source) {
        error = bind_source(fd, a->ai_family, source, ret_error);
        if (error < 0)
            return error;
    }
    error = connect_start(fd, a->ai_addr, a->ai_addrlen, ret_error);
    return error < 0 ? error : fd_take(&fd);
}

static int connect_any(const struct addrinfo *list, const struct socket_target *target,
                       const char *source, struct net_error *ret_error)
{
    int fd = -ENOENT;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = connect_to(a, target, source, ret_error);
    return fd;
}

int socket_connect(const struct socket_target *target, struct net_error *ret_error)
{
    ASSERT(target->host);
    SCOPED(addrinfo_done) struct addrinfo *list = NULL;
    int error = addresses_of(target->host, target->port, 0, &list, ret_error);
    if (error < 0)
        return error;
    int fd = connect_any(list, target, target->source, ret_error);
    if (fd < 0 && target->source && *target->source && target->source_optional)
        fd = connect_any(list, target, NULL, ret_error);
    return fd;
}

static int unix_addr(const char *path, struct sockaddr_un *ret_addr, struct net_error *ret_error)
{
    *ret_addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(ret_addr->sun_path)) {
        net_error_set(ret_error, "the path of a Unix socket has 1 to %zu characters",
                      sizeof(ret_addr->sun_path) - 1);
        return -ENAMETOOLONG;
    }
    memcpy(ret_addr->sun_path, path, len + 1);
    return 0;
}

int socket_connect_unix(const struct socket_target *target, struct net_error *ret_error)
{
    struct sockaddr_un addr;
    int error = unix_addr(target->host, &addr, ret_error);
    if (error < 0)
        return error;
    SCOPED(fd_done) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return call_failed(ret_error, "socket");
    error = connect_start(fd, (const struct sockaddr *)&addr, sizeof(addr), ret_error);
    return error < 0 ? error : fd_take(&fd);
}

int socket_outcome(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    if (error)
        return -error;
    /* Without an error it is connected or still on its way: only a peer's name tells. */
    struct sockaddr_storage peer;
    len = sizeof(peer);
    if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
        return 0;
    return errno == ENOTCONN ? -EINPROGRESS : -errno;
}

int socket_wait(int fd, uint32_t mask, int64_t timeout_ms)
{
    struct pollfd p = { .fd = fd };
    p.events = (short)((mask & LOOP_READABLE ? POLLIN : 0) | (mask & LOOP_WRITABLE ? POLLOUT : 0));
    uint64_t end_ns = clock_mono_ns() + (uint64_t)MAX_OF(timeout_ms, 0) * NS_PER_MS;
    for (;;) {
        int left = timeout_ms < 0 ? -1 : (int)MIN_OF(timeout_ms, (int64_t)INT_MAX);
        int ready = poll(&p, 1, left);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (timeout_ms < 0)
            continue;
        uint64_t now_ns = clock_mono_ns();
        if (ready == 0 || now_ns >= end_ns)
            return -ETIMEDOUT;
        timeout_ms = (int64_t)((end_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
    }
}

/* -- listening ---------------------------------------------------------------------------- */

static int listen_on(const struct addrinfo *a, const struct socket_listen *how,
                     struct net_error *ret_error)
{
    int protocol = how->mptcp ? IPPROTO_MPTCP : a->ai_protocol;
    SCOPED(fd_done)
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return call_failed(ret_error, "socket");
    int one = 1;
    if (a->ai_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
        return call_failed(ret_error, "setsockopt IPV6_V6ONLY");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
        return call_failed(ret_error, "setsockopt SO_REUSEADDR");
    int error = how->mark ? socket_set_mark(fd, how->mark) : 0;
    if (error < 0) {
        net_error_set(ret_error, "setsockopt SO_MARK: %s", strerror(-error));
        return error;
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0)
        return call_failed(ret_error, "bind");
    if (listen(fd, how->backlog) < 0)
        return call_failed(ret_error, "listen");
    return fd_take(&fd);
}

int socket_listen_tcp(const struct socket_listen *how, struct net_error *ret_error)
{
    const char *address = how->address;
    if (strcmp(address, "*") == 0)
        address = "0.0.0.0";
    else if (strcmp(address, "::*") == 0)
        address = "::";
    SCOPED(addrinfo_done) struct addrinfo *list = NULL;
    int fd = addresses_of(address, how->port, AI_PASSIVE, &list, ret_error);
    if (fd < 0)
        return fd;
    fd = -ENOENT;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = listen_on(a, how, ret_error);
    return fd;
}

static int unix_attributes(const struct socket_listen_unix *how, struct net_error *ret_error)
{
    if (how->mode && chmod(how->path, how->mode) < 0)
        return call_failed(ret_error, "chmod");
    if (!how->group || !*how->group)
        return 0;
    struct group *group = getgrnam(how->group);
    if (!group) {
        net_error_set(ret_error, "getgrnam: no group '%s'", how->group);
        return -ENOENT;
    }
    if (chown(how->path, (uid_t)-1, group->gr_gid) < 0)
        return call_failed(ret_error, "chown");
    return 0;
}

/* A socket file may be left from a server that was killed; anything else at the path stays. */
static int unix_make_way(const char *path, struct net_error *ret_error)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : call_failed(ret_error, "lstat");
    if (!S_ISSOCK(st.st_mode))
        return 0; /* bind() says that the address is in use */
    return unlink(path) < 0 ? call_failed(ret_error, "unlink") : 0;
}

int socket_listen_unix(const struct socket_listen_unix *how, struct net_error *ret_error)
{
    struct sockaddr_un addr;
    int error = unix_addr(how->path, &addr, ret_error);
    if (error == 0)
        error = unix_make_way(how->path, ret_error);
    if (error < 0)
        return error;

    SCOPED(fd_done) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return call_failed(ret_error, "socket");
    if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
        return call_failed(ret_error, "bind");
    error = unix_attributes(how, ret_error); /* before anyone can connect */
    if (error == 0 && listen(fd, how->backlog) < 0)
        error = call_failed(ret_error, "listen");
    if (error < 0) {
        (void)unlink(how->path);
        return error;
    }
    return fd_take(&fd);
}

int socket_accept(int listening_fd)
{
    int fd = accept4(listening_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int socket_resolve(const char *host, bool only_numeric, char ret_ip[SOCKET_IP_MAX],
                   struct net_error *ret_error)
{
    SCOPED(addrinfo_done) struct addrinfo *list = NULL;
    if (addresses_of(host, 0, only_numeric ? AI_NUMERICHOST : 0, &list, ret_error) < 0)
        return -EINVAL;
    int failed = getnameinfo(list->ai_addr, list->ai_addrlen, ret_ip, SOCKET_IP_MAX, NULL, 0,
                             NI_NUMERICHOST);
    if (failed) {
        net_error_set(ret_error, "%s", gai_strerror(failed));
        return -EINVAL;
    }
    return 0;
}

int socket_backlog_limit(void)
{
    SCOPED(file_close_scoped) int fd = file_open("/proc/sys/net/core/somaxconn", O_RDONLY, 0);
    if (fd < 0)
        return fd;
    char text[32];
    ssize_t len = file_read(fd, text, sizeof(text) - 1);
    if (len < 0)
        return (int)len;
    text[len] = '\0';
    int limit = 0;
    return sscanf(text, "%d", &limit) == 1 ? limit : -EINVAL;
}
