#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))
#define NOT_A_BIT "-ERR bit offset is not an integer or out of range"

TEST(setbit_tells_only_changes)
{
    struct testing t;
    testing_init(&t);
    TELL("setbit k 7 1", ":0 | 0:new(k) 0:setbit(k) | setbit k 7 1");
    TELL("setbit k 7 1", ":1 |  | ");
    TELL("setbit k 7 0", ":1 | 0:setbit(k) | setbit k 7 0");
    TELL("setbit k 20 0", ":0 | 0:setbit(k) | setbit k 20 0");
    RUN("strlen k", ":3");
    RUN("set n 12", "+OK");
    TELL("setbit n 7 1", ":1 |  | ");
    RUN("object encoding n", "$3 raw");
    RUN("getbit n 7", ":1");
    RUN("getbit n 4294967295", ":0");
    RUN("getbit none 1", ":0");
    RUN("setbit k -1 0", NOT_A_BIT);
    RUN("setbit k 4294967296 0", NOT_A_BIT);
    RUN("setbit k #1 0", NOT_A_BIT);
    RUN("setbit k 0 2", "-ERR bit is not an integer or out of range");
    testing_done(&t);
}

TEST(bits_that_memory_cannot_hold_are_an_error)
{
    struct testing t;
    testing_init(&t);
    t.string_bytes_max = INT64_MAX;
    TELL("setbit k 9223372036854775807 1", "-ERR insufficient memory |  | ");
    TELL("bitfield k set u8 9223372036854775000 1", "-ERR insufficient memory |  | ");
    RUN("exists k", ":0");
    testing_done(&t);
}

TEST(bitcount_takes_ranges_of_bytes_and_bits)
{
    struct testing t;
    testing_init(&t);
    RUN("set k foobar", "+OK");
    RUN("bitcount k", ":26");
    RUN("bitcount k 0 0", ":4");
    RUN("bitcount k 1 1 BYTE", ":6");
    RUN("bitcount k 5 30 BIT", ":17");
    RUN("bitcount k -2", ":7");
    RUN("bitcount k -1 -2 foo", ":0");
    RUN("bitcount k 0 1 foo", "-ERR syntax error");
    RUN("bitcount k 0 1 bit bit", "-ERR syntax error");
    RUN("bitcount none a b", ":0");
    testing_done(&t);
}

TEST(bitpos_counts_zeros_behind_only_without_an_end)
{
    struct testing t;
    testing_init(&t);
    RUN("setrange k 0 \"\\xff\\xff\\xf0\"", ":3");
    RUN("bitpos k 0", ":20");
    RUN("bitpos k 0 0 1", ":-1");
    RUN("bitpos k 0 0 19 bit", ":-1");
    RUN("bitpos k 1 20 -1 bit", ":-1");
    RUN("setrange k 2 \"\\xff\"", ":3");
    RUN("bitpos k 0", ":24");
    RUN("bitpos k 0 1", ":24");
    RUN("bitpos k 0 0 -1", ":-1");
    RUN("bitpos k 0 3", ":-1");
    RUN("bitpos k 1 -100 -200", ":0");
    RUN("bitpos none 0", ":0");
    RUN("bitpos none 1", ":-1");
    RUN("bitpos k 2", "-ERR The bit argument must be 1 or 0.");
    testing_done(&t);
}

TEST(bitop_stores_what_it_combines)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a abc b ab n 12", "+OK");
    TELL("bitop and d a b", ":3 | 0:new(d) 0:set(d) | bitop and d a b");
    RUN("getrange d 0 1", "$2 ab");
    RUN("expire d 10", ":1");
    RUN("bitop xor d a n a", ":3");
    RUN("getrange d 0 1", "$2 12");
    RUN("ttl d", ":-1");
    RUN("object encoding d", "$3 raw");
    RUN("bitop not a a", ":3");
    RUN("bitpos a 1", ":0");
    TELL("bitop or d none none",
         ":0 | 0:keymiss(none) 0:keymiss(none) 0:del(d) | bitop or d none none");
    TELL("bitop or d none none", ":0 | 0:keymiss(none) 0:keymiss(none) | ");
    RUN("bitop not d a b", "-ERR BITOP NOT must be called with a single source key.");
    RUN("bitop nor d a b", "-ERR syntax error");
    testing_done(&t);
}

TEST(bitop_writes_over_a_result_that_may_be_a_source)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a abc b fff", "+OK");
    RUN("bitop and a b a", ":3");
    RUN("get a", "$3 `bb");
    TELL("bitop or a a b", ":3 | 0:set(a) | bitop or a a b");
    RUN("get a", "$3 fff");
    RUN("set a aaa ex 100", "+OK");
    RUN("bitop xor a a b", ":3");
    RUN("ttl a", ":-1");
    RUN("set n 123", "+OK");
    RUN("bitop or n n", ":3");
    RUN("object encoding n", "$3 raw");
    RUN("get n", "$3 123");
    testing_done(&t);
}

TEST(bitop_has_the_newer_operations)
{
    struct testing t;
    testing_init(&t);
    RUN("setrange a 0 \"\\xf0\"", ":1");
    RUN("setrange b 0 \"\\xcc\"", ":1");
    RUN("setrange c 0 \"\\xaa\"", ":1");
    RUN("bitop diff d a b c", ":1");
    RUN("bitfield_ro d get u8 0", "*1 :16");
    RUN("bitop diff1 d a b c", ":1");
    RUN("bitfield_ro d get u8 0", "*1 :14");
    RUN("bitop andor d a b c", ":1");
    RUN("bitfield_ro d get u8 0", "*1 :224");
    RUN("bitop one d a b c", ":1");
    RUN("bitfield_ro d get u8 0", "*1 :22");
    RUN("bitop one d a", ":1");
    RUN("bitfield_ro d get u8 0", "*1 :240");
    RUN("bitop diff d a", "-ERR BITOP DIFF must be called with at least two source keys.");
    RUN("bitop Andor d a", "-ERR BITOP ANDOR must be called with at least two source keys.");
    testing_done(&t);
}

TEST(bitfield_tells_only_changes)
{
    struct testing t;
    testing_init(&t);
    TELL("bitfield k get u8 0", "*1 :0 | 0:keymiss(k) | ");
    TELL("bitfield k set u8 #1 200 get i8 #1",
         "*2 :0 :-56 | 0:new(k) 0:setbit(k) | bitfield k set u8 #1 200 get i8 #1");
    TELL("bitfield k set u8 #1 200", "*1 :200 |  | ");
    TELL("bitfield k incrby u8 8 100", "*1 :44 | 0:setbit(k) | bitfield k incrby u8 8 100");
    TELL("bitfield k overflow fail incrby u8 8 300", "*1 $-1 |  | ");
    RUN("bitfield k overflow sat incrby u8 8 300 incrby u8 8 -300", "*2 :255 :0");
    RUN("bitfield k set i64 0 -1 incrby u63 1 1 get i64 0", "*3 :0 :0 :-9223372036854775808");
    RUN("bitfield k set i1 0 0 incrby i1 0 1 overflow sat incrby i1 0 1", "*3 :-1 :-1 :0");
    RUN("bitfield k", "*0");
    testing_done(&t);
}

TEST(bitfield_changes_a_copy_not_what_it_shares)
{
    struct testing t;
    testing_init(&t);
    RUN("setrange a 4000 x", ":4001");
    RUN("copy a b", ":1");
    RUN("bitfield b set u8 0 255", "*1 :0");
    RUN("bitcount a", ":4");
    RUN("bitcount b", ":12");
    RUN("copy a b replace", ":1");
    RUN("setbit b 0 1", ":0");
    RUN("bitcount a", ":4");
    testing_done(&t);
}

TEST(bitfield_refuses_before_it_looks_at_the_key)
{
    struct testing t;
    testing_init(&t);
    RUN("bitfield k get u64 0", "-ERR Invalid bitfield type. Use something like i16 u8. Note "
                                "that u64 is not supported but i64 is.");
    RUN("bitfield k get u8 #-1", NOT_A_BIT);
    RUN("bitfield k get u8 #9223372036854775807", NOT_A_BIT);
    RUN("bitfield k set u8 0 x", "-ERR value is not an integer or out of range");
    RUN("bitfield k overflow foo", "-ERR Invalid OVERFLOW type specified");
    RUN("bitfield k overflow", "-ERR syntax error");
    RUN("bitfield k get u8", "-ERR syntax error");
    RUN("bitfield_ro k set u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand");
    RUN("dbsize", ":0");
    testing_done(&t);
}

TEST(what_bitfield_does_to_its_key_depends_on_its_operations)
{
    struct testing t;
    testing_init(&t);
    RUN("command getkeysandflags bitfield k get u8 0 overflow sat get u8 9",
        "*1 *2 $1 k *2 +RO +access");
    RUN("command getkeysandflags bitfield k get u8 0 set u8 0 1",
        "*1 *2 $1 k *3 +RW +access +update");
    testing_done(&t);
}
