/* Addresses of sockets as text, and socket options. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/assert.h"
#include "net/socket.h"

static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) < SOCKET_IP_MAX, "a path must fit");
static_assert(INET6_ADDRSTRLEN < SOCKET_IP_MAX, "an address must fit");

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
};

typedef int (*name_call)(int fd, struct sockaddr *addr, socklen_t *len);

static void unix_path(const union address *a, socklen_t len, char ret_path[SOCKET_IP_MAX])
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t path_len = len > head ? strnlen(a->local.sun_path, len - head) : 0;
    memcpy(ret_path, a->local.sun_path, path_len);
    ret_path[path_len] = '\0';
}

static int address_of(int fd, name_call call, struct socket_addr *ret_addr)
{
    union address a;
    socklen_t len = sizeof(a);
    if (call(fd, &a.any, &len) < 0)
        return -errno;

    struct socket_addr addr = { .port = 0 };
    switch (a.any.sa_family) {
    case AF_INET:
        (void)inet_ntop(AF_INET, &a.v4.sin_addr, addr.ip, sizeof(addr.ip));
        addr.port = ntohs(a.v4.sin_port);
        break;
    case AF_INET6:
        (void)inet_ntop(AF_INET6, &a.v6.sin6_addr, addr.ip, sizeof(addr.ip));
        addr.port = ntohs(a.v6.sin6_port);
        break;
    case AF_UNIX:
        unix_path(&a, len, addr.ip);
        break;
    default:
        return -EAFNOSUPPORT;
    }
    *ret_addr = addr;
    return 0;
}

static int peer_name(int fd, struct sockaddr *addr, socklen_t *len)
{
    return getpeername(fd, addr, len);
}

static int own_name(int fd, struct sockaddr *addr, socklen_t *len)
{
    return getsockname(fd, addr, len);
}

int socket_own(int fd, struct socket_addr *ret_addr)
{
    struct socket_addr own;
    int error = address_of(fd, own_name, &own);
    if (error < 0)
        return error;
    if (!own.ip[0]) /* the connecting end of a Unix socket: the path is the peer's */
        (void)address_of(fd, peer_name, &own);
    *ret_addr = own;
    return 0;
}

int socket_peer(int fd, struct socket_addr *ret_addr)
{
    struct socket_addr peer;
    int error = address_of(fd, peer_name, &peer);
    if (error < 0)
        return error;
    if (!peer.ip[0])
        (void)address_of(fd, own_name, &peer);
    *ret_addr = peer;
    return 0;
}

size_t socket_addr_text(const struct socket_addr *addr, char ret_text[SOCKET_TEXT_MAX])
{
    bool is_path = addr->ip[0] == '/';
    const char *fmt = !is_path && strchr(addr->ip, ':') ? "[%s]:%d" : "%s:%d";
    int len = snprintf(ret_text, SOCKET_TEXT_MAX, fmt, addr->ip, addr->port);
    ASSERT(len > 0);
    ASSERT(len < SOCKET_TEXT_MAX);
    return (size_t)len;
}

static const struct socket_addr address_unknown = { .ip = "?" };

size_t socket_peer_text(int fd, char ret_text[SOCKET_TEXT_MAX])
{
    struct socket_addr addr;
    bool known = socket_peer(fd, &addr) == 0;
    return socket_addr_text(known ? &addr : &address_unknown, ret_text);
}

size_t socket_own_text(int fd, char ret_text[SOCKET_TEXT_MAX])
{
    struct socket_addr addr;
    bool known = socket_own(fd, &addr) == 0;
    return socket_addr_text(known ? &addr : &address_unknown, ret_text);
}

bool socket_peer_is_local(int fd)
{
    union address a;
    socklen_t len = sizeof(a);
    if (getpeername(fd, &a.any, &len) < 0)
        return false;
    if (a.any.sa_family == AF_UNIX)
        return true;
    if (a.any.sa_family == AF_INET)
        return ntohl(a.v4.sin_addr.s_addr) >> 24 == 127;
    if (a.any.sa_family != AF_INET6)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr))
        return a.v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr);
}

/* -- options ------------------------------------------------------------------------------ */

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int socket_set_nonblock(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted == flags)
        return 0;
    return fcntl(fd, F_SETFL, wanted) < 0 ? -errno : 0;
}

int socket_set_nodelay(int fd, bool on)
{
    return set_int(fd, IPPROTO_TCP, TCP_NODELAY, on);
}

int socket_set_keepalive(int fd, int interval_s)
{
    int error = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, interval_s > 0);
    if (error < 0 || interval_s <= 0)
        return error;
    error = set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, interval_s);
    if (error == 0)
        error = set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, MAX_OF(interval_s / 3, 1));
    if (error == 0)
        error = set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    return error;
}

static int set_timeout(int fd, int option, int64_t timeout_ms)
{
    ASSERT(timeout_ms >= 0);
    struct timeval tv = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

int socket_set_send_timeout(int fd, int64_t timeout_ms)
{
    return set_timeout(fd, SO_SNDTIMEO, timeout_ms);
}

int socket_set_receive_timeout(int fd, int64_t timeout_ms)
{
    return set_timeout(fd, SO_RCVTIMEO, timeout_ms);
}

int socket_set_mark(int fd, uint32_t mark)
{
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ? -errno : 0;
}
