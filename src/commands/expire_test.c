#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(expire_tells_the_absolute_time)
{
    struct testing t;
    testing_init(&t);
    RUN("set k v", "+OK");
    TELL("expire k 100", ":1 | 0:expire(k) | PEXPIREAT k 1700000100000");
    TELL("pexpire k 200 lt xx", ":1 | 0:expire(k) | PEXPIREAT k 1700000000200 lt xx");
    TELL("expireat k 1800000000", ":1 | 0:expire(k) | PEXPIREAT k 1800000000000");
    TELL("pexpireat k 1800000000001", ":1 | 0:expire(k) | pexpireat k 1800000000001");
    TELL("persist k", ":1 | 0:persist(k) | persist k");
    TELL("persist k", ":0 |  | ");
    TELL("expire nokey 1", ":0 |  | ");
    testing_done(&t);
}

TEST(an_expiry_in_the_past_deletes)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a v b v c v", "+OK");
    TELL("expire a 0", ":1 | 0:del(a) | UNLINK a");
    testing_keyspace_settings(&t)->lazyfree_expire = false;
    TELL("pexpireat b 1700000000000", ":1 | 0:del(b) | DEL b");
    TELL("pexpire c -9223372036854775808", ":1 | 0:del(c) | DEL c");
    RUN("dbsize", ":0");
    testing_done(&t);
}

TEST(conditions_compare_with_the_old_expiry)
{
    struct testing t;
    testing_init(&t);
    RUN("set k v", "+OK");
    RUN("expire k 100 xx", ":0");
    RUN("expire k 100 gt", ":0");
    RUN("expire k -1 xx", ":0");
    RUN("expire k 100 lt", ":1");
    RUN("expire k 100 lt", ":0");
    RUN("expire k 100 gt", ":0");
    RUN("expire k 100 nx", ":0");
    RUN("expire k 101 gt xx", ":1");
    RUN("expire k 50 lt xx", ":1");
    RUN("ttl k", ":50");
    testing_done(&t);
}

TEST(expire_refuses_in_the_order_of_the_peers)
{
    struct testing t;
    testing_init(&t);
    RUN("expire k x foo", "-ERR Unsupported option foo");
    RUN("expire k x nx xx", "-ERR NX and XX, GT or LT options at the same time are not compatible");
    RUN("expire k x gt lt", "-ERR GT and LT options at the same time are not compatible");
    RUN("expire k x nx nx", "-ERR value is not an integer or out of range");
    RUN("expire k 9223372036854775807", "-ERR invalid expire time in 'expire' command");
    RUN("expire k -9223372036854775808", "-ERR invalid expire time in 'expire' command");
    RUN("pexpire k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command");
    RUN("expireat k -9223372036854775807", "-ERR invalid expire time in 'expireat' command");
    RUN("pexpireat k 9223372036854775807", ":0");
    testing_done(&t);
}

TEST(times_are_told_rounded)
{
    struct testing t;
    testing_init(&t);
    RUN("ttl k", ":-2");
    RUN("set k v", "+OK");
    RUN("pttl k", ":-1");
    RUN("expiretime k", ":-1");
    RUN("pexpire k 1500", ":1");
    RUN("ttl k", ":2");
    RUN("pttl k", ":1500");
    RUN("pexpiretime k", ":1700000001500");
    RUN("expiretime k", ":1700000002");
    t.now_ms += 1001;
    RUN("ttl k", ":0");
    RUN("pexpireat k 9223372036854775807", ":1");
    RUN("pexpiretime k", ":9223372036854775807");
    RUN("expiretime k", ":9223372036854776");
    testing_done(&t);
}
