/* One thread, one queue, and the way back to the loop. */
#include "event/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/assert.h"
#include "base/mem.h"
#include "event/loop.h"

#define NAME_CHARS 16 /* the kernel's limit, with the NUL */

struct worker_job {
    worker_fn run, completed;
    void *arg;
    struct worker_job *next;
};

struct job_queue {
    struct worker_job *first, *last;
};

struct worker {
    struct loop *loop;
    pthread_t thread;
    pthread_mutex_t lock;  /* of everything below but `pending` and the name */
    pthread_cond_t wanted; /* a job came, or the end */
    pthread_cond_t idle;   /* `pending` became 0 */
    struct job_queue todo, done;
    bool started; /* the loop's thread alone reads and sets it */
    bool ending;
    struct loop_post post;
    bool posted;
    _Atomic size_t pending;
    char name[NAME_CHARS];
};

static void *work(void *arg);
static void job_done(struct worker *w, struct worker_job *job);
static void run_completions(struct loop *loop, struct loop_post *post);

static void queue_push(struct job_queue *q, struct worker_job *job)
{
    job->next = NULL;
    if (q->last)
        q->last->next = job;
    else
        q->first = job;
    q->last = job;
}

static struct worker_job *queue_pop(struct job_queue *q)
{
    struct worker_job *job = q->first;
    if (!job)
        return NULL;
    q->first = job->next;
    if (!q->first)
        q->last = NULL;
    return job;
}

void worker_block_signals(sigset_t *ret_before)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGUSR2 };
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        sigdelset(&blocked, own[i]);
    int error = pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
    ASSERT(error == 0);
}

static int start_thread(struct worker *w)
{
    sigset_t before;
    worker_block_signals(&before);
    int failed = pthread_create(&w->thread, NULL, work, w);
    int error = pthread_sigmask(SIG_SETMASK, &before, NULL);
    ASSERT(error == 0);
    return -failed;
}

struct worker *worker_new(struct loop *loop, const char *name)
{
    struct worker *w = mem_zalloc(sizeof(*w));
    w->loop = loop;
    w->post.fn = run_completions;
    for (size_t i = 0; name[i] && i < NAME_CHARS - 1; i++)
        w->name[i] = name[i];
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wanted, NULL);
    pthread_cond_init(&w->idle, NULL);
    return w;
}

struct worker *worker_free(struct worker *w)
{
    if (!w)
        return NULL;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);

    if (w->posted)
        loop_run_posts(w->loop);
    ASSERT(!w->posted);
    ASSERT(!w->todo.first);
    pthread_cond_destroy(&w->idle);
    pthread_cond_destroy(&w->wanted);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
    return NULL;
}

void worker_submit(struct worker *w, worker_fn run, worker_fn completed, void *arg)
{
    ASSERT(run);
    ASSERT(!completed || w->loop);
    struct worker_job *job = mem_alloc(sizeof(*job));
    *job = (struct worker_job){ run, completed, arg, NULL };
    if (UNLIKELY(!w->started))
        w->started = start_thread(w) == 0;
    atomic_fetch_add(&w->pending, 1);
    if (UNLIKELY(!w->started)) {
        run(arg);
        job_done(w, job);
        return;
    }
    pthread_mutex_lock(&w->lock);
    ASSERT(!w->ending);
    queue_push(&w->todo, job);
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
}

size_t worker_pending(const struct worker *w)
{
    return atomic_load(&w->pending);
}

void worker_drain(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (worker_pending(w) > 0)
        pthread_cond_wait(&w->idle, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

/* -- the thread --------------------------------------------------------------------------- */

static struct worker_job *job_wait(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->todo.first && !w->ending)
        pthread_cond_wait(&w->wanted, &w->lock);
    struct worker_job *job = queue_pop(&w->todo);
    pthread_mutex_unlock(&w->lock);
    return job;
}

static void job_done(struct worker *w, struct worker_job *job)
{
    pthread_mutex_lock(&w->lock);
    if (!job->completed) {
        mem_free(job);
    } else {
        queue_push(&w->done, job);
        if (!w->posted)
            loop_post(w->loop, &w->post);
        w->posted = true;
    }
    if (atomic_fetch_sub(&w->pending, 1) == 1)
        pthread_cond_broadcast(&w->idle);
    pthread_mutex_unlock(&w->lock);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    (void)pthread_setname_np(pthread_self(), w->name);
    mem_thread_enter();
    for (struct worker_job *job = job_wait(w); job; job = job_wait(w)) {
        job->run(job->arg);
        job_done(w, job);
    }
    mem_thread_leave();
    return NULL;
}

/* -- the loop's thread -------------------------------------------------------------------- */

static void run_completions(struct loop *loop, struct loop_post *post)
{
    (void)loop;
    struct worker *w = CONTAINER_OF(post, struct worker, post);
    pthread_mutex_lock(&w->lock);
    struct job_queue done = w->done;
    w->done = (struct job_queue){ NULL, NULL };
    w->posted = false;
    pthread_mutex_unlock(&w->lock);
    for (struct worker_job *job = queue_pop(&done); job; job = queue_pop(&done)) {
        job->completed(job->arg);
        mem_free(job);
    }
}
