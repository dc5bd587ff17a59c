/* What a loop asks of the kernel: a table that epoll fills, and others may (a simulated network).
 *
 * The loop keeps the handlers; a backend keeps only which descriptors are watched. Every watched
 * descriptor has a token, given when the watch begins and reported with each of its events. */
#ifndef EVENT_BACKEND_H
#define EVENT_BACKEND_H

#include <stddef.h>
#include <stdint.h>

/* Events of one descriptor as collected by a wait. */
struct loop_ready {
    uint64_t token;
    uint32_t mask; /* LOOP_READABLE, LOOP_WRITABLE, LOOP_HANGUP */
};

struct loop;

struct loop_backend {
    const char *name;
    /* 0 or -errno. */
    int (*open)(void **ret_state);
    void (*close)(void *state);
    /* The descriptor's events become `mask` (LOOP_READABLE, LOOP_WRITABLE, LOOP_EDGE; 0: not watched
     * any more); they were `before`. 0 or -errno. */
    int (*watch)(void *state, int fd, uint32_t before, uint32_t mask, uint64_t token);
    /* Waits until something is ready, at most `timeout_ns` (0: only look; -1: without limit), and
     * writes up to `max` (at most LOOP_EVENTS_MAX) events. Their number; 0 also when interrupted. */
    int (*wait)(void *state, struct loop_ready *ret_ready, size_t max, int64_t timeout_ns);
    /* Tells the completions that the wait has collected, before the file events are told; their
     * number. NULL for backends without operations. May be entered again by a nested turn. */
    int (*complete)(void *state, struct loop *loop);
};

extern const struct loop_backend loop_backend_epoll;
int loop_backend_epoll_fd(const void *state);        /* the set itself can be waited for */
extern const struct loop_backend loop_backend_uring; /* operations: event/uring.h */

#endif
