/* The directives of the server as a whole: its folder, its periodic work. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "server/server_priv.h"

#define AT(field) offsetof(struct server_settings, field)

/* Any number is taken, as by the peers, but not every one is used. */
static int apply_hz(void *owner, const char **ret_error UNUSED)
{
    struct server *s = owner;
    s->settings.hz = MIN_OF(MAX_OF(s->settings.hz, (int64_t)1), (int64_t)500);
    return 0;
}

/* The process is in the folder, or it is refused: no copy of its name is kept. */
static int parse_dir(void *owner UNUSED, const struct slice *words, size_t count UNUSED,
                     const char **ret_error)
{
    char path[PATH_MAX];
    *ret_error = strerror(ENAMETOOLONG);
    if (words[0].len >= sizeof(path))
        return -EINVAL;
    memcpy(path, words[0].ptr, words[0].len);
    path[words[0].len] = '\0';
    if (chdir(path) == 0)
        return 0;
    *ret_error = strerror(errno);
    return -EINVAL;
}

static void show_dir(const void *owner UNUSED, struct buf *out)
{
    char path[PATH_MAX];
    if (getcwd(path, sizeof(path)))
        buf_append_str(out, path);
}

static const struct directive rows[] = {
    { .name = "dir",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_PROTECTED | DIRECTIVE_DENY_LOADING,
      .parse = parse_dir,
      .show = show_dir,
      .summary = "The folder that the server works in: names of files without a path are there." },
    { .name = "hz",
      .type = DIRECTIVE_INT,
      .offset = AT(hz),
      .min = 0,
      .max = INT32_MAX,
      .initial = "10",
      .apply = apply_hz,
      .summary = "How often a second work in the background is done, from 1 to 500." },
};

struct directive_table server_directives(struct server *s)
{
    return (struct directive_table){ rows, COUNT_OF(rows), &s->settings, s, "Server" };
}
