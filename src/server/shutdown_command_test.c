/* SHUTDOWN where the end has to be waited for: a server with a step of the test's own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "event/loop.h"
#include "server/server_priv.h"
#include "tests/unit/check.h"

#define TURNS 20 /* more than a request and its reply take */
#define FAILED "-ERR Errors trying to SHUTDOWN. Check logs.\r\n"

struct world {
    struct server server;
    char folder[32], path[48];
    bool ready; /* as far as the step is concerned */
    int outcome;
    int finished, given_up;
};

static bool step_may_end(void *owner)
{
    return ((struct world *)owner)->ready;
}

static int step_finish(void *owner, uint32_t how UNUSED)
{
    struct world *w = owner;
    w->finished++;
    if (w->outcome == 0)
        loop_stop(w->server.loop);
    return w->outcome;
}

static void step_give_up(void *owner)
{
    ((struct world *)owner)->given_up++;
}

static const struct shutdown_step steps[] = {
    { .name = "a replica",
      .may_end = step_may_end,
      .finish = step_finish,
      .give_up = step_give_up },
};

static void world_init(struct world *w)
{
    *w = (struct world){ .folder = "/tmp/shutdown_test.XXXXXX" };
    CHECK_PTR_NOT_NULL(mkdtemp(w->folder));
    (void)snprintf(w->path, sizeof(w->path), "%s/socket", w->folder);
    char *const argv[] = { (char[]){ "tarn-server" },
                           (char[]){ "--port" },
                           (char[]){ "0" },
                           (char[]){ "--unixsocket" },
                           w->path,
                           (char[]){ "--save" },
                           (char[]){ "" },
                           (char[]){ "--loglevel" },
                           (char[]){ "nothing" } };
    CHECK_INT(server_boot(&w->server, (int)COUNT_OF(argv), (char **)(uintptr_t)argv), 0);
    shutdown_init(&w->server.process.shutdown, steps, COUNT_OF(steps), w);
}

static void world_done(struct world *w)
{
    server_done(&w->server);
    (void)unlink(w->path);
    (void)rmdir(w->folder);
}

static void turn(struct world *w)
{
    for (int i = 0; i < TURNS; i++)
        (void)loop_turn(w->server.loop, LOOP_TIMERS | LOOP_HOOKS);
}

static int client(struct world *w)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    memcpy(addr.sun_path, w->path, strlen(w->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

/* What is replied, "" for nothing yet. */
static const char *say(struct world *w, int fd, const char *request)
{
    static char reply[16 * 1024];
    size_t len = strlen(request);
    CHECK_INT(send(fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
    turn(w);
    ssize_t got = recv(fd, reply, sizeof(reply) - 1, MSG_DONTWAIT);
    reply[got > 0 ? got : 0] = '\0';
    return reply;
}

TEST(a_client_waits_for_the_end_and_is_told_when_it_is_aborted)
{
    struct world w;
    world_init(&w);
    int waiting = client(&w), other = client(&w);
    CHECK_STR(say(&w, waiting, "SHUTDOWN\r\n"), "");
    CHECK_PTR_NOT_NULL(strstr(say(&w, other, "INFO server\r\n"), "shutdown_in_milliseconds:"));
    CHECK_STR(say(&w, other, "SHUTDOWN ABORT\r\n"), "+OK\r\n");
    CHECK_STR(say(&w, waiting, ""), FAILED);
    CHECK_STR(say(&w, waiting, "PING\r\n"), "+PONG\r\n");
    CHECK_INT(w.finished, 0);
    CHECK_INT(w.given_up, 1);
    CHECK_STR(say(&w, other, "SHUTDOWN ABORT\r\n"), "-ERR No shutdown in progress.\r\n");
    CHECK_PTR_NULL(strstr(say(&w, other, "INFO server\r\n"), "shutdown_in_milliseconds:"));
    (void)close(waiting);
    (void)close(other);
    world_done(&w);
}

TEST(all_who_wait_are_told_that_it_failed)
{
    struct world w;
    world_init(&w);
    int first = client(&w), second = client(&w);
    CHECK_STR(say(&w, first, "SHUTDOWN\r\n"), "");
    CHECK_STR(say(&w, second, "SHUTDOWN NOSAVE\r\n"), "");
    w.outcome = -EIO;
    w.ready = true;
    turn(&w);
    CHECK_STR(say(&w, first, ""), FAILED);
    CHECK_STR(say(&w, second, ""), FAILED);
    CHECK_INT(w.finished, 1);
    (void)close(first);
    (void)close(second);
    world_done(&w);
}

TEST(the_server_ends_when_nothing_is_waited_for_any_more)
{
    struct world w;
    world_init(&w);
    int fd = client(&w);
    CHECK_STR(say(&w, fd, "SHUTDOWN\r\n"), "");
    CHECK(!loop_is_stopped(w.server.loop));
    w.ready = true;
    turn(&w);
    CHECK(loop_is_stopped(w.server.loop));
    (void)close(fd);
    world_done(&w);
}

TEST(the_server_ends_when_its_patience_does)
{
    struct world w;
    world_init(&w);
    int fd = client(&w);
    CHECK_STR(say(&w, fd, "CONFIG SET shutdown-timeout 1\r\n"), "+OK\r\n");
    CHECK_STR(say(&w, fd, "SHUTDOWN\r\n"), "");
    CHECK(!loop_is_stopped(w.server.loop));
    loop_run(w.server.loop); /* returns when the timer has woken it */
    CHECK_INT(w.finished, 1);
    (void)close(fd);
    world_done(&w);
}

TEST(now_does_not_wait_and_force_does_not_mind)
{
    struct world w;
    world_init(&w);
    int fd = client(&w);
    w.outcome = -EIO;
    CHECK_STR(say(&w, fd, "SHUTDOWN NOW\r\n"), FAILED);
    CHECK_STR(say(&w, fd, "SHUTDOWN NOW FORCE\r\n"), "");
    CHECK_INT(w.finished, 2);
    (void)close(fd);
    world_done(&w);
}
