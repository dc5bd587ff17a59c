/* Sending: what handlers reply becomes sealed spans, and these go to the stream.
 *
 * The writer's room is the rest of the client's open block. The first byte of a reply takes a small
 * block from the pool and puts the client in the list of those with output; more bytes continue in
 * large blocks. At the end of the turn what is open is sealed, everything is handed to the stream,
 * and the block is given up, so a client without output holds none. */
#include "base/assert.h"
#include "base/log.h"
#include "client/client_priv.h"

static struct client *client_of_reply(struct reply *r)
{
    return CONTAINER_OF(r, struct client, session.reply);
}

/* ---- the sink ---- */

/* Moves the open block's new bytes to the queue. */
static void seal(struct client *c)
{
    struct reply *r = &c->session.reply;
    if (!c->block || r->closed || r->pos == r->sealed)
        return;
    size_t len = (size_t)(r->pos - r->sealed);
    outq_push(&c->out,
              (struct span){
                  .ptr = r->sealed, .len = len, .owner = block_ref(c->block), .kind = SPAN_BLOCK });
    r->sealed = r->pos;
    r->written += len;
}

static void block_close(struct client *c)
{
    struct reply *r = &c->session.reply;
    if (c->block)
        block_unref(c->block);
    c->block = NULL;
    r->sealed = r->pos = r->end = NULL;
}

static void block_open(struct client *c, size_t need)
{
    struct reply *r = &c->session.reply;
    bool first = c->block == NULL && outq_is_empty(&c->out);
    seal(c);
    block_close(c);
    c->block = block_new(c->owner->pool,
                         first && need <= BLOCK_SMALL_BYTES ? BLOCK_SMALL : BLOCK_LARGE);
    r->sealed = r->pos = c->block->bytes;
    r->end = r->pos + c->block->cap;
    ASSERT((size_t)(r->end - r->pos) >= need);
}

static void has_output(struct client *c)
{
    if (list_is_empty(&c->in_output))
        list_push_back(&c->owner->output, &c->in_output);
}

static bool refuses_output(struct client *c)
{
    if (LIKELY(!(c->flags & CLIENT_CLOSING) && client_check_output(c)))
        return false;
    reply_close(&c->session.reply);
    return true;
}

/* Behind what is in the open room. */
static void push_copy(struct client *c, struct slice bytes)
{
    struct reply *r = &c->session.reply;
    if ((size_t)(r->end - r->pos) < bytes.len) {
        seal(c);
        if (refuses_output(c))
            return;
        has_output(c);
        block_open(c, bytes.len);
    }
    memcpy(r->pos, bytes.ptr, bytes.len);
    r->pos += bytes.len;
}

/* Beyond so many pieces of a write, copying costs less. */
#define SHARED_SPANS_MAX 8

/* Whoever is slow gets copies of short messages: else each would keep a block alive. */
static bool must_copy(const struct client *c)
{
    return c->block || (c->flags & CLIENT_UNSENT) || c->out.count >= SHARED_SPANS_MAX;
}

/* Nobody is told anything behind the last reply. */
static bool takes_pushes(const struct client *c)
{
    return LIKELY(!c->session.reply.closed &&
                  !(c->flags & (CLIENT_CLOSING | CLIENT_CLOSE_AFTER_REPLY)));
}

void client_push_copy(struct client *c, struct slice bytes)
{
    ASSERT(bytes.len <= BLOCK_SMALL_BYTES);
    if (takes_pushes(c))
        push_copy(c, bytes);
}

void client_push(struct client *c, const struct span *span, enum client_push_mode mode)
{
    struct reply *r = &c->session.reply;
    if (!takes_pushes(c))
        return;
    bool all_sealed = r->pos == r->sealed;
    if (all_sealed && outq_extend(&c->out, span)) {
        r->written += span->len;
        return;
    }
    if (mode == CLIENT_PUSH_MAY_COPY && must_copy(c)) {
        push_copy(c, slice_of(span->ptr, span->len));
        return;
    }
    seal(c);
    if (refuses_output(c))
        return;
    has_output(c);
    struct span own = *span;
    if (span->kind == SPAN_BLOCK)
        block_ref(span->owner);
    else if (span->kind == SPAN_BLOB)
        blob_ref(span->owner);
    outq_push(&c->out, own);
    r->written += span->len;
}

static void sink_more(struct reply *r, size_t need)
{
    struct client *c = client_of_reply(r);
    seal(c);
    if (refuses_output(c))
        return;
    has_output(c);
    block_open(c, need);
}

static void sink_blob(struct reply *r, struct blob *blob, struct slice bytes)
{
    struct client *c = client_of_reply(r);
    seal(c);
    if (refuses_output(c))
        return;
    has_output(c);
    outq_push(&c->out,
              (struct span){
                  .ptr = bytes.ptr, .len = bytes.len, .owner = blob_ref(blob), .kind = SPAN_BLOB });
    r->written += bytes.len;
}

#define PLACE_LEN ((size_t)1)

/* A place for a header: a span of one byte (a queue keeps no empty ones), named by its index, over
 * bytes of the block that are skipped. One byte more is left out, so that the place does not
 * continue the span before it. */
static void sink_defer(struct reply *r, unsigned slot)
{
    struct client *c = client_of_reply(r);
    seal(c);
    if (refuses_output(c))
        return;
    has_output(c);
    size_t place = REPLY_HEADER_MAX + 1;
    if ((size_t)(r->end - r->pos) < place + 1)
        block_open(c, place + 1);
    c->owner->deferred_at[slot] = c->out.count;
    outq_push(&c->out, (struct span){ .ptr = r->pos + 1,
                                      .len = PLACE_LEN,
                                      .owner = block_ref(c->block),
                                      .kind = SPAN_BLOCK });
    r->pos += place;
    r->sealed = r->pos;
}

static void sink_settle(struct reply *r, unsigned slot, struct slice header)
{
    struct client *c = client_of_reply(r);
    struct span *place = outq_peek(&c->out, c->owner->deferred_at[slot]);
    ASSERT(place && place->len == PLACE_LEN && header.len <= REPLY_HEADER_MAX);
    memcpy((char *)(uintptr_t)place->ptr, header.ptr, header.len);
    place->len = header.len;
    c->out.bytes += header.len - PLACE_LEN;
    r->written += header.len;
}

const struct reply_sink client_sink = {
    .more = sink_more,
    .blob = sink_blob,
    .defer = sink_defer,
    .settle = sink_settle,
};

/* ---- limits ---- */

size_t client_unsent(const struct client *c)
{
    return c->out.bytes + stream_unsent(c->stream);
}

size_t client_output_memory(const struct client *c)
{
    size_t open = c->block ? c->block->cap + sizeof(*c->block) : 0;
    return outq_footprint(&c->out) + stream_unsent(c->stream) + open;
}

static bool over_soft_limit(struct client *c, const struct client_output_limit *limit,
                            size_t unsent)
{
    if (limit->soft_bytes == 0 || unsent < (size_t)limit->soft_bytes) {
        c->over_soft_since_ms = 0;
        return false;
    }
    int64_t now = dispatch_now_ms(c->owner->dispatch);
    if (c->over_soft_since_ms == 0)
        c->over_soft_since_ms = now;
    return now - c->over_soft_since_ms > limit->soft_seconds * 1000;
}

bool client_check_output(struct client *c)
{
    struct clients *cs = c->owner;
    const struct client_output_limit *limit = &cs->settings.output[client_class_of(c)];
    size_t unsent = client_unsent(c);

    cs->stats.recent_max_out = MAX_OF(cs->stats.recent_max_out, unsent);
    bool over_hard = limit->hard_bytes != 0 && unsent >= (size_t)limit->hard_bytes;
    if (LIKELY(!over_hard && !over_soft_limit(c, limit, unsent)))
        return true;
    cs->stats.closed_output_limit++;
    client_close_logged(c, "scheduled to be closed ASAP for overcoming of output buffer limits.");
    return false;
}

/* ---- the end of the turn ---- */

void client_flush(struct client *c)
{
    seal(c);
    block_close(c);
    size_t bytes = c->out.bytes;
    if (c->flags & CLIENT_CLOSING)
        return;
    c->net_out += bytes;
    c->owner->stats.net_out += bytes;
    if (bytes > 0) {
        c->active_ms = dispatch_now_ms(c->owner->dispatch);
        c->owner->stats.writes++;
        stream_send(c->stream, &c->out);
        client_note_unsent(c, stream_unsent(c->stream));
    }
    if ((c->flags & CLIENT_CLOSE_AFTER_REPLY) && stream_unsent(c->stream) == 0)
        client_close(c);
}

void client_write_done(struct client *c)
{
    block_close(c);
    outq_done(&c->out);
}
