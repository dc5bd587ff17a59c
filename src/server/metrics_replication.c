/* INFO's Replication section, of a primary without replicas. */
#include "journal/journal.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"

static const struct server *self(const void *owner)
{
    return owner;
}

static void replication_id(const void *owner, struct buf *out)
{
    buf_append_str(out, self(owner)->replication_id);
}

static uint64_t offset(const void *owner)
{
    return journal_offset(self(owner)->journal);
}

static int64_t backlog_size(const void *owner)
{
    return view_directive_bytes(self(owner), "repl-backlog-size");
}

static const struct metric metrics[] = {
    { .section = "Replication",
      .name = "master_replid",
      .summary = "Name of the history of changes: forty hex digits.",
      .text = replication_id },
    { .section = "Replication",
      .name = "master_repl_offset",
      .summary = "How many bytes that history has.",
      .count = offset },
    { .section = "Replication",
      .name = "repl_backlog_size",
      .summary = "The value of the directive repl-backlog-size.",
      .value = backlog_size },
};

struct metric_table replication_metrics(struct server *s)
{
    return (struct metric_table){ .rows = metrics, .count = COUNT_OF(metrics), .owner = s };
}
