/* Nested turns: amid a unit the server looks at its other clients, and comes back.
 *
 * The inner turn runs units of its own in a batch of its own. What belongs to the unit that waits, its time
 * and the errors that it has made so far, is kept meanwhile, and put back at the end. */
#ifndef DISPATCH_NEST_H
#define DISPATCH_NEST_H

#include <stdbool.h>

struct dispatch;
struct dispatch_outer;

/* Pairs nest, and may also stand outside of any unit. Time goes on within: the caller syncs it. */
struct dispatch_outer *dispatch_nest_enter(struct dispatch *d);
void dispatch_nest_leave(struct dispatch *d, struct dispatch_outer *outer);
/* The running unit may be left for a nested turn: it is not amid a reply. */
bool dispatch_may_nest(const struct dispatch *d);

/* While held, nobody who waits for a key is served, whatever becomes of the key: it is not yet what it is
 * going to be. Those who became ready meanwhile are served behind the next unit, or by
 * dispatch_serve_waiters(). */
void dispatch_hold_waiters(struct dispatch *d, bool hold);

#endif
