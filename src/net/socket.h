/* Sockets as descriptors: making, connecting, accepting, setting options, printing addresses.
 *
 * Everything that names a socket here is close-on-exec. Functions return a descriptor, 0 or -errno;
 * those that take a `struct net_error` also say in words what failed ("bind: Address already in
 * use"), for the log line of whoever decides. Addresses are numeric text; an IPv6 address is put in
 * brackets where a port follows. A Unix socket prints as its path with port 0. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

struct net_error {
    char text[256];
};

/* Writes the text; `error` may be NULL. */
void net_error_set(struct net_error *error, const char *fmt, ...) PRINTF(2, 3);

/* Longest IPv6 with a zone, or a Unix path. */
#define SOCKET_IP_MAX 128
/* With brackets, colon and port. */
#define SOCKET_TEXT_MAX (SOCKET_IP_MAX + 16)

struct socket_addr {
    char ip[SOCKET_IP_MAX]; /* or the path of a Unix socket */
    int port;
};

/* Where to connect to, and from where. */
struct socket_target {
    const char *host; /* a name or address; the path of a Unix socket */
    int port;
    const char *source;   /* address to connect from; NULL or "": the kernel chooses */
    bool source_optional; /* connect without it rather than not at all */
    uint32_t mark;        /* SO_MARK, 0: none */
};

/* Starts a TCP connection; non-blocking. The descriptor becomes writable with the outcome, which
 * socket_outcome() tells. Every address of the name is tried until one does not fail at once. */
MUST_USE int socket_connect(const struct socket_target *target, struct net_error *ret_error);
MUST_USE int socket_connect_unix(const struct socket_target *target, struct net_error *ret_error);
/* 0 when connected, -EINPROGRESS, or why it failed. */
MUST_USE int socket_outcome(int fd);
/* Waits for one of LOOP_READABLE, LOOP_WRITABLE at most `timeout_ms` (-1: without limit).
 * 0, -ETIMEDOUT, or -errno. */
MUST_USE int socket_wait(int fd, uint32_t mask, int64_t timeout_ms);

struct socket_listen {
    const char *address; /* "*": any IPv4, "::*": any IPv6, else an address of either */
    int port;            /* 0: the kernel chooses */
    int backlog;
    uint32_t mark;
    bool mptcp; /* clients may use several paths at once, if the kernel can */
};
MUST_USE int socket_listen_tcp(const struct socket_listen *how, struct net_error *ret_error);

struct socket_listen_unix {
    const char *path;  /* a socket that was left behind there is replaced */
    mode_t mode;       /* 0: as the umask says */
    const char *group; /* NULL or "": as the process */
    int backlog;
};
MUST_USE int socket_listen_unix(const struct socket_listen_unix *how, struct net_error *ret_error);

/* Non-blocking and close-on-exec. -EAGAIN when nobody waits. */
MUST_USE int socket_accept(int listening_fd);

/* Name or address to numeric text: the first address found. With `only_numeric` no name is looked
 * up. 0, -EINVAL with the resolver's words. */
MUST_USE int socket_resolve(const char *host, bool only_numeric, char ret_ip[SOCKET_IP_MAX],
                            struct net_error *ret_error);

MUST_USE int socket_peer(int fd, struct socket_addr *ret_addr);
MUST_USE int socket_own(int fd, struct socket_addr *ret_addr);
/* "1.2.3.4:80", "[::1]:80", "/run/x.sock:0". Returns its length. */
size_t socket_addr_text(const struct socket_addr *addr, char ret_text[SOCKET_TEXT_MAX]);
/* The same of peer and own address; "?:0" when there is none. A peer without a name of its own (a
 * Unix client) shows the path that it connected to. */
size_t socket_peer_text(int fd, char ret_text[SOCKET_TEXT_MAX]);
size_t socket_own_text(int fd, char ret_text[SOCKET_TEXT_MAX]);
/* Whether the peer is on this machine: loopback or Unix. */
bool socket_peer_is_local(int fd);

MUST_USE int socket_set_nonblock(int fd, bool on);
MUST_USE int socket_set_nodelay(int fd, bool on);
/* First probe after `interval_s`, then every third of it, given up after three. 0 turns it off. */
MUST_USE int socket_set_keepalive(int fd, int interval_s);
MUST_USE int socket_set_send_timeout(int fd, int64_t timeout_ms);
MUST_USE int socket_set_receive_timeout(int fd, int64_t timeout_ms);
MUST_USE int socket_set_mark(int fd, uint32_t mark);

/* The longest queue of waiting connections that the kernel allows, or -errno if unknown. */
int socket_backlog_limit(void);

#endif
