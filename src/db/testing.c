/* Setting up a keyspace for tests. */
#include "db/testing.h"

#include "base/assert.h"
#include "base/mem.h"
#include "event/worker.h"
#include "journal/journal.h"

static void note(struct db_world *w, const char *what, const struct db *db, struct slice name)
{
    if (!name.ptr)
        name = SLICE("*");
    buf_printf(&w->told, "%s %d %.*s; ", what, db_index(db), SLICE_ARGS(name));
}

static void note_changed(void *arg, struct db *db, const struct key *key)
{
    note(arg, "changed", db, key->name);
}

static void note_replaced(void *arg, struct db *db, enum db_replacement what UNUSED)
{
    note(arg, "changed", db, (struct slice){ NULL, 0 });
}

static void note_event(void *arg, struct db *db, enum db_event_class class, const char *event,
                       struct slice name)
{
    (void)class;
    note(arg, event, db, name);
}

struct db_world *db_world_new(bool with_worker)
{
    struct db_world *w = mem_zalloc(sizeof(*w));
    w->journal = journal_new();
    test_sink_init(&w->sink, w->journal);
    if (with_worker)
        w->worker = worker_new(NULL, "free");
    w->ks = keyspace_new(w->journal, w->worker, /* seed= */ 1);
    keyspace_start(w->ks);
    keyspace_set_now(w->ks, DB_WORLD_START_MS);
    w->db = keyspace_db(w->ks, 0);
    buf_init(&w->told, BUF_NO_CEILING);
    struct keyspace_hooks *hooks = keyspace_hooks(w->ks);
    hooks->changed.fn = note_changed;
    hooks->changed.arg = w;
    hooks->replaced.fn = note_replaced;
    hooks->replaced.arg = w;
    hooks->event.fn = note_event;
    hooks->event.arg = w;
    return w;
}

void db_world_free(struct db_world *w)
{
    keyspace_free(w->ks);
    worker_free(w->worker);
    test_sink_done(&w->sink);
    journal_free(w->journal);
    buf_done(&w->told);
    mem_free(w);
}

void db_world_forget(struct db_world *w)
{
    buf_clear(&w->told);
    test_sink_clear(&w->sink);
}

void db_world_go(struct db_world *w, int64_t ms)
{
    keyspace_set_now(w->ks, DB_WORLD_START_MS + ms);
}

struct key db_world_key(const struct db *db, const char *name)
{
    return db_key(db, slice_str(name));
}

struct entry *db_world_peek(struct db *db, const char *name)
{
    return db_peek(db, db_world_key(db, name));
}

void db_world_set(struct db *db, const char *name, const char *value, int64_t ms)
{
    int64_t when_ms = ms == ENTRY_NO_EXPIRY ? ms : DB_WORLD_START_MS + ms;
    struct key key = db_world_key(db, name);
    db_set(db, key, string_new(key.name, slice_str(value), when_ms));
}

void db_world_config(struct db_world *w, const char *name, const char *value)
{
    struct directive_table table = keyspace_directives(w->ks);
    const struct directive *row = table.rows;
    while (row < table.rows + table.count && strcmp(row->name, name) != 0)
        row++;
    ASSERT(row < table.rows + table.count);

    struct directive_error error;
    const char *why;
    struct slice word = slice_str(value);
    int refused = directive_parse(&table, row, &word, 1, &error);
    ASSERT(!refused);
    refused = row->apply ? row->apply(table.owner, &why) : 0;
    ASSERT(!refused);
}

void db_world_info(struct db_world *w, const char *section, struct buf *out)
{
    struct metric_table table = keyspace_metrics(w->ks);
    buf_clear(out);
    for (size_t i = 0; i < table.count; i++) {
        const struct metric *row = &table.rows[i];
        if (strcmp(row->section, section) != 0)
            continue;
        if (row->name)
            buf_printf(out, "%s:", row->name);
        if (row->count)
            buf_append_uint(out, row->count(table.owner));
        if (row->text)
            row->text(table.owner, out);
        if (row->name)
            buf_append_str(out, " ");
    }
}
