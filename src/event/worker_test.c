/* Workers: order, completions on the loop's thread, draining, ending with work left. */
#include "event/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "event/loop.h"
#include "tests/unit/check.h"

struct seen {
    int runs, completions;
    int order[100];
    pthread_t run_on, completed_on;
    char name[16];
    sigset_t mask;
    int gate[2]; /* a job that waits reads from it */
};

struct numbered {
    struct seen *seen;
    int number;
};

static void run_numbered(void *arg)
{
    struct numbered *n = arg;
    n->seen->order[n->seen->runs++] = n->number;
    n->seen->run_on = pthread_self();
}

static void completed_numbered(void *arg)
{
    struct numbered *n = arg;
    n->seen->completions++;
    n->seen->completed_on = pthread_self();
}

static void look_around(void *arg)
{
    struct seen *s = arg;
    (void)pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
}

static void wait_at_gate(void *arg)
{
    struct seen *s = arg;
    char c;
    (void)!read(s->gate[0], &c, 1);
}

TEST(jobs_run_in_order_on_another_thread)
{
    struct worker *w = worker_new(NULL, "test");
    struct seen s = { .runs = 0 };
    struct numbered n[100];
    for (int i = 0; i < 100; i++) {
        n[i] = (struct numbered){ &s, i };
        worker_submit(w, run_numbered, NULL, &n[i]);
    }
    worker_drain(w);
    CHECK_UINT(worker_pending(w), 0);
    CHECK_INT(s.runs, 100);
    for (int i = 0; i < 100; i++)
        CHECK_INT(s.order[i], i);
    CHECK(!pthread_equal(s.run_on, pthread_self()));
    worker_free(w);
}

TEST(completions_run_on_the_thread_of_the_loop)
{
    struct loop *loop = NULL;
    struct worker *w;
    struct seen s = { .runs = 0 };
    struct numbered n[50];
    CHECK_INT(loop_new(64, &loop), 0);
    w = worker_new(loop, "test");
    for (int i = 0; i < 50; i++) {
        n[i] = (struct numbered){ &s, i };
        worker_submit(w, run_numbered, completed_numbered, &n[i]);
    }
    while (s.completions < 50)
        (void)loop_turn(loop, LOOP_WAIT);
    CHECK(pthread_equal(s.completed_on, pthread_self()));
    CHECK(!pthread_equal(s.run_on, pthread_self()));
    worker_free(w);
    loop_free(loop);
}

TEST(pending_counts_what_has_not_run)
{
    struct worker *w;
    struct seen s = { .runs = 0 };
    struct numbered n = { &s, 7 };
    CHECK_INT(pipe(s.gate), 0);
    w = worker_new(NULL, "test");
    worker_submit(w, wait_at_gate, NULL, &s);
    worker_submit(w, run_numbered, NULL, &n);
    CHECK_UINT(worker_pending(w), 2);
    CHECK_INT(write(s.gate[1], "g", 1), 1);
    worker_drain(w);
    CHECK_UINT(worker_pending(w), 0);
    CHECK_INT(s.runs, 1);
    worker_free(w);
    (void)close(s.gate[0]);
    (void)close(s.gate[1]);
}

TEST(a_worker_that_is_freed_does_its_work_and_tells)
{
    struct loop *loop = NULL;
    struct worker *w;
    struct seen s = { .runs = 0 };
    struct numbered n[20];
    CHECK_INT(loop_new(64, &loop), 0);
    w = worker_new(loop, "test");
    for (int i = 0; i < 20; i++) {
        n[i] = (struct numbered){ &s, i };
        worker_submit(w, run_numbered, completed_numbered, &n[i]);
    }
    worker_free(w);
    CHECK_INT(s.runs, 20);
    CHECK_INT(s.completions, 20);
    loop_free(loop);
}

TEST(a_worker_has_its_name_and_takes_no_signals_but_those_of_a_crash)
{
    struct worker *w = worker_new(NULL, "a_name_much_too_long");
    struct seen s = { .runs = 0 };
    worker_submit(w, look_around, NULL, &s);
    worker_drain(w);
    CHECK_STR(s.name, "a_name_much_too");
    CHECK_INT(sigismember(&s.mask, SIGTERM), 1);
    CHECK_INT(sigismember(&s.mask, SIGUSR1), 1);
    CHECK_INT(sigismember(&s.mask, SIGALRM), 1);
    CHECK_INT(sigismember(&s.mask, SIGSEGV), 0);
    CHECK_INT(sigismember(&s.mask, SIGUSR2), 0);
    sigset_t own;
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &own), 0);
    CHECK_INT(sigismember(&own, SIGTERM), 0);
    worker_free(w);
}

TEST(the_thread_starts_with_the_first_job_so_a_child_may_take_over)
{
    struct worker *w = worker_new(NULL, "test");
    struct seen s = { .runs = 0 };
    pid_t pid = fork();
    if (pid == 0) {
        struct numbered n = { &s, 7 };
        worker_submit(w, run_numbered, NULL, &n);
        worker_drain(w);
        bool ran = s.runs == 1 && !pthread_equal(s.run_on, pthread_self());
        worker_free(w);
        _exit(ran ? 0 : 1);
    }
    int status;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    worker_free(w);
}
