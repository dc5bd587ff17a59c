/* Reading the configuration at start: lines of words, from a file and from the command line. */
#include "server/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/words.h"

#define CONFIG_TABLES_MAX 40
#define CONFIG_FILE_MAX ((size_t)64 * 1024 * 1024)

/* One row, as it stands in the order of the tables. */
struct known {
    const struct directive_table *table;
    const struct directive *row;
    char *initial;
    bool was_read; /* by a line of this reading */
};

/* One spelling of it. */
struct spelling {
    const char *name;
    size_t index;
    bool is_alias;
};

struct config {
    struct directive_table tables[CONFIG_TABLES_MAX];
    size_t table_count;
    struct known *known;
    size_t known_count;
    struct spelling *spellings; /* sorted */
    size_t spelling_count;
    char *file;
};

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
    free(c->file); /* tidy-allow free: realpath allocated it */
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

/* ---- finding ---- */

static char *text_of(struct slice line)
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
    char *copy = text_of(buf_slice(&text));
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
        c->known[index] = (struct known){ kept, row, show(kept, row), false };
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

/* ---- lines ---- */

static int refuse(struct config_error *error, const char *reason)
{
    (void)snprintf(error->reason, sizeof(error->reason), "%s", reason);
    return -EINVAL;
}

/* The words that were there and the new ones, as one. An empty one begins anew. */
static struct slice add_words(const struct config_row *found, struct arena *arena,
                              const struct slice *words, size_t count)
{
    struct buf all;
    buf_init(&all, BUF_NO_CEILING);
    if (count != 1 || words[0].len > 0)
        directive_show(found->table, found->row, &all);
    for (size_t i = 0; i < count; i++) {
        if (all.len)
            buf_append_char(&all, ' ');
        buf_append(&all, words[i]);
    }
    struct slice copy = arena_copy(arena, buf_slice(&all));
    buf_done(&all);
    return copy;
}

static int set_words(struct config *c, struct arena *arena, const struct slice *words, size_t count,
                     struct config_error *ret_error)
{
    struct config_row found;
    struct directive_error why;
    const char *reason;
    if (!config_find(c, words[0], &found))
        return refuse(ret_error, "Bad directive or wrong number of arguments");
    if (count != 2 && !(found.row->flags & DIRECTIVE_MULTI))
        return refuse(ret_error, "wrong number of arguments");
    words++, count--;
    struct slice all;
    if ((found.row->flags & DIRECTIVE_ADDS) && c->known[found.index].was_read && count > 0) {
        all = add_words(&found, arena, words, count);
        words = &all;
        count = 1;
    }
    if (config_store(&found, arena, words, count, &why) < 0)
        return refuse(ret_error, why.text);
    c->known[found.index].was_read = true;
    if (config_apply(&found, &reason) < 0)
        return refuse(ret_error, reason);
    return 0;
}

static int set_line(struct config *c, struct arena *arena, struct slice line,
                    struct config_error *ret_error)
{
    struct slice *words;
    size_t count;
    if (words_split(arena, line, SIZE_MAX, &words, &count) < 0)
        return refuse(ret_error, "Unbalanced quotes in configuration line");
    return count == 0 ? 0 : set_words(c, arena, words, count, ret_error);
}

static struct slice trim(struct slice s)
{
    while (s.len && strchr(" \t\r\n", s.ptr[0]))
        s = slice_from(s, 1);
    while (s.len && strchr(" \t\r\n", s.ptr[s.len - 1]))
        s.len--;
    return s;
}

int config_read_lines(struct config *c, struct slice text, struct config_error *ret_error)
{
    struct arena arena;
    int error = 0;
    arena_init(&arena, 4096, 0);
    for (int number = 1; text.len > 0 && error == 0; number++) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = slice_of(text.ptr, end < 0 ? text.len : (size_t)end);
        text = slice_from(text, line.len + 1);
        line = trim(line);
        if (line.len > 0 && line.ptr[0] != '#')
            error = set_line(c, &arena, line, ret_error);
        if (error < 0) {
            ret_error->line = number;
            ret_error->text = text_of(line);
        }
    }
    arena_done(&arena);
    return error;
}

/* ---- the command line ---- */

struct command_line {
    const char *file; /* NULL: none */
    bool has_stdin;
    struct buf options; /* as lines */
};

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] == '-';
}

/* "--name" wants a value, "--name value" in one has it. */
static bool is_name_alone(const char *arg)
{
    struct arena arena;
    struct slice *words;
    size_t count = 0;
    arena_init(&arena, 256, 0);
    bool alone = words_split(&arena, slice_str(arg), SIZE_MAX, &words, &count) == 0 && count == 1;
    arena_done(&arena);
    return alone;
}

/* One whose value may be left out: nothing is as good as "". */
static bool may_be_bare(const char *arg)
{
    return slice_is(slice_str(arg), "--save");
}

/* Options become lines, their values quoted, so that there is one reader. What follows a name is
 * its value, even if it looks like an option. */
static void read_options(int argc, char *const *argv, struct command_line *line)
{
    struct buf *out = &line->options;
    bool wants_value = false;
    for (int i = 0; i < argc; i++) {
        bool last = i == argc - 1;
        if (strcmp(argv[i], "-") == 0 && last) {
            line->has_stdin = true;
        } else if (is_option(argv[i]) && !wants_value) {
            buf_append_str(out, out->len ? "\n" : "");
            buf_append_str(out, argv[i] + 2);
            buf_append_char(out, ' ');
            wants_value = is_name_alone(argv[i]);
            if (may_be_bare(argv[i]) && (last || is_option(argv[i + 1]))) {
                buf_append_str(out, "\"\"");
                wants_value = false;
            }
        } else {
            words_quote(out, slice_str(argv[i]));
            buf_append_char(out, ' ');
            wants_value = false;
        }
    }
}

static void read_command_line(int argc, char *const *argv, struct command_line *line)
{
    if (argc > 0 && argv[0][0] != '-') {
        line->file = argv[0];
        argc--, argv++;
    } else if (argc > 0 && strcmp(argv[0], "-") == 0) {
        line->has_stdin = true;
        argc--, argv++;
    }
    read_options(argc, argv, line);
}

static int append_file(struct config *c, const struct command_line *line, struct buf *text)
{
    if (!line->file)
        return 0;
    free(c->file); /* tidy-allow free: realpath allocated it */
    c->file = realpath(line->file, NULL);
    int error = file_read_whole(line->file, text);
    if (error == 0 && line->has_stdin && text->len && text->ptr[text->len - 1] != '\n')
        error = buf_try_append(text, SLICE("\n"));
    return error;
}

int config_read(struct config *c, int argc, char *const *argv, struct config_error *ret_error)
{
    struct command_line line = { .file = NULL };
    struct buf text;
    buf_init(&line.options, BUF_NO_CEILING);
    buf_init(&text, CONFIG_FILE_MAX);
    read_command_line(argc, argv, &line);
    for (size_t i = 0; i < c->known_count; i++)
        c->known[i].was_read = false;

    int error = append_file(c, &line, &text);
    if (error < 0)
        (void)snprintf(ret_error->reason, sizeof(ret_error->reason),
                       "Fatal error, can't open config file '%s': %s", line.file, strerror(-error));
    if (error == 0 && line.has_stdin)
        error = file_read_whole("/dev/stdin", &text);
    if (error == 0 && line.options.len)
        error = buf_try_append(&text, SLICE("\n"));
    if (error == 0)
        error = buf_try_append(&text, buf_slice(&line.options));
    if (error == 0)
        error = config_read_lines(c, buf_slice(&text), ret_error);
    buf_done(&text);
    buf_done(&line.options);
    return error;
}
