/* What the verbs on sorted sets and geo points share. */
#ifndef COMMANDS_ZSET_PRIV_H
#define COMMANDS_ZSET_PRIV_H

#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/zset.h"

#define ERR_POSITIVE "ERR value is out of range, must be positive"

/* True if `e` is NULL or a sorted set; else replies WRONGTYPE. */
INLINE bool is_zset(const struct cmd *cmd, const struct entry *e)
{
    return LIKELY(!e || entry_type(e) == TYPE_ZSET) || cmd_type_ok(cmd, e, TYPE_ZSET);
}

INLINE const struct type_env *zset_env(const struct cmd *cmd)
{
    return keyspace_env(db_keyspace(cmd->db));
}

/* Members went: the change is counted and told as `event`, and so is the end of the key if they were the last. */
void zset_removed(struct cmd *cmd, struct key key, struct entry *e, size_t count,
                  const char *event);

/* The set that a command makes: what a build has, which ends here, goes to the key, whatever that
 * held; without members the key goes. Replies how many they are. */
void zset_store_build(struct cmd *cmd, struct key key, struct zset_build *b, const char *event);
/* The same without members. */
void zset_store_nothing(struct cmd *cmd, struct key key);
/* The same without a reply. */
void zset_clear(struct cmd *cmd, struct key key);

/* ZADD of the arguments from `first` on, which are scores and members; GEOADD has found the scores. */
struct zset_addition {
    unsigned flags;
    bool count_changes; /* CH */
    size_t count;
    const struct zset_element *elements;
};
void zset_add_all(struct cmd *cmd, const struct zset_addition *what);

/* Arguments as ranges; false: an error was replied. */
MUST_USE bool zset_score_range_arg(const struct cmd *cmd, int min, int max,
                                   struct zset_score_range *ret_range);
MUST_USE bool zset_lex_range_arg(const struct cmd *cmd, int min, int max,
                                 struct zset_lex_range *ret_range);
/* Ranks `start` to `stop` of a set of `count`; negative ones count from the end. */
struct zset_span zset_span_of_ranks(size_t count, int64_t start, int64_t stop);

/* An array with members, or members and scores: flat in RESP2, pairs in RESP3. */
void zset_reply_header(const struct cmd *cmd, size_t count, bool with_scores);
void zset_reply_element(const struct cmd *cmd, const struct zset_element *element,
                        bool with_scores);

#endif
