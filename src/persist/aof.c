/* The append-only file. */
#include "persist/aof.h"

#include "base/mem.h"
#include "persist/persist_priv.h"

struct aof {
    struct persist *persist;
};

struct aof *aof_new(struct persist *p)
{
    struct aof *a = mem_alloc(sizeof(*a));
    *a = (struct aof){ .persist = p };
    return a;
}

void aof_free(struct aof *a)
{
    mem_free(a);
}

bool aof_is_wanted(const struct aof *a UNUSED)
{
    return false;
}

enum aof_state aof_state(const struct aof *a UNUSED)
{
    return AOF_OFF;
}

int aof_open(struct aof *a UNUSED)
{
    return 0;
}

void aof_flush(struct aof *a UNUSED)
{
}

int aof_finish(struct aof *a UNUSED)
{
    return 0;
}

struct directive_table aof_directives(struct aof *a)
{
    return (struct directive_table){ .owner = a };
}

struct metric_table aof_metrics(struct aof *a)
{
    return (struct metric_table){ .owner = a };
}

struct job_table aof_jobs(struct aof *a)
{
    return (struct job_table){ .owner = a };
}

struct command_table aof_commands(struct aof *a)
{
    return (struct command_table){ .owner = a };
}
