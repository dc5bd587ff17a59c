/* Sorted sets: members with a score each, in the order of (score, member).
 *
 * Small ones are one listpack of member, score, member, score ... in that order; a score that is a whole number is
 * kept as one, others as the shortest text that "%.17g" reads back. Big ones are a table of members and
 * an ordered tree; both point to the member's block, which has score and bytes. Which form is used follows from
 * `zset-max-listpack-entries` and `-value`; a set that has grown into a tree stays one.
 *
 * Scores are never NaN. -0.0 stands where 0.0 does; the tree keeps it, the listpack does not.
 * Ranks count from 0 at the lowest score. An empty sorted set is only what is being made: the key goes with the
 * last member.
 *
 * Entries do not move when their value changes. Members that are borrowed are good until the set's next
 * change; members that are passed in must not lie in it. */
#ifndef TYPES_ZSET_H
#define TYPES_ZSET_H

#include "base/num.h"
#include "ds/btree.h"
#include "ds/listpack.h"
#include "ds/table_fill.h"
#include "types/entry.h"
#include "types/env.h"

struct zset_member;

struct zset_element {
    struct slice member;
    double score;
};

MUST_USE struct entry *zset_new(struct slice key, int64_t when_ms); /* empty */

size_t zset_count(const struct entry *e);
/* False: not a member. */
MUST_USE bool zset_score(const struct entry *e, struct slice member, double *ret_score);
/* With its score; false: not a member. */
MUST_USE bool zset_rank(const struct entry *e, struct slice member, size_t *ret_rank,
                        double *ret_score);

/* ---- changes of one member ---- */

/* Conditions and meaning of an addition. */
enum {
    ZSET_IF_ABSENT = 1 << 0,  /* NX */
    ZSET_IF_PRESENT = 1 << 1, /* XX */
    ZSET_IF_GREATER = 1 << 2, /* GT: a member's score only grows */
    ZSET_IF_LESS = 1 << 3,    /* LT */
    ZSET_INCREMENT = 1 << 4,  /* the score is added to the member's */
};

enum zset_outcome {
    ZSET_REFUSED, /* by a condition */
    ZSET_NAN,     /* the sum would not be a number: nothing was changed */
    ZSET_SAME,    /* the member has this score already */
    ZSET_CHANGED, /* its score */
    ZSET_ADDED,
};

/* *ret_score is the member's score afterwards; not set if refused or not a number. The member must be
 * shorter than LISTPACK_BYTES_MAX. */
enum zset_outcome zset_add(struct entry *e, const struct type_env *env, unsigned flags,
                           const struct zset_element *what, double *ret_score);
/* False: not a member. */
bool zset_remove(struct entry *e, struct slice member);

/* ---- spans: neighbours in the order ---- */

struct zset_span {
    size_t first; /* rank */
    size_t count;
};

struct zset_score_range {
    double min, max;
    bool min_open, max_open; /* the bound itself is not in */
};

struct zset_lex_bound {
    enum { LEX_CLOSED, LEX_OPEN, LEX_LOWEST, LEX_HIGHEST } kind;
    struct slice text;
};

struct zset_lex_range {
    struct zset_lex_bound min, max;
};

struct zset_span zset_span_of_scores(const struct entry *e, const struct zset_score_range *range);
/* Means something where all members have one score, as with the peers. */
struct zset_span zset_span_of_lex(const struct entry *e, const struct zset_lex_range *range);
bool zset_score_in(const struct zset_score_range *range, double score);

/* A walk from a rank on, upwards or downwards; ends at the set's ends. The set must not change meanwhile. */
struct zset_walk {
    const struct listpack *lp;  /* NULL: a tree */
    size_t at;                  /* the next member's place, */
    struct btree_cursor cursor; /* or record */
    bool down;
    char digits[NUM_INT_MAX_CHARS]; /* of the member last returned */
};
void zset_walk_open(struct zset_walk *w, const struct entry *e, size_t rank, bool down);
/* The member is borrowed until the next step. */
MUST_USE bool zset_walk_next(struct zset_walk *w, struct zset_element *ret_element);

/* Removes the members of a span that exists. */
void zset_delete_span(struct entry *e, struct zset_span span);

/* One step of ZSCAN (ds/table.h): a listpack is visited whole. The members are borrowed until the visit
 * ends. Returns the next cursor. */
typedef void (*zset_visit)(void *arg, const struct zset_element *element);
uint64_t zset_scan(struct entry *e, uint64_t cursor, zset_visit visit, void *arg);

/* ---- making one at once ---- */

/* Members gathered with scores that may still change; then put in order once. */
struct zset_build {
    const struct type_env *env;
    struct table *table;
    struct table_fill fill;
    struct zset_member **members; /* as they came, those that wait, too */
    size_t count, capacity;
    size_t block_bytes;
    size_t longest; /* member */
    size_t bytes;   /* of all members */
};
void zset_build_init(struct zset_build *b, const struct type_env *env);
/* Takes the memory for so many members at once: the caller bounds a count that comes from outside. */
void zset_build_reserve(struct zset_build *b, size_t count);
/* Without zset_build_finish(). */
void zset_build_done(struct zset_build *b);
size_t zset_build_count(const struct zset_build *b);
/* Where the score of a member stands, which is added if it is new; good until the build ends. */
double *zset_build_at(struct zset_build *b, struct slice member, bool *ret_is_new);
/* The same for members that should all be new, which costs less: where the score of this one goes. NULL: one of them
 * was not new, and the build is good for nothing but zset_build_done(). */
double *zset_build_new(struct zset_build *b, struct slice member);
/* To be asked behind the last of them, before anything else. False as above. */
MUST_USE bool zset_build_all_new(struct zset_build *b);
/* All in order. Ends the build, which must have a member. */
void zset_build_visit(struct zset_build *b, zset_visit visit, void *arg);
/* The sorted set, in the form that its size asks for. Ends the build, which must have a member. Members that came in
 * rising or falling order need no sorting. */
MUST_USE struct entry *zset_build_finish(struct zset_build *b, struct slice key, int64_t when_ms);

/* ---- bytes of files and peers ---- */

/* The listpack of a small one, borrowed; NULL if it is a tree. */
const struct listpack *zset_listpack(const struct entry *e);
/* Whether a listpack from outside holds what a sorted set may: pairs, scores that are numbers in order, no
 * member twice. */
bool zset_listpack_is_valid(const struct listpack *lp, const struct type_env *env);
/* Consumes a valid listpack with members; it becomes a tree if it has more than small ones may have. How
 * long they are is not asked, as the peers do not ask it. */
MUST_USE struct entry *zset_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                                         const struct type_env *env);

/* How scores are written in replies and digests; `text` holds NUM_DOUBLE_MAX_CHARS. */
struct slice zset_score_text(double score, char *text);
/* As a listpack holds them and ZSCAN shows them: whole numbers in full. */
struct slice zset_listpack_score_text(double score, char *text);

#endif
