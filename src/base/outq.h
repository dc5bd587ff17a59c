/* Output on its way: a queue of spans of reference-counted memory.
 *
 * A reply is written into blocks from a pool; when a block is full, or the reply is handed to the
 * network, its bytes are sealed: they do not change any more. A span names some sealed bytes and
 * holds a reference on the memory that they lie in (a block, a blob, or nothing for constants), so
 * one message can stand in the queues of ten thousand clients and be there once.
 *
 * Whoever takes a span off the queue releases it. Counting is atomic: I/O threads release too. */
#ifndef BASE_OUTQ_H
#define BASE_OUTQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/slice.h"

/* A block's room for bytes, by size: replies start in a small one and continue in large ones. */
enum block_size { BLOCK_SMALL, BLOCK_LARGE };
#define BLOCK_SMALL_BYTES ((size_t)1024)
#define BLOCK_LARGE_BYTES ((size_t)16 * 1024)

struct block {
    _Atomic uint32_t refs;
    uint32_t cap; /* of bytes[] */
    struct block_pool *pool;
    struct block *next_free;
    char bytes[];
};

struct block_pool; /* one a thread that writes replies; blocks may be released on any thread */
struct block_pool *block_pool_new(size_t keep_bytes);
void block_pool_free(struct block_pool *pool); /* every block must have come back */

struct block *block_new(struct block_pool *pool, enum block_size size); /* one reference */
struct block *block_ref(struct block *b);
void block_unref(struct block *b);

enum span_owner { SPAN_CONSTANT, SPAN_BLOCK, SPAN_BLOB };

struct span {
    const char *ptr;
    size_t len;
    void *owner; /* struct block or struct blob */
    enum span_owner kind;
};

void span_release(struct span *span);

/* A queue of spans: empty costs no memory beyond itself. */
struct outq {
    struct span *spans; /* ring or array; NULL while `first` suffices */
    struct span first;
    uint32_t head, count, cap;
    size_t bytes; /* sum of the spans' lengths */
};

void outq_init(struct outq *q);
void outq_done(struct outq *q); /* releases what is queued */

/* Takes over the caller's reference. Bytes that continue the last span of the same block extend it. */
void outq_push(struct outq *q, struct span span);
/* True if the bytes continue the last span of the same block, which takes them in; the caller keeps
 * its reference. */
bool outq_extend(struct outq *q, const struct span *span);
/* Moves all of `from` behind `to`. What fits into the rest of a block that only `to` knows is copied
 * there, so many short replies share a block. */
void outq_take_all(struct outq *to, struct outq *from);

struct span *outq_peek(struct outq *q, uint32_t index); /* NULL beyond the end */
/* The first n bytes have left: releases whole spans, shortens the next. */
void outq_drop(struct outq *q, size_t n);

INLINE bool outq_is_empty(const struct outq *q)
{
    return q->count == 0;
}

/* Memory that the queue alone keeps alive, estimated by the blocks that it references. */
size_t outq_footprint(const struct outq *q);

#endif
