/* The bytes of a pack.
 *
 *   master entry   count, deleted, number of fields, field ..., 0
 *   entry          flags, milliseconds and sequence less the pack's, [number of fields,]
 *                  value ... or field, value ...; how many listpack entries these are
 *
 * The master entry has the fields of the first entry, the count of living entries and that of
 * deleted ones. An entry with the flag SAME_FIELDS has the master's fields, and values alone. The
 * last number lets a walk go backwards; behind the master it is 0. */
#include <errno.h>

#include "types/stream_priv.h"

#define FLAG_DELETED 1
#define FLAG_SAME_FIELDS 2

#define VALUES_AT_ONCE 64

static int64_t int_at(const struct listpack *pack, size_t at)
{
    int64_t value;
    bool is_int = listpack_int(pack, at, &value);
    ASSERT(is_int);
    return value;
}

/* ---- reading ---- */

void pack_read_head(const struct listpack *pack, struct pack_head *ret_head)
{
    size_t at = listpack_first(pack);
    ret_head->count = int_at(pack, at);
    at = listpack_next(pack, at);
    ret_head->deleted = int_at(pack, at);
    at = listpack_next(pack, at);
    ret_head->field_count = (size_t)int_at(pack, at);
    ret_head->fields_at = listpack_next(pack, at);
    ret_head->end = listpack_skip(pack, ret_head->fields_at, ret_head->field_count);
}

void pack_read_entry(const struct listpack *pack, struct xstream_id master, size_t field_count,
                     size_t at, struct pack_entry *ret_entry)
{
    int64_t flags = int_at(pack, at);
    at = listpack_next(pack, at);
    ret_entry->id.ms = master.ms + (uint64_t)int_at(pack, at);
    at = listpack_next(pack, at);
    ret_entry->id.seq = master.seq + (uint64_t)int_at(pack, at);
    at = listpack_next(pack, at);
    ret_entry->deleted = flags & FLAG_DELETED;
    ret_entry->same_fields = flags & FLAG_SAME_FIELDS;
    ret_entry->field_count = field_count;
    ret_entry->values = field_count;
    if (!ret_entry->same_fields) {
        ret_entry->field_count = (size_t)int_at(pack, at);
        ret_entry->values = 2 * ret_entry->field_count;
        at = listpack_next(pack, at);
    }
    ret_entry->values_at = at;
}

size_t pack_first(const struct listpack *pack)
{
    struct pack_head head;
    pack_read_head(pack, &head);
    return listpack_next(pack, head.end);
}

/* From the number at an entry's end to its flags. */
static size_t flags_before(const struct listpack *pack, size_t at)
{
    int64_t count = int_at(pack, at);
    if (count == 0)
        return LISTPACK_NONE;
    for (; count > 0; count--)
        at = listpack_prev(pack, at);
    return at;
}

size_t pack_last(const struct listpack *pack)
{
    return flags_before(pack, listpack_last(pack));
}

size_t pack_entry_next(const struct listpack *pack, const struct pack_entry *e)
{
    size_t end = listpack_skip(pack, e->values_at, e->values);
    return listpack_next(pack, end);
}

size_t pack_entry_prev(const struct listpack *pack, size_t at)
{
    return flags_before(pack, listpack_prev(pack, at));
}

/* ---- changing ---- */

static struct listpack_value number(int64_t value)
{
    return (struct listpack_value){ .number = value };
}

static struct listpack_value text(struct slice value)
{
    return (struct listpack_value){ .text = value.len ? value : SLICE("") };
}

/* Appends slices `first`, `first + step`, ... */
static struct listpack *append_slices(struct listpack *pack, const struct slice *from, size_t count,
                                      size_t step)
{
    struct listpack_value values[VALUES_AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; i < count; i += step) {
        values[n++] = text(from[i]);
        if (n == VALUES_AT_ONCE) {
            pack = listpack_append_many(pack, values, n);
            n = 0;
        }
    }
    return listpack_append_many(pack, values, n);
}

struct listpack *pack_new(const struct slice *pairs, size_t count)
{
    const struct listpack_value head[] = { number(0), number(0), number((int64_t)count / 2) };
    struct listpack *pack = listpack_append_many(listpack_new(), head, COUNT_OF(head));
    pack = append_slices(pack, pairs, count, 2);
    return listpack_append_int(pack, 0);
}

static bool has_same_fields(const struct listpack *pack, const struct pack_head *head,
                            const struct slice *pairs, size_t count)
{
    if (head->field_count != count / 2)
        return false;
    size_t at = head->fields_at;
    for (size_t i = 0; i < count; i += 2, at = listpack_next(pack, at)) {
        if (!listpack_equals(pack, at, pairs[i]))
            return false;
    }
    return true;
}

/* The usual entry: everything in one go. */
static struct listpack *append_short(struct listpack *pack, const struct listpack_value *head,
                                     size_t head_count, const struct slice *pairs, size_t count)
{
    struct listpack_value values[VALUES_AT_ONCE + 5];
    bool same = head_count == 3;
    size_t n = 0;
    for (; n < head_count; n++)
        values[n] = head[n];
    for (size_t i = same; i < count; i += same ? 2 : 1)
        values[n++] = text(pairs[i]);
    values[n] = number((int64_t)n);
    return listpack_append_many(pack, values, n + 1);
}

struct listpack *pack_append(struct listpack *pack, struct xstream_id master, struct xstream_id id,
                             const struct slice *pairs, size_t count)
{
    struct pack_head h;
    pack_read_head(pack, &h);
    bool same = has_same_fields(pack, &h, pairs, count);
    pack = listpack_replace_int(pack, listpack_first(pack), h.count + 1);

    const struct listpack_value head[] = {
        number(same ? FLAG_SAME_FIELDS : 0),
        number((int64_t)(id.ms - master.ms)),
        number((int64_t)(id.seq - master.seq)),
        number((int64_t)count / 2),
    };
    size_t head_count = same ? 3 : 4;
    if (count <= VALUES_AT_ONCE)
        return append_short(pack, head, head_count, pairs, count);
    pack = listpack_append_many(pack, head, head_count);
    pack = append_slices(pack, pairs + same, count - same, same ? 2 : 1);
    return listpack_append_int(pack, (int64_t)(head_count + (same ? count / 2 : count)));
}

struct listpack *pack_mark_deleted(struct listpack *pack, size_t at)
{
    return listpack_replace_int(pack, at, int_at(pack, at) | FLAG_DELETED);
}

struct listpack *pack_count_deleted(struct listpack *pack, int64_t deleted)
{
    struct pack_head head;
    pack_read_head(pack, &head);
    size_t at = listpack_first(pack);
    pack = listpack_replace_int(pack, at, head.count - deleted);
    return listpack_replace_int(pack, listpack_next(pack, at), head.deleted + deleted);
}

/* ---- from outside ---- */

/* A walk over bytes that are a listpack and may be no pack. */
struct check {
    const struct listpack *pack;
    size_t at;
    int64_t walked; /* entries since the counter was set back */
};

static bool take_int(struct check *c, int64_t *ret_value)
{
    if (c->at == LISTPACK_NONE || !listpack_int(c->pack, c->at, ret_value))
        return false;
    c->at = listpack_next(c->pack, c->at);
    c->walked++;
    return true;
}

static bool take_any(struct check *c, int64_t count)
{
    for (; count > 0 && c->at != LISTPACK_NONE; count--) {
        c->at = listpack_next(c->pack, c->at);
        c->walked++;
    }
    return count == 0;
}

static bool take_entry(struct check *c, int64_t master_fields, bool *ret_deleted)
{
    int64_t flags, ms, seq, fields = master_fields, end;
    c->walked = 0;
    if (!take_int(c, &flags) || !take_int(c, &ms) || !take_int(c, &seq))
        return false;
    bool same = flags & FLAG_SAME_FIELDS;
    if (!same && !take_int(c, &fields))
        return false;
    if (fields < 0 || fields > INT32_MAX || !take_any(c, same ? fields : 2 * fields))
        return false;
    int64_t walked = c->walked;
    *ret_deleted = flags & FLAG_DELETED;
    return take_int(c, &end) && end == walked;
}

static bool is_pack(const struct listpack *pack)
{
    struct check c = { .pack = pack, .at = listpack_first(pack) };
    int64_t count, deleted, fields, end;
    if (!take_int(&c, &count) || !take_int(&c, &deleted) || !take_int(&c, &fields))
        return false;
    if (count < 0 || deleted < 0 || fields < 0 || !take_any(&c, fields))
        return false;
    if (!take_int(&c, &end) || end != 0)
        return false;
    while (c.at != LISTPACK_NONE) {
        bool was_deleted;
        if (!take_entry(&c, fields, &was_deleted))
            return false;
        if (was_deleted)
            deleted--;
        else
            count--;
    }
    return count == 0 && deleted == 0;
}

bool xstream_pack_is_valid(struct slice bytes)
{
    struct listpack *pack = listpack_from_bytes(bytes);
    bool ok = pack && is_pack(pack);
    listpack_free(pack);
    return ok;
}

int xstream_add_pack(struct xstream *s, struct xstream_id id, struct slice bytes)
{
    struct listpack *pack = listpack_from_bytes(bytes);
    if (!pack || !is_pack(pack) || btree_find(&s->nodes, xstream_key(&id))) {
        listpack_free(pack);
        return -EINVAL;
    }
    struct pack_head head;
    pack_read_head(pack, &head);
    xstream_node_add(s, id, pack);
    s->facts.length += (uint64_t)head.count;
    return 0;
}
