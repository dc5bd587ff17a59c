#include "commands/testing.h"
#include "dispatch/syntax.h"
#include "tests/unit/check.h"

static void check_row(const struct command_slot *slot)
{
    const struct command *row = slot->row;
    if (!syntax_is_valid(row->syntax))
        CHECK_FAIL("%s: the syntax is not well formed", slot->full_name);
    if (row->arity == 0 || !row->since || !row->complexity || !row->summary)
        CHECK_FAIL("%s: something is missing", slot->full_name);
    if ((row->flags & CMD_WRITE) && (row->flags & CMD_READ))
        CHECK_FAIL("%s: it reads or it writes", slot->full_name);
    for (int i = 0; i < KEY_SPECS_MAX; i++)
        if ((row->keys[i].flags & KEY_VARIABLE_FLAGS) && !row->key_flags)
            CHECK_FAIL("%s: nobody tells what it does to its key", slot->full_name);
}

TEST(every_row_is_well_formed)
{
    struct testing t;
    testing_init(&t);
    for (size_t i = 0; i < dispatch_count(t.dispatch); i++) {
        const struct command_slot *slot = dispatch_at(t.dispatch, i);
        check_row(slot);
        CHECK(slot->row->run || slot->sub_count);
        for (uint32_t sub = 0; sub < slot->sub_count; sub++)
            check_row(&slot->subs[sub]);
    }
    testing_done(&t);
}

TEST(connections_are_answered)
{
    struct testing t;
    testing_init(&t);
    CHECK_STR(testing_run(&t, "ping"), "+PONG");
    CHECK_STR(testing_run(&t, "ping hello"), "$5 hello");
    CHECK_STR(testing_run(&t, "ping a b"), "-ERR wrong number of arguments for 'ping' command");
    CHECK_STR(testing_run(&t, "echo hello"), "$5 hello");
    t.now_ms = 1700000000123;
    CHECK_STR(testing_run(&t, "time"), "*2 $10 1700000000 $6 123000");
    testing_done(&t);
}

TEST(what_set_does_to_its_key_depends_on_its_options)
{
    struct testing t;
    testing_init(&t);
    CHECK_STR(testing_run(&t, "command getkeysandflags set k v"), "*1 *2 $1 k *2 +OW +update");
    CHECK_STR(testing_run(&t, "command getkeysandflags set k v get"),
              "*1 *2 $1 k *3 +RW +access +update");
    CHECK_STR(testing_run(&t, "command getkeysandflags set k v ifeq w"),
              "*1 *2 $1 k *3 +RW +access +update");
    testing_done(&t);
}
