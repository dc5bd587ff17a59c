/* A server without connections for tests. */
#include "commands/testing.h"

#include "base/assert.h"
#include "base/words.h"
#include "journal/journal.h"

#define ROOM_BYTES ((size_t)4096)
#define WORDS_MAX ((size_t)1024)

/* ---- the sink of replies: one growing buffer ---- */

static struct testing *testing_of(struct reply *r)
{
    return CONTAINER_OF(CONTAINER_OF(r, struct session, reply), struct testing, session);
}

static void seal(struct testing *t)
{
    struct reply *r = &t->session.reply;
    if (!r->pos)
        return;
    size_t len = (size_t)(r->pos - (t->reply.ptr + t->reply.len));
    buf_commit(&t->reply, len);
    r->written += len;
    r->pos = r->end = NULL;
}

static void sink_more(struct reply *r, size_t need)
{
    struct testing *t = testing_of(r);
    seal(t);
    r->pos = buf_reserve(&t->reply, MAX_OF(need, ROOM_BYTES));
    ASSERT(r->pos);
    r->end = r->pos + MAX_OF(need, ROOM_BYTES);
}

static void sink_defer(struct reply *r, unsigned slot)
{
    struct testing *t = testing_of(r);
    seal(t);
    t->places[slot] = t->reply.len;
}

static void sink_settle(struct reply *r, unsigned slot, struct slice header)
{
    struct testing *t = testing_of(r);
    seal(t);
    size_t at = t->places[slot], behind = t->reply.len - at;
    buf_append(&t->reply, header);
    memmove(t->reply.ptr + at + header.len, t->reply.ptr + at, behind);
    memcpy(t->reply.ptr + at, header.ptr, header.len);
}

static const struct reply_sink sink = {
    .more = sink_more,
    .defer = sink_defer,
    .settle = sink_settle,
};

/* ---- what is around it ---- */

static uint64_t clock_mono(void *arg)
{
    struct testing *t = arg;
    return (uint64_t)t->now_ms * 1000000;
}

static uint64_t clock_wall(void *arg)
{
    struct testing *t = arg;
    return (uint64_t)t->now_ms * 1000;
}

static void on_event(void *arg, struct db *db, enum db_event_class class, const char *event,
                     struct slice name)
{
    struct testing *t = arg;
    ASSERT(class != 0);
    buf_printf(&t->events, "%s%d:%s(%.*s)", t->events.len ? " " : "", db_index(db), event,
               SLICE_ARGS(name));
}

static const struct session_host host = { .kind = "test" };

void testing_init(struct testing *t)
{
    *t = (struct testing){ .now_ms = TESTING_NOW_MS, .string_bytes_max = 512 << 20 };
    t->clock = (struct clock_source){ clock_mono, clock_wall, t };
    clock_set_source(&t->clock);
    arena_init(&t->arena, 4096, 0);
    buf_init(&t->reply, BUF_NO_CEILING);
    buf_init(&t->shown, BUF_NO_CEILING);
    buf_init(&t->events, BUF_NO_CEILING);
    buf_init(&t->told, BUF_NO_CEILING);

    t->journal = journal_new();
    t->keyspace = keyspace_new(t->journal, NULL, 1);
    keyspace_start(t->keyspace);
    keyspace_hooks(t->keyspace)->event.fn = on_event;
    keyspace_hooks(t->keyspace)->event.arg = t;
    t->dispatch = dispatch_new(t->keyspace, t->journal);
    t->settings.string_bytes_max = &t->string_bytes_max;
    dispatch_register_own(t->dispatch);
    commands_register(t->dispatch, &t->settings);
    t->session.reply.sink = &sink;
    session_init(&t->session, t->dispatch, &host, 1);

    test_sink_init(&t->sink, t->journal);
    (void)testing_run(t, "flushall"); /* the journal's first SELECT */
}

void testing_done(struct testing *t)
{
    test_sink_done(&t->sink);
    session_done(&t->session);
    dispatch_free(t->dispatch);
    keyspace_free(t->keyspace);
    journal_free(t->journal);
    buf_done(&t->reply);
    buf_done(&t->shown);
    buf_done(&t->events);
    buf_done(&t->told);
    arena_done(&t->arena);
    clock_set_source(NULL);
}

/* ---- requests ---- */

static const char *show_reply(struct testing *t)
{
    buf_clear(&t->shown);
    for (size_t i = 0; i < t->reply.len; i++) {
        char c = t->reply.ptr[i];
        if (c != '\r')
            buf_append_char(&t->shown, c == '\n' ? ' ' : c);
    }
    if (t->shown.len)
        buf_truncate(&t->shown, t->shown.len - 1);
    return buf_cstr(&t->shown);
}

const char *testing_run_args(struct testing *t, struct slice *argv, size_t argc, struct blob *bulk)
{
    struct request request = {
        .session = &t->session,
        .parsed = { .argv = argv, .argc = (uint32_t)argc },
        .bulk = bulk,
    };
    buf_clear(&t->reply);
    buf_clear(&t->events);
    test_sink_clear(&t->sink);
    dispatch_time_sync(t->dispatch);
    dispatch_run(t->dispatch, &request, &t->arena);
    seal(t);
    arena_reset(&t->arena);
    return show_reply(t);
}

const char *testing_run(struct testing *t, const char *line)
{
    struct slice *argv;
    size_t argc;
    int rc = words_split(&t->arena, slice_str(line), WORDS_MAX, &argv, &argc);
    ASSERT(rc == 0);
    return testing_run_args(t, argv, argc, NULL);
}

const char *testing_tell(struct testing *t, const char *line)
{
    const char *reply = testing_run(t, line);
    buf_clear(&t->told);
    buf_printf(&t->told, "%s | %s | %s", reply, buf_cstr(&t->events), test_sink_text(&t->sink));
    return buf_cstr(&t->told);
}

struct keyspace_settings *testing_keyspace_settings(struct testing *t)
{
    return keyspace_directives(t->keyspace).settings;
}
