/* Keys of a request, found by the specifications of its row. */
#include <errno.h>

#include "base/num.h"
#include "dispatch/dispatch_priv.h"

/* The argument at which a specification's search begins, 0 if it has none in this request. */
static int spec_begin(const struct command *row, const struct key_spec *spec,
                      const struct slice *argv, int argc)
{
    if (spec->begin == KEYS_INDEX)
        return spec->at < argc ? spec->at : 0;
    if (spec->begin == KEYS_BEGIN_UNKNOWN && row->find_key)
        return row->find_key(spec, argv, argc);
    if (spec->begin != KEYS_KEYWORD)
        return 0;

    bool backward = spec->at < 0;
    int i = backward ? argc + spec->at : spec->at;
    for (; i > 0 && i < argc - 1; i += backward ? -1 : 1)
        if (slice_is(argv[i], spec->keyword))
            return i + 1;
    return 0;
}

/* First, last and step of a specification's keys. 0, or -EINVAL when a count is wrong. */
static int spec_range(const struct command *row, const struct key_spec *spec,
                      const struct slice *argv, int argc, int range[static 3])
{
    int begin = spec_begin(row, spec, argv, argc);
    if (begin == 0) {
        range[0] = 1, range[1] = 0, range[2] = 1;
        return 0;
    }
    if (spec->find == KEYS_FIND_UNKNOWN) {
        range[0] = range[1] = begin, range[2] = 1;
        return 0;
    }
    if (spec->find == KEYS_RANGE) {
        int last = spec->last >= 0 ? begin + spec->last : argc + spec->last;
        if (spec->last == -1 && spec->limit > 1)
            last = begin + (argc - begin) / spec->limit + spec->last;
        range[0] = begin, range[1] = last, range[2] = spec->step;
        return 0;
    }
    int64_t count;
    int at = begin + spec->count_at;
    if (at >= argc || !num_parse_int(argv[at], &count) || count < 0 || count > argc)
        return -EINVAL;
    range[0] = begin + spec->first;
    range[1] = range[0] + (int)(count - 1) * spec->step;
    range[2] = spec->step;
    return 0;
}

int dispatch_keys(const struct command *row, const struct slice *argv, int argc,
                  struct key_ref *ret_keys, int max)
{
    int found = 0;
    for (int i = 0; i < KEY_SPECS_MAX && row->keys[i].begin != KEYS_NONE; i++) {
        const struct key_spec *spec = &row->keys[i];
        int range[3];
        if (spec->flags & KEY_NOT_KEY)
            continue;
        if (spec_range(row, spec, argv, argc, range) < 0)
            return -EINVAL;
        if (range[1] >= argc)
            return -EINVAL;
        bool varies = (spec->flags & KEY_VARIABLE_FLAGS) && row->key_flags;
        uint32_t flags = varies ? row->key_flags(argv, argc) : spec->flags;
        for (int at = range[0]; at <= range[1]; at += range[2], found++)
            if (found < max)
                ret_keys[found] = (struct key_ref){ at, flags };
    }
    return found;
}
