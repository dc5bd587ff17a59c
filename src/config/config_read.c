/* Reading the configuration at start: lines of words, from files and from the command line. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "config/config_priv.h"

static const char bad_directive[] = "Bad directive or wrong number of arguments";

/* ---- lines ---- */

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

static int set_directive(struct config *c, const struct config_row *found, struct arena *arena,
                         const struct slice *line, size_t count, struct config_error *error)
{
    const struct slice *words = line + 1;
    struct slice all;
    struct directive_error why;
    const char *reason;
    bool adds = (found->row->flags & DIRECTIVE_ADDS) && c->known[found->index].was_read;
    count--;
    if (count != 1 && !(found->row->flags & DIRECTIVE_MULTI))
        return config_refuse(error, "wrong number of arguments");
    if (adds && count > 0) {
        all = add_words(found, arena, words, count);
        words = &all;
        count = 1;
    }
    if (config_store(found, arena, words, count, &why) < 0)
        return config_refuse(error, "%s", why.text);
    c->known[found->index].was_read = true;
    if (config_apply(found, &reason) < 0)
        return config_refuse(error, "%s", reason);
    return 0;
}

/* A name with a dot belongs to a module, and there is none. */
static int refuse_unknown(struct slice name, size_t count, struct config_error *error)
{
    if (slice_find(name, '.') < 0)
        return config_refuse(error, "%s", bad_directive);
    if (count < 2)
        return config_refuse(error, "Module config specified without value");
    (void)config_refuse(error, "Module Configuration detected without loadmodule directive or no "
                               "ApplyConfig call: aborting");
    return -ENOTSUP;
}

static int set_line(struct config *c, struct arena *arena, struct slice line,
                    struct config_error *error)
{
    struct slice *words;
    size_t count;
    struct config_row found;
    if (words_split(arena, line, SIZE_MAX, &words, &count) < 0)
        return config_refuse(error, "Unbalanced quotes in configuration line");
    if (count == 0)
        return 0;
    if (config_find(c, words[0], &found))
        return set_directive(c, &found, arena, words, count, error);
    const struct config_line *other = config_find_line(words[0]);
    if (other)
        return config_run_line(c, other, words, count, error);
    return refuse_unknown(words[0], count, error);
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
        text = slice_from(text, MIN_OF(line.len + 1, text.len));
        line = trim(line);
        if (line.len > 0 && line.ptr[0] != '#')
            error = set_line(c, &arena, line, ret_error);
        if (error < 0 && !ret_error->text) { /* not one of an included file */
            ret_error->line = number;
            ret_error->text = config_copy(line);
        }
    }
    arena_done(&arena);
    return error;
}

/* ---- files ---- */

static int append_one(const char *path, struct buf *text, struct config_error *error)
{
    int rc = 0;
    if (text->len && text->ptr[text->len - 1] != '\n')
        rc = buf_try_append(text, SLICE("\n"));
    if (rc == 0)
        rc = file_read_whole(path, text);
    if (rc == 0)
        return 0;
    (void)config_refuse(error, "Fatal error, can't open config file '%s': %s", path, strerror(-rc));
    return rc == -EINVAL ? -EIO : rc; /* the one means a wrong line */
}

int config_append_file(const char *path, struct buf *text, struct config_error *error)
{
    glob_t matches;
    if (!strpbrk(path, "*?["))
        return append_one(path, text, error);
    if (glob(path, 0, NULL, &matches) != 0)
        return 0; /* none */
    int rc = 0;
    for (size_t i = 0; i < matches.gl_pathc && rc == 0; i++)
        rc = append_one(matches.gl_pathv[i], text, error);
    globfree(&matches);
    return rc;
}

/* The folder may change later. What is behind links is not asked for. */
static char *absolute_path(const char *path)
{
    char folder[PATH_MAX];
    if (path[0] == '/' || !getcwd(folder, sizeof(folder)))
        return config_copy(slice_str(path));
    while (strncmp(path, "../", 3) == 0) {
        char *slash = strrchr(folder, '/');
        *(slash ? slash : folder) = '\0';
        path += 3;
    }
    struct buf whole;
    buf_init(&whole, BUF_NO_CEILING);
    buf_printf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
    char *copy = config_copy(buf_slice(&whole));
    buf_done(&whole);
    return copy;
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

/* Options that may stand alone, and what is then taken for their value. */
static const struct {
    const char *name, *value;
} bare_options[] = { { "--save", "\"\"" }, { "--sentinel", "" } };

/* NULL: it needs a value. */
static const char *bare_value(const char *arg)
{
    for (size_t i = 0; i < COUNT_OF(bare_options); i++)
        if (slice_is(slice_str(arg), bare_options[i].name))
            return bare_options[i].value;
    return NULL;
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
            const char *bare = bare_value(argv[i]);
            if (bare && (last || is_option(argv[i + 1]))) {
                buf_append_str(out, bare);
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

static bool asks_for_sentinel(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--sentinel") == 0)
            return true;
    return false;
}

/* Everything that is to be read, in its order. */
static int collect(struct config *c, const struct command_line *line, struct buf *text,
                   struct config_error *error)
{
    int rc = 0;
    if (line->file) {
        mem_free(c->file);
        c->file = absolute_path(line->file);
        rc = config_append_file(c->file, text, error);
    }
    if (rc == 0 && line->has_stdin) {
        log_write(LOG_WARNING, "Reading config from stdin");
        rc = append_one("/dev/stdin", text, error);
    }
    if (rc == 0 && line->options.len &&
        (buf_try_append(text, SLICE("\n")) < 0 ||
         buf_try_append(text, buf_slice(&line->options)) < 0))
        rc = config_refuse(error, "The configuration is too long");
    return rc;
}

int config_read(struct config *c, int argc, char *const *argv, struct config_error *ret_error)
{
    struct command_line line = { .file = NULL };
    struct buf text;
    buf_init(&line.options, BUF_NO_CEILING);
    buf_init(&text, CONFIG_FILE_MAX);
    read_command_line(argc, argv, &line);
    c->is_sentinel = asks_for_sentinel(argc, argv);
    for (size_t i = 0; i < c->known_count; i++)
        c->known[i].was_read = false;

    int error = collect(c, &line, &text, ret_error);
    if (error == 0)
        error = config_read_lines(c, buf_slice(&text), ret_error);
    if (error == 0 && c->is_sentinel) {
        (void)config_refuse(ret_error, "Sentinel mode is still to come");
        error = -ENOTSUP;
    }
    buf_done(&text);
    buf_done(&line.options);
    return error;
}
