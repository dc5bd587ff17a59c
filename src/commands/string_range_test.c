#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(getrange_takes_places_from_either_end)
{
    struct testing t;
    testing_init(&t);
    RUN("set k foobar", "+OK");
    RUN("getrange k 0 2", "$3 foo");
    RUN("getrange k -3 -1", "$3 bar");
    RUN("getrange k 0 -1", "$6 foobar");
    RUN("getrange k -100 100", "$6 foobar");
    RUN("getrange k 5 5", "$1 r");
    RUN("getrange k 6 10", "$0 ");
    RUN("getrange k 3 1", "$0 ");
    RUN("getrange k -1 -3", "$0 ");
    RUN("getrange k -100 -50", "$1 f");
    RUN("substr k 1 2", "$2 oo");
    RUN("getrange k -9223372036854775808 9223372036854775807", "$6 foobar");
    RUN("set n -12345", "+OK");
    RUN("getrange n 0 1", "$2 -1");
    RUN("getrange none 0 -1", "$0 ");
    RUN("getrange none x 0", "-ERR value is not an integer or out of range");
    RUN("set empty ''", "+OK");
    RUN("getrange empty 0 -1", "$0 ");
    testing_done(&t);
}

TEST(setrange_tells_what_it_did)
{
    struct testing t;
    testing_init(&t);
    TELL("setrange k 2 ab", ":4 | 0:new(k) 0:setrange(k) | setrange k 2 ab");
    RUN("object encoding k", "$3 raw");
    RUN("setrange k 0 xy", ":4");
    RUN("get k", "$4 xyab");
    TELL("setrange k 100 ''", ":4 |  | ");
    TELL("setrange none 100 ''", ":0 |  | ");
    RUN("set n 12", "+OK");
    RUN("expire n 10", ":1");
    TELL("setrange n 1 34", ":3 | 0:setrange(n) | setrange n 1 34");
    RUN("incr n", ":135");
    RUN("ttl n", ":10");
    RUN("setrange k -1 x", "-ERR offset is out of range");
    RUN("setrange k x x", "-ERR value is not an integer or out of range");
    testing_done(&t);
}

TEST(setrange_grows_up_to_the_limit)
{
    struct testing t;
    testing_init(&t);
    t.string_bytes_max = 2000;
    RUN("setrange k 1998 ab", ":2000");
    TELL("setrange k 1999 ab",
         "-ERR string exceeds maximum allowed size (proto-max-bulk-len) |  | ");
    TELL("setrange none 9223372036854775807 ab",
         "-ERR string exceeds maximum allowed size (proto-max-bulk-len) |  | ");
    RUN("strlen k", ":2000");
    testing_done(&t);
}

TEST(a_length_that_cannot_be_had_is_an_error)
{
    struct testing t;
    testing_init(&t);
    t.string_bytes_max = INT64_MAX;
    RUN("set k abc", "+OK");
    TELL("setrange k 2305843009213693952 ab", "-ERR insufficient memory |  | ");
    TELL("setrange none 2305843009213693952 ab", "-ERR insufficient memory |  | ");
    RUN("get k", "$3 abc");
    RUN("exists none", ":0");
    testing_done(&t);
}
