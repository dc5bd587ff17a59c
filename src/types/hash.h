/* Hashes: fields with a value each, some of which may expire.
 *
 * Small ones are one listpack of field, value, field, value ... in the order of arrival. From the first field
 * that expires on it is a listpack of field, value, expiry (a number in ms, 0 for none). Big ones are
 * a table with one block for each field, and a time tree of those that expire. Which form is used
 * follows from `hash-max-listpack-entries` and `-value`; a hash that has grown into a table stays one.
 *
 * **Time.** A field is over when now is past its expiry. Functions that look take `now_ms` and do not see
 * what is over; with HASH_SHOW_ALL they see everything. Nothing is removed on the way: who owns the hash asks hash_due()
 * and calls hash_expire(). hash_set_expiry sees everything, too.
 *
 * The owner (db/) keeps hashes with expiring fields in a tree of its own and remembers in the value
 * under which time: hash_listed().
 *
 * Entries do not move when their value changes. What is borrowed is good until the hash's next change; names and
 * values that are passed in must not lie in it, and be shorter than LISTPACK_BYTES_MAX. An empty hash is
 * only what is being made: the key goes with the last field. */
#ifndef TYPES_HASH_H
#define TYPES_HASH_H

#include "base/num.h"
#include "ds/listpack.h"
#include "ds/table.h"
#include "ds/table_fill.h"
#include "types/entry.h"
#include "types/env.h"

#define HASH_SHOW_ALL INT64_MIN
/* In the place of a time: there is none. */
#define HASH_NEVER INT64_MAX
/* The expiry of a field that is put: the one that it has. */
#define HASH_KEEP_EXPIRY INT64_MIN

struct block;
struct hash_table;

struct hash_field {
    struct slice name, value;
    int64_t when_ms; /* or ENTRY_NO_EXPIRY */
};

MUST_USE struct entry *hash_new(struct slice key, int64_t when_ms); /* empty */
/* Before so many fields are put: takes the memory at once if they ask for a table. */
void hash_reserve(struct entry *e, const struct type_env *env, size_t count);

/* ---- one field ---- */

/* False: no such field. The value is borrowed, or digits in `scratch`. */
MUST_USE bool hash_get(const struct entry *e, struct slice name, int64_t now_ms,
                       char scratch[static NUM_INT_MAX_CHARS], struct slice *ret_value);
bool hash_has(const struct entry *e, struct slice name, int64_t now_ms);
/* ENTRY_NO_EXPIRY if it does not expire. False: no such field. */
MUST_USE bool hash_expiry(const struct entry *e, struct slice name, int64_t now_ms,
                          int64_t *ret_when_ms);

/* Adds a field or gives it another value; what is over is as good as absent. True: it is new. */
bool hash_put(struct entry *e, const struct type_env *env, const struct hash_field *f,
              int64_t now_ms);
/* ENTRY_NO_EXPIRY takes the expiry away. False: no such field. */
bool hash_set_expiry(struct entry *e, const struct type_env *env, struct slice name,
                     int64_t when_ms);
/* False: no such field, or it is over: then it stays. */
bool hash_remove(struct entry *e, struct slice name, int64_t now_ms);

/* ---- all fields ---- */

size_t hash_count(const struct entry *e, int64_t now_ms);

/* No field is seen. Takes no longer for a big hash, as counting may. */
bool hash_is_over(const struct entry *e, int64_t now_ms);

#define HASH_WALK_AHEAD 16

/* A walk over all fields; the hash must not change meanwhile. What is returned is borrowed until the next
 * step. Must be closed. */
struct hash_walk {
    int64_t now_ms;
    const struct listpack *lp; /* NULL: a table */
    size_t at, width;
    struct table_iter iter;
    const struct block *ahead[HASH_WALK_AHEAD]; /* asked for already */
    unsigned next, filled;
    char name[NUM_INT_MAX_CHARS], value[NUM_INT_MAX_CHARS];
};
void hash_walk_open(struct hash_walk *w, const struct entry *e, int64_t now_ms);
MUST_USE bool hash_walk_next(struct hash_walk *w, struct hash_field *ret_field);
void hash_walk_close(struct hash_walk *w);

/* What is visited is borrowed until the visit ends. */
typedef void (*hash_visit)(void *arg, const struct hash_field *f);

/* One step of HSCAN (ds/table.h); a listpack is visited whole. Returns the next cursor. */
uint64_t hash_scan(struct entry *e, uint64_t cursor, int64_t now_ms, hash_visit visit, void *arg);
/* Visits one field, all equally likely; none if nothing is seen. */
void hash_random(struct entry *e, const struct type_env *env, int64_t now_ms, hash_visit visit,
                 void *arg);
/* Visits `count` different fields, at most as many as there are, any so many equally likely. */
void hash_sample(struct entry *e, const struct type_env *env, int64_t now_ms, size_t count,
                 hash_visit visit, void *arg);

/* ---- fields that expire ---- */

/* The earliest expiry, or HASH_NEVER. */
int64_t hash_due(const struct entry *e);
/* How many fields have an expiry. */
size_t hash_count_expiring(const struct entry *e);
/* Visits the first `max` fields that are over, in the order in which hash_expire removes them. The
 * number of them. */
size_t hash_each_due(const struct entry *e, int64_t now_ms, size_t max, hash_visit visit,
                     void *arg);
/* Removes the first `count` fields that are over, which there must be. */
void hash_expire(struct entry *e, int64_t now_ms, size_t count);

/* Under which time the owner's tree has it, or HASH_NEVER. Copies are not in it. Only a hash that is not a
 * listpack of pairs can be. */
int64_t hash_listed(const struct entry *e);
void hash_set_listed(struct entry *e, int64_t when_ms);

/* ---- bytes of files and peers ---- */

/* Many fields, which should all be new, for a hash whose form is a table: as hash_reserve() makes it. */
struct hash_fill {
    struct hash_table *table;
    struct table_fill fill;
};
bool hash_is_table(const struct entry *e);
void hash_fill_open(struct hash_fill *f, struct entry *e);
/* False: one of them was not new. */
MUST_USE bool hash_fill_add(struct hash_fill *f, const struct hash_field *field);
/* Those that wait. False as above: the hash is good for nothing but entry_free(). Also after a failure. */
MUST_USE bool hash_fill_close(struct hash_fill *f);

/* The listpack of a small one, borrowed, of entries of *ret_width (2, or 3 with expiries); NULL if it is a table. */
const struct listpack *hash_listpack(const struct entry *e, size_t *ret_width);
/* Consumes a valid listpack of fields with `width` entries each; it becomes a table if it has more than
 * small ones may have. How long they are is not asked, as the peers do not ask it. NULL, and the listpack stays the caller's, if it does not hold what a hash may:
 * whole groups, at least one, no field twice, expiries that are numbers, not negative. */
MUST_USE struct entry *hash_new_listpack(struct slice key, struct listpack *lp, size_t width,
                                         int64_t when_ms, const struct type_env *env);

/* Checks every invariant, for tests; asserts. */
void hash_verify(const struct entry *e);

#endif
