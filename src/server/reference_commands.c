/* The pages of commands. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "dispatch/syntax.h"
#include "server/reference_priv.h"

/* ---- the facts of a row ---- */

static void put_key_spec(struct buf *out, const struct key_spec *spec)
{
    if (spec->begin == KEYS_KEYWORD)
        buf_printf(out, "behind the word `%s`", spec->keyword);
    else if (spec->begin == KEYS_INDEX)
        buf_printf(out, "argument %d", spec->at);
    else
        buf_append_str(out, "found by the command itself");

    if (spec->find == KEYS_NUMKEYS)
        buf_append_str(out, " says how many follow");
    else if (spec->find == KEYS_RANGE && spec->last < 0)
        buf_printf(out, " to the %s", spec->last == -1 ? "last" : "last but one");
    else if (spec->find == KEYS_RANGE && spec->last > 0)
        buf_printf(out, " and %d more", spec->last / spec->step);
    if (spec->find != KEYS_FIND_UNKNOWN && spec->step > 1)
        buf_printf(out, ", every %s", spec->step == 2 ? "second" : "third");
    buf_append_str(out, " (");
    command_print_key_flags(out, spec->flags);
    buf_append_char(out, ')');
}

static void put_keys(struct buf *out, const struct command *row)
{
    if (row->keys[0].begin == KEYS_NONE)
        return;
    buf_append_str(out, "| Keys | ");
    for (int i = 0; i < KEY_SPECS_MAX && row->keys[i].begin != KEYS_NONE; i++) {
        buf_append_str(out, i ? "; " : "");
        put_key_spec(out, &row->keys[i]);
    }
    buf_append_str(out, " |\n");
}

static void put_fact(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "| %s | ", name);
    text_cell(out, text);
    buf_append_str(out, " |\n");
}

static void put_printed(struct buf *out, const char *name, const struct command *row,
                        void (*print)(struct buf *out, const struct command *row))
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    print(&text, row);
    if (text.len)
        put_fact(out, name, buf_cstr(&text));
    buf_done(&text);
}

static void put_synopsis(struct buf *out, const struct command_slot *slot)
{
    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    text_command_name(&line, slot->full_name);
    buf_append_char(&line, ' ');
    syntax_print(&line, slot->row->syntax);
    buf_append_str(out, "```\n");
    text_wrap_syntax(out, buf_cstr(&line));
    buf_append_str(out, "```\n\n");
    buf_done(&line);
}

static void put_row(struct buf *out, const struct command_slot *slot)
{
    const struct command *row = slot->row;
    text_wrap(out, "", row->summary);
    buf_append_char(out, '\n');
    if (row->deprecated_since)
        buf_printf(out, "Deprecated since %s: use %s.\n\n", row->deprecated_since,
                   row->replaced_by);
    if (row->run)
        put_synopsis(out, slot);
    buf_append_str(out, "| | |\n|---|---|\n");
    put_fact(out, "Since", row->since);
    if (row->run)
        put_fact(out, "Complexity", row->complexity);
    put_printed(out, "Flags", row, command_print_flags);
    put_printed(out, "ACL categories", row, command_print_categories);
    put_keys(out, row);
}

/* ---- examples ---- */

/* A transcript: blocks with empty lines between them, each of prose ("# ...") and then of what was
 * typed and answered. A line "#!" is for whoever plays it. */
static void put_line(struct buf *out, struct slice line, bool *in_code)
{
    bool prose = line.len > 0 && line.ptr[0] == '#' && !*in_code;
    bool code = line.len > 0 && !prose;
    if (prose && line.len > 1 && line.ptr[1] == '!')
        return;
    if (code != *in_code)
        buf_append_str(out, code ? "\n```\n" : "```\n");
    *in_code = code;
    if (prose)
        line = slice_from(line, MIN_OF(line.len, (size_t)2));
    buf_append(out, line);
    buf_append_char(out, '\n');
}

static void put_example(struct buf *out, const char *folder, const char *name)
{
    char path[4096];
    struct buf text, shown;
    bool in_code = false;
    buf_init(&text, BUF_NO_CEILING);
    buf_init(&shown, BUF_NO_CEILING);
    (void)snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
    if (file_read_whole(path, &text) == 0) {
        buf_append_str(out, "\n## Example\n\n");
        for (struct slice rest = buf_slice(&text); rest.len > 0;) {
            ptrdiff_t end = slice_find(rest, '\n');
            struct slice line = slice_of(rest.ptr, end < 0 ? rest.len : (size_t)end);
            rest = slice_from(rest, MIN_OF(rest.len, line.len + 1));
            put_line(&shown, line, &in_code);
        }
        if (in_code)
            buf_append_str(&shown, "```\n");
        /* The first block needs no line before it. */
        buf_append(out, slice_from(buf_slice(&shown), shown.len && shown.ptr[0] == '\n'));
    }
    buf_done(&shown);
    buf_done(&text);
}

/* ---- pages ---- */

static void put_page(struct pages *pages, const struct command_slot *slot, const char *examples)
{
    char file[64];
    struct buf page;
    buf_init(&page, BUF_NO_CEILING);
    buf_append_str(&page, "# ");
    text_command_name(&page, slot->full_name);
    buf_append_str(&page, "\n\n");
    put_row(&page, slot);
    for (uint32_t i = 0; i < slot->sub_count; i++) {
        buf_append_str(&page, "\n## ");
        text_command_name(&page, slot->subs[i].full_name);
        buf_append_str(&page, "\n\n");
        put_row(&page, &slot->subs[i]);
    }
    put_example(&page, examples, slot->full_name);
    (void)snprintf(file, sizeof(file), "commands/%s.md", slot->full_name);
    pages_put(pages, file, &page);
    buf_done(&page);
}

void reference_commands(struct server *s, struct pages *pages, const char *examples)
{
    for (size_t i = 0; i < dispatch_count(s->dispatch); i++)
        put_page(pages, dispatch_at(s->dispatch, i), examples);
    pages_sweep(pages, "commands");
}

/* ---- the list ---- */

static int by_name(const void *a, const void *b)
{
    const struct command_slot *const *x = a, *const *y = b;
    return strcmp((*x)->full_name, (*y)->full_name);
}

static void put_index_row(struct buf *out, const struct command_slot *slot)
{
    buf_append_str(out, "| [");
    text_command_name(out, slot->full_name);
    buf_printf(out, "](commands/%s.md) | ", slot->full_name);
    text_cell(out, slot->row->summary);
    buf_append_str(out, " |\n");
}

static void put_group(struct buf *out, struct command_slot *const *slots, size_t count,
                      enum command_group group)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (slots[i]->row->group != group)
            continue;
        if (!any)
            buf_printf(out, "\n### %s\n\n| command | what it does |\n|---|---|\n",
                       group_name(group));
        any = true;
        put_index_row(out, slots[i]);
    }
}

void reference_command_index(struct server *s, struct buf *out)
{
    size_t count = dispatch_count(s->dispatch);
    struct command_slot **slots = mem_alloc(count * sizeof(*slots));
    for (size_t i = 0; i < count; i++)
        slots[i] = dispatch_at(s->dispatch, i);
    qsort(slots, count, sizeof(*slots), by_name);
    for (enum command_group group = 0; group < GROUP_COUNT; group++)
        put_group(out, slots, count, group);
    mem_free(slots);
}
