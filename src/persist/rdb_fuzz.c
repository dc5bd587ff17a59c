/* Files from anywhere: refused with a reason, or a keyspace that is good for everything and is written again.
 *
 * The first byte says how the rest is read: its lowest three bits are flags of rdb.h, 8 asks for the checksum, 16
 * brings the bytes a few at a time without saying how many there are. */
#include "tests/unit/fuzz.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "persist/rdb_priv.h"

enum {
    FLAGS = 7,
    WANTS_CHECKSUM = 8,
    DRIPS = 16,
};

struct world {
    struct journal *journal;
    struct persist persist;
};

static void world_init(struct world *w, bool checksum)
{
    w->journal = journal_new();
    w->persist = (struct persist){ .keyspace = keyspace_new(w->journal, NULL, /* seed= */ 1) };
    keyspace_start(w->persist.keyspace);
    keyspace_set_expiry_mode(w->persist.keyspace, EXPIRY_IGNORE); /* as while loading */
    w->persist.rdb = rdb_new(&w->persist);
    w->persist.rdb->settings.checksum = checksum;
}

static void world_done(struct world *w)
{
    rdb_free(w->persist.rdb);
    keyspace_free(w->persist.keyspace);
    journal_free(w->journal);
}

/* Brings 1 to 7 bytes at a time. */
struct drip {
    struct slice left;
    size_t turn;
};

static ssize_t pull(void *arg, char *to, size_t max)
{
    struct drip *d = arg;
    const size_t drop = d->turn++ % 7 + 1, room = MIN_OF(max, d->left.len);
    const size_t step = MIN_OF(drop, room);
    if (step)
        memcpy(to, d->left.ptr, step);
    d->left = slice_from(d->left, step);
    return (ssize_t)step;
}

static int read_into(struct world *w, struct slice file, unsigned how, struct rdb_report *report)
{
    struct codec_reader reader;
    struct drip d = { .left = file };
    const struct rdb_read read = { .flags = how & FLAGS };
    rdb_report_init(report);
    if (how & DRIPS)
        codec_reader_init_pull(&reader, pull, &d, CODEC_LEFT_UNKNOWN);
    else
        codec_reader_init(&reader, file);
    const int error = rdb_read(w->persist.rdb, &reader, &read, report);
    codec_reader_done(&reader);
    keyspace_verify(w->persist.keyspace);
    return error;
}

static uint64_t count_keys(const struct world *w)
{
    uint64_t keys = 0;
    for (int i = 0; i < keyspace_count(w->persist.keyspace); i++)
        keys += db_count(keyspace_db(w->persist.keyspace, i));
    return keys;
}

static void write_and_read(struct world *w)
{
    struct codec_writer writer;
    struct world again;
    struct rdb_report report;
    struct buf why;
    int version;
    buf_init(&why, BUF_NO_CEILING);
    ASSERT(rdb_version(w->persist.rdb, &version, &why) == 0);
    buf_done(&why);
    codec_writer_init(&writer, version, NULL, NULL);
    ASSERT(rdb_write(w->persist.rdb, &writer, &(struct rdb_write){ 0 }) == 0);

    world_init(&again, true);
    ASSERT(read_into(&again, buf_slice(&writer.buf), RDB_KEEP_EXPIRED, &report) == 0);
    ASSERT(count_keys(&again) == count_keys(w));
    rdb_report_done(&report);
    world_done(&again);
    codec_writer_done(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w;
    struct rdb_report report;
    struct buf told;
    if (len == 0)
        return 0;
    log_set_level(LOG_NOTHING);
    world_init(&w, data[0] & WANTS_CHECKSUM);
    const int error = read_into(&w, slice_of(data + 1, len - 1), data[0], &report);
    if (error < 0) {
        buf_init(&told, BUF_NO_CEILING);
        rdb_report_tell(&report, &told);
        ASSERT(report.error.text[0]);
        buf_done(&told);
    } else {
        write_and_read(&w);
    }
    rdb_report_done(&report);
    world_done(&w);
    return 0;
}
