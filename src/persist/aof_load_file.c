/* Loading one file of an append-only file: RDB data at its beginning, then commands, gathered window by window and
 * run together; and what becomes of a file that does not end well. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatch/dispatch.h"
#include "dispatch/repeat.h"
#include "dispatch/session.h"
#include "persist/aof.h"
#include "persist/aof_load_priv.h"
#include "persist/aof_read.h"
#include "persist/loading.h"
#include "persist/persist_priv.h"
#include "persist/rdb.h"

/* So many commands are gathered before they are run: enough for the looks ahead, and few enough to stay in the
 * processor's cache. */
#define GATHERED_MAX 256
#define ARENA_BLOCK ((size_t)64 * 1024 - 16)
/* So many failed commands of a file are told; the rest is counted. */
#define FAILURES_TOLD 20
#define COMMAND_SHOWN_MAX 128

struct load {
    struct persist *p;
    const struct aof_load_file *file;
    struct aof_reader reader;
    uint64_t before; /* bytes of the files before this one */
    struct session session;
    struct arena arena;
    struct batch batch;
    uint64_t offsets[GATHERED_MAX]; /* of the commands in the batch */
    uint64_t whole;                 /* everything before this is complete */
    bool in_multi;                  /* as far as it is read */
    uint64_t multi_at;
    uint64_t failures;
};

/* The server's own session: whatever it is replied goes nowhere. */
static const struct session_host loader_host = { .kind = "aof" };

/* ---- what may go wrong ---- */

#define HOW_TO_FIX \
    "make a backup of your AOF file, then use ./tarn-check-aof --fix <filename.manifest>"

static int report_bad(const struct load *l)
{
    log_write(LOG_WARNING,
              "Bad file format reading the append only file %s: " HOW_TO_FIX " (at offset %" PRIu64
              ", where %s was expected)",
              l->file->name, l->reader.fault, l->reader.expected);
    return -EBADMSG;
}

static int report_unreadable(const struct load *l, int error)
{
    log_write(LOG_WARNING, "Unrecoverable error reading the append only file %s: %s", l->file->name,
              strerror(-error));
    return error;
}

static int report_command(const struct load *l, size_t at, int error)
{
    static const char *const reasons[] = {
        "Unknown command",
        "Wrong number of arguments for command",
        "Not an effect: command",
    };
    const char *why = reasons[error == -EINVAL ? 1 : error == -EPERM ? 2 : 0];
    const struct slice name = l->batch.items[at].parsed.argv[0];
    log_write(LOG_WARNING, "%s '%.*s' reading the append only file %s (at offset %" PRIu64 ")", why,
              (int)MIN_OF(name.len, (size_t)COMMAND_SHOWN_MAX), name.ptr, l->file->name,
              l->offsets[at]);
    return -EBADMSG;
}

/* It was run once without an error: either what it finds here is not what it found then, or it is none of ours. */
static void on_error(void *arg, struct slice text)
{
    struct load *l = arg;
    dispatch_count_error(l->p->dispatch, text);
    if (l->failures++ >= FAILURES_TOLD)
        return;
    if (text.len > 4 && memcmp(text.ptr, "ERR ", 4) == 0)
        text = slice_from(text, 4);
    log_write(LOG_WARNING,
              "== CRITICAL == This server is sending an error to its AOF-loading-client: '%.*s' "
              "after processing the command '%s'",
              SLICE_ARGS(text), l->session.last ? l->session.last->full_name : "");
}

/* ---- a torn end ---- */

static int cut(const struct load *l)
{
    struct buf path;
    buf_init(&path, BUF_NO_CEILING);
    aof_file_path(&path, aof_dir(l->p->aof), l->file->name);
    int fd = file_open(buf_cstr(&path), O_WRONLY, 0);
    int error = fd < 0 ? fd : file_truncate(fd, (off_t)l->whole);
    if (error == 0)
        error = file_sync(fd);
    if (fd >= 0)
        (void)file_close(fd);
    buf_done(&path);
    if (error < 0)
        log_write(LOG_WARNING, "Error truncating the AOF file %s: %s", l->file->name,
                  strerror(-error));
    return error;
}

/* Nothing is lost here that anybody was promised: it was not written to its end. */
static int end_torn(struct load *l)
{
    const char *name = l->file->name;
    if (l->in_multi) {
        log_write(LOG_WARNING, "Revert incomplete MULTI/EXEC transaction in AOF file %s", name);
        l->whole = l->multi_at;
    }
    if (!aof_loads_truncated(l->p->aof)) {
        log_write(
            LOG_WARNING,
            "Unexpected end of file reading the append only file %s. You can: 1) Make a backup "
            "of your AOF file, then use ./tarn-check-aof --fix <filename.manifest>. 2) "
            "Alternatively you can set the 'aof-load-truncated' configuration option to yes "
            "and restart the server. (What begins at offset %" PRIu64
            " is incomplete, the file has %" PRIu64 " bytes)",
            name, l->whole, l->reader.size);
        return -ENODATA;
    }
    log_write(LOG_WARNING, "!!! Warning: short read while loading the AOF file %s!!!", name);
    if (!l->file->is_last) {
        log_write(
            LOG_WARNING,
            "Fatal error: the truncated file is not the last file (%s ends amid what begins at "
            "offset %" PRIu64 "; it stays as it is)",
            name, l->whole);
        return -ENODATA;
    }
    log_write(LOG_WARNING,
              "!!! Truncating the AOF %s at offset %" PRIu64 ", by %" PRIu64 " bytes !!!", name,
              l->whole, l->reader.size - l->whole);
    int error = cut(l);
    if (error == 0)
        log_write(LOG_WARNING, "AOF %s loaded anyway because aof-load-truncated is enabled", name);
    return error;
}

/* ---- RDB data at the beginning ---- */

static int on_key(void *arg, uint64_t offset)
{
    struct load *l = arg;
    loading_did_keys(l->p->loading, 1);
    return loading_progress(l->p->loading, l->before + offset);
}

/* One value may be most of the file: clients are looked at meanwhile, too. */
static ssize_t pull(void *arg, char *to, size_t max)
{
    struct load *l = arg;
    int error = loading_progress(l->p->loading, l->before + l->reader.offset + l->reader.at);
    return error < 0 ? error : aof_reader_pull(&l->reader, to, max);
}

static int report_preamble(const struct load *l, const struct rdb_report *report)
{
    struct buf why;
    buf_init(&why, BUF_NO_CEILING);
    rdb_report_tell(report, &why);
    log_write(LOG_WARNING, "%s", buf_cstr(&why));
    log_write(LOG_WARNING, "Error reading the RDB %s %s, AOF loading aborted",
              l->file->is_single ? "preamble of the AOF file" : "base file", l->file->name);
    buf_done(&why);
    return -EBADMSG;
}

static int load_preamble(struct load *l)
{
    struct aof_reader *r = &l->reader;
    struct codec_reader codec;
    struct rdb_report report;
    const struct rdb_read how = { .flags = RDB_AOF_BASE, .progress = on_key, .arg = l };
    log_write(LOG_NOTICE, l->file->is_single ? "Reading RDB preamble from AOF file..."
                                             : "Reading RDB base file on AOF loading...");
    codec_reader_init_pull(&codec, pull, l, r->size);
    rdb_report_init(&report);
    int error = rdb_read(l->p->rdb, &codec, &how, &report);
    l->whole = codec_reader_offset(&codec);
    if (error == 0)
        loading_note_keys(l->p->loading, report.keys, report.expired);
    else if (error != -ECANCELED)
        error = report_preamble(l, &report);
    rdb_report_done(&report);
    codec_reader_done(&codec);
    if (error == 0)
        error = aof_reader_seek(r, l->whole);
    if (error == 0 && l->file->is_single)
        log_write(LOG_NOTICE, "Reading the remaining AOF tail...");
    return error;
}

/* ---- commands ---- */

/* What is gathered runs; then its bytes are not needed any more. */
static int run_gathered(struct load *l)
{
    struct persist *p = l->p;
    size_t at, count = l->batch.count;
    int error = dispatch_repeat(p->dispatch, &l->batch, &at);
    if (error < 0)
        return report_command(l, at, error);
    arena_reset(&l->arena);
    loading_did_keys(p->loading, count);
    return loading_progress(p->loading, l->before + l->reader.offset + l->reader.at);
}

/* Where a transaction begins that may turn out to be incomplete. */
static void note_transaction(struct load *l, const struct aof_item *item)
{
    const struct slice name = item->request.argv[0];
    if (!l->in_multi && slice_is(name, "multi")) {
        l->in_multi = true;
        l->multi_at = item->offset;
    } else if (l->in_multi && (slice_is(name, "exec") || slice_is(name, "discard"))) {
        l->in_multi = false;
    }
}

static int gather(struct load *l, const struct aof_item *item)
{
    l->offsets[l->batch.count] = item->offset;
    struct request *request = batch_add(&l->batch);
    request->session = &l->session;
    request->parsed = item->request;
    l->whole = item->end;
    if (UNLIKELY(item->request.argc == 1))
        note_transaction(l, item);
    const bool is_full = l->batch.count == GATHERED_MAX;
    return is_full || UNLIKELY(loading_is_slowed(l->p->loading)) ? run_gathered(l) : 0;
}

/* Runs what came before in any case: a command that cannot be run is told before what stands behind it. */
static int end_commands(struct load *l, enum aof_status status)
{
    int error = run_gathered(l);
    if (error < 0)
        return error;
    if (status == AOF_BAD)
        return report_bad(l);
    if (status == AOF_TORN || l->in_multi)
        return end_torn(l);
    return 0;
}

static int load_commands(struct load *l)
{
    struct aof_item item;
    int error = 0;
    while (error == 0) {
        enum aof_status status = aof_reader_next(&l->reader, &l->arena, &item);
        if (LIKELY(status == AOF_COMMAND)) {
            error = gather(l, &item);
        } else if (status == AOF_ANNOTATION) {
            l->whole = item.end;
        } else if (status == AOF_MORE) {
            error = run_gathered(l);
            int failed = error == 0 ? aof_reader_fill(&l->reader) : 0;
            if (failed < 0)
                error = report_unreadable(l, failed);
        } else {
            return end_commands(l, status);
        }
    }
    return error;
}

/* ---- one file ---- */

static int load_file(struct load *l)
{
    int preamble = aof_reader_has_preamble(&l->reader);
    if (preamble < 0)
        return report_unreadable(l, preamble);
    int error = preamble ? load_preamble(l) : 0;
    return error == 0 ? load_commands(l) : error;
}

static void load_init(struct load *l)
{
    reply_to_nowhere_init(&l->session.reply, 2);
    session_init(&l->session, l->p->dispatch, &loader_host, 0);
    session_set_authenticated(&l->session, true);
    l->session.reply.on_error = on_error;
    l->session.reply.on_error_arg = l;
    arena_init(&l->arena, ARENA_BLOCK, ARENA_BLOCK);
    batch_init(&l->batch, &l->arena);
}

static void load_done(struct load *l)
{
    if (l->failures > FAILURES_TOLD)
        log_write(LOG_WARNING, "%" PRIu64 " more commands of %s had an error",
                  l->failures - FAILURES_TOLD, l->file->name);
    session_done(&l->session);
    batch_done(&l->batch);
    arena_done(&l->arena);
    aof_reader_done(&l->reader);
}

int aof_load_file(struct persist *p, const struct aof_load_file *file, struct aof_loaded *loaded)
{
    struct buf path;
    struct load *l = mem_zalloc(sizeof(*l)); /* too large for the stack of a nested turn */
    l->p = p;
    l->file = file;
    l->before = loaded->bytes;
    load_init(l);
    buf_init(&path, BUF_NO_CEILING);
    aof_file_path(&path, aof_dir(p->aof), file->name);
    int error = aof_reader_open(&l->reader, buf_cstr(&path));
    buf_done(&path);
    error = error == 0 ? load_file(l) : report_unreadable(l, error);
    loaded->bytes += l->whole;
    load_done(l);
    mem_free(l);
    return error;
}
