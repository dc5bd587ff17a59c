/* Layout and life of entries. The layout is at the top of entry.h. */
#include "types/entry.h"

#include "base/mem.h"
#include "ds/listpack.h"
#include "types/entry_priv.h"
#include "types/hash_priv.h"
#include "types/list_priv.h"
#include "types/set_priv.h"
#include "types/stream_priv.h"
#include "types/string.h"
#include "types/zset_priv.h"

static void free_listpack(void *value)
{
    listpack_free(value);
}

static void *copy_listpack(void *value)
{
    return listpack_copy(value);
}

/* One block, however many elements are in it. */
static size_t listpack_free_effort(const void *value UNUSED)
{
    return 1;
}

static size_t footprint_of_listpack(const void *value)
{
    return listpack_footprint(value);
}

/* The same for all types that have small values in one listpack. */
static const struct encoding_ops listpack_ops = {
    .free = free_listpack,
    .copy = copy_listpack,
    .free_effort = listpack_free_effort,
    .footprint = footprint_of_listpack,
};

static const struct encoding_ops *const ops_by_encoding[ENCODING_COUNT] = {
    [ENCODING_BLOB] = &string_blob_ops,        [ENCODING_LISTPACK] = &listpack_ops,
    [ENCODING_INTSET] = &set_intset_ops,       [ENCODING_HASH_TABLE] = &hash_table_ops,
    [ENCODING_SET_TABLE] = &set_table_ops,     [ENCODING_ZSET_TREE] = &zset_tree_ops,
    [ENCODING_HASH_EXPIRING] = &hash_pack_ops, [ENCODING_PACKS] = &list_packs_ops,
    [ENCODING_STREAM] = &xstream_ops,
};

/* The parts of an entry, from which follows how long it is. */
struct shape {
    bool has_expiry;
    enum value_encoding encoding;
    size_t key_len;
    size_t bytes_len;
};

INLINE size_t shape_size(const struct shape *s)
{
    return sizeof(struct entry) + s->has_expiry * sizeof(int64_t) +
           encoding_has_word(s->encoding) * sizeof(int64_t) +
           (s->key_len >= ENTRY_KEY_LONG) * sizeof(uint32_t) + s->key_len + s->bytes_len;
}

INLINE struct shape shape_of(const struct entry *e)
{
    return (struct shape){
        .has_expiry = (e->flags & ENTRY_HAS_EXPIRY) != 0,
        .encoding = entry_encoding(e),
        .key_len = entry_key_slice(e).len,
        .bytes_len = e->value_len,
    };
}

/* The block may be larger than asked for by what its class has left over: two sizes of one class
 * are served by the same block. */
INLINE bool same_block(size_t a, size_t b)
{
    return a == b || mem_size_class(a) == mem_size_class(b);
}

static const struct encoding_ops *ops_of(const struct entry *e)
{
    return ops_by_encoding[entry_encoding(e)];
}

/* Header without expiry field, long key length and key. Everything is placed by the header alone,
 * so it is written first. */
INLINE void write_frame(struct entry *e, uint8_t type, const struct shape *s, struct slice key)
{
    e->kind = (uint8_t)((unsigned)type << 4 | (unsigned)s->encoding);
    e->flags = s->has_expiry ? ENTRY_HAS_EXPIRY : 0;
    memset(e->lru, 0, sizeof(e->lru));
    e->key_len = (uint8_t)MIN_OF(key.len, (size_t)ENTRY_KEY_LONG);
    e->value_len = (uint16_t)s->bytes_len;

    unsigned char *at = entry_word_at(e) + encoding_has_word(s->encoding) * sizeof(int64_t);
    if (UNLIKELY(key.len >= ENTRY_KEY_LONG)) {
        uint32_t len = (uint32_t)key.len;
        memcpy(at, &len, sizeof(len));
        at += sizeof(len);
    }
    if (key.len)
        memcpy(at, key.ptr, key.len);
}

struct entry *entry_new(enum value_type type, enum value_encoding encoding, struct slice key,
                        size_t bytes_len, int64_t when_ms)
{
    ASSERT(key.len <= ENTRY_KEY_MAX);
    ASSERT_DEBUG(bytes_len <= UINT16_MAX);
    ASSERT_DEBUG(bytes_len == 0 || encoding == ENCODING_BYTES);
    struct shape s = {
        .has_expiry = when_ms != ENTRY_NO_EXPIRY,
        .encoding = encoding,
        .key_len = key.len,
        .bytes_len = bytes_len,
    };
    struct entry *e = mem_alloc(shape_size(&s));
    write_frame(e, (uint8_t)type, &s, key);
    if (s.has_expiry)
        memcpy(entry_expiry_at(e), &when_ms, sizeof(when_ms));
    return e;
}

struct slice entry_key(const struct entry *e)
{
    return entry_key_slice(e);
}

/* A second entry with the frame and LRU field of `e` in another shape; its value is not written. */
static struct entry *frame_copy(const struct entry *e, const struct shape *s, struct slice key)
{
    struct entry *copy = mem_alloc(shape_size(s));
    write_frame(copy, (uint8_t)entry_type(e), s, key);
    copy->flags |= (uint8_t)(e->flags & ~ENTRY_HAS_EXPIRY);
    memcpy(copy->lru, e->lru, sizeof(copy->lru));
    return copy;
}

struct entry *entry_reshape(struct entry *e, enum value_encoding encoding, size_t bytes_len)
{
    ASSERT_DEBUG(bytes_len <= UINT16_MAX);
    ASSERT_DEBUG(bytes_len == 0 || encoding == ENCODING_BYTES);
    struct shape before = shape_of(e);
    struct shape after = before;
    after.encoding = encoding;
    after.bytes_len = bytes_len;

    /* Bytes stand last: with the encoding kept, nothing moves. */
    if (before.encoding == encoding && same_block(shape_size(&before), shape_size(&after))) {
        e->value_len = (uint16_t)bytes_len;
        return e;
    }
    struct entry *moved = frame_copy(e, &after, entry_key_slice(e));
    if (after.has_expiry)
        memcpy(entry_expiry_at(moved), entry_expiry_at(e), sizeof(int64_t));
    size_t kept = MIN_OF(before.bytes_len, after.bytes_len);
    if (kept)
        memcpy(entry_bytes_at(moved), entry_bytes_at(e), kept);
    mem_free_sized(e, shape_size(&before));
    return moved;
}

/* Word or bytes in place, whichever the two have. */
static void value_move(struct entry *to, const struct entry *from)
{
    if (encoding_has_word(entry_encoding(from)))
        memcpy(entry_word_at(to), entry_word_at(from), sizeof(int64_t));
    else if (from->value_len)
        memcpy(entry_bytes_at(to), entry_bytes_at(from), from->value_len);
}

struct entry *entry_set_expiry(struct entry *e, int64_t when_ms)
{
    bool had = (e->flags & ENTRY_HAS_EXPIRY) != 0;
    bool has = when_ms != ENTRY_NO_EXPIRY;
    if (had != has) {
        struct shape before = shape_of(e);
        struct shape after = before;
        after.has_expiry = has;
        struct entry *moved = frame_copy(e, &after, entry_key_slice(e));
        value_move(moved, e);
        mem_free_sized(e, shape_size(&before));
        e = moved;
    }
    if (has)
        memcpy(entry_expiry_at(e), &when_ms, sizeof(when_ms));
    return e;
}

struct entry *entry_copy(const struct entry *e, struct slice key, int64_t when_ms)
{
    ASSERT(key.len <= ENTRY_KEY_MAX);
    struct shape s = shape_of(e);
    s.has_expiry = when_ms != ENTRY_NO_EXPIRY;
    s.key_len = key.len;
    struct entry *copy = frame_copy(e, &s, key);
    entry_set_lru(copy, 0);
    copy->flags &= (uint8_t)~ENTRY_FIELDS_LISTED;
    if (s.has_expiry)
        memcpy(entry_expiry_at(copy), &when_ms, sizeof(when_ms));
    value_move(copy, e);
    const struct encoding_ops *ops = ops_of(e);
    if (ops)
        entry_put_pointer(copy, ops->copy(entry_pointer(e)));
    return copy;
}

struct entry *entry_rename(struct entry *e, struct slice key)
{
    ASSERT(key.len <= ENTRY_KEY_MAX);
    struct shape before = shape_of(e);
    struct shape after = before;
    after.key_len = key.len;
    struct entry *renamed = frame_copy(e, &after, key);
    if (after.has_expiry)
        memcpy(entry_expiry_at(renamed), entry_expiry_at(e), sizeof(int64_t));
    value_move(renamed, e);
    mem_free_sized(e, shape_size(&before));
    return renamed;
}

void entry_free(struct entry *e)
{
    const struct encoding_ops *ops = ops_of(e);
    if (ops)
        ops->free(entry_pointer(e));
    struct shape s = shape_of(e);
    mem_free_sized(e, shape_size(&s));
}

size_t entry_free_effort(const struct entry *e)
{
    const struct encoding_ops *ops = ops_of(e);
    return ops ? ops->free_effort(entry_pointer(e)) : 1;
}

size_t entry_footprint(const struct entry *e)
{
    struct shape s = shape_of(e);
    const struct encoding_ops *ops = ops_of(e);
    return mem_size_class(shape_size(&s)) + (ops ? ops->footprint(entry_pointer(e)) : 0);
}

const struct table *entry_table(const struct entry *e)
{
    const struct encoding_ops *ops = ops_of(e);
    return ops && ops->table ? ops->table(entry_pointer(e)) : NULL;
}

bool entry_prefetch(const struct entry *e, struct slice element, uint64_t *ret_hash)
{
    const struct encoding_ops *ops = ops_of(e);
    if (!ops)
        return false;
    if (!ops->table) {
        __builtin_prefetch(entry_pointer(e));
        return false;
    }
    const struct table *t = ops->table(entry_pointer(e));
    *ret_hash = table_hash(t, element);
    table_prefetch_bucket(t, *ret_hash);
    return true;
}

bool entry_prefetch_element(const struct entry *e, uint64_t hash, bool again)
{
    const struct table *t = entry_table(e);
    return t && table_prefetch_entry(t, hash, again);
}

const char *entry_type_name(enum value_type type)
{
    static const char *const names[] = {
        [TYPE_STRING] = "string", [TYPE_LIST] = "list", [TYPE_SET] = "set",
        [TYPE_ZSET] = "zset",     [TYPE_HASH] = "hash", [TYPE_MODULE] = "module",
        [TYPE_STREAM] = "stream",
    };
    ASSERT((size_t)type < COUNT_OF(names));
    return names[type];
}

const char *entry_encoding_name(const struct entry *e)
{
    static const char *const names[ENCODING_COUNT] = {
        [ENCODING_INT] = "int",
        [ENCODING_BYTES] = "embstr",
        [ENCODING_BLOB] = "raw",
        [ENCODING_LISTPACK] = "listpack",
        [ENCODING_INTSET] = "intset",
        [ENCODING_PACKS] = "quicklist",
        [ENCODING_HASH_TABLE] = "hashtable",
        [ENCODING_SET_TABLE] = "hashtable",
        [ENCODING_ZSET_TREE] = "skiplist",
        [ENCODING_STREAM] = "stream",
        [ENCODING_HASH_EXPIRING] = "listpackex",
    };
    enum value_encoding encoding = entry_encoding(e);
    bool is_long = encoding == ENCODING_BYTES && e->value_len > STRING_EMBSTR_MAX;
    if (entry_type(e) == TYPE_STRING && (is_long || e->flags & ENTRY_RAW))
        return "raw";
    ASSERT(encoding < ENCODING_COUNT);
    return names[encoding];
}
