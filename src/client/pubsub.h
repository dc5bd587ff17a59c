/* Pub/Sub: who listens to which channels and patterns.
 *
 * A *topic* is a channel, a shard channel or a pattern that somebody listens to; it is made with
 * its first subscriber and goes with its last. Topics stand in one table a kind; a subscriber has
 * tables of its own, made when it first subscribes, so that both sides are found by name. Patterns
 * stand in a list too, in the order in which they came: a message asks each of them.
 *
 * The registry knows no clients and sends nothing: whoever embeds a `struct subscriber` finds the
 * subscribers of a topic here and tells them.
 *
 * Invariants: a topic has a subscriber; a subscription is at `at` in its topic's array, and in the
 * subscriber's table under the topic's name. Slices of names are borrowed until the topic goes. */
#ifndef CLIENT_PUBSUB_H
#define CLIENT_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/slice.h"
#include "ds/table.h"

enum pubsub_kind { PUBSUB_CHANNEL, PUBSUB_PATTERN, PUBSUB_SHARD, PUBSUB_KINDS };

/* Zero is one that listens to nothing. */
struct subscriber {
    struct table *of[PUBSUB_KINDS]; /* NULL while it has none of the kind */
};

struct topic {
    struct subscriber **subscribers; /* those that have left are replaced by the last */
    uint32_t count, cap;
    uint64_t hash;
    struct list in_patterns;
    size_t name_len;
    char name[];
};

struct pubsub;

/* `hash_key` must outlive the registry. */
struct pubsub *pubsub_new(const struct hash_key *hash_key);
void pubsub_free(struct pubsub *ps); /* nobody is subscribed any more; accepts NULL */

/* False if it is subscribed already. */
bool pubsub_subscribe(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                      struct slice name);
/* False if it is not subscribed. */
bool pubsub_unsubscribe(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                        struct slice name);
/* Called when a subscription has ended; the name is valid within the call. */
typedef void (*pubsub_ended)(void *arg, struct slice name);
/* Ends all subscriptions of the kind; `ended` may be NULL, and must not change any. */
void pubsub_unsubscribe_all(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                            pubsub_ended ended, void *arg);
/* Ends all subscriptions. Not while somebody walks over topics or subscribers. */
void pubsub_leave(struct pubsub *ps, struct subscriber *who);

/* NULL if nobody listens. */
const struct topic *pubsub_find(const struct pubsub *ps, enum pubsub_kind kind, struct slice name);
size_t pubsub_topics(const struct pubsub *ps, enum pubsub_kind kind);
/* `visit` gets `struct topic *`; nothing may change meanwhile. */
void pubsub_each(const struct pubsub *ps, enum pubsub_kind kind, table_visit visit, void *arg);
/* The head of the list of patterns. */
const struct list *pubsub_patterns(const struct pubsub *ps);
/* How many listen to anything. */
size_t pubsub_subscribers(const struct pubsub *ps);

INLINE struct slice topic_name(const struct topic *t)
{
    return slice_of(t->name, t->name_len);
}

/* What one subscriber listens to. */
size_t subscriber_count(const struct subscriber *who, enum pubsub_kind kind);
/* Of all kinds. */
size_t subscriber_total(const struct subscriber *who);
/* Bytes of its subscriptions, without the topics. */
size_t subscriber_memory(const struct subscriber *who);

/* Checks every invariant, for tests; asserts. */
void pubsub_verify(const struct pubsub *ps);

#endif
