/* What the verbs of bitmaps share. */
#ifndef COMMANDS_BIT_PRIV_H
#define COMMANDS_BIT_PRIV_H

#include "commands/string_priv.h"

/* The bit that argument `i` names, which must be one that a string can have; with `field_width`
 * not 0 "#3" is the third field of that width, counted from 0. False: an error was replied. */
MUST_USE bool bit_offset(const struct cmd *cmd, int i, unsigned field_width, uint64_t *ret_at);

#endif
