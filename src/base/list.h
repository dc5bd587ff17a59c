/* An intrusive doubly linked list: the node lives in the element, no allocation, O(1) unlink.
 *
 * A node that is in no list points to itself, so list_unlink is safe to repeat. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "base/macros.h"

struct list {
    struct list *next, *prev;
};

INLINE void list_init(struct list *l)
{
    l->next = l->prev = l;
}

INLINE bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

INLINE void list_insert_before(struct list *pos, struct list *node)
{
    node->prev = pos->prev;
    node->next = pos;
    pos->prev->next = node;
    pos->prev = node;
}

INLINE void list_push_back(struct list *l, struct list *node)
{
    list_insert_before(l, node);
}

INLINE void list_push_front(struct list *l, struct list *node)
{
    list_insert_before(l->next, node);
}

INLINE void list_unlink(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Moves all of `from` behind the last of `to`. */
INLINE void list_splice_back(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

/* `pos` may be unlinked in the body, nothing else may. */
#define LIST_FOR_EACH_SAFE(pos, l)                                          \
    for (struct list *pos = (l)->next, *pos##_next = pos->next; pos != (l); \
         pos = pos##_next, pos##_next = pos->next)

#endif
