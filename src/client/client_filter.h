/* Filters of CLIENT LIST and CLIENT KILL: which clients are meant.
 *
 * A filter is a list of criteria, each a row of a table; all must hold. Every name exists with
 * "NOT-" in front as well, and means the opposite. */
#ifndef CLIENT_CLIENT_FILTER_H
#define CLIENT_CLIENT_FILTER_H

#include <stdbool.h>

#include "base/slice.h"

struct client;
struct cmd;
struct criterion_row;

struct criterion {
    const struct criterion_row *row;
    bool negated;
    const struct slice *values;
    int count;
};

#define FILTER_CRITERIA_MAX 32

struct client_filter {
    struct criterion criteria[FILTER_CRITERIA_MAX];
    int count;
    bool skip_me;
};

/* Reads the arguments from `from` on. False if an error was replied. */
bool client_filter_parse(struct cmd *cmd, int from, struct client_filter *ret_filter);
/* The criterion that names clients by ID, or NULL: LIST shows them in the order asked for. */
const struct criterion *client_filter_ids(const struct client_filter *filter);
bool client_filter_matches(const struct client_filter *filter, const struct client *c);

#endif
