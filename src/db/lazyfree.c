/* Handing over to the background thread. */
#include "db/lazyfree_priv.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "base/mem.h"
#include "ds/table.h"
#include "ds/timetree.h"
#include "event/worker.h"
#include "types/entry.h"

/* From this effort on the background thread frees an entry. */
#define EFFORT_MIN 64
/* Buckets that are emptied at a time. */
#define DRAIN_BUCKETS 1024

struct lazyfree {
    struct worker *worker;
    _Atomic uint64_t pending, freed;
};

/* What is handed over: one entry, or tables. */
struct load {
    struct lazyfree *lf;
    struct entry *entry;
    struct lazyfree_tables tables;
};

struct lazyfree *lazyfree_new(struct worker *worker)
{
    struct lazyfree *lf = mem_zalloc(sizeof(*lf));
    lf->worker = worker;
    return lf;
}

void lazyfree_free(struct lazyfree *lf)
{
    if (!lf)
        return;
    if (lf->worker)
        worker_drain(lf->worker);
    ASSERT(lazyfree_pending(lf) == 0);
    mem_free(lf);
}

static void free_entry(void *arg, void *entry)
{
    (void)arg;
    entry_free(entry);
}

static void free_tables(struct lazyfree_tables tables)
{
    timetree_free(tables.expires);
    timetree_free(tables.fields);
    if (!tables.keys)
        return;
    while (!table_drain(tables.keys, DRAIN_BUCKETS, free_entry, NULL))
        continue;
    table_free(tables.keys);
}

static size_t load_size(const struct load *load)
{
    return load->tables.keys ? table_count(load->tables.keys) : load->entry != NULL;
}

/* On the background thread. */
static void load_run(void *arg)
{
    struct load *load = arg;
    struct lazyfree *lf = load->lf;
    size_t size = load_size(load);

    if (load->entry)
        entry_free(load->entry);
    free_tables(load->tables);
    mem_free(load);
    atomic_fetch_add_explicit(&lf->freed, size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&lf->pending, size, memory_order_release);
}

static void hand_over(struct lazyfree *lf, struct load what)
{
    struct load *load = mem_alloc(sizeof(*load));
    *load = what;
    load->lf = lf;
    atomic_fetch_add_explicit(&lf->pending, load_size(load), memory_order_relaxed);
    worker_submit(lf->worker, load_run, NULL, load);
}

void lazyfree_entry(struct lazyfree *lf, struct entry *e, bool lazy)
{
    if (lazy && lf->worker && entry_free_effort(e) > EFFORT_MIN)
        hand_over(lf, (struct load){ .entry = e });
    else
        entry_free(e);
}

void lazyfree_tables(struct lazyfree *lf, struct lazyfree_tables tables, bool lazy)
{
    if (lazy && lf->worker && tables.keys)
        hand_over(lf, (struct load){ .tables = tables });
    else
        free_tables(tables);
}

uint64_t lazyfree_pending(const struct lazyfree *lf)
{
    return atomic_load_explicit(&lf->pending, memory_order_acquire);
}

uint64_t lazyfree_freed(const struct lazyfree *lf)
{
    return atomic_load_explicit(&lf->freed, memory_order_relaxed);
}

void lazyfree_reset(struct lazyfree *lf)
{
    atomic_store_explicit(&lf->freed, 0, memory_order_relaxed);
}
