/* Configuration: the directives of all rooms, found by name.
 *
 * At start it is filled from a file and the command line (last one wins), at run time by CONFIG
 * SET. Rows and their tables belong to the rooms. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/directive.h"
#include "base/slice.h"

struct config;

struct config *config_new(void);
void config_free(struct config *c); /* accepts NULL */
void config_add(struct config *c, const struct directive_table *table);

/* A directive with the table that it stands in. */
struct config_row {
    const struct directive_table *table;
    const struct directive *row;
    bool is_alias; /* found by its other spelling */
};
/* Case-blind, both spellings. False if unknown. */
bool config_find(const struct config *c, struct slice name, struct config_row *ret_row);
size_t config_count(const struct config *c);
struct config_row config_at(const struct config *c, size_t index);

/* What could not be read, as the message at start shows it. */
struct config_error {
    int line; /* 0: the command line */
    char text[512];
    char reason[512];
};

/* Reads a file, or standard input for "-", and then the options of a command line
 * ("--name value ..."). 0, -EINVAL with the error filled, or -errno of the file. */
MUST_USE int config_read_file(struct config *c, const char *path, struct config_error *ret_error);
MUST_USE int config_read_options(struct config *c, int argc, char *const *argv,
                                 struct config_error *ret_error);

#endif
