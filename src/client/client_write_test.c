/* Sending: replies arrive whole and in order, and nobody has more waiting than allowed. */
#include <stdio.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "client/testing.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)

/* "$N xxx..." as `big` replies it. */
static void append_big(struct buf *out, size_t len)
{
    buf_printf(out, "%s$%zu ", out->len ? " " : "", len);
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, 'x');
}

TEST(replies_of_any_size_arrive_in_order)
{
    EACH_KIND(w)
    {
        static const size_t sizes[] = { 0,     1,     200,   255,   256,    257,     1000,
                                        16000, 16384, 20000, 65536, 100000, 1000000, 3 };
        int peer = client_world_connect(w);
        struct buf line, want;
        buf_init(&line, BUF_NO_CEILING);
        buf_init(&want, BUF_NO_CEILING);
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            buf_printf(&line, "big %zu\r\n", sizes[i]);
            append_big(&want, sizes[i]);
        }
        client_world_send(w, peer, buf_slice(&line));
        GOT(w, peer, buf_cstr(&want));
        CHECK_PTR_NULL(client_world_client(w, peer)->block);
        buf_done(&line);
        buf_done(&want);
    }
}

TEST(arrays_whose_length_is_told_at_the_end_stand_where_they_began)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        for (int count = 0; count < 3000; count = count * 2 + 1) {
            char line[64];
            struct buf want;
            buf_init(&want, BUF_NO_CEILING);
            buf_printf(&want, "+PONG *%d", count);
            for (int i = 0; i < count; i++)
                buf_printf(&want, " :%d", i);
            buf_append_str(&want, " +PONG *0 *1 :0");
            (void)snprintf(line, sizeof(line), "ping\r\nmany %d\r\nping\r\nmany 0\r\nmany 1\r\n",
                           count);
            client_world_say(w, peer, line);
            GOT(w, peer, buf_cstr(&want));
            buf_done(&want);
        }
    }
}

/* Fills the socket: its peer reads nothing. */
static void send_unread(struct client_world *w, int peer, const char *text)
{
    ssize_t put = send(w->peers[peer], text, strlen(text), MSG_DONTWAIT);
    CHECK_INT(put, strlen(text));
    for (int turn = 0; turn < 6; turn++)
        client_world_turn(w);
}

TEST(a_slow_reader_gets_everything_in_the_end)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        send_unread(w, peer, "big 5000000\r\nping\r\n");
        CHECK(client_unsent(client_world_client(w, peer)) > 4000000);
        CHECK(client_output_memory(client_world_client(w, peer)) > 4000000);
        struct buf want;
        buf_init(&want, BUF_NO_CEILING);
        append_big(&want, 5000000);
        buf_append_str(&want, " +PONG");
        GOT(w, peer, buf_cstr(&want));
        CHECK_UINT(client_unsent(client_world_client(w, peer)), 0);
        buf_done(&want);
    }
}

TEST(a_slow_reader_that_quits_gets_everything_first)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        send_unread(w, peer, "big 2000000\r\nquit\r\n");
        CHECK_UINT(clients_count(w->clients), 1);
        struct buf want;
        buf_init(&want, BUF_NO_CEILING);
        append_big(&want, 2000000);
        buf_append_str(&want, " +OK (end)");
        GOT(w, peer, buf_cstr(&want));
        CHECK_UINT(clients_count(w->clients), 0);
        buf_done(&want);
    }
}

/* ---- limits ---- */

static void limit(struct client_world *w, int64_t hard, int64_t soft, int64_t seconds)
{
    struct client_settings *settings = clients_directives(w->clients).settings;
    settings->output[CLIENT_NORMAL] = (struct client_output_limit){ hard, soft, seconds };
}

TEST(the_hard_limit_closes_amid_a_reply)
{
    static const char *const replies[] = { "big 3000000\r\nadd z\r\n", "many 500000\r\nadd z\r\n",
                                           "big 900000\r\nbig 900000\r\nmany 100000\r\nadd z\r\n" };
    EACH_KIND(w)
    {
        limit(w, 1024 * 1024, 0, 0);
        for (size_t i = 0; i < COUNT_OF(replies); i++) {
            int peer = client_world_connect(w);
            send_unread(w, peer, replies[i]);
            client_world_settle(w);
            CHECK_UINT(clients_count(w->clients), 0);
            CHECK_UINT(w->clients->stats.closed_output_limit, i + 1);
            CHECK_UINT(w->ran.len, 0);
        }
    }
}

TEST(a_client_that_is_cut_off_shows_what_waits_for_it)
{
    EACH_KIND(w)
    {
        limit(w, 100000, 0, 0);
        int peer = client_world_connect(w);
        struct client *c = client_world_client(w, peer);
        client_stream_callbacks.on_bytes(c, SLICE("big 1000000\r\n"));
        clients_execute(w->clients);
        CHECK(c->flags & CLIENT_CLOSING);
        CHECK(client_unsent(c) < 200000);
        CHECK(c->session.reply.closed);
        clients_batch_done(w->clients);
        clients_send(w->clients);
        CHECK(client_unsent(c) < 200000);
        client_world_settle(w);
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(the_soft_limit_closes_when_it_is_passed_for_too_long)
{
    EACH_KIND(w)
    {
        limit(w, 0, 500000, 10);
        int peer = client_world_connect(w);
        struct job_table jobs = clients_jobs(w->clients);
        send_unread(w, peer, "big 2000000\r\n");
        for (int second = 0; second <= 10; second++) {
            CHECK_UINT(clients_count(w->clients), 1);
            jobs.rows[0].run(jobs.owner);
            w->now_ns += 1000000000;
            client_world_turn(w);
        }
        jobs.rows[0].run(jobs.owner);
        client_world_turn(w);
        CHECK_UINT(clients_count(w->clients), 0);
        CHECK_UINT(w->clients->stats.closed_output_limit, 1);
    }
}

TEST(who_reads_in_time_is_not_closed_by_the_soft_limit)
{
    EACH_KIND(w)
    {
        limit(w, 0, 500000, 10);
        int peer = client_world_connect(w);
        struct job_table jobs = clients_jobs(w->clients);
        for (int i = 0; i < 5; i++) {
            send_unread(w, peer, "big 2000000\r\n");
            jobs.rows[0].run(jobs.owner);
            client_world_pass(w, 9000);
            jobs.rows[0].run(jobs.owner);
        }
        CHECK_UINT(clients_count(w->clients), 1);
    }
}

TEST(closing_while_a_reply_waits_releases_it)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w), other = client_world_connect(w);
        send_unread(w, peer, "big 3000000\r\n");
        client_world_say(w, other, "client kill id 1\r\n");
        while (clients_count(w->clients) > 1)
            client_world_turn(w);
        GOT(w, other, ":1");
    }
}
