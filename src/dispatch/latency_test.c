/* The latency monitor: which samples stay, and what is said about them. */
#include "dispatch/latency.h"

#include "base/clock.h"
#include "dispatch/dispatch_priv.h"
#include "tests/unit/check.h"

struct fixture {
    struct observe observe;
    uint64_t now_s;
    struct buf text;
};

static uint64_t mono_ns(void *arg)
{
    return ((struct fixture *)arg)->now_s * 1000000000;
}

static uint64_t wall_us(void *arg)
{
    return ((struct fixture *)arg)->now_s * 1000000;
}

static struct latency *fixture(struct fixture *f, int64_t threshold_ms)
{
    const struct clock_source source = { mono_ns, wall_us, f };
    static struct clock_source kept;
    *f = (struct fixture){ .now_s = 1000 };
    kept = source;
    clock_set_source(&kept);
    f->observe.latency.threshold_ms = threshold_ms;
    f->observe.settings.monitor_ms = threshold_ms;
    buf_init(&f->text, BUF_NO_CEILING);
    return &f->observe.latency;
}

static void fixture_done(struct fixture *f)
{
    latency_done(&f->observe.latency);
    buf_done(&f->text);
    clock_set_source(NULL);
}

static const char *report(struct fixture *f)
{
    buf_clear(&f->text);
    latency_report(&f->text, &f->observe);
    return buf_cstr(&f->text);
}

static bool says(struct fixture *f, const char *words)
{
    return strstr(report(f), words) != NULL;
}

TEST(what_is_faster_than_the_threshold_is_not_recorded)
{
    struct fixture f;
    struct latency *l = fixture(&f, 100);
    latency_record(l, "command", 99);
    CHECK_PTR_NULL(latency_find(l, SLICE("command")));
    latency_record(l, "command", 100);
    CHECK_PTR_NOT_NULL(latency_find(l, SLICE("command")));
    CHECK_PTR_NULL(latency_find(l, SLICE("COMMAND")));
    fixture_done(&f);
}

TEST(a_monitor_that_is_off_records_nothing)
{
    struct fixture f;
    struct latency *l = fixture(&f, 0);
    latency_record(l, "command", 1000000);
    CHECK_UINT(l->count, 0);
    fixture_done(&f);
}

TEST(a_second_has_one_sample_the_longest)
{
    struct fixture f;
    struct latency *l = fixture(&f, 1);
    latency_record(l, "fork", 5);
    latency_record(l, "fork", 9);
    latency_record(l, "fork", 7);
    f.now_s++;
    latency_record(l, "fork", 2);
    const struct latency_series *series = latency_find(l, SLICE("fork"));
    CHECK_UINT(series->count, 2);
    CHECK_INT(series->max_ms, 9);
    CHECK_INT(latency_sample_at(series, 0).unix_s, 1000);
    CHECK_INT(latency_sample_at(series, 0).ms, 9);
    CHECK_INT(latency_sample_at(series, 1).unix_s, 1001);
    CHECK_INT(latency_sample_at(series, 1).ms, 2);
    fixture_done(&f);
}

TEST(the_latest_160_samples_stay)
{
    struct fixture f;
    struct latency *l = fixture(&f, 1);
    for (int i = 0; i < 500; i++, f.now_s++)
        latency_record(l, "command", 1000 - i);
    const struct latency_series *series = latency_find(l, SLICE("command"));
    CHECK_UINT(series->count, LATENCY_SAMPLES);
    CHECK_INT(series->max_ms, 1000);
    for (unsigned i = 0; i < LATENCY_SAMPLES; i++) {
        CHECK_INT(latency_sample_at(series, i).unix_s, 1000 + 340 + i);
        CHECK_INT(latency_sample_at(series, i).ms, 1000 - 340 - i);
    }
    fixture_done(&f);
}

TEST(events_are_forgotten_one_by_one_or_all)
{
    struct fixture f;
    struct latency *l = fixture(&f, 1);
    latency_record(l, "a", 1);
    latency_record(l, "b", 2);
    latency_record(l, "c", 3);
    CHECK_UINT(latency_forget(l, SLICE("B")), 1);
    CHECK_UINT(latency_forget(l, SLICE("b")), 0);
    CHECK_UINT(l->count, 2);
    CHECK_STR(l->series[0]->event, "a");
    CHECK_STR(l->series[1]->event, "c");
    latency_forget_all(l);
    CHECK_UINT(l->count, 0);
    latency_record(l, "c", 1);
    CHECK_INT(latency_find(l, SLICE("c"))->max_ms, 1);
    fixture_done(&f);
}

TEST(a_graph_shows_how_long_ago_its_samples_are)
{
    struct fixture f;
    struct latency *l = fixture(&f, 1);
    latency_record(l, "command", 100);
    f.now_s += 86400;
    latency_record(l, "command", 3);
    f.now_s += 7000;
    latency_record(l, "command", 50);
    f.now_s += 150;
    latency_record(l, "command", 3);
    f.now_s += 7;
    latency_graph(&f.text, latency_find(l, SLICE("command")), (int64_t)f.now_s);
    CHECK_STR(buf_cstr(&f.text), "command - high 100 ms, low 3 ms (all time high 100 ms)\n"
                                 "----------------------------------------"
                                 "----------------------------------------\n"
                                 "#   \n"
                                 "|   \n"
                                 "| # \n"
                                 "|_|_\n"
                                 "    \n"
                                 "1127\n"
                                 "dhms\n");
    fixture_done(&f);
}

TEST(a_report_says_whether_the_monitor_is_on)
{
    struct fixture f;
    (void)fixture(&f, 0);
    CHECK(says(&f, "latency-monitor-threshold"));
    fixture_done(&f);
    (void)fixture(&f, 25);
    CHECK_STR(report(&f), "Nothing has taken 25 ms or longer.\n");
    fixture_done(&f);
}

TEST(a_report_counts_and_advises)
{
    struct fixture f;
    struct latency *l = fixture(&f, 1);
    static const int64_t samples[] = { 3, 10, 20, 50, 100 };
    for (size_t i = 0; i < COUNT_OF(samples); i++, f.now_s += 3)
        latency_record(l, "command", samples[i]);
    CHECK(says(&f, "1. command: 5 samples, 36 ms on average (mean deviation 30 ms), the worst "
                   "100 ms, one every 3.0 s.\n"));
    CHECK(says(&f, "SLOWLOG GET"));
    CHECK(!says(&f, "disk"));
    latency_record(l, "aof-fsync-always", 100);
    CHECK(says(&f, "2. aof-fsync-always: 1 samples, 100 ms on average (mean deviation 0 ms), the "
                   "worst 100 ms.\n"));
    CHECK(says(&f, "disk"));
    fixture_done(&f);
}

TEST(a_report_asks_for_a_slow_log_that_shows_these_commands)
{
    struct fixture f;
    struct latency *l = fixture(&f, 5);
    latency_record(l, "command", 7);
    f.observe.settings.log[COMMANDLOG_SLOW].max = 128;
    f.observe.settings.log[COMMANDLOG_SLOW].from = 10000;
    CHECK(says(&f, "takes only what is slower"));
    f.observe.settings.log[COMMANDLOG_SLOW].from = 5000;
    CHECK(!says(&f, "takes only what is slower"));
    CHECK(!says(&f, "slow log is off"));
    f.observe.settings.log[COMMANDLOG_SLOW].from = -1;
    CHECK(says(&f, "slow log is off"));
    fixture_done(&f);
}
