#include "base/rand.h"

#include <string.h>

#include "tests/unit/check.h"

TEST(the_generator_is_xoshiro256_starstar)
{
    /* From the recurrence by hand: rotl(s1 * 5, 7) * 9 for states that start with 1, 2, 3, 4. */
    struct rand r = { { 1, 2, 3, 4 } };
    CHECK_UINT(rand_next(&r), 11520);
    CHECK_UINT(rand_next(&r), 0);
    CHECK_UINT(rand_next(&r), 1509978240);
    CHECK_UINT(rand_next(&r), 1215971899390074240ULL);
}

TEST(a_seed_is_a_history)
{
    struct rand a;
    struct rand b;
    rand_seed(&a, 1);
    rand_seed(&b, 1);
    for (int i = 0; i < 100; i++)
        CHECK_UINT(rand_next(&a), rand_next(&b));
    rand_seed(&b, 2);
    CHECK(rand_next(&a) != rand_next(&b));
    rand_seed(&a, 0);
    CHECK(rand_next(&a) != 0);
}

TEST(random_seeds_differ)
{
    struct rand a;
    struct rand b;
    rand_seed_random(&a);
    rand_seed_random(&b);
    CHECK(memcmp(&a, &b, sizeof(a)) != 0);
}

TEST(below_is_below_and_even)
{
    struct rand r;
    int counts[7] = { 0 };
    rand_seed(&r, 10);
    for (int i = 0; i < 70000; i++)
        counts[rand_below(&r, 7)]++;
    for (int i = 0; i < 7; i++) {
        CHECK(counts[i] > 9500); /* five standard deviations are 460 */
        CHECK(counts[i] < 10500);
    }
    for (int i = 0; i < 1000; i++)
        CHECK_UINT(rand_below(&r, 1), 0);
    CHECK_ABORTS((void)rand_below(&r, 0));
}

TEST(below_a_bound_that_does_not_divide_is_not_biased)
{
    /* Without rejection the lower half of this range would be drawn twice as often. */
    struct rand r;
    uint64_t bound = 3ULL << 62;
    int low = 0;
    rand_seed(&r, 11);
    for (int i = 0; i < 30000; i++)
        low += rand_below(&r, bound) < bound / 3;
    CHECK(low > 9500);
    CHECK(low < 10500);
}

TEST(unit_is_in_its_interval_and_even)
{
    struct rand r;
    double sum = 0;
    rand_seed(&r, 12);
    for (int i = 0; i < 100000; i++) {
        double x = rand_unit(&r);
        CHECK(x >= 0);
        CHECK(x < 1);
        sum += x;
    }
    CHECK(sum > 49500);
    CHECK(sum < 50500);
}

TEST(secrets_differ_and_hex_is_hex)
{
    char a[100];
    char b[100];
    rand_secret(a, sizeof(a));
    rand_secret(b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    rand_secret(NULL, 0);

    for (size_t len = 0; len < sizeof(a); len++) {
        memset(a, '!', sizeof(a));
        rand_hex(a, len);
        CHECK_UINT(strspn(a, "0123456789abcdef"), len);
        CHECK_INT(a[len], '!');
    }
    rand_hex(a, 90);
    rand_hex(b, 90);
    CHECK(memcmp(a, b, 90) != 0);
    CHECK(memcmp(a, a + 64, 26) != 0);
}
