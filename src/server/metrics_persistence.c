/* INFO's Persistence section, as far as it counts what is there without any persistence. */
#include "db/db.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"

static const struct server *self(const void *owner)
{
    return owner;
}

/* Nothing was ever saved: all changes count. */
static uint64_t changes(const void *owner)
{
    return keyspace_dirty(self(owner)->keyspace);
}

/* The start counts as a save, as with the peers. */
static int64_t last_save(const void *owner)
{
    return self(owner)->started_ms / 1000;
}

static const struct metric metrics[] = {
    { .section = "Persistence",
      .name = "rdb_changes_since_last_save",
      .summary = "Changes of the data that no snapshot has.",
      .count = changes },
    { .section = "Persistence",
      .name = "rdb_last_save_time",
      .summary = "When the last snapshot was saved, or the server started, in seconds since 1970.",
      .value = last_save },
};

struct metric_table persistence_metrics(struct server *s)
{
    return (struct metric_table){ .rows = metrics, .count = COUNT_OF(metrics), .owner = s };
}
