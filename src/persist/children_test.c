#include "persist/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "dispatch/latency.h"
#include "event/loop.h"
#include "journal/journal.h"
#include "persist/children_priv.h"
#include "persist/persist_priv.h"
#include "tests/unit/check.h"

struct world {
    struct loop *loop;
    struct journal *journal;
    struct keyspace *keyspace;
    struct dispatch *dispatch;
    struct persist *persist;
    struct children *children;
    int (*job)(struct world *w, struct child_progress *progress);
    int fd; /* of the parent's */
    int ends;
    struct child_end end;
};

static void world_init(struct world *w)
{
    *w = (struct world){ .fd = -1 };
    log_set_level(LOG_NOTHING);
    CHECK_INT(loop_new(64, &w->loop), 0);
    w->journal = journal_new();
    w->keyspace = keyspace_new(w->journal, NULL, 1);
    w->dispatch = dispatch_new(w->keyspace, w->journal);
    w->persist = persist_new(w->loop, w->dispatch);
    w->children = w->persist->children;
    keyspace_start(w->keyspace);
}

static void world_done(struct world *w)
{
    persist_free(w->persist);
    dispatch_free(w->dispatch);
    keyspace_free(w->keyspace);
    journal_free(w->journal);
    loop_free(w->loop);
}

static int run(void *arg, struct child_progress *progress)
{
    struct world *w = arg;
    return w->job ? w->job(w, progress) : 0;
}

static void ended(void *arg, const struct child_end *end)
{
    struct world *w = arg;
    w->ends++;
    w->end = *end;
    CHECK_INT(children_kind(w->children), CHILD_NONE);
}

static pid_t start(struct world *w, int (*job)(struct world *w, struct child_progress *progress))
{
    pid_t pid = 0;
    w->job = job;
    const struct child_work work = { CHILD_SNAPSHOT, run, ended, w };
    CHECK_INT(children_start(w->children, &work, &pid), 0);
    return pid;
}

static void wait_for_end(struct world *w)
{
    int before = w->ends;
    while (w->ends == before)
        (void)loop_turn(w->loop, LOOP_WAIT);
}

static int fail(struct world *w UNUSED, struct child_progress *progress UNUSED)
{
    return -ENOSPC;
}

static int wait_for_ever(struct world *w UNUSED, struct child_progress *progress UNUSED)
{
    bool waits = true;
    while (waits)
        (void)pause();
    return 0;
}

static int end_by_signal(struct world *w UNUSED, struct child_progress *progress UNUSED)
{
    (void)raise(SIGTERM);
    return 0;
}

static int look_at_descriptor(struct world *w, struct child_progress *progress UNUSED)
{
    return fcntl(w->fd, F_GETFD) < 0 && errno == EBADF ? 0 : -EEXIST;
}

static int see_born(struct world *w, struct child_progress *progress UNUSED)
{
    return w->fd == CHILD_SNAPSHOT ? 0 : -EINVAL;
}

TEST(the_loop_is_woken_when_the_child_is_done)
{
    struct world w;
    world_init(&w);
    pid_t pid = start(&w, NULL);
    CHECK_INT(children_kind(w.children), CHILD_SNAPSHOT);
    CHECK_INT(children_pid(w.children), pid);
    CHECK(children_age_ms(w.children) >= 0);
    wait_for_end(&w);
    CHECK_INT(w.end.error, 0);
    CHECK_INT(w.end.signal, 0);
    CHECK_INT(children_pid(w.children), 0);
    CHECK_INT(children_age_ms(w.children), -1);
    world_done(&w);
}

TEST(a_failure_comes_over_as_its_errno)
{
    struct world w;
    world_init(&w);
    (void)start(&w, fail);
    wait_for_end(&w);
    CHECK_INT(w.end.error, -ENOSPC);
    CHECK_INT(w.end.signal, 0);
    world_done(&w);
}

TEST(a_signal_that_ended_the_child_is_told)
{
    struct world w;
    world_init(&w);
    (void)start(&w, end_by_signal);
    wait_for_end(&w);
    CHECK_INT(w.end.signal, SIGTERM);
    CHECK_INT(w.end.error, -EINTR);
    world_done(&w);
}

TEST(there_is_one_child_at_a_time_and_another_one_afterwards)
{
    struct world w;
    world_init(&w);
    (void)start(&w, wait_for_ever);
    pid_t pid = 0;
    const struct child_work work = { CHILD_REWRITE, run, ended, &w };
    CHECK_INT(children_start(w.children, &work, &pid), -EBUSY);
    children_kill(w.children, CHILD_REWRITE);
    CHECK_INT(w.ends, 0);
    children_kill(w.children, CHILD_SNAPSHOT);
    CHECK_INT(w.ends, 1);
    CHECK_INT(w.end.error, -ECANCELED);
    CHECK_INT(w.end.signal, SIGUSR1);
    (void)start(&w, NULL);
    wait_for_end(&w);
    CHECK_INT(w.end.error, 0);
    world_done(&w);
}

TEST(who_is_asked_to_go_goes_by_itself)
{
    struct world w;
    world_init(&w);
    CHECK(!children_ask_to_go(w.children, CHILD_SNAPSHOT));
    (void)start(&w, wait_for_ever);
    CHECK(children_ask_to_go(w.children, CHILD_SNAPSHOT));
    wait_for_end(&w);
    CHECK_INT(w.end.error, -ECANCELED);
    world_done(&w);
}

TEST(a_child_that_stands_still_is_ended_too)
{
    struct world w;
    world_init(&w);
    pid_t pid = start(&w, wait_for_ever);
    CHECK_INT(kill(pid, SIGSTOP), 0);
    children_kill(w.children, CHILD_SNAPSHOT);
    CHECK_INT(w.ends, 1);
    world_done(&w);
}

TEST(sockets_of_the_parent_are_closed_in_the_child)
{
    struct world w;
    world_init(&w);
    w.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(w.fd > 2);
    (void)start(&w, look_at_descriptor);
    wait_for_end(&w);
    CHECK_INT(w.end.error, 0);
    CHECK_INT(fcntl(w.fd, F_GETFD), FD_CLOEXEC);
    (void)close(w.fd);
    world_done(&w);
}

static void note_birth(void *arg, enum child_kind kind)
{
    ((struct world *)arg)->fd = (int)kind;
}

TEST(the_hook_is_called_in_the_child_alone)
{
    struct world w;
    world_init(&w);
    w.persist->hooks.born.fn = note_birth;
    w.persist->hooks.born.arg = &w;
    (void)start(&w, see_born);
    wait_for_end(&w);
    CHECK_INT(w.end.error, 0);
    CHECK_INT(w.fd, -1);
    world_done(&w);
}

/* A clock that goes on by five milliseconds with each look at it. */
static uint64_t slow_mono(void *arg)
{
    uint64_t *now_ns = arg;
    return *now_ns += UINT64_C(5) * 1000 * 1000;
}

static uint64_t slow_wall(void *arg UNUSED)
{
    return UINT64_C(1700000000) * 1000 * 1000;
}

TEST(a_fork_that_takes_long_is_told_to_the_monitor)
{
    struct world w;
    world_init(&w);
    uint64_t now_ns = 0;
    const struct clock_source clock = { slow_mono, slow_wall, &now_ns };
    clock_set_source(&clock);
    struct latency *latency = dispatch_latency(w.dispatch);
    latency->threshold_ms = 5;
    (void)start(&w, NULL);
    wait_for_end(&w);
    clock_set_source(NULL);
    const struct latency_series *series = latency_find(latency, SLICE("fork"));
    CHECK_PTR_NOT_NULL(series);
    CHECK_INT(latency_sample_at(series, 0).ms, 5);
    world_done(&w);
}

TEST(the_room_ends_its_child)
{
    struct world w;
    world_init(&w);
    pid_t pid = start(&w, wait_for_ever);
    world_done(&w);
    CHECK_INT(kill(pid, 0), -1);
    CHECK_INT(errno, ESRCH);
}

TEST(what_was_copied_stands_in_the_kernels_words)
{
    CHECK_UINT(child_parse_private_dirty("55d-7ffe ---p 00000000 00:00 0   [rollup]\n"
                                         "Rss:       1000 kB\nPrivate_Clean:   4 kB\n"
                                         "Private_Dirty:       12 kB\nReferenced:   1 kB\n"),
               12 * 1024);
    CHECK_UINT(child_parse_private_dirty(""), 0);
    CHECK_UINT(child_parse_private_dirty("Private_Dirty: x kB"), 0);
}
