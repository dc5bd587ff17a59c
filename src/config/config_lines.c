/* Lines of a configuration file that set no value: files to include, users, modules, names of the
 * past. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config_priv.h"

/* Each level needs a buffer and some stack. */
#define INCLUDE_DEPTH_MAX 16

static int run_include(struct config *c, const struct slice *words, size_t count UNUSED,
                       struct config_error *error)
{
    if (c->depth == INCLUDE_DEPTH_MAX)
        return config_refuse(error, "Files are included more than %d levels deep",
                             INCLUDE_DEPTH_MAX);
    struct buf text;
    char *path = config_copy(words[1]);
    buf_init(&text, CONFIG_FILE_MAX);
    int rc = config_append_file(path, &text, error);
    c->depth++;
    if (rc == 0)
        rc = config_read_lines(c, buf_slice(&text), error);
    c->depth--;
    buf_done(&text);
    mem_free(path);
    return rc;
}

static bool is_user_known(const struct config *c, struct slice name)
{
    for (size_t i = 0; i < c->user_count; i++)
        if (slice_eq(name, slice_str(c->users[i])))
            return true;
    return false;
}

static int run_user(struct config *c, const struct slice *words, size_t count UNUSED,
                    struct config_error *error)
{
    struct slice name = words[1];
    if (is_user_known(c, name))
        return config_refuse(error,
                             "Error in user declaration '%.*s': Duplicate user found. A user can "
                             "only be defined once in config files",
                             SLICE_ARGS(name));
    c->users = mem_realloc(c->users, (c->user_count + 1) * sizeof(*c->users));
    c->users[c->user_count++] = config_copy(name);
    return 0;
}

void config_set_rename(struct config *c, config_rename rename, void *arg)
{
    c->rename = rename;
    c->rename_arg = arg;
}

static int run_rename(struct config *c, const struct slice *words, size_t count UNUSED,
                      struct config_error *error)
{
    int rc = c->rename ? c->rename(c->rename_arg, words[1], words[2]) : 0;
    if (rc == -ENOENT)
        return config_refuse(error, "No such command in rename-command");
    if (rc == -EEXIST)
        return config_refuse(error, "Target command name already exists");
    return rc;
}

static int run_sentinel(struct config *c, const struct slice *words UNUSED, size_t count,
                        struct config_error *error)
{
    if (count == 1 || c->is_sentinel)
        return 0; /* the mode itself comes from the command line */
    return config_refuse(error, "sentinel directive while not in sentinel mode");
}

static int run_kept(struct config *c UNUSED, const struct slice *words UNUSED, size_t count UNUSED,
                    struct config_error *error UNUSED)
{
    return 0;
}

static const struct config_line lines[] = {
    { "include", 2, 2, run_include, NULL },
    { "user", 2, SIZE_MAX, run_user, "users and their rights" },
    { "loadmodule", 2, SIZE_MAX, run_kept, "modules" },
    { "rename-command", 3, 3, run_rename, NULL },
    { "sentinel", 1, SIZE_MAX, run_sentinel, NULL },
    /* Known to older servers. */
    { "events-per-io-thread", 2, 2, NULL, NULL },
    { "list-max-ziplist-entries", 2, 2, NULL, NULL },
    { "list-max-ziplist-value", 2, 2, NULL, NULL },
    { "lua-replicate-commands", 2, 2, NULL, NULL },
};

static_assert(COUNT_OF(lines) <= 32, "one bit each in lines_unbuilt");

const struct config_line *config_find_line(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (slice_is(name, lines[i].name))
            return &lines[i];
    return NULL;
}

/* What CONFIG REWRITE of the peers writes for the user that is there anyway. */
static bool is_usual_user(const struct slice *words, size_t count)
{
    static const char *const usual[] = { "user", "default", "on", "nopass", "~*", "&*", "+@all" };
    size_t same = 0;
    for (size_t i = 0; i < count; i++) {
        if (slice_is(words[i], "sanitize-payload"))
            continue;
        if (same == COUNT_OF(usual) || !slice_is(words[i], usual[same]))
            return false;
        same++;
    }
    return same == COUNT_OF(usual);
}

int config_run_line(struct config *c, const struct config_line *line, const struct slice *words,
                    size_t count, struct config_error *error)
{
    if (count < line->words_min || count > line->words_max)
        return config_refuse(error, "Bad directive or wrong number of arguments");
    if (!line->run)
        return 0;
    if (line->unbuilt && !is_usual_user(words, count))
        c->lines_unbuilt |= 1U << (line - lines);
    return line->run(c, words, count, error);
}

void config_warn_lines(struct config *c)
{
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (lines[i].unbuilt && (c->lines_unbuilt & (1U << i)))
            log_write(LOG_WARNING, "Lines of '%s' have no effect yet: %s are still to come.",
                      lines[i].name, lines[i].unbuilt);
    c->lines_unbuilt = 0;
}
