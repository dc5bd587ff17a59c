/* Verbs on lists: replies, key events and effects. */
#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))
#define WRONG_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"

TEST(pushes_and_pops_tell_what_they_did)
{
    struct testing t;
    testing_init(&t);
    TELL("lpushx l a", ":0 |  | ");
    TELL("lpush l a b", ":2 | 0:new(l) 0:lpush(l) | lpush l a b");
    TELL("rpushx l 7", ":3 | 0:rpush(l) | rpushx l 7");
    RUN("lrange l 0 -1", "*3 $1 b $1 a $1 7");
    TELL("lpop l", "$1 b | 0:lpop(l) | lpop l");
    TELL("rpop l 1", "*1 $1 7 | 0:rpop(l) | rpop l 1");
    TELL("lpop l 0", "*0 |  | ");
    TELL("lpop l 5", "*1 $1 a | 0:lpop(l) 0:del(l) | lpop l 5");
    TELL("lpop l", "$-1 |  | ");
    TELL("lpop l 2", "*-1 |  | ");
    RUN("rpop l -1", "-ERR value is out of range, must be positive");
    RUN("rpop l 1 2", "-ERR wrong number of arguments for 'rpop' command");
    testing_done(&t);
}

TEST(lmpop_is_told_as_a_pop_of_what_there_was)
{
    struct testing t;
    testing_init(&t);
    RUN("rpush l a b c", ":3");
    TELL("lmpop 2 none l left count 2", "*2 $1 l *2 $1 a $1 b | 0:lpop(l) | LPOP l 2");
    TELL("lmpop 1 l right count 9", "*2 $1 l *1 $1 c | 0:rpop(l) 0:del(l) | RPOP l 1");
    TELL("lmpop 1 l right", "*-1 |  | ");
    RUN("lmpop 0 l left", "-ERR numkeys should be greater than 0");
    RUN("lmpop 1 l left count 0", "-ERR count should be greater than 0");
    RUN("lmpop 2 l left", "-ERR syntax error");
    RUN("lmpop 1 l up", "-ERR syntax error");
    RUN("lmpop 1 l left count 1 x", "-ERR syntax error");
    testing_done(&t);
}

TEST(changes_in_the_middle_tell_what_they_did)
{
    struct testing t;
    testing_init(&t);
    RUN("lset l 0 x", "-ERR no such key");
    RUN("rpush l a b c b", ":4");
    TELL("lset l -1 z", "+OK | 0:lset(l) | lset l -1 z");
    RUN("lset l 4 z", "-ERR index out of range");
    TELL("linsert l before b x", ":5 | 0:linsert(l) | linsert l before b x");
    TELL("linsert l after none x", ":-1 |  | ");
    TELL("linsert none after a x", ":0 |  | ");
    RUN("linsert l beside a x", "-ERR syntax error");
    RUN("lrange l 0 -1", "*5 $1 a $1 x $1 b $1 c $1 z");
    TELL("lrem l 0 none", ":0 |  | ");
    TELL("lrem l -1 b", ":1 | 0:lrem(l) | lrem l -1 b");
    TELL("ltrim l 0 -1", "+OK | 0:ltrim(l) | ");
    TELL("ltrim l 1 2", "+OK | 0:ltrim(l) | ltrim l 1 2");
    RUN("lrange l 0 -1", "*2 $1 x $1 c");
    TELL("ltrim l 5 9", "+OK | 0:ltrim(l) 0:del(l) | ltrim l 5 9");
    TELL("ltrim l 0 1", "+OK |  | ");
    testing_done(&t);
}

TEST(what_is_asked_for_is_found_in_the_usual_order_of_checks)
{
    struct testing t;
    testing_init(&t);
    RUN("lindex none x", "$-1");
    RUN("set s v", "+OK");
    RUN("lrange s x 1", "-ERR value is not an integer or out of range");
    RUN("lindex s x", WRONG_TYPE);
    RUN("rpush s a", WRONG_TYPE);
    RUN("lmove none s left left", "$-1");
    RUN("rpush l a b a c a", ":5");
    RUN("lmove l s left left", WRONG_TYPE);
    RUN("lpos l a", ":0");
    RUN("lpos l a rank -1", ":4");
    RUN("lpos l a rank 2 count 0", "*2 :2 :4");
    RUN("lpos l a rank -2 count 0 maxlen 3", "*1 :2");
    RUN("lpos l none", "$-1");
    RUN("lpos none a count 1", "*0");
    RUN("lpos l a count", "-ERR syntax error");
    RUN("lpos l a rank 0 foo", "-ERR RANK can't be zero: use 1 to start from the first match, 2 "
                               "from the second ... or use negative to start from the end of the "
                               "list");
    RUN("lrange l -100 1", "*2 $1 a $1 b");
    RUN("lrange l 3 1", "*0");
    RUN("lindex l -5", "$1 a");
    RUN("lindex l 5", "$-1");
    testing_done(&t);
}

TEST(moves_tell_of_the_target_first)
{
    struct testing t;
    testing_init(&t);
    RUN("rpush l a b", ":2");
    TELL("lmove l m left right", "$1 a | 0:new(m) 0:rpush(m) 0:lpop(l) | lmove l m left right");
    TELL("rpoplpush l m", "$1 b | 0:lpush(m) 0:rpop(l) 0:del(l) | rpoplpush l m");
    TELL("rpoplpush m m", "$1 a | 0:lpush(m) 0:rpop(m) | rpoplpush m m");
    RUN("lrange m 0 -1", "*2 $1 a $1 b");
    RUN("rpush one x", ":1");
    TELL("lmove one one left right", "$1 x | 0:rpush(one) 0:lpop(one) | lmove one one left right");
    TELL("lmove none m left left", "$-1 |  | ");
    RUN("lmove l m up left", "-ERR syntax error");
    testing_done(&t);
}

TEST(lmovem_moves_several_one_by_one_or_as_a_block)
{
    struct testing t;
    testing_init(&t);
    RUN("rpush l a b c d e f", ":6");
    TELL("lmovem l m left left count 2 obo",
         "*2 $1 b $1 a | 0:new(m) 0:lpush(m) 0:lpop(l) | MULTI; LMOVE l m LEFT LEFT; LMOVE l m "
         "LEFT LEFT; EXEC");
    TELL("lmovem l m left left count 2 bulk",
         "*2 $1 c $1 d | 0:lpush(m) 0:lpop(l) | MULTI; LPOP l 2; LPUSH m d c; EXEC");
    RUN("lrange m 0 -1", "*4 $1 c $1 d $1 b $1 a");
    TELL("lmovem l m right right exactly 3 bulk", "*-1 |  | ");
    TELL("lmovem l m right right count 3 bulk",
         "*2 $1 e $1 f | 0:rpush(m) 0:rpop(l) 0:del(l) | MULTI; RPOP l 2; RPUSH m e f; EXEC");
    RUN("lmovem m m left right exactly 2 obo", "*2 $1 c $1 d");
    RUN("lrange m 0 -1", "*6 $1 b $1 a $1 e $1 f $1 c $1 d");
    TELL("lmovem m l right left", "*1 $1 d | 0:new(l) 0:lpush(l) 0:rpop(m) | LMOVE m l RIGHT LEFT");
    TELL("lmovem none l right left", "*-1 |  | ");
    RUN("lmovem m l left left count 0 obo", "-ERR count should be greater than 0");
    RUN("lmovem m l left left count 1", "-ERR syntax error");
    RUN("lmovem m l left left some 1 obo", "-ERR syntax error");
    testing_done(&t);
}

TEST(verbs_that_wait_are_told_as_those_that_do_not)
{
    struct testing t;
    testing_init(&t);
    RUN("rpush l a b c d e f g", ":7");
    TELL("blpop none l 0", "*2 $1 l $1 a | 0:lpop(l) | LPOP l");
    TELL("brpop l 0", "*2 $1 l $1 g | 0:rpop(l) | RPOP l");
    TELL("blmpop 0 1 l left count 2", "*2 $1 l *2 $1 b $1 c | 0:lpop(l) | LPOP l 2");
    TELL("blmove l m left right 0", "$1 d | 0:new(m) 0:rpush(m) 0:lpop(l) | LMOVE l m LEFT RIGHT");
    TELL("brpoplpush l m 0", "$1 f | 0:lpush(m) 0:rpop(l) | RPOPLPUSH l m");
    TELL("blmovem l m left left 0 count 4 obo",
         "*1 $1 e | 0:lpush(m) 0:lpop(l) 0:del(l) | LMOVE l m LEFT LEFT");
    RUN("blpop l -1", "-ERR timeout is negative");
    RUN("blpop l x", "-ERR timeout is not a float or out of range");
    RUN("set s v", "+OK");
    RUN("blpop s 0", WRONG_TYPE);
    RUN("blmove m s left left 0", WRONG_TYPE);
    testing_done(&t);
}
