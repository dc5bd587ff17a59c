/* HyperLogLog: how many different elements there were, nearly, in a string of at most 12 KiB.
 *
 *   offset  size  what
 *   0       4     "HYLL"
 *   4       1     0: dense, 1: sparse
 *   5       3     zeros
 *   8       8     the count as last computed, little-endian; top bit set: to be computed anew
 *   16            dense: 16384 registers of 6 bits, low bits first; sparse: runs of registers
 *
 *   run                   registers
 *   00nnnnnn              n + 1 of value 0
 *   01nnnnnn nnnnnnnn     n + 1 of value 0, high bits first
 *   1vvvvvnn              n + 1 of value v + 1
 *
 * An element's hash (MurmurHash64A) names a register by its low 14 bits; the register keeps the longest run of zeros
 * seen in the other 50, plus one. The count follows from how many registers have which value, by the
 * improved estimator of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017).
 *
 * The bytes are the peers', and so is when a sparse one becomes dense (`hll-sparse-max-bytes`, or a register over
 * 32). They may come from outside by SET: a value that hll_is_valid accepts may still hold runs that do not make
 * 16384 registers, which shows as -EBADMSG where it matters. Nothing is read beyond the value's length. */
#ifndef TYPES_HLL_H
#define TYPES_HLL_H

#include "base/buf.h"
#include "base/slice.h"
#include "types/entry.h"
#include "types/env.h"

#define HLL_REGISTERS 16384
#define HLL_HEADER_BYTES 16
#define HLL_DENSE_BYTES (HLL_HEADER_BYTES + HLL_REGISTERS * 6 / 8)

/* Registers, a byte each. */
struct hll_registers {
    unsigned char values[HLL_REGISTERS];
};

/* A new string, sparse, without elements. */
MUST_USE struct entry *hll_new(struct slice key);
/* Whether a string has the form of one: header, and the length of a dense one. */
bool hll_is_valid(const struct entry *e);
/* Of a valid one, as all of the following. */
bool hll_is_dense(const struct entry *e);

/* Adds elements; `*entry` may move also on failure, which leaves the elements before it added.
 * *ret_changed: a register was. 0 or -EBADMSG. */
MUST_USE int hll_add(struct entry **entry, const struct type_env *env, const struct slice *elements,
                     size_t count, bool *ret_changed);
/* The count: the one that was stored, if it is good (*ret_stored), or computed. 0 or -EBADMSG. */
MUST_USE int hll_count(const struct entry *e, uint64_t *ret_count, bool *ret_stored);
/* Stores a count in the header. */
MUST_USE struct entry *hll_store_count(struct entry *e, uint64_t count);
/* 0, also if it was dense; or -EBADMSG. */
MUST_USE int hll_make_dense(struct entry **entry);

/* Each register becomes the larger of two. 0; or -EBADMSG, with the registers in between. */
MUST_USE int hll_merge(struct hll_registers *into, const struct entry *e);
/* Each register of `*entry` becomes the larger of two; the stored count is bad then. 0 or -EBADMSG. */
MUST_USE int hll_store_registers(struct entry **entry, const struct type_env *env,
                                 const struct hll_registers *registers);

void hll_registers_add(struct hll_registers *r, struct slice element);
uint64_t hll_registers_count(const struct hll_registers *r);

/* The runs of a sparse one in words: "Z:14932 v:3,1 z:9". */
void hll_print_runs(const struct entry *e, struct buf *out);

#endif
