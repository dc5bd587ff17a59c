/* Keys that were read, against a plain model under random operations. */
#include "client/tracked.h"

#include <stdio.h>

#include "base/mem.h"
#include "tests/unit/check.h"

#define KEYS 40
#define READERS 30

static const struct hash_key hash_key = { 1, 2 };

static struct key key_of(struct slice name)
{
    return (struct key){ name, hash_bytes(&hash_key, name) };
}

static void read_by(struct tracked *t, const char *name, uint64_t id)
{
    tracked_add(t, key_of(slice_str(name)), id);
}

TEST(readers_of_a_key_come_in_the_order_of_their_ids)
{
    struct tracked t;
    tracked_init(&t, &hash_key);
    read_by(&t, "a", 300);
    read_by(&t, "a", 7);
    read_by(&t, "a", TRACKED_ID_MAX);
    read_by(&t, "a", 7);
    read_by(&t, "", 1);
    CHECK_UINT(tracked_count(&t), 2);
    CHECK_UINT(t.items, 4);
    tracked_verify(&t);

    struct tracked_key *k = tracked_take(&t, key_of(SLICE("a")));
    CHECK_PTR_NOT_NULL(k);
    CHECK_UINT(k->count, 3);
    CHECK_UINT(tracked_reader(k, 0), 7);
    CHECK_UINT(tracked_reader(k, 1), 300);
    CHECK_UINT(tracked_reader(k, 2), TRACKED_ID_MAX);
    mem_free(k);
    CHECK_UINT(t.items, 1);
    CHECK_PTR_NULL(tracked_take(&t, key_of(SLICE("a"))));
    tracked_done(&t);
}

TEST(what_is_dropped_is_freed_in_pieces)
{
    struct tracked t;
    char name[16];
    tracked_init(&t, &hash_key);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "key:%d", i);
        read_by(&t, name, 1);
    }
    tracked_drop(&t);
    CHECK_UINT(tracked_count(&t), 0);
    CHECK_UINT(t.items, 0);
    int pieces = 1;
    read_by(&t, "new", 1);
    while (tracked_free_some(&t, 10))
        pieces++;
    CHECK(pieces > 5);
    CHECK_UINT(tracked_count(&t), 1);
    tracked_drop(&t);
    tracked_drop(&t); /* what was dropped before is freed at once */
    tracked_done(&t);
}

struct model {
    bool read[KEYS][READERS];
};

static uint32_t model_readers(const struct model *m, size_t key)
{
    uint32_t count = 0;
    for (size_t i = 0; i < READERS; i++)
        count += m->read[key][i];
    return count;
}

static struct key model_key(size_t i, char name[static 16])
{
    (void)snprintf(name, 16, "%zu", i * 7);
    return key_of(slice_str(name));
}

static void check_taken(struct tracked *t, struct model *m, size_t key, struct tracked_key *k)
{
    uint32_t expected = model_readers(m, key), at = 0;
    CHECK_UINT(k ? k->count : 0, expected);
    for (size_t i = 0; i < READERS; i++)
        if (m->read[key][i])
            CHECK_UINT(tracked_reader(k, at++), i + 1);
    memset(m->read[key], 0, sizeof(m->read[key]));
    mem_free(k);
    tracked_verify(t);
}

TEST(random_operations_agree_with_a_model)
{
    struct tracked t;
    struct model m = { 0 };
    struct rand rand;
    char name[16];
    rand_seed(&rand, 5);
    tracked_init(&t, &hash_key);
    for (int step = 0; step < 20000; step++) {
        size_t key = rand_below(&rand, KEYS), reader = rand_below(&rand, READERS);
        if (rand_below(&rand, 20) > 0) {
            tracked_add(&t, model_key(key, name), reader + 1);
            m.read[key][reader] = true;
        } else {
            check_taken(&t, &m, key, tracked_take(&t, model_key(key, name)));
        }
    }
    size_t items = 0, keys = 0;
    for (size_t i = 0; i < KEYS; i++) {
        items += model_readers(&m, i);
        keys += model_readers(&m, i) > 0;
    }
    CHECK_UINT(t.items, items);
    CHECK_UINT(tracked_count(&t), keys);
    tracked_done(&t);
}

TEST(a_random_key_is_one_that_is_there)
{
    struct tracked t;
    struct rand rand;
    rand_seed(&rand, 5);
    tracked_init(&t, &hash_key);
    read_by(&t, "a", 1);
    read_by(&t, "b", 1);
    for (size_t left = 2; left > 0; left--) {
        CHECK_UINT(tracked_count(&t), left);
        struct tracked_key *k = tracked_take(&t, tracked_random(&t, &rand));
        CHECK_PTR_NOT_NULL(k);
        mem_free(k);
    }
    tracked_done(&t);
}
