/* A disk that loses what was not synced: numbers the calls and applies the rules to them. */
#include "base/lossy_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/lossy_priv.h"
#include "base/rand.h"

#define DESCRIPTORS_MAX 65536
/* With a seed, one call in so many makes something durable by chance. */
#define CHANCE 4

/* What the processes of the server share: the control words, and what only they look at. */
struct shared {
    struct lossy_control control;
    uint64_t main_pid;
    pthread_mutex_t lock; /* robust: a child may be killed while it holds it */
    struct shadow_file files[LOSSY_FILES_MAX];
};

struct lossy_disk {
    struct file_layer layer;
    struct shared *shared;
    struct shadow shadow;
    _Atomic uint8_t watched[DESCRIPTORS_MAX]; /* opened below the root */
};

/* A numbered call, between its begin and its end. */
struct call {
    struct lossy_disk *disk;
    enum lossy_op op;
    uint64_t number;
    bool is_last;      /* power goes behind it */
    bool is_chance;    /* what it did becomes durable, at least in part */
    uint64_t permille; /* how much */
};

static const char *const op_names[LOSSY_OPS] = {
    [LOSSY_OPEN] = "open",     [LOSSY_WRITE] = "write",   [LOSSY_SYNC] = "sync",
    [LOSSY_RENAME] = "rename", [LOSSY_UNLINK] = "unlink", [LOSSY_TRUNCATE] = "truncate",
    [LOSSY_MKDIR] = "mkdir",
};

/* Every call ------------------------------------------------------------------------------- */

NORETURN static void power_goes(struct lossy_disk *d)
{
    pid_t main_pid = (pid_t)d->shared->main_pid;
    atomic_store(&d->shared->control.is_cut, 1);
    /* The number may be another process's by now, unless it is still our parent's. */
    if (getppid() == main_pid)
        (void)kill(main_pid, SIGKILL);
    for (;;)
        (void)kill(getpid(), SIGKILL);
}

static void lock(struct lossy_disk *d)
{
    int rc = pthread_mutex_lock(&d->shared->lock);
    if (rc == EOWNERDEAD)
        rc = pthread_mutex_consistent(&d->shared->lock);
    ASSERT(rc == 0);
}

static void wait_while_stalled(struct lossy_control *c, enum lossy_op op)
{
    uint64_t bit = 1u << op;
    if (!(atomic_load(&c->stall_ops) & bit))
        return;
    atomic_fetch_add(&c->stalled, 1);
    while (atomic_load(&c->stall_ops) & bit)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    atomic_fetch_sub(&c->stalled, 1);
}

static bool must_fail(struct lossy_control *c, enum lossy_op op, uint64_t number)
{
    uint64_t first = atomic_load(&c->fail_at);
    uint64_t count = atomic_load(&c->fail_count);
    uint64_t ops = atomic_load(&c->fail_ops);
    return first != 0 && number >= first && (count == 0 || number - first < count) &&
           (ops == 0 || ops & (1u << op));
}

static void draw_chances(struct call *call, uint64_t seed, bool at_cut)
{
    struct rand r;
    rand_seed(&r,
              seed * UINT64_C(0xd1342543de82ef95) + call->number * UINT64_C(0x2545f4914f6cdd1d));
    call->is_last = at_cut && rand_below(&r, 2) == 0;
    call->is_chance = rand_below(&r, call->is_last ? 2 : CHANCE) == 0;
    call->permille = rand_below(&r, 1001);
}

/* 0 or the error with which the call shall fail. The disk is locked until call_end(). */
static int call_begin(struct lossy_disk *d, enum lossy_op op, struct call *ret_call)
{
    struct lossy_control *c = &d->shared->control;
    wait_while_stalled(c, op);
    lock(d);
    if (atomic_load(&c->is_cut))
        power_goes(d);
    uint64_t seed = atomic_load(&c->seed);
    struct call call = { .disk = d, .op = op, .number = atomic_load(&c->calls) + 1 };
    bool at_cut = call.number == atomic_load(&c->cut_at);
    if (seed != 0)
        draw_chances(&call, seed, at_cut);
    atomic_store(&c->calls, call.number);
    atomic_fetch_add(&c->calls_of[op], 1);
    if (at_cut && !call.is_last)
        power_goes(d);
    *ret_call = call;
    return must_fail(c, op, call.number) ? -(int)atomic_load(&c->fail_errno) : 0;
}

static void must(bool ok, const char *what)
{
    if (!ok)
        PANIC("the lossy disk: %s: %s", what, strerror(errno));
}

static int open_in(const char *folder, const char *name, int flags)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    ASSERT(len > 0 && (size_t)len < sizeof(path));
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    return fd;
}

/* Opened each time: a child may have closed all descriptors that it does not know. */
static void trace(const struct call *call, const char *path, long long result)
{
    char line[PATH_MAX + 128];
    int len = snprintf(line, sizeof(line), "%llu %d %s %s %lld\n", (unsigned long long)call->number,
                       (int)getpid(), op_names[call->op], path, result);
    int fd = open_in(call->disk->shadow.dir, "trace", O_WRONLY | O_APPEND);
    if (len > 0)
        (void)!write(fd, line, MIN_OF((size_t)len, sizeof(line) - 1));
    (void)close(fd);
}

static void call_end(const struct call *call, const char *path, long long result)
{
    trace(call, path, result);
    if (call->is_last)
        power_goes(call->disk);
    ASSERT(pthread_mutex_unlock(&call->disk->shared->lock) == 0);
}

static void call_end_fd(const struct call *call, int fd, long long result)
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    path[MAX_OF(len, 0)] = '\0';
    call_end(call, path, result);
}

/* Calls with a path ------------------------------------------------------------------------ */

/* The name is durable at once, if chance wants it. */
static void name_changed(const struct call *call, const char *path)
{
    if (call->is_chance)
        shadow_sync_name(&call->disk->shadow, path);
}

static bool watches(const struct lossy_disk *d, int fd)
{
    return fd < DESCRIPTORS_MAX && atomic_load(&d->watched[fd]);
}

static void watch(struct lossy_disk *d, int fd, bool on)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX)
        atomic_store(&d->watched[fd], on);
}

static int lossy_open(void *arg, const char *path, int flags, mode_t mode)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!shadow_covers(&d->shadow, path)) {
        int fd = file_kernel_layer()->open(NULL, path, flags, mode);
        watch(d, fd, false);
        return fd;
    }
    int fd = call_begin(d, LOSSY_OPEN, &call);
    if (fd == 0) {
        bool is_new = access(path, F_OK) < 0;
        fd = file_kernel_layer()->open(NULL, path, flags, mode);
        watch(d, fd, true);
        if (fd >= 0)
            shadow_opened(&d->shadow, path, fd, is_new, !is_new && (flags & O_TRUNC));
        if (fd >= 0 && is_new)
            name_changed(&call, path);
    }
    call_end(&call, path, fd);
    return fd;
}

static int lossy_rename(void *arg, const char *from, const char *to)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!shadow_covers(&d->shadow, to))
        return file_kernel_layer()->rename(NULL, from, to);
    int rc = call_begin(d, LOSSY_RENAME, &call);
    if (rc == 0)
        rc = file_kernel_layer()->rename(NULL, from, to);
    if (rc == 0) {
        name_changed(&call, to);
        name_changed(&call, from);
    }
    call_end(&call, to, rc);
    return rc;
}

static int lossy_unlink(void *arg, const char *path)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!shadow_covers(&d->shadow, path))
        return file_kernel_layer()->unlink(NULL, path);
    int rc = call_begin(d, LOSSY_UNLINK, &call);
    if (rc == 0)
        rc = file_kernel_layer()->unlink(NULL, path);
    if (rc == 0)
        name_changed(&call, path);
    call_end(&call, path, rc);
    return rc;
}

static int lossy_mkdir(void *arg, const char *path, mode_t mode)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!shadow_covers(&d->shadow, path))
        return file_kernel_layer()->mkdir(NULL, path, mode);
    int rc = call_begin(d, LOSSY_MKDIR, &call);
    if (rc == 0)
        rc = file_kernel_layer()->mkdir(NULL, path, mode);
    if (rc == 0) {
        shadow_made_folder(&d->shadow, path);
        name_changed(&call, path);
    }
    call_end(&call, path, rc);
    return rc;
}

/* Calls with a descriptor ------------------------------------------------------------------ */

static int lossy_close(void *arg, int fd)
{
    watch(arg, fd, false);
    return file_kernel_layer()->close(NULL, fd);
}

/* How much of a write the disk takes: all, half of it, what it has room for, or an error. */
static ssize_t admitted(const struct lossy_control *c, const struct call *call, size_t len)
{
    if (atomic_load(&c->short_at) == call->number)
        len = (len + 1) / 2;
    uint64_t capacity = atomic_load(&c->capacity);
    uint64_t written = atomic_load(&c->written);
    if (capacity == 0)
        return (ssize_t)len;
    if (len > 0 && written >= capacity)
        return -ENOSPC;
    return (ssize_t)MIN_OF((uint64_t)len, capacity - written);
}

static ssize_t write_admitted(struct lossy_disk *d, const struct call *call, int fd,
                              const void *bytes, size_t len)
{
    struct lossy_control *c = &d->shared->control;
    ssize_t n = admitted(c, call, len);
    if (n >= 0)
        n = file_kernel_layer()->write(NULL, fd, bytes, (size_t)n);
    if (n < 0)
        return n;
    atomic_fetch_add(&c->written, (uint64_t)n);
    /* Behind a write the position is its end, for a descriptor that appends, too. */
    off_t end = lseek(fd, 0, SEEK_CUR);
    ASSERT(end >= n);
    shadow_changed(&d->shadow, fd, (uint64_t)(end - n));
    if (call->is_chance)
        shadow_sync_part(&d->shadow, fd, call->permille);
    return n;
}

static ssize_t lossy_write(void *arg, int fd, const void *bytes, size_t len)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!watches(d, fd))
        return file_kernel_layer()->write(NULL, fd, bytes, len);
    ssize_t n = call_begin(d, LOSSY_WRITE, &call);
    if (n == 0)
        n = write_admitted(d, &call, fd, bytes, len);
    call_end_fd(&call, fd, n);
    return n;
}

/* The kernel is not asked to sync: what this disk loses is not what the real one would. */
static int lossy_sync(void *arg, int fd)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!watches(d, fd))
        return file_kernel_layer()->sync(NULL, fd);
    int rc = call_begin(d, LOSSY_SYNC, &call);
    if (rc == 0 && call.is_last)
        shadow_sync_part(&d->shadow, fd, call.permille);
    else if (rc == 0)
        shadow_sync(&d->shadow, fd);
    else if (atomic_load(&d->shared->control.forgets))
        shadow_forget(&d->shadow, fd);
    call_end_fd(&call, fd, rc);
    return rc;
}

static int lossy_truncate(void *arg, int fd, off_t len)
{
    struct lossy_disk *d = arg;
    struct call call;
    if (!watches(d, fd))
        return file_kernel_layer()->truncate(NULL, fd, len);
    int rc = call_begin(d, LOSSY_TRUNCATE, &call);
    if (rc == 0)
        rc = file_kernel_layer()->truncate(NULL, fd, len);
    if (rc == 0) {
        shadow_changed(&d->shadow, fd, (uint64_t)len);
        if (call.is_chance)
            shadow_sync(&d->shadow, fd);
    }
    call_end_fd(&call, fd, rc);
    return rc;
}

/* Life ------------------------------------------------------------------------------------- */

static struct shared *map_shared(const char *folder)
{
    int fd = open_in(folder, "control", O_RDWR);
    must(ftruncate(fd, sizeof(struct shared)) == 0, "ftruncate");
    void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(at != MAP_FAILED, "mmap");
    (void)close(fd);
    return at;
}

static void init_lock(pthread_mutex_t *m)
{
    pthread_mutexattr_t attr;
    ASSERT(pthread_mutexattr_init(&attr) == 0);
    ASSERT(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
    ASSERT(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
    ASSERT(pthread_mutex_init(m, &attr) == 0);
    ASSERT(pthread_mutexattr_destroy(&attr) == 0);
}

static void fill_layer(struct lossy_disk *d)
{
    d->layer = *file_kernel_layer();
    d->layer.arg = d;
    d->layer.open = lossy_open;
    d->layer.close = lossy_close;
    d->layer.write = lossy_write;
    d->layer.sync = lossy_sync;
    d->layer.rename = lossy_rename;
    d->layer.unlink = lossy_unlink;
    d->layer.truncate = lossy_truncate;
    d->layer.mkdir = lossy_mkdir;
}

struct lossy_disk *lossy_disk_new(const char *root, const char *shadow)
{
    /* Of pages, not of the allocator: it comes before that is told how to work. */
    struct lossy_disk *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(d != MAP_FAILED, "mmap");
    must(realpath(root, d->shadow.root), root);
    must(realpath(shadow, d->shadow.dir), shadow);
    ASSERT(!shadow_covers(&d->shadow, d->shadow.dir));
    d->shared = map_shared(d->shadow.dir);
    d->shadow.files = d->shared->files;
    d->shared->main_pid = (uint64_t)getpid();
    if (atomic_load(&d->shared->control.magic) != LOSSY_MAGIC) {
        init_lock(&d->shared->lock);
        shadow_import(&d->shadow);
        atomic_store(&d->shared->control.magic, LOSSY_MAGIC);
    }
    fill_layer(d);
    file_set_layer(&d->layer);
    return d;
}

struct lossy_disk *lossy_disk_free(struct lossy_disk *d)
{
    if (!d)
        return NULL;
    file_set_layer(NULL);
    (void)munmap(d->shared, sizeof(*d->shared));
    (void)munmap(d, sizeof(*d));
    return NULL;
}

struct lossy_control *lossy_disk_control(struct lossy_disk *d)
{
    return &d->shared->control;
}

struct lossy_disk *lossy_disk_from_environment(void)
{
    const char *named = getenv("TARN_LOSSY_DISK");
    if (!named)
        return NULL;
    char root[PATH_MAX];
    const char *colon = strchr(named, ':');
    ASSERT(colon);
    int len = snprintf(root, sizeof(root), "%.*s", (int)(colon - named), named);
    ASSERT(len > 0 && (size_t)len < sizeof(root));
    return lossy_disk_new(root, colon + 1);
}
