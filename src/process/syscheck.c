/* The checks. */
#include "process/syscheck.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/macros.h"

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define OVERCOMMIT "/proc/sys/vm/overcommit_memory"
#define HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/enabled"

/* So much CPU time is spent on reading the clock; less than this part of it may pass in the kernel. */
#define CLOCK_TEST_US 50000
#define CLOCK_KERNEL_PERCENT_MAX 10

/* The first line of a file of the kernel's; false if there is none. */
static bool read_line(const char *root, const char *path, struct buf *line)
{
    char full[PATH_MAX];
    (void)snprintf(full, sizeof(full), "%s%s", root, path);
    if (file_read_whole(full, line) < 0)
        return false;
    ptrdiff_t end = slice_find(buf_slice(line), '\n');
    if (end >= 0)
        buf_truncate(line, (size_t)end);
    return true;
}

static void say(char *ret_text, const char *text)
{
    (void)snprintf(ret_text, SYSCHECK_TEXT_MAX, "%s", text);
}

/* ---- clocks ---- */

static int64_t us_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* Reading a good clock does not enter the kernel at all. */
enum syscheck_result syscheck_slow_clock(const char *root UNUSED, char ret_text[SYSCHECK_TEXT_MAX])
{
    struct rusage before, now;
    struct timespec ignored;
    int64_t user_us, kernel_us;
    (void)getrusage(RUSAGE_SELF, &before);
    do {
        for (int i = 0; i < 1000; i++)
            (void)clock_gettime(CLOCK_MONOTONIC, &ignored);
        (void)getrusage(RUSAGE_SELF, &now);
        user_us = us_of(now.ru_utime) - us_of(before.ru_utime);
        kernel_us = us_of(now.ru_stime) - us_of(before.ru_stime);
    } while (user_us + kernel_us < CLOCK_TEST_US);
    if (kernel_us * 100 <= (user_us + kernel_us) * CLOCK_KERNEL_PERCENT_MAX)
        return SYSCHECK_OK;
    say(ret_text,
        "Every reading of the clock enters the kernel, which makes each command slower. Use a "
        "better clock source: see /sys/devices/system/clocksource/clocksource0/"
        "available_clocksource, and the kernel's parameter 'clocksource='.");
    return SYSCHECK_WARNING;
}

enum syscheck_result syscheck_xen_clock(const char *root, char ret_text[SYSCHECK_TEXT_MAX])
{
    struct buf line;
    buf_init(&line, 4096);
    bool known = read_line(root, CLOCK_SOURCE, &line);
    bool is_xen = known && slice_is(buf_slice(&line), "xen");
    buf_done(&line);
    if (!known)
        return SYSCHECK_SKIPPED;
    if (!is_xen)
        return SYSCHECK_OK;
    say(ret_text,
        "The machine uses the clock source 'xen', whose readings are slow. Processors of today "
        "have a better one: echo tsc > " CLOCK_SOURCE);
    return SYSCHECK_WARNING;
}

/* ---- memory ---- */

enum syscheck_result syscheck_overcommit(const char *root, char ret_text[SYSCHECK_TEXT_MAX])
{
    struct buf line;
    buf_init(&line, 4096);
    bool known = read_line(root, OVERCOMMIT, &line);
    bool is_on = known && slice_is(buf_slice(&line), "1");
    buf_done(&line);
    if (!known)
        return SYSCHECK_SKIPPED;
    if (is_on)
        return SYSCHECK_OK;
    say(ret_text,
        "Memory overcommit must be enabled! Without it, a child process that saves, or that "
        "feeds a replica, may not be started although it would need little memory of its "
        "own; and the allocator can fail while there is memory. To change it, put "
        "'vm.overcommit_memory = 1' into /etc/sysctl.conf, and run 'sysctl "
        "vm.overcommit_memory=1' for it to hold at once.");
    return SYSCHECK_WARNING;
}

enum syscheck_result syscheck_huge_pages(const char *root, char ret_text[SYSCHECK_TEXT_MAX])
{
    struct buf line;
    buf_init(&line, 4096);
    bool known = read_line(root, HUGE_PAGES, &line);
    bool always = known && line.len > 0 && strstr(buf_cstr(&line), "[always]");
    buf_done(&line);
    if (!known)
        return SYSCHECK_SKIPPED;
    if (!always)
        return SYSCHECK_OK;
    say(ret_text,
        "Transparent Huge Pages (THP) are 'always' on. While a child saves, each write then "
        "copies a huge page: that costs time and memory. As root, run 'echo madvise > " HUGE_PAGES
        "', and put it where it is run at each boot, for instance /etc/rc.local. The server "
        "has to be started anew after that.");
    return SYSCHECK_WARNING;
}

/* ---- pages that are lost ---- */

/* Kilobytes that the mapping at `page` has in pages that were written to, or -1. */
static long dirty_kb(const void *page)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[512];
    bool here = false;
    long kb = -1, part;
    unsigned long from, to;
    while (maps && fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = (uintptr_t)page >= from && (uintptr_t)page < to;
        else if (here && (sscanf(line, "Shared_Dirty: %ld kB", &part) == 1 ||
                          sscanf(line, "Private_Dirty: %ld kB", &part) == 1))
            kb = (kb < 0 ? 0 : kb) + part;
    }
    if (maps)
        (void)fclose(maps);
    return kb;
}

/* In the child: the page that the parent wrote to must count as written. */
static bool child_sees_writes(const void *page)
{
    pid_t child = fork();
    if (child == 0)
        _exit(dirty_kb(page) == 0 ? 1 : 0);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return true; /* not tested */
    return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

enum syscheck_result syscheck_lost_pages(const char *root UNUSED, char ret_text[SYSCHECK_TEXT_MAX])
{
    /* The neighbours are taken away, so that the page is a mapping of its own, and small. */
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *three = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (three == MAP_FAILED)
        return SYSCHECK_SKIPPED;
    char *page = three + size;
    (void)mprotect(three, size, PROT_NONE);
    (void)mprotect(three + 2 * size, size, PROT_NONE);

    /* Written, forbidden to write, allowed again, written again: here the mark is lost. */
    *(volatile char *)page = 1;
    (void)mprotect(page, size, PROT_READ);
    (void)mprotect(page, size, PROT_READ | PROT_WRITE);
    *(volatile char *)page = 2;
    bool good = child_sees_writes(page);
    (void)munmap(three, 3 * size);
    if (good)
        return SYSCHECK_OK;
    say(ret_text,
        "The kernel has a bug that can corrupt the data of a child process that saves. Use a "
        "newer kernel. To start nevertheless, set 'ignore-warnings ARM64-COW-BUG'.");
    return SYSCHECK_WARNING;
}

/* ---- all ---- */

static const struct {
    const char *name;
    enum syscheck_result (*check)(const char *root, char ret_text[SYSCHECK_TEXT_MAX]);
} checks[] = {
    { "slow-clocksource", syscheck_slow_clock },
    { "xen-clocksource", syscheck_xen_clock },
    { "overcommit", syscheck_overcommit },
    { "THP", syscheck_huge_pages },
#ifdef __aarch64__
    { "madvise-free-fork-bug", syscheck_lost_pages },
#endif
};

bool syscheck_run(const char *root, FILE *out)
{
    static const char *const words[] = {
        [SYSCHECK_OK] = "OK", [SYSCHECK_WARNING] = "WARNING:", [SYSCHECK_SKIPPED] = "skipped"
    };
    bool good = true;
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        char text[SYSCHECK_TEXT_MAX];
        (void)fprintf(out, "[%s]...", checks[i].name);
        (void)fflush(out); /* a check may fork */
        enum syscheck_result result = checks[i].check(root, text);
        (void)fprintf(out, "%s\n", words[result]);
        if (result == SYSCHECK_WARNING)
            (void)fprintf(out, "%s\n\n", text);
        good = good && result != SYSCHECK_WARNING;
    }
    return good;
}
