/* The table of tables: what every room exports, in one place. */
#include "client/clients.h"
#include "commands/commands.h"
#include "config/unbuilt.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "persist/persist.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"
#include "server/standalone.h"

void server_register_commands(struct server *s)
{
    const struct command_table tables[] = {
        clients_commands(s->clients),
        clients_pubsub_commands(s->clients),
        clients_monitor_commands(s->clients),
        server_commands(s),
        memory_commands(s),
        standalone_commands(s),
        migrate_commands(s),
        standalone_cluster_commands(),
        lolwut_commands(s),
    };
    dispatch_register_own(s->dispatch);
    s->commands.string_bytes_max = &clients_settings(s->clients)->proto_max_bulk_len;
    s->commands.version_leniency = persist_version_leniency(s->persist);
    commands_register(s->dispatch, &s->commands);
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        dispatch_register(s->dispatch, &tables[i]);
    struct command_table persist[PERSIST_TABLES_MAX];
    for (size_t i = 0, count = persist_commands(s->persist, persist); i < count; i++)
        dispatch_register(s->dispatch, &persist[i]);
}

/* The tables whose settings are parts of struct server. */
#define OWN_TABLES(s)                                                                      \
    {                                                                                      \
        server_directives(s), net_directives(s), log_directives(s), process_directives(s), \
            crash_directives(s)                                                            \
    }

void server_init_directives(struct server *s)
{
    const struct directive_table own[] = OWN_TABLES(s);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        directive_init_all(&own[i]);
}

void server_done_directives(struct server *s)
{
    const struct directive_table own[] = OWN_TABLES(s);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        directive_done_all(&own[i]);
}

void server_register_directives(struct server *s)
{
    const struct directive_table own[] = OWN_TABLES(s);
    for (size_t i = 0; i < COUNT_OF(own); i++)
        config_add(s->config, &own[i]);
    const struct directive_table tables[] = {
        clients_directives(s->clients),
        clients_notify_directives(s->clients),
        clients_tracking_directives(s->clients),
        dispatch_directives(s->dispatch),
        dispatch_identity_directives(s->dispatch),
        dispatch_observe_directives(s->dispatch),
        keyspace_directives(s->keyspace),
        keyspace_type_directives(s->keyspace),
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        config_add(s->config, &tables[i]);
    struct directive_table persist[PERSIST_TABLES_MAX];
    for (size_t i = 0, count = persist_directives(s->persist, persist); i < count; i++)
        config_add(s->config, &persist[i]);
    struct directive_table unbuilt[UNBUILT_TABLES_MAX];
    size_t count = unbuilt_tables(s->unbuilt, unbuilt);
    for (size_t i = 0; i < count; i++)
        config_add(s->config, &unbuilt[i]);
}

size_t server_metric_tables(struct server *s, struct metric_table out[static METRIC_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = process_metrics(s);
    out[count++] = memory_metrics(s);
    count += persist_metrics(s->persist, &out[count]);
    out[count++] = stats_metrics(s);
    out[count++] = replication_metrics(s);
    out[count++] = cpu_metrics(s);
    out[count++] = absent_metrics(s);
    out[count++] = clients_metrics(s->clients);
    out[count++] = clients_tracking_metrics(s->clients);
    out[count++] = dispatch_metrics(s->dispatch);
    out[count++] = dispatch_interest_metrics(s->dispatch);
    out[count++] = keyspace_metrics(s->keyspace);
    return count;
}

size_t server_job_tables(struct server *s, struct job_table out[static JOB_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = clients_jobs(s->clients);
    out[count++] = keyspace_jobs(s->keyspace);
    count += persist_jobs(s->persist, &out[count]);
    out[count++] = server_jobs(s);
    out[count++] = crash_jobs(s);
    return count;
}
