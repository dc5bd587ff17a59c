/* Nested turns: who is served amid a command of somebody else. */
#include <stdio.h>
#include <string.h>

#include "client/testing.h"
#include "tests/unit/check.h"

/* Turns that suffice for every transport, also where a turn reads one byte. */
#define NEST "nest 99\r\n"

#ifdef TARN_STRESS
#define IS_STRESS true
#else
#define IS_STRESS false
#endif

static void another_speaks(struct client_world *w)
{
    client_world_say(w, 1, "add b\r\necho inner\r\n");
}

TEST(others_are_served_amid_a_command)
{
    EACH_KIND(w)
    {
        w->amid = another_speaks;
        int outer = client_world_connect(w), other = client_world_connect(w);
        client_world_say(w, outer, "add a\r\n" NEST "add c\r\n");
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "abc");
        CHECK_STR(client_world_got(w, outer), "+OK +OK +OK");
        CHECK_STR(client_world_got(w, other), "+OK $5 inner");
    }
}

static void the_same_speaks(struct client_world *w)
{
    client_world_say(w, 0, "add d\r\n");
    client_world_say(w, 1, "add b\r\n");
}

TEST(whoever_has_requests_in_the_outer_batch_is_not_read)
{
    EACH_KIND(w)
    {
        w->amid = the_same_speaks;
        int outer = client_world_connect(w);
        (void)client_world_connect(w);
        client_world_say(w, outer, "add a\r\n" NEST "add c\r\n");
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "abcd");
        CHECK_STR(client_world_got(w, outer), "+OK +OK +OK +OK");
    }
}

static void kill_outer(struct client_world *w)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "client kill id %d\r\nadd b\r\n",
                   (int)client_world_client(w, 0)->session.id);
    client_world_say(w, 1, text);
}

TEST(whoever_is_killed_amid_a_command_is_freed_behind_it)
{
    EACH_KIND(w)
    {
        w->amid = kill_outer;
        int outer = client_world_connect(w), other = client_world_connect(w);
        client_world_say(w, outer, "add a\r\n" NEST "add c\r\n");
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "ab");
        /* What it was replied before may have left by then. */
        const char *got = client_world_got(w, outer);
        CHECK(strcmp(got, "(end)") == 0 || strcmp(got, "+OK (end)") == 0);
        CHECK_STR(client_world_got(w, other), ":1 +OK");
        CHECK_UINT(clients_count(w->clients), 1);
    }
}

static void others_hang_up(struct client_world *w)
{
    client_world_hang_up(w, 0);
    client_world_hang_up(w, 1);
}

TEST(clients_may_go_amid_a_command)
{
    EACH_KIND(w)
    {
        w->amid = others_hang_up;
        int outer = client_world_connect(w);
        (void)client_world_connect(w);
        client_world_say(w, outer, NEST "add c\r\n");
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "c");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

static void half_a_bulk(struct client_world *w)
{
    char bytes[30000];
    memset(bytes, 'x', sizeof(bytes));
    client_world_send(w, 1, slice_of(bytes, sizeof(bytes)));
}

TEST(a_big_bulk_may_come_partly_amid_a_command)
{
    EACH_KIND(w)
    {
        w->amid = half_a_bulk;
        int outer = client_world_connect(w), other = client_world_connect(w);
        client_world_say(w, other, "*2\r\n$4\r\nblob\r\n$60000\r\n");
        client_world_settle(w);
        half_a_bulk(w);
        client_world_say(w, outer, NEST);
        client_world_settle(w);
        client_world_say(w, other, "\r\necho x\r\n");
        client_world_settle(w);
        CHECK_STR(client_world_got(w, other), ":60000 $1 x");
    }
}

static void nests_again(struct client_world *w)
{
    w->amid = the_same_speaks;
    client_world_say(w, 2, NEST "add x\r\n");
}

TEST(nested_turns_nest)
{
    EACH_KIND(w)
    {
        w->amid = nests_again;
        for (int i = 0; i < 3; i++)
            (void)client_world_connect(w);
        client_world_say(w, 0, "add a\r\n" NEST "add c\r\n");
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "abxcd");
    }
}

static void parked_by_a_pause(struct client_world *w)
{
    client_world_say(w, 1, "client pause 100\r\n");
    client_world_say(w, 2, "add p\r\n");
}

TEST(a_pause_that_begins_amid_a_command_holds_what_stands_behind_it)
{
    EACH_KIND(w)
    {
        w->amid = parked_by_a_pause;
        for (int i = 0; i < 3; i++)
            (void)client_world_connect(w);
        client_world_say(w, 0, "add a\r\n" NEST "add c\r\n");
        client_world_settle(w);
        const char *ran = buf_cstr(&w->ran);
        /* Where bytes come one by one, the third may have said all before the second has. */
        CHECK(strcmp(ran, "a") == 0 || (IS_STRESS && strcmp(ran, "ap") == 0));
        client_world_pass(w, 200);
        client_world_settle(w);
        CHECK(strcmp(buf_cstr(&w->ran), "acp") == 0 || strcmp(buf_cstr(&w->ran), "apc") == 0);
    }
}
