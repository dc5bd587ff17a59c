#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "journal/journal.h"
#include "persist/aof_priv.h"
#include "tests/unit/check.h"

#define INCR "appendonlydir/appendonly.aof.1.incr.aof"
#define SELECT_0 "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
#define DEL_A "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
#define DEL_B "*2\r\n$3\r\nDEL\r\n$1\r\nb\r\n"
#define SECOND UINT64_C(1000000000)

/* A server with an append-only file, on a disk and a clock that the test rules. */
struct world {
    struct loop *loop;
    struct journal *journal;
    struct keyspace *keyspace;
    struct dispatch *dispatch;
    struct persist *persist;
    struct aof *aof;
    struct clock_source clock;
    uint64_t now_ns;
    struct file_layer disk;
    size_t room; /* bytes that may still be written */
    int write_error, truncate_error;
    atomic_int sync_error;
    atomic_bool syncs_hang;
    int writes, cuts;
    atomic_int syncs;
    char dir[64];
};

static uint64_t mono(void *arg)
{
    return ((struct world *)arg)->now_ns;
}

static uint64_t wall(void *arg)
{
    return UINT64_C(1700000000000000) + ((struct world *)arg)->now_ns / 1000;
}

static ssize_t disk_write(void *arg, int fd, const void *bytes, size_t len)
{
    struct world *w = arg;
    w->writes++;
    if (len > w->room)
        len = w->room;
    if (len == 0)
        return -w->write_error;
    w->room -= len;
    return file_kernel_layer()->write(NULL, fd, bytes, len);
}

static int disk_sync(void *arg, int fd UNUSED)
{
    struct world *w = arg;
    while (atomic_load(&w->syncs_hang))
        usleep(1000);
    atomic_fetch_add(&w->syncs, 1);
    return -atomic_load(&w->sync_error);
}

static int disk_truncate(void *arg, int fd, off_t len)
{
    struct world *w = arg;
    w->cuts++;
    return w->truncate_error ? -w->truncate_error : file_kernel_layer()->truncate(NULL, fd, len);
}

static void world_init(struct world *w, enum aof_fsync policy)
{
    *w = (struct world){ .room = SIZE_MAX, .now_ns = SECOND, .write_error = ENOSPC };
    memcpy(w->dir, "/tmp/aof_test.XXXXXX", sizeof("/tmp/aof_test.XXXXXX"));
    CHECK_PTR_NOT_NULL(mkdtemp(w->dir));
    CHECK_INT(chdir(w->dir), 0);
    log_set_level(LOG_NOTHING);
    w->clock = (struct clock_source){ mono, wall, w };
    clock_set_source(&w->clock);
    CHECK_INT(loop_new(64, &w->loop), 0);
    w->journal = journal_new();
    w->keyspace = keyspace_new(w->journal, NULL, 1);
    w->dispatch = dispatch_new(w->keyspace, w->journal);
    w->persist = persist_new(w->loop, w->dispatch);
    keyspace_start(w->keyspace);
    dispatch_time_sync(w->dispatch);
    w->aof = w->persist->aof;
    w->aof->settings.appendonly = true;
    w->aof->settings.fsync = (int)policy;
    CHECK_INT(aof_open(w->aof), 0);
    w->disk = *file_kernel_layer();
    w->disk.arg = w;
    w->disk.write = disk_write;
    w->disk.sync = disk_sync;
    w->disk.truncate = disk_truncate;
    file_set_layer(&w->disk);
}

static void world_done(struct world *w)
{
    char command[128];
    atomic_store(&w->syncs_hang, false);
    file_set_layer(NULL);
    persist_free(w->persist);
    dispatch_free(w->dispatch);
    keyspace_free(w->keyspace);
    journal_free(w->journal);
    loop_free(w->loop);
    clock_set_source(NULL);
    CHECK_INT(chdir("/"), 0);
    (void)snprintf(command, sizeof(command), "rm -r %s", w->dir);
    CHECK_INT(system(command), 0);
}

static void del(struct world *w, const char *key)
{
    struct slice argv[] = { SLICE("DEL"), slice_str(key) };
    journal_effect(w->journal, 0, argv, 2);
}

static void pass(struct world *w, uint64_t ns)
{
    w->now_ns += ns;
    aof_flush(w->aof);
}

static void let_syncs_end(struct world *w)
{
    while (w->aof->writer.sync.is_running)
        (void)loop_turn(w->loop, LOOP_WAIT);
}

#define CHECK_FILE(text)                                \
    do {                                                \
        struct buf got_file;                            \
        buf_init(&got_file, BUF_NO_CEILING);            \
        CHECK_INT(file_read_whole(INCR, &got_file), 0); \
        CHECK_SLICE(buf_slice(&got_file), text);        \
        buf_done(&got_file);                            \
    } while (0)

TEST(a_turn_is_one_write)
{
    struct world w;
    world_init(&w, AOF_FSYNC_NO);
    del(&w, "a");
    del(&w, "b");
    CHECK_FILE("");
    aof_flush(w.aof);
    CHECK_INT(w.writes, 1);
    CHECK_FILE(SELECT_0 DEL_A DEL_B);
    aof_flush(w.aof);
    CHECK_INT(w.writes, 1);
    CHECK_INT(w.syncs, 0);
    CHECK_UINT(aof_synced_offset(w.aof), 0);
    world_done(&w);
}

TEST(with_always_a_turn_is_one_write_and_one_sync)
{
    struct world w;
    world_init(&w, AOF_FSYNC_ALWAYS);
    del(&w, "a");
    del(&w, "b");
    aof_flush(w.aof);
    aof_flush(w.aof);
    CHECK_INT(w.writes, 1);
    CHECK_INT(w.syncs, 1);
    CHECK_UINT(aof_synced_offset(w.aof), journal_offset(w.journal));
    world_done(&w);
}

TEST(with_everysec_a_thread_syncs_once_a_second)
{
    struct world w;
    world_init(&w, AOF_FSYNC_EVERYSEC);
    del(&w, "a");
    aof_flush(w.aof);
    uint64_t first = journal_offset(w.journal);
    CHECK_INT(w.syncs, 0);
    CHECK_UINT(aof_synced_offset(w.aof), 0);
    pass(&w, SECOND);
    let_syncs_end(&w);
    CHECK_INT(w.syncs, 1);
    CHECK_UINT(aof_synced_offset(w.aof), first);
    del(&w, "b");
    pass(&w, SECOND - 1);
    CHECK_INT(w.syncs, 1);
    pass(&w, 1);
    let_syncs_end(&w);
    CHECK_INT(w.syncs, 2);
    CHECK_UINT(aof_synced_offset(w.aof), journal_offset(w.journal));
    pass(&w, 5 * SECOND);
    CHECK_INT(w.syncs, 2);
    world_done(&w);
}

TEST(messages_are_not_written_and_nobody_waits_for_them)
{
    struct world w;
    struct slice argv[] = { SLICE("PUBLISH"), SLICE("c"), SLICE("m") };
    world_init(&w, AOF_FSYNC_EVERYSEC);
    journal_message(w.journal, argv, 3);
    aof_flush(w.aof);
    CHECK_INT(w.writes, 0);
    CHECK(journal_offset(w.journal) > 0);
    CHECK_UINT(aof_synced_offset(w.aof), journal_offset(w.journal));
    world_done(&w);
}

TEST(a_short_write_is_cut_off_and_taken_again_after_a_second)
{
    struct world w;
    world_init(&w, AOF_FSYNC_NO);
    del(&w, "a");
    aof_flush(w.aof);
    del(&w, "b");
    w.room = 7;
    aof_flush(w.aof);
    CHECK_INT(aof_write_error(w.aof), ENOSPC);
    CHECK_INT(w.cuts, 1);
    CHECK_FILE(SELECT_0 DEL_A);
    w.room = SIZE_MAX;
    int writes = w.writes;
    pass(&w, SECOND - 1);
    CHECK_INT(w.writes, writes);
    CHECK_INT(w.syncs, 0);
    pass(&w, 1);
    CHECK_INT(w.syncs, 1); /* the cut, before anything stands behind it */
    CHECK_INT(aof_write_error(w.aof), 0);
    CHECK_FILE(SELECT_0 DEL_A DEL_B);
    world_done(&w);
}

TEST(a_cut_that_is_not_synced_keeps_the_write_away)
{
    struct world w;
    world_init(&w, AOF_FSYNC_NO);
    del(&w, "a");
    w.room = 7;
    aof_flush(w.aof);
    w.room = SIZE_MAX;
    atomic_store(&w.sync_error, EIO);
    pass(&w, SECOND);
    CHECK_INT(aof_write_error(w.aof), EIO);
    CHECK_FILE("");
    atomic_store(&w.sync_error, 0);
    pass(&w, SECOND);
    CHECK_FILE(SELECT_0 DEL_A);
    world_done(&w);
}

TEST(what_cannot_be_cut_off_is_gone_on_with)
{
    struct world w;
    world_init(&w, AOF_FSYNC_NO);
    w.truncate_error = EIO;
    w.room = 7;
    del(&w, "a");
    aof_flush(w.aof);
    CHECK_FILE("*2\r\n$6\r");
    w.room = SIZE_MAX;
    del(&w, "b");
    pass(&w, SECOND);
    CHECK_FILE(SELECT_0 DEL_A DEL_B);
    CHECK_UINT(w.aof->writer.file_bytes, strlen(SELECT_0 DEL_A DEL_B));
    world_done(&w);
}

TEST(a_slow_sync_puts_a_write_off_for_two_seconds_at_most)
{
    struct world w;
    world_init(&w, AOF_FSYNC_EVERYSEC);
    del(&w, "a");
    atomic_store(&w.syncs_hang, true);
    pass(&w, SECOND);
    del(&w, "b");
    aof_flush(w.aof);
    CHECK_INT(w.writes, 1);
    pass(&w, 2 * SECOND - 1);
    CHECK_INT(w.writes, 1);
    CHECK_UINT(w.aof->writer.delayed, 0);
    pass(&w, 1);
    CHECK_INT(w.writes, 2);
    CHECK_UINT(w.aof->writer.delayed, 1);
    CHECK_FILE(SELECT_0 DEL_A DEL_B);
    atomic_store(&w.syncs_hang, false);
    let_syncs_end(&w);
    CHECK(aof_synced_offset(w.aof) < journal_offset(w.journal));
    world_done(&w);
}

TEST(after_a_failed_sync_nothing_counts_as_synced_until_a_rewrite)
{
    struct world w;
    world_init(&w, AOF_FSYNC_EVERYSEC);
    del(&w, "a");
    atomic_store(&w.sync_error, EIO);
    pass(&w, SECOND);
    let_syncs_end(&w);
    CHECK_INT(aof_write_error(w.aof), EIO);
    CHECK(aof_rewrite_is_planned(w.aof));
    atomic_store(&w.sync_error, 0);
    pass(&w, SECOND);
    let_syncs_end(&w);
    CHECK_INT(aof_write_error(w.aof), 0);
    CHECK_UINT(aof_synced_offset(w.aof), 0);
    aof_rewrite_look(w.aof);
    while (children_kind(w.persist->children) != CHILD_NONE)
        (void)loop_turn(w.loop, LOOP_WAIT);
    CHECK(!aof_rewrite_is_planned(w.aof));
    aof_flush(w.aof);
    CHECK_UINT(aof_synced_offset(w.aof), journal_offset(w.journal));
    world_done(&w);
}

TEST(much_in_one_turn_is_written_in_pieces_and_the_memory_given_back)
{
    struct world w;
    char *big = mem_alloc(5 << 20);
    memset(big, 'x', 5 << 20);
    struct slice argv[] = { SLICE("SET"), SLICE("a"), slice_of(big, 5 << 20) };
    world_init(&w, AOF_FSYNC_NO);
    for (int i = 0; i < 8; i++) {
        journal_effect(w.journal, 0, argv, 3);
        CHECK(w.aof->writer.pending.len < (16 << 20));
    }
    CHECK_INT(w.writes, 2);
    aof_flush(w.aof);
    CHECK_UINT(w.aof->writer.pending.cap, 0);
    CHECK_UINT(w.aof->writer.written_offset, journal_offset(w.journal));
    mem_free(big);
    world_done(&w);
}

TEST(the_time_is_noted_once_a_second)
{
    struct world w;
    world_init(&w, AOF_FSYNC_NO);
    w.aof->settings.timestamps = true;
    del(&w, "a");
    del(&w, "b");
    w.now_ns += SECOND;
    dispatch_time_sync(w.dispatch);
    del(&w, "a");
    aof_flush(w.aof);
    CHECK_FILE("#TS:1700000001\r\n" SELECT_0 DEL_A DEL_B "#TS:1700000002\r\n" DEL_A);
    world_done(&w);
}
