/* The forms of a set. */
#ifndef TYPES_SET_PRIV_H
#define TYPES_SET_PRIV_H

#include <string.h>

#include "base/mem.h"
#include "types/entry_priv.h"
#include "types/set.h"

/* A member is one block, and its handle is the block's address with a number in the low three bits,
 * which addresses do not use. 0: the block has a byte of length in front of the text, or SET_MEMBER_LONG
 * and four bytes of it. Else the text alone fills the block, which is one of the allocator's small classes,
 * and the number says which: a header would take the next class, half as much again of a UUID's 16 bytes
 * with their part of the table. */
struct set_member;

#define SET_MEMBER_LONG 255
#define SET_MEMBER_WHOLE_MASK ((uintptr_t)7)
/* The longest text that may be without a header; all are multiples of 8. */
#define SET_MEMBER_WHOLE_MAX 96

struct set {
    struct table *table;
    size_t block_bytes; /* of all members' blocks */
};

extern const struct encoding_ops set_intset_ops, set_table_ops;
extern const struct table_type set_table_type;

/* The number of a text that fills its block; 0: it has a header. */
INLINE unsigned set_member_whole(size_t text_len)
{
    static const unsigned char number_of[] = { 0, 1, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7 };
    static_assert(COUNT_OF(number_of) == SET_MEMBER_WHOLE_MAX / 8 + 1, "up to the longest");
    return text_len % 8 || text_len > SET_MEMBER_WHOLE_MAX ? 0 : number_of[text_len / 8];
}

/* The address of the block, to be freed. */
INLINE unsigned char *set_member_block(const struct set_member *m)
{
    return (unsigned char *)((uintptr_t)m & ~SET_MEMBER_WHOLE_MASK);
}

INLINE struct slice set_member_text(const struct set_member *m)
{
    static const unsigned char whole_len[] = { 0, 8, 16, 32, 48, 64, 80, SET_MEMBER_WHOLE_MAX };
    const unsigned whole = (unsigned)((uintptr_t)m & SET_MEMBER_WHOLE_MASK);
    const unsigned char *block = set_member_block(m);
    if (whole)
        return slice_of(block, whole_len[whole]);
    if (LIKELY(*block != SET_MEMBER_LONG))
        return slice_of(block + 1, *block);
    uint32_t len;
    memcpy(&len, block + 1, sizeof(len));
    return slice_of(block + 1 + sizeof(len), len);
}

/* Of the block. */
INLINE size_t set_member_size(size_t text_len)
{
    if (set_member_whole(text_len))
        return text_len;
    return 1 + (text_len >= SET_MEMBER_LONG) * sizeof(uint32_t) + text_len;
}

/* Fills a block of set_member_size(), at a multiple of 8. */
INLINE struct set_member *set_member_write(void *block, struct slice text)
{
    const unsigned whole = set_member_whole(text.len);
    unsigned char *bytes = block;
    ASSERT_DEBUG(((uintptr_t)block & SET_MEMBER_WHOLE_MASK) == 0);
    if (!whole)
        *bytes++ = (unsigned char)MIN_OF(text.len, (size_t)SET_MEMBER_LONG);
    if (UNLIKELY(text.len >= SET_MEMBER_LONG)) {
        const uint32_t len = (uint32_t)text.len;
        ASSERT(len == text.len);
        memcpy(bytes, &len, sizeof(len));
        bytes += sizeof(len);
    }
    if (text.len)
        memcpy(bytes, text.ptr, text.len);
    return (struct set_member *)((uintptr_t)block | whole);
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
