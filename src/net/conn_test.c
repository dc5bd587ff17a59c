/* Connections: outcomes, order of handlers, closing inside them, deadlines. The rows are tested
 * through the table, as their users call them. */
#include "net/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event/loop.h"
#include "net/socket.h"
#include "tests/unit/check.h"

#define WAIT_MS 20000

/* A loop, a listening socket of one transport, and what the handlers saw. */
struct world {
    struct loop *loop;
    const struct conn_type *type;
    struct conn *c;
    int server, peer;
    char path[80];
    struct socket_target target;
    char order[32];
    size_t order_len;
    bool close_in_outcome, close_in_read, close_in_write;
};

static void saw(struct conn *c, char what, bool close_now)
{
    struct world *w = c->user;
    if (w->order_len < sizeof(w->order) - 1)
        w->order[w->order_len++] = what;
    if (!close_now)
        return;
    conn_close(c);
    w->c = NULL;
}

static void saw_outcome(struct conn *c)
{
    struct world *w = c->user;
    saw(c, c->state == CONN_CONNECTED ? 'o' : 'e', w->close_in_outcome);
}

static void saw_read(struct conn *c)
{
    saw(c, 'r', ((struct world *)c->user)->close_in_read);
}

static void saw_write(struct conn *c)
{
    saw(c, 'w', ((struct world *)c->user)->close_in_write);
}

static void turn(struct world *w)
{
    (void)loop_turn(w->loop, LOOP_WAIT);
}

static void open_unix(struct world *w)
{
    char dir[] = "/tmp/tarn_conn_XXXXXX";
    CHECK_PTR_NOT_NULL(mkdtemp(dir));
    (void)snprintf(w->path, sizeof(w->path), "%s/s", dir);
    w->server = socket_listen_unix(&(struct socket_listen_unix){ .path = w->path, .backlog = 8 },
                                   NULL);
    w->target = (struct socket_target){ .host = w->path };
}

static void open_tcp(struct world *w)
{
    struct socket_listen how = { .address = "127.0.0.1", .backlog = 8 };
    w->server = socket_listen_tcp(&how, NULL);
    struct socket_addr own;
    CHECK_INT(socket_own(w->server, &own), 0);
    w->target = (struct socket_target){ .host = "127.0.0.1", .port = own.port };
}

static void world_init(struct world *w, const struct conn_type *type)
{
    *w = (struct world){ .type = type, .peer = -1 };
    CHECK_INT(loop_new(1024, &w->loop), 0);
    if (type == &conn_unix)
        open_unix(w);
    else
        open_tcp(w);
    CHECK(w->server >= 0);
    w->c = conn_new(type, w->loop);
    w->c->user = w;
    CHECK_INT(w->c->state, CONN_NONE);
}

static void world_done(struct world *w)
{
    conn_close(w->c);
    (void)close(w->server);
    if (w->peer >= 0)
        (void)close(w->peer);
    if (w->path[0]) {
        (void)unlink(w->path);
        *strrchr(w->path, '/') = '\0';
        CHECK_INT(rmdir(w->path), 0);
    }
    loop_free(w->loop);
}

static void world_connect(struct world *w)
{
    CHECK_INT(conn_connect_blocking(w->c, &w->target, WAIT_MS), 0);
    CHECK_INT(w->c->state, CONN_CONNECTED);
    CHECK_INT(socket_wait(w->server, LOOP_READABLE, WAIT_MS), 0);
    w->peer = socket_accept(w->server);
    CHECK(w->peer >= 0);
}

static const struct conn_type *const types[] = { &conn_tcp, &conn_unix };

#define EACH_TYPE(i) for (size_t i = 0; i < COUNT_OF(types); i++)

TEST(the_outcome_of_a_connect_comes_to_its_handler)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        CHECK_INT(conn_connect(w.c, &w.target, saw_outcome), 0);
        CHECK_INT(w.c->state, CONN_CONNECTING);
        while (w.order_len == 0)
            turn(&w);
        CHECK_STR(w.order, "o");
        CHECK_INT(w.c->state, CONN_CONNECTED);
        CHECK_UINT(loop_file_mask(w.loop, w.c->fd), 0);
        world_done(&w);
    }
}

TEST(the_outcome_comes_before_what_is_readable)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        CHECK_INT(conn_connect(w.c, &w.target, saw_outcome), 0);
        CHECK_INT(conn_set_read_handler(w.c, saw_read), 0);
        CHECK_INT(conn_set_write_handler(w.c, saw_write, false), 0);
        CHECK_INT(socket_wait(w.server, LOOP_READABLE, WAIT_MS), 0);
        w.peer = socket_accept(w.server);
        CHECK_INT(send(w.peer, "x", 1, 0), 1);
        while (w.order_len < 3)
            turn(&w);
        CHECK_INT(w.order[0], 'o');
        CHECK_PTR_NOT_NULL(strchr(w.order, 'r'));
        CHECK_PTR_NOT_NULL(strchr(w.order, 'w'));
        world_done(&w);
    }
}

TEST(a_failed_connect_is_an_outcome_with_a_reason)
{
    struct world w;
    world_init(&w, &conn_tcp);
    (void)close(w.server);
    w.server = -1;
    int error = conn_connect(w.c, &w.target, saw_outcome);
    while (error == 0 && w.order_len == 0)
        turn(&w);
    CHECK_INT(w.c->state, CONN_ERROR);
    CHECK_STR(conn_last_error(w.c), "Connection refused");
    world_done(&w);

    world_init(&w, &conn_tcp);
    (void)close(w.server);
    w.server = -1;
    CHECK_INT(conn_connect_blocking(w.c, &w.target, WAIT_MS), -ECONNREFUSED);
    CHECK_INT(w.c->state, CONN_ERROR);
    world_done(&w);
}

TEST(a_connection_may_be_closed_in_each_of_its_handlers)
{
    for (int what = 0; what < 3; what++) {
        EACH_TYPE(i)
        {
            struct world w;
            world_init(&w, types[i]);
            w.close_in_outcome = what == 0;
            w.close_in_read = what == 1;
            w.close_in_write = what == 2;
            CHECK_INT(conn_connect(w.c, &w.target, saw_outcome), 0);
            CHECK_INT(conn_set_read_handler(w.c, saw_read), 0);
            CHECK_INT(conn_set_write_handler(w.c, saw_write, what == 2), 0);
            CHECK_INT(socket_wait(w.server, LOOP_READABLE, WAIT_MS), 0);
            w.peer = socket_accept(w.server);
            CHECK_INT(send(w.peer, "x", 1, 0), 1);
            while (w.c)
                turn(&w);
            CHECK_INT(w.order[w.order_len - 1], "orw"[what]);
            world_done(&w);
        }
    }
}

TEST(readable_comes_first_and_last_under_a_barrier)
{
    for (int barrier = 0; barrier < 2; barrier++) {
        EACH_TYPE(i)
        {
            struct world w;
            world_init(&w, types[i]);
            world_connect(&w);
            CHECK_INT(send(w.peer, "x", 1, 0), 1);
            CHECK_INT(socket_wait(w.c->fd, LOOP_READABLE, WAIT_MS), 0);
            CHECK_INT(conn_set_read_handler(w.c, saw_read), 0);
            CHECK_INT(conn_set_write_handler(w.c, saw_write, barrier), 0);
            turn(&w);
            CHECK_STR(w.order, barrier ? "wr" : "rw");
            world_done(&w);
        }
    }
}

TEST(handlers_that_are_taken_away_are_not_called)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        world_connect(&w);
        CHECK_INT(send(w.peer, "x", 1, 0), 1);
        CHECK_INT(conn_set_read_handler(w.c, saw_read), 0);
        CHECK_INT(conn_set_write_handler(w.c, saw_write, false), 0);
        CHECK_INT(conn_set_read_handler(w.c, NULL), 0);
        turn(&w);
        CHECK_STR(w.order, "w");
        CHECK_INT(conn_set_write_handler(w.c, NULL, false), 0);
        CHECK_UINT(loop_file_mask(w.loop, w.c->fd), 0);
        world_done(&w);
    }
}

static void accept_in_handler(struct conn *c)
{
    saw(c, 'a', false);
}

TEST(an_accepted_connection_is_connected_at_once)
{
    struct world w;
    world_init(&w, &conn_tcp);
    world_connect(&w);
    struct conn *accepted = conn_new_accepted(&conn_tcp, w.loop, w.peer);
    w.peer = -1;
    accepted->user = &w;
    CHECK_INT(accepted->state, CONN_ACCEPTING);
    CHECK_INT(conn_accept(accepted, accept_in_handler), 0);
    CHECK_INT(accepted->state, CONN_CONNECTED);
    CHECK_STR(w.order, "a");
    CHECK_INT(conn_accept(accepted, accept_in_handler), -EINVAL);
    conn_close(accepted);
    world_done(&w);
}

TEST(bytes_pass_in_both_directions)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        world_connect(&w);
        char out[16];
        CHECK_INT(conn_read(w.c, out, sizeof(out)), -EAGAIN);
        CHECK_INT(w.c->state, CONN_CONNECTED);
        struct iovec parts[] = { { (void *)(uintptr_t) "ab", 2 }, { (void *)(uintptr_t) "cd", 2 } };
        CHECK_INT(conn_writev(w.c, parts, 2), 4);
        CHECK_INT(conn_write(w.c, "ef", 2), 2);
        CHECK_INT(socket_wait(w.peer, LOOP_READABLE, WAIT_MS), 0);
        CHECK_INT(recv(w.peer, out, 6, MSG_WAITALL), 6);
        CHECK_MEM(out, "abcdef", 6);
        CHECK_INT(send(w.peer, "hi", 2, 0), 2);
        CHECK_INT(conn_read_deadline(w.c, out, 2, WAIT_MS), 2);
        CHECK_MEM(out, "hi", 2);
        world_done(&w);
    }
}

TEST(the_end_and_an_error_change_the_state)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        world_connect(&w);
        char out[16];
        (void)close(w.peer);
        w.peer = -1;
        CHECK_INT(socket_wait(w.c->fd, LOOP_READABLE, WAIT_MS), 0);
        CHECK_INT(conn_read(w.c, out, sizeof(out)), 0);
        CHECK_INT(w.c->state, CONN_CLOSED);
        world_done(&w);

        world_init(&w, types[i]);
        world_connect(&w);
        conn_shutdown(w.c);
        CHECK_INT(conn_write(w.c, "x", 1), -EPIPE);
        CHECK_INT(w.c->state, CONN_ERROR);
        CHECK_STR(conn_last_error(w.c), "Broken pipe");
        world_done(&w);
    }
}

TEST(deadlines_end_reads_writes_and_lines)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        world_connect(&w);
        static char big[8 << 20];
        char out[16];
        CHECK_INT(conn_read_deadline(w.c, out, 1, 5), -ETIMEDOUT);
        CHECK_INT(conn_read_line_deadline(w.c, out, sizeof(out), 5), -ETIMEDOUT);
        CHECK_INT(conn_write_deadline(w.c, big, sizeof(big), 5), -ETIMEDOUT);
        (void)close(w.peer);
        w.peer = -1;
        CHECK(conn_write_deadline(w.c, big, sizeof(big), WAIT_MS) < 0);
        world_done(&w);
    }
}

TEST(lines_are_read_one_at_a_time)
{
    EACH_TYPE(i)
    {
        struct world w;
        world_init(&w, types[i]);
        world_connect(&w);
        char line[8];
        static const char text[] = "+OK\r\nnext\n\r\ntoo long a line\nrest";
        CHECK_INT(send(w.peer, text, sizeof(text) - 1, 0), sizeof(text) - 1);
        CHECK_INT(conn_read_line_deadline(w.c, line, sizeof(line), WAIT_MS), 3);
        CHECK_STR(line, "+OK");
        CHECK_INT(conn_read_line_deadline(w.c, line, sizeof(line), WAIT_MS), 4);
        CHECK_STR(line, "next");
        CHECK_INT(conn_read_line_deadline(w.c, line, sizeof(line), WAIT_MS), 0);
        CHECK_INT(conn_read_line_deadline(w.c, line, sizeof(line), WAIT_MS), -EMSGSIZE);
        (void)close(w.peer);
        w.peer = -1;
        CHECK_INT(conn_read_line_deadline(w.c, line, 3, WAIT_MS), -EMSGSIZE);
        world_done(&w);
    }
}

static void refs_and_closes(struct conn *c)
{
    conn_ref(c);
    struct world *w = c->user;
    w->c = NULL;
    conn_close(c);
    CHECK_INT(c->state, CONN_CLOSED); /* still there */
    CHECK(!conn_unref(c));
}

TEST(a_reference_keeps_the_memory_of_a_closed_connection)
{
    struct world w;
    world_init(&w, &conn_unix);
    world_connect(&w);
    CHECK_INT(conn_set_write_handler(w.c, refs_and_closes, false), 0);
    turn(&w);
    CHECK_PTR_NULL(w.c);
    world_done(&w);
}
