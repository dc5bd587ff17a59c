/* Expiry: met by look-ups, and in slices of its own. */
#include <stdio.h>

#include "db/testing.h"
#include "journal/journal.h"
#include "tests/unit/check.h"

TEST(a_key_lives_through_its_last_millisecond)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 10);
    db_world_forget(w);
    db_world_go(w, 10);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 10, 10));
    CHECK_PTR_NOT_NULL(db_world_peek(w->db, "k"));
    db_world_go(w, 11);
    CHECK_PTR_NULL(db_world_peek(w->db, "k"));
    CHECK_UINT(db_count(w->db), 0);
    db_world_free(w);
}

TEST(every_look_up_removes_what_is_due_with_effect_and_event)
{
    struct entry *(*const lookups[])(struct db *, struct key) = {
        db_lookup_read,
        db_lookup_write,
        db_lookup_info,
        db_peek,
    };
    struct db_world *w = db_world_new(false);
    for (size_t i = 0; i < COUNT_OF(lookups); i++) {
        db_world_go(w, 0);
        keyspace_set_event_classes(w->ks, ~(uint32_t)EVENT_MISS);
        db_world_set(w->db, "k", "v", 10);
        db_world_forget(w);
        uint64_t dirty = keyspace_dirty(w->ks);
        db_world_go(w, 11);
        CHECK_PTR_NULL(lookups[i](w->db, db_world_key(w->db, "k")));
        CHECK_TOLD(w, "expired 0 k; changed 0 k; ");
        CHECK_EFFECTS(w, i == 0 ? "SELECT 0; UNLINK k" : "UNLINK k");
        CHECK_UINT(keyspace_dirty(w->ks), dirty); /* a read has not changed data */
        CHECK_UINT(db_count(w->db), 0);
    }
    CHECK_UINT(w->ks->stats.expired, COUNT_OF(lookups));
    db_world_free(w);
}

TEST(without_lazy_expiry_the_effect_is_del)
{
    struct db_world *w = db_world_new(false);
    db_world_config(w, "lazyfree-lazy-expire", "no");
    db_world_set(keyspace_db(w->ks, 4), "k", "v", 10);
    db_world_go(w, 11);
    CHECK_PTR_NULL(db_world_peek(keyspace_db(w->ks, 4), "k"));
    CHECK_EFFECTS(w, "SELECT 4; DEL k");
    db_world_free(w);
}

TEST(the_effect_of_a_met_key_comes_before_that_of_the_unit)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 10);
    db_world_go(w, 11);
    journal_unit_begin(w->journal);
    CHECK_PTR_NULL(db_lookup_write(w->db, db_world_key(w->db, "k")));
    struct slice effect[] = { SLICE("INCR"), SLICE("k") };
    journal_effect(w->journal, 0, effect, COUNT_OF(effect));
    journal_unit_end(w->journal);
    CHECK_EFFECTS(w, "MULTI; SELECT 0; UNLINK k; INCR k; EXEC");
    db_world_free(w);
}

TEST(hidden_keys_are_not_found_and_stay)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 10);
    db_world_forget(w);
    db_world_go(w, 11);
    keyspace_set_expiry_mode(w->ks, EXPIRY_HIDE);
    CHECK_PTR_NULL(db_world_peek(w->db, "k"));
    CHECK_PTR_NULL(db_random(w->db));
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 11, 10));
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK_UINT(db_count(w->db), 1);
    CHECK_TOLD(w, "");

    db_world_set(w->db, "other", "v", ENTRY_NO_EXPIRY);
    for (int i = 0; i < 20; i++)
        CHECK_SLICE(entry_key(db_random(w->db)), "other");

    /* What is stored under its name takes its place. */
    db_world_set(w->db, "k", "new", 50);
    CHECK_UINT(db_count(w->db), 2);
    CHECK_UINT(db_count_expires(w->db), 1);
    CHECK_INT(entry_expiry(db_world_peek(w->db, "k")), DB_WORLD_START_MS + 50);
    CHECK_EFFECTS(w, "");
    db_world_free(w);
}

TEST(an_overdue_majority_of_hidden_keys_does_not_hide_the_rest_from_chance)
{
    struct db_world *w = db_world_new(false);
    for (int i = 0; i < 2000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%d", i);
        db_world_set(w->db, name, "v", 10);
    }
    db_world_set(w->db, "alive", "v", 12);
    db_world_go(w, 11);
    keyspace_set_expiry_mode(w->ks, EXPIRY_HIDE);
    CHECK_SLICE(entry_key(db_random(w->db)), "alive");
    keyspace_set_expiry_mode(w->ks, EXPIRY_REMOVE);
    CHECK_SLICE(entry_key(db_random(w->db)), "alive");
    db_world_go(w, 13);
    CHECK_PTR_NULL(db_random(w->db));
    CHECK_UINT(db_count(w->db), 0);
    db_world_free(w);
}

TEST(ignored_expiry_leaves_keys_as_they_are)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 10);
    db_world_forget(w);
    db_world_go(w, 11);
    keyspace_set_expiry_mode(w->ks, EXPIRY_IGNORE);
    struct entry *e = db_world_peek(w->db, "k");
    CHECK_PTR_NOT_NULL(e);
    CHECK(!db_is_expired(w->db, e));
    CHECK_PTR(db_random(w->db), e);
    keyspace_set_expiry_mode(w->ks, EXPIRY_HIDE);
    CHECK(db_is_expired(w->db, e));
    CHECK_TOLD(w, "");
    db_world_free(w);
}

TEST(active_expiry_goes_in_the_order_of_time_over_all_databases)
{
    struct db_world *w = db_world_new(false);
    struct db *other = keyspace_db(w->ks, 1);
    db_world_set(w->db, "c", "v", 30);
    db_world_set(other, "b", "v", 20);
    db_world_set(w->db, "e", "v", 50);
    db_world_set(other, "d", "v", 40);
    db_world_set(w->db, "a", "v", 10);
    db_world_set(other, "f", "v", 60);
    db_world_set(other, "g", "v", ENTRY_NO_EXPIRY);
    db_world_forget(w);

    CHECK_INT(keyspace_next_due(w->ks), DB_WORLD_START_MS + 11);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 10, 10));
    CHECK_TOLD(w, "");
    CHECK(keyspace_expire_due(w->ks, DB_WORLD_START_MS + 51, 3));
    CHECK_TOLD(w, "expired 0 a; changed 0 a; expired 1 b; changed 1 b; expired 0 c; changed 0 c; ");
    CHECK_EFFECTS(w, "SELECT 0; UNLINK a | SELECT 1; UNLINK b | SELECT 0; UNLINK c");
    CHECK_INT(keyspace_next_due(w->ks), DB_WORLD_START_MS + 41);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 51, 3));
    CHECK_TOLD(w, "expired 1 d; changed 1 d; expired 0 e; changed 0 e; ");
    CHECK_INT(keyspace_next_due(w->ks), DB_WORLD_START_MS + 61);
    CHECK_UINT(w->ks->stats.expired, 5);
    CHECK_UINT(w->ks->stats.slices_full, 1);
    CHECK_UINT(db_count(w->db), 0);
    CHECK_UINT(db_count(other), 2);
    db_world_free(w);
}

TEST(switched_off_active_expiry_leaves_it_to_look_ups)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 10);
    db_world_go(w, 11);
    keyspace_set_active_expire(w->ks, false);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 11, 10));
    CHECK_UINT(db_count(w->db), 1);
    CHECK_PTR_NULL(db_world_peek(w->db, "k"));
    keyspace_set_active_expire(w->ks, true);
    db_world_set(w->db, "k", "v", 10);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 11, 10));
    CHECK_UINT(db_count(w->db), 0);
    db_world_free(w);
}

TEST(times_at_both_ends_are_kept)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "first", "v", -DB_WORLD_START_MS); /* the time 0 */
    db_set(w->db, db_world_key(w->db, "last"), string_new(SLICE("last"), SLICE("v"), INT64_MAX));
    CHECK_UINT(db_count_expires(w->db), 2);
    CHECK_PTR_NULL(db_world_peek(w->db, "first"));
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK_INT(entry_expiry(db_world_peek(w->db, "last")), INT64_MAX);
    db_world_free(w);
}

TEST(effort_widens_the_slice)
{
    struct db_world *w = db_world_new(false);
    size_t least = keyspace_expire_slice(w->ks);
    CHECK(least > 0);
    db_world_config(w, "active-expire-effort", "10");
    CHECK_UINT(keyspace_expire_slice(w->ks), 10 * least);
    db_world_free(w);
}
