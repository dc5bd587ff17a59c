/* The intset: bytes as a peer writes them, and against a plain model under random operations. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "ds/intset.h"

static void check_intset(const struct intset *is, struct slice want)
{
    struct slice got = intset_slice(is);
    CHECK_BYTES(got.ptr, got.len, want.ptr, want.len);
    CHECK(intset_is_valid(got));
}

static struct intset *add(struct intset *is, int64_t value)
{
    bool changed = false;
    is = intset_add(is, value, &changed);
    CHECK(changed);
    return is;
}

/* The bytes are those of redis-server 7.0. */
TEST(numbers_have_the_bytes_that_a_peer_gives_them)
{
    struct intset *is = intset_new();
    check_intset(is, SLICE("\2\0\0\0\0\0\0\0"));
    is = add(add(add(is, 1), 5), -3);
    check_intset(is, SLICE("\2\0\0\0\3\0\0\0\xfd\xff\1\0\5\0"));
    is = add(is, 70000);
    check_intset(is, SLICE("\4\0\0\0\4\0\0\0\xfd\xff\xff\xff\1\0\0\0\5\0\0\0\x70\x11\1\0"));
    is = add(is, INT64_C(1) << 40);
    check_intset(is, SLICE("\10\0\0\0\5\0\0\0"
                           "\xfd\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"
                           "\x70\x11\1\0\0\0\0\0\0\0\0\0\0\1\0\0"));
    intset_free(is);
}

TEST(a_number_too_wide_goes_to_the_end_where_it_belongs)
{
    static const int64_t limits[] = {
        INT16_MIN, INT16_MAX, (int64_t)INT16_MIN - 1, INT16_MAX + 1,
        INT32_MIN, INT32_MAX, (int64_t)INT32_MIN - 1, (int64_t)INT32_MAX + 1,
        INT64_MIN, INT64_MAX
    };
    static const size_t widths[] = { 2, 2, 4, 4, 4, 4, 8, 8, 8, 8 };
    struct intset *is = intset_new();
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        CHECK(!intset_has(is, limits[i]));
        is = add(is, limits[i]);
        CHECK_UINT(intset_width(is), widths[i]);
        CHECK(intset_is_valid(intset_slice(is)));
        CHECK_INT(intset_at(is, limits[i] < 0 ? 0 : intset_count(is) - 1), limits[i]);
    }
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        CHECK(intset_has(is, limits[i]));
    intset_free(is);
}

/* ---- the model ---- */

#define MODEL_MAX 400

struct world {
    struct intset *is;
    struct rand rand;
    size_t count;
    int64_t values[MODEL_MAX]; /* rising */
};

static void world_init(struct world *w)
{
    const char *given = getenv("TARN_SEED");
    *w = (struct world){ .is = intset_new() };
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    rand_seed(&w->rand, seed);
}

static size_t model_rank(const struct world *w, int64_t value)
{
    size_t rank = 0;
    while (rank < w->count && w->values[rank] < value)
        rank++;
    return rank;
}

/* Small ones often, wide ones seldom, so that sets of every width live for a while. */
static int64_t draw_value(struct world *w)
{
    static const unsigned shifts[] = { 56, 56, 52, 48, 47, 32, 31, 0 };
    unsigned shift = shifts[rand_below(&w->rand, 6)];
    if (rand_below(&w->rand, 50) == 0)
        shift = shifts[rand_below(&w->rand, COUNT_OF(shifts))];
    return (int64_t)rand_next(&w->rand) >> shift;
}

static void op_add(struct world *w)
{
    int64_t value = draw_value(w);
    size_t rank = model_rank(w, value);
    bool is_new = rank == w->count || w->values[rank] != value, changed;
    if (w->count == MODEL_MAX)
        return;
    w->is = intset_add(w->is, value, &changed);
    CHECK(changed == is_new);
    if (!is_new)
        return;
    memmove(w->values + rank + 1, w->values + rank, (w->count - rank) * sizeof(value));
    w->values[rank] = value;
    w->count++;
}

static void model_remove(struct world *w, size_t index, size_t count)
{
    w->count -= count;
    memmove(w->values + index, w->values + index + count,
            (w->count - index) * sizeof(w->values[0]));
}

static void op_remove(struct world *w)
{
    int64_t value = draw_value(w);
    if (w->count && rand_below(&w->rand, 2))
        value = w->values[rand_below(&w->rand, w->count)];
    size_t rank = model_rank(w, value);
    bool is_there = rank < w->count && w->values[rank] == value, changed;
    w->is = intset_remove(w->is, value, &changed);
    CHECK(changed == is_there);
    if (is_there)
        model_remove(w, rank, 1);
}

static void op_remove_range(struct world *w)
{
    if (rand_below(&w->rand, 20))
        return;
    size_t index = rand_below(&w->rand, w->count + 1);
    size_t count = rand_below(&w->rand, w->count - index + 1);
    w->is = intset_remove_range(w->is, index, count);
    model_remove(w, index, count);
}

static void op_start_anew(struct world *w)
{
    if (rand_below(&w->rand, 100))
        return;
    intset_free(w->is);
    w->is = intset_new();
    w->count = 0;
}

static void op_through_bytes(struct world *w)
{
    struct intset *again = intset_from_bytes(intset_slice(w->is)), *copy;
    CHECK_PTR_NOT_NULL(again);
    copy = intset_copy(again);
    intset_free(w->is);
    intset_free(again);
    w->is = copy;
}

static void check_world(struct world *w)
{
    CHECK(intset_is_valid(intset_slice(w->is)));
    CHECK_UINT(intset_count(w->is), w->count);
    for (size_t i = 0; i < w->count; i++) {
        CHECK_INT(intset_at(w->is, i), w->values[i]);
        CHECK(intset_has(w->is, w->values[i]));
        CHECK_UINT(intset_rank(w->is, w->values[i]), i);
    }
    int64_t value = draw_value(w);
    CHECK_UINT(intset_rank(w->is, value), model_rank(w, value));
    if (w->count)
        CHECK(intset_has(w->is, intset_random(w->is, &w->rand)));
}

TEST(random_operations_agree_with_a_plain_model)
{
    static void (*const ops[])(struct world *) = {
        op_add, op_add, op_add, op_remove, op_remove_range, op_start_anew, op_through_bytes,
    };
    struct world w;
    world_init(&w);
    for (int round = 0; round < 20000; round++) {
        ops[rand_below(&w.rand, COUNT_OF(ops))](&w);
        if (round % 8 == 0)
            check_world(&w);
    }
    check_world(&w);
    intset_free(w.is);
}

TEST(bytes_that_are_no_intset_are_refused)
{
    static const struct slice bad[] = {
        SLICE(""),
        SLICE("\2\0\0\0\0\0\0"),               /* no whole header */
        SLICE("\3\0\0\0\0\0\0\0"),             /* no such width */
        SLICE("\0\0\0\0\0\0\0\0"),             /* nor that */
        SLICE("\2\0\0\0\1\0\0\0"),             /* a number is missing */
        SLICE("\2\0\0\0\1\0\0\0\1"),           /* half of it */
        SLICE("\2\0\0\0\0\0\0\0\1\0"),         /* one too many */
        SLICE("\2\0\0\0\2\0\0\0\2\0\1\0"),     /* falling */
        SLICE("\2\0\0\0\2\0\0\0\1\0\1\0"),     /* twice */
        SLICE("\2\0\0\0\2\0\0\0\1\0\xff\xff"), /* -1 after 1 */
        SLICE("\10\0\0\0\0\0\0\x80"),          /* more than there can be */
    };
    CHECK(intset_is_valid(SLICE("\10\0\0\0\0\0\0\0")));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!intset_is_valid(bad[i]));
        CHECK_PTR_NULL(intset_from_bytes(bad[i]));
    }
}

TEST(every_number_is_drawn)
{
    struct rand rand;
    bool seen[10] = { false };
    struct intset *is = intset_new();
    rand_seed(&rand, 1);
    for (int i = 0; i < 10; i++)
        is = add(is, i);
    for (int i = 0; i < 300; i++)
        seen[intset_random(is, &rand)] = true;
    for (int i = 0; i < 10; i++)
        CHECK(seen[i]);
    CHECK(intset_has_room(is));
    intset_free(is);
}
