/* The event loop: turns, descriptors, hooks, wake-ups. Timers are in timers.c. */
#include "event/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "event/backend.h"
#include "event/timers_priv.h"

#define NS_PER_MS 1000000
#define FILES_MIN 64

#define BOTH ((uint32_t)(LOOP_READABLE | LOOP_WRITABLE))
#define WATCHED (BOTH | LOOP_EDGE)

struct file {
    loop_file_fn on_read, on_write; /* valid where the mask says so */
    void *arg;
    uint32_t mask;
    uint32_t generation; /* one more whenever the descriptor is given up */
};
static_assert(sizeof(struct file) <= 32, "an idle descriptor must stay cheap");

struct loop_hook {
    struct list node;
    loop_hook_fn fn; /* NULL: removed, freed when no walk is under way */
    void *arg;
};

struct loop {
    const struct loop_backend *backend;
    void *backend_state;
    struct file *files; /* grows with the highest descriptor, up to fd_max */
    size_t file_cap, fd_max;
    struct loop_ready *ready_spare; /* room for collected events; a nested turn makes its own */
    struct timers timers;
    struct list before_wait, after_wait;
    int hook_walks;
    bool hooks_removed;
    bool dont_wait;
    uint64_t turns;
    int depth; /* turns under way */
    _Atomic bool stopped;
    _Atomic bool woken; /* the eventfd is, or is about to be, readable */
    int wake_fd;
    _Atomic(struct loop_post *) posts; /* newest first */
};

static void wake_seen(struct loop *loop, int fd, uint32_t ready, void *arg);

int loop_new(size_t fd_max, struct loop **ret_loop)
{
    return loop_new_on(&loop_backend_epoll, fd_max, ret_loop);
}

int loop_new_on(const struct loop_backend *backend, size_t fd_max, struct loop **ret_loop)
{
    void *state = NULL;
    int error = backend->open(&state);
    if (error < 0)
        return error;

    struct loop *loop = mem_zalloc(sizeof(*loop));
    loop->backend = backend;
    loop->backend_state = state;
    loop->fd_max = fd_max;
    loop->wake_fd = -1;
    timers_init(&loop->timers);
    list_init(&loop->before_wait);
    list_init(&loop->after_wait);

    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    error = fd < 0 ? -errno : loop_file_add(loop, fd, LOOP_READABLE, wake_seen, NULL);
    loop->wake_fd = fd;
    if (error < 0) {
        loop_free(loop);
        return error;
    }
    *ret_loop = loop;
    return 0;
}

static void hooks_free(struct list *hooks)
{
    LIST_FOR_EACH_SAFE(node, hooks)
    {
        list_unlink(node);
        mem_free(LIST_ENTRY(node, struct loop_hook, node));
    }
}

struct loop *loop_free(struct loop *loop)
{
    if (!loop)
        return NULL;
    loop_run_posts(loop);
    hooks_free(&loop->before_wait);
    hooks_free(&loop->after_wait);
    timers_done(&loop->timers);
    loop->backend->close(loop->backend_state);
    if (loop->wake_fd >= 0)
        (void)close(loop->wake_fd);
    mem_free(loop->ready_spare);
    mem_free(loop->files);
    mem_free(loop);
    return NULL;
}

const char *loop_backend_name(const struct loop *loop)
{
    return loop->backend->name;
}

void *loop_backend_state(const struct loop *loop, const struct loop_backend *backend)
{
    return loop->backend == backend ? loop->backend_state : NULL;
}

/* -- files -------------------------------------------------------------------------------- */

static uint64_t file_token(const struct loop *loop, int fd)
{
    return (uint64_t)loop->files[fd].generation << 32 | (uint32_t)fd;
}

static void files_grow(struct loop *loop, size_t wanted)
{
    size_t cap = MAX_OF(loop->file_cap * 2, MAX_OF(wanted, (size_t)FILES_MIN));
    cap = MIN_OF(cap, loop->fd_max);
    ASSERT(cap >= wanted);
    loop->files = mem_realloc(loop->files, cap * sizeof(*loop->files));
    memset(loop->files + loop->file_cap, 0, (cap - loop->file_cap) * sizeof(*loop->files));
    loop->file_cap = cap;
}

int loop_file_add(struct loop *loop, int fd, uint32_t mask, loop_file_fn fn, void *arg)
{
    ASSERT(fd >= 0);
    ASSERT(fn);
    ASSERT(mask & BOTH);
    if ((size_t)fd >= loop->fd_max)
        return -ERANGE;
    if ((size_t)fd >= loop->file_cap)
        files_grow(loop, (size_t)fd + 1);

    struct file *f = &loop->files[fd];
    uint32_t before = f->mask & WATCHED;
    uint32_t after = (f->mask | mask) & WATCHED;
    if (after != before) {
        int error = loop->backend->watch(loop->backend_state, fd, before, after,
                                         file_token(loop, fd));
        if (error < 0)
            return error;
    }
    f->mask |= mask;
    f->arg = arg;
    if (mask & LOOP_READABLE)
        f->on_read = fn;
    if (mask & LOOP_WRITABLE)
        f->on_write = fn;
    return 0;
}

void loop_file_remove(struct loop *loop, int fd, uint32_t mask)
{
    uint32_t had = loop_file_mask(loop, fd);
    if (!(had & mask))
        return;
    struct file *f = &loop->files[fd];
    if (mask & LOOP_WRITABLE)
        mask |= LOOP_BARRIER;
    f->mask = had & ~mask;
    if (!(f->mask & BOTH))
        f->mask = 0;
    if ((had & WATCHED) == (f->mask & WATCHED))
        return;
    /* It can fail only for a descriptor that was closed first, against the contract. */
    int error = loop->backend->watch(loop->backend_state, fd, had & WATCHED, f->mask & WATCHED,
                                     file_token(loop, fd));
    ASSERT(error == 0);
    if (!f->mask)
        f->generation++;
}

uint32_t loop_file_mask(const struct loop *loop, int fd)
{
    ASSERT(fd >= 0);
    return (size_t)fd < loop->file_cap ? loop->files[fd].mask : 0;
}

static int watch_all(struct loop *loop, const struct loop_backend *backend, void *state)
{
    for (size_t fd = 0; fd < loop->file_cap; fd++) {
        uint32_t mask = loop->files[fd].mask & WATCHED;
        int error = mask ? backend->watch(state, (int)fd, 0, mask, file_token(loop, (int)fd)) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

int loop_set_backend(struct loop *loop, const struct loop_backend *backend)
{
    ASSERT(loop->depth == 0);
    void *state = NULL;
    int error = backend->open(&state);
    if (error < 0)
        return error;
    error = watch_all(loop, backend, state);
    if (error < 0) {
        backend->close(state);
        return error;
    }
    loop->backend->close(loop->backend_state);
    loop->backend = backend;
    loop->backend_state = state;
    return 0;
}

size_t loop_fd_max(const struct loop *loop)
{
    return loop->fd_max;
}

int loop_resize(struct loop *loop, size_t fd_max)
{
    for (size_t fd = fd_max; fd < loop->file_cap; fd++)
        if (loop->files[fd].mask)
            return -ERANGE;
    loop->fd_max = fd_max; /* the array stays: collected events may still be looked up in it */
    return 0;
}

/* -- timers ------------------------------------------------------------------------------- */

loop_timer loop_timer_add(struct loop *loop, int64_t delay_ms, loop_timer_fn fn, void *arg)
{
    ASSERT(delay_ms >= 0);
    return timers_add(&loop->timers, clock_mono_ns() + (uint64_t)delay_ms * NS_PER_MS, fn, arg);
}

bool loop_timer_remove(struct loop *loop, loop_timer timer)
{
    return timers_remove(&loop->timers, timer);
}

int64_t loop_timer_nearest_ns(const struct loop *loop)
{
    uint64_t when_ns = 0;
    if (!timers_nearest(&loop->timers, &when_ns))
        return -1;
    uint64_t now_ns = clock_mono_ns();
    return when_ns > now_ns ? (int64_t)(when_ns - now_ns) : 0;
}

/* -- hooks -------------------------------------------------------------------------------- */

static struct loop_hook *hook_add(struct list *hooks, loop_hook_fn fn, void *arg)
{
    ASSERT(fn);
    struct loop_hook *hook = mem_alloc(sizeof(*hook));
    hook->fn = fn;
    hook->arg = arg;
    list_push_back(hooks, &hook->node);
    return hook;
}

struct loop_hook *loop_hook_before_wait(struct loop *loop, loop_hook_fn fn, void *arg)
{
    return hook_add(&loop->before_wait, fn, arg);
}

struct loop_hook *loop_hook_after_wait(struct loop *loop, loop_hook_fn fn, void *arg)
{
    return hook_add(&loop->after_wait, fn, arg);
}

void loop_hook_remove(struct loop *loop, struct loop_hook *hook)
{
    if (loop->hook_walks > 0) {
        hook->fn = NULL;
        loop->hooks_removed = true;
        return;
    }
    list_unlink(&hook->node);
    mem_free(hook);
}

static void hooks_sweep(struct list *hooks)
{
    LIST_FOR_EACH_SAFE(node, hooks)
    {
        struct loop_hook *hook = LIST_ENTRY(node, struct loop_hook, node);
        if (hook->fn)
            continue;
        list_unlink(node);
        mem_free(hook);
    }
}

static void hooks_run(struct loop *loop, struct list *hooks)
{
    loop->hook_walks++;
    for (struct list *node = hooks->next; node != hooks; node = node->next) {
        struct loop_hook *hook = LIST_ENTRY(node, struct loop_hook, node);
        if (hook->fn)
            hook->fn(loop, hook->arg);
    }
    loop->hook_walks--;
    if (loop->hooks_removed && loop->hook_walks == 0) {
        loop->hooks_removed = false;
        hooks_sweep(&loop->before_wait);
        hooks_sweep(&loop->after_wait);
    }
}

/* -- wake-ups ----------------------------------------------------------------------------- */

void loop_wake(struct loop *loop)
{
    if (atomic_exchange(&loop->woken, true))
        return;
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));
    ASSERT(written == sizeof(one));
}

static void wake_seen(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)ready;
    (void)arg;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got; /* nothing to read: a nested turn was faster */
    /* After the read: a waker that sees the flag still set has its post taken by this turn, which
     * looks at the posts next. The other order could swallow a wake-up and never be woken again. */
    atomic_exchange(&loop->woken, false);
}

void loop_post(struct loop *loop, struct loop_post *post)
{
    post->next = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&loop->posts, &post->next, post))
        continue;
    loop_wake(loop);
}

void loop_run_posts(struct loop *loop)
{
    struct loop_post *newest = atomic_exchange(&loop->posts, NULL);
    struct loop_post *oldest = NULL;
    while (newest) {
        struct loop_post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct loop_post *post = oldest;
        oldest = post->next; /* the call may free or reuse it */
        post->fn(loop, post);
    }
}

/* -- turns -------------------------------------------------------------------------------- */

static bool file_is(const struct loop *loop, uint64_t token)
{
    size_t fd = (uint32_t)token;
    return fd < loop->file_cap && loop->files[fd].generation == token >> 32;
}

static void call_one(struct loop *loop, const struct loop_ready *event, uint32_t direction)
{
    if (!file_is(loop, event->token))
        return; /* the other direction's handler gave it up */
    int fd = (int)(uint32_t)event->token;
    struct file f = loop->files[fd];
    if (f.mask & event->mask & direction)
        (direction == LOOP_READABLE ? f.on_read : f.on_write)(loop, fd, direction, f.arg);
}

/* Whether a handler was called. */
static bool dispatch(struct loop *loop, const struct loop_ready *event)
{
    if (!file_is(loop, event->token))
        return false;
    int fd = (int)(uint32_t)event->token;
    struct file f = loop->files[fd]; /* handlers may move the array */
    uint32_t ready = f.mask & event->mask & BOTH;

    if (f.mask & LOOP_EDGE) {
        f.on_read(loop, fd, ready | (event->mask & LOOP_HANGUP), f.arg);
    } else if (ready == BOTH && f.on_read == f.on_write) {
        f.on_read(loop, fd, ready, f.arg);
    } else if (f.mask & LOOP_BARRIER) {
        call_one(loop, event, LOOP_WRITABLE);
        call_one(loop, event, LOOP_READABLE);
    } else {
        call_one(loop, event, LOOP_READABLE);
        call_one(loop, event, LOOP_WRITABLE);
    }
    return ready != 0;
}

static int64_t wait_ns(struct loop *loop, uint32_t what)
{
    bool look = loop->dont_wait || !(what & LOOP_WAIT) || atomic_load(&loop->stopped);
    loop->dont_wait = false;
    if (look)
        return 0;
    return what & LOOP_TIMERS ? loop_timer_nearest_ns(loop) : -1;
}

int loop_turn(struct loop *loop, uint32_t what)
{
    loop->turns++;
    loop->depth++;
    if (what & LOOP_HOOKS)
        hooks_run(loop, &loop->before_wait);

    struct loop_ready *ready = loop->ready_spare;
    loop->ready_spare = NULL;
    if (!ready)
        ready = mem_alloc(LOOP_EVENTS_MAX * sizeof(*ready));
    int count = loop->backend->wait(loop->backend_state, ready, LOOP_EVENTS_MAX,
                                    wait_ns(loop, what));
    if (what & LOOP_HOOKS)
        hooks_run(loop, &loop->after_wait);

    int handled = loop->backend->complete ? loop->backend->complete(loop->backend_state, loop) : 0;
    for (int i = 0; i < count; i++)
        handled += dispatch(loop, &ready[i]);
    mem_free(loop->ready_spare); /* that of a nested turn, if any */
    loop->ready_spare = ready;

    loop_run_posts(loop);
    if (what & LOOP_TIMERS)
        handled += timers_run(&loop->timers, loop, clock_mono_ns());
    loop->depth--;
    return handled;
}

uint64_t loop_turns(const struct loop *loop)
{
    return loop->turns;
}

void loop_run(struct loop *loop)
{
    while (!atomic_load(&loop->stopped))
        (void)loop_turn(loop, LOOP_TURN_FULL);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopped, true);
    loop_wake(loop);
}

bool loop_is_stopped(const struct loop *loop)
{
    return atomic_load(&loop->stopped);
}

void loop_dont_wait(struct loop *loop)
{
    loop->dont_wait = true;
}
