/* Names to slots. */
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"

static void run_nothing(struct cmd *cmd)
{
    (void)cmd;
}

static const struct command subs[] = {
    { .name = "one", .run = run_nothing, .arity = 2 },
    { .name = "two", .run = run_nothing, .arity = -3 },
};

static const struct command rows[] = {
    { .name = "plain", .run = run_nothing, .arity = 2, .keys = KEY_AT(1, KEY_RO) },
    { .name = "third", .run = run_nothing, .arity = -4, .keys = KEYS_FROM(3, -1, 2, KEY_RW) },
    { .name = "nokey", .run = run_nothing, .arity = 1, .keys = KEY_AT(1, KEY_NOT_KEY) },
    { .name = "moving",
      .run = run_nothing,
      .arity = -2,
      .keys = { { .begin = KEYS_KEYWORD, .at = 1, .keyword = "at" } } },
    { .name = "box", .arity = -2, .subs = subs, .sub_count = COUNT_OF(subs) },
};

static const struct command_slot *find(const struct dispatch_world *w, const char *name)
{
    return dispatch_find(w->dispatch, slice_str(name));
}

TEST(names_are_found_in_any_case_and_whole)
{
    struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    CHECK_PTR(find(&w, "plain")->row, &rows[0]);
    CHECK_PTR(find(&w, "PlAiN")->row, &rows[0]);
    CHECK_PTR_NULL(find(&w, "plai"));
    CHECK_PTR_NULL(find(&w, "plain "));
    CHECK_PTR_NULL(find(&w, ""));
    CHECK_PTR(find(&w, "plain")->owner, &w);
    dispatch_world_done(&w);
}

TEST(a_command_is_found_by_its_new_name_or_not_at_all)
{
    struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    size_t before = dispatch_count(w.dispatch);
    CHECK_INT(dispatch_rename(w.dispatch, SLICE("PLAIN"), SLICE("Simple")), 0);
    CHECK_PTR(find(&w, "simple")->row, &rows[0]);
    CHECK_STR(find(&w, "SIMPLE")->full_name, "plain");
    CHECK_PTR_NULL(find(&w, "plain"));
    CHECK_INT(dispatch_rename(w.dispatch, SLICE("plain"), SLICE("x")), -ENOENT);
    CHECK_INT(dispatch_rename(w.dispatch, SLICE("third"), SLICE("simple")), -EEXIST);
    CHECK_INT(dispatch_rename(w.dispatch, SLICE("third"), SLICE("box")), -EEXIST);
    CHECK_INT(dispatch_rename(w.dispatch, SLICE("third"), SLICE("plain")), 0);
    CHECK_PTR(find(&w, "plain")->row, &rows[1]);

    CHECK_INT(dispatch_rename(w.dispatch, SLICE("box"), SLICE("")), 0);
    CHECK_PTR_NULL(find(&w, "box"));
    CHECK_UINT(dispatch_count(w.dispatch), before - 1);
    for (size_t i = 0; i < dispatch_count(w.dispatch); i++)
        CHECK(dispatch_at(w.dispatch, i)->row != &rows[4]);
    CHECK_PTR_NOT_NULL(find(&w, "nokey"));
    dispatch_world_done(&w);
}

TEST(subcommands_are_slots_of_their_own_with_joined_names)
{
    struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    const struct command_slot *box = find(&w, "box");
    const struct command_slot *two = dispatch_find_sub(box, SLICE("TWO"));
    CHECK_PTR(two->row, &subs[1]);
    CHECK_STR(two->full_name, "box|two");
    CHECK_PTR(two->parent, box);
    CHECK_PTR_NULL(dispatch_find_sub(box, SLICE("three")));

    const struct slice argv[] = { SLICE("box"), SLICE("one") };
    CHECK_STR(dispatch_resolve(w.dispatch, argv, 2)->full_name, "box|one");
    CHECK_PTR(dispatch_resolve(w.dispatch, argv, 1), box);
    const struct slice wrong[] = { SLICE("box"), SLICE("three") };
    CHECK_PTR_NULL(dispatch_resolve(w.dispatch, wrong, 2));
    CHECK_PTR_NULL(dispatch_resolve(w.dispatch, wrong, 0));
    dispatch_world_done(&w);
}

TEST(the_first_key_is_known_where_it_always_stands_at_one_place)
{
    struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    CHECK_INT(find(&w, "plain")->first_key, 1);
    CHECK_INT(find(&w, "third")->first_key, 3);
    CHECK_INT(find(&w, "nokey")->first_key, 0);
    CHECK_INT(find(&w, "moving")->first_key, 0);
    CHECK_INT(find(&w, "box")->first_key, 0);
    dispatch_world_done(&w);
}

TEST(a_thousand_commands_are_found_in_the_order_of_registration)
{
    enum { COUNT = 1000 };
    static char names[COUNT][16];
    struct command *many = mem_zalloc(COUNT * sizeof(*many));
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "command%d", i);
        many[i] = (struct command){ .name = names[i], .run = run_nothing, .arity = 1 };
    }
    struct dispatch_world w;
    dispatch_world_init(&w, many, COUNT);
    size_t own = dispatch_count(w.dispatch) - COUNT;
    for (int i = 0; i < COUNT; i++) {
        CHECK_PTR(find(&w, names[i])->row, &many[i]);
        CHECK_PTR(dispatch_at(w.dispatch, own + (size_t)i)->row, &many[i]);
    }
    CHECK_PTR_NULL(find(&w, "command1000"));
    dispatch_world_done(&w);
    mem_free(many);
}

TEST(a_name_is_registered_once)
{
    struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    CHECK_ABORTS(dispatch_register(w.dispatch, &(struct command_table){ rows, 1, NULL }));
    dispatch_world_done(&w);
}
