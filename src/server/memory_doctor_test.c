/* Each check of MEMORY DOCTOR speaks when it should, and alone. */
#include "server/memory_doctor.h"

#include "base/buf.h"
#include "tests/unit/check.h"

#define MIB ((uint64_t)1024 * 1024)

/* A process in good health. */
static const struct memory_figures healthy = {
    .used = 1000 * MIB,
    .peak = 1100 * MIB,
    .allocated = 1000 * MIB,
    .active = 1010 * MIB,
    .resident = 1020 * MIB,
    .rss = 1030 * MIB,
    .clients_bytes = 100 * 1024,
    .clients = 10,
};

static bool says(const struct memory_figures *f, const char *words)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    memory_doctor_report(f, &out);
    bool found = strstr(buf_cstr(&out), words) != NULL;
    buf_done(&out);
    return found;
}

static size_t findings(const struct memory_figures *f)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    memory_doctor_report(f, &out);
    size_t count = 0;
    for (size_t i = 0; i < out.len; i++)
        count += out.ptr[i] == '*' && (i == 0 || out.ptr[i - 1] == '\n');
    buf_done(&out);
    return count;
}

TEST(a_healthy_process_has_no_findings)
{
    CHECK(says(&healthy, "Nothing stands out"));
    CHECK_UINT(findings(&healthy), 0);
}

TEST(little_memory_says_nothing)
{
    struct memory_figures f = { .used = 5 * MIB - 1, .peak = 500 * MIB, .rss = 900 * MIB };
    CHECK(says(&f, "Too little memory"));
    CHECK_UINT(findings(&f), 0);
}

TEST(a_peak_far_above_is_told)
{
    struct memory_figures f = healthy;
    f.peak = 1500 * MIB;
    CHECK_UINT(findings(&f), 0);
    f.peak = 1500 * MIB + 1;
    CHECK_UINT(findings(&f), 1);
    CHECK(says(&f, "* Peak:"));
}

TEST(fragmentation_is_told_with_where_it_is)
{
    struct memory_figures f = healthy;
    f.active = 1200 * MIB;
    f.resident = 1200 * MIB;
    f.rss = 1200 * MIB;
    CHECK_UINT(findings(&f), 1);
    CHECK(says(&f, "* Scattered blocks:"));

    f = healthy;
    f.resident = f.rss = 1300 * MIB;
    CHECK_UINT(findings(&f), 1);
    CHECK(says(&f, "* Kept pages:"));

    f = healthy;
    f.rss = 1500 * MIB;
    CHECK_UINT(findings(&f), 2);
    CHECK(says(&f, "* Fragmentation:"));
    CHECK(says(&f, "* Outside the allocator:"));
}

TEST(a_large_share_of_little_is_not_told)
{
    struct memory_figures f = healthy;
    f.used = f.allocated = f.peak = 10 * MIB;
    f.active = f.resident = f.rss = 20 * MIB;
    CHECK_UINT(findings(&f), 0);
}

TEST(clients_that_hold_much_are_told)
{
    struct memory_figures f = healthy;
    f.clients_bytes = 10 * 200 * 1024;
    CHECK_UINT(findings(&f), 0);
    f.clients_bytes = 10 * 201 * 1024;
    CHECK_UINT(findings(&f), 1);
    CHECK(says(&f, "* Clients:"));
    f.clients = 0;
    CHECK_UINT(findings(&f), 0);
}
