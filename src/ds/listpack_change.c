/* Listpacks: making and changing. Every change opens a gap, or closes one, and writes into it. */
#include "base/mem.h"
#include "ds/listpack_priv.h"

/* The longest encoding with a number in it; of a string it is the head alone. */
#define HEAD_BYTES_MAX 9

static unsigned char *begin_of(struct listpack *lp)
{
    return (unsigned char *)lp;
}

struct encoded {
    unsigned char head[HEAD_BYTES_MAX];
    size_t head_bytes;
    struct slice tail; /* a string's bytes */
};

/* Encoding and data, without back-length. */
INLINE size_t encoded_bytes(const struct encoded *e)
{
    return e->head_bytes + e->tail.len;
}

INLINE size_t encoded_size(const struct encoded *e)
{
    return encoded_bytes(e) + listpack_back_bytes(encoded_bytes(e));
}

/* ---- encoding ---- */

static struct encoded encode_int(int64_t value)
{
    struct encoded e = { .head_bytes = 2 };
    if (value >= 0 && value <= 127) {
        e.head[0] = (unsigned char)value;
        e.head_bytes = 1;
        return e;
    }
    if (value >= -4096 && value <= 4095) {
        e.head[0] = (unsigned char)(LISTPACK_BELOW_TEXT6 | (value >> 8 & 0x1f));
        e.head[1] = (unsigned char)value;
        return e;
    }
    unsigned char first = LISTPACK_INT16;
    for (; first < LISTPACK_INT64; first++) {
        int64_t limit = (int64_t)1 << (listpack_int_bytes(first) * 8 - 1);
        if (value >= -limit && value < limit)
            break;
    }
    e.head[0] = first;
    memcpy(e.head + 1, &value, sizeof(value));
    e.head_bytes = 1 + listpack_int_bytes(first);
    return e;
}

static struct encoded encode_text(struct slice text)
{
    struct encoded e = { .tail = text };
    ASSERT(text.len < LISTPACK_BYTES_MAX);
    if (text.len < 64) {
        e.head[0] = (unsigned char)(LISTPACK_BELOW_UINT7 | text.len);
        e.head_bytes = 1;
    } else if (text.len < 4096) {
        e.head[0] = (unsigned char)(LISTPACK_BELOW_INT13 | text.len >> 8);
        e.head[1] = (unsigned char)text.len;
        e.head_bytes = 2;
    } else {
        uint32_t len = (uint32_t)text.len;
        e.head[0] = LISTPACK_TEXT32;
        memcpy(e.head + 1, &len, sizeof(len));
        e.head_bytes = 5;
    }
    return e;
}

static struct encoded encode(struct slice value)
{
    int64_t number;
    bool may_be_int = value.len > 0 && value.len < NUM_INT_MAX_CHARS &&
                      (value.ptr[0] == '-' || (value.ptr[0] >= '0' && value.ptr[0] <= '9'));
    if (may_be_int && num_parse_int(value, &number))
        return encode_int(number);
    return encode_text(value);
}

size_t listpack_entry_bytes(struct slice value)
{
    struct encoded e = encode(value);
    return encoded_size(&e);
}

size_t listpack_entry_bytes_int(int64_t value)
{
    struct encoded e = encode_int(value);
    return encoded_size(&e);
}

static void write_encoded(unsigned char *to, const struct encoded *e)
{
    size_t size = encoded_bytes(e);
    memcpy(to, e->head, e->head_bytes);
    if (e->tail.len)
        memcpy(to + e->head_bytes, e->tail.ptr, e->tail.len);
    to += size;
    size_t back = listpack_back_bytes(size);
    for (size_t i = back; i-- > 0; size >>= 7)
        to[i] = (unsigned char)((size & 0x7f) | (i > 0 ? 0x80 : 0));
}

/* ---- the block ---- */

static void put_bytes(struct listpack *lp, size_t bytes)
{
    uint32_t value = (uint32_t)bytes;
    memcpy(begin_of(lp), &value, sizeof(value));
}

static void put_count(struct listpack *lp, size_t count)
{
    uint16_t value = (uint16_t)MIN_OF(count, LISTPACK_COUNT_UNKNOWN);
    memcpy(begin_of(lp) + LISTPACK_COUNT_AT, &value, sizeof(value));
}

static size_t known_count(const struct listpack *lp)
{
    uint16_t known;
    memcpy(&known, listpack_begin(lp) + LISTPACK_COUNT_AT, sizeof(known));
    return known;
}

static void count_added(struct listpack *lp, size_t added)
{
    size_t count = known_count(lp);
    put_count(lp, count + added); /* unknown stays so */
}

static void count_removed(struct listpack *lp, size_t removed)
{
    size_t count = known_count(lp);
    if (count != LISTPACK_COUNT_UNKNOWN)
        put_count(lp, count - removed);
    else
        put_count(lp, listpack_count(lp)); /* there may be few enough now */
}

static struct listpack *resize(struct listpack *lp, size_t from, size_t to)
{
    ASSERT(to <= LISTPACK_BYTES_MAX);
#ifndef TARN_STRESS /* where every change moves the block */
    if (mem_size_class(from) == mem_size_class(to))
        return lp;
#endif
    (void)from;
    return mem_realloc(lp, to);
}

/* Makes the `from` bytes at `at` `to` bytes; what follows them moves. */
static struct listpack *change_gap(struct listpack *lp, size_t at, size_t from, size_t to)
{
    size_t old_bytes = listpack_bytes(lp), new_bytes = old_bytes - from + to;
    size_t behind = old_bytes - at - from;
    if (to > from)
        lp = resize(lp, old_bytes, new_bytes);
    if (to != from)
        memmove(begin_of(lp) + at + to, begin_of(lp) + at + from, behind);
    if (to < from)
        lp = resize(lp, old_bytes, new_bytes);
    put_bytes(lp, new_bytes);
    return lp;
}

static size_t end_of(const struct listpack *lp)
{
    return listpack_bytes(lp) - 1;
}

struct listpack *listpack_new(void)
{
    struct listpack *lp = mem_alloc(LISTPACK_BYTES_MIN);
    put_bytes(lp, LISTPACK_BYTES_MIN);
    put_count(lp, 0);
    begin_of(lp)[LISTPACK_HEADER_BYTES] = LISTPACK_END;
    return lp;
}

struct listpack *listpack_copy(const struct listpack *lp)
{
    size_t bytes = listpack_bytes(lp);
    return memcpy(mem_alloc(bytes), lp, bytes);
}

struct listpack *listpack_from_bytes(struct slice bytes)
{
    if (!listpack_is_valid(bytes))
        return NULL;
    struct listpack *lp = memcpy(mem_alloc(bytes.len), bytes.ptr, bytes.len);
    put_count(lp, listpack_count(lp)); /* which a foreign one may not say */
    return lp;
}

void listpack_free(struct listpack *lp)
{
    if (lp)
        mem_free_sized(lp, listpack_bytes(lp));
}

/* ---- changes ---- */

static struct listpack *put_new(struct listpack *lp, size_t at, const struct encoded *e)
{
    if (at == LISTPACK_NONE)
        at = end_of(lp);
    ASSERT(at >= LISTPACK_HEADER_BYTES);
    ASSERT(at <= end_of(lp));
    lp = change_gap(lp, at, 0, encoded_size(e));
    write_encoded(begin_of(lp) + at, e);
    count_added(lp, 1);
    return lp;
}

struct listpack *listpack_insert(struct listpack *lp, size_t at, struct slice value)
{
    struct encoded e = encode(value);
    return put_new(lp, at, &e);
}

struct listpack *listpack_insert_int(struct listpack *lp, size_t at, int64_t value)
{
    struct encoded e = encode_int(value);
    return put_new(lp, at, &e);
}

struct listpack *listpack_insert_after(struct listpack *lp, size_t at, struct slice value)
{
    return listpack_insert(lp, listpack_next(lp, at), value);
}

struct listpack *listpack_append(struct listpack *lp, struct slice value)
{
    return listpack_insert(lp, LISTPACK_NONE, value);
}

struct listpack *listpack_append_int(struct listpack *lp, int64_t value)
{
    return listpack_insert_int(lp, LISTPACK_NONE, value);
}

struct listpack *listpack_prepend(struct listpack *lp, struct slice value)
{
    return listpack_insert(lp, LISTPACK_HEADER_BYTES, value);
}

struct listpack *listpack_prepend_int(struct listpack *lp, int64_t value)
{
    return listpack_insert_int(lp, LISTPACK_HEADER_BYTES, value);
}

static struct listpack *put_over(struct listpack *lp, size_t at, const struct encoded *e)
{
    ASSERT(at >= LISTPACK_HEADER_BYTES);
    ASSERT(at < end_of(lp));
    lp = change_gap(lp, at, listpack_size_at(begin_of(lp) + at), encoded_size(e));
    write_encoded(begin_of(lp) + at, e);
    return lp;
}

struct listpack *listpack_replace(struct listpack *lp, size_t at, struct slice value)
{
    struct encoded e = encode(value);
    return put_over(lp, at, &e);
}

struct listpack *listpack_replace_int(struct listpack *lp, size_t at, int64_t value)
{
    struct encoded e = encode_int(value);
    return put_over(lp, at, &e);
}

struct listpack *listpack_delete(struct listpack *lp, size_t at, size_t count)
{
    ASSERT(at >= LISTPACK_HEADER_BYTES);
    size_t end = at, removed = 0;
    for (; removed < count && begin_of(lp)[end] != LISTPACK_END; removed++)
        end += listpack_size_at(begin_of(lp) + end);
    if (removed == 0)
        return lp;
    lp = change_gap(lp, at, end - at, 0);
    count_removed(lp, removed);
    return lp;
}

struct listpack *listpack_delete_range(struct listpack *lp, int64_t index, size_t count)
{
    size_t at = listpack_seek(lp, index);
    return at == LISTPACK_NONE ? lp : listpack_delete(lp, at, count);
}

/* The nearest that equals `value`, from `at` on towards an end. */
static size_t find_towards(const struct listpack *lp, size_t at, struct slice value, bool down)
{
    if (!down)
        return listpack_find(lp, at, value, 0);
    while (at != LISTPACK_NONE && !listpack_equals(lp, at, value))
        at = listpack_prev(lp, at);
    return at;
}

struct listpack *listpack_remove(struct listpack *lp, struct slice value, size_t max, bool from_end,
                                 size_t *ret_removed)
{
    size_t removed = 0, at = from_end ? listpack_last(lp) : listpack_first(lp);
    while (removed < max) {
        at = find_towards(lp, at, value, from_end);
        if (at == LISTPACK_NONE)
            break;
        lp = listpack_delete(lp, at, 1);
        removed++;
        if (from_end)
            at = listpack_prev(lp, at);
        else if (listpack_at_end(lp, at))
            break;
    }
    *ret_removed = removed;
    return lp;
}

#define APPEND_AT_ONCE 16

struct listpack *listpack_append_many(struct listpack *lp, const struct listpack_value *values,
                                      size_t count)
{
    struct encoded encoded[APPEND_AT_ONCE];
    for (size_t done = 0, n; done < count; done += n) {
        size_t size = 0;
        n = MIN_OF(count - done, (size_t)APPEND_AT_ONCE);
        for (size_t i = 0; i < n; i++) {
            const struct listpack_value *v = &values[done + i];
            encoded[i] = v->text.ptr ? encode(v->text) : encode_int(v->number);
            size += encoded_size(&encoded[i]);
        }
        size_t at = end_of(lp);
        lp = change_gap(lp, at, 0, size);
        for (size_t i = 0; i < n; i++) {
            write_encoded(begin_of(lp) + at, &encoded[i]);
            at += encoded_size(&encoded[i]);
        }
        count_added(lp, n);
    }
    return lp;
}

struct listpack *listpack_append_all(struct listpack *lp, const struct listpack *from)
{
    ASSERT(lp != from);
    size_t at = end_of(lp), bytes = listpack_bytes(from) - LISTPACK_BYTES_MIN;
    lp = change_gap(lp, at, 0, bytes);
    memcpy(begin_of(lp) + at, listpack_begin(from) + LISTPACK_HEADER_BYTES, bytes);
    count_added(lp, listpack_count(from));
    return lp;
}

struct listpack *listpack_clear(struct listpack *lp)
{
    lp = change_gap(lp, LISTPACK_HEADER_BYTES, end_of(lp) - LISTPACK_HEADER_BYTES, 0);
    put_count(lp, 0);
    return lp;
}
