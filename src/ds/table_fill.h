/* Filling a table with many entries at once: each waits until the cache lines that it needs have come.
 *
 * An entry is announced, and its bucket asked for; when TABLE_FILL_AHEAD wait, all are looked up and put in. One whose
 * key is in already, in the table or before it in the row, stops the filling: it and those behind it stay
 * waiting, and are the caller's to free (table_fill_drop). */
#ifndef DS_TABLE_FILL_H
#define DS_TABLE_FILL_H

#include "ds/table.h"

#define TABLE_FILL_AHEAD 16

/* For embedding; the fields are its own. */
struct table_fill {
    struct table *table;
    unsigned count;
    struct {
        uint64_t hash;
        void *entry;
    } waiting[TABLE_FILL_AHEAD];
};

void table_fill_init(struct table_fill *f, struct table *t);
/* `hash` is that of the entry's key. False: some entry's key was in already; nothing more may be added. */
MUST_USE bool table_fill_add(struct table_fill *f, uint64_t hash, void *entry);
/* Those that wait. False as above. */
MUST_USE bool table_fill_finish(struct table_fill *f);
/* Hands what still waits to the visitor; at the end, or after a failure. */
void table_fill_drop(struct table_fill *f, table_visit visit, void *arg);

#endif
