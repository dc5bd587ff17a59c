/* The options that SET and GETEX share, as one table. */
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
};
#define OPTIONS_TIME (OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT)
#define OPTIONS_SET \
    (OPTION_NX | OPTION_XX | OPTION_IFEQ | OPTION_GET | OPTION_KEEPTTL | OPTIONS_TIME)
#define OPTIONS_GETEX (OPTION_PERSIST | OPTIONS_TIME)

struct string_options {
    uint32_t given;
    int time_at; /* argument of the time, with one of OPTIONS_TIME */
    int ifeq_at; /* argument of the value to compare with */
};

/* Options from argument `first` on; only those in `allowed` exist. False: an error was replied. */
MUST_USE bool string_options_parse(const struct cmd *cmd, int first, uint32_t allowed,
                                   struct string_options *ret);

/* The Unix time in ms that argument `i` says, read as `option` (one of OPTIONS_TIME) says.
 * False: an error was replied. */
MUST_USE bool string_time(const struct cmd *cmd, int i, uint32_t option, int64_t *ret_when_ms);

#endif
