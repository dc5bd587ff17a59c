/* The turn: the page to read first.
 *
 * Commands run on one thread, in order, without locks. Every iteration of the event loop is a turn
 * of five phases; each does one kind of work for all clients at once.
 *
 *     1 receive   clients that waited bring what they hold; the streams deliver bytes, which are
 *                 parsed into the turn's batch
 *     2 execute   the batch is looked ahead in and run in order
 *     3 persist   what changed goes to the journal's sinks
 *     4 send      every client that has a reply gets it
 *     5 rest      timers that are due; then the wait for events
 *
 * No reply leaves before phase 3. The loop calls: wait (5), after the wait and file events (1),
 * timers (5), before the wait (2, 3, 4). */
#include "base/clock.h"
#include "client/clients.h"
#include "db/db.h"
#include "dispatch/block.h"
#include "dispatch/dispatch.h"
#include "dispatch/nest.h"
#include "event/loop.h"
#include "persist/persist.h"
#include "server/server_priv.h"

/* However far away the next expiry is, it is looked at so often: timers count nanoseconds, which do
 * not reach as far as an expiry may. */
#define EXPIRY_LOOK_MS ((int64_t)3600 * 1000)

static void after_wait(struct loop *loop UNUSED, void *arg)
{
    struct server *s = arg;
    dispatch_time_sync(s->dispatch);
    s->turn.start_ns = dispatch_now_mono_ns(s->dispatch);
    clients_receive(s->clients);
}

/* When the next key is due, the loop wakes: expiry is exact. */
static int64_t expiry_is_due(struct loop *loop UNUSED, void *arg)
{
    struct server *s = arg;
    s->expiry_timer = 0;
    return LOOP_TIMER_ONCE;
}

static void arm_expiry(struct server *s)
{
    int64_t due_ms = keyspace_next_due(s->keyspace);
    if (LIKELY(s->expiry_timer && due_ms == s->expiry_timer_at_ms))
        return;
    if (s->expiry_timer)
        loop_timer_remove(s->loop, s->expiry_timer);
    s->expiry_timer = 0;
    if (due_ms == INT64_MAX)
        return;
    int64_t delay_ms = MAX_OF(due_ms - dispatch_now_ms(s->dispatch), (int64_t)1);
    s->expiry_timer = loop_timer_add(s->loop, MIN_OF(delay_ms, EXPIRY_LOOK_MS), expiry_is_due, s);
    s->expiry_timer_at_ms = due_ms;
}

static void expire(struct server *s)
{
    int64_t now_ms = dispatch_now_ms(s->dispatch);
    if (keyspace_next_due(s->keyspace) <= now_ms &&
        keyspace_expire_due(s->keyspace, now_ms, keyspace_expire_slice(s->keyspace)))
        loop_dont_wait(s->loop);
    arm_expiry(s);
}

static void count_turn(struct server *s)
{
    uint64_t cpu = clock_thread_cpu_ns();
    uint64_t took = cpu - s->turn.cpu_at_end_ns;
    s->turn.cpu_at_end_ns = cpu;
    s->turn.longest_cpu_ns = MAX_OF(s->turn.longest_cpu_ns, took);
    uint64_t lasted = clock_mono_ns() - s->turn.start_ns;
    s->turn.active_ns += lasted;
    s->turn.longest_ns = MAX_OF(s->turn.longest_ns, lasted);
    s->turn.turns++;
}

static void execute(struct server *s)
{
    uint64_t start_ns = clock_mono_ns(), before = dispatch_commands_processed(s->dispatch);
    clients_execute(s->clients);
    uint64_t ran = dispatch_commands_processed(s->dispatch) - before;
    if (ran == 0)
        return;
    s->turn.turns_with_commands++;
    s->turn.commands_ns += clock_mono_ns() - start_ns;
    s->turn.commands_max = MAX_OF(s->turn.commands_max, ran);
}

static void before_wait(struct loop *loop UNUSED, void *arg)
{
    struct server *s = arg;
    if (UNLIKELY(signals_take_reopen()))
        process_reopen_log(s);
    server_shutdown_if_asked(s);
    execute(s);
    expire(s);
    dispatch_serve_waiters(s->dispatch); /* what expired may be what somebody waits for */
    persist_flush(s->persist);
    clients_batch_done(s->clients);
    clients_reap(s->clients); /* who killed others finds them gone when the reply comes */
    clients_send(s->clients);
    clients_reap(s->clients);
    count_turn(s);
}

/* Amid a unit that takes long, or before the first turn: one look at the clients that do not wait for that unit.
 * Nothing expires, and no timer runs; the turn around it is none the wiser. */
static void nested_turn(void *arg)
{
    struct server *s = arg;
    struct dispatch_outer *outer = dispatch_nest_enter(s->dispatch);
    clients_nest_enter(s->clients);
    dispatch_time_sync(s->dispatch);
    clients_receive(s->clients);
    (void)loop_turn(s->loop, /* what= */ 0);
    if (UNLIKELY(signals_take_reopen()))
        process_reopen_log(s);
    server_shutdown_if_asked(s);
    clients_execute(s->clients);
    persist_flush(s->persist);
    clients_reap(s->clients);
    clients_send(s->clients);
    clients_reap(s->clients);
    clients_nest_leave(s->clients);
    dispatch_nest_leave(s->dispatch, outer);
    loop_dont_wait(s->loop); /* the inner turn may have swallowed somebody's wish */
}

void turn_install(struct server *s)
{
    s->turn.cpu_at_end_ns = clock_thread_cpu_ns();
    s->turn.start_ns = clock_mono_ns();
    persist_hooks(s->persist)->yield.fn = nested_turn;
    persist_hooks(s->persist)->yield.arg = s;
    loop_hook_after_wait(s->loop, after_wait, s);
    loop_hook_before_wait(s->loop, before_wait, s);
}
