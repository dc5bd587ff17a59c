/* Messages: shared where they can be, in order everywhere, over each kind of stream. */
#include "base/mem.h"
#include "client/testing.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)
#define MESSAGE(text) "*3 $7 message $1 c $1 " text

static int listener(struct client_world *w)
{
    int peer = client_world_connect(w);
    client_world_say(w, peer, "subscribe c\r\n");
    GOT(w, peer, "*3 $9 subscribe $1 c :1");
    return peer;
}

TEST(a_message_reaches_all_in_their_protocols)
{
    EACH_KIND(w)
    {
        int two = listener(w), three = listener(w), sender = client_world_connect(w);
        client_world_client(w, three)->session.reply.proto = 3;
        client_world_say(w, sender, "publish c a\r\npublish c b\r\n");
        GOT(w, sender, ":2 :2");
        GOT(w, two, MESSAGE("a") " " MESSAGE("b"));
        GOT(w, three, ">3 $7 message $1 c $1 a >3 $7 message $1 c $1 b");
        CHECK_PTR_NULL(w->clients->feeds[0].block);
        CHECK_PTR_NULL(w->clients->feeds[1].block);
    }
}

static void publish(struct client_world *w, size_t len)
{
    char *text = mem_alloc(len);
    memset(text, 'x', len);
    (void)clients_publish(w->clients, PUBSUB_CHANNEL, SLICE("c"), slice_of(text, len));
    mem_free(text);
}

TEST(short_messages_are_one_span_of_one_block)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    struct client *a = client_world_client(w, listener(w));
    struct client *b = client_world_client(w, listener(w));
    publish(w, 10);
    publish(w, 20);
    CHECK_UINT(a->out.count, 1);
    CHECK_UINT(b->out.count, 1);
    CHECK(outq_peek(&a->out, 0)->owner == outq_peek(&b->out, 0)->owner);
    CHECK(outq_peek(&a->out, 0)->ptr == outq_peek(&b->out, 0)->ptr);
    CHECK_PTR_NULL(a->block);
    client_world_free(w);
}

TEST(long_messages_are_one_blob)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    struct client *a = client_world_client(w, listener(w));
    struct client *b = client_world_client(w, listener(w));
    a->flags |= CLIENT_UNSENT; /* also for those who are slow */
    publish(w, 1000);
    CHECK_INT(outq_peek(&a->out, 0)->kind, SPAN_BLOB);
    CHECK(outq_peek(&a->out, 0)->owner == outq_peek(&b->out, 0)->owner);
    client_world_free(w);
}

TEST(who_is_slow_gets_copies_of_short_messages)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    struct client *slow = client_world_client(w, listener(w));
    slow->flags |= CLIENT_UNSENT;
    publish(w, 10);
    CHECK(slow->block != NULL);
    CHECK_UINT(slow->out.count, 0);
    client_world_free(w);
}

TEST(messages_stand_behind_what_was_replied_before)
{
    EACH_KIND(w)
    {
        int peer = listener(w);
        client_world_client(w, peer)->session.reply.proto = 3;
        client_world_say(w, peer, "echo a\r\npublish c m\r\necho b\r\n");
        GOT(w, peer, "$1 a >3 $7 message $1 c $1 m :1 $1 b");
    }
}

TEST(who_leaves_is_subscribed_no_more)
{
    EACH_KIND(w)
    {
        int peer = listener(w), sender = client_world_connect(w);
        CHECK_UINT(pubsub_subscribers(w->clients->pubsub), 1);
        client_world_hang_up(w, peer);
        client_world_settle(w);
        CHECK_UINT(pubsub_subscribers(w->clients->pubsub), 0);
        client_world_say(w, sender, "publish c a\r\n");
        GOT(w, sender, ":0");
    }
}
