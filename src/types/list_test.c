/* Lists against a plain model under random operations, on both sides of the thresholds. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "types/list.h"

#define MODEL_MAX 600

struct world {
    struct entry *e;
    struct type_env env;
    struct rand rand;
    size_t count;
    struct slice values[MODEL_MAX]; /* owned */
    char draw[9000];
};

static struct slice owned(struct slice value)
{
    char *copy = mem_alloc(value.len + 1);
    if (value.len)
        memcpy(copy, value.ptr, value.len);
    return slice_of(copy, value.len);
}

static void drop_values(struct world *w, size_t index, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free((char *)(uintptr_t)w->values[index + i].ptr);
    w->count -= count;
    memmove(w->values + index, w->values + index + count,
            (w->count - index) * sizeof(w->values[0]));
}

static void put_value(struct world *w, size_t index, struct slice value)
{
    memmove(w->values + index + 1, w->values + index, (w->count - index) * sizeof(value));
    w->values[index] = owned(value);
    w->count++;
}

static struct slice draw_value(struct world *w)
{
    size_t len = rand_below(&w->rand, 60);
    switch (rand_below(&w->rand, 6)) {
    case 0:
        return slice_of(w->draw, num_format_int(w->draw, (int64_t)rand_next(&w->rand) >> 40));
    case 1:
        return SLICE("again");
    case 2:
        len = rand_below(&w->rand, 20) ? 1000 : sizeof(w->draw);
        break;
    default:
        break;
    }
    memset(w->draw, (int)('a' + rand_below(&w->rand, 3)), len);
    return slice_of(w->draw, len);
}

/* ---- operations ---- */

static void op_push(struct world *w)
{
    enum list_end end = rand_below(&w->rand, 2) ? LIST_HEAD : LIST_TAIL;
    struct slice pair[2] = { draw_value(w), SLICE("second") };
    size_t count = 1 + rand_below(&w->rand, 2);
    if (w->count + count > MODEL_MAX)
        return;
    list_push(w->e, &w->env, end, pair, count);
    for (size_t i = 0; i < count; i++)
        put_value(w, end == LIST_HEAD ? 0 : w->count, pair[i]);
}

static void op_insert(struct world *w)
{
    struct slice value = draw_value(w);
    size_t index = rand_below(&w->rand, w->count + 1);
    if (w->count == MODEL_MAX)
        return;
    list_insert(w->e, &w->env, index, value);
    put_value(w, index, value);
}

static void op_set(struct world *w)
{
    if (w->count == 0)
        return;
    struct slice value = draw_value(w);
    size_t index = rand_below(&w->rand, w->count);
    list_set(w->e, &w->env, index, value);
    mem_free((char *)(uintptr_t)w->values[index].ptr);
    w->values[index] = owned(value);
}

static void op_delete(struct world *w)
{
    if (w->count == 0)
        return;
    size_t index = rand_below(&w->rand, 2) ? 0 : rand_below(&w->rand, w->count);
    size_t left = w->count - index;
    size_t count = 1 + rand_below(&w->rand, rand_below(&w->rand, 8) ? MIN_OF(left, 3ul) : left);
    list_delete(w->e, &w->env, index, count);
    drop_values(w, index, count);
}

static void op_remove(struct world *w)
{
    struct slice value = owned(draw_value(w));
    size_t max = 1 + rand_below(&w->rand, 3), removed = 0;
    for (size_t i = 0; i < w->count && removed < max;) {
        if (slice_eq(w->values[i], value)) {
            drop_values(w, i, 1);
            removed++;
        } else {
            i++;
        }
    }
    CHECK_UINT(list_remove(w->e, &w->env, value, max, false), removed);
    mem_free((char *)(uintptr_t)value.ptr);
}

static void check_all(struct world *w, const struct entry *e, bool down)
{
    struct list_walk walk;
    struct packs_value value;
    size_t seen = 0;
    CHECK_UINT(list_count(e), w->count);
    list_walk_open(&walk, e, down ? w->count - 1 : 0, down);
    for (; list_walk_next(&walk, &value); seen++) {
        struct list_wanted wanted = list_wanted(w->values[down ? w->count - 1 - seen : seen]);
        CHECK(list_value_is(&value, &wanted));
    }
    list_walk_close(&walk);
    CHECK_UINT(seen, w->count);
}

static void op_copy(struct world *w)
{
    struct entry *copy = entry_copy(w->e, SLICE("copy"), ENTRY_NO_EXPIRY);
    check_all(w, copy, false);
    CHECK(entry_footprint(copy) > 0);
    entry_free(w->e);
    w->e = copy;
}

/* Made anew from its parts, as from a file. */
static void op_again(struct world *w)
{
    if (w->count == 0)
        return;
    const struct listpack *lp = list_listpack(w->e);
    struct entry *again;
    if (lp) {
        again = list_new_listpack(SLICE("k"), listpack_copy(lp), ENTRY_NO_EXPIRY, &w->env);
    } else {
        struct packs_parts parts;
        struct packs_part part;
        again = list_new_packs(SLICE("k"), ENTRY_NO_EXPIRY, &w->env);
        packs_parts_open(&parts, list_packs(w->e));
        while (packs_parts_next(&parts, &part)) {
            if (part.lp)
                list_add_listpack(again, listpack_copy(part.lp));
            else
                list_add_plain(again, part.plain);
        }
        packs_parts_close(&parts);
        list_add_done(again, &w->env);
    }
    entry_free(w->e);
    w->e = again;
}

static void (*const ops[])(struct world *w) = {
    op_push,   op_push,   op_push,   op_insert, op_set,
    op_delete, op_delete, op_remove, op_copy,   op_again,
};

TEST(all_operations_agree_with_a_plain_model)
{
    static const int64_t sizes[] = { -1, -2, 0, 1, 3, 20, 128 };
    const char *given = getenv("TARN_SEED");
    struct world *w = mem_zalloc(sizeof(*w));
    size_t conversions = 0;
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    for (size_t i = 0; i < COUNT_OF(sizes) * 3; i++) {
        rand_seed(&w->rand, seed + i);
        w->env = (struct type_env){ .list_listpack_size = sizes[i / 3],
                                    .list_compress_depth = (int64_t)i % 3 };
        w->e = list_new(SLICE("k"), ENTRY_NO_EXPIRY);
        for (int step = 0; step < 600; step++) {
            bool was_packs = list_packs(w->e) != NULL;
            ops[rand_below(&w->rand, COUNT_OF(ops))](w);
            conversions += was_packs != (list_packs(w->e) != NULL);
            if (list_packs(w->e))
                packs_verify(list_packs(w->e));
            check_all(w, w->e, step % 2);
        }
        drop_values(w, 0, w->count);
        entry_free(w->e);
    }
    CHECK(conversions > 100);
    mem_free(w);
}

/* As Valkey 9.1. */
TEST(a_list_changes_its_form_at_the_threshold_and_at_half_of_it)
{
    struct type_env env = { .list_listpack_size = 4 };
    const struct slice values[] = { SLICE("a"), SLICE("b"), SLICE("c"), SLICE("d") };
    struct entry *e = list_new(SLICE("k"), ENTRY_NO_EXPIRY);
    list_push(e, &env, LIST_TAIL, values, 4);
    CHECK_STR(entry_encoding_name(e), "listpack");
    list_push(e, &env, LIST_HEAD, values, 1);
    CHECK_STR(entry_encoding_name(e), "quicklist");
    list_delete(e, &env, 0, 1);
    CHECK_STR(entry_encoding_name(e), "quicklist");
    list_delete(e, &env, 0, 1);
    CHECK_STR(entry_encoding_name(e), "quicklist");
    list_delete(e, &env, 0, 1);
    CHECK_STR(entry_encoding_name(e), "listpack");
    entry_free(e);
}

TEST(a_value_of_more_than_the_limit_makes_packs)
{
    char big[4200];
    struct type_env env = { .list_listpack_size = -1 };
    struct slice value = slice_of(memset(big, 'x', sizeof(big)), sizeof(big));
    struct entry *e = list_new(SLICE("k"), ENTRY_NO_EXPIRY);
    list_push(e, &env, LIST_TAIL, &value, 1);
    CHECK_STR(entry_encoding_name(e), "quicklist");
    list_set(e, &env, 0, SLICE("small"));
    CHECK_STR(entry_encoding_name(e), "listpack");
    list_set(e, &env, 0, value);
    CHECK_STR(entry_encoding_name(e), "quicklist");
    CHECK_UINT(entry_free_effort(e), 1);
    entry_free(e);
}
