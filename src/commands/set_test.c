/* Sets: what verbs tell. Replies are tests/wire's. */
#include <stdio.h>

#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(additions_and_removals_are_told_if_they_changed_something)
{
    struct testing t;
    testing_init(&t);
    TELL("sadd s a b", ":2 | 0:new(s) 0:sadd(s) | sadd s a b");
    TELL("sadd s a", ":0 |  | ");
    TELL("srem s c", ":0 |  | ");
    TELL("srem s a c", ":1 | 0:srem(s) | srem s a c");
    TELL("srem s b", ":1 | 0:srem(s) 0:del(s) | srem s b");
    testing_done(&t);
}

TEST(a_move_is_told_for_both_sets)
{
    struct testing t;
    testing_init(&t);
    RUN("sadd a 1 2", ":2");
    TELL("smove a b 1", ":1 | 0:srem(a) 0:new(b) 0:sadd(b) | smove a b 1");
    TELL("smove a b 1", ":0 |  | ");
    RUN("sadd a 1", ":1");
    TELL("smove a b 1", ":1 | 0:srem(a) | smove a b 1");
    TELL("smove a b 2", ":1 | 0:srem(a) 0:del(a) 0:sadd(b) | smove a b 2");
    TELL("smove b b 2", ":1 |  | ");
    testing_done(&t);
}

TEST(popping_is_repeated_as_removal_of_what_was_popped)
{
    struct testing t;
    testing_init(&t);
    RUN("sadd s 5", ":1");
    TELL("spop s", "$1 5 | 0:spop(s) 0:del(s) | SREM s 5");
    TELL("spop s", "$-1 |  | ");
    RUN("sadd s 5", ":1");
    TELL("spop s 0", "*0 |  | ");
    TELL("spop s 1", "*1 $1 5 | 0:spop(s) 0:del(s) | UNLINK s");
    testing_keyspace_settings(&t)->lazyfree_server_del = false;
    RUN("sadd s 5", ":1");
    TELL("spop s 9", "*1 $1 5 | 0:spop(s) 0:del(s) | DEL s");
    testing_done(&t);
}

TEST(popping_several_names_each)
{
    struct testing t;
    testing_init(&t);
    RUN("sadd s aa bb cc", ":3");
    char first[3], second[3];
    const char *told = testing_tell(&t, "spop s 2");
    CHECK_INT(sscanf(told, "*2 $2 %2s $2 %2s | ", first, second), 2);
    char want[80];
    (void)snprintf(want, sizeof(want), "*2 $2 %s $2 %s | 0:spop(s) | SREM s %s %s", first, second,
                   first, second);
    CHECK_STR(told, want);
    testing_done(&t);
}

/* Thousands of members make several removals, together one unit. */
TEST(effects_of_a_long_pop_are_pieces_of_a_thousand)
{
    struct testing t;
    testing_init(&t);
    for (int i = 0; i < 3000; i++) {
        char line[40];
        (void)snprintf(line, sizeof(line), "sadd s member-%d", i);
        RUN(line, ":1");
    }
    test_sink_clear(&t.sink);
    (void)testing_run(&t, "spop s 2500");
    const char *effects = test_sink_text(&t.sink);
    size_t removals = 0;
    for (const char *at = effects; (at = strstr(at, "SREM s ")) != NULL; at++)
        removals++;
    CHECK_UINT(removals, 3);
    CHECK(strncmp(effects, "MULTI; SREM s ", 14) == 0);
    RUN("scard s", ":500");
    testing_done(&t);
}

TEST(stored_results_are_told)
{
    struct testing t;
    testing_init(&t);
    RUN("sadd a 1 2", ":2");
    TELL("sunionstore d a", ":2 | 0:new(d) 0:sunionstore(d) | sunionstore d a");
    TELL("sinterstore d a", ":2 | 0:sinterstore(d) | sinterstore d a");
    TELL("sdiffstore d a", ":2 | 0:sdiffstore(d) | sdiffstore d a");
    TELL("sdiffstore d a a", ":0 | 0:del(d) | sdiffstore d a a");
    TELL("sdiffstore d a a", ":0 |  | ");
    testing_done(&t);
}

TEST(hyperloglogs_are_told)
{
    struct testing t;
    testing_init(&t);
    TELL("pfadd k a", ":1 | 0:new(k) 0:pfadd(k) | pfadd k a");
    TELL("pfadd k a", ":0 |  | ");
    /* A count that is kept in the string changes it. */
    TELL("pfcount k", ":1 |  | pfcount k");
    TELL("pfcount k", ":1 |  | ");
    TELL("pfmerge l k", "+OK | 0:keymiss(l) 0:new(l) 0:pfadd(l) | pfmerge l k");
    TELL("pfdebug todense l", ":1 |  | pfdebug todense l");
    TELL("pfdebug todense l", ":0 |  | ");
    testing_done(&t);
}
