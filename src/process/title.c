/* Templates, and the memory that shows. */
#include "process/title.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"

static const struct {
    const char *name;
    size_t text, number; /* offset of the one or the other */
} variables[] = {
#define TEXT(field) offsetof(struct title_values, field), SIZE_MAX
#define NUMBER(field) SIZE_MAX, offsetof(struct title_values, field)
    { "title", TEXT(title) },
    { "listen-addr", TEXT(listen_addr) },
    { "server-mode", TEXT(server_mode) },
    { "unixsocket", TEXT(unixsocket) },
    { "config-file", TEXT(config_file) },
    { "port", NUMBER(port) },
    { "tls-port", NUMBER(tls_port) },
};

static bool append_variable(struct slice name, const struct title_values *values, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        if (!slice_eq(name, slice_str(variables[i].name)))
            continue;
        const char *base = (const char *)values;
        const char *text;
        int number;
        if (variables[i].text != SIZE_MAX) {
            memcpy(&text, base + variables[i].text, sizeof(text));
            buf_append_str(out, text);
        } else {
            memcpy(&number, base + variables[i].number, sizeof(number));
            buf_append_int(out, number);
        }
        return true;
    }
    return false;
}

static bool append_all(struct slice template, const struct title_values *values, struct buf *out)
{
    while (template.len) {
        ptrdiff_t open = slice_find(template, '{');
        size_t plain = open < 0 ? template.len : (size_t)open;
        buf_append(out, slice_of(template.ptr, plain));
        template = slice_from(template, plain);
        if (!template.len)
            break;
        ptrdiff_t close = slice_find(template, '}');
        if (close < 0 ||
            !append_variable(slice_of(template.ptr + 1, (size_t)close - 1), values, out))
            return false;
        template = slice_from(template, (size_t)close + 1);
    }
    return true;
}

bool title_expand(struct slice template, const struct title_values *values, struct buf *out)
{
    size_t before = out->len;
    bool good = template.len > 0 && append_all(template, values, out);
    if (!good)
        buf_truncate(out, before);
    while (out->len > before && out->ptr[out->len - 1] == ' ')
        buf_truncate(out, out->len - 1);
    return good;
}

bool title_is_good(struct slice template)
{
    static const struct title_values least = { "", "*:0", "", "", "", 0, 0 };
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    bool good = title_expand(template, &least, &out) && out.len > 0; /* it says something */
    buf_done(&out);
    return good;
}

/* ---- the memory ---- */

/* Where the strings end that lie one behind the other from `end` on. */
static char *follow(char *const *strings, size_t count, char *end)
{
    for (size_t i = 0; i < count && strings[i] == end; i++)
        end += strlen(strings[i]) + 1;
    return end;
}

/* The copy is one block, which stays until the process ends: whoever asks for a variable keeps what it
 * was given. */
static void move_environment(size_t count)
{
    size_t pointers = (count + 1) * sizeof(char *), chars = 0;
    for (size_t i = 0; i < count; i++)
        chars += strlen(environ[i]) + 1;
    char **copy = mem_alloc(pointers + chars);
    char *at = (char *)copy + pointers;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(environ[i]) + 1;
        memcpy(at, environ[i], size);
        copy[i] = at;
        at += size;
    }
    copy[count] = NULL;
    environ = copy;
}

struct title_area title_claim(int argc, char **argv)
{
    if (argc < 1 || !argv[0])
        return (struct title_area){ NULL, 0 };
    size_t count = 0;
    while (environ && environ[count])
        count++;
    char *end = follow(argv, (size_t)argc, argv[0]);
    end = follow(environ, count, end);
    move_environment(count);
    return (struct title_area){ argv[0], (size_t)(end - argv[0]) };
}

void title_set(const struct title_area *area, struct slice title)
{
    if (area->size == 0)
        return;
    size_t len = MIN_OF(title.len, area->size - 1);
    memcpy(area->start, title.ptr, len);
    memset(area->start + len, 0, area->size - len);
}
