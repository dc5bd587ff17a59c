/* Interests: the keys that somebody watches or waits for.
 *
 * One small table a database, made with its first interest. A change costs nothing while nobody
 * cares: then the keyspace has no hook to call. Otherwise a change of a key breaks the watches on it
 * at once (watch.c), and lists it for those who wait, who are asked at the end of the unit
 * (block.c). */
#ifndef DISPATCH_INTEREST_PRIV_H
#define DISPATCH_INTEREST_PRIV_H

#include "base/list.h"
#include "db/db.h"
#include "dispatch/block.h"

struct dispatch;
struct table;

struct interest {
    struct db *db;
    struct key key;           /* its name is `name` */
    struct list watches;      /* struct watch, in_interest */
    struct block_queue queue; /* struct wait_link, in order of arrival */
    uint32_t types;           /* that some waiter has asked for, or-ed */
    uint32_t any_state;       /* waiters that want to know of every state */
    uint32_t pins;            /* somebody walks over its lists */
    char name[];
};

struct interests {
    struct table **by_db; /* NULL, or a table or NULL for each database */
    size_t keys;          /* in all tables */
    size_t watched;       /* of these */
    struct block_counts waits;
};

/* That of a key, made if there is none. */
struct interest *interest_get(struct dispatch *d, struct db *db, struct key key);
/* Somebody has lost interest: it goes if nobody is left. */
void interest_release(struct dispatch *d, struct interest *it);
INLINE void interest_pin(struct interest *it)
{
    it->pins++;
}
void interest_unpin(struct dispatch *d, struct interest *it);

void interests_done(struct dispatch *d);

#endif
