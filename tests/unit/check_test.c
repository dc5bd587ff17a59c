/* The test means themselves: what passes, what aborts, what fails. */
#include "tests/unit/check.h"

#include <stdlib.h>

struct piece {
    const char *ptr;
    size_t len;
};

TEST(equal_values_pass)
{
    struct piece piece = { "a\0b", 3 };

    CHECK(1 + 1 == 2);
    CHECK_INT(-3, -3);
    CHECK_UINT(18446744073709551615ULL, ~0ULL);
    CHECK_DOUBLE(0.5, 0.5);
    CHECK_STR("tarn", "tarn");
    CHECK_MEM("abcd", "abce", 3);
    CHECK_SLICE(piece, "a\0b");
    CHECK_PTR(&piece, &piece);
    CHECK_PTR_NULL(NULL);
    CHECK_PTR_NOT_NULL(&piece);
}

TEST(an_argument_is_evaluated_once)
{
    int calls = 0;
    struct piece pieces[] = { { "x", 1 }, { "y", 1 } };

    CHECK_SLICE(pieces[calls++], "x");
    CHECK_INT(calls, 1);
}

TEST(abort_is_seen_and_a_normal_return_is_not)
{
    CHECK_ABORTS(abort());
    if (check_abort_enter())
        check_abort_survived();
    CHECK(!check_abort_seen());
}
