/* Blocks of an arena: a list of those in use, newest first, and a list of spare ones.
 *
 * All blocks have the arena's block size but those made for one large piece, which are never kept.
 * Free room is poisoned for the address sanitizer, so that a slice that outlives its batch is found
 * although its block is not given back. */
#include "base/arena.h"

#include "base/mem.h"

struct arena_block {
    struct arena_block *next;
    size_t size; /* of `bytes` */
    char bytes[];
};

static_assert(sizeof(struct arena_block) % 8 == 0, "pieces are aligned to 8");

#define BLOCK_SIZE_MIN ((size_t)64)

static size_t block_bytes(const struct arena_block *block)
{
    return sizeof(*block) + block->size;
}

static void use_block(struct arena *a, struct arena_block *block, char *pos)
{
    a->pos = pos;
    a->end = block->bytes + block->size;
    ARENA_POISON(a->pos, (size_t)(a->end - a->pos));
}

/* Before the first block: no room, and a pointer that is not NULL for pieces of no bytes. */
static void use_nothing(struct arena *a)
{
    a->pos = a->end = (char *)a;
}

static void free_block(struct arena_block *block)
{
    ARENA_UNPOISON(block->bytes, block->size);
    mem_free_sized(block, block_bytes(block));
}

static void free_list(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free_block(block);
        block = next;
    }
}

void arena_init(struct arena *a, size_t block_size, size_t keep_bytes)
{
    ASSERT(a);
    ASSERT(block_size >= BLOCK_SIZE_MIN);
    ASSERT(block_size <= PTRDIFF_MAX);
    *a = (struct arena){ .block_size = block_size & ~(size_t)7, .keep_bytes = keep_bytes };
    use_nothing(a);
}

void arena_done(struct arena *a)
{
    ASSERT(a);
    free_list(a->blocks);
    free_list(a->spare);
    *a = (struct arena){ .block_size = a->block_size, .keep_bytes = a->keep_bytes };
    use_nothing(a);
}

/* Takes a block out of use: to the spare ones if there is place among them. */
static void retire_block(struct arena *a, struct arena_block *block)
{
    bool regular = block->size == a->block_size;
    if (!regular || a->spare_bytes + block_bytes(block) > a->keep_bytes) {
        free_block(block);
        return;
    }
    ARENA_POISON(block->bytes, block->size);
    block->next = a->spare;
    a->spare = block;
    a->spare_bytes += block_bytes(block);
}

void arena_reset(struct arena *a)
{
    ASSERT(a);
    struct arena_block *block = a->blocks;
    /* The usual batch fits into one block, which then just starts anew. */
    if (block && !block->next && block->size == a->block_size &&
        a->spare_bytes + block_bytes(block) <= a->keep_bytes) {
        use_block(a, block, block->bytes);
        return;
    }
    arena_rewind(a, (struct arena_mark){ NULL, NULL });
}

void *arena_grow(struct arena *a, size_t size)
{
    ASSERT(a);
    ASSERT(size <= PTRDIFF_MAX);
    size = (size + 7) & ~(size_t)7;
    struct arena_block *block = a->spare;
    if (block && size <= a->block_size) {
        a->spare = block->next;
        a->spare_bytes -= block_bytes(block);
    } else {
        size_t room = MAX_OF(size, a->block_size);
        block = mem_alloc(sizeof(*block) + room);
        block->size = room;
    }
    block->next = a->blocks;
    a->blocks = block;
    use_block(a, block, block->bytes + size);
    ARENA_UNPOISON(block->bytes, size);
    return block->bytes;
}

char *arena_peek(struct arena *a, size_t size, size_t *ret_room)
{
    ASSERT(a);
    ASSERT(ret_room);
    if ((size_t)(a->end - a->pos) < size) {
        a->pos = arena_grow(a, size);
    }
    *ret_room = (size_t)(a->end - a->pos);
    ARENA_UNPOISON(a->pos, *ret_room);
    return a->pos;
}

void arena_commit(struct arena *a, size_t n)
{
    ASSERT(a);
    ASSERT(n <= (size_t)(a->end - a->pos));
    /* Blocks are a multiple of 8 long, so rounding up never leads past the end. */
    a->pos += (n + 7) & ~(size_t)7;
    ARENA_POISON(a->pos, (size_t)(a->end - a->pos));
}

struct slice arena_copy(struct arena *a, struct slice bytes)
{
    char *copy = arena_alloc(a, bytes.len);
    if (bytes.len)
        memcpy(copy, bytes.ptr, bytes.len);
    return slice_of(copy, bytes.len);
}

struct arena_mark arena_mark(const struct arena *a)
{
    ASSERT(a);
    return (struct arena_mark){ a->blocks, a->pos };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    ASSERT(a);
    while (a->blocks != mark.block) {
        struct arena_block *block = a->blocks;
        ASSERT(block); /* a mark of another arena, or one that was rewound past */
        a->blocks = block->next;
        retire_block(a, block);
    }
    if (!mark.block) {
        use_nothing(a);
        return;
    }
    ASSERT(mark.pos >= mark.block->bytes);
    ASSERT(mark.pos <= mark.block->bytes + mark.block->size);
    use_block(a, mark.block, mark.pos);
}

size_t arena_footprint(const struct arena *a)
{
    ASSERT(a);
    size_t sum = a->spare_bytes;
    for (const struct arena_block *block = a->blocks; block; block = block->next)
        sum += block_bytes(block);
    return sum;
}
