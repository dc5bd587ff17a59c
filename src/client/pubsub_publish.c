/* Publishing: from a channel to everybody who listens. */
#include "base/glob.h"
#include "client/client_priv.h"

/* So many subscribers ahead, a client's lines are asked for. */
#define LOOK_AHEAD 4

static struct client *client_of_subscriber(struct subscriber *who)
{
    return CONTAINER_OF(who, struct client, subscriber);
}

static void prefetch(const struct client *c)
{
    __builtin_prefetch(&c->session.reply, 1);
    __builtin_prefetch(&c->out, 1);
    __builtin_prefetch(&c->in_output, 1);
}

static size_t send_to_all(struct clients *cs, const struct topic *t, const struct slice *parts,
                          unsigned count)
{
    struct message m;
    message_init(&m, cs, parts, count);
    for (uint32_t i = 0; i < t->count; i++) {
        if (i + LOOK_AHEAD < t->count)
            prefetch(client_of_subscriber(t->subscribers[i + LOOK_AHEAD]));
        message_send(&m, client_of_subscriber(t->subscribers[i]));
    }
    message_done(&m);
    return t->count;
}

static size_t send_by_patterns(struct clients *cs, struct slice channel, struct slice text)
{
    size_t receivers = 0;
    const struct list *patterns = pubsub_patterns(cs->pubsub);
    for (const struct list *node = patterns->next; node != patterns; node = node->next) {
        const struct topic *t = LIST_ENTRY((struct list *)(uintptr_t)node, struct topic,
                                           in_patterns);
        const struct slice parts[] = { SLICE("pmessage"), topic_name(t), channel, text };
        if (glob_match(topic_name(t), channel))
            receivers += send_to_all(cs, t, parts, COUNT_OF(parts));
    }
    return receivers;
}

size_t clients_publish(struct clients *cs, enum pubsub_kind kind, struct slice channel,
                       struct slice text)
{
    size_t receivers = 0;
    struct slice word = kind == PUBSUB_SHARD ? SLICE("smessage") : SLICE("message");
    const struct slice parts[] = { word, channel, text };
    const struct topic *t = pubsub_find(cs->pubsub, kind, channel);
    if (t)
        receivers += send_to_all(cs, t, parts, COUNT_OF(parts));
    if (kind == PUBSUB_CHANNEL)
        receivers += send_by_patterns(cs, channel, text);
    return receivers;
}

void client_note_subscriptions(struct client *c)
{
    session_set_subscribed(&c->session, subscriber_total(&c->subscriber) > 0);
}

void client_unsubscribe_silently(struct client *c)
{
    pubsub_leave(c->owner->pubsub, &c->subscriber);
    client_note_subscriptions(c);
}
