/* tarn-reference: writes what the rows say; see reference_priv.h.
 *
 *   tarn-reference write DIR EXAMPLES    the pages of docs/reference
 *   tarn-reference check DIR EXAMPLES    names the pages that are stale; status 1 then
 *   tarn-reference conf FILE STATE-DIR   the commented tarn.conf
 *   tarn-reference man TEMPLATE FILE     a man page: the line ".\" directives" is replaced
 *   tarn-reference gaps                  names what has no summary; status 1 then */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "server/reference_priv.h"

static void first_page(struct server *s, struct pages *pages)
{
    struct buf page;
    buf_init(&page, BUF_NO_CEILING);
    buf_append_str(&page, "# Reference\n\n");
    text_wrap(
        &page, "",
        "Written from the program's own tables by `make reference`: what stands here is what "
        "this version does. The same facts are in the server: COMMAND DOCS, CONFIG GET, INFO.");
    buf_append_str(&page, "\n- [Directives](directives.md) of the configuration\n"
                          "- [Fields of INFO](info.md)\n- Commands, below\n\n## Commands\n\n");
    text_wrap(
        &page, "",
        "\"Since\" on a command's page is the version of the protocol in which clients first "
        "met it, not one of Tarn's. Flags, ACL categories and keys are those of COMMAND INFO. "
        "Examples are played by the tests; in them `2>` is a second connection and `2<` what comes "
        "to it later, `<n>` stands "
        "for a number, another word in angle brackets for a text, and `...` for lines that "
        "are left out.");
    reference_command_index(s, &page);
    pages_put(pages, "README.md", &page);
    buf_done(&page);
}

static int write_pages(struct server *s, char **argv, bool only_check)
{
    struct pages pages;
    pages_init(&pages, argv[0], only_check);
    first_page(s, &pages);
    reference_directives(s, &pages);
    reference_info(s, &pages);
    reference_commands(s, &pages, argv[1]);
    if (only_check && pages.stale)
        printf("run: make reference\n");
    int status = only_check && pages.stale ? EXIT_FAILURE : EXIT_SUCCESS;
    pages_done(&pages);
    return status;
}

static int run_write(struct server *s, char **argv)
{
    return write_pages(s, argv, false);
}

static int run_check(struct server *s, char **argv)
{
    return write_pages(s, argv, true);
}

static int run_gaps(struct server *s, char **argv UNUSED)
{
    return reference_gaps(s) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int write_file(const char *path, const struct buf *text)
{
    int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int error = fd < 0 ? fd : file_write_all(fd, buf_slice(text));
    if (fd >= 0 && file_close(fd) < 0)
        error = -1;
    if (error < 0)
        fprintf(stderr, "cannot write %s\n", path);
    return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_conf(struct server *s, char **argv)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    reference_conf(s, &out, argv[1]);
    int status = write_file(argv[0], &out);
    buf_done(&out);
    return status;
}

static int run_man(struct server *s, char **argv)
{
    struct slice mark = SLICE(".\\\" directives\n");
    struct buf text, out;
    buf_init(&text, BUF_NO_CEILING);
    buf_init(&out, BUF_NO_CEILING);
    int error = file_read_whole(argv[0], &text);
    const char *at = error < 0 ? NULL : memmem(text.ptr, text.len, mark.ptr, mark.len);
    int status = EXIT_FAILURE;
    if (at) {
        size_t before = (size_t)(at - text.ptr);
        buf_append(&out, slice_of(text.ptr, before));
        reference_man_directives(s, &out);
        buf_append(&out, slice_from(buf_slice(&text), before + mark.len));
        status = write_file(argv[1], &out);
    } else {
        fprintf(stderr, "%s: not there, or without the line for directives\n", argv[0]);
    }
    buf_done(&out);
    buf_done(&text);
    return status;
}

/* ---- what is missing ---- */

static int gap(const char *kind, const char *name, const char *summary)
{
    if (summary && *summary)
        return 0;
    printf("no summary: %s %s\n", kind, name ? name : "(block without pattern)");
    return 1;
}

int reference_gaps(struct server *s)
{
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t count = server_metric_tables(s, tables);
    int gaps = 0;
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct metric *row = &tables[t].rows[i];
            const char *name = row->name ? row->name : row->pattern;
            gaps += gap(row->section, name, name ? row->summary : NULL);
        }
    for (size_t i = 0; i < config_count(s->config); i++) {
        struct config_row found = config_at(s->config, i);
        gaps += gap("directive", found.row->name, found.row->summary);
        if (!found.table->title)
            gaps += gap("chapter of", found.row->name, NULL);
    }
    return gaps;
}

static const struct verb {
    const char *name;
    int args;
    int (*run)(struct server *s, char **argv);
} verbs[] = {
    { "write", 2, run_write }, { "check", 2, run_check }, { "conf", 2, run_conf },
    { "man", 2, run_man },     { "gaps", 0, run_gaps },
};

int main(int argc, char **argv)
{
    const struct verb *verb = NULL;
    for (size_t i = 0; i < COUNT_OF(verbs) && argc > 1; i++)
        if (strcmp(argv[1], verbs[i].name) == 0 && argc == verbs[i].args + 2)
            verb = &verbs[i];
    if (!verb) {
        fprintf(stderr, "usage: tarn-reference write|check DIR EXAMPLES | conf FILE STATE-DIR | "
                        "man TEMPLATE FILE | gaps\n");
        return 2;
    }
    struct server s = { .exit_status = 0 };
    mem_thread_enter();
    clock_init();
    int status = EXIT_FAILURE;
    if (server_make_rooms(&s) == 0)
        status = verb->run(&s, argv + 2);
    server_done(&s);
    return status;
}
