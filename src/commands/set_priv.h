/* What the verbs on sets share. */
#ifndef COMMANDS_SET_PRIV_H
#define COMMANDS_SET_PRIV_H

#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/set.h"

/* True if `e` is NULL or a set; else replies WRONGTYPE. */
INLINE bool is_set(const struct cmd *cmd, const struct entry *e)
{
    return LIKELY(!e || entry_type(e) == TYPE_SET) || cmd_type_ok(cmd, e, TYPE_SET);
}

INLINE const struct type_env *set_env(const struct cmd *cmd)
{
    return keyspace_env(db_keyspace(cmd->db));
}

#endif
