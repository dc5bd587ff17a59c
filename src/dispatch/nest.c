/* What a unit leaves behind while a nested turn runs. */
#include "dispatch/nest.h"

#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

struct dispatch_outer {
    struct dispatch_clock clock;
    const struct cmd *current;
    uint32_t errors_noted;
};

struct dispatch_outer *dispatch_nest_enter(struct dispatch *d)
{
    struct dispatch_outer *outer = mem_alloc(sizeof(*outer));
    *outer = (struct dispatch_outer){ d->clock, d->current, d->errors_noted };
    return outer;
}

void dispatch_nest_leave(struct dispatch *d, struct dispatch_outer *outer)
{
    d->clock = outer->clock;
    d->current = outer->current;
    d->errors_noted = outer->errors_noted;
    keyspace_set_now(d->keyspace, d->clock.now_ms);
    mem_free(outer);
}

bool dispatch_may_nest(const struct dispatch *d)
{
    return !d->current ||
           (!session_in_transaction(d->current->session) && d->current->reply->deferred == 0);
}

void dispatch_hold_waiters(struct dispatch *d, bool hold)
{
    d->waiting.held = hold;
}
