/* That data is being read into memory. */
#include "persist/loading.h"

#include "base/mem.h"
#include "persist/persist_priv.h"

struct loading {
    struct persist *persist;
    bool on;
};

struct loading *loading_new(struct persist *p)
{
    struct loading *l = mem_alloc(sizeof(*l));
    *l = (struct loading){ .persist = p };
    return l;
}

void loading_free(struct loading *l)
{
    mem_free(l);
}

bool loading_is_on(const struct loading *l)
{
    return l->on;
}

struct directive_table loading_directives(struct loading *l)
{
    return (struct directive_table){ .owner = l };
}

struct metric_table loading_metrics(struct loading *l)
{
    return (struct metric_table){ .owner = l };
}
