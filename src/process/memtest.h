/* A fast test of the memory that the process uses, for crash reports.
 *
 * Block by block the contents are kept aside, patterns are written, pushed out of the caches and read
 * back, and the contents restored. What is wrong is tried again, since the kernel may have written
 * there for an operation that was under way. It finds memory that is broken for good; memory that
 * passes may still fail now and then. */
#ifndef PROCESS_MEMTEST_H
#define PROCESS_MEMTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define MEMTEST_BLOCK_BYTES ((size_t)64 * 1024)

struct memtest {
    uint64_t *backup; /* of one block */
    /* Called between writing and reading, for tests: a memory that forgets. May be NULL. */
    void (*meddle)(void *arg, uint64_t *words, size_t count);
    void *arg;
};

/* Tests `count` words, at most a block; how many words were wrong. The contents are kept. */
size_t memtest_words(const struct memtest *t, uint64_t *words, size_t count);

struct memtest_result {
    size_t regions, bytes; /* tested */
    size_t wrong;          /* words */
    uintptr_t first_wrong; /* where they begin: a block's address */
    bool ended_early;      /* time was up */
};

/* Tests what the process may write and the kernel has in memory; at most for `seconds`. `began` is
 * told each region. What the calling thread stands on is left out: its stack, its own block, the
 * mapping of `t->backup`. Nobody else may run: other threads stand still. -ENOTSUP in builds whose
 * sanitizer keeps notes in memory; -errno if the kernel does not say what there is. */
MUST_USE int memtest_process(const struct memtest *t, int seconds,
                             void (*began)(uintptr_t start, size_t bytes),
                             struct memtest_result *ret_result);

/* One line of /proc/self/maps. False if it is not one, or not of memory to be tested. */
bool memtest_parse_region(const char *line, uintptr_t *ret_start, uintptr_t *ret_end);

#endif
