/* Libraries of functions: their texts, kept as they are, so that what was loaded is saved again. */
#include "base/mem.h"
#include "persist/rdb_priv.h"

/* What a text calls itself: the word behind "name=" in its first line. Empty if it does not. */
static struct slice name_of(struct slice text)
{
    const char *end = memchr(text.ptr, '\n', text.len);
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

/* A later library takes the place of one with its name. */
void rdb_libraries_add(struct rdb_libraries *l, struct slice text)
{
    size_t i = 0;
    while (i < l->count && !is_same(buf_slice(&l->texts[i]), text))
        i++;
    if (i == l->count) {
        l->texts = mem_realloc(l->texts, ++l->count * sizeof(*l->texts));
        buf_init(&l->texts[i], BUF_NO_CEILING);
    }
    buf_clear(&l->texts[i]);
    buf_append(&l->texts[i], text);
}

void rdb_libraries_done(struct rdb_libraries *l)
{
    for (size_t i = 0; i < l->count; i++)
        buf_done(&l->texts[i]);
    mem_free(l->texts);
    *l = (struct rdb_libraries){ 0 };
}
