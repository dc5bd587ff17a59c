/* Snapshots. */
#include "persist/snapshot.h"

#include "base/mem.h"
#include "persist/persist_priv.h"

struct snapshot {
    struct persist *persist;
};

struct snapshot *snapshot_new(struct persist *p)
{
    struct snapshot *s = mem_alloc(sizeof(*s));
    *s = (struct snapshot){ .persist = p };
    return s;
}

void snapshot_free(struct snapshot *s)
{
    mem_free(s);
}

bool snapshot_has_rules(const struct snapshot *s UNUSED)
{
    return false;
}

int snapshot_save(struct snapshot *s UNUSED)
{
    return 0;
}

int snapshot_load(struct snapshot *s UNUSED, uint32_t flags UNUSED, bool *ret_found)
{
    *ret_found = false;
    return 0;
}

struct directive_table snapshot_directives(struct snapshot *s)
{
    return (struct directive_table){ .owner = s };
}

struct metric_table snapshot_metrics(struct snapshot *s)
{
    return (struct metric_table){ .owner = s };
}

struct job_table snapshot_jobs(struct snapshot *s)
{
    return (struct job_table){ .owner = s };
}

struct command_table snapshot_commands(struct snapshot *s)
{
    return (struct command_table){ .owner = s };
}
