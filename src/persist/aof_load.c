/* Loading an append-only file. */
#include "persist/aof_load.h"

#include "persist/persist_priv.h"

int aof_load(struct persist *p UNUSED, bool *ret_found)
{
    *ret_found = false;
    return 0;
}
