#include "base/blob.h"
#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))
#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"

TEST(set_tells_what_it_did)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v", "+OK | 0:new(k) 0:set(k) | set k v");
    TELL("SET k w KEEPTTL", "+OK | 0:set(k) | SET k w KEEPTTL");
    TELL("set k v nx", "$-1 |  | ");
    TELL("set k v xx", "+OK | 0:set(k) | set k v xx");
    TELL("setnx k v", ":0 |  | ");
    TELL("setnx n v", ":1 | 0:new(n) 0:set(n) | setnx n v");
    TELL("mset a 1 b 2 a 3",
         "+OK | 0:new(a) 0:set(a) 0:new(b) 0:set(b) 0:set(a) | mset a 1 b 2 a 3");
    TELL("msetnx c 1 a 2", ":0 |  | ");
    TELL("msetnx c 1 d 2", ":1 | 0:new(c) 0:set(c) 0:new(d) 0:set(d) | msetnx c 1 d 2");
    RUN("mget a b c d e", "*5 $1 3 $1 2 $1 1 $1 2 $-1");
    testing_done(&t);
}

TEST(set_makes_relative_times_absolute)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v ex 10", "+OK | 0:new(k) 0:set(k) 0:expire(k) | SET k v PXAT 1700000010000");
    TELL("set k v px 10 xx", "+OK | 0:set(k) 0:expire(k) | SET k v PXAT 1700000000010");
    TELL("setex k 5 w", "+OK | 0:set(k) 0:expire(k) | SET k w PXAT 1700000005000");
    TELL("psetex k 5 v", "+OK | 0:set(k) 0:expire(k) | SET k v PXAT 1700000000005");
    TELL("set k v exat 1800000000", "+OK | 0:set(k) 0:expire(k) | SET k v PXAT 1800000000000");
    RUN("pexpiretime k", ":1800000000000");
    TELL("set k w keepttl", "+OK | 0:set(k) | set k w keepttl");
    RUN("pexpiretime k", ":1800000000000");
    RUN("set k v", "+OK");
    RUN("pexpiretime k", ":-1");
    testing_done(&t);
}

TEST(set_stores_also_what_has_expired_already)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v pxat 1", "+OK | 0:new(k) 0:set(k) 0:expire(k) | SET k v PXAT 1");
    TELL("exists k", ":0 | 0:expired(k) 0:keymiss(k) | UNLINK k");
    testing_done(&t);
}

TEST(set_with_get_answers_with_the_old_value)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v get", "$-1 | 0:keymiss(k) 0:new(k) 0:set(k) | set k v");
    TELL("set k w nx get", "$1 v |  | ");
    TELL("set k w get xx get", "$1 v | 0:set(k) | set k w xx");
    TELL("set k x get ex 1", "$1 w | 0:set(k) 0:expire(k) | SET k x PXAT 1700000001000");
    TELL("getset k y", "$1 x | 0:set(k) | SET k y");
    RUN("ttl k", ":-1");
    testing_done(&t);
}

TEST(set_ifeq_stores_only_over_the_expected_value)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v ifeq old", "$-1 |  | ");
    RUN("set k 12", "+OK");
    TELL("set k v ifeq 13", "$-1 |  | ");
    TELL("set k v ifeq 12", "+OK | 0:set(k) | set k v");
    TELL("set k get ifeq get get", "$1 v |  | ");
    TELL("set k w get ifeq v keepttl", "$1 v | 0:set(k) | set k w keepttl");
    RUN("set k v ifeq w nx", "-ERR syntax error");
    RUN("set k v xx ifeq w", "-ERR syntax error");
    RUN("set k v ifeq", "-ERR syntax error");
    testing_done(&t);
}

TEST(set_refuses_options_before_it_looks_at_the_key)
{
    struct testing t;
    testing_init(&t);
    RUN("set k v nx xx", "-ERR syntax error");
    RUN("set k v keepttl ex 10", "-ERR syntax error");
    RUN("set k v ex 10 px 10", "-ERR syntax error");
    RUN("set k v persist", "-ERR syntax error");
    RUN("set k v ex", "-ERR syntax error");
    RUN("set k v ex abc", "-ERR value is not an integer or out of range");
    RUN("set k v ex 0", "-ERR invalid expire time in 'set' command");
    RUN("set k v ex 9223372036854775", "-ERR invalid expire time in 'set' command");
    RUN("set k v exat 9223372036854776", "-ERR invalid expire time in 'set' command");
    RUN("setex k -1 v", "-ERR invalid expire time in 'setex' command");
    RUN("psetex k 9223372036854775807 v", "-ERR invalid expire time in 'psetex' command");
    RUN("mset a b c", "-ERR wrong number of arguments for 'mset' command");
    RUN("dbsize", ":0");
    RUN("set k v ex 10 ex 20 nx nx", "+OK");
    RUN("ttl k", ":20");
    testing_done(&t);
}

TEST(getex_tells_what_became_of_the_expiry)
{
    struct testing t;
    testing_init(&t);
    TELL("getex k ex 0", "$-1 | 0:keymiss(k) | ");
    RUN("set k v", "+OK");
    TELL("getex k", "$1 v |  | ");
    TELL("getex k ex 10", "$1 v | 0:expire(k) | PEXPIREAT k 1700000010000");
    TELL("getex k persist", "$1 v | 0:persist(k) | PERSIST k");
    TELL("getex k persist", "$1 v |  | ");
    RUN("getex k px 0", "-ERR invalid expire time in 'getex' command");
    RUN("getex k ex 1 persist", "-ERR syntax error");
    RUN("getex k keepttl", "-ERR syntax error");
    TELL("getex k exat 1", "$1 v | 0:del(k) | UNLINK k");
    RUN("set k v", "+OK");
    testing_keyspace_settings(&t)->lazyfree_expire = false;
    TELL("getex k pxat 1700000000000", "$1 v | 0:del(k) | DEL k");
    TELL("getdel k", "$-1 | 0:keymiss(k) | ");
    RUN("set k v", "+OK");
    TELL("getdel k", "$1 v | 0:del(k) | UNLINK k");
    RUN("set k v", "+OK");
    testing_keyspace_settings(&t)->lazyfree_user_del = false;
    TELL("getdel k", "$1 v | 0:del(k) | DEL k");
    testing_done(&t);
}

TEST(increments_are_told_as_received_but_for_fractions)
{
    struct testing t;
    testing_init(&t);
    TELL("incr n", ":1 | 0:new(n) 0:incrby(n) | incr n");
    TELL("decrby n 5", ":-4 | 0:incrby(n) | decrby n 5");
    TELL("incrbyfloat n 1.5", "$4 -2.5 | 0:incrbyfloat(n) | SET n -2.5 KEEPTTL");
    TELL("incrbyfloat f 3", "$1 3 | 0:new(f) 0:incrbyfloat(f) | SET f 3 KEEPTTL");
    RUN("object encoding f", "$6 embstr");
    RUN("incr f", ":4");
    RUN("object encoding f", "$3 int");
    RUN("expire f 10", ":1");
    RUN("incr f", ":5");
    RUN("ttl f", ":10");
    testing_done(&t);
}

TEST(increments_stay_within_their_type)
{
    struct testing t;
    testing_init(&t);
    RUN("set n 9223372036854775807", "+OK");
    TELL("incr n", "-ERR increment or decrement would overflow |  | ");
    RUN("decrby n -1", "-ERR increment or decrement would overflow");
    RUN("decrby n -9223372036854775808", "-ERR decrement would overflow");
    RUN("incrby n abc", "-ERR value is not an integer or out of range");
    RUN("set n 012", "+OK");
    RUN("incr n", "-ERR value is not an integer or out of range");
    RUN("incrbyfloat n 1", "$2 13");
    RUN("incrbyfloat n nan", "-ERR value is not a valid float");
    RUN("incrbyfloat n inf", "-ERR increment would produce NaN or Infinity");
    RUN("set n 1e4932", "+OK");
    RUN("incrbyfloat n 1e4932", "-ERR increment would produce NaN or Infinity");
    testing_done(&t);
}

TEST(append_grows_up_to_the_limit)
{
    struct testing t;
    testing_init(&t);
    TELL("append k 12", ":2 | 0:new(k) 0:append(k) | append k 12");
    RUN("object encoding k", "$3 int");
    TELL("append k 34", ":4 | 0:append(k) | append k 34");
    RUN("object encoding k", "$3 raw");
    TELL("append k ''", ":4 | 0:append(k) | append k ");
    t.string_bytes_max = 6;
    RUN("append k 56", ":6");
    TELL("append k 7", "-ERR string exceeds maximum allowed size (proto-max-bulk-len) |  | ");
    RUN("incr k", ":123457");
    RUN("strlen k", ":6");
    testing_done(&t);
}

TEST(a_value_received_into_a_blob_is_kept_as_it_is)
{
    struct testing t;
    struct blob *blob = blob_new(40000, 40002);
    struct slice argv[] = { SLICE("set"), SLICE("k"), blob_slice(blob) };
    memset(blob->bytes, 'x', blob->len);
    testing_init(&t);
    CHECK_STR(testing_run_args(&t, argv, 3, blob), "+OK");
    CHECK(blob_is_shared(blob));
    RUN("strlen k", ":40000");
    RUN("append k y", ":40001");
    CHECK(!blob_is_shared(blob));
    CHECK_UINT(blob->len, 40000);
    argv[0] = SLICE("append");
    argv[1] = SLICE("new");
    CHECK_STR(testing_run_args(&t, argv, 3, blob), ":40000");
    CHECK(blob_is_shared(blob));
    blob_unref(blob);
    testing_done(&t);
}

TEST(an_expired_key_is_gone_before_the_command_runs)
{
    struct testing t;
    testing_init(&t);
    RUN("set k 5 px 10", "+OK");
    t.now_ms += 11;
    TELL("incr k", ":1 | 0:expired(k) 0:new(k) 0:incrby(k) | MULTI; UNLINK k; incr k; EXEC");
    RUN("pttl k", ":-1");
    testing_done(&t);
}
