/* An arena: memory of one lifetime, given back all at once.
 *
 * What lives as long as a batch of requests (received bytes, argument arrays, scratch of a
 * command) comes from its arena. Blocks are kept across resets up to a limit, so a steady server
 * takes nothing from the allocator. An allocation larger than a block gets one of its own, which is
 * not kept. Marks nest: arena_rewind frees what came after the mark.
 * Invariant: pos and end are multiples of 8 apart from the block's start, pos <= end. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/slice.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_IN_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_IN_ASAN
#endif

/* Free room is forbidden ground for the address sanitizer. */
#ifdef ARENA_IN_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(ptr, len) __asan_poison_memory_region((ptr), (len))
#define ARENA_UNPOISON(ptr, len) __asan_unpoison_memory_region((ptr), (len))
#else
#define ARENA_POISON(ptr, len) ((void)(ptr), (void)(len))
#define ARENA_UNPOISON(ptr, len) ((void)(ptr), (void)(len))
#endif

struct arena_block;

struct arena {
    char *pos, *end; /* free room in the current block */
    struct arena_block *blocks;
    struct arena_block *spare;
    size_t block_size;
    size_t keep_bytes; /* spare blocks kept by a reset */
    size_t spare_bytes;
};

struct arena_mark {
    struct arena_block *block;
    char *pos;
};

/* block_size of at least 64; nothing is allocated yet. */
void arena_init(struct arena *a, size_t block_size, size_t keep_bytes);
void arena_done(struct arena *a); /* gives everything back; the arena is empty and may be used */
void arena_reset(struct arena *a);

COLD void *arena_grow(struct arena *a, size_t size);

/* `size` bytes aligned to 8, never NULL. */
INLINE void *arena_alloc(struct arena *a, size_t size)
{
    ASSERT_DEBUG(size <= PTRDIFF_MAX);
    size = (size + 7) & ~(size_t)7;
    if (UNLIKELY((size_t)(a->end - a->pos) < size))
        return arena_grow(a, size);
    void *p = a->pos;
    a->pos += size;
    ARENA_UNPOISON(p, size);
    return p;
}

/* Reading into the arena: at least `size` contiguous unaligned bytes are free at the returned
 * pointer, *ret_room of them in all; arena_commit takes the first n, rounded up to the alignment.
 * Nothing may be allocated in between. */
char *arena_peek(struct arena *a, size_t size, size_t *ret_room);
void arena_commit(struct arena *a, size_t n);

struct slice arena_copy(struct arena *a, struct slice bytes);

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

/* Bytes held from the allocator, spare ones included. */
size_t arena_footprint(const struct arena *a);

#endif
