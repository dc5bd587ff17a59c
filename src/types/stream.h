/* Streams: entries in the order of their IDs, and groups of consumers who share them.
 *
 * An entry is a list of fields and values under an ID, which is a time in milliseconds and a
 * sequence number. Entries lie in packs, listpacks of the public stream format (stream_pack.c has
 * the bytes), under an ordered tree whose order is the milliseconds of a pack's first ID and whose
 * tie is its sequence number. New entries are appended; what is deleted is marked, and a pack goes
 * when nothing in it is left.
 *
 * A **group** has a place up to which entries were handed out. What was handed out and not
 * acknowledged is pending: one record each, in the group's tree by ID and in the tree of the
 * consumer who has it. A pending record without a consumer was given back. Groups and consumers
 * are in trees by name.
 *
 * The names begin with xstream, as the verbs do with X: a stream of bytes is net/'s.
 *
 * Invariants: `last` is not below any entry's ID; length and the packs' counts agree; a pending
 * record is in its group's tree, and in the tree of exactly its consumer, if it has one. */
#ifndef TYPES_STREAM_H
#define TYPES_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "ds/btree.h"
#include "types/entry.h"
#include "types/env.h"

struct listpack;
struct xstream;

/* ---- IDs ---- */

struct xstream_id {
    uint64_t ms, seq;
};

#define STREAM_ID_MIN ((struct xstream_id){ 0, 0 })
#define STREAM_ID_MAX ((struct xstream_id){ UINT64_MAX, UINT64_MAX })
#define STREAM_ID_MAX_CHARS 42 /* with a NUL */

INLINE int xstream_id_compare(struct xstream_id a, struct xstream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

INLINE bool xstream_id_is_zero(struct xstream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

/* The next and the previous ID; false, and `id` stays, if there is none. */
bool xstream_id_next(struct xstream_id *id);
bool xstream_id_prev(struct xstream_id *id);
/* "5-1". The length, without a NUL. */
size_t xstream_id_format(char *out, struct xstream_id id);

/* ---- a stream ---- */

/* A new entry with an empty stream. */
MUST_USE struct entry *xstream_entry_new(struct slice key, int64_t when_ms);
/* The stream of an entry whose type is TYPE_STREAM. */
struct xstream *xstream_of(const struct entry *e);

struct xstream_facts {
    uint64_t length;
    uint64_t added; /* entries since the stream began */
    struct xstream_id first, last, max_deleted;
};

/* Borrowed; `first` is 0-0 without entries. */
const struct xstream_facts *xstream_facts(const struct xstream *s);
/* XSETID, and loaders (who set `first` to 0-0 if their format does not have it): all but length. */
void xstream_set_facts(struct xstream *s, const struct xstream_facts *facts);

/* The ID that an entry gets which is added now: `asked` as it is, with a number of the stream's
 * own behind its milliseconds, or wholly the stream's choice. False if that would not be above the last. */
enum xstream_id_form { STREAM_ID_WHOLE, STREAM_ID_MS_ONLY, STREAM_ID_AUTO };
MUST_USE bool xstream_choose_id(const struct xstream *s, enum xstream_id_form form, int64_t now_ms,
                                struct xstream_id asked, struct xstream_id *ret_id);

/* Adds an entry of `count` slices, fields and values in turn, none of them in the stream. `id` is
 * above the last. 0, or -E2BIG if it would be too large to be stored. */
MUST_USE int xstream_append(struct xstream *s, const struct type_env *env, struct xstream_id id,
                            const struct slice *pairs, size_t count);

bool xstream_has(const struct xstream *s, struct xstream_id id);
/* Marks the entry as deleted; pending records stay. False if there is none. */
bool xstream_delete(struct xstream *s, struct xstream_id id);

/* What happens to an entry that groups still know of. */
enum xstream_refs {
    STREAM_REFS_KEEP,  /* it goes, its pending records stay */
    STREAM_REFS_DROP,  /* both go */
    STREAM_REFS_ACKED, /* it goes only if every group has read and acknowledged it */
};

enum xstream_trim_by { STREAM_TRIM_NONE, STREAM_TRIM_MAXLEN, STREAM_TRIM_MINID };

struct xstream_trim {
    enum xstream_trim_by by;
    bool approximate; /* whole packs alone */
    uint64_t length_max;
    struct xstream_id min;
    uint64_t limit; /* at most so many entries; 0: any number. Only if approximate */
    enum xstream_refs refs;
};

/* Removes the oldest entries; how many. */
uint64_t xstream_trim(struct xstream *s, const struct xstream_trim *trim);
/* The ID of the first entry in the first pack, be it deleted; 0-0 if there is no pack. */
struct xstream_id xstream_first_kept(const struct xstream *s);

/* ---- reading: entries from `first` to `last`, both included ---- */

struct xstream_iter {
    /* The entry. */
    struct xstream_id id;
    size_t field_count;
    /* The iterator's own. */
    struct xstream_id first, last;
    bool reverse;
    const struct xstream *stream;
    const struct listpack *pack;
    struct xstream_id master_id;
    size_t master_fields, master_count; /* place of the first field, and how many */
    size_t next;                        /* the entry to look at; LISTPACK_NONE: in the next pack */
    bool inside;                        /* an entry whose end is not known yet, */
    size_t at;                          /* which is here */
    size_t field_at, value_at;          /* field_at LISTPACK_NONE: in front of the value */
    size_t unread;                      /* values, and fields that are not the master's */
    struct btree_cursor cursor;
};

/* Valid until the stream's next change. Reverse: from `last` down to `first`. */
void xstream_iter_init(struct xstream_iter *it, const struct xstream *s, struct xstream_id first,
                       struct xstream_id last, bool reverse);
MUST_USE bool xstream_iter_next(struct xstream_iter *it);
/* The entry's next field and value, at most field_count times: borrowed from the stream, or
 * digits written into the scratch. */
#define STREAM_SCRATCH 24
void xstream_iter_pair(struct xstream_iter *it, struct slice *ret_field, struct slice *ret_value,
                       char scratch[static 2 * STREAM_SCRATCH]);

/* The first or last ID that there is; false without entries. */
MUST_USE bool xstream_edge(const struct xstream *s, bool first, struct xstream_id *ret_id);

/* ---- groups ---- */

#define STREAM_READ_UNKNOWN ((int64_t)-1)

struct xstream_consumer {
    struct slice name; /* first: the trees look at it */
    int64_t seen_ms;   /* last tried to get something */
    int64_t active_ms; /* last got something; -1: never */
    struct btree pending;
};

struct xstream_group {
    struct slice name; /* first: the trees look at it */
    struct xstream_id last;
    int64_t entries_read;   /* or STREAM_READ_UNKNOWN */
    struct btree pending;   /* struct xstream_pending; the order is the ID's milliseconds */
    struct btree consumers; /* struct xstream_consumer, by name */
};

struct xstream_pending {
    uint64_t seq; /* first: the trees look at it */
    int64_t delivered_ms;
    int64_t deliveries;
    struct xstream_consumer *consumer; /* NULL: was given back */
};

/* Of struct xstream_group, by name. Walk with btree_at and btree_next. */
const struct btree *xstream_groups(const struct xstream *s);
struct xstream_group *xstream_group_find(const struct xstream *s, struct slice name);
/* NULL if there is one of this name. */
struct xstream_group *xstream_group_add(struct xstream *s, struct slice name,
                                        struct xstream_id last, int64_t entries_read);
void xstream_group_remove(struct xstream *s, struct xstream_group *g);
/* The entry has been handed out: moves the group's place, and what it knows of entries read. */
void xstream_group_advance(const struct xstream *s, struct xstream_group *g, struct xstream_id id);
/* How many entries the group has still to read; false if that is not known. */
MUST_USE bool xstream_group_lag(const struct xstream *s, const struct xstream_group *g,
                                int64_t *ret_lag);

struct xstream_consumer *xstream_consumer_find(const struct xstream_group *g, struct slice name);
/* There is none of this name. */
struct xstream_consumer *xstream_consumer_add(struct xstream_group *g, struct slice name,
                                              int64_t now_ms);
/* With what is pending for it. */
void xstream_consumer_remove(struct xstream_group *g, struct xstream_consumer *c);

/* From here on of either tree of pending records. */
struct xstream_pending *xstream_pending_find(const struct btree *pending, struct xstream_id id);
/* The first that is not below `id`. */
struct xstream_pending *xstream_pending_seek(const struct btree *pending, struct xstream_id id,
                                             struct btree_cursor *ret_cursor);
INLINE struct xstream_id xstream_pending_id(const struct btree_cursor *c)
{
    return (struct xstream_id){ c->order, ((const struct xstream_pending *)c->item)->seq };
}

/* There is none of this ID; `c` may be NULL. */
struct xstream_pending *xstream_pending_add(struct xstream_group *g, struct xstream_id id,
                                            struct xstream_consumer *c, int64_t delivered_ms,
                                            int64_t deliveries);
/* Another consumer's now, or nobody's. */
void xstream_pending_give(struct xstream_pending *p, struct xstream_id id,
                          struct xstream_consumer *c);
/* False if there is none: acknowledgement. */
bool xstream_pending_remove(struct xstream_group *g, struct xstream_id id);

/* Every group is past the entry and has it not pending. */
bool xstream_is_acked(const struct xstream *s, struct xstream_id id);
/* The ID is pending nowhere any more. */
void xstream_drop_refs(struct xstream *s, struct xstream_id id);

/* ---- for the codec ---- */

/* Packs in order: the tree's items. */
size_t xstream_pack_count(const struct xstream *s);
typedef void (*xstream_pack_visit)(void *arg, struct xstream_id id, const struct listpack *pack);
void xstream_each_pack(const struct xstream *s, xstream_pack_visit visit, void *arg);
/* Whether bytes from anywhere are a pack: every entry is looked at. */
MUST_USE bool xstream_pack_is_valid(struct slice bytes);
/* Adds a pack from such bytes under its first ID. 0, or -EINVAL if they are not valid, or a pack is there. Counts its
 * entries; `last` and the rest come with xstream_set_facts. */
MUST_USE int xstream_add_pack(struct xstream *s, struct xstream_id id, struct slice bytes);

#endif
