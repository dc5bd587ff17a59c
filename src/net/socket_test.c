/* Sockets on loopback and in the file system. Ports are the kernel's choice. */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/loop.h"
#include "tests/unit/check.h"

#define WAIT_MS 20000 /* only a failing test waits that long */

static int listen_tcp(const char *address, int *ret_port)
{
    struct net_error error = { "" };
    struct socket_listen how = { .address = address, .backlog = 16 };
    int fd = socket_listen_tcp(&how, &error);
    struct socket_addr own;
    if (fd >= 0) {
        CHECK_INT(socket_own(fd, &own), 0);
        *ret_port = own.port;
    }
    return fd;
}

static int accept_soon(int listening_fd)
{
    CHECK_INT(socket_wait(listening_fd, LOOP_READABLE, WAIT_MS), 0);
    return socket_accept(listening_fd);
}

static int connected(const struct socket_target *target)
{
    struct net_error error = { "" };
    int fd = socket_connect(target, &error);
    CHECK_STR(error.text, "");
    CHECK(fd >= 0);
    CHECK_INT(socket_wait(fd, LOOP_WRITABLE, WAIT_MS), 0);
    CHECK_INT(socket_outcome(fd), 0);
    return fd;
}

static void scratch_path(char *out, size_t size, const char *name)
{
    char dir[] = "/tmp/tarn_socket_XXXXXX";
    CHECK_PTR_NOT_NULL(mkdtemp(dir));
    (void)snprintf(out, size, "%s/%s", dir, name);
}

static void scratch_remove(char *path)
{
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    CHECK_INT(rmdir(path), 0);
}

static bool has_ipv6(void)
{
    int port = 0;
    int fd = listen_tcp("::1", &port);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

TEST(ipv4_connects_and_both_ends_know_the_addresses)
{
    int port = 0;
    int server = listen_tcp("127.0.0.1", &port);
    int client = connected(&(struct socket_target){ .host = "127.0.0.1", .port = port });
    int accepted = accept_soon(server);
    CHECK(accepted >= 0);

    char want[SOCKET_TEXT_MAX], text[SOCKET_TEXT_MAX];
    (void)snprintf(want, sizeof(want), "127.0.0.1:%d", port);
    CHECK_UINT(socket_peer_text(client, text), strlen(want));
    CHECK_STR(text, want);
    (void)socket_own_text(accepted, text);
    CHECK_STR(text, want);
    (void)socket_own_text(client, want);
    (void)socket_peer_text(accepted, text);
    CHECK_STR(text, want);
    CHECK(socket_peer_is_local(accepted));

    int flags = fcntl(accepted, F_GETFL);
    CHECK(flags & O_NONBLOCK);
    CHECK(fcntl(accepted, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(client, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(server, F_GETFD) & FD_CLOEXEC);
    CHECK_INT(socket_accept(server), -EAGAIN);
    (void)close(client);
    (void)close(accepted);
    (void)close(server);
}

TEST(ipv6_addresses_print_in_brackets)
{
    if (!has_ipv6())
        CHECK_SKIP("no IPv6 here");
    int port = 0;
    int server = listen_tcp("::1", &port);
    int client = connected(&(struct socket_target){ .host = "::1", .port = port });
    int accepted = accept_soon(server);
    char want[SOCKET_TEXT_MAX], text[SOCKET_TEXT_MAX];
    (void)snprintf(want, sizeof(want), "[::1]:%d", port);
    (void)socket_peer_text(client, text);
    CHECK_STR(text, want);
    CHECK(socket_peer_is_local(accepted));
    (void)close(client);
    (void)close(accepted);
    (void)close(server);
}

TEST(any_ipv4_and_any_ipv6_share_a_port)
{
    if (!has_ipv6())
        CHECK_SKIP("no IPv6 here");
    int port = 0;
    int v6 = listen_tcp("::*", &port);
    CHECK(v6 >= 0);
    struct socket_listen how = { .address = "*", .port = port, .backlog = 16 };
    int v4 = socket_listen_tcp(&how, NULL);
    CHECK(v4 >= 0);
    (void)close(v4);
    (void)close(v6);
}

TEST(a_port_in_use_is_refused_in_words)
{
    int port = 0;
    int server = listen_tcp("127.0.0.1", &port);
    struct net_error error = { "" };
    struct socket_listen how = { .address = "127.0.0.1", .port = port, .backlog = 16 };
    CHECK_INT(socket_listen_tcp(&how, &error), -EADDRINUSE);
    CHECK_STR(error.text, "bind: Address already in use");
    (void)close(server);
}

TEST(an_address_of_another_machine_cannot_be_listened_on)
{
    struct net_error error = { "" };
    struct socket_listen how = { .address = "192.0.2.1", .backlog = 16 };
    CHECK_INT(socket_listen_tcp(&how, &error), -EADDRNOTAVAIL);
    CHECK_STR(error.text, "bind: Cannot assign requested address");
}

TEST(a_refused_connection_is_an_outcome)
{
    int port = 0;
    int server = listen_tcp("127.0.0.1", &port);
    (void)close(server);
    int fd = socket_connect(&(struct socket_target){ .host = "127.0.0.1", .port = port }, NULL);
    if (fd >= 0) {
        CHECK_INT(socket_wait(fd, LOOP_WRITABLE, WAIT_MS), 0);
        CHECK_INT(socket_outcome(fd), -ECONNREFUSED);
        (void)close(fd);
    } else {
        CHECK_INT(fd, -ECONNREFUSED);
    }
}

TEST(a_source_address_is_used)
{
    int port = 0;
    int server = listen_tcp("127.0.0.1", &port);
    struct socket_target target = { .host = "127.0.0.1", .port = port, .source = "127.0.0.5" };
    int client = connected(&target);
    struct socket_addr own;
    CHECK_INT(socket_own(client, &own), 0);
    CHECK_STR(own.ip, "127.0.0.5");
    (void)close(client);
    (void)close(server);
}

TEST(a_source_address_that_is_not_there_fails_unless_it_is_optional)
{
    int port = 0;
    int server = listen_tcp("127.0.0.1", &port);
    struct socket_target target = { .host = "127.0.0.1", .port = port, .source = "192.0.2.1" };
    struct net_error error = { "" };
    CHECK_INT(socket_connect(&target, &error), -EADDRNOTAVAIL);
    CHECK_STR(error.text, "bind: Cannot assign requested address");
    target.source = "::1"; /* of another family */
    CHECK_INT(socket_connect(&target, &error), -EAFNOSUPPORT);
    target.source_optional = true;
    int client = socket_connect(&target, NULL);
    CHECK(client >= 0);
    (void)close(client);
    (void)close(server);
}

TEST(a_unix_socket_has_its_mode_and_prints_as_its_path)
{
    char path[80], want[SOCKET_TEXT_MAX], text[SOCKET_TEXT_MAX];
    scratch_path(path, sizeof(path), "s.sock");
    struct socket_listen_unix how = { .path = path, .mode = 0700, .backlog = 16 };
    int server = socket_listen_unix(&how, NULL);
    CHECK(server >= 0);
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);

    int client = socket_connect_unix(&(struct socket_target){ .host = path }, NULL);
    CHECK(client >= 0);
    CHECK_INT(socket_outcome(client), 0);
    int accepted = accept_soon(server);
    (void)snprintf(want, sizeof(want), "%s:0", path);
    (void)socket_peer_text(accepted, text);
    CHECK_STR(text, want);
    (void)socket_own_text(accepted, text);
    CHECK_STR(text, want);
    (void)socket_own_text(client, text);
    CHECK_STR(text, want);
    CHECK(socket_peer_is_local(accepted));
    (void)close(client);
    (void)close(accepted);
    (void)close(server);
    scratch_remove(path);
}

TEST(a_stale_unix_socket_is_replaced_and_a_file_is_not)
{
    char path[80];
    scratch_path(path, sizeof(path), "s.sock");
    struct socket_listen_unix how = { .path = path, .backlog = 16 };
    int stale = socket_listen_unix(&how, NULL);
    (void)close(stale);
    int server = socket_listen_unix(&how, NULL);
    CHECK(server >= 0);
    (void)close(server);
    CHECK_INT(unlink(path), 0);

    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    (void)close(file);
    struct net_error error = { "" };
    CHECK_INT(socket_listen_unix(&how, &error), -EADDRINUSE);
    CHECK_INT(access(path, F_OK), 0);
    scratch_remove(path);
}

TEST(a_path_that_is_too_long_is_refused)
{
    char path[200];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct net_error error = { "" };
    struct socket_listen_unix how = { .path = path, .backlog = 16 };
    CHECK_INT(socket_listen_unix(&how, &error), -ENAMETOOLONG);
    CHECK(error.text[0] != '\0');
    CHECK_INT(socket_connect_unix(&(struct socket_target){ .host = "" }, NULL), -ENAMETOOLONG);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    CHECK_INT(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

TEST(options_are_set)
{
    int port = 0;
    int fd = listen_tcp("127.0.0.1", &port);
    CHECK_INT(socket_set_nodelay(fd, true), 0);
    CHECK_INT(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_INT(socket_set_keepalive(fd, 300), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_INT(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 300);
    CHECK_INT(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 100);
    CHECK_INT(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_INT(socket_set_keepalive(fd, 2), 0);
    CHECK_INT(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
    CHECK_INT(socket_set_keepalive(fd, 0), 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    CHECK_INT(socket_set_nonblock(fd, false), 0);
    CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    CHECK_INT(socket_set_nonblock(fd, true), 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);

    struct timeval tv;
    socklen_t len = sizeof(tv);
    CHECK_INT(socket_set_send_timeout(fd, 1500), 0);
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len), 0);
    CHECK_INT(tv.tv_sec, 1);
    CHECK_INT(socket_set_receive_timeout(fd, 2000), 0);
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
    CHECK_INT(tv.tv_sec, 2);
    (void)close(fd);
}

TEST(a_mark_is_set_or_refused_for_want_of_privilege)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = socket_set_mark(fd, 7);
    if (error == -EPERM) {
        (void)close(fd);
        CHECK_SKIP("marks need a privilege");
    }
    CHECK_INT(error, 0);
    CHECK_INT(option(fd, SOL_SOCKET, SO_MARK), 7);
    (void)close(fd);
}

TEST(names_and_addresses_are_resolved)
{
    char ip[SOCKET_IP_MAX];
    struct net_error error = { "" };
    CHECK_INT(socket_resolve("127.0.0.1", true, ip, NULL), 0);
    CHECK_STR(ip, "127.0.0.1");
    CHECK_INT(socket_resolve("::1", true, ip, NULL), 0);
    CHECK_STR(ip, "::1");
    CHECK_INT(socket_resolve("localhost", true, ip, &error), -EINVAL);
    CHECK(error.text[0] != '\0');
    CHECK_INT(socket_resolve("localhost", false, ip, NULL), 0);
    CHECK(strcmp(ip, "127.0.0.1") == 0 || strcmp(ip, "::1") == 0);
}

TEST(a_wait_ends_at_its_deadline)
{
    int fds[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    CHECK_INT(socket_wait(fds[0], LOOP_READABLE, 0), -ETIMEDOUT);
    CHECK_INT(socket_wait(fds[0], LOOP_READABLE, 5), -ETIMEDOUT);
    CHECK_INT(socket_wait(fds[0], LOOP_WRITABLE, -1), 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

TEST(a_socket_without_a_peer_prints_as_unknown)
{
    char text[SOCKET_TEXT_MAX];
    CHECK_UINT(socket_peer_text(-1, text), 3);
    CHECK_STR(text, "?:0");
    CHECK(!socket_peer_is_local(-1));
    struct socket_addr addr;
    CHECK_INT(socket_peer(-1, &addr), -EBADF);
}

TEST(the_kernels_backlog_limit_is_known)
{
    CHECK(socket_backlog_limit() > 0);
}

TEST(a_listening_socket_may_take_several_paths)
{
    struct net_error why;
    const struct socket_listen how = { .address = "127.0.0.1", .backlog = 5, .mptcp = true };
    int fd = socket_listen_tcp(&how, &why);
    if (fd == -EPROTONOSUPPORT || fd == -ENOPROTOOPT)
        CHECK_SKIP("this kernel has no Multipath TCP");
    CHECK(fd >= 0);
    int protocol = 0;
    socklen_t size = sizeof(protocol);
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size), 0);
    CHECK_INT(protocol, IPPROTO_MPTCP);
    CHECK_INT(close(fd), 0);
}
