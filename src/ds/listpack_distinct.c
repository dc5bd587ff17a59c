/* Whether something is in a listpack twice: asked of every one that comes from outside.
 *
 * Few entries are compared each with each. More are put by their hash into a scratch table of places, where only those
 * are compared whose hashes agree. Up to QUICK_MAX entries the hash is a quick one without a key: bytes made to collide
 * cost no more than comparing each with each, which adding so many one by one does anyway. */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "ds/listpack_priv.h"

#define COMPARE_MAX 8
#define QUICK_MAX 512

struct seen {
    uint32_t hash;
    uint32_t at; /* 0: free */
};

struct distinct {
    const struct listpack *lp;
    const struct hash_key *key; /* NULL: the quick hash */
    struct seen *seen;
    size_t mask;
};

static_assert(LISTPACK_BYTES_MAX <= UINT32_MAX, "a place has 32 bits");

/* Numbers may be there as texts, which only those from outside have. */
static struct listpack_value value_at(const struct listpack *lp, size_t at)
{
    struct listpack_value v = listpack_get(lp, at);
    if (v.text.ptr && v.text.len > 0 && v.text.ptr[0] <= '9' && num_parse_int(v.text, &v.number))
        v.text = slice_of(NULL, 0);
    return v;
}

static bool are_equal(const struct listpack_value *a, const struct listpack_value *b)
{
    if (!a->text.ptr || !b->text.ptr)
        return !a->text.ptr && !b->text.ptr && a->number == b->number;
    return slice_eq(a->text, b->text);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static uint64_t quick_hash(struct slice bytes)
{
    uint64_t hash = bytes.len, word;
    for (; bytes.len >= sizeof(word); bytes = slice_from(bytes, sizeof(word))) {
        memcpy(&word, bytes.ptr, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    for (size_t i = 0; i < bytes.len; i++)
        word = word << 8 | (unsigned char)bytes.ptr[i];
    return mix(hash, word);
}

static uint64_t hash_of(const struct distinct *d, const struct listpack_value *v)
{
    const struct slice bytes = v->text.ptr ? v->text : slice_of(&v->number, sizeof(v->number));
    return d->key ? hash_bytes(d->key, bytes) : quick_hash(bytes);
}

/* False: it is there already. */
static bool add(struct distinct *d, size_t at)
{
    const struct listpack_value v = value_at(d->lp, at);
    const uint64_t hash = hash_of(d, &v);
    size_t slot = hash >> 32 & d->mask;
    for (; d->seen[slot].at; slot = (slot + 1) & d->mask) {
        if (d->seen[slot].hash != (uint32_t)hash)
            continue;
        const struct listpack_value other = value_at(d->lp, d->seen[slot].at);
        if (are_equal(&v, &other))
            return false;
    }
    d->seen[slot] = (struct seen){ (uint32_t)hash, (uint32_t)at };
    return true;
}

static bool all_differ_by_hash(const struct listpack *lp, size_t step, size_t count,
                               const struct hash_key *key)
{
    struct seen few[2 * QUICK_MAX];
    const bool is_quick = count <= QUICK_MAX;
    size_t slots = 4 * COMPARE_MAX;
    while (slots < 2 * count)
        slots *= 2;
    struct distinct d = { lp, is_quick ? NULL : key, few, slots - 1 };
    if (!is_quick)
        d.seen = mem_alloc(slots * sizeof(*d.seen));
    memset(d.seen, 0, slots * sizeof(*d.seen));

    bool differ = true;
    for (size_t at = listpack_first(lp); differ && at != LISTPACK_NONE;
         at = listpack_skip(lp, at, step))
        differ = add(&d, at);
    if (!is_quick)
        mem_free(d.seen);
    return differ;
}

static bool all_differ_by_comparing(const struct listpack *lp, size_t step)
{
    struct listpack_value before[COMPARE_MAX];
    size_t count = 0;
    for (size_t at = listpack_first(lp); at != LISTPACK_NONE; at = listpack_skip(lp, at, step)) {
        before[count] = value_at(lp, at);
        for (size_t i = 0; i < count; i++)
            if (are_equal(&before[i], &before[count]))
                return false;
        count++;
    }
    return true;
}

bool listpack_all_differ(const struct listpack *lp, size_t step, const struct hash_key *key)
{
    ASSERT(step > 0);
    const size_t count = (listpack_count(lp) + step - 1) / step;
    if (count <= COMPARE_MAX)
        return all_differ_by_comparing(lp, step);
    return all_differ_by_hash(lp, step, count, key);
}
