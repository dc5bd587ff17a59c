/* Sets: members, each once, without an order.
 *
 * Small ones of integers are an intset, other small ones one listpack (a member that is the text of an int64 is kept
 * as the number), big ones a table with one block a member. `set-max-intset-entries`, `set-max-listpack-entries`
 * and `-value` say what is small. A set changes to a larger form when it must; removing members never
 * changes the form. A set that is made at once may become an intset again (set_pack_integers).
 *
 * An empty set is only what is being made: the key goes with the last member.
 *
 * Entries do not move when their value changes. Members that are borrowed are good until the set's next
 * change; members that are passed in must not lie in it. */
#ifndef TYPES_SET_H
#define TYPES_SET_H

#include "base/num.h"
#include "ds/intset.h"
#include "ds/listpack.h"
#include "ds/table.h"
#include "ds/table_fill.h"
#include "types/entry.h"
#include "types/env.h"

struct set;
struct set_member;

MUST_USE struct entry *set_new(struct slice key, int64_t when_ms); /* empty, an intset */
/* Empty, in the form for `first` and about `count` members in all. */
MUST_USE struct entry *set_new_for(struct slice key, const struct type_env *env, struct slice first,
                                   size_t count);
/* `count` members are about to be added: a listpack becomes a table at once if they are many. */
void set_expect(struct entry *e, const struct type_env *env, size_t count);

size_t set_count(const struct entry *e);
bool set_has(const struct entry *e, struct slice member);
/* False: it is a member already. The member must be shorter than LISTPACK_BYTES_MAX. */
bool set_add(struct entry *e, const struct type_env *env, struct slice member);
/* False: not a member. */
bool set_remove(struct entry *e, struct slice member);
/* Makes a set of few integers an intset, whatever it is. */
void set_pack_integers(struct entry *e, const struct type_env *env);

/* ---- walks ---- */

#define SET_WALK_AHEAD 16

/* Every member once; integers of an intset rise. The set must not change until the walk is closed. */
struct set_walk {
    const struct intset *is;   /* NULL: another form */
    const struct listpack *lp; /* NULL: another form */
    size_t at;                 /* the next index, or place */
    struct table_iter it;
    struct set_member *ahead[SET_WALK_AHEAD]; /* asked for already */
    unsigned next, filled;
    char digits[NUM_INT_MAX_CHARS]; /* of the member last returned */
};
void set_walk_open(struct set_walk *w, const struct entry *e);
/* The member is borrowed until the next step; what comes from a table, until the walk ends. */
MUST_USE bool set_walk_next(struct set_walk *w, struct slice *ret_member);
void set_walk_close(struct set_walk *w);

typedef void (*set_visit)(void *arg, struct slice member);

/* One step of SSCAN (ds/table.h): small sets are visited whole. The members are borrowed until the visit
 * ends. Returns the next cursor. */
uint64_t set_scan(struct entry *e, uint64_t cursor, set_visit visit, void *arg);

/* ---- by chance, without bias ---- */

/* Any member; borrowed, or digits in `scratch`. The set is not empty. */
struct slice set_random(const struct entry *e, struct rand *rand,
                        char scratch[static NUM_INT_MAX_CHARS]);
/* `count` different members, or all if there are no more; in the set's own order or that of the draw. */
void set_sample(const struct entry *e, const struct type_env *env, size_t count, set_visit visit,
                void *arg);
/* The same, and removes them: the member is borrowed until the visit ends. */
void set_pop(struct entry *e, const struct type_env *env, size_t count, set_visit visit, void *arg);

/* ---- several sets ---- */

/* The three visit each member of the result once, until `limit` of them (SIZE_MAX: all) were; `visit` may be
 * NULL. They return how many there were. A missing set is NULL. Members are borrowed until the visit ends. */

/* `sets` are brought into another order: the smallest first. */
size_t set_intersect(const struct entry **sets, size_t count, size_t limit, set_visit visit,
                     void *arg);
/* What is in the first and in no other; the others are brought into another order. */
size_t set_subtract(const struct entry **sets, size_t count, const struct type_env *env,
                    size_t limit, set_visit visit, void *arg);
size_t set_unite(const struct entry *const *sets, size_t count, const struct type_env *env,
                 size_t limit, set_visit visit, void *arg);

/* The same as new sets in the form that the peers would give them; NULL without members. */
MUST_USE struct entry *set_new_intersection(struct slice key, const struct entry **sets,
                                            size_t count, const struct type_env *env);
MUST_USE struct entry *set_new_difference(struct slice key, const struct entry **sets, size_t count,
                                          const struct type_env *env);
MUST_USE struct entry *set_new_union(struct slice key, const struct entry *const *sets,
                                     size_t count, const struct type_env *env);

/* ---- bytes of files and peers ---- */

/* The small forms, borrowed; NULL if it has another. */
const struct intset *set_intset(const struct entry *e);
const struct listpack *set_listpack(const struct entry *e);
/* The table of a big one, of blocks without a meaning outside; NULL if it is small. */
struct table *set_table(const struct entry *e);
/* Many members, which should all be new, for a set whose form is a table. */
struct set_fill {
    struct set *set;
    struct table_fill fill;
};
void set_fill_open(struct set_fill *f, struct entry *e);
/* False: one of them was not new. The member must be shorter than LISTPACK_BYTES_MAX. */
MUST_USE bool set_fill_add(struct set_fill *f, struct slice member);
/* Those that wait. False as above. Also after a failure. */
MUST_USE bool set_fill_close(struct set_fill *f);
/* Whether a listpack from outside has no member twice. */
bool set_listpack_is_valid(const struct listpack *lp, const struct type_env *env);
/* Consume valid bytes with members; they become a larger form if they are more than small ones may be. */
MUST_USE struct entry *set_new_intset(struct slice key, struct intset *is, int64_t when_ms,
                                      const struct type_env *env);
MUST_USE struct entry *set_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                                        const struct type_env *env);

#endif
