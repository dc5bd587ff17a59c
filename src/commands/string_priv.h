/* What the verbs share that read or change a part of a string. */
#ifndef COMMANDS_STRING_PRIV_H
#define COMMANDS_STRING_PRIV_H

#include "commands/commands.h"
#include "commands/commands_priv.h"

#define ERR_NO_MEMORY "ERR insufficient memory"

/* Places in a string, both within the range; negative ones count from the end. */
struct range {
    int64_t first, last;
};

/* Counted from the end, the first place is behind the last. Asked before range_clamp, which makes
 * both the first byte when they are far enough before it; BITPOS does not ask. */
INLINE bool range_is_reversed(const struct range *range)
{
    return range->first < 0 && range->last < 0 && range->first > range->last;
}

/* Makes the places those of a string of `len`. False if nothing lies between them. */
MUST_USE bool range_clamp(struct range *range, int64_t len);

/* Whether `len` and `extra` together are no longer than a string may be; the command's owner are
 * the settings. False: an error was replied. */
MUST_USE bool string_length_ok(const struct cmd *cmd, uint64_t len, uint64_t extra);

/* Opens the string of a key (`e`, NULL if there is none) for changes up to `len` bytes, and stores
 * it: all at once, so that the bytes may be changed until the next function of db/ that changes
 * the key. NULL: an error was replied. `ret_e` may be NULL. */
MUST_USE char *string_open_key(struct cmd *cmd, struct key key, struct entry *e, size_t len,
                               struct entry **ret_e);

#endif
