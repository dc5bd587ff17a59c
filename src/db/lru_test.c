/* The LRU clock and the LFU counter on entries. */
#include "db/testing.h"
#include "tests/unit/check.h"

static struct entry *read_key(struct db_world *w)
{
    return db_lookup_read(w->db, db_world_key(w->db, "k"));
}

TEST(reading_resets_the_idle_time_and_asking_does_not)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    CHECK_INT(db_idle_s(w->db, db_world_peek(w->db, "k")), 0);
    db_world_go(w, 7999);
    CHECK_INT(db_idle_s(w->db, db_world_peek(w->db, "k")), 7);
    (void)db_lookup_info(w->db, db_world_key(w->db, "k"));
    CHECK_INT(db_idle_s(w->db, db_world_peek(w->db, "k")), 7);
    CHECK_INT(db_idle_s(w->db, read_key(w)), 0);
    db_world_go(w, 9000);
    CHECK_INT(db_idle_s(w->db, db_world_peek(w->db, "k")), 2);
    CHECK_INT(db_idle_s(w->db, db_lookup_write(w->db, db_world_key(w->db, "k"))), 0);
    db_world_free(w);
}

TEST(no_touch_leaves_the_idle_time_alone)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    db_world_go(w, 5000);
    keyspace_set_no_touch(w->ks, true);
    CHECK_INT(db_idle_s(w->db, read_key(w)), 5);
    keyspace_set_no_touch(w->ks, false);
    CHECK_INT(db_idle_s(w->db, read_key(w)), 0);
    db_world_free(w);
}

TEST(the_idle_time_survives_the_wrap_of_the_clock)
{
    struct db_world *w = db_world_new(false);
    int64_t wrap_ms = ((int64_t)ENTRY_LRU_MAX + 1) * 1000 * 102;
    keyspace_set_now(w->ks, wrap_ms - 3000);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    keyspace_set_now(w->ks, wrap_ms + 2000);
    CHECK_INT(db_idle_s(w->db, db_world_peek(w->db, "k")), 5);
    db_world_free(w);
}

TEST(an_idle_time_that_was_given_is_kept_until_the_next_touch)
{
    struct db_world *w = db_world_new(false);
    struct entry *e = string_new(SLICE("k"), SLICE("v"), ENTRY_NO_EXPIRY);
    db_set_idle_s(w->db, e, 1000);
    db_insert(w->db, db_world_key(w->db, "k"), e);
    CHECK_INT(db_idle_s(w->db, e), 1000);
    db_set_idle_s(w->db, e, INT64_MAX);
    CHECK(db_idle_s(w->db, e) >= (int64_t)ENTRY_LRU_MAX - 1);
    CHECK_INT(db_idle_s(w->db, read_key(w)), 0);
    db_world_free(w);
}

TEST(the_counter_starts_at_five_and_rises_with_the_logarithm_of_use)
{
    struct db_world *w = db_world_new(false);
    CHECK(!keyspace_uses_lfu(w->ks));
    db_world_config(w, "maxmemory-policy", "allkeys-lfu");
    CHECK(keyspace_uses_lfu(w->ks));
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    CHECK_UINT(db_frequency(w->db, db_world_peek(w->db, "k")), 5);
    (void)read_key(w);
    CHECK_UINT(db_frequency(w->db, db_world_peek(w->db, "k")), 6); /* the first one is certain */
    for (int i = 0; i < 1000; i++)
        (void)read_key(w);
    unsigned count = db_frequency(w->db, db_world_peek(w->db, "k"));
    CHECK(count >= 15);
    CHECK(count <= 25); /* about 18 for a factor of 10 */

    /* Another value under the key leaves its use as it was. */
    db_world_config(w, "lfu-decay-time", "1");
    db_world_set(w->db, "k", "another", ENTRY_NO_EXPIRY);
    CHECK_UINT(db_frequency(w->db, db_world_peek(w->db, "k")), count);
    db_world_free(w);
}

TEST(the_counter_falls_by_one_each_period)
{
    struct db_world *w = db_world_new(false);
    db_world_config(w, "maxmemory-policy", "volatile-lfu");
    db_world_config(w, "lfu-decay-time", "2");
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    struct entry *e = db_world_peek(w->db, "k");
    db_set_frequency(w->db, e, 100);
    db_world_go(w, 60000 * 20);
    CHECK_UINT(db_frequency(w->db, e), 90);
    db_world_go(w, 60000 * 300);
    CHECK_UINT(db_frequency(w->db, e), 0);
    db_world_config(w, "lfu-decay-time", "0");
    CHECK_UINT(db_frequency(w->db, e), 100);
    db_world_free(w);
}

TEST(a_factor_of_zero_counts_every_touch_up_to_the_top)
{
    struct db_world *w = db_world_new(false);
    db_world_config(w, "maxmemory-policy", "allkeys-lfu");
    db_world_config(w, "lfu-log-factor", "0");
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    for (int i = 0; i < 100; i++)
        (void)read_key(w);
    CHECK_UINT(db_frequency(w->db, db_world_peek(w->db, "k")), 105);
    for (int i = 0; i < 1000; i++)
        (void)read_key(w);
    CHECK_UINT(db_frequency(w->db, db_world_peek(w->db, "k")), 255);
    db_world_free(w);
}
