/* The two forms of a sorted set. */
#ifndef TYPES_ZSET_PRIV_H
#define TYPES_ZSET_PRIV_H

#include <string.h>

#include "ds/table.h"
#include "types/entry_priv.h"
#include "types/zset.h"

/* ---- the tree form ---- */

/* A member's block: 8 bytes of score, length, bytes. Table and tree point to it. */
struct zset_member {
    double score;
    unsigned char len; /* MEMBER_LONG: 4 bytes of length follow */
    unsigned char bytes[];
};

#define MEMBER_LONG 255
#define MEMBER_HEAD_BYTES offsetof(struct zset_member, bytes)

struct zset {
    struct btree tree;
    struct table *table;
    const struct hash_key *hash_key;
    size_t block_bytes; /* of all members' blocks */
};

INLINE struct slice member_text(const struct zset_member *m)
{
    if (LIKELY(m->len != MEMBER_LONG))
        return slice_of(m->bytes, m->len);
    uint32_t len;
    memcpy(&len, m->bytes, sizeof(len));
    return slice_of(m->bytes + sizeof(len), len);
}

INLINE size_t member_size(size_t text_len)
{
    return MEMBER_HEAD_BYTES + (text_len >= MEMBER_LONG) * sizeof(uint32_t) + text_len;
}

/* What the tree compares with members of one score. */
struct zset_probe {
    struct slice text;
    bool behind; /* a bound right behind the member */
};

/* Scores as the tree orders them: unsigned, and one zero. */
INLINE uint64_t score_order(double score)
{
    uint64_t bits;
    score += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &score, sizeof(bits));
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

extern const struct encoding_ops zset_tree_ops;
extern const struct table_type zset_table_type;
extern const struct btree_type zset_btree_type;

MUST_USE struct zset_member *zset_member_new(struct slice text, double score);
void zset_member_free(struct zset_member *m);

MUST_USE struct zset *zset_tree_new(const struct hash_key *hash_key);
/* Takes over a block whose member is not in; `hash` is its table's. */
void zset_tree_insert(struct zset *z, uint64_t hash, struct zset_member *m);
void zset_tree_set_score(struct zset *z, struct zset_member *m, double score);
struct zset_member *zset_tree_find(const struct zset *z, uint64_t hash, struct slice text);
bool zset_tree_remove(struct zset *z, struct slice text);
size_t zset_tree_rank(const struct zset *z, const struct zset_member *m);
void zset_tree_delete_span(struct zset *z, struct zset_span span);

INLINE struct zset *zset_tree(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_ZSET_TREE ? entry_pointer(e) : NULL;
}

/* ---- the listpack form: places are those of members ---- */

INLINE struct listpack *zset_pack(const struct entry *e)
{
    ASSERT_DEBUG(entry_encoding(e) == ENCODING_LISTPACK);
    return entry_pointer(e);
}

double zset_pack_score(const struct listpack *lp, size_t at);
INLINE size_t zset_pack_next(const struct listpack *lp, size_t at)
{
    return listpack_next(lp, listpack_next(lp, at));
}
size_t zset_pack_find(const struct listpack *lp, struct slice member); /* or LISTPACK_NONE */
MUST_USE struct listpack *zset_pack_append(struct listpack *lp, const struct zset_element *what);
/* At its place in the order; the member is not in. */
MUST_USE struct listpack *zset_pack_insert(struct listpack *lp, const struct zset_element *what);

/* The tree with what a listpack has. */
MUST_USE struct zset *zset_tree_of_pack(const struct listpack *lp, const struct hash_key *key);

#endif
