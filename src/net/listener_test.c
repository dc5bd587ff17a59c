/* Listeners on loopback. Ports are found by asking the kernel for a free one first. */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/loop.h"
#include "tests/unit/check.h"

struct world {
    struct loop *loop;
    struct listener *listener;
    int accepted, errors, last_error, left_out;
    char address[SOCKET_IP_MAX];
    bool close_in_accept;
};

static void nothing(struct conn *c)
{
    (void)c;
}

static void accepted(void *user, struct conn *c, const struct listener_info *info)
{
    struct world *w = user;
    w->accepted++;
    (void)snprintf(w->address, sizeof(w->address), "%s", info->address);
    CHECK_INT(conn_accept(c, nothing), 0);
    conn_close(c);
    if (w->close_in_accept)
        listener_close(w->listener);
}

static void failed(void *user, int error, const struct listener_info *info)
{
    struct world *w = user;
    CHECK_PTR_NOT_NULL(info);
    w->errors++;
    w->last_error = error;
}

static void left_out(void *user, const char *why)
{
    struct world *w = user;
    w->left_out += strstr(why, "listening socket 192.0.2.1:") != NULL; /* not IPv6, maybe */
}

static const struct listener_callbacks callbacks = { accepted, failed, left_out };

static void world_init(struct world *w, const struct conn_type *type)
{
    *w = (struct world){ .accepted = 0 };
    CHECK_INT(loop_new(1024, &w->loop), 0);
    w->listener = listener_new(w->loop, type, &callbacks, w);
}

static void world_done(struct world *w)
{
    listener_free(w->listener);
    loop_free(w->loop);
}

static int free_port(void)
{
    struct socket_listen how = { .address = "127.0.0.1", .backlog = 1 };
    int fd = socket_listen_tcp(&how, NULL);
    struct socket_addr own;
    CHECK_INT(socket_own(fd, &own), 0);
    (void)close(fd);
    return own.port;
}

static int client_of(const char *host, int port)
{
    int fd = socket_connect(&(struct socket_target){ .host = host, .port = port }, NULL);
    CHECK(fd >= 0);
    return fd;
}

static void turn(struct world *w)
{
    (void)loop_turn(w->loop, LOOP_WAIT | LOOP_TIMERS);
}

static struct listener_spec spec_of(const char *const *addresses, size_t count, int port)
{
    return (struct listener_spec){
        .addresses = addresses, .address_count = count, .port = port, .backlog = 511
    };
}

TEST(connections_come_with_where_they_came_in)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1", "127.0.0.2" };
    int port = free_port();
    struct listener_spec spec = spec_of(addresses, 2, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK_UINT(listener_count(w.listener), 2);
    CHECK_INT(listener_port(w.listener), port);
    CHECK_STR(listener_info(w.listener, 1)->address, "127.0.0.2");
    CHECK_PTR_NULL(listener_info(w.listener, 2));
    int client = client_of("127.0.0.2", port);
    while (w.accepted == 0)
        turn(&w);
    CHECK_STR(w.address, "127.0.0.2");
    (void)close(client);
    world_done(&w);
}

TEST(a_bounded_number_is_accepted_an_event)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(addresses, 1, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    listener_set_accepts_max(w.listener, 3);
    int clients[8];
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = client_of("127.0.0.1", port);
        CHECK_INT(socket_wait(clients[i], LOOP_WRITABLE, 20000), 0);
    }
    turn(&w);
    CHECK_INT(w.accepted, 3);
    turn(&w);
    CHECK_INT(w.accepted, 6);
    turn(&w);
    CHECK_INT(w.accepted, 8);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        (void)close(clients[i]);
    world_done(&w);
}

TEST(any_address_and_optional_ones)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "*", "-::*", "-192.0.2.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(addresses, 3, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK(listener_count(w.listener) >= 1);
    CHECK(listener_count(w.listener) <= 2);
    CHECK_INT(w.left_out, 1);
    int client = client_of("127.0.0.1", port);
    while (w.accepted == 0)
        turn(&w);
    CHECK_STR(w.address, "*");
    (void)close(client);
    world_done(&w);
}

TEST(an_address_that_is_not_there_fails_in_words)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1", "192.0.2.1" };
    struct listener_spec spec = spec_of(addresses, 2, free_port());
    struct net_error error = { "" };
    char want[200];
    CHECK_INT(listener_open(w.listener, &spec, &error), -EADDRNOTAVAIL);
    (void)snprintf(want, sizeof(want),
                   "Could not create server TCP listening socket 192.0.2.1:%d: bind: Cannot assign "
                   "requested address",
                   spec.port);
    CHECK_STR(error.text, want);
    CHECK_UINT(listener_count(w.listener), 0);
    world_done(&w);
}

TEST(port_zero_and_no_addresses_listen_on_nothing)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1" };
    struct listener_spec spec = spec_of(addresses, 1, 0);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK_UINT(listener_count(w.listener), 0);
    CHECK_INT(listener_port(w.listener), 0);
    spec = spec_of(NULL, 0, free_port());
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK_UINT(listener_count(w.listener), 0);
    world_done(&w);
}

TEST(rebinding_keeps_what_stands_in_both)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const before[] = { "127.0.0.1", "127.0.0.2" };
    const char *const after[] = { "127.0.0.3", "127.0.0.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(before, 2, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    int waiting = client_of("127.0.0.1", port); /* in the queue of a socket that stays */
    spec = spec_of(after, 2, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK_UINT(listener_count(w.listener), 2);
    while (w.accepted == 0)
        turn(&w);
    CHECK_STR(w.address, "127.0.0.1");
    int other = client_of("127.0.0.3", port);
    while (w.accepted == 1)
        turn(&w);
    CHECK_STR(w.address, "127.0.0.3");
    (void)close(waiting);
    (void)close(other);
    world_done(&w);
}

TEST(a_failed_rebinding_leaves_the_old_sockets)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const before[] = { "127.0.0.1", "127.0.0.2" };
    const char *const after[] = { "127.0.0.1", "192.0.2.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(before, 2, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    struct listener_spec wrong = spec_of(after, 2, port);
    CHECK_INT(listener_open(w.listener, &wrong, NULL), -EADDRNOTAVAIL);
    CHECK_UINT(listener_count(w.listener), 2);
    for (int i = 0; i < 2; i++) {
        int client = client_of(before[i], port);
        while (w.accepted == i)
            turn(&w);
        CHECK_STR(w.address, before[i]);
        (void)close(client);
    }
    wrong = spec_of(before, LISTENER_SOCKETS_MAX + 1, port);
    CHECK_INT(listener_open(w.listener, &wrong, NULL), -E2BIG);
    world_done(&w);
}

TEST(the_port_may_change_at_run_time)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1" };
    struct listener_spec spec = spec_of(addresses, 1, free_port());
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    int busy = socket_listen_tcp(&(struct socket_listen){ .address = "127.0.0.1", .backlog = 1 },
                                 NULL);
    struct socket_addr own;
    CHECK_INT(socket_own(busy, &own), 0);
    struct listener_spec wrong = spec_of(addresses, 1, own.port);
    CHECK_INT(listener_open(w.listener, &wrong, NULL), -EADDRINUSE);
    CHECK_INT(listener_port(w.listener), spec.port);
    (void)close(busy);
    CHECK_INT(listener_open(w.listener, &wrong, NULL), 0);
    CHECK_INT(listener_port(w.listener), own.port);
    int client = client_of("127.0.0.1", own.port);
    while (w.accepted == 0)
        turn(&w);
    (void)close(client);
    world_done(&w);
}

TEST(a_listener_may_be_closed_in_on_accept)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(addresses, 1, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    int a = client_of("127.0.0.1", port);
    int b = client_of("127.0.0.1", port);
    CHECK_INT(socket_wait(b, LOOP_WRITABLE, 20000), 0);
    w.close_in_accept = true;
    while (w.accepted == 0)
        turn(&w);
    CHECK_INT(w.accepted, 1);
    CHECK_UINT(listener_count(w.listener), 0);
    (void)close(a);
    (void)close(b);
    world_done(&w);
}

TEST(without_descriptors_it_tells_once_and_rests)
{
    struct world w;
    world_init(&w, &conn_tcp);
    const char *const addresses[] = { "127.0.0.1" };
    int port = free_port();
    struct listener_spec spec = spec_of(addresses, 1, port);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    int client = client_of("127.0.0.1", port);
    struct rlimit before;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0); /* the lowest free number becomes the limit */
    CHECK(next >= 0);
    (void)close(next);
    struct rlimit none = { (rlim_t)next, before.rlim_max };
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    (void)loop_turn(w.loop, LOOP_WAIT);
    int errors = w.errors;
    for (int i = 0; i < 10; i++)
        (void)loop_turn(w.loop, 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(errors, 1);
    CHECK_INT(w.errors, 1);
    CHECK_INT(w.last_error, -EMFILE);
    while (w.accepted == 0)
        turn(&w); /* it goes on after its rest */
    (void)close(client);
    world_done(&w);
}

TEST(a_unix_listener_has_its_file_while_it_is_open)
{
    struct world w;
    world_init(&w, &conn_unix);
    char dir[] = "/tmp/tarn_listener_XXXXXX";
    char path[80];
    CHECK_PTR_NOT_NULL(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    struct listener_spec spec = { .path = path, .mode = 0770, .backlog = 8 };
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0);
    CHECK_INT(listener_open(w.listener, &spec, NULL), 0); /* the same again */
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0770);
    int client = socket_connect_unix(&(struct socket_target){ .host = path }, NULL);
    CHECK(client >= 0);
    while (w.accepted == 0)
        turn(&w);
    CHECK_STR(w.address, path);
    listener_close(w.listener);
    CHECK_INT(access(path, F_OK), -1);
    (void)close(client);

    struct net_error error = { "" };
    spec.path = "/nonexistent/s";
    CHECK_INT(listener_open(w.listener, &spec, &error), -ENOENT);
    CHECK_STR(error.text, "Failed opening Unix socket: bind: No such file or directory");
    CHECK_INT(rmdir(dir), 0);
    world_done(&w);
}
