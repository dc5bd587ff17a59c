/* What the files of the configuration share. */
#ifndef CONFIG_CONFIG_PRIV_H
#define CONFIG_CONFIG_PRIV_H

#include <limits.h>

#include "base/macros.h"
#include "config/config.h"

#define CONFIG_TABLES_MAX 40
#define CONFIG_FILE_MAX ((size_t)64 * 1024 * 1024)

/* One row, as it stands in the order of the tables. */
struct known {
    const struct directive_table *table;
    const struct directive *row;
    char *initial;
    bool was_read;   /* by a line of this reading */
    bool was_warned; /* that it has no effect */
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
    config_rename rename; /* NULL: lines of rename-command have no effect */
    void *rename_arg;
    char **users; /* names of `user` lines */
    size_t user_count;
    uint32_t lines_unbuilt; /* lines of config_lines.c that were read and have no effect yet */
    int depth;              /* of the file that is being read; 0: not by `include` */
    bool is_sentinel;
};

PRINTF(2, 3) int config_refuse(struct config_error *error, const char *format, ...);
char *config_copy(struct slice text); /* ends with a NUL; the caller's */

/* ---- config_lines.c: lines that are no directives ---- */

struct config_line {
    const char *name;
    size_t words_min, words_max; /* the name counts */
    /* NULL: has no effect, by design */
    int (*run)(struct config *c, const struct slice *words, size_t count,
               struct config_error *error);
    const char *unbuilt; /* what is not there yet, for the warning */
};

/* NULL if there is none of this name. */
const struct config_line *config_find_line(struct slice name);
/* 0, or a negative error with the reason. */
MUST_USE int config_run_line(struct config *c, const struct config_line *line,
                             const struct slice *words, size_t count, struct config_error *error);
/* Logs once for each that was read and has no effect yet. */
void config_warn_lines(struct config *c);

/* ---- config_read.c ---- */

/* Appends what is in the file, or in all files that the pattern matches. 0, or -errno with the
 * reason. */
MUST_USE int config_append_file(const char *path, struct buf *text, struct config_error *error);

#endif
