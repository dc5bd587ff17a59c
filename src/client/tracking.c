#include "client/tracking.h"

#include "base/assert.h"
#include "base/mem.h"
#include "client/client_priv.h"
#include "dispatch/cmd.h"

/* Keys of a command for which there is room on the stack. */
#define KEYS_AT_ONCE 16
/* Above tracking-table-max-keys, a unit takes so many keys out, and more if it was not enough. */
#define EVICTED_AT_ONCE ((size_t)100)
/* Buckets that a run of the job frees. */
#define FREED_AT_ONCE ((size_t)8192)
/* Scratch that has grown beyond this is given back. */
#define SCRATCH_MAX ((size_t)64 * 1024)
/* Stands for the length of a key in `own`: a flush. */
#define OWN_FLUSH UINT32_MAX

#define PUSH_HEAD ">2\r\n$10\r\ninvalidate\r\n"
#define CHANNEL_HEAD "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"

static struct slice id_of(const void *entry)
{
    const struct tracker *tracker = entry;
    return slice_of(&tracker->id, sizeof(tracker->id));
}

static const struct table_type tracker_table = { .key = id_of };

/* ---- messages ---- */

/* What is told, in the form of each protocol; made when the first client needs it. */
struct message_forms {
    struct slice body; /* the keys, encoded */
    struct telling form[2];
};

static void forms_init(struct message_forms *m, struct slice body)
{
    *m = (struct message_forms){ .body = body };
}

static void forms_done(struct message_forms *m)
{
    telling_done(&m->form[0]);
    telling_done(&m->form[1]);
}

static struct telling *form_for(struct tracking *t, struct message_forms *m, bool resp3)
{
    struct telling *form = &m->form[resp3];
    if (form->text.len > 0)
        return form;
    struct buf *text = &t->text[resp3];
    buf_clear(text);
    buf_append_str(text, resp3 ? PUSH_HEAD : CHANNEL_HEAD);
    buf_append(text, m->body);
    form->text = buf_slice(text);
    return form;
}

static void append_bulk(struct buf *out, struct slice bytes)
{
    buf_append_char(out, '$');
    buf_append_uint(out, bytes.len);
    buf_append_str(out, "\r\n");
    buf_append(out, bytes);
    buf_append_str(out, "\r\n");
}

static struct slice body_of_key(struct tracking *t, struct slice name)
{
    buf_clear(&t->body);
    buf_append_str(&t->body, "*1\r\n");
    append_bulk(&t->body, name);
    return buf_slice(&t->body);
}

/* In the protocol of the tracker, also if the message goes to somebody of another. */
static struct slice body_of_flush(const struct tracker *tracker)
{
    return tracker->client->session.reply.proto == 3 ? SLICE("_\r\n") : SLICE("$-1\r\n");
}

static void trim(struct buf *b)
{
    if (b->cap > SCRATCH_MAX)
        buf_done(b);
}

static void trim_scratch(struct tracking *t)
{
    trim(&t->body);
    trim(&t->text[0]);
    trim(&t->text[1]);
}

/* ---- sending ---- */

static void tell_broken(struct tracker *tracker)
{
    tracker->flags |= TRACKING_BROKEN;
    if (tracker->client->session.reply.proto != 3)
        return;
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    buf_append_str(&text, ">2\r\n$21\r\ntracking-redir-broken\r\n:");
    buf_append_uint(&text, tracker->redirect_id);
    buf_append_str(&text, "\r\n");
    struct telling what = telling_of(buf_slice(&text));
    telling_send(&what, tracker->client);
    telling_done(&what);
    buf_done(&text);
}

static bool is_gone(const struct client *c)
{
    return !c || (c->flags & CLIENT_CLOSING);
}

static void send(struct tracking *t, struct tracker *tracker, struct message_forms *m)
{
    struct client *to = tracker->redirect_id ? tracker->redirect : tracker->client;
    if (is_gone(to)) {
        if (tracker->redirect_id)
            tell_broken(tracker);
        return;
    }
    bool resp3 = to->session.reply.proto == 3;
    bool by_channel = tracker->redirect_id && (to->session.flags & SESSION_SUBSCRIBED);
    if (resp3 || by_channel)
        telling_send(form_for(t, m, resp3), to);
}

/* ---- what the running client is told behind its reply ---- */

static const struct session *running_session(const struct tracking *t)
{
    const struct cmd *cmd = dispatch_current(t->owner->dispatch);
    return cmd ? cmd->session : NULL;
}

static bool is_running(const struct tracking *t, const struct tracker *tracker)
{
    return running_session(t) == &tracker->client->session;
}

static void postpone(struct tracking *t, struct client *c, uint32_t len, struct slice name)
{
    ASSERT(!t->own_of || t->own_of == c);
    t->own_of = c;
    buf_append(&t->own, slice_of(&len, sizeof(len)));
    buf_append(&t->own, name);
}

static void send_own(struct tracking *t, struct tracker *tracker)
{
    struct slice rest = buf_slice(&t->own);
    t->own_of = NULL;
    while (rest.len > 0) {
        uint32_t len;
        memcpy(&len, rest.ptr, sizeof(len));
        rest = slice_from(rest, sizeof(len));
        size_t name_len = len == OWN_FLUSH ? 0 : len;
        struct message_forms m;
        forms_init(&m, len == OWN_FLUSH ? body_of_flush(tracker)
                                        : body_of_key(t, slice_of(rest.ptr, name_len)));
        send(t, tracker, &m);
        forms_done(&m);
        rest = slice_from(rest, name_len);
    }
    buf_clear(&t->own);
    trim(&t->own);
}

/* ---- keys that were read ---- */

void tracking_note_key(struct tracking *t, const struct tracker *tracker, struct key key)
{
    tracked_add(&t->keys, key, tracker->id);
}

static bool remembers(const struct tracker *tracker, const struct session *s)
{
    bool caching = s->flags & SESSION_CACHING;
    if (tracker->flags & TRACKING_OPTIN)
        return caching;
    return !(tracker->flags & TRACKING_BCAST) && !((tracker->flags & TRACKING_OPTOUT) && caching);
}

void tracking_note_read(struct tracking *t, const struct tracker *tracker, const struct cmd *cmd)
{
    if (!tracker || !remembers(tracker, cmd->session))
        return;
    struct key_ref few[KEYS_AT_ONCE], *refs = few;
    int count = dispatch_keys(cmd->row, cmd->argv, cmd->argc, few, KEYS_AT_ONCE);
    if (count > KEYS_AT_ONCE) {
        refs = mem_alloc((size_t)count * sizeof(*refs));
        count = dispatch_keys(cmd->row, cmd->argv, cmd->argc, refs, count);
    }
    for (int i = 0; i < count; i++)
        tracking_note_key(t, tracker, cmd_key(cmd, refs[i].at));
    if (refs != few)
        mem_free(refs);
}

/* ---- keys that were changed ---- */

static struct tracker *find(const struct tracking *t, uint64_t id)
{
    struct slice key = slice_of(&id, sizeof(id));
    return t->by_id ? table_find(t->by_id, table_hash(t->by_id, key), key) : NULL;
}

static void tell_reader(struct tracking *t, uint64_t id, struct slice name, struct message_forms *m)
{
    struct tracker *tracker = find(t, id);
    if (!tracker || (tracker->flags & TRACKING_BCAST))
        return;
    bool own = is_running(t, tracker);
    if (own && (tracker->flags & TRACKING_NOLOOP))
        return;
    if (own)
        postpone(t, tracker->client, (uint32_t)name.len, name);
    else
        send(t, tracker, m);
}

/* Tells all who have read the key, and forgets that. */
static void invalidate(struct tracking *t, struct key key)
{
    struct tracked_key *k = tracked_take(&t->keys, key);
    if (!k)
        return;
    struct slice name = slice_of(k->bytes, k->name_len);
    struct message_forms m;
    forms_init(&m, body_of_key(t, name));
    for (uint32_t i = 0; i < k->count; i++)
        tell_reader(t, tracked_reader(k, i), name, &m);
    forms_done(&m);
    trim_scratch(t);
    mem_free(k);
}

static uint64_t writer(const struct tracking *t)
{
    const struct session *s = running_session(t);
    return s && !keyspace_is_expiring(dispatch_keyspace(t->owner->dispatch)) ? s->id : 0;
}

void tracking_on_changed(void *tracking, struct db *db UNUSED, const struct key *key)
{
    struct tracking *t = tracking;
    if (prefixes_count(&t->prefixes) > 0)
        prefixes_note(&t->prefixes, *key, writer(t));
    if (tracked_count(&t->keys) == 0)
        return;
    invalidate(t, *key);
    if (UNLIKELY(t->count == 0 && tracked_count(&t->keys) == 0))
        onlook_listen(t->owner);
}

static void on_flushed(void *arg, int index UNUSED)
{
    struct tracking *t = arg;
    LIST_FOR_EACH_SAFE(node, &t->all)
    {
        struct tracker *tracker = LIST_ENTRY(node, struct tracker, in_all);
        if (is_running(t, tracker)) {
            postpone(t, tracker->client, OWN_FLUSH, (struct slice){ NULL, 0 });
            continue;
        }
        struct message_forms m;
        forms_init(&m, body_of_flush(tracker));
        send(t, tracker, &m);
        forms_done(&m);
    }
    if (tracked_count(&t->keys) == 0)
        return;
    tracked_drop(&t->keys);
    if (t->count == 0)
        onlook_listen(t->owner);
}

/* ---- the ends of units and turns ---- */

/* Takes keys out by chance, as if they had changed. */
static void evict(struct tracking *t)
{
    size_t left = EVICTED_AT_ONCE * ++t->rounds_over;
    for (; left > 0 && tracked_count(&t->keys) > (size_t)t->max_keys; left--)
        invalidate(t, tracked_random(&t->keys, &t->rand));
    if (tracked_count(&t->keys) <= (size_t)t->max_keys)
        t->rounds_over = 0;
}

void tracking_end_unit(struct tracking *t)
{
    if (t->own_of)
        send_own(t, t->own_of->tracker);
    if (UNLIKELY(t->max_keys && tracked_count(&t->keys) > (size_t)t->max_keys))
        evict(t);
}

/* The changed keys but those that `except` changed last; false if there are none. */
static bool body_of_keys(struct tracking *t, struct changed_key *const *keys, size_t count,
                         uint64_t except)
{
    size_t told = 0;
    for (size_t i = 0; i < count; i++)
        told += except == 0 || keys[i]->writer != except;
    buf_clear(&t->body);
    buf_append_char(&t->body, '*');
    buf_append_uint(&t->body, told);
    buf_append_str(&t->body, "\r\n");
    for (size_t i = 0; i < count; i++)
        if (except == 0 || keys[i]->writer != except)
            append_bulk(&t->body, slice_of(keys[i]->name, keys[i]->len));
    return told > 0;
}

static void tell_prefix_to(struct tracking *t, const struct prefix *p,
                           struct changed_key *const *keys, size_t count, uint64_t except)
{
    struct message_forms m;
    if (!body_of_keys(t, keys, count, except))
        return;
    forms_init(&m, buf_slice(&t->body));
    for (uint32_t i = 0; i < p->count; i++) {
        struct tracker *tracker = p->listeners[i];
        bool skips_own = tracker->flags & TRACKING_NOLOOP;
        if (except ? tracker->id == except : !skips_own)
            send(t, tracker, &m);
    }
    forms_done(&m);
}

static void tell_prefix(void *arg, const struct prefix *p, struct changed_key *const *keys,
                        size_t count)
{
    struct tracking *t = arg;
    tell_prefix_to(t, p, keys, count, 0);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct tracker *tracker = p->listeners[i];
        if (tracker->flags & TRACKING_NOLOOP)
            tell_prefix_to(t, p, keys, count, tracker->id);
    }
    trim_scratch(t);
}

void tracking_end_turn(struct tracking *t)
{
    if (UNLIKELY(prefixes_have_changes(&t->prefixes)))
        prefixes_tell_changes(&t->prefixes, tell_prefix, t);
}

void tracking_free_some(struct tracking *t)
{
    (void)tracked_free_some(&t->keys, FREED_AT_ONCE);
}

/* ---- trackers ---- */

/* Among the others in the order of ids; most are the latest. */
static void list_tracker(struct tracking *t, struct tracker *tracker)
{
    struct list *before = t->all.prev;
    while (before != &t->all && LIST_ENTRY(before, struct tracker, in_all)->id > tracker->id)
        before = before->prev;
    list_push_front(before, &tracker->in_all);
}

static struct tracker *tracker_new(struct tracking *t, struct client *c)
{
    struct tracker *tracker = mem_zalloc(sizeof(*tracker));
    tracker->client = c;
    tracker->id = c->session.id;
    if (!t->by_id)
        t->by_id = table_new(&tracker_table, t->keys.hash_key);
    table_insert(t->by_id, table_hash(t->by_id, id_of(tracker)), tracker);
    list_tracker(t, tracker);
    c->tracker = tracker;
    t->count++;
    if (!(c->flags & CLIENT_HAS_TRACKED))
        t->readers++;
    c->flags |= CLIENT_HAS_TRACKED;
    return tracker;
}

static void redirect(struct tracking *t, struct tracker *tracker, struct client *to)
{
    t->redirecting -= tracker->redirect_id != 0;
    tracker->redirect = to;
    tracker->redirect_id = to ? to->session.id : 0;
    t->redirecting += to != NULL;
}

static bool has_prefix(const struct tracker *tracker, struct slice name)
{
    for (size_t i = 0; i < tracker->prefix_count; i++)
        if (slice_eq(prefix_name(tracker->prefixes[i]), name))
            return true;
    return false;
}

static void add_prefix(struct tracking *t, struct tracker *tracker, struct slice name)
{
    if (has_prefix(tracker, name))
        return;
    size_t at = tracker->prefix_count++;
    tracker->prefixes = mem_realloc(tracker->prefixes,
                                    tracker->prefix_count * sizeof(*tracker->prefixes));
    for (; at > 0 && slice_cmp(prefix_name(tracker->prefixes[at - 1]), name) > 0; at--)
        tracker->prefixes[at] = tracker->prefixes[at - 1];
    tracker->prefixes[at] = prefixes_listen(&t->prefixes, name, tracker);
}

void client_track(struct client *c, const struct tracking_choice *choice)
{
    struct tracking *t = &c->owner->tracking;
    struct tracker *tracker = c->tracker ? c->tracker : tracker_new(t, c);
    tracker->flags = choice->flags;
    redirect(t, tracker, choice->redirect);
    for (size_t i = 0; i < choice->prefix_count; i++)
        add_prefix(t, tracker, choice->prefixes[i]);
    if ((choice->flags & TRACKING_BCAST) && choice->prefix_count == 0)
        add_prefix(t, tracker, SLICE(""));
    onlook_listen(t->owner);
}

void client_untrack(struct client *c)
{
    struct tracking *t = &c->owner->tracking;
    struct tracker *tracker = c->tracker;
    if (!tracker)
        return;
    if (t->own_of == c)
        send_own(t, tracker); /* what it changed before it ceased to track */
    redirect(t, tracker, NULL);
    for (size_t i = 0; i < tracker->prefix_count; i++)
        prefixes_leave(&t->prefixes, tracker->prefixes[i], tracker);
    mem_free(tracker->prefixes);
    table_remove(t->by_id, table_hash(t->by_id, id_of(tracker)), tracker);
    list_unlink(&tracker->in_all);
    c->tracker = NULL;
    c->session.flags &= ~(uint32_t)SESSION_CACHING;
    t->count--;
    mem_free(tracker);
    onlook_listen(t->owner);
}

static void forget_redirects(struct tracking *t, const struct client *c)
{
    LIST_FOR_EACH_SAFE(node, &t->all)
    {
        struct tracker *tracker = LIST_ENTRY(node, struct tracker, in_all);
        if (tracker->redirect == c)
            tracker->redirect = NULL;
    }
}

void tracking_forget(struct tracking *t, struct client *c)
{
    client_untrack(c);
    if (t->redirecting > 0)
        forget_redirects(t, c);
    if (!(c->flags & CLIENT_HAS_TRACKED) || --t->readers > 0)
        return;
    tracked_drop(&t->keys); /* nobody is left who could be told */
    onlook_listen(t->owner);
}

size_t tracker_memory(const struct tracker *tracker)
{
    if (!tracker)
        return 0;
    size_t prefixes = tracker->prefixes ? mem_block_size(tracker->prefixes) : 0;
    return mem_size_class(sizeof(*tracker)) + prefixes;
}

/* ---- life ---- */

void tracking_init(struct clients *cs)
{
    struct tracking *t = &cs->tracking;
    struct keyspace *ks = dispatch_keyspace(cs->dispatch);
    t->owner = cs;
    list_init(&t->all);
    tracked_init(&t->keys, keyspace_hash_key(ks));
    prefixes_init(&t->prefixes, keyspace_hash_key(ks));
    buf_init(&t->own, BUF_NO_CEILING);
    buf_init(&t->body, BUF_NO_CEILING);
    buf_init(&t->text[0], BUF_NO_CEILING);
    buf_init(&t->text[1], BUF_NO_CEILING);
    rand_seed_random(&t->rand);
    keyspace_hooks(ks)->flushed.fn = on_flushed;
    keyspace_hooks(ks)->flushed.arg = t;
}

void tracking_done(struct tracking *t)
{
    ASSERT(t->count == 0);
    keyspace_hooks(dispatch_keyspace(t->owner->dispatch))->flushed.fn = NULL;
    tracked_done(&t->keys);
    prefixes_done(&t->prefixes);
    table_free(t->by_id);
    buf_done(&t->own);
    buf_done(&t->body);
    buf_done(&t->text[0]);
    buf_done(&t->text[1]);
}

void tracking_verify(const struct tracking *t)
{
    size_t count = 0, redirecting = 0;
    uint64_t id = 0;
    for (struct list *node = t->all.next; node != &t->all; node = node->next) {
        const struct tracker *tracker = LIST_ENTRY(node, struct tracker, in_all);
        ASSERT(tracker->id > id);
        ASSERT(find(t, tracker->id) == tracker);
        ASSERT((tracker->prefix_count > 0) == ((tracker->flags & TRACKING_BCAST) != 0));
        id = tracker->id;
        count++;
        redirecting += tracker->redirect_id != 0;
    }
    ASSERT(count == t->count);
    ASSERT(redirecting == t->redirecting);
    tracked_verify(&t->keys);
}
