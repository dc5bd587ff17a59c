#include <stdio.h>

#include "db/testing.h"

#include "tests/unit/check.h"

static void fill(struct db_world *w)
{
    char name[16];
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof(name), "key:%d", i);
        db_world_set(w->db, name, "value", i % 2 ? 1000 : ENTRY_NO_EXPIRY);
    }
}

TEST(a_sound_keyspace_passes)
{
    struct db_world *w = db_world_new(/* with_worker= */ false);
    keyspace_verify(w->ks);
    fill(w);
    keyspace_verify(w->ks);
    db_world_free(w);
}

TEST(a_key_that_was_written_over_is_found)
{
    struct db_world *w = db_world_new(/* with_worker= */ false);
    fill(w);
    char *key = (char *)(uintptr_t)entry_key(db_world_peek(w->db, "key:77")).ptr;
    *key = 'x';
    CHECK_ABORTS(keyspace_verify(w->ks));
    *key = 'k';
    keyspace_verify(w->ks);
    db_world_free(w);
}
