/* The options of SET, MSETEX, GETEX, INCREX, HGETEX and HSETEX, as one table. */
#ifndef COMMANDS_STRING_OPTIONS_H
#define COMMANDS_STRING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/cmd.h"

enum string_option {
    OPTION_NX = 1 << 0,
    OPTION_XX = 1 << 1,
    OPTION_IFEQ = 1 << 2,
    OPTION_GET = 1 << 3,
    OPTION_KEEPTTL = 1 << 4,
    OPTION_PERSIST = 1 << 5,
    OPTION_EX = 1 << 6,
    OPTION_PX = 1 << 7,
    OPTION_EXAT = 1 << 8,
    OPTION_PXAT = 1 << 9,
    OPTION_IFNE = 1 << 10,
    OPTION_IFDEQ = 1 << 11,
    OPTION_IFDNE = 1 << 12,
    OPTION_BYINT = 1 << 13,
    OPTION_BYFLOAT = 1 << 14,
    OPTION_LBOUND = 1 << 15,
    OPTION_UBOUND = 1 << 16,
    OPTION_SATURATE = 1 << 17,
    OPTION_ENX = 1 << 18,
    OPTION_FNX = 1 << 19,
    OPTION_FXX = 1 << 20,
};
#define OPTIONS_TIME (OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT)
#define OPTIONS_COMPARE (OPTION_IFEQ | OPTION_IFNE | OPTION_IFDEQ | OPTION_IFDNE)
#define OPTIONS_SET \
    (OPTION_NX | OPTION_XX | OPTIONS_COMPARE | OPTION_GET | OPTION_KEEPTTL | OPTIONS_TIME)
#define OPTIONS_MSETEX (OPTION_NX | OPTION_XX | OPTION_KEEPTTL | OPTIONS_TIME)
#define OPTIONS_HSETEX \
    (OPTION_NX | OPTION_XX | OPTION_FNX | OPTION_FXX | OPTION_KEEPTTL | OPTIONS_TIME)
#define OPTIONS_DELEX OPTIONS_COMPARE
#define OPTIONS_INCREX                                                                             \
    (OPTION_BYINT | OPTION_BYFLOAT | OPTION_LBOUND | OPTION_UBOUND | OPTION_SATURATE | OPTION_NX | \
     OPTION_XX | OPTION_ENX | OPTION_PERSIST | OPTIONS_TIME)
#define OPTIONS_GETEX (OPTION_PERSIST | OPTIONS_TIME)

/* Which argument belongs to an option that has one. */
enum option_argument {
    ARGUMENT_NONE,
    ARGUMENT_TIME,    /* of one of OPTIONS_TIME */
    ARGUMENT_COMPARE, /* the value or digest of one of OPTIONS_COMPARE */
    ARGUMENT_BY,      /* of BYINT or BYFLOAT */
    ARGUMENT_LBOUND,
    ARGUMENT_UBOUND,
    ARGUMENT_COUNT,
};

struct string_options {
    uint32_t given;
    int at[ARGUMENT_COUNT]; /* 0: not given */
};

/* Options from argument `first` on; only those in `allowed` exist. False: an error was replied. */
MUST_USE bool string_options_parse(const struct cmd *cmd, int first, uint32_t allowed,
                                   struct string_options *ret);

/* The Unix time in ms that argument `i` says, read as `option` (one of OPTIONS_TIME) says.
 * False: an error was replied. */
MUST_USE bool string_time(const struct cmd *cmd, int i, uint32_t option, int64_t *ret_when_ms);

/* Whether the string of `e`, NULL if there is none, is what the given one of OPTIONS_COMPARE asks
 * for: what is not there differs from everything. */
MUST_USE bool string_compares(const struct cmd *cmd, const struct string_options *options,
                              const struct entry *e);

#define STRING_DIGEST_CHARS 16

/* The digest of bytes as DIGEST shows it. */
void string_digest(struct slice bytes, char out[static STRING_DIGEST_CHARS]);

#endif
