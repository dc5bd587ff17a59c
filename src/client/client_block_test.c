/* Clients whose command waits: what comes behind it, and how the wait ends on a connection. */
#include "base/mem.h"
#include "client/testing.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)

static size_t waiting(struct client_world *w)
{
    return dispatch_block_counts(w->dispatch).sessions;
}

TEST(what_comes_behind_goes_on_in_its_order)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        client_world_say(w, peer, "ping\r\nhear 0\r\nadd a\r\nadd b\r\n*2\r\n$3\r\nadd\r\n$1\r\n");
        GOT(w, peer, "+PONG");
        client_world_say(w, peer, "c\r\nadd d\r\nadd ");
        GOT(w, peer, "");
        CHECK_UINT(w->ran.len, 0);
        client_world_say(w, boss, "ring\r\n");
        GOT(w, boss, "+OK");
        client_world_say(w, peer, "e\r\n");
        GOT(w, peer, "+heard +OK +OK +OK +OK +OK");
        CHECK_STR(buf_cstr(&w->ran), "abcde");
        CHECK_UINT(client_held_bytes(client_world_client(w, peer)), 0);
    }
}

TEST(one_that_waits_several_times_in_a_pipeline)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        client_world_say(w, peer, "hear 0\r\nadd a\r\nhear 0\r\nhear 0\r\nadd b\r\n");
        client_world_settle(w);
        for (int i = 0; i < 3; i++) {
            client_world_say(w, boss, "ring\r\n");
            GOT(w, boss, "+OK");
        }
        GOT(w, peer, "+heard +OK +heard +heard +OK");
        CHECK_STR(buf_cstr(&w->ran), "ab");
    }
}

/* It is served by the batch in which its next requests stand. */
TEST(served_in_the_middle_of_a_batch_it_goes_on_behind_what_was_set_aside)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        struct client *b = client_world_client(w, boss), *c = client_world_client(w, peer);
        client_stream_callbacks.on_bytes(c, SLICE("hear 0\r\nadd a\r\n"));
        client_stream_callbacks.on_bytes(b, SLICE("ring\r\n"));
        client_stream_callbacks.on_bytes(c, SLICE("add b\r\n"));
        client_world_settle(w);
        GOT(w, peer, "+heard +OK +OK");
        CHECK_STR(buf_cstr(&w->ran), "ab");

        client_stream_callbacks.on_bytes(c, SLICE("hear 0\r\n"));
        client_stream_callbacks.on_bytes(b, SLICE("ring\r\n"));
        client_stream_callbacks.on_bytes(c, SLICE("add c\r\n")); /* in the same turn */
        client_world_turn(w);
        CHECK_STR(buf_cstr(&w->ran), "abc");
    }
}

TEST(a_timeout_is_replied_and_what_comes_behind_runs)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "hear 50\r\nadd a\r\n");
        GOT(w, peer, "");
        client_world_pass(w, 49);
        GOT(w, peer, "");
        client_world_pass(w, 1);
        GOT(w, peer, "*-1 +OK");
        CHECK_UINT(waiting(w), 0);
    }
}

TEST(unblock_by_another_client)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        client_world_say(w, peer, "hear 0\r\nadd a\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client unblock 2\r\nclient unblock 2\r\nclient unblock 9\r\n");
        GOT(w, boss, ":1 :0 :0");
        GOT(w, peer, "*-1 +OK");
        client_world_say(w, peer, "hear 0\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client unblock 2 error\r\n");
        GOT(w, boss, ":1");
        GOT(w, peer, "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    }
}

TEST(a_pause_is_another_matter)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        client_world_say(w, peer, "hear 0\r\nadd a\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client pause 1000 write\r\nclient unpause\r\n");
        GOT(w, boss, "+OK +OK");
        CHECK_UINT(waiting(w), 1); /* its end resumes those alone who waited for it */
        client_world_say(w, boss, "client pause 1000 write\r\nring\r\n");
        GOT(w, boss, "+OK +OK");
        GOT(w, peer, "+heard");
        CHECK_UINT(w->ran.len, 0);
        client_world_pass(w, 1001);
        GOT(w, peer, "+OK");
    }
}

TEST(killed_or_gone_it_is_not_served)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), killed = client_world_connect(w);
        int gone = client_world_connect(w), last = client_world_connect(w);
        client_world_say(w, killed, "hear 10\r\nadd a\r\n");
        client_world_say(w, gone, "hear 10\r\nadd b\r\n");
        client_world_say(w, last, "hear 0\r\n");
        client_world_settle(w);
        CHECK_UINT(waiting(w), 3);
        client_world_hang_up(w, gone);
        client_world_settle(w);
        CHECK_UINT(waiting(w), 2);
        client_world_say(w, boss, "client kill id 2\r\nring\r\n");
        GOT(w, boss, ":1 +OK");
        GOT(w, killed, "(end)");
        GOT(w, last, "+heard");
        client_world_pass(w, 11);
        CHECK_UINT(waiting(w), 0);
        CHECK_UINT(w->ran.len, 0);
        CHECK_UINT(clients_count(w->clients), 2);
    }
}

TEST(a_protocol_error_waits_too)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        client_world_say(w, peer, "hear 0\r\nping\r\n*1\r\n!4\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "ring\r\n");
        GOT(w, peer, "+heard +PONG -ERR Protocol error: expected '$', got '!' (end)");
    }
}

TEST(a_big_bulk_may_come_while_its_client_waits)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        char *bytes = mem_alloc(100000);
        memset(bytes, 'x', 100000);
        client_world_say(w, peer, "hear 0\r\n*2\r\n$4\r\nblob\r\n$100000\r\n");
        client_world_send(w, peer, slice_of(bytes, 60000));
        GOT(w, peer, "");
        client_world_say(w, boss, "ring\r\n");
        GOT(w, peer, "+heard");
        client_world_send(w, peer, slice_of(bytes, 40000));
        client_world_say(w, peer, "\r\nping\r\n");
        GOT(w, peer, ":100000 +PONG");
        mem_free(bytes);
    }
}

TEST(an_idle_limit_spares_those_who_wait)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "hear 0\r\n");
        client_world_settle(w);
        client_world_config(w, "timeout", "1");
        client_world_pass(w, 5000);
        struct job_table jobs = clients_jobs(w->clients);
        for (size_t i = 0; i < jobs.count; i++)
            jobs.rows[i].run(jobs.owner);
        GOT(w, peer, "");
        CHECK_UINT(waiting(w), 1);
    }
}

TEST(the_server_may_end_while_clients_wait)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "hear 100\r\nping\r\n");
        client_world_settle(w);
        CHECK_UINT(waiting(w), 1); /* the rest is the leak checker's */
    }
}
