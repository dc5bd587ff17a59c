/* What the files of this family share. */
#ifndef COMMANDS_HASH_PRIV_H
#define COMMANDS_HASH_PRIV_H

#include "commands/commands_priv.h"
#include "types/hash.h"

/* True if `e` is NULL or a hash; else replies WRONGTYPE. */
INLINE bool is_hash(const struct cmd *cmd, const struct entry *e)
{
    return LIKELY(!e || entry_type(e) == TYPE_HASH) || cmd_type_ok(cmd, e, TYPE_HASH);
}

INLINE const struct type_env *hash_env(const struct cmd *cmd)
{
    return keyspace_env(db_keyspace(cmd->db));
}

/* The value of a field as a bulk; null if there is no such field, or no hash. */
void reply_field(struct cmd *cmd, const struct entry *e, struct slice name);

/* For a change that depends on fields, which are arguments: db_lookup_write, and those that are over go. */
MUST_USE bool hash_lookup(struct cmd *cmd, struct key key, struct db_field_names names,
                          struct entry **ret_entry);
/* Puts a field into `*e`, which is made if it is NULL, and stored. True: it is new. */
bool hash_put_and_store(struct cmd *cmd, struct key key, struct entry *e,
                        const struct hash_field *f);
/* Fields were removed: stores what is left, or deletes the key; with the event and then "del". */
void hash_removed(struct cmd *cmd, struct key key, struct entry *e, const char *event);

/* The part "FIELDS count field ..." of a request. */
struct field_args {
    int word;  /* where FIELDS stands */
    int first; /* field */
    int count, step;
};

/* Looks for it from argument `from` on; `step` arguments belong to a field. */
int field_args_find(const struct cmd *cmd, int from);
/* Reads what stands behind FIELDS at `word`. False: an error was replied. */
MUST_USE bool field_args_parse(const struct cmd *cmd, int word, int step,
                               struct field_args *ret_args);

INLINE struct slice field_arg(const struct cmd *cmd, const struct field_args *args, int i)
{
    return cmd_arg(cmd, args->first + i * args->step);
}

INLINE struct db_field_names field_names(const struct cmd *cmd, const struct field_args *args)
{
    return (struct db_field_names){ cmd->argv + args->first, (size_t)args->count,
                                    (size_t)args->step };
}

/* The time that argument `i` says, which may be past but not negative. False: an error was replied. */
MUST_USE bool field_time(const struct cmd *cmd, int i, int64_t base_ms, int64_t unit,
                         int64_t *ret_when_ms);

/* Fields of a request that something was done to, as words of an effect. */
struct field_effect {
    struct slice *argv;
    size_t count;
};

void field_effect_init(struct field_effect *f, const struct cmd *cmd,
                       const struct field_args *args);
void field_effect_add(struct field_effect *f, struct slice name);
/* HDEL key field ...; HPERSIST key FIELDS n field ...; HPEXPIREAT key time FIELDS n field ... */
void field_effect_tell(const struct field_effect *f, struct cmd *cmd, const char *verb,
                       int64_t when_ms);

/* The expiry of these fields has become `when_ms` (ENTRY_NO_EXPIRY: was removed), or they were removed because
 * it is past: stores, with event and effect. Nothing if there are none. */
void fields_expire_tell(struct cmd *cmd, struct key key, struct entry *e,
                        const struct field_effect *fields, int64_t when_ms);

#endif
