/* The allocator's knobs, for DEBUG MALLCTL. */
#include "base/mem.h"

#include <errno.h>

#ifdef TARN_JEMALLOC

#include <jemalloc/jemalloc.h>

int mem_knob_number(const char *name, const int64_t *new_value, int64_t *ret_value)
{
    int64_t before = 0, after = new_value ? *new_value : 0;
    size_t size = sizeof(before);
    void *in = new_value ? &after : NULL;
    int failed = mallctl(name, &before, &size, in, in ? sizeof(after) : 0);
    if (failed == EINVAL && new_value) {
        bool was = false, on = *new_value != 0;
        size = sizeof(was);
        failed = mallctl(name, &was, &size, &on, sizeof(on));
        before = was;
    }
    if (!failed)
        *ret_value = before;
    return -failed;
}

int mem_knob_text(const char *name, const char *new_value, const char **ret_value)
{
    const char *before = NULL;
    size_t size = sizeof(before);
    /* Asked and told in one call, some knobs answer with what they are told. */
    int failed = mallctl(name, &before, &size, NULL, 0);
    if (!failed && new_value)
        failed = mallctl(name, NULL, NULL, &new_value, sizeof(new_value));
    if (!failed)
        *ret_value = before;
    return -failed;
}

#else

int mem_knob_number(const char *name, const int64_t *new_value, int64_t *ret_value)
{
    (void)name;
    (void)new_value;
    (void)ret_value;
    return -ENOTSUP;
}

int mem_knob_text(const char *name, const char *new_value, const char **ret_value)
{
    (void)name;
    (void)new_value;
    (void)ret_value;
    return -ENOTSUP;
}

#endif
