/* Hashes against an array of fields, under random operations and with a time that goes on, in all forms. */
#include "types/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"
#include "types/hash_priv.h"

#define NAMES 60
#define TEXT_MAX 700
#define STEPS 20000

struct want {
    bool present;
    int64_t when_ms;
    size_t len;
    char value[TEXT_MAX];
    unsigned seen; /* by a walk */
};

struct world {
    struct rand rand;
    struct hash_key hash_key;
    struct type_env env;
    struct entry *e;
    int64_t now_ms;
    bool with_time;
    size_t long_share; /* one value in so many is longer than small hashes take; 0: none */
    struct want want[NAMES];
};

static void world_init(struct world *w, int64_t small_entries)
{
    memset(w, 0, sizeof(*w));
    const char *given = getenv("TARN_SEED");
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&w->rand, seed);
    w->env = (struct type_env){ .hash_key = &w->hash_key,
                                .rand = &w->rand,
                                .hash_listpack_entries = small_entries,
                                .hash_listpack_value = 64 };
    w->now_ms = 1000;
    w->e = hash_new(SLICE("key"), ENTRY_NO_EXPIRY);
}

/* Numbers, texts, the empty one, names at the limits of what a block's header has. */
static struct slice name_of(size_t i, char *text)
{
    static const size_t lens[] = { 62, 126, 127, 128, 300 };
    if (i == 0)
        return slice_of(text, 0);
    if (i <= COUNT_OF(lens)) {
        memset(text, 'n', lens[i - 1]);
        return slice_of(text, lens[i - 1]);
    }
    int len = snprintf(text, TEXT_MAX, i % 2 ? "field-%zu" : "%zu", i);
    return slice_of(text, (size_t)len);
}

static struct slice random_value(struct world *w, char *text)
{
    static const size_t lens[] = { 0, 1, 13, 14, 64 };
    static const size_t long_lens[] = { 65, 254, 255, 256, 600 };
    if (w->long_share && rand_below(&w->rand, w->long_share) == 0) {
        size_t len = long_lens[rand_below(&w->rand, COUNT_OF(long_lens))];
        memset(text, 'v', len);
        return slice_of(text, len);
    }
    if (rand_below(&w->rand, 2)) {
        int len = snprintf(text, TEXT_MAX, "%lld", (long long)rand_next(&w->rand));
        return slice_of(text, (size_t)len);
    }
    size_t len = lens[rand_below(&w->rand, COUNT_OF(lens))];
    memset(text, (int)('a' + rand_below(&w->rand, 26)), len);
    return slice_of(text, len);
}

/* Names of few words in a small world. */
static size_t random_index(struct world *w)
{
    size_t first = w->long_share ? 0 : 6;
    return first + rand_below(&w->rand, NAMES - first);
}

static bool visible(const struct world *w, const struct want *want)
{
    return want->present && !is_over(want->when_ms, w->now_ms);
}

static void model_put(struct world *w, struct want *want, struct slice value, int64_t when_ms)
{
    if (when_ms != HASH_KEEP_EXPIRY)
        want->when_ms = when_ms;
    else if (!visible(w, want))
        want->when_ms = ENTRY_NO_EXPIRY;
    want->present = true;
    want->len = value.len;
    if (value.len)
        memcpy(want->value, value.ptr, value.len);
}

static int64_t random_time(struct world *w)
{
    return w->now_ms + (int64_t)rand_below(&w->rand, 60);
}

static void step_put(struct world *w)
{
    char name[TEXT_MAX], value[TEXT_MAX];
    size_t i = random_index(w);
    struct hash_field f = { name_of(i, name), random_value(w, value), ENTRY_NO_EXPIRY };
    if (w->with_time && rand_below(&w->rand, 3) == 0)
        f.when_ms = rand_below(&w->rand, 2) ? HASH_KEEP_EXPIRY : random_time(w);
    bool is_new = !visible(w, &w->want[i]);
    CHECK_INT(hash_put(w->e, &w->env, &f, w->now_ms), is_new);
    model_put(w, &w->want[i], f.value, f.when_ms);
}

static void step_remove(struct world *w)
{
    char name[TEXT_MAX];
    size_t i = random_index(w);
    bool all = rand_below(&w->rand, 2);
    bool removed = all ? w->want[i].present : visible(w, &w->want[i]);
    CHECK_INT(hash_remove(w->e, name_of(i, name), all ? HASH_SHOW_ALL : w->now_ms), removed);
    w->want[i].present &= !removed;
}

static void step_get(struct world *w)
{
    char name[TEXT_MAX], scratch[NUM_INT_MAX_CHARS];
    size_t i = random_index(w);
    struct slice value;
    int64_t when_ms;
    bool found = hash_get(w->e, name_of(i, name), w->now_ms, scratch, &value);
    CHECK_INT(found, visible(w, &w->want[i]));
    CHECK_INT(hash_has(w->e, name_of(i, name), HASH_SHOW_ALL), w->want[i].present);
    if (!found)
        return;
    CHECK_BYTES(value.ptr, value.len, w->want[i].value, w->want[i].len);
    CHECK(hash_expiry(w->e, name_of(i, name), w->now_ms, &when_ms));
    CHECK_INT(when_ms, w->want[i].when_ms);
}

static void step_expiry(struct world *w)
{
    char name[TEXT_MAX];
    size_t i = random_index(w);
    if (!w->with_time)
        return;
    int64_t when_ms = rand_below(&w->rand, 3) ? random_time(w) : ENTRY_NO_EXPIRY;
    CHECK_INT(hash_set_expiry(w->e, &w->env, name_of(i, name), when_ms), w->want[i].present);
    w->want[i].when_ms = when_ms;
}

static void count_visit(void *arg, const struct hash_field *f UNUSED)
{
    ++*(size_t *)arg;
}

/* Time goes on, and perhaps the owner removes what is over. */
static void step_time(struct world *w)
{
    size_t visited = 0;
    if (!w->with_time)
        return;
    w->now_ms += (int64_t)rand_below(&w->rand, 10);
    if (rand_below(&w->rand, 2))
        return;
    size_t count = hash_each_due(w->e, w->now_ms, rand_below(&w->rand, 8), count_visit, &visited);
    CHECK_UINT(visited, count);
    hash_expire(w->e, w->now_ms, count);
    char name[TEXT_MAX];
    size_t gone = 0;
    for (size_t i = 0; i < NAMES; i++) {
        if (!w->want[i].present || hash_has(w->e, name_of(i, name), HASH_SHOW_ALL))
            continue;
        CHECK(is_over(w->want[i].when_ms, w->now_ms));
        w->want[i].present = false;
        gone++;
    }
    CHECK_UINT(gone, count);
}

static struct want *want_of(struct world *w, struct slice name)
{
    char text[TEXT_MAX];
    for (size_t i = 0; i < NAMES; i++)
        if (slice_eq(name_of(i, text), name))
            return &w->want[i];
    CHECK_FAIL("a field that nobody put");
    return NULL;
}

static void see(void *arg, const struct hash_field *f)
{
    struct world *w = arg;
    struct want *want = want_of(w, f->name);
    CHECK(visible(w, want));
    CHECK_BYTES(f->value.ptr, f->value.len, want->value, want->len);
    CHECK_INT(f->when_ms, want->when_ms);
    want->seen++;
}

/* Every field that is to be seen was seen so often; or as many of them, if there is a count. */
static void check_seen(struct world *w, size_t count)
{
    size_t seen = 0, expected = 0;
    for (size_t i = 0; i < NAMES; i++) {
        CHECK(w->want[i].seen <= 1);
        seen += w->want[i].seen;
        expected += visible(w, &w->want[i]);
        w->want[i].seen = 0;
    }
    CHECK_UINT(seen, MIN_OF(expected, count));
}

static void check_whole(struct world *w, struct entry *e)
{
    struct hash_walk walk;
    struct hash_field f;
    hash_verify(e);
    hash_walk_open(&walk, e, w->now_ms);
    while (hash_walk_next(&walk, &f))
        see(w, &f);
    hash_walk_close(&walk);
    check_seen(w, NAMES);

    size_t present = 0, expected = 0, expiring = 0;
    int64_t due_ms = HASH_NEVER;
    for (size_t i = 0; i < NAMES; i++) {
        bool expires = w->want[i].present && w->want[i].when_ms != ENTRY_NO_EXPIRY;
        present += w->want[i].present;
        expected += visible(w, &w->want[i]);
        expiring += expires;
        if (expires && w->want[i].when_ms < due_ms)
            due_ms = w->want[i].when_ms;
    }
    CHECK_UINT(hash_count(e, HASH_SHOW_ALL), present);
    CHECK_UINT(hash_count(e, w->now_ms), expected);
    CHECK_INT(hash_is_over(e, w->now_ms), expected == 0);
    CHECK_UINT(hash_count_expiring(e), expiring);
    CHECK_INT(hash_due(e), due_ms);
}

static void step_whole(struct world *w)
{
    check_whole(w, w->e);
    struct entry *copy = entry_copy(w->e, SLICE("copy"), ENTRY_NO_EXPIRY);
    check_whole(w, copy);
    CHECK_INT(hash_listed(copy), HASH_NEVER);
    entry_free(copy);

    size_t count = rand_below(&w->rand, NAMES);
    hash_sample(w->e, &w->env, w->now_ms, MIN_OF(count, hash_count(w->e, w->now_ms)), see, w);
    check_seen(w, count);
    hash_random(w->e, &w->env, w->now_ms, see, w);
    check_seen(w, 1);

    uint64_t cursor = 0;
    do
        cursor = hash_scan(w->e, cursor, w->now_ms, see, w);
    while (cursor);
    check_seen(w, NAMES);
}

static void run_steps(struct world *w)
{
    static void (*const steps[])(struct world * w) = {
        step_put, step_put, step_put, step_get, step_get, step_remove, step_expiry, step_time,
    };
    for (int i = 0; i < STEPS; i++) {
        steps[rand_below(&w->rand, COUNT_OF(steps))](w);
        if (rand_below(&w->rand, 50) == 0)
            step_whole(w);
    }
    step_whole(w);
    entry_free(w->e);
}

TEST(a_small_hash_of_pairs_follows_the_model)
{
    struct world w;
    world_init(&w, 512);
    run_steps(&w);
}

TEST(a_small_hash_stays_small)
{
    struct world w;
    world_init(&w, NAMES);
    for (int i = 0; i < STEPS / 10; i++)
        step_put(&w);
    CHECK_STR(entry_encoding_name(w.e), "listpack");
    w.with_time = true;
    while (hash_due(w.e) == HASH_NEVER)
        step_expiry(&w);
    CHECK_STR(entry_encoding_name(w.e), "listpackex");
    step_whole(&w);
    entry_free(w.e);
}

TEST(a_small_hash_whose_fields_expire_follows_the_model)
{
    struct world w;
    world_init(&w, 512);
    w.with_time = true;
    run_steps(&w);
}

TEST(a_table_follows_the_model)
{
    struct world w;
    world_init(&w, 0);
    w.long_share = 5;
    run_steps(&w);
}

TEST(a_table_whose_fields_expire_follows_the_model)
{
    struct world w;
    world_init(&w, 0);
    w.long_share = 5;
    w.with_time = true;
    run_steps(&w);
}

TEST(a_hash_that_grows_over_its_limits_follows_the_model)
{
    for (int64_t limit = 1; limit < 60; limit += 3) {
        struct world w;
        world_init(&w, limit);
        w.long_share = limit % 2 ? 500 : 0;
        w.with_time = limit % 3 == 0;
        for (int i = 0; i < STEPS / 40; i++) {
            step_put(&w);
            step_expiry(&w);
            step_remove(&w);
            if (i % 20 == 0)
                step_whole(&w);
        }
        entry_free(w.e);
    }
}

static void put(struct world *w, struct slice name, struct slice value)
{
    struct hash_field f = { name, value, ENTRY_NO_EXPIRY };
    (void)hash_put(w->e, &w->env, &f, w->now_ms);
}

TEST(the_limits_decide_about_the_form)
{
    static char long_text[65];
    struct world w;
    memset(long_text, 'x', sizeof(long_text));
    world_init(&w, 2);
    put(&w, SLICE("a"), slice_of(long_text, 64));
    put(&w, slice_of(long_text, 64), SLICE("1"));
    CHECK_STR(entry_encoding_name(w.e), "listpack");
    put(&w, SLICE("a"), SLICE("2"));
    CHECK_STR(entry_encoding_name(w.e), "listpack");
    put(&w, SLICE("b"), SLICE("3"));
    CHECK_STR(entry_encoding_name(w.e), "hashtable");
    entry_free(w.e);

    world_init(&w, 512);
    put(&w, SLICE("a"), slice_of(long_text, 65));
    CHECK_STR(entry_encoding_name(w.e), "hashtable");
    entry_free(w.e);
}

static struct listpack *pack_of_words(const char *const *words)
{
    struct listpack *lp = listpack_new();
    for (; *words; words++)
        lp = listpack_append(lp, slice_str(*words));
    return lp;
}

TEST(a_listpack_from_outside_is_looked_at)
{
    static const char *const bad_pairs[][6] = { { NULL },
                                                { "a", NULL },
                                                { "a", "1", "b", NULL },
                                                { "a", "1", "a", "2", NULL },
                                                { "7", "1", "7", "2", NULL } };
    static const char *const bad_triplets[][7] = { { "a", "1", NULL },
                                                   { "a", "1", "x", NULL },
                                                   { "a", "1", "-1", NULL },
                                                   { "a", "1", "0", "a", "1", "0", NULL } };
    struct world w;
    world_init(&w, 2);
    for (size_t i = 0; i < COUNT_OF(bad_pairs); i++) {
        struct listpack *lp = pack_of_words(bad_pairs[i]);
        CHECK_PTR_NULL(hash_new_listpack(SLICE("k"), lp, PAIR, ENTRY_NO_EXPIRY, &w.env));
        listpack_free(lp);
    }
    for (size_t i = 0; i < COUNT_OF(bad_triplets); i++) {
        struct listpack *lp = pack_of_words(bad_triplets[i]);
        CHECK_PTR_NULL(hash_new_listpack(SLICE("k"), lp, TRIPLET, ENTRY_NO_EXPIRY, &w.env));
        listpack_free(lp);
    }
    entry_free(w.e);
}

TEST(a_listpack_from_outside_becomes_a_hash_of_the_right_form)
{
    static const char *const triplets[] = { "a", "1", "500", "b", "2", "0", "c", "3", "400", NULL };
    static const char *const forms[] = { "hashtable", "hashtable", "hashtable", "listpackex" };
    for (int64_t limit = 0; limit < (int64_t)COUNT_OF(forms); limit++) {
        struct world w;
        size_t width;
        world_init(&w, limit);
        struct listpack *lp = pack_of_words(triplets);
        struct entry *e = hash_new_listpack(SLICE("k"), lp, TRIPLET, ENTRY_NO_EXPIRY, &w.env);
        CHECK_STR(entry_encoding_name(e), forms[limit]);
        hash_verify(e);
        CHECK_INT(hash_due(e), 400);
        CHECK_UINT(hash_count(e, 450), 2);
        CHECK(hash_listpack(e, &width) == NULL || width == TRIPLET);
        entry_free(e);
        entry_free(w.e);
    }
}

static void count_draw(void *arg, const struct hash_field *f)
{
    unsigned *draws = arg;
    draws[f->name.ptr[0] - 'a']++;
}

/* Each of eight fields should be drawn about 4000 times; a fair draw leaves these bounds once in 10^9. */
static void check_fair(struct world *w, size_t at_once)
{
    unsigned draws[8] = { 0 };
    for (int i = 0; i < 32000; i += (int)at_once)
        if (at_once == 1)
            hash_random(w->e, &w->env, w->now_ms, count_draw, draws);
        else
            hash_sample(w->e, &w->env, w->now_ms, at_once, count_draw, draws);
    for (size_t i = 0; i < COUNT_OF(draws); i++)
        CHECK(draws[i] > 3600 && draws[i] < 4400);
}

TEST(a_time_before_1970_is_over)
{
    static const int64_t times[] = { 0, -2, INT64_MIN + 1 };
    for (int64_t limit = 0; limit < 2; limit++)
        for (size_t i = 0; i < COUNT_OF(times); i++) {
            struct world w;
            world_init(&w, limit);
            struct hash_field f = { SLICE("a"), SLICE("v"), times[i] };
            (void)hash_put(w.e, &w.env, &f, w.now_ms);
            CHECK(hash_is_over(w.e, w.now_ms));
            CHECK(hash_set_expiry(w.e, &w.env, f.name, ENTRY_NO_EXPIRY));
            CHECK(!hash_is_over(w.e, w.now_ms));
            CHECK(hash_set_expiry(w.e, &w.env, f.name, times[i]));
            CHECK(hash_is_over(w.e, w.now_ms));
            entry_free(w.e);
        }
}

TEST(many_fields_from_outside_are_compared_too)
{
    for (int twice = 0; twice < 2; twice++) {
        struct world w;
        struct listpack *lp = listpack_new();
        world_init(&w, 512);
        for (int i = 0; i < 200 + twice; i++)
            lp = listpack_append_int(listpack_append_int(lp, i % 200), i);
        struct entry *e = hash_new_listpack(SLICE("k"), lp, PAIR, ENTRY_NO_EXPIRY, &w.env);
        CHECK_INT(e == NULL, twice);
        if (e) {
            hash_verify(e);
            CHECK_UINT(hash_count(e, HASH_SHOW_ALL), 200);
            CHECK_STR(entry_encoding_name(e), "listpack");
            entry_free(e);
        } else {
            listpack_free(lp);
        }
        entry_free(w.e);
    }
}

TEST(draws_are_fair_in_every_form)
{
    for (int form = 0; form < 3; form++) {
        struct world w;
        world_init(&w, form == 2 ? 0 : 512);
        for (char c = 'a'; c < 'a' + 8; c++)
            put(&w, slice_of(&c, 1), SLICE("v"));
        struct hash_field over = { SLICE("z"), SLICE("v"), w.now_ms - 1 };
        if (form > 0)
            (void)hash_put(w.e, &w.env, &over, HASH_SHOW_ALL);
        check_fair(&w, 1);
        check_fair(&w, 2);
        check_fair(&w, 4);
        entry_free(w.e);
    }
}

TEST(a_reserve_makes_a_table_only_of_what_will_be_big)
{
    struct world w;
    world_init(&w, 100);
    hash_reserve(w.e, &w.env, 100);
    CHECK_STR(entry_encoding_name(w.e), "listpack");
    hash_reserve(w.e, &w.env, 101);
    CHECK_STR(entry_encoding_name(w.e), "hashtable");
    put(&w, SLICE("a"), SLICE("b"));
    hash_verify(w.e);
    entry_free(w.e);
}
