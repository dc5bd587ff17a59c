/* The contract of streams, the same for every kind that the kernel offers. */
#include "net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "event/loop.h"
#include "net/conn.h"
#include "tests/unit/check.h"

static const enum stream_kind kinds[] = { STREAM_READINESS, STREAM_DELAYED, STREAM_URING,
                                          STREAM_THREADS };

#define EACH_KIND(kind)                                               \
    for (size_t kind##_i = 0; kind##_i < COUNT_OF(kinds); kind##_i++) \
        for (struct world *w = world_new(kinds[kind##_i]); w; w = world_free(w))

/* A stream whose peer is a plain socket, and what its callbacks saw. */
struct world {
    struct loop *loop;
    struct stream_io *io;
    struct stream *stream;
    struct block_pool *pool;
    int peer;
    char *got; /* received bytes, copied */
    size_t got_len, got_cap;
    int calls, bulks, sents, closes;
    int closed_error;
    bool close_in_bytes, close_in_sent, keep_after_close, stop_in_bulk, answer_in_bytes;
    char *expect_out;
    size_t expect_after_first; /* asked for in the first on_bytes */
    struct world *other;       /* closed in on_bytes */
};

static void close_stream(struct world *w)
{
    if (w->stream)
        stream_close(w->stream);
    w->stream = NULL;
}

static void answer(struct world *w)
{
    struct outq q;
    outq_init(&q);
    outq_push(&q, (struct span){ "!", 1, NULL, SPAN_CONSTANT });
    stream_send(w->stream, &q);
}

static void saw_bytes(void *user, struct slice bytes)
{
    struct world *w = user;
    w->calls++;
    if (w->got_len + bytes.len > w->got_cap) {
        w->got_cap = (w->got_len + bytes.len) * 2;
        w->got = mem_realloc(w->got, w->got_cap);
    }
    memcpy(w->got + w->got_len, bytes.ptr, bytes.len);
    w->got_len += bytes.len;
    if (w->close_in_bytes)
        close_stream(w);
    if (w->other)
        close_stream(w->other);
    if (w->answer_in_bytes)
        answer(w);
    if (w->expect_after_first) {
        stream_expect(w->stream, w->expect_out, w->expect_after_first);
        w->expect_after_first = 0;
    }
}

static void saw_bulk(void *user)
{
    struct world *w = user;
    w->bulks++;
    if (w->stop_in_bulk)
        stream_read_stop(w->stream);
}

static void saw_sent(void *user, size_t unsent)
{
    struct world *w = user;
    CHECK_UINT(unsent, stream_unsent(w->stream));
    w->sents++;
    if (w->close_in_sent)
        close_stream(w);
}

static void saw_closed(void *user, int error)
{
    struct world *w = user;
    w->closes++;
    w->closed_error = error;
    if (!w->keep_after_close)
        close_stream(w);
}

static const struct stream_callbacks callbacks = { saw_bytes, saw_bulk, saw_sent, saw_closed };

static void attach(struct world *w)
{
    int fds[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct conn *c = conn_new_accepted(&conn_unix, w->loop, fds[0]);
    c->state = CONN_CONNECTED;
    w->peer = fds[1];
    w->stream = stream_new(w->io, c, &callbacks, w);
}

static struct world *world_new(enum stream_kind kind)
{
    struct world *w = mem_zalloc(sizeof(*w));
    CHECK_INT(loop_new(1024, &w->loop), 0);
    struct stream_io_settings settings = { .kind = kind };
    int error = stream_io_new(w->loop, &settings, &w->io);
    if (error == -ENOSYS && kind == STREAM_URING) {
        loop_free(w->loop);
        mem_free(w); /* a kernel without it, or it is forbidden here */
        return NULL;
    }
    CHECK_INT(error, 0);
    w->pool = block_pool_new(1 << 20);
    attach(w);
    return w;
}

static void turn(struct world *w)
{
    (void)loop_turn(w->loop, LOOP_WAIT | LOOP_TIMERS | LOOP_HOOKS);
}

static void look(struct world *w)
{
    (void)loop_turn(w->loop, LOOP_TIMERS | LOOP_HOOKS);
}

static struct world *world_free(struct world *w)
{
    close_stream(w);
    (void)close(w->peer);
    for (int i = 0; i < 10; i++)
        look(w); /* what is in flight ends */
    stream_io_free(w->io);
    loop_free(w->loop);
    block_pool_free(w->pool);
    mem_free(w->got);
    mem_free(w);
    return NULL;
}

static void peer_writes(struct world *w, struct slice bytes)
{
    CHECK_INT(send(w->peer, bytes.ptr, bytes.len, MSG_NOSIGNAL), (long long)bytes.len);
}

static void turns_until_got(struct world *w, size_t len)
{
    while (w->got_len < len && w->closes == 0)
        turn(w);
}

/* A queue with one span of its own block, or of constant bytes. */
static void push_copy(struct world *w, struct outq *q, struct slice bytes)
{
    while (bytes.len > 0) {
        struct block *b = block_new(w->pool, bytes.len > 1024 ? BLOCK_LARGE : BLOCK_SMALL);
        size_t len = MIN_OF(bytes.len, (size_t)b->cap);
        memcpy(b->bytes, bytes.ptr, len);
        outq_push(q, (struct span){ b->bytes, len, b, SPAN_BLOCK });
        bytes = slice_from(bytes, len);
    }
}

static void send_copy(struct world *w, struct slice bytes)
{
    struct outq q;
    outq_init(&q);
    push_copy(w, &q, bytes);
    stream_send(w->stream, &q);
    CHECK(outq_is_empty(&q));
}

/* The peer's side of `len` bytes, while the loop turns. */
static void peer_reads(struct world *w, char *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t got = recv(w->peer, out + have, len - have, 0);
        if (got > 0)
            have += (size_t)got;
        else
            turn(w);
    }
}

static void noise(char *out, size_t len, uint64_t seed)
{
    struct rand r;
    rand_seed(&r, seed);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)rand_next(&r);
}

TEST(received_bytes_are_delivered)
{
    EACH_KIND(kind)
    {
        peer_writes(w, SLICE("PING\r\n"));
        turns_until_got(w, 6);
        CHECK_BYTES(w->got, w->got_len, "PING\r\n", 6);
    }
}

TEST(received_bytes_stay_valid_until_the_batch_is_done)
{
    EACH_KIND(kind)
    {
        struct arena_mark before = arena_mark(stream_io_arena(w->io));
        peer_writes(w, SLICE("abc"));
        turns_until_got(w, 3);
        stream_io_batch_done(w->io);
        struct arena_mark after = arena_mark(stream_io_arena(w->io));
        if (stream_io_kind(w->io) == STREAM_READINESS)
            CHECK(before.block == NULL || before.pos == after.pos);
        stream_io_adopt(w->io, mem_alloc(100)); /* the leak checker sees what is not freed */
        stream_io_batch_done(w->io);
    }
}

TEST(a_large_message_arrives_whole_and_in_order)
{
    EACH_KIND(kind)
    {
        size_t len = 3 << 20;
        char *bytes = mem_alloc(len);
        noise(bytes, len, 7);
        size_t put = 0;
        while (w->got_len < len) {
            ssize_t n = put < len ? send(w->peer, bytes + put, len - put, MSG_NOSIGNAL) : 0;
            if (n > 0)
                put += (size_t)n;
            turn(w);
            stream_io_batch_done(w->io);
        }
        CHECK_BYTES(w->got, w->got_len, bytes, len);
        mem_free(bytes);
    }
}

TEST(a_sent_queue_reaches_the_peer)
{
    EACH_KIND(kind)
    {
        char out[8];
        send_copy(w, SLICE("+PONG\r\n"));
        peer_reads(w, out, 7);
        CHECK_MEM(out, "+PONG\r\n", 7);
        while (stream_unsent(w->stream) > 0)
            turn(w);
        CHECK_UINT(stream_unsent(w->stream), 0);
    }
}

TEST(a_large_queue_leaves_piece_by_piece_and_in_order)
{
    EACH_KIND(kind)
    {
        size_t len = 5 << 20;
        char *bytes = mem_alloc(len);
        char *out = mem_alloc(len);
        noise(bytes, len, 8);
        send_copy(w, slice_of(bytes, len / 2));
        send_copy(w, slice_of(bytes + len / 2, len - len / 2));
        CHECK(stream_unsent(w->stream) > 0);
        CHECK(stream_footprint(w->stream) > len / 2);
        peer_reads(w, out, len);
        CHECK_BYTES(out, len, bytes, len);
        while (stream_unsent(w->stream) > 0)
            turn(w);
        CHECK(w->sents > 0);
        mem_free(bytes);
        mem_free(out);
    }
}

TEST(many_small_spans_leave_together)
{
    EACH_KIND(kind)
    {
        struct outq q;
        outq_init(&q);
        char out[4 * 500];
        for (int i = 0; i < 500; i++) {
            outq_push(&q, (struct span){ "ab", 2, NULL, SPAN_CONSTANT });
            push_copy(w, &q, SLICE("cd"));
        }
        stream_send(w->stream, &q);
        peer_reads(w, out, sizeof(out));
        for (size_t i = 0; i < sizeof(out); i += 4)
            CHECK_MEM(out + i, "abcd", 4);
    }
}

TEST(a_blob_is_sent_without_copying_and_released)
{
    EACH_KIND(kind)
    {
        size_t len = 200000;
        struct blob *blob = blob_new(len, len);
        noise(blob->bytes, len, 9);
        struct outq q;
        outq_init(&q);
        outq_push(&q, (struct span){ blob->bytes, len, blob_ref(blob), SPAN_BLOB });
        stream_send(w->stream, &q);
        CHECK(blob_is_shared(blob));
        char *out = mem_alloc(len);
        peer_reads(w, out, len);
        CHECK_BYTES(out, len, blob->bytes, len);
        while (stream_unsent(w->stream) > 0)
            turn(w);
        CHECK(!blob_is_shared(blob));
        blob_unref(blob);
        mem_free(out);
    }
}

TEST(an_expected_bulk_goes_straight_to_its_place)
{
    EACH_KIND(kind)
    {
        size_t len = 300000;
        char *bytes = mem_alloc(len + 3);
        noise(bytes, len, 10);
        memcpy(bytes + len, "end", 3);
        char *out = mem_alloc(len);

        w->expect_out = out;
        w->expect_after_first = len;
        peer_writes(w, SLICE("$"));
        turns_until_got(w, 1);
        CHECK_UINT(stream_expected(w->stream), len);
        for (size_t put = 0; put < len + 3;) {
            ssize_t n = send(w->peer, bytes + put, len + 3 - put, MSG_NOSIGNAL);
            if (n > 0)
                put += (size_t)n;
            turn(w);
        }
        turns_until_got(w, 4);
        CHECK_INT(w->bulks, 1);
        CHECK_UINT(stream_expected(w->stream), 0);
        CHECK_MEM(out, bytes, len);
        CHECK_BYTES(w->got, w->got_len, "$end", 4);
        mem_free(bytes);
        mem_free(out);
    }
}

/* A bulk of three bytes whose callback stops reading, with more behind it. */
static void stop_behind_bulk(struct world *w, char bulk[3])
{
    w->expect_out = bulk;
    w->expect_after_first = 3;
    w->stop_in_bulk = true;
    peer_writes(w, SLICE("$"));
    turns_until_got(w, 1);
    peer_writes(w, SLICE("abcdef"));
}

TEST(what_came_behind_a_bulk_that_stopped_reading_waits_in_order)
{
    EACH_KIND(kind)
    {
        char bulk[3];
        stop_behind_bulk(w, bulk);
        while (w->bulks == 0)
            turn(w);
        CHECK_MEM(bulk, "abc", 3);
        CHECK_UINT(w->got_len, 1);
        stream_read_start(w->stream);
        peer_writes(w, SLICE("ghi"));
        turns_until_got(w, 7);
        CHECK_BYTES(w->got, w->got_len, "$defghi", 7);
    }
}

TEST(the_end_waits_behind_what_was_not_delivered)
{
    EACH_KIND(kind)
    {
        char bulk[3];
        stop_behind_bulk(w, bulk);
        CHECK_INT(shutdown(w->peer, SHUT_WR), 0);
        while (w->bulks == 0)
            turn(w);
        for (int i = 0; i < 5; i++)
            look(w);
        CHECK_INT(w->closes, 0);
        stream_read_start(w->stream);
        while (w->closes == 0)
            turn(w);
        CHECK_BYTES(w->got, w->got_len, "$def", 4);
    }
}

TEST(a_long_batch_keeps_everything_that_it_received)
{
    EACH_KIND(kind)
    {
        for (size_t i = 1; i <= 300; i++) { /* no batch is done in between */
            peer_writes(w, SLICE("x"));
            turns_until_got(w, i);
        }
        stream_io_batch_done(w->io);
        peer_writes(w, SLICE("y"));
        turns_until_got(w, 301);
        CHECK_INT(w->got[300], 'y');
    }
}

TEST(bytes_of_a_closed_stream_are_not_overwritten_on_their_way)
{
    EACH_KIND(kind)
    {
        char out[1000];
        memset(out, 'A', sizeof(out));
        send_copy(w, slice_of(out, sizeof(out)));
        close_stream(w);
        struct block *b = block_new(w->pool, BLOCK_SMALL); /* the same one, if it is free */
        memset(b->bytes, 'B', b->cap);
        ssize_t got = 0;
        while ((got = recv(w->peer, out, sizeof(out), 0)) != 0) {
            for (ssize_t i = 0; i < got; i++)
                CHECK_INT(out[i], 'A');
            if (got < 0)
                turn(w);
        }
        block_unref(b);
    }
}

TEST(a_peer_that_closes_is_told_once)
{
    EACH_KIND(kind)
    {
        peer_writes(w, SLICE("bye"));
        CHECK_INT(shutdown(w->peer, SHUT_RDWR), 0);
        w->keep_after_close = true;
        while (w->closes == 0)
            turn(w);
        for (int i = 0; i < 5; i++)
            look(w);
        CHECK_INT(w->closes, 1);
        CHECK_INT(w->closed_error, 0);
        CHECK_BYTES(w->got, w->got_len, "bye", 3);
        send_copy(w, SLICE("into the void"));
        CHECK_UINT(stream_unsent(w->stream), 0);
    }
}

/* A peer that asks, says that it will ask nothing more, and reads. */
TEST(the_end_is_told_a_turn_after_what_came_before_it)
{
    EACH_KIND(kind)
    {
        char answer[2] = "";
        peer_writes(w, SLICE("ask"));
        CHECK_INT(shutdown(w->peer, SHUT_WR), 0);
        w->keep_after_close = true;
        turns_until_got(w, 3);
        CHECK_INT(w->closes, 0);
        send_copy(w, SLICE("!")); /* one byte: it leaves at once in every build */
        while (w->closes == 0)
            turn(w);
        while (recv(w->peer, answer, 1, MSG_DONTWAIT) < 0)
            look(w); /* an I/O thread may still be at it */
        CHECK_STR(answer, "!");
    }
}

/* By the virtue of which it finds mistakes. */
TEST(the_delayed_transport_delivers_and_sends_a_turn_later)
{
    struct world *w = world_new(STREAM_DELAYED);
    char byte;
    w->answer_in_bytes = true;
    peer_writes(w, SLICE("x"));
    look(w);
    CHECK_INT(w->calls, 0);
    look(w);
    CHECK_INT(w->calls, 1);
    CHECK_INT(recv(w->peer, &byte, 1, 0), -1);
    look(w);
    CHECK_INT(recv(w->peer, &byte, 1, 0), 1);
    world_free(w);
}

TEST(a_write_to_a_closed_peer_is_told_later_not_inside_the_call)
{
    EACH_KIND(kind)
    {
        stream_read_stop(w->stream);
        (void)close(w->peer);
        w->peer = -1;
        send_copy(w, SLICE("anybody?"));
        CHECK_INT(w->closes, 0);
        while (w->closes == 0)
            turn(w);
        CHECK(w->closed_error < 0);
    }
}

TEST(a_stream_may_be_closed_in_on_bytes)
{
    EACH_KIND(kind)
    {
        w->close_in_bytes = true;
        peer_writes(w, SLICE("x"));
        turns_until_got(w, 1);
        CHECK_PTR_NULL(w->stream);
        char byte;
        while (recv(w->peer, &byte, 1, 0) < 0)
            turn(w); /* until the end arrives */
        CHECK_INT(w->calls, 1);
        CHECK_INT(w->closes, 0);
    }
}

TEST(a_stream_may_be_closed_in_on_sent)
{
    EACH_KIND(kind)
    {
        size_t len = 4 << 20;
        char *bytes = mem_zalloc(len);
        w->close_in_sent = true;
        send_copy(w, slice_of(bytes, len));
        while (w->stream) {
            (void)recv(w->peer, bytes, len, 0);
            turn(w);
        }
        CHECK_INT(w->sents, 1);
        CHECK_INT(w->closes, 0);
        mem_free(bytes);
    }
}

TEST(a_stream_closed_by_another_ones_callback_says_nothing_more)
{
    EACH_KIND(kind)
    {
        /* Two streams on one loop; whichever is first closes the other. */
        struct world second = { .loop = w->loop, .io = w->io, .pool = w->pool };
        attach(&second);
        w->other = &second;
        second.other = w;
        peer_writes(w, SLICE("1"));
        peer_writes(&second, SLICE("2"));
        while (w->calls + second.calls == 0)
            turn(w);
        for (int i = 0; i < 5; i++)
            look(w);
        CHECK_INT(w->calls + second.calls, 1);
        CHECK((w->stream == NULL) != (second.stream == NULL));
        close_stream(&second);
        (void)close(second.peer);
        mem_free(second.got);
    }
}

TEST(reading_stops_and_starts)
{
    EACH_KIND(kind)
    {
        stream_read_stop(w->stream);
        peer_writes(w, SLICE("later"));
        for (int i = 0; i < 5; i++)
            look(w);
        CHECK_INT(w->calls, 0);
        stream_read_start(w->stream);
        turns_until_got(w, 5);
        CHECK_BYTES(w->got, w->got_len, "later", 5);
    }
}

TEST(a_nested_turn_has_a_batch_of_its_own)
{
    EACH_KIND(kind)
    {
        char *outer = arena_alloc(stream_io_arena(w->io), 100);
        memset(outer, 'o', 100);
        stream_io_batch_enter(w->io);
        CHECK(stream_io_arena(w->io) != NULL);
        peer_writes(w, SLICE("inner"));
        turns_until_got(w, 5);
        stream_io_batch_done(w->io);
        stream_io_batch_leave(w->io);
        for (int i = 0; i < 100; i++)
            CHECK_INT(outer[i], 'o');
        stream_io_batch_done(w->io);
    }
}

TEST(bytes_are_counted)
{
    EACH_KIND(kind)
    {
        char out[5];
        peer_writes(w, SLICE("abc"));
        turns_until_got(w, 3);
        send_copy(w, SLICE("12345"));
        peer_reads(w, out, 5);
        while (stream_unsent(w->stream) > 0)
            turn(w);
        CHECK_UINT(stream_io_stats(w->io)->bytes_in, 3);
        CHECK_UINT(stream_io_stats(w->io)->bytes_out, 5);
        stream_io_stats_reset(w->io);
        CHECK_UINT(stream_io_stats(w->io)->bytes_in, 0);
    }
}

/* -- random conversations --------------------------------------------------------------------
 * Both sides of a stream send a known sequence; whatever happens on the way, each side sees a prefix
 * of it, and all of it if nobody closed. */

#define TALKS 8

struct talks;

struct talk {
    struct talks *all;
    struct world *w;
    struct stream *stream;
    int peer;
    size_t peer_put, got; /* towards the stream */
    size_t put, peer_got; /* from it */
    char *bulk;
    size_t bulk_len;
    bool stopped, ended;
};

struct talks {
    struct world *w;
    struct rand r;
    bool finishing; /* nobody acts any more */
    struct talk t[TALKS];
};

static char sequence(size_t position)
{
    return (char)(position * 131 + position / 251);
}

static void sequence_fill(char *out, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = sequence(from + i);
}

static void sequence_check(const char *bytes, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != sequence(from + i))
            CHECK_FAIL("byte %zu is wrong", from + i);
}

static void talk_close(struct talk *t)
{
    if (t->stream)
        stream_close(t->stream);
    t->stream = NULL;
    t->ended = true;
    mem_free(t->bulk);
    t->bulk = NULL;
}

static void talk_acts(struct talk *t);

static void talk_bytes(void *user, struct slice bytes)
{
    struct talk *t = user;
    CHECK_PTR_NOT_NULL(t->stream);
    CHECK(!t->stopped);
    CHECK_PTR_NULL(t->bulk);
    sequence_check(bytes.ptr, t->got, bytes.len);
    t->got += bytes.len;
    talk_acts(t);
}

static void talk_bulk(void *user)
{
    struct talk *t = user;
    CHECK_PTR_NOT_NULL(t->stream);
    sequence_check(t->bulk, t->got, t->bulk_len);
    t->got += t->bulk_len;
    mem_free(t->bulk);
    t->bulk = NULL;
    talk_acts(t);
}

static void talk_sent(void *user, size_t unsent)
{
    struct talk *t = user;
    CHECK_PTR_NOT_NULL(t->stream);
    CHECK_UINT(unsent, stream_unsent(t->stream));
}

static void talk_closed(void *user, int error)
{
    (void)error;
    struct talk *t = user;
    CHECK_PTR_NOT_NULL(t->stream);
    CHECK(!t->ended);
    t->ended = true;
}

static const struct stream_callbacks talk_callbacks = { talk_bytes, talk_bulk, talk_sent,
                                                        talk_closed };

static void talk_sends(struct talk *t, size_t len)
{
    struct outq q;
    outq_init(&q);
    while (len > 0) {
        struct block *b = block_new(t->w->pool, len > 1500 ? BLOCK_LARGE : BLOCK_SMALL);
        size_t part = MIN_OF(len, (size_t)b->cap);
        sequence_fill(b->bytes, t->put, part);
        outq_push(&q, (struct span){ b->bytes, part, b, SPAN_BLOCK });
        t->put += part;
        len -= part;
    }
    stream_send(t->stream, &q);
}

/* What a user may do inside a callback or between turns. */
static void talk_acts(struct talk *t)
{
    struct talks *all = t->all;
    uint64_t what = rand_below(&all->r, 40);
    if (!t->stream || t->ended || all->finishing)
        return;
    if (what < 10) {
        talk_sends(t, 1 + rand_below(&all->r, what == 0 ? 300000 : 3000));
    } else if (what < 13) {
        stream_read_stop(t->stream);
        t->stopped = true;
    } else if (what < 22) {
        stream_read_start(t->stream);
        t->stopped = false;
    } else if (what < 25 && !t->bulk) {
        t->bulk_len = 1 + rand_below(&all->r, 100000);
        t->bulk = mem_alloc(t->bulk_len);
        stream_expect(t->stream, t->bulk, t->bulk_len);
    } else if (what == 39 && rand_below(&all->r, 20) == 0) {
        talk_close(&all->t[rand_below(&all->r, TALKS)]);
    }
}

static void talk_peer_acts(struct talk *t, struct rand *r)
{
    static char bytes[70000];
    if (rand_below(r, 3)) {
        size_t len = 1 + rand_below(r, rand_below(r, 8) ? 200 : sizeof(bytes));
        sequence_fill(bytes, t->peer_put, len);
        ssize_t n = send(t->peer, bytes, len, MSG_NOSIGNAL);
        t->peer_put += n > 0 ? (size_t)n : 0;
    }
    if (rand_below(r, 3)) {
        ssize_t n = recv(t->peer, bytes, sizeof(bytes), 0);
        sequence_check(bytes, t->peer_got, n > 0 ? (size_t)n : 0);
        t->peer_got += n > 0 ? (size_t)n : 0;
    }
    if (rand_below(r, 4000) == 0)
        CHECK_INT(shutdown(t->peer, SHUT_RDWR), 0);
}

static void talk_begins(struct talks *all, struct talk *t)
{
    int fds[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct conn *c = conn_new_accepted(&conn_unix, all->w->loop, fds[0]);
    c->state = CONN_CONNECTED;
    *t = (struct talk){ .all = all, .w = all->w, .peer = fds[1] };
    t->stream = stream_new(all->w->io, c, &talk_callbacks, t);
}

/* Until both sides have seen everything. */
static void talk_finishes(struct talk *t)
{
    static char bytes[70000];
    if (t->ended)
        return;
    stream_read_start(t->stream);
    t->stopped = false;
    size_t missing = t->bulk ? stream_expected(t->stream) : 0;
    while (!t->ended && (t->bulk || t->got < t->peer_put || t->peer_got < t->put)) {
        ssize_t n = recv(t->peer, bytes, sizeof(bytes), 0);
        sequence_check(bytes, t->peer_got, n > 0 ? (size_t)n : 0);
        t->peer_got += n > 0 ? (size_t)n : 0;
        size_t len = MIN_OF(missing, sizeof(bytes));
        sequence_fill(bytes, t->peer_put, len);
        n = len ? send(t->peer, bytes, len, MSG_NOSIGNAL) : 0;
        t->peer_put += n > 0 ? (size_t)n : 0;
        missing -= n > 0 ? (size_t)n : 0;
        if (t->stopped)
            stream_read_start(t->stream);
        t->stopped = false;
        look(t->w);
        stream_io_batch_done(t->w->io);
    }
}

static void talks_run(struct world *w, uint64_t seed)
{
    struct talks all = { .w = w };
    rand_seed(&all.r, seed);
    for (size_t i = 0; i < TALKS; i++)
        talk_begins(&all, &all.t[i]);
    for (int round = 0; round < 1500; round++) {
        struct talk *t = &all.t[rand_below(&all.r, TALKS)];
        talk_peer_acts(t, &all.r);
        talk_acts(t);
        if (t->ended && rand_below(&all.r, 10) == 0) {
            talk_close(t);
            (void)close(t->peer);
            talk_begins(&all, t);
        }
        look(w);
        if (rand_below(&all.r, 2))
            stream_io_batch_done(w->io);
    }
    all.finishing = true;
    for (size_t i = 0; i < TALKS; i++) {
        talk_finishes(&all.t[i]);
        talk_close(&all.t[i]);
        (void)close(all.t[i].peer);
    }
}

TEST(random_conversations_lose_and_confuse_nothing)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        EACH_KIND(kind)
    talks_run(w, seed);
}
