/* Libraries of functions: their texts, kept as they are, so that what was loaded is saved again. */
#include "base/mem.h"
#include "persist/rdb_priv.h"

/* What a text calls itself: the word behind "name=" in its first line. Empty if it does not. */
static struct slice name_of(struct slice text)
{
    const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
    struct slice line = end ? slice_of(text.ptr, (size_t)(end - text.ptr)) : text;
    static const char mark[] = " name=";
    const size_t mark_len = sizeof(mark) - 1;
    const char *at = line.len ? memmem(line.ptr, line.len, mark, mark_len) : NULL;
    if (!at)
        return slice_of(text.ptr, 0);
    struct slice name = slice_from(line, (size_t)(at - line.ptr) + mark_len);
    size_t len = 0;
    while (len < name.len && name.ptr[len] > ' ')
        len++;
    return slice_of(name.ptr, len);
}

static bool is_same(struct slice a, struct slice b)
{
    const struct slice name = name_of(a);
    return name.len ? slice_eq(name, name_of(b)) : slice_eq(a, b);
}

void rdb_libraries_add(struct rdb_libraries *l, struct slice text)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity ? l->capacity * 2 : 4;
        l->texts = mem_realloc(l->texts, l->capacity * sizeof(*l->texts));
    }
    struct buf *kept = &l->texts[l->count++];
    buf_init(kept, BUF_NO_CEILING);
    buf_append(kept, text);
}

void rdb_libraries_put(struct rdb_libraries *l, struct slice text)
{
    for (size_t i = 0; i < l->count; i++) {
        if (!is_same(buf_slice(&l->texts[i]), text))
            continue;
        buf_clear(&l->texts[i]);
        buf_append(&l->texts[i], text);
        return;
    }
    rdb_libraries_add(l, text);
}

void rdb_libraries_done(struct rdb_libraries *l)
{
    for (size_t i = 0; i < l->count; i++)
        buf_done(&l->texts[i]);
    mem_free(l->texts);
    *l = (struct rdb_libraries){ 0 };
}
