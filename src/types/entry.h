/* An entry: key, header, expiry and value of one key of the keyspace, in one allocation.
 *
 *   offset  size  what
 *   0       1     type (high nibble), encoding (low nibble)
 *   1       1     flags (ENTRY_*)
 *   2       3     LRU clock (seconds, 24 bits) or LFU counter; 0: not in a database yet
 *   5       1     key length, 255: long
 *   6       2     length of an in-place value
 *   8       8     expiry, Unix time in ms            only with ENTRY_HAS_EXPIRY
 *   +       8     value: an int64 or a pointer       not with ENCODING_BYTES
 *   +       4     key length                         only if long
 *   +       k     key
 *   +       n     value: bytes in place              only with ENCODING_BYTES
 *
 * So that a 16-byte key with a 32-byte value takes a 64-byte block. The key stands before the bytes, so that a look-up
 * compares it on the line of the header, however long the value is. The eight-byte fields are aligned.
 *
 * A function that changes the size returns the entry's new address: the caller (db/) then puts it in the place of the
 * old one in table and expiry tree. Entries know nothing of the table that they are in. */
#ifndef TYPES_ENTRY_H
#define TYPES_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/slice.h"

struct table;

enum value_type {
    TYPE_STRING,
    TYPE_LIST,
    TYPE_SET,
    TYPE_ZSET,
    TYPE_HASH,
    TYPE_MODULE,
    TYPE_STREAM,
};

enum value_encoding {
    ENCODING_INT,   /* an int64 in place */
    ENCODING_BYTES, /* in place */
    ENCODING_BLOB,  /* a pointer to struct blob */
    /* pointers, too */
    ENCODING_LISTPACK,   /* of a small list, hash, set or sorted set */
    ENCODING_INTSET,     /* set of integers */
    ENCODING_PACKS,      /* list: linked listpacks */
    ENCODING_HASH_TABLE, /* of fields */
    ENCODING_SET_TABLE,  /* of members */
    ENCODING_ZSET_TREE,  /* table and ordered tree */
    ENCODING_STREAM,
    ENCODING_HASH_EXPIRING, /* small hash with fields that expire: a listpack of triplets */
    ENCODING_COUNT,
};

enum {
    ENTRY_HAS_EXPIRY = 1 << 0,
    ENTRY_RAW = 1 << 1,           /* was changed in place: OBJECT ENCODING says raw */
    ENTRY_FIELDS_LISTED = 1 << 2, /* stands in its database's tree of hashes with expiring fields */
};

#define ENTRY_KEY_LONG 255
#define ENTRY_LRU_MAX ((uint32_t)0xffffff)

#define ENTRY_NO_EXPIRY ((int64_t)-1)
#define ENTRY_KEY_MAX ((size_t)UINT32_MAX)

struct entry {
    uint8_t kind;
    uint8_t flags;
    uint8_t lru[3];
    uint8_t key_len;
    uint16_t value_len;
    unsigned char bytes[];
};

static_assert(sizeof(struct entry) == 8, "the header is what a key pays for everything");

INLINE enum value_type entry_type(const struct entry *e)
{
    return (enum value_type)(e->kind >> 4);
}

INLINE enum value_encoding entry_encoding(const struct entry *e)
{
    return (enum value_encoding)(e->kind & 15);
}

struct slice entry_key(const struct entry *e); /* borrowed */
/* In ms, or ENTRY_NO_EXPIRY. */
INLINE int64_t entry_expiry(const struct entry *e)
{
    int64_t when_ms = ENTRY_NO_EXPIRY;
    if (e->flags & ENTRY_HAS_EXPIRY)
        memcpy(&when_ms, e->bytes, sizeof(when_ms));
    return when_ms;
}

/* Sets or removes the expiry; the entry may move. */
MUST_USE struct entry *entry_set_expiry(struct entry *e, int64_t when_ms);
/* A copy under another key: COPY. The value of `e` is shared or copied as needed and `e` stays as
 * it is. The copy's LRU field is 0. */
MUST_USE struct entry *entry_copy(const struct entry *e, struct slice key, int64_t when_ms);
/* The same entry under another key: RENAME. Consumes `e`, which is in no database; its value moves,
 * expiry and LRU field stay. `key` must not lie in `e`. */
MUST_USE struct entry *entry_rename(struct entry *e, struct slice key);

INLINE uint32_t entry_lru(const struct entry *e)
{
    return (uint32_t)e->lru[0] | (uint32_t)e->lru[1] << 8 | (uint32_t)e->lru[2] << 16;
}

/* At most ENTRY_LRU_MAX. */
INLINE void entry_set_lru(struct entry *e, uint32_t value)
{
    e->lru[0] = (uint8_t)value;
    e->lru[1] = (uint8_t)(value >> 8);
    e->lru[2] = (uint8_t)(value >> 16);
}

void entry_free(struct entry *e);
/* How much work freeing is, in elements (of a blob: pieces of 64 KiB): decides whether a background
 * thread does it. */
size_t entry_free_effort(const struct entry *e);
/* Bytes taken from the allocator by entry and value. */
size_t entry_footprint(const struct entry *e);

/* The table of the elements of a big hash, set or sorted set, borrowed; else NULL. */
const struct table *entry_table(const struct entry *e);

/* Looks ahead for an element of the value, in two steps; neither changes anything. The first asks for the
 * bucket of the element, or for the first line of a value without a table. True: take the second with the
 * hash, when that has come. */
bool entry_prefetch(const struct entry *e, struct slice element, uint64_t *ret_hash);
/* True: take it once more, with `again`, when what was asked for has come (ds/table.h). */
bool entry_prefetch_element(const struct entry *e, uint64_t hash, bool again);

const char *entry_type_name(enum value_type type);      /* "string" */
const char *entry_encoding_name(const struct entry *e); /* "embstr" */

#endif
