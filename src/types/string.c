/* Strings in their three encodings. */
#include "types/string.h"

#include "base/mem.h"
#include "types/entry_priv.h"

/* No int64 has more characters. */
#define INT_CHARS_MAX 20
/* Up to here a blob that grows gets as much spare room again, above as much as this. */
#define SPARE_BYTES_MAX ((size_t)1 << 20)
/* What the work of freeing a blob is counted in: giving pages back is what takes time. */
#define EFFORT_BYTES ((size_t)64 << 10)

static_assert(STRING_IN_PLACE_MAX <= UINT16_MAX, "value_len holds it");
static_assert(STRING_EMBSTR_MAX <= STRING_IN_PLACE_MAX, "a blob is never called embstr");

static void blob_op_free(void *value)
{
    blob_unref(value);
}

static void *blob_op_copy(void *value)
{
    return blob_ref(value);
}

static size_t blob_op_free_effort(const void *value)
{
    return 1 + blob_footprint(value) / EFFORT_BYTES;
}

static size_t blob_op_footprint(const void *value)
{
    return blob_footprint(value);
}

const struct encoding_ops string_blob_ops = {
    .free = blob_op_free,
    .copy = blob_op_copy,
    .free_effort = blob_op_free_effort,
    .footprint = blob_op_footprint,
};

/* Most values are refused by their length or their first character. */
INLINE bool text_is_int(struct slice text, int64_t *ret_value)
{
    if (text.len == 0 || text.len > INT_CHARS_MAX)
        return false;
    if ((text.ptr[0] < '0' || text.ptr[0] > '9') && text.ptr[0] != '-')
        return false;
    return num_parse_int(text, ret_value);
}

struct entry *string_new(struct slice key, struct slice value, int64_t when_ms)
{
    int64_t number;
    if (text_is_int(value, &number))
        return string_new_int(key, number, when_ms);
    return string_new_text(key, value, when_ms);
}

struct entry *string_new_int(struct slice key, int64_t value, int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_STRING, ENCODING_INT, key, 0, when_ms);
    entry_put_int(e, value);
    return e;
}

struct entry *string_new_text(struct slice key, struct slice value, int64_t when_ms)
{
    if (value.len > STRING_IN_PLACE_MAX)
        return string_new_blob(key, blob_copy(value), when_ms);
    struct entry *e = entry_new(TYPE_STRING, ENCODING_BYTES, key, value.len, when_ms);
    if (value.len)
        memcpy(entry_bytes_at(e), value.ptr, value.len);
    return e;
}

struct entry *string_new_blob(struct slice key, struct blob *blob, int64_t when_ms)
{
    ASSERT(blob);
    if (blob->len <= STRING_IN_PLACE_MAX) {
        struct entry *e = string_new(key, blob_slice(blob), when_ms);
        blob_unref(blob);
        return e;
    }
    struct entry *e = entry_new(TYPE_STRING, ENCODING_BLOB, key, 0, when_ms);
    entry_put_pointer(e, blob);
    return e;
}

struct slice string_bytes(const struct entry *e, char scratch[static NUM_INT_MAX_CHARS])
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    switch (entry_encoding(e)) {
    case ENCODING_BYTES:
        return slice_of(entry_bytes_at(e), e->value_len);
    case ENCODING_INT:
        return slice_of(scratch, num_format_int(scratch, entry_int(e)));
    default:
        return blob_slice(entry_pointer(e));
    }
}

size_t string_len(const struct entry *e)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    switch (entry_encoding(e)) {
    case ENCODING_BYTES:
        return e->value_len;
    case ENCODING_INT:
        return num_int_len(entry_int(e));
    default:
        return ((const struct blob *)entry_pointer(e))->len;
    }
}

struct blob *string_blob(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_BLOB ? entry_pointer(e) : NULL;
}

bool string_as_int(const struct entry *e, int64_t *ret_value)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    switch (entry_encoding(e)) {
    case ENCODING_INT:
        *ret_value = entry_int(e);
        return true;
    case ENCODING_BYTES:
        return text_is_int(slice_of(entry_bytes_at(e), e->value_len), ret_value);
    default:
        return false; /* a blob is too long to be one */
    }
}

/* The entry without the blob that it may have had. */
static struct entry *reshape_freeing(struct entry *e, enum value_encoding encoding, size_t len)
{
    struct blob *blob = string_blob(e);
    e->flags &= (uint8_t)~ENTRY_RAW;
    e = entry_reshape(e, encoding, len);
    blob_unref(blob);
    return e;
}

struct entry *string_set(struct entry *e, struct slice value)
{
    int64_t number;
    if (text_is_int(value, &number))
        return string_set_int(e, number);
    return string_set_text(e, value);
}

struct entry *string_set_int(struct entry *e, int64_t value)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    e = reshape_freeing(e, ENCODING_INT, 0);
    entry_put_int(e, value);
    return e;
}

/* True when a block made for `blob` is the one that `len` bytes would get. */
static bool blob_fits(const struct blob *blob, size_t len)
{
    return len <= blob->cap &&
           mem_size_class(sizeof(*blob) + len) == mem_size_class(sizeof(*blob) + blob->cap);
}

struct entry *string_set_text(struct entry *e, struct slice value)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    if (value.len <= STRING_IN_PLACE_MAX) {
        e = reshape_freeing(e, ENCODING_BYTES, value.len);
        if (value.len)
            memcpy(entry_bytes_at(e), value.ptr, value.len);
        return e;
    }
    struct blob *blob = string_blob(e);
    if (blob && blob_fits(blob, value.len) && !blob_is_shared(blob)) {
        memcpy(blob->bytes, value.ptr, value.len);
        blob->len = value.len;
        e->flags &= (uint8_t)~ENTRY_RAW;
        return e;
    }
    return string_set_blob(e, blob_copy(value));
}

struct entry *string_set_blob(struct entry *e, struct blob *blob)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    ASSERT(blob);
    if (blob->len <= STRING_IN_PLACE_MAX) {
        e = string_set(e, blob_slice(blob));
        blob_unref(blob);
        return e;
    }
    e = reshape_freeing(e, ENCODING_BLOB, 0);
    entry_put_pointer(e, blob);
    return e;
}

static size_t with_spare(size_t len)
{
    return len + MIN_OF(len, SPARE_BYTES_MAX);
}

/* The same bytes in an unshared blob that is at least `len` long; NULL without memory. */
static struct blob *blob_try_open(struct blob *blob, size_t len)
{
    size_t old_len = blob->len;
    len = MAX_OF(len, old_len);
    if (blob_is_shared(blob)) {
        struct blob *copy = blob_try_new(len, len > old_len ? with_spare(len) : len);
        if (!copy)
            return NULL;
        memcpy(copy->bytes, blob->bytes, old_len);
        blob_unref(blob);
        blob = copy;
    } else if (len > blob->cap) {
        blob = blob_try_reserve(blob, with_spare(len));
        if (!blob)
            return NULL;
    }
    memset(blob->bytes + old_len, 0, len - old_len);
    blob->len = len;
    return blob;
}

static struct entry *int_to_bytes(struct entry *e)
{
    char digits[NUM_INT_MAX_CHARS];
    size_t len = num_format_int(digits, entry_int(e));
    e = entry_reshape(e, ENCODING_BYTES, len);
    memcpy(entry_bytes_at(e), digits, len);
    return e;
}

/* A short string, or a number, in a new blob. */
static struct entry *try_to_blob(struct entry *e, size_t len)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct slice bytes = string_bytes(e, scratch);
    struct blob *blob = blob_try_new(len, with_spare(len));
    if (!blob)
        return NULL;
    memcpy(blob->bytes, bytes.ptr, bytes.len);
    memset(blob->bytes + bytes.len, 0, len - bytes.len);
    e = entry_reshape(e, ENCODING_BLOB, 0);
    entry_put_pointer(e, blob);
    return e;
}

/* A short string that stays in the entry. */
static struct entry *bytes_open(struct entry *e, size_t len)
{
    if (entry_encoding(e) == ENCODING_INT)
        e = int_to_bytes(e);
    size_t old_len = e->value_len;
    if (len > old_len) {
        e = entry_reshape(e, ENCODING_BYTES, len);
        memset(entry_bytes_at(e) + old_len, 0, len - old_len);
    }
    return e;
}

struct entry *string_try_open(struct entry *e, size_t len, char **ret_bytes)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    struct blob *blob = string_blob(e);
    if (blob) {
        blob = blob_try_open(blob, len);
        if (!blob)
            return NULL;
        entry_put_pointer(e, blob);
    } else if (len > STRING_IN_PLACE_MAX) {
        e = try_to_blob(e, len);
        if (!e)
            return NULL;
    } else {
        e = bytes_open(e, len);
    }
    e->flags |= ENTRY_RAW;
    blob = string_blob(e);
    *ret_bytes = blob ? blob->bytes : entry_bytes_at(e);
    return e;
}

struct entry *string_open(struct entry *e, size_t len, char **ret_bytes)
{
    e = string_try_open(e, len, ret_bytes);
    ASSERT(e);
    return e;
}

struct entry *string_try_new_open(struct slice key, size_t len, int64_t when_ms, char **ret_bytes)
{
    struct entry *e = entry_new(TYPE_STRING, ENCODING_BYTES, key, 0, when_ms);
    struct entry *opened = string_try_open(e, len, ret_bytes);
    if (!opened)
        entry_free(e);
    return opened;
}

struct entry *string_try_new_unset(struct slice key, size_t len, int64_t when_ms, char **ret_bytes)
{
    bool in_place = len <= STRING_IN_PLACE_MAX;
    struct blob *blob = in_place ? NULL : blob_try_new(len, len);
    if (!in_place && !blob)
        return NULL;
    struct entry *e = entry_new(TYPE_STRING, in_place ? ENCODING_BYTES : ENCODING_BLOB, key,
                                in_place ? len : 0, when_ms);
    if (!in_place)
        entry_put_pointer(e, blob);
    e->flags |= ENTRY_RAW;
    *ret_bytes = in_place ? entry_bytes_at(e) : blob->bytes;
    return e;
}

char *string_reuse(struct entry *e, size_t len)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    struct blob *blob = string_blob(e);
    if (entry_encoding(e) == ENCODING_INT || string_len(e) != len || (blob && blob_is_shared(blob)))
        return NULL;
    e->flags |= ENTRY_RAW;
    return blob ? blob->bytes : entry_bytes_at(e);
}

void string_mark_raw(struct entry *e)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STRING);
    e->flags |= ENTRY_RAW;
}
