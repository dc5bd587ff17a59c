/* What the files of streams share: the stream itself, and how packs are read and changed. */
#ifndef TYPES_STREAM_PRIV_H
#define TYPES_STREAM_PRIV_H

#include "ds/listpack.h"
#include "types/entry_priv.h"
#include "types/stream.h"

struct xstream_node {
    uint64_t seq; /* of the first ID; its milliseconds are the order */
    struct listpack *pack;
};

struct xstream {
    struct xstream_facts facts;
    struct btree nodes;        /* struct xstream_node */
    struct btree groups;       /* struct xstream_group */
    struct xstream_node *tail; /* the last one, and its order */
    uint64_t tail_ms;
};

extern const struct encoding_ops xstream_ops;

/* Nodes and pending records. The probe is a uint64_t, the sequence number. */
extern const struct btree_type xstream_by_seq;

INLINE struct btree_key xstream_key(const struct xstream_id *id)
{
    return (struct btree_key){ id->ms, &id->seq };
}

struct xstream *xstream_new(void);
void xstream_free(struct xstream *s);
void xstream_node_add(struct xstream *s, struct xstream_id id, struct listpack *pack);
void xstream_node_remove(struct xstream *s, struct xstream_id id);
/* `first` anew, after entries have gone. */
void xstream_find_first(struct xstream *s);

/* ---- groups ---- */

void xstream_groups_init(struct xstream *s);
void xstream_groups_done(struct xstream *s);
void xstream_groups_copy(struct xstream *to, const struct xstream *from);
size_t xstream_groups_effort(const struct xstream *s);
size_t xstream_groups_footprint(const struct xstream *s);

/* ---- packs ---- */

struct pack_head {
    int64_t count, deleted;
    size_t fields_at, field_count; /* the master's fields */
    size_t end;                    /* the place of what ends the master entry */
};

void pack_read_head(const struct listpack *pack, struct pack_head *ret_head);

struct pack_entry {
    struct xstream_id id;
    bool deleted, same_fields;
    size_t field_count;
    size_t values_at; /* or fields and values */
    size_t values;    /* how many */
};

/* The entry whose flags are at `at`. */
void pack_read_entry(const struct listpack *pack, struct xstream_id master, size_t field_count,
                     size_t at, struct pack_entry *ret_entry);
/* Places of flags, or LISTPACK_NONE. */
size_t pack_first(const struct listpack *pack);
size_t pack_last(const struct listpack *pack);
size_t pack_entry_next(const struct listpack *pack, const struct pack_entry *e);
size_t pack_entry_prev(const struct listpack *pack, size_t at);

/* A pack for a first entry, and with one more entry; `count` slices. */
MUST_USE struct listpack *pack_new(const struct slice *pairs, size_t count);
MUST_USE struct listpack *pack_append(struct listpack *pack, struct xstream_id master,
                                      struct xstream_id id, const struct slice *pairs,
                                      size_t count);
/* Sets the mark, counts nothing. */
MUST_USE struct listpack *pack_mark_deleted(struct listpack *pack, size_t at);
MUST_USE struct listpack *pack_count_deleted(struct listpack *pack, int64_t deleted);

#endif
