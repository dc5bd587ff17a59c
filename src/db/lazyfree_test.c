/* What is freed in the background, and that nothing is lost on the way. */
#include <pthread.h>
#include <stdio.h>

#include "db/testing.h"
#include "event/worker.h"
#include "tests/unit/check.h"

#define BIG_LEN ((size_t)8 << 20)

static struct entry *big_entry(const char *name)
{
    struct blob *blob = blob_new(BIG_LEN, BIG_LEN);
    memset(blob->bytes, 'x', BIG_LEN);
    return string_new_blob(slice_str(name), blob, ENTRY_NO_EXPIRY);
}

static void check_lazy(struct db_world *w, const char *want)
{
    struct buf info;
    buf_init(&info, BUF_NO_CEILING);
    worker_drain(w->worker);
    db_world_info(w, "Memory", &info);
    CHECK_STR(buf_cstr(&info), want);
    buf_done(&info);
}

TEST(big_values_are_freed_in_the_background_and_small_ones_at_once)
{
    struct db_world *w = db_world_new(true);
    struct key key = db_world_key(w->db, "k");
    db_set(w->db, key, string_new(key.name, SLICE("small"), ENTRY_NO_EXPIRY));
    db_delete(w->db, key, db_peek(w->db, key), true);
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:0 ");
    db_set(w->db, key, big_entry("k"));
    db_delete(w->db, key, db_peek(w->db, key), false);
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:0 ");
    db_set(w->db, key, big_entry("k"));
    db_delete(w->db, key, db_peek(w->db, key), true);
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:1 ");

    db_world_config(w, "lazyfree-lazy-server-del", "no");
    db_set(w->db, key, big_entry("k"));
    db_set(w->db, key, big_entry("k"));
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:1 ");
    db_world_config(w, "lazyfree-lazy-server-del", "yes");
    db_set(w->db, key, big_entry("k"));
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:2 ");

    db_set_expiry(w->db, key, db_peek(w->db, key), DB_WORLD_START_MS + 1);
    db_world_go(w, 2);
    CHECK_PTR_NULL(db_peek(w->db, key));
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:3 ");
    keyspace_metrics(w->ks).reset(w->ks);
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:0 ");
    db_world_free(w);
}

/* Keeps the worker busy until the test says so. */
static void wait_for_lock(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
}

TEST(a_lazy_flush_hands_the_tables_over)
{
    struct db_world *w = db_world_new(true);
    struct buf info;
    buf_init(&info, BUF_NO_CEILING);
    for (int i = 0; i < 20000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%d", i);
        db_world_set(keyspace_db(w->ks, i % 2), name, "some value", i % 3 ? ENTRY_NO_EXPIRY : i);
    }
    pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&busy);
    worker_submit(w->worker, wait_for_lock, NULL, &busy);
    CHECK_UINT(keyspace_flush(w->ks, -1, true), 20000);
    CHECK_UINT(db_count(w->db), 0);
    db_world_info(w, "Memory", &info);
    CHECK_STR(buf_cstr(&info), "lazyfree_pending_objects:20000 lazyfreed_objects:0 ");
    /* The databases go on meanwhile. */
    db_world_set(w->db, "k", "v", 5);
    CHECK_UINT(db_count(w->db), 1);
    pthread_mutex_unlock(&busy);
    check_lazy(w, "lazyfree_pending_objects:0 lazyfreed_objects:20000 ");
    CHECK_PTR_NOT_NULL(db_world_peek(w->db, "k"));
    buf_done(&info);
    pthread_mutex_destroy(&busy);
    db_world_free(w);
}

TEST(the_end_waits_for_what_is_pending)
{
    struct db_world *w = db_world_new(true);
    for (int i = 0; i < 5000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%d", i);
        db_world_set(w->db, name, "some value", ENTRY_NO_EXPIRY);
    }
    CHECK_UINT(keyspace_flush(w->ks, 0, true), 5000);
    db_world_free(w); /* asserts that nothing is pending; the leak checker sees the rest */
}
