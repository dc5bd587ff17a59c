/* Reply blocks and the queue of spans. */
#include "base/outq.h"

#include <pthread.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define RING_MIN 4

/* Blocks that nobody uses, by size, for the thread that made the pool. What other threads release
 * comes back through `returned` and is sorted in when the pool runs dry. */
struct block_pool {
    struct block *free[2];
    size_t free_bytes, keep_bytes;
    size_t lent; /* blocks that are out, or on the way back */
    pthread_t owner;
    _Atomic(struct block *) returned;
};

static const size_t block_room[] = {
    [BLOCK_SMALL] = BLOCK_SMALL_BYTES,
    [BLOCK_LARGE] = BLOCK_LARGE_BYTES,
};

/* The whole of what the allocator would hand out anyway. */
static size_t block_bytes(enum block_size size)
{
    return mem_size_class(sizeof(struct block) + block_room[size]);
}

struct block_pool *block_pool_new(size_t keep_bytes)
{
    struct block_pool *pool = mem_zalloc(sizeof(*pool));
    pool->keep_bytes = keep_bytes;
    pool->owner = pthread_self();
    return pool;
}

static enum block_size block_size_of(const struct block *b)
{
    return b->cap < BLOCK_LARGE_BYTES ? BLOCK_SMALL : BLOCK_LARGE;
}

static void pool_put(struct block_pool *pool, struct block *b)
{
    ASSERT_DEBUG(pool->lent > 0);
    pool->lent--;
    size_t bytes = sizeof(*b) + b->cap;
    if (pool->free_bytes + bytes > pool->keep_bytes) {
        mem_free_sized(b, bytes);
        return;
    }
    enum block_size size = block_size_of(b);
    b->next_free = pool->free[size];
    pool->free[size] = b;
    pool->free_bytes += bytes;
}

static void pool_collect(struct block_pool *pool)
{
    if (!atomic_load_explicit(&pool->returned, memory_order_relaxed))
        return;
    struct block *b = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    while (b) {
        struct block *next = b->next_free;
        pool_put(pool, b);
        b = next;
    }
}

void block_pool_free(struct block_pool *pool)
{
    pool_collect(pool);
    ASSERT(pool->lent == 0);
    for (size_t size = 0; size < COUNT_OF(pool->free); size++) {
        while (pool->free[size]) {
            struct block *b = pool->free[size];
            pool->free[size] = b->next_free;
            mem_free_sized(b, sizeof(*b) + b->cap);
        }
    }
    mem_free(pool);
}

struct block *block_new(struct block_pool *pool, enum block_size size)
{
    ASSERT_DEBUG(pthread_equal(pool->owner, pthread_self()));
    if (!pool->free[size])
        pool_collect(pool);
    struct block *b = pool->free[size];
    if (b) {
        pool->free[size] = b->next_free;
        pool->free_bytes -= sizeof(*b) + b->cap;
    } else {
        size_t bytes = block_bytes(size);
        b = mem_alloc(bytes);
        b->cap = (uint32_t)(bytes - sizeof(*b));
        b->pool = pool;
    }
    pool->lent++;
    atomic_store_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

struct block *block_ref(struct block *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void block_unref(struct block *b)
{
    /* The only holder needs no locked instruction: nobody is left to race with. */
    uint32_t refs = atomic_load_explicit(&b->refs, memory_order_acquire);
    ASSERT_DEBUG(refs > 0);
    if (refs != 1 && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct block_pool *pool = b->pool;
    if (LIKELY(pthread_equal(pool->owner, pthread_self()))) {
        pool_put(pool, b);
        return;
    }
    b->next_free = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->returned, &b->next_free, b,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

void span_release(struct span *span)
{
    switch (span->kind) {
    case SPAN_BLOCK:
        block_unref(span->owner);
        break;
    case SPAN_BLOB:
        blob_unref(span->owner);
        break;
    case SPAN_CONSTANT:
        break;
    }
    *span = (struct span){ .kind = SPAN_CONSTANT };
}

/* -- queue: `first` holds the only span, a ring of a power of two holds more ------------------ */

static struct span *span_at(struct outq *q, uint32_t index)
{
    return q->spans ? &q->spans[(q->head + index) & (q->cap - 1)] : &q->first;
}

void outq_init(struct outq *q)
{
    *q = (struct outq){ .count = 0 };
}

static void ring_free(struct outq *q)
{
    if (q->spans)
        mem_free_sized(q->spans, q->cap * sizeof(*q->spans));
    q->spans = NULL;
    q->head = q->cap = 0;
}

void outq_done(struct outq *q)
{
    for (uint32_t i = 0; i < q->count; i++)
        span_release(span_at(q, i));
    ring_free(q);
    outq_init(q);
}

static void ring_grow(struct outq *q)
{
    ASSERT(q->cap <= UINT32_MAX / 2);
    uint32_t cap = q->cap ? q->cap * 2 : RING_MIN;
    struct span *spans = mem_alloc(cap * sizeof(*spans));
    for (uint32_t i = 0; i < q->count; i++)
        spans[i] = *span_at(q, i);
    ring_free(q);
    q->spans = spans;
    q->cap = cap;
}

static bool span_continues(const struct span *last, const struct span *span)
{
    return span->kind == SPAN_BLOCK && last->owner == span->owner &&
           last->ptr + last->len == span->ptr;
}

bool outq_extend(struct outq *q, const struct span *span)
{
    struct span *last = q->count > 0 ? span_at(q, q->count - 1) : NULL;
    if (!last || !span_continues(last, span))
        return false;
    last->len += span->len;
    q->bytes += span->len;
    return true;
}

void outq_push(struct outq *q, struct span span)
{
    if (span.len == 0 || outq_extend(q, &span)) {
        span_release(&span);
        return;
    }
    q->bytes += span.len;
    if (q->count == MAX_OF(q->cap, 1u))
        ring_grow(q);
    *span_at(q, q->count) = span;
    q->count++;
}

/* A few bytes are copied to the room behind those that wait already, if nobody else knows that
 * block: else every short reply to a peer that does not read would keep a block alive. */
static bool copied_behind(struct outq *q, struct span *span)
{
    struct span *last = span_at(q, q->count - 1);
    if (span->kind != SPAN_BLOCK || last->kind != SPAN_BLOCK)
        return false;
    struct block *b = last->owner;
    char *end = b->bytes + (last->ptr + last->len - b->bytes);
    if (span->len > (size_t)(b->bytes + b->cap - end) ||
        atomic_load_explicit(&b->refs, memory_order_acquire) != 1)
        return false;
    memcpy(end, span->ptr, span->len);
    last->len += span->len;
    q->bytes += span->len;
    span_release(span);
    return true;
}

void outq_take_all(struct outq *to, struct outq *from)
{
    ASSERT(to != from);
    if (to->count == 0) {
        ring_free(to);
        *to = *from;
        outq_init(from);
        return;
    }
    for (uint32_t i = 0; i < from->count; i++)
        if (!copied_behind(to, span_at(from, i)))
            outq_push(to, *span_at(from, i));
    ring_free(from);
    outq_init(from);
}

struct span *outq_peek(struct outq *q, uint32_t index)
{
    return index < q->count ? span_at(q, index) : NULL;
}

void outq_drop(struct outq *q, size_t n)
{
    ASSERT(n <= q->bytes);
    q->bytes -= n;
    while (n > 0) {
        struct span *span = span_at(q, 0);
        if (n < span->len) {
            span->ptr += n;
            span->len -= n;
            return;
        }
        n -= span->len;
        span_release(span);
        q->count--;
        if (q->spans)
            q->head = (q->head + 1) & (q->cap - 1);
    }
    if (q->count == 0)
        ring_free(q);
}

static size_t owner_footprint(const struct span *span)
{
    if (span->kind == SPAN_BLOCK) {
        const struct block *b = span->owner;
        return (sizeof(*b) + b->cap) / atomic_load_explicit(&b->refs, memory_order_relaxed);
    }
    if (span->kind == SPAN_BLOB) {
        const struct blob *b = span->owner;
        return blob_footprint(b) / atomic_load_explicit(&b->refs, memory_order_relaxed);
    }
    return 0;
}

size_t outq_footprint(const struct outq *q)
{
    size_t bytes = q->cap * sizeof(*q->spans);
    for (uint32_t i = 0; i < q->count; i++) {
        const struct span *spans = q->spans ? q->spans : &q->first;
        bytes += owner_footprint(q->spans ? &spans[(q->head + i) & (q->cap - 1)] : spans);
    }
    return bytes;
}
