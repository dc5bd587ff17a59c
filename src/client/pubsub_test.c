/* The registry of topics against a plain model. */
#include "base/num.h"
#include "base/rand.h"
#include "client/pubsub.h"
#include "tests/unit/check.h"

static const struct hash_key key = { 1, 2 };

TEST(a_topic_is_there_while_somebody_listens)
{
    struct pubsub *ps = pubsub_new(&key);
    struct subscriber a = { 0 }, b = { 0 };
    CHECK(!pubsub_find(ps, PUBSUB_CHANNEL, SLICE("c")));
    CHECK(pubsub_subscribe(ps, &a, PUBSUB_CHANNEL, SLICE("c")));
    CHECK(!pubsub_subscribe(ps, &a, PUBSUB_CHANNEL, SLICE("c")));
    CHECK(pubsub_subscribe(ps, &b, PUBSUB_CHANNEL, SLICE("c")));
    CHECK_UINT(pubsub_find(ps, PUBSUB_CHANNEL, SLICE("c"))->count, 2);
    CHECK_UINT(pubsub_subscribers(ps), 2);
    CHECK(!pubsub_find(ps, PUBSUB_SHARD, SLICE("c")));

    CHECK(pubsub_unsubscribe(ps, &a, PUBSUB_CHANNEL, SLICE("c")));
    CHECK(!pubsub_unsubscribe(ps, &a, PUBSUB_CHANNEL, SLICE("c")));
    CHECK_UINT(pubsub_find(ps, PUBSUB_CHANNEL, SLICE("c"))->count, 1);
    pubsub_leave(ps, &b);
    CHECK(!pubsub_find(ps, PUBSUB_CHANNEL, SLICE("c")));
    CHECK_UINT(pubsub_topics(ps, PUBSUB_CHANNEL), 0);
    CHECK_UINT(pubsub_subscribers(ps), 0);
    pubsub_free(ps);
}

TEST(kinds_do_not_know_each_other)
{
    struct pubsub *ps = pubsub_new(&key);
    struct subscriber a = { 0 };
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        CHECK(pubsub_subscribe(ps, &a, (enum pubsub_kind)kind, SLICE("same")));
    CHECK_UINT(subscriber_total(&a), 3);
    CHECK_UINT(pubsub_subscribers(ps), 1);
    CHECK(pubsub_unsubscribe(ps, &a, PUBSUB_PATTERN, SLICE("same")));
    CHECK_UINT(subscriber_count(&a, PUBSUB_PATTERN), 0);
    CHECK_UINT(subscriber_count(&a, PUBSUB_CHANNEL), 1);
    CHECK_UINT(subscriber_count(&a, PUBSUB_SHARD), 1);
    pubsub_verify(ps);
    pubsub_leave(ps, &a);
    pubsub_free(ps);
}

TEST(patterns_stand_in_the_order_of_their_coming)
{
    struct pubsub *ps = pubsub_new(&key);
    struct subscriber a = { 0 }, b = { 0 };
    static const char *const names[] = { "z*", "a*", "m*" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)pubsub_subscribe(ps, &a, PUBSUB_PATTERN, slice_str(names[i]));
    (void)pubsub_subscribe(ps, &b, PUBSUB_PATTERN, SLICE("z*")); /* is there: keeps its place */
    size_t i = 0;
    const struct list *head = pubsub_patterns(ps);
    for (const struct list *node = head->next; node != head; node = node->next, i++) {
        const struct topic *t = LIST_ENTRY((struct list *)(uintptr_t)node, struct topic,
                                           in_patterns);
        CHECK(slice_eq(topic_name(t), slice_str(names[i])));
    }
    CHECK_UINT(i, COUNT_OF(names));
    pubsub_leave(ps, &a);
    pubsub_leave(ps, &b);
    pubsub_free(ps);
}

static void count_ended(void *arg, struct slice name)
{
    CHECK(name.len > 0);
    ++*(size_t *)arg;
}

TEST(all_subscriptions_of_a_kind_end_with_a_call_for_each)
{
    struct pubsub *ps = pubsub_new(&key);
    struct subscriber a = { 0 }, b = { 0 };
    char name[NUM_INT_MAX_CHARS];
    for (int i = 0; i < 5000; i++) {
        struct slice channel = slice_of(name, num_format_int(name, i));
        CHECK(pubsub_subscribe(ps, &a, PUBSUB_CHANNEL, channel));
        if (i % 2)
            CHECK(pubsub_subscribe(ps, &b, PUBSUB_CHANNEL, channel));
    }
    CHECK(subscriber_memory(&a) > 5000 * 16);
    size_t ended = 0;
    pubsub_unsubscribe_all(ps, &a, PUBSUB_CHANNEL, count_ended, &ended);
    CHECK_UINT(ended, 5000);
    CHECK_UINT(pubsub_topics(ps, PUBSUB_CHANNEL), 2500);
    CHECK_UINT(subscriber_memory(&a), 0);
    pubsub_verify(ps);
    pubsub_leave(ps, &b);
    pubsub_free(ps);
}

#define WHO 20
#define NAMES 30

TEST(random_operations_leave_what_a_model_says)
{
    struct pubsub *ps = pubsub_new(&key);
    struct subscriber who[WHO] = { 0 };
    bool model[WHO][PUBSUB_KINDS][NAMES] = { 0 };
    struct rand rand;
    rand_seed(&rand, 42);
    for (int step = 0; step < 20000; step++) {
        size_t w = rand_below(&rand, WHO), n = rand_below(&rand, NAMES);
        enum pubsub_kind kind = (enum pubsub_kind)rand_below(&rand, PUBSUB_KINDS);
        char text[NUM_INT_MAX_CHARS];
        struct slice name = slice_of(text, num_format_int(text, (int64_t)n));
        bool *is = &model[w][kind][n];
        if (rand_below(&rand, 200) == 0) {
            pubsub_leave(ps, &who[w]);
            memset(model[w], 0, sizeof(model[w]));
        } else if (rand_below(&rand, 2)) {
            CHECK(pubsub_subscribe(ps, &who[w], kind, name) == !*is);
            *is = true;
        } else {
            CHECK(pubsub_unsubscribe(ps, &who[w], kind, name) == *is);
            *is = false;
        }
        size_t listeners = 0;
        for (size_t i = 0; i < WHO; i++)
            listeners += model[i][kind][n];
        const struct topic *t = pubsub_find(ps, kind, name);
        CHECK_UINT(t ? t->count : 0, listeners);
        if (step % 500 == 0)
            pubsub_verify(ps);
    }
    for (size_t i = 0; i < WHO; i++)
        pubsub_leave(ps, &who[i]);
    CHECK_UINT(pubsub_subscribers(ps), 0);
    pubsub_free(ps);
}
