/* Any bytes as a configuration file, for the directives whose features are still to come; what is
 * shown of the values afterwards is read again as the same. No file is opened. */
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "config/config.h"
#include "config/unbuilt.h"
#include "tests/unit/fuzz.h"

static int refuse_open(void *arg UNUSED, const char *path UNUSED, int flags UNUSED,
                       mode_t mode UNUSED)
{
    return -ENOENT;
}

/* Patterns of files would wander through the real folders. */
static bool has_pattern(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("*?[", text.ptr[i]) && text.ptr[i] != '\0')
            return true;
    return false;
}

static bool has_include(struct slice text)
{
    for (size_t i = 0; i + 7 <= text.len; i++)
        if (slice_is(slice_of(text.ptr + i, 7), "include"))
            return true;
    return false;
}

static void show(const struct config_row *found, struct buf *out)
{
    buf_clear(out);
    directive_show(found->table, found->row, out);
}

static void try_again(const struct config_row *found, struct arena *arena)
{
    struct buf before, after;
    struct directive_error error;
    buf_init(&before, BUF_NO_CEILING);
    buf_init(&after, BUF_NO_CEILING);
    show(found, &before);
    struct slice word = buf_slice(&before);
    int rc = config_store(found, arena, &word, 1, &error);
    ASSERT(rc == 0);
    show(found, &after);
    ASSERT(slice_eq(buf_slice(&before), buf_slice(&after)));
    buf_done(&before);
    buf_done(&after);
}

static void try_all_again(const struct config *c)
{
    struct arena arena;
    arena_init(&arena, 4096, 0);
    for (size_t i = 0; i < config_count(c); i++) {
        struct config_row found = config_at(c, i);
        try_again(&found, &arena);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice text = slice_of(data, len);
    if (has_pattern(text) && has_include(text))
        return 0;
    struct file_layer layer = *file_kernel_layer();
    layer.open = refuse_open;
    file_set_layer(&layer);

    struct directive_table tables[UNBUILT_TABLES_MAX];
    struct unbuilt *unbuilt = unbuilt_new();
    struct config *c = config_new();
    size_t count = unbuilt_tables(unbuilt, tables);
    for (size_t i = 0; i < count; i++)
        config_add(c, &tables[i]);
    struct config_error error = { 0 };
    int rc = config_read_lines(c, text, &error);
    ASSERT(rc <= 0);
    ASSERT((rc < 0) == (error.text != NULL));
    ASSERT((rc < 0) == (error.line > 0));
    try_all_again(c);
    config_error_done(&error);
    config_free(c);
    unbuilt_free(unbuilt);
    file_set_layer(NULL);
    return 0;
}
