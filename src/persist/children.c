/* The child process. */
#include "persist/children.h"

#include <errno.h>

#include "base/mem.h"
#include "persist/persist_priv.h"

struct children {
    struct persist *persist;
    enum child_kind kind;
    pid_t pid;
};

struct children *children_new(struct persist *p)
{
    struct children *c = mem_alloc(sizeof(*c));
    *c = (struct children){ .persist = p };
    return c;
}

void children_free(struct children *c)
{
    mem_free(c);
}

enum child_kind children_kind(const struct children *c)
{
    return c->kind;
}

pid_t children_pid(const struct children *c)
{
    return c->pid;
}

void children_kill(struct children *c UNUSED, enum child_kind kind UNUSED)
{
}

struct metric_table children_metrics(struct children *c)
{
    return (struct metric_table){ .owner = c };
}

struct job_table children_jobs(struct children *c)
{
    return (struct job_table){ .owner = c };
}
