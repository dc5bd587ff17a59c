/* The allocator behind one door.
 *
 * With TARN_JEMALLOC, jemalloc serves malloc and free of the whole process; its non-standard calls
 * are used where they save work. Sanitised builds keep the sanitizer's allocator, which finds
 * misuse, and count with an atomic of our own. Both halves offer the same few primitives to the functions above
 * them: raw_alloc, raw_realloc, raw_free and so on. */
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

#ifdef TARN_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

/* Larger requests are refused before the allocator sees them. Sanitizers abort above 2^40. */
#ifdef TARN_SANITIZE
#define REQUEST_BYTES_MAX ((size_t)1 << 39)
#else
#define REQUEST_BYTES_MAX ((size_t)PTRDIFF_MAX)
#endif

static void *raw_alloc(size_t size);
static void *raw_zalloc(size_t size);
static void *raw_alloc_aligned(size_t align, size_t size);
static void *raw_realloc(void *ptr, size_t size);

void *mem_alloc(size_t size)
{
    void *ptr = raw_alloc(size);
    if (UNLIKELY(!ptr))
        mem_out_of_memory(size);
    return ptr;
}

void *mem_zalloc(size_t size)
{
    void *ptr = raw_zalloc(size);
    if (UNLIKELY(!ptr))
        mem_out_of_memory(size);
    return ptr;
}

void *mem_alloc_aligned(size_t align, size_t size)
{
    ASSERT(align > 0);
    ASSERT((align & (align - 1)) == 0);
    void *ptr = raw_alloc_aligned(align, size);
    if (UNLIKELY(!ptr))
        mem_out_of_memory(size);
    return ptr;
}

void *mem_realloc(void *ptr, size_t size)
{
    void *moved = mem_try_realloc(ptr, size);
    if (UNLIKELY(!moved))
        mem_out_of_memory(size);
    return moved;
}

void *mem_try_alloc(size_t size)
{
    if (size > REQUEST_BYTES_MAX)
        return NULL;
    return raw_alloc(size);
}

void *mem_try_realloc(void *ptr, size_t size)
{
    if (size > REQUEST_BYTES_MAX)
        return NULL;
    if (!ptr)
        return raw_alloc(size);
#ifdef TARN_STRESS
    /* Whoever keeps a pointer across a reallocation shall be found out at once. */
    void *moved = raw_alloc(size);
    if (!moved)
        return NULL;
    memcpy(moved, ptr, MIN_OF(mem_block_size(ptr), size));
    mem_free(ptr);
    return moved;
#else
    return raw_realloc(ptr, size);
#endif
}

char *mem_strdup(const char *str)
{
    ASSERT(str);
    size_t size = strlen(str) + 1;
    return memcpy(mem_alloc(size), str, size);
}

void mem_out_of_memory(size_t size)
{
    PANIC("Out Of Memory allocating %zu bytes!", size);
}

static uint64_t rss_read(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len <= 0)
        return 0;
    text[len] = '\0';

    unsigned long long pages = 0;
    if (sscanf(text, "%*s %llu", &pages) != 1)
        return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

#ifndef TARN_JEMALLOC

static _Atomic uint64_t used_bytes;

static void *counted(void *ptr)
{
    if (ptr)
        atomic_fetch_add_explicit(&used_bytes, malloc_usable_size(ptr), memory_order_relaxed);
    return ptr;
}

static void uncount(size_t size)
{
    atomic_fetch_sub_explicit(&used_bytes, size, memory_order_relaxed);
}

static void *raw_alloc(size_t size)
{
    return counted(malloc(MAX_OF(size, (size_t)1)));
}

static void *raw_zalloc(size_t size)
{
    return counted(calloc(1, MAX_OF(size, (size_t)1)));
}

static void *raw_alloc_aligned(size_t align, size_t size)
{
    void *ptr = NULL;
    if (posix_memalign(&ptr, MAX_OF(align, sizeof(void *)), MAX_OF(size, (size_t)1)) != 0)
        return NULL;
    return counted(ptr);
}

UNUSED static void *raw_realloc(void *ptr, size_t size)
{
    size_t before = malloc_usable_size(ptr);
    void *moved = realloc(ptr, MAX_OF(size, (size_t)1));
    if (!moved)
        return NULL;
    uncount(before);
    return counted(moved);
}

void mem_free(void *ptr)
{
    if (!ptr)
        return;
    uncount(malloc_usable_size(ptr));
    free(ptr);
}

void mem_free_sized(void *ptr, size_t size)
{
    ASSERT(ptr);
#ifdef TARN_SANITIZE
    /* The sanitizers give what was asked for, so a wrong size shows here and not in a release. */
    ASSERT(mem_size_class(size) == malloc_usable_size(ptr));
#endif
    (void)size;
    mem_free(ptr);
}

size_t mem_block_size(const void *ptr)
{
    ASSERT(ptr);
    return malloc_usable_size((void *)(uintptr_t)ptr);
}

size_t mem_size_class(size_t size)
{
    return MAX_OF(size, (size_t)1);
}

void mem_thread_enter(void)
{
}

void mem_thread_leave(void)
{
}

uint64_t mem_used(void)
{
    return atomic_load_explicit(&used_bytes, memory_order_relaxed);
}

void mem_stats_read(struct mem_stats *ret_stats)
{
    ASSERT(ret_stats);
    uint64_t used = mem_used();
    uint64_t rss = rss_read();
    *ret_stats = (struct mem_stats){
        .allocated = used, .active = used, .resident = MAX_OF(rss, used), .rss = rss
    };
}

const char *mem_allocator_name(void)
{
    return "libc";
}

int mem_print_stats(void (*print)(void *arg, const char *text) UNUSED, void *arg UNUSED)
{
    return -ENOTSUP;
}

int mem_purge(void)
{
    return -ENOTSUP;
}

int mem_set_background_purge(bool on)
{
    (void)on;
    return -ENOTSUP;
}

#else

/* malloc() has a shorter way through jemalloc than mallocx(). */
static void *raw_alloc(size_t size)
{
    return malloc(size);
}

static void *raw_zalloc(size_t size)
{
    return calloc(1, size);
}

static void *raw_alloc_aligned(size_t align, size_t size)
{
    return mallocx(MAX_OF(size, (size_t)1), MALLOCX_ALIGN(align));
}

UNUSED static void *raw_realloc(void *ptr, size_t size)
{
    /* realloc(ptr, 0) would free. */
    return realloc(ptr, MAX_OF(size, (size_t)1));
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_free_sized(void *ptr, size_t size)
{
    ASSERT_DEBUG(ptr);
    ASSERT_DEBUG(mem_size_class(size) == sallocx(ptr, 0));
    sdallocx(ptr, MAX_OF(size, (size_t)1), 0);
}

size_t mem_block_size(const void *ptr)
{
    ASSERT(ptr);
    return sallocx(ptr, 0);
}

size_t mem_size_class(size_t size)
{
    return nallocx(MAX_OF(size, (size_t)1), 0);
}

/* The counters of the threads that entered. jemalloc keeps them in the thread's own storage, so
 * they must be folded into `ended_bytes` before the thread goes. */
#define THREADS_MAX 256

struct thread_counters {
    const uint64_t *allocated; /* NULL: a free place */
    const uint64_t *freed;
};

static struct {
    pthread_mutex_t lock;
    struct thread_counters threads[THREADS_MAX];
    size_t count; /* places in use are below */
    uint64_t ended_bytes;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What this thread's counters had added to `ended_bytes` when it left: taken back if it comes
 * again, because they count from the thread's start. */
static _Thread_local uint64_t left_bytes;

static pthread_once_t fork_handlers = PTHREAD_ONCE_INIT;

/* Another thread writes these without a lock: each is one aligned word, and a value a moment
 * old is as good as any. */
static uint64_t counters_balance(const struct thread_counters *c)
{
    uint64_t allocated = __atomic_load_n(c->allocated, __ATOMIC_RELAXED);
    uint64_t freed = __atomic_load_n(c->freed, __ATOMIC_RELAXED);
    return allocated - freed; /* wraps for a thread that frees what others made; the sum does not */
}

static struct thread_counters own_counters(void)
{
    uint64_t *allocated = NULL;
    uint64_t *freed = NULL;
    size_t size = sizeof(allocated);
    ASSERT(mallctl("thread.allocatedp", &allocated, &size, NULL, 0) == 0);
    ASSERT(mallctl("thread.deallocatedp", &freed, &size, NULL, 0) == 0);
    return (struct thread_counters){ allocated, freed };
}

static uint64_t registry_fold(struct thread_counters *c)
{
    uint64_t balance = counters_balance(c);
    registry.ended_bytes += balance;
    *c = (struct thread_counters){ NULL, NULL };
    return balance;
}

static void fork_prepare(void)
{
    pthread_mutex_lock(&registry.lock);
}

static void fork_parent(void)
{
    pthread_mutex_unlock(&registry.lock);
}

/* Only the forking thread lives on in a child; the storage of the others may be reused. */
static void fork_child(void)
{
    const uint64_t *own = own_counters().allocated;
    for (size_t i = 0; i < registry.count; i++)
        if (registry.threads[i].allocated && registry.threads[i].allocated != own)
            (void)registry_fold(&registry.threads[i]);
    pthread_mutex_unlock(&registry.lock);
}

static void install_fork_handlers(void)
{
    ASSERT(pthread_atfork(fork_prepare, fork_parent, fork_child) == 0);
}

/* The place of these counters, or a free one for NULL. */
static struct thread_counters *registry_find(const uint64_t *allocated)
{
    for (size_t i = 0; i < registry.count; i++)
        if (registry.threads[i].allocated == allocated)
            return &registry.threads[i];
    return NULL;
}

void mem_thread_enter(void)
{
    struct thread_counters own = own_counters();
    pthread_once(&fork_handlers, install_fork_handlers);

    pthread_mutex_lock(&registry.lock);
    if (!registry_find(own.allocated)) {
        struct thread_counters *place = registry_find(NULL);
        if (!place) {
            ASSERT(registry.count < THREADS_MAX);
            place = &registry.threads[registry.count++];
        }
        *place = own;
        registry.ended_bytes -= left_bytes;
        left_bytes = 0;
    }
    pthread_mutex_unlock(&registry.lock);
}

void mem_thread_leave(void)
{
    struct thread_counters own = own_counters();
    pthread_mutex_lock(&registry.lock);
    struct thread_counters *place = registry_find(own.allocated);
    if (place)
        left_bytes = registry_fold(place);
    pthread_mutex_unlock(&registry.lock);
}

uint64_t mem_used(void)
{
    pthread_mutex_lock(&registry.lock);
    uint64_t sum = registry.ended_bytes;
    for (size_t i = 0; i < registry.count; i++)
        if (registry.threads[i].allocated)
            sum += counters_balance(&registry.threads[i]);
    pthread_mutex_unlock(&registry.lock);
    /* Counters are read one after the other: a block that changed threads in between may make the
     * sum of a nearly empty process negative. */
    return (int64_t)sum > 0 ? sum : 0;
}

static uint64_t stat_read(const char *name)
{
    size_t value = 0;
    size_t size = sizeof(value);
    return mallctl(name, &value, &size, NULL, 0) == 0 ? value : 0;
}

#define TEXT_OF(x) TEXT_OF_VALUE(x)
#define TEXT_OF_VALUE(x) #x

void mem_stats_read(struct mem_stats *ret_stats)
{
    ASSERT(ret_stats);
    uint64_t epoch = 1;
    ASSERT(mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)) == 0);
    uint64_t muzzy_pages = stat_read("stats.arenas." TEXT_OF(MALLCTL_ARENAS_ALL) ".pmuzzy");
    *ret_stats = (struct mem_stats){
        .allocated = stat_read("stats.allocated"),
        .active = stat_read("stats.active"),
        .resident = stat_read("stats.resident"),
        .retained = stat_read("stats.retained"),
        .muzzy = muzzy_pages * stat_read("arenas.page"),
        .rss = rss_read(),
    };
}

const char *mem_allocator_name(void)
{
    return "jemalloc-" TEXT_OF(JEMALLOC_VERSION_MAJOR) "." TEXT_OF(
        JEMALLOC_VERSION_MINOR) "." TEXT_OF(JEMALLOC_VERSION_BUGFIX);
}

int mem_print_stats(void (*print)(void *arg, const char *text), void *arg)
{
    malloc_stats_print(print, arg, NULL);
    return 0;
}

int mem_purge(void)
{
    int failed = mallctl("arena." TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", NULL, NULL, NULL, 0);
    return failed ? -ENOTSUP : 0;
}

int mem_set_background_purge(bool on)
{
    return mallctl("background_thread", NULL, NULL, &on, sizeof(on)) == 0 ? 0 : -ENOTSUP;
}

#endif
