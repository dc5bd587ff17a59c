#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(increx_is_a_rate_limiter)
{
    struct testing t;
    testing_init(&t);
    TELL("increx k ubound 2 ex 10 enx", "*2 :1 :1 | 0:new(k) 0:incrby(k) 0:expire(k) | "
                                        "SET k 1 PXAT 1700000010000");
    t.now_ms += 5000;
    TELL("increx k ubound 2 ex 10 enx", "*2 :2 :1 | 0:incrby(k) | SET k 2 PXAT 1700000010000");
    TELL("increx k ubound 2 ex 10 enx", "*2 :2 :0 |  | ");
    t.now_ms += 5001;
    RUN("increx k ubound 2 ex 10 enx", "*2 :1 :1");
    RUN("ttl k", ":10");
    testing_done(&t);
}

TEST(increx_stays_within_bounds_or_goes_to_them)
{
    struct testing t;
    testing_init(&t);
    TELL("increx k byint 5 lbound 10", "*2 :0 :0 |  | ");
    TELL("increx k byint 5 lbound 10 saturate", "*2 :10 :10 | 0:new(k) 0:incrby(k) | SET k 10");
    RUN("increx k byint -5 lbound 8 saturate", "*2 :8 :-2");
    RUN("set k 9223372036854775807", "+OK");
    TELL("increx k ex 5", "*2 :9223372036854775807 :0 |  | ");
    RUN("increx k saturate", "*2 :9223372036854775807 :0");
    RUN("increx k byint -9223372036854775807 ubound -2 saturate",
        "-ERR increment or decrement would overflow");
    RUN("get k", "$19 9223372036854775807");
    testing_done(&t);
}

TEST(increx_keeps_sets_or_removes_the_expiry)
{
    struct testing t;
    testing_init(&t);
    RUN("increx k ex 10", "*2 :1 :1");
    TELL("increx k", "*2 :2 :1 | 0:incrby(k) | SET k 2 PXAT 1700000010000");
    RUN("increx k px 500", "*2 :3 :1");
    RUN("pttl k", ":500");
    TELL("increx k persist", "*2 :4 :1 | 0:incrby(k) 0:persist(k) | SET k 4");
    RUN("ttl k", ":-1");
    testing_done(&t);
}

TEST(increx_changes_nothing_where_the_key_is_not_as_asked)
{
    struct testing t;
    testing_init(&t);
    TELL("increx k xx ex 10", "*2 :0 :0 |  | ");
    TELL("increx k byfloat 1.5 xx", "*2 $1 0 $1 0 |  | ");
    TELL("increx k nx byint 5", "*2 :5 :5 | 0:new(k) 0:incrby(k) | SET k 5");
    TELL("increx k nx byint 5 ex 10", "*2 :5 :0 |  | ");
    TELL("increx k byfloat 1.5 nx", "*2 $1 5 $1 0 |  | ");
    TELL("increx k xx", "*2 :6 :1 | 0:incrby(k) | SET k 6");
    RUN("increx k nx xx", "-ERR syntax error");
    RUN("set k text", "+OK");
    RUN("increx k nx", "-ERR value is not an integer or out of range");
    testing_done(&t);
}

TEST(increx_adds_fractions)
{
    struct testing t;
    testing_init(&t);
    TELL("increx k byfloat 1.5", "*2 $3 1.5 $3 1.5 | 0:new(k) 0:incrbyfloat(k) | SET k 1.5");
    RUN("increx k byfloat 2 ubound 3.25", "*2 $3 1.5 $1 0");
    RUN("increx k byfloat 2 ubound 3.25 saturate", "*2 $4 3.25 $4 1.75");
    RUN("increx k byfloat inf", "*2 $4 3.25 $1 0");
    RUN("increx k byfloat inf saturate", "-ERR increment would produce NaN or Infinity");
    RUN("increx k", "-ERR value is not an integer or out of range");
    testing_done(&t);
}

TEST(increx_refuses_options_that_do_not_go_together)
{
    struct testing t;
    testing_init(&t);
    RUN("increx k byint 1 byfloat 1", "-ERR syntax error");
    RUN("increx k ex 1 persist", "-ERR syntax error");
    RUN("increx k enx", "-ERR syntax error");
    RUN("increx k persist enx", "-ERR syntax error");
    RUN("increx k byint 1.5", "-ERR value is not an integer or out of range");
    RUN("increx k ubound 1.5", "-ERR value is not an integer or out of range");
    RUN("increx k lbound 2 ubound 1", "-ERR LBOUND must not be above UBOUND");
    RUN("increx k ex 0", "-ERR invalid expire time in 'increx' command");
    RUN("dbsize", ":0");
    testing_done(&t);
}
