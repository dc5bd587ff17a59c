/* Growth of buffers.
 *
 * The block behind a buffer is always at least one byte longer than `cap`, so that buf_cstr finds
 * room for its NUL also in a buffer that is full to the ceiling. */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"

#define DOUBLING_BYTES_MAX ((size_t)1 << 20)
#define CAP_MIN ((size_t)31)

static void check(const struct buf *b)
{
    ASSERT(b);
    ASSERT_DEBUG(b->len <= b->cap);
    ASSERT_DEBUG(b->cap <= b->ceiling);
}

void buf_init(struct buf *b, size_t ceiling)
{
    ASSERT(b);
    *b = (struct buf){ .ceiling = ceiling };
}

void buf_done(struct buf *b)
{
    check(b);
    mem_free(b->ptr);
    *b = (struct buf){ .ceiling = b->ceiling };
}

void buf_clear(struct buf *b)
{
    check(b);
    b->len = 0;
}

/* The capacity to grow to when at least `need` bytes must fit. */
static size_t next_cap(const struct buf *b, size_t need)
{
    size_t step = MIN_OF(MAX_OF(b->cap, CAP_MIN), DOUBLING_BYTES_MAX);
    size_t wish = b->cap > SIZE_MAX - step ? need : MAX_OF(b->cap + step, need);
    /* What the allocator would waste is ours. */
    if (wish < SIZE_MAX / 4)
        wish = mem_size_class(wish + 1) - 1;
    return MIN_OF(wish, b->ceiling);
}

COLD static bool grow(struct buf *b, size_t need)
{
    size_t cap = next_cap(b, need);
    if (cap == SIZE_MAX)
        return false;
    char *ptr = mem_try_realloc(b->ptr, cap + 1);
    if (!ptr)
        return false;
    b->ptr = ptr;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t extra)
{
    check(b);
    if (LIKELY(b->ptr && extra <= b->cap - b->len))
        return b->ptr + b->len;
    if (extra > b->ceiling - b->len)
        return NULL;
    if (!grow(b, b->len + extra))
        return NULL;
    return b->ptr + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
    check(b);
    ASSERT(n <= b->cap - b->len);
    b->len += n;
}

int buf_try_append(struct buf *b, struct slice bytes)
{
    check(b);
    if (bytes.len == 0)
        return 0;
    char *room = buf_reserve(b, bytes.len);
    if (!room)
        return -ENOBUFS;
    memcpy(room, bytes.ptr, bytes.len);
    b->len += bytes.len;
    return 0;
}

void buf_append(struct buf *b, struct slice bytes)
{
    int rc = buf_try_append(b, bytes);
    ASSERT(rc == 0);
}

void buf_append_str(struct buf *b, const char *str)
{
    ASSERT(str);
    buf_append(b, slice_str(str));
}

void buf_append_char(struct buf *b, char c)
{
    char *room = buf_reserve(b, 1);
    ASSERT(room);
    *room = c;
    b->len++;
}

void buf_append_int(struct buf *b, int64_t value)
{
    char text[NUM_INT_MAX_CHARS];
    buf_append(b, slice_of(text, num_format_int(text, value)));
}

void buf_append_uint(struct buf *b, uint64_t value)
{
    char text[NUM_INT_MAX_CHARS];
    buf_append(b, slice_of(text, num_format_uint(text, value)));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    check(b);
    va_list again;
    va_copy(again, args);
    size_t room = b->ptr ? b->cap - b->len + 1 : 0; /* the NUL may lie behind cap */
    int len = vsnprintf(room ? b->ptr + b->len : NULL, room, fmt, args);
    ASSERT(len >= 0);
    if ((size_t)len >= room) {
        char *at = buf_reserve(b, (size_t)len);
        ASSERT(at);
        (void)vsnprintf(at, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    b->len += (size_t)len;
}

void buf_drop_front(struct buf *b, size_t n)
{
    check(b);
    ASSERT(n <= b->len);
    if (n == 0)
        return;
    memmove(b->ptr, b->ptr + n, b->len - n);
    b->len -= n;
}

void buf_truncate(struct buf *b, size_t len)
{
    check(b);
    ASSERT(len <= b->len);
    b->len = len;
}

const char *buf_cstr(struct buf *b)
{
    check(b);
    if (!b->ptr)
        return "";
    b->ptr[b->len] = '\0';
    return b->ptr;
}
