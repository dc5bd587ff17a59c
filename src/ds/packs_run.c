/* Packs: runs, and where packs stand in them. */
#include <string.h>

#include "base/mem.h"
#include "ds/packs_priv.h"

static size_t run_size(size_t cap)
{
    return sizeof(struct run) + cap * sizeof(struct pack);
}

/* ---- places ---- */

static struct pack_place none(void)
{
    return (struct pack_place){ NULL, 0 };
}

struct pack_place packs_first(const struct packs *p)
{
    if (list_is_empty(&p->runs))
        return none();
    return (struct pack_place){ run_of(p->runs.next), 0 };
}

struct pack_place packs_last(const struct packs *p)
{
    if (list_is_empty(&p->runs))
        return none();
    struct run *run = run_of(p->runs.prev);
    return (struct pack_place){ run, run->used - 1 };
}

struct pack_place packs_next(const struct packs *p, struct pack_place at)
{
    if (at.slot + 1 < at.run->used)
        return (struct pack_place){ at.run, at.slot + 1 };
    struct list *next = at.run->in_runs.next;
    return next == &p->runs ? none() : (struct pack_place){ run_of(next), 0 };
}

struct pack_place packs_prev(const struct packs *p, struct pack_place at)
{
    if (!at.run)
        return packs_last(p);
    if (at.slot > 0)
        return (struct pack_place){ at.run, at.slot - 1 };
    struct list *prev = at.run->in_runs.prev;
    if (prev == &p->runs)
        return none();
    return (struct pack_place){ run_of(prev), run_of(prev)->used - 1 };
}

/* The run that holds an index, and where in it; from the nearer end. */
static struct run *seek_run(const struct packs *p, size_t index, size_t *ret_within)
{
    if (index < p->count / 2) {
        struct run *run = run_of(p->runs.next);
        for (; index >= run->count; run = run_of(run->in_runs.next))
            index -= run->count;
        *ret_within = index;
        return run;
    }
    size_t behind = p->count - index; /* from here to the end, 1 at least */
    struct run *run = run_of(p->runs.prev);
    for (; behind > run->count; run = run_of(run->in_runs.prev))
        behind -= run->count;
    *ret_within = run->count - behind;
    return run;
}

struct pack_place packs_seek(const struct packs *p, size_t index, size_t *ret_within)
{
    ASSERT(index < p->count);
    size_t within;
    struct run *run = seek_run(p, index, &within);
    size_t slot = 0;
    if (within < run->count / 2) {
        for (; within >= run->packs[slot].count; slot++)
            within -= run->packs[slot].count;
    } else {
        size_t behind = run->count - within;
        for (slot = run->used - 1; behind > run->packs[slot].count; slot--)
            behind -= run->packs[slot].count;
        within = run->packs[slot].count - behind;
    }
    *ret_within = within;
    return (struct pack_place){ run, slot };
}

/* ---- changes ---- */

static struct run *run_new(size_t cap, struct list *before)
{
    struct run *run = mem_alloc(run_size(cap));
    run->count = 0;
    run->used = 0;
    run->cap = (uint32_t)cap;
    list_insert_before(before, &run->in_runs);
    return run;
}

static void run_free(struct run *run)
{
    list_unlink(&run->in_runs);
    mem_free_sized(run, run_size(run->cap));
}

/* Moves `count` packs at the end or the beginning of `from` to the end or the beginning of `to`. */
static void move_packs(struct run *to, size_t to_slot, struct run *from, size_t from_slot,
                       size_t count)
{
    memmove(&to->packs[to_slot + count], &to->packs[to_slot],
            (to->used - to_slot) * sizeof(struct pack));
    memcpy(&to->packs[to_slot], &from->packs[from_slot], count * sizeof(struct pack));
    memmove(&from->packs[from_slot], &from->packs[from_slot + count],
            (from->used - from_slot - count) * sizeof(struct pack));
    size_t values = 0;
    for (size_t i = 0; i < count; i++)
        values += to->packs[to_slot + i].count;
    to->used += (uint32_t)count;
    from->used -= (uint32_t)count;
    to->count += values;
    from->count -= values;
}

/* The same run with another capacity. */
static struct run *run_resize(struct run *run, size_t cap)
{
    struct run *other = run_new(cap, &run->in_runs);
    move_packs(other, 0, run, 0, run->used);
    run_free(run);
    return other;
}

/* A full run, and a pack that is to stand at `at` in it: makes room, and says where it is. At an end of the list a
 * new run is begun, so that lists that are filled from an end have full runs. */
static struct pack_place make_room(struct packs *p, struct pack_place at)
{
    struct run *run = at.run;
    if (run->cap < PACKS_RUN_MAX) {
        at.run = run_resize(run, MIN_OF((size_t)run->cap * 2, PACKS_RUN_MAX));
        return at;
    }
    if (at.slot == run->used && run->in_runs.next == &p->runs)
        return (struct pack_place){ run_new(PACKS_RUN_MIN, &p->runs), 0 };
    if (at.slot == 0 && run->in_runs.prev == &p->runs)
        return (struct pack_place){ run_new(PACKS_RUN_MIN, &run->in_runs), 0 };
    struct run *behind = run_new(PACKS_RUN_MAX, run->in_runs.next);
    size_t half = run->used / 2;
    move_packs(behind, 0, run, half, run->used - half);
    if (at.slot <= half)
        return at;
    return (struct pack_place){ behind, at.slot - half };
}

struct pack_place packs_put(struct packs *p, struct pack_place at, struct pack pack)
{
    if (!at.run) {
        if (list_is_empty(&p->runs))
            at.run = run_new(PACKS_RUN_MIN, &p->runs);
        else
            at.run = run_of(p->runs.prev);
        at.slot = at.run->used;
    }
    if (at.run->used == at.run->cap)
        at = make_room(p, at);
    struct run *run = at.run;
    memmove(&run->packs[at.slot + 1], &run->packs[at.slot],
            (run->used - at.slot) * sizeof(struct pack));
    run->packs[at.slot] = pack;
    run->used++;
    run->count += pack.count;
    p->count += pack.count;
    p->pack_count++;
    return at;
}

/* Joins the run with its neighbour if both are small; follows the place that was in one of them. */
static struct pack_place join_runs(struct packs *p, struct run *run, struct pack_place at)
{
    struct list *node = run->in_runs.next;
    if (node == &p->runs)
        return at;
    struct run *next = run_of(node);
    size_t used = run->used;
    if (used + next->used > PACKS_RUN_MAX / 2)
        return at;
    bool in_run = at.run == run, in_next = at.run == next;
    if (used + next->used > run->cap)
        run = run_resize(run, PACKS_RUN_MAX);
    move_packs(run, used, next, 0, next->used);
    run_free(next);
    if (in_run)
        at.run = run;
    if (in_next)
        at = (struct pack_place){ run, at.slot + used };
    return at;
}

struct pack_place packs_take_out(struct packs *p, struct pack_place at)
{
    struct run *run = at.run;
    struct pack_place behind = packs_next(p, at);
    size_t count = pack_at(at)->count;
    run->used--;
    run->count -= count;
    p->count -= count;
    p->pack_count--;
    memmove(&run->packs[at.slot], &run->packs[at.slot + 1],
            (run->used - at.slot) * sizeof(struct pack));
    if (behind.run == run)
        behind.slot--;
    if (run->used == 0) {
        run_free(run);
        return behind;
    }
    behind = join_runs(p, run, behind);
    if (behind.run && behind.run->in_runs.prev != &p->runs)
        behind = join_runs(p, run_of(behind.run->in_runs.prev), behind);
    return behind;
}

void packs_count_by(struct packs *p, struct pack_place at, ptrdiff_t by)
{
    struct pack *pack = pack_at(at);
    pack->count = (uint32_t)((ptrdiff_t)pack->count + by);
    at.run->count += (size_t)by;
    p->count += (size_t)by;
}
