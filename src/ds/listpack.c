/* Listpacks: walking and reading. */
#include "ds/listpack.h"

#include "base/mem.h"
#include "base/rand.h"
#include "ds/listpack_priv.h"

/* No int64 has more characters. */
#define INT_CHARS_MAX 20

struct slice listpack_slice(const struct listpack *lp)
{
    return slice_of(listpack_begin(lp), listpack_bytes(lp));
}

size_t listpack_bytes(const struct listpack *lp)
{
    return listpack_load32(listpack_begin(lp));
}

size_t listpack_footprint(const struct listpack *lp)
{
    return mem_size_class(listpack_bytes(lp));
}

size_t listpack_count(const struct listpack *lp)
{
    uint16_t known;
    memcpy(&known, listpack_begin(lp) + LISTPACK_COUNT_AT, sizeof(known));
    if (LIKELY(known != LISTPACK_COUNT_UNKNOWN))
        return known;
    size_t count = 0;
    for (const unsigned char *p = listpack_begin(lp) + LISTPACK_HEADER_BYTES; *p != LISTPACK_END;
         p += listpack_size_at(p))
        count++;
    return count;
}

bool listpack_has_room(const struct listpack *lp, size_t len)
{
    /* The longest head and back-length are five bytes each. */
    return len < LISTPACK_BYTES_MAX && listpack_bytes(lp) + len + 10 <= LISTPACK_BYTES_MAX;
}

/* ---- places ---- */

/* The entry's bytes; asserts that one is there. */
INLINE const unsigned char *entry_at(const struct listpack *lp, size_t at)
{
    ASSERT_DEBUG(at >= LISTPACK_HEADER_BYTES && at < listpack_bytes(lp) - 1);
    return listpack_begin(lp) + at;
}

INLINE size_t none_at_end(const struct listpack *lp, size_t at)
{
    return listpack_begin(lp)[at] == LISTPACK_END ? LISTPACK_NONE : at;
}

bool listpack_at_end(const struct listpack *lp, size_t at)
{
    return at == LISTPACK_NONE || at == listpack_bytes(lp) - 1;
}

/* The place of the entry that ends at `end`. */
static size_t place_before(const struct listpack *lp, size_t end)
{
    if (end == LISTPACK_HEADER_BYTES)
        return LISTPACK_NONE;
    const unsigned char *p = listpack_begin(lp) + end - 1;
    size_t size = *p & 0x7f;
    for (unsigned shift = 7; *p & 0x80; shift += 7)
        size |= (size_t)(*--p & 0x7f) << shift;
    return (size_t)(p - listpack_begin(lp)) - size;
}

size_t listpack_first(const struct listpack *lp)
{
    return none_at_end(lp, LISTPACK_HEADER_BYTES);
}

size_t listpack_last(const struct listpack *lp)
{
    return place_before(lp, listpack_bytes(lp) - 1);
}

size_t listpack_next(const struct listpack *lp, size_t at)
{
    return none_at_end(lp, at + listpack_size_at(entry_at(lp, at)));
}

size_t listpack_skip(const struct listpack *lp, size_t at, size_t count)
{
    for (; count > 0 && at != LISTPACK_NONE; count--)
        at = listpack_next(lp, at);
    return at;
}

size_t listpack_prev(const struct listpack *lp, size_t at)
{
    ASSERT_DEBUG(at >= LISTPACK_HEADER_BYTES && at < listpack_bytes(lp));
    return place_before(lp, at);
}

static size_t seek_forward(const struct listpack *lp, size_t steps)
{
    const unsigned char *p = listpack_begin(lp) + LISTPACK_HEADER_BYTES;
    for (; steps > 0 && *p != LISTPACK_END; steps--)
        p += listpack_size_at(p);
    return none_at_end(lp, (size_t)(p - listpack_begin(lp)));
}

/* `steps`: 1 is the last entry. */
static size_t seek_backward(const struct listpack *lp, size_t steps)
{
    size_t at = listpack_bytes(lp) - 1;
    for (; steps > 0 && at != LISTPACK_NONE; steps--)
        at = place_before(lp, at);
    return at;
}

size_t listpack_seek(const struct listpack *lp, int64_t index)
{
    size_t count = listpack_count(lp);
    if (index < -(int64_t)count || index >= (int64_t)count)
        return LISTPACK_NONE;
    size_t forward = (size_t)(index < 0 ? index + (int64_t)count : index);
    if (forward > count / 2)
        return seek_backward(lp, count - forward);
    return seek_forward(lp, forward);
}

size_t listpack_random(const struct listpack *lp, struct rand *rand, size_t step)
{
    ASSERT(step > 0);
    size_t count = (listpack_count(lp) + step - 1) / step;
    if (count == 0)
        return LISTPACK_NONE;
    return listpack_seek(lp, (int64_t)(rand_below(rand, count) * step));
}

/* ---- values ---- */

/* Bits of a number with sign, moved up to the top and back. */
INLINE int64_t with_sign(uint64_t bits, unsigned width)
{
    return (int64_t)(bits << (64 - width)) >> (64 - width);
}

static int64_t int_at(const unsigned char *p)
{
    uint64_t bits = 0;
    if (*p < LISTPACK_BELOW_UINT7)
        return *p;
    if (*p < LISTPACK_BELOW_INT13)
        return with_sign((uint64_t)(*p & 0x1f) << 8 | p[1], 13);
    size_t bytes = listpack_int_bytes(*p);
    memcpy(&bits, p + 1, bytes);
    return with_sign(bits, (unsigned)bytes * 8);
}

INLINE bool is_text(unsigned char first)
{
    return (first >= LISTPACK_BELOW_UINT7 && first < LISTPACK_BELOW_TEXT6) ||
           (first >= LISTPACK_BELOW_INT13 && first <= LISTPACK_TEXT32);
}

INLINE struct slice text_at(const unsigned char *p)
{
    size_t head = listpack_head_bytes(*p);
    return slice_of(p + head, listpack_data_bytes(p) - head);
}

struct listpack_value listpack_get(const struct listpack *lp, size_t at)
{
    const unsigned char *p = entry_at(lp, at);
    if (is_text(*p))
        return (struct listpack_value){ .text = text_at(p) };
    return (struct listpack_value){ .number = int_at(p) };
}

struct slice listpack_text(const struct listpack *lp, size_t at,
                           char scratch[static NUM_INT_MAX_CHARS])
{
    const unsigned char *p = entry_at(lp, at);
    if (is_text(*p))
        return text_at(p);
    return slice_of(scratch, num_format_int(scratch, int_at(p)));
}

/* Most texts are refused by their length or their first character. */
INLINE bool text_is_int(struct slice text, int64_t *ret_value)
{
    if (text.len == 0 || text.len > INT_CHARS_MAX)
        return false;
    if ((text.ptr[0] < '0' || text.ptr[0] > '9') && text.ptr[0] != '-')
        return false;
    return num_parse_int(text, ret_value);
}

bool listpack_int(const struct listpack *lp, size_t at, int64_t *ret_value)
{
    const unsigned char *p = entry_at(lp, at);
    if (is_text(*p))
        return text_is_int(text_at(p), ret_value);
    *ret_value = int_at(p);
    return true;
}

/* What is looked for: its bytes, and its number if it is one. */
struct wanted {
    struct slice text;
    bool is_int;
    int64_t number;
};

INLINE struct wanted wanted_of(struct slice value)
{
    struct wanted w = { .text = value };
    w.is_int = text_is_int(value, &w.number);
    return w;
}

/* A foreign listpack may keep a number as text, so a number is looked for as both. */
INLINE bool entry_is(const unsigned char *p, const struct wanted *w)
{
    if (is_text(*p))
        return slice_eq(text_at(p), w->text);
    return w->is_int && int_at(p) == w->number;
}

bool listpack_equals(const struct listpack *lp, size_t at, struct slice value)
{
    struct wanted wanted = wanted_of(value);
    return entry_is(entry_at(lp, at), &wanted);
}

size_t listpack_find(const struct listpack *lp, size_t at, struct slice value, size_t skip)
{
    if (at == LISTPACK_NONE)
        return LISTPACK_NONE;
    struct wanted wanted = wanted_of(value);
    size_t left = 0; /* entries that are not looked at */
    for (const unsigned char *p = entry_at(lp, at); *p != LISTPACK_END; p += listpack_size_at(p)) {
        if (left > 0) {
            left--;
            continue;
        }
        if (entry_is(p, &wanted))
            return (size_t)(p - listpack_begin(lp));
        left = skip;
    }
    return LISTPACK_NONE;
}

/* ---- bytes from outside ---- */

/* Whether the back-length that ends the entry of `size` bytes says so. */
static bool back_is_valid(const unsigned char *end, size_t size)
{
    const unsigned char *p = end - 1;
    size_t bytes = listpack_back_bytes(size), said = *p & 0x7f;
    for (size_t i = 1; i < bytes; i++) {
        if (!(*p & 0x80))
            return false;
        said |= (size_t)(*--p & 0x7f) << (7 * i);
    }
    return !(*p & 0x80) && said == size;
}

/* The bytes of the entry at `p`, which is followed by `left` bytes; 0 if none is there. */
static size_t valid_entry_bytes(const unsigned char *p, size_t left)
{
    size_t head = listpack_head_bytes(*p);
    if (head == 0 || head > left)
        return 0;
    size_t size = listpack_data_bytes(p), all = size + listpack_back_bytes(size);
    return all <= left && back_is_valid(p + all, size) ? all : 0;
}

bool listpack_is_valid(struct slice bytes)
{
    const unsigned char *begin = (const unsigned char *)bytes.ptr;
    if (bytes.len < LISTPACK_BYTES_MIN || bytes.len > LISTPACK_BYTES_MAX ||
        listpack_load32(begin) != bytes.len || begin[bytes.len - 1] != LISTPACK_END)
        return false;
    size_t at = LISTPACK_HEADER_BYTES, end = bytes.len - 1, count = 0;
    while (at < end) {
        size_t entry = valid_entry_bytes(begin + at, end - at);
        if (entry == 0)
            return false;
        at += entry;
        count++;
    }
    uint16_t known;
    memcpy(&known, begin + LISTPACK_COUNT_AT, sizeof(known));
    return known == LISTPACK_COUNT_UNKNOWN || known == count;
}
