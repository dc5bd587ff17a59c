/* The registry of topics. */
#include "client/pubsub.h"

#include "base/assert.h"
#include "base/mem.h"

#define SUBSCRIBERS_MIN 4

struct pubsub {
    const struct hash_key *hash_key;
    struct table *topics[PUBSUB_KINDS];
    struct list patterns;
    size_t subscribers;
};

/* What a subscriber's table holds. */
struct subscription {
    struct topic *topic;
    uint32_t at; /* in its array */
};

static struct slice key_of_topic(const void *entry)
{
    return topic_name(entry);
}

static struct slice key_of_subscription(const void *entry)
{
    return topic_name(((const struct subscription *)entry)->topic);
}

static const struct table_type topic_table = { .key = key_of_topic };
static const struct table_type subscription_table = { .key = key_of_subscription };

struct pubsub *pubsub_new(const struct hash_key *hash_key)
{
    struct pubsub *ps = mem_zalloc(sizeof(*ps));
    ps->hash_key = hash_key;
    list_init(&ps->patterns);
    return ps;
}

void pubsub_free(struct pubsub *ps)
{
    if (!ps)
        return;
    ASSERT(ps->subscribers == 0);
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        table_free(ps->topics[kind]);
    mem_free(ps);
}

/* ---- topics ---- */

static struct topic *find_topic(const struct pubsub *ps, enum pubsub_kind kind, uint64_t hash,
                                struct slice name)
{
    return ps->topics[kind] ? table_find(ps->topics[kind], hash, name) : NULL;
}

static struct topic *topic_new(struct pubsub *ps, enum pubsub_kind kind, uint64_t hash,
                               struct slice name)
{
    struct topic *t = mem_alloc(sizeof(*t) + name.len);
    *t = (struct topic){ .hash = hash, .name_len = name.len };
    if (name.len > 0)
        memcpy(t->name, name.ptr, name.len);
    list_init(&t->in_patterns);
    if (kind == PUBSUB_PATTERN)
        list_push_back(&ps->patterns, &t->in_patterns);
    if (!ps->topics[kind])
        ps->topics[kind] = table_new(&topic_table, ps->hash_key);
    table_insert(ps->topics[kind], hash, t);
    return t;
}

static void topic_free(struct pubsub *ps, enum pubsub_kind kind, struct topic *t)
{
    list_unlink(&t->in_patterns);
    table_remove(ps->topics[kind], t->hash, t);
    mem_free(t->subscribers);
    mem_free(t);
}

static void topic_set_room(struct topic *t, uint32_t cap)
{
    t->subscribers = mem_realloc(t->subscribers, cap * sizeof(struct subscriber *));
    t->cap = cap;
}

static uint32_t topic_add(struct topic *t, struct subscriber *who)
{
    if (t->count == t->cap) {
        ASSERT(t->cap <= UINT32_MAX / 2);
        topic_set_room(t, t->cap ? t->cap * 2 : SUBSCRIBERS_MIN);
    }
    t->subscribers[t->count] = who;
    return t->count++;
}

/* The last one takes the place. */
static void topic_remove(struct topic *t, enum pubsub_kind kind, uint32_t at)
{
    t->count--;
    if (at != t->count) {
        struct subscriber *moved = t->subscribers[t->count];
        struct subscription *sub = table_find(moved->of[kind], t->hash, topic_name(t));
        ASSERT(sub && sub->at == t->count);
        t->subscribers[at] = moved;
        sub->at = at;
    }
    if (t->cap > SUBSCRIBERS_MIN && t->count > 0 && t->count <= t->cap / 4)
        topic_set_room(t, t->cap / 2);
}

/* ---- subscriptions ---- */

bool pubsub_subscribe(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                      struct slice name)
{
    uint64_t hash = hash_bytes(ps->hash_key, name);
    if (who->of[kind] && table_find(who->of[kind], hash, name))
        return false;
    ps->subscribers += subscriber_total(who) == 0;
    struct topic *t = find_topic(ps, kind, hash, name);
    if (!t)
        t = topic_new(ps, kind, hash, name);
    struct subscription *sub = mem_alloc(sizeof(*sub));
    *sub = (struct subscription){ t, topic_add(t, who) };
    if (!who->of[kind])
        who->of[kind] = table_new(&subscription_table, ps->hash_key);
    table_insert(who->of[kind], hash, sub);
    return true;
}

/* Takes it out of topic and table; the topic may be left without a subscriber. */
static struct topic *take_out(struct subscriber *who, enum pubsub_kind kind,
                              struct subscription *sub)
{
    struct topic *t = sub->topic;
    topic_remove(t, kind, sub->at);
    table_remove(who->of[kind], t->hash, sub);
    mem_free(sub);
    return t;
}

/* After one or more were taken out. */
static void give_up_table(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind)
{
    if (table_count(who->of[kind]) > 0)
        return;
    table_free(who->of[kind]);
    who->of[kind] = NULL;
    ps->subscribers -= subscriber_total(who) == 0;
}

bool pubsub_unsubscribe(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                        struct slice name)
{
    uint64_t hash = hash_bytes(ps->hash_key, name);
    struct subscription *sub = who->of[kind] ? table_find(who->of[kind], hash, name) : NULL;
    if (!sub)
        return false;
    struct topic *t = take_out(who, kind, sub);
    if (t->count == 0)
        topic_free(ps, kind, t);
    give_up_table(ps, who, kind);
    return true;
}

void pubsub_unsubscribe_all(struct pubsub *ps, struct subscriber *who, enum pubsub_kind kind,
                            pubsub_ended ended, void *arg)
{
    if (!who->of[kind])
        return;
    struct table_iter it;
    struct subscription *sub;
    table_iter_open(&it, who->of[kind]);
    while ((sub = table_iter_next(&it))) {
        struct topic *t = take_out(who, kind, sub);
        if (ended)
            ended(arg, topic_name(t));
        if (t->count == 0)
            topic_free(ps, kind, t);
    }
    table_iter_close(&it);
    give_up_table(ps, who, kind);
}

void pubsub_leave(struct pubsub *ps, struct subscriber *who)
{
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        pubsub_unsubscribe_all(ps, who, (enum pubsub_kind)kind, NULL, NULL);
}

/* ---- what is asked ---- */

const struct topic *pubsub_find(const struct pubsub *ps, enum pubsub_kind kind, struct slice name)
{
    if (pubsub_topics(ps, kind) == 0)
        return NULL;
    return find_topic(ps, kind, hash_bytes(ps->hash_key, name), name);
}

size_t pubsub_topics(const struct pubsub *ps, enum pubsub_kind kind)
{
    return ps->topics[kind] ? table_count(ps->topics[kind]) : 0;
}

void pubsub_each(const struct pubsub *ps, enum pubsub_kind kind, table_visit visit, void *arg)
{
    if (ps->topics[kind])
        table_each(ps->topics[kind], visit, arg);
}

const struct list *pubsub_patterns(const struct pubsub *ps)
{
    return &ps->patterns;
}

size_t pubsub_subscribers(const struct pubsub *ps)
{
    return ps->subscribers;
}

size_t subscriber_count(const struct subscriber *who, enum pubsub_kind kind)
{
    return who->of[kind] ? table_count(who->of[kind]) : 0;
}

size_t subscriber_total(const struct subscriber *who)
{
    size_t total = 0;
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        total += subscriber_count(who, (enum pubsub_kind)kind);
    return total;
}

size_t subscriber_memory(const struct subscriber *who)
{
    size_t bytes = 0;
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        if (who->of[kind])
            bytes += table_footprint(who->of[kind]) +
                     table_count(who->of[kind]) * mem_size_class(sizeof(struct subscription));
    return bytes;
}

/* ---- checks ---- */

static void verify_topic(void *arg, void *entry)
{
    const struct topic *t = entry;
    const enum pubsub_kind kind = *(const enum pubsub_kind *)arg;
    ASSERT(t->count > 0);
    ASSERT(t->count <= t->cap);
    ASSERT(list_is_empty(&t->in_patterns) == (kind != PUBSUB_PATTERN));
    for (uint32_t i = 0; i < t->count; i++) {
        const struct subscription *sub = table_find(t->subscribers[i]->of[kind], t->hash,
                                                    topic_name(t));
        ASSERT(sub);
        ASSERT(sub->topic == t);
        ASSERT(sub->at == i);
    }
}

void pubsub_verify(const struct pubsub *ps)
{
    size_t patterns = 0;
    for (const struct list *node = ps->patterns.next; node != &ps->patterns; node = node->next)
        patterns++;
    ASSERT(patterns == pubsub_topics(ps, PUBSUB_PATTERN));
    for (int k = 0; k < PUBSUB_KINDS; k++) {
        enum pubsub_kind kind = (enum pubsub_kind)k;
        pubsub_each(ps, kind, verify_topic, &kind);
    }
}
