/* RDB files: the handle, with the settings of the format. */
#include "persist/rdb.h"

#include "base/mem.h"
#include "persist/persist_priv.h"

struct rdb {
    struct persist *persist;
};

struct rdb *rdb_new(struct persist *p)
{
    struct rdb *r = mem_alloc(sizeof(*r));
    *r = (struct rdb){ .persist = p };
    return r;
}

void rdb_free(struct rdb *r)
{
    mem_free(r);
}

struct directive_table rdb_directives(struct rdb *r)
{
    return (struct directive_table){ .owner = r };
}
