/* The event loop: descriptors, timers, hooks and wake-ups of one thread.
 *
 * A turn is: hooks before the wait, the wait, hooks after it, the file events, what other threads
 * posted, the timers that are due. loop_run() repeats turns until loop_stop(); loop_turn() makes
 * one, also from inside a handler (a nested turn), where the caller says what it may do.
 *
 * File events are level-triggered: a handler that leaves something unread is called again. When a
 * descriptor is readable and writable, the reader runs first, or the writer if LOOP_BARRIER is set;
 * one function registered for both is called once with both bits. Everything may be added and
 * removed inside any handler; an event that was collected for a descriptor that has been removed
 * since (also if its number is in use again) is dropped.
 *
 * Invariants: a descriptor is removed before it is closed; all functions but loop_post, loop_wake
 * and loop_stop are called on the loop's own thread. An idle descriptor costs 32 bytes. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct loop;
struct loop_backend;
struct loop_hook;

enum {
    LOOP_READABLE = 1 << 0,
    LOOP_WRITABLE = 1 << 1,
    LOOP_BARRIER = 1 << 2, /* the writer runs before the reader */
    LOOP_EDGE = 1 << 3,   /* told once when it becomes ready, not again until it has been drained */
    LOOP_HANGUP = 1 << 4, /* of an edge-triggered descriptor: the end or an error is there, too */
};

/* A loop for descriptors below `fd_max`, waiting by epoll. -errno when the kernel refuses. */
MUST_USE int loop_new(size_t fd_max, struct loop **ret_loop);
/* The same on another backend (event/backend.h). */
MUST_USE int loop_new_on(const struct loop_backend *backend, size_t fd_max, struct loop **ret_loop);
/* Handlers of descriptors and timers are forgotten, not called; what was posted is run. Accepts
 * NULL, returns NULL. */
struct loop *loop_free(struct loop *loop);
const char *loop_backend_name(const struct loop *loop);
/* Waits in another way from now on; not during a turn. On -errno nothing has changed. */
MUST_USE int loop_set_backend(struct loop *loop, const struct loop_backend *backend);

/* File events. `ready` tells what has happened: LOOP_READABLE, LOOP_WRITABLE or both. Errors and
 * hang-ups show as both: the next read or write says which. */
typedef void (*loop_file_fn)(struct loop *loop, int fd, uint32_t ready, void *arg);

/* Adds the events of `mask` to those of `fd`; `arg` is one for both directions. -ERANGE when fd
 * is not below loop_fd_max(). With LOOP_EDGE, `fn` is the only function of the descriptor. */
MUST_USE int loop_file_add(struct loop *loop, int fd, uint32_t mask, loop_file_fn fn, void *arg);
/* Removes those events; with LOOP_WRITABLE also the barrier. What is not there is ignored. */
void loop_file_remove(struct loop *loop, int fd, uint32_t mask);
uint32_t loop_file_mask(const struct loop *loop, int fd);

size_t loop_fd_max(const struct loop *loop);
/* -ERANGE if a descriptor in use would not be below `fd_max`: nothing changes. */
MUST_USE int loop_resize(struct loop *loop, size_t fd_max);

/* Time events. The function returns the milliseconds until its next call, or LOOP_TIMER_ONCE. A
 * timer runs at most once a turn; those due at the same moment run in the order of their adding. */
typedef uint64_t loop_timer; /* 0 is no timer */
typedef int64_t (*loop_timer_fn)(struct loop *loop, void *arg);
#define LOOP_TIMER_ONCE ((int64_t)-1)

loop_timer loop_timer_add(struct loop *loop, int64_t delay_ms, loop_timer_fn fn, void *arg);
/* Also for a timer that is running: what it returns is then ignored. False if there is no such
 * timer (any more). */
bool loop_timer_remove(struct loop *loop, loop_timer timer);
/* Nanoseconds until the nearest timer, 0 if it is due, -1 if there is none. */
int64_t loop_timer_nearest_ns(const struct loop *loop);

/* Hooks run in the order of their adding. The handle stays valid until loop_hook_remove. */
typedef void (*loop_hook_fn)(struct loop *loop, void *arg);
struct loop_hook *loop_hook_before_wait(struct loop *loop, loop_hook_fn fn, void *arg);
struct loop_hook *loop_hook_after_wait(struct loop *loop, loop_hook_fn fn, void *arg);
void loop_hook_remove(struct loop *loop, struct loop_hook *hook);

/* What a turn does beside its file events. */
enum {
    LOOP_WAIT = 1 << 0,   /* until something happens, a timer is due or the loop is woken */
    LOOP_TIMERS = 1 << 1, /* runs the timers that are due */
    LOOP_HOOKS = 1 << 2,  /* runs the hooks before and after the wait */
};
#define LOOP_TURN_FULL ((uint32_t)(LOOP_WAIT | LOOP_TIMERS | LOOP_HOOKS))

/* One turn; the number of file events and timers handled. At most LOOP_EVENTS_MAX file events are
 * taken; the rest shows in the next turn. */
#define LOOP_EVENTS_MAX 1024
int loop_turn(struct loop *loop, uint32_t what);

/* Turns begun so far, nested ones too. */
uint64_t loop_turns(const struct loop *loop);

/* Full turns until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* any thread; the loop is woken */
bool loop_is_stopped(const struct loop *loop);
/* The next wait only looks: somebody has work that no descriptor announces. */
void loop_dont_wait(struct loop *loop);

/* Any thread: the loop leaves its wait; hooks before the next wait run after this call. */
void loop_wake(struct loop *loop);

/* Any thread: `fn` runs on the loop's thread, in the order of posting. The node belongs to the
 * caller and must live until `fn` is called, which may post it again or free it. */
struct loop_post {
    struct loop_post *next;
    void (*fn)(struct loop *loop, struct loop_post *post);
};
void loop_post(struct loop *loop, struct loop_post *post);
/* The loop's thread: runs what is posted now instead of in the next turn. */
void loop_run_posts(struct loop *loop);

/* The loop's backend state, for code written for one backend; NULL if it is another one. */
void *loop_backend_state(const struct loop *loop, const struct loop_backend *backend);

#endif
