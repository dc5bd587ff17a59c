#include "persist/loading.h"

#include <errno.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "journal/journal.h"
#include "persist/persist_priv.h"
#include "tests/unit/check.h"

struct world {
    struct persist persist;
    int looks;
    bool on_in_look, stops;
};

static void look(void *arg)
{
    struct world *w = arg;
    w->looks++;
    w->on_in_look = journal_is_on(w->persist.journal);
    if (w->stops)
        loop_stop(w->persist.loop);
}

static void append(void *arg, uint64_t offset, struct slice bytes)
{
    (void)arg;
    (void)offset;
    (void)bytes;
}

/* A clock that stands. */
static uint64_t no_time(void *arg)
{
    (void)arg;
    return 1000000000;
}

static const struct clock_source stopped = { no_time, no_time, NULL };

static const struct journal_sink sink = { .append = append };

static void world_init(struct world *w)
{
    *w = (struct world){ .looks = 0 };
    struct persist *p = &w->persist;
    log_set_level(LOG_NOTHING);
    clock_set_source(&stopped);
    CHECK_INT(loop_new(64, &p->loop), 0);
    p->journal = journal_new();
    p->keyspace = keyspace_new(p->journal, NULL, 1);
    keyspace_start(p->keyspace);
    p->dispatch = dispatch_new(p->keyspace, p->journal);
    p->loading = loading_new(p);
    p->hooks.yield.fn = look;
    p->hooks.yield.arg = w;
    journal_add_sink(p->journal, &sink);
}

static void world_done(struct world *w)
{
    struct persist *p = &w->persist;
    journal_remove_sink(p->journal, &sink);
    loading_free(p->loading);
    dispatch_free(p->dispatch);
    keyspace_free(p->keyspace);
    journal_free(p->journal);
    loop_free(p->loop);
    clock_set_source(NULL);
}

TEST(clients_are_looked_at_once_an_interval)
{
    struct world w;
    world_init(&w);
    struct loading *l = w.persist.loading;
    loading_begin(l, 10 << 20);
    for (uint64_t done = 0; done < (10 << 20); done += 1000)
        CHECK_INT(loading_progress(l, done), 0);
    loading_end(l, true);
    CHECK_INT(w.looks, 4);
    world_done(&w);
}

TEST(the_journal_is_mute_but_for_nested_turns)
{
    struct world w;
    world_init(&w);
    struct loading *l = w.persist.loading;
    CHECK(journal_is_on(w.persist.journal));
    loading_begin(l, 10 << 20);
    CHECK(!journal_is_on(w.persist.journal));
    CHECK_INT(loading_progress(l, 5 << 20), 0);
    CHECK_INT(w.looks, 1);
    CHECK(w.on_in_look);
    CHECK(!journal_is_on(w.persist.journal));
    loading_end(l, true);
    CHECK(journal_is_on(w.persist.journal));
    world_done(&w);
}

TEST(whoever_ends_the_server_ends_the_load)
{
    struct world w;
    world_init(&w);
    struct loading *l = w.persist.loading;
    w.stops = true;
    loading_begin(l, 10 << 20);
    CHECK(loading_is_on(l));
    CHECK_INT(loading_progress(l, 5 << 20), -ECANCELED);
    loading_end(l, false);
    CHECK(!loading_is_on(l));
    world_done(&w);
}

/* A metric's value as INFO shows it, or "" if it does not. */
static const char *shown(struct loading *l, const char *name, struct buf *out)
{
    struct metric_table table = loading_metrics(l);
    buf_clear(out);
    for (size_t i = 0; i < table.count; i++) {
        const struct metric *row = &table.rows[i];
        if (strcmp(row->name, name) != 0 || (row->is_there && !row->is_there(table.owner)))
            continue;
        if (row->text)
            row->text(table.owner, out);
        else
            buf_printf(out, "%lld",
                       row->count ? (long long)row->count(table.owner)
                                  : (long long)row->value(table.owner));
    }
    return buf_cstr(out);
}

TEST(info_tells_how_far_it_is_while_it_goes_on)
{
    struct world w;
    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    world_init(&w);
    struct loading *l = w.persist.loading;
    CHECK_STR(shown(l, "loading", &text), "0");
    CHECK_STR(shown(l, "loading_loaded_bytes", &text), "");
    loading_begin(l, 4000);
    CHECK_INT(loading_progress(l, 1000), 0);
    loading_note_used_memory(l, 77);
    CHECK_STR(shown(l, "loading", &text), "1");
    CHECK_STR(shown(l, "loading_loaded_bytes", &text), "1000");
    CHECK_STR(shown(l, "loading_total_bytes", &text), "4000");
    CHECK_STR(shown(l, "loading_loaded_perc", &text), "25.00");
    CHECK_STR(shown(l, "loading_rdb_used_mem", &text), "77");
    CHECK_STR(shown(l, "loading_eta_seconds", &text), "1");
    loading_note_keys(l, 5, 2);
    loading_end(l, true);
    CHECK_STR(shown(l, "loading_eta_seconds", &text), "");
    CHECK_STR(shown(l, "rdb_last_load_keys_loaded", &text), "5");
    CHECK_STR(shown(l, "rdb_last_load_keys_expired", &text), "2");
    buf_done(&text);
    world_done(&w);
}
