/* Groups of consumers, and what is pending in them. */
#include "base/mem.h"
#include "types/stream_priv.h"

/* ---- names ---- */

static int compare_name(const void *probe, const void *item)
{
    return slice_cmp(*(const struct slice *)probe, *(const struct slice *)item);
}

static const struct btree_type by_name = { .compare = compare_name };

/* The first bytes of a name as a number that orders as they do. */
static struct btree_key name_key(const struct slice *name)
{
    uint64_t order = 0;
    if (name->len)
        memcpy(&order, name->ptr, MIN_OF(name->len, sizeof(order)));
    return (struct btree_key){ __builtin_bswap64(order), name };
}

/* A block of `size` bytes that begins with a name, whose bytes stand behind it. */
static void *named_new(size_t size, struct slice name)
{
    char *block = mem_zalloc(size + name.len);
    if (name.len)
        memcpy(block + size, name.ptr, name.len);
    *(struct slice *)(void *)block = slice_of(block + size, name.len);
    return block;
}

static void named_free(void *block, size_t size)
{
    mem_free_sized(block, size + ((struct slice *)block)->len);
}

/* ---- consumers ---- */

struct xstream_consumer *xstream_consumer_find(const struct xstream_group *g, struct slice name)
{
    return btree_find(&g->consumers, name_key(&name));
}

struct xstream_consumer *xstream_consumer_add(struct xstream_group *g, struct slice name,
                                              int64_t now_ms)
{
    struct xstream_consumer *c = named_new(sizeof(*c), name);
    c->seen_ms = now_ms;
    c->active_ms = -1;
    btree_init(&c->pending, &xstream_by_seq);
    btree_insert(&g->consumers, name_key(&c->name), c);
    return c;
}

static void free_consumer(struct xstream_consumer *c)
{
    btree_done(&c->pending);
    named_free(c, sizeof(*c));
}

void xstream_consumer_remove(struct xstream_group *g, struct xstream_consumer *c)
{
    struct btree_cursor cursor;
    for (struct xstream_pending *p = btree_at(&c->pending, 0, &cursor); p;
         p = btree_next(&cursor)) {
        struct xstream_id id = xstream_pending_id(&cursor);
        (void)btree_take(&g->pending, xstream_key(&id));
        mem_free_sized(p, sizeof(*p));
    }
    (void)btree_take(&g->consumers, name_key(&c->name));
    free_consumer(c);
}

/* ---- pending records ---- */

struct xstream_pending *xstream_pending_find(const struct btree *pending, struct xstream_id id)
{
    return btree_find(pending, xstream_key(&id));
}

struct xstream_pending *xstream_pending_seek(const struct btree *pending, struct xstream_id id,
                                             struct btree_cursor *ret_cursor)
{
    return btree_seek(pending, xstream_key(&id), ret_cursor);
}

struct xstream_pending *xstream_pending_add(struct xstream_group *g, struct xstream_id id,
                                            struct xstream_consumer *c, int64_t delivered_ms,
                                            int64_t deliveries)
{
    struct xstream_pending *p = mem_alloc(sizeof(*p));
    *p = (struct xstream_pending){
        .seq = id.seq, .delivered_ms = delivered_ms, .deliveries = deliveries, .consumer = c
    };
    btree_insert(&g->pending, xstream_key(&id), p);
    if (c)
        btree_insert(&c->pending, xstream_key(&id), p);
    return p;
}

void xstream_pending_give(struct xstream_pending *p, struct xstream_id id,
                          struct xstream_consumer *c)
{
    if (p->consumer == c)
        return;
    if (p->consumer)
        (void)btree_take(&p->consumer->pending, xstream_key(&id));
    if (c)
        btree_insert(&c->pending, xstream_key(&id), p);
    p->consumer = c;
}

bool xstream_pending_remove(struct xstream_group *g, struct xstream_id id)
{
    struct xstream_pending *p = btree_take(&g->pending, xstream_key(&id));
    if (!p)
        return false;
    if (p->consumer)
        (void)btree_take(&p->consumer->pending, xstream_key(&id));
    mem_free_sized(p, sizeof(*p));
    return true;
}

/* ---- groups ---- */

void xstream_groups_init(struct xstream *s)
{
    btree_init(&s->groups, &by_name);
}

const struct btree *xstream_groups(const struct xstream *s)
{
    return &s->groups;
}

struct xstream_group *xstream_group_find(const struct xstream *s, struct slice name)
{
    return btree_find(&s->groups, name_key(&name));
}

struct xstream_group *xstream_group_add(struct xstream *s, struct slice name,
                                        struct xstream_id last, int64_t entries_read)
{
    if (xstream_group_find(s, name))
        return NULL;
    struct xstream_group *g = named_new(sizeof(*g), name);
    g->last = last;
    g->entries_read = entries_read;
    btree_init(&g->pending, &xstream_by_seq);
    btree_init(&g->consumers, &by_name);
    btree_insert(&s->groups, name_key(&g->name), g);
    return g;
}

static void visit_pending_free(void *arg UNUSED, uint64_t ms UNUSED, void *item)
{
    mem_free_sized(item, sizeof(struct xstream_pending));
}

static void visit_consumer_free(void *arg UNUSED, uint64_t order UNUSED, void *item)
{
    free_consumer(item);
}

static void visit_group_free(void *arg UNUSED, uint64_t order UNUSED, void *item)
{
    struct xstream_group *g = item;
    btree_each(&g->consumers, visit_consumer_free, NULL);
    btree_done(&g->consumers);
    btree_each(&g->pending, visit_pending_free, NULL);
    btree_done(&g->pending);
    named_free(g, sizeof(*g));
}

void xstream_group_remove(struct xstream *s, struct xstream_group *g)
{
    (void)btree_take(&s->groups, name_key(&g->name));
    visit_group_free(NULL, 0, g);
}

void xstream_groups_done(struct xstream *s)
{
    btree_each(&s->groups, visit_group_free, NULL);
    btree_done(&s->groups);
}

static void copy_consumer(void *arg, uint64_t order UNUSED, void *item)
{
    const struct xstream_consumer *c = item;
    xstream_consumer_add(arg, c->name, c->seen_ms)->active_ms = c->active_ms;
}

static void copy_pending(void *arg, uint64_t ms, void *item)
{
    struct xstream_group *to = arg;
    const struct xstream_pending *p = item;
    struct xstream_consumer *c = p->consumer ? xstream_consumer_find(to, p->consumer->name) : NULL;
    xstream_pending_add(to, (struct xstream_id){ ms, p->seq }, c, p->delivered_ms, p->deliveries);
}

static void copy_group(void *arg, uint64_t order UNUSED, void *item)
{
    const struct xstream_group *from = item;
    struct xstream_group *to = xstream_group_add(arg, from->name, from->last, from->entries_read);
    btree_each(&from->consumers, copy_consumer, to);
    btree_each(&from->pending, copy_pending, to);
}

void xstream_groups_copy(struct xstream *to, const struct xstream *from)
{
    btree_each(&from->groups, copy_group, to);
}

static void add_effort(void *arg, uint64_t order UNUSED, void *item)
{
    const struct xstream_group *g = item;
    *(size_t *)arg += 1 + btree_count(&g->pending) + btree_count(&g->consumers);
}

size_t xstream_groups_effort(const struct xstream *s)
{
    size_t sum = 0;
    btree_each(&s->groups, add_effort, &sum);
    return sum;
}

static void add_consumer_footprint(void *arg, uint64_t order UNUSED, void *item)
{
    const struct xstream_consumer *c = item;
    *(size_t *)arg += mem_size_class(sizeof(*c) + c->name.len) + btree_footprint(&c->pending);
}

static void add_group_footprint(void *arg, uint64_t order UNUSED, void *item)
{
    const struct xstream_group *g = item;
    *(size_t *)arg += mem_size_class(sizeof(*g) + g->name.len) + btree_footprint(&g->pending) +
                      btree_count(&g->pending) * mem_size_class(sizeof(struct xstream_pending)) +
                      btree_footprint(&g->consumers);
    btree_each(&g->consumers, add_consumer_footprint, arg);
}

size_t xstream_groups_footprint(const struct xstream *s)
{
    size_t sum = btree_footprint(&s->groups);
    btree_each(&s->groups, add_group_footprint, &sum);
    return sum;
}

/* ---- how far a group is ---- */

/* Whether something was deleted, other than from the beginning, at or behind `from`. */
static bool has_holes(const struct xstream *s, struct xstream_id from)
{
    const struct xstream_facts *f = &s->facts;
    if (f->length == 0 || xstream_id_is_zero(f->max_deleted))
        return false;
    if (xstream_id_compare(f->first, f->max_deleted) > 0)
        return false;
    return xstream_id_compare(from, f->max_deleted) <= 0;
}

/* Entries ever added up to an ID, as far as the stream can tell. */
static int64_t entries_up_to(const struct xstream *s, struct xstream_id id)
{
    const struct xstream_facts *f = &s->facts;
    if (f->added == 0)
        return STREAM_READ_UNKNOWN;
    int to_last = xstream_id_compare(id, f->last);
    if (to_last == 0 || (f->length == 0 && to_last < 0))
        return (int64_t)f->added;
    if (to_last > 0)
        return STREAM_READ_UNKNOWN;
    bool whole = xstream_id_is_zero(f->max_deleted) ||
                 xstream_id_compare(f->max_deleted, f->first) < 0;
    int to_first = xstream_id_compare(id, f->first);
    if (!whole || to_first > 0)
        return STREAM_READ_UNKNOWN;
    return (int64_t)(f->added - f->length) + (to_first == 0);
}

void xstream_group_advance(const struct xstream *s, struct xstream_group *g, struct xstream_id id)
{
    if (xstream_id_compare(id, g->last) <= 0)
        return;
    if (g->entries_read != STREAM_READ_UNKNOWN && !has_holes(s, id))
        g->entries_read++;
    else if (s->facts.added)
        g->entries_read = entries_up_to(s, id);
    g->last = id;
}

bool xstream_group_lag(const struct xstream *s, const struct xstream_group *g, int64_t *ret_lag)
{
    int64_t added = (int64_t)s->facts.added;
    if (added == 0) {
        *ret_lag = 0;
        return true;
    }
    int64_t read = g->entries_read;
    if (read == STREAM_READ_UNKNOWN || has_holes(s, g->last))
        read = entries_up_to(s, g->last);
    if (read == STREAM_READ_UNKNOWN)
        return false;
    *ret_lag = added - read;
    return true;
}

/* ---- references to an entry ---- */

bool xstream_is_acked(const struct xstream *s, struct xstream_id id)
{
    struct btree_cursor c;
    for (const struct xstream_group *g = btree_at(&s->groups, 0, &c); g; g = btree_next(&c)) {
        if (xstream_id_compare(id, g->last) > 0 || xstream_pending_find(&g->pending, id))
            return false;
    }
    return true;
}

void xstream_drop_refs(struct xstream *s, struct xstream_id id)
{
    struct btree_cursor c;
    for (struct xstream_group *g = btree_at(&s->groups, 0, &c); g; g = btree_next(&c))
        (void)xstream_pending_remove(g, id);
}
