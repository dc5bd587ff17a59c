#include "base/clock.h"

#include <pthread.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock_priv.h"
#include "base/rand.h"
#include "tests/unit/check.h"

/* A virtual clock ---------------------------------------------------------------------------- */

struct virtual_time {
    uint64_t mono_ns, wall_us;
};

static uint64_t virtual_mono(void *arg)
{
    return ((struct virtual_time *)arg)->mono_ns;
}

static uint64_t virtual_wall(void *arg)
{
    return ((struct virtual_time *)arg)->wall_us;
}

TEST(a_virtual_clock_replaces_both)
{
    struct virtual_time now = { 5000, 1700000000123456 };
    struct clock_source source = { virtual_mono, virtual_wall, &now };
    clock_set_source(&source);
    CHECK_UINT(clock_mono_ns(), 5000);
    CHECK_UINT(clock_wall_us(), 1700000000123456);
    CHECK_INT(clock_wall_ms(), 1700000000123);
    now.mono_ns += 7;
    CHECK_UINT(clock_mono_ns(), 5007);
    CHECK(clock_thread_cpu_ns() != 5007);
    clock_set_source(NULL);
    CHECK(clock_wall_us() > 1700000000123456); /* that was in 2023 */
    CHECK(clock_mono_ns() != 5007);
}

TEST(a_source_must_be_whole)
{
    struct clock_source source = { virtual_mono, NULL, NULL };
    CHECK_ABORTS(clock_set_source(&source));
}

/* The machine's clocks ----------------------------------------------------------------------- */

static void *read_clock(void *arg)
{
    uint64_t last = 0;
    (void)arg;
    for (int i = 0; i < 300000; i++) {
        uint64_t now = clock_mono_ns();
        if (now < last)
            return (void *)1;
        last = now;
    }
    return NULL;
}

TEST(time_never_steps_back_on_any_thread)
{
    pthread_t threads[3];
    CHECK_PTR_NULL(read_clock(NULL));
    clock_init();
    CHECK(strncmp(clock_mono_name(), "POSIX", 5) == 0 || strstr(clock_mono_name(), "ticks/us"));
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, read_clock, NULL), 0);
    for (int i = 0; i < 3; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        CHECK_PTR_NULL(failed);
    }
}

TEST(cpu_time_passes_while_working)
{
    uint64_t before = clock_thread_cpu_ns();
    while (clock_thread_cpu_ns() < before + 1000000)
        continue;
    CHECK(clock_thread_cpu_ns() > before);
}

/* The line under a simulated counter ----------------------------------------------------------- */

#define TICKS_PER_S 2500000000ULL

/* A machine whose counter runs `ppm` faster than the clock says. */
static uint64_t counter_at(uint64_t ns, double ppm)
{
    return (uint64_t)((double)ns * 2.5 * (1 + ppm * 1e-6)) + 1000000;
}

static struct clock_pair pair_at(uint64_t ns, double ppm)
{
    return (struct clock_pair){ counter_at(ns, ppm), ns };
}

static uint64_t exact_slope(void)
{
    return clock_slope_between(pair_at(0, 0), pair_at(NS_PER_S, 0));
}

/* What the line tells, as clock_mono_ns does it. */
static uint64_t tell(const struct clock_line *l, uint64_t counter)
{
    CHECK(counter - l->base_counter < l->limit);
    return l->base_ns + clock_line_ns(l, counter - l->base_counter);
}

TEST(a_slope_is_measured_or_refused)
{
    uint64_t slope = exact_slope();
    struct clock_line l;
    clock_line_start(&l, pair_at(0, 0), slope);
    CHECK(clock_line_ns(&l, TICKS_PER_S) - NS_PER_S + 2 <= 4);
    CHECK_UINT(clock_slope_between(pair_at(5, 0), pair_at(5, 0)), 0);
    CHECK_UINT(clock_slope_between(pair_at(9, 0), pair_at(5, 0)), 0);
    /* A counter that stands nearly still, and one that races. */
    CHECK_UINT(clock_slope_between((struct clock_pair){ 1, 0 }, (struct clock_pair){ 2, NS_PER_S }),
               0);
    CHECK_UINT(clock_slope_between((struct clock_pair){ 0, 0 },
                                   (struct clock_pair){ UINT64_MAX, NS_PER_S }),
               0);
}

/* An hour of turning at random moments; the error against the clock stays small and no reading is
 * before the last one. */
static void check_drift(double ppm, double calibration_ppm)
{
    struct clock_line l;
    struct rand r;
    uint64_t last = 0;
    uint64_t ns = NS_PER_S;
    rand_seed(&r, 15);
    uint64_t slope = (uint64_t)((double)exact_slope() * (1 + calibration_ppm * 1e-6));
    clock_line_start(&l, pair_at(ns, ppm), slope);
    for (int step = 0; step < 36000; step++) {
        ns += rand_below(&r, NS_PER_S / 5);
        uint64_t counter = counter_at(ns, ppm);
        if (counter - l.base_counter >= l.limit)
            CHECK(clock_line_turn(&l, pair_at(ns, ppm)));
        uint64_t told = tell(&l, counter);
        CHECK(told >= last);
        last = told;
        uint64_t off = told > ns ? told - ns : ns - told;
        CHECK(off < 100000); /* a calibration of 80 ppm is wrong by 80 us in the first second */
        if (step > 100)
            CHECK(off < 5000);
    }
}

TEST(a_line_follows_the_clock)
{
    check_drift(0, 0);
    check_drift(0, 80);
    check_drift(0, -80);
    check_drift(400, -380);
    check_drift(-400, 460);
}

TEST(a_line_that_is_ahead_slows_down_and_does_not_step_back)
{
    struct clock_line l;
    clock_line_start(&l, pair_at(0, 0), exact_slope() + exact_slope() / 20000); /* 50 ppm fast */
    uint64_t ns = NS_PER_S - 40000; /* the line has told nearly a whole second */
    uint64_t before = clock_line_floor(&l, counter_at(ns, 0));
    CHECK(before > ns + 30000);
    CHECK(clock_line_turn(&l, pair_at(ns, 0)));
    CHECK(l.base_ns >= before);
    CHECK(l.slope < exact_slope());
    uint64_t end = tell(&l, counter_at(ns + NS_PER_S - 1000000, 0));
    CHECK(end + 1000000 - (ns + NS_PER_S) + 1000 <= 2000); /* they meet again */
}

TEST(a_long_sleep_leaves_no_trace)
{
    struct clock_line l;
    uint64_t slope = exact_slope() + exact_slope() / 20000;
    clock_line_start(&l, pair_at(0, 0), slope);
    CHECK(clock_line_turn(&l, pair_at(3600 * NS_PER_S, 0)));
    CHECK_UINT(l.base_ns, 3600 * NS_PER_S);
}

TEST(a_broken_counter_is_found_out)
{
    struct clock_line l;
    struct clock_line before;
    clock_line_start(&l, pair_at(NS_PER_S, 0), exact_slope());
    before = l;
    /* It went back, stood still, jumped, or runs at another rate now. */
    CHECK(!clock_line_turn(&l, (struct clock_pair){ 5, 2 * NS_PER_S }));
    CHECK(!clock_line_turn(&l, (struct clock_pair){ l.base_counter, 2 * NS_PER_S }));
    CHECK(!clock_line_turn(&l, pair_at(2 * NS_PER_S, 5000)));
    CHECK(!clock_line_turn(&l, (struct clock_pair){ counter_at(100 * NS_PER_S, 0), 2 * NS_PER_S }));
    CHECK(memcmp(&l, &before, sizeof(l)) == 0);
    /* The most that was told before is bounded, even if the counter is wild. */
    CHECK(clock_line_floor(&l, 5) <= 2 * NS_PER_S + 10);
}
