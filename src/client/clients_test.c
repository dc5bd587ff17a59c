/* The handle: accepting, periodic checks, the end of a pause, directives. */
#include <sys/resource.h>

#include "base/arena.h"
#include "base/words.h"
#include "client/testing.h"
#include "event/loop.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)

static void check_clients(struct client_world *w)
{
    struct job_table jobs = clients_jobs(w->clients);
    jobs.rows[0].run(jobs.owner);
    client_world_settle(w);
}

TEST(one_client_too_many_is_told_so)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    client_world_config(w, "maxclients", "2");
    int first = client_world_connect(w);
    (void)client_world_connect(w);
    int third = client_world_connect(w);
    GOT(w, third, "-ERR max number of clients reached (end)");
    CHECK_UINT(clients_count(w->clients), 2);
    CHECK_UINT(w->clients->stats.rejected, 1);
    CHECK_UINT(w->clients->stats.accepted, 2);
    client_world_hang_up(w, first);
    client_world_settle(w);
    int fourth = client_world_connect(w);
    client_world_say(w, fourth, "ping\r\n");
    GOT(w, fourth, "+PONG");
    client_world_free(w);
}

TEST(idle_clients_are_closed_after_the_timeout)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    client_world_config(w, "timeout", "10");
    int idle = client_world_connect(w), busy = client_world_connect(w);
    client_world_pass(w, 6000);
    client_world_say(w, busy, "ping\r\n");
    GOT(w, busy, "+PONG");
    client_world_pass(w, 4000);
    check_clients(w);
    CHECK_UINT(clients_count(w->clients), 2);
    client_world_pass(w, 1);
    check_clients(w);
    GOT(w, idle, "(end)");
    GOT(w, busy, "");
    client_world_pass(w, 10000);
    check_clients(w);
    GOT(w, busy, "(end)");
    client_world_free(w);
}

TEST(a_client_that_waits_or_is_still_being_sent_to_is_not_idle)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    client_world_config(w, "timeout", "10");
    int parked = client_world_connect(w), reader = client_world_connect(w);
    client_world_say(w, reader, "client pause 3600000 write\r\nbig 3000000\r\n");
    client_world_say(w, parked, "add a\r\n");
    for (int turn = 0; turn < 4; turn++)
        client_world_turn(w);
    w->now_ns += UINT64_C(9000000000);
    client_world_settle(w); /* the reader reads */
    client_world_pass(w, 9000);
    check_clients(w);
    CHECK_UINT(clients_count(w->clients), 2);
    client_world_pass(w, 2000);
    check_clients(w);
    CHECK_UINT(clients_count(w->clients), 1);
    CHECK_PTR_NOT_NULL(client_world_client(w, parked));
    client_world_free(w);
}

TEST(the_check_goes_through_all_clients_while_they_come_and_go)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    for (int i = 0; i < CLIENT_WORLD_PEERS; i++)
        (void)client_world_connect(w);
    client_world_config(w, "timeout", "1");
    client_world_pass(w, 1500);
    w->clients->check_next = &client_world_client(w, 3)->in_all;
    client_close(client_world_client(w, 3)); /* where the check would go on */
    client_world_settle(w);
    check_clients(w);
    CHECK_UINT(clients_count(w->clients), 0);
    check_clients(w);
    client_world_free(w);
}

TEST(a_pause_ends_by_its_timer_alone)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    int boss = client_world_connect(w), peer = client_world_connect(w);
    client_world_say(w, boss, "client pause 500 all\r\n");
    GOT(w, boss, "+OK");
    client_world_say(w, peer, "ping\r\n");
    client_world_say(w, boss, "client unpause\r\n"); /* waits as well */
    client_world_pass(w, 499);
    GOT(w, peer, "");
    client_world_pass(w, 1);
    GOT(w, peer, "+PONG");
    GOT(w, boss, "+OK");
    CHECK_INT(dispatch_paused_until(w->dispatch), 0);
    CHECK_UINT(w->clients->pause_timer, 0);
    client_world_free(w);
}

TEST(the_longest_pause_is_no_pause_of_the_timer)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    int boss = client_world_connect(w), peer = client_world_connect(w);
    client_world_say(w, boss, "client pause 9223372036854775807 write\r\n");
    GOT(w, boss, "+OK");
    client_world_say(w, peer, "add a\r\n");
    for (int hour = 0; hour < 5; hour++)
        client_world_pass(w, 3600 * 1000);
    GOT(w, peer, "");
    CHECK_INT(dispatch_paused_until(w->dispatch), INT64_MAX);
    client_world_say(w, boss, "client unpause\r\n");
    GOT(w, peer, "+OK");
    client_world_free(w);
}

TEST(maxclients_makes_room_for_descriptors_or_says_how_many_there_are)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    struct rlimit before, low;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){ 200, before.rlim_max };
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    client_world_config(w, "maxclients", "1000");
    struct rlimit after;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &after), 0);
    CHECK_UINT(after.rlim_cur, 1032);
    CHECK(loop_fd_max(w->loop) >= 1032);

    struct directive_table table = clients_directives(w->clients);
    struct client_settings *settings = table.settings;
    const char *why = NULL;
    settings->maxclients = INT64_C(1) << 31; /* more than any system has */
    CHECK_INT(table.rows[0].apply(table.owner, &why), -22);
    CHECK_PTR_NOT_NULL(strstr(why, "The operating system is not able to handle the specified "
                                   "number of clients, try with "));
    (void)setrlimit(RLIMIT_NOFILE, &before);
    client_world_free(w);
}

static int set_limits(struct client_world *w, const char *text)
{
    struct directive_table table = clients_directives(w->clients);
    struct arena arena;
    struct slice *words;
    size_t count;
    struct directive_error error;
    arena_init(&arena, 512, 0);
    CHECK_INT(words_split(&arena, slice_str(text), 64, &words, &count), 0);
    int rc = -1;
    for (size_t i = 0; i < table.count; i++)
        if (strcmp(table.rows[i].name, "client-output-buffer-limit") == 0)
            rc = directive_parse(&table, &table.rows[i], words, count, &error);
    arena_done(&arena);
    return rc;
}

TEST(output_limits_are_set_by_class_all_or_none)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    const struct client_output_limit *limits = clients_settings(w->clients)->output;
    CHECK_INT(set_limits(w, "normal 1mb 2kb 3 pubsub 4 5 6"), 0);
    CHECK_INT(limits[CLIENT_NORMAL].hard_bytes, 1024 * 1024);
    CHECK_INT(limits[CLIENT_NORMAL].soft_bytes, 2048);
    CHECK_INT(limits[CLIENT_PUBSUB].soft_seconds, 6);
    CHECK_INT(limits[CLIENT_REPLICA].hard_bytes, 256 * 1024 * 1024);
    CHECK_INT(set_limits(w, "slave 7 7 7"), 0);
    CHECK_INT(limits[CLIENT_REPLICA].hard_bytes, 7);
    CHECK(set_limits(w, "normal 9 9 9 nosuch 1 1 1") < 0);
    CHECK(set_limits(w, "normal 9 9 9 pubsub 1 x 1") < 0);
    CHECK(set_limits(w, "normal 9 9 9 pubsub 1 1") < 0);
    CHECK(set_limits(w, "normal 9 9 -1") < 0);
    CHECK_INT(limits[CLIENT_NORMAL].hard_bytes, 1024 * 1024);
    client_world_free(w);
}
