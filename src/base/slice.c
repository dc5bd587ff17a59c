/* Comparing and searching borrowed bytes. */
#include "base/slice.h"

#include "base/assert.h"

int slice_cmp(struct slice a, struct slice b)
{
    size_t common = MIN_OF(a.len, b.len);
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

bool slice_is(struct slice a, const char *word)
{
    ASSERT(word);
    for (size_t i = 0; i < a.len; i++) {
        /* The NUL that ends the word differs from every byte but NUL itself. */
        if (word[i] == '\0' || ascii_lower(a.ptr[i]) != ascii_lower(word[i]))
            return false;
    }
    return word[a.len] == '\0';
}

bool slice_has_prefix(struct slice a, struct slice prefix)
{
    return a.len >= prefix.len && slice_eq(slice_of(a.ptr, prefix.len), prefix);
}

struct slice slice_from(struct slice s, size_t from)
{
    if (from >= s.len)
        return slice_of(s.len ? s.ptr + s.len : s.ptr, 0);
    return slice_of(s.ptr + from, s.len - from);
}

ptrdiff_t slice_find(struct slice s, char byte)
{
    const char *found = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return found ? found - s.ptr : -1;
}
