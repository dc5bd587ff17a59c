/* The reply writer: every element in both protocols, sinks with little room, deferral, muting,
 * closing, errors. */
#include "resp/reply.h"

#include <math.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

/* --- every element, as redis-server 7.0.15 writes it --- */

static void write_ok(struct reply *r)
{
    reply_ok(r);
    reply_status(r, SLICE("PONG"));
    reply_status(r, SLICE(""));
}

static void write_bulks(struct reply *r)
{
    reply_bulk(r, SLICE(""));
    reply_bulk(r, slice_of(NULL, 0));
    reply_bulk(r, SLICE("a\r\n\0b"));
    reply_bulk_str(r, "0123456789");
    reply_bulk_int(r, INT64_MIN);
}

static void write_ints(struct reply *r)
{
    static const int64_t values[] = { 0, 9, 10, 99, 100, -1, -10, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        reply_int(r, values[i]);
}

static void write_doubles(struct reply *r)
{
    static const double values[] = { 3.141, 0, -0.0, 1e17, 1e-7, INFINITY, -INFINITY };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        reply_double(r, values[i]);
    reply_bulk_double(r, 0.1);
}

static void write_nulls(struct reply *r)
{
    reply_null(r);
    reply_null_array(r);
}

static void write_bools(struct reply *r)
{
    reply_bool(r, true);
    reply_bool(r, false);
}

static void write_big_number(struct reply *r)
{
    reply_big_number(r, SLICE("1234567999999999999999999999999999999"));
}

static void write_verbatim(struct reply *r)
{
    reply_verbatim(r, "txt", SLICE("This is a verbatim\nstring"));
    reply_verbatim(r, "mkd", SLICE(""));
}

static void write_aggregates(struct reply *r)
{
    reply_array(r, 0);
    reply_array(r, 12);
    reply_set(r, 3);
    reply_map(r, 6);
    reply_array(r, 123456);
}

static void write_push(struct reply *r)
{
    reply_push(r, 2);
    reply_bulk_str(r, "server-cpu-usage");
    reply_int(r, 42);
}

static void write_attribute(struct reply *r)
{
    if (reply_attribute(r, 1)) {
        reply_bulk_str(r, "ttl");
        reply_int(r, 90);
    }
    reply_bulk_str(r, "value");
}

static void write_deferred(struct reply *r)
{
    reply_defer(r);
    reply_bulk_str(r, "a");
    reply_defer(r);
    reply_defer(r);
    reply_settle(r, REPLY_SET, 0);
    reply_int(r, 1);
    reply_settle(r, REPLY_MAP, 1);
    reply_bulk_str(r, "b");
    reply_settle(r, REPLY_ARRAY, 3);
}

static void write_raw(struct reply *r)
{
    reply_raw(r, SLICE(""));
    reply_raw(r, SLICE("*1\r\n:5\r\n"));
}

static void write_errors(struct reply *r)
{
    reply_error(r, "WRONGTYPE no");
    reply_errorf(r, "ERR a%sb%d\n", "\r\n", 7);
    reply_error_slice(r, SLICE("ERR\nx\r\n\r\n"));
}

struct example {
    void (*write)(struct reply *r);
    struct slice resp2, resp3;
};

#define DIGITS "1234567999999999999999999999999999999"
#define INTS                                                                    \
    ":0\r\n:9\r\n:10\r\n:99\r\n:100\r\n:-1\r\n:-10\r\n:9223372036854775807\r\n" \
    ":-9223372036854775808\r\n"
#define BULKS                                                     \
    "$0\r\n\r\n$0\r\n\r\n$5\r\na\r\n\0b\r\n$10\r\n0123456789\r\n" \
    "$20\r\n-9223372036854775808\r\n"
#define ERRORS "-WRONGTYPE no\r\n-ERR a  b7\r\n-ERR x\r\n"

/* clang-format off */
#define EXAMPLE(write, resp2, resp3) \
    { write, { resp2, sizeof(resp2) - 1 }, { resp3, sizeof(resp3) - 1 } }

static const struct example examples[] = {
    EXAMPLE(write_ok, "+OK\r\n+PONG\r\n+\r\n", "+OK\r\n+PONG\r\n+\r\n"),
    EXAMPLE(write_bulks, BULKS, BULKS),
    EXAMPLE(write_ints, INTS, INTS),
    EXAMPLE(write_doubles,
            "$5\r\n3.141\r\n$1\r\n0\r\n$2\r\n-0\r\n$5\r\n1e+17\r\n$22\r\n9.9999999999999995e-08\r\n"
            "$3\r\ninf\r\n$4\r\n-inf\r\n$19\r\n0.10000000000000001\r\n",
            ",3.141\r\n,0\r\n,-0\r\n,1e+17\r\n,9.9999999999999995e-08\r\n"
            ",inf\r\n,-inf\r\n$19\r\n0.10000000000000001\r\n"),
    EXAMPLE(write_nulls, "$-1\r\n*-1\r\n", "_\r\n_\r\n"),
    EXAMPLE(write_bools, ":1\r\n:0\r\n", "#t\r\n#f\r\n"),
    EXAMPLE(write_big_number, "$37\r\n" DIGITS "\r\n", "(" DIGITS "\r\n"),
    EXAMPLE(write_verbatim, "$25\r\nThis is a verbatim\nstring\r\n$0\r\n\r\n",
            "=29\r\ntxt:This is a verbatim\nstring\r\n=4\r\nmkd:\r\n"),
    EXAMPLE(write_aggregates, "*0\r\n*12\r\n*3\r\n*12\r\n*123456\r\n",
            "*0\r\n*12\r\n~3\r\n%6\r\n*123456\r\n"),
    EXAMPLE(write_push, "*2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n",
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"),
    EXAMPLE(write_attribute, "$5\r\nvalue\r\n", "|1\r\n$3\r\nttl\r\n:90\r\n$5\r\nvalue\r\n"),
    EXAMPLE(write_deferred, "*3\r\n$1\r\na\r\n*2\r\n*0\r\n:1\r\n$1\r\nb\r\n",
            "*3\r\n$1\r\na\r\n%1\r\n~0\r\n:1\r\n$1\r\nb\r\n"),
    EXAMPLE(write_raw, "*1\r\n:5\r\n", "*1\r\n:5\r\n"),
    EXAMPLE(write_errors, ERRORS, ERRORS),
};
/* clang-format on */

TEST(elements_are_written_as_the_peers_do)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (uint8_t proto = 2; proto <= 3; proto++) {
            struct slice want = proto == 2 ? examples[i].resp2 : examples[i].resp3;
            struct reply_to_buf w;
            struct buf out;
            buf_init(&out, BUF_NO_CEILING);
            reply_to_buf_init(&w, &out, proto);
            examples[i].write(&w.reply);
            CHECK_UINT(reply_total(&w.reply), want.len);
            reply_to_buf_done(&w);
            CHECK_BYTES(out.ptr, out.len, want.ptr, want.len);
            CHECK_UINT(w.reply.written, want.len);
            CHECK_UINT(w.reply.deferred, 0);
            buf_done(&out);
        }
    }
}

/* --- a sink of pieces, each no larger than asked for --- */

struct piece {
    char *owned; /* NULL: borrowed */
    struct slice bytes;
    struct blob *blob;
};

/* Does what the header says of sinks, and asserts what it promises them. */
struct pieces {
    struct reply reply;
    struct piece *list;
    size_t count;
    size_t slots[REPLY_DEFERRED_DEPTH];
    size_t open_slots;
    size_t calls_left; /* then it closes */
};

static const struct reply_sink pieces_sink;

static void pieces_init(struct pieces *p, uint8_t proto)
{
    *p = (struct pieces){ .reply = { .sink = &pieces_sink, .proto = proto },
                          .calls_left = SIZE_MAX };
}

/* The open room is that of the last piece. */
static void pieces_seal(struct pieces *p)
{
    if (p->reply.pos) {
        struct piece *last = &p->list[p->count - 1];
        ASSERT(p->reply.pos >= last->owned);
        last->bytes = slice_of(last->owned, (size_t)(p->reply.pos - last->owned));
        p->reply.written += last->bytes.len;
    }
    p->reply.pos = p->reply.sealed = p->reply.end = NULL;
}

static struct piece *pieces_add(struct pieces *p)
{
    p->list = mem_realloc(p->list, (p->count + 1) * sizeof(*p->list));
    struct piece *piece = &p->list[p->count++];
    *piece = (struct piece){ .owned = NULL };
    return piece;
}

static bool pieces_enter(struct reply *r)
{
    struct pieces *p = (struct pieces *)r;
    ASSERT(!r->closed);
    pieces_seal(p);
    if (p->calls_left-- > 0)
        return true;
    reply_close(r);
    return false;
}

static void pieces_more(struct reply *r, size_t need)
{
    struct pieces *p = (struct pieces *)r;
    ASSERT(need >= 1);
    ASSERT(need <= REPLY_NEED_MAX);
    ASSERT((size_t)(r->end - r->pos) < need);
    if (!pieces_enter(r))
        return;
    struct piece *piece = pieces_add(p);
    piece->owned = mem_alloc(need);
    r->pos = r->sealed = piece->owned;
    r->end = piece->owned + need;
}

static void pieces_blob(struct reply *r, struct blob *blob, struct slice bytes)
{
    if (!pieces_enter(r))
        return;
    struct piece *piece = pieces_add((struct pieces *)r);
    piece->blob = blob_ref(blob);
    piece->bytes = bytes;
    r->written += bytes.len;
}

static void pieces_defer(struct reply *r, unsigned slot)
{
    struct pieces *p = (struct pieces *)r;
    ASSERT(slot == p->open_slots);
    ASSERT(slot < REPLY_DEFERRED_DEPTH);
    if (!pieces_enter(r))
        return;
    p->open_slots++;
    p->slots[slot] = p->count;
    (void)pieces_add(p);
}

static void pieces_settle(struct reply *r, unsigned slot, struct slice header)
{
    struct pieces *p = (struct pieces *)r;
    ASSERT(slot + 1 == p->open_slots);
    ASSERT(header.len > 0);
    ASSERT(header.len <= REPLY_HEADER_MAX);
    if (!pieces_enter(r))
        return;
    struct piece *piece = &p->list[p->slots[slot]];
    p->open_slots--;
    ASSERT(piece->bytes.len == 0);
    piece->owned = mem_alloc(header.len);
    memcpy(piece->owned, header.ptr, header.len);
    piece->bytes = slice_of(piece->owned, header.len);
    r->written += header.len;
}

static const struct reply_sink pieces_sink = {
    .more = pieces_more, .blob = pieces_blob, .defer = pieces_defer, .settle = pieces_settle
};

/* The pieces in order, in `out`; frees them. */
static void pieces_done(struct pieces *p, struct buf *out)
{
    pieces_seal(p);
    for (size_t i = 0; i < p->count; i++) {
        buf_append(out, p->list[i].bytes);
        mem_free(p->list[i].owned);
        blob_unref(p->list[i].blob);
    }
    mem_free(p->list);
}

TEST(rooms_as_small_as_allowed_change_nothing)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (uint8_t proto = 2; proto <= 3; proto++) {
            struct slice want = proto == 2 ? examples[i].resp2 : examples[i].resp3;
            struct pieces p;
            struct buf out;
            buf_init(&out, BUF_NO_CEILING);
            pieces_init(&p, proto);
            examples[i].write(&p.reply);
            pieces_done(&p, &out);
            CHECK_BYTES(out.ptr, out.len, want.ptr, want.len);
            CHECK_UINT(p.reply.written, want.len);
            buf_done(&out);
        }
    }
}

TEST(a_sink_may_close_at_any_of_its_calls)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (size_t calls = 0;; calls++) {
            struct pieces p;
            struct buf out;
            buf_init(&out, BUF_NO_CEILING);
            pieces_init(&p, 3);
            p.calls_left = calls;
            examples[i].write(&p.reply);
            bool closed = p.reply.closed;
            pieces_done(&p, &out);
            CHECK(closed || out.len == examples[i].resp3.len);
            buf_done(&out);
            if (!closed)
                break;
        }
    }
}

/* --- random replies: the sink of pieces against the buffer --- */

static struct blob *test_blob; /* made once a test; the writers below have no other way to it */

static void write_random_leaf(struct reply *r, struct rand *rand)
{
    static char text[3000];
    struct slice bytes = slice_of(text, rand_below(rand, 2) ? rand_below(rand, 300)
                                                            : rand_below(rand, sizeof(text)));
    switch (rand_below(rand, 10)) {
    case 0:
        reply_status(r, bytes);
        break;
    case 1:
        reply_int(r, (int64_t)(rand_next(rand) >> rand_below(rand, 64)));
        break;
    case 2:
        reply_double(r, (double)rand_next(rand) / 3);
        break;
    case 3:
        reply_error_slice(r, bytes);
        break;
    case 4:
        reply_bulk_blob(r, test_blob);
        break;
    case 5:
        reply_verbatim(r, "txt", bytes);
        break;
    case 6:
        reply_null(r);
        break;
    default:
        reply_bulk(r, bytes);
        break;
    }
}

/* A value of a shape drawn at random, at most four aggregates deep. */
static void write_random(struct reply *r, struct rand *rand, unsigned depth)
{
    size_t count = rand_below(rand, 4);
    uint64_t shape = depth < REPLY_DEFERRED_DEPTH ? rand_below(rand, 6) : 5;
    enum reply_kind kind = (enum reply_kind)rand_below(rand, 3);
    if (shape > 2) {
        write_random_leaf(r, rand);
        return;
    }
    if (shape == 0)
        reply_defer(r);
    else if (kind == REPLY_MAP)
        reply_map(r, count);
    else if (kind == REPLY_SET)
        reply_set(r, count);
    else
        reply_array(r, count);
    size_t elements = kind == REPLY_MAP ? count * 2 : count;
    for (size_t i = 0; i < elements; i++)
        write_random(r, rand, depth + 1);
    if (shape == 0)
        reply_settle(r, kind, count);
}

static void write_random_reply(struct reply *r, uint64_t seed)
{
    struct rand rand;
    rand_seed(&rand, seed);
    for (size_t n = rand_below(&rand, 8); n > 0; n--)
        write_random(r, &rand, 0);
}

TEST(random_replies_are_the_same_in_pieces)
{
    test_blob = blob_copy(SLICE("the blob's bytes"));
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct reply_to_buf w;
        struct pieces p;
        struct buf want, got;
        uint8_t proto = seed % 2 ? 2 : 3;
        buf_init(&want, BUF_NO_CEILING);
        buf_init(&got, BUF_NO_CEILING);
        reply_to_buf_init(&w, &want, proto);
        pieces_init(&p, proto);
        write_random_reply(&w.reply, seed);
        write_random_reply(&p.reply, seed);
        CHECK_UINT(reply_total(&p.reply), reply_total(&w.reply));
        reply_to_buf_done(&w);
        pieces_done(&p, &got);
        CHECK_BYTES(got.ptr, got.len, want.ptr, want.len);
        CHECK_UINT(p.reply.written, want.len);
        CHECK_UINT(p.reply.errors, w.reply.errors);
        buf_done(&want);
        buf_done(&got);
    }
    CHECK(!blob_is_shared(test_blob));
    blob_unref(test_blob);
}

TEST(a_blob_is_referenced_and_not_copied)
{
    struct blob *blob = blob_copy(SLICE("0123456789"));
    struct pieces p;
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    pieces_init(&p, 2);
    reply_bulk_blob(&p.reply, blob);
    CHECK(blob_is_shared(blob));
    CHECK_PTR(p.list[1].bytes.ptr, blob->bytes);
    pieces_done(&p, &out);
    CHECK_SLICE(buf_slice(&out), "$10\r\n0123456789\r\n");
    CHECK(!blob_is_shared(blob));
    blob_unref(blob);
    buf_done(&out);
}

/* --- a buffer with a ceiling --- */

TEST(at_its_ceiling_a_buffer_closes_the_writer)
{
    for (size_t ceiling = 0; ceiling < 200; ceiling++) {
        static const char text[64];
        struct reply_to_buf w;
        struct buf out;
        buf_init(&out, ceiling);
        reply_to_buf_init(&w, &out, 3);
        reply_defer(&w.reply);
        for (int i = 0; i < 3; i++)
            reply_bulk(&w.reply, slice_of(text, sizeof(text)));
        reply_settle(&w.reply, REPLY_ARRAY, 3);
        reply_ok(&w.reply);
        reply_to_buf_done(&w);
        CHECK(w.reply.closed);
        CHECK(out.len <= ceiling);
        buf_done(&out);
    }
}

TEST(a_writer_appends_to_what_the_buffer_holds)
{
    struct reply_to_buf w;
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    buf_append_str(&out, "before");
    reply_to_buf_init(&w, &out, 3);
    reply_defer(&w.reply);
    reply_settle(&w.reply, REPLY_MAP, 0);
    reply_to_buf_done(&w);
    CHECK_SLICE(buf_slice(&out), "before%0\r\n");
    buf_done(&out);
}

/* --- muting --- */

struct muted_case {
    struct reply_to_buf w;
    struct buf out;
};

static void muted_init(struct muted_case *m)
{
    buf_init(&m->out, BUF_NO_CEILING);
    reply_to_buf_init(&m->w, &m->out, 3);
    reply_mute(&m->w.reply, true);
}

static struct slice muted_result(struct muted_case *m)
{
    reply_to_buf_done(&m->w);
    return buf_slice(&m->out);
}

TEST(a_muted_writer_writes_nothing)
{
    struct muted_case m;
    muted_init(&m);
    test_blob = blob_copy(SLICE("x"));
    for (size_t i = 0; i < COUNT_OF(examples); i++)
        if (examples[i].write != write_push)
            examples[i].write(&m.w.reply);
    reply_bulk_blob(&m.w.reply, test_blob);
    CHECK_SLICE(muted_result(&m), "");
    CHECK_UINT(m.w.reply.errors, 3);
    CHECK_UINT(m.w.reply.deferred, 0);
    reply_mute(&m.w.reply, false);
    reply_ok(&m.w.reply);
    CHECK_SLICE(muted_result(&m), "+OK\r\n");
    blob_unref(test_blob);
    buf_done(&m.out);
}

TEST(a_muted_writer_writes_pushes_whole)
{
    struct muted_case m;
    muted_init(&m);
    struct reply *r = &m.w.reply;
    reply_ok(r);
    reply_push(r, 3);
    reply_bulk_str(r, "invalidate");
    reply_array(r, 2);
    reply_bulk_str(r, "k");
    reply_map(r, 1);
    (void)reply_attribute(r, 1);
    reply_int(r, 1);
    reply_int(r, 2);
    reply_int(r, 3);
    reply_set(r, 0);
    reply_null(r);
    reply_ok(r);
    CHECK_SLICE(muted_result(&m),
                ">3\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\nk\r\n%1\r\n|1\r\n:1\r\n:2\r\n:3\r\n"
                "~0\r\n_\r\n");
    buf_done(&m.out);
}

TEST(a_muted_push_may_hold_a_deferred_aggregate)
{
    struct muted_case m;
    muted_init(&m);
    struct reply *r = &m.w.reply;
    reply_push(r, 2);
    reply_defer(r);
    reply_int(r, 1);
    reply_int(r, 2);
    reply_settle(r, REPLY_MAP, 1);
    reply_int(r, 3);
    reply_int(r, 4);
    CHECK_SLICE(muted_result(&m), ">2\r\n%1\r\n:1\r\n:2\r\n:3\r\n");
    buf_done(&m.out);
}

TEST(an_empty_push_leaves_a_muted_writer_muted)
{
    struct muted_case m;
    muted_init(&m);
    reply_push(&m.w.reply, 0);
    reply_ok(&m.w.reply);
    CHECK_SLICE(muted_result(&m), ">0\r\n");
    buf_done(&m.out);
}

/* --- errors --- */

static void note_error(void *arg, struct slice text)
{
    buf_append(arg, text);
    buf_append_char(arg, ';');
}

TEST(each_error_is_seen_also_when_it_is_swallowed)
{
    struct reply r;
    struct buf seen;
    buf_init(&seen, BUF_NO_CEILING);
    reply_to_nowhere_init(&r, 2);
    r.on_error = note_error;
    r.on_error_arg = &seen;
    write_errors(&r);
    reply_ok(&r);
    reply_push(&r, 1);
    write_deferred(&r);
    CHECK_UINT(r.errors, 3);
    CHECK_SLICE(buf_slice(&seen), "WRONGTYPE no;ERR a\r\nb7;ERR\nx;");
    buf_done(&seen);
}

TEST(a_fifth_deferred_aggregate_is_refused)
{
    struct reply r;
    reply_to_nowhere_init(&r, 2);
    for (int i = 0; i < REPLY_DEFERRED_DEPTH; i++)
        reply_defer(&r);
    CHECK_ABORTS(reply_defer(&r));
}
