/* Life of blobs. */
#include "base/blob.h"

#include "base/assert.h"
#include "base/mem.h"

#define CAP_MAX ((size_t)PTRDIFF_MAX - sizeof(struct blob))

/* The room that a request for `cap` gets: the allocator's whole block. */
static size_t round_cap(size_t cap)
{
    return mem_size_class(sizeof(struct blob) + cap) - sizeof(struct blob);
}

static struct blob *blob_setup(struct blob *b, size_t len, size_t cap)
{
    atomic_init(&b->refs, 1);
    b->len = len;
    b->cap = cap;
    return b;
}

struct blob *blob_new(size_t len, size_t cap)
{
    ASSERT(len <= cap);
    ASSERT(cap <= CAP_MAX / 2);
    cap = round_cap(cap);
    return blob_setup(mem_alloc(sizeof(struct blob) + cap), len, cap);
}

struct blob *blob_try_new(size_t len, size_t cap)
{
    ASSERT(len <= cap);
    if (cap > CAP_MAX / 2)
        return NULL;
    cap = round_cap(cap);
    struct blob *b = mem_try_alloc(sizeof(struct blob) + cap);
    return b ? blob_setup(b, len, cap) : NULL;
}

struct blob *blob_copy(struct slice bytes)
{
    struct blob *b = blob_new(bytes.len, bytes.len);
    if (bytes.len)
        memcpy(b->bytes, bytes.ptr, bytes.len);
    return b;
}

struct blob *blob_ref(struct blob *b)
{
    ASSERT(b);
    uint32_t before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    ASSERT(before > 0);
    ASSERT(before < UINT32_MAX);
    return b;
}

void blob_unref(struct blob *b)
{
    if (!b)
        return;
    /* Release: what this thread read must be read before another one frees. */
    uint32_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    ASSERT(before > 0);
    if (before == 1)
        mem_free_sized(b, sizeof(*b) + b->cap);
}

bool blob_is_shared(const struct blob *b)
{
    ASSERT(b);
    return atomic_load_explicit(&b->refs, memory_order_acquire) > 1;
}

struct blob *blob_reserve(struct blob *b, size_t cap)
{
    ASSERT(b);
    ASSERT(!blob_is_shared(b));
    ASSERT(cap <= CAP_MAX / 2);
    if (cap <= b->cap)
        return b;
    cap = round_cap(cap);
    b = mem_realloc(b, sizeof(*b) + cap);
    b->cap = cap;
    return b;
}

struct blob *blob_try_reserve(struct blob *b, size_t cap)
{
    ASSERT(b);
    ASSERT(!blob_is_shared(b));
    if (cap <= b->cap)
        return b;
    if (cap > CAP_MAX / 2)
        return NULL;
    cap = round_cap(cap);
    b = mem_try_realloc(b, sizeof(*b) + cap);
    if (b)
        b->cap = cap;
    return b;
}

size_t blob_footprint(const struct blob *b)
{
    ASSERT(b);
    return sizeof(*b) + b->cap;
}
