/* The directives of all rooms: found by name, stored, put into effect. */
#include "config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config_priv.h"

struct config *config_new(void)
{
    return mem_zalloc(sizeof(struct config));
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->known_count; i++)
        mem_free(c->known[i].initial);
    mem_free(c->known);
    mem_free(c->spellings);
    for (size_t i = 0; i < c->user_count; i++)
        mem_free(c->users[i]);
    mem_free(c->users);
    mem_free(c->file);
    mem_free(c);
}

const char *config_file(const struct config *c)
{
    return c->file;
}

void config_error_done(struct config_error *error)
{
    mem_free(error->text);
    error->text = NULL;
}

int config_refuse(struct config_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->reason, sizeof(error->reason), format, args);
    va_end(args);
    return -EINVAL;
}

/* ---- finding ---- */

char *config_copy(struct slice line)
{
    char *text = mem_alloc(line.len + 1);
    if (line.len)
        memcpy(text, line.ptr, line.len);
    text[line.len] = '\0';
    return text;
}

/* As strcmp, in any case. */
static int compare_names(struct slice a, struct slice b)
{
    for (size_t i = 0; i < MIN_OF(a.len, b.len); i++) {
        int difference = (int)ascii_lower(a.ptr[i]) - (int)ascii_lower(b.ptr[i]);
        if (difference)
            return difference;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

/* The first spelling that is not before `name`. */
static size_t place_of(const struct config *c, struct slice name)
{
    size_t low = 0, high = c->spelling_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(slice_str(c->spellings[middle].name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_spelling(struct config *c, const char *name, size_t index, bool is_alias)
{
    if (!name)
        return;
    size_t at = place_of(c, slice_str(name));
    memmove(&c->spellings[at + 1], &c->spellings[at],
            (c->spelling_count - at) * sizeof(*c->spellings));
    c->spellings[at] = (struct spelling){ name, index, is_alias };
    c->spelling_count++;
}

static char *show(const struct directive_table *table, const struct directive *row)
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    directive_show(table, row, &text);
    char *copy = config_copy(buf_slice(&text));
    buf_done(&text);
    return copy;
}

void config_add(struct config *c, const struct directive_table *table)
{
    ASSERT(c->table_count < CONFIG_TABLES_MAX);
    const struct directive_table *kept = &c->tables[c->table_count];
    c->tables[c->table_count++] = *table;
    size_t total = c->known_count + table->count;
    c->known = mem_realloc(c->known, total * sizeof(*c->known));
    c->spellings = mem_realloc(c->spellings, 2 * total * sizeof(*c->spellings));
    for (size_t i = 0; i < table->count; i++) {
        const struct directive *row = &kept->rows[i];
        size_t index = c->known_count++;
        c->known[index] = (struct known){ kept, row, show(kept, row), false, false };
        add_spelling(c, row->name, index, false);
        add_spelling(c, row->alias, index, true);
    }
}

size_t config_count(const struct config *c)
{
    return c->known_count;
}

struct config_row config_at(const struct config *c, size_t index)
{
    ASSERT(index < c->known_count);
    const struct known *known = &c->known[index];
    return (struct config_row){ known->table, known->row, index, false };
}

bool config_find(const struct config *c, struct slice name, struct config_row *ret_row)
{
    size_t at = place_of(c, name);
    if (at == c->spelling_count || !slice_is(name, c->spellings[at].name))
        return false;
    *ret_row = config_at(c, c->spellings[at].index);
    ret_row->is_alias = c->spellings[at].is_alias;
    return true;
}

const char *config_initial(const struct config *c, const struct config_row *found)
{
    return c->known[found->index].initial;
}

/* ---- one directive ---- */

/* Parted at every single space, so that two of them have an empty word between them. */
static struct slice *part(struct arena *arena, struct slice text, size_t *ret_count)
{
    size_t spaces = 0;
    for (size_t i = 0; i < text.len; i++)
        spaces += text.ptr[i] == ' ';
    struct slice *words = arena_alloc(arena, (spaces + 1) * sizeof(*words));
    *ret_count = text.len ? spaces + 1 : 0;
    for (size_t i = 0; i < *ret_count; i++) {
        ptrdiff_t end = slice_find(text, ' ');
        words[i] = slice_of(text.ptr, end < 0 ? text.len : (size_t)end);
        text = slice_from(text, words[i].len + 1);
    }
    return words;
}

int config_store(const struct config_row *found, struct arena *arena, const struct slice *words,
                 size_t count, struct directive_error *ret_error)
{
    bool several = found->row->flags & DIRECTIVE_MULTI;
    if (several && count == 1)
        words = part(arena, words[0], &count);
    return directive_parse(found->table, found->row, words, count, ret_error);
}

int config_apply(const struct config_row *found, const char **ret_reason)
{
    *ret_reason = "";
    return found->row->apply ? found->row->apply(found->table->owner, ret_reason) : 0;
}

/* ---- what has no effect yet ---- */

void config_warn(struct config *c, const struct config_row *found)
{
    struct known *known = &c->known[found->index];
    if (!(found->row->flags & DIRECTIVE_UNBUILT) || known->was_warned)
        return;
    char *value = show(found->table, found->row);
    known->was_warned = strcmp(value, known->initial) != 0;
    mem_free(value);
    if (known->was_warned)
        log_write(LOG_WARNING,
                  "The directive '%s' has no effect yet: what it sets is still to come.",
                  found->row->name);
}

void config_warn_all(struct config *c)
{
    for (size_t i = 0; i < c->known_count; i++) {
        struct config_row found = config_at(c, i);
        config_warn(c, &found);
    }
    config_warn_lines(c);
}
