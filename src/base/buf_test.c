#include "base/buf.h"

#include <errno.h>

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

TEST(an_empty_buffer_has_no_memory)
{
    struct buf b;
    buf_init(&b, 100);
    CHECK_UINT(buf_slice(&b).len, 0);
    CHECK_PTR_NULL(b.ptr);
    CHECK_STR(buf_cstr(&b), "");
    CHECK_INT(buf_try_append(&b, slice_of(NULL, 0)), 0);
    buf_drop_front(&b, 0);
    buf_clear(&b);
    buf_done(&b);
}

TEST(appends_follow_each_other)
{
    struct buf b;
    buf_init(&b, BUF_NO_CEILING);
    buf_append(&b, SLICE("a\0b"));
    buf_append_char(&b, ' ');
    buf_append_str(&b, "text ");
    buf_append_int(&b, INT64_MIN);
    buf_append_char(&b, ' ');
    buf_append_uint(&b, UINT64_MAX);
    buf_printf(&b, " %d-%s", 7, "x");
    CHECK_SLICE(buf_slice(&b), "a\0b text -9223372036854775808 18446744073709551615 7-x");
    buf_done(&b);
    CHECK_UINT(b.len, 0);
    CHECK_PTR_NULL(b.ptr);
}

TEST(an_append_beyond_the_ceiling_changes_nothing)
{
    struct buf b;
    buf_init(&b, 10);
    CHECK_INT(buf_try_append(&b, SLICE("12345678")), 0);
    CHECK_INT(buf_try_append(&b, SLICE("9ab")), -ENOBUFS);
    CHECK_SLICE(buf_slice(&b), "12345678");
    CHECK_PTR_NULL(buf_reserve(&b, 3));
    CHECK_PTR_NULL(buf_reserve(&b, SIZE_MAX));
    CHECK_INT(buf_try_append(&b, SLICE("9a")), 0);
    CHECK_STR(buf_cstr(&b), "123456789a"); /* the NUL fits behind a full buffer */
    CHECK_UINT(b.cap, 10);
    buf_done(&b);
}

TEST(without_a_ceiling_memory_is_the_limit)
{
    struct buf b;
    buf_init(&b, BUF_NO_CEILING);
    buf_append_str(&b, "x");
    CHECK_PTR_NULL(buf_reserve(&b, SIZE_MAX - 1));
    CHECK_PTR_NULL(buf_reserve(&b, SIZE_MAX / 2));
    CHECK_SLICE(buf_slice(&b), "x");
    buf_done(&b);
}

TEST(growth_doubles_and_is_linear_above_a_mebibyte)
{
    struct buf b;
    size_t last = 0;
    buf_init(&b, BUF_NO_CEILING);
    while (b.len < ((size_t)12 << 20)) {
        buf_append(&b, SLICE("0123456789abcdef0123456789abcdef"));
        if (b.cap == last)
            continue;
        if (last >= ((size_t)1 << 20))
            CHECK(b.cap <= last + ((size_t)3 << 20)); /* the allocator's class may round up */
        else if (last > 0)
            CHECK(b.cap >= last + last / 2);
        last = b.cap;
    }
    buf_done(&b);
}

TEST(reserve_and_commit)
{
    struct buf b;
    buf_init(&b, 1000);
    char *at = buf_reserve(&b, 100);
    CHECK_PTR_NOT_NULL(at);
    CHECK(b.cap >= 100);
    memset(at, 'x', b.cap);
    buf_commit(&b, 3);
    CHECK_SLICE(buf_slice(&b), "xxx");
    CHECK_ABORTS(buf_commit(&b, b.cap));
    buf_done(&b);
}

TEST(printf_of_any_length_fits)
{
    struct buf b;
    char word[300];
    for (int len = 0; len < 300; len++) {
        memset(word, 'w', sizeof(word));
        buf_init(&b, BUF_NO_CEILING);
        buf_append_str(&b, "abc");
        buf_printf(&b, "%.*s", len, word);
        CHECK_UINT(b.len, 3 + len);
        CHECK_MEM(b.ptr, "abc", 3);
        CHECK_MEM(b.ptr + 3, word, (size_t)len);
        buf_done(&b);
    }
    buf_init(&b, 5);
    buf_printf(&b, "%d", 12345);
    CHECK_SLICE(buf_slice(&b), "12345");
    CHECK_ABORTS(buf_printf(&b, "%d", 6));
    buf_done(&b);
}

TEST(asserting_appends_abort_at_the_ceiling)
{
    struct buf b;
    buf_init(&b, 2);
    buf_append_str(&b, "ab");
    CHECK_ABORTS(buf_append_char(&b, 'c'));
    CHECK_ABORTS(buf_append_str(&b, "c"));
    CHECK_ABORTS(buf_drop_front(&b, 3));
    CHECK_ABORTS(buf_truncate(&b, 3));
    buf_done(&b);
}

/* Against a plain array that is large enough. */
#define MODEL_MAX 20000

static void random_step(struct buf *b, char *model, size_t *len, struct rand *r)
{
    char bytes[300];
    size_t n = (size_t)rand_below(r, sizeof(bytes));
    memset(bytes, (int)rand_below(r, 256), n);
    switch (rand_below(r, 8)) {
    case 0: {
        size_t drop = (size_t)rand_below(r, *len + 1);
        buf_drop_front(b, drop);
        memmove(model, model + drop, *len - drop);
        *len -= drop;
        break;
    }
    case 1:
        *len = (size_t)rand_below(r, *len + 1);
        buf_truncate(b, *len);
        break;
    case 2:
        CHECK_INT(buf_cstr(b)[*len], 0);
        break;
    default:
        CHECK_INT(buf_try_append(b, slice_of(bytes, n)), *len + n <= MODEL_MAX ? 0 : -ENOBUFS);
        if (*len + n <= MODEL_MAX) {
            memcpy(model + *len, bytes, n);
            *len += n;
        }
    }
}

TEST(random_operations_agree_with_a_plain_array)
{
    static char model[MODEL_MAX];
    size_t len = 0;
    struct buf b;
    struct rand r;
    rand_seed(&r, 2);
    buf_init(&b, MODEL_MAX);
    for (int step = 0; step < 20000; step++) {
        random_step(&b, model, &len, &r);
        CHECK_BYTES(b.ptr, b.len, model, len);
        CHECK(b.cap <= b.ceiling);
    }
    buf_done(&b);
}
