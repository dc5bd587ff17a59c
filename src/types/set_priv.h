/* The forms of a set. */
#ifndef TYPES_SET_PRIV_H
#define TYPES_SET_PRIV_H

#include <string.h>

#include "base/mem.h"
#include "types/entry_priv.h"
#include "types/set.h"

/* A member's block: length, bytes. */
struct set_member {
    unsigned char len; /* SET_MEMBER_LONG: 4 bytes of length follow */
    unsigned char bytes[];
};

#define SET_MEMBER_LONG 255

struct set {
    struct table *table;
    const struct hash_key *hash_key;
    size_t block_bytes; /* of all members' blocks */
};

extern const struct encoding_ops set_intset_ops, set_table_ops;
extern const struct table_type set_table_type;

INLINE struct slice set_member_text(const struct set_member *m)
{
    if (LIKELY(m->len != SET_MEMBER_LONG))
        return slice_of(m->bytes, m->len);
    uint32_t len;
    memcpy(&len, m->bytes, sizeof(len));
    return slice_of(m->bytes + sizeof(len), len);
}

INLINE size_t set_member_size(size_t text_len)
{
    return sizeof(struct set_member) + (text_len >= SET_MEMBER_LONG) * sizeof(uint32_t) + text_len;
}

/* Fills a block of set_member_size(). */
INLINE struct set_member *set_member_write(void *block, struct slice text)
{
    struct set_member *m = block;
    unsigned char *bytes = m->bytes;
    m->len = (unsigned char)MIN_OF(text.len, (size_t)SET_MEMBER_LONG);
    if (UNLIKELY(text.len >= SET_MEMBER_LONG)) {
        const uint32_t len = (uint32_t)text.len;
        ASSERT(len == text.len);
        memcpy(bytes, &len, sizeof(len));
        bytes += sizeof(len);
    }
    if (text.len)
        memcpy(bytes, text.ptr, text.len);
    return m;
}

MUST_USE struct set *set_table_new(const struct hash_key *hash_key);
/* The member is not in; `hash` is its table's. */
void set_table_insert(struct set *s, uint64_t hash, struct slice text);
/* `m` has been taken out of the table. */
void set_table_drop(struct set *s, struct set_member *m);

INLINE struct set *set_of(const struct entry *e)
{
    ASSERT_DEBUG(entry_encoding(e) == ENCODING_SET_TABLE);
    return entry_pointer(e);
}

/* The value in another form; what it had is freed. */
void set_put_encoded(struct entry *e, enum value_encoding encoding, void *value);
/* Becomes a table, with room for `count`. */
void set_become_table(struct entry *e, const struct type_env *env, size_t count);

/* A step of a walk that leaves numbers as they are; false at the end. */
MUST_USE bool set_walk_next_value(struct set_walk *w, struct listpack_value *ret_value);
/* The block of a table's next member; NULL at the end. */
struct set_member *set_walk_next_block(struct set_walk *w);

#endif
