/* What SCAN, HSCAN, SSCAN and ZSCAN share: their arguments. */
#ifndef COMMANDS_SCAN_PRIV_H
#define COMMANDS_SCAN_PRIV_H

#include "commands/commands_priv.h"

#define SCAN_COUNT_DEFAULT 10
/* A step goes on until it has seen COUNT elements, or so many times as many buckets. */
#define SCAN_STEPS_PER_COUNT 10

struct scan_options {
    struct slice pattern; /* ptr NULL: all */
    struct slice type;    /* of SCAN; ptr NULL: all */
    int64_t count;
    bool bare; /* NOVALUES, NOSCORES */
};

/* A cursor as strtoul reads it, but without spaces in front: with a sign, empty for 0, and ended by
 * a NUL. False: an error was replied. */
MUST_USE bool scan_cursor_arg(const struct cmd *cmd, int i, uint64_t *ret_cursor);
/* The options from argument `first` on. `bare_word` ("novalues") may be NULL; `with_type`: TYPE is one. False: an
 * error was replied. */
MUST_USE bool scan_option_args(const struct cmd *cmd, int first, const char *bare_word,
                               bool with_type, struct scan_options *ret_options);
/* How many buckets a step may look at. */
int64_t scan_steps(const struct scan_options *options);

/* The reply's beginning: the next cursor, then `elements` bulks follow. */
void scan_reply_header(const struct cmd *cmd, uint64_t cursor, size_t elements);

#endif
