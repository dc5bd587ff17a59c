#include "persist/aof_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/check.h"

/* A file with these bytes, and a reader on it. */
struct world {
    char path[64];
    struct aof_reader reader;
    struct arena arena;
    struct buf shown;
};

static void world_init(struct world *w, struct slice bytes)
{
    (void)snprintf(w->path, sizeof(w->path), "/tmp/aof_read_test.XXXXXX");
    int fd = mkstemp(w->path);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, bytes), 0);
    (void)close(fd);
    arena_init(&w->arena, 4096, 4096);
    buf_init(&w->shown, BUF_NO_CEILING);
    CHECK_INT(aof_reader_open(&w->reader, w->path), 0);
}

static void world_done(struct world *w)
{
    aof_reader_done(&w->reader);
    (void)unlink(w->path);
    arena_done(&w->arena);
    buf_done(&w->shown);
}

static void show_command(struct world *w, const struct aof_item *item)
{
    for (uint32_t i = 0; i < item->request.argc; i++) {
        struct slice arg = item->request.argv[i];
        buf_append_str(&w->shown, i ? "," : "");
        if (arg.len > 32)
            buf_printf(&w->shown, "(%zu)", arg.len);
        else
            buf_append(&w->shown, arg);
    }
    buf_append_str(&w->shown, " ");
}

/* All items as words, and how it ended: "SET,a,1 #TS:7 end@30". */
static const char *read_all(struct world *w)
{
    struct aof_item item;
    for (;;) {
        switch (aof_reader_next(&w->reader, &w->arena, &item)) {
        case AOF_COMMAND:
            show_command(w, &item);
            continue;
        case AOF_ANNOTATION:
            buf_printf(&w->shown, "#%.*s ", SLICE_ARGS(item.text));
            continue;
        case AOF_MORE:
            arena_reset(&w->arena);
            CHECK_INT(aof_reader_fill(&w->reader), 0);
            continue;
        case AOF_END:
            buf_printf(&w->shown, "end@%llu", (unsigned long long)item.offset);
            return buf_cstr(&w->shown);
        case AOF_TORN:
            buf_printf(&w->shown, "torn@%llu", (unsigned long long)item.offset);
            return buf_cstr(&w->shown);
        case AOF_BAD:
            buf_printf(&w->shown, "bad@%llu:%llu %s", (unsigned long long)item.offset,
                       (unsigned long long)w->reader.fault, w->reader.expected);
            return buf_cstr(&w->shown);
        }
    }
}

#define CHECK_READS(bytes, text)           \
    do {                                   \
        struct world world;                \
        world_init(&world, bytes);         \
        CHECK_STR(read_all(&world), text); \
        world_done(&world);                \
    } while (0)

#define SELECT "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
#define SET "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n12\r\n"

TEST(commands_and_annotations_are_read_in_their_order)
{
    CHECK_READS(SLICE(""), "end@0");
    CHECK_READS(SLICE(SELECT SET), "SELECT,0 SET,a,12 end@51");
    CHECK_READS(SLICE("#TS:7\r\n" SET "#x\n#\r\n" SET), "#TS:7 SET,a,12 #x # SET,a,12 end@69");
    CHECK_READS(SLICE("*1\r\n$0\r\n\r\n"), " end@10");
}

TEST(a_file_that_ends_anywhere_inside_is_torn_behind_its_last_item)
{
    static const char whole[] = SELECT SET "#TS:7\r\n" SET;
    const size_t ends[] = { 0, strlen(SELECT), strlen(SELECT SET), strlen(SELECT SET "#TS:7\r\n"),
                            strlen(whole) };
    size_t begun = 0;
    for (size_t len = 0; len <= strlen(whole); len++) {
        struct world w;
        char expected[32];
        if (begun + 1 < COUNT_OF(ends) && len >= ends[begun + 1])
            begun++;
        (void)snprintf(expected, sizeof(expected), "%s@%zu", len == ends[begun] ? "end" : "torn",
                       ends[begun]);
        world_init(&w, slice_of(whole, len));
        const char *got = read_all(&w);
        const char *last = strrchr(got, ' ');
        CHECK_STR(last ? last + 1 : got, expected);
        world_done(&w);
    }
}

TEST(what_cannot_stand_in_a_file_is_told_with_its_place)
{
    CHECK_READS(SLICE(SET "SET a 1\r\n"), "SET,a,12 bad@28:28 '*' and a number of arguments");
    CHECK_READS(SLICE(SET "*0\r\n"), "SET,a,12 bad@28:28 '*' and a number of arguments");
    CHECK_READS(SLICE("*-1\r\n"), "bad@0:1 '*' and a number of arguments");
    CHECK_READS(SLICE("*\r\n"), "bad@0:1 '*' and a number of arguments");
    CHECK_READS(SLICE("*1\n$1\r\na\r\n"), "bad@0:2 '*' and a number of arguments");
    CHECK_READS(SLICE("*99999999999999999999999\r\n"), "bad@0:20 '*' and a number of arguments");
    CHECK_READS(SLICE("*3000000000\r\n"), "bad@0:0 '*' and a number of arguments");
    CHECK_READS(SLICE("*2\r\n$1\r\na\r\n+1\r\n"), "bad@0:11 '$' and the length of an argument");
    CHECK_READS(SLICE("*2\r\n$1\r\na\r\n$-1\r\n"), "bad@0:12 '$' and the length of an argument");
    CHECK_READS(SLICE("*1\r\n$1\r\naXY" SET), "bad@0:9 the line end of an argument");
    CHECK_READS(SLICE("*1\r\n$1\r\na\rY" SET), "bad@0:10 the line end of an argument");
}

TEST(an_annotation_has_an_end)
{
    struct buf long_one;
    buf_init(&long_one, BUF_NO_CEILING);
    buf_append_str(&long_one, "#");
    for (int i = 0; i < 2000; i++)
        buf_append_str(&long_one, "x");
    CHECK_READS(buf_slice(&long_one), "bad@0:0 the end of an annotation's line");
    buf_done(&long_one);
}

TEST(a_length_that_the_file_cannot_hold_costs_no_memory)
{
    struct world w;
    world_init(&w, SLICE(SET "*1\r\n$9000000000000000000\r\nabc"));
    size_t before = w.reader.cap;
    CHECK_STR(read_all(&w), "SET,a,12 torn@28");
    CHECK_UINT(w.reader.cap, before);
    world_done(&w);
    CHECK_READS(SLICE("*2000000000\r\n$1\r\na\r\n"), "torn@0");
    CHECK_READS(SLICE("*2000000000\r\n$1\r\na\r\nx"), "bad@0:20 '$' and the length of an argument");
}

static void append_arg(struct buf *out, size_t len)
{
    buf_printf(out, "$%zu\r\n", len);
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, 'x');
    buf_append_str(out, "\r\n");
}

TEST(commands_larger_than_the_window_are_read_and_the_window_shrinks_again)
{
    struct buf bytes;
    struct world w;
    buf_init(&bytes, BUF_NO_CEILING);
    buf_append(&bytes, SLICE(SET "*2\r\n"));
    append_arg(&bytes, 3 << 20);
    append_arg(&bytes, 5);
    for (int i = 0; i < 200000; i++)
        buf_append(&bytes, SLICE(SET));
    world_init(&w, buf_slice(&bytes));
    struct aof_item item;
    size_t commands = 0, largest = 0;
    enum aof_status status;
    while ((status = aof_reader_next(&w.reader, &w.arena, &item)) != AOF_END) {
        commands += status == AOF_COMMAND;
        largest = MAX_OF(largest, w.reader.cap);
        if (status == AOF_MORE) {
            arena_reset(&w.arena);
            CHECK_INT(aof_reader_fill(&w.reader), 0);
        }
    }
    CHECK_UINT(commands, 200002);
    CHECK(largest > (3 << 20));
    CHECK(w.reader.cap < (1 << 20));
    world_done(&w);
    buf_done(&bytes);
}

TEST(a_command_of_more_arguments_than_a_window_has_bytes_is_read)
{
    struct buf bytes;
    buf_init(&bytes, BUF_NO_CEILING);
    buf_append_str(&bytes, "*100000\r\n");
    for (int i = 0; i < 100000; i++)
        append_arg(&bytes, 3);
    struct world w;
    struct aof_item item;
    world_init(&w, buf_slice(&bytes));
    while (aof_reader_next(&w.reader, &w.arena, &item) == AOF_MORE)
        CHECK_INT(aof_reader_fill(&w.reader), 0);
    CHECK_UINT(item.request.argc, 100000);
    CHECK_SLICE(item.request.argv[99999], "xxx");
    world_done(&w);
    buf_done(&bytes);
}

TEST(rdb_data_is_recognised_and_commands_go_on_behind_it)
{
    struct world w;
    char head[9];
    world_init(&w, SLICE("REDIS0011" SET));
    CHECK_INT(aof_reader_has_preamble(&w.reader), 1);
    size_t got = 0;
    while (got < sizeof(head))
        got += (size_t)aof_reader_pull(&w.reader, head + got,
                                       MIN_OF(sizeof(head) - got, (size_t)2));
    CHECK_SLICE(slice_of(head, got), "REDIS0011");
    CHECK_INT(aof_reader_seek(&w.reader, 9), 0);
    CHECK_STR(read_all(&w), "SET,a,12 end@37");
    world_done(&w);

    world_init(&w, SLICE("VALKEY080"));
    CHECK_INT(aof_reader_has_preamble(&w.reader), 1);
    world_done(&w);
    world_init(&w, SLICE(SET));
    CHECK_INT(aof_reader_has_preamble(&w.reader), 0);
    CHECK_STR(read_all(&w), "SET,a,12 end@28");
    world_done(&w);
    world_init(&w, SLICE("REDI"));
    CHECK_INT(aof_reader_has_preamble(&w.reader), 0);
    world_done(&w);
}

TEST(what_cannot_be_opened_is_an_error)
{
    struct aof_reader r;
    CHECK_INT(aof_reader_open(&r, "/tmp/there/is/none"), -ENOENT);
    aof_reader_done(&r);
    CHECK_INT(aof_reader_open(&r, "/tmp"), -EISDIR);
    aof_reader_done(&r);
}

TEST(a_file_that_is_cut_while_it_is_read_is_torn)
{
    struct buf bytes;
    struct world w;
    struct aof_item item;
    buf_init(&bytes, BUF_NO_CEILING);
    for (int i = 0; i < 200000; i++)
        buf_append(&bytes, SLICE(SET));
    world_init(&w, buf_slice(&bytes));
    CHECK_INT(aof_reader_next(&w.reader, &w.arena, &item), AOF_MORE);
    CHECK_INT(aof_reader_fill(&w.reader), 0);
    CHECK_INT(truncate(w.path, 28 * 20000 + 7), 0);
    const char *got = read_all(&w);
    CHECK_STR(strrchr(got, ' ') + 1, "torn@560000");
    world_done(&w);
    buf_done(&bytes);
}
