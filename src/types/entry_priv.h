/* Where things stand in an entry, for the files of this room. */
#ifndef TYPES_ENTRY_PRIV_H
#define TYPES_ENTRY_PRIV_H

#include <string.h>

#include "base/assert.h"
#include "types/entry.h"

struct table;

/* What is to be known of an entry for each encoding whose value is a pointer. Encodings without a
 * row have nothing behind the entry. */
struct encoding_ops {
    void (*free)(void *value);
    void *(*copy)(void *value); /* another owner of the same value, or a copy */
    size_t (*free_effort)(const void *value);
    size_t (*footprint)(const void *value);
    const struct table *(*table)(const void *value); /* of its elements; NULL without one */
};

extern const struct encoding_ops string_blob_ops;

/* Behind the header, in order. */
INLINE unsigned char *entry_expiry_at(const struct entry *e)
{
    return (unsigned char *)(uintptr_t)e->bytes;
}

INLINE unsigned char *entry_word_at(const struct entry *e)
{
    return entry_expiry_at(e) + (e->flags & ENTRY_HAS_EXPIRY) * sizeof(int64_t);
}

INLINE bool encoding_has_word(enum value_encoding encoding)
{
    return encoding != ENCODING_BYTES;
}

INLINE struct slice entry_key_slice(const struct entry *e)
{
    unsigned char *at = entry_word_at(e) + encoding_has_word(entry_encoding(e)) * sizeof(int64_t);
    if (LIKELY(e->key_len != ENTRY_KEY_LONG))
        return slice_of(at, e->key_len);
    uint32_t len;
    memcpy(&len, at, sizeof(len));
    return slice_of(at + sizeof(len), len);
}

INLINE char *entry_bytes_at(const struct entry *e)
{
    struct slice key = entry_key_slice(e);
    return (char *)(uintptr_t)key.ptr + key.len;
}

INLINE int64_t entry_int(const struct entry *e)
{
    int64_t value;
    memcpy(&value, entry_word_at(e), sizeof(value));
    return value;
}

INLINE void entry_put_int(struct entry *e, int64_t value)
{
    memcpy(entry_word_at(e), &value, sizeof(value));
}

INLINE void *entry_pointer(const struct entry *e)
{
    void *value;
    memcpy(&value, entry_word_at(e), sizeof(value));
    return value;
}

INLINE void entry_put_pointer(struct entry *e, void *value)
{
    memcpy(entry_word_at(e), &value, sizeof(value));
}

/* The value in another encoding, both with a pointer as value: the word stays where it is, so the entry
 * does not move. What the old one pointed to is the caller's to free. */
INLINE void entry_put_encoded(struct entry *e, enum value_encoding encoding, void *value)
{
    ASSERT_DEBUG(encoding_has_word(entry_encoding(e)));
    ASSERT_DEBUG(encoding_has_word(encoding));
    e->kind = (uint8_t)((unsigned)entry_type(e) << 4 | (unsigned)encoding);
    entry_put_pointer(e, value);
}

/* A new entry whose value is still to be written: `bytes_len` bytes in place, or a word. */
struct entry *entry_new(enum value_type type, enum value_encoding encoding, struct slice key,
                        size_t bytes_len, int64_t when_ms);

/* Gives the entry another encoding or length of in-place value. Key, expiry, LRU field and flags stay; the
 * value is lost, but bytes in place that stay bytes in place are kept as far as they fit. What the old
 * value pointed to is the caller's to free, before. */
struct entry *entry_reshape(struct entry *e, enum value_encoding encoding, size_t bytes_len);

#endif
