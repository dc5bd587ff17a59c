/* HyperLogLogs: runs and packed registers against plain ones; the two forms of what is vectorised. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "types/hll.h"
#include "types/hll_priv.h"
#include "types/string.h"

static struct type_env env_with(int64_t sparse_bytes)
{
    return (struct type_env){ .hll_sparse_bytes = sparse_bytes };
}

static void seed_rand(struct rand *r)
{
    const char *given = getenv("TARN_SEED");
    rand_seed_random(r);
    const uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(r);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(r, seed);
}

static struct entry *of_bytes(struct slice bytes)
{
    struct entry *e = string_new_text(SLICE("k"), bytes, ENTRY_NO_EXPIRY);
    string_mark_raw(e);
    return e;
}

static struct slice bytes_of(const struct entry *e)
{
    char digits[NUM_INT_MAX_CHARS];
    return string_bytes(e, digits);
}

static bool add_number(struct entry **e, const struct type_env *env, uint64_t number)
{
    const struct slice element = slice_of(&number, sizeof(number));
    bool changed;
    CHECK_INT(hll_add(e, env, &element, 1, &changed), 0);
    return changed;
}

static void check_registers(const struct entry *e, const struct hll_registers *want)
{
    struct hll_registers got = { { 0 } };
    CHECK_INT(hll_merge(&got, e), 0);
    CHECK_MEM(got.values, want->values, sizeof(got.values));
}

/* Values that came out of redis-server 7.0.15. */
TEST(bytes_are_those_of_the_peers)
{
    struct type_env env = env_with(3000);
    struct entry *e = hll_new(SLICE("k"));
    const struct slice elements[] = { SLICE("x"), SLICE("y") };
    uint64_t count;
    bool changed, stored;
    CHECK_SLICE(bytes_of(e), "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff");
    CHECK_INT(hll_add(&e, &env, elements, 2, &changed), 0);
    CHECK(changed);
    CHECK_SLICE(bytes_of(e), "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80zS\x88"
                             "E\xa0\x84\x08");
    CHECK_INT(hll_count(e, &count, &stored), 0);
    CHECK_UINT(count, 2);
    CHECK(!stored);
    e = hll_store_count(e, count);
    CHECK_SLICE(bytes_of(e), "HYLL\x01\0\0\0\x02\0\0\0\0\0\0\0zS\x88"
                             "E\xa0\x84\x08");
    CHECK_INT(hll_add(&e, &env, elements, 2, &changed), 0);
    CHECK(!changed);
    CHECK_INT(hll_count(e, &count, &stored), 0);
    CHECK(stored);
    CHECK_UINT(count, 2);
    CHECK_STR(entry_encoding_name(e), "raw");
    entry_free(e);
}

TEST(runs_in_words)
{
    struct entry *e = of_bytes(SLICE("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0zS\x88"
                                     "E\xa0\x84\x08"));
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    hll_print_runs(e, &out);
    CHECK_STR(buf_cstr(&out), "Z:14932 v:3,1 Z:1441 v:2,1 z:9");
    buf_done(&out);
    entry_free(e);
}

/* Additions, in any mixture of forms, are what plain registers say. */
static void check_additions(struct rand *rand, int64_t sparse_bytes, size_t additions)
{
    struct type_env env = env_with(sparse_bytes);
    struct hll_registers model = { { 0 } };
    struct entry *e = hll_new(SLICE("k"));
    const uint64_t range = 1 + rand_below(rand, additions * 2);
    for (size_t i = 0; i < additions; i++) {
        const uint64_t number = rand_below(rand, range);
        const struct hll_registers before = model;
        const size_t len_before = string_len(e);
        hll_registers_add(&model, slice_of(&number, sizeof(number)));
        CHECK_INT(add_number(&e, &env, number), memcmp(&before, &model, sizeof(model)) != 0);
        CHECK(hll_is_dense(e) || (int64_t)string_len(e) <= MAX_OF(sparse_bytes, 18) ||
              string_len(e) <= len_before);
        if (i % 64 == 0)
            check_registers(e, &model);
    }
    check_registers(e, &model);
    uint64_t count;
    bool stored;
    CHECK_INT(hll_count(e, &count, &stored), 0);
    CHECK_UINT(count, hll_registers_count(&model));
    CHECK_INT(hll_make_dense(&e), 0);
    CHECK(hll_is_dense(e));
    CHECK(hll_is_valid(e));
    check_registers(e, &model);
    entry_free(e);
}

TEST(additions_are_what_plain_registers_say)
{
    struct rand rand;
    seed_rand(&rand);
    check_additions(&rand, 3000, 6000);
    check_additions(&rand, 20000, 6000);
    check_additions(&rand, 0, 300);
    for (int i = 0; i < 30; i++)
        check_additions(&rand, (int64_t)rand_below(&rand, 600), 1 + rand_below(&rand, 600));
}

TEST(stored_registers_are_the_larger_ones)
{
    struct rand rand;
    seed_rand(&rand);
    for (int i = 0; i < 20; i++) {
        struct type_env env = env_with((int64_t)rand_below(&rand, 4000));
        struct hll_registers model = { { 0 } }, other = { { 0 } };
        struct entry *e = hll_new(SLICE("k"));
        for (uint64_t k = rand_below(&rand, 1000); k > 0; k--) {
            const uint64_t number = rand_next(&rand), another = rand_next(&rand);
            (void)add_number(&e, &env, number);
            hll_registers_add(&model, slice_of(&number, sizeof(number)));
            hll_registers_add(&other, slice_of(&another, sizeof(another)));
        }
        if (i == 0)
            other.values[77] = 51; /* no run can say so */
        CHECK_INT(hll_store_registers(&e, &env, &other), 0);
        for (size_t k = 0; k < HLL_REGISTERS; k++)
            model.values[k] = MAX_OF(model.values[k], other.values[k]);
        check_registers(e, &model);
        entry_free(e);
    }
}

TEST(counts_are_nearly_right)
{
    struct type_env env = env_with(3000);
    struct entry *e = hll_new(SLICE("k"));
    struct rand rand;
    rand_seed(&rand, 5);
    for (uint64_t n = 1; n <= 100000; n++) {
        (void)add_number(&e, &env, rand_next(&rand));
        if (n & (n - 1))
            continue;
        uint64_t count;
        bool stored;
        CHECK_INT(hll_count(e, &count, &stored), 0);
        CHECK(fabs((double)count - (double)n) <= (double)n * 5 * 1.04 / 128 + 0.5);
    }
    entry_free(e);
}

TEST(packed_registers_hold_what_was_set)
{
    struct rand rand;
    seed_rand(&rand);
    unsigned char packed[HLL_PACKED_BYTES] = { 0 }, again[HLL_PACKED_BYTES];
    struct hll_registers model = { { 0 } };
    for (int i = 0; i < 40000; i++) {
        const unsigned index = (unsigned)rand_below(&rand, HLL_REGISTERS);
        model.values[index] = (unsigned char)rand_below(&rand, 64);
        hll_packed_set(packed, index, model.values[index]);
    }
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        CHECK_UINT(hll_packed_get(packed, i), model.values[i]);
    hll_pack(&model, again);
    CHECK_MEM(again, packed, sizeof(packed));
}

TEST(both_forms_of_a_merge_do_the_same)
{
    struct rand rand;
    seed_rand(&rand);
    for (int round = 0; round < 20; round++) {
        unsigned char *packed = mem_alloc(HLL_PACKED_BYTES); /* so that reading on is seen */
        struct hll_registers a, b;
        for (size_t i = 0; i < HLL_PACKED_BYTES; i++)
            packed[i] = (unsigned char)rand_next(&rand);
        for (size_t i = 0; i < HLL_REGISTERS; i++)
            a.values[i] = (unsigned char)rand_below(&rand, 64);
        b = a;
        hll_packed_merge_plain(a.values, packed, HLL_REGISTERS);
        hll_packed_merge(&b, packed);
        CHECK_MEM(a.values, b.values, sizeof(a.values));
        for (unsigned i = 0; i < HLL_REGISTERS; i++)
            CHECK(a.values[i] >= hll_packed_get(packed, i));
        mem_free(packed);
    }
}

#define HEAD_BYTES "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80"

TEST(runs_that_do_not_make_all_registers_are_refused)
{
    static const struct {
        struct slice bytes;
    } cases[] = {
        { SLICE(HEAD_BYTES "") },         /* none */
        { SLICE(HEAD_BYTES "\x7f\xfe") }, /* one too few */
        { SLICE(HEAD_BYTES "\x7f\xff\x00") },
        { SLICE(HEAD_BYTES "\x7f\xff\x84") },
        { SLICE(HEAD_BYTES "\x7f") }, /* cut */
        { SLICE(HEAD_BYTES "\x7f\xff\x40") },
    };
    struct type_env env = env_with(3000);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct entry *e = of_bytes(cases[i].bytes);
        struct hll_registers r = { { 0 } };
        uint64_t count;
        bool stored;
        CHECK(hll_is_valid(e));
        CHECK_INT(hll_count(e, &count, &stored), -EBADMSG);
        CHECK_INT(hll_merge(&r, e), -EBADMSG);
        CHECK_INT(hll_make_dense(&e), -EBADMSG);
        CHECK(slice_eq(bytes_of(e), cases[i].bytes));
        entry_free(e);
    }
    struct entry *e = of_bytes(SLICE(HEAD_BYTES "\x00"));
    const struct slice element = SLICE("x");
    bool changed;
    CHECK_INT(hll_add(&e, &env, &element, 1, &changed), -EBADMSG);
    CHECK(!changed);
    entry_free(e);
}

TEST(strings_of_another_form_are_none)
{
    static const struct slice texts[] = {
        { "", 0 },
        { "12345", 5 },
        { "HYLL\x01\0\0\0\0\0\0\0\0\0\0", 15 },
        { "HYLX\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff", 18 },
        { "HYLL\x02\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff", 18 },
        { "HYLL\x00\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff", 18 },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct entry *e = string_new(SLICE("k"), texts[i], ENTRY_NO_EXPIRY);
        CHECK(!hll_is_valid(e));
        entry_free(e);
    }
}
