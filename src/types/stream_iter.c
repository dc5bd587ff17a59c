/* Reading a stream's entries in either direction. */
#include "types/stream_priv.h"

static void enter_pack(struct xstream_iter *it, const struct xstream_node *node)
{
    struct pack_head head;
    it->pack = node->pack;
    it->master_id = (struct xstream_id){ it->cursor.order, node->seq };
    pack_read_head(it->pack, &head);
    it->master_fields = head.fields_at;
    it->master_count = head.field_count;
    it->next = it->reverse ? pack_last(it->pack) : listpack_next(it->pack, head.end);
}

void xstream_iter_init(struct xstream_iter *it, const struct xstream *s, struct xstream_id first,
                       struct xstream_id last, bool reverse)
{
    it->stream = s;
    it->first = first;
    it->last = last;
    it->reverse = reverse;
    it->inside = false;
    it->pack = NULL;
    it->next = LISTPACK_NONE;

    /* The pack that holds the start is the last that does not begin behind it. */
    struct xstream_id start = reverse ? last : first;
    struct btree_cursor *c = &it->cursor;
    const struct xstream_node *node = btree_seek(&s->nodes, xstream_key(&start), c);
    if (!node || c->order != start.ms || node->seq != start.seq) {
        node = btree_prev(c);
        if (!node && !reverse)
            node = btree_next(c);
    }
    if (node)
        enter_pack(it, node);
}

/* What nobody read of the entry is passed over. */
static void leave_entry(struct xstream_iter *it)
{
    it->inside = false;
    if (it->reverse) {
        it->next = pack_entry_prev(it->pack, it->at);
    } else {
        size_t end = listpack_skip(it->pack, it->value_at, it->unread);
        it->next = listpack_next(it->pack, end);
    }
}

/* The place of the next entry; false at the end of the stream. */
static bool find_place(struct xstream_iter *it)
{
    if (it->inside)
        leave_entry(it);
    while (it->next == LISTPACK_NONE) {
        const struct xstream_node *node = NULL;
        if (it->pack)
            node = it->reverse ? btree_prev(&it->cursor) : btree_next(&it->cursor);
        if (!node)
            return false;
        enter_pack(it, node);
    }
    return true;
}

bool xstream_iter_next(struct xstream_iter *it)
{
    while (find_place(it)) {
        struct pack_entry e;
        pack_read_entry(it->pack, it->master_id, it->master_count, it->next, &e);
        it->at = it->next;
        it->inside = true;
        it->id = e.id;
        it->field_count = e.field_count;
        it->field_at = e.same_fields ? it->master_fields : LISTPACK_NONE;
        it->value_at = e.values_at;
        it->unread = e.values;
        if (e.deleted)
            continue;
        bool above = xstream_id_compare(e.id, it->last) > 0;
        bool below = xstream_id_compare(e.id, it->first) < 0;
        if (it->reverse ? below : above)
            return false;
        if (!above && !below)
            return true;
    }
    return false;
}

void xstream_iter_pair(struct xstream_iter *it, struct slice *ret_field, struct slice *ret_value,
                       char scratch[static 2 * STREAM_SCRATCH])
{
    ASSERT_DEBUG(it->unread > 0);
    if (it->field_at != LISTPACK_NONE) {
        *ret_field = listpack_text(it->pack, it->field_at, scratch);
        it->field_at = listpack_next(it->pack, it->field_at);
    } else {
        *ret_field = listpack_text(it->pack, it->value_at, scratch);
        it->value_at = listpack_next(it->pack, it->value_at);
        it->unread--;
    }
    *ret_value = listpack_text(it->pack, it->value_at, scratch + STREAM_SCRATCH);
    it->value_at = listpack_next(it->pack, it->value_at);
    it->unread--;
}

bool xstream_edge(const struct xstream *s, bool first, struct xstream_id *ret_id)
{
    struct xstream_iter it;
    xstream_iter_init(&it, s, STREAM_ID_MIN, STREAM_ID_MAX, !first);
    if (!xstream_iter_next(&it))
        return false;
    *ret_id = it.id;
    return true;
}
