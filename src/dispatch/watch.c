/* WATCH: a transaction runs only if nobody has changed the keys on which it was built.
 *
 * A key that is changed breaks the watches on it at once; the session then forgets all of its
 * watches, since nothing more can happen to it. A key whose time is over when the watch begins
 * counts as absent: that it is removed later changes nothing. */
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

struct watch {
    struct list in_interest;
    struct watch *next; /* of the session */
    struct session *session;
    struct interest *interest;
    bool was_expired; /* as if absent, when the watch began */
};

static bool is_expired(const struct interest *it)
{
    const struct entry *e = db_peek_stored(it->db, it->key);
    return e && db_is_expired(it->db, e);
}

static bool is_watching(const struct session *s, const struct interest *it)
{
    for (const struct watch *w = s->watches; w; w = w->next)
        if (w->interest == it)
            return true;
    return false;
}

static void watch_add(struct session *s, struct key key)
{
    struct dispatch *d = s->dispatch;
    struct interest *it = interest_get(d, s->db, key);
    if (is_watching(s, it))
        return;
    if (list_is_empty(&it->watches))
        d->interests.watched++;
    if (!s->watches)
        d->watching_sessions++;

    struct watch *w = mem_alloc(sizeof(*w));
    *w = (struct watch){ .next = s->watches, .session = s, .interest = it };
    w->was_expired = is_expired(it);
    list_push_back(&it->watches, &w->in_interest);
    s->watches = w;
}

void session_unwatch(struct session *s)
{
    struct dispatch *d = s->dispatch;
    if (s->watches)
        d->watching_sessions--;
    while (s->watches) {
        struct watch *w = s->watches;
        s->watches = w->next;
        list_unlink(&w->in_interest);
        if (list_is_empty(&w->interest->watches))
            d->interests.watched--;
        interest_release(d, w->interest);
        mem_free(w);
    }
}

static void watch_break(struct watch *w)
{
    w->session->flags |= SESSION_WATCH_BROKEN;
    session_unwatch(w->session);
}

void watches_touch(struct interest *it)
{
    if (list_is_empty(&it->watches))
        return;
    const struct entry *e = db_peek_stored(it->db, it->key);
    bool expired = e && db_is_expired(it->db, e);
    LIST_FOR_EACH_SAFE(node, &it->watches)
    {
        struct watch *w = LIST_ENTRY(node, struct watch, in_interest);
        if (!w->was_expired)
            watch_break(w);
        else if (!e)
            w->was_expired = false; /* it was removed at last: as absent as before */
        else if (!expired)
            watch_break(w);
    }
}

void watches_replace(struct interest *it, enum db_replacement what, bool expired)
{
    LIST_FOR_EACH_SAFE(node, &it->watches)
    {
        struct watch *w = LIST_ENTRY(node, struct watch, in_interest);
        if (what == DB_KEYS_GO && w->was_expired)
            w->was_expired = false; /* as absent as before */
        else if (what == DB_KEYS_COME && expired)
            w->was_expired = true; /* from one absence to another */
        else
            watch_break(w);
    }
}

bool watch_has_expired(const struct session *s)
{
    for (const struct watch *w = s->watches; w; w = w->next)
        if (!w->was_expired && is_expired(w->interest))
            return true;
    return false;
}

size_t session_watched(const struct session *s)
{
    size_t count = 0;
    for (const struct watch *w = s->watches; w; w = w->next)
        count++;
    return count;
}

size_t watch_memory(const struct session *s)
{
    return session_watched(s) * mem_size_class(sizeof(struct watch));
}

/* ---- verbs ---- */

static void cmd_watch(struct cmd *cmd)
{
    struct session *s = cmd->session;
    if (session_in_transaction(s)) {
        reply_error(cmd->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    /* Nothing can mend what is broken. */
    for (int i = 1; i < cmd->argc && !(s->flags & SESSION_WATCH_BROKEN); i++)
        watch_add(s, cmd_key(cmd, i));
    reply_ok(cmd->reply);
}

static void cmd_unwatch(struct cmd *cmd)
{
    session_unwatch(cmd->session);
    cmd->session->flags &= ~(uint32_t)SESSION_WATCH_BROKEN;
    reply_ok(cmd->reply);
}

#define OWN CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY

const struct command watch_rows[] = {
    {
        .name = "unwatch",
        .run = cmd_unwatch,
        .arity = 1,
        .flags = OWN,
        .group = GROUP_TRANSACTIONS,
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Forgets the keys that the connection watches.",
        .syntax = "",
    },
    {
        .name = "watch",
        .run = cmd_watch,
        .arity = -2,
        .flags = OWN | CMD_NO_QUEUE,
        .group = GROUP_TRANSACTIONS,
        .keys = KEYS_FROM(1, -1, 1, KEY_RO),
        .since = "2.2.0",
        .complexity = "O(1) for every key.",
        .summary = "Lets the next EXEC run only if nobody has changed these keys.",
        .syntax = "key:key...",
    },
};

const size_t watch_row_count = COUNT_OF(watch_rows);
