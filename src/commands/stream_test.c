/* What the verbs of streams tell: events and effects. */
#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(xadd_tells_the_id_that_was_chosen)
{
    struct testing t;
    testing_init(&t);
    TELL("xadd s * f v", "$15 1700000000000-0 | 0:new(s) 0:xadd(s) | xadd s 1700000000000-0 f v");
    TELL("xadd s * f v", "$15 1700000000000-1 | 0:xadd(s) | xadd s 1700000000000-1 f v");
    TELL("xadd s 1700000000001-* f v",
         "$15 1700000000001-0 | 0:xadd(s) | xadd s 1700000000001-0 f v");
    TELL("xadd s 1700000000002-5 f v",
         "$15 1700000000002-5 | 0:xadd(s) | xadd s 1700000000002-5 f v");
    TELL("xadd none nomkstream * f v", "$-1 |  | ");
    TELL("xadd s 5-5 f v",
         "-ERR The ID specified in XADD is equal or smaller than the target stream top item |  | ");
    testing_done(&t);
}

TEST(trimming_tells_what_became_of_it)
{
    struct testing t;
    testing_init(&t);
    RUN("xadd s 1-1 f v", "$3 1-1");
    RUN("xadd s 2-1 f v", "$3 2-1");
    TELL("xadd s maxlen 2 3-1 f v", "$3 3-1 | 0:xadd(s) 0:xtrim(s) | xadd s maxlen 2 3-1 f v");
    TELL("xadd s maxlen ~ 1 limit 5 4-1 f v", "$3 4-1 | 0:xadd(s) | xadd s maxlen = 3 4-1 f v");
    TELL("xadd s minid ~ 9 * f v",
         "$15 1700000000000-0 | 0:xadd(s) | xadd s minid = 1-1 1700000000000-0 f v");
    TELL("xtrim s maxlen ~ 0", ":4 | 0:xtrim(s) | xtrim s maxlen = 0");
    TELL("xtrim s maxlen 0", ":0 |  | ");
    testing_done(&t);
}

TEST(xreadgroup_tells_what_is_pending_and_how_far_the_group_is)
{
    struct testing t;
    testing_init(&t);
    TELL("xgroup create s g 0 mkstream",
         "+OK | 0:new(s) 0:xgroup-create(s) | xgroup create s g 0 mkstream");
    RUN("xadd s 1-1 f v", "$3 1-1");
    RUN("xadd s 2-1 f v", "$3 2-1");
    TELL("xreadgroup group g c count 1 streams s >",
         "*1 *2 $1 s *1 *2 $3 1-1 *2 $1 f $1 v | 0:xgroup-createconsumer(s) | "
         "MULTI; XCLAIM s g c 0 1-1 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1; "
         "XGROUP SETID s g 1-1 ENTRIESREAD 1; EXEC");
    TELL("xreadgroup group g d noack streams s >",
         "*1 *2 $1 s *1 *2 $3 2-1 *2 $1 f $1 v | 0:xgroup-createconsumer(s) | "
         "MULTI; XGROUP CREATECONSUMER s g d; XGROUP SETID s g 2-1 ENTRIESREAD 2; EXEC");
    TELL("xreadgroup group g d streams s >", "*-1 |  | ");
    TELL("xreadgroup group g c streams s 0", "*1 *2 $1 s *1 *2 $3 1-1 *2 $1 f $1 v |  | ");
    TELL("xack s g 1-1", ":1 |  | xack s g 1-1");
    TELL("xack s g 1-1", ":0 |  | ");
    testing_done(&t);
}

TEST(claims_tell_each_entry)
{
    struct testing t;
    testing_init(&t);
    RUN("xgroup create s g 0 mkstream", "+OK");
    RUN("xadd s 1-1 f v", "$3 1-1");
    RUN("xadd s 2-1 f v", "$3 2-1");
    RUN("xreadgroup group g c streams s >",
        "*1 *2 $1 s *2 *2 $3 1-1 *2 $1 f $1 v *2 $3 2-1 *2 $1 f $1 v");
    TELL("xclaim s g d 100 1-1", "*0 |  | ");
    t.now_ms += 1000;
    TELL("xclaim s g d 100 1-1 justid",
         "*1 $3 1-1 | 0:xgroup-createconsumer(s) | "
         "XCLAIM s g d 0 1-1 TIME 1700000001000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-1");
    RUN("xdel s 2-1", ":1");
    TELL("xautoclaim s g e 100 0",
         "*3 $3 0-0 *0 *1 $3 2-1 |  | "
         "XCLAIM s g c 0 2-1 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-1");
    TELL("xclaim s g d 0 9-9 lastid 7-7", "*0 |  | XGROUP SETID s g 7-7 ENTRIESREAD 2");
    TELL("xnack s g fail ids 1 1-1", ":1 |  | xnack s g fail ids 1 1-1");
    RUN("xdel s 1-1", ":1");
    TELL("xautoclaim s g e 100 0", "*3 $3 0-0 *0 *1 $3 1-1 |  | XACK s g 1-1");
    testing_done(&t);
}

TEST(deleting_and_setting_tell_only_what_happened)
{
    struct testing t;
    testing_init(&t);
    RUN("xadd s 1-1 f v", "$3 1-1");
    TELL("xdel s 5-5", ":0 |  | ");
    TELL("xdelex s ids 2 1-1 5-5", "*2 :1 :-1 | 0:xdel(s) | xdelex s ids 2 1-1 5-5");
    TELL("xsetid s 9-9", "+OK | 0:xsetid(s) | xsetid s 9-9");
    TELL("xgroup create s g $", "+OK | 0:xgroup-create(s) | xgroup create s g $");
    TELL("xgroup createconsumer s g c",
         ":1 | 0:xgroup-createconsumer(s) | xgroup createconsumer s g c");
    TELL("xgroup createconsumer s g c", ":0 |  | ");
    TELL("xgroup setid s g 0", "+OK | 0:xgroup-setid(s) | xgroup setid s g 0");
    TELL("xgroup delconsumer s g c", ":0 | 0:xgroup-delconsumer(s) | xgroup delconsumer s g c");
    TELL("xgroup destroy s g", ":1 | 0:xgroup-destroy(s) | xgroup destroy s g");
    TELL("xgroup destroy s g", ":0 |  | ");
    testing_done(&t);
}
