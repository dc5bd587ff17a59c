/* Clocks: one monotonic in nanoseconds, one wall clock in microseconds and milliseconds.
 *
 * The monotonic clock reads the time stamp counter where the kernel trusts it (invariant, and
 * calibrated against CLOCK_MONOTONIC at clock_init, once a second anew), else clock_gettime. It never
 * goes back on one thread; two threads agree within some microseconds. Tests replace both by a
 * virtual clock through clock_set_source; nothing in the server reads time another way. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock_source {
    uint64_t (*mono_ns)(void *arg);
    uint64_t (*wall_us)(void *arg);
    void *arg;
};

/* Calibrates; call once at start. Without it clock_gettime serves. */
void clock_init(void);
/* NULL restores the machine's clocks. The source must live as long as it is set. */
void clock_set_source(const struct clock_source *source);

uint64_t clock_mono_ns(void);
uint64_t clock_wall_us(void);
int64_t clock_wall_ms(void);
uint64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread; never virtual */

const char *clock_mono_name(void); /* "X86 TSC @ 2450 ticks/us", "POSIX clock_gettime" */

#endif
