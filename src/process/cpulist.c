/* Reading lists of processors. */
#include "process/cpulist.h"

#include <errno.h>
#include <stdbool.h>

#include "base/assert.h"

#define NUMBER_MAX 1000000 /* far above every processor, far below an overflow */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(const char **at, int *ret_number)
{
    if (!is_digit(**at))
        return false;
    int number = 0;
    for (; is_digit(**at); (*at)++)
        if (number < NUMBER_MAX)
            number = number * 10 + (**at - '0');
    *ret_number = number;
    return true;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

/* "3", "5-7" or "0-10:2". */
static bool take_range(const char **at, cpu_set_t *set)
{
    int first, stride = 1;
    if (!take_number(at, &first))
        return false;
    int last = first;
    if (take_char(at, '-')) {
        if (!take_number(at, &last))
            return false;
        if (take_char(at, ':') && !take_number(at, &stride))
            return false;
    }
    if (stride < 1 || last < first)
        return false;
    for (int cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu += stride)
        CPU_SET((size_t)cpu, set);
    return true;
}

int cpulist_parse(const char *text, cpu_set_t *ret_set)
{
    ASSERT(text);
    cpu_set_t set;
    CPU_ZERO(&set);
    do {
        if (!take_range(&text, &set))
            return -EINVAL;
    } while (take_char(&text, ','));
    if (*text || CPU_COUNT(&set) == 0)
        return -EINVAL;
    *ret_set = set;
    return 0;
}

int cpulist_apply(const cpu_set_t *set)
{
    return sched_setaffinity(0, sizeof(*set), set) == 0 ? 0 : -errno;
}

int cpulist_current(cpu_set_t *ret_set)
{
    return sched_getaffinity(0, sizeof(*ret_set), ret_set) == 0 ? 0 : -errno;
}
