/* The reply reader: every type, what is incomplete, what is refused, and round trips of what the
 * writer writes. */
#include "resp/read.h"

#include <errno.h>
#include <math.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/rand.h"
#include "resp/reply.h"
#include "tests/unit/check.h"

#define ITEMS_MAX 1000

/* The value in a notation of its own: one that shows kinds and nesting. */
static void note_leaf(struct buf *out, const struct resp_value *v)
{
    switch (v->kind) {
    case RESP_STATUS:
        buf_printf(out, "status(%.*s)", SLICE_ARGS(v->text));
        break;
    case RESP_ERR:
        buf_printf(out, "error(%.*s)", SLICE_ARGS(v->text));
        break;
    case RESP_INT:
        buf_printf(out, "%lld", (long long)v->integer);
        break;
    case RESP_BULK:
        buf_printf(out, "'%.*s'", SLICE_ARGS(v->text));
        break;
    case RESP_NULL:
        buf_append_str(out, "null");
        break;
    case RESP_DOUBLE:
        /* Of a NaN's sign nothing is promised. */
        buf_printf(out, "double(%g)", isnan(v->number) ? fabs(v->number) : v->number);
        break;
    case RESP_BOOL:
        buf_append_str(out, v->integer ? "true" : "false");
        break;
    case RESP_BIG_NUMBER:
        buf_printf(out, "big(%.*s)", SLICE_ARGS(v->text));
        break;
    case RESP_VERBATIM:
        buf_printf(out, "%s(%.*s)", v->format, SLICE_ARGS(v->text));
        break;
    default:
        buf_append_str(out, "?");
        break;
    }
}

/* Values here are a few levels deep. */
static void note_value(struct buf *out, const struct resp_value *v)
{
    static const char *const names[] = { [RESP_ARRAY] = "array",
                                         [RESP_MAP] = "map",
                                         [RESP_SET] = "set",
                                         [RESP_PUSH] = "push",
                                         [RESP_ATTRIBUTE] = "attribute" };
    if (v->attribute) {
        note_value(out, v->attribute);
        buf_append_char(out, '@');
    }
    if (v->kind >= COUNT_OF(names) || !names[v->kind]) {
        note_leaf(out, v);
        return;
    }
    bool paired = v->kind == RESP_MAP || v->kind == RESP_ATTRIBUTE;
    buf_printf(out, "%s[", names[v->kind]);
    for (size_t i = 0; i < (paired ? v->count * 2 : v->count); i++) {
        if (i > 0)
            buf_append_char(out, ' ');
        note_value(out, &v->items[i]);
    }
    buf_append_char(out, ']');
}

/* Reads from a block of exactly the bytes' size, so that a read past the end is caught. The
 * notation goes to `out` if it is given. */
static int try_read(struct slice bytes, size_t items_max, struct buf *out, size_t *ret_consumed)
{
    struct arena arena;
    struct resp_value value;
    char *block = mem_alloc(bytes.len);
    if (bytes.len > 0)
        memcpy(block, bytes.ptr, bytes.len);
    arena_init(&arena, 1024, 4096);
    int err = resp_read(slice_of(block, bytes.len), items_max, &arena, &value, ret_consumed);
    if (err == 0 && out)
        note_value(out, &value);
    arena_done(&arena);
    mem_free(block);
    return err;
}

struct example {
    struct slice bytes, want;
};

/* clang-format off */
#define EXAMPLE(bytes, want) { { bytes, sizeof(bytes) - 1 }, { want, sizeof(want) - 1 } }

static const struct example examples[] = {
    EXAMPLE("+OK\r\n", "status(OK)"),
    EXAMPLE("+\r\n", "status()"),
    EXAMPLE("-ERR no\r\n", "error(ERR no)"),
    EXAMPLE("!6\r\nERR\r\nx\r\n", "error(ERR\r\nx)"),
    EXAMPLE(":0\r\n", "0"),
    EXAMPLE(":-9223372036854775808\r\n", "-9223372036854775808"),
    EXAMPLE("$0\r\n\r\n", "''"),
    EXAMPLE("$4\r\na\r\nb\r\n", "'a\r\nb'"),
    EXAMPLE("$-1\r\n", "null"),
    EXAMPLE("*-1\r\n", "null"),
    EXAMPLE("_\r\n", "null"),
    EXAMPLE(",3.25\r\n", "double(3.25)"),
    EXAMPLE(",-1e-7\r\n", "double(-1e-07)"),
    EXAMPLE(",inf\r\n", "double(inf)"),
    EXAMPLE(",-inf\r\n", "double(-inf)"),
    EXAMPLE(",nan\r\n", "double(nan)"),
    EXAMPLE(",-nan\r\n", "double(nan)"),
    EXAMPLE("#t\r\n", "true"),
    EXAMPLE("#f\r\n", "false"),
    EXAMPLE("(-123456789012345678901234567890\r\n", "big(-123456789012345678901234567890)"),
    EXAMPLE("=7\r\ntxt:abc\r\n", "txt(abc)"),
    EXAMPLE("=4\r\nmkd:\r\n", "mkd()"),
    EXAMPLE("*0\r\n", "array[]"),
    EXAMPLE("%0\r\n", "map[]"),
    EXAMPLE("*3\r\n:1\r\n*2\r\n:2\r\n$1\r\nx\r\n:3\r\n", "array[1 array[2 'x'] 3]"),
    EXAMPLE("%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n#t\r\n", "map[status(a) 1 status(b) set[true]]"),
    EXAMPLE(">2\r\n+message\r\n*1\r\n*0\r\n", "push[status(message) array[array[]]]"),
    EXAMPLE("|1\r\n+ttl\r\n:9\r\n$1\r\nx\r\n", "attribute[status(ttl) 9]@'x'"),
    EXAMPLE("|0\r\n:1\r\n", "attribute[]@1"),
    EXAMPLE("|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n:3\r\n",
            "attribute[status(a) 1]@attribute[status(b) 2]@3"),
    EXAMPLE("*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:7\r\n*1\r\n:2\r\n",
            "array[1 attribute[status(a) array[7]]@array[2]]"),
    EXAMPLE("|1\r\n|1\r\n+x\r\n+y\r\n+a\r\n:1\r\n:2\r\n",
            "attribute[attribute[status(x) status(y)]@status(a) 1]@2"),
};

static const struct slice malformed[] = {
    { "?\r\n", 3 },     { "\r\n", 2 },        { "\0", 1 },          { ":\r\n", 3 },
    { ":1x\r\n", 5 },   { ":+1\r\n", 5 },     { ":01\r\n", 5 },     { ":1\rx", 4 },
    { "+a\rb", 4 },     { "$-2\r\n", 5 },     { "$x\r\n", 4 },      { "$2\r\nabcd", 8 },
    { "$2\r\nab\rx", 8 }, { "!-1\r\n", 5 },   { "=-1\r\n", 5 },     { "=3\r\nabc\r\n", 9 },
    { "=4\r\nabcd\r\n", 10 }, { "*-2\r\n", 5 }, { "%-1\r\n", 5 },   { "~-1\r\n", 5 },
    { ">-1\r\n", 5 },   { "|-1\r\n", 5 },     { "#x\r\n", 4 },      { "#\r\n", 3 },
    { "#tf\r\n", 5 },   { "_x\r\n", 4 },      { ",\r\n", 3 },       { ",x\r\n", 4 },
    { ", 1\r\n", 5 },   { "(\r\n", 3 },       { "(-\r\n", 4 },      { "(1x\r\n", 5 },
    { "*1\r\n?\r\n", 7 },   { "$?\r\n", 4 },      { "*?\r\n", 4 },      { ".\r\n", 3 },
    { "$9223372036854775807\r\n", 22 },       { "$99999999999999999999\r\n", 23 },
};
/* clang-format on */

TEST(values_of_every_type_are_read)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct buf got;
        size_t consumed;
        buf_init(&got, BUF_NO_CEILING);
        CHECK_INT(try_read(examples[i].bytes, ITEMS_MAX, &got, &consumed), 0);
        CHECK_BYTES(got.ptr, got.len, examples[i].want.ptr, examples[i].want.len);
        CHECK_UINT(consumed, examples[i].bytes.len);
        buf_done(&got);
    }
}

TEST(a_part_of_a_value_is_incomplete)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (size_t len = 0; len < examples[i].bytes.len; len++) {
            size_t consumed = 77;
            struct slice part = slice_of(examples[i].bytes.ptr, len);
            CHECK_INT(try_read(part, ITEMS_MAX, NULL, &consumed), -EAGAIN);
            CHECK_UINT(consumed, 77);
        }
    }
}

TEST(what_follows_a_value_is_left)
{
    size_t consumed;
    CHECK_INT(try_read(SLICE("*1\r\n:1\r\n?"), ITEMS_MAX, NULL, &consumed), 0);
    CHECK_UINT(consumed, 8);
}

TEST(malformed_values_are_refused)
{
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        size_t consumed;
        int err = try_read(malformed[i], ITEMS_MAX, NULL, &consumed);
        if (err != -EPROTO)
            CHECK_FAIL("example %zu: %d", i, err);
    }
}

TEST(a_number_that_does_not_end_is_refused)
{
    struct buf bytes;
    size_t consumed;
    buf_init(&bytes, BUF_NO_CEILING);
    buf_append_str(&bytes, ":");
    for (int i = 0; i < 127; i++)
        buf_append_str(&bytes, "1");
    CHECK_INT(try_read(buf_slice(&bytes), ITEMS_MAX, NULL, &consumed), -EAGAIN);
    buf_append_str(&bytes, "1");
    CHECK_INT(try_read(buf_slice(&bytes), ITEMS_MAX, NULL, &consumed), -EPROTO);
    buf_done(&bytes);
}

/* `depth` arrays of one element around an integer. */
static int read_nested(size_t depth)
{
    struct buf bytes;
    size_t consumed;
    buf_init(&bytes, BUF_NO_CEILING);
    for (size_t i = 0; i < depth; i++)
        buf_append_str(&bytes, i % 2 ? "*1\r\n" : "~1\r\n");
    buf_append_str(&bytes, ":1\r\n");
    int err = try_read(buf_slice(&bytes), ITEMS_MAX, NULL, &consumed);
    buf_done(&bytes);
    return err;
}

TEST(nesting_is_bounded)
{
    CHECK_INT(read_nested(RESP_READ_DEPTH_MAX), 0);
    CHECK_INT(read_nested(RESP_READ_DEPTH_MAX + 1), -E2BIG);
}

TEST(the_items_of_all_aggregates_are_bounded)
{
    size_t consumed;
    CHECK_INT(try_read(SLICE("*2\r\n*1\r\n:1\r\n:2\r\n"), 3, NULL, &consumed), 0);
    CHECK_INT(try_read(SLICE("*2\r\n*1\r\n:1\r\n:2\r\n"), 2, NULL, &consumed), -E2BIG);
    CHECK_INT(try_read(SLICE("%1\r\n:1\r\n:2\r\n"), 1, NULL, &consumed), -E2BIG);
    CHECK_INT(try_read(SLICE("|0\r\n|0\r\n:1\r\n"), 1, NULL, &consumed), -E2BIG);
    CHECK_INT(try_read(SLICE("*9223372036854775807\r\n"), ITEMS_MAX, NULL, &consumed), -E2BIG);
}

TEST(an_announced_count_allocates_nothing)
{
    struct arena arena;
    struct resp_value value;
    size_t consumed;
    arena_init(&arena, 1024, 4096);
    CHECK_INT(
        resp_read(SLICE("%4611686018427387904\r\n:1\r\n"), SIZE_MAX, &arena, &value, &consumed),
        -EAGAIN);
    CHECK_INT(
        resp_read(SLICE("*9223372036854775807\r\n:1\r\n"), SIZE_MAX, &arena, &value, &consumed),
        -EAGAIN);
    CHECK_UINT(arena_footprint(&arena), 0);
    arena_done(&arena);
}

TEST(a_failure_leaves_the_arena_as_it_was)
{
    struct arena arena;
    struct resp_value value;
    size_t consumed;
    arena_init(&arena, 1024, 4096);
    (void)arena_alloc(&arena, 8);
    const char *before = arena.pos;
    CHECK_INT(resp_read(SLICE("*2\r\n*1\r\n:1\r\n?\r\n"), ITEMS_MAX, &arena, &value, &consumed),
              -EPROTO);
    CHECK_PTR(arena.pos, before);
    CHECK_INT(resp_read(SLICE("*2\r\n*1\r\n:1\r\n:2\r"), ITEMS_MAX, &arena, &value, &consumed),
              -EAGAIN);
    CHECK_PTR(arena.pos, before);
    arena_done(&arena);
}

TEST(a_double_keeps_its_value)
{
    static const double values[] = { 0.1, 1e300, -2.5e-300, 123456789.123456789, INFINITY };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct reply_to_buf w;
        struct arena arena;
        struct buf bytes;
        struct resp_value value;
        size_t consumed;
        buf_init(&bytes, BUF_NO_CEILING);
        arena_init(&arena, 1024, 4096);
        reply_to_buf_init(&w, &bytes, 3);
        reply_double(&w.reply, values[i]);
        reply_to_buf_done(&w);
        CHECK_INT(resp_read(buf_slice(&bytes), 0, &arena, &value, &consumed), 0);
        CHECK_DOUBLE(value.number, values[i]);
        arena_done(&arena);
        buf_done(&bytes);
    }
}

/* --- round trips --- */

/* Writes a random value and its notation as it reads in the writer's protocol. */
static void write_random_leaf(struct reply *r, struct buf *want, struct rand *rand)
{
    int64_t number = (int64_t)(rand_next(rand) >> rand_below(rand, 64));
    switch (rand_below(rand, 7)) {
    case 0:
        reply_int(r, number);
        buf_printf(want, "%lld", (long long)number);
        break;
    case 1:
        reply_bool(r, true);
        buf_append_str(want, r->proto == 3 ? "true" : "1");
        break;
    case 2:
        reply_null(r);
        buf_append_str(want, "null");
        break;
    case 3:
        reply_double(r, 2.5);
        buf_append_str(want, r->proto == 3 ? "double(2.5)" : "'2.5'");
        break;
    case 4:
        reply_error(r, "ERR\nx");
        buf_append_str(want, "error(ERR x)");
        break;
    case 5:
        reply_verbatim(r, "txt", SLICE("v"));
        buf_append_str(want, r->proto == 3 ? "txt(v)" : "'v'");
        break;
    default:
        reply_bulk(r, SLICE("a\r\nb"));
        buf_append_str(want, "'a\r\nb'");
        break;
    }
}

static void write_random(struct reply *r, struct buf *want, struct rand *rand, unsigned depth)
{
    size_t count = rand_below(rand, 4);
    enum reply_kind kind = (enum reply_kind)rand_below(rand, 3);
    static const char *const names[] = { "array[", "map[", "set[" };
    static void (*const open[])(struct reply *, size_t) = { reply_array, reply_map, reply_set };
    if (depth == REPLY_DEFERRED_DEPTH || rand_below(rand, 2)) {
        write_random_leaf(r, want, rand);
        return;
    }
    bool deferred = rand_below(rand, 2);
    if (deferred)
        reply_defer(r);
    else
        open[kind](r, count);
    buf_append_str(want, r->proto == 3 ? names[kind] : "array[");
    size_t elements = kind == REPLY_MAP ? count * 2 : count;
    for (size_t i = 0; i < elements; i++) {
        if (i > 0)
            buf_append_char(want, ' ');
        write_random(r, want, rand, depth + 1);
    }
    buf_append_char(want, ']');
    if (deferred)
        reply_settle(r, kind, count);
}

TEST(what_is_written_is_read_again)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct rand rand;
        struct reply_to_buf w;
        struct buf bytes, want, got;
        size_t consumed;
        rand_seed(&rand, seed);
        buf_init(&bytes, BUF_NO_CEILING);
        buf_init(&want, BUF_NO_CEILING);
        buf_init(&got, BUF_NO_CEILING);
        reply_to_buf_init(&w, &bytes, seed % 2 ? 2 : 3);
        write_random(&w.reply, &want, &rand, 0);
        reply_to_buf_done(&w);
        CHECK_INT(try_read(buf_slice(&bytes), ITEMS_MAX, &got, &consumed), 0);
        CHECK_UINT(consumed, bytes.len);
        CHECK_BYTES(got.ptr, got.len, want.ptr, want.len);
        buf_done(&bytes);
        buf_done(&want);
        buf_done(&got);
    }
}
