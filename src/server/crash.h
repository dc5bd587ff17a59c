/* The crash reporter: what the process says before it dies by a signal, a failed assertion or a
 * panic, and the watchdog, which says where a turn is that takes too long.
 *
 * A report goes to the log: why, the stacks of all threads, registers, INFO, the clients, the command
 * that runs, a test of the memory, the code. Then the process dies by the signal that it got, with a
 * core if the system wants one. It is written on a stack of its own, without allocating where that can
 * be avoided; a crash or standstill within ends the report with what is there. */
#ifndef SERVER_CRASH_H
#define SERVER_CRASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/directive.h"

struct server;

/* Rows in crash_settings.c. */
struct crash_settings {
    bool log_enabled, memcheck_enabled;
    bool exits_on_panic;
    bool verifies; /* enable-debug-assert */
    char *context;
    int64_t watchdog_ms; /* 0: off */
};

/* A step of the start; the main thread. 0, or -errno. */
MUST_USE int crash_install(struct server *s);
/* The server ends: reports do not look at it any more. */
void crash_forget_server(const struct server *s);

/* ---- watchdog.c ---- */

/* Also without a period, a SIGALRM that somebody sends reports the stack. */
void watchdog_install(void);
/* From now on the turn has so long, again and again; 0 ends it. */
void watchdog_set(int64_t period_ms);
/* A turn has gone by. */
void watchdog_tell_alive(void);

struct directive_table crash_directives(struct server *s);
struct job_table crash_jobs(struct server *s);

#endif
