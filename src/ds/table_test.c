/* The table against a plain model, under random operations.
 *
 * table_rebase_test.c compiles this file a second time with a lower level of change. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ds/table.h"
#include "ds/table_fill.h"

/* Enough for level 14, so that rebase tests cross level 12 in both directions. */
#define IDS ((size_t)100000)

struct item {
    uint64_t id;
    unsigned seen;
    bool stays; /* in the table from a walk's start to its end */
};

/* The model: which ids are in, and which of those may be removed. */
struct world {
    struct table *table;
    struct rand rand;
    size_t count;
    struct item *items[IDS];
    size_t loose_count;
    size_t loose[IDS];    /* the ids that may be removed */
    size_t loose_at[IDS]; /* where `loose` has them */
};

static const struct hash_key test_hash_key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static struct slice item_key(const void *entry)
{
    const struct item *item = entry;
    return slice_of(&item->id, sizeof(item->id));
}

static const struct table_type item_type = { .key = item_key };

static uint64_t id_hash(const struct world *w, uint64_t id)
{
    return table_hash(w->table, slice_of(&id, sizeof(id)));
}

static struct item *id_find(const struct world *w, uint64_t id)
{
    return table_find(w->table, id_hash(w, id), slice_of(&id, sizeof(id)));
}

/* A new seed at every run, unless TARN_SEED gives one. */
static struct world *world_new(void)
{
    struct world *w = mem_zalloc(sizeof(*w));
    const char *given = getenv("TARN_SEED");
    uint64_t seed;
    rand_seed_random(&w->rand);
    seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&w->rand, seed);
    w->table = table_new(&item_type, &test_hash_key);
    return w;
}

static void world_free(struct world *w)
{
    table_free(w->table);
    for (size_t id = 0; id < IDS; id++)
        mem_free(w->items[id]);
    mem_free(w);
}

static struct item *item_new(uint64_t id)
{
    struct item *item = mem_alloc(sizeof(*item));
    *item = (struct item){ .id = id };
    return item;
}

static void loose_add(struct world *w, size_t id)
{
    w->loose_at[id] = w->loose_count;
    w->loose[w->loose_count++] = id;
}

static void loose_drop(struct world *w, size_t id)
{
    size_t last = w->loose[--w->loose_count];
    w->loose[w->loose_at[id]] = last;
    w->loose_at[last] = w->loose_at[id];
}

static void world_insert(struct world *w, size_t id)
{
    CHECK_PTR_NULL(w->items[id]);
    w->items[id] = item_new(id);
    w->count++;
    loose_add(w, id);
    table_insert(w->table, id_hash(w, id), w->items[id]);
}

static void world_remove(struct world *w, size_t id)
{
    struct item *item = w->items[id];
    if (rand_below(&w->rand, 2) == 0)
        table_remove(w->table, id_hash(w, id), item);
    else
        CHECK_PTR(table_take(w->table, id_hash(w, id), slice_of(&id, sizeof(id))), item);
    w->items[id] = NULL;
    w->count--;
    loose_drop(w, id);
    mem_free(item);
}

static void world_replace(struct world *w, size_t id)
{
    struct item *item = item_new(id);
    *item = *w->items[id];
    table_replace(w->table, id_hash(w, id), w->items[id], item);
    mem_free(w->items[id]);
    w->items[id] = item;
}

static void world_check(const struct world *w)
{
    table_verify(w->table);
    CHECK_UINT(table_count(w->table), w->count);
    for (size_t id = 0; id < IDS; id++)
        CHECK_PTR(id_find(w, id), w->items[id]);
}

static void world_step(struct world *w, bool insert)
{
    size_t id = rand_below(&w->rand, IDS);
    CHECK_PTR(id_find(w, id), w->items[id]);
    if (insert && !w->items[id])
        world_insert(w, id);
    else if (insert)
        world_replace(w, id);
    else if (w->loose_count > 0)
        world_remove(w, w->loose[rand_below(&w->rand, w->loose_count)]);
}

/* Random operations, mostly of one kind, until the count is `target`. */
static void world_drift(struct world *w, size_t target)
{
    while (w->count != target) {
        bool insert = w->count < target;
        world_step(w, rand_below(&w->rand, 10) < 9 ? insert : !insert);
    }
}

TEST(a_new_table_is_empty_and_small)
{
    struct world *w = world_new();

    CHECK_UINT(table_count(w->table), 0);
    CHECK_UINT(table_buckets(w->table), 1);
    CHECK_PTR_NULL(id_find(w, 1));
    CHECK_PTR_NULL(table_random(w->table, &w->rand));
    CHECK_PTR_NULL(table_take(w->table, id_hash(w, 1), slice_of("12345678", 8)));
    CHECK(table_footprint(w->table) <= 384);
    table_verify(w->table);
    world_free(w);
}

TEST(free_accepts_null)
{
    table_free(NULL);
}

TEST(random_operations_agree_with_the_model)
{
    static const size_t targets[] = { 3,    0,    20,    5, 200, 0, 900,   300,  6000,
                                      3000, 4500, 70000, 9, 600, 0, 50000, 2000, 0 };
    struct world *w = world_new();

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        world_drift(w, targets[i]);
        world_check(w);
    }
    world_free(w);
}

TEST(small_tables_agree_with_the_model_after_every_step)
{
    struct world *w = world_new();

    for (int round = 0; round < 60; round++) {
        size_t target = rand_below(&w->rand, 120);
        while (w->count != target) {
            world_step(w, w->count < target);
            table_verify(w->table);
        }
    }
    world_check(w);
    world_free(w);
}

TEST(prefetches_change_nothing)
{
    struct world *w = world_new();

    world_drift(w, 5000);
    for (size_t id = 0; id < IDS; id++) {
        table_prefetch_bucket(w->table, id_hash(w, id));
        if (table_prefetch_entry(w->table, id_hash(w, id), false))
            CHECK(!table_prefetch_entry(w->table, id_hash(w, id), true));
    }
    world_check(w);
    world_free(w);
}

TEST(the_load_lies_within_the_thresholds)
{
    struct world *w = world_new();

    world_drift(w, 30000);
    CHECK(table_buckets(w->table) * 7 > w->count);
    CHECK(table_buckets(w->table) * 4 < w->count);
    world_drift(w, 1000);
    CHECK(table_buckets(w->table) * 2 <= w->count + 4);
    world_drift(w, 0);
    CHECK_UINT(table_buckets(w->table), 1);
    CHECK(table_footprint(w->table) <= 384);
    world_free(w);
}

TEST(a_dense_table_has_more_entries_a_bucket)
{
    static const struct table_type dense_type = { .key = item_key, .dense = true };
    struct table *tables[] = { table_new(&item_type, &test_hash_key),
                               table_new(&dense_type, &test_hash_key) };
    struct table *reserved = table_new(&dense_type, &test_hash_key);
    static struct item items[3000];
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        items[i].id = i;
        for (size_t t = 0; t < COUNT_OF(tables); t++)
            table_insert(tables[t], table_hash(tables[t], item_key(&items[i])), &items[i]);
    }
    table_reserve(reserved, COUNT_OF(items));
    CHECK_UINT(table_buckets(tables[1]), table_buckets(reserved));
    CHECK_UINT(table_buckets(tables[1]), (COUNT_OF(items) * 2 + 12) / 13);
    CHECK(table_footprint(tables[1]) < table_footprint(tables[0]));
    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        table_verify(tables[t]);
        table_free(tables[t]);
    }
    table_free(reserved);
}

TEST(a_reserved_table_does_not_split_while_it_fills)
{
    struct world *w = world_new();

    table_reserve(w->table, 40000);
    size_t buckets = table_buckets(w->table);
    for (size_t id = 0; id < 40000; id++)
        world_insert(w, id);
    CHECK_UINT(table_buckets(w->table), buckets);
    world_check(w);
    table_reserve(w->table, 10);
    CHECK_UINT(table_buckets(w->table), buckets);
    world_free(w);
}

TEST(a_held_table_waits_with_splits_and_never_merges)
{
    struct world *w = world_new();

    world_drift(w, 5000);
    size_t buckets = table_buckets(w->table);
    table_hold(w->table, true);
    world_drift(w, buckets * 10 - 10);
    CHECK_UINT(table_buckets(w->table), buckets);
    world_check(w);
    world_drift(w, buckets * 11);
    CHECK(table_buckets(w->table) > buckets);
    world_drift(w, buckets * 9); /* on the way down, too, some are inserted */
    buckets = table_buckets(w->table);
    world_drift(w, 10);
    CHECK_UINT(table_buckets(w->table), buckets);
    world_check(w);

    table_hold(w->table, false);
    while (!table_settle(w->table, 3))
        table_verify(w->table);
    CHECK(table_buckets(w->table) <= 5);
    world_check(w);
    world_free(w);
}

TEST(after_a_hold_an_insertion_splits_two_buckets_at_most)
{
    struct world *w = world_new();

    table_hold(w->table, true);
    world_drift(w, 20000);
    table_hold(w->table, false);
    while (w->count < 60000) {
        size_t before = table_buckets(w->table);
        world_drift(w, w->count + 1);
        CHECK(table_buckets(w->table) <= before + 2 * 20);
    }
    CHECK(table_settle(w->table, 0));
    world_check(w);
    world_free(w);
}

static void visit_count(void *arg, void *entry)
{
    struct item *item = entry;
    item->seen++;
    ++*(size_t *)arg;
}

/* Also that nothing else has been seen. */
static void check_each_seen_once(const struct world *w)
{
    for (size_t id = 0; id < IDS; id++)
        if (w->items[id])
            CHECK_UINT(w->items[id]->seen, 1);
}

TEST(each_visits_every_entry_once)
{
    struct world *w = world_new();
    size_t visits = 0;

    world_drift(w, 10000);
    table_each(w->table, visit_count, &visits);
    CHECK_UINT(visits, w->count);
    check_each_seen_once(w);
    world_free(w);
}

TEST(a_scan_of_a_table_at_rest_visits_every_entry_once)
{
    struct world *w = world_new();

    for (size_t target = 0; target < 9000; target = target * 3 + 1) {
        size_t visits = 0;
        world_drift(w, target);
        for (size_t id = 0; id < IDS; id++)
            if (w->items[id])
                w->items[id]->seen = 0;
        uint64_t cursor = 0;
        do
            cursor = table_scan(w->table, cursor, visit_count, &visits);
        while (cursor != 0);
        /* In stress builds a scan forces a split or merge only when entries change. */
        CHECK_UINT(visits, w->count);
        check_each_seen_once(w);
    }
    world_free(w);
}

/* What a scan meets: it remembers, and sometimes removes. */
struct scan_walk {
    struct world *world;
    bool removes;
};

static void visit_scan(void *arg, void *entry)
{
    struct scan_walk *walk = arg;
    struct item *item = entry;
    item->seen++;
    if (!item->stays && walk->removes && rand_below(&walk->world->rand, 3) == 0)
        world_remove(walk->world, item->id);
}

static size_t drift_target(struct world *w, size_t low)
{
    static const size_t sizes[] = { 0, 10, 100, 1000, 10000, 70000 };
    size_t size = sizes[rand_below(&w->rand, sizeof(sizes) / sizeof(sizes[0]))];
    return low + (size > 0 ? rand_below(&w->rand, size) : 0);
}

/* Some of what is in now stays; the number of them. */
static size_t choose_what_stays(struct world *w)
{
    size_t stays = 0;
    for (size_t id = 0; id < IDS; id++) {
        if (!w->items[id])
            continue;
        w->items[id]->seen = 0;
        w->items[id]->stays = rand_below(&w->rand, 20) == 0;
        if (w->items[id]->stays)
            loose_drop(w, id);
        stays += w->items[id]->stays;
    }
    return stays;
}

static void check_what_stayed_was_seen(struct world *w)
{
    for (size_t id = 0; id < IDS; id++) {
        if (!w->items[id] || !w->items[id]->stays)
            continue;
        if (w->items[id]->seen == 0)
            CHECK_FAIL("id %zu was there all the time and not returned", id);
        w->items[id]->stays = false;
        loose_add(w, id);
    }
}

static void scan_under_changes(struct world *w, size_t start, size_t changes_max)
{
    struct scan_walk walk = { w, rand_below(&w->rand, 2) == 0 };
    const uint64_t pause = rand_below(&w->rand, 100) + 1;

    world_drift(w, start);
    const size_t stays = choose_what_stays(w);
    uint64_t cursor = 0;
    size_t changes = 0;
    do {
        cursor = table_scan(w->table, cursor, visit_scan, &walk);
        if (changes > changes_max || rand_below(&w->rand, pause) != 0)
            continue;
        size_t target = MIN_OF(drift_target(w, stays + 2), IDS * 3 / 4);
        changes += 10 + (target > w->count ? target - w->count : w->count - target);
        world_drift(w, target);
    } while (cursor != 0);
    check_what_stayed_was_seen(w);
    table_verify(w->table);
}

TEST(a_scan_returns_what_stays_whatever_else_comes_and_goes)
{
    struct world *w = world_new();

    for (int round = 0; round < 200; round++)
        scan_under_changes(w, drift_target(w, 1) % 2000, 10000);
    for (int round = 0; round < 6; round++)
        scan_under_changes(w, drift_target(w, 1) % 50000, 300000);
    world_check(w);
    world_free(w);
}

static void visit_remove(void *arg, void *entry)
{
    struct world *w = arg;
    world_remove(w, ((struct item *)entry)->id);
}

TEST(a_scan_may_remove_all_that_it_visits)
{
    struct world *w = world_new();
    uint64_t cursor = 0;

    world_drift(w, 20000);
    do
        cursor = table_scan(w->table, cursor, visit_remove, w);
    while (cursor != 0);
    CHECK_UINT(w->count, 0);
    while (!table_settle(w->table, 100))
        continue;
    CHECK_UINT(table_buckets(w->table), 1);
    world_check(w);
    world_free(w);
}

TEST(any_cursor_is_safe_and_leads_to_the_end)
{
    struct world *w = world_new();

    world_drift(w, 3000);
    for (int i = 0; i < 2000; i++) {
        size_t visits = 0;
        uint64_t cursor = rand_next(&w->rand) >> rand_below(&w->rand, 64);
        for (int steps = 0; cursor != 0; steps++) {
            CHECK((size_t)steps <= table_buckets(w->table));
            cursor = table_scan(w->table, cursor, visit_count, &visits);
        }
    }
    world_free(w);
}

/* One random change, which the iterator must bear. */
static void change_during_iteration(struct world *w)
{
    size_t id = rand_below(&w->rand, IDS);
    if (!w->items[id])
        world_insert(w, id);
    else if (rand_below(&w->rand, 2) == 0)
        world_replace(w, id);
    else
        world_remove(w, id);
}

static void iterate_under_changes(struct world *w, unsigned changes)
{
    struct table_iter it;
    /* What is inserted ahead of the iterator brings changes, too: they must come to an end. */
    size_t changes_left = w->count * 3;

    for (size_t id = 0; id < IDS; id++)
        if (w->items[id])
            w->items[id]->seen = 0;
    for (size_t id = 0; id < IDS; id++)
        if (w->items[id])
            w->items[id]->stays = true; /* in the table since the start */
    table_iter_open(&it, w->table);
    size_t buckets = table_buckets(w->table);
    for (struct item *item; (item = table_iter_next(&it));) {
        CHECK_PTR(w->items[item->id], item);
        CHECK_UINT(item->seen, 0);
        item->seen++;
        if (rand_below(&w->rand, 5) == 0)
            world_remove(w, item->id);
        for (unsigned i = 0; i < changes && changes_left > 0; i++, changes_left--)
            change_during_iteration(w);
    }
    CHECK_UINT(table_buckets(w->table), buckets);
    table_iter_close(&it);
    for (size_t id = 0; id < IDS; id++) {
        if (!w->items[id])
            continue;
        if (w->items[id]->stays)
            CHECK_UINT(w->items[id]->seen, 1);
        w->items[id]->stays = false;
    }
    world_check(w);
}

TEST(an_iterator_sees_all_else_once_while_entries_come_and_go)
{
    struct world *w = world_new();

    for (int round = 0; round < 30; round++) {
        world_drift(w, 1 + rand_below(&w->rand, 300));
        iterate_under_changes(w, (unsigned)rand_below(&w->rand, 12));
    }
    world_drift(w, 20000);
    iterate_under_changes(w, 2);
    world_free(w);
}

TEST(iterators_nest)
{
    struct world *w = world_new();
    struct table_iter outer, inner;
    size_t pairs = 0;

    world_drift(w, 90);
    table_iter_open(&outer, w->table);
    while (table_iter_next(&outer)) {
        table_iter_open(&inner, w->table);
        while (table_iter_next(&inner))
            pairs++;
        table_iter_close(&inner);
    }
    table_iter_close(&outer);
    CHECK_UINT(pairs, 90 * 90);
    world_free(w);
}

/* Sum of (observed - expected)^2 / expected over `count` equally likely entries. */
static double chi_square(struct world *w, size_t draws)
{
    double expected = (double)draws / (double)w->count;
    double sum = 0;

    for (size_t i = 0; i < draws; i++)
        ((struct item *)table_random(w->table, &w->rand))->seen++;
    for (size_t id = 0; id < IDS; id++) {
        if (!w->items[id])
            continue;
        double off = (double)w->items[id]->seen - expected;
        sum += off * off / expected;
    }
    return sum;
}

TEST(random_entries_are_drawn_without_bias)
{
    struct world *w = world_new();

    /* Fixed, so that the bound below (mean and 5 deviations of 999 degrees) always decides alike. */
    rand_seed(&w->rand, 7);
    for (size_t id = 0; id < 1000; id++)
        world_insert(w, id);
    CHECK(chi_square(w, 200000) < 999 + 5 * 44.7);
    world_free(w);
}

TEST(random_finds_the_few_in_an_almost_empty_table_without_bias)
{
    struct world *w = world_new();

    rand_seed(&w->rand, 7);
    table_reserve(w->table, 40000);
    for (size_t id = 0; id < 11; id++)
        world_insert(w, id);
    CHECK(chi_square(w, 2000) < 10 + 5 * 4.5);
    world_free(w);
}

TEST(drain_hands_out_every_entry_once_in_bounded_steps)
{
    struct world *w = world_new();
    size_t visits = 0;

    world_drift(w, 30000);
    size_t buckets = table_buckets(w->table);
    CHECK(!table_drain(w->table, 10, visit_count, &visits));
    CHECK_UINT(table_buckets(w->table), buckets - 10);
    CHECK(visits > 0);
    CHECK(visits < 400);
    CHECK_UINT(table_count(w->table), w->count - visits);
    table_verify(w->table);
    while (!table_drain(w->table, 100, visit_count, &visits))
        table_verify(w->table);
    CHECK_UINT(visits, w->count);
    CHECK_UINT(table_count(w->table), 0);
    check_each_seen_once(w);
    CHECK(table_drain(w->table, 1, visit_count, &visits));
    world_free(w);
}

TEST(statistics_add_up)
{
    struct world *w = world_new();
    struct table_stats stats;
    size_t buckets = 0;
    size_t entries = 0;

    world_drift(w, 20000);
    table_stats_read(w->table, &stats);
    for (size_t i = 0; i < 32; i++) {
        buckets += stats.histogram[i];
        entries += stats.histogram[i] * i;
    }
    CHECK_UINT(stats.entries, 20000);
    CHECK_UINT(buckets, table_buckets(w->table));
    CHECK_UINT(stats.buckets, buckets);
    CHECK_UINT(entries, 20000); /* no chain of 31 at this load */
    CHECK(stats.chain_max < 31);
    CHECK(stats.overflow_buckets > 0);
    CHECK(table_footprint(w->table) >= (buckets + stats.overflow_buckets) * 64);
    CHECK(stats.segments >= buckets / 512);
    CHECK(((size_t)1 << stats.level) <= buckets);
    world_free(w);
}

TEST(removals_give_overflow_buckets_back)
{
    struct world *w = world_new();
    struct table_stats full, half;

    world_drift(w, 40000);
    table_stats_read(w->table, &full);
    CHECK(full.overflow_buckets > full.buckets / 8);
    while (w->count > 18000) /* a bucket has two entries and more: none is merged */
        world_step(w, false);
    table_stats_read(w->table, &half);
    CHECK_UINT(half.buckets, full.buckets);
    CHECK(half.overflow_buckets < half.buckets / 20);
    world_free(w);
}

TEST(removal_of_an_entry_that_is_not_in_aborts)
{
    struct world *w = world_new();
    struct item *stranger = item_new(5);

    world_insert(w, 5);
    CHECK_ABORTS(table_remove(w->table, id_hash(w, 5), stranger));
    CHECK_ABORTS(table_replace(w->table, id_hash(w, 5), stranger, stranger));
    CHECK_ABORTS(table_remove(w->table, id_hash(w, 6), w->items[5]));
    mem_free(stranger);
    world_free(w);
}

static void count_visit(void *arg, void *entry)
{
    (*(size_t *)arg)++;
    mem_free(entry);
}

TEST(a_filled_table_has_what_was_announced)
{
    struct world *w = world_new();
    struct table_fill fill;
    struct item *items[1000];
    size_t dropped = 0;
    table_fill_init(&fill, w->table);
    for (uint64_t id = 0; id < COUNT_OF(items); id++) {
        items[id] = item_new(id);
        CHECK(table_fill_add(&fill, id_hash(w, id), items[id]));
    }
    CHECK(table_fill_finish(&fill));
    table_fill_drop(&fill, count_visit, &dropped);
    CHECK_UINT(dropped, 0);
    CHECK_UINT(table_count(w->table), COUNT_OF(items));
    table_verify(w->table);
    for (uint64_t id = 0; id < COUNT_OF(items); id++) {
        CHECK_PTR(id_find(w, id), items[id]);
        table_remove(w->table, id_hash(w, id), items[id]);
        mem_free(items[id]);
    }
    world_free(w);
}

/* The one that is there twice stands in every place of a row, before and behind a row's end. */
TEST(a_key_that_is_in_already_stops_the_filling)
{
    for (size_t twice = 1; twice < 40; twice++) {
        struct world *w = world_new();
        struct table_fill fill;
        size_t dropped = 0, added = 0;
        bool goes = true;
        table_fill_init(&fill, w->table);
        for (uint64_t id = 0; goes && id < 64; id++, added++) {
            const uint64_t of = id == twice ? id - 1 : id;
            goes = table_fill_add(&fill, id_hash(w, of), item_new(of));
        }
        CHECK(!goes);
        table_fill_drop(&fill, count_visit, &dropped);
        CHECK_UINT(dropped + table_count(w->table), added);
        CHECK_UINT(table_count(w->table), twice);
        table_each(w->table, count_visit, &dropped);
        world_free(w);
    }
}
