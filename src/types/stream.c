/* Streams: life, IDs, adding and deleting. */
#include "types/stream.h"

#include <errno.h>

#include "base/mem.h"
#include "base/num.h"
#include "types/stream_priv.h"

/* More than an encoding adds to a value, and to an entry beside its values. */
#define VALUE_OVERHEAD 16
#define ENTRY_OVERHEAD 128

/* ---- IDs ---- */

bool xstream_id_next(struct xstream_id *id)
{
    if (id->seq != UINT64_MAX) {
        id->seq++;
        return true;
    }
    if (id->ms == UINT64_MAX)
        return false;
    *id = (struct xstream_id){ id->ms + 1, 0 };
    return true;
}

bool xstream_id_prev(struct xstream_id *id)
{
    if (id->seq != 0) {
        id->seq--;
        return true;
    }
    if (id->ms == 0)
        return false;
    *id = (struct xstream_id){ id->ms - 1, UINT64_MAX };
    return true;
}

size_t xstream_id_format(char *out, struct xstream_id id)
{
    size_t len = num_format_uint(out, id.ms);
    out[len++] = '-';
    return len + num_format_uint(out + len, id.seq);
}

static int compare_seq(const void *probe, const void *item)
{
    uint64_t seq, other;
    memcpy(&seq, probe, sizeof(seq));
    memcpy(&other, item, sizeof(other));
    return (seq > other) - (seq < other);
}

const struct btree_type xstream_by_seq = { .compare = compare_seq };

/* ---- life ---- */

struct xstream *xstream_new(void)
{
    struct xstream *s = mem_zalloc(sizeof(*s));
    btree_init(&s->nodes, &xstream_by_seq);
    xstream_groups_init(s);
    return s;
}

static void free_node(void *arg UNUSED, uint64_t ms UNUSED, void *item)
{
    struct xstream_node *node = item;
    listpack_free(node->pack);
    mem_free_sized(node, sizeof(*node));
}

void xstream_free(struct xstream *s)
{
    btree_each(&s->nodes, free_node, NULL);
    btree_done(&s->nodes);
    xstream_groups_done(s);
    mem_free_sized(s, sizeof(*s));
}

static void copy_node(void *arg, uint64_t ms, void *item)
{
    const struct xstream_node *node = item;
    xstream_node_add(arg, (struct xstream_id){ ms, node->seq }, listpack_copy(node->pack));
}

static void *xstream_copy(void *value)
{
    struct xstream *s = value, *copy = xstream_new();
    btree_each(&s->nodes, copy_node, copy);
    copy->facts = s->facts;
    xstream_groups_copy(copy, s);
    return copy;
}

static size_t xstream_free_effort(const void *value)
{
    const struct xstream *s = value;
    return 1 + btree_count(&s->nodes) + xstream_groups_effort(s);
}

static void add_footprint(void *arg, uint64_t ms UNUSED, void *item)
{
    size_t *sum = arg;
    const struct xstream_node *node = item;
    *sum += mem_size_class(sizeof(*node)) + listpack_footprint(node->pack);
}

static size_t xstream_footprint(const void *value)
{
    const struct xstream *s = value;
    size_t sum = mem_size_class(sizeof(*s)) + btree_footprint(&s->nodes);
    btree_each(&s->nodes, add_footprint, &sum);
    return sum + xstream_groups_footprint(s);
}

static void free_stream(void *value)
{
    xstream_free(value);
}

const struct encoding_ops xstream_ops = {
    .free = free_stream,
    .copy = xstream_copy,
    .free_effort = xstream_free_effort,
    .footprint = xstream_footprint,
};

struct entry *xstream_entry_new(struct slice key, int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_STREAM, ENCODING_STREAM, key, 0, when_ms);
    entry_put_pointer(e, xstream_new());
    return e;
}

struct xstream *xstream_of(const struct entry *e)
{
    ASSERT_DEBUG(entry_type(e) == TYPE_STREAM);
    return entry_pointer(e);
}

/* ---- facts ---- */

const struct xstream_facts *xstream_facts(const struct xstream *s)
{
    return &s->facts;
}

void xstream_set_facts(struct xstream *s, const struct xstream_facts *facts)
{
    uint64_t length = s->facts.length;
    s->facts = *facts;
    s->facts.length = length;
    if (xstream_id_is_zero(facts->first))
        xstream_find_first(s);
}

void xstream_find_first(struct xstream *s)
{
    if (!xstream_edge(s, true, &s->facts.first))
        s->facts.first = STREAM_ID_MIN;
}

/* ---- packs ---- */

size_t xstream_pack_count(const struct xstream *s)
{
    return btree_count(&s->nodes);
}

void xstream_each_pack(const struct xstream *s, xstream_pack_visit visit, void *arg)
{
    struct btree_cursor c;
    for (const struct xstream_node *node = btree_at(&s->nodes, 0, &c); node; node = btree_next(&c))
        visit(arg, (struct xstream_id){ c.order, node->seq }, node->pack);
}

static void find_tail(struct xstream *s)
{
    struct btree_cursor c;
    size_t count = btree_count(&s->nodes);
    s->tail = count ? btree_at(&s->nodes, count - 1, &c) : NULL;
    s->tail_ms = count ? c.order : 0;
}

void xstream_node_add(struct xstream *s, struct xstream_id id, struct listpack *pack)
{
    struct xstream_node *node = mem_alloc(sizeof(*node));
    *node = (struct xstream_node){ .seq = id.seq, .pack = pack };
    btree_insert(&s->nodes, xstream_key(&id), node);
    struct xstream_id tail = { s->tail_ms, s->tail ? s->tail->seq : 0 };
    if (!s->tail || xstream_id_compare(id, tail) > 0) {
        s->tail = node;
        s->tail_ms = id.ms;
    }
}

void xstream_node_remove(struct xstream *s, struct xstream_id id)
{
    struct xstream_node *node = btree_take(&s->nodes, xstream_key(&id));
    ASSERT(node);
    bool was_tail = node == s->tail;
    free_node(NULL, id.ms, node);
    if (was_tail)
        find_tail(s);
}

/* ---- adding ---- */

bool xstream_choose_id(const struct xstream *s, enum xstream_id_form form, int64_t now_ms,
                       struct xstream_id asked, struct xstream_id *ret_id)
{
    struct xstream_id last = s->facts.last;
    *ret_id = asked;
    if (form == STREAM_ID_AUTO) {
        *ret_id = (struct xstream_id){ (uint64_t)now_ms, 0 };
        if (now_ms >= 0 && (uint64_t)now_ms > last.ms)
            return true;
        *ret_id = last;
        return xstream_id_next(ret_id);
    }
    if (form == STREAM_ID_MS_ONLY && asked.ms == last.ms) {
        *ret_id = last;
        return ret_id->seq++ != UINT64_MAX;
    }
    return xstream_id_compare(*ret_id, last) > 0;
}

static size_t length_of(const struct slice *pairs, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += pairs[i].len;
    return bytes;
}

/* Whether the entry goes into the last pack: decided as the peers do, by the values alone. */
static bool tail_has_room(const struct xstream *s, const struct type_env *env, size_t bytes,
                          size_t count)
{
    if (!s->tail)
        return false;
    size_t used = listpack_bytes(s->tail->pack);
    size_t max = (size_t)env->stream_node_bytes;
    if (max == 0 || max > LISTPACK_BYTES_MAX)
        max = LISTPACK_BYTES_MAX;
    if (used + bytes >= max ||
        used + bytes + count * VALUE_OVERHEAD + ENTRY_OVERHEAD > LISTPACK_BYTES_MAX)
        return false;
    if (env->stream_node_entries == 0)
        return true;
    struct pack_head head;
    pack_read_head(s->tail->pack, &head);
    return head.count + head.deleted < env->stream_node_entries;
}

int xstream_append(struct xstream *s, const struct type_env *env, struct xstream_id id,
                   const struct slice *pairs, size_t count)
{
    ASSERT(count % 2 == 0);
    ASSERT(xstream_id_compare(id, s->facts.last) > 0);
    size_t bytes = length_of(pairs, count);
    if (bytes + count * VALUE_OVERHEAD + ENTRY_OVERHEAD > LISTPACK_BYTES_MAX)
        return -E2BIG;
    if (!tail_has_room(s, env, bytes, count))
        xstream_node_add(s, id, pack_new(pairs, count));
    struct xstream_id master = { s->tail_ms, s->tail->seq };
    s->tail->pack = pack_append(s->tail->pack, master, id, pairs, count);

    s->facts.last = id;
    s->facts.added++;
    if (++s->facts.length == 1)
        s->facts.first = id;
    return 0;
}

/* ---- deleting ---- */

bool xstream_has(const struct xstream *s, struct xstream_id id)
{
    struct xstream_iter it;
    xstream_iter_init(&it, s, id, id, false);
    return xstream_iter_next(&it);
}

bool xstream_delete(struct xstream *s, struct xstream_id id)
{
    struct xstream_iter it;
    xstream_iter_init(&it, s, id, id, false);
    if (!xstream_iter_next(&it))
        return false;

    struct xstream_node *node = it.cursor.item;
    struct pack_head head;
    pack_read_head(node->pack, &head);
    if (head.count == 1) {
        xstream_node_remove(s, it.master_id);
    } else {
        node->pack = pack_mark_deleted(node->pack, it.at);
        node->pack = pack_count_deleted(node->pack, 1);
    }

    s->facts.length--;
    if (xstream_id_compare(id, s->facts.max_deleted) > 0)
        s->facts.max_deleted = id;
    if (xstream_id_compare(id, s->facts.first) == 0 || s->facts.length == 0)
        xstream_find_first(s);
    return true;
}
