#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "tests/unit/check.h"

TEST(blocks_are_as_large_as_their_class)
{
    for (size_t size = 1; size < 100000; size = size * 5 / 4 + 1) {
        char *p = mem_alloc(size);
        memset(p, 0xaa, size);
        CHECK(mem_block_size(p) >= size);
#if defined(TARN_JEMALLOC) || defined(TARN_SANITIZE)
        CHECK_UINT(mem_size_class(size), mem_block_size(p));
#endif
        CHECK(mem_size_class(size) >= size);
        mem_free_sized(p, size);
    }
}

TEST(no_bytes_are_a_block_too)
{
    void *p = mem_alloc(0);
    CHECK_PTR_NOT_NULL(p);
    mem_free(p);
    p = mem_alloc(0);
    mem_free_sized(p, 0);
    p = mem_realloc(NULL, 0);
    p = mem_realloc(p, 0);
    CHECK_PTR_NOT_NULL(p);
    mem_free(p);
    mem_free(NULL);
}

TEST(zalloc_zeroes_also_used_memory)
{
    for (int round = 0; round < 10; round++) {
        char *p = mem_zalloc(1000);
        for (int i = 0; i < 1000; i++)
            CHECK_INT(p[i], 0);
        memset(p, 0xff, 1000);
        mem_free(p);
    }
}

TEST(aligned_blocks_are_aligned)
{
    for (size_t align = 1; align <= 4096; align *= 2) {
        char *p = mem_alloc_aligned(align, 100);
        memset(p, 1, 100);
        CHECK_UINT((uintptr_t)p % align, 0);
        mem_free(p);
    }
}

TEST(realloc_keeps_the_bytes)
{
    char *p = mem_realloc(NULL, 10);
    memcpy(p, "0123456789", 10);
    for (size_t size = 10; size < 3000000; size *= 3) {
        p = mem_realloc(p, size);
        CHECK_MEM(p, "0123456789", 10);
    }
    p = mem_realloc(p, 4);
    CHECK_MEM(p, "0123", 4);
    mem_free(p);
}

#ifdef TARN_STRESS
TEST(realloc_always_moves)
{
    char *before = mem_alloc(100);
    uintptr_t address = (uintptr_t)before;
    char *after = mem_realloc(before, 100);
    CHECK((uintptr_t)after != address);
    mem_free(after);
}
#endif

TEST(try_functions_refuse_what_cannot_be)
{
    char *p = mem_alloc(5);
    memcpy(p, "abcd", 5);
    CHECK_PTR_NULL(mem_try_alloc(SIZE_MAX));
    CHECK_PTR_NULL(mem_try_alloc((size_t)1 << 62));
    CHECK_PTR_NULL(mem_try_realloc(p, SIZE_MAX - 8));
    CHECK_STR(p, "abcd");
    mem_free(p);
}

TEST(strdup_copies)
{
    char *copy = mem_strdup("text");
    CHECK_STR(copy, "text");
    mem_free(copy);
}

TEST(used_counts_what_is_allocated)
{
    mem_thread_enter();
    uint64_t before = mem_used();
    char *p = mem_alloc(100000);
    uint64_t block = mem_block_size(p);
    CHECK_UINT(mem_used() - before, block);
    mem_free(p);
    CHECK_UINT(mem_used(), before);
    mem_thread_leave();
}

TEST(entering_twice_counts_once)
{
    mem_thread_enter();
    mem_thread_enter();
    uint64_t before = mem_used();
    char *p = mem_alloc(1 << 20);
    CHECK_UINT(mem_used() - before, mem_block_size(p));
    mem_free(p);
    mem_thread_leave();
}

TEST(a_thread_that_comes_again_counts_once)
{
    mem_thread_enter();
    char *p = mem_alloc(1 << 20);
    uint64_t before = mem_used();
    for (int i = 0; i < 5; i++) {
        mem_thread_leave();
        CHECK_UINT(mem_used(), before);
        mem_thread_enter();
        CHECK_UINT(mem_used(), before);
    }
    mem_free(p);
    mem_thread_leave();
}

static void *allocate_and_end(void *arg)
{
    mem_thread_enter();
    *(char **)arg = mem_alloc(1 << 20);
    mem_thread_leave();
    return NULL;
}

TEST(what_an_ended_thread_left_behind_still_counts)
{
    mem_thread_enter();
    for (int i = 0; i < 300; i++) { /* more than there are places at once */
        uint64_t before = mem_used();
        char *p = NULL;
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, allocate_and_end, &p), 0);
        pthread_join(thread, NULL);
        uint64_t grown = mem_used() - before;
        /* The thread's own start and end count a little. */
        CHECK(grown >= mem_block_size(p));
        CHECK(grown < mem_block_size(p) + 65536);
        mem_free(p);
    }
    mem_thread_leave();
}

TEST(a_child_goes_on_counting)
{
    mem_thread_enter();
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        uint64_t before = mem_used();
        char *p = mem_alloc(1 << 20);
        _exit(mem_used() - before == mem_block_size(p) ? 0 : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    mem_thread_leave();
}

TEST(stats_are_ordered_and_the_process_is_resident)
{
    mem_thread_enter();
    char *p = mem_alloc(8 << 20);
    memset(p, 1, 8 << 20);
    struct mem_stats stats;
    mem_stats_read(&stats);
    CHECK(stats.allocated >= (8 << 20));
    CHECK(stats.active >= stats.allocated);
    CHECK(stats.resident >= stats.active);
    CHECK(stats.rss >= (8 << 20));
    mem_free(p);
    mem_thread_leave();
}

TEST(the_allocator_says_its_name_and_purges)
{
#ifdef TARN_JEMALLOC
    CHECK_MEM(mem_allocator_name(), "jemalloc-5.", 11);
    CHECK_INT(mem_purge(), 0);
    CHECK_INT(mem_set_background_purge(true), 0);
    CHECK_INT(mem_set_background_purge(false), 0);
#else
    CHECK_STR(mem_allocator_name(), "libc");
    CHECK_INT(mem_purge(), -ENOTSUP);
    CHECK_INT(mem_set_background_purge(true), -ENOTSUP);
#endif
}

TEST(alignment_must_be_a_power_of_two)
{
    CHECK_ABORTS(mem_free(mem_alloc_aligned(24, 100)));
    CHECK_ABORTS(mem_free(mem_alloc_aligned(0, 100)));
}

#if defined(TARN_SANITIZE) || defined(TARN_DEBUG)
TEST(a_wrong_size_at_free_is_found)
{
    char *p = mem_alloc(100);
    CHECK_ABORTS(mem_free_sized(p, 1000));
    mem_free(p);
}
#endif

TEST(out_of_memory_aborts)
{
    CHECK_ABORTS(mem_free(mem_realloc(NULL, SIZE_MAX)));
}

static void count_text(void *arg, const char *text)
{
    size_t *len = arg;
    *len += strlen(text);
}

TEST(the_allocator_reports_or_says_that_it_cannot)
{
    size_t len = 0;
    int error = mem_print_stats(count_text, &len);
#ifdef TARN_JEMALLOC
    CHECK_INT(error, 0);
    CHECK(len > 1000);
#else
    CHECK_INT(error, -ENOTSUP);
    CHECK_UINT(len, 0);
#endif
}
