/* Receiving: bytes of a stream become requests of the turn's batch.
 *
 * Requests are slices into the batch's memory, in which the stream delivers. What is left over, the
 * beginning of a request, is copied to memory of the client's own (`held`), to which the next bytes
 * are appended; when requests in it are complete, the block goes into the care of the batch and
 * only the new remainder is copied. A big bulk that is announced goes straight into a blob.
 *
 * While a client is parked its requests are set aside as bytes and parsed again when it resumes. */
#include <inttypes.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "client/client_priv.h"

#define CRLF_LEN ((size_t)2)
/* Held bytes grow by doubling up to this, then in steps of it. */
#define HELD_STEP ((size_t)1024 * 1024)

/* With `more` bytes, more is held than a client may send ahead: it is closed, and the answer is
 * false. What MULTI has queued was not run either. */
static bool check_query_limit(struct client *c, size_t more)
{
    struct clients *cs = c->owner;
    size_t bytes = client_held_bytes(c) + more;
    cs->stats.recent_max_in = MAX_OF(cs->stats.recent_max_in, bytes);
    if (LIKELY(bytes + session_queued_bytes(&c->session) <=
               (size_t)cs->settings.query_buffer_limit))
        return true;
    cs->stats.closed_query_limit++;

    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    client_describe_for_log(c, &line);
    buf_append_str(&line, " (qbuf initial bytes: ");
    if (log_hides_user_data())
        buf_append_str(&line, "*redacted*");
    else
        words_quote(&line, slice_of(c->held, MIN_OF(c->held_len, (size_t)64)));
    log_write(LOG_WARNING, "Closing client that reached max query buffer length: %s)",
              buf_cstr(&line));
    buf_done(&line);
    client_close(c);
    return false;
}

/* ---- held bytes ---- */

size_t client_held_bytes(const struct client *c)
{
    size_t bulk = c->bulk ? c->bulk->len + CRLF_LEN - stream_expected(c->stream) : 0;
    return c->held_len + bulk + (c->deferred ? c->deferred->len : 0);
}

static void held_append(struct client *c, struct slice bytes)
{
    size_t needed = c->held_len + bytes.len;
    if (needed > c->held_cap) {
        size_t grown = c->held_cap < HELD_STEP ? c->held_cap * 2 : c->held_cap + HELD_STEP;
        c->held_cap = mem_size_class(MAX_OF(needed, grown));
        c->held = mem_realloc(c->held, c->held_cap);
    }
    memcpy(c->held + c->held_len, bytes.ptr, bytes.len);
    c->held_len = needed;
}

static void held_drop(struct client *c)
{
    c->held = NULL;
    c->held_len = c->held_cap = 0;
}

/* What parsing left over stays with the client. */
static void held_keep(struct client *c, struct slice rest)
{
    bool is_held = c->held && rest.ptr >= c->held && rest.ptr <= c->held + c->held_len;
    if (is_held && rest.ptr == c->held) {
        c->held_len = rest.len; /* nothing was consumed */
        if (rest.len == 0) {
            mem_free(c->held);
            held_drop(c);
        }
        return;
    }
    if (is_held) {
        /* Requests refer to the block until they have run. */
        stream_io_adopt(c->owner->io, c->held);
        held_drop(c);
    }
    if (rest.len > 0)
        held_append(c, rest);
}

/* ---- big bulks ---- */

static void bulk_list_add(struct bulk_list *list, struct blob *blob)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->items = mem_realloc(list->items, list->cap * sizeof(struct blob *));
    }
    list->items[list->count++] = blob;
}

void bulk_list_release(struct bulk_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        blob_unref(list->items[i]);
    mem_free(list->items);
    *list = (struct bulk_list){ 0 };
}

static void bulk_finished(struct client *c)
{
    if (!c->bulks)
        c->bulks = mem_zalloc(sizeof(*c->bulks));
    bulk_list_add(c->bulks, c->bulk);
    c->bulk = NULL;
}

/* The request has been parsed: its bulks live as long as the batch. The last one may be kept by
 * the command as its value. */
static void bulks_to_batch(struct client *c, struct request *request)
{
    for (uint32_t i = 0; i < c->bulks->count; i++)
        bulk_list_add(&c->owner->batch_bulks, c->bulks->items[i]);
    request->bulk = c->bulks->items[c->bulks->count - 1];
    mem_free(c->bulks->items);
    mem_free(c->bulks);
    c->bulks = NULL;
}

/* Prepares to receive an announced bulk; `bytes` begins at the unfinished request. What is there of
 * it already is copied; the request's head stays held. */
static void bulk_expect(struct client *c, struct slice bytes)
{
    size_t at;
    size_t len = resp_parse_big(&c->parser, &at);
    size_t have = bytes.len - at;
    size_t queued = session_queued_bytes(&c->session);
    if (at + len + CRLF_LEN + queued > (size_t)c->owner->settings.query_buffer_limit) {
        held_keep(
            c, bytes); /* it will be closed when the limit is reached, and earn no memory before */
        return;
    }
    c->bulk = blob_try_new(len, len + CRLF_LEN);
    if (!c->bulk) {
        client_close_logged(c, "no memory for an announced bulk");
        return;
    }
    memcpy(c->bulk->bytes, bytes.ptr + at, have);
    held_keep(c, slice_of(bytes.ptr, at));
    c->bulk_rest = len + CRLF_LEN - have;
    stream_expect(c->stream, c->bulk->bytes + have, c->bulk_rest);
}

/* ---- parsing ---- */

static void add_error(struct client *c, const char *text)
{
    struct request *request = batch_add(&c->owner->batch);
    request->session = &c->session;
    request->parsed = (struct resp_request){ 0 };
    request->error = text;
    c->flags |= CLIENT_BAD_PROTOCOL;
    if (!(c->flags & CLIENT_READ_STOPPED))
        stream_read_stop(c->stream);
    c->flags |= CLIENT_READ_STOPPED;
}

static void add_request(struct client *c, const struct resp_request *parsed)
{
    struct request *request = batch_add(&c->owner->batch);
    request->session = &c->session;
    request->parsed = *parsed;
    if (UNLIKELY(c->bulks != NULL))
        bulks_to_batch(c, request);
}

/* An unauthenticated client is parsed one request a turn, because that one may be its AUTH. What it
 * sends meanwhile stays with the kernel: to be held, it would have to be copied every turn. */
static bool waits_for_auth(struct client *c, const struct resp_limits *limits, struct slice rest)
{
    if (LIKELY(limits->authenticated) || rest.len == 0)
        return false;
    if (list_is_empty(&c->in_resumed))
        list_push_back(&c->owner->resumed, &c->in_resumed);
    stream_read_stop(c->stream);
    return true;
}

/* Parses all complete requests of `bytes`; what is left over is held. */
static void parse_all(struct client *c, struct slice bytes)
{
    struct clients *cs = c->owner;
    struct arena *arena = stream_io_arena(cs->io);
    struct resp_limits limits = {
        .bulk_max = cs->settings.proto_max_bulk_len,
        .big_bulk = RESP_BIG_BULK,
        .authenticated = !dispatch_password_required(cs->dispatch) ||
                         session_is_authenticated(&c->session),
    };
    struct resp_result got;

    while (bytes.len > 0) {
        switch (resp_parse(&c->parser, &limits, bytes, arena, &got)) {
        case RESP_REQUEST:
            bytes = slice_from(bytes, got.consumed);
            add_request(c, &got.request);
            if (UNLIKELY(waits_for_auth(c, &limits, bytes))) {
                held_keep(c, bytes);
                return;
            }
            continue;
        case RESP_NOTHING:
            bytes = slice_from(bytes, got.consumed);
            continue;
        case RESP_MORE:
            held_keep(c, bytes);
            return;
        case RESP_BIG:
            bulk_expect(c, bytes);
            return;
        case RESP_ERROR:
            add_error(c, got.error);
            held_keep(c, slice_of(bytes.ptr, 0));
            return;
        }
    }
    held_keep(c, bytes);
}

/* It waits for its turn: whatever comes is kept. */
static bool is_waiting(const struct client *c)
{
    return (c->session.flags & SESSION_PARKED) || !list_is_empty(&c->in_resumed);
}

static void count_received(struct client *c, size_t bytes)
{
    c->active_ms = dispatch_now_ms(c->owner->dispatch);
    c->net_in += bytes;
    c->owner->stats.net_in += bytes;
    c->owner->stats.reads++;
}

static void on_bytes(void *user, struct slice bytes)
{
    struct client *c = user;
    count_received(c, bytes.len);
    if (UNLIKELY(c->flags & (CLIENT_CLOSING | CLIENT_CLOSE_AFTER_REPLY | CLIENT_BAD_PROTOCOL)))
        return;
    if (UNLIKELY(session_in_transaction(&c->session)) && !check_query_limit(c, bytes.len))
        return;
    if (UNLIKELY(is_waiting(c))) {
        held_append(c, bytes);
    } else if (LIKELY(c->held_len == 0)) {
        parse_all(c, bytes);
    } else {
        held_append(c, bytes);
        parse_all(c, slice_of(c->held, c->held_len));
    }
    if (UNLIKELY(c->held_len > 0))
        (void)check_query_limit(c, 0);
}

static void on_bulk(void *user)
{
    struct client *c = user;
    count_received(c, c->bulk_rest);
    resp_parse_big_done(&c->parser, blob_slice(c->bulk));
    bulk_finished(c);
    if (!is_waiting(c))
        parse_all(c, slice_of(c->held, c->held_len));
}

static void on_sent(void *user, size_t unsent)
{
    struct client *c = user;
    c->active_ms = dispatch_now_ms(c->owner->dispatch);
    client_note_unsent(c, unsent);
    if (unsent == 0 && outq_is_empty(&c->out) && (c->flags & CLIENT_CLOSE_AFTER_REPLY))
        client_close(c);
}

static void on_closed(void *user, int error)
{
    struct client *c = user;
    if (error == 0)
        log_write(LOG_VERBOSE, "Client closed connection id=%" PRIu64, c->session.id);
    else
        log_write(LOG_VERBOSE, "Error on connection of client id=%" PRIu64 ": %s", c->session.id,
                  strerror(-error));
    bool has_more = !list_is_empty(&c->in_resumed) && !(c->session.flags & SESSION_PARKED);
    if (has_more) {
        c->flags |= CLIENT_LEFT;
    } else {
        client_unsubscribe_silently(c);
        client_leave(c);
    }
}

const struct stream_callbacks client_stream_callbacks = {
    .on_bytes = on_bytes,
    .on_bulk = on_bulk,
    .on_sent = on_sent,
    .on_closed = on_closed,
};

/* ---- setting aside and resuming ---- */

static void encode_request(struct buf *out, const struct resp_request *request)
{
    buf_printf(out, "*%u\r\n", request->argc);
    for (uint32_t i = 0; i < request->argc; i++) {
        buf_printf(out, "$%zu\r\n", request->argv[i].len);
        buf_append(out, request->argv[i]);
        buf_append_str(out, "\r\n");
    }
}

void client_defer(struct session *s, const struct request *request)
{
    struct client *c = client_of(s);
    if (request->error) {
        ASSERT(c->protocol_error == NULL);
        c->protocol_error = mem_strdup(request->error);
        return;
    }
    if (!c->deferred) {
        c->deferred = mem_alloc(sizeof(*c->deferred));
        buf_init(c->deferred, BUF_NO_CEILING);
    }
    if (request->parsed.wire.len)
        buf_append(c->deferred, request->parsed.wire);
    else
        encode_request(c->deferred, &request->parsed);
}

bool client_has_deferred(const struct client *c)
{
    return c->deferred || c->protocol_error || c->held_len > 0;
}

/* Requests that were complete once parse without limits and without remainder. */
static void parse_deferred(struct client *c)
{
    struct arena *arena = stream_io_arena(c->owner->io);
    const struct resp_limits limits = { .bulk_max = INT64_MAX, .authenticated = true };
    struct resp_parser parser;
    struct resp_result got;
    struct slice bytes = buf_slice(c->deferred);

    resp_parser_init(&parser);
    while (bytes.len > 0) {
        enum resp_status status = resp_parse(&parser, &limits, bytes, arena, &got);
        ASSERT(status == RESP_REQUEST);
        struct request *request = batch_add(&c->owner->batch);
        request->session = &c->session;
        request->parsed = got.request;
        bytes = slice_from(bytes, got.consumed);
    }
    resp_parser_done(&parser);
    stream_io_adopt(c->owner->io, c->deferred->ptr);
    mem_free(c->deferred);
    c->deferred = NULL;
}

static void resume_error(struct client *c)
{
    struct slice text = slice_str(c->protocol_error);
    struct slice copy = arena_copy(stream_io_arena(c->owner->io), slice_of(text.ptr, text.len + 1));
    mem_free(c->protocol_error);
    c->protocol_error = NULL;
    add_error(c, copy.ptr);
}

void client_resume(struct client *c)
{
    c->session.flags &= ~(uint32_t)SESSION_PARKED;
    if (!session_runs(&c->session))
        return;
    if (c->deferred)
        parse_deferred(c);
    if (c->protocol_error)
        resume_error(c);
    else if (c->held_len > 0 && !c->bulk)
        parse_all(c, slice_of(c->held, c->held_len));
    if (!list_is_empty(&c->in_resumed))
        return;
    if (c->flags & CLIENT_LEFT)
        client_leave(c);
    else if (!(c->flags & CLIENT_READ_STOPPED))
        stream_read_start(c->stream);
}

void client_read_done(struct client *c)
{
    mem_free(c->held);
    held_drop(c);
    mem_free(c->protocol_error);
    resp_parser_done(&c->parser);
    blob_unref(c->bulk);
    if (c->bulks) {
        bulk_list_release(c->bulks);
        mem_free(c->bulks);
    }
    if (c->deferred) {
        buf_done(c->deferred);
        mem_free(c->deferred);
    }
}
