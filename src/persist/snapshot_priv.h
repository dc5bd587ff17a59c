/* The insides of snapshots, shared by its files. */
#ifndef PERSIST_SNAPSHOT_PRIV_H
#define PERSIST_SNAPSHOT_PRIV_H

#include <limits.h>

#include "persist/persist_priv.h"
#include "persist/snapshot.h"

/* So long after a failure no rule begins another snapshot. */
#define SNAPSHOT_RETRY_S 5

/* A snapshot is due when so much has changed, and the last one is older than this. */
struct snapshot_rule {
    int64_t seconds;
    uint64_t changes;
};

struct snapshot_settings {
    char *dbfilename;
    bool stop_writes_on_error;
    bool incremental_fsync;
};

struct snapshot {
    struct persist *persist;
    struct snapshot_settings settings;
    struct snapshot_rule *rules;
    size_t rule_count;

    uint64_t dirty_saved; /* keyspace_dirty() that the last good one has */
    int64_t saved_at_s;   /* Unix seconds */
    bool is_planned;

    /* of those in the background */
    uint64_t dirty_begun;
    int64_t tried_at_s;
    char temp[PATH_MAX + 32]; /* of the present child */
    bool last_failed;
    int64_t last_took_s; /* -1: there was none */
    uint64_t failures_in_row;

    uint64_t count; /* begun since the start */
};

/* After a change of what the gate DISK_ERROR depends on. */
void snapshot_update_gate(struct snapshot *s);

#endif
