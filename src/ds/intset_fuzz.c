/* Intsets from anywhere: refused, or good for everything. */
#include "tests/unit/fuzz.h"

#include "base/assert.h"
#include "base/mem.h"
#include "ds/intset.h"

#define CHANGES_MAX 40

/* Adds and removes numbers near those of the input. */
static struct intset *change(struct intset *is, const uint8_t *data, size_t len)
{
    static const unsigned shifts[] = { 0, 8, 24, 56 };
    for (size_t i = 0; i < len && i < CHANGES_MAX; i++) {
        uint64_t bits = (uint64_t)(data[i] >> 3) << shifts[data[i] >> 1 & 3];
        int64_t value = data[i] & 0x80 ? (int64_t)(0 - bits) : (int64_t)bits;
        size_t count = intset_count(is);
        bool changed, was = intset_has(is, value), adds = data[i] & 1;
        is = adds ? intset_add(is, value, &changed) : intset_remove(is, value, &changed);
        ASSERT(changed == (was != adds));
        ASSERT(intset_count(is) == count + (changed ? adds ? 1 : (size_t)-1 : 0));
        ASSERT(intset_has(is, value) == adds);
        ASSERT(intset_is_valid(intset_slice(is)));
    }
    return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct intset *is = intset_from_bytes(slice_of(data, len));
    if (!is)
        return 0;
    for (size_t i = 0; i < intset_count(is); i++) {
        ASSERT(intset_has(is, intset_at(is, i)));
        ASSERT(intset_rank(is, intset_at(is, i)) == i);
    }
    is = change(is, data, len);
    intset_free(is);
    return 0;
}
