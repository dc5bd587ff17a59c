#include "base/arena.h"

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

#define BLOCK 256

TEST(pieces_are_aligned_and_do_not_overlap)
{
    struct arena a;
    char *pieces[200];
    arena_init(&a, BLOCK, 4096);
    for (int i = 0; i < 200; i++) {
        size_t size = (size_t)(i * 7 % 60);
        pieces[i] = arena_alloc(&a, size);
        CHECK_UINT((uintptr_t)pieces[i] % 8, 0);
        memset(pieces[i], i, size);
    }
    for (int i = 0; i < 200; i++)
        for (size_t j = 0; j < (size_t)(i * 7 % 60); j++)
            CHECK_INT((unsigned char)pieces[i][j], i);
    arena_done(&a);
}

TEST(an_empty_arena_gives_a_pointer_for_no_bytes)
{
    struct arena a;
    arena_init(&a, BLOCK, 0);
    CHECK_PTR_NOT_NULL(arena_alloc(&a, 0));
    CHECK_UINT(arena_footprint(&a), 0);
    arena_reset(&a);
    arena_done(&a);
}

TEST(a_steady_arena_takes_nothing_more)
{
    struct arena a;
    arena_init(&a, BLOCK, 64 * 1024);
    size_t footprint = 0;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++)
            memset(arena_alloc(&a, 100), round, 100);
        if (round == 0)
            footprint = arena_footprint(&a);
        CHECK_UINT(arena_footprint(&a), footprint);
        arena_reset(&a);
        CHECK_UINT(arena_footprint(&a), footprint);
    }
    arena_done(&a);
    CHECK_UINT(arena_footprint(&a), 0);
}

TEST(a_reset_keeps_no_more_than_it_may)
{
    struct arena a;
    arena_init(&a, BLOCK, 3 * BLOCK);
    for (int i = 0; i < 100; i++)
        (void)arena_alloc(&a, 100);
    CHECK(arena_footprint(&a) > 30 * BLOCK);
    arena_reset(&a);
    CHECK(arena_footprint(&a) <= 3 * BLOCK);
    CHECK(arena_footprint(&a) > 0);
    arena_done(&a);
}

TEST(one_block_is_kept_in_place_only_within_the_limit)
{
    struct arena a;
    arena_init(&a, BLOCK, 0);
    (void)arena_alloc(&a, 8);
    arena_reset(&a);
    CHECK_UINT(arena_footprint(&a), 0);
    arena_done(&a);

    arena_init(&a, BLOCK, 2 * BLOCK);
    void *first = arena_alloc(&a, 8);
    arena_reset(&a);
    CHECK_PTR(arena_alloc(&a, 16), first);
    arena_done(&a);
}

TEST(a_large_piece_has_its_own_block_and_is_not_kept)
{
    struct arena a;
    arena_init(&a, BLOCK, 1 << 20);
    (void)arena_alloc(&a, 10);
    char *large = arena_alloc(&a, 10000);
    memset(large, 1, 10000);
    char *small = arena_alloc(&a, 10);
    memset(small, 2, 10);
    CHECK_INT(large[9999], 1);
    CHECK(arena_footprint(&a) >= 10000);
    arena_reset(&a);
    CHECK(arena_footprint(&a) < 1000);
    arena_done(&a);
}

TEST(peek_and_commit_take_what_was_read)
{
    struct arena a;
    size_t room;
    arena_init(&a, BLOCK, 0);
    (void)arena_alloc(&a, 200);
    char *p = arena_peek(&a, 100, &room); /* does not fit behind the first */
    CHECK(room >= 100);
    memset(p, 'x', room);
    arena_commit(&a, 13);
    char *q = arena_alloc(&a, 8);
    CHECK_INT(q - p, 16);
    memset(q, 'y', 8);
    CHECK_INT(p[12], 'x');

    p = arena_peek(&a, 5000, &room);
    CHECK(room >= 5000);
    memset(p, 'z', room);
    arena_commit(&a, room);
    CHECK_PTR_NOT_NULL(arena_alloc(&a, 8));
    arena_done(&a);
}

TEST(peek_of_nothing_in_an_empty_arena_has_no_room)
{
    struct arena a;
    size_t room = 1;
    arena_init(&a, BLOCK, 0);
    CHECK_PTR_NOT_NULL(arena_peek(&a, 0, &room));
    CHECK_UINT(room, 0);
    arena_commit(&a, 0);
    arena_done(&a);
}

TEST(copies_are_apart_from_their_source)
{
    struct arena a;
    char text[] = "text";
    arena_init(&a, BLOCK, 0);
    struct slice copy = arena_copy(&a, slice_str(text));
    text[0] = 'X';
    CHECK_SLICE(copy, "text");
    CHECK_SLICE(arena_copy(&a, slice_of(NULL, 0)), "");
    arena_done(&a);
}

TEST(rewind_to_an_empty_arena_frees_all)
{
    struct arena a;
    arena_init(&a, BLOCK, 0);
    struct arena_mark mark = arena_mark(&a);
    for (int i = 0; i < 100; i++)
        (void)arena_alloc(&a, 100);
    arena_rewind(&a, mark);
    CHECK_UINT(arena_footprint(&a), 0);
    arena_done(&a);
}

/* Random pieces, marks and rewinds against plain copies of what each piece must hold. */
struct piece {
    char *ptr;
    size_t size;
    unsigned char fill;
};

#define PIECES_MAX 400
#define MARKS_MAX 20

struct model {
    struct piece pieces[PIECES_MAX];
    size_t count;
    struct arena_mark marks[MARKS_MAX];
    size_t mark_counts[MARKS_MAX];
    size_t depth;
};

static void model_check(const struct model *m)
{
    for (size_t i = 0; i < m->count; i++)
        for (size_t j = 0; j < m->pieces[i].size; j++)
            CHECK_INT((unsigned char)m->pieces[i].ptr[j], m->pieces[i].fill);
}

static void model_alloc(struct model *m, struct arena *a, struct rand *r)
{
    size_t size = (size_t)rand_below(r, rand_below(r, 10) == 0 ? 2000 : 50);
    struct piece *p = &m->pieces[m->count++];
    *p = (struct piece){ arena_alloc(a, size), size, (unsigned char)rand_below(r, 256) };
    memset(p->ptr, p->fill, size);
}

TEST(marks_nest_under_random_operations)
{
    struct arena a;
    struct rand r;
    static struct model m;
    rand_seed(&r, 1);
    arena_init(&a, BLOCK, 2000);
    for (int step = 0; step < 20000; step++) {
        uint64_t choice = rand_below(&r, 20);
        if (choice < 16 && m.count < PIECES_MAX) {
            model_alloc(&m, &a, &r);
        } else if (choice < 18 && m.depth < MARKS_MAX) {
            m.marks[m.depth] = arena_mark(&a);
            m.mark_counts[m.depth++] = m.count;
        } else if (m.depth > 0) {
            m.depth = (size_t)rand_below(&r, m.depth);
            arena_rewind(&a, m.marks[m.depth]);
            m.count = m.mark_counts[m.depth];
        } else if (m.count == PIECES_MAX) {
            arena_reset(&a);
            m.count = 0;
        }
        if (step % 50 == 0)
            model_check(&m);
    }
    arena_done(&a);
}

TEST(wrong_use_aborts)
{
    struct arena a;
    struct arena other;
    size_t room;
    CHECK_ABORTS(arena_init(&a, 10, 0));
    arena_init(&a, BLOCK, 0);
    arena_init(&other, BLOCK, 0);
    (void)arena_alloc(&a, 10);
    (void)arena_alloc(&other, 10);
    CHECK_ABORTS(arena_rewind(&a, arena_mark(&other)));
    (void)arena_peek(&a, 10, &room);
    CHECK_ABORTS(arena_commit(&a, room + 1));
    arena_done(&a);
    arena_done(&other);
}

#ifdef ARENA_IN_ASAN
TEST(bytes_of_an_earlier_batch_are_forbidden)
{
    struct arena a;
    arena_init(&a, BLOCK, 4096);
    char *old = arena_alloc(&a, 100);
    CHECK(!__asan_address_is_poisoned(old));
    arena_reset(&a);
    CHECK(__asan_address_is_poisoned(old));
    CHECK_PTR(arena_alloc(&a, 8), old);
    CHECK(!__asan_address_is_poisoned(old));
    CHECK(__asan_address_is_poisoned(old + 8));
    arena_done(&a);
}
#endif
