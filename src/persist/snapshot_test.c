#include "persist/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "journal/journal.h"
#include "persist/children.h"
#include "persist/persist_priv.h"
#include "persist/rdb.h"
#include "tests/unit/check.h"
#include "types/string.h"

#define START_US (UINT64_C(1700000000) * 1000 * 1000)

/* A room in a folder of its own, at a time that the test says, on a disk whose n-th call may fail. */
struct world {
    struct loop *loop;
    struct journal *journal;
    struct keyspace *keyspace;
    struct dispatch *dispatch;
    struct persist *persist;
    struct snapshot *snapshot;
    struct clock_source clock;
    uint64_t now_s; /* since the start */
    struct file_layer disk;
    int calls, fails_at; /* 0: never */
    char folder[32];
};

static uint64_t mono(void *arg)
{
    return ((struct world *)arg)->now_s * 1000 * 1000 * 1000 + 1;
}

static uint64_t wall(void *arg)
{
    return START_US + ((struct world *)arg)->now_s * 1000 * 1000;
}

/* ---- the disk ---- */

static bool fails(struct world *w)
{
    return ++w->calls == w->fails_at;
}

#define CALL(name, ...) (fails(arg) ? -EIO : file_kernel_layer()->name(NULL, ##__VA_ARGS__))

static int disk_open(void *arg, const char *path, int flags, mode_t mode)
{
    return CALL(open, path, flags, mode);
}

static ssize_t disk_write(void *arg, int fd, const void *bytes, size_t len)
{
    return CALL(write, fd, bytes, len);
}

static int disk_sync(void *arg, int fd)
{
    return CALL(sync, fd);
}

static int disk_rename(void *arg, const char *from, const char *to)
{
    return CALL(rename, from, to);
}

static void world_init(struct world *w)
{
    *w = (struct world){ .folder = "/tmp/snapshot_test.XXXXXX" };
    log_set_level(LOG_NOTHING);
    CHECK_PTR_NOT_NULL(mkdtemp(w->folder));
    CHECK_INT(chdir(w->folder), 0);
    w->clock = (struct clock_source){ mono, wall, w };
    clock_set_source(&w->clock);
    w->disk = *file_kernel_layer();
    w->disk.arg = w;
    w->disk.open = disk_open;
    w->disk.write = disk_write;
    w->disk.sync = disk_sync;
    w->disk.rename = disk_rename;
    file_set_layer(&w->disk);
    CHECK_INT(loop_new(64, &w->loop), 0);
    w->journal = journal_new();
    w->keyspace = keyspace_new(w->journal, NULL, 1);
    w->dispatch = dispatch_new(w->keyspace, w->journal);
    w->persist = persist_new(w->loop, w->dispatch);
    w->snapshot = w->persist->snapshot;
    keyspace_start(w->keyspace);
}

static void world_done(struct world *w)
{
    persist_free(w->persist);
    dispatch_free(w->dispatch);
    keyspace_free(w->keyspace);
    journal_free(w->journal);
    loop_free(w->loop);
    file_set_layer(NULL);
    clock_set_source(NULL);
    (void)unlink("dump.rdb");
    CHECK_INT(chdir("/"), 0);
    CHECK_INT(rmdir(w->folder), 0); /* nothing else was left there */
}

static void set(struct world *w, const char *directive, const char *words)
{
    const struct directive_table table = snapshot_directives(w->snapshot);
    struct slice split[8];
    size_t count = 0;
    for (const char *at = words; *at; at += strspn(at, " ")) {
        split[count++] = slice_of(at, strcspn(at, " "));
        at += strcspn(at, " ");
    }
    for (size_t i = 0; i < table.count; i++) {
        const struct directive *row = &table.rows[i];
        struct directive_error error;
        const char *reason;
        if (strcmp(row->name, directive) != 0)
            continue;
        CHECK_INT(directive_parse(&table, row, split, count, &error), 0);
        CHECK_INT(row->apply ? row->apply(table.owner, &reason) : 0, 0);
    }
}

static void put(struct world *w, const char *name)
{
    struct db *db = keyspace_db(w->keyspace, 0);
    struct key key = db_key(db, slice_str(name));
    db_set(db, key, string_new(key.name, SLICE("value"), ENTRY_NO_EXPIRY));
}

/* Some time later; whether a child is at work then. */
static bool later(struct world *w, uint64_t seconds)
{
    const struct job_table jobs = snapshot_jobs(w->snapshot);
    w->now_s += seconds;
    for (size_t i = 0; i < jobs.count; i++)
        jobs.rows[i].run(jobs.owner);
    return children_kind(w->persist->children) == CHILD_SNAPSHOT;
}

static void wait_for_child(struct world *w)
{
    while (children_kind(w->persist->children) != CHILD_NONE)
        (void)loop_turn(w->loop, LOOP_WAIT);
}

/* The keys that the file has; -1: there is none. */
static int keys_in_file(struct world *w)
{
    bool found;
    (void)keyspace_flush(w->keyspace, -1, false);
    CHECK_INT(snapshot_load(w->snapshot, 0, &found), 0);
    return found ? (int)db_count(keyspace_db(w->keyspace, 0)) : -1;
}

TEST(a_rule_waits_for_its_changes_and_its_time)
{
    struct world w;
    world_init(&w);
    set(&w, "save", "10 3");
    put(&w, "a");
    put(&w, "b");
    CHECK(!later(&w, 100));
    put(&w, "c");
    CHECK(later(&w, 0));
    wait_for_child(&w);
    CHECK_UINT(snapshot_changes(w.snapshot), 0);
    for (const char *name = "defg"; *name; name++)
        put(&w, (char[]){ *name, '\0' });
    CHECK(!later(&w, 10));
    CHECK(later(&w, 1));
    put(&w, "h"); /* meanwhile */
    wait_for_child(&w);
    CHECK_UINT(snapshot_changes(w.snapshot), 1);
    CHECK_INT(keys_in_file(&w), 7);
    world_done(&w);
}

TEST(without_rules_nothing_is_saved_by_itself)
{
    struct world w;
    world_init(&w);
    set(&w, "save", "1 1");
    CHECK(snapshot_has_rules(w.snapshot));
    set(&w, "save", "");
    CHECK(!snapshot_has_rules(w.snapshot));
    put(&w, "a");
    CHECK(!later(&w, 1000 * 1000));
    CHECK_INT(keys_in_file(&w), -1);
    world_done(&w);
}

TEST(behind_a_failure_the_next_attempt_waits)
{
    struct world w;
    world_init(&w);
    set(&w, "save", "1 1");
    put(&w, "a");
    w.calls = 0;
    w.fails_at = 1; /* in the child, too */
    CHECK(later(&w, 2));
    wait_for_child(&w);
    w.fails_at = 0;
    CHECK_INT(access("dump.rdb", F_OK), -1);
    CHECK(!later(&w, 5));
    CHECK(later(&w, 1));
    wait_for_child(&w);
    CHECK_INT(keys_in_file(&w), 1);
    world_done(&w);
}

TEST(what_is_planned_begins_when_the_child_is_gone)
{
    struct world w;
    world_init(&w);
    put(&w, "a");
    CHECK_INT(snapshot_begin(w.snapshot), 0);
    CHECK_INT(snapshot_begin(w.snapshot), -EBUSY);
    snapshot_begin_later(w.snapshot);
    CHECK(later(&w, 0));
    CHECK(snapshot_is_planned(w.snapshot));
    wait_for_child(&w);
    CHECK(later(&w, 0));
    CHECK(!snapshot_is_planned(w.snapshot));
    CHECK(!snapshot_unplan(w.snapshot));
    wait_for_child(&w);
    world_done(&w);
}

TEST(who_is_asked_to_go_leaves_no_file_and_has_not_failed)
{
    struct world w;
    world_init(&w);
    set(&w, "save", "1 1");
    put(&w, "a");
    CHECK_INT(snapshot_begin(w.snapshot), 0);
    children_kill(w.persist->children, CHILD_SNAPSHOT);
    CHECK_UINT(snapshot_changes(w.snapshot), 1);
    CHECK(later(&w, 2)); /* at once: there is no failure to wait for */
    wait_for_child(&w);
    world_done(&w);
}

/* Each call in turn. Only a folder that could not be synced has the new file already. */
TEST(a_save_that_fails_leaves_the_old_file)
{
    struct world w;
    world_init(&w);
    put(&w, "a");
    CHECK_INT(snapshot_save(w.snapshot), 0);
    int failures = 0;
    for (w.fails_at = 1;; w.fails_at++, failures++) {
        (void)keyspace_flush(w.keyspace, -1, false);
        put(&w, "b");
        put(&w, "c");
        w.calls = 0;
        if (snapshot_save(w.snapshot) == 0)
            break;
        int at = w.fails_at, calls = w.calls;
        w.fails_at = 0;
        CHECK_UINT(snapshot_changes(w.snapshot) > 0, 1);
        CHECK_INT(keys_in_file(&w), at <= 4 ? 1 : 2);
        CHECK(calls >= at);
        w.fails_at = at;
    }
    CHECK(failures >= 5); /* open, write, sync, rename, and the folder */
    w.fails_at = 0;
    CHECK_INT(keys_in_file(&w), 2);
    world_done(&w);
}

TEST(a_file_with_holes_in_it_is_not_loaded)
{
    struct world w;
    world_init(&w);
    bool found = true;
    CHECK_INT(snapshot_load(w.snapshot, 0, &found), 0);
    CHECK(!found);
    put(&w, "a");
    CHECK_INT(snapshot_save(w.snapshot), 0);
    CHECK_INT(truncate("dump.rdb", 60), 0);
    CHECK_INT(snapshot_load(w.snapshot, RDB_MERGE, &found), -ENODATA);
    CHECK(!persist_is_loading(w.persist));
    world_done(&w);
}

TEST(loading_is_no_change)
{
    struct world w;
    world_init(&w);
    put(&w, "a");
    CHECK_INT(snapshot_save(w.snapshot), 0);
    put(&w, "b");
    CHECK_INT(snapshot_reload(w.snapshot, /* flushes= */ true, 0), 0);
    CHECK_UINT(snapshot_changes(w.snapshot), 1);
    CHECK_UINT(db_count(keyspace_db(w.keyspace, 0)), 1);
    world_done(&w);
}
