/* The tests of the table once more, with a level of change that they reach: in a release, splits ask
 * the key again at 2^24 buckets, here at 2^12.
 *
 * The sources come with their text, so that nothing of the library's own table is linked. */
#define TABLE_REBASE_LEVEL 12

#include "ds/table.c"
#include "ds/table_check.c"
#include "ds/table_grow.c"
#include "ds/table_scan.c"
#include "ds/table_test.c"

TEST(the_level_of_change_is_crossed_in_both_directions)
{
    struct world *w = world_new();

    for (int round = 0; round < 4; round++) {
        world_drift(w, 65000);
        CHECK(table_buckets(w->table) > (size_t)2 << TABLE_REBASE_LEVEL);
        world_check(w);
        world_drift(w, 30000);
        world_check(w);
        world_drift(w, 3000);
        CHECK(table_buckets(w->table) < (size_t)1 << TABLE_REBASE_LEVEL);
        world_check(w);
    }
    world_free(w);
}

TEST(draining_crosses_the_level_of_change)
{
    struct world *w = world_new();
    size_t visits = 0;

    world_drift(w, 65000);
    while (!table_drain(w->table, 500, visit_count, &visits))
        table_verify(w->table);
    CHECK_UINT(visits, w->count);
    world_free(w);
}
