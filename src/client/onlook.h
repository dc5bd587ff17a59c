/* Those who look on: clients that are told about what others do, while others do it.
 *
 * This file ties the two kinds, monitors (monitor.h) and clients that track keys (tracking.h), to
 * the dispatcher: its hooks are set while there is somebody of either kind, and no longer.
 *
 * While a client's command runs, nothing may get between the parts of its reply. What that client
 * is to be told meanwhile waits for the unit's end, when it goes behind the reply. */
#ifndef CLIENT_ONLOOK_H
#define CLIENT_ONLOOK_H

#include "base/buf.h"
#include "base/slice.h"

struct blob;
struct client;
struct clients;

/* Zero is a valid start. */
struct onlook {
    struct client *behind_of; /* whose unit is not over; NULL while nothing waits */
    struct buf behind;        /* what it is told then */
};

void onlook_init(struct clients *cs);
void onlook_done(struct clients *cs);
/* The client goes. */
void onlook_forget(struct clients *cs, const struct client *c);
/* Somebody began to look on, or ceased to. */
void onlook_listen(struct clients *cs);

/* A text for one client or for many, with its line ends. A long one is copied once and shared. */
struct telling {
    struct slice text; /* borrowed */
    struct blob *blob;
};

INLINE struct telling telling_of(struct slice text)
{
    return (struct telling){ .text = text };
}

/* Sends it, also to a client that is muted: now, or behind its unit. */
void telling_send(struct telling *what, struct client *to);
void telling_done(struct telling *what);

#endif
