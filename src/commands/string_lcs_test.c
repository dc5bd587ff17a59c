#include <stdio.h>

#include "commands/testing.h"
#include "tests/unit/check.h"

#define RUN(line, reply) CHECK_STR(testing_run(&t, (line)), (reply))

TEST(lcs_answers_with_bytes_length_or_places)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a ohmytext b mynewtext n 12345 m 2x45", "+OK");
    RUN("lcs a b", "$6 mytext");
    RUN("lcs a b len", ":6");
    RUN("lcs a b idx", "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6");
    RUN("lcs a b idx withmatchlen minmatchlen 4",
        "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6");
    RUN("lcs n m", "$3 245");
    RUN("lcs a none", "$0 ");
    RUN("lcs none none len", ":0");
    RUN("lcs none a idx", "*4 $7 matches *0 $3 len :0");
    RUN("lcs a a idx", "*4 $7 matches *1 *2 *2 :0 :7 *2 :0 :7 $3 len :8");
    testing_done(&t);
}

TEST(lcs_refuses_what_does_not_go_together)
{
    struct testing t;
    testing_init(&t);
    RUN("mset a ohmytext b mynewtext", "+OK");
    RUN("lcs a b foo", "-ERR syntax error");
    RUN("lcs a b minmatchlen", "-ERR syntax error");
    RUN("lcs a b minmatchlen x", "-ERR value is not an integer or out of range");
    RUN("lcs a b idx len", "-ERR If you want both the length and indexes, please just use IDX.");
    t.string_bytes_max = 4 * 9 * 10 - 1;
    RUN("lcs a b", "-ERR Insufficient memory, transient memory for LCS exceeds "
                   "proto-max-bulk-len");
    t.string_bytes_max++;
    RUN("lcs a b len", ":6");
    testing_done(&t);
}

/* The lengths of all pairs of prefixes, as the definition has them. */
static unsigned plain_length(const char *a, size_t a_len, const char *b, size_t b_len)
{
    static unsigned lengths[301][301];
    for (size_t i = 0; i <= a_len; i++)
        for (size_t j = 0; j <= b_len; j++)
            lengths[i][j] = !i || !j                                ? 0
                            : a[i - 1] == b[j - 1]                  ? lengths[i - 1][j - 1] + 1
                            : lengths[i - 1][j] > lengths[i][j - 1] ? lengths[i - 1][j]
                                                                    : lengths[i][j - 1];
    return lengths[a_len][b_len];
}

TEST(lengths_are_those_of_the_definition)
{
    struct testing t;
    uint64_t state = 7;
    testing_init(&t);
    for (int round = 0; round < 200; round++) {
        char text[2][300], want[32];
        size_t lens[2];
        for (int k = 0; k < 2; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            lens[k] = (state >> 33) % sizeof(text[k]);
            for (size_t i = 0; i < lens[k]; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                text[k][i] = (char)('a' + (state >> 40) % (2 + (unsigned)round % 5));
            }
            struct slice set[] = { SLICE("set"), k ? SLICE("b") : SLICE("a"),
                                   slice_of(text[k], lens[k]) };
            CHECK_STR(testing_run_args(&t, set, 3, NULL), "+OK");
        }
        unsigned len = plain_length(text[0], lens[0], text[1], lens[1]);
        (void)snprintf(want, sizeof(want), ":%u", len);
        RUN("lcs a b len", want);
        (void)snprintf(want, sizeof(want), "$%u ", len);
        const char *got = testing_run(&t, "lcs a b");
        CHECK(strncmp(got, want, strlen(want)) == 0);
    }
    testing_done(&t);
}
