/* Look-ups and changes of keys, and what is done to whole databases. */
#include <stdio.h>

#include "db/testing.h"
#include "tests/unit/check.h"

TEST(an_empty_database_answers_everything)
{
    struct db_world *w = db_world_new(false);
    struct key key = db_world_key(w->db, "k");
    struct table_stats stats;

    db_prefetch_bucket(w->db, key.hash);
    (void)db_prefetch_entry(w->db, key.hash, false);
    CHECK_PTR_NULL(db_lookup_read(w->db, key));
    CHECK_PTR_NULL(db_lookup_write(w->db, key));
    CHECK_PTR_NULL(db_random(w->db));
    CHECK_UINT(db_scan(w->db, 0, NULL, NULL), 0);
    db_each(w->db, NULL, NULL);
    CHECK_UINT(db_count(w->db), 0);
    CHECK_UINT(db_count_expires(w->db), 0);
    CHECK_UINT(db_overhead(w->db), 0);
    db_table_stats(w->db, &stats);
    CHECK_UINT(stats.entries, 0);
    CHECK_UINT(keyspace_flush(w->ks, -1, false), 0);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK(!keyspace_expire_due(w->ks, INT64_MAX, 10));
    CHECK_UINT(keyspace_dirty(w->ks), 0);
    CHECK_INT(keyspace_count(w->ks), 16);
    db_world_free(w);
}

TEST(reading_counts_and_info_counts_but_peeking_does_not)
{
    struct db_world *w = db_world_new(false);
    struct buf info;
    buf_init(&info, BUF_NO_CEILING);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    db_world_forget(w);

    CHECK_PTR_NOT_NULL(db_lookup_read(w->db, db_world_key(w->db, "k")));
    CHECK_PTR_NOT_NULL(db_lookup_info(w->db, db_world_key(w->db, "k")));
    CHECK_PTR_NOT_NULL(db_lookup_write(w->db, db_world_key(w->db, "k")));
    CHECK_PTR_NOT_NULL(db_peek(w->db, db_world_key(w->db, "k")));
    CHECK_PTR_NULL(db_peek(w->db, db_world_key(w->db, "no")));
    CHECK_PTR_NULL(db_lookup_write(w->db, db_world_key(w->db, "no")));
    CHECK_TOLD(w, "");
    CHECK_PTR_NULL(db_lookup_read(w->db, db_world_key(w->db, "no")));
    CHECK_TOLD(w, "keymiss 0 no; ");
    CHECK_PTR_NULL(db_lookup_info(w->db, db_world_key(w->db, "no")));
    CHECK_TOLD(w, "keymiss 0 no; ");
    db_world_info(w, "Stats", &info);
    CHECK_STR(buf_cstr(&info),
              "expired_keys:0 expired_keys_active:0 expired_fields:0 expired_stale_perc:0.00 "
              "expired_time_cap_reached_count:0 "
              "expire_cycle_cpu_milliseconds:0 evicted_keys:0 keyspace_hits:2 keyspace_misses:2 ");

    keyspace_metrics(w->ks).reset(w->ks);
    db_world_info(w, "Stats", &info);
    CHECK(strstr(buf_cstr(&info), "keyspace_hits:0 keyspace_misses:0 "));
    buf_done(&info);
    db_world_free(w);
}

TEST(changes_are_counted_and_told)
{
    struct db_world *w = db_world_new(false);
    struct key key = db_world_key(w->db, "k");

    db_insert(w->db, key, string_new(key.name, SLICE("1"), ENTRY_NO_EXPIRY));
    CHECK_TOLD(w, "changed 0 k; new 0 k; ");
    CHECK_UINT(keyspace_dirty(w->ks), 1);

    struct entry *e = db_lookup_write(w->db, key);
    struct entry *old = e;
    e = string_set(e, SLICE("a long value that makes the entry move to another block"));
    db_store(w->db, key, old, e);
    CHECK_PTR(db_peek(w->db, key), e);
    CHECK_TOLD(w, "changed 0 k; ");

    db_set(w->db, key, string_new(key.name, SLICE("2"), ENTRY_NO_EXPIRY));
    CHECK_TOLD(w, "changed 0 k; ");
    e = db_set_expiry(w->db, key, db_peek(w->db, key), DB_WORLD_START_MS + 5);
    CHECK_PTR(db_peek(w->db, key), e);
    CHECK_UINT(db_count_expires(w->db), 1);
    CHECK_TOLD(w, "changed 0 k; ");
    e = db_set_expiry(w->db, key, e, ENTRY_NO_EXPIRY);
    CHECK_UINT(db_count_expires(w->db), 0);
    CHECK_UINT(keyspace_dirty(w->ks), 5);
    (void)db_set_expiry(w->db, key, e, ENTRY_NO_EXPIRY);
    CHECK_UINT(keyspace_dirty(w->ks), 5);

    e = db_take(w->db, key, e);
    db_insert(keyspace_db(w->ks, 3), key, e);
    CHECK_UINT(db_count(w->db), 0);
    db_world_forget(w);
    db_delete(keyspace_db(w->ks, 3), key, e, true);
    CHECK_TOLD(w, "changed 3 k; ");
    CHECK_UINT(keyspace_dirty(w->ks), 8);
    keyspace_count_dirty(w->ks, 2);
    CHECK_UINT(keyspace_dirty(w->ks), 10);
    CHECK_EFFECTS(w, ""); /* effects of changes are the dispatcher's */
    db_world_free(w);
}

TEST(events_that_nobody_wants_are_not_fired)
{
    struct db_world *w = db_world_new(false);
    keyspace_set_event_classes(w->ks, EVENT_EXPIRED | EVENT_MISS);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    (void)db_lookup_read(w->db, db_world_key(w->db, "no"));
    CHECK_TOLD(w, "changed 0 k; keymiss 0 no; ");
    db_world_free(w);
}

TEST(an_overwritten_entry_takes_its_expiry_along)
{
    struct db_world *w = db_world_new(false);
    db_world_set(w->db, "k", "v", 100);
    db_world_set(w->db, "k", "v", 200);
    CHECK_UINT(db_count_expires(w->db), 1);
    CHECK_INT(keyspace_next_due(w->ks), DB_WORLD_START_MS + 201);
    db_world_set(w->db, "k", "v", ENTRY_NO_EXPIRY);
    CHECK_UINT(db_count_expires(w->db), 0);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    db_world_set(w->db, "k", "v", 300);
    CHECK_UINT(db_count_expires(w->db), 1);
    db_world_free(w);
}

TEST(a_flush_empties_one_database_or_all)
{
    struct db_world *w = db_world_new(false);
    struct db *other = keyspace_db(w->ks, 5);
    for (int i = 0; i < 3; i++) {
        const char *name = &"a\0b\0c"[i * 2];
        db_world_set(w->db, name, "v", i);
        db_world_set(other, name, "v", ENTRY_NO_EXPIRY);
    }
    uint64_t dirty = keyspace_dirty(w->ks);
    db_world_forget(w);

    CHECK_UINT(keyspace_flush(w->ks, 0, false), 3);
    CHECK_TOLD(w, "changed 0 *; ");
    CHECK_UINT(keyspace_dirty(w->ks), dirty + 3);
    CHECK_UINT(db_count(w->db), 0);
    CHECK_UINT(db_count_expires(w->db), 0);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK_UINT(db_count(other), 3);

    db_world_set(w->db, "again", "v", 7);
    db_world_forget(w);
    CHECK_UINT(keyspace_flush(w->ks, -1, true), 4); /* no worker: at once */
    CHECK_TOLD(w, "changed 0 *; changed 5 *; ");
    CHECK_UINT(db_count(other), 0);
    db_world_free(w);
}

TEST(a_swap_takes_keys_and_expiries_across)
{
    struct db_world *w = db_world_new(false);
    struct db *other = keyspace_db(w->ks, 1);
    db_world_set(w->db, "mine", "v", 100);
    db_world_set(w->db, "mine too", "v", ENTRY_NO_EXPIRY);
    db_world_forget(w);

    keyspace_swap(w->ks, 0, 1);
    CHECK_TOLD(w, "changed 0 *; changed 1 *; changed 0 *; changed 1 *; ");
    CHECK_UINT(db_count(w->db), 0);
    CHECK_UINT(db_count(other), 2);
    CHECK_UINT(db_count_expires(other), 1);
    CHECK_PTR_NOT_NULL(db_world_peek(other, "mine"));

    db_world_go(w, 101);
    CHECK(!keyspace_expire_due(w->ks, DB_WORLD_START_MS + 101, 10));
    CHECK_TOLD(w, "expired 1 mine; changed 1 mine; ");
    keyspace_swap(w->ks, 1, 1);
    CHECK_TOLD(w, "");
    db_world_free(w);
}

static void count_visit(void *arg, void *entry)
{
    unsigned *seen = arg;
    unsigned number = 0;
    struct slice name = entry_key(entry);
    for (size_t i = 0; i < name.len; i++)
        number = number * 10 + (unsigned)(name.ptr[i] - '0');
    seen[number]++;
}

TEST(a_scan_visits_every_key_and_each_does_once)
{
    struct db_world *w = db_world_new(false);
    static unsigned seen[1000];
    for (unsigned i = 0; i < COUNT_OF(seen); i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%u", i);
        db_world_set(w->db, name, "v", ENTRY_NO_EXPIRY);
    }
    uint64_t cursor = 0;
    do
        cursor = db_scan(w->db, cursor, count_visit, seen);
    while (cursor != 0);
    for (unsigned i = 0; i < COUNT_OF(seen); i++)
        CHECK(seen[i] >= 1);
    memset(seen, 0, sizeof(seen));
    db_each(w->db, count_visit, seen);
    for (unsigned i = 0; i < COUNT_OF(seen); i++)
        CHECK_UINT(seen[i], 1);
    db_world_free(w);
}

TEST(a_hold_keeps_tables_and_entries_as_they_are)
{
    struct db_world *w = db_world_new(false);
    struct table_stats before, after;
    db_world_set(w->db, "first", "v", ENTRY_NO_EXPIRY);
    db_world_go(w, 5000);
    keyspace_hold(w->ks, true);
    db_table_stats(w->db, &before);
    for (int i = 0; i < 9; i++)
        db_world_set(w->db, (const char[]){ (char)('a' + i), 0 }, "v", ENTRY_NO_EXPIRY);
    db_table_stats(w->db, &after);
    CHECK_UINT(after.buckets, before.buckets);
    struct entry *e = db_lookup_read(w->db, db_world_key(w->db, "first"));
    CHECK_INT(db_idle_s(w->db, e), 5);

    keyspace_hold(w->ks, false);
    keyspace_jobs(w->ks).rows[0].run(w->ks);
    table_verify(w->db->keys);
    (void)db_lookup_read(w->db, db_world_key(w->db, "first"));
    CHECK_INT(db_idle_s(w->db, e), 0);
    db_world_free(w);
}

TEST(info_has_a_line_for_each_database_with_keys)
{
    struct db_world *w = db_world_new(false);
    struct buf info;
    buf_init(&info, BUF_NO_CEILING);
    db_world_info(w, "Keyspace", &info);
    CHECK_STR(buf_cstr(&info), "");
    db_world_set(w->db, "a", "v", 1000);
    db_world_set(w->db, "b", "v", 3000);
    db_world_set(w->db, "c", "v", ENTRY_NO_EXPIRY);
    db_world_set(keyspace_db(w->ks, 15), "c", "v", ENTRY_NO_EXPIRY);
    db_world_info(w, "Keyspace", &info);
    CHECK_STR(buf_cstr(&info), "db0:keys=3,expires=2,avg_ttl=2000\r\n"
                               "db15:keys=1,expires=0,avg_ttl=0\r\n");
    db_world_go(w, 2500);
    CHECK_PTR_NULL(db_world_peek(w->db, "a"));
    db_world_info(w, "Keyspace", &info);
    CHECK_STR(buf_cstr(&info), "db0:keys=2,expires=1,avg_ttl=500\r\n"
                               "db15:keys=1,expires=0,avg_ttl=0\r\n");
    buf_done(&info);
    db_world_free(w);
}

TEST(the_same_hash_seed_gives_the_same_hashes)
{
    struct db_world *w = db_world_new(false);
    struct keyspace *one = keyspace_new(w->journal, NULL, 0);
    struct keyspace *two = keyspace_new(w->journal, NULL, 0);
    struct keyspace *three = keyspace_new(w->journal, NULL, 0);
    struct keyspace *all[] = { one, two, three };
    for (size_t i = 0; i < 2; i++) {
        struct directive_table table = keyspace_directives(all[i]);
        struct directive_error error;
        for (size_t r = 0; r < table.count; r++)
            if (strcmp(table.rows[r].name, "hash-seed") == 0)
                CHECK_INT(directive_parse(&table, &table.rows[r], &SLICE("some seed"), 1, &error),
                          0);
    }
    uint64_t hashes[3];
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        keyspace_start(all[i]);
        hashes[i] = db_world_key(keyspace_db(all[i], 0), "k").hash;
        keyspace_free(all[i]);
    }
    CHECK_UINT(hashes[0], hashes[1]);
    CHECK(hashes[0] != hashes[2]);
    db_world_free(w);
}
