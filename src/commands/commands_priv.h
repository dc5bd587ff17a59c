/* What the families share. */
#ifndef COMMANDS_PRIV_H
#define COMMANDS_PRIV_H

#include "dispatch/cmd.h"
#include "types/entry.h"

/* True if `e` is NULL or a string; else replies WRONGTYPE. */
INLINE bool is_string(const struct cmd *cmd, const struct entry *e)
{
    return LIKELY(!e || entry_type(e) == TYPE_STRING) || cmd_type_ok(cmd, e, TYPE_STRING);
}

/* The value of a string as a bulk, a long one without copying; NULL: null. */
void reply_string(struct reply *r, const struct entry *e);

/* A new string of argument `i`; one that was received into a blob is kept without copying. */
MUST_USE struct entry *string_from_arg(const struct cmd *cmd, struct slice key, int i,
                                       int64_t when_ms);

/* "ERR invalid expire time in '...' command" */
COLD void reply_expire_error(const struct cmd *cmd);

/* Whether DEL, GETDEL and their like free in the background. */
INLINE bool lazy_user_del(const struct cmd *cmd)
{
    return keyspace_settings(db_keyspace(cmd->db))->lazyfree_user_del;
}

/* Removes a key, with event and an effect of its own. */
void delete_and_tell(struct cmd *cmd, struct key key, struct entry *e, bool lazy);
/* The same where a new expiry is past. */
void delete_as_expired(struct cmd *cmd, struct key key, struct entry *e);

/* NX, XX, GT, LT of EXPIRE and HEXPIRE in arguments `first` to `end` (not including). False: an error was
 * replied. */
MUST_USE bool expire_conditions_parse(const struct cmd *cmd, int first, int end,
                                      uint32_t *ret_conditions);
/* What has no expiry, ENTRY_NO_EXPIRY, is taken to live for ever. */
bool expire_conditions_hold(uint32_t conditions, int64_t old_ms, int64_t when_ms);

/* The effect of a new expiry: PEXPIREAT, with `options` behind it. */
void effect_pexpireat(struct cmd *cmd, struct slice key, int64_t when_ms,
                      const struct slice *options, size_t count);

/* ---- several keys ---- */

#define KEY_WALK_BUCKETS 16 /* a power of two */
#define KEY_WALK_ENTRIES 8

/* Walks over the keys of a request from argument `at` in steps, and asks for the memory of those
 * that come next, as the dispatcher does for the first keys of a batch. */
struct key_walk {
    const struct cmd *cmd;
    int at, step;
    int hashed, asked; /* the next arguments to hash, to ask for */
    struct key ring[KEY_WALK_BUCKETS];
};

void key_walk_init(struct key_walk *w, const struct cmd *cmd, int first, int step);
/* False at the end; else the next key and its argument. */
bool key_walk_next(struct key_walk *w, struct key *ret_key, int *ret_at);

#endif
