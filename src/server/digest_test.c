/* Digests equal to those of redis-server 7.0.15 for the same data. */
#include "server/digest.h"

#include "journal/journal.h"
#include "tests/unit/check.h"
#include "types/string.h"

struct world {
    struct journal *journal;
    struct keyspace *ks;
};

static void world_init(struct world *w)
{
    w->journal = journal_new();
    w->ks = keyspace_new(w->journal, NULL, 1);
    keyspace_start(w->ks);
}

static void world_done(struct world *w)
{
    keyspace_free(w->ks);
    journal_free(w->journal);
}

static void set(struct world *w, int index, struct slice key, struct slice value)
{
    struct db *db = keyspace_db(w->ks, index);
    db_set(db, db_key(db, key), string_new(key, value, ENTRY_NO_EXPIRY));
}

static const char *hex(const struct digest *digest)
{
    static char text[2 * DIGEST_BYTES + 1];
    digest_hex(digest, text);
    return text;
}

static const char *whole(const struct world *w)
{
    struct digest digest;
    digest_of_keyspace(w->ks, &digest);
    return hex(&digest);
}

static const char *value_of(struct world *w, const char *key)
{
    struct digest digest;
    struct db *db = keyspace_db(w->ks, 0);
    digest_of_value(db_peek(db, db_key(db, slice_str(key))), &digest);
    return hex(&digest);
}

TEST(nothing_is_all_zeros)
{
    struct world w;
    world_init(&w);
    CHECK_STR(whole(&w), "0000000000000000000000000000000000000000");
    world_done(&w);
}

TEST(a_number_and_a_text)
{
    struct world w;
    world_init(&w);
    set(&w, 0, SLICE("a"), SLICE("1"));
    CHECK_STR(whole(&w), "943d800368fb9c0e951138f1bc0e313ac769d91f");
    CHECK_STR(value_of(&w, "a"), "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
    (void)keyspace_flush(w.ks, -1, false);
    set(&w, 0, SLICE("key"), SLICE("value"));
    CHECK_STR(whole(&w), "f149f3abd419a8d7d8c5673c73a100bb87404213");
    CHECK_STR(value_of(&w, "key"), "d59ec93db87f4cd915db3cdf44bb63755bc4a635");
    world_done(&w);
}

TEST(that_there_is_an_expiry_counts_but_not_when)
{
    struct world w;
    world_init(&w);
    set(&w, 0, SLICE("key"), SLICE("value"));
    struct db *db = keyspace_db(w.ks, 0);
    struct key key = db_key(db, SLICE("key"));
    for (int64_t when = 5000; when < 7000; when += 1000) {
        (void)db_set_expiry(db, key, db_peek(db, key), when);
        CHECK_STR(whole(&w), "373c939f48f1ff80ec5678eea725330630f14282");
        CHECK_STR(value_of(&w, "key"), "331b37c26446a68dd4cdd72701d1acee416ae7b6");
    }
    world_done(&w);
}

TEST(keys_of_several_databases_in_any_order)
{
    static const char zeros_and_ones[] = "\0\xff";
    char many[2000];
    memset(many, 'x', sizeof(many));
    for (int order = 0; order < 2; order++) {
        struct world w;
        world_init(&w);
        if (order == 0)
            set(&w, 3, SLICE("a"), slice_of(many, sizeof(many)));
        set(&w, 0, SLICE("a"), SLICE("1"));
        set(&w, 0, slice_of(zeros_and_ones, 2), SLICE("bin"));
        set(&w, 0, SLICE(""), SLICE("empty"));
        set(&w, 0, SLICE("b"), SLICE("2"));
        if (order == 1)
            set(&w, 3, SLICE("a"), slice_of(many, sizeof(many)));
        CHECK_STR(whole(&w), "bb7850e22091a6d933701973f270570eb9756820");
        world_done(&w);
    }
}
