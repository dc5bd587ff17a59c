/* A slice: bytes that somebody else owns.
 *
 * Arguments, keys and values travel as slices; none is NUL-terminated. A slice never owns and is
 * valid as long as its owner says. The empty slice may have any pointer, also NULL. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

struct slice {
    const char *ptr;
    size_t len;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define SLICE_ARGS(s) (int)MIN_OF((s).len, (size_t)0x7fffffff), (s).ptr

INLINE unsigned char ascii_lower(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : byte;
}

INLINE struct slice slice_of(const void *ptr, size_t len)
{
    return (struct slice){ (const char *)ptr, len };
}

INLINE struct slice slice_str(const char *str)
{
    return (struct slice){ str, strlen(str) };
}

INLINE bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Byte order, shorter first among equals: <0, 0, >0. */
int slice_cmp(struct slice a, struct slice b);

/* ASCII letters compare equal in both cases, whatever the locale. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *word); /* the same against a C string */
bool slice_has_prefix(struct slice a, struct slice prefix);

/* The bytes from `from` on; empty, at the end of `s`, if there are none. */
struct slice slice_from(struct slice s, size_t from);

/* The index of `byte`, or -1. */
ptrdiff_t slice_find(struct slice s, char byte);

#endif
