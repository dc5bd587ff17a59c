/* Lists of processors, written as for taskset: "0,2,5-7" and, with a stride, "0-10:2".
 *
 * Threads inherit the processors of the one that starts them; so a thread that shall run elsewhere
 * is told by itself. */
#ifndef PROCESS_CPULIST_H
#define PROCESS_CPULIST_H

#include <sched.h>

#include "base/macros.h"

/* 0, or -EINVAL for what is no such list, or names no processor below CPU_SETSIZE. */
MUST_USE int cpulist_parse(const char *text, cpu_set_t *ret_set);

/* The calling thread's processors. 0 or -errno; -EINVAL also when none of them exists. */
MUST_USE int cpulist_apply(const cpu_set_t *set);
MUST_USE int cpulist_current(cpu_set_t *ret_set);

#endif
