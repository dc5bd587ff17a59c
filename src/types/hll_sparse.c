/* HyperLogLog: registers as runs. How runs are split, and which are joined again, is as the peers do
 * it, so that the bytes are equal. */
#include <errno.h>

#include "base/mem.h"
#include "types/hll_priv.h"

#define ZEROS_SHORT_MAX 64 /* registers in a run of one byte */
#define VALUES_MAX 4
#define BAD (-EBADMSG)
/* After a change so many runs are looked at, from the one before it on. */
#define JOIN_RUNS 5

bool hll_run_next(struct hll_runs *runs, struct hll_run *ret_run)
{
    if (runs->at >= runs->end)
        return false;
    const unsigned first = runs->at[0];
    if (first & 0x80) {
        *ret_run = (struct hll_run){ (first >> 2 & 31) + 1, (first & 3) + 1, 1 };
    } else if (first & 0x40) {
        if (runs->end - runs->at < 2)
            return false;
        *ret_run = (struct hll_run){ 0, ((first & 63) << 8 | runs->at[1]) + 1, 2 };
    } else {
        *ret_run = (struct hll_run){ 0, (first & 63) + 1, 1 };
    }
    runs->at += ret_run->bytes;
    return true;
}

int hll_runs_merge(struct hll_registers *into, struct slice bytes)
{
    struct hll_runs runs = { (const unsigned char *)bytes.ptr,
                             (const unsigned char *)bytes.ptr + bytes.len };
    struct hll_run run;
    unsigned index = 0;
    while (hll_run_next(&runs, &run)) {
        if (run.count > HLL_REGISTERS - index)
            return BAD;
        for (unsigned i = index; run.value && i < index + run.count; i++)
            into->values[i] = (unsigned char)MAX_OF(into->values[i], run.value);
        index += run.count;
    }
    return index == HLL_REGISTERS && runs.at == runs.end ? 0 : BAD;
}

int hll_runs_histogram(struct slice bytes, uint32_t histogram[static HLL_HISTOGRAM])
{
    struct hll_runs runs = { (const unsigned char *)bytes.ptr,
                             (const unsigned char *)bytes.ptr + bytes.len };
    struct hll_run run;
    unsigned index = 0;
    while (hll_run_next(&runs, &run)) {
        if (run.count > HLL_REGISTERS - index)
            return BAD;
        histogram[run.value] += run.count;
        index += run.count;
    }
    return index == HLL_REGISTERS && runs.at == runs.end ? 0 : BAD;
}

static size_t put_zeros(unsigned char *out, unsigned count)
{
    if (count == 0)
        return 0;
    if (count <= ZEROS_SHORT_MAX) {
        out[0] = (unsigned char)(count - 1);
        return 1;
    }
    out[0] = (unsigned char)(0x40 | (count - 1) >> 8);
    out[1] = (unsigned char)(count - 1);
    return 2;
}

static size_t put_values(unsigned char *out, unsigned value, unsigned count)
{
    if (count == 0)
        return 0;
    out[0] = (unsigned char)(0x80 | (value - 1) << 2 | (count - 1));
    return 1;
}

static size_t put_run(unsigned char *out, unsigned value, unsigned count)
{
    return value ? put_values(out, value, count) : put_zeros(out, count);
}

static bool is_values(const unsigned char *run)
{
    return *run & 0x80;
}

/* Joins neighbours of one value where they fit one run. */
static void join(struct hll_work *w, size_t at)
{
    for (int scanned = 0; scanned < JOIN_RUNS && at < w->len; scanned++) {
        unsigned char *run = w->bytes + at;
        if (!is_values(run)) {
            at += *run & 0x40 ? 2 : 1;
            continue;
        }
        if (at + 1 < w->len && is_values(run + 1) && ((run[0] ^ run[1]) & 0x7c) == 0) {
            const unsigned count = (run[0] & 3U) + 1 + (run[1] & 3U) + 1;
            if (count <= VALUES_MAX) {
                run[1] = (unsigned char)((run[1] & 0xfc) | (count - 1));
                memmove(run, run + 1, w->len - at - 1);
                w->len--;
                continue; /* perhaps the next one joins, too */
            }
        }
        at++;
    }
}

/* The run that covers a register. */
struct covering {
    size_t at, before; /* where it stands, and the one before it */
    unsigned first;    /* its first register */
    struct hll_run run;
};

static bool find_run(const struct hll_work *w, unsigned index, struct covering *ret)
{
    struct hll_runs runs = { w->bytes + HLL_HEADER_BYTES, w->bytes + w->len };
    struct covering c = { .at = HLL_HEADER_BYTES, .before = HLL_HEADER_BYTES };
    size_t next = HLL_HEADER_BYTES;
    while (hll_run_next(&runs, &c.run)) {
        c.at = next;
        if (index < c.first + c.run.count) {
            *ret = c;
            return true;
        }
        c.before = c.at;
        c.first += c.run.count;
        next += c.run.bytes;
    }
    return false;
}

static void make_room(struct hll_work *w, size_t len)
{
    if (len <= w->room)
        return;
    w->room = len + len / 2;
    w->bytes = mem_realloc(w->bytes, w->room);
}

/* The run at `at` gives way to others. */
static void replace_run(struct hll_work *w, const struct covering *c, const unsigned char *runs,
                        size_t len)
{
    make_room(w, w->len + len);
    const size_t behind = c->at + c->run.bytes;
    memmove(w->bytes + c->at + len, w->bytes + behind, w->len - behind);
    memcpy(w->bytes + c->at, runs, len);
    w->len += len - c->run.bytes;
}

int hll_runs_set(struct hll_work *w, struct hll_place place, int64_t bytes_max)
{
    struct covering c;
    if (place.value > HLL_RUN_VALUE_MAX)
        return HLL_RUNS_FULL;
    if (!find_run(w, place.index, &c))
        return BAD;
    if (c.run.value >= place.value)
        return HLL_RUNS_SAME;

    unsigned char runs[5];
    size_t len = 0;
    const unsigned last = c.first + c.run.count - 1;
    if (c.run.count == 1 && c.run.bytes == 1) {
        len = put_values(runs, place.value, 1);
    } else {
        len += put_run(runs, c.run.value, place.index - c.first);
        len += put_values(runs + len, place.value, 1);
        len += put_run(runs + len, c.run.value, last - place.index);
        if (len > c.run.bytes && (int64_t)(w->len + len - c.run.bytes) > bytes_max)
            return HLL_RUNS_FULL;
    }
    replace_run(w, &c, runs, len);
    join(w, c.before);
    return HLL_RUNS_SET;
}
