/* Intsets: numbers in a sorted array of the narrowest width that they fit. */
#include "ds/intset.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/rand.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below are little-endian");

#define HEADER_BYTES INTSET_BYTES_MIN
#define COUNT_AT ((size_t)4)

/* There is nothing in struct intset but its bytes. */
static const unsigned char *begin(const struct intset *is)
{
    return (const unsigned char *)is;
}

static unsigned char *numbers(struct intset *is)
{
    return (unsigned char *)is + HEADER_BYTES;
}

static uint32_t load32(const unsigned char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static void put_header(struct intset *is, size_t width, size_t count)
{
    uint32_t fields[] = { (uint32_t)width, (uint32_t)count };
    memcpy(is, fields, sizeof(fields));
}

INLINE int64_t load_number(const unsigned char *p, size_t width)
{
    int16_t narrow;
    int32_t middle;
    int64_t wide;
    switch (width) {
    case sizeof(narrow):
        memcpy(&narrow, p, sizeof(narrow));
        return narrow;
    case sizeof(middle):
        memcpy(&middle, p, sizeof(middle));
        return middle;
    default:
        memcpy(&wide, p, sizeof(wide));
        return wide;
    }
}

/* The low bytes are the number of any width that it fits. */
static void store_number(struct intset *is, size_t index, size_t width, int64_t value)
{
    memcpy(numbers(is) + index * width, &value, width);
}

static size_t width_of(int64_t value)
{
    if (value == (int16_t)value)
        return sizeof(int16_t);
    return value == (int32_t)value ? sizeof(int32_t) : sizeof(int64_t);
}

/* ---- asking ---- */

size_t intset_width(const struct intset *is)
{
    return load32(begin(is));
}

size_t intset_count(const struct intset *is)
{
    return load32(begin(is) + COUNT_AT);
}

size_t intset_bytes(const struct intset *is)
{
    return HEADER_BYTES + intset_count(is) * intset_width(is);
}

size_t intset_footprint(const struct intset *is)
{
    return mem_size_class(intset_bytes(is));
}

struct slice intset_slice(const struct intset *is)
{
    return slice_of(is, intset_bytes(is));
}

bool intset_has_room(const struct intset *is)
{
    return HEADER_BYTES + (intset_count(is) + 1) * sizeof(int64_t) <= INTSET_BYTES_MAX;
}

int64_t intset_at(const struct intset *is, size_t index)
{
    size_t width = intset_width(is);
    ASSERT_DEBUG(index < intset_count(is));
    return load_number(begin(is) + HEADER_BYTES + index * width, width);
}

/* A search that halves what is left without asking which half it was: what the processor would
 * guess wrong every second time it moves instead. */
INLINE size_t rank_in(const unsigned char *from, size_t count, size_t width, int64_t value)
{
    const unsigned char *base = from;
    if (count == 0)
        return 0;
    for (size_t half; count > 1; count -= half) {
        half = count / 2;
        base += load_number(base + (half - 1) * width, width) < value ? half * width : 0;
    }
    return (size_t)(base - from) / width + (load_number(base, width) < value);
}

size_t intset_rank(const struct intset *is, int64_t value)
{
    const unsigned char *from = begin(is) + HEADER_BYTES;
    size_t count = intset_count(is);
    switch (intset_width(is)) {
    case sizeof(int16_t):
        return rank_in(from, count, sizeof(int16_t), value);
    case sizeof(int32_t):
        return rank_in(from, count, sizeof(int32_t), value);
    default:
        return rank_in(from, count, sizeof(int64_t), value);
    }
}

static bool is_at(const struct intset *is, size_t index, int64_t value)
{
    return index < intset_count(is) && intset_at(is, index) == value;
}

bool intset_has(const struct intset *is, int64_t value)
{
    return width_of(value) <= intset_width(is) && is_at(is, intset_rank(is, value), value);
}

int64_t intset_random(const struct intset *is, struct rand *rand)
{
    size_t count = intset_count(is);
    ASSERT(count > 0);
    return intset_at(is, rand_below(rand, count));
}

/* ---- the block ---- */

static struct intset *resize(struct intset *is, size_t from, size_t to)
{
    ASSERT(to <= INTSET_BYTES_MAX);
#ifndef TARN_STRESS /* where every change moves the block */
    if (mem_size_class(from) == mem_size_class(to))
        return is;
#endif
    (void)from;
    return mem_realloc(is, to);
}

struct intset *intset_new(void)
{
    struct intset *is = mem_alloc(INTSET_BYTES_MIN);
    put_header(is, sizeof(int16_t), 0);
    return is;
}

struct intset *intset_copy(const struct intset *is)
{
    size_t bytes = intset_bytes(is);
    return memcpy(mem_alloc(bytes), is, bytes);
}

void intset_free(struct intset *is)
{
    if (is)
        mem_free_sized(is, intset_bytes(is));
}

/* Makes the numbers `width` bytes wide, with room for one more: `gap` are left free before the first.
 * The header is the caller's to write. */
static struct intset *widen(struct intset *is, size_t width, size_t gap)
{
    size_t old_width = intset_width(is), count = intset_count(is);
    is = resize(is, intset_bytes(is), HEADER_BYTES + (count + 1) * width);
    /* From the last one down: a number's new place is never before its old one. */
    for (size_t i = count; i-- > 0;)
        store_number(is, i + gap, width, load_number(numbers(is) + i * old_width, old_width));
    return is;
}

/* ---- changes ---- */

/* The number that does not fit is less, or greater, than all that are there. */
static struct intset *add_wider(struct intset *is, int64_t value)
{
    size_t width = width_of(value), count = intset_count(is);
    is = widen(is, width, value < 0 ? 1 : 0);
    store_number(is, value < 0 ? 0 : count, width, value);
    put_header(is, width, count + 1);
    return is;
}

static struct intset *add_at(struct intset *is, size_t index, int64_t value)
{
    size_t width = intset_width(is), count = intset_count(is), bytes = intset_bytes(is);
    is = resize(is, bytes, bytes + width);
    unsigned char *place = numbers(is) + index * width;
    memmove(place + width, place, (count - index) * width);
    store_number(is, index, width, value);
    put_header(is, width, count + 1);
    return is;
}

struct intset *intset_add(struct intset *is, int64_t value, bool *ret_changed)
{
    bool wider = width_of(value) > intset_width(is);
    size_t index = wider ? 0 : intset_rank(is, value);
    bool adds = wider || !is_at(is, index, value);
    if (ret_changed)
        *ret_changed = adds;
    if (wider)
        return add_wider(is, value);
    return adds ? add_at(is, index, value) : is;
}

struct intset *intset_remove_range(struct intset *is, size_t index, size_t count)
{
    size_t width = intset_width(is), old_count = intset_count(is), bytes = intset_bytes(is);
    ASSERT(index <= old_count);
    ASSERT(count <= old_count - index);
    unsigned char *place = numbers(is) + index * width;
    memmove(place, place + count * width, (old_count - index - count) * width);
    put_header(is, width, old_count - count);
    return count ? resize(is, bytes, bytes - count * width) : is;
}

struct intset *intset_remove(struct intset *is, int64_t value, bool *ret_changed)
{
    size_t index = width_of(value) > intset_width(is) ? SIZE_MAX : intset_rank(is, value);
    bool removes = is_at(is, index, value);
    if (ret_changed)
        *ret_changed = removes;
    return removes ? intset_remove_range(is, index, 1) : is;
}

/* ---- bytes from outside ---- */

bool intset_is_valid(struct slice bytes)
{
    const unsigned char *from = (const unsigned char *)bytes.ptr;
    if (bytes.len < HEADER_BYTES || bytes.len > INTSET_BYTES_MAX)
        return false;
    size_t width = load32(from), count = load32(from + COUNT_AT);
    if (width != sizeof(int16_t) && width != sizeof(int32_t) && width != sizeof(int64_t))
        return false;
    if (bytes.len - HEADER_BYTES != count * width)
        return false;
    from += HEADER_BYTES;
    for (size_t i = 1; i < count; i++)
        if (load_number(from + (i - 1) * width, width) >= load_number(from + i * width, width))
            return false;
    return true;
}

struct intset *intset_from_bytes(struct slice bytes)
{
    if (!intset_is_valid(bytes))
        return NULL;
    return memcpy(mem_alloc(bytes.len), bytes.ptr, bytes.len);
}
