/* A dispatcher without connections for tests. */
#include "dispatch/testing.h"

#include "base/assert.h"
#include "base/words.h"
#include "dispatch/block.h"
#include "dispatch/cmd.h"
#include "event/loop.h"
#include "journal/journal.h"

#define ROOM_BYTES ((size_t)1024)

/* ---- the sink of replies: one growing buffer ---- */

static struct world_session *owner_of(struct session *s)
{
    return CONTAINER_OF(s, struct world_session, session);
}

static void seal(struct world_session *ws)
{
    struct reply *r = &ws->session.reply;
    if (!r->pos)
        return;
    size_t len = (size_t)(r->pos - r->sealed);
    buf_commit(&ws->reply, len);
    r->written += len;
    r->pos = r->sealed = r->end = NULL;
}

static void sink_more(struct reply *r, size_t need)
{
    struct world_session *ws = owner_of(CONTAINER_OF(r, struct session, reply));
    seal(ws);
    r->pos = r->sealed = buf_reserve(&ws->reply, MAX_OF(need, ROOM_BYTES));
    ASSERT(r->pos);
    r->end = r->pos + MAX_OF(need, ROOM_BYTES);
}

static void sink_defer(struct reply *r, unsigned slot)
{
    struct world_session *ws = owner_of(CONTAINER_OF(r, struct session, reply));
    seal(ws);
    ws->places[slot] = ws->reply.len;
}

static void sink_settle(struct reply *r, unsigned slot, struct slice header)
{
    struct world_session *ws = owner_of(CONTAINER_OF(r, struct session, reply));
    seal(ws);
    size_t at = ws->places[slot], behind = ws->reply.len - at;
    buf_append(&ws->reply, header);
    memmove(ws->reply.ptr + at + header.len, ws->reply.ptr + at, behind);
    memcpy(ws->reply.ptr + at, header.ptr, header.len);
}

static const struct reply_sink sink = {
    .more = sink_more,
    .defer = sink_defer,
    .settle = sink_settle,
};

/* ---- the sessions' owner ---- */

static void host_defer(struct session *s, const struct request *request)
{
    struct buf *out = &owner_of(s)->deferred;
    if (out->len)
        buf_append_str(out, "; ");
    if (request->error)
        buf_printf(out, "(%s)", request->error);
    for (uint32_t i = 0; i < request->parsed.argc; i++)
        buf_printf(out, "%s%.*s", i ? " " : "", SLICE_ARGS(request->parsed.argv[i]));
}

static void host_resume(struct session *s)
{
    owner_of(s)->resumes++;
    s->flags &= ~(uint32_t)SESSION_PARKED;
}

static void host_protocol_error(struct session *s, const struct request *request)
{
    reply_errorf(&s->reply, "ERR %s", request->error);
    s->flags |= SESSION_CLOSING;
}

static void host_suspicious(struct session *s)
{
    owner_of(s)->suspicious++;
    s->flags |= SESSION_CLOSING;
}

static bool host_is_local(const struct session *s)
{
    return CONTAINER_OF(s, const struct world_session, session)->is_local;
}

static void host_reset(struct session *s)
{
    owner_of(s)->resets++;
}

static void host_close(struct session *s)
{
    owner_of(s)->closes++;
    s->flags |= SESSION_CLOSING;
}

static void host_describe(const struct session *s, struct buf *address, struct slice *ret_name)
{
    const struct world_session *ws = CONTAINER_OF(s, const struct world_session, session);
    buf_printf(address, "peer:%d", (int)(ws - ws->world->sessions));
    *ret_name = slice_str(ws->name);
}

static int host_set_name(struct session *s, struct slice name)
{
    struct world_session *ws = owner_of(s);
    if (slice_find(name, ' ') >= 0 || name.len >= sizeof(ws->name))
        return -1;
    memcpy(ws->name, name.ptr, name.len);
    ws->name[name.len] = '\0';
    return 0;
}

static const struct session_host host = {
    .kind = "test",
    .defer = host_defer,
    .resume = host_resume,
    .protocol_error = host_protocol_error,
    .suspicious = host_suspicious,
    .is_local = host_is_local,
    .reset = host_reset,
    .close_after_reply = host_close,
    .describe = host_describe,
    .set_name = host_set_name,
};

/* ---- what is around it ---- */

static uint64_t clock_mono(void *arg)
{
    struct dispatch_world *w = arg;
    w->now_ns += w->step_ns;
    return w->now_ns;
}

static uint64_t clock_wall(void *arg)
{
    struct dispatch_world *w = arg;
    return (uint64_t)DISPATCH_WORLD_NOW_MS * 1000 + w->now_ns / 1000;
}

static void on_resumed(void *arg)
{
    struct dispatch_world *w = arg;
    w->resumed++;
}

static void sessions_init(struct dispatch_world *w)
{
    for (int i = 0; i < DISPATCH_WORLD_SESSIONS; i++) {
        struct world_session *ws = &w->sessions[i];
        ws->world = w;
        buf_init(&ws->reply, BUF_NO_CEILING);
        buf_init(&ws->deferred, BUF_NO_CEILING);
        ws->session.reply.sink = &sink;
        session_init(&ws->session, w->dispatch, &host, (uint64_t)i + 1);
    }
}

void dispatch_world_init(struct dispatch_world *w, const struct command *rows, size_t count)
{
    *w = (struct dispatch_world){ .now_ns = 0 };
    w->clock = (struct clock_source){ clock_mono, clock_wall, w };
    clock_set_source(&w->clock);
    arena_init(&w->arena, 4096, 0);
    batch_init(&w->batch, &w->arena);
    buf_init(&w->shown, BUF_NO_CEILING);
    w->journal = journal_new();
    w->ks = keyspace_new(w->journal, NULL, 1);
    keyspace_start(w->ks);
    w->dispatch = dispatch_new(w->ks, w->journal);
    int rc = loop_new(16, &w->loop);
    ASSERT(rc == 0);
    dispatch_use_loop(w->dispatch, w->loop);
    dispatch_hooks(w->dispatch)->resumed.fn = on_resumed;
    dispatch_hooks(w->dispatch)->resumed.arg = w;
    dispatch_register_own(w->dispatch);
    dispatch_register(w->dispatch, &(struct command_table){ rows, count, w });
    sessions_init(w);
    test_sink_init(&w->sink, w->journal);
}

void dispatch_world_done(struct dispatch_world *w)
{
    for (int i = 0; i < DISPATCH_WORLD_SESSIONS; i++) {
        session_done(&w->sessions[i].session);
        buf_done(&w->sessions[i].reply);
        buf_done(&w->sessions[i].deferred);
    }
    test_sink_done(&w->sink);
    dispatch_free(w->dispatch);
    (void)loop_free(w->loop);
    keyspace_free(w->ks);
    journal_free(w->journal);
    buf_done(&w->shown);
    batch_done(&w->batch);
    arena_done(&w->arena);
    clock_set_source(NULL);
}

/* ---- requests ---- */

void dispatch_world_add(struct dispatch_world *w, int s, const char *line)
{
    struct slice *argv;
    size_t argc;
    int rc = words_split(&w->arena, slice_str(line), SIZE_MAX, &argv, &argc);
    ASSERT(rc == 0 && argc > 0);
    struct request *request = batch_add(&w->batch);
    request->session = &w->sessions[s].session;
    request->parsed = (struct resp_request){ .argv = argv, .argc = (uint32_t)argc };
}

void dispatch_world_add_error(struct dispatch_world *w, int s, const char *text)
{
    struct request *request = batch_add(&w->batch);
    request->session = &w->sessions[s].session;
    request->parsed = (struct resp_request){ .argc = 0 };
    request->error = text;
}

void dispatch_world_run(struct dispatch_world *w)
{
    dispatch_time_sync(w->dispatch);
    dispatch_run_batch(w->dispatch, &w->batch);
    arena_reset(&w->arena);
}

static const char *show(struct dispatch_world *w, struct buf *text, bool lines)
{
    buf_clear(&w->shown);
    for (size_t i = 0; i < text->len; i++) {
        char c = text->ptr[i];
        if (c != '\r')
            buf_append_char(&w->shown, c == '\n' ? ' ' : c);
    }
    if (lines && w->shown.len)
        buf_truncate(&w->shown, w->shown.len - 1);
    buf_clear(text);
    return buf_cstr(&w->shown);
}

const char *dispatch_world_reply(struct dispatch_world *w, int s)
{
    seal(&w->sessions[s]);
    return show(w, &w->sessions[s].reply, true);
}

const char *dispatch_world_deferred(struct dispatch_world *w, int s)
{
    return show(w, &w->sessions[s].deferred, false);
}

const char *dispatch_world_ask(struct dispatch_world *w, const char *line)
{
    dispatch_world_add(w, 0, line);
    dispatch_world_run(w);
    return dispatch_world_reply(w, 0);
}

static bool configure(const struct directive_table *table, const char *name, const char *value)
{
    struct directive_error error;
    const char *why;
    struct slice word = slice_str(value);
    for (size_t i = 0; i < table->count; i++) {
        const struct directive *row = &table->rows[i];
        if (strcmp(row->name, name) != 0)
            continue;
        int rc = directive_parse(table, row, &word, 1, &error);
        ASSERT(rc == 0);
        rc = row->apply ? row->apply(table->owner, &why) : 0;
        ASSERT(rc == 0);
        return true;
    }
    return false;
}

void dispatch_world_pass(struct dispatch_world *w, int64_t ms)
{
    w->now_ns += (uint64_t)ms * 1000000;
    dispatch_time_sync(w->dispatch);
    (void)loop_turn(w->loop, LOOP_TIMERS);
}

void dispatch_world_config(struct dispatch_world *w, const char *name, const char *value)
{
    struct directive_table own = dispatch_directives(w->dispatch);
    struct directive_table observe = dispatch_observe_directives(w->dispatch);
    ASSERT(configure(&own, name, value) || configure(&observe, name, value));
}
