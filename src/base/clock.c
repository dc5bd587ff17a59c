/* Reading time cheaply and truly.
 *
 * Where the kernel itself keeps time by an invariant counter (TSC, CNTVCT), a reading is the
 * counter, a multiplication and a shift. Counter and CLOCK_MONOTONIC drift apart, because a
 * calibration is short and the kernel slews its clock. So each thread re-anchors its line once a
 * second: it reads both, measures the rate since its last anchor, and sets the slope so that
 * the two meet again in a second; time never steps back. A counter that is off by more than the kernel
 * could slew (a virtual machine that moved, a suspended machine) is not used again. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock_priv.h"
#include "base/file.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#define CALIBRATION_NS 8000000
#define PAIR_TRIES 5

static uint64_t clock_read_ns(clockid_t id)
{
    struct timespec ts;
    int rc = clock_gettime(id, &ts);
    ASSERT(rc == 0);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* The machine's counter -------------------------------------------------------------------- */

#if defined(__x86_64__)

static const char *const trusted_sources[] = { "tsc", "kvm-clock", NULL };

INLINE uint64_t counter_read(void)
{
    return __rdtsc();
}

static bool counter_is_invariant(void)
{
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && (edx & 1U << 8);
}

#define COUNTER_NAME "X86 TSC"

#elif defined(__aarch64__)

static const char *const trusted_sources[] = { "arch_sys_counter", NULL };

INLINE uint64_t counter_read(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}

static bool counter_is_invariant(void)
{
    return true; /* by the architecture */
}

#define COUNTER_NAME "ARM CNTVCT"

#else

static const char *const trusted_sources[] = { NULL };

INLINE uint64_t counter_read(void)
{
    return 0;
}

static bool counter_is_invariant(void)
{
    return false;
}

#define COUNTER_NAME "none"

#endif

/* Whether the kernel keeps its own time by the counter. */
static bool counter_is_trusted(void)
{
    static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    char name[64];
    int fd = file_open(path, O_RDONLY, 0);
    if (fd < 0)
        return false;
    ssize_t len = file_read(fd, name, sizeof(name));
    (void)file_close(fd);
    while (len > 0 && name[len - 1] == '\n')
        len--;
    for (size_t i = 0; len > 0 && trusted_sources[i]; i++)
        if (slice_eq(slice_of(name, (size_t)len), slice_str(trusted_sources[i])))
            return counter_is_invariant();
    return false;
}

/* Counter and clock read at one moment: the reading during which the counter advanced least. */
static struct clock_pair pair_read(void)
{
    struct clock_pair best = { 0, 0 };
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < PAIR_TRIES; i++) {
        uint64_t before = counter_read();
        uint64_t ns = clock_read_ns(CLOCK_MONOTONIC);
        uint64_t took = counter_read() - before;
        if (took < least) {
            least = took;
            best = (struct clock_pair){ before + took / 2, ns };
        }
    }
    return best;
}

/* The monotonic clock ---------------------------------------------------------------------- */

/* Process-wide: set once at start, and by tests. A slope of 0: the counter is not used. */
static _Atomic uint64_t machine_slope;
static _Atomic(const struct clock_source *) replaced_by;
static char counter_name[64];

static _Thread_local struct clock_line line;
/* What this thread was told last when the counter was given up: time goes on from there. */
static _Thread_local uint64_t floor_ns;

void clock_init(void)
{
    if (!counter_is_trusted())
        return;
    struct clock_pair from = pair_read();
    struct timespec pause = { .tv_nsec = CALIBRATION_NS };
    (void)nanosleep(&pause, NULL);
    struct clock_pair to = pair_read();
    uint64_t slope = clock_slope_between(from, to);
    if (slope == 0)
        return;
    uint64_t per_us = (uint64_t)(((unsigned __int128)1000 << CLOCK_SLOPE_BITS) / slope);
    (void)snprintf(counter_name, sizeof(counter_name), COUNTER_NAME " @ %llu ticks/us",
                   (unsigned long long)per_us);
    atomic_store(&machine_slope, slope);
}

/* A second has passed on this line, or it is new, or the counter is not to be used. */
COLD static uint64_t mono_slow(uint64_t counter)
{
    uint64_t slope = atomic_load_explicit(&machine_slope, memory_order_relaxed);
    if (slope != 0) {
        struct clock_pair now = pair_read();
        if (line.limit == 0) {
            clock_line_start(&line, now, slope);
            return now.ns;
        }
        floor_ns = clock_line_floor(&line, counter);
        if (clock_line_turn(&line, now))
            return line.base_ns;
        line.limit = 0;
        atomic_store(&machine_slope, 0);
    }
    /* Once given up by one thread, the counter serves the others until their second is over. */
    if (line.limit != 0) {
        floor_ns = clock_line_floor(&line, counter);
        line.limit = 0;
    }
    return MAX_OF(clock_read_ns(CLOCK_MONOTONIC), floor_ns);
}

uint64_t clock_mono_ns(void)
{
    const struct clock_source *source = atomic_load_explicit(&replaced_by, memory_order_acquire);
    if (UNLIKELY(source))
        return source->mono_ns(source->arg);
    uint64_t counter = counter_read();
    uint64_t ticks = counter - line.base_counter; /* huge if the counter went back */
    if (UNLIKELY(ticks >= line.limit))
        return mono_slow(counter);
    return line.base_ns + clock_line_ns(&line, ticks);
}

const char *clock_mono_name(void)
{
    return atomic_load(&machine_slope) ? counter_name : "POSIX clock_gettime";
}

/* The others ------------------------------------------------------------------------------- */

void clock_set_source(const struct clock_source *source)
{
    ASSERT(!source || source->mono_ns);
    ASSERT(!source || source->wall_us);
    atomic_store_explicit(&replaced_by, source, memory_order_release);
}

uint64_t clock_wall_us(void)
{
    const struct clock_source *source = atomic_load_explicit(&replaced_by, memory_order_acquire);
    if (UNLIKELY(source))
        return source->wall_us(source->arg);
    return clock_read_ns(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

uint64_t clock_thread_cpu_ns(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}
