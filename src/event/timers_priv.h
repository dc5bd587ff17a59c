/* The timers of a loop: a 4-ary heap by due time over slots that keep their place in it.
 *
 * A timer's name is its slot and the slot's generation, so an old name is never taken for a new
 * timer. Adding and removing cost O(log n), finding the nearest O(1). */
#ifndef EVENT_TIMERS_PRIV_H
#define EVENT_TIMERS_PRIV_H

#include "event/loop.h"

struct timer_slot;
struct timer_node;

struct timers {
    struct timer_slot *slots;
    struct timer_node *heap;
    uint32_t slot_count, slot_cap; /* slots ever used; allocated (of the heap too) */
    uint32_t heap_count;
    uint32_t free_slot;
    uint64_t sequence;
    uint64_t running_ns; /* the moment of timers_run, 0 outside it */
};

void timers_init(struct timers *t);
void timers_done(struct timers *t);

loop_timer timers_add(struct timers *t, uint64_t when_ns, loop_timer_fn fn, void *arg);
bool timers_remove(struct timers *t, loop_timer timer);
/* False if there is none. */
bool timers_nearest(const struct timers *t, uint64_t *ret_when_ns);
/* Runs those due at `now_ns`, each once; returns their number. */
int timers_run(struct timers *t, struct loop *loop, uint64_t now_ns);

#endif
