#include "base/blob.h"

#include <pthread.h>

#include "base/mem.h"
#include "tests/unit/check.h"

TEST(a_new_blob_has_one_reference_and_its_room)
{
    struct blob *b = blob_new(10, 100);
    CHECK_UINT(b->len, 10);
    CHECK(b->cap >= 100);
    CHECK(!blob_is_shared(b));
    CHECK_UINT(blob_footprint(b), mem_block_size(b));
    memset(b->bytes, 'x', b->cap);
    CHECK_SLICE(blob_slice(b), "xxxxxxxxxx");
    blob_unref(b);
}

TEST(a_copy_holds_the_bytes)
{
    struct blob *b = blob_copy(SLICE("a\0b"));
    CHECK_SLICE(blob_slice(b), "a\0b");
    blob_unref(b);
    b = blob_copy(slice_of(NULL, 0));
    CHECK_SLICE(blob_slice(b), "");
    blob_unref(b);
    blob_unref(NULL);
}

TEST(sharing_is_seen_and_ends)
{
    struct blob *b = blob_copy(SLICE("text"));
    CHECK_PTR(blob_ref(b), b);
    CHECK(blob_is_shared(b));
    CHECK_ABORTS((void)blob_reserve(b, 1000));
    blob_unref(b);
    CHECK(!blob_is_shared(b));
    CHECK_SLICE(blob_slice(b), "text");
    blob_unref(b);
}

TEST(reserve_keeps_the_bytes_and_gives_room)
{
    struct blob *b = blob_copy(SLICE("text"));
    b = blob_reserve(b, 3);
    CHECK_SLICE(blob_slice(b), "text");
    b = blob_reserve(b, 1 << 20);
    CHECK(b->cap >= 1 << 20);
    CHECK_UINT(blob_footprint(b), mem_block_size(b));
    CHECK_SLICE(blob_slice(b), "text");
    memset(b->bytes + b->len, 'y', b->cap - b->len);
    blob_unref(b);
}

TEST(no_memory_is_no_blob)
{
    CHECK_PTR_NULL(blob_try_new(0, SIZE_MAX));
    CHECK_PTR_NULL(blob_try_new(0, SIZE_MAX / 2));
    CHECK_PTR_NULL(blob_try_new(0, SIZE_MAX / 4));
    struct blob *b = blob_try_new(5, 5);
    CHECK_PTR_NOT_NULL(b);
    blob_unref(b);
    CHECK_ABORTS(blob_unref(blob_new(6, 5)));
}

static void *ref_and_unref(void *arg)
{
    struct blob *b = arg;
    for (int i = 0; i < 20000; i++) {
        blob_ref(b);
        CHECK_INT(b->bytes[0], 'x');
        blob_unref(b);
    }
    blob_unref(b);
    return NULL;
}

TEST(threads_count_together)
{
    struct blob *b = blob_copy(SLICE("x"));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, ref_and_unref, blob_ref(b)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(!blob_is_shared(b));
    blob_unref(b);
}

TEST(a_room_that_cannot_be_had_leaves_the_blob_as_it_is)
{
    struct blob *b = blob_copy(SLICE("abc"));
    CHECK(!blob_try_reserve(b, SIZE_MAX));
    CHECK(!blob_try_reserve(b, (size_t)1 << 61));
    CHECK_SLICE(blob_slice(b), "abc");
    b = blob_try_reserve(b, 100000);
    CHECK(b && b->cap >= 100000);
    CHECK_SLICE(blob_slice(b), "abc");
    blob_unref(b);
}
