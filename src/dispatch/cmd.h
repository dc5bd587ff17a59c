/* What a handler gets: arguments, database, reply, session; and what it may say about its effect.
 *
 * A handler parses its arguments, looks up, asks the type, replies. By default its effect is the
 * request as received, if it changed data (keyspace_dirty). A handler whose effect must be told
 * differently (relative times, random choices, several keys) calls cmd_effect, once or more often;
 * one that has none although it changed data calls cmd_no_effect. */
#ifndef DISPATCH_CMD_H
#define DISPATCH_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "db/db.h"
#include "dispatch/command.h"
#include "dispatch/session.h"
#include "resp/reply.h"

struct blob;
struct request;

struct cmd {
    const struct slice *argv;
    int argc;
    struct reply *reply;
    struct db *db;
    struct session *session;
    struct dispatch *dispatch;
    void *owner;               /* of the row's table: the room's handle */
    const struct command *row; /* the subcommand's, if there is one */
    struct arena *arena;       /* of the batch */
    const struct request *request;
    uint64_t hash;    /* of the first key, */
    int hash_at;      /* which is this argument; 0: not computed */
    bool told_effect; /* cmd_effect or cmd_no_effect was called */
};

INLINE struct slice cmd_arg(const struct cmd *cmd, int i)
{
    return cmd->argv[i];
}

/* Argument `i` as a key of the session's database: uses the hash of the prefetch pass. */
INLINE struct key cmd_key(const struct cmd *cmd, int i)
{
    if (LIKELY(i == cmd->hash_at))
        return (struct key){ cmd->argv[i], cmd->hash };
    return db_key(cmd->db, cmd->argv[i]);
}

/* Case-blind comparison of an argument with an option's name. */
INLINE bool cmd_is(const struct cmd *cmd, int i, const char *word)
{
    return slice_is(cmd->argv[i], word);
}

INLINE int64_t cmd_now_ms(const struct cmd *cmd)
{
    return keyspace_now(db_keyspace(cmd->db));
}

/* Parses argument `i`; on failure replies the peers' error and returns false. `error` NULL: the
 * usual "ERR value is not an integer or out of range". */
MUST_USE bool cmd_int(const struct cmd *cmd, int i, int64_t *ret_value, const char *error);
MUST_USE bool cmd_int_in(const struct cmd *cmd, int i, int64_t min, int64_t max, int64_t *ret_value,
                         const char *error);
MUST_USE bool cmd_double(const struct cmd *cmd, int i, double *ret_value, const char *error);
MUST_USE bool cmd_long_double(const struct cmd *cmd, int i, long double *ret_value,
                              const char *error);

/* True if `e` is NULL or of `type`; else replies WRONGTYPE. */
MUST_USE bool cmd_type_ok(const struct cmd *cmd, const struct entry *e, enum value_type type);

/* The effect, instead of the request. Copied at once; belongs to the unit. */
void cmd_effect(struct cmd *cmd, const struct slice *argv, size_t argc);
void cmd_effect_in(struct cmd *cmd, int db, const struct slice *argv, size_t argc);
void cmd_no_effect(struct cmd *cmd);
/* The request is a message for whoever repeats effects, and changes no data. */
void cmd_effect_message(struct cmd *cmd);
#define CMD_EFFECT(cmd, ...)                               \
    cmd_effect(cmd, (const struct slice[]){ __VA_ARGS__ }, \
               COUNT_OF(((const struct slice[]){ __VA_ARGS__ })))

/* Argument `i` as a blob that a value may keep, with a reference for the caller, if it was received
 * into one; else NULL. */
struct blob *cmd_take_blob(const struct cmd *cmd, int i);

/* Errors that many handlers have. */
#define ERR_SYNTAX "ERR syntax error"
#define ERR_LOADING "LOADING Redis is loading the dataset in memory"
#define ERR_WRONG_TYPE "WRONGTYPE Operation against a key holding the wrong kind of value"
#define ERR_NOT_INT "ERR value is not an integer or out of range"
#define ERR_NOT_FLOAT "ERR value is not a valid float"
#define ERR_NO_KEY "ERR no such key"
#define ERR_OUT_OF_RANGE "ERR index out of range"
#define ERR_SAME_OBJECT "ERR source and destination objects are the same"

/* "ERR unknown subcommand or wrong number of arguments for '...'. Try X HELP." */
void cmd_reply_subcommand_error(struct cmd *cmd);
/* The HELP of a container: its lines framed by the usual first and last ones. */
void cmd_reply_help(struct cmd *cmd, const char *const *lines);

#endif
