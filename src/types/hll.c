/* HyperLogLog: the value as a string, with its header. */
#include "types/hll.h"

#include <errno.h>

#include "base/mem.h"
#include "types/hll_priv.h"
#include "types/string.h"

#define COUNT_AT 8
#define COUNT_BAD UINT8_C(0x80) /* in the count's last byte */

static const unsigned char magic[4] = { 'H', 'Y', 'L', 'L' };

/* Borrowed; a valid one is never kept as a number. */
static struct slice bytes_of(const struct entry *e)
{
    char digits[NUM_INT_MAX_CHARS];
    return string_bytes(e, digits);
}

static const unsigned char *header_of(const struct entry *e)
{
    return (const unsigned char *)bytes_of(e).ptr;
}

static struct slice runs_of(const struct entry *e)
{
    return slice_from(bytes_of(e), HLL_HEADER_BYTES);
}

static const unsigned char *packed_of(const struct entry *e)
{
    return header_of(e) + HLL_HEADER_BYTES;
}

struct entry *hll_new(struct slice key)
{
    /* All registers are one run of zeros. */
    char bytes[HLL_HEADER_BYTES + 2] = { 'H', 'Y', 'L', 'L', HLL_SPARSE };
    bytes[COUNT_AT + 7] = (char)COUNT_BAD;
    bytes[HLL_HEADER_BYTES] = 0x7f;
    bytes[HLL_HEADER_BYTES + 1] = (char)0xff;
    struct entry *e = string_new_text(key, slice_of(bytes, sizeof(bytes)), ENTRY_NO_EXPIRY);
    string_mark_raw(e);
    return e;
}

bool hll_is_valid(const struct entry *e)
{
    char digits[NUM_INT_MAX_CHARS];
    const struct slice bytes = string_bytes(e, digits);
    if (bytes.len < HLL_HEADER_BYTES || memcmp(bytes.ptr, magic, sizeof(magic)) != 0)
        return false;
    return bytes.ptr[4] == HLL_SPARSE ||
           (bytes.ptr[4] == HLL_DENSE && bytes.len == HLL_DENSE_BYTES);
}

bool hll_is_dense(const struct entry *e)
{
    return header_of(e)[4] == HLL_DENSE;
}

/* ---- changes: of a copy, which then becomes the string ---- */

static void work_begin(struct hll_work *w, const struct entry *e)
{
    const struct slice bytes = bytes_of(e);
    *w = (struct hll_work){ .len = bytes.len, .room = bytes.len + 64 };
    w->bytes = mem_alloc(w->room);
    memcpy(w->bytes, bytes.ptr, bytes.len);
}

static struct entry *work_end(struct hll_work *w, struct entry *e)
{
    char *bytes;
    if (!w->changed) {
        string_mark_raw(e);
    } else if (string_len(e) == w->len) {
        e = string_open(e, w->len, &bytes);
        memcpy(bytes, w->bytes, w->len);
    } else {
        e = string_set_text(e, slice_of(w->bytes, w->len));
        string_mark_raw(e);
    }
    mem_free(w->bytes);
    return e;
}

static bool work_is_dense(const struct hll_work *w)
{
    return w->bytes[4] == HLL_DENSE;
}

static int work_make_dense(struct hll_work *w)
{
    struct hll_registers r = { { 0 } };
    if (work_is_dense(w))
        return 0;
    const int error = hll_runs_merge(
        &r, slice_of(w->bytes + HLL_HEADER_BYTES, w->len - HLL_HEADER_BYTES));
    if (error < 0)
        return error;
    unsigned char *bytes = mem_alloc(HLL_DENSE_BYTES);
    memcpy(bytes, w->bytes, HLL_HEADER_BYTES);
    bytes[4] = HLL_DENSE;
    hll_pack(&r, bytes + HLL_HEADER_BYTES);
    mem_free(w->bytes);
    *w = (struct hll_work){ bytes, HLL_DENSE_BYTES, HLL_DENSE_BYTES, true };
    return 0;
}

/* 1 if the register was changed, 0, or -EBADMSG. */
static int work_set(struct hll_work *w, struct hll_place place, int64_t bytes_max)
{
    if (!work_is_dense(w)) {
        const int outcome = hll_runs_set(w, place, bytes_max);
        w->changed |= outcome == HLL_RUNS_SET;
        if (outcome == HLL_RUNS_SET)
            w->bytes[COUNT_AT + 7] |= COUNT_BAD;
        if (outcome != HLL_RUNS_FULL)
            return outcome;
        const int error = work_make_dense(w);
        if (error < 0)
            return error;
    }
    unsigned char *packed = w->bytes + HLL_HEADER_BYTES;
    if (hll_packed_get(packed, place.index) >= place.value)
        return 0;
    hll_packed_set(packed, place.index, place.value);
    w->changed = true;
    return 1;
}

/* Into the string as it stands. */
static struct entry *dense_add(struct entry *e, const struct slice *elements, size_t count,
                               bool *ret_changed)
{
    char *bytes;
    *ret_changed = false;
    e = string_open(e, HLL_DENSE_BYTES, &bytes);
    unsigned char *packed = (unsigned char *)bytes + HLL_HEADER_BYTES;
    for (size_t i = 0; i < count; i++) {
        const struct hll_place place = hll_place_of(elements[i]);
        if (hll_packed_get(packed, place.index) >= place.value)
            continue;
        hll_packed_set(packed, place.index, place.value);
        *ret_changed = true;
    }
    if (*ret_changed)
        bytes[COUNT_AT + 7] = (char)(bytes[COUNT_AT + 7] | COUNT_BAD);
    return e;
}

int hll_add(struct entry **entry, const struct type_env *env, const struct slice *elements,
            size_t count, bool *ret_changed)
{
    if (hll_is_dense(*entry)) {
        *entry = dense_add(*entry, elements, count, ret_changed);
        return 0;
    }
    struct hll_work w;
    int outcome = 0;
    work_begin(&w, *entry);
    for (size_t i = 0; i < count && outcome >= 0; i++)
        outcome = work_set(&w, hll_place_of(elements[i]), env->hll_sparse_bytes);
    if (outcome >= 0 && w.changed)
        w.bytes[COUNT_AT + 7] |= COUNT_BAD;
    *ret_changed = w.changed;
    *entry = work_end(&w, *entry);
    return MIN_OF(outcome, 0);
}

int hll_make_dense(struct entry **entry)
{
    struct hll_work w;
    if (hll_is_dense(*entry))
        return 0;
    work_begin(&w, *entry);
    const int error = work_make_dense(&w);
    *entry = work_end(&w, *entry);
    return error;
}

int hll_store_registers(struct entry **entry, const struct type_env *env,
                        const struct hll_registers *registers)
{
    struct hll_work w;
    int outcome = 0;
    work_begin(&w, *entry);
    for (unsigned i = 0; i < HLL_REGISTERS && outcome >= 0; i++)
        if (registers->values[i])
            outcome = work_set(&w, (struct hll_place){ i, registers->values[i] },
                               env->hll_sparse_bytes);
    if (outcome >= 0) {
        w.bytes[COUNT_AT + 7] |= COUNT_BAD;
        w.changed = true;
    }
    *entry = work_end(&w, *entry);
    return MIN_OF(outcome, 0);
}

/* ---- counts ---- */

int hll_merge(struct hll_registers *into, const struct entry *e)
{
    if (!hll_is_dense(e))
        return hll_runs_merge(into, runs_of(e));
    hll_packed_merge(into, packed_of(e));
    return 0;
}

int hll_count(const struct entry *e, uint64_t *ret_count, bool *ret_stored)
{
    const unsigned char *header = header_of(e);
    *ret_stored = !(header[COUNT_AT + 7] & COUNT_BAD);
    if (*ret_stored) {
        memcpy(ret_count, header + COUNT_AT, sizeof(*ret_count));
        return 0;
    }
    if (hll_is_dense(e)) {
        struct hll_registers r = { { 0 } };
        hll_packed_merge(&r, packed_of(e));
        *ret_count = hll_registers_count(&r);
        return 0;
    }
    uint32_t histogram[HLL_HISTOGRAM] = { 0 };
    const int error = hll_runs_histogram(runs_of(e), histogram);
    if (error == 0)
        *ret_count = hll_estimate(histogram);
    return error;
}

struct entry *hll_store_count(struct entry *e, uint64_t count)
{
    char *bytes;
    e = string_open(e, string_len(e), &bytes);
    memcpy(bytes + COUNT_AT, &count, sizeof(count));
    return e;
}

void hll_print_runs(const struct entry *e, struct buf *out)
{
    const struct slice bytes = runs_of(e);
    struct hll_runs runs = { (const unsigned char *)bytes.ptr,
                             (const unsigned char *)bytes.ptr + bytes.len };
    struct hll_run run;
    while (hll_run_next(&runs, &run)) {
        const char *space = out->len ? " " : "";
        if (run.value)
            buf_printf(out, "%sv:%u,%u", space, run.value, run.count);
        else
            buf_printf(out, "%s%c:%u", space, run.bytes == 2 ? 'Z' : 'z', run.count);
    }
}
