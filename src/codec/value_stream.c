/* Streams: packs under their IDs, what is known of the whole, groups with what is pending. */
#include <endian.h>

#include "codec/value_priv.h"
#include "types/stream.h"

/* An ID as 16 bytes: milliseconds and sequence number, high bytes first. */
struct raw_id {
    uint64_t ms, seq;
};

static struct raw_id raw_of(struct xstream_id id)
{
    return (struct raw_id){ htobe64(id.ms), htobe64(id.seq) };
}

static struct xstream_id id_of(const struct raw_id *raw)
{
    return (struct xstream_id){ be64toh(raw->ms), be64toh(raw->seq) };
}

/* ---- which kind ---- */

static size_t given_back(const struct xstream_group *g)
{
    struct btree_cursor c;
    size_t count = 0;
    for (const struct xstream_pending *p = btree_at(&g->pending, 0, &c); p; p = btree_next(&c))
        count += p->consumer == NULL;
    return count;
}

int stream_version(const struct entry *e)
{
    struct btree_cursor c;
    const struct btree *groups = xstream_groups(xstream_of(e));
    for (const struct xstream_group *g = btree_at(groups, 0, &c); g; g = btree_next(&c))
        if (given_back(g))
            return CODEC_VERSION_GIVEN_BACK;
    return CODEC_VERSION_MIN;
}

uint8_t stream_kind(const struct entry *e, int version)
{
    if (stream_version(e) >= CODEC_VERSION_GIVEN_BACK)
        return KIND_STREAM_5;
    return version >= CODEC_VERSION_SETS ? KIND_STREAM_3 : KIND_STREAM_2;
}

/* ---- writing ---- */

static void write_raw_id(struct codec_writer *w, struct xstream_id id)
{
    const struct raw_id raw = raw_of(id);
    codec_write_bytes(w, &raw, sizeof(raw));
}

static void write_id(struct codec_writer *w, struct xstream_id id)
{
    codec_write_len(w, id.ms);
    codec_write_len(w, id.seq);
}

static void write_pack(void *arg, struct xstream_id id, const struct listpack *pack)
{
    const struct raw_id raw = raw_of(id);
    codec_write_string(arg, slice_of(&raw, sizeof(raw)));
    write_packed(arg, pack);
}

static void write_consumer(struct codec_writer *w, const struct xstream_consumer *c, uint8_t kind)
{
    struct btree_cursor at;
    codec_write_string(w, c->name);
    codec_write_u64(w, (uint64_t)c->seen_ms);
    if (kind >= KIND_STREAM_3)
        codec_write_u64(w, (uint64_t)c->active_ms);
    codec_write_len(w, btree_count(&c->pending));
    for (void *p = btree_at(&c->pending, 0, &at); p; p = btree_next(&at))
        write_raw_id(w, xstream_pending_id(&at));
}

static void write_given_back(struct codec_writer *w, const struct xstream_group *g)
{
    struct btree_cursor at;
    codec_write_len(w, given_back(g));
    for (const struct xstream_pending *p = btree_at(&g->pending, 0, &at); p; p = btree_next(&at))
        if (!p->consumer)
            write_raw_id(w, xstream_pending_id(&at));
}

static void write_group(struct codec_writer *w, const struct xstream_group *g, uint8_t kind)
{
    struct btree_cursor at;
    codec_write_string(w, g->name);
    write_id(w, g->last);
    codec_write_len(w, (uint64_t)g->entries_read);
    codec_write_len(w, btree_count(&g->pending));
    for (const struct xstream_pending *p = btree_at(&g->pending, 0, &at); p; p = btree_next(&at)) {
        write_raw_id(w, xstream_pending_id(&at));
        codec_write_u64(w, (uint64_t)p->delivered_ms);
        codec_write_len(w, (uint64_t)p->deliveries);
    }
    codec_write_len(w, btree_count(&g->consumers));
    for (const struct xstream_consumer *c = btree_at(&g->consumers, 0, &at); c; c = btree_next(&at))
        write_consumer(w, c, kind);
    if (kind == KIND_STREAM_5)
        write_given_back(w, g);
}

void write_stream(struct codec_writer *w, const struct entry *e)
{
    const struct xstream *s = xstream_of(e);
    const struct xstream_facts *facts = xstream_facts(s);
    const uint8_t kind = stream_kind(e, w->version);
    struct btree_cursor at;
    codec_write_len(w, xstream_pack_count(s));
    xstream_each_pack(s, write_pack, w);
    codec_write_len(w, facts->length);
    write_id(w, facts->last);
    write_id(w, facts->first);
    write_id(w, facts->max_deleted);
    codec_write_len(w, facts->added);
    codec_write_len(w, btree_count(xstream_groups(s)));
    for (struct xstream_group *g = btree_at(xstream_groups(s), 0, &at); g; g = btree_next(&at))
        write_group(w, g, kind);
    /* Idempotence: duration, maximum, producers, added, duplicates. There are none. */
    for (int i = 0; kind == KIND_STREAM_5 && i < 5; i++)
        codec_write_len(w, 0);
}

/* ---- reading ---- */

static bool read_raw_id(struct codec_reader *r, struct xstream_id *ret_id)
{
    struct raw_id raw;
    if (!codec_read_bytes(r, &raw, sizeof(raw)))
        return false;
    *ret_id = id_of(&raw);
    return true;
}

static bool read_id(struct codec_reader *r, struct xstream_id *ret_id)
{
    return codec_read_len(r, &ret_id->ms) && codec_read_len(r, &ret_id->seq);
}

static bool read_pack(struct codec_reader *r, struct xstream *s)
{
    struct slice text;
    struct raw_id raw;
    if (!codec_read_string(r, &text))
        return false;
    if (text.len != sizeof(raw))
        return codec_fail(r, -EBADMSG, "an ID of 16 bytes");
    memcpy(&raw, text.ptr, sizeof(raw));
    if (!codec_read_string(r, &text))
        return false;
    if (xstream_add_pack(s, id_of(&raw), text) < 0)
        return codec_fail(r, -EBADMSG, "a pack of entries under an ID of its own");
    return true;
}

static bool read_packs(struct codec_reader *r, struct xstream *s)
{
    uint64_t count;
    if (!codec_read_len(r, &count))
        return false;
    while (count-- > 0)
        if (!read_pack(r, s))
            return false;
    return true;
}

static bool read_facts(struct codec_reader *r, uint8_t kind, struct xstream *s)
{
    struct xstream_facts facts = { .first = STREAM_ID_MIN };
    struct xstream_id last;
    if (!codec_read_len(r, &facts.length) || !read_id(r, &facts.last))
        return false;
    if (facts.length != xstream_facts(s)->length)
        return codec_fail(r, -EBADMSG, "as many entries as the packs have");
    if (xstream_edge(s, /* first= */ false, &last) && xstream_id_compare(last, facts.last) > 0)
        return codec_fail(r, -EBADMSG, "a last ID that no entry is above");
    facts.added = facts.length;
    if (kind >= KIND_STREAM_2 && (!read_id(r, &facts.first) || !read_id(r, &facts.max_deleted) ||
                                  !codec_read_len(r, &facts.added)))
        return false;
    /* What is there is known better than what is said about it. */
    if (!xstream_edge(s, /* first= */ true, &facts.first))
        facts.first = STREAM_ID_MIN;
    xstream_set_facts(s, &facts);
    return true;
}

/* All that is pending in a group; whose, is said by the consumers. */
static bool read_pending(struct codec_reader *r, struct xstream_group *g)
{
    uint64_t count;
    if (!codec_read_len(r, &count))
        return false;
    while (count-- > 0) {
        struct xstream_id id;
        uint64_t delivered_ms, deliveries;
        if (!read_raw_id(r, &id) || !codec_read_u64(r, &delivered_ms) ||
            !codec_read_len(r, &deliveries))
            return false;
        if (xstream_pending_find(&g->pending, id))
            return codec_fail(r, -EBADMSG, "a pending ID that was not there yet");
        (void)xstream_pending_add(g, id, NULL, (int64_t)delivered_ms, (int64_t)deliveries);
    }
    return true;
}

/* IDs of the group's pending entries that nobody has yet: `c` has them, or (NULL) nobody. How many. */
static bool read_owned(struct codec_reader *r, struct xstream_group *g, struct xstream_consumer *c,
                       uint64_t *ret_count)
{
    if (!codec_read_len(r, ret_count))
        return false;
    for (uint64_t i = 0; i < *ret_count; i++) {
        struct xstream_id id;
        if (!read_raw_id(r, &id))
            return false;
        struct xstream_pending *p = xstream_pending_find(&g->pending, id);
        if (!p || p->consumer)
            return codec_fail(r, -EBADMSG, "an ID that is pending for nobody else");
        if (c)
            xstream_pending_give(p, id, c);
    }
    return true;
}

static bool read_consumer(struct codec_reader *r, uint8_t kind, struct xstream_group *g)
{
    struct slice name;
    uint64_t seen_ms, active_ms, count;
    if (!read_element(r, &name))
        return false;
    if (xstream_consumer_find(g, name))
        return codec_fail(r, -EBADMSG, "a consumer that was not there yet");
    struct xstream_consumer *c = xstream_consumer_add(g, name, 0);
    if (!codec_read_u64(r, &seen_ms))
        return false;
    active_ms = seen_ms;
    if (kind >= KIND_STREAM_3 && !codec_read_u64(r, &active_ms))
        return false;
    c->seen_ms = (int64_t)seen_ms;
    c->active_ms = (int64_t)active_ms;
    return read_owned(r, g, c, &count);
}

static bool read_consumers(struct codec_reader *r, uint8_t kind, struct xstream_group *g)
{
    uint64_t count, without = 0;
    if (!codec_read_len(r, &count))
        return false;
    while (count-- > 0)
        if (!read_consumer(r, kind, g))
            return false;
    if (kind == KIND_STREAM_5 && !read_owned(r, g, NULL, &without))
        return false;
    return without == given_back(g) || codec_fail(r, -EBADMSG, "a consumer for each pending entry");
}

static bool read_group(struct codec_reader *r, uint8_t kind, struct xstream *s)
{
    struct slice name;
    struct xstream_id last;
    uint64_t entries_read = (uint64_t)STREAM_READ_UNKNOWN;
    if (!read_element(r, &name))
        return false;
    struct xstream_group *g = xstream_group_add(s, name, STREAM_ID_MIN, STREAM_READ_UNKNOWN);
    if (!g)
        return codec_fail(r, -EBADMSG, "a group that was not there yet");
    if (!read_id(r, &last) || (kind >= KIND_STREAM_2 && !codec_read_len(r, &entries_read)))
        return false;
    g->last = last;
    g->entries_read = (int64_t)entries_read;
    return read_pending(r, g) && read_consumers(r, kind, g);
}

/* Duration, maximum, producers, entries added and duplicates of idempotent additions. */
static bool skip_idempotence(struct codec_reader *r)
{
    uint64_t duration, limit, producers, added, duplicates;
    if (!codec_read_len(r, &duration) || !codec_read_len(r, &limit) ||
        !codec_read_len(r, &producers))
        return false;
    if (producers)
        return codec_fail(r, -ENOTSUP, "no producers of idempotent additions");
    return codec_read_len(r, &added) && codec_read_len(r, &duplicates);
}

static bool read_all(struct codec_reader *r, uint8_t kind, struct xstream *s)
{
    uint64_t groups;
    if (!read_packs(r, s) || !read_facts(r, kind, s) || !codec_read_len(r, &groups))
        return false;
    while (groups-- > 0)
        if (!read_group(r, kind, s))
            return false;
    return kind < KIND_STREAM_4 || skip_idempotence(r);
}

struct entry *read_stream(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    struct entry *e = xstream_entry_new(to->key, to->when_ms);
    if (read_all(r, kind, xstream_of(e)))
        return e;
    entry_free(e);
    return NULL;
}
