/* Directives whose features are still to come: copies of a primary's data. */
#include <errno.h>

#include "base/mem.h"
#include "base/num.h"
#include "config/unbuilt.h"

static const struct directive_word diskless_load_words[] = {
    { "disabled", 0 },          { "on-empty-db", 1 }, { "swapdb", 2 },
    { "flush-before-load", 3 }, { NULL, 0 },
};
static const struct directive_word propagation_words[] = {
    { "ignore", 0 }, { "panic", 1 }, { "panic-on-replicas", 2 }, { NULL, 0 }
};

enum { CELL_REPLICAOF = __COUNTER__, CELL_BACKLOG = __COUNTER__ };

/* A smaller backlog would be of no use. */
static int apply_backlog(void *owner, const char **ret_error UNUSED)
{
    union unbuilt_cell *cells = owner;
    cells[CELL_BACKLOG].number = MAX_OF(cells[CELL_BACKLOG].number, (int64_t)16384);
    return 0;
}

static int parse_replicaof(void *owner, const struct slice *words, size_t count,
                           const char **ret_error)
{
    union unbuilt_cell *cells = owner;
    int64_t port;
    bool none = count == 0 || (count == 1 && words[0].len == 0) ||
                (count == 2 && slice_is(words[0], "no") && slice_is(words[1], "one"));
    *ret_error = "wrong number of arguments";
    if (!none && count != 2)
        return -EINVAL;
    *ret_error = "Invalid master port";
    if (!none && (!num_parse_int(words[1], &port) || port < 0 || port > 65535))
        return -EINVAL;

    struct buf text;
    buf_init(&text, BUF_NO_CEILING);
    if (!none)
        buf_printf(&text, "%.*s %.*s", SLICE_ARGS(words[0]), SLICE_ARGS(words[1]));
    unbuilt_keep_text(&cells[CELL_REPLICAOF], buf_slice(&text));
    buf_done(&text);
    return 0;
}

static void show_replicaof(const void *owner, struct buf *out)
{
    const union unbuilt_cell *cells = owner;
    buf_append_str(out, cells[CELL_REPLICAOF].text);
}

static void done(union unbuilt_cell *cells)
{
    mem_free(cells[CELL_REPLICAOF].text);
}

static const struct directive rows[] = {
    { .name = "replicaof",
      .alias = "slaveof",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_MULTI | DIRECTIVE_IMMUTABLE | DIRECTIVE_EMPTY_IS_NULL,
      .parse = parse_replicaof,
      .show = show_replicaof,
      .initial = "",
      .summary = "Makes the server a replica: host and port of its primary. `no one` for "
                 "none." },
    { .name = "masterauth",
      .alias = "primaryauth",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_SENSITIVE | DIRECTIVE_EMPTY_IS_NULL,
      UNBUILT_CELL,
      .initial = "",
      .summary = "The password with which a replica logs in to its primary." },
    { .name = "masteruser",
      .alias = "primaryuser",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_SENSITIVE | DIRECTIVE_EMPTY_IS_NULL,
      UNBUILT_CELL,
      .initial = "",
      .summary = "The user as whom a replica logs in to its primary; the default user if "
                 "there is none." },
    { .name = "replica-serve-stale-data",
      .alias = "slave-serve-stale-data",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a replica that has lost its primary, or is still copying, answers "
                 "with what it has. If not, it answers with an error." },
    { .name = "replica-read-only",
      .alias = "slave-read-only",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a replica refuses writes of its clients." },
    { .name = "replica-ignore-maxmemory",
      .alias = "slave-ignore-maxmemory",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a replica leaves eviction to its primary." },
    { .name = "replica-ignore-disk-write-errors",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether a replica goes on when it cannot write to its disk. If not, it "
                 "ends." },
    { .name = "replica-lazy-flush",
      .alias = "slave-lazy-flush",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a replica frees its old data in the background before it loads "
                 "new." },
    { .name = "replica-priority",
      .alias = "slave-priority",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "100",
      .summary = "Which replica a Sentinel prefers as the next primary: the one with the "
                 "lowest number. 0 for never this one." },
    { .name = "replica-announced",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a Sentinel shows this replica to its clients." },
    { .name = "replica-announce-ip",
      .alias = "slave-announce-ip",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_EMPTY_IS_NULL,
      UNBUILT_CELL,
      .initial = "",
      .summary = "The address that a replica tells its primary, where the one of the "
                 "connection cannot be reached from outside." },
    { .name = "replica-announce-port",
      .alias = "slave-announce-port",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = 65535,
      .initial = "0",
      .summary = "The port that a replica tells its primary. 0 for the one on which it "
                 "listens." },
    { .name = "repl-ping-replica-period",
      .alias = "repl-ping-slave-period",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .min = 1,
      .max = INT32_MAX,
      .initial = "10",
      .summary = "Seconds between two pings from a primary to its replicas." },
    { .name = "repl-timeout",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .min = 1,
      .max = INT32_MAX,
      .initial = "60",
      .summary = "Seconds without a sign of life after which primary and replica give each "
                 "other up." },
    { .name = "repl-backlog-size",
      .type = DIRECTIVE_MEMORY,
      .flags = DIRECTIVE_UNBUILT,
      .offset = CELL_BACKLOG * sizeof(union unbuilt_cell),
      .min = 1,
      .max = INT64_MAX,
      .initial = "10mb",
      .apply = apply_backlog,
      .summary = "How much of the last changes is kept for replicas whose link was lost for "
                 "a moment." },
    { .name = "repl-backlog-ttl",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "3600",
      .summary = "Seconds without any replica after which a primary frees the backlog. 0 for "
                 "never." },
    { .name = "repl-diskless-sync",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "yes",
      .summary = "Whether a primary sends its snapshot to new replicas directly, not by way "
                 "of a file." },
    { .name = "repl-diskless-sync-delay",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "5",
      .summary = "Seconds that a primary waits for more replicas before it begins to send a "
                 "snapshot directly." },
    { .name = "repl-diskless-sync-max-replicas",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "0",
      .summary = "A primary does not wait any longer when so many replicas want its "
                 "snapshot. 0 for no such number." },
    { .name = "repl-diskless-load",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_DENY_LOADING,
      UNBUILT_CELL,
      .initial = "disabled",
      .words = diskless_load_words,
      .summary = "Whether a replica loads the snapshot from the connection, not by way of a "
                 "file: never (disabled), when it is empty, keeping the old data until the "
                 "new is complete (swapdb), or freeing the old data first." },
    { .name = "repl-disable-tcp-nodelay",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether links to replicas collect small packets: less traffic, more delay." },
    { .name = "repl-mptcp",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_IMMUTABLE,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether a replica connects to its primary by Multipath TCP." },
    { .name = "dual-channel-replication-enabled",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether a replica takes a snapshot and the changes meanwhile over two "
                 "connections, so that its primary need not keep the changes." },
    { .name = "min-replicas-to-write",
      .alias = "min-slaves-to-write",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "0",
      .summary = "A primary refuses writes with fewer replicas in good order than this. 0 "
                 "for no such limit." },
    { .name = "min-replicas-max-lag",
      .alias = "min-slaves-max-lag",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT32_MAX,
      .initial = "10",
      .summary = "A replica is in good order if it was heard of within so many seconds." },
    { .name = "propagation-error-behavior",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "ignore",
      .words = propagation_words,
      .summary = "What follows when a command from the primary or the append-only file "
                 "fails: nothing but a line in the log, or the end of the server." },
    { .name = "import-mode",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether data is being brought in by a tool that is like a primary: then "
                 "keys do not expire, and are not evicted, by themselves." },
};

const struct unbuilt_chapter unbuilt_replication = { rows, COUNT_OF(rows), UNBUILT_CELLS,
                                                     "Replication", done };
