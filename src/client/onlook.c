#include "client/onlook.h"

#include "base/blob.h"
#include "client/client_priv.h"
#include "client/monitor.h"
#include "client/tracking.h"
#include "dispatch/cmd.h"

/* Longer texts are shared: to refer to one costs as much as to copy so many bytes. */
#define COPIED_MAX ((size_t)512)
/* A buffer that has grown beyond this is given back. */
#define KEPT_MAX ((size_t)64 * 1024)

/* ---- telling ---- */

static void send_now(struct telling *what, struct client *to)
{
    if (what->text.len <= COPIED_MAX) {
        client_push_copy(to, what->text);
        return;
    }
    if (!what->blob)
        what->blob = blob_copy(what->text);
    const struct span span = {
        .ptr = what->blob->bytes, .len = what->blob->len, .owner = what->blob, .kind = SPAN_BLOB
    };
    client_push(to, &span, CLIENT_PUSH_SHARES);
}

static bool is_running(const struct client *c)
{
    const struct cmd *running = dispatch_current(c->owner->dispatch);
    return c->owner->onlook.behind_of == c || (running && running->session == &c->session);
}

void telling_send(struct telling *what, struct client *to)
{
    struct onlook *o = &to->owner->onlook;
    if (!is_running(to)) {
        send_now(what, to);
        return;
    }
    o->behind_of = to;
    buf_append(&o->behind, what->text);
}

void telling_done(struct telling *what)
{
    blob_unref(what->blob);
}

/* The reply is complete: what waited for that follows it. */
static void send_behind(struct onlook *o)
{
    struct client *to = o->behind_of;
    struct telling all = telling_of(buf_slice(&o->behind));
    o->behind_of = NULL;
    send_now(&all, to);
    telling_done(&all);
    buf_clear(&o->behind);
    if (o->behind.cap > KEPT_MAX)
        buf_done(&o->behind);
}

/* ---- the dispatcher's hooks ---- */

/* Sessions that are no clients are nobody's who could be told. */
static bool is_client(const struct session *s)
{
    return s->reply.sink == &client_sink;
}

static void on_called(void *arg, const struct cmd *cmd)
{
    struct clients *cs = arg;
    if (!list_is_empty(&cs->monitors.all))
        monitors_show(&cs->monitors, cmd);
    if ((cmd->row->flags & CMD_READ) && is_client(cmd->session))
        tracking_note_read(&cs->tracking, client_of(cmd->session)->tracker, cmd);
}

static bool anybody_looks(const struct clients *cs)
{
    return cs->tracking.count > 0 || !list_is_empty(&cs->monitors.all);
}

/* Whoever looked on may have ceased to within the unit. */
static void on_unit_ended(void *arg)
{
    struct clients *cs = arg;
    if (cs->onlook.behind_of)
        send_behind(&cs->onlook);
    tracking_end_unit(&cs->tracking);
    if (UNLIKELY(!anybody_looks(cs)))
        onlook_listen(cs);
}

void onlook_listen(struct clients *cs)
{
    struct dispatch_hooks *hooks = dispatch_hooks(cs->dispatch);
    bool looks = anybody_looks(cs);
    bool in_unit = dispatch_current(cs->dispatch) || cs->onlook.behind_of;
    bool remembers = cs->tracking.count > 0 || tracked_count(&cs->tracking.keys) > 0;
    hooks->called.fn = looks ? on_called : NULL;
    hooks->unit_ended.fn = looks || in_unit ? on_unit_ended : NULL;
    hooks->changed.fn = remembers ? tracking_on_changed : NULL;
    hooks->called.arg = hooks->unit_ended.arg = cs;
    hooks->changed.arg = &cs->tracking;
    dispatch_listen(cs->dispatch);
}

/* ---- life ---- */

void onlook_init(struct clients *cs)
{
    buf_init(&cs->onlook.behind, BUF_NO_CEILING);
    monitors_init(cs);
    tracking_init(cs);
}

void onlook_done(struct clients *cs)
{
    tracking_done(&cs->tracking);
    buf_done(&cs->onlook.behind);
    monitors_done(&cs->monitors);
}

void onlook_forget(struct clients *cs, const struct client *c)
{
    if (cs->onlook.behind_of != c)
        return;
    cs->onlook.behind_of = NULL;
    buf_clear(&cs->onlook.behind);
}
