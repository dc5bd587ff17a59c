/* Hashes with fields that expire, as their database knows them. */
#include <stdio.h>

#include "base/mem.h"
#include "db/testing.h"
#include "journal/journal.h"
#include "tests/unit/check.h"

#define AT(ms) (DB_WORLD_START_MS + (ms))

/* Puts a field as a handler does; `ms` from the start, or ENTRY_NO_EXPIRY. */
static void put(struct db *db, const char *name, const char *field, int64_t ms)
{
    struct key key = db_world_key(db, name);
    struct entry *old = db_peek(db, key);
    struct entry *e = old ? old : hash_new(key.name, ENTRY_NO_EXPIRY);
    struct hash_field f = { slice_str(field), SLICE("v"), ms == ENTRY_NO_EXPIRY ? ms : AT(ms) };
    (void)hash_put(e, keyspace_env(db_keyspace(db)), &f, db_fields_now(db));
    if (old)
        db_store(db, key, old, e);
    else
        db_insert(db, key, e);
}

static size_t count_of(struct db *db, const char *name)
{
    struct entry *e = db_world_peek(db, name);
    return e ? hash_count(e, db_fields_now(db)) : 0;
}

/* Small as listpacks, or as tables at once. */
static struct db_world *world(bool small)
{
    struct db_world *w = db_world_new(false);
    w->ks->env.hash_listpack_entries = small ? 512 : 0;
    return w;
}

static void each_form(void (*test)(struct db_world *w))
{
    for (int small = 0; small < 2; small++) {
        struct db_world *w = world(small);
        test(w);
        keyspace_verify(w->ks);
        db_world_free(w);
    }
}

static void look_up(struct db_world *w)
{
    put(w->db, "h", "a", 10);
    put(w->db, "h", "b", ENTRY_NO_EXPIRY);
    db_world_forget(w);
    uint64_t dirty = keyspace_dirty(w->ks);
    db_world_go(w, 10);
    CHECK_UINT(count_of(w->db, "h"), 2);
    CHECK_TOLD(w, "");
    db_world_go(w, 11);
    CHECK_UINT(count_of(w->db, "h"), 1);
    CHECK_TOLD(w, "hexpired 0 h; changed 0 h; ");
    CHECK_EFFECTS(w, "SELECT 0; HDEL h a");
    CHECK_UINT(keyspace_dirty(w->ks), dirty);
    CHECK_UINT(w->ks->stats.expired_fields, 1);
    CHECK_UINT(db_count_fields(w->db), 0);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
}

TEST(a_look_up_removes_fields_that_are_over)
{
    each_form(look_up);
}

static void last_field(struct db_world *w)
{
    put(w->db, "h", "a", 10);
    put(w->db, "h", "b", 20);
    db_world_forget(w);
    db_world_go(w, 21);
    CHECK_PTR_NULL(db_world_peek(w->db, "h"));
    CHECK_TOLD(w, "hexpired 0 h; changed 0 h; del 0 h; ");
    CHECK_EFFECTS(w, "SELECT 0; UNLINK h");
    CHECK_UINT(db_count(w->db), 0);
    CHECK_UINT(w->ks->stats.expired_fields, 2);
}

TEST(the_key_goes_with_the_last_field)
{
    each_form(last_field);
}

static void slices(struct db_world *w)
{
    char field[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(field, sizeof(field), "f%d", i);
        put(w->db, "h", field, 10);
    }
    put(w->db, "h", "stays", ENTRY_NO_EXPIRY);
    put(keyspace_db(w->ks, 1), "g", "a", 5);
    db_world_set(w->db, "k", "v", 7);
    CHECK_INT(keyspace_next_due(w->ks), AT(6));
    CHECK(keyspace_expire_due(w->ks, AT(20), 2));
    CHECK_UINT(db_count(keyspace_db(w->ks, 1)), 0);
    CHECK_UINT(db_count(w->db), 1);
    CHECK(keyspace_expire_due(w->ks, AT(20), 90));
    CHECK_UINT(hash_count(db_world_peek(w->db, "h"), HASH_SHOW_ALL), 11);
    CHECK(!keyspace_expire_due(w->ks, AT(20), 90));
    CHECK_UINT(count_of(w->db, "h"), 1);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    CHECK_UINT(w->ks->stats.expired_active, 1);
    CHECK_UINT(w->ks->stats.expired_fields, 101);
}

TEST(slices_remove_what_is_due_in_order_and_no_more_than_they_may)
{
    each_form(slices);
}

static void backlog(struct db_world *w)
{
    char field[16];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(field, sizeof(field), "f%d", i);
        put(w->db, "h", field, 10);
    }
    put(w->db, "h", "stays", ENTRY_NO_EXPIRY);
    db_world_go(w, 11);
    struct entry *e = db_world_peek(w->db, "h");
    CHECK(hash_count(e, HASH_SHOW_ALL) > 500);
    CHECK_UINT(count_of(w->db, "h"), 1);
    db_world_forget(w);
    struct key key = db_world_key(w->db, "h");
    e = db_world_peek(w->db, "h");
    db_world_forget(w);
    struct slice names[] = { SLICE("f999"), SLICE("stays"), SLICE("none") };
    struct db_field_names named = { names, COUNT_OF(names), 1 };
    size_t before = hash_count(e, HASH_SHOW_ALL);
    CHECK(hash_has(e, names[0], HASH_SHOW_ALL));
    db_expire_named(w->db, key, e, &named);
    CHECK_EFFECTS(w, "HDEL h f999");
    CHECK_UINT(hash_count(e, HASH_SHOW_ALL), before - 1);
    CHECK(hash_has(e, names[1], HASH_SHOW_ALL));
}

TEST(a_look_up_removes_only_so_many_and_hides_the_rest)
{
    struct db_world *w = world(false);
    backlog(w);
    keyspace_verify(w->ks);
    db_world_free(w);
}

static void modes(struct db_world *w)
{
    put(w->db, "h", "a", 10);
    put(w->db, "h", "b", 20);
    db_world_forget(w);
    keyspace_set_expiry_mode(w->ks, EXPIRY_HIDE);
    db_world_go(w, 11);
    CHECK_UINT(count_of(w->db, "h"), 1);
    CHECK_UINT(hash_count(db_world_peek(w->db, "h"), HASH_SHOW_ALL), 2);
    CHECK(!keyspace_expire_due(w->ks, AT(11), 10));
    db_world_go(w, 21);
    CHECK_PTR_NULL(db_world_peek(w->db, "h"));
    CHECK_UINT(db_count(w->db), 1);
    CHECK_PTR_NULL(db_random(w->db));
    keyspace_set_expiry_mode(w->ks, EXPIRY_IGNORE);
    CHECK_UINT(count_of(w->db, "h"), 2);
    CHECK_TOLD(w, "");
    CHECK_EFFECTS(w, "");
    keyspace_set_expiry_mode(w->ks, EXPIRY_HIDE);
    put(w->db, "h", "c", ENTRY_NO_EXPIRY);
    CHECK_UINT(count_of(w->db, "h"), 1);
    keyspace_set_expiry_mode(w->ks, EXPIRY_REMOVE);
    CHECK_UINT(count_of(w->db, "h"), 1);
}

TEST(fields_hide_or_stay_as_keys_do)
{
    each_form(modes);
}

static void moves(struct db_world *w)
{
    struct db *db = w->db, *other = keyspace_db(w->ks, 1);
    put(db, "h", "a", 10);
    put(db, "h", "b", ENTRY_NO_EXPIRY);
    struct key h = db_world_key(db, "h"), g = db_world_key(db, "g");
    struct entry *e = db_set_expiry(db, h, db_peek(db, h), AT(1000));
    keyspace_verify(w->ks);
    e = db_set_expiry(db, h, e, ENTRY_NO_EXPIRY);
    keyspace_verify(w->ks);

    db_insert(db, g, entry_copy(e, g.name, ENTRY_NO_EXPIRY));
    keyspace_verify(w->ks);
    CHECK_UINT(db_count_fields(db), 2);

    db_insert(other, db_world_key(other, "h"), db_take(db, h, e));
    keyspace_verify(w->ks);
    CHECK_UINT(db_count_fields(db), 1);
    CHECK_UINT(db_count_fields(other), 1);

    e = db_take(other, db_world_key(other, "h"), db_world_peek(other, "h"));
    db_insert(other, db_world_key(other, "i"), entry_rename(e, SLICE("i")));
    keyspace_verify(w->ks);

    keyspace_swap(w->ks, 0, 2);
    keyspace_verify(w->ks);
    CHECK_UINT(db_count_fields(db), 0);
    db_world_go(w, 11);
    CHECK_UINT(count_of(keyspace_db(w->ks, 2), "g"), 1);

    db_world_set(other, "i", "v", ENTRY_NO_EXPIRY);
    keyspace_verify(w->ks);
    CHECK_UINT(db_count_fields(other), 0);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);

    put(db, "x", "a", 30);
    put(db, "x", "b", 40);
    (void)keyspace_flush(w->ks, -1, false);
    keyspace_verify(w->ks);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
}

TEST(the_tree_follows_renames_copies_moves_and_flushes)
{
    each_form(moves);
}

static void earliest(struct db_world *w)
{
    put(w->db, "h", "a", 50);
    CHECK_INT(keyspace_next_due(w->ks), AT(51));
    put(w->db, "h", "b", 20);
    CHECK_INT(keyspace_next_due(w->ks), AT(21));
    put(w->db, "h", "b", 60);
    CHECK_INT(keyspace_next_due(w->ks), AT(51));
    put(w->db, "h", "a", ENTRY_NO_EXPIRY);
    CHECK_INT(keyspace_next_due(w->ks), AT(61));
    put(w->db, "h", "b", ENTRY_NO_EXPIRY);
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
}

TEST(a_hash_stands_under_its_earliest_field)
{
    each_form(earliest);
}

TEST(the_keyspace_line_counts_hashes_with_expiring_fields)
{
    struct db_world *w = world(true);
    struct buf info;
    buf_init(&info, BUF_NO_CEILING);
    put(w->db, "h", "a", ENTRY_NO_EXPIRY);
    db_world_info(w, "Keyspace", &info);
    CHECK_STR(buf_cstr(&info), "db0:keys=1,expires=0,avg_ttl=0\r\n");
    put(w->db, "h", "b", 10);
    buf_clear(&info);
    db_world_info(w, "Keyspace", &info);
    CHECK_STR(buf_cstr(&info), "db0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=1\r\n");
    buf_done(&info);
    db_world_free(w);
}

/* A field as it should be. */
struct want {
    bool present;
    int64_t when_ms;
};

TEST(random_fields_expire_exactly)
{
    enum { HASHES = 8, FIELDS = 40, STEPS = 4000 };
    static struct want want[HASHES][FIELDS];
    struct db_world *w = db_world_new(false);
    struct rand rand;
    int64_t now = 0;
    memset(want, 0, sizeof(want));
    w->ks->env.hash_listpack_entries = 20;
    rand_seed(&rand, 7);
    for (int step = 0; step < STEPS; step++) {
        char name[8], field[8];
        size_t h = rand_below(&rand, HASHES), f = rand_below(&rand, FIELDS);
        (void)snprintf(name, sizeof(name), "h%zu", h);
        (void)snprintf(field, sizeof(field), "f%zu", f);
        int64_t when = rand_below(&rand, 4) ? now + (int64_t)rand_below(&rand, 50)
                                            : ENTRY_NO_EXPIRY;
        put(w->db, name, field, when);
        want[h][f] = (struct want){ true, when };
        now += (int64_t)rand_below(&rand, 5);
        db_world_go(w, now);
        if (rand_below(&rand, 2))
            (void)keyspace_expire_due(w->ks, AT(now), rand_below(&rand, 5));
        h = rand_below(&rand, HASHES);
        (void)snprintf(name, sizeof(name), "h%zu", h);
        size_t expected = 0;
        for (size_t i = 0; i < FIELDS; i++)
            expected += want[h][i].present &&
                        (want[h][i].when_ms == ENTRY_NO_EXPIRY || want[h][i].when_ms >= now);
        CHECK_UINT(count_of(w->db, name), expected);
        if (step % 100 == 0)
            keyspace_verify(w->ks);
    }
    db_world_free(w);
}
