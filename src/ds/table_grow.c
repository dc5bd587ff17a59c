/* How the table grows and shrinks: chains, splits, merges, segments, thresholds.
 *
 * A split or a merge takes the chains concerned apart and writes them anew, from the stored bits
 * alone but at two kinds of levels (see table_priv.h). What is copied at once beside them is
 * bounded: half a segment while there is only one, then the directory when it doubles, which is 8
 * bytes for 512 buckets. */
#include "ds/table_priv.h"

#include <string.h>

#include "base/mem.h"

#define DIRECTORY_MIN 8

/* Entries on their way from a chain into one or two others. */
struct move {
    unsigned level; /* of the chain before the split, or after the merge */
    size_t number;  /* of the bucket */
    struct chain_end ends[2];
};

/* Says into which end an entry goes, and changes its stored bits where the level asks for it. */
typedef unsigned (*route)(const struct table *t, const struct move *m, struct slot_value *value);

static unsigned route_split(const struct table *t, const struct move *m, struct slot_value *value);
static unsigned route_merge(const struct table *t, const struct move *m, struct slot_value *value);
static unsigned route_same(const struct table *t, const struct move *m, struct slot_value *value);
static void segments_fit(struct table *t);
static void segments_trim(struct table *t);
static void only_resize(struct table *t, size_t capacity);

static void bucket_chain(struct bucket *b, struct bucket *next, bool small)
{
    uintptr_t link = (uintptr_t)next | (small ? LINK_SMALL : 0);
    b->head &= ~((uint64_t)1 << (56 + BUCKET_LINK_SLOT));
    b->head |= (uint64_t)1 << 63;
    bucket_set_slot(b, BUCKET_LINK_SLOT, (void *)link, 0);
}

static struct bucket *overflow_new(struct table *t, bool small)
{
    struct bucket *b;
    if (small) {
        b = mem_alloc_aligned(BUCKET_ALIGN / 2, SMALL_BYTES);
        t->small_count++;
    } else {
        b = mem_alloc_aligned(BUCKET_ALIGN, sizeof(*b));
        t->large_count++;
    }
    bucket_init(b);
    return b;
}

static void overflow_free(struct table *t, struct bucket *b, bool small)
{
    if (small)
        t->small_count--;
    else
        t->large_count--;
    mem_free(b);
}

/* Room behind the chain's full last bucket: a whole bucket in place of a small one, else a small one
 * more. */
static void chain_extend(struct table *t, struct chain_end *end)
{
    struct bucket *full = end->at;
    if (end->before && bucket_links_small(end->before)) {
        struct bucket *whole = overflow_new(t, /* small= */ false);
        memcpy(whole, full, SMALL_BYTES);
        bucket_chain(end->before, whole, /* small= */ false);
        overflow_free(t, full, /* small= */ true);
        end->at = whole;
        return;
    }
    struct bucket *last = overflow_new(t, /* small= */ true);
    bucket_put(last, 0, bucket_get(full, BUCKET_LINK_SLOT));
    bucket_chain(full, last, /* small= */ true);
    end->before = full;
    end->at = last;
    end->depth++;
    ASSERT(end->depth <= UINT16_MAX);
    t->depth_max = (uint16_t)MAX_OF((unsigned)t->depth_max, end->depth);
}

/* The free slots of the chain's bucket that `end` has come to. */
static unsigned chain_open(const struct chain_end *end)
{
    unsigned all = BUCKET_FULL;
    if (bucket_is_chained(end->at))
        all = BUCKET_FULL_BELOW_LINK;
    else if (end->before && bucket_links_small(end->before))
        all = SMALL_FULL;
    return all & ~bucket_used(end->at);
}

void chain_add(struct table *t, struct chain_end *end, struct slot_value value)
{
    while (bucket_is_chained(end->at) && bucket_used(end->at) == BUCKET_FULL_BELOW_LINK) {
        end->before = end->at;
        end->at = bucket_link(end->at);
        end->depth++;
    }
    unsigned open = chain_open(end);
    if (UNLIKELY(open == 0)) {
        chain_extend(t, end);
        open = chain_open(end);
    }
    bucket_put(end->at, (unsigned)__builtin_ctz(open), value);
}

/* Empties the chain of `from` into the move's ends, of which `from` itself may be one. */
INLINE void chain_move(struct table *t, struct bucket *from, struct move *m, route choose)
{
    struct bucket first = *from;
    bool small = false;
    bucket_init(from);
    for (struct bucket *b = &first, *next; b; b = next) {
        for (unsigned used = bucket_used(b); used != 0; used &= used - 1) {
            struct slot_value value = bucket_get(b, (unsigned)__builtin_ctz(used));
            unsigned end = choose(t, m, &value);
            chain_add(t, &m->ends[end], value);
        }
        next = bucket_next(b);
        bool next_small = next && bucket_links_small(b);
        if (b != &first)
            overflow_free(t, b, small);
        small = next_small;
    }
}

void chain_tighten(struct table *t, struct bucket *first)
{
    unsigned entries = 0;
    unsigned overflows = 0;
    bool small = false;
    for (struct bucket *b = first;; b = bucket_link(b)) {
        entries += (unsigned)__builtin_popcount(bucket_used(b));
        if (!bucket_is_chained(b))
            break;
        small = bucket_links_small(b);
        overflows++;
    }
    if (overflows == 0)
        return;
    /* So many fit without the last bucket, or with a small one in its place. */
    const unsigned less = small ? BUCKET_LINK_SLOT * (overflows - 1) + BUCKET_SLOTS
                                : BUCKET_LINK_SLOT * overflows + SMALL_SLOTS;
    if (entries > less)
        return;
    struct move m = { .ends = { { .at = first } } };
    chain_move(t, first, &m, route_same);
}

void table_split_one(struct table *t)
{
    ASSERT(t->walkers == 0);
    const size_t half = (t->mask >> 1) + 1;
    const size_t fresh = t->buckets;
    struct move m = { .level = (unsigned)__builtin_ctzll(half), .number = fresh - half };
    ASSERT(m.level < TABLE_LEVEL_MAX);

    segments_fit(t);
    t->buckets++;
    if (t->buckets > t->mask)
        t->mask = t->mask * 2 + 1;
    table_thresholds_update(t);

    struct bucket *from = table_bucket(t, m.number);
    struct bucket *to = table_bucket(t, fresh);
    bucket_init(to);
    m.ends[0].at = from;
    m.ends[1].at = to;
    chain_move(t, from, &m, route_split);
}

void table_merge_one(struct table *t)
{
    ASSERT(t->walkers == 0);
    ASSERT(t->buckets > 1);
    const size_t last = t->buckets - 1;
    t->buckets--;
    if (t->buckets == (t->mask >> 1))
        t->mask >>= 1;
    table_thresholds_update(t);

    const size_t half = (t->mask >> 1) + 1;
    ASSERT_DEBUG(last >= half);
    struct move m = { .level = (unsigned)__builtin_ctzll(half), .number = last - half };
    struct bucket *into = table_bucket(t, m.number);
    m.ends[0].at = into;
    if (m.level == TABLE_REBASE_LEVEL) {
        chain_move(t, into, &m, route_merge);
        m.ends[0] = (struct chain_end){ .at = into };
    }
    chain_move(t, table_bucket(t, last), &m, route_merge);
    segments_trim(t);
}

void table_after_walk(struct table *t, size_t number)
{
    chain_tighten(t, table_bucket(t, number));
    (void)table_settle(t, TABLE_STEPS_MAX);
}

void table_bucket_reset(struct table *t, size_t number)
{
    struct bucket *first = table_bucket(t, number);
    bool small = bucket_is_chained(first) && bucket_links_small(first);
    for (struct bucket *b = bucket_next(first), *next; b; b = next) {
        next = bucket_next(b);
        bool next_small = next && bucket_links_small(b);
        overflow_free(t, b, small);
        small = next_small;
    }
    bucket_init(first);
}

static size_t split_halves(const struct table *t)
{
    return t->type->dense ? TABLE_DENSE_HALVES : TABLE_SPLIT_HALVES;
}

void table_thresholds_update(struct table *t)
{
    t->split_above = t->buckets * (t->hold ? TABLE_HOLD_HALVES : split_halves(t)) / 2;
    t->merge_below = t->hold || t->buckets == 1 ? 0 : t->buckets * TABLE_MERGE_HALVES / 2;
}

void table_hold(struct table *t, bool hold)
{
    t->hold = hold;
    table_thresholds_update(t);
}

void table_reserve(struct table *t, size_t count)
{
    ASSERT(count <= SIZE_MAX / 4);
    const size_t halves = split_halves(t);
    const size_t wanted = (count * 2 + halves - 1) / halves;
    while (t->buckets < wanted)
        table_split_one(t);
}

bool table_settle(struct table *t, size_t steps)
{
    for (;;) {
        bool split = t->count > t->split_above;
        bool merge = t->count < t->merge_below;
        if (!split && !merge)
            return true;
        if (steps-- == 0 || t->walkers > 0)
            return false;
        if (split)
            table_split_one(t);
        else
            table_merge_one(t);
    }
}

void table_after_insert(struct table *t)
{
    if (UNLIKELY(t->count > t->split_above))
        (void)table_settle(t, TABLE_STEPS_MAX);
#ifdef TARN_STRESS
    if (t->walkers == 0 && !t->hold) {
        table_split_one(t);
        table_merge_one(t);
    }
#endif
}

void table_after_remove(struct table *t)
{
    if (t->count == 0 && t->small_count + t->large_count == 0)
        t->depth_max = 0;
    if (UNLIKELY(t->count < t->merge_below))
        (void)table_settle(t, TABLE_STEPS_MAX);
#ifdef TARN_STRESS
    if (t->walkers == 0 && !t->hold && t->buckets > 1) {
        table_merge_one(t);
        table_split_one(t);
    }
#endif
}

/* Low splits and the one at the level of change ask the key, all others the stored bits. */
INLINE unsigned route_split(const struct table *t, const struct move *m, struct slot_value *value)
{
    if (m->level < STORED_FIRST || m->level == TABLE_REBASE_LEVEL) {
        uint64_t hash = table_hash(t, t->type->key(value->entry));
        if (m->level == TABLE_REBASE_LEVEL)
            value->stored = (uint16_t)(hash >> TABLE_REBASE_LEVEL);
        return hash >> m->level & 1;
    }
    unsigned from = m->level < TABLE_REBASE_LEVEL ? STORED_FIRST : TABLE_REBASE_LEVEL;
    return value->stored >> (m->level - from) & 1;
}

/* Back at the level of change, the bucket's number has the bits that the slot did not. */
INLINE unsigned route_merge(const struct table *t, const struct move *m, struct slot_value *value)
{
    (void)t;
    if (m->level == TABLE_REBASE_LEVEL) {
        uint64_t low = m->number | (uint64_t)value->stored << TABLE_REBASE_LEVEL;
        value->stored = (uint16_t)(low >> STORED_FIRST);
    }
    return 0;
}

INLINE unsigned route_same(const struct table *t, const struct move *m, struct slot_value *value)
{
    (void)t;
    (void)m;
    (void)value;
    return 0;
}

static struct bucket *segment_new(size_t buckets)
{
    return mem_alloc_aligned(BUCKET_ALIGN, buckets * sizeof(struct bucket));
}

void table_segments_init(struct table *t)
{
    t->buckets = 1;
    t->mask = 1;
    t->only = segment_new(1);
    bucket_init(t->only);
    t->only_capacity = 1;
    t->segments = &t->only;
    t->segment_count = 1;
}

void table_segments_done(struct table *t)
{
    for (size_t number = 0; t->small_count + t->large_count > 0; number++)
        table_bucket_reset(t, number);
    for (size_t i = 0; i < t->segment_count; i++)
        mem_free(t->segments[i]);
    if (t->segments != &t->only)
        mem_free(t->segments);
}

/* Makes room for one more bucket. */
static void segments_fit(struct table *t)
{
    const size_t index = t->buckets >> SEGMENT_BITS;
    if (index == 0) {
        if (t->buckets == t->only_capacity)
            only_resize(t, t->only_capacity * 2);
        return;
    }
    if (index < t->segment_count)
        return;
    if (t->segments == &t->only) {
        t->directory_capacity = DIRECTORY_MIN;
        t->segments = mem_alloc(DIRECTORY_MIN * sizeof(t->segments[0]));
        t->segments[0] = t->only;
    } else if (index == t->directory_capacity) {
        t->directory_capacity *= 2;
        t->segments = mem_realloc(t->segments, t->directory_capacity * sizeof(t->segments[0]));
    }
    t->segments[index] = segment_new(SEGMENT_BUCKETS);
    t->segment_count++;
}

/* Gives back what the last merge has made superfluous. */
static void segments_trim(struct table *t)
{
    if (t->segment_count > 1 && t->buckets == (t->segment_count - 1) << SEGMENT_BITS) {
        t->segment_count--;
        mem_free(t->segments[t->segment_count]);
        if (t->segment_count == 1) {
            mem_free(t->segments);
            t->segments = &t->only;
        } else if (t->segment_count <= t->directory_capacity / 4 &&
                   t->directory_capacity > DIRECTORY_MIN) {
            t->directory_capacity /= 2;
            t->segments = mem_realloc(t->segments, t->directory_capacity * sizeof(t->segments[0]));
        }
    }
    if (t->buckets == t->only_capacity / 2)
        only_resize(t, t->buckets);
}

static void only_resize(struct table *t, size_t capacity)
{
    ASSERT(t->segment_count == 1);
    ASSERT(t->buckets <= capacity);
    struct bucket *moved = segment_new(capacity);
    memcpy(moved, t->only, t->buckets * sizeof(*moved));
    mem_free(t->only);
    t->only = moved;
    t->only_capacity = (uint32_t)capacity;
}
