/* A stream as commands.
 *
 *   XADD                        each entry
 *   XGROUP CREATE               each group, with its place
 *   XGROUP CREATECONSUMER       each consumer
 *   XCLAIM, XNACK               what is pending: with a consumer, or given back
 *   XSETID                      what the stream knows of its past
 *
 * What is pending may have been deleted from the stream; but XCLAIM only takes what is there. So such entries are
 * added in their place, and deleted behind the claims. */
#include <stdlib.h>

#include "base/mem.h"
#include "persist/aof_commands_priv.h"
#include "types/stream.h"

/* ---- pending and deleted ---- */

struct gone {
    struct xstream_id *ids; /* rising */
    size_t count, cap;
};

typedef void (*pending_visit)(void *arg, const struct xstream_group *g, struct xstream_id id,
                              const struct xstream_pending *p);

static void each_group(const struct xstream *s,
                       void (*visit)(void *arg, const struct xstream_group *g), void *arg)
{
    struct btree_cursor c;
    for (const void *g = btree_at(xstream_groups(s), 0, &c); g; g = btree_next(&c))
        visit(arg, g);
}

static void each_pending(const struct xstream_group *g, pending_visit visit, void *arg)
{
    struct btree_cursor c;
    for (const void *p = btree_at(&g->pending, 0, &c); p; p = btree_next(&c))
        visit(arg, g, xstream_pending_id(&c), p);
}

struct gathering {
    const struct xstream *s;
    struct gone *gone;
};

static void gather_pending(void *arg, const struct xstream_group *g UNUSED, struct xstream_id id,
                           const struct xstream_pending *p UNUSED)
{
    const struct gathering *what = arg;
    struct gone *gone = what->gone;
    if (xstream_has(what->s, id))
        return;
    if (gone->count == gone->cap) {
        gone->cap = gone->cap * 2 + 16;
        gone->ids = mem_realloc(gone->ids, gone->cap * sizeof(*gone->ids));
    }
    gone->ids[gone->count++] = id;
}

static void gather_group(void *arg, const struct xstream_group *g)
{
    each_pending(g, gather_pending, arg);
}

static int compare_ids(const void *a, const void *b)
{
    return xstream_id_compare(*(const struct xstream_id *)a, *(const struct xstream_id *)b);
}

static void find_gone(const struct xstream *s, struct gone *gone)
{
    struct gathering what = { s, gone };
    *gone = (struct gone){ 0 };
    each_group(s, gather_group, &what);
    if (gone->count == 0)
        return;
    qsort(gone->ids, gone->count, sizeof(*gone->ids), compare_ids);
    size_t kept = 1; /* several groups may have it pending */
    for (size_t i = 1; i < gone->count; i++)
        if (compare_ids(&gone->ids[i], &gone->ids[kept - 1]) != 0)
            gone->ids[kept++] = gone->ids[i];
    gone->count = kept;
}

/* ---- entries ---- */

static void put_id(struct commands_out *out, struct xstream_id id)
{
    char text[STREAM_ID_MAX_CHARS];
    commands_put(out, slice_of(text, xstream_id_format(text, id)));
}

static void put_placeholder(struct commands_out *out, const struct entry *e, struct xstream_id id)
{
    commands_begin(out, "XADD", 5);
    commands_put(out, entry_key(e));
    put_id(out, id);
    commands_put(out, SLICE("x"));
    commands_put(out, SLICE("y"));
}

static void put_entry(struct commands_out *out, const struct entry *e, struct xstream_iter *it)
{
    commands_begin(out, "XADD", 3 + it->field_count * 2);
    commands_put(out, entry_key(e));
    put_id(out, it->id);
    for (size_t i = 0; i < it->field_count; i++) {
        char scratch[2 * STREAM_SCRATCH];
        struct slice field, value;
        xstream_iter_pair(it, &field, &value, scratch);
        commands_put(out, field);
        commands_put(out, value);
    }
}

static void put_entries(struct commands_out *out, const struct entry *e, const struct gone *gone)
{
    struct xstream_iter it;
    size_t next = 0;
    xstream_iter_init(&it, xstream_of(e), STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (xstream_iter_next(&it)) {
        while (next < gone->count && xstream_id_compare(gone->ids[next], it.id) < 0)
            put_placeholder(out, e, gone->ids[next++]);
        put_entry(out, e, &it);
    }
    while (next < gone->count)
        put_placeholder(out, e, gone->ids[next++]);
}

/* Added and trimmed at once. */
static void put_empty(struct commands_out *out, const struct entry *e)
{
    struct xstream_id id = xstream_facts(xstream_of(e))->last;
    if (xstream_id_is_zero(id))
        id.seq = 1; /* there is no entry 0-0 */
    commands_begin(out, "XADD", 7);
    commands_put(out, entry_key(e));
    commands_put(out, SLICE("MAXLEN"));
    commands_put(out, SLICE("0"));
    put_id(out, id);
    commands_put(out, SLICE("x"));
    commands_put(out, SLICE("y"));
}

static void put_deletions(struct commands_out *out, const struct entry *e, const struct gone *gone)
{
    for (size_t i = 0; i < gone->count; i++) {
        commands_begin(out, "XDEL", 3);
        commands_put(out, entry_key(e));
        put_id(out, gone->ids[i]);
    }
}

static void put_facts(struct commands_out *out, const struct entry *e)
{
    const struct xstream_facts *facts = xstream_facts(xstream_of(e));
    commands_begin(out, "XSETID", 7);
    commands_put(out, entry_key(e));
    put_id(out, facts->last);
    commands_put(out, SLICE("ENTRIESADDED"));
    commands_put_int(out, (int64_t)facts->added);
    commands_put(out, SLICE("MAXDELETEDID"));
    put_id(out, facts->max_deleted);
}

/* ---- groups ---- */

struct group_out {
    struct commands_out *out;
    const struct entry *e;
};

static void put_claimed(const struct group_out *to, const struct xstream_group *g,
                        struct xstream_id id, const struct xstream_pending *p)
{
    struct commands_out *out = to->out;
    commands_begin(out, "XCLAIM", 12);
    commands_put(out, entry_key(to->e));
    commands_put(out, g->name);
    commands_put(out, p->consumer->name);
    commands_put(out, SLICE("0"));
    put_id(out, id);
    commands_put(out, SLICE("TIME"));
    commands_put_int(out, p->delivered_ms);
    commands_put(out, SLICE("RETRYCOUNT"));
    commands_put_int(out, p->deliveries);
    commands_put(out, SLICE("JUSTID"));
    commands_put(out, SLICE("FORCE"));
}

static void put_given_back(const struct group_out *to, const struct xstream_group *g,
                           struct xstream_id id, const struct xstream_pending *p)
{
    struct commands_out *out = to->out;
    commands_begin(out, "XNACK", 10);
    commands_put(out, entry_key(to->e));
    commands_put(out, g->name);
    commands_put(out, SLICE("FAIL"));
    commands_put(out, SLICE("IDS"));
    commands_put(out, SLICE("1"));
    put_id(out, id);
    commands_put(out, SLICE("RETRYCOUNT"));
    commands_put_int(out, p->deliveries);
    commands_put(out, SLICE("FORCE"));
}

static void put_pending(void *arg, const struct xstream_group *g, struct xstream_id id,
                        const struct xstream_pending *p)
{
    if (p->consumer)
        put_claimed(arg, g, id, p);
    else
        put_given_back(arg, g, id, p);
}

static void put_group(void *arg, const struct xstream_group *g)
{
    const struct group_out *to = arg;
    struct btree_cursor c;
    commands_begin(to->out, "XGROUP", 7);
    commands_put(to->out, SLICE("CREATE"));
    commands_put(to->out, entry_key(to->e));
    commands_put(to->out, g->name);
    put_id(to->out, g->last);
    commands_put(to->out, SLICE("ENTRIESREAD"));
    commands_put_int(to->out, g->entries_read);
    for (const struct xstream_consumer *who = btree_at(&g->consumers, 0, &c); who;
         who = btree_next(&c)) {
        commands_begin(to->out, "XGROUP", 5);
        commands_put(to->out, SLICE("CREATECONSUMER"));
        commands_put(to->out, entry_key(to->e));
        commands_put(to->out, g->name);
        commands_put(to->out, who->name);
    }
    each_pending(g, put_pending, arg);
}

void commands_put_stream(struct commands_out *out, const struct entry *e)
{
    const struct xstream *s = xstream_of(e);
    struct group_out to = { out, e };
    struct gone gone;
    find_gone(s, &gone);
    if (xstream_facts(s)->length + gone.count == 0)
        put_empty(out, e);
    else
        put_entries(out, e, &gone);
    each_group(s, put_group, &to);
    put_deletions(out, e, &gone);
    put_facts(out, e);
    mem_free(gone.ids);
}
