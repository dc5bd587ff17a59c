/* A growable buffer with a ceiling.
 *
 * A buffer owns its bytes and cannot be made without saying how large it may become; an append
 * beyond that fails and changes nothing. Growth doubles up to 1 MiB and is linear above.
 * Invariant: len <= cap <= ceiling. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t ceiling;
};

#define BUF_NO_CEILING SIZE_MAX

void buf_init(struct buf *b, size_t ceiling);
void buf_done(struct buf *b); /* frees the bytes; the buffer may be initialised again */
void buf_clear(struct buf *b);

/* Makes room for `extra` bytes behind len and returns where to write them, or NULL when the
 * ceiling or memory does not allow it. buf_commit(n) then adds what was written. */
MUST_USE char *buf_reserve(struct buf *b, size_t extra);
void buf_commit(struct buf *b, size_t n);

/* 0, or -ENOBUFS when the ceiling is reached: nothing was appended. */
MUST_USE int buf_try_append(struct buf *b, struct slice bytes);
/* For buffers whose ceiling cannot be reached by what is appended: asserts instead. */
void buf_append(struct buf *b, struct slice bytes);
void buf_append_str(struct buf *b, const char *str);
void buf_append_char(struct buf *b, char c);
void buf_append_int(struct buf *b, int64_t value);
void buf_append_uint(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF(2, 0);

void buf_drop_front(struct buf *b, size_t n); /* moves the rest to the front */
void buf_truncate(struct buf *b, size_t len);

/* NUL behind the last byte, not counted in len; borrowed until the next change. */
const char *buf_cstr(struct buf *b);

INLINE struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->ptr, b->len);
}

#endif
