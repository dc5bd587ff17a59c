/* Any bytes as a file of an append-only file: RDB data and commands are read, commands are run; what is whole of it is
 * read again, and then ends well. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "db/db.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "dispatch/repeat.h"
#include "journal/journal.h"
#include "persist/aof_read.h"
#include "persist/persist_priv.h"
#include "persist/rdb.h"
#include "tests/unit/fuzz.h"
#include "types/string.h"

#define GATHERED_MAX 64

/* ---- commands ---- */

static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), ENTRY_NO_EXPIRY));
    reply_ok(cmd->reply);
}

static void run_many(struct cmd *cmd)
{
    size_t bytes = 0;
    for (int i = 1; i < cmd->argc; i++)
        bytes += cmd_arg(cmd, i).len;
    reply_int(cmd->reply, (int64_t)bytes);
}

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = 3, .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_OW) },
    { .name = "many", .run = run_many, .arity = -2, .flags = CMD_READ },
};

static const struct session_host host = { .kind = "aof" };

/* ---- one file ---- */

struct world {
    struct journal *journal;
    struct persist persist;
    struct session session;
    struct arena arena;
    struct batch batch;
    struct aof_reader reader;
    size_t items;
    uint64_t whole;
};

static void world_init(struct world *w)
{
    w->journal = journal_new();
    w->persist = (struct persist){ .keyspace = keyspace_new(w->journal, NULL, 1) };
    keyspace_start(w->persist.keyspace);
    w->persist.dispatch = dispatch_new(w->persist.keyspace, w->journal);
    w->persist.rdb = rdb_new(&w->persist);
    dispatch_register_own(w->persist.dispatch);
    const struct command_table table = { rows, COUNT_OF(rows), w };
    dispatch_register(w->persist.dispatch, &table);
    reply_to_nowhere_init(&w->session.reply, 2);
    session_init(&w->session, w->persist.dispatch, &host, 0);
    arena_init(&w->arena, 4096, 4096);
    batch_init(&w->batch, &w->arena);
    w->items = 0;
    w->whole = 0;
}

static void world_done(struct world *w)
{
    aof_reader_done(&w->reader);
    session_done(&w->session);
    batch_done(&w->batch);
    arena_done(&w->arena);
    dispatch_free(w->persist.dispatch);
    rdb_free(w->persist.rdb);
    keyspace_free(w->persist.keyspace);
    journal_free(w->journal);
}

static int read_preamble(struct world *w)
{
    struct codec_reader codec;
    struct rdb_report report;
    codec_reader_init_pull(&codec, aof_reader_pull, &w->reader, w->reader.size);
    rdb_report_init(&report);
    int error = rdb_read(w->persist.rdb, &codec, &(struct rdb_read){ .flags = RDB_CHECK }, &report);
    w->whole = codec_reader_offset(&codec);
    rdb_report_done(&report);
    codec_reader_done(&codec);
    return error < 0 ? error : aof_reader_seek(&w->reader, w->whole);
}

static bool run(struct world *w)
{
    size_t at = 0, count = w->batch.count;
    int error = dispatch_repeat(w->persist.dispatch, &w->batch, &at);
    ASSERT(error == 0 || (at < count && (error == -ENOENT || error == -EINVAL || error == -EPERM)));
    w->batch.count = 0;
    arena_reset(&w->arena);
    return error == 0;
}

static void take(struct world *w, const struct aof_item *item)
{
    ASSERT(item->offset == w->whole);
    ASSERT(item->end > item->offset);
    ASSERT(item->end <= w->reader.size);
    w->whole = item->end;
    w->items++;
}

static bool take_command(struct world *w, const struct aof_item *item)
{
    ASSERT(item->request.argc > 0);
    take(w, item);
    struct request *request = batch_add(&w->batch);
    request->session = &w->session;
    request->parsed = item->request;
    return w->batch.count < GATHERED_MAX || run(w);
}

/* How it ended; AOF_COMMAND: a command could not be run. */
static enum aof_status read_items(struct world *w)
{
    struct aof_item item;
    for (;;) {
        enum aof_status status = aof_reader_next(&w->reader, &w->arena, &item);
        if (status == AOF_COMMAND) {
            if (!take_command(w, &item))
                return status;
        } else if (status == AOF_ANNOTATION) {
            take(w, &item);
        } else if (status == AOF_MORE) {
            if (!run(w))
                return AOF_COMMAND;
            int error = aof_reader_fill(&w->reader);
            ASSERT(error == 0);
            ASSERT(w->reader.cap <= w->reader.size + (1 << 18));
        } else {
            return run(w) ? status : AOF_COMMAND;
        }
    }
}

/* A file in memory, and its name. */
static int make_file(const uint8_t *data, size_t len, char name[static 32])
{
    int fd = memfd_create("aof", MFD_CLOEXEC);
    ASSERT(fd >= 0);
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        ASSERT(written > 0);
        data += written;
        len -= (size_t)written;
    }
    (void)snprintf(name, 32, "/proc/self/fd/%d", fd);
    return fd;
}

static enum aof_status read_file(struct world *w, const uint8_t *data, size_t len)
{
    char name[32];
    int fd = make_file(data, len, name);
    world_init(w);
    int error = aof_reader_open(&w->reader, name);
    ASSERT(error == 0);
    int preamble = aof_reader_has_preamble(&w->reader);
    ASSERT(preamble >= 0);
    enum aof_status status = preamble && read_preamble(w) < 0 ? AOF_BAD : read_items(w);
    (void)close(fd);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world first, again;
    log_set_level(LOG_NOTHING);
    enum aof_status status = read_file(&first, data, len);
    if (status == AOF_END)
        ASSERT(first.whole == len);
    if (status == AOF_TORN) {
        enum aof_status second = read_file(&again, data, (size_t)first.whole);
        ASSERT(second == AOF_END);
        ASSERT(again.items == first.items);
        world_done(&again);
    }
    world_done(&first);
    return 0;
}
