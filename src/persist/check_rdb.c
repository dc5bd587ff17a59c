#include "persist/check_rdb.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "persist/rdb_priv.h"

/* ---- a handle as small as rdb_read needs it ---- */

struct check {
    struct journal *journal;
    struct persist persist;
};

static void check_init(struct check *c)
{
    c->journal = journal_new();
    c->persist = (struct persist){ .keyspace = keyspace_new(c->journal, NULL, 0) };
    c->persist.rdb = rdb_new(&c->persist);
}

static void check_done(struct check *c)
{
    rdb_free(c->persist.rdb);
    keyspace_free(c->persist.keyspace);
    journal_free(c->journal);
}

/* ---- lines ---- */

static void show_aux(const struct rdb_met *met)
{
    printf("AUX FIELD %.*s = '%.*s'", SLICE_ARGS(met->name), SLICE_ARGS(met->value));
}

static void show_module(const struct rdb_met *met)
{
    printf("MODULE AUX for: %.*s, which is skipped", SLICE_ARGS(met->name));
}

static void show_library(const struct rdb_met *met)
{
    const char *end = met->value.len ? memchr(met->value.ptr, '\n', met->value.len) : NULL;
    const size_t len = end ? (size_t)(end - met->value.ptr) : met->value.len;
    printf("FUNCTION LIBRARY %.*s", (int)len, met->value.ptr);
}

static void show_database(const struct rdb_met *met)
{
    printf("Selecting DB ID %llu", (unsigned long long)met->number);
}

static void show_checksum(const struct rdb_met *met)
{
    printf(met->number ? "Checksum OK" : "RDB file was saved with checksum disabled");
}

static void (*const shows[])(const struct rdb_met *met) = {
    [RDB_AUX] = show_aux,
    [RDB_MODULE_AUX] = show_module,
    [RDB_LIBRARY] = show_library,
    [RDB_DATABASE] = show_database,
    [RDB_KEY] = NULL,
    [RDB_CHECKSUM] = show_checksum,
};

static void show(void *arg UNUSED, const struct rdb_met *met)
{
    if (met->event >= COUNT_OF(shows) || !shows[met->event])
        return;
    printf("[offset %llu] ", (unsigned long long)met->offset);
    shows[met->event](met);
    printf("\n");
}

static void show_failure(const struct rdb_report *report)
{
    const bool sums_differ = report->step == RDB_AT_CHECKSUM && report->error.code == -EBADMSG;
    printf("--- RDB ERROR DETECTED ---\n");
    printf("[offset %llu] %s\n", (unsigned long long)report->error.offset,
           sums_differ ? "RDB CRC error" : rdb_report_words(report));
    printf("[additional info] While doing: %s\n", rdb_step_name(report->step));
    printf("[additional info] Expected: %s\n", report->error.text);
    if (rdb_report_has_key(report))
        printf("[additional info] Reading key '%.*s' of database %d\n",
               SLICE_ARGS(buf_slice(&report->key)), report->database);
    if (report->has_kind)
        printf("[additional info] Reading type %u (%s)\n", report->kind,
               rdb_kind_name(report->kind));
}

static void show_counts(const struct rdb_report *report)
{
    printf("[info] %llu keys read\n", (unsigned long long)report->keys);
    printf("[info] %llu expires\n", (unsigned long long)report->with_expiry);
    printf("[info] %llu already expired\n", (unsigned long long)report->expired);
    if (report->empty)
        printf("[info] %llu empty keys\n", (unsigned long long)report->empty);
    if (report->libraries)
        printf("[info] %llu libraries of functions\n", (unsigned long long)report->libraries);
}

int check_rdb_read(struct codec_reader *from)
{
    struct check check;
    struct rdb_report report;
    const struct rdb_read how = { .flags = RDB_CHECK, .met = show };
    check_init(&check);
    rdb_report_init(&report);
    const int error = rdb_read(check.persist.rdb, from, &how, &report);
    if (error < 0)
        show_failure(&report);
    else
        printf("[offset %llu] \\o/ RDB looks OK! \\o/\n",
               (unsigned long long)codec_reader_offset(from));
    show_counts(&report);
    rdb_report_done(&report);
    check_done(&check);
    return error;
}

/* ---- the file ---- */

static ssize_t pull(void *arg, char *to, size_t max)
{
    return file_read(*(int *)arg, to, max);
}

static uint64_t size_of(const char *path)
{
    struct stat stat;
    if (file_stat(path, &stat) < 0 || !S_ISREG(stat.st_mode))
        return CODEC_LEFT_UNKNOWN;
    return (uint64_t)stat.st_size;
}

int check_rdb_main(const char *path)
{
    struct codec_reader reader;
    printf("[offset 0] Checking RDB file %s\n", path);
    SCOPED(file_close_scoped) int fd = file_open(path, O_RDONLY, 0);
    if (fd < 0) {
        printf("Cannot open file %s: %s\n", path, strerror(-fd));
        return EXIT_FAILURE;
    }
    codec_reader_init_pull(&reader, pull, &fd, size_of(path));
    const int error = check_rdb_read(&reader);
    codec_reader_done(&reader);
    return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
