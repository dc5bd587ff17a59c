/* Patterns, and the list of what there is. */
#include "process/memtest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The words are raw memory, sanitizers' notes about it do not apply. */
#define RAW_MEMORY __attribute__((no_sanitize("address", "undefined", "thread")))

#define ATTEMPTS 3
#define PAGE_BYTES ((size_t)4096)

/* What is written into word `i`: its own address finds lines that lead to the wrong place, the others
 * bits that stick or lean on their neighbours. */
enum pattern { PATTERN_ADDRESS, PATTERN_INVERSE, PATTERN_AA, PATTERN_55, PATTERN_COUNT };

RAW_MEMORY static inline uint64_t word_of(enum pattern pattern, const volatile uint64_t *at)
{
    switch (pattern) {
    case PATTERN_ADDRESS:
        return (uint64_t)(uintptr_t)at;
    case PATTERN_INVERSE:
        return ~(uint64_t)(uintptr_t)at;
    case PATTERN_AA:
        return UINT64_C(0xAAAAAAAAAAAAAAAA);
    case PATTERN_55:
    default:
        return UINT64_C(0x5555555555555555);
    }
}

/* Else the caches would be tested. */
RAW_MEMORY static void push_out(const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i += 64 / sizeof(*words)) {
#if defined(__x86_64__)
        __asm__ volatile("clflush (%0)" : : "r"(words + i) : "memory");
#elif defined(__aarch64__)
        __asm__ volatile("dc civac, %0" : : "r"(words + i) : "memory");
#else
        (void)words;
#endif
    }
    __sync_synchronize();
}

RAW_MEMORY static size_t try_pattern(const struct memtest *t, uint64_t *words, size_t count,
                                     enum pattern pattern)
{
    volatile uint64_t *at = words;
    for (size_t i = 0; i < count; i++)
        at[i] = word_of(pattern, at + i);
    push_out(words, count);
    if (t->meddle)
        t->meddle(t->arg, words, count);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += at[i] != word_of(pattern, at + i);
    return wrong;
}

RAW_MEMORY size_t memtest_words(const struct memtest *t, uint64_t *words, size_t count)
{
    volatile uint64_t *at = words, *kept = t->backup;
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        kept[i] = at[i];
    for (int pattern = 0; pattern < PATTERN_COUNT; pattern++) {
        size_t still = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            still = try_pattern(t, words, count, (enum pattern)pattern);
            if (still == 0)
                break;
        }
        if (still > wrong)
            wrong = still;
    }
    for (size_t i = 0; i < count; i++)
        at[i] = kept[i];
    return wrong;
}

/* ---- what there is ---- */

bool memtest_parse_region(const char *line, uintptr_t *ret_start, uintptr_t *ret_end)
{
    static const char *const untouched[] = { "[stack]", "[vvar", "[vdso]", "[vsyscall]", "/dev/" };
    unsigned long start, end;
    char mode[5];
    int name_at = 0;
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &start, &end, mode, &name_at) < 3)
        return false;
    if (strcmp(mode, "rw-p") != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(untouched); i++)
        if (name_at > 0 && strncmp(line + name_at, untouched[i], strlen(untouched[i])) == 0)
            return false;
    *ret_start = start;
    *ret_end = end;
    return true;
}

#ifdef TARN_SANITIZE

int memtest_process(const struct memtest *t, int seconds,
                    void (*began)(uintptr_t start, size_t bytes), struct memtest_result *ret_result)
{
    (void)t;
    (void)seconds;
    (void)began;
    (void)ret_result;
    return -ENOTSUP;
}

#else

struct region {
    uintptr_t start, end;
};

/* Kept at a fixed place, because nothing can be allocated: one crash is reported at a time. */
#define REGIONS_MAX 4096
static struct {
    struct region regions[REGIONS_MAX];
    size_t count;
    char line[512];
} found;

/* What the test itself stands on. The thread's own block holds the area of restartable sequences,
 * which the kernel reads when it lets another thread run: a pattern there would be the end. */
static bool is_needed(const struct region *r, const struct memtest *t)
{
    const uintptr_t needed[] = {
        (uintptr_t)__builtin_frame_address(0),
        (uintptr_t)__builtin_thread_pointer(),
        (uintptr_t)t->backup,
    };
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (needed[i] >= r->start && needed[i] < r->end)
            return true;
    return false;
}

static void add_line(const char *line, const struct memtest *t)
{
    struct region r;
    if (found.count < REGIONS_MAX && memtest_parse_region(line, &r.start, &r.end) &&
        !is_needed(&r, t))
        found.regions[found.count++] = r;
}

static int list_regions(const struct memtest *t)
{
    char chunk[1024];
    size_t len = 0;
    ssize_t got;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    found.count = 0;
    while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (chunk[i] != '\n') {
                if (len < sizeof(found.line) - 1)
                    found.line[len++] = chunk[i];
                continue;
            }
            found.line[len] = '\0';
            add_line(found.line, t);
            len = 0;
        }
    }
    int failed = got < 0 ? -errno : 0;
    (void)close(fd);
    return failed;
}

static int64_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Pages that the kernel has not in memory are left alone: touching would bring them there. */
static void test_block(const struct memtest *t, uintptr_t start, size_t bytes,
                       struct memtest_result *result)
{
    unsigned char there[MEMTEST_BLOCK_BYTES / PAGE_BYTES];
    if (mincore((void *)start, bytes, there) < 0)
        return;
    size_t pages = bytes / PAGE_BYTES;
    for (size_t from = 0, to; from < pages; from = to) {
        to = from + 1;
        if (!(there[from] & 1))
            continue;
        while (to < pages && (there[to] & 1))
            to++;
        size_t size = (to - from) * PAGE_BYTES;
        uintptr_t at = start + from * PAGE_BYTES;
        size_t wrong = memtest_words(t, (uint64_t *)at, size / sizeof(uint64_t));
        if (wrong && !result->wrong)
            result->first_wrong = at;
        result->wrong += wrong;
        result->bytes += size;
    }
}

int memtest_process(const struct memtest *t, int seconds,
                    void (*began)(uintptr_t start, size_t bytes), struct memtest_result *ret_result)
{
    struct memtest_result result = { .regions = 0 };
    int64_t until_s = now_s() + seconds;
    int error = list_regions(t);
    if (error < 0)
        return error;
    for (size_t i = 0; i < found.count && !result.ended_early; i++) {
        uintptr_t at = found.regions[i].start, end = found.regions[i].end;
        began(at, end - at);
        result.regions++;
        for (; at < end && !result.ended_early; at += MEMTEST_BLOCK_BYTES) {
            test_block(t, at, MIN_OF(MEMTEST_BLOCK_BYTES, (size_t)(end - at)), &result);
            result.ended_early = now_s() >= until_s;
        }
    }
    *ret_result = result;
    return 0;
}

#endif
