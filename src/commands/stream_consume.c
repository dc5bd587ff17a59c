/* Following streams: XREAD, XREADGROUP, and waiting for what comes. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

#include "dispatch/block.h"

/* What a waiter gets at most at once if it did not say. */
#define WAITER_COUNT 1000

#define ERR_READ_ONLY_GROUP(what) \
    "ERR The " what " option is only supported by XREADGROUP. You called XREAD instead."

/* ---- arguments ---- */

struct read {
    struct cmd *cmd;
    bool in_group, no_ack, waits, claims;
    int64_t count; /* 0: no limit */
    /* Of all streams together; 0: no limit. What was handed out is counted in `given`. */
    int64_t count_max, bytes_max;
    struct given *given;
    int64_t timeout_ms, claim_ms;
    struct slice group, consumer;
    int at; /* the argument that is looked at */
    int streams_at, streams;
};

static bool refuse(const struct read *r, const char *error)
{
    reply_error(r->cmd->reply, error);
    return false;
}

static bool parse_block(struct read *r)
{
    r->waits = true;
    return cmd_timeout(r->cmd, ++r->at, TIMEOUT_IN_MS, &r->timeout_ms);
}

static bool parse_count(struct read *r)
{
    if (!cmd_int(r->cmd, ++r->at, &r->count, NULL))
        return false;
    r->count = MAX_OF(r->count, (int64_t)0);
    return true;
}

static bool parse_maxcount(struct read *r)
{
    return cmd_int_in(r->cmd, ++r->at, 1, INT64_MAX, &r->count_max,
                      "ERR MAXCOUNT must be a positive integer");
}

static bool parse_maxsize(struct read *r)
{
    return cmd_int_in(r->cmd, ++r->at, 1, INT64_MAX, &r->bytes_max,
                      "ERR MAXSIZE must be a positive integer");
}

static bool parse_group(struct read *r)
{
    if (!r->in_group)
        return refuse(r, ERR_READ_ONLY_GROUP("GROUP"));
    r->group = cmd_arg(r->cmd, r->at + 1);
    r->consumer = cmd_arg(r->cmd, r->at + 2);
    r->at += 2;
    return true;
}

static bool parse_noack(struct read *r)
{
    r->no_ack = true;
    return r->in_group || refuse(r, ERR_READ_ONLY_GROUP("NOACK"));
}

static bool parse_claim(struct read *r)
{
    if (!r->in_group)
        return refuse(r, ERR_READ_ONLY_GROUP("CLAIM"));
    r->claims = true;
    return cmd_int_in(r->cmd, ++r->at, 0, INT64_MAX, &r->claim_ms,
                      "ERR min-idle-time must be a positive integer");
}

static bool parse_streams(struct read *r)
{
    int count = r->cmd->argc - r->at - 1;
    if (count % 2 != 0)
        return refuse(r, "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' "
                         "must be specified.");
    r->streams_at = r->at + 1;
    r->streams = count / 2;
    r->at = r->cmd->argc;
    return true;
}

static const struct read_option {
    const char *word;
    int values;
    bool (*parse)(struct read *r);
} read_options[] = {
    { "BLOCK", 1, parse_block },       { "COUNT", 1, parse_count },
    { "STREAMS", 1, parse_streams },   { "GROUP", 2, parse_group },
    { "NOACK", 0, parse_noack },       { "CLAIM", 1, parse_claim },
    { "MAXCOUNT", 1, parse_maxcount }, { "MAXSIZE", 1, parse_maxsize },
};

static const struct read_option *find_option(const struct read *r)
{
    int more = r->cmd->argc - r->at - 1;
    for (size_t i = 0; i < COUNT_OF(read_options); i++) {
        if (more >= read_options[i].values && cmd_is(r->cmd, r->at, read_options[i].word))
            return &read_options[i];
    }
    return NULL;
}

static bool parse_options(struct read *r)
{
    for (r->at = 1; r->at < r->cmd->argc; r->at++) {
        const struct read_option *option = find_option(r);
        if (!option)
            return refuse(r, ERR_SYNTAX);
        if (!option->parse(r))
            return false;
    }
    if (r->streams_at == 0)
        return refuse(r, ERR_SYNTAX);
    if (r->in_group && !r->group.ptr)
        return refuse(r, "ERR Missing GROUP option for XREADGROUP");
    return true;
}

/* ---- one stream ---- */

/* Where reading one of the streams begins. */
struct source {
    struct xstream_id after; /* STREAM_ID_MAX in a group: what nobody has got yet */
    struct key key;
    struct entry *e; /* NULL: not there */
    struct xstream_group *g;
};

static bool is_new_only(const struct read *r, const struct source *src)
{
    return r->in_group && xstream_id_compare(src->after, STREAM_ID_MAX) == 0;
}

static bool find_source_group(const struct read *r, struct source *src)
{
    src->g = src->e ? xstream_group_find(xstream_of(src->e), r->group) : NULL;
    if (!src->g)
        reply_errorf(r->cmd->reply,
                     "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP "
                     "option",
                     SLICE_ARGS(src->key.name), SLICE_ARGS(r->group));
    return src->g != NULL;
}

/* The text up to a zero byte, as the peers see it, is this one sign. */
static bool is_sign(struct slice text, char sign)
{
    return text.len >= 1 && text.ptr[0] == sign && (text.len == 1 || text.ptr[1] == '\0');
}

static bool find_source(const struct read *r, int i, struct source *ret)
{
    struct cmd *cmd = r->cmd;
    int id_at = r->streams_at + r->streams + i;
    *ret = (struct source){ .key = cmd_key(cmd, r->streams_at + i) };
    ret->e = db_lookup_read(cmd->db, ret->key);
    if (!is_stream(cmd, ret->e) || (r->in_group && !find_source_group(r, ret)))
        return false;
    if (is_sign(cmd_arg(cmd, id_at), '$')) {
        if (r->in_group)
            return refuse(r, "ERR The $ ID is meaningless in the context of XREADGROUP: you want "
                             "to read the history of this consumer by specifying a proper ID, or "
                             "use the > ID to get new messages. The $ ID would just return an "
                             "empty result set.");
        if (ret->e)
            ret->after = xstream_facts(xstream_of(ret->e))->last;
        return true;
    }
    if (is_sign(cmd_arg(cmd, id_at), '>')) {
        if (!r->in_group)
            return refuse(r, "ERR The > ID can be specified only when calling XREADGROUP using "
                             "the GROUP <group> <consumer> option.");
        ret->after = STREAM_ID_MAX;
        return true;
    }
    return cmd_stream_id(cmd, id_at, &ret->after);
}

/* ---- how much of all streams together ---- */

/* What was handed out so far; `all`: no more may be. That is never so before the first entry. */
struct given {
    int64_t count;
    uint64_t bytes;
    bool all;
};

/* The ID's text, the fields and the values. */
static uint64_t entry_bytes(const struct xstream_iter *at)
{
    struct xstream_iter it = *at;
    char scratch[2 * STREAM_SCRATCH];
    uint64_t bytes = xstream_id_format(scratch, it.id);
    for (size_t i = 0; i < it.field_count; i++) {
        struct slice field, value;
        xstream_iter_pair(&it, &field, &value, scratch);
        bytes += field.len + value.len;
    }
    return bytes;
}

/* Whether an entry (NULL: one that was deleted) may be handed out, too; it is counted then. */
static bool may_give(const struct read *r, const struct xstream_iter *it)
{
    struct given *g = r->given;
    if (r->bytes_max && it) {
        g->bytes += entry_bytes(it);
        if (g->count > 0 && g->bytes > (uint64_t)r->bytes_max) {
            g->all = true;
            return false;
        }
    }
    g->count++;
    g->all = r->count_max && g->count >= r->count_max;
    return true;
}

/* ---- replies ---- */

/* The name and the begin of the entries: a pair of an array, or of RESP3's map. */
static void begin_stream(const struct read *r, struct slice key)
{
    if (r->cmd->reply->proto == 2)
        reply_array(r->cmd->reply, 2);
    reply_bulk(r->cmd->reply, key);
    reply_defer(r->cmd->reply);
}

/* With CLAIM each entry has two numbers more: how long it was idle, how often it was handed out. */
static void reply_delivered(const struct read *r, struct xstream_iter *it, int64_t idle_ms,
                            int64_t deliveries)
{
    struct reply *reply = r->cmd->reply;
    reply_array(reply, r->claims ? 4 : 2);
    reply_stream_id(reply, it->id);
    reply_stream_fields(reply, it);
    if (r->claims) {
        reply_int(reply, idle_ms);
        reply_int(reply, deliveries);
    }
}

static bool is_full(const struct read *r, uint64_t n)
{
    return r->given->all || (r->count && n >= (uint64_t)r->count);
}

/* ---- in a group ---- */

/* A reading of a group by a consumer, with what was done so far. */
struct delivery {
    const struct read *r;
    struct group_of group;
    struct xstream_consumer *consumer;
    uint64_t n;
    bool begun; /* the stream is in the reply */
    bool told;  /* that entries are pending */
};

/* In front of each entry. */
static void begin_entry(struct delivery *d)
{
    if (!d->begun)
        begin_stream(d->r, d->group.key.name);
    d->begun = true;
    d->n++;
}

static void make_pending(struct delivery *d, struct xstream_id id)
{
    struct cmd *cmd = d->r->cmd;
    struct xstream_pending *p = xstream_pending_find(&d->group.g->pending, id);
    if (p) {
        xstream_pending_give(p, id, d->consumer);
        p->delivered_ms = cmd_now_ms(cmd);
        p->deliveries = 1;
    } else {
        p = xstream_pending_add(d->group.g, id, d->consumer, cmd_now_ms(cmd), 1);
    }
    effect_claim(cmd, &d->group, id, p);
    d->told = true;
}

static void deliver_new(struct delivery *d)
{
    struct xstream_id after = d->group.g->last;
    if (!xstream_id_next(&after))
        return;
    struct xstream_iter it;
    bool moved = false;
    xstream_iter_init(&it, d->group.s, after, STREAM_ID_MAX, false);
    while (!is_full(d->r, d->n) && xstream_iter_next(&it) && may_give(d->r, &it)) {
        xstream_group_advance(d->group.s, d->group.g, it.id);
        moved = true;
        begin_entry(d);
        reply_delivered(d->r, &it, 0, 0);
        if (!d->r->no_ack)
            make_pending(d, it.id);
    }
    if (moved)
        effect_group_place(d->r->cmd, &d->group);
}

/* What the consumer has got and not acknowledged. */
static void deliver_history(struct delivery *d, struct xstream_id after)
{
    struct reply *reply = d->r->cmd->reply;
    struct btree_cursor c;
    (void)xstream_id_next(&after);
    struct xstream_pending *p = xstream_pending_seek(&d->consumer->pending, after, &c);
    for (; p && !is_full(d->r, d->n); p = btree_next(&c)) {
        struct xstream_id id = xstream_pending_id(&c);
        struct xstream_iter it;
        xstream_iter_init(&it, d->group.s, id, id, false);
        const bool is_there = xstream_iter_next(&it);
        if (!may_give(d->r, is_there ? &it : NULL))
            return;
        begin_entry(d);
        if (is_there) {
            reply_stream_entry(reply, &it);
            p->delivered_ms = cmd_now_ms(d->r->cmd);
            p->deliveries++;
        } else {
            reply_array(reply, 2);
            reply_stream_id(reply, id);
            reply_null_array(reply);
        }
    }
}

/* What others, or nobody, have had for long enough. Records of entries that are gone go, too. */
static void deliver_idle(struct delivery *d)
{
    struct cmd *cmd = d->r->cmd;
    struct xstream_id next = STREAM_ID_MIN;
    struct btree_cursor c;
    struct xstream_pending *p;
    while (!is_full(d->r, d->n) &&
           (p = xstream_pending_seek(&d->group.g->pending, next, &c)) != NULL) {
        struct xstream_id id = next = xstream_pending_id(&c);
        bool more = xstream_id_next(&next);
        int64_t idle_ms = MAX_OF(cmd_now_ms(cmd) - p->delivered_ms, (int64_t)0);
        struct xstream_iter it;
        xstream_iter_init(&it, d->group.s, id, id, false);
        if (idle_ms >= d->r->claim_ms && !xstream_iter_next(&it)) {
            drop_pending(cmd, &d->group, id, p);
        } else if (idle_ms >= d->r->claim_ms && may_give(d->r, &it)) {
            begin_entry(d);
            reply_delivered(d->r, &it, idle_ms, p->deliveries);
            xstream_pending_give(p, id, d->consumer);
            p->delivered_ms = cmd_now_ms(cmd);
            p->deliveries += p->deliveries != INT64_MAX;
            effect_claim(cmd, &d->group, id, p);
            d->told = true;
        }
        if (!more)
            break;
    }
}

/* False if nothing of the stream is in the reply: the first entry would have been too much. */
static bool read_group(const struct read *r, const struct source *src)
{
    struct cmd *cmd = r->cmd;
    struct delivery d = { .r = r, .group = { src->key, src->e, xstream_of(src->e), src->g } };
    bool created;
    d.consumer = get_consumer(cmd, &d.group, r->consumer, &created);
    if (created && r->no_ack)
        effect_consumer(cmd, &d.group, r->consumer);
    if (!is_new_only(r, src)) {
        deliver_history(&d, src->after);
    } else {
        if (r->claims)
            deliver_idle(&d);
        deliver_new(&d);
    }
    if (!d.begun && !r->given->all) {
        begin_stream(r, src->key.name);
        d.begun = true;
    }
    if (d.begun)
        reply_settle(cmd->reply, REPLY_ARRAY, d.n);
    if (created && !r->no_ack && !d.told)
        effect_consumer(cmd, &d.group, r->consumer);
    if (d.n)
        d.consumer->active_ms = cmd_now_ms(cmd);
    count_change(cmd);
    return d.begun;
}

/* ---- without ---- */

/* As read_group. */
static bool read_plain(const struct read *r, const struct source *src)
{
    struct xstream_id first = src->after;
    struct xstream_iter it;
    uint64_t n = 0;
    (void)xstream_id_next(&first);
    xstream_iter_init(&it, xstream_of(src->e), first, STREAM_ID_MAX, false);
    while (!is_full(r, n) && xstream_iter_next(&it) && may_give(r, &it)) {
        if (n++ == 0)
            begin_stream(r, src->key.name);
        reply_stream_entry(r->cmd->reply, &it);
    }
    if (n)
        reply_settle(r->cmd->reply, REPLY_ARRAY, n);
    return n > 0;
}

/* Some entry is above the ID. */
static bool has_after(const struct xstream *s, struct xstream_id id)
{
    struct xstream_id last;
    return xstream_id_compare(xstream_facts(s)->last, id) > 0 && xstream_edge(s, false, &last) &&
           xstream_id_compare(last, id) > 0;
}

/* An entry that has been pending for long enough. */
static bool has_idle(const struct read *r, const struct source *src)
{
    struct btree_cursor c;
    const struct xstream_pending *p = btree_at(&src->g->pending, 0, &c);
    for (; p; p = btree_next(&c)) {
        if (cmd_now_ms(r->cmd) - p->delivered_ms >= r->claim_ms &&
            xstream_has(xstream_of(src->e), xstream_pending_id(&c)))
            return true;
    }
    return false;
}

static bool can_read(const struct read *r, const struct source *src)
{
    if (!src->e || r->given->all)
        return false;
    const struct xstream *s = xstream_of(src->e);
    if (!r->in_group)
        return has_after(s, src->after);
    return !is_new_only(r, src) || has_after(s, src->g->last) || (r->claims && has_idle(r, src));
}

static bool read_source(const struct read *r, const struct source *src)
{
    return r->in_group ? read_group(r, src) : read_plain(r, src);
}

/* ---- waiting ---- */

/* The source that was waited for; its group is looked up anew. */
static struct source woken_source(const struct read *r, const struct block_wake *wake)
{
    struct cmd *cmd = r->cmd;
    struct source src = { .key = db_key(cmd->db, wake->key) };
    int i = 0;
    while (i < r->streams - 1 && !slice_eq(cmd_arg(cmd, r->streams_at + i), wake->key))
        i++;
    memcpy(&src.after, wake->note.ptr + (size_t)i * sizeof(src.after), sizeof(src.after));
    src.e = db_lookup_write(cmd->db, src.key);
    return src;
}

static bool serve_read(struct cmd *cmd, const struct block_wake *wake)
{
    struct given given = { 0, 0, false };
    struct read r = {
        .cmd = cmd,
        .in_group = slice_is(cmd_arg(cmd, 0), "XREADGROUP"),
        .given = &given,
    };
    bool ok = parse_options(&r);
    ASSERT(ok); /* it was before */
    if (r.count == 0)
        r.count = WAITER_COUNT;
    struct source src = woken_source(&r, wake);
    const char *error = NULL;
    if (r.in_group) {
        bool is_there = src.e && entry_type(src.e) == TYPE_STREAM;
        src.g = is_there ? xstream_group_find(xstream_of(src.e), r.group) : NULL;
        if (!is_there)
            error = "UNBLOCKED the stream key no longer exists";
        else if (!src.g)
            error = "NOGROUP the consumer group this client was blocked on no longer exists";
        cmd_no_effect(cmd);
    }
    if (error) {
        reply_error(cmd->reply, error);
        return true;
    }
    if (!can_read(&r, &src))
        return false;
    if (cmd->reply->proto == 2)
        reply_array(cmd->reply, 1);
    else
        reply_map(cmd->reply, 1);
    return read_source(&r, &src);
}

static void wait_for(const struct read *r, const struct source *sources)
{
    struct xstream_id *after = arena_alloc(r->cmd->arena, (size_t)r->streams * sizeof(*after));
    for (int i = 0; i < r->streams; i++)
        after[i] = sources[i].after;
    cmd_block(r->cmd, &(struct block_on){
                          .serve = serve_read,
                          .timeout_ms = r->timeout_ms,
                          .types = r->in_group ? BLOCK_ANY_STATE : BLOCK_TYPE(TYPE_STREAM),
                          .first_key = r->streams_at,
                          .key_count = r->streams,
                          .note = slice_of(after, (size_t)r->streams * sizeof(*after)),
                      });
}

static void read_streams(struct cmd *cmd, bool in_group)
{
    struct given given = { 0, 0, false };
    struct read r = { .cmd = cmd, .in_group = in_group, .given = &given };
    if (!parse_options(&r))
        return;
    struct source *sources = arena_alloc(cmd->arena, (size_t)r.streams * sizeof(*sources));
    for (int i = 0; i < r.streams; i++) {
        if (!find_source(&r, i, &sources[i]))
            return;
    }
    if (in_group)
        cmd_no_effect(cmd);
    size_t served = 0;
    for (int i = 0; i < r.streams; i++) {
        if (!sources[i].e) /* a key that is missing is missed twice, as by the peers */
            (void)db_lookup_read(cmd->db, sources[i].key);
        if (!can_read(&r, &sources[i]))
            continue;
        if (served == 0) /* the first is never too much */
            reply_defer(cmd->reply);
        served += read_source(&r, &sources[i]);
    }
    if (served)
        reply_settle(cmd->reply, cmd->reply->proto == 2 ? REPLY_ARRAY : REPLY_MAP, served);
    else if (r.waits)
        wait_for(&r, sources);
    else
        reply_null_array(cmd->reply);
}

static void run_xread(struct cmd *cmd)
{
    read_streams(cmd, false);
}

static void run_xreadgroup(struct cmd *cmd)
{
    read_streams(cmd, true);
}

#define STREAMS_AT(where)                                                              \
    {                                                                                  \
        {                                                                              \
            .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_KEYWORD, .keyword = "STREAMS", \
            .at = (where), .find = KEYS_RANGE, .last = -1, .step = 1, .limit = 2       \
        }                                                                              \
    }

#define ALL_SYNTAX "[MAXCOUNT maxcount:int@8.10.0] [MAXSIZE maxsize:int@8.10.0] "

static const struct command rows[] = {
    {
        .name = "xread",
        .run = run_xread,
        .arity = -4,
        .flags = CMD_READ | CMD_BLOCKING | CMD_MOVABLE_KEYS,
        .group = GROUP_STREAM,
        .keys = STREAMS_AT(1),
        .since = "5.0.0",
        .complexity = "O(N) for N returned entries",
        .summary = "The entries behind an ID of each of several streams; may wait for some.",
        .syntax = "[COUNT count:int] " ALL_SYNTAX "[BLOCK milliseconds:int] "
                  "STREAMS streams={key:key... id...}",
    },
    {
        .name = "xreadgroup",
        .run = run_xreadgroup,
        .arity = -7,
        .flags = CMD_WRITE | CMD_BLOCKING | CMD_MOVABLE_KEYS,
        .group = GROUP_STREAM,
        .keys = STREAMS_AT(4),
        .since = "5.0.0",
        .complexity = "O(N log M) for N returned entries, M pending",
        .summary = "Hands entries that nobody in the group has got to a consumer, or returns what "
                   "it has got and not acknowledged.",
        .syntax = "GROUP group_consumer={group consumer} [COUNT count:int] " ALL_SYNTAX
                  "[BLOCK milliseconds:int] [CLAIM min-idle-time:int@8.4.0] [NOACK] "
                  "STREAMS streams={key:key... id...}",
    },
};

struct command_table commands_stream_consume(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
