/* What RDB files cost: CPU time of reading a file into an empty keyspace, and of writing that to another one.
 *
 * bench_persist_rdb FILE [rounds] prints milliseconds of the best round. With the file of `tests/bench` that redis-server
 * has written, the figures are those of its SAVE and of its start without the processes' own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "db/db.h"
#include "journal/journal.h"
#include "persist/rdb_priv.h"

struct bench {
    const char *path;
    struct journal *journal;
    struct persist persist;
    double read_ms, version_ms, write_ms;
    uint64_t keys;
};

static double ms_since(uint64_t begun_ns)
{
    return (double)(clock_thread_cpu_ns() - begun_ns) / 1e6;
}

static ssize_t pull(void *arg, char *to, size_t max)
{
    return file_read(*(int *)arg, to, max);
}

static int sink(void *arg, struct slice bytes)
{
    return file_write_all(*(int *)arg, bytes);
}

static int read_file(struct bench *b)
{
    struct codec_reader reader;
    struct rdb_report report;
    struct stat stat;
    SCOPED(file_close_scoped) int fd = file_open(b->path, O_RDONLY, 0);
    if (fd < 0 || file_stat(b->path, &stat) < 0)
        return -ENOENT;
    const uint64_t begun = clock_thread_cpu_ns();
    rdb_report_init(&report);
    codec_reader_init_pull(&reader, pull, &fd, (uint64_t)stat.st_size);
    const int error = rdb_read(b->persist.rdb, &reader, &(struct rdb_read){ 0 }, &report);
    codec_reader_done(&reader);
    b->read_ms = ms_since(begun);
    b->keys = report.keys;
    rdb_report_done(&report);
    return error;
}

static int write_file(struct bench *b)
{
    struct codec_writer writer;
    struct buf why;
    int version;
    char path[] = "/tmp/bench-persist-rdb-XXXXXX";
    SCOPED(file_close_scoped) int fd = mkstemp(path);
    if (fd < 0)
        return -errno;
    uint64_t begun = clock_thread_cpu_ns();
    buf_init(&why, BUF_NO_CEILING);
    int error = rdb_version(b->persist.rdb, &version, &why);
    b->version_ms = ms_since(begun);
    begun = clock_thread_cpu_ns();
    if (error == 0) {
        codec_writer_init(&writer, version, sink, &fd);
        error = rdb_write(b->persist.rdb, &writer, &(struct rdb_write){ 0 });
        codec_writer_done(&writer);
    }
    b->write_ms = ms_since(begun);
    buf_done(&why);
    const int left = file_unlink(path);
    return error ? error : left;
}

static int round_of(struct bench *b)
{
    b->journal = journal_new();
    b->persist = (struct persist){ .keyspace = keyspace_new(b->journal, NULL, 0) };
    keyspace_start(b->persist.keyspace);
    b->persist.rdb = rdb_new(&b->persist);
    int error = read_file(b);
    if (error == 0)
        error = write_file(b);
    rdb_free(b->persist.rdb);
    keyspace_free(b->persist.keyspace);
    journal_free(b->journal);
    return error;
}

int main(int argc, char **argv)
{
    struct bench b = { .path = argc > 1 ? argv[1] : "dump.rdb" };
    int64_t rounds = 5;
    double read_ms = 1e9, version_ms = 1e9, write_ms = 1e9;
    if (argc > 2 && !num_parse_int(slice_str(argv[2]), &rounds))
        return EXIT_FAILURE;
    log_set_level(LOG_NOTHING);
    clock_init();
    for (int64_t i = 0; i < rounds; i++) {
        const int error = round_of(&b);
        if (error < 0) {
            fprintf(stderr, "%s: %s\n", b.path, strerror(-error));
            return EXIT_FAILURE;
        }
        read_ms = MIN_OF(read_ms, b.read_ms);
        version_ms = MIN_OF(version_ms, b.version_ms);
        write_ms = MIN_OF(write_ms, b.write_ms);
    }
    printf("%llu keys: read %.0f ms, version %.1f ms, write %.0f ms\n", (unsigned long long)b.keys,
           read_ms, version_ms, write_ms);
    return EXIT_SUCCESS;
}
