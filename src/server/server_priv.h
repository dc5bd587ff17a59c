/* The composition root: the handles of all rooms, made and wired by boot.c.
 *
 * This is the only place that knows every room. It holds handles, no state of theirs; nothing below
 * server/ sees it. */
#ifndef SERVER_SERVER_PRIV_H
#define SERVER_SERVER_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/job.h"
#include "base/metric.h"
#include "commands/commands.h"
#include "config/config.h"
#include "net/listener.h"
#include "net/stream.h"
#include "server/crash.h"
#include "server/info.h"
#include "server/process.h"
#include "server/sampler.h"

struct clients;
struct info;
struct restart;
struct running_job;
struct dispatch;
struct journal;
struct keyspace;
struct loop;
struct persist;
struct server_views;
struct unbuilt;
struct worker;

/* What the server itself is told; rows in net_settings.c and settings.c. */
struct server_settings {
    int64_t port, tcp_backlog, socket_mark_id, max_new_connections;
    int unixsocketperm;
    char *bind, *bind_source_addr, *unixsocket, *unixsocketgroup;
    bool mptcp;
    int transport; /* enum stream_kind: a test transport, hidden */
    int64_t hz;
};

/* What turns cost, for INFO and the benchmarks. A turn lasts from the end of one wait to the
 * beginning of the next. */
struct turn_stats {
    uint64_t turns, turns_with_commands;
    uint64_t start_ns;                        /* of the present one */
    uint64_t active_ns, commands_ns, cron_ns; /* sums: of all, of phase 2, of periodic jobs */
    uint64_t longest_ns;
    uint64_t commands_max;  /* in one turn */
    uint64_t cpu_at_end_ns; /* of the main thread, when the last turn ended */
    uint64_t longest_cpu_ns;
};

struct memory_marks {
    uint64_t startup; /* used when the server was ready */
    uint64_t peak;
    int64_t peak_at_ms;
};

struct server_rates {
    struct sampler commands, net_in, net_out, turns, turn_ns;
};

struct server {
    struct loop *loop;
    struct worker *worker;
    struct journal *journal;
    struct keyspace *keyspace;
    struct dispatch *dispatch;
    struct persist *persist;
    struct clients *clients;
    struct stream_io *io;
    struct listener *tcp, *unix_socket;
    struct config *config;
    struct unbuilt *unbuilt; /* directives that have no room yet */
    struct server_settings settings;
    struct commands_settings commands;
    struct turn_stats turn;
    struct memory_marks memory;
    struct server_rates rates;
    struct server_views *views; /* what the metrics of this room look at */
    struct info *info;          /* made at the first INFO */

    struct running_job *running_jobs; /* cron.c */
    bool cron_is_paused;              /* DEBUG PAUSE-CRON */
    uint64_t expiry_timer;            /* wakes the loop when the next key is due */
    int64_t expiry_timer_at_ms;
    int64_t started_ms;
    char run_id[41];
    char replication_id[41];
    struct process process;
    struct crash_settings crash;
    struct restart *restart;
    int exit_status;
};

/* ---- boot.c ---- */

/* Everything up to the point where the loop may run. On failure the reason was printed. */
MUST_USE int server_boot(struct server *s, int argc, char **argv);
/* Its first step alone: the rooms with their rows of directives, all at their initial values;
 * nothing is read, started or said. */
MUST_USE int server_make_rooms(struct server *s);
void server_done(struct server *s);

/* ---- turn.c ---- */
void turn_install(struct server *s);

/* ---- cron.c ---- */
void cron_start(struct server *s);

/* ---- listeners.c ---- */

/* Opens what the settings say; logs. */
MUST_USE int listeners_open(struct server *s);
/* The same for changed settings; the old ones stay when it fails. Logs, too. Does nothing before
 * listeners_open. */
MUST_USE int listeners_reopen(struct server *s);
void listeners_close(struct server *s);

/* ---- metrics_view.c ---- */
void metrics_sample(void *server); /* a periodic job */

/* ---- settings.c, net_settings.c ---- */
struct directive_table server_directives(struct server *s);
struct directive_table net_directives(struct server *s);

/* ---- signals.c ---- */
void signals_install(struct server *s);
/* Before the loop goes: what still comes is noted, and wakes nobody. */
void signals_release(void);
/* The signal that asked for the end, or 0. */
int signals_end_asked(void);
/* It came to nothing: the next one is a first one again. */
void signals_forget_end(void);
/* Whether the log shall be opened anew; then not any more. */
bool signals_take_reopen(void);

/* ---- shutdown_command.c ---- */
void server_shutdown_init(struct server *s);
/* At once, saving what is to be saved: nothing runs any more; the loop ends after this turn. False if that could
 * not be: the server goes on. */
MUST_USE bool server_shutdown(struct server *s);
/* What a signal has asked for, and what waits. Called every turn. */
void server_shutdown_if_asked(struct server *s);
/* While the end waits for something: how long it still will at most. Else -1. */
int64_t server_shutdown_left_ms(const struct server *s);

/* ---- tables.c: the table of tables ---- */

/* The metrics and statistics of all rooms, in INFO's order. Returns their number. */
#define METRIC_TABLES_MAX 32
size_t server_metric_tables(struct server *s, struct metric_table out[static METRIC_TABLES_MAX]);
void server_register_commands(struct server *s);
void server_register_directives(struct server *s);
/* Initial values of this room's own settings; and what they hold is freed. */
void server_init_directives(struct server *s);
void server_done_directives(struct server *s);
#define JOB_TABLES_MAX 16
size_t server_job_tables(struct server *s, struct job_table out[static JOB_TABLES_MAX]);

/* ---- what server/ itself exports ---- */
struct command_table server_commands(struct server *s); /* CONFIG, INFO, DEBUG, SHUTDOWN, ... */
struct job_table server_jobs(struct server *s);

#endif
