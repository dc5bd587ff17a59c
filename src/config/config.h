/* Configuration: the directives of all rooms, found by name.
 *
 * At start it is filled from a file, standard input and the command line, in this order (the last
 * one wins), at run time by CONFIG SET. Rows and their tables belong to the rooms. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/directive.h"
#include "base/slice.h"

struct config;

struct config *config_new(void);
void config_free(struct config *c); /* accepts NULL */
/* The rows have their initial values, which are remembered as such. */
void config_add(struct config *c, const struct directive_table *table);

/* A directive with the table that it stands in. */
struct config_row {
    const struct directive_table *table;
    const struct directive *row;
    size_t index;  /* for config_at */
    bool is_alias; /* found by its other spelling */
};
/* Case-blind, both spellings. False if unknown. */
bool config_find(const struct config *c, struct slice name, struct config_row *ret_row);
size_t config_count(const struct config *c);
struct config_row config_at(const struct config *c, size_t index);
/* The initial value as CONFIG GET shows it. */
const char *config_initial(const struct config *c, const struct config_row *found);

/* Stores the words of a value; one word for a directive of several is parted at its spaces. 0, or
 * -EINVAL with the reason; then nothing was stored. */
MUST_USE int config_store(const struct config_row *found, struct arena *arena,
                          const struct slice *words, size_t count,
                          struct directive_error *ret_error);
/* Puts what is stored into effect. As directive.apply. */
MUST_USE int config_apply(const struct config_row *found, const char **ret_reason);

/* Logs that a directive has no effect yet, if it has none and another value than its initial one.
 * Once for each. */
void config_warn(struct config *c, const struct config_row *found);
/* The same for all, and for lines that are no directives. */
void config_warn_all(struct config *c);

/* Renames a command for a `rename-command` line: 0, -ENOENT or -EEXIST, as dispatch_rename. Before it is
 * set, such lines have no effect. */
typedef int (*config_rename)(void *arg, struct slice from, struct slice to);
void config_set_rename(struct config *c, config_rename rename, void *arg);

/* What could not be read, as the message at start shows it. Zeroed before. */
struct config_error {
    int line;   /* 0: not a line's fault */
    char *text; /* the line; owned */
    char reason[512];
};
void config_error_done(struct config_error *error);

/* Reads what the arguments behind the program's name say: "[file] [-] [--name value ...] [-]". The
 * options become lines behind those of file and standard input, separated by an empty line: in
 * errors, lines are counted so. Each directive takes effect at once. 0, -EINVAL for a wrong line, or
 * another negative error that is no line's fault (a file cannot be read); then the error is filled. */
MUST_USE int config_read(struct config *c, int argc, char *const *argv,
                         struct config_error *ret_error);
/* The same for lines of text. */
MUST_USE int config_read_lines(struct config *c, struct slice text, struct config_error *ret_error);
/* Absolute path of the file that config_read was told to read, or NULL. */
const char *config_file(const struct config *c);

/* Writes what holds into that file, which there must be; all directives if `force_all`, else those
 * that have a line or another value than their initial one. 0, or -errno; then the file is as it
 * was. */
MUST_USE int config_rewrite(const struct config *c, bool force_all);

#endif
