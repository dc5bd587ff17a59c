/* Strings that clients set, used as HyperLogLogs: whatever their runs are, nothing is read or written beside
 * them, and what counts as valid stays so. */
#include <errno.h>

#include "base/assert.h"
#include "tests/unit/fuzz.h"
#include "types/hll.h"
#include "types/hll_priv.h"
#include "types/string.h"

static void check_whole(struct entry *e)
{
    struct hll_registers r = { { 0 } }, again = { { 0 } };
    uint64_t count;
    bool stored;
    ASSERT(hll_merge(&r, e) == 0);
    ASSERT(hll_count(e, &count, &stored) == 0);
    ASSERT(hll_make_dense(&e) == 0);
    ASSERT(hll_merge(&again, e) == 0);
    ASSERT(memcmp(&r, &again, sizeof(r)) == 0);
    entry_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct type_env env = { .hll_sparse_bytes = size > 5 ? data[5] * 16 : 0 };
    struct entry *e = string_new_text(SLICE("k"), slice_of(data, size), ENTRY_NO_EXPIRY);
    struct hll_registers r = { { 0 } };
    struct buf out;
    bool changed;
    if (!hll_is_valid(e)) {
        entry_free(e);
        return 0;
    }
    const bool is_whole = hll_merge(&r, e) == 0;
    if (!hll_is_dense(e)) {
        buf_init(&out, BUF_NO_CEILING);
        hll_print_runs(e, &out);
        buf_done(&out);
    }
    for (uint64_t i = 0; i < 64; i++) {
        const uint64_t number = i * 0x9e3779b97f4a7c15;
        const struct slice element = slice_of(&number, sizeof(number));
        const int error = hll_add(&e, &env, &element, 1, &changed);
        ASSERT(error == 0 || (error == -EBADMSG && !is_whole));
        ASSERT(hll_is_valid(e));
        hll_registers_add(&r, element);
    }
    if (!is_whole) {
        entry_free(e);
        return 0;
    }
    ASSERT(hll_store_registers(&e, &env, &r) == 0);
    check_whole(e);
    return 0;
}
