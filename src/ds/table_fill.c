#include "ds/table_fill.h"

#include <string.h>

#include "ds/table_priv.h"

void table_fill_init(struct table_fill *f, struct table *t)
{
    f->table = t;
    f->count = 0;
}

/* The first `count` wait no more. */
static void move_up(struct table_fill *f, unsigned count)
{
    f->count -= count;
    memmove(f->waiting, f->waiting + count, f->count * sizeof(f->waiting[0]));
}

bool table_fill_finish(struct table_fill *f)
{
    struct table *t = f->table;
    /* Entries that agree with a key are few: most keys are new. */
    for (unsigned i = 0; i < f->count; i++)
        (void)table_prefetch_entry(t, f->waiting[i].hash, /* again= */ false);
    for (unsigned i = 0; i < f->count; i++) {
        if (table_find(t, f->waiting[i].hash, t->type->key(f->waiting[i].entry))) {
            move_up(f, i);
            return false;
        }
        table_insert(t, f->waiting[i].hash, f->waiting[i].entry);
    }
    f->count = 0;
    return true;
}

bool table_fill_add(struct table_fill *f, uint64_t hash, void *entry)
{
    ASSERT_DEBUG(f->count < TABLE_FILL_AHEAD);
    table_prefetch_bucket(f->table, hash);
    f->waiting[f->count].hash = hash;
    f->waiting[f->count].entry = entry;
    f->count++;
    return f->count < TABLE_FILL_AHEAD || table_fill_finish(f);
}

void table_fill_drop(struct table_fill *f, table_visit visit, void *arg)
{
    for (unsigned i = 0; i < f->count; i++)
        visit(arg, f->waiting[i].entry);
    f->count = 0;
}
