/* Prefixes of keys that clients want to hear of (CLIENT TRACKING BCAST), and which keys that begin
 * with them were changed since the last time that this was told.
 *
 * A prefix is made with its first listener and goes with its last. They stand in a table by name; a
 * changed key is looked up once for each length that a prefix has. A key is noted once however
 * often it is changed, with who changed it last.
 *
 * The registry knows no clients: a listener is whatever its owner says it is. */
#ifndef CLIENT_PREFIXES_H
#define CLIENT_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "db/db.h"
#include "ds/table.h"

struct prefix {
    void **listeners; /* those that have left are replaced by the last */
    uint32_t count, cap;
    struct table *changed; /* struct changed_key; NULL while there is none */
    struct list in_changed;
    uint64_t hash;
    size_t len;
    char name[];
};

struct changed_key {
    uint64_t writer; /* the id of the client that changed it last; 0: none did */
    size_t len;
    char name[];
};

/* How many prefixes have this length. */
struct prefix_length {
    size_t len, count;
};

struct prefixes {
    const struct hash_key *hash_key;
    struct table *by_name; /* NULL before the first */
    struct prefix_length *lengths;
    size_t length_count, length_cap;
    struct list changed; /* prefixes that have changed keys */
};

/* `hash_key` is the one that the hashes of keys come from, and must outlive it. */
void prefixes_init(struct prefixes *ps, const struct hash_key *hash_key);
void prefixes_done(struct prefixes *ps); /* nobody listens any more */

size_t prefixes_count(const struct prefixes *ps);

/* The prefix, made if there is none; the listener must not listen to it already. */
struct prefix *prefixes_listen(struct prefixes *ps, struct slice name, void *listener);
/* It must. The prefix may be gone afterwards, with what was changed. */
void prefixes_leave(struct prefixes *ps, struct prefix *p, const void *listener);

/* A key was changed. */
void prefixes_note(struct prefixes *ps, struct key key, uint64_t writer);

INLINE bool prefixes_have_changes(const struct prefixes *ps)
{
    return !list_is_empty(&ps->changed);
}

/* Calls `tell` for each prefix that has changed keys, in the order of their names, and forgets the
 * keys. They come in the order of their names, too. Nobody may come or leave meanwhile. */
typedef void (*prefixes_tell)(void *arg, const struct prefix *p, struct changed_key *const *keys,
                              size_t count);
void prefixes_tell_changes(struct prefixes *ps, prefixes_tell tell, void *arg);

INLINE struct slice prefix_name(const struct prefix *p)
{
    return slice_of(p->name, p->len);
}

#endif
