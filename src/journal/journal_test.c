/* Streams of effects as sinks see them. */
#include "journal/journal.h"

#include "base/mem.h"
#include "journal/test_sink.h"
#include "tests/unit/check.h"

static void effect(struct journal *j, int db, const char *name, const char *arg)
{
    struct slice argv[] = { slice_str(name), slice_str(arg) };
    journal_effect(j, db, argv, COUNT_OF(argv));
}

TEST(without_a_sink_nothing_is_counted)
{
    struct journal *j = journal_new();
    CHECK(!journal_is_on(j));
    journal_unit_begin(j);
    effect(j, 0, "DEL", "a");
    journal_unit_end(j);
    CHECK_UINT(journal_offset(j), 0);
    journal_free(j);
}

TEST(a_single_effect_is_given_as_it_is)
{
    struct journal *j = journal_new();
    struct test_sink t;
    test_sink_init(&t, j);
    CHECK(journal_is_on(j));

    effect(j, 0, "DEL", "a");
    CHECK_SLICE(test_sink_wire(&t),
                "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n");
    CHECK_UINT(journal_offset(j), 43);
    effect(j, 0, "DEL", "b");
    CHECK_STR(test_sink_text(&t), "SELECT 0; DEL a | DEL b");

    test_sink_done(&t);
    journal_free(j);
}

TEST(several_effects_of_one_unit_are_wrapped)
{
    struct journal *j = journal_new();
    struct test_sink t;
    test_sink_init(&t, j);

    journal_unit_begin(j);
    effect(j, 0, "DEL", "a");
    effect(j, 0, "DEL", "b");
    CHECK_UINT(t.units, 0);
    journal_unit_end(j);
    CHECK_STR(test_sink_text(&t), "MULTI; SELECT 0; DEL a; DEL b; EXEC");

    test_sink_clear(&t);
    journal_unit_begin(j);
    effect(j, 0, "DEL", "c");
    journal_unit_end(j);
    journal_unit_begin(j);
    journal_unit_end(j);
    CHECK_STR(test_sink_text(&t), "DEL c");
    CHECK_UINT(t.units, 1);

    test_sink_done(&t);
    journal_free(j);
}

TEST(units_nest_and_the_outermost_one_counts)
{
    struct journal *j = journal_new();
    struct test_sink t;
    test_sink_init(&t, j);

    journal_unit_begin(j);
    journal_unit_begin(j);
    effect(j, 0, "DEL", "a");
    journal_unit_end(j);
    CHECK_UINT(t.units, 0);
    journal_unit_begin(j);
    effect(j, 0, "DEL", "b");
    journal_unit_end(j);
    journal_unit_end(j);
    CHECK_STR(test_sink_text(&t), "MULTI; SELECT 0; DEL a; DEL b; EXEC");

    test_sink_done(&t);
    journal_free(j);
}

TEST(select_is_inserted_when_the_database_changes)
{
    struct journal *j = journal_new();
    struct test_sink t;
    test_sink_init(&t, j);

    effect(j, 0, "DEL", "a");
    effect(j, 15, "DEL", "b");
    journal_unit_begin(j);
    effect(j, 15, "DEL", "c");
    effect(j, 2, "DEL", "d");
    effect(j, 2, "DEL", "e");
    journal_unit_end(j);
    effect(j, 2, "DEL", "f");
    CHECK_STR(test_sink_text(&t), "SELECT 0; DEL a | SELECT 15; DEL b | "
                                  "MULTI; DEL c; SELECT 2; DEL d; DEL e; EXEC | DEL f");

    test_sink_done(&t);
    journal_free(j);
}

TEST(wire_bytes_are_taken_as_they_are)
{
    struct journal *j = journal_new();
    struct test_sink t;
    test_sink_init(&t, j);

    journal_effect_wire(j, 0, SLICE("*2\r\n$3\r\ndel\r\n$3\r\na\0b\r\n"));
    CHECK_STR(test_sink_text(&t), "SELECT 0; del a\\x00b");

    test_sink_done(&t);
    journal_free(j);
}

TEST(a_sink_that_joins_within_a_unit_gets_what_follows)
{
    struct journal *j = journal_new();
    struct test_sink first, second;
    test_sink_init(&first, j);

    journal_unit_begin(j);
    effect(j, 0, "DEL", "a");
    effect(j, 0, "DEL", "b");
    test_sink_init(&second, j);
    effect(j, 0, "DEL", "c");
    journal_unit_end(j);
    CHECK_STR(test_sink_text(&first), "MULTI; SELECT 0; DEL a; DEL b; EXEC | SELECT 0; DEL c");
    CHECK_STR(test_sink_text(&second), "SELECT 0; DEL c");

    test_sink_done(&first);
    effect(j, 0, "DEL", "d");
    CHECK_STR(test_sink_text(&second), "SELECT 0; DEL c | DEL d");
    test_sink_done(&second);
    CHECK(!journal_is_on(j));
    journal_free(j);
}

struct named_sink {
    struct buf *order;
    char name;
};

static void note_name(void *arg, uint64_t offset, struct slice bytes)
{
    const struct named_sink *sink = arg;
    (void)offset;
    (void)bytes;
    buf_append_char(sink->order, sink->name);
}

TEST(sinks_are_called_in_the_order_of_their_coming)
{
    struct journal *j = journal_new();
    struct buf order;
    buf_init(&order, BUF_NO_CEILING);
    struct named_sink args[] = { { &order, 'x' }, { &order, 'y' }, { &order, 'z' } };
    struct journal_sink sinks[3];
    for (size_t i = 0; i < COUNT_OF(sinks); i++) {
        sinks[i] = (struct journal_sink){ .append = note_name, .arg = &args[i] };
        journal_add_sink(j, &sinks[i]);
    }
    effect(j, 0, "DEL", "a");
    journal_remove_sink(j, &sinks[1]);
    effect(j, 0, "DEL", "a");
    CHECK_STR(buf_cstr(&order), "xyzxz");
    CHECK_ABORTS(journal_remove_sink(j, &sinks[1]));
    buf_done(&order);
    journal_free(j);
}

TEST(messages_alone_do_not_go_to_sinks_of_data)
{
    struct journal *j = journal_new();
    struct test_sink all;
    struct buf order;
    buf_init(&order, BUF_NO_CEILING);
    struct named_sink args = { &order, 'd' };
    struct journal_sink data = { .append = note_name, .arg = &args, .data_only = true };
    const struct slice message[] = { SLICE("PUBLISH"), SLICE("c"), SLICE("m") };
    test_sink_init(&all, j);
    journal_add_sink(j, &data);

    journal_message(j, message, COUNT_OF(message));
    CHECK_STR(test_sink_text(&all), "PUBLISH c m");
    CHECK_STR(buf_cstr(&order), "");

    journal_unit_begin(j);
    effect(j, 0, "DEL", "a");
    journal_message(j, message, COUNT_OF(message));
    journal_unit_end(j);
    CHECK_STR(test_sink_text(&all), "PUBLISH c m | MULTI; SELECT 0; DEL a; PUBLISH c m; EXEC");
    CHECK_STR(buf_cstr(&order), "d");

    journal_remove_sink(j, &data);
    test_sink_done(&all);
    buf_done(&order);
    journal_free(j);
}

TEST(the_offset_goes_on_from_where_it_was_set)
{
    struct journal *j = journal_new();
    journal_set_offset(j, 1000);
    struct test_sink t;
    test_sink_init(&t, j);
    effect(j, 0, "DEL", "a");
    CHECK_UINT(journal_offset(j), 1043);
    CHECK_UINT(t.next, 1043);
    CHECK_ABORTS(journal_set_offset(j, 1042));
    test_sink_done(&t);
    journal_free(j);
}

TEST(a_unit_of_many_megabytes_leaves_no_large_buffer_behind)
{
    struct journal *j = journal_new();
    struct test_sink t;
    size_t len = (size_t)5 << 20;
    char *big = mem_alloc(len);
    memset(big, 'x', len);
    test_sink_init(&t, j);
    struct slice argv[] = { SLICE("SET"), SLICE("k"), slice_of(big, len) };
    journal_effect(j, 0, argv, COUNT_OF(argv));
    CHECK_UINT(t.units, 1);
    CHECK_UINT(t.wire.len, journal_offset(j));
    test_sink_clear(&t);
    effect(j, 0, "DEL", "k");
    CHECK_STR(test_sink_text(&t), "DEL k");
    mem_free(big);
    test_sink_done(&t);
    journal_free(j);
}
