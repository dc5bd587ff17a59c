/* The child process: fork, the pipe, the end.
 *
 * The pipe carries whole records of the same size, each shorter than PIPE_BUF, so none is torn; a full pipe drops one,
 * since the next says more. The child's end is seen by a pidfd in the loop, or by the periodic job where the kernel has
 * none. */
#include "persist/children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/blob.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "dispatch/latency.h"
#include "event/loop.h"
#include "persist/children_priv.h"
#include "persist/persist_priv.h"
#include "types/string.h"

/* How a child ends that was asked to go; what run() returns is an errno, and those are smaller. */
#define STATUS_ASKED_TO_GO 255
#define STATUS_ERROR_MAX 254
/* How long one that was asked to go may take, before it is not asked any more. */
#define GO_PATIENCE_MS 1000

struct report {
    uint64_t keys;
    uint64_t cow_bytes;
    bool has_cow;
};

static_assert(sizeof(struct report) <= PIPE_BUF, "reports are written whole or not at all");

struct children {
    struct persist *persist;
    struct child_work work; /* kind CHILD_NONE: there is no child */
    pid_t pid;
    int pipe, pidfd; /* -1: none */
    uint64_t started_ns;
    bool pause_after_fork;

    /* of the present child */
    struct report latest;
    uint64_t cow_peak, cow_at_ns, keys_total;

    uint64_t forks, fork_us;
    uint64_t last_cow[CHILD_KIND_COUNT];
};

/* ---- in the child ---- */

struct child_progress {
    int pipe;
    struct report report;
    uint64_t next_look; /* at the clock: when so many keys are done */
    uint64_t told_ns;
    uint64_t cow_at_ns, cow_cost_ns;
    uint64_t cow_peak, cow_sum, cow_looks;
};

/* The clock is asked once in so many keys. */
#define LOOK_KEYS 64
#define TELL_NS (UINT64_C(1000) * 1000 * 1000)
/* Finding out what was copied takes long in a big process: at most this part of the time goes into it. */
#define COW_COST_PART 100

uint64_t child_parse_private_dirty(const char *text)
{
    const char *at = strstr(text, "Private_Dirty:");
    unsigned long long kib = 0;
    if (!at || sscanf(at, "Private_Dirty: %llu kB", &kib) != 1)
        return 0;
    return kib * 1024;
}

/* What is private here the parent has copied, or this child; the sum is what the fork costs. */
static uint64_t copied_bytes(void)
{
    char text[2048];
    const struct file_layer *kernel = file_kernel_layer();
    int fd = kernel->open(NULL, "/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    ssize_t len = kernel->read(NULL, fd, text, sizeof(text) - 1);
    (void)kernel->close(NULL, fd);
    text[MAX_OF(len, (ssize_t)0)] = '\0';
    return child_parse_private_dirty(text);
}

static void look_at_cow(struct child_progress *p, uint64_t now_ns)
{
    p->report.cow_bytes = copied_bytes();
    p->report.has_cow = true;
    p->cow_at_ns = clock_mono_ns();
    p->cow_cost_ns = p->cow_at_ns - now_ns;
    p->cow_peak = MAX_OF(p->cow_peak, p->report.cow_bytes);
    p->cow_sum += p->report.cow_bytes;
    p->cow_looks++;
}

static void tell(const struct child_progress *p)
{
    (void)!file_kernel_layer()->write(NULL, p->pipe, &p->report, sizeof(p->report));
}

static void look_at_clock(struct child_progress *p)
{
    uint64_t now_ns = clock_mono_ns();
    p->next_look = p->report.keys + LOOK_KEYS;
    if (now_ns - p->told_ns < TELL_NS)
        return;
    p->told_ns = now_ns;
    p->report.has_cow = false;
    if (now_ns - p->cow_at_ns >= p->cow_cost_ns * COW_COST_PART)
        look_at_cow(p, now_ns);
    tell(p);
}

void child_did_keys(struct child_progress *p, uint64_t keys)
{
    p->report.keys = keys;
    if (UNLIKELY(keys >= p->next_look))
        look_at_clock(p);
}

/* Only strings: the other types' memory is small blocks, many to a page. A blob may be that of another key, too (COPY),
 * which is still to be written. */
void child_release(struct child_progress *p, const struct entry *e)
{
    if (!p || entry_type(e) != TYPE_STRING)
        return;
    const struct blob *blob = string_blob(e);
    if (!blob || blob_is_shared(blob))
        return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)blob->bytes + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)(blob->bytes + blob->cap) & ~(page - 1);
    if (end > first)
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
}

static void go(int signal UNUSED)
{
    log_from_handler("Received SIGUSR1 in child, exiting now.");
    _exit(STATUS_ASKED_TO_GO);
}

/* What the parent does at these is not the child's affair; crashes are reported as in the parent. */
static void reset_signals(void)
{
    static const int plain[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD };
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        (void)sigaction(plain[i], &action, NULL);
    action.sa_handler = go;
    (void)sigaction(SIGUSR1, &action, NULL);
    sigset_t all;
    sigemptyset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
}

/* A connection that the parent closes shall be closed, and a port that it leaves be free. Other descriptors do no
 * harm, and may be somebody's who does not know of the fork. */
static void close_sockets(int fd_max, int but)
{
    for (int fd = STDERR_FILENO + 1; fd < fd_max; fd++) {
        struct stat st;
        if (fd != but && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            (void)close(fd);
    }
}

static unsigned long long mib(uint64_t bytes)
{
    return bytes >> 20;
}

static void tell_the_last(struct child_progress *p, enum child_kind kind)
{
    look_at_cow(p, clock_mono_ns());
    log_write(LOG_NOTICE, "Fork CoW for %s: current %llu MB, peak %llu MB, average %llu MB",
              kind == CHILD_SNAPSHOT ? "RDB" : "AOF rewrite", mib(p->report.cow_bytes),
              mib(p->cow_peak), mib(p->cow_sum / p->cow_looks));
    tell(p);
}

NORETURN static void be_the_child(struct children *c, const struct child_work *work, int pipe,
                                  pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(STATUS_ASKED_TO_GO); /* it went before it was asked to tell us */
    reset_signals();
    log_set_role('C');
    close_sockets((int)loop_fd_max(c->persist->loop), log_descriptor());
    HOOK_CALL(c->persist->hooks.born, work->kind);

    struct child_progress progress = { .pipe = pipe, .told_ns = clock_mono_ns() };
    int error = work->run(work->arg, &progress);
    if (error == 0)
        tell_the_last(&progress, work->kind);
    _exit(error < 0 ? MIN_OF(-error, STATUS_ERROR_MAX) : 0);
}

/* ---- in the parent: the start ---- */

static uint64_t count_keys(struct keyspace *ks)
{
    uint64_t keys = 0;
    for (int i = 0; i < keyspace_count(ks); i++)
        keys += db_count(keyspace_db(ks, i));
    return keys;
}

static void pause_if_asked(const struct children *c)
{
    if (!c->pause_after_fork)
        return;
    log_write(LOG_NOTICE, "Process is about to stop.");
    (void)raise(SIGSTOP);
    log_write(LOG_NOTICE, "Process has been continued.");
}

static void child_may_be_done(struct loop *loop UNUSED, int fd UNUSED, uint32_t ready UNUSED,
                              void *arg)
{
    children_look(arg);
}

static void watch(struct children *c)
{
    c->pidfd = pidfd_open(c->pid, 0);
    if (c->pidfd < 0)
        return;
    (void)fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
    if (loop_file_add(c->persist->loop, c->pidfd, LOOP_READABLE, child_may_be_done, c) == 0)
        return;
    (void)close(c->pidfd);
    c->pidfd = -1;
}

static void note_start(struct children *c, const struct child_work *work, uint64_t forked_ns)
{
    c->work = *work;
    c->started_ns = forked_ns;
    c->latest = (struct report){ 0 };
    c->cow_peak = c->cow_at_ns = 0;
    c->keys_total = count_keys(c->persist->keyspace);
    uint64_t took_us = (clock_mono_ns() - forked_ns) / 1000;
    c->fork_us = took_us;
    c->forks++;
    latency_record(dispatch_latency(c->persist->dispatch), "fork", (int64_t)(took_us / 1000));
}

int children_start(struct children *c, const struct child_work *work, pid_t *ret_pid)
{
    ASSERT(work->kind != CHILD_NONE);
    if (c->work.kind != CHILD_NONE)
        return -EBUSY;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    uint64_t now_ns = clock_mono_ns();
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        be_the_child(c, work, ends[1], parent);
    int error = -errno;
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return error;
    }
    c->pid = *ret_pid = pid;
    c->pipe = ends[0];
    note_start(c, work, now_ns);
    keyspace_hold(c->persist->keyspace, true);
    watch(c);
    pause_if_asked(c);
    return 0;
}

/* ---- in the parent: meanwhile and the end ---- */

static void read_reports(struct children *c)
{
    struct report r;
    while (read(c->pipe, &r, sizeof(r)) == (ssize_t)sizeof(r)) {
        if (!r.has_cow)
            r.cow_bytes = c->latest.cow_bytes;
        else
            c->cow_at_ns = clock_mono_ns();
        c->latest = r;
        c->cow_peak = MAX_OF(c->cow_peak, r.cow_bytes);
    }
}

static struct child_end end_of(const struct children *c, int status)
{
    struct child_end end = {
        .cow_bytes = c->latest.cow_bytes,
        .took_ms = children_age_ms(c),
    };
    if (WIFSIGNALED(status))
        end.signal = WTERMSIG(status);
    else if (WEXITSTATUS(status) == STATUS_ASKED_TO_GO)
        end.signal = SIGUSR1;
    else
        end.error = -WEXITSTATUS(status);
    if (end.signal)
        end.error = end.signal == SIGUSR1 ? -ECANCELED : -EINTR;
    return end;
}

static void finish(struct children *c, int status)
{
    read_reports(c);
    struct child_end end = end_of(c, status);
    struct child_work work = c->work;
    if (c->pidfd >= 0) {
        loop_file_remove(c->persist->loop, c->pidfd, LOOP_READABLE);
        (void)close(c->pidfd);
    }
    (void)close(c->pipe);
    c->pipe = c->pidfd = -1;
    c->pid = 0;
    c->work = (struct child_work){ .kind = CHILD_NONE };
    if (end.error == 0)
        c->last_cow[work.kind] = end.cow_bytes;
    c->latest = (struct report){ 0 };
    c->keys_total = c->cow_at_ns = 0;
    keyspace_hold(c->persist->keyspace, false);
    work.ended(work.arg, &end);
}

void children_look(struct children *c)
{
    if (LIKELY(c->work.kind == CHILD_NONE))
        return;
    read_reports(c);
    int status = 0;
    pid_t pid = waitpid(c->pid, &status, WNOHANG);
    if (pid == c->pid)
        finish(c, status);
}

bool children_ask_to_go(struct children *c, enum child_kind kind)
{
    if (kind == CHILD_NONE || c->work.kind != kind)
        return false;
    (void)kill(c->pid, SIGUSR1);
    return true;
}

/* It goes at once when it is asked; if it cannot, because it is stopped, it is ended. */
void children_kill(struct children *c, enum child_kind kind)
{
    if (!children_ask_to_go(c, kind))
        return;
    struct pollfd poll_for = { .fd = c->pidfd, .events = POLLIN };
    if (c->pidfd < 0 || poll(&poll_for, 1, GO_PATIENCE_MS) <= 0)
        (void)kill(c->pid, SIGKILL);
    int status = 0;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    finish(c, status);
}

enum child_kind children_kind(const struct children *c)
{
    return c->work.kind;
}

pid_t children_pid(const struct children *c)
{
    return c->pid;
}

int64_t children_age_ms(const struct children *c)
{
    if (c->work.kind == CHILD_NONE)
        return -1;
    return (int64_t)((clock_mono_ns() - c->started_ns) / (1000 * 1000));
}

void children_set_pause_after_fork(struct children *c, bool pause)
{
    c->pause_after_fork = pause;
}

struct children *children_new(struct persist *p)
{
    struct children *c = mem_alloc(sizeof(*c));
    *c = (struct children){ .persist = p, .pipe = -1, .pidfd = -1 };
    return c;
}

void children_free(struct children *c)
{
    mem_free(c);
}

/* ---- what is exported ---- */

static const struct children *self(const void *owner)
{
    return owner;
}

static uint64_t cow_peak(const void *owner)
{
    return self(owner)->cow_peak;
}

static uint64_t cow_size(const void *owner)
{
    return self(owner)->latest.cow_bytes;
}

static uint64_t cow_age(const void *owner)
{
    const struct children *c = owner;
    return c->cow_at_ns ? (clock_mono_ns() - c->cow_at_ns) / (1000 * 1000 * 1000) : 0;
}

static void percent(const void *owner, struct buf *out)
{
    const struct children *c = owner;
    double done = (double)c->latest.keys, total = (double)c->keys_total;
    buf_printf(out, "%.2f", total > 0 ? done / total * 100 : 0);
}

static uint64_t keys_done(const void *owner)
{
    return self(owner)->latest.keys;
}

static uint64_t keys_total(const void *owner)
{
    return self(owner)->keys_total;
}

static uint64_t snapshot_cow(const void *owner)
{
    return self(owner)->last_cow[CHILD_SNAPSHOT];
}

static uint64_t rewrite_cow(const void *owner)
{
    return self(owner)->last_cow[CHILD_REWRITE];
}

static uint64_t fork_us(const void *owner)
{
    return self(owner)->fork_us;
}

static uint64_t forks(const void *owner)
{
    return self(owner)->forks;
}

static const struct metric metrics[] = {
    { .section = "Persistence",
      .name = "current_cow_peak",
      .summary = "The most bytes that the present child process made the kernel copy, or the last.",
      .count = cow_peak },
    { .section = "Persistence",
      .name = "current_cow_size",
      .summary = "Bytes that the present child process made the kernel copy.",
      .count = cow_size },
    { .section = "Persistence",
      .name = "current_cow_size_age",
      .summary = "Seconds since the child process told so.",
      .count = cow_age },
    { .section = "Persistence",
      .name = "current_fork_perc",
      .summary = "Percent of its keys that the present child process has done.",
      .text = percent },
    { .section = "Persistence",
      .name = "current_save_keys_processed",
      .summary = "Keys that the present child process has saved.",
      .count = keys_done },
    { .section = "Persistence",
      .name = "current_save_keys_total",
      .summary = "Keys that there were when it began.",
      .count = keys_total },
    { .section = "Persistence",
      .name = "rdb_last_cow_size",
      .summary = "Bytes that the last snapshot made the kernel copy.",
      .count = snapshot_cow },
    { .section = "Persistence",
      .name = "aof_last_cow_size",
      .summary = "Bytes that the last rewrite made the kernel copy.",
      .count = rewrite_cow },
    { .section = "Stats",
      .name = "latest_fork_usec",
      .summary = "Microseconds that the last fork took.",
      .count = fork_us },
    { .section = "Stats",
      .name = "total_forks",
      .summary = "Child processes since the start.",
      .count = forks },
};

static void reset(void *owner)
{
    struct children *c = owner;
    c->fork_us = c->forks = 0;
}

struct metric_table children_metrics(struct children *c)
{
    return (struct metric_table){
        .rows = metrics, .count = COUNT_OF(metrics), .owner = c, .reset = reset
    };
}

static void look(void *owner)
{
    children_look(owner);
}

static const struct job jobs[] = { { "child process", 100, look } };

struct job_table children_jobs(struct children *c)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), c };
}
