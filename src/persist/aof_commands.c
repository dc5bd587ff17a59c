/* All databases as commands. */
#include "persist/aof_commands.h"

#include <errno.h>

int aof_commands_write(struct keyspace *ks UNUSED, const struct aof_commands_to *to UNUSED)
{
    return -ENOTSUP;
}
