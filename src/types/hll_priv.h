/* The parts of a HyperLogLog, and the two forms of what is vectorised, for the tests. */
#ifndef TYPES_HLL_PRIV_H
#define TYPES_HLL_PRIV_H

#include <string.h>

#include "types/bits_priv.h"
#include "types/hll.h"

#define HLL_INDEX_BITS 14
#define HLL_HASH_BITS (64 - HLL_INDEX_BITS) /* of which zeros are counted */
#define HLL_PACKED_BYTES (HLL_DENSE_BYTES - HLL_HEADER_BYTES)
#define HLL_HISTOGRAM 64

#define HLL_DENSE 0
#define HLL_SPARSE 1

uint64_t hll_hash(struct slice element);

struct hll_place {
    unsigned index; /* of the register */
    unsigned value;
};
struct hll_place hll_place_of(struct slice element);

/* ---- dense: 6 bits a register ---- */

unsigned hll_packed_get(const unsigned char *packed, unsigned index);
void hll_packed_set(unsigned char *packed, unsigned index, unsigned value);
/* Each register becomes the larger of two. */
void hll_packed_merge(struct hll_registers *into, const unsigned char *packed);
void hll_packed_merge_plain(unsigned char *into, const unsigned char *packed, size_t registers);
void hll_pack(const struct hll_registers *r, unsigned char *packed);
/* How many registers have which value. */
void hll_histogram(const struct hll_registers *r, uint32_t histogram[static HLL_HISTOGRAM]);
uint64_t hll_estimate(const uint32_t histogram[static HLL_HISTOGRAM]);

#if BITS_AVX2
void hll_packed_merge_avx2(unsigned char *into, const unsigned char *packed, size_t registers);
#endif

/* ---- sparse: runs ---- */

#define HLL_RUN_VALUE_MAX 32

/* Walks over runs; they are not trusted. */
struct hll_runs {
    const unsigned char *at, *end;
};

struct hll_run {
    unsigned value; /* 0 to 32 */
    unsigned count;
    unsigned bytes; /* 1 or 2 */
};

/* False at the end, also where the last run is cut. */
MUST_USE bool hll_run_next(struct hll_runs *runs, struct hll_run *ret_run);
/* 0; -EBADMSG if the runs do not make all registers, which are counted up to there. */
MUST_USE int hll_runs_merge(struct hll_registers *into, struct slice runs);
MUST_USE int hll_runs_histogram(struct slice runs, uint32_t histogram[static HLL_HISTOGRAM]);

/* A value that is being changed: header and all. */
struct hll_work {
    unsigned char *bytes;
    size_t len, room;
    bool changed;
};

/* A register becomes at least `place.value`: HLL_RUNS_SAME, HLL_RUNS_SET, HLL_RUNS_FULL (it does not fit: nothing was
 * changed), or -EBADMSG. */
enum { HLL_RUNS_SAME, HLL_RUNS_SET, HLL_RUNS_FULL };
MUST_USE int hll_runs_set(struct hll_work *w, struct hll_place place, int64_t bytes_max);

#endif
