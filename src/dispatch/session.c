#include "dispatch/session.h"

#include "dispatch/dispatch_priv.h"

static void on_error(void *arg, struct slice text)
{
    dispatch_count_error(arg, text);
}

/* A session that was told to be mute by CLIENT REPLY, at the start of a command. */
static void apply_mute(struct session *s)
{
    reply_mute(&s->reply, s->flags & (SESSION_REPLY_OFF | SESSION_REPLY_SKIP));
}

void session_init(struct session *s, struct dispatch *d, const struct session_host *host,
                  uint64_t id)
{
    s->dispatch = d;
    s->host = host;
    s->id = id;
    s->last = NULL;
    s->commands = 0;
    s->gates = s->exempt = 0;
    s->transaction = NULL;
    s->watches = NULL;
    s->waiter = NULL;
    s->reply.on_error = on_error;
    s->reply.on_error_arg = d;
    s->flags = 0;
    session_reset(s);
}

void session_reset(struct session *s)
{
    session_discard(s);
    s->db = keyspace_db(s->dispatch->keyspace, 0);
    s->reply.proto = 2;
    s->flags &= SESSION_PARKED | SESSION_CLOSING | SESSION_REPLY_SKIP;
    apply_mute(s);
    session_set_authenticated(s, !dispatch_password_required(s->dispatch));
}

void session_done(struct session *s)
{
    session_cancel_wait(s);
    session_discard(s);
}

bool session_is_allowed(const struct session *s, int setting)
{
    if (setting == ALLOWED_LOCAL)
        return s->host->is_local && s->host->is_local(s);
    return setting == ALLOWED_YES;
}

void session_set_authenticated(struct session *s, bool yes)
{
    if (yes)
        s->flags |= SESSION_AUTHENTICATED;
    else
        s->flags &= ~(uint32_t)SESSION_AUTHENTICATED;
}

bool session_is_authenticated(const struct session *s)
{
    return s->flags & SESSION_AUTHENTICATED;
}

void session_set_subscribed(struct session *s, bool yes)
{
    const uint32_t gate = 1u << GATE_SUBSCRIBED;
    s->flags = yes ? s->flags | SESSION_SUBSCRIBED : s->flags & ~(uint32_t)SESSION_SUBSCRIBED;
    s->gates = yes ? s->gates | gate : s->gates & ~gate;
}

void session_set_onlooker(struct session *s, bool yes)
{
    const uint32_t no_keys = 1u << GATE_NO_KEYS, pause = 1u << GATE_PAUSE;
    s->gates = yes ? s->gates | no_keys : s->gates & ~no_keys;
    s->exempt = yes ? s->exempt | pause : s->exempt & ~pause;
}

void session_set_reply_mode(struct session *s, enum session_reply_mode mode)
{
    if (mode == SESSION_REPLIES_SKIP_ONE && (s->flags & SESSION_REPLY_OFF))
        return;
    s->flags &= ~(uint32_t)(SESSION_REPLY_OFF | SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT);
    if (mode == SESSION_REPLIES_OFF)
        s->flags |= SESSION_REPLY_OFF;
    if (mode == SESSION_REPLIES_SKIP_ONE)
        s->flags |= SESSION_REPLY_SKIP_NEXT;
    apply_mute(s);
}

/* CLIENT CACHING is about the next command, a transaction counting as one; CLIENT's own are not
 * meant. */
static void forget_caching(struct session *s)
{
    const struct command_slot *parent = s->last ? s->last->parent : NULL;
    bool is_client = parent && strcmp(parent->row->name, "client") == 0;
    if (!is_client && !session_in_transaction(s))
        s->flags &= ~(uint32_t)SESSION_CACHING;
}

void session_after_unit(struct session *s)
{
    if (s->flags & SESSION_CACHING)
        forget_caching(s);
    bool skip_next = s->flags & SESSION_REPLY_SKIP_NEXT;
    s->flags &= ~(uint32_t)(SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT);
    if (skip_next)
        s->flags |= SESSION_REPLY_SKIP;
    apply_mute(s);
}
