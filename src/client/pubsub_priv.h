/* Messages: how what is published reaches its subscribers.
 *
 * A message is encoded once for each protocol that a receiver of it speaks, and shared: the queues
 * of all receivers refer to the same bytes. A long one is a blob of its own. Short ones lie one
 * behind the other in a *feed*, a block that lasts at most as long as the turn; who listens to
 * nothing else gets them as one growing span, and whoever has other output gets a copy. */
#ifndef CLIENT_PUBSUB_PRIV_H
#define CLIENT_PUBSUB_PRIV_H

#include "base/outq.h"
#include "client/pubsub.h"

struct client;
struct clients;

/* What stands in front of a message: "message", "pmessage", ... */
#define MESSAGE_PARTS_MAX 4

/* ---- message.c ---- */

struct message {
    struct clients *owner;
    const struct slice *parts;
    unsigned count;
    bool is_long;
    size_t len;          /* encoded */
    struct span form[2]; /* of RESP2 and RESP3; without bytes before the first that needs it */
};

void message_init(struct message *m, struct clients *cs, const struct slice *parts, unsigned count);
void message_send(struct message *m, struct client *to);
void message_done(struct message *m);

struct feed {
    struct block *block;
    size_t used;
};

/* The feeds' blocks end with the turn. */
void feeds_done(struct clients *cs);

/* ---- pubsub_publish.c ---- */

/* Sends to everybody who listens; how many that were. A shard channel knows no patterns. */
size_t clients_publish(struct clients *cs, enum pubsub_kind kind, struct slice channel,
                       struct slice text);
/* The client listens to nothing any more. Not while something is published. */
void client_unsubscribe_silently(struct client *c);
/* Its gate, its flag and its class follow from whether it listens. */
void client_note_subscriptions(struct client *c);

#endif
