/* Blocks, their pool, and queues of spans against a plain model. */
#include "base/outq.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

static struct span constant(const char *text)
{
    return (struct span){ text, strlen(text), NULL, SPAN_CONSTANT };
}

static struct span of_block(struct block *b, size_t from, size_t len)
{
    return (struct span){ b->bytes + from, len, block_ref(b), SPAN_BLOCK };
}

TEST(an_empty_queue_costs_nothing)
{
    struct outq q;
    outq_init(&q);
    CHECK(outq_is_empty(&q));
    CHECK_UINT(outq_footprint(&q), 0);
    CHECK_PTR_NULL(outq_peek(&q, 0));
    outq_push(&q, constant("a"));
    CHECK_UINT(outq_footprint(&q), 0);
    outq_drop(&q, 1);
    CHECK(outq_is_empty(&q));
    outq_done(&q);
}

TEST(spans_leave_in_order_and_piece_by_piece)
{
    struct outq q;
    outq_init(&q);
    outq_push(&q, constant("abc"));
    outq_push(&q, constant("de"));
    outq_push(&q, constant(""));
    outq_push(&q, constant("f"));
    CHECK_UINT(q.bytes, 6);
    CHECK_UINT(q.count, 3);
    outq_drop(&q, 2);
    CHECK_MEM(outq_peek(&q, 0)->ptr, "c", 1);
    CHECK_MEM(outq_peek(&q, 1)->ptr, "de", 2);
    outq_drop(&q, 2);
    CHECK_MEM(outq_peek(&q, 0)->ptr, "e", 1);
    CHECK_UINT(q.bytes, 2);
    outq_drop(&q, 2);
    CHECK(outq_is_empty(&q));
    CHECK_UINT(outq_footprint(&q), 0);
    outq_done(&q);
}

TEST(bytes_that_continue_a_span_extend_it)
{
    struct block_pool *pool = block_pool_new(0);
    struct block *b = block_new(pool, BLOCK_SMALL);
    struct block *other = block_new(pool, BLOCK_SMALL);
    struct outq q;
    outq_init(&q);
    outq_push(&q, of_block(b, 0, 10));
    outq_push(&q, of_block(b, 10, 5));
    CHECK_UINT(q.count, 1);
    CHECK_UINT(outq_peek(&q, 0)->len, 15);
    CHECK_UINT(atomic_load(&b->refs), 2);
    outq_push(&q, of_block(b, 16, 5)); /* a gap */
    outq_push(&q, of_block(other, 0, 5));
    CHECK_UINT(q.count, 3);
    CHECK_UINT(q.bytes, 25);
    outq_done(&q);
    CHECK_UINT(atomic_load(&b->refs), 1);
    block_unref(b);
    block_unref(other);
    block_pool_free(pool);
}

TEST(one_message_stands_in_many_queues)
{
    struct block_pool *pool = block_pool_new(0);
    struct block *b = block_new(pool, BLOCK_LARGE);
    struct outq q[100];
    for (size_t i = 0; i < COUNT_OF(q); i++) {
        outq_init(&q[i]);
        outq_push(&q[i], of_block(b, 0, 100));
    }
    block_unref(b);
    CHECK(outq_footprint(&q[0]) < BLOCK_LARGE_BYTES / 50); /* a hundredth of the block */
    for (size_t i = 0; i < COUNT_OF(q); i++)
        outq_drop(&q[i], 100);
    block_pool_free(pool); /* asserts that the block came back */
}

TEST(a_pool_keeps_blocks_up_to_its_limit)
{
    mem_thread_enter(); /* so that what this thread allocates is counted */
    struct block_pool *pool = block_pool_new(2 * BLOCK_LARGE_BYTES);
    struct block *b = block_new(pool, BLOCK_LARGE);
    CHECK(b->cap >= BLOCK_LARGE_BYTES);
    block_unref(b);
    CHECK_PTR(block_new(pool, BLOCK_LARGE), b);
    struct block *small = block_new(pool, BLOCK_SMALL);
    CHECK(small->cap >= BLOCK_SMALL_BYTES);
    CHECK(small->cap < BLOCK_LARGE_BYTES);
    uint64_t before = mem_used();
    struct block *more[8];
    for (size_t i = 0; i < COUNT_OF(more); i++)
        more[i] = block_new(pool, BLOCK_LARGE);
    CHECK(mem_used() > before);
    for (size_t i = 0; i < COUNT_OF(more); i++)
        block_unref(more[i]);
    CHECK(mem_used() <= before + 2 * BLOCK_LARGE_BYTES);
    block_unref(b);
    block_unref(small);
    block_pool_free(pool);
    mem_thread_leave();
}

static void *release_all(void *arg)
{
    struct outq *q = arg;
    mem_thread_enter();
    outq_done(q);
    mem_thread_leave();
    return NULL;
}

TEST(blocks_come_back_from_other_threads)
{
    struct block_pool *pool = block_pool_new(1 << 20);
    struct outq q[4];
    for (size_t i = 0; i < COUNT_OF(q); i++)
        outq_init(&q[i]);
    for (int n = 0; n < 1000; n++) {
        struct block *b = block_new(pool, BLOCK_SMALL);
        for (size_t i = 0; i < COUNT_OF(q); i++)
            outq_push(&q[i], of_block(b, 0, 10));
        block_unref(b);
    }
    pthread_t threads[COUNT_OF(q)];
    for (size_t i = 0; i < COUNT_OF(q); i++)
        CHECK_INT(pthread_create(&threads[i], NULL, release_all, &q[i]), 0);
    for (size_t i = 0; i < COUNT_OF(q); i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    struct block *b = block_new(pool, BLOCK_SMALL);
    block_unref(b);
    block_pool_free(pool);
}

TEST(taking_all_moves_spans_behind_the_others)
{
    struct outq a, b;
    outq_init(&a);
    outq_init(&b);
    outq_push(&b, constant("1"));
    outq_push(&b, constant("2"));
    outq_take_all(&a, &b);
    CHECK(outq_is_empty(&b));
    CHECK_UINT(a.bytes, 2);
    outq_push(&b, constant("3"));
    outq_take_all(&a, &b);
    CHECK_UINT(a.count, 3);
    CHECK_MEM(outq_peek(&a, 2)->ptr, "3", 1);
    CHECK_UINT(b.bytes, 0);
    outq_take_all(&a, &b);
    CHECK_UINT(a.count, 3);
    outq_done(&a);
}

TEST(short_replies_that_wait_share_a_block)
{
    struct block_pool *pool = block_pool_new(0);
    struct outq q;
    outq_init(&q);
    for (int i = 0; i < 1000; i++) {
        struct outq reply;
        struct block *b = block_new(pool, BLOCK_SMALL);
        outq_init(&reply);
        memcpy(b->bytes, "abc", 3);
        outq_push(&reply, of_block(b, 0, 3));
        block_unref(b);
        outq_take_all(&q, &reply);
        CHECK(outq_is_empty(&reply));
    }
    CHECK_UINT(q.bytes, 3000);
    CHECK(outq_footprint(&q) < 3000 + 2 * BLOCK_SMALL_BYTES);
    for (int i = 0; i < 1000; i++) {
        CHECK_MEM(outq_peek(&q, 0)->ptr, "abc", 3);
        outq_drop(&q, 3);
    }
    CHECK(outq_is_empty(&q));
    block_pool_free(pool);
}

TEST(a_block_that_others_know_is_not_written_to)
{
    struct block_pool *pool = block_pool_new(0);
    struct block *shared = block_new(pool, BLOCK_SMALL), *b = block_new(pool, BLOCK_SMALL);
    struct outq q, reply;
    outq_init(&q);
    outq_init(&reply);
    memcpy(shared->bytes, "abcdef", 6);
    memcpy(b->bytes, "xyz", 3);
    outq_push(&q, of_block(shared, 0, 3));
    outq_push(&reply, of_block(b, 0, 3));
    outq_take_all(&q, &reply);
    CHECK_MEM(shared->bytes, "abcdef", 6);
    CHECK_UINT(q.count, 2);
    CHECK_UINT(q.bytes, 6);
    outq_done(&q);
    block_unref(shared);
    block_unref(b);
    block_pool_free(pool);
}

TEST(a_blob_lives_as_long_as_its_span)
{
    struct blob *blob = blob_new(BLOB_MIN, BLOB_MIN);
    struct outq q;
    outq_init(&q);
    outq_push(&q, (struct span){ blob->bytes, BLOB_MIN, blob_ref(blob), SPAN_BLOB });
    CHECK(blob_is_shared(blob));
    CHECK(outq_footprint(&q) >= BLOB_MIN / 2);
    outq_drop(&q, 1);
    CHECK(blob_is_shared(blob));
    outq_drop(&q, BLOB_MIN - 1);
    CHECK(!blob_is_shared(blob));
    blob_unref(blob);
}

TEST(random_pushes_and_drops_agree_with_a_plain_string)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct block_pool *pool = block_pool_new(1 << 16);
    char *model = mem_alloc(1 << 20);
    size_t from = 0, to = 0;
    struct outq q;
    struct rand r;
    outq_init(&q);
    rand_seed(&r, 11);
    while (to + 64 < 1 << 20) {
        size_t len = 1 + rand_below(&r, 26);
        memcpy(model + to, letters, len);
        to += len;
        if (rand_below(&r, 2)) {
            struct block *b = block_new(pool, BLOCK_SMALL);
            memcpy(b->bytes, letters, len);
            outq_push(&q, (struct span){ b->bytes, len, b, SPAN_BLOCK });
        } else {
            outq_push(&q, (struct span){ letters, len, NULL, SPAN_CONSTANT });
        }
        CHECK_UINT(q.bytes, to - from);
        if (rand_below(&r, 3) == 0) {
            size_t n = rand_below(&r, q.bytes + 1);
            outq_drop(&q, n);
            from += n;
        }
        const struct span *first = outq_peek(&q, 0);
        if (first)
            CHECK_MEM(first->ptr, model + from, first->len);
    }
    outq_done(&q);
    mem_free(model);
    block_pool_free(pool);
}
