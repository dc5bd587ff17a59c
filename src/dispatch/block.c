/* Waiting: sessions whose command cannot be served yet, and who asks them when.
 *
 * A waiter keeps its request and stands in the queue of each key that it names (of that key's
 * interest), and in one of another kind if it wants to. A queue that was woken is listed; the list
 * is worked off when a unit ends. So neither a turn nor a write looks at anybody who does not wait
 * for that very key, and a timeout is a timer of the loop. */
#include "dispatch/block.h"

#include <math.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"
#include "event/loop.h"

#define NS_PER_MS UINT64_C(1000000)
/* However long a timeout is, its timer is looked at so often: timers count nanoseconds. */
#define LOOK_MS ((int64_t)3600 * 1000)
/* Of a waiter's memory: the usual request fits. */
#define ARENA_BLOCK ((size_t)256 - 16)
#define SCRATCH_BLOCK ((size_t)1024)

/* A waiter's place in one queue. */
struct wait_link {
    struct list in_queue;
    struct waiter *waiter;
    struct block_queue *queue;
};

void block_queue_init(struct block_queue *q)
{
    list_init(&q->waiters);
    list_init(&q->in_ready);
    q->of_key = false;
}

void block_queue_wake(struct dispatch *d, struct block_queue *q)
{
    if (list_is_empty(&q->in_ready))
        list_push_back(&d->waiting.ready, &q->in_ready);
}

static struct interest *interest_of(struct block_queue *q)
{
    return q->of_key ? CONTAINER_OF(q, struct interest, queue) : NULL;
}

void waiting_init(struct waiting *w)
{
    list_init(&w->ready);
    arena_init(&w->scratch, SCRATCH_BLOCK, 0);
}

void waiting_done(struct waiting *w)
{
    arena_done(&w->scratch);
}

void dispatch_use_loop(struct dispatch *d, struct loop *loop)
{
    d->waiting.loop = loop;
}

/* ---- a waiter's life ---- */

static void link_add(struct waiter *w, struct block_queue *queue)
{
    struct list *last = queue->waiters.prev;
    if (last != &queue->waiters && LIST_ENTRY(last, struct wait_link, in_queue)->waiter == w)
        return; /* a key that is named twice */
    struct wait_link *link = &w->links[w->link_count++];
    link->waiter = w;
    link->queue = queue;
    list_push_back(&queue->waiters, &link->in_queue);
}

static void link_key(struct dispatch *d, struct waiter *w, struct key key)
{
    struct interest *it = interest_get(d, w->session->db, key);
    struct block_counts *counts = &d->interests.waits;
    uint32_t before = w->link_count;
    bool first = list_is_empty(&it->queue.waiters);
    link_add(w, &it->queue);
    it->types = first ? w->block.types : it->types | w->block.types;
    counts->keys += first;
    if (w->link_count != before && w->block.types == BLOCK_ANY_STATE && it->any_state++ == 0)
        counts->keys_any_state++;
}

static void link_remove(struct dispatch *d, struct wait_link *link)
{
    struct interest *it = interest_of(link->queue);
    list_unlink(&link->in_queue);
    if (!it)
        return;
    struct block_counts *counts = &d->interests.waits;
    counts->keys -= list_is_empty(&it->queue.waiters);
    if (link->waiter->block.types == BLOCK_ANY_STATE && --it->any_state == 0)
        counts->keys_any_state--;
    interest_release(d, it);
}

static int64_t until_deadline_ms(const struct waiter *w)
{
    int64_t left_ms = w->deadline_ms - (int64_t)(clock_mono_ns() / NS_PER_MS);
    return MIN_OF(MAX_OF(left_ms, (int64_t)1), LOOK_MS);
}

static void waiter_free(struct dispatch *d, struct waiter *w)
{
    for (uint32_t i = 0; i < w->link_count; i++)
        link_remove(d, &w->links[i]);
    if (w->timer)
        (void)loop_timer_remove(d->waiting.loop, w->timer);
    d->interests.waits.sessions--;
    d->interests.waits.with_timeout -= w->block.timeout_ms > 0;
    w->session->waiter = NULL;
    w->session->flags &= ~(uint32_t)SESSION_BLOCKED;
    request_drop(&w->request);
    arena_done(&w->arena);
    mem_free(w);
}

/* It has been replied. */
static void waiter_finish(struct dispatch *d, struct waiter *w)
{
    struct session *s = w->session;
    waiter_free(d, w);
    session_after_unit(s);
    s->host->resume(s);
}

static int64_t on_timer(struct loop *loop UNUSED, void *arg)
{
    struct waiter *w = arg;
    struct dispatch *d = w->session->dispatch;
    if ((int64_t)(clock_mono_ns() / NS_PER_MS) < w->deadline_ms)
        return until_deadline_ms(w);
    w->timer = 0;
    unit_give_up(d, w, NULL);
    waiter_finish(d, w);
    return LOOP_TIMER_ONCE;
}

static void start_timer(struct dispatch *d, struct waiter *w)
{
    if (w->block.timeout_ms == 0)
        return;
    ASSERT(d->waiting.loop);
    int64_t now_ms = (int64_t)(clock_mono_ns() / NS_PER_MS);
    w->deadline_ms = w->block.timeout_ms > INT64_MAX - now_ms ? INT64_MAX
                                                              : now_ms + w->block.timeout_ms;
    w->timer = loop_timer_add(d->waiting.loop, until_deadline_ms(w), on_timer, w);
    d->interests.waits.with_timeout++;
}

size_t waiter_memory(const struct waiter *w)
{
    if (!w)
        return 0;
    size_t blob = w->request.bulk ? blob_footprint(w->request.bulk) : 0;
    return mem_block_size(w) + arena_footprint(&w->arena) + blob;
}

/* ---- for handlers ---- */

bool cmd_may_block(const struct cmd *cmd)
{
    return !(cmd->session->flags & SESSION_NO_BLOCK) && cmd->session->host->resume;
}

void block_time_out(struct cmd *cmd, const struct block_on *block, const struct block_wake *wake)
{
    if (block->timed_out)
        block->timed_out(cmd, wake);
    else
        reply_null_array(cmd->reply);
}

void cmd_block(struct cmd *cmd, const struct block_on *block)
{
    struct dispatch *d = cmd->dispatch;
    struct session *s = cmd->session;
    if (!cmd_may_block(cmd)) {
        const struct block_wake wake = { .note = block->note };
        block_time_out(cmd, block, &wake);
        return;
    }
    ASSERT(!s->waiter);
    ASSERT(block->serve || (block->key_count == 0 && !block->queue));

    size_t places = (size_t)block->key_count + 1;
    struct waiter *w = mem_alloc(sizeof(*w) + places * sizeof(struct wait_link));
    *w = (struct waiter){ .session = s, .block = *block };
    w->links = (struct wait_link *)(w + 1);
    arena_init(&w->arena, ARENA_BLOCK, 0);
    request_keep(&w->request, cmd->request, &w->arena);
    w->block.note = arena_copy(&w->arena, block->note);
    for (int i = 0; i < block->key_count; i++)
        link_key(d, w, cmd_key(cmd, block->first_key + i));
    if (block->queue)
        link_add(w, block->queue);
    start_timer(d, w);
    d->interests.waits.sessions++;
    s->waiter = w;
    s->flags |= SESSION_BLOCKED | SESSION_PARKED;
}

/* A number that milliseconds cannot hold is taken for a negative one, as by the peers. */
static bool seconds_to_ms(long double seconds, int64_t *ret_ms)
{
    long double ms = ceill(seconds * 1000);
    bool fits = ms > -0x1p63L && ms < 0x1p63L;
    *ret_ms = fits ? (int64_t)ms : INT64_MIN;
    return *ret_ms >= 0;
}

bool cmd_timeout(struct cmd *cmd, int i, enum timeout_unit unit, int64_t *ret_timeout_ms)
{
    long double seconds;
    bool positive;
    if (unit == TIMEOUT_IN_SECONDS) {
        if (!cmd_long_double(cmd, i, &seconds, "ERR timeout is not a float or out of range"))
            return false;
        positive = seconds_to_ms(seconds, ret_timeout_ms);
    } else {
        if (!cmd_int(cmd, i, ret_timeout_ms, "ERR timeout is not an integer or out of range"))
            return false;
        positive = *ret_timeout_ms >= 0;
    }
    if (!positive)
        reply_error(cmd->reply, "ERR timeout is negative");
    return positive;
}

/* ---- asking ---- */

/* What the waiter can use is there. */
static bool is_worth_asking(const struct waiter *w, const struct entry *e)
{
    return w->block.types == BLOCK_ANY_STATE || (e && (w->block.types & BLOCK_TYPE(entry_type(e))));
}

static bool ask(struct dispatch *d, struct waiter *w, struct slice key)
{
    const struct block_wake wake = { .key = key, .note = w->block.note };
    if (!unit_serve(d, w, &wake))
        return false;
    waiter_finish(d, w);
    return true;
}

static void ask_for_key(struct dispatch *d, struct interest *it)
{
    interest_pin(it);
    const struct entry *e = db_peek(it->db, it->key);
    LIST_FOR_EACH_SAFE(node, &it->queue.waiters)
    {
        if (!e && it->any_state == 0)
            break;
        struct waiter *w = LIST_ENTRY(node, struct wait_link, in_queue)->waiter;
        if (is_worth_asking(w, e) && ask(d, w, it->key.name))
            e = db_peek(it->db, it->key);
    }
    interest_unpin(d, it);
}

static void ask_queue(struct dispatch *d, struct block_queue *q)
{
    LIST_FOR_EACH_SAFE(node, &q->waiters)
    {
        (void)ask(d, LIST_ENTRY(node, struct wait_link, in_queue)->waiter,
                  (struct slice){ NULL, 0 });
    }
}

COLD void waiting_serve(struct dispatch *d)
{
    struct waiting *waiting = &d->waiting;
    /* What is served now wakes others: the loop below comes to them. */
    if (waiting->serving || waiting->held)
        return;
    waiting->serving = true;
    while (!list_is_empty(&waiting->ready)) {
        struct block_queue *q = LIST_ENTRY(waiting->ready.next, struct block_queue, in_ready);
        list_unlink(&q->in_ready);
        if (q->of_key)
            ask_for_key(d, interest_of(q));
        else
            ask_queue(d, q);
    }
    waiting->serving = false;
}

/* ---- ending a wait ---- */

void dispatch_serve_waiters(struct dispatch *d)
{
    if (!list_is_empty(&d->waiting.ready))
        waiting_serve(d);
}

bool session_unblock(struct session *s, const char *error)
{
    struct waiter *w = s->waiter;
    if (!w)
        return false;
    w->request.slot->failed++; /* with an error or without, as the peers count it */
    unit_give_up(s->dispatch, w, error);
    waiter_finish(s->dispatch, w);
    return true;
}

void session_cancel_wait(struct session *s)
{
    if (s->waiter)
        waiter_free(s->dispatch, s->waiter);
}

struct block_counts dispatch_block_counts(const struct dispatch *d)
{
    return d->interests.waits;
}
