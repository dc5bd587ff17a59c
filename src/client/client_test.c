/* The life of a client: parked, resumed, closed from anywhere and at any point. */
#include "base/mem.h"
#include "client/testing.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)

/* ---- closing ---- */

TEST(a_command_may_close_its_own_client)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "ping\r\nadd a\r\ndie\r\nadd b\r\n");
        GOT(w, peer, "(end)");
        CHECK_STR(buf_cstr(&w->ran), "a");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(quit_is_answered_and_nothing_runs_behind_it)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "ping\r\nquit\r\nadd b\r\n*1\r\n!broken");
        GOT(w, peer, "+PONG +OK (end)");
        CHECK_UINT(w->ran.len, 0);
    }
}

TEST(quit_without_replies_closes_too)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "client reply off\r\nping\r\nquit\r\n");
        GOT(w, peer, "(end)");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(a_killed_client_runs_nothing_more_and_the_killer_goes_on)
{
    EACH_KIND(w)
    {
        int killer = client_world_connect(w), victim = client_world_connect(w);
        client_world_settle(w);
        client_world_say(w, killer, "client kill id 2\r\nadd k\r\n");
        client_world_say(w, victim, "add v\r\nping\r\n");
        GOT(w, killer, ":1 +OK");
        GOT(w, victim, "(end)");
        CHECK_STR(buf_cstr(&w->ran), "k");
        CHECK_UINT(clients_count(w->clients), 1);
    }
}

TEST(a_killed_client_has_run_what_stood_before_in_the_batch)
{
    EACH_KIND(w)
    {
        int victim = client_world_connect(w), killer = client_world_connect(w);
        client_stream_callbacks.on_bytes(client_world_client(w, victim), SLICE("add v\r\n"));
        client_stream_callbacks.on_bytes(client_world_client(w, killer),
                                         SLICE("client kill id 1\r\n"));
        client_stream_callbacks.on_bytes(client_world_client(w, victim), SLICE("add w\r\n"));
        GOT(w, killer, ":1");
        GOT(w, victim, "(end)");
        CHECK_STR(buf_cstr(&w->ran), "v");
    }
}

TEST(who_kills_himself_is_answered_first)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w), other = client_world_connect(w);
        client_world_settle(w);
        client_world_say(w, peer, "ping\r\nclient kill type normal skipme no\r\nadd a\r\n");
        GOT(w, peer, "+PONG :2 (end)");
        GOT(w, other, "(end)");
        CHECK_UINT(w->ran.len, 0);
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

/* Every state that a conversation goes through, met by a kill. */
TEST(a_client_may_be_killed_at_any_point)
{
    static const char conversation[] = "ping\r\n*2\r\n$4\r\necho\r\n$3\r\nabc\r\nmany 30\r\n"
                                       "echo \"x y\"\r\nclient reply skip\r\n*1\r\n!";
    EACH_KIND(w)
    {
        w = client_world_free(w);
        for (size_t len = 0; len < sizeof(conversation); len++) {
            w = client_world_new(client_world_kinds[w_kind]);
            int peer = client_world_connect(w);
            client_world_send(w, peer, slice_of(conversation, len));
            for (size_t turn = 0; turn < len % 4; turn++)
                client_world_turn(w);
            struct client *c = client_world_client(w, peer);
            if (c)
                client_close(c);
            client_world_settle(w);
            CHECK_UINT(clients_count(w->clients), 0);
            w = len + 1 < sizeof(conversation) ? client_world_free(w) : w;
        }
    }
}

TEST(clients_of_a_server_that_ends_are_freed_in_any_state)
{
    EACH_KIND(w)
    {
        client_world_config(w, "requirepass", "pw");
        int waiting = client_world_connect(w);
        client_world_say(w, waiting, "ping\r\nping\r\nping\r\n");
        client_world_turn(w);
        client_world_turn(w);
        client_world_config(w, "requirepass", "");
        int parked = client_world_connect(w), half = client_world_connect(w);
        int closing = client_world_connect(w);
        client_world_say(w, parked, "client pause 1000 write\r\nadd a\r\nadd b\r\n*1\r\n!");
        client_world_say(w, half, "*2\r\n$4\r\necho\r\n$100000\r\nabc");
        client_world_say(w, closing, "big 500000\r\n");
        for (int turn = 0; turn < 4; turn++)
            client_world_turn(w);
        client_close(client_world_client(w, closing));
        CHECK_UINT(clients_count(w->clients), 4);
    }
}

/* ---- parked ---- */

static void pause_writes(struct client_world *w, int by)
{
    client_world_say(w, by, "client pause 1000000 write\r\n");
    GOT(w, by, "+OK");
}

TEST(parked_requests_go_on_in_their_order)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        pause_writes(w, boss);
        client_world_say(w, peer, "ping\r\nadd a\r\nadd b\r\necho 1\r\n*2\r\n$3\r\nadd\r\n$1\r\n");
        GOT(w, peer, "+PONG");
        client_world_say(w, peer, "c\r\nadd d\r\nadd ");
        GOT(w, peer, "");
        CHECK(client_world_client(w, peer)->session.flags & SESSION_PARKED);
        client_world_say(w, boss, "add X\r\n");
        GOT(w, boss, "");
        client_world_pass(w, 1000001);
        client_world_say(w, peer, "e\r\n");
        GOT(w, peer, "+OK +OK $1 1 +OK +OK +OK");
        GOT(w, boss, "+OK");
        CHECK(strstr(buf_cstr(&w->ran), "a") < strstr(buf_cstr(&w->ran), "b"));
        CHECK_UINT(w->ran.len, 6);
        CHECK_UINT(client_held_bytes(client_world_client(w, peer)), 0);
    }
}

TEST(a_big_bulk_may_come_while_its_client_is_parked)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        char *bytes = mem_alloc(100000);
        memset(bytes, 'x', 100000);
        pause_writes(w, boss);
        client_world_say(w, peer, "add a\r\n*2\r\n$4\r\nblob\r\n$100000\r\n");
        client_world_send(w, peer, slice_of(bytes, 60000));
        GOT(w, peer, "");
        client_world_say(w, boss, "client unpause\r\n");
        GOT(w, boss, "+OK");
        GOT(w, peer, "+OK");
        pause_writes(w, boss);
        client_world_send(w, peer, slice_of(bytes, 40000));
        client_world_say(w, peer, "\r\nadd b\r\nping\r\n");
        GOT(w, peer, ":100000");
        client_world_say(w, boss, "client unpause\r\n");
        GOT(w, peer, "+OK +PONG");
        CHECK_STR(buf_cstr(&w->ran), "ab");
        mem_free(bytes);
    }
}

TEST(a_protocol_error_waits_behind_parked_requests)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        pause_writes(w, boss);
        client_world_say(w, peer, "add a\r\nping\r\n*1\r\n!4\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client unpause\r\n");
        GOT(w, peer, "+OK +PONG -ERR Protocol error: expected '$', got '!' (end)");
    }
}

/* Pause, a write, the end of the pause and another write: all in one batch. */
TEST(what_is_parked_runs_before_what_the_same_batch_holds_behind_the_pause)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        struct client *b = client_world_client(w, boss), *c = client_world_client(w, peer);
        client_stream_callbacks.on_bytes(b, SLICE("client pause 1000 write\r\n"));
        client_stream_callbacks.on_bytes(c, SLICE("add a\r\nadd b\r\n"));
        client_stream_callbacks.on_bytes(b, SLICE("client unpause\r\n"));
        client_stream_callbacks.on_bytes(c, SLICE("add c\r\n"));
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "abc");
        GOT(w, peer, "+OK +OK +OK");
    }
}

TEST(a_parked_client_may_be_killed_leave_or_be_resumed_and_killed)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), killed = client_world_connect(w);
        int left = client_world_connect(w), resumed = client_world_connect(w);
        pause_writes(w, boss);
        client_world_say(w, killed, "add a\r\nadd b\r\n");
        client_world_say(w, left, "add c\r\n");
        client_world_say(w, resumed, "add d\r\n");
        client_world_settle(w);
        client_world_hang_up(w, left);
        client_world_say(w, boss, "client kill id 2\r\n");
        GOT(w, boss, ":1");
        GOT(w, killed, "(end)");
        CHECK_UINT(clients_count(w->clients), 2);
        /* In one batch, so that the killed one is resumed, but has not run. */
        client_stream_callbacks.on_bytes(client_world_client(w, boss),
                                         SLICE("client unpause\r\nclient kill id 4\r\n"));
        client_world_settle(w);
        GOT(w, boss, "+OK :1");
        GOT(w, resumed, "(end)");
        CHECK_UINT(w->ran.len, 0);
        CHECK_UINT(clients_count(w->clients), 1);
    }
}

TEST(quit_behind_a_parked_request_waits_for_it)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        pause_writes(w, boss);
        client_world_say(w, peer, "add a\r\nquit\r\nadd b\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client unpause\r\n");
        GOT(w, peer, "+OK +OK (end)");
        CHECK_STR(buf_cstr(&w->ran), "a");
    }
}

TEST(reset_and_reply_modes_stay_with_their_requests_while_parked)
{
    EACH_KIND(w)
    {
        int boss = client_world_connect(w), peer = client_world_connect(w);
        pause_writes(w, boss);
        client_world_say(w, peer, "client reply skip\r\nadd a\r\nping\r\nreset\r\nping\r\n");
        GOT(w, peer, "");
        client_world_say(w, boss, "client unpause\r\n");
        GOT(w, peer, "+PONG +RESET +PONG");
    }
}
