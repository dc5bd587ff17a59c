/* Reading the configuration: lines, the command line, their errors; with made-up directives. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/check.h"

struct settings {
    int64_t number;
    bool flag;
    char *text, *list;
    int mode;
};

struct world {
    struct config *config;
    struct settings settings;
    struct directive_table table;
    struct config_error error;
    int applied; /* calls of `apply` of "number" */
    struct buf custom;
};

static int apply_number(void *owner, const char **ret_error)
{
    struct world *w = owner;
    w->applied++;
    *ret_error = "thirteen is unlucky";
    return w->settings.number == 13 ? -EINVAL : 0;
}

static int parse_pairs(void *owner, const struct slice *words, size_t count, const char **ret_error)
{
    struct world *w = owner;
    *ret_error = "not in pairs";
    if (count % 2 != 0)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        buf_printf(&w->custom, "<%.*s>", SLICE_ARGS(words[i]));
    return 0;
}

static void show_pairs(const void *owner, struct buf *out)
{
    buf_append(out, buf_slice(&((const struct world *)owner)->custom));
}

static void show_custom(const void *owner, struct buf *out)
{
    show_pairs(owner, out);
}

/* Replaces what was there. */
static int parse_sums(void *owner, const struct slice *words, size_t count, const char **ret_error)
{
    struct world *w = owner;
    *ret_error = "an odd number";
    if (count % 2 != 0)
        return -EINVAL;
    buf_clear(&w->custom);
    for (size_t i = 0; i < count; i++)
        buf_printf(&w->custom, "%s%.*s", i ? " " : "", SLICE_ARGS(words[i]));
    return 0;
}

static const struct directive_word modes[] = { { "one", 1 }, { "two", 2 }, { NULL, 0 } };

#define AT(field) offsetof(struct settings, field)

static const struct directive rows[] = {
    { .name = "number",
      .alias = "other-number",
      .type = DIRECTIVE_INT,
      .offset = AT(number),
      .max = 1000,
      .initial = "7",
      .apply = apply_number },
    { .name = "flag", .type = DIRECTIVE_BOOL, .offset = AT(flag), .initial = "no" },
    { .name = "text", .type = DIRECTIVE_STRING, .offset = AT(text), .initial = "" },
    { .name = "list",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(list),
      .initial = "a b" },
    { .name = "mode",
      .type = DIRECTIVE_ENUM,
      .offset = AT(mode),
      .initial = "one",
      .words = modes },
    { .name = "pairs",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI,
      .parse = parse_pairs,
      .show = show_pairs },
    { .name = "sums",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI | DIRECTIVE_ADDS,
      .parse = parse_sums,
      .show = show_custom },
    { .name = "save", .type = DIRECTIVE_STRING, .offset = AT(text), .initial = "" },
};

static struct world *world(void)
{
    static struct world w;
    w = (struct world){ .applied = 0 };
    buf_init(&w.custom, BUF_NO_CEILING);
    w.table = (struct directive_table){ rows, COUNT_OF(rows), &w.settings, &w, "Test" };
    directive_init_all(&w.table);
    w.config = config_new();
    config_add(w.config, &w.table);
    return &w;
}

static void world_done(struct world *w)
{
    config_free(w->config);
    directive_done_all(&w->table);
    buf_done(&w->custom);
    config_error_done(&w->error);
}

static int read_text(struct world *w, const char *text)
{
    config_error_done(&w->error);
    w->error = (struct config_error){ 0 };
    return config_read_lines(w->config, slice_str(text), &w->error);
}

#define READS(w, text) CHECK_INT(read_text((w), text), 0)
#define REFUSES(w, whole, at, shown, why)          \
    do {                                           \
        CHECK_INT(read_text((w), whole), -EINVAL); \
        CHECK_INT((w)->error.line, at);            \
        CHECK_STR((w)->error.text, shown);         \
        CHECK_STR((w)->error.reason, why);         \
    } while (0)

/* ---- lines ---- */

TEST(lines_hold_a_name_and_a_value)
{
    struct world *w = world();
    READS(w, "number 5\nflag yes\ntext abc");
    CHECK_INT(w->settings.number, 5);
    CHECK(w->settings.flag);
    CHECK_STR(w->settings.text, "abc");
    CHECK_INT(w->applied, 1);
    world_done(w);
}

TEST(empty_lines_comments_and_spaces_around_do_not_count)
{
    struct world *w = world();
    READS(w, "\n\n# number 1\n   # number 2\n \t number \t 5 \r\n\r\n#\nflag yes\n\n");
    CHECK_INT(w->settings.number, 5);
    CHECK(w->settings.flag);
    READS(w, "");
    READS(w, "#");
    READS(w, "\n");
    world_done(w);
}

TEST(names_are_known_in_any_case_and_by_both_spellings)
{
    struct world *w = world();
    READS(w, "NUMBER 5");
    CHECK_INT(w->settings.number, 5);
    READS(w, "Other-Number 6\n\"number\" 8");
    CHECK_INT(w->settings.number, 8);
    struct config_row found;
    CHECK(config_find(w->config, SLICE("OTHER-NUMBER"), &found));
    CHECK(found.is_alias);
    CHECK(config_find(w->config, SLICE("number"), &found));
    CHECK(!found.is_alias);
    CHECK(!config_find(w->config, SLICE("numbe"), &found));
    world_done(w);
}

TEST(quotes_keep_spaces_and_escapes)
{
    struct world *w = world();
    READS(w, "text \"a b\\x41\\n\"");
    CHECK_STR(w->settings.text, "a bA\n");
    READS(w, "text 'a \\'b\\''");
    CHECK_STR(w->settings.text, "a 'b'");
    READS(w, "text \"\"");
    CHECK_STR(w->settings.text, "");
    READS(w, "text \"a # b\"");
    CHECK_STR(w->settings.text, "a # b");
    world_done(w);
}

TEST(the_last_of_several_lines_wins)
{
    struct world *w = world();
    READS(w, "number 1\nnumber 2\nnumber 3");
    CHECK_INT(w->settings.number, 3);
    world_done(w);
}

TEST(directives_of_several_words_take_them_in_one_or_in_many)
{
    struct world *w = world();
    READS(w, "list x y z");
    CHECK_STR(w->settings.list, "x y z");
    READS(w, "list \"p q\"");
    CHECK_STR(w->settings.list, "p q");
    READS(w, "list \"\"");
    CHECK_STR(w->settings.list, "");
    READS(w, "pairs a 1\npairs \"b 2\"\npairs \"\"\npairs 'c  3 4'");
    CHECK_STR(buf_cstr(&w->custom), "<a><1><b><2><c><><3><4>");
    world_done(w);
}

TEST(a_line_may_have_any_number_of_words)
{
    struct world *w = world();
    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    buf_append_str(&line, "list");
    for (int i = 0; i < 20000; i++)
        buf_append_str(&line, " ab");
    READS(w, buf_cstr(&line));
    CHECK_UINT(strlen(w->settings.list), 20000 * 3 - 1);
    buf_done(&line);
    world_done(w);
}

TEST(errors_name_the_line_and_the_reason)
{
    struct world *w = world();
    REFUSES(w, "nosuch 1", 1, "nosuch 1", "Bad directive or wrong number of arguments");
    REFUSES(w, "# a\n\nflag yes\n  nosuch  1 \r\nflag no", 4, "nosuch  1",
            "Bad directive or wrong number of arguments");
    CHECK(w->settings.flag); /* what stands before it is read, what stands behind is not */
    REFUSES(w, "number", 1, "number", "wrong number of arguments");
    REFUSES(w, "number 1 2", 1, "number 1 2", "wrong number of arguments");
    REFUSES(w, "number 1 # one", 1, "number 1 # one", "wrong number of arguments");
    REFUSES(w, "number x", 1, "number x", "argument couldn't be parsed into an integer");
    REFUSES(w, "number 1001", 1, "number 1001", "argument must be between 0 and 1000 inclusive");
    REFUSES(w, "flag maybe", 1, "flag maybe", "argument must be 'yes' or 'no'");
    REFUSES(w, "mode three", 1, "mode three", "argument(s) must be one of the following: one, two");
    REFUSES(w, "text \"abc", 1, "text \"abc", "Unbalanced quotes in configuration line");
    REFUSES(w, "text \"abc\"d", 1, "text \"abc\"d", "Unbalanced quotes in configuration line");
    REFUSES(w, "pairs a 1 b", 1, "pairs a 1 b", "not in pairs");
    REFUSES(w, "flag no\nnumber 13", 2, "number 13", "thirteen is unlucky");
    world_done(w);
}

TEST(lines_of_a_directive_that_adds_add_up_in_one_reading)
{
    struct world *w = world();
    char *const none[] = { NULL };
    READS(w, "sums a 1\nsums \"b 2 c 3\"");
    CHECK_STR(buf_cstr(&w->custom), "a 1 b 2 c 3");
    REFUSES(w, "sums d", 1, "sums d", "an odd number");
    CHECK_STR(buf_cstr(&w->custom), "a 1 b 2 c 3");
    READS(w, "sums \"\"\nsums x 1");
    CHECK_STR(buf_cstr(&w->custom), "x 1");
    CHECK_INT(config_read(w->config, 0, none, &w->error), 0); /* the next reading begins anew */
    READS(w, "sums y 2");
    CHECK_STR(buf_cstr(&w->custom), "y 2");
    world_done(w);
}

TEST(lines_of_the_past_and_of_others_are_taken)
{
    struct world *w = world();
    READS(w, "list-max-ziplist-entries 5\nlua-replicate-commands yes\nloadmodule /x y\nsentinel");
    READS(w, "rename-command get \"\"\nuser default on nopass sanitize-payload ~* &* +@all");
    REFUSES(w, "list-max-ziplist-entries 1 2", 1, "list-max-ziplist-entries 1 2",
            "Bad directive or wrong number of arguments");
    REFUSES(w, "rename-command get", 1, "rename-command get",
            "Bad directive or wrong number of arguments");
    REFUSES(w, "sentinel monitor a b 1 1", 1, "sentinel monitor a b 1 1",
            "sentinel directive while not in sentinel mode");
    REFUSES(w, "module.x", 1, "module.x", "Module config specified without value");
    CHECK_INT(read_text(w, "module.x 1"), -ENOTSUP);
    world_done(w);
}

TEST(a_user_is_declared_once)
{
    struct world *w = world();
    READS(w, "user alice on\nuser Alice off\nuser bob");
    REFUSES(w, "user carol on\nuser alice off", 2, "user alice off",
            "Error in user declaration 'alice': Duplicate user found. A user can only be defined "
            "once in config files");
    world_done(w);
}

/* ---- included files ---- */

static char folder[] = "/tmp/tarn-config-test-XXXXXX";

static void make_folder(void)
{
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    CHECK_PTR_NOT_NULL(mkdtemp(folder));
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    int fd = file_open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, slice_str(text)), 0);
    (void)file_close(fd);
}

static void remove_folder(void)
{
    static const char *const names[] = { "a.conf", "b.conf", "c", "self" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unlink(path_of(names[i]));
    CHECK_INT(rmdir(folder), 0);
}

static int read_include(struct world *w, const char *name)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "flag yes\ninclude %s\nmode two\n", path_of(name));
    return read_text(w, text);
}

TEST(an_included_file_stands_where_its_line_stands)
{
    struct world *w = world();
    make_folder();
    write_file("a.conf", "number 1\nmode one\nflag no");
    write_file("b.conf", "number 2");
    CHECK_INT(read_include(w, "a.conf"), 0);
    CHECK_INT(w->settings.number, 1);
    CHECK(!w->settings.flag);
    CHECK_INT(w->settings.mode, 2);
    CHECK_INT(read_include(w, "[ab].conf"), 0); /* in the order of their names */
    CHECK_INT(w->settings.number, 2);
    CHECK_INT(read_include(w, "nosuch*"), 0);
    CHECK_INT(read_include(w, "nosuch"), -ENOENT);
    remove_folder();
    world_done(w);
}

TEST(a_wrong_line_of_an_included_file_is_named_by_its_place_there)
{
    struct world *w = world();
    make_folder();
    write_file("a.conf", "number 1\n\nnumber x\n");
    CHECK_INT(read_include(w, "a.conf"), -EINVAL);
    CHECK_INT(w->error.line, 3);
    CHECK_STR(w->error.text, "number x");
    CHECK_STR(w->error.reason, "argument couldn't be parsed into an integer");
    remove_folder();
    world_done(w);
}

TEST(a_file_that_includes_itself_is_refused)
{
    struct world *w = world();
    char text[160];
    make_folder();
    (void)snprintf(text, sizeof(text), "include %s\n", path_of("self"));
    write_file("self", text);
    CHECK_INT(read_include(w, "self"), -EINVAL);
    CHECK_STR(w->error.reason, "Files are included more than 16 levels deep");
    remove_folder();
    world_done(w);
}

/* ---- the command line ---- */

static int read_args(struct world *w, int argc, const char *const *argv)
{
    config_error_done(&w->error);
    w->error = (struct config_error){ 0 };
    return config_read(w->config, argc, (char *const *)(uintptr_t)argv, &w->error);
}

#define ARGS(...)                                                                \
    (int)COUNT_OF(((const char *const[]){ __VA_ARGS__ })), (const char *const[]) \
    {                                                                            \
        __VA_ARGS__                                                              \
    }

TEST(options_are_lines_whose_values_are_quoted)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("--number", "5", "--text", "a \"b\" \n c")), 0);
    CHECK_INT(w->settings.number, 5);
    CHECK_STR(w->settings.text, "a \"b\" \n c");
    CHECK_INT(read_args(w, ARGS("--list", "x", "y", "--flag", "yes")), 0);
    CHECK_STR(w->settings.list, "x y");
    CHECK(w->settings.flag);
    CHECK_INT(read_args(w, 0, NULL), 0);
    world_done(w);
}

TEST(name_and_value_may_stand_in_one_argument)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("--number 9", "--text abc")), 0);
    CHECK_INT(w->settings.number, 9);
    CHECK_STR(w->settings.text, "abc");
    world_done(w);
}

TEST(a_value_may_look_like_an_option)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("--text", "--number", "--number", "3")), 0);
    CHECK_STR(w->settings.text, "--number");
    CHECK_INT(w->settings.number, 3);
    world_done(w);
}

TEST(save_may_stand_without_a_value)
{
    struct world *w = world();
    READS(w, "save abc");
    CHECK_INT(read_args(w, ARGS("--save", "--number", "3")), 0);
    CHECK_STR(w->settings.text, "");
    CHECK_INT(w->settings.number, 3);
    READS(w, "save abc");
    CHECK_INT(read_args(w, ARGS("--number", "4", "--save")), 0);
    CHECK_STR(w->settings.text, "");
    CHECK_INT(w->settings.number, 4);
    world_done(w);
}

TEST(sentinel_may_stand_alone_and_is_not_there_yet)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("--sentinel", "--number", "3")), -ENOTSUP);
    CHECK_INT(w->settings.number, 3);
    CHECK_STR(w->error.reason, "Sentinel mode is still to come");
    CHECK_INT(read_args(w, ARGS("--sentinel", "--number", "x")), -EINVAL);
    world_done(w);
}

TEST(errors_of_options_show_the_line_that_they_make)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("--number", "1", "2")), -EINVAL);
    CHECK_INT(w->error.line, 2); /* behind an empty line */
    CHECK_STR(w->error.text, "number \"1\" \"2\"");
    CHECK_STR(w->error.reason, "wrong number of arguments");
    CHECK_INT(read_args(w, ARGS("--flag", "yes", "--number")), -EINVAL);
    CHECK_INT(w->error.line, 3);
    CHECK_STR(w->error.text, "number");
    CHECK_INT(read_args(w, ARGS("-x", "1")), -EINVAL);
    CHECK_STR(w->error.text, "\"-x\" \"1\"");
    CHECK_STR(w->error.reason, "Bad directive or wrong number of arguments");
    world_done(w);
}

/* A file of its own for each test: its path. */
static const char *file_with(const char *text)
{
    static char path[] = "/tmp/tarn-config-test-XXXXXX";
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(file_write_all(fd, slice_str(text)), 0);
    (void)file_close(fd);
    return path;
}

TEST(a_file_comes_first_and_options_win)
{
    struct world *w = world();
    const char *path = file_with("number 1\ntext file\n# end");
    CHECK_INT(read_args(w, ARGS(path, "--number", "2")), 0);
    CHECK_INT(w->settings.number, 2);
    CHECK_STR(w->settings.text, "file");
    CHECK_STR(config_file(w->config), path);
    CHECK_INT(read_args(w, ARGS(path, "--number", "x")), -EINVAL);
    CHECK_INT(w->error.line, 4);
    (void)unlink(path);
    world_done(w);
}

TEST(a_file_that_is_not_there_is_named)
{
    struct world *w = world();
    CHECK_INT(read_args(w, ARGS("/nosuch/file")), -ENOENT);
    CHECK_INT(w->error.line, 0);
    CHECK_STR(w->error.reason,
              "Fatal error, can't open config file '/nosuch/file': No such file or directory");
    world_done(w);
}

TEST(a_dash_reads_standard_input_behind_the_file)
{
    struct world *w = world();
    const char *path = file_with("number 1\nmode two");
    int fds[2];
    int before = dup(STDIN_FILENO);
    CHECK_INT(pipe(fds), 0);
    CHECK_INT(file_write_all(fds[1], SLICE("number 2\ntext stdin\n")), 0);
    (void)close(fds[1]);
    CHECK(dup2(fds[0], STDIN_FILENO) == STDIN_FILENO);
    (void)close(fds[0]);
    CHECK_INT(read_args(w, ARGS(path, "--flag", "yes", "-")), 0);
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
    CHECK_INT(w->settings.number, 2);
    CHECK_INT(w->settings.mode, 2);
    CHECK_STR(w->settings.text, "stdin");
    CHECK(w->settings.flag);
    (void)unlink(path);
    world_done(w);
}
