#include "commands/testing.h"
#include "tests/unit/check.h"

#define TELL(line, told) CHECK_STR(testing_tell(&t, (line)), (told))
#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(digest_is_that_of_the_library)
{
    struct testing t;
    testing_init(&t);
    RUN("set empty ''", "+OK");
    RUN("digest empty", "$16 2d06800538d394c2");
    RUN("digest none", "$-1");
    RUN("set n 12", "+OK");
    RUN("append s 12", ":2");
    const char *digest = testing_run(&t, "digest n");
    char kept[32];
    CHECK_UINT(strlen(digest), 20);
    memcpy(kept, digest, 21);
    RUN("digest s", kept);
    testing_done(&t);
}

TEST(set_compares_with_values_and_digests)
{
    struct testing t;
    testing_init(&t);
    TELL("set k v ifne x", "+OK | 0:new(k) 0:set(k) | set k v");
    TELL("set k w ifne v", "$-1 |  | ");
    TELL("set k w ifne x get", "$1 v | 0:set(k) | set k w");
    RUN("set empty ''", "+OK");
    TELL("set empty a ifdeq 2D06800538D394C2", "+OK | 0:set(empty) | set empty a");
    TELL("set empty b ifdeq 2d06800538d394c2", "$-1 |  | ");
    TELL("set empty '' ifdne 2d06800538d394c2", "+OK | 0:set(empty) | set empty ");
    TELL("set empty b ifdne 2d06800538d394c2 get", "$0  |  | ");
    TELL("set none b ifdeq 2d06800538d394c2", "$-1 |  | ");
    TELL("set none b ifdne 2d06800538d394c2", "+OK | 0:new(none) 0:set(none) | set none b");
    RUN("set k v ifne a ifeq b", "-ERR syntax error");
    RUN("set k v ifdne a nx", "-ERR syntax error");
    RUN("command getkeysandflags set k v ifdne w", "*1 *2 $1 k *3 +RW +access +update");
    testing_done(&t);
}

TEST(delex_deletes_on_a_condition)
{
    struct testing t;
    testing_init(&t);
    RUN("set k v", "+OK");
    TELL("delex k ifeq w", ":0 |  | ");
    TELL("delex k ifne v", ":0 |  | ");
    TELL("delex k ifne w", ":1 | 0:del(k) | UNLINK k");
    TELL("delex k ifne w", ":0 |  | ");
    RUN("set k ''", "+OK");
    RUN("delex k ifdne 2d06800538d394c2", ":0");
    RUN("delex k ifdeq 2d06800538d394c2", ":1");
    RUN("set k v", "+OK");
    TELL("delex k", ":1 | 0:del(k) | UNLINK k");
    RUN("delex k", ":0");
    RUN("delex k ifeq", "-ERR syntax error");
    RUN("delex k nx", "-ERR syntax error");
    RUN("set k v", "+OK");
    TELL("delifeq k w", ":0 |  | ");
    TELL("delifeq k v", ":1 | 0:del(k) | UNLINK k");
    TELL("delifeq k v", ":0 |  | ");
    testing_done(&t);
}

TEST(msetex_stores_all_or_none)
{
    struct testing t;
    testing_init(&t);
    TELL("msetex 2 a 1 b 2", ":1 | 0:new(a) 0:set(a) 0:new(b) 0:set(b) | msetex 2 a 1 b 2");
    TELL("msetex 2 c 1 b 3 nx", ":0 |  | ");
    TELL("msetex 2 c 1 b 3 xx ex 10", ":0 |  | ");
    TELL("msetex 2 a 3 b 4 xx ex 10", ":1 | 0:set(a) 0:expire(a) 0:set(b) 0:expire(b) | "
                                      "msetex 2 a 3 b 4 PXAT 1700000010000");
    RUN("mget a b c", "*3 $1 3 $1 4 $-1");
    RUN("msetex 1 a 5 keepttl", ":1");
    RUN("ttl a", ":10");
    RUN("msetex 1 a 5", ":1");
    RUN("ttl a", ":-1");
    RUN("msetex 2 a 1", "-ERR syntax error");
    RUN("msetex 1 a 1 b 2", "-ERR syntax error");
    RUN("msetex 0 a 1", "-ERR value is not an integer or out of range");
    RUN("msetex x a 1", "-ERR value is not an integer or out of range");
    RUN("msetex 1 a 1 ex 0", "-ERR invalid expire time in 'msetex' command");
    RUN("command getkeysandflags msetex 2 a 1 b 2 nx",
        "*2 *2 $1 a *2 +OW +update *2 $1 b *2 +OW +update");
    testing_done(&t);
}
