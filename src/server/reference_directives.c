/* Directives: the page of the reference, the commented tarn.conf, the part of the man pages. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/words.h"
#include "server/reference_priv.h"

/* What the installed tarn.conf sets, where that is not the server's own initial value. */
static const struct preset {
    const char *name, *value, *why;
} presets[] = {
    { "bind", "127.0.0.1 -::1",
      "Without this line the server listens on all addresses; as it is installed, only programs on "
      "this machine reach it." },
    { "dir", NULL, "The folder belongs to the user that the server runs as." },
};

static const struct preset *find_preset(const struct directive *row)
{
    for (size_t i = 0; i < COUNT_OF(presets); i++)
        if (strcmp(presets[i].name, row->name) == 0)
            return &presets[i];
    return NULL;
}

/* ---- chapters ---- */

/* Directives of one chapter, whatever tables they come from, by name. */
struct chapter {
    const char *title;
    struct config_row *rows;
    size_t count;
};

struct chapters {
    struct chapter *items;
    size_t count;
};

static int by_row_name(const void *a, const void *b)
{
    const struct config_row *x = a, *y = b;
    return strcmp(x->row->name, y->row->name);
}

static struct chapter *chapter_of(struct chapters *all, const char *title, size_t rows_max)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].title, title) == 0)
            return &all->items[i];
    struct chapter *added = &all->items[all->count++];
    added->title = title;
    added->rows = mem_alloc(rows_max * sizeof(*added->rows));
    added->count = 0;
    return added;
}

/* In the order in which their first table is registered. */
static void chapters_init(struct chapters *all, struct server *s)
{
    size_t count = config_count(s->config);
    all->items = mem_alloc(count * sizeof(*all->items));
    all->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct config_row found = config_at(s->config, i);
        const char *title = found.table->title ? found.table->title : "Other";
        struct chapter *chapter = chapter_of(all, title, count);
        chapter->rows[chapter->count++] = found;
    }
    for (size_t i = 0; i < all->count; i++)
        qsort(all->items[i].rows, all->items[i].count, sizeof(*all->items[i].rows), by_row_name);
}

static void chapters_done(struct chapters *all)
{
    for (size_t i = 0; i < all->count; i++)
        mem_free(all->items[i].rows);
    mem_free(all->items);
}

/* ---- what a value may be ---- */

static void put_words(struct buf *out, const struct directive_word *words, const char *quote)
{
    for (const struct directive_word *w = words; w->word; w++)
        buf_printf(out, "%s%s%s%s", w == words ? "" : ", ", quote, *w->word ? w->word : "\"\"",
                   quote);
}

static void put_range(struct buf *out, const struct directive *row)
{
    if (row->flags & DIRECTIVE_UNSIGNED)
        buf_printf(out, " from 0 to %" PRIu64, UINT64_MAX);
    else if (row->max >= INT64_MAX)
        buf_printf(out, " from %" PRId64, row->min);
    else
        buf_printf(out, " from %" PRId64 " to %" PRId64, row->min, row->max);
}

static void put_type(struct buf *out, const struct directive *row, const char *quote)
{
    switch (row->type) {
    case DIRECTIVE_BOOL:
        buf_printf(out, "%syes%s or %sno%s", quote, quote, quote, quote);
        return;
    case DIRECTIVE_INT:
        buf_append_str(out, "integer");
        put_range(out, row);
        return;
    case DIRECTIVE_MEMORY:
        buf_append_str(out, "bytes (k, kb, m, mb, g, gb)");
        put_range(out, row);
        return;
    case DIRECTIVE_PERCENT_OR_MEMORY:
        buf_append_str(out, "bytes (k, kb, m, mb, g, gb) or a percentage");
        return;
    case DIRECTIVE_OCTAL:
        buf_append_str(out, "file mode, octal");
        return;
    case DIRECTIVE_ENUM:
        buf_append_str(out, "one of ");
        put_words(out, row->words, quote);
        return;
    case DIRECTIVE_FLAGS:
        buf_append_str(out, "any of ");
        put_words(out, row->words, quote);
        return;
    case DIRECTIVE_STRING:
        buf_append_str(out, "text");
        return;
    case DIRECTIVE_CUSTOM: /* the summary says it */
        return;
    }
}

/* The initial value as a line of the file would have it. */
static void put_initial(struct buf *out, const struct config_row *found)
{
    struct buf value;
    buf_init(&value, BUF_NO_CEILING);
    if (found->row->initial)
        buf_append_str(&value, found->row->initial);
    else
        directive_show(found->table, found->row, &value);
    const char *text = buf_cstr(&value);
    bool several = found->row->flags & DIRECTIVE_MULTI || found->row->type == DIRECTIVE_FLAGS;
    bool plain = *text && !strpbrk(text, several ? "\"'\\#" : " \t\"'\\#");
    if (plain)
        buf_append_str(out, text);
    else
        words_quote(out, slice_str(text));
    buf_done(&value);
}

/* Where the process stands is not a property of the row. */
static bool has_initial(const struct config_row *found)
{
    return strcmp(found->row->name, "dir") != 0;
}

/* What the flags of a row mean for whoever sets it. */
static const struct flag_sentence {
    uint32_t flag;
    const char *text;
} flag_sentences[] = {
    { DIRECTIVE_MULTI, "Takes several arguments." },
    { DIRECTIVE_IMMUTABLE, "Fixed at start." },
    { DIRECTIVE_PROTECTED, "CONFIG SET refuses it unless enable-protected-configs allows." },
    { DIRECTIVE_HIDDEN, "CONFIG GET shows it only by its full name." },
    { DIRECTIVE_UNBUILT, "Accepted and kept, but without effect in this version." },
};

/* Sentences behind the summary: what may be given, from when on it holds. Each has a space in
 * front. */
static void put_terms(struct buf *out, const struct config_row *found, const char *quote)
{
    const struct directive *row = found->row;
    if (row->type != DIRECTIVE_CUSTOM) {
        buf_append_str(out, " Value: ");
        put_type(out, row, quote);
        buf_append_char(out, '.');
    }
    if (row->alias)
        buf_printf(out, " Also called %s%s%s.", quote, row->alias, quote);
    for (size_t i = 0; i < COUNT_OF(flag_sentences); i++)
        if (row->flags & flag_sentences[i].flag)
            buf_printf(out, " %s", flag_sentences[i].text);
}

/* ---- the page ---- */

static void put_section(struct buf *out, const struct config_row *found)
{
    struct buf terms;
    buf_init(&terms, BUF_NO_CEILING);
    buf_printf(out, "\n### %s\n\n", found->row->name);
    if (found->row->summary) {
        text_wrap(out, "", found->row->summary);
        buf_append_char(out, '\n');
    }
    if (has_initial(found)) {
        buf_append_str(&terms, "Default: `");
        put_initial(&terms, found);
        buf_append_str(&terms, "`.");
    }
    put_terms(&terms, found, "`");
    text_wrap(out, "", buf_cstr(&terms));
    buf_done(&terms);
}

void reference_directives(struct server *s, struct pages *pages)
{
    struct chapters all;
    struct buf page;
    buf_init(&page, BUF_NO_CEILING);
    chapters_init(&all, s);
    buf_append_str(&page, "# Directives\n\n");
    text_wrap(&page, "",
              "A directive is given as a line `name value` of tarn.conf, as `--name value` on the "
              "command line, or at run time by CONFIG SET. CONFIG GET shows what holds, CONFIG "
              "REWRITE writes it back to the file. Words with spaces stand in quotes.");
    for (size_t i = 0; i < all.count; i++) {
        buf_printf(&page, "\n## %s\n", all.items[i].title);
        for (size_t k = 0; k < all.items[i].count; k++)
            put_section(&page, &all.items[i].rows[k]);
    }
    pages_put(pages, "directives.md", &page);
    chapters_done(&all);
    buf_done(&page);
}

/* ---- tarn.conf ---- */

static void put_comment(struct buf *out, const char *text)
{
    text_wrap(out, "# ", text);
}

static void put_conf_line(struct buf *out, const struct config_row *found, const char *state_dir)
{
    const struct preset *preset = find_preset(found->row);
    if (preset) {
        put_comment(out, preset->why);
        buf_printf(out, "%s %s\n", preset->name, preset->value ? preset->value : state_dir);
        return;
    }
    buf_printf(out, "# %s ", found->row->name);
    put_initial(out, found);
    buf_append_char(out, '\n');
}

static void put_conf_row(struct buf *out, const struct config_row *found, const char *state_dir)
{
    struct buf terms;
    buf_init(&terms, BUF_NO_CEILING);
    buf_append_char(out, '\n');
    if (found->row->summary)
        put_comment(out, found->row->summary);
    put_terms(&terms, found, "");
    put_comment(out, buf_cstr(&terms));
    put_conf_line(out, found, state_dir);
    buf_done(&terms);
}

void reference_conf(struct server *s, struct buf *out, const char *state_dir)
{
    struct chapters all;
    chapters_init(&all, s);
    put_comment(out, "Configuration of Tarn, read once when the server is started with it:");
    buf_append_str(out, "#     tarn-server /path/to/tarn.conf\n#\n");
    put_comment(out,
                "Each line is a directive and its value. Lines that are commented out show the "
                "defaults; take away the number sign to change them. Words with spaces stand in "
                "quotes. Sizes may have units: 1k is 1000 bytes and 1kb is 1024, m, mb, g and gb "
                "go on like this. The last line of a directive wins. \"include FILE\" reads "
                "another file in its place.");
    for (size_t i = 0; i < all.count; i++) {
        buf_printf(out, "\n\n# ---- %s ----\n", all.items[i].title);
        for (size_t k = 0; k < all.items[i].count; k++)
            if (!(all.items[i].rows[k].row->flags & DIRECTIVE_HIDDEN))
                put_conf_row(out, &all.items[i].rows[k], state_dir);
    }
    chapters_done(&all);
}

/* ---- the man pages ---- */

static void put_man_row(struct buf *out, const struct config_row *found)
{
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    buf_append_str(out, ".TP\n\\fB");
    text_man(out, found->row->name);
    buf_append_str(out, "\\fR ");
    if (has_initial(found)) {
        put_initial(&text, found);
        text_man(out, buf_cstr(&text));
    }
    buf_append_char(out, '\n');
    if (found->row->summary) {
        text_man(out, found->row->summary);
        buf_append_char(out, '\n');
    }
    buf_clear(&text);
    put_terms(&text, found, "");
    const char *terms = buf_cstr(&text) + strspn(buf_cstr(&text), " ");
    if (*terms) {
        text_man(out, terms);
        buf_append_char(out, '\n');
    }
    buf_done(&text);
}

void reference_man_directives(struct server *s, struct buf *out)
{
    struct chapters all;
    chapters_init(&all, s);
    for (size_t i = 0; i < all.count; i++) {
        buf_printf(out, ".SS %s\n", all.items[i].title);
        for (size_t k = 0; k < all.items[i].count; k++)
            if (!(all.items[i].rows[k].row->flags & DIRECTIVE_HIDDEN))
                put_man_row(out, &all.items[i].rows[k]);
    }
    chapters_done(&all);
}
