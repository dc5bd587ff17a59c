/* The request parser: what it yields, that splits change nothing, limits, big bulks; and against a
 * plain slow model under random requests and noise. */
#include "resp/parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/words.h"
#include "resp/feed_priv.h"
#include "tests/unit/check.h"

static const struct resp_limits plain = { .bulk_max = 512 << 20, .authenticated = true };
static const struct resp_limits unauthenticated = { .bulk_max = 512 << 20 };
/* Every bulk that is not yet here is big. */
static const struct resp_limits all_big = { .bulk_max = 512 << 20,
                                            .big_bulk = 1,
                                            .authenticated = true };

/* The transcript of `bytes` given in pieces that end at `cuts` (ascending), in `out`. */
static void transcribe(const struct resp_limits *limits, struct slice bytes, const size_t *cuts,
                       size_t cut_count, struct buf *out)
{
    struct feed f;
    size_t from = 0;
    feed_init(&f, limits);
    for (size_t i = 0; i < cut_count; i++) {
        feed_bytes(&f, slice_of(bytes.ptr + from, cuts[i] - from));
        from = cuts[i];
    }
    feed_bytes(&f, slice_from(bytes, from));
    feed_note_rest(&f);
    buf_clear(out);
    buf_append(out, buf_slice(&f.transcript));
    feed_done(&f);
}

static void check_transcript(const struct resp_limits *limits, struct slice bytes, const char *want)
{
    struct buf got;
    buf_init(&got, BUF_NO_CEILING);
    transcribe(limits, bytes, NULL, 0, &got);
    CHECK_BYTES(got.ptr, got.len, want, strlen(want));
    buf_done(&got);
}

/* --- what it yields --- */

struct example {
    struct slice bytes, want;
};

#define LONG_VALUE                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678" \
    "9012345678901234567890123456789"

/* clang-format off */
#define EXAMPLE(bytes, want) { { bytes, sizeof(bytes) - 1 }, { want, sizeof(want) - 1 } }

static const struct example examples[] = {
    EXAMPLE("", ""),
    EXAMPLE("*1\r\n$4\r\nPING\r\n", "request 1 PING\n"),
    EXAMPLE("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n",
            "request 2 GET k\nrequest 1 PING\n"),
    EXAMPLE("*2\r\n$3\r\nSET\r\n$110\r\n" LONG_VALUE "\r\n", "request 2 SET " LONG_VALUE "\n"),
    EXAMPLE("*2\r\n$0\r\n\r\n$10\r\n0123456789\r\n", "request 2  0123456789\n"),
    EXAMPLE("*1\r\n$4\r\na\r\nb\r\n", "request 1 a\r\nb\n"),
    EXAMPLE("*12\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n"
            "$1\r\nh\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$1\r\nl\r\n",
            "request 12 a b c d e f g h i j k l\n"),
    /* empty requests */
    EXAMPLE("*0\r\n*1\r\n$4\r\nPING\r\n", "nothing\nrequest 1 PING\n"),
    EXAMPLE("*-1\r\n*-10\r\nPING\r\n", "nothing\nnothing\ninline 1 PING\n"),
    EXAMPLE("*-9223372036854775808\r\nPING\r\n", "nothing\ninline 1 PING\n"),
    EXAMPLE("\r\n\n \r\nPING\n", "nothing\nnothing\nnothing\ninline 1 PING\n"),
    /* inline requests */
    EXAMPLE("PING\r\nPING\nSET  k \"a b\"\r\n",
            "inline 1 PING\ninline 1 PING\ninline 3 SET k a b\n"),
    EXAMPLE("PING\r\r\n", "inline 1 PING\n"),
    EXAMPLE("SET k '\\'' \"\\x41\\n\"\n", "inline 4 SET k ' A\n\n"),
    EXAMPLE("\"\" x\n", "inline 2  x\n"),
    EXAMPLE("PING\r", "unfinished\n"),
    EXAMPLE("PING \"a\n", "error Protocol error: unbalanced quotes in request\n"),
    EXAMPLE("PING 'a'b\n", "error Protocol error: unbalanced quotes in request\n"),
    /* line ends are not looked at closely */
    EXAMPLE("*1\rX$4\rYPINGZW", "request 1 PING\n"),
    EXAMPLE("*1\r\n$4\r\nPINGxxPING\n", "request 1 PING\ninline 1 PING\n"),
    EXAMPLE("*1\r\n$4\r\nPING\n*1\r\n", "request 1 PING\ninline 1 1\n"),
    /* a length is judged when its line end and one byte behind it are there */
    EXAMPLE("*x\r", "unfinished\n"),
    EXAMPLE("*x\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*+1\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("* 1\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*1 \r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*01\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*-0\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*1\n$4\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*2147483647\r\n", "unfinished\n"),
    EXAMPLE("*2147483648\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*9223372036854775808\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*-9223372036854775809\r\n", "error Protocol error: invalid multibulk length\n"),
    EXAMPLE("*1\r\nfoo\r", "unfinished\n"),
    EXAMPLE("*1\r\nfoo\r\n", "error Protocol error: expected '$', got 'f'\n"),
    EXAMPLE("*1\r\n\r\n", "error Protocol error: expected '$', got '\r'\n"),
    EXAMPLE("*2\r\n$3\r\nGET\r\n:1\r\n", "error Protocol error: expected '$', got ':'\n"),
    EXAMPLE("*2\r\n$-1\r", "unfinished\n"),
    EXAMPLE("*2\r\n$-1\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$+4\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$ 4\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$04\r\nPING\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$00\r\n\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$536870912\r\n", "unfinished\n"),
    EXAMPLE("*1\r\n$536870913\r\n", "error Protocol error: invalid bulk length\n"),
    EXAMPLE("*1\r\n$99999999999999999999\r\n", "error Protocol error: invalid bulk length\n"),
    /* a NUL hides the line end */
    EXAMPLE("*1\0\r\n$4\r\nPING\r\n", "unfinished\n"),
    EXAMPLE("*1\r\n$4\0\r\nPING\r\n", "unfinished\n"),
    EXAMPLE("PING\0\r\nPING\r\n", "unfinished\n"),
    EXAMPLE("*1\r\n$3\r\na\0b\r\nPING\r\n\0", "request 1 a\0b\ninline 1 PING\nunfinished\n"),
    EXAMPLE("*1\r\n$5\r\n\0\r\n\xff*\r\n", "request 1 \0\r\n\xff*\n"),
};
/* clang-format on */

TEST(requests_and_errors_are_those_of_the_peers)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct buf got;
        buf_init(&got, BUF_NO_CEILING);
        transcribe(&plain, examples[i].bytes, NULL, 0, &got);
        CHECK_BYTES(got.ptr, got.len, examples[i].want.ptr, examples[i].want.len);
        buf_done(&got);
    }
}

static void check_splits(const struct resp_limits *limits, struct slice bytes)
{
    struct buf whole, split;
    size_t *each_byte = mem_alloc((bytes.len + 1) * sizeof(*each_byte));
    buf_init(&whole, BUF_NO_CEILING);
    buf_init(&split, BUF_NO_CEILING);
    transcribe(&plain, bytes, NULL, 0, &whole);
    for (size_t a = 0; a <= bytes.len; a++) {
        each_byte[a] = a;
        for (size_t b = a; b <= bytes.len; b += 1 + bytes.len / 16) {
            transcribe(limits, bytes, (size_t[]){ a, b }, 2, &split);
            CHECK_BYTES(split.ptr, split.len, whole.ptr, whole.len);
        }
    }
    transcribe(limits, bytes, each_byte, bytes.len + 1, &split);
    CHECK_BYTES(split.ptr, split.len, whole.ptr, whole.len);
    buf_done(&whole);
    buf_done(&split);
    mem_free(each_byte);
}

TEST(splits_change_nothing)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++)
        check_splits(&plain, examples[i].bytes);
}

TEST(splits_change_nothing_when_every_bulk_is_big)
{
    /* All but the one that announces 512 MiB: the feeder would allocate them for each split. */
    for (size_t i = 0; i < COUNT_OF(examples); i++)
        if (!memmem(examples[i].bytes.ptr, examples[i].bytes.len, "536870912", 9))
            check_splits(&all_big, examples[i].bytes);
}

/* --- limits --- */

TEST(unauthenticated_clients_may_send_ten_arguments)
{
    check_transcript(&unauthenticated, SLICE("*10\r\n"), "unfinished\n");
    check_transcript(&unauthenticated, SLICE("*11\r\n"),
                     "error Protocol error: unauthenticated multibulk length\n");
    check_transcript(&unauthenticated, SLICE("*2147483648\r\n"),
                     "error Protocol error: invalid multibulk length\n");
    check_transcript(&unauthenticated, SLICE("a b c d e f g h i j k l\r\n"),
                     "inline 12 a b c d e f g h i j k l\n");
}

TEST(unauthenticated_clients_may_send_16_kib)
{
    check_transcript(&unauthenticated, SLICE("*1\r\n$16384\r\n"), "unfinished\n");
    check_transcript(&unauthenticated, SLICE("*1\r\n$16385\r\n"),
                     "error Protocol error: unauthenticated bulk length\n");
    check_transcript(&unauthenticated, SLICE("*1\r\n$536870913\r\n"),
                     "error Protocol error: invalid bulk length\n");
}

TEST(a_small_bulk_limit_holds_for_short_bulks_too)
{
    struct resp_limits limits = { .bulk_max = 4, .authenticated = true };
    check_transcript(&limits, SLICE("*1\r\n$4\r\nPING\r\n"), "request 1 PING\n");
    check_transcript(&limits, SLICE("*1\r\n$5\r\nPINGS\r\n"),
                     "error Protocol error: invalid bulk length\n");
}

/* `head`, then `fill` n times, then `tail`. */
static void check_long_line(const char *head, size_t n, const char *tail, const char *want)
{
    struct buf bytes, got;
    buf_init(&bytes, BUF_NO_CEILING);
    buf_init(&got, BUF_NO_CEILING);
    buf_append_str(&bytes, head);
    for (size_t i = 0; i < n; i++)
        buf_append_char(&bytes, '1');
    size_t cut = bytes.len;
    buf_append_str(&bytes, tail);
    transcribe(&plain, buf_slice(&bytes), NULL, 0, &got);
    CHECK_BYTES(got.ptr, MIN_OF(got.len, strlen(want)), want, strlen(want));
    transcribe(&plain, buf_slice(&bytes), &cut, 1, &got);
    CHECK_BYTES(got.ptr, MIN_OF(got.len, strlen(want)), want, strlen(want));
    buf_done(&bytes);
    buf_done(&got);
}

TEST(lines_end_within_64_kib)
{
    check_long_line("", 65536, "", "unfinished\n");
    check_long_line("", 65537, "", "error Protocol error: too big inline request\n");
    check_long_line("", 65536, "\n", "inline 1 1111");
    check_long_line("", 65537, "\n", "error Protocol error: too big inline request\n");
    check_long_line("*", 65535, "", "unfinished\n");
    check_long_line("*", 65536, "", "error Protocol error: too big mbulk count string\n");
    check_long_line("*", 65535, "\r\n", "error Protocol error: invalid multibulk length\n");
    check_long_line("*", 65536, "\r\n", "error Protocol error: too big mbulk count string\n");
    check_long_line("*1\r\n$", 65535, "", "unfinished\n");
    check_long_line("*1\r\n$", 65536, "", "error Protocol error: too big bulk count string\n");
    check_long_line("*1\r\n$", 65535, "\r\n", "error Protocol error: invalid bulk length\n");
    check_long_line("*1\r\n$", 65536, "\r\n", "error Protocol error: too big bulk count string\n");
}

TEST(an_announced_count_allocates_nothing)
{
    struct feed f;
    feed_init(&f, &plain);
    feed_bytes(&f, SLICE("*1000000000\r\n"));
    CHECK_UINT(resp_parser_footprint(&f.parser), 0);
    CHECK_UINT(arena_footprint(&f.arena), 0);
    feed_bytes(&f, SLICE("$1\r\na\r\n$1\r\nb\r\n"));
    CHECK_UINT(f.parser.argc, 2);
    CHECK(resp_parser_footprint(&f.parser) < 1024);
    CHECK(arena_footprint(&f.arena) < 4096);
    feed_done(&f);
}

TEST(a_finished_request_leaves_no_memory_behind)
{
    struct feed f;
    feed_init(&f, &plain);
    feed_bytes(&f, SLICE("*3\r\n$1\r\na\r\n$1\r\nb\r\n"));
    CHECK(resp_parser_footprint(&f.parser) > 0);
    feed_bytes(&f, SLICE("$1\r\nc\r\n"));
    CHECK_UINT(resp_parser_footprint(&f.parser), 0);
    CHECK_SLICE(buf_slice(&f.transcript), "request 3 a b c\n");
    feed_done(&f);
}

TEST(an_incomplete_request_leaves_nothing_in_the_arena)
{
    struct resp_parser p = { 0 };
    struct resp_result got;
    struct arena arena;
    arena_init(&arena, 1024, 1024);
    (void)arena_alloc(&arena, 8);
    const char *before = arena.pos;

    CHECK_INT(resp_parse(&p, &plain, SLICE("*2\r\n$3\r\nGET\r\n$9\r\nk\r\n"), &arena, &got),
              RESP_MORE);
    CHECK_PTR(arena.pos, before);
    resp_parser_done(&p);
    arena_done(&arena);
}

TEST(the_parser_starts_anew_after_an_error)
{
    struct resp_parser p = { 0 };
    struct resp_result got;
    struct arena arena;
    arena_init(&arena, 1024, 1024);

    CHECK_INT(resp_parse(&p, &plain, SLICE("*2\r\n$3\r\nGET\r\n"), &arena, &got), RESP_MORE);
    CHECK_INT(resp_parse(&p, &plain, SLICE("*2\r\n$3\r\nGET\r\n$x\r\n"), &arena, &got), RESP_ERROR);
    CHECK_UINT(resp_parser_footprint(&p), 0);
    CHECK_INT(resp_parse(&p, &plain, SLICE("PING\n"), &arena, &got), RESP_REQUEST);
    resp_parser_done(&p);
    arena_done(&arena);
}

/* --- the wire form --- */

static void check_wire(const struct resp_limits *limits, struct slice bytes, struct slice want)
{
    struct resp_parser p = { 0 };
    struct resp_result got;
    struct arena arena;
    arena_init(&arena, 1024, 1024);
    CHECK_INT(resp_parse(&p, limits, bytes, &arena, &got), RESP_REQUEST);
    CHECK_BYTES(got.request.wire.ptr, got.request.wire.len, want.ptr, want.len);
    /* and when it is continued */
    for (size_t cut = 1; cut < bytes.len; cut++) {
        if (resp_parse(&p, limits, slice_of(bytes.ptr, cut), &arena, &got) != RESP_MORE)
            continue;
        CHECK_INT(resp_parse(&p, limits, bytes, &arena, &got), RESP_REQUEST);
        CHECK_BYTES(got.request.wire.ptr, got.request.wire.len, want.ptr, want.len);
    }
    resp_parser_done(&p);
    arena_done(&arena);
}

TEST(the_wire_form_is_the_request_as_received)
{
    check_wire(&plain, SLICE("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
               SLICE("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"));
    check_wire(&plain, SLICE("*1\r\n$4\r\nPING\r\nrest"), SLICE("*1\r\n$4\r\nPING\r\n"));
}

TEST(sloppy_and_inline_requests_have_no_wire_form)
{
    check_wire(&plain, SLICE("PING\r\n"), SLICE(""));
    check_wire(&plain, SLICE("*2\rX$3\r\nGET\r\n$1\r\nk\r\n"), SLICE(""));
    check_wire(&plain, SLICE("*2\r\n$3\r \nGET\n$1\r\nk\r\n"), SLICE(""));
    check_wire(&plain, SLICE("*2\r\n$3\r\nGET\r\n$1\r\nk\n\n"), SLICE(""));
    check_wire(&plain, SLICE("*2\r\n$3\r\nGET\n\r$1\r\nk\r\n"), SLICE(""));
}

/* --- big bulks --- */

static const struct resp_limits big_from_8 = { .bulk_max = 512 << 20,
                                               .big_bulk = 8,
                                               .authenticated = true };

TEST(a_big_bulk_that_is_here_is_an_argument_like_others)
{
    check_wire(&big_from_8, SLICE("*1\r\n$8\r\n01234567\r\n"), SLICE("*1\r\n$8\r\n01234567\r\n"));
}

TEST(a_big_bulk_that_is_not_here_is_collected_elsewhere)
{
    struct resp_parser p = { 0 };
    struct resp_result got;
    struct arena arena;
    size_t at;
    const char head[] = "*3\r\n$3\r\nSET\r\n$8\r\n";
    const struct slice outside = SLICE("01234567");
    arena_init(&arena, 1024, 1024);

    /* Two bytes of the bulk are here; all but the last byte of its line end would do as well. */
    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*3\r\n$3\r\nSET\r\n$8\r\n01"), &arena, &got),
              RESP_BIG);
    CHECK_UINT(resp_parse_big(&p, &at), 8);
    CHECK_UINT(at, sizeof(head) - 1);
    CHECK_UINT(p.argc, 1);
    resp_parse_big_done(&p, outside);

    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*3\r\n$3\r\nSET\r\n$8\r\n"), &arena, &got),
              RESP_MORE);
    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*3\r\n$3\r\nSET\r\n$8\r\n$1\r\nx\r\nPING"), &arena,
                         &got),
              RESP_REQUEST);
    CHECK_UINT(got.consumed, sizeof(head) - 1 + 7);
    CHECK_UINT(got.request.argc, 3);
    CHECK_SLICE(got.request.argv[0], "SET");
    CHECK_PTR(got.request.argv[1].ptr, outside.ptr);
    CHECK_UINT(got.request.argv[1].len, 8);
    CHECK_SLICE(got.request.argv[2], "x");
    CHECK_UINT(got.request.wire.len, 0);
    resp_parser_done(&p);
    arena_done(&arena);
}

TEST(a_request_may_end_with_a_big_bulk_and_have_several)
{
    struct feed f;
    feed_init(&f, &big_from_8);
    feed_bytes(&f, SLICE("*3\r\n$8\r\naaaa"));
    CHECK_UINT(f.bulk_missing, 6);
    feed_bytes(&f, SLICE("aaaa\r"));
    CHECK_UINT(f.bulk_missing, 1);
    feed_bytes(&f, SLICE("\n$9\r\n"));
    CHECK_UINT(f.bulk_missing, 11);
    feed_bytes(&f, SLICE("bbbbbbbbb\r\n$7\r\nccccccc"));
    CHECK_UINT(f.bulk_missing, 0);
    feed_bytes(&f, SLICE("\r\n*1\r\n$8\r\n"));
    feed_bytes(&f, SLICE("dddddddd\r\n"));
    CHECK_SLICE(buf_slice(&f.transcript),
                "request 3 aaaaaaaa bbbbbbbbb ccccccc\nrequest 1 dddddddd\n");
    feed_done(&f);
}

TEST(a_caller_may_let_a_big_bulk_come_into_the_bytes)
{
    struct resp_parser p = { 0 };
    struct resp_result got;
    struct arena arena;
    arena_init(&arena, 1024, 1024);
    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*1\r\n$8\r\n01"), &arena, &got), RESP_BIG);
    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*1\r\n$8\r\n01234567\r"), &arena, &got), RESP_BIG);
    CHECK_INT(resp_parse(&p, &big_from_8, SLICE("*1\r\n$8\r\n01234567\r\n"), &arena, &got),
              RESP_REQUEST);
    CHECK_SLICE(got.request.argv[0], "01234567");
    CHECK_SLICE(got.request.wire, "*1\r\n$8\r\n01234567\r\n");
    resp_parser_done(&p);
    arena_done(&arena);
}

/* --- the model --- */

/* The whole input at once, slowly: a position, and outcomes in the transcript's form. */
struct model {
    struct slice in;
    size_t pos;
    const struct resp_limits *limits;
    struct arena *arena;
    struct buf *out;
};

enum model_step { MODEL_ON, MODEL_WAIT, MODEL_FAILED };

static enum model_step model_fail(struct model *m, const char *error)
{
    buf_printf(m->out, "error Protocol error: %s\n", error);
    return MODEL_FAILED;
}

/* The number between `from` and `to`, if the decimal form of an int64 is what stands there. */
static bool model_number(const struct model *m, size_t from, size_t to, int64_t *ret_value)
{
    char text[32] = "";
    char again[32];
    if (to <= from || to - from >= sizeof(text))
        return false;
    memcpy(text, m->in.ptr + from, to - from);
    *ret_value = strtoll(text, NULL, 10);
    (void)snprintf(again, sizeof(again), "%lld", (long long)*ret_value);
    return strlen(text) == to - from && strcmp(text, again) == 0;
}

/* Looks for `stop` from the position on; a NUL ends the search. */
static enum model_step model_line(struct model *m, char stop, size_t behind, size_t *ret_end)
{
    for (size_t i = m->pos;; i++) {
        if (i - m->pos > 65536)
            return MODEL_FAILED;
        bool hidden = i >= m->in.len || m->in.ptr[i] == '\0';
        if (hidden)
            return m->in.len - m->pos > 65536 ? MODEL_FAILED : MODEL_WAIT;
        if (m->in.ptr[i] == stop) {
            *ret_end = i;
            return i + behind < m->in.len ? MODEL_ON : MODEL_WAIT;
        }
    }
}

static enum model_step model_inline(struct model *m)
{
    size_t end;
    enum model_step step = model_line(m, '\n', 0, &end);
    if (step != MODEL_ON)
        return step == MODEL_WAIT ? step : model_fail(m, "too big inline request");
    struct slice line = slice_of(m->in.ptr + m->pos, end - m->pos);
    struct resp_request request = { .is_inline = true };
    size_t count;
    m->pos = end + 1;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (words_split(m->arena, line, SIZE_MAX, &request.argv, &count) != 0)
        return model_fail(m, "unbalanced quotes in request");
    request.argc = (uint32_t)count;
    if (count == 0)
        buf_append_str(m->out, "nothing\n");
    else
        feed_note_request(m->out, &request);
    return MODEL_ON;
}

static enum model_step model_bulk(struct model *m, struct slice *ret_bulk)
{
    size_t end;
    int64_t len;
    enum model_step step = model_line(m, '\r', 1, &end);
    if (step != MODEL_ON)
        return step == MODEL_WAIT ? step : model_fail(m, "too big bulk count string");
    if (m->in.ptr[m->pos] != '$') {
        char error[] = "expected '$', got '?'";
        error[sizeof(error) - 3] = m->in.ptr[m->pos];
        return model_fail(m, error);
    }
    if (!model_number(m, m->pos + 1, end, &len) || len < 0 || len > m->limits->bulk_max)
        return model_fail(m, "invalid bulk length");
    if (!m->limits->authenticated && len > 16384)
        return model_fail(m, "unauthenticated bulk length");
    m->pos = end + 2;
    if (m->in.len - m->pos < (size_t)len + 2)
        return MODEL_WAIT;
    *ret_bulk = slice_of(m->in.ptr + m->pos, (size_t)len);
    m->pos += (size_t)len + 2;
    return MODEL_ON;
}

static enum model_step model_multibulk(struct model *m)
{
    size_t end;
    int64_t count;
    enum model_step step = model_line(m, '\r', 1, &end);
    if (step != MODEL_ON)
        return step == MODEL_WAIT ? step : model_fail(m, "too big mbulk count string");
    if (!model_number(m, m->pos + 1, end, &count) || count > INT32_MAX)
        return model_fail(m, "invalid multibulk length");
    if (!m->limits->authenticated && count > 10)
        return model_fail(m, "unauthenticated multibulk length");
    m->pos = end + 2;
    if (count <= 0) {
        buf_append_str(m->out, "nothing\n");
        return MODEL_ON;
    }
    struct resp_request request = { .argv = NULL };
    struct slice *argv = NULL;
    while (step == MODEL_ON && request.argc < count) {
        argv = mem_realloc(argv, (request.argc + 1) * sizeof(*argv));
        step = model_bulk(m, &argv[request.argc]);
        request.argc += step == MODEL_ON;
    }
    request.argv = argv;
    if (step == MODEL_ON)
        feed_note_request(m->out, &request);
    mem_free(argv);
    return step;
}

static void model_run(struct slice in, const struct resp_limits *limits, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, 1024, 1024);
    struct model m = { .in = in, .limits = limits, .arena = &arena, .out = out };
    enum model_step step = MODEL_ON;
    buf_clear(out);
    while (step == MODEL_ON && m.pos < in.len)
        step = in.ptr[m.pos] == '*' ? model_multibulk(&m) : model_inline(&m);
    if (step == MODEL_WAIT)
        buf_append_str(out, "unfinished\n");
    arena_done(&arena);
}

/* --- random requests --- */

static void append_random_arg(struct buf *out, struct rand *rand)
{
    static const size_t lengths[] = { 0, 1, 3, 9, 10, 16, 99, 100, 101, 500, 999, 1000, 12345 };
    size_t len = rand_below(rand, 3) ? rand_below(rand, 40)
                                     : lengths[rand_below(rand, COUNT_OF(lengths))];
    buf_printf(out, "$%zu\r\n", len);
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, (char)rand_next(rand));
    buf_append_str(out, "\r\n");
}

static void append_random_request(struct buf *out, struct rand *rand)
{
    static const char *const specials[] = { "*0\r\n", "*-1\r\n",  "\r\n",
                                            "\n",     "PING\r\n", "SET a 'b c'\n",
                                            "  \n",   "*-77\r\n", "\"a\\n\" b\r\n" };
    if (rand_below(rand, 4) == 0) {
        buf_append_str(out, specials[rand_below(rand, COUNT_OF(specials))]);
        return;
    }
    size_t count = 1 + (rand_below(rand, 20) ? rand_below(rand, 5) : rand_below(rand, 300));
    buf_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        append_random_arg(out, rand);
}

static void damage(struct buf *bytes, struct rand *rand)
{
    static const char noise[] = "\r\n$*0123456789- \"'\\+:\0x";
    size_t n = rand_below(rand, 4);
    for (size_t i = 0; i < n && bytes->len > 0; i++)
        bytes->ptr[rand_below(rand, bytes->len)] = noise[rand_below(rand, sizeof(noise) - 1)];
    if (rand_below(rand, 3) == 0)
        buf_truncate(bytes, rand_below(rand, bytes->len + 1));
}

/* Up to 30 ascending cuts. */
static size_t random_cuts(struct rand *rand, size_t len, size_t *cuts)
{
    size_t n = rand_below(rand, 30);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += rand_below(rand, 2 * len / (n + 1) + 1);
        cuts[i] = MIN_OF(at, len);
    }
    return n;
}

static void check_against_model(uint64_t seed, bool damaged)
{
    static const struct resp_limits *const limits[] = { &plain, &unauthenticated, &all_big,
                                                        &big_from_8 };
    struct rand rand;
    struct buf bytes, got, want;
    size_t cuts[30];
    rand_seed(&rand, seed);
    buf_init(&bytes, BUF_NO_CEILING);
    buf_init(&got, BUF_NO_CEILING);
    buf_init(&want, BUF_NO_CEILING);
    for (size_t n = 1 + rand_below(&rand, 8); n > 0; n--)
        append_random_request(&bytes, &rand);
    if (damaged)
        damage(&bytes, &rand);

    const struct resp_limits *l = limits[rand_below(&rand, COUNT_OF(limits))];
    struct resp_limits small = *l;
    if (damaged)
        small.bulk_max = 1 << 20; /* a damaged length must not cost a huge buffer */
    model_run(buf_slice(&bytes), &small, &want);
    transcribe(&small, buf_slice(&bytes), NULL, 0, &got);
    if (!slice_eq(buf_slice(&got), buf_slice(&want)))
        CHECK_FAIL("seed %llu: whole", (unsigned long long)seed);
    size_t cut_count = random_cuts(&rand, bytes.len, cuts);
    transcribe(&small, buf_slice(&bytes), cuts, cut_count, &got);
    if (!slice_eq(buf_slice(&got), buf_slice(&want)))
        CHECK_FAIL("seed %llu: split", (unsigned long long)seed);
    buf_done(&bytes);
    buf_done(&got);
    buf_done(&want);
}

TEST(random_pipelines_are_parsed_as_the_model_does)
{
    for (uint64_t seed = 0; seed < 1000; seed++)
        check_against_model(seed, false);
}

TEST(damaged_pipelines_are_parsed_as_the_model_does)
{
    for (uint64_t seed = 0; seed < 4000; seed++)
        check_against_model(seed, true);
}
