/* Memory: the only place that talks to the allocator.
 *
 * The allocator is jemalloc; sanitised builds use the sanitizer's own, with counters of ours.
 * mem_alloc and its kin never return NULL: they abort with a report. A size that an outsider chose
 * goes through mem_try_alloc, whose caller answers with an error.
 *
 * Accounting: mem_used() is what all threads allocated minus what they freed, from the
 * allocator's per-thread counters, so nothing is counted on the way of an allocation. A thread
 * that allocates calls mem_thread_enter() first and mem_thread_leave() last. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

MUST_USE void *mem_alloc(size_t size);
MUST_USE void *mem_zalloc(size_t size); /* zeroed */
MUST_USE void *mem_alloc_aligned(size_t align, size_t size);
MUST_USE void *mem_realloc(void *ptr, size_t size);
MUST_USE void *mem_try_alloc(size_t size);              /* NULL when there is no memory */
MUST_USE void *mem_try_realloc(void *ptr, size_t size); /* NULL, and ptr stays valid */
MUST_USE char *mem_strdup(const char *str);
void mem_free(void *ptr); /* accepts NULL */

/* Frees a block whose requested size (or mem_size_class of it) the caller knows: cheaper. Not for
 * blocks of mem_alloc_aligned, whose class may differ. */
void mem_free_sized(void *ptr, size_t size);

/* What the functions above do when there is no memory: the process panics. */
NORETURN COLD void mem_out_of_memory(size_t size);

/* The bytes that a block occupies; at least what was asked for. */
size_t mem_block_size(const void *ptr);
/* The block size that a request of `size` bytes would get. */
size_t mem_size_class(size_t size);

void mem_thread_enter(void);
void mem_thread_leave(void);

/* What the allocator and the kernel say, for INFO and MEMORY. Costs a refresh of statistics. */
struct mem_stats {
    uint64_t allocated; /* bytes in blocks, as the allocator counts them */
    uint64_t active;    /* in pages that hold a block */
    uint64_t resident;  /* mapped and touched by the allocator */
    uint64_t retained;
    uint64_t muzzy;
    uint64_t rss; /* of the process */
};
void mem_stats_read(struct mem_stats *ret_stats);

uint64_t mem_used(void);
const char *mem_allocator_name(void); /* "jemalloc-5.3.0" */
/* The allocator's report, in pieces. 0 or -ENOTSUP. */
int mem_print_stats(void (*print)(void *arg, const char *text), void *arg);
int mem_purge(void); /* gives unused pages back; 0 or -ENOTSUP */
/* Whether a thread of the allocator's gives back unused pages in time, also while the process is
 * idle. 0 or -ENOTSUP. */
int mem_set_background_purge(bool on);

/* The allocator's own knobs by their names (mallctl): a number of 8 bytes, or a text. The value so
 * far is returned, a new one (NULL: none) set. 0; -ENOTSUP with an allocator without such; or the
 * allocator's own error. With a new value also a knob that is a bool. */
MUST_USE int mem_knob_number(const char *name, const int64_t *new_value, int64_t *ret_value);
MUST_USE int mem_knob_text(const char *name, const char *new_value, const char **ret_value);

#endif
