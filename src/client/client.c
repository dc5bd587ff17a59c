/* One client's life. */
#include <errno.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/client_priv.h"
#include "dispatch/block.h"
#include "net/conn.h"

static bool host_is_local(const struct session *s)
{
    const struct client *c = CONTAINER_OF(s, const struct client, session);
    return c->flags & (CLIENT_LOCAL | CLIENT_UNIX);
}

static void host_protocol_error(struct session *s, const struct request *request)
{
    struct client *c = client_of(s);
    if (log_level() <= LOG_VERBOSE) {
        struct buf line;
        buf_init(&line, BUF_NO_CEILING);
        client_describe_for_log(c, &line);
        log_write(LOG_VERBOSE, "Protocol error (%s) from client: %s", request->error,
                  buf_cstr(&line));
        buf_done(&line);
    }
    reply_errorf(&s->reply, "ERR %s", request->error);
    client_close_after_reply(c);
}

static void host_suspicious(struct session *s)
{
    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    client_describe_for_log(client_of(s), &line);
    log_write(LOG_WARNING,
              "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
              "commands to the server. This is likely due to an attacker attempting to use Cross "
              "Protocol Scripting to compromise your instance. Connection from %s aborted.",
              buf_cstr(&line));
    buf_done(&line);
    client_close(client_of(s));
}

static void host_reset(struct session *s)
{
    struct client *c = client_of(s);
    mem_free(c->names.name);
    c->names.name = NULL;
    client_unsubscribe_silently(c);
    client_untrack(c);
    client_end_monitor(c);
}

/* Unless there is something that it must run first: then it goes on in the next turn. */
static void host_resume(struct session *s)
{
    struct client *c = client_of(s);
    if (c->flags & CLIENT_CLOSING)
        return;
    if (!client_has_deferred(c)) {
        s->flags &= ~(uint32_t)SESSION_PARKED;
        return;
    }
    if (list_is_empty(&c->in_resumed))
        list_push_back(&c->owner->resumed, &c->in_resumed);
    loop_dont_wait(c->owner->loop);
}

static void host_close_after_reply(struct session *s)
{
    client_close_after_reply(client_of(s));
}

bool client_name_is_valid(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < '!' || name.ptr[i] > '~')
            return false;
    return true;
}

void client_set_text(char **field, struct slice text)
{
    mem_free(*field);
    *field = NULL;
    if (text.len == 0)
        return;
    *field = mem_alloc(text.len + 1);
    memcpy(*field, text.ptr, text.len);
    (*field)[text.len] = '\0';
}

static void host_describe(const struct session *s, struct buf *address, struct slice *ret_name)
{
    const struct client *c = CONTAINER_OF(s, const struct client, session);
    char peer[SOCKET_TEXT_MAX];
    (void)socket_peer_text(stream_conn(c->stream)->fd, peer);
    buf_append_str(address, peer);
    if (c->names.name)
        *ret_name = slice_str(c->names.name);
}

static int host_set_name(struct session *s, struct slice name)
{
    if (!client_name_is_valid(name))
        return -EINVAL;
    client_set_text(&client_of(s)->names.name, name);
    return 0;
}

static const struct session_host client_host = {
    .kind = "client",
    .defer = client_defer,
    .resume = host_resume,
    .protocol_error = host_protocol_error,
    .suspicious = host_suspicious,
    .is_local = host_is_local,
    .reset = host_reset,
    .close_after_reply = host_close_after_reply,
    .describe = host_describe,
    .set_name = host_set_name,
};

struct client *client_new(struct clients *cs, struct conn *conn)
{
    struct client *c = mem_zalloc(sizeof(*c));
    c->owner = cs;
    c->session.reply.sink = &client_sink;
    session_init(&c->session, cs->dispatch, &client_host, ++cs->next_id);
    resp_parser_init(&c->parser);
    outq_init(&c->out);
    list_init(&c->in_output);
    list_init(&c->in_resumed);
    list_init(&c->in_closing);
    list_push_back(&cs->all, &c->in_all);
    cs->count++;
    c->created_ms = c->active_ms = dispatch_now_ms(cs->dispatch);
    if (conn->type == &conn_unix)
        c->flags |= CLIENT_UNIX;
    if (socket_peer_is_local(conn->fd))
        c->flags |= CLIENT_LOCAL;
    c->stream = stream_new(cs->io, conn, &client_stream_callbacks, c);
    return c;
}

void client_free(struct client *c)
{
    struct clients *cs = c->owner;
    stream_close(c->stream); /* first: it may hold a place in a bulk */
    session_done(&c->session);
    client_unsubscribe_silently(c);
    client_end_monitor(c);
    tracking_forget(&cs->tracking, c);
    onlook_forget(cs, c);
    client_read_done(c);
    client_write_done(c);
    mem_free(c->names.name);
    mem_free(c->names.lib_name);
    mem_free(c->names.lib_ver);
    if (cs->check_next == &c->in_all)
        cs->check_next = c->in_all.next;
    list_unlink(&c->in_all);
    list_unlink(&c->in_output);
    list_unlink(&c->in_resumed);
    list_unlink(&c->in_closing);
    cs->count--;
    mem_free(c);
}

static void stop_reading(struct client *c)
{
    if (!(c->flags & CLIENT_READ_STOPPED))
        stream_read_stop(c->stream);
    c->flags |= CLIENT_READ_STOPPED;
}

void client_leave(struct client *c)
{
    if (c->flags & CLIENT_CLOSING)
        return;
    c->flags |= CLIENT_CLOSING;
    session_cancel_wait(&c->session);
    stop_reading(c);
    list_unlink(&c->in_resumed);
    list_push_back(&c->owner->closing, &c->in_closing);
}

void client_close(struct client *c)
{
    c->session.flags |= SESSION_CLOSING;
    client_leave(c);
}

void client_close_after_reply(struct client *c)
{
    c->flags |= CLIENT_CLOSE_AFTER_REPLY;
    c->session.flags |= SESSION_CLOSING;
    stop_reading(c);
    /* Also a client that is replied nothing must be looked at when the turn sends. */
    if (list_is_empty(&c->in_output))
        list_push_back(&c->owner->output, &c->in_output);
}

void client_close_logged(struct client *c, const char *why)
{
    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    client_describe_for_log(c, &line);
    log_write(LOG_WARNING, "Client %s %s", buf_cstr(&line), why);
    buf_done(&line);
    client_close(c);
}

enum client_class client_class_of(const struct client *c)
{
    return c->session.flags & SESSION_SUBSCRIBED ? CLIENT_PUBSUB : CLIENT_NORMAL;
}

size_t client_memory(const struct client *c)
{
    size_t names = 0;
    const char *const texts[] = { c->names.name, c->names.lib_name, c->names.lib_ver };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        names += texts[i] ? mem_block_size(texts[i]) : 0;
    return mem_size_class(sizeof(*c)) + stream_footprint(c->stream) + c->held_cap +
           resp_parser_footprint(&c->parser) + (c->bulk ? blob_footprint(c->bulk) : 0) +
           client_output_memory(c) + session_memory(&c->session) +
           subscriber_memory(&c->subscriber) + tracker_memory(c->tracker) + names;
}
