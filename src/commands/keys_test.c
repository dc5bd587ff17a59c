#include <stdio.h>

#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(deletion_tells_each_key_and_the_request_once)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a 1 b 2 c 3", "+OK");
    TELL("del a nokey b a", ":2 | 0:del(a) 0:del(b) | del a nokey b a");
    TELL("del a", ":0 |  | ");
    TELL("unlink c", ":1 | 0:del(c) | unlink c");
    RUN("set e 1 px 10", "+OK");
    t.now_ms += 11;
    TELL("del e", ":0 | 0:expired(e) | UNLINK e");
    testing_done(&t);
}

TEST(rename_takes_value_and_expiry_along)
{
    struct testing t;
    testing_init(&t);
    TELL("rename k k", "-ERR no such key |  | ");
    RUN("set k v ex 100", "+OK");
    TELL("rename k k", "+OK |  | ");
    TELL("renamenx k k", ":0 |  | ");
    TELL("rename k l", "+OK | 0:new(l) 0:rename_from(k) 0:rename_to(l) | rename k l");
    RUN("ttl l", ":100");
    RUN("set m 5", "+OK");
    TELL("renamenx l m", ":0 |  | ");
    TELL("rename l m", "+OK | 0:new(m) 0:rename_from(l) 0:rename_to(m) | rename l m");
    RUN("get m", "$1 v");
    RUN("ttl m", ":100");
    TELL("renamenx m n", ":1 | 0:new(n) 0:rename_from(m) 0:rename_to(n) | renamenx m n");
    RUN("keys *", "*1 $1 n");
    testing_done(&t);
}

TEST(copy_and_move_tell_the_database_of_each_event)
{
    struct testing t;
    testing_init(&t);
    TELL("copy a b", ":0 | 0:keymiss(a) | ");
    RUN("set a v ex 100", "+OK");
    TELL("copy a b", ":1 | 0:new(b) 0:copy_to(b) | copy a b");
    TELL("copy a b", ":0 |  | ");
    TELL("copy a b replace", ":1 | 0:new(b) 0:copy_to(b) | copy a b replace");
    TELL("copy a b db 1", ":1 | 1:new(b) 1:copy_to(b) | copy a b db 1");
    TELL("move b 1", ":0 |  | ");
    TELL("move b 2", ":1 | 2:new(b) 0:move_from(b) 2:move_to(b) | move b 2");
    RUN("exists b", ":0");
    RUN("select 2", "+OK");
    RUN("ttl b", ":100");
    RUN("copy b b", "-ERR source and destination objects are the same");
    RUN("copy b b db 16", "-ERR DB index is out of range");
    RUN("copy b b db x", "-ERR value is not an integer or out of range");
    RUN("move b 2", "-ERR source and destination objects are the same");
    RUN("move b 9999999999",
        "-ERR value is out of range, value must between -2147483648 and 2147483647");
    testing_done(&t);
}

TEST(many_keys_are_walked_in_order)
{
    struct testing t;
    struct slice argv[1 + 2 * 100];
    char names[100][4];
    testing_init(&t);
    argv[0] = SLICE("mset");
    for (int i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%d", i);
        argv[1 + 2 * i] = argv[2 + 2 * i] = slice_str(names[i]);
    }
    CHECK_STR(testing_run_args(&t, argv, COUNT_OF(argv), NULL), "+OK");
    for (int i = 0; i < 100; i++) {
        char line[32], reply[32];
        (void)snprintf(line, sizeof(line), "get %d", i);
        (void)snprintf(reply, sizeof(reply), "$%zu %d", strlen(names[i]), i);
        RUN(line, reply);
    }
    argv[0] = SLICE("del");
    CHECK_STR(testing_run_args(&t, argv, COUNT_OF(argv), NULL), ":100");
    testing_done(&t);
}

TEST(flushes_and_swaps_are_told_even_if_nothing_changed)
{
    struct testing t;
    testing_init(&t);
    TELL("flushdb", "+OK |  | flushdb");
    RUN("set a v", "+OK");
    TELL("swapdb 0 1", "+OK |  | swapdb 0 1");
    RUN("dbsize", ":0");
    TELL("flushdb sync", "+OK |  | flushdb sync");
    RUN("swapdb 1 0", "+OK");
    RUN("get a", "$1 v");
    TELL("flushall async", "+OK |  | flushall async");
    RUN("dbsize", ":0");
    TELL("flushall foo", "-ERR syntax error |  | ");
    RUN("flushdb sync async", "-ERR syntax error");
    RUN("swapdb a 0", "-ERR invalid first DB index");
    RUN("swapdb 16 a", "-ERR invalid second DB index");
    RUN("swapdb 16 0", "-ERR DB index is out of range");
    testing_done(&t);
}

TEST(a_scan_finds_each_key)
{
    struct testing t;
    testing_init(&t);
    for (int i = 0; i < 1000; i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "set key:%d v", i);
        RUN(line, "+OK");
    }
    size_t found = 0;
    char cursor[32] = "0";
    do {
        char line[96];
        (void)snprintf(line, sizeof(line), "scan %s match *7 count 50 type STRING", cursor);
        const char *reply = testing_run(&t, line);
        CHECK(sscanf(reply, "*2 $%*d %31s", cursor) == 1);
        for (const char *at = reply; (at = strstr(at, "key:")) != NULL; at += 4)
            found++;
    } while (strcmp(cursor, "0") != 0);
    CHECK(found >= 100);
    testing_done(&t);
}

TEST(scan_takes_the_cursors_that_strtoul_takes)
{
    struct testing t;
    testing_init(&t);
    RUN("set k v", "+OK");
    RUN("scan 0", "*2 $1 0 *1 $1 k");
    RUN("scan +000", "*2 $1 0 *1 $1 k");
    RUN("scan ''", "*2 $1 0 *1 $1 k");
    RUN("scan \"0\\x00x\"", "*2 $1 0 *1 $1 k");
    RUN("scan ' 0'", "-ERR invalid cursor");
    RUN("scan -", "-ERR invalid cursor");
    RUN("scan 18446744073709551616", "-ERR invalid cursor");
    RUN("scan 0 count 0", "-ERR syntax error");
    RUN("scan 0 count x", "-ERR value is not an integer or out of range");
    RUN("scan 0 match", "-ERR syntax error");
    RUN("scan 0 type list", "*2 $1 0 *0");
    RUN("scan 0 type nonsense", "*2 $1 0 *0");
    RUN("scan x foo", "-ERR invalid cursor");
    testing_done(&t);
}

TEST(expired_keys_are_not_listed)
{
    struct testing t;
    testing_init(&t);
    RUN("set gone v px 10", "+OK");
    RUN("set here v", "+OK");
    t.now_ms += 11;
    RUN("keys *", "*1 $4 here");
    RUN("scan 0", "*2 $1 0 *1 $4 here");
    RUN("randomkey", "$4 here");
    testing_done(&t);
}

TEST(object_knows_how_values_are_kept)
{
    struct testing t;
    testing_init(&t);
    RUN("set n 9999", "+OK");
    RUN("object refcount n", ":2147483647");
    RUN("set n 10000", "+OK");
    RUN("object refcount n", ":1");
    RUN("object encoding n", "$3 int");
    RUN("object encoding nokey", "$-1");
    t.now_ms += 5000;
    RUN("object idletime n", ":5");
    RUN("exists n", ":1");
    RUN("object idletime n", ":5");
    RUN("touch n", ":1");
    RUN("object idletime n", ":0");
    RUN("object freq nokey", "$-1");
    CHECK(strncmp(testing_run(&t, "object freq n"), "-ERR An LFU", 11) == 0);
    testing_done(&t);
}
