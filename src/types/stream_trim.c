/* Trimming: the oldest entries go, whole packs at once where that is possible. */
#include "types/stream_priv.h"

/* The pack that is looked at. */
struct trimming {
    struct xstream *s;
    const struct xstream_trim *trim;
    struct xstream_node *node;
    struct xstream_id master;
    struct pack_head head;
};

struct xstream_id xstream_first_kept(const struct xstream *s)
{
    struct btree_cursor c;
    const struct xstream_node *node = btree_at(&s->nodes, 0, &c);
    struct xstream_id id = STREAM_ID_MIN;
    if (!node)
        return id;
    size_t at = pack_first(node->pack);
    if (at != LISTPACK_NONE) {
        struct pack_entry e;
        pack_read_entry(node->pack, (struct xstream_id){ c.order, node->seq }, 0, at, &e);
        id = e.id;
    }
    return id;
}

/* Of the last entry, be it deleted. */
static struct xstream_id last_in_pack(const struct trimming *t)
{
    size_t at = pack_last(t->node->pack);
    struct pack_entry e = { .id = STREAM_ID_MIN };
    if (at != LISTPACK_NONE)
        pack_read_entry(t->node->pack, t->master, t->head.field_count, at, &e);
    return e.id;
}

/* The entry is too old, or too many are behind it; `gone` have been marked and not counted. */
static bool is_due(const struct trimming *t, struct xstream_id id, uint64_t gone)
{
    if (t->trim->by == STREAM_TRIM_MAXLEN)
        return t->s->facts.length - gone > t->trim->length_max;
    return xstream_id_compare(id, t->trim->min) < 0;
}

/* Whether groups let the entry go; their references go with it if they are to. */
static bool may_go(const struct trimming *t, struct xstream_id id)
{
    if (t->trim->refs == STREAM_REFS_ACKED)
        return xstream_is_acked(t->s, id);
    if (t->trim->refs == STREAM_REFS_DROP)
        xstream_drop_refs(t->s, id);
    return true;
}

/* Whether all of the pack goes; if not, nothing has happened. */
static bool whole_pack_goes(const struct trimming *t)
{
    bool due = t->trim->by == STREAM_TRIM_MAXLEN
                   ? t->s->facts.length - (uint64_t)t->head.count >= t->trim->length_max
                   : xstream_id_compare(last_in_pack(t), t->trim->min) < 0;
    if (!due || t->trim->refs == STREAM_REFS_KEEP)
        return due;
    struct pack_entry e;
    for (size_t at = listpack_next(t->node->pack, t->head.end); at != LISTPACK_NONE;
         at = pack_entry_next(t->node->pack, &e)) {
        pack_read_entry(t->node->pack, t->master, t->head.field_count, at, &e);
        if (!e.deleted && !may_go(t, e.id))
            return false;
    }
    return true;
}

/* Marks what is due; how many. */
static uint64_t trim_within(struct trimming *t)
{
    uint64_t gone = 0;
    struct pack_entry e;
    for (size_t at = listpack_next(t->node->pack, t->head.end); at != LISTPACK_NONE;
         at = pack_entry_next(t->node->pack, &e)) {
        pack_read_entry(t->node->pack, t->master, t->head.field_count, at, &e);
        if (!is_due(t, e.id, gone))
            break;
        if (e.deleted || !may_go(t, e.id))
            continue;
        t->node->pack = pack_mark_deleted(t->node->pack, at);
        gone++;
        pack_read_entry(t->node->pack, t->master, t->head.field_count, at, &e);
    }
    if (gone)
        t->node->pack = pack_count_deleted(t->node->pack, (int64_t)gone);
    t->s->facts.length -= gone;
    return gone;
}

/* Goes to the first pack that is not below `from`. */
static bool find_pack(struct trimming *t, struct xstream_id from)
{
    struct btree_cursor c;
    t->node = btree_seek(&t->s->nodes, xstream_key(&from), &c);
    if (!t->node)
        return false;
    t->master = (struct xstream_id){ c.order, t->node->seq };
    pack_read_head(t->node->pack, &t->head);
    return true;
}

uint64_t xstream_trim(struct xstream *s, const struct xstream_trim *trim)
{
    struct trimming t = { .s = s, .trim = trim };
    struct xstream_id from = STREAM_ID_MIN;
    uint64_t gone = 0;
    while (find_pack(&t, from)) {
        if (trim->by == STREAM_TRIM_MAXLEN && s->facts.length <= trim->length_max)
            break;
        uint64_t count = (uint64_t)t.head.count;
        if (trim->limit && gone + count > trim->limit)
            break;
        if (whole_pack_goes(&t)) {
            xstream_node_remove(s, t.master);
            s->facts.length -= count;
            gone += count;
            continue;
        }
        if (trim->approximate)
            break;
        gone += trim_within(&t);
        /* What is not acknowledged was left; the next pack may have some that is. */
        from = t.master;
        bool more = trim->refs == STREAM_REFS_ACKED && is_due(&t, t.master, 0);
        if (!more || !xstream_id_next(&from))
            break;
    }
    if (gone)
        xstream_find_first(s);
    return gone;
}
