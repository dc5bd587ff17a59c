/* Periodic jobs as rows: what a room wants done every so often, in the rest phase of a turn.
 *
 * A job is a bounded slice of work. With period_ms 0 it runs at the server's own rhythm, `hz`
 * times a second. */
#ifndef BASE_JOB_H
#define BASE_JOB_H

#include <stddef.h>
#include <stdint.h>

struct job {
    const char *name;
    uint32_t period_ms;
    void (*run)(void *owner);
};

struct job_table {
    const struct job *rows;
    size_t count;
    void *owner;
};

#endif
