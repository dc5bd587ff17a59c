/* Lazy free: what is big is freed by the background thread.
 *
 * Small values are freed at once also when lazily, because handing one over costs more than freeing
 * it. Without a worker everything is freed at once. */
#ifndef DB_LAZYFREE_PRIV_H
#define DB_LAZYFREE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry;
struct lazyfree;
struct table;
struct timetree;
struct worker;

struct lazyfree *lazyfree_new(struct worker *worker);
void lazyfree_free(struct lazyfree *lf); /* waits until nothing is pending */

/* Frees an entry, in the background if `lazy` and it is worth it. */
void lazyfree_entry(struct lazyfree *lf, struct entry *e, bool lazy);
/* What a database keeps its keys in; any may be NULL. */
struct lazyfree_tables {
    struct table *keys;
    struct timetree *expires, *fields;
};
/* Frees them with the entries. */
void lazyfree_tables(struct lazyfree *lf, struct lazyfree_tables tables, bool lazy);

uint64_t lazyfree_pending(const struct lazyfree *lf); /* keys */
uint64_t lazyfree_freed(const struct lazyfree *lf);   /* keys, since the start or the last reset */
void lazyfree_reset(struct lazyfree *lf);

#endif
