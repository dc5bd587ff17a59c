/* The loop: descriptors, timers under a virtual clock, hooks, wake-ups, nested turns. */
#include "event/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "event/backend.h"
#include "tests/unit/check.h"

#define LOOK ((uint32_t)(LOOP_TIMERS | LOOP_HOOKS))

static struct loop *loop_make(void)
{
    struct loop *loop = NULL;
    CHECK_INT(loop_new(1024, &loop), 0);
    return loop;
}

/* -- descriptors -------------------------------------------------------------------------- */

struct pair {
    int mine, peer;
    int reads, writes, calls;
    char order[16];
    size_t order_len;
    struct pair *victim; /* given up by the handler */
};

static void pair_open(struct pair *p)
{
    int fds[2];
    *p = (struct pair){ .reads = 0 };
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    p->mine = fds[0];
    p->peer = fds[1];
}

static void pair_close(struct pair *p)
{
    (void)close(p->mine);
    (void)close(p->peer);
}

static void peer_writes(struct pair *p)
{
    CHECK_INT(write(p->peer, "x", 1), 1);
}

static void saw(struct loop *loop, struct pair *p, uint32_t ready)
{
    p->calls++;
    p->reads += (ready & LOOP_READABLE) != 0;
    p->writes += (ready & LOOP_WRITABLE) != 0;
    if (p->victim)
        loop_file_remove(loop, p->victim->mine, LOOP_READABLE | LOOP_WRITABLE);
}

static void saw_any(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    struct pair *p = arg;
    CHECK_INT(fd, p->mine);
    saw(loop, p, ready);
}

static void saw_read(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)fd;
    struct pair *p = arg;
    CHECK_UINT(ready, LOOP_READABLE);
    p->order[p->order_len++] = 'r';
    saw(loop, p, ready);
}

static void saw_write(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)fd;
    struct pair *p = arg;
    CHECK_UINT(ready, LOOP_WRITABLE);
    p->order[p->order_len++] = 'w';
    saw(loop, p, ready);
}

TEST(a_readable_descriptor_is_told_until_it_is_read)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE, saw_any, &p), 0);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(p.reads, 0);
    peer_writes(&p);
    CHECK_INT(loop_turn(loop, LOOP_WAIT), 1);
    CHECK_INT(loop_turn(loop, LOOP_WAIT), 1);
    CHECK_INT(p.reads, 2);
    char c;
    CHECK_INT(read(p.mine, &c, 1), 1);
    CHECK_INT(loop_turn(loop, LOOK), 0);
    CHECK_INT(p.writes, 0);
    loop_free(loop);
    pair_close(&p);
}

TEST(a_reader_runs_before_a_writer_and_after_it_under_a_barrier)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    peer_writes(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE, saw_read, &p), 0);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_WRITABLE, saw_write, &p), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_STR(p.order, "rw");
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_WRITABLE | LOOP_BARRIER, saw_write, &p), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_STR(p.order, "rwwr");
    loop_file_remove(loop, p.mine, LOOP_WRITABLE);
    CHECK_UINT(loop_file_mask(loop, p.mine), LOOP_READABLE);
    loop_free(loop);
    pair_close(&p);
}

TEST(one_function_for_both_directions_is_called_once)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    peer_writes(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE | LOOP_WRITABLE, saw_any, &p), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_INT(p.calls, 1);
    CHECK_INT(p.reads + p.writes, 2);
    loop_free(loop);
    pair_close(&p);
}

static void gives_itself_up(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    struct pair *p = arg;
    loop_file_remove(loop, fd, LOOP_READABLE | LOOP_WRITABLE);
    saw(loop, p, ready);
}

TEST(a_writer_removed_by_the_reader_is_not_called)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    peer_writes(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE, gives_itself_up, &p), 0);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_WRITABLE, saw_write, &p), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_INT(p.reads, 1);
    CHECK_INT(p.writes, 0);
    CHECK_UINT(loop_file_mask(loop, p.mine), 0);
    loop_free(loop);
    pair_close(&p);
}

TEST(an_event_of_a_descriptor_removed_in_the_same_turn_is_dropped)
{
    struct loop *loop = loop_make();
    struct pair a, b;
    pair_open(&a);
    pair_open(&b);
    a.victim = &b;
    b.victim = &a;
    peer_writes(&a);
    peer_writes(&b);
    CHECK_INT(loop_file_add(loop, a.mine, LOOP_READABLE, saw_any, &a), 0);
    CHECK_INT(loop_file_add(loop, b.mine, LOOP_READABLE, saw_any, &b), 0);
    CHECK_INT(loop_turn(loop, LOOP_WAIT), 1);
    CHECK_INT(a.calls + b.calls, 1);
    loop_free(loop);
    pair_close(&a);
    pair_close(&b);
}

struct reuse {
    struct pair *first, *second;
    struct pair fresh;
    bool done;
};

/* Gives the other pair up and takes its descriptor's number for a new, quiet socket. */
static void reuses_number(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)ready;
    struct reuse *r = arg;
    if (r->done)
        return;
    r->done = true;
    struct pair *other = fd == r->first->mine ? r->second : r->first;
    int number = other->mine;
    loop_file_remove(loop, number, LOOP_READABLE);
    pair_open(&r->fresh);
    CHECK_INT(dup3(r->fresh.mine, number, O_CLOEXEC), number);
    (void)close(r->fresh.mine);
    r->fresh.mine = number;
    CHECK_INT(loop_file_add(loop, number, LOOP_READABLE, saw_any, &r->fresh), 0);
}

TEST(an_old_event_does_not_reach_a_new_socket_of_the_same_number)
{
    struct loop *loop = loop_make();
    struct pair a, b;
    pair_open(&a);
    pair_open(&b);
    struct reuse r = { .first = &a, .second = &b };
    peer_writes(&a);
    peer_writes(&b);
    CHECK_INT(loop_file_add(loop, a.mine, LOOP_READABLE, reuses_number, &r), 0);
    CHECK_INT(loop_file_add(loop, b.mine, LOOP_READABLE, reuses_number, &r), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK(r.done);
    CHECK_INT(r.fresh.calls, 0);
    peer_writes(&r.fresh);
    while (r.fresh.calls == 0)
        (void)loop_turn(loop, LOOP_WAIT);
    loop_free(loop);
    (void)close(r.fresh.peer);
    pair_close(&a);
    pair_close(&b);
}

TEST(a_descriptor_beyond_the_limit_is_refused_until_the_limit_grows)
{
    struct loop *loop = NULL;
    CHECK_INT(loop_new(128, &loop), 0);
    struct pair p;
    pair_open(&p);
    int high = fcntl(p.mine, F_DUPFD_CLOEXEC, 200);
    CHECK(high >= 200);
    CHECK_INT(loop_file_add(loop, high, LOOP_READABLE, saw_any, &p), -ERANGE);
    CHECK_INT(loop_resize(loop, 1000), 0);
    CHECK_UINT(loop_fd_max(loop), 1000);
    CHECK_INT(loop_file_add(loop, high, LOOP_READABLE, saw_any, &p), 0);
    CHECK_INT(loop_resize(loop, 200), -ERANGE);
    CHECK_UINT(loop_fd_max(loop), 1000);
    loop_file_remove(loop, high, LOOP_READABLE);
    CHECK_INT(loop_resize(loop, 200), 0);
    CHECK_INT(loop_file_add(loop, high, LOOP_READABLE, saw_any, &p), -ERANGE);
    (void)close(high);
    loop_free(loop);
    pair_close(&p);
}

static void saw_edge(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    struct pair *p = arg;
    saw_any(loop, fd, ready, arg);
    p->order[p->order_len++] = ready & LOOP_HANGUP ? 'h' : '-';
}

TEST(an_edge_is_told_once_and_the_end_with_it)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    uint32_t mask = LOOP_READABLE | LOOP_WRITABLE | LOOP_EDGE;
    CHECK_INT(loop_file_add(loop, p.mine, mask, saw_edge, &p), 0);
    (void)loop_turn(loop, 0);
    CHECK_INT(p.writes, 1); /* writable from the start */
    peer_writes(&p);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_INT(p.reads, 1);
    CHECK_INT(loop_turn(loop, 0), 0);
    peer_writes(&p); /* more has come: told again */
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_INT(p.reads, 2);
    CHECK_INT(shutdown(p.peer, SHUT_WR), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_STR(p.order, "---h");
    CHECK_INT(loop_turn(loop, 0), 0);
    loop_file_remove(loop, p.mine, LOOP_READABLE | LOOP_WRITABLE);
    CHECK_UINT(loop_file_mask(loop, p.mine), 0);
    loop_free(loop);
    pair_close(&p);
}

TEST(descriptors_stay_watched_when_the_backend_changes)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE, saw_any, &p), 0);
    int error = loop_set_backend(loop, &loop_backend_uring);
    if (error < 0) {
        CHECK_STR(loop_backend_name(loop), "epoll");
        CHECK_INT(loop_set_backend(loop, &loop_backend_epoll), 0);
    } else {
        CHECK_STR(loop_backend_name(loop), "io_uring");
    }
    for (int i = 1; i <= 3; i++) { /* level-triggered: told each time */
        peer_writes(&p);
        (void)loop_turn(loop, LOOP_WAIT);
        CHECK_INT(p.reads, i);
    }
    (void)loop_turn(loop, 0);
    CHECK_INT(p.reads, 4);
    loop_wake(loop);
    (void)loop_turn(loop, LOOP_WAIT);
    loop_file_remove(loop, p.mine, LOOP_READABLE);
    CHECK_INT(loop_turn(loop, 0), 0);
    loop_free(loop);
    pair_close(&p);
}

TEST(a_hang_up_shows_as_readable)
{
    struct loop *loop = loop_make();
    struct pair p;
    pair_open(&p);
    CHECK_INT(loop_file_add(loop, p.mine, LOOP_READABLE, saw_any, &p), 0);
    (void)close(p.peer);
    p.peer = -1;
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_INT(p.reads, 1);
    loop_free(loop);
    pair_close(&p);
}

static void turns_inside(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    struct pair *p = arg;
    saw(loop, p, ready);
    if (p->calls == 1)
        (void)loop_turn(loop, 0);
    char c;
    (void)!read(fd, &c, 1);
}

TEST(a_handler_may_turn_the_loop_again)
{
    struct loop *loop = loop_make();
    struct pair a, b;
    pair_open(&a);
    pair_open(&b);
    peer_writes(&a);
    peer_writes(&b);
    CHECK_INT(loop_file_add(loop, a.mine, LOOP_READABLE, turns_inside, &a), 0);
    CHECK_INT(loop_file_add(loop, b.mine, LOOP_READABLE, turns_inside, &b), 0);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK(a.calls >= 1);
    CHECK(b.calls >= 1);
    CHECK_INT(loop_turn(loop, LOOK), 0);
    loop_free(loop);
    pair_close(&a);
    pair_close(&b);
}

/* -- timers ------------------------------------------------------------------------------- */

struct virtual_clock {
    uint64_t now_ns;
    struct clock_source source;
};

static uint64_t virtual_mono(void *arg)
{
    return ((struct virtual_clock *)arg)->now_ns;
}

static uint64_t virtual_wall(void *arg)
{
    return ((struct virtual_clock *)arg)->now_ns / 1000;
}

static struct loop *loop_with_clock(struct virtual_clock *clock)
{
    clock->now_ns = 1000000000;
    clock->source = (struct clock_source){ virtual_mono, virtual_wall, clock };
    clock_set_source(&clock->source);
    return loop_make();
}

static void loop_clock_free(struct loop *loop)
{
    loop_free(loop);
    clock_set_source(NULL);
}

static void pass_ms(struct virtual_clock *clock, uint64_t ms)
{
    clock->now_ns += ms * 1000000;
}

struct tick {
    int runs;
    int64_t again_ms;
    char *log; /* the name is written here */
    char name;
    loop_timer own, victim;
    bool removed;
};

static int64_t ticked(struct loop *loop, void *arg)
{
    struct tick *t = arg;
    t->runs++;
    if (t->log)
        (void)strncat(t->log, &t->name, 1);
    if (t->victim)
        t->removed = loop_timer_remove(loop, t->victim);
    return t->again_ms;
}

TEST(a_timer_runs_when_it_is_due_and_not_before)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    struct tick t = { .again_ms = LOOP_TIMER_ONCE };
    CHECK_INT(loop_timer_nearest_ns(loop), -1);
    loop_timer timer = loop_timer_add(loop, 10, ticked, &t);
    CHECK(timer != 0);
    CHECK_INT(loop_timer_nearest_ns(loop), 10000000);
    (void)loop_turn(loop, LOOK);
    pass_ms(&clock, 9);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 0);
    pass_ms(&clock, 1);
    CHECK_INT(loop_timer_nearest_ns(loop), 0);
    CHECK_INT(loop_turn(loop, LOOP_WAIT | LOOP_TIMERS), 1);
    CHECK_INT(t.runs, 1);
    pass_ms(&clock, 100);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 1);
    CHECK(!loop_timer_remove(loop, timer));
    loop_clock_free(loop);
}

TEST(a_periodic_timer_says_when_it_runs_again)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    struct tick t = { .again_ms = 5 };
    loop_timer timer = loop_timer_add(loop, 0, ticked, &t);
    for (int i = 0; i < 10; i++) {
        (void)loop_turn(loop, LOOK);
        pass_ms(&clock, 5);
    }
    CHECK_INT(t.runs, 10);
    CHECK(loop_timer_remove(loop, timer));
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 10);
    loop_clock_free(loop);
}

TEST(a_timer_without_delay_runs_once_a_turn)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    struct tick t = { .again_ms = 0 };
    (void)loop_timer_add(loop, 0, ticked, &t);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 1);
    clock.now_ns++;
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 2);
    loop_clock_free(loop);
}

TEST(timers_of_one_moment_run_in_the_order_of_their_adding)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    char log[32] = "";
    struct tick t[20];
    for (int i = 0; i < 20; i++) {
        t[i] = (struct tick){ .again_ms = LOOP_TIMER_ONCE, .log = log, .name = (char)('a' + i) };
        (void)loop_timer_add(loop, 3, ticked, &t[i]);
    }
    pass_ms(&clock, 3);
    (void)loop_turn(loop, LOOK);
    CHECK_STR(log, "abcdefghijklmnopqrst");
    loop_clock_free(loop);
}

TEST(a_timer_may_remove_itself_and_others)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    struct tick later = { .again_ms = 1 };
    struct tick other = { .again_ms = 1 };
    struct tick self = { .again_ms = 1 };
    loop_timer later_timer = loop_timer_add(loop, 1, ticked, &later);
    struct tick killer = { .again_ms = LOOP_TIMER_ONCE, .victim = later_timer };
    (void)loop_timer_add(loop, 0, ticked, &killer);
    self.own = self.victim = loop_timer_add(loop, 0, ticked, &self);
    (void)loop_timer_add(loop, 0, ticked, &other);
    pass_ms(&clock, 0);
    (void)loop_turn(loop, LOOK);
    CHECK(killer.removed);
    CHECK(self.removed);
    pass_ms(&clock, 10);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(later.runs, 0);
    CHECK_INT(self.runs, 1);
    CHECK_INT(other.runs, 2);
    loop_clock_free(loop);
}

TEST(an_old_name_is_not_taken_for_a_new_timer)
{
    struct virtual_clock clock;
    struct loop *loop = loop_with_clock(&clock);
    struct tick t = { .again_ms = LOOP_TIMER_ONCE };
    loop_timer old = loop_timer_add(loop, 1, ticked, &t);
    CHECK(loop_timer_remove(loop, old));
    loop_timer fresh = loop_timer_add(loop, 1, ticked, &t);
    CHECK(fresh != old);
    CHECK(!loop_timer_remove(loop, old));
    CHECK(!loop_timer_remove(loop, 0));
    pass_ms(&clock, 1);
    (void)loop_turn(loop, LOOK);
    CHECK_INT(t.runs, 1);
    loop_clock_free(loop);
}

/* Against a plain model: the moment of each timer, 0 if it is none. */
#define MODEL_TIMERS 300

struct model {
    uint64_t when_ms[MODEL_TIMERS];
    loop_timer timers[MODEL_TIMERS];
    struct model_tick {
        struct model *model;
        size_t index;
    } ticks[MODEL_TIMERS];
    struct virtual_clock clock;
    uint64_t now_ms, last_ms;
};

static int64_t model_ticked(struct loop *loop, void *arg)
{
    (void)loop;
    struct model_tick *t = arg;
    struct model *m = t->model;
    uint64_t when_ms = m->when_ms[t->index];
    CHECK(when_ms != 0);
    CHECK(when_ms <= m->now_ms);
    CHECK(when_ms >= m->last_ms); /* in order */
    m->last_ms = when_ms;
    m->when_ms[t->index] = 0;
    return LOOP_TIMER_ONCE;
}

static void model_change(struct model *m, struct loop *loop, struct rand *r)
{
    size_t i = rand_below(r, MODEL_TIMERS);
    if (m->when_ms[i]) {
        CHECK(loop_timer_remove(loop, m->timers[i]));
        m->when_ms[i] = 0;
        return;
    }
    uint64_t delay_ms = 1 + rand_below(r, 50);
    m->ticks[i] = (struct model_tick){ m, i };
    m->when_ms[i] = m->now_ms + delay_ms;
    m->timers[i] = loop_timer_add(loop, (int64_t)delay_ms, model_ticked, &m->ticks[i]);
}

static void model_check(const struct model *m, const struct loop *loop)
{
    uint64_t nearest = UINT64_MAX;
    for (size_t i = 0; i < MODEL_TIMERS; i++) {
        if (!m->when_ms[i])
            continue;
        CHECK(m->when_ms[i] > m->now_ms);
        nearest = MIN_OF(nearest, m->when_ms[i]);
    }
    int64_t want = nearest == UINT64_MAX ? -1 : (int64_t)(nearest - m->now_ms) * 1000000;
    CHECK_INT(loop_timer_nearest_ns(loop), want);
}

TEST(random_timers_agree_with_a_plain_model)
{
    struct model *m = mem_zalloc(sizeof(*m));
    struct loop *loop = loop_with_clock(&m->clock);
    struct rand r;
    rand_seed(&r, 42);
    m->now_ms = m->clock.now_ns / 1000000;
    for (int round = 0; round < 3000; round++) {
        for (uint64_t n = rand_below(&r, 10); n > 0; n--)
            model_change(m, loop, &r);
        uint64_t step = rand_below(&r, 4);
        pass_ms(&m->clock, step);
        m->now_ms += step;
        m->last_ms = 0;
        (void)loop_turn(loop, LOOP_TIMERS);
        model_check(m, loop);
    }
    loop_clock_free(loop);
    mem_free(m);
}

/* -- hooks -------------------------------------------------------------------------------- */

struct hooked {
    char *log;
    char name;
    struct loop_hook *victim;
};

static void hook_ran(struct loop *loop, void *arg)
{
    struct hooked *h = arg;
    (void)strncat(h->log, &h->name, 1);
    if (h->victim)
        loop_hook_remove(loop, h->victim);
    h->victim = NULL;
}

TEST(hooks_run_before_and_after_the_wait_in_order)
{
    struct loop *loop = loop_make();
    char log[32] = "";
    struct hooked a = { log, 'a', NULL }, b = { log, 'b', NULL };
    struct hooked x = { log, 'x', NULL }, y = { log, 'y', NULL };
    (void)loop_hook_after_wait(loop, hook_ran, &x);
    struct loop_hook *first = loop_hook_before_wait(loop, hook_ran, &a);
    (void)loop_hook_before_wait(loop, hook_ran, &b);
    (void)loop_hook_after_wait(loop, hook_ran, &y);
    (void)loop_turn(loop, LOOK);
    CHECK_STR(log, "abxy");
    (void)loop_turn(loop, LOOP_TIMERS);
    CHECK_STR(log, "abxy");
    loop_hook_remove(loop, first);
    (void)loop_turn(loop, LOOK);
    CHECK_STR(log, "abxybxy");
    loop_free(loop);
}

TEST(a_hook_may_remove_itself_and_the_next)
{
    struct loop *loop = loop_make();
    char log[32] = "";
    struct hooked a = { log, 'a', NULL }, b = { log, 'b', NULL }, c = { log, 'c', NULL };
    struct loop_hook *first = loop_hook_before_wait(loop, hook_ran, &a);
    a.victim = first;
    b.victim = loop_hook_before_wait(loop, hook_ran, &b);
    struct loop_hook *third = loop_hook_before_wait(loop, hook_ran, &c);
    b.victim = third;
    (void)loop_turn(loop, LOOK);
    (void)loop_turn(loop, LOOK);
    CHECK_STR(log, "abb");
    loop_free(loop);
}

/* -- wake-ups and stopping ---------------------------------------------------------------- */

#define POSTERS 4
#define POSTS_EACH 2000

struct poster {
    struct loop *loop;
    struct counted_post {
        struct loop_post post;
        struct poster *owner;
        int number;
    } posts[POSTS_EACH];
    int seen;
    pthread_t thread;
};

static void counted(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct counted_post *c = CONTAINER_OF(post, struct counted_post, post);
    CHECK_INT(c->number, c->owner->seen); /* in the order of posting */
    c->owner->seen++;
}

static void *post_all(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < POSTS_EACH; i++) {
        p->posts[i] = (struct counted_post){ { NULL, counted }, p, i };
        loop_post(p->loop, &p->posts[i].post);
    }
    return NULL;
}

TEST(what_other_threads_post_is_run_once_and_in_order)
{
    struct loop *loop = loop_make();
    struct poster *posters = mem_zalloc(POSTERS * sizeof(*posters));
    for (int i = 0; i < POSTERS; i++) {
        posters[i].loop = loop;
        CHECK_INT(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    int seen = 0;
    while (seen < POSTERS * POSTS_EACH) {
        (void)loop_turn(loop, LOOP_WAIT); /* hangs if a wake-up is lost */
        seen = 0;
        for (int i = 0; i < POSTERS; i++)
            seen += posters[i].seen;
    }
    for (int i = 0; i < POSTERS; i++)
        CHECK_INT(pthread_join(posters[i].thread, NULL), 0);
    CHECK_INT(seen, POSTERS * POSTS_EACH);
    loop_free(loop);
    mem_free(posters);
}

static void *stop_loop(void *arg)
{
    loop_stop(arg);
    return NULL;
}

TEST(a_running_loop_is_stopped_by_another_thread)
{
    struct loop *loop = loop_make();
    pthread_t thread;
    CHECK(!loop_is_stopped(loop));
    CHECK_INT(pthread_create(&thread, NULL, stop_loop, loop), 0);
    loop_run(loop);
    CHECK(loop_is_stopped(loop));
    CHECK_INT(pthread_join(thread, NULL), 0);
    loop_free(loop);
}

TEST(a_turn_does_not_wait_when_told_so_or_woken)
{
    struct loop *loop = loop_make();
    loop_dont_wait(loop);
    CHECK_INT(loop_turn(loop, LOOP_WAIT), 0);
    loop_wake(loop);
    loop_wake(loop);
    (void)loop_turn(loop, LOOP_WAIT);
    loop_wake(loop);
    (void)loop_turn(loop, LOOP_WAIT);
    CHECK_STR(loop_backend_name(loop), "epoll");
    loop_free(loop);
}
