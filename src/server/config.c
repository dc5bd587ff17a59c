/* Reading the configuration at start: lines of words, from a file and from the command line. */
#include "server/config.h"

#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/words.h"

#define CONFIG_TABLES_MAX 16
#define CONFIG_FILE_MAX ((size_t)64 * 1024 * 1024)
#define CONFIG_WORDS_MAX 4096

struct config {
    struct directive_table tables[CONFIG_TABLES_MAX];
    size_t table_count;
};

struct config *config_new(void)
{
    return mem_zalloc(sizeof(struct config));
}

void config_free(struct config *c)
{
    mem_free(c);
}

void config_add(struct config *c, const struct directive_table *table)
{
    ASSERT(c->table_count < CONFIG_TABLES_MAX);
    c->tables[c->table_count++] = *table;
}

size_t config_count(const struct config *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->table_count; i++)
        count += c->tables[i].count;
    return count;
}

struct config_row config_at(const struct config *c, size_t index)
{
    for (size_t i = 0; i < c->table_count; i++) {
        if (index < c->tables[i].count)
            return (struct config_row){ &c->tables[i], &c->tables[i].rows[index], false };
        index -= c->tables[i].count;
    }
    ASSERT(false);
    return (struct config_row){ 0 };
}

bool config_find(const struct config *c, struct slice name, struct config_row *ret_row)
{
    for (size_t i = 0, count = config_count(c); i < count; i++) {
        struct config_row found = config_at(c, i);
        found.is_alias = found.row->alias && slice_is(name, found.row->alias);
        if (!found.is_alias && !slice_is(name, found.row->name))
            continue;
        *ret_row = found;
        return true;
    }
    return false;
}

/* ---- reading ---- */

static int refuse(struct config_error *error, struct slice line, const char *reason)
{
    (void)snprintf(error->text, sizeof(error->text), "%.*s", SLICE_ARGS(line));
    (void)snprintf(error->reason, sizeof(error->reason), "%s", reason);
    return -EINVAL;
}

/* One directive with its values. */
static int set_words(struct config *c, struct slice line, const struct slice *words, size_t count,
                     struct config_error *ret_error)
{
    struct config_row found = { 0 };
    struct directive_error why;
    bool many = config_find(c, words[0], &found) && (found.row->flags & DIRECTIVE_MULTI);
    if (!found.row || count < 2 || (count > 2 && !many))
        return refuse(ret_error, line, "Bad directive or wrong number of arguments");
    if (directive_parse(found.table, found.row, words + 1, count - 1, &why) < 0)
        return refuse(ret_error, line, why.text);
    return 0;
}

static int set_line(struct config *c, struct arena *arena, struct slice line,
                    struct config_error *ret_error)
{
    struct slice *words;
    size_t count;
    int error = words_split(arena, line, CONFIG_WORDS_MAX, &words, &count);
    if (error < 0)
        return refuse(ret_error, line, "Unbalanced quotes in configuration line");
    if (count == 0 || words[0].ptr[0] == '#')
        return 0;
    return set_words(c, line, words, count, ret_error);
}

static struct slice trim(struct slice s)
{
    while (s.len && strchr(" \t\r\n", s.ptr[0]))
        s = slice_from(s, 1);
    while (s.len && strchr(" \t\r\n", s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static int set_lines(struct config *c, struct slice text, struct config_error *ret_error)
{
    struct arena arena;
    int error = 0;
    arena_init(&arena, 4096, 0);
    for (int number = 1; text.len > 0 && error == 0; number++) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = slice_of(text.ptr, end < 0 ? text.len : (size_t)end);
        text = slice_from(text, line.len + 1);
        line = trim(line);
        ret_error->line = number;
        if (line.len > 0 && line.ptr[0] != '#')
            error = set_line(c, &arena, line, ret_error);
    }
    arena_done(&arena);
    return error;
}

int config_read_file(struct config *c, const char *path, struct config_error *ret_error)
{
    struct buf text;
    buf_init(&text, CONFIG_FILE_MAX);
    int error = file_read_whole(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text);
    if (error == 0)
        error = set_lines(c, buf_slice(&text), ret_error);
    buf_done(&text);
    return error;
}

/* An argument that starts an option: "--name", or "--name value" in one. */
static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] == '-' && arg[2] != '\0';
}

/* Options become lines, their values quoted, so that there is one reader. */
static void options_to_lines(int argc, char *const *argv, struct buf *out)
{
    bool wants_value = false;
    for (int i = 0; i < argc; i++) {
        if (is_option(argv[i]) && !wants_value) {
            if (out->len)
                buf_append_char(out, '\n');
            buf_append_str(out, argv[i] + 2);
            wants_value = !strchr(argv[i], ' ');
            continue;
        }
        buf_append_char(out, ' ');
        words_quote(out, slice_str(argv[i]));
        wants_value = false;
    }
}

int config_read_options(struct config *c, int argc, char *const *argv,
                        struct config_error *ret_error)
{
    struct buf lines;
    buf_init(&lines, BUF_NO_CEILING);
    options_to_lines(argc, argv, &lines);
    int error = set_lines(c, buf_slice(&lines), ret_error);
    buf_done(&lines);
    return error;
}
