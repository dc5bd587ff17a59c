/* The line of CLIENT LIST and CLIENT INFO. */
#include <inttypes.h>

#include "base/log.h"
#include "client/client_priv.h"
#include "db/db.h"
#include "net/conn.h"

void client_flags_text(const struct client *c, char out[static 32])
{
    uint32_t own = c->flags, session = c->session.flags;
    uint32_t tracking = c->tracker ? c->tracker->flags : 0;
    const struct {
        bool holds;
        char letter;
    } letters[] = {
        { c->monitor, 'O' },
        { session & SESSION_SUBSCRIBED, 'P' },
        { session_in_transaction(&c->session), 'x' },
        { client_is_blocked(c), 'b' },
        { c->tracker, 't' },
        { tracking & TRACKING_BROKEN, 'R' },
        { tracking & TRACKING_BCAST, 'B' },
        { session & SESSION_WATCH_BROKEN, 'd' },
        { own & CLIENT_CLOSE_AFTER_REPLY, 'c' },
        { own & CLIENT_CLOSING, 'A' },
        { own & CLIENT_UNIX, 'U' },
        { own & CLIENT_NO_EVICT, 'e' },
        { session & SESSION_NO_TOUCH, 'T' },
    };
    size_t len = 0;
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (letters[i].holds)
            out[len++] = letters[i].letter;
    if (len == 0)
        out[len++] = 'N';
    out[len] = '\0';
}

/* What a client has chosen to be called. */
static const char *chosen(const char *text, bool hides)
{
    if (!text || !*text)
        return "";
    return hides ? "*redacted*" : text;
}

static void describe_addresses(const struct client *c, bool hides, struct buf *out)
{
    const struct conn *conn = stream_conn(c->stream);
    char peer[SOCKET_TEXT_MAX], own[SOCKET_TEXT_MAX];
    (void)socket_peer_text(conn->fd, peer);
    (void)socket_own_text(conn->fd, own);
    buf_printf(out, "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%s", c->session.id, peer, own,
               conn->fd, chosen(c->names.name, hides));
}

static void describe_memory(const struct client *c, struct buf *out)
{
    size_t held = client_held_bytes(c);
    size_t open = c->block ? c->block->cap : 0;
    buf_printf(out,
               " qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=%zu rbs=%zu rbp=%zu obl=0 oll=%u "
               "omem=%zu tot-mem=%zu",
               held, c->held_cap - MIN_OF(c->held_cap, c->held_len), session_memory(&c->session),
               open, open, c->out.count, client_output_memory(c), client_memory(c));
}

static void describe(const struct client *c, bool hides, struct buf *out)
{
    const struct command_slot *last = c->session.last;
    int64_t now_ms = dispatch_now_ms(c->owner->dispatch);
    char flags[32];

    describe_addresses(c, hides, out);
    client_flags_text(c, flags);
    int queued = session_in_transaction(&c->session) ? (int)session_queued(&c->session) : -1;
    buf_printf(out,
               " age=%" PRId64 " idle=%" PRId64
               " flags=%s db=%d sub=%zu psub=%zu ssub=%zu multi=%d watch=%zu",
               (now_ms - c->created_ms) / 1000, (now_ms - c->active_ms) / 1000, flags,
               db_index(c->session.db), subscriber_count(&c->subscriber, PUBSUB_CHANNEL),
               subscriber_count(&c->subscriber, PUBSUB_PATTERN),
               subscriber_count(&c->subscriber, PUBSUB_SHARD), queued,
               session_watched(&c->session));
    describe_memory(c, out);
    int64_t redirect = c->tracker ? (int64_t)c->tracker->redirect_id : -1;
    buf_printf(out, " events=%s cmd=%s user=%s redir=%" PRId64 " resp=%u lib-name=%s lib-ver=%s",
               client_unsent(c) > 0 ? "rw" : "r", last ? last->full_name : "NULL",
               chosen("default", hides), redirect, (unsigned)c->session.reply.proto,
               chosen(c->names.lib_name, hides), chosen(c->names.lib_ver, hides));
    buf_printf(out, " tot-net-in=%" PRIu64 " tot-net-out=%" PRIu64 " tot-cmds=%" PRIu64, c->net_in,
               c->net_out, c->session.commands);
}

void client_describe(const struct client *c, struct buf *out)
{
    describe(c, /* hides= */ false, out);
}

void client_describe_for_log(const struct client *c, struct buf *out)
{
    describe(c, log_hides_user_data(), out);
}
