#include "base/list.h"

#include <string.h>

#include "base/rand.h"
#include "tests/unit/check.h"

struct item {
    int number;
    struct list node;
};

/* Whether the list holds these numbers, read both ways. */
static void check_numbers(struct list *l, const int *numbers, int count)
{
    int i = 0;
    for (struct list *n = l->next; n != l; n = n->next, i++) {
        CHECK(i < count);
        CHECK_INT(LIST_ENTRY(n, struct item, node)->number, numbers[i]);
    }
    CHECK_INT(i, count);
    for (struct list *n = l->prev; n != l; n = n->prev)
        CHECK_INT(LIST_ENTRY(n, struct item, node)->number, numbers[--i]);
    CHECK_INT(i, 0);
    CHECK(list_is_empty(l) == (count == 0));
}

TEST(both_ends_take_and_unlink_may_repeat)
{
    struct list l;
    struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
    list_init(&l);
    check_numbers(&l, NULL, 0);
    list_push_back(&l, &items[1].node);
    list_push_back(&l, &items[2].node);
    list_push_front(&l, &items[0].node);
    list_insert_before(&items[2].node, &items[3].node);
    check_numbers(&l, (int[]){ 0, 1, 3, 2 }, 4);
    list_unlink(&items[1].node);
    list_unlink(&items[1].node);
    CHECK(list_is_empty(&items[1].node));
    check_numbers(&l, (int[]){ 0, 3, 2 }, 3);
}

TEST(the_walk_allows_unlinking_its_position)
{
    struct list l;
    struct item items[5];
    list_init(&l);
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        list_push_back(&l, &items[i].node);
    }
    int seen = 0;
    LIST_FOR_EACH_SAFE(pos, &l)
    {
        CHECK_INT(LIST_ENTRY(pos, struct item, node)->number, seen++);
        if (seen % 2)
            list_unlink(pos);
    }
    CHECK_INT(seen, 5);
    check_numbers(&l, (int[]){ 1, 3 }, 2);
}

/* Two lists against two plain arrays. */
#define ITEMS 40

struct model {
    int numbers[ITEMS];
    int count;
};

static void model_insert(struct model *m, int at, int number)
{
    memmove(m->numbers + at + 1, m->numbers + at, sizeof(int) * (size_t)(m->count++ - at));
    m->numbers[at] = number;
}

static bool model_remove(struct model *m, int number)
{
    for (int i = 0; i < m->count; i++) {
        if (m->numbers[i] != number)
            continue;
        memmove(m->numbers + i, m->numbers + i + 1, sizeof(int) * (size_t)(--m->count - i));
        return true;
    }
    return false;
}

static void random_step(struct list *lists, struct model *models, struct item *items,
                        struct rand *r)
{
    int i = (int)rand_below(r, ITEMS);
    size_t which = (size_t)rand_below(r, 2);
    if (rand_below(r, 30) == 0) {
        struct model *from = &models[!which];
        struct model *to = &models[which];
        list_splice_back(&lists[which], &lists[!which]);
        memcpy(to->numbers + to->count, from->numbers, sizeof(int) * (size_t)from->count);
        to->count += from->count;
        from->count = 0;
        return;
    }
    list_unlink(&items[i].node);
    if (model_remove(&models[0], i) || model_remove(&models[1], i))
        return;
    if (rand_below(r, 2)) {
        list_push_back(&lists[which], &items[i].node);
        model_insert(&models[which], models[which].count, i);
    } else {
        list_push_front(&lists[which], &items[i].node);
        model_insert(&models[which], 0, i);
    }
}

TEST(random_operations_agree_with_plain_arrays)
{
    struct list lists[2];
    struct model models[2] = { { .count = 0 }, { .count = 0 } };
    struct item items[ITEMS];
    struct rand r;
    rand_seed(&r, 3);
    list_init(&lists[0]);
    list_init(&lists[1]);
    for (int i = 0; i < ITEMS; i++) {
        items[i].number = i;
        list_init(&items[i].node);
    }
    for (int step = 0; step < 20000; step++) {
        random_step(lists, models, items, &r);
        check_numbers(&lists[0], models[0].numbers, models[0].count);
        check_numbers(&lists[1], models[1].numbers, models[1].count);
    }
}
