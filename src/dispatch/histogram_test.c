/* Histograms against the sorted values themselves. */
#include "dispatch/histogram.h"

#include <stdlib.h>

#include "base/rand.h"
#include "tests/unit/check.h"

#define VALUES_MAX 4000

struct values {
    uint64_t list[VALUES_MAX];
    size_t count;
    struct histogram *h;
};

static void values_init(struct values *v)
{
    v->count = 0;
    v->h = histogram_new();
}

static void values_add(struct values *v, uint64_t value)
{
    v->list[v->count++] = value;
    histogram_add(v->h, value);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Any size between 1 and 2^bits, small ones as likely as large ones. */
static uint64_t random_value(struct rand *r, unsigned bits)
{
    return rand_next(r) >> (64u - bits + (unsigned)rand_below(r, bits));
}

TEST(a_histogram_without_values_knows_nothing)
{
    struct histogram *h = histogram_new();
    struct histogram_step steps[HISTOGRAM_STEPS_MAX];
    CHECK_UINT(histogram_count(h), 0);
    CHECK_UINT(histogram_percentile(h, 50.0), 0);
    CHECK_UINT(histogram_steps(h, 10, steps), 0);
    histogram_free(h);
    histogram_free(NULL);
}

TEST(small_values_are_exact)
{
    struct histogram *h = histogram_new();
    for (uint64_t v = 0; v < 2 * HISTOGRAM_PARTS; v++)
        histogram_add(h, v);
    CHECK_UINT(histogram_percentile(h, 0.0), 0);
    CHECK_UINT(histogram_percentile(h, 100.0), 2 * HISTOGRAM_PARTS - 1);
    for (uint64_t v = 1; v <= 2 * HISTOGRAM_PARTS; v++) {
        double percentile = 100.0 * (double)v / (2.0 * HISTOGRAM_PARTS);
        CHECK_UINT(histogram_percentile(h, percentile), v - 1);
    }
    histogram_free(h);
}

TEST(a_percentile_is_the_sorted_value_within_one_part_in_128)
{
    static const double percentiles[] = { 0.001, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 100 };
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rand r;
        struct values v;
        rand_seed(&r, seed);
        values_init(&v);
        size_t count = 1 + rand_below(&r, VALUES_MAX);
        unsigned bits = 4 + (unsigned)rand_below(&r, 60);
        while (v.count < count)
            values_add(&v, random_value(&r, bits));
        qsort(v.list, v.count, sizeof(v.list[0]), by_size);
        CHECK_UINT(histogram_count(v.h), count);
        for (size_t i = 0; i < COUNT_OF(percentiles); i++) {
            uint64_t rank = (uint64_t)(percentiles[i] / 100.0 * (double)count + 0.5);
            uint64_t exact = v.list[MAX_OF(rank, (uint64_t)1) - 1];
            uint64_t got = histogram_percentile(v.h, percentiles[i]);
            CHECK(got >= exact);
            CHECK(got - exact <= exact / HISTOGRAM_PARTS);
        }
        histogram_free(v.h);
    }
}

TEST(percentile_0_is_the_lower_end_of_the_first_bucket)
{
    struct histogram *h = histogram_new();
    histogram_add(h, 4013);
    CHECK_UINT(histogram_percentile(h, 0.0), 4000);
    CHECK_UINT(histogram_percentile(h, 0.1), 4015);
    CHECK_UINT(histogram_percentile(h, 100.0), 4015);
    histogram_free(h);
}

TEST(the_largest_numbers_have_a_bucket)
{
    struct histogram *h = histogram_new();
    histogram_add(h, UINT64_MAX);
    histogram_add(h, UINT64_C(1) << 63);
    CHECK_UINT(histogram_count(h), 2);
    CHECK_UINT(histogram_percentile(h, 100.0), UINT64_MAX);
    CHECK_UINT(histogram_percentile(h, 50.0), (UINT64_C(1) << 63) + (UINT64_C(1) << 56) - 1);
    histogram_free(h);
}

TEST(steps_count_what_is_not_above_their_ends)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct rand r;
        struct values v;
        struct histogram_step steps[HISTOGRAM_STEPS_MAX];
        rand_seed(&r, seed);
        values_init(&v);
        unsigned bits = 8 + (unsigned)rand_below(&r, 40);
        for (size_t i = 0; i < 500; i++)
            values_add(&v, random_value(&r, bits));
        unsigned count = histogram_steps(v.h, 10, steps);
        CHECK(count > 0);
        CHECK_UINT(steps[count - 1].count, v.count);
        for (unsigned i = 0; i < count; i++) {
            uint64_t below = 0;
            for (size_t k = 0; k < v.count; k++)
                below += v.list[k] <= steps[i].up_to;
            CHECK_UINT(steps[i].count, below);
            CHECK(i == 0 || steps[i].count > steps[i - 1].count);
        }
        histogram_free(v.h);
    }
}

TEST(steps_have_the_peers_ends)
{
    struct histogram *h = histogram_new();
    struct histogram_step steps[HISTOGRAM_STEPS_MAX];
    const uint64_t values[] = { 1000, 1500000, 3000000, 300000000, 600000000 };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        histogram_add(h, values[i]);
    CHECK_UINT(histogram_steps(h, 10, steps), 5);
    const uint64_t micros[] = { 1, 2113, 4227, 541065, 1082130 };
    for (size_t i = 0; i < COUNT_OF(micros); i++) {
        CHECK_UINT(steps[i].up_to / 1000, micros[i]);
        CHECK_UINT(steps[i].count, i + 1);
    }
    histogram_free(h);
}
