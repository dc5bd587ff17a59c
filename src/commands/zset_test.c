/* Sorted sets: events and effects of their verbs. */
#include "tests/unit/check.h"

#include "commands/testing.h"

#define TOLD(line, want) CHECK_STR(testing_tell(&t, line), want)

TEST(additions_tell_what_they_changed)
{
    struct testing t;
    testing_init(&t);
    TOLD("zadd z 1 a 2 b", ":2 | 0:new(z) 0:zadd(z) | zadd z 1 a 2 b");
    TOLD("zadd z 1 a", ":0 |  | ");
    TOLD("zadd z xx 1 c", ":0 |  | ");
    TOLD("zadd z gt ch 5 a 1 b", ":1 | 0:zadd(z) | zadd z gt ch 5 a 1 b");
    TOLD("zincrby z 1 a", "$1 6 | 0:zincr(z) | zincrby z 1 a");
    TOLD("zadd none xx 1 a", ":0 |  | ");
    testing_done(&t);
}

TEST(the_last_member_takes_the_key_along)
{
    struct testing t;
    testing_init(&t);
    (void)testing_run(&t, "zadd z 1 a 2 b 3 c");
    TOLD("zrem z a x", ":1 | 0:zrem(z) | zrem z a x");
    TOLD("zremrangebyscore z 5 6", ":0 |  | ");
    TOLD("zremrangebyrank z 0 -1", ":2 | 0:zremrangebyrank(z) 0:del(z) | zremrangebyrank z 0 -1");
    CHECK_STR(testing_run(&t, "exists z"), ":0");
    testing_done(&t);
}

TEST(pops_are_told_as_what_they_took)
{
    struct testing t;
    testing_init(&t);
    (void)testing_run(&t, "zadd z 1 a 2 b 3 c 4 d");
    TOLD("zpopmin z", "*2 $1 a $1 1 | 0:zpopmin(z) | ZPOPMIN z");
    TOLD("zmpop 2 none z max count 1", "*2 $1 z *1 *2 $1 d $1 4 | 0:zpopmax(z) | ZPOPMAX z 1");
    TOLD("bzpopmin none z 0", "*3 $1 z $1 b $1 2 | 0:zpopmin(z) | ZPOPMIN z");
    TOLD("bzmpop 0 1 z min count 9",
         "*2 $1 z *1 *2 $1 c $1 3 | 0:zpopmin(z) 0:del(z) | ZPOPMIN z 1");
    testing_done(&t);
}

TEST(what_is_stored_takes_the_place_of_anything)
{
    struct testing t;
    testing_init(&t);
    (void)testing_run(&t, "zadd z 1 a 2 b");
    (void)testing_run(&t, "set d text");
    TOLD("zrangestore d z 0 0", ":1 | 0:zrangestore(d) | zrangestore d z 0 0");
    TOLD("zunionstore d 1 z", ":2 | 0:zunionstore(d) | zunionstore d 1 z");
    TOLD("zinterstore d 2 z none", ":0 | 0:keymiss(none) 0:del(d) | zinterstore d 2 z none");
    TOLD("zdiffstore d 2 z z", ":0 |  | ");
    testing_done(&t);
}

TEST(geo_points_tell_as_sorted_sets)
{
    struct testing t;
    testing_init(&t);
    TOLD("geoadd g 1 2 a", ":1 | 0:new(g) 0:zadd(g) | geoadd g 1 2 a");
    TOLD("geosearchstore d g frommember a byradius 1 m",
         ":1 | 0:new(d) 0:geosearchstore(d) | geosearchstore d g frommember a byradius 1 m");
    TOLD("georadius g 9 9 1 m store d", ":0 | 0:del(d) | georadius g 9 9 1 m store d");
    testing_done(&t);
}
