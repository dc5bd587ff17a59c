/* What the parts of this room share: the handle's insides, and what each part exports to persist.c. */
#ifndef PERSIST_PRIV_H
#define PERSIST_PRIV_H

#include "persist/persist.h"

struct aof;
struct children;
struct journal;
struct keyspace;
struct loading;
struct rdb;
struct snapshot;

struct persist {
    struct loop *loop;
    struct dispatch *dispatch;
    struct keyspace *keyspace;
    struct journal *journal;
    struct persist_hooks hooks;
    struct rdb *rdb; /* settings of the format; texts that are kept from file to file */
    struct children *children;
    struct loading *loading;
    struct snapshot *snapshot;
    struct aof *aof;
};

/* Each part gets the handle when it is made, in this order; it may use parts above it at once, and all of them
 * later. */
struct rdb *rdb_new(struct persist *p);
void rdb_free(struct rdb *r);
struct directive_table rdb_directives(struct rdb *r);

struct children *children_new(struct persist *p);
void children_free(struct children *c);
struct metric_table children_metrics(struct children *c);
struct job_table children_jobs(struct children *c);

struct loading *loading_new(struct persist *p);
void loading_free(struct loading *l);
struct directive_table loading_directives(struct loading *l);
struct metric_table loading_metrics(struct loading *l);

struct snapshot *snapshot_new(struct persist *p);
void snapshot_free(struct snapshot *s);
struct directive_table snapshot_directives(struct snapshot *s);
struct metric_table snapshot_metrics(struct snapshot *s);
struct job_table snapshot_jobs(struct snapshot *s);
struct command_table snapshot_commands(struct snapshot *s);

struct aof *aof_new(struct persist *p);
void aof_free(struct aof *a);
struct directive_table aof_directives(struct aof *a);
struct metric_table aof_metrics(struct aof *a);
struct job_table aof_jobs(struct aof *a);
struct command_table aof_commands(struct aof *a);

#endif
