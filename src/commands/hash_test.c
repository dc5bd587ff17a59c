/* Hashes: what replies do not show, which is events and effects; and time. */
#include "commands/testing.h"
#include "tests/unit/check.h"

#define NOW "1700000000000"

static struct testing *new_testing(void)
{
    static struct testing t;
    testing_init(&t);
    return &t;
}

TEST(changes_have_an_event_and_the_request_as_effect)
{
    struct testing *t = new_testing();
    CHECK_STR(testing_tell(t, "HSET h a 1 b 2"), ":2 | 0:new(h) 0:hset(h) | HSET h a 1 b 2");
    CHECK_STR(testing_tell(t, "HSET h a 1"), ":0 | 0:hset(h) | HSET h a 1");
    CHECK_STR(testing_tell(t, "HMSET h a 2"), "+OK | 0:hset(h) | HMSET h a 2");
    CHECK_STR(testing_tell(t, "HSETNX h a 2"), ":0 |  | ");
    CHECK_STR(testing_tell(t, "HSETNX h c 2"), ":1 | 0:hset(h) | HSETNX h c 2");
    CHECK_STR(testing_tell(t, "HINCRBY h a 5"), ":7 | 0:hincrby(h) | HINCRBY h a 5");
    CHECK_STR(testing_tell(t, "HDEL h no"), ":0 |  | ");
    CHECK_STR(testing_tell(t, "HDEL h a b"), ":2 | 0:hdel(h) | HDEL h a b");
    CHECK_STR(testing_tell(t, "HDEL h c"), ":1 | 0:hdel(h) 0:del(h) | HDEL h c");
    testing_done(t);
}

TEST(a_sum_of_fractions_is_told_as_it_came_out)
{
    struct testing *t = new_testing();
    CHECK_STR(testing_tell(t, "HINCRBYFLOAT h a 1.5"),
              "$3 1.5 | 0:new(h) 0:hincrbyfloat(h) | HSET h a 1.5");
    (void)testing_run(t, "HPEXPIREAT h 1700000009000 FIELDS 1 a");
    test_sink_clear(&t->sink);
    CHECK_STR(testing_tell(t, "HINCRBYFLOAT h a 1"),
              "$3 2.5 | 0:hincrbyfloat(h) | "
              "MULTI; HSET h a 2.5; HPEXPIREAT h 1700000009000 FIELDS 1 a; EXEC");
    testing_done(t);
}

TEST(relative_times_of_fields_become_absolute)
{
    struct testing *t = new_testing();
    (void)testing_tell(t, "HSET h a 1 b 2");
    CHECK_STR(testing_tell(t, "HEXPIRE h 5 FIELDS 2 a no"),
              "*2 :1 :-2 | 0:hexpire(h) | HPEXPIREAT h 1700000005000 FIELDS 1 a");
    CHECK_STR(testing_tell(t, "HPEXPIRE h 70 NX FIELDS 2 a b"),
              "*2 :0 :1 | 0:hexpire(h) | HPEXPIREAT h 1700000000070 FIELDS 1 b");
    CHECK_STR(testing_tell(t, "HEXPIRE h 5 GT FIELDS 1 a"), "*1 :0 |  | ");
    CHECK_STR(testing_tell(t, "HGETEX h EX 9 FIELDS 1 a"),
              "*1 $1 1 | 0:hexpire(h) | HPEXPIREAT h 1700000009000 FIELDS 1 a");
    CHECK_STR(testing_tell(t, "HSETEX h PX 30 FIELDS 1 c 3"),
              ":1 | 0:hset(h) 0:hexpire(h) | HSETEX h PXAT 1700000000030 FIELDS 1 c 3");
    CHECK_STR(testing_tell(t, "HPERSIST h FIELDS 2 a c"),
              "*2 :1 :1 | 0:hpersist(h) | HPERSIST h FIELDS 2 a c");
    CHECK_STR(testing_tell(t, "HPERSIST h FIELDS 1 a"), "*1 :-1 |  | ");
    CHECK_STR(testing_tell(t, "HGETEX h PERSIST FIELDS 2 b a"),
              "*2 $1 2 $1 1 | 0:hpersist(h) | HPERSIST h FIELDS 1 b");
    testing_done(t);
}

TEST(fields_whose_time_is_past_go_at_once)
{
    struct testing *t = new_testing();
    (void)testing_tell(t, "HSET h a 1 b 2 c 3 d 4");
    CHECK_STR(testing_tell(t, "HEXPIRE h 0 FIELDS 2 a no"), "*2 :2 :-2 | 0:hexpired(h) | HDEL h a");
    CHECK_STR(testing_tell(t, "HGETEX h PXAT " NOW " FIELDS 1 b"),
              "*1 $1 2 | 0:hexpired(h) | HDEL h b");
    CHECK_STR(testing_tell(t, "HSETEX h EXAT 1 FIELDS 2 c 1 no 1"),
              ":1 | 0:hexpired(h) | HDEL h c");
    CHECK_STR(testing_tell(t, "HSETEX h EXAT 1 FIELDS 1 no 1"), ":1 |  | ");
    CHECK_STR(testing_tell(t, "HPEXPIREAT h 1 FIELDS 1 d"),
              "*1 :2 | 0:hexpired(h) 0:del(h) | HDEL h d");
    testing_done(t);
}

TEST(what_is_read_and_removed_is_told_as_hdel)
{
    struct testing *t = new_testing();
    (void)testing_tell(t, "HSET h a 1 b 2");
    CHECK_STR(testing_tell(t, "HGETDEL h FIELDS 2 a no"), "*2 $1 1 $-1 | 0:hdel(h) | HDEL h a");
    CHECK_STR(testing_tell(t, "HGETDEL h FIELDS 2 b b"),
              "*2 $1 2 $-1 | 0:hdel(h) 0:del(h) | HDEL h b");
    CHECK_STR(testing_tell(t, "HGETDEL h FIELDS 1 a"), "*1 $-1 |  | ");
    testing_done(t);
}

TEST(a_field_that_is_over_is_gone_for_every_verb)
{
    static const char *const verbs[][2] = {
        { "HGET h a", "$-1" },
        { "HMGET h a b", "*2 $-1 $1 2" },
        { "HEXISTS h a", ":0" },
        { "HSTRLEN h a", ":0" },
        { "HLEN h", ":1" },
        { "HKEYS h", "*1 $1 b" },
        { "HVALS h", "*1 $1 2" },
        { "HGETALL h", "*2 $1 b $1 2" },
        { "HRANDFIELD h 5", "*1 $1 b" },
        { "HRANDFIELD h", "$1 b" },
        { "HSCAN h 0", "*2 $1 0 *2 $1 b $1 2" },
        { "HTTL h FIELDS 1 a", "*1 :-2" },
        { "HPERSIST h FIELDS 1 a", "*1 :-2" },
        { "HEXPIRE h 5 FIELDS 1 a", "*1 :-2" },
        { "HDEL h a", ":0" },
        { "HGETDEL h FIELDS 1 a", "*1 $-1" },
        { "HGETEX h PERSIST FIELDS 1 a", "*1 $-1" },
        { "HSETNX h a 5", ":1" },
        { "HINCRBY h a 5", ":5" },
        { "HINCRBYFLOAT h a 5", "$1 5" },
        { "HSET h a 5", ":1" },
        { "HSETEX h FNX FIELDS 1 a 5", ":1" },
        { "HSETEX h FXX FIELDS 1 a 5", ":0" },
    };
    for (int mode = 0; mode < 2; mode++)
        for (size_t i = 0; i < COUNT_OF(verbs); i++) {
            struct testing *t = new_testing();
            (void)testing_tell(t, "HSET h a 1 b 2");
            (void)testing_tell(t, "HPEXPIRE h 10 FIELDS 1 a");
            t->now_ms += 11;
            keyspace_set_expiry_mode(t->keyspace, mode ? EXPIRY_HIDE : EXPIRY_REMOVE);
            CHECK_STR(testing_run(t, verbs[i][0]), verbs[i][1]);
            if (mode == 0)
                CHECK_STR(testing_run(t, "HLEN h"), i >= 17 && i != 22 ? ":2" : ":1");
            testing_done(t);
        }
}

TEST(a_field_lives_through_its_last_millisecond)
{
    struct testing *t = new_testing();
    (void)testing_tell(t, "HSETEX h PX 10 FIELDS 1 a 1");
    t->now_ms += 10;
    CHECK_STR(testing_run(t, "HGET h a"), "$1 1");
    CHECK_STR(testing_run(t, "HPTTL h FIELDS 1 a"), "*1 :0");
    t->now_ms += 1;
    CHECK_STR(testing_tell(t, "HGET h a"), "$-1 | 0:hexpired(h) 0:del(h) 0:keymiss(h) | UNLINK h");
    testing_done(t);
}

TEST(the_effect_of_what_is_over_comes_before_that_of_the_request)
{
    struct testing *t = new_testing();
    (void)testing_tell(t, "HSET h a 1 b 2");
    (void)testing_tell(t, "HPEXPIRE h 10 FIELDS 1 a");
    t->now_ms += 11;
    CHECK_STR(testing_tell(t, "HINCRBY h a 3"),
              ":3 | 0:hexpired(h) 0:hincrby(h) | MULTI; HDEL h a; HINCRBY h a 3; EXEC");
    testing_done(t);
}
