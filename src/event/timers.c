/* The heap of timers. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/timers_priv.h"

#define NS_PER_MS UINT64_C(1000000)
#define FANOUT 4u
#define NOWHERE UINT32_MAX /* heap place of a slot that is free or whose function runs */

struct timer_slot {
    loop_timer_fn fn;
    void *arg;
    uint32_t place; /* in the heap; of a free slot: the next free one */
    uint32_t generation;
};

struct timer_node {
    uint64_t when_ns;
    uint64_t sequence; /* equal moments: first come, first served */
    uint32_t slot;
};

void timers_init(struct timers *t)
{
    *t = (struct timers){ .free_slot = NOWHERE };
}

void timers_done(struct timers *t)
{
    mem_free(t->slots);
    mem_free(t->heap);
    timers_init(t);
}

static bool node_before(const struct timer_node *a, const struct timer_node *b)
{
    return a->when_ns != b->when_ns ? a->when_ns < b->when_ns : a->sequence < b->sequence;
}

static void heap_put(struct timers *t, uint32_t place, struct timer_node node)
{
    t->heap[place] = node;
    t->slots[node.slot].place = place;
}

/* Moves `node` from `place` towards the root as far as it belongs. */
static void heap_up(struct timers *t, uint32_t place, struct timer_node node)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / FANOUT;
        if (!node_before(&node, &t->heap[parent]))
            break;
        heap_put(t, place, t->heap[parent]);
        place = parent;
    }
    heap_put(t, place, node);
}

static void heap_down(struct timers *t, uint32_t place, struct timer_node node)
{
    for (;;) {
        uint32_t first = place * FANOUT + 1;
        if (first >= t->heap_count)
            break;
        uint32_t least = first;
        for (uint32_t i = first + 1; i < MIN_OF(first + FANOUT, t->heap_count); i++)
            if (node_before(&t->heap[i], &t->heap[least]))
                least = i;
        if (!node_before(&t->heap[least], &node))
            break;
        heap_put(t, place, t->heap[least]);
        place = least;
    }
    heap_put(t, place, node);
}

static void heap_insert(struct timers *t, uint32_t slot, uint64_t when_ns)
{
    /* Inside timers_run nothing may become due before the run ends, or it might never end. */
    if (t->running_ns && when_ns <= t->running_ns)
        when_ns = t->running_ns + 1;
    ASSERT(t->heap_count < t->slot_cap);
    struct timer_node node = { when_ns, t->sequence++, slot };
    heap_up(t, t->heap_count++, node);
}

static void heap_remove(struct timers *t, uint32_t place)
{
    ASSERT(place < t->heap_count);
    t->slots[t->heap[place].slot].place = NOWHERE;
    struct timer_node last = t->heap[--t->heap_count];
    if (place == t->heap_count)
        return;
    if (place > 0 && node_before(&last, &t->heap[(place - 1) / FANOUT]))
        heap_up(t, place, last);
    else
        heap_down(t, place, last);
}

static uint32_t slot_take(struct timers *t)
{
    if (t->free_slot != NOWHERE) {
        uint32_t slot = t->free_slot;
        t->free_slot = t->slots[slot].place;
        return slot;
    }
    if (t->slot_count == t->slot_cap) {
        t->slot_cap = t->slot_cap ? t->slot_cap * 2 : 16;
        t->slots = mem_realloc(t->slots, t->slot_cap * sizeof(*t->slots));
        t->heap = mem_realloc(t->heap, t->slot_cap * sizeof(*t->heap));
    }
    t->slots[t->slot_count].generation = 1;
    return t->slot_count++;
}

static void slot_give(struct timers *t, uint32_t slot)
{
    struct timer_slot *s = &t->slots[slot];
    s->generation++;
    s->fn = NULL;
    s->place = t->free_slot;
    t->free_slot = slot;
}

loop_timer timers_add(struct timers *t, uint64_t when_ns, loop_timer_fn fn, void *arg)
{
    ASSERT(fn);
    uint32_t slot = slot_take(t);
    t->slots[slot].fn = fn;
    t->slots[slot].arg = arg;
    heap_insert(t, slot, when_ns);
    return (uint64_t)t->slots[slot].generation << 32 | slot;
}

bool timers_remove(struct timers *t, loop_timer timer)
{
    uint32_t slot = (uint32_t)timer;
    if (slot >= t->slot_count || t->slots[slot].generation != timer >> 32)
        return false;
    ASSERT(t->slots[slot].fn);
    if (t->slots[slot].place != NOWHERE)
        heap_remove(t, t->slots[slot].place);
    slot_give(t, slot);
    return true;
}

bool timers_nearest(const struct timers *t, uint64_t *ret_when_ns)
{
    if (t->heap_count == 0)
        return false;
    *ret_when_ns = t->heap[0].when_ns;
    return true;
}

/* Calls the function of the heap's first timer and puts the timer back if it wants to go on. */
static void run_first(struct timers *t, struct loop *loop)
{
    uint32_t slot = t->heap[0].slot;
    struct timer_slot running = t->slots[slot];
    heap_remove(t, 0);

    int64_t delay_ms = running.fn(loop, running.arg);

    if (t->slots[slot].generation != running.generation)
        return; /* removed meanwhile; the slot may already be somebody else's */
    if (delay_ms < 0)
        slot_give(t, slot);
    else
        heap_insert(t, slot, clock_mono_ns() + (uint64_t)delay_ms * NS_PER_MS);
}

int timers_run(struct timers *t, struct loop *loop, uint64_t now_ns)
{
    uint64_t outer_ns = t->running_ns; /* of a turn that this one is nested in */
    t->running_ns = now_ns;
    int count = 0;
    for (; t->heap_count > 0 && t->heap[0].when_ns <= now_ns; count++)
        run_first(t, loop);
    t->running_ns = outer_ns;
    return count;
}
