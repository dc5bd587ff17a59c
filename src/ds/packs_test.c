/* Packs: against a plain model under random operations, in all sizes of packs and depths of compression. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "ds/packs.h"

#define MODEL_MAX 1500
#define BIG_MAX 9000

struct world {
    struct packs *p;
    struct packs_limits limits;
    struct rand rand;
    size_t count;
    struct slice values[MODEL_MAX]; /* owned */
    char draw[BIG_MAX];
};

static uint64_t seed_of_run(void)
{
    const char *given = getenv("TARN_SEED");
    struct rand r;
    rand_seed_random(&r);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&r);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    return seed;
}

static void world_init(struct world *w, uint64_t seed, struct packs_limits limits)
{
    *w = (struct world){ .p = packs_new(limits), .limits = limits };
    rand_seed(&w->rand, seed);
}

static void drop_values(struct world *w, size_t index, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free((char *)(uintptr_t)w->values[index + i].ptr);
    w->count -= count;
    memmove(w->values + index, w->values + index + count,
            (w->count - index) * sizeof(w->values[0]));
}

static void world_done(struct world *w)
{
    drop_values(w, 0, w->count);
    packs_free(w->p);
}

static struct slice owned(struct slice value)
{
    char *copy = mem_alloc(value.len + 1);
    if (value.len)
        memcpy(copy, value.ptr, value.len);
    return slice_of(copy, value.len);
}

/* Numbers, few different texts that repeat, texts that compress and some that do not, and now and then a value that
 * stands alone. */
static struct slice draw_value(struct world *w)
{
    size_t len = 0;
    switch (rand_below(&w->rand, 8)) {
    case 0:
        return slice_of(w->draw, num_format_int(w->draw, (int64_t)rand_next(&w->rand) >>
                                                             rand_below(&w->rand, 64)));
    case 1:
    case 2:
        w->draw[0] = (char)('a' + rand_below(&w->rand, 3));
        return slice_of(w->draw, rand_below(&w->rand, 2));
    case 3:
        len = rand_below(&w->rand, 300);
        for (size_t i = 0; i < len; i++)
            w->draw[i] = (char)rand_next(&w->rand);
        return slice_of(w->draw, len);
    case 4:
        len = rand_below(&w->rand, 40) ? 500 : BIG_MAX;
        break;
    default:
        len = rand_below(&w->rand, 100);
        break;
    }
    memset(w->draw, (int)('a' + rand_below(&w->rand, 3)), len);
    return slice_of(w->draw, len);
}

static size_t draw_index(struct world *w, size_t limit)
{
    switch (rand_below(&w->rand, 4)) {
    case 0:
        return 0;
    case 1:
        return limit - 1;
    default:
        return rand_below(&w->rand, limit);
    }
}

/* ---- operations ---- */

static void op_insert(struct world *w)
{
    if (w->count == MODEL_MAX)
        return;
    size_t index = draw_index(w, w->count + 1);
    struct slice value = draw_value(w);
    packs_insert(w->p, index, value);
    memmove(w->values + index + 1, w->values + index, (w->count - index) * sizeof(value));
    w->values[index] = owned(value);
    w->count++;
}

static void op_insert_many(struct world *w)
{
    for (size_t n = rand_below(&w->rand, 50); n > 0; n--)
        op_insert(w);
}

static void op_replace(struct world *w)
{
    if (w->count == 0)
        return;
    size_t index = draw_index(w, w->count);
    struct slice value = draw_value(w);
    packs_replace(w->p, index, value);
    mem_free((char *)(uintptr_t)w->values[index].ptr);
    w->values[index] = owned(value);
}

static void op_delete(struct world *w)
{
    if (w->count == 0)
        return;
    size_t index = draw_index(w, w->count), left = w->count - index;
    size_t most = rand_below(&w->rand, 10) ? MIN_OF(left, (size_t)8) : left;
    size_t count = rand_below(&w->rand, most + 1);
    packs_delete(w->p, index, count);
    drop_values(w, index, count);
}

static void op_remove(struct world *w)
{
    struct slice value = draw_value(w);
    if (w->count > 0 && rand_below(&w->rand, 2))
        value = w->values[rand_below(&w->rand, w->count)];
    value = owned(value);
    size_t max = rand_below(&w->rand, 3) ? SIZE_MAX : rand_below(&w->rand, 4), removed = 0;
    bool from_end = rand_below(&w->rand, 2);
    for (size_t i = 0, n = w->count, at = from_end ? n : 0; i < n && removed < max; i++) {
        at -= from_end;
        if (slice_eq(w->values[at], value)) {
            drop_values(w, at, 1);
            removed++;
        } else {
            at += !from_end;
        }
    }
    CHECK_UINT(packs_remove(w->p, value, max, from_end), removed);
    mem_free((char *)(uintptr_t)value.ptr);
}

static struct slice text_of(const struct packs_value *value, char *digits)
{
    if (value->text.ptr)
        return value->text;
    return slice_of(digits, num_format_int(digits, value->number));
}

static void check_walk(const struct world *w, const struct packs *p, size_t index, bool down)
{
    char digits[NUM_INT_MAX_CHARS];
    struct packs_walk walk;
    struct packs_value value;
    size_t at = index;
    packs_walk_open(&walk, p, index, down);
    for (; packs_walk_next(&walk, &value); at += down ? SIZE_MAX : 1) {
        CHECK(at < w->count);
        CHECK(slice_eq(text_of(&value, digits), w->values[at]));
    }
    packs_walk_close(&walk);
    if (index < w->count)
        CHECK_UINT(at, down ? SIZE_MAX : w->count);
}

static void op_walk(struct world *w)
{
    size_t index = rand_below(&w->rand, w->count + 1);
    check_walk(w, w->p, index, rand_below(&w->rand, 2));
}

static void op_copy(struct world *w)
{
    struct packs *copy = packs_copy(w->p);
    packs_verify(copy);
    check_walk(w, copy, 0, false);
    packs_free(w->p);
    w->p = copy;
}

/* As a file is written and read. */
static void op_parts(struct world *w)
{
    struct packs *other = packs_new(w->limits);
    struct packs_parts parts;
    struct packs_part part;
    size_t packs = packs_pack_count(w->p);
    packs_parts_open(&parts, w->p);
    while (packs_parts_next(&parts, &part)) {
        if (part.lp)
            packs_add_listpack(other, listpack_copy(part.lp));
        else
            packs_add_plain(other, part.plain);
        packs--;
    }
    packs_parts_close(&parts);
    CHECK_UINT(packs, 0);
    packs_verify(other);
    check_walk(w, other, 0, false);
    packs_free(w->p);
    w->p = other;
}

static void (*const ops[])(struct world *w) = {
    op_insert, op_insert, op_insert, op_insert_many, op_replace, op_replace,
    op_delete, op_remove, op_walk,   op_walk,        op_copy,    op_parts,
};

static void play(uint64_t seed, struct packs_limits limits, int steps)
{
    struct world *w = mem_alloc(sizeof(*w));
    world_init(w, seed, limits);
    for (int i = 0; i < steps; i++) {
        ops[rand_below(&w->rand, COUNT_OF(ops))](w);
        packs_verify(w->p);
        CHECK_UINT(packs_count(w->p), w->count);
    }
    check_walk(w, w->p, 0, false);
    check_walk(w, w->p, w->count - 1, true);
    CHECK(w->count == 0 || packs_footprint(w->p) > 0);
    world_done(w);
    mem_free(w);
}

TEST(all_operations_agree_with_a_plain_model)
{
    static const int64_t sizes[] = { -1, -2, -5, -9, 0, 1, 2, 5, 30 };
    static const int64_t depths[] = { 0, 1, 2, 5, INT32_MAX };
    uint64_t seed = seed_of_run();
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t j = 0; j < COUNT_OF(depths); j++)
            play(seed + i * 16 + j,
                 (struct packs_limits){ .size = sizes[i],
                                        .depth = depths[j],
                                        .plain_bytes = (i + j) % 3 == 2 ? 12 : 0 },
                 700);
}

TEST(an_index_is_found_in_a_long_list)
{
    enum { COUNT = 100000 };
    struct packs *p = packs_new((struct packs_limits){ .size = 7 });
    char digits[NUM_INT_MAX_CHARS];
    for (int64_t i = 0; i < COUNT; i++)
        packs_insert(p, (size_t)i, slice_of(digits, num_format_int(digits, i)));
    CHECK_UINT(packs_pack_count(p), (COUNT + 6) / 7);
    for (size_t i = 0; i < COUNT; i += 97) {
        struct packs_walk walk;
        struct packs_value value = { .number = -1 };
        packs_walk_open(&walk, p, i, i % 2);
        CHECK(packs_walk_next(&walk, &value));
        CHECK_INT(value.number, i);
        packs_walk_close(&walk);
    }
    packs_delete(p, 10, COUNT - 20);
    packs_verify(p);
    CHECK_UINT(packs_count(p), 20);
    packs_free(p);
}

TEST(middle_packs_are_compressed)
{
    char text[100];
    struct packs *p[2];
    memset(text, 'x', sizeof(text));
    for (int64_t depth = 0; depth < 2; depth++) {
        p[depth] = packs_new((struct packs_limits){ .size = -2, .depth = depth });
        for (size_t i = 0; i < 10000; i++)
            packs_insert(p[depth], i, slice_of(text, sizeof(text)));
        packs_verify(p[depth]);
    }
    CHECK(packs_footprint(p[1]) < packs_footprint(p[0]) / 10);
    CHECK_UINT(packs_pack_count(p[0]), packs_pack_count(p[1]));
    packs_free(p[0]);
    packs_free(p[1]);
}

TEST(the_limit_of_a_pack_is_bytes_or_a_number)
{
    CHECK(!packs_exceeds(-1, 4096, 100000, 1));
    CHECK(packs_exceeds(-1, 4097, 1, 1));
    CHECK(!packs_exceeds(-5, 65536, 1, 1));
    CHECK(packs_exceeds(-100, 65537, 1, 1));
    CHECK(packs_exceeds(-2, 4097, 1, 2));
    CHECK(!packs_exceeds(128, 8192, 128, 1));
    CHECK(packs_exceeds(128, 8193, 1, 1));
    CHECK(packs_exceeds(128, 100, 129, 1));
    CHECK(packs_exceeds(128, 100, 65, 2));
    CHECK(!packs_exceeds(0, 100, 1, 1));
    CHECK(packs_exceeds(0, 100, 2, 1));
}

TEST(a_list_of_one_pack_gives_it_away)
{
    struct packs *p = packs_new((struct packs_limits){ .size = -2 });
    packs_insert(p, 0, SLICE("a"));
    packs_insert(p, 1, SLICE("12"));
    struct listpack *lp = packs_take_listpack(p);
    CHECK_UINT(listpack_count(lp), 2);
    CHECK_UINT(packs_count(p), 0);
    packs_add_plain(p, SLICE("alone"));
    CHECK_PTR_NULL(packs_take_listpack(p));
    packs_add_listpack(p, lp);
    CHECK_PTR_NULL(packs_take_listpack(p));
    CHECK_UINT(packs_count(p), 3);
    packs_free(p);
}
