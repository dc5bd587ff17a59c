#include "process/cpulist.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

/* The numbers of the set, or "refused". */
static const char *parsed(const char *text)
{
    static char out[4096];
    cpu_set_t set;
    out[0] = '\0';
    if (cpulist_parse(text, &set) < 0)
        return "refused";
    size_t len = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set))
            len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%zu", len ? " " : "", cpu);
    return out;
}

TEST(single_numbers_ranges_and_strides_add_up)
{
    CHECK_STR(parsed("0"), "0");
    CHECK_STR(parsed("0,2,3"), "0 2 3");
    CHECK_STR(parsed("5-7"), "5 6 7");
    CHECK_STR(parsed("0,2,5-7:2"), "0 2 5 7");
    CHECK_STR(parsed("0-10:3,1"), "0 1 3 6 9");
    CHECK_STR(parsed("3-3"), "3");
}

TEST(what_is_no_list_is_refused)
{
    static const char *const wrong[] = { "",      "x",   "1,",  ",1",    "1-",    "-1",
                                         "3-1",   "1:2", "1 2", "1-4:0", "1-4:",  "1,,2",
                                         "1-2-3", "1x",  " 1",  "1 ",    "0-1;2", "1-4:2x" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        CHECK_STR(parsed(wrong[i]), "refused");
}

TEST(numbers_beyond_all_processors_are_left_out)
{
    CHECK_STR(parsed("1,99999999999999999999"), "1");
    CHECK_STR(parsed("1022-5000"), "1022 1023");
    CHECK_STR(parsed("5000"), "refused");
}

TEST(a_refused_list_leaves_the_output)
{
    cpu_set_t set, before;
    CHECK_INT(cpulist_parse("1", &set), 0);
    before = set;
    CHECK_INT(cpulist_parse("2,x", &set), -EINVAL);
    CHECK(CPU_EQUAL(&set, &before));
}

TEST(the_thread_runs_where_the_list_says)
{
    cpu_set_t before, now, one;
    CHECK_INT(cpulist_current(&before), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    CHECK_INT(cpulist_apply(&one), 0);
    CHECK_INT(cpulist_current(&now), 0);
    CHECK(CPU_EQUAL(&now, &one));
    CHECK_INT(cpulist_apply(&before), 0);
}
