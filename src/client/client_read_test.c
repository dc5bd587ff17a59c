/* Receiving: bytes in any pieces become the same requests, in their order. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "client/testing.h"
#include "tests/unit/check.h"

#define GOT(w, peer, text) CHECK_STR(client_world_got((w), (peer)), text)

/* ---- pieces ---- */

static const char conversation[] = "ping\r\n"
                                   "*2\r\n$4\r\necho\r\n$5\r\nhello\r\n"
                                   "*0\r\n\r\n"
                                   "echo \"a b\\x41\" \r\n"
                                   "*2\r\n$3\r\nadd\r\n$1\r\nz\r\n"
                                   "*3\r\n$3\r\nlen\r\n$0\r\n\r\n$12\r\nabcdefghijkl\r\n"
                                   "*-1\r\n"
                                   "nosuch x\n"
                                   "*1\r\n$4\r\nping\r\n";
static const char answers[] =
    "+PONG $5 hello $4 a bA +OK :12 -ERR unknown command 'nosuch', with args beginning with: 'x'  "
    "+PONG";

TEST(a_conversation_cut_at_every_byte_has_the_same_replies)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        for (size_t cut = 0; cut < sizeof(conversation); cut++) {
            client_world_send(w, peer, slice_of(conversation, cut));
            client_world_settle(w);
            client_world_say(w, peer, conversation + cut);
            GOT(w, peer, answers);
        }
        CHECK_UINT(w->ran.len, sizeof(conversation));
    }
}

TEST(a_conversation_byte_by_byte_has_the_same_replies)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        for (size_t i = 0; i < sizeof(conversation) - 1; i++) {
            client_world_send(w, peer, slice_of(conversation + i, 1));
            client_world_settle(w);
        }
        GOT(w, peer, answers);
    }
}

TEST(a_pipeline_of_any_depth_is_answered_in_order)
{
    EACH_KIND(w)
    {
        enum { COUNT = 5000 };
        int peer = client_world_connect(w);
        struct buf line, want;
        buf_init(&line, BUF_NO_CEILING);
        buf_init(&want, BUF_NO_CEILING);
        for (int i = 0; i < COUNT; i++) {
            char number[16];
            int len = snprintf(number, sizeof(number), "%d", i);
            buf_printf(&line, "*2\r\n$4\r\necho\r\n$%d\r\n%s\r\n", len, number);
            buf_printf(&want, "%s$%d %s", i ? " " : "", len, number);
        }
        client_world_send(w, peer, buf_slice(&line));
        GOT(w, peer, buf_cstr(&want));
        buf_done(&line);
        buf_done(&want);
    }
}

TEST(a_client_that_has_said_all_holds_nothing)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        struct client *c = client_world_client(w, peer);
        client_world_say(w, peer, "*2\r\n$4\r\necho\r\n$5\r\nhel");
        client_world_settle(w);
        CHECK_UINT(client_held_bytes(c), strlen("*2\r\n$4\r\necho\r\n$5\r\nhel"));
        client_world_say(w, peer, "lo\r\n");
        GOT(w, peer, "$5 hello");
        CHECK_UINT(client_held_bytes(c), 0);
        CHECK_PTR_NULL(c->held);
        CHECK_PTR_NULL(c->block);
        CHECK_UINT(client_unsent(c), 0);
    }
}

/* ---- big bulks ---- */

static void append_bulk(struct buf *out, size_t len)
{
    buf_printf(out, "$%zu\r\n", len);
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, (char)('a' + i % 26));
    buf_append_str(out, "\r\n");
}

TEST(a_big_bulk_comes_as_a_blob_wherever_the_pieces_end)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        struct buf bytes;
        buf_init(&bytes, BUF_NO_CEILING);
        buf_append_str(&bytes, "*1\r\n$4\r\nping\r\n*2\r\n$4\r\nblob\r\n");
        append_bulk(&bytes, 100000);
        buf_append_str(&bytes, "*1\r\n$4\r\nping\r\n");
        size_t head = strlen("*1\r\n$4\r\nping\r\n*2\r\n$4\r\nblob\r\n");
        for (size_t cut = head; cut < head + 20; cut++) {
            client_world_send(w, peer, slice_of(bytes.ptr, cut));
            client_world_settle(w);
            client_world_send(w, peer, slice_from(buf_slice(&bytes), cut));
            GOT(w, peer, "+PONG :100000 +PONG");
        }
        for (size_t cut = bytes.len - 20; cut < bytes.len; cut++) {
            client_world_send(w, peer, slice_of(bytes.ptr, cut));
            client_world_settle(w);
            client_world_send(w, peer, slice_from(buf_slice(&bytes), cut));
            GOT(w, peer, "+PONG :100000 +PONG");
        }
        CHECK_UINT(client_held_bytes(client_world_client(w, peer)), 0);
        buf_done(&bytes);
    }
}

TEST(several_big_bulks_of_one_request_come_whole)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        struct buf bytes;
        buf_init(&bytes, BUF_NO_CEILING);
        for (int round = 0; round < 3; round++) {
            buf_append_str(&bytes, "*5\r\n$3\r\nlen\r\n");
            append_bulk(&bytes, 200000);
            append_bulk(&bytes, 7);
            append_bulk(&bytes, 150000);
            append_bulk(&bytes, 40000);
        }
        client_world_send(w, peer, buf_slice(&bytes));
        GOT(w, peer, ":390007 :390007 :390007");
        CHECK_UINT(client_world_client(w, peer)->net_in, bytes.len);
        CHECK_UINT(clients_net_in(w->clients), bytes.len);
        CHECK_UINT(w->clients->batch_bulks.count, 0);
        buf_done(&bytes);
    }
}

TEST(a_client_may_end_with_half_a_big_bulk)
{
    EACH_KIND(w)
    {
        int gone = client_world_connect(w), killed = client_world_connect(w);
        struct buf bytes;
        buf_init(&bytes, BUF_NO_CEILING);
        buf_append_str(&bytes, "*3\r\n$3\r\nlen\r\n");
        append_bulk(&bytes, 50000);
        append_bulk(&bytes, 90000);
        client_world_send(w, gone, slice_of(bytes.ptr, 100000));
        client_world_send(w, killed, slice_of(bytes.ptr, 100000));
        client_world_settle(w);
        client_world_hang_up(w, gone);
        client_close(client_world_client(w, killed));
        client_world_settle(w);
        CHECK_UINT(clients_count(w->clients), 0);
        GOT(w, killed, "(end)");
        buf_done(&bytes);
    }
}

/* ---- protocol errors ---- */

TEST(a_protocol_error_comes_behind_the_replies_before_it_and_ends_the_connection)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "ping\r\n*1\r\n$4\r\nping\r\n*1\r\n!4\r\nping\r\nadd z\r\n");
        GOT(w, peer, "+PONG +PONG -ERR Protocol error: expected '$', got '!' (end)");
        CHECK_UINT(w->ran.len, 0);
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(a_protocol_error_in_held_bytes_ends_the_connection)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "*2\r\n$4\r\necho\r\n");
        client_world_settle(w);
        client_world_say(w, peer, "$-7\r\n");
        GOT(w, peer, "-ERR Protocol error: invalid bulk length (end)");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(what_browsers_send_closes_without_a_reply_but_not_what_was_before)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        client_world_say(w, peer, "add a\r\nPOST / HTTP/1.1\r\nadd b\r\n");
        GOT(w, peer, "(end)");
        CHECK_STR(buf_cstr(&w->ran), "a");
    }
}

/* ---- limits ---- */

TEST(more_than_the_query_buffer_limit_closes)
{
    EACH_KIND(w)
    {
        client_world_config(w, "client-query-buffer-limit", "1mb");
        int head = client_world_connect(w), bulk = client_world_connect(w);
        struct buf bytes;
        buf_init(&bytes, BUF_NO_CEILING);
        buf_append_str(&bytes, "*100000\r\n");
        for (int i = 0; i < 60000; i++)
            append_bulk(&bytes, 20);
        client_world_send(w, head, buf_slice(&bytes));
        GOT(w, head, "(end)");
        CHECK_UINT(w->clients->stats.closed_query_limit, 1);

        buf_clear(&bytes);
        buf_append_str(&bytes, "ping\r\n*2\r\n$3\r\nlen\r\n");
        append_bulk(&bytes, 3 * 1024 * 1024);
        client_world_send(w, bulk, slice_of(bytes.ptr, 900 * 1024));
        GOT(w, bulk, "+PONG");
        CHECK(client_memory(client_world_client(w, bulk)) < 2 * 1024 * 1024);
        client_world_send(w, bulk, slice_from(buf_slice(&bytes), 900 * 1024));
        GOT(w, bulk, "(end)");
        CHECK_UINT(w->clients->stats.closed_query_limit, 2);
        buf_done(&bytes);
    }
}

TEST(a_bulk_longer_than_allowed_is_a_protocol_error)
{
    EACH_KIND(w)
    {
        client_world_config(w, "proto-max-bulk-len", "1mb");
        int peer = client_world_connect(w);
        client_world_say(w, peer, "*2\r\n$3\r\nlen\r\n$1048577\r\n");
        GOT(w, peer, "-ERR Protocol error: invalid bulk length (end)");
    }
}

/* ---- before authentication ---- */

TEST(a_login_takes_effect_within_its_pipeline)
{
    EACH_KIND(w)
    {
        client_world_config(w, "requirepass", "pw");
        int peer = client_world_connect(w);
        client_world_say(w, peer,
                         "ping\r\nauth no\r\nadd a\r\nauth pw\r\nadd b\r\nping\r\n"
                         "len 1 2 3 4 5 6 7 8 9 10 11 12\r\n");
        GOT(w, peer,
            "-NOAUTH Authentication required. "
            "-WRONGPASS invalid username-password pair or user is disabled. "
            "-NOAUTH Authentication required. +OK +OK +PONG :15");
        CHECK_STR(buf_cstr(&w->ran), "b");
    }
}

TEST(before_the_login_requests_are_short)
{
    EACH_KIND(w)
    {
        client_world_config(w, "requirepass", "pw");
        int many = client_world_connect(w), big = client_world_connect(w);
        client_world_say(w, many, "ping\r\n*11\r\n");
        GOT(w, many,
            "-NOAUTH Authentication required. "
            "-ERR Protocol error: unauthenticated multibulk length (end)");
        client_world_say(w, big, "*2\r\n$4\r\necho\r\n$16385\r\n");
        GOT(w, big, "-ERR Protocol error: unauthenticated bulk length (end)");
    }
}

TEST(who_is_not_logged_in_is_not_read_ahead)
{
    EACH_KIND(w)
    {
        client_world_config(w, "requirepass", "pw");
        int peer = client_world_connect(w);
        struct client *c = client_world_client(w, peer);
        struct buf bytes;
        buf_init(&bytes, BUF_NO_CEILING);
        for (int i = 0; i < 20000; i++)
            buf_append_str(&bytes, "*1\r\n$4\r\nPING\r\n");
        size_t most = 0, sent = 0;
        for (int turn = 0; turn < 300; turn++) {
            ssize_t put = send(w->peers[peer], bytes.ptr + sent, bytes.len - sent, MSG_DONTWAIT);
            sent += put > 0 ? (size_t)put : 0;
            client_world_turn(w);
            most = MAX_OF(most, client_held_bytes(c));
        }
        CHECK(most > 0);
        CHECK(most <= 2 * 64 * 1024);
        /* One a turn, but for those in which bytes are on their way. */
        CHECK(c->session.commands == 0);
        CHECK(dispatch_find(w->dispatch, SLICE("ping"))->rejected > 200);
        CHECK(dispatch_find(w->dispatch, SLICE("ping"))->rejected <= 300);
        buf_done(&bytes);
    }
}

TEST(a_peer_that_has_said_all_and_left_is_still_obeyed)
{
    EACH_KIND(w)
    {
        int open = client_world_connect(w);
        client_world_say(w, open, "add a\r\nadd b\r\n");
        CHECK_INT(shutdown(w->peers[open], SHUT_WR), 0);
        client_world_settle(w);
        client_world_config(w, "requirepass", "pw");
        int guarded = client_world_connect(w);
        client_world_say(w, guarded, "ping\r\nauth pw\r\nadd c\r\nadd d\r\n");
        CHECK_INT(shutdown(w->peers[guarded], SHUT_WR), 0);
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "abcd");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

TEST(a_connection_that_breaks_amid_the_login_is_still_obeyed)
{
    EACH_KIND(w)
    {
        client_world_config(w, "requirepass", "pw");
        int peer = client_world_connect(w);
        struct client *c = client_world_client(w, peer);
        client_stream_callbacks.on_bytes(c, SLICE("ping\r\nauth pw\r\nadd c\r\nadd d\r\n"));
        client_stream_callbacks.on_closed(c, -EPIPE);
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "cd");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}

/* Bytes and the end in one turn, as completions may bring them. */
TEST(the_end_in_the_same_turn_does_not_undo_what_came_before)
{
    EACH_KIND(w)
    {
        int peer = client_world_connect(w);
        struct client *c = client_world_client(w, peer);
        client_stream_callbacks.on_bytes(c, SLICE("add a\r\nbig 100\r\nadd b\r\n"));
        client_stream_callbacks.on_closed(c, 0);
        client_world_settle(w);
        CHECK_STR(buf_cstr(&w->ran), "ab");
        CHECK_UINT(clients_count(w->clients), 0);
    }
}
