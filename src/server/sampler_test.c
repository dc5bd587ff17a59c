/* Rates of counters. */
#include "server/sampler.h"

#include "tests/unit/check.h"

#define SECOND UINT64_C(1000000000)

TEST(a_steady_counter_has_its_rate_once_all_samples_are_taken)
{
    struct sampler s = { .next = 0 };
    for (uint64_t i = 1; i <= SAMPLER_SAMPLES + 1; i++)
        sampler_take(&s, i * 50, i * SECOND / 10);
    CHECK_DOUBLE(sampler_rate(&s), 500.0);
}

TEST(the_first_sample_is_only_a_beginning)
{
    struct sampler s = { .next = 0 };
    sampler_take(&s, 1000000, 5 * SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 0.0);
    sampler_take(&s, 1000160, 6 * SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 160.0 / SAMPLER_SAMPLES);
}

TEST(a_burst_leaves_the_rate_when_its_sample_is_old)
{
    struct sampler s = { .next = 0 };
    uint64_t now = SECOND;
    sampler_take(&s, 0, now);
    sampler_take(&s, 1600, now += SECOND);
    for (int i = 0; i < SAMPLER_SAMPLES - 1; i++) {
        CHECK_DOUBLE(sampler_rate(&s), 100.0);
        sampler_take(&s, 1600, now += SECOND);
    }
    sampler_take(&s, 1600, now += SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 0.0);
}

TEST(a_counter_that_was_reset_starts_anew)
{
    struct sampler s = { .next = 0 };
    sampler_take(&s, 1000, SECOND);
    sampler_take(&s, 10, 2 * SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 0.0);
    sampler_take(&s, 26, 3 * SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 16.0 / SAMPLER_SAMPLES);
}

TEST(two_samples_at_one_moment_divide_by_nothing)
{
    struct sampler s = { .next = 0 };
    sampler_take(&s, 1, SECOND);
    sampler_take(&s, 2, SECOND);
    CHECK_DOUBLE(sampler_rate(&s), 0.0);
}
