/* Packs: a list's life, what is compressed, and changes of values. */
#include "ds/packs.h"

#include <string.h>

#include "base/blob.h"
#include "base/mem.h"
#include "ds/packs_priv.h"

/* ---- how big a pack gets ---- */

/* Of a pack whose limit is a number of values. */
#define COUNTED_BYTES_MAX ((size_t)8192)

static size_t limit_bytes(int64_t size)
{
    static const size_t bytes[] = { 4096, 8192, 16384, 32768, 65536 };
    if (size >= 0)
        return COUNTED_BYTES_MAX;
    return bytes[MIN_OF((size_t)-size, COUNT_OF(bytes)) - 1];
}

static size_t limit_count(int64_t size)
{
    return size < 0 ? SIZE_MAX : MAX_OF((size_t)size, (size_t)1);
}

bool packs_exceeds(int64_t size, size_t bytes, size_t count, size_t share)
{
    if (size < 0)
        return bytes > limit_bytes(size) / share;
    return bytes > COUNTED_BYTES_MAX || count > limit_count(size) / share;
}

static bool is_big(const struct packs *p, struct slice value)
{
    if (UNLIKELY(p->limits.plain_bytes))
        return value.len >= MIN_OF((size_t)p->limits.plain_bytes, LISTPACK_BYTES_MAX / 2);
    return UNLIKELY(value.len > limit_bytes(p->limits.size));
}

/* Whether a value that takes `bytes` may be put into the pack. */
static bool has_room(const struct packs *p, const struct pack *pack, size_t bytes)
{
    return pack->form != PACK_PLAIN &&
           !packs_exceeds(p->limits.size, packs_block_bytes(pack) + bytes, (size_t)pack->count + 1,
                          1);
}

/* ---- life ---- */

struct packs *packs_new(struct packs_limits limits)
{
    struct packs *p = mem_alloc(sizeof(*p));
    *p = (struct packs){ .limits = limits };
    list_init(&p->runs);
    return p;
}

struct packs *packs_copy(const struct packs *p)
{
    struct packs *copy = packs_new(p->limits);
    for (struct pack_place at = packs_first(p); at.run; at = packs_next(p, at)) {
        struct pack pack = *pack_at(at);
        pack.block = packs_block_copy(&pack);
        (void)packs_put(copy, (struct pack_place){ NULL, 0 }, pack);
    }
    return copy;
}

static size_t run_bytes(const struct run *run)
{
    return sizeof(*run) + run->cap * sizeof(struct pack);
}

void packs_free(struct packs *p)
{
    if (!p)
        return;
    LIST_FOR_EACH_SAFE(node, &p->runs)
    {
        struct run *run = run_of(node);
        for (size_t i = 0; i < run->used; i++)
            packs_block_free(&run->packs[i]);
        mem_free_sized(run, run_bytes(run));
    }
    mem_free_sized(p, sizeof(*p));
}

size_t packs_count(const struct packs *p)
{
    return p->count;
}

size_t packs_pack_count(const struct packs *p)
{
    return p->pack_count;
}

size_t packs_footprint(const struct packs *p)
{
    size_t bytes = mem_size_class(sizeof(*p));
    LIST_FOR_EACH_SAFE(node, &p->runs)
    {
        const struct run *run = run_of(node);
        bytes += mem_size_class(run_bytes(run));
        for (size_t i = 0; i < run->used; i++)
            bytes += packs_block_footprint(&run->packs[i]);
    }
    return bytes;
}

size_t packs_raw_bytes(const struct packs *p)
{
    size_t bytes = 0;
    for (struct pack_place at = packs_first(p); at.run; at = packs_next(p, at)) {
        const struct pack *pack = pack_at(at);
        bytes += pack->form == PACK_PLAIN ? pack_blob(pack)->len : packs_block_bytes(pack);
    }
    return bytes;
}

struct packs_limits packs_limits(const struct packs *p)
{
    return p->limits;
}

/* ---- which are compressed ---- */

/* Whether `depth` packs stand on either side. */
static bool is_deep(const struct packs *p, struct pack_place at)
{
    struct pack_place before = at, behind = at;
    for (int64_t i = 0; i < p->limits.depth; i++) {
        before = packs_prev(p, before);
        if (!before.run)
            return false;
        behind = packs_next(p, behind);
        if (!behind.run)
            return false;
    }
    return true;
}

static void settle_one(struct pack *pack, bool deep)
{
    if (deep)
        packs_block_squeeze(pack);
    else if (pack->form == PACK_SQUEEZED)
        (void)packs_block_open(pack);
}

static void settle_beside(const struct packs *p, struct pack_place at)
{
    if (at.run)
        settle_one(pack_at(at), is_deep(p, at));
}

/* A change makes or takes away two packs at most (but for those that go as a whole), so from each end the depth
 * and two more are looked at, and two on either side of where it was. */
#define SETTLE_BESIDE ((size_t)2)

COLD static void settle_all(struct packs *p, struct pack_place at)
{
    size_t depth = (size_t)p->limits.depth, all = p->pack_count;
    struct pack_place first = packs_first(p), last = packs_last(p);
    for (size_t i = 0; i < all && i < depth + SETTLE_BESIDE; i++) {
        bool deep = i >= depth && all - 1 - i >= depth;
        settle_one(pack_at(first), deep);
        settle_one(pack_at(last), deep);
        first = packs_next(p, first);
        last = packs_prev(p, last);
    }
    if (!at.run)
        return;
    struct pack_place before = at, behind = at;
    settle_beside(p, at);
    for (size_t i = 0; i < SETTLE_BESIDE; i++) {
        before = before.run ? packs_prev(p, before) : before;
        behind = behind.run ? packs_next(p, behind) : behind;
        settle_beside(p, before);
        settle_beside(p, behind);
    }
}

void packs_settle(struct packs *p, struct pack_place at)
{
    if (UNLIKELY(p->limits.depth > 0))
        settle_all(p, at);
}

/* ---- whole packs ---- */

static struct pack listpack_pack(struct listpack *lp)
{
    return (
        struct pack){ .block = lp, .count = (uint32_t)listpack_count(lp), .form = PACK_LISTPACK };
}

static struct pack pack_of_value(const struct packs *p, struct slice value)
{
    if (is_big(p, value))
        return (struct pack){ .block = blob_copy(value), .count = 1, .form = PACK_PLAIN };
    return listpack_pack(listpack_append(listpack_new(), value));
}

static void add_pack(struct packs *p, struct pack pack)
{
    struct pack_place at = packs_put(p, (struct pack_place){ NULL, 0 }, pack);
    packs_settle(p, at);
}

void packs_add_listpack(struct packs *p, struct listpack *lp)
{
    ASSERT(listpack_first(lp) != LISTPACK_NONE);
    add_pack(p, listpack_pack(lp));
}

void packs_add_plain(struct packs *p, struct slice value)
{
    add_pack(p, (struct pack){ .block = blob_copy(value), .count = 1, .form = PACK_PLAIN });
}

struct listpack *packs_take_listpack(struct packs *p)
{
    if (p->pack_count != 1)
        return NULL;
    struct pack_place at = packs_first(p);
    struct pack *pack = pack_at(at);
    if (pack->form == PACK_PLAIN)
        return NULL;
    struct listpack *lp = packs_block_open(pack);
    (void)packs_take_out(p, at);
    return lp;
}

/* ---- joining packs ---- */

/* Puts the pack and the one behind it together if they do not fill more than a part of the limit.
 * Returns where the first stands. */
static struct pack_place join(struct packs *p, struct pack_place at, size_t share)
{
    struct pack_place next = packs_next(p, at);
    if (!next.run)
        return at;
    struct pack *one = pack_at(at), *two = pack_at(next);
    if (one->form == PACK_PLAIN || two->form == PACK_PLAIN)
        return at;
    size_t bytes = packs_block_bytes(one) + packs_block_bytes(two) - LISTPACK_BYTES_MIN;
    if (packs_exceeds(p->limits.size, bytes, (size_t)one->count + two->count, share))
        return at;
    struct listpack *lp = packs_block_open(one), *other = packs_block_open(two);
    ptrdiff_t moved = (ptrdiff_t)two->count;
    packs_block_put(one, listpack_append_all(lp, other));
    packs_count_by(p, at, moved);
    packs_count_by(p, next, -moved);
    listpack_free(other);
    next = packs_take_out(p, next);
    return packs_prev(p, next);
}

/* With both neighbours. */
static struct pack_place join_around(struct packs *p, struct pack_place at, size_t share)
{
    at = join(p, at, share);
    struct pack_place prev = packs_prev(p, at);
    if (!prev.run)
        return at;
    size_t packs = p->pack_count;
    prev = join(p, prev, share);
    return p->pack_count < packs ? prev : packs_next(p, prev);
}

struct pack_place packs_mend(struct packs *p, struct pack_place at, bool from_end)
{
    if (from_end) {
        at = join(p, at, 2);
    } else {
        struct pack_place prev = packs_prev(p, at);
        size_t packs = p->pack_count;
        if (prev.run) {
            prev = join(p, prev, 2);
            at = p->pack_count < packs ? prev : packs_next(p, prev);
        }
    }
    if (UNLIKELY(p->limits.depth > 0))
        settle_beside(p, at);
    return at;
}

/* ---- inserting ---- */

static void insert_into(struct packs *p, struct pack_place at, size_t within, struct slice value)
{
    struct pack *pack = pack_at(at);
    struct listpack *lp = packs_block_open(pack);
    if (within == 0)
        lp = listpack_prepend(lp, value);
    else if (within == pack->count)
        lp = listpack_append(lp, value);
    else
        lp = listpack_insert(lp, listpack_seek(lp, (int64_t)within), value);
    packs_block_put(pack, lp);
    packs_count_by(p, at, 1);
}

/* Cuts a pack in two before its value `within`, of which there are some on both sides. Returns the second. */
static struct pack_place split(struct packs *p, struct pack_place at, size_t within)
{
    struct pack *pack = pack_at(at);
    struct listpack *lp = packs_block_open(pack);
    size_t cut = listpack_seek(lp, (int64_t)within), moved = pack->count - within;
    struct listpack *behind = listpack_new();
    behind = listpack_append_all(behind, lp);
    behind = listpack_delete_range(behind, 0, within);
    packs_block_put(pack, listpack_delete(lp, cut, moved));
    packs_count_by(p, at, -(ptrdiff_t)moved);
    struct pack_place next = packs_next(p, at);
    return packs_put(p, next, listpack_pack(behind));
}

/* Where `split` has cut: the value goes to the smaller side. Returns the place of the pack it is in. */
static struct pack_place insert_at_cut(struct packs *p, struct pack_place behind,
                                       struct slice value)
{
    struct pack_place before = packs_prev(p, behind);
    if (packs_block_bytes(pack_at(before)) < packs_block_bytes(pack_at(behind))) {
        insert_into(p, before, pack_at(before)->count, value);
        return before;
    }
    insert_into(p, behind, 0, value);
    return behind;
}

/* A value for which the pack has no room, or that stands alone. Returns where it is. */
static struct pack_place insert_beside(struct packs *p, struct pack_place at, size_t within,
                                       struct slice value)
{
    bool alone = is_big(p, value);
    if (within == 0) {
        struct pack_place prev = packs_prev(p, at);
        if (!alone && prev.run && has_room(p, pack_at(prev), listpack_entry_bytes(value))) {
            insert_into(p, prev, pack_at(prev)->count, value);
            return prev;
        }
        return packs_put(p, at, pack_of_value(p, value));
    }
    at = split(p, at, within);
    if (alone)
        return packs_put(p, at, pack_of_value(p, value));
    size_t bytes = listpack_entry_bytes(value);
    if (has_room(p, pack_at(at), bytes) || has_room(p, pack_at(packs_prev(p, at)), bytes))
        return join_around(p, insert_at_cut(p, at, value), 1);
    return packs_put(p, at, pack_of_value(p, value));
}

static struct pack_place insert_last(struct packs *p, struct slice value)
{
    struct pack_place last = packs_last(p);
    if (LIKELY(last.run && !is_big(p, value)) &&
        LIKELY(has_room(p, pack_at(last), listpack_entry_bytes(value)))) {
        insert_into(p, last, pack_at(last)->count, value);
        return last;
    }
    return packs_put(p, (struct pack_place){ NULL, 0 }, pack_of_value(p, value));
}

void packs_insert(struct packs *p, size_t index, struct slice value)
{
    ASSERT(index <= p->count);
    size_t packs = p->pack_count;
    struct pack_place at;
    if (index == p->count) {
        at = insert_last(p, value);
    } else {
        size_t within;
        at = packs_seek(p, index, &within);
        if (!is_big(p, value) && has_room(p, pack_at(at), listpack_entry_bytes(value)))
            insert_into(p, at, within, value);
        else
            at = insert_beside(p, at, within, value);
    }
    /* What is at the ends is not compressed, and stays so. */
    if (p->pack_count != packs || (index != 0 && index + 1 != p->count))
        packs_settle(p, at);
}

/* ---- deleting ---- */

static struct pack_place drop_pack(struct packs *p, struct pack_place at)
{
    packs_block_free(pack_at(at));
    return packs_take_out(p, at);
}

/* Part of a pack's values. */
static void delete_within(struct packs *p, struct pack_place at, size_t within, size_t count)
{
    struct pack *pack = pack_at(at);
    packs_block_put(pack, listpack_delete_range(packs_block_open(pack), (int64_t)within, count));
    packs_count_by(p, at, -(ptrdiff_t)count);
}

void packs_delete(struct packs *p, size_t index, size_t count)
{
    ASSERT(index <= p->count && count <= p->count - index);
    if (count == 0)
        return;
    bool at_end = index == 0 || index + count == p->count;
    size_t within, packs = p->pack_count;
    struct pack_place at = packs_seek(p, index, &within);
    while (count > 0) {
        size_t here = MIN_OF(pack_at(at)->count - within, count);
        count -= here;
        if (here == pack_at(at)->count) {
            at = drop_pack(p, at);
            continue;
        }
        delete_within(p, at, within, here);
        within = 0;
        if (count > 0)
            at = packs_next(p, at);
    }
    if (p->count == 0 || (at_end && p->pack_count == packs))
        return;
    if (!at.run)
        at = packs_last(p);
    if (!at_end)
        at = join_around(p, at, 2);
    packs_settle(p, at);
}

void packs_replace(struct packs *p, size_t index, struct slice value)
{
    size_t within;
    struct pack_place at = packs_seek(p, index, &within);
    struct pack *pack = pack_at(at);
    if (pack->count == 1) {
        packs_block_free(pack);
        *pack = pack_of_value(p, value);
    } else if (!is_big(p, value) && has_room(p, pack, listpack_entry_bytes(value))) {
        struct listpack *lp = packs_block_open(pack);
        packs_block_put(pack, listpack_replace(lp, listpack_seek(lp, (int64_t)within), value));
    } else {
        delete_within(p, at, within, 1);
        packs_insert(p, index, value);
        return;
    }
    packs_settle(p, at);
}
