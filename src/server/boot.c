/* Boot: configuration, then the rooms from the bottom up, then listening. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "client/clients.h"
#include "config/unbuilt.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "event/worker.h"
#include "journal/journal.h"
#include "persist/persist.h"
#include "server/metrics_priv.h"
#include "server/restart.h"
#include "server/server_priv.h"
#include "server/version.h"

/* The reason, and the line where there is one. */
static void report_config_error(const struct config_error *error)
{
    fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\n", TARN_COMPATIBLE_VERSION);
    if (error->line)
        fprintf(stderr, "Reading the configuration file, at line %d\n>>> '%s'\n", error->line,
                error->text);
    fprintf(stderr, "%s\n", error->reason);
}

static int read_configuration(struct server *s)
{
    struct config_error error = { 0 };
    int failed = config_read(s->config, s->process.argc - 1, s->process.argv + 1, &error);
    if (failed == -EINVAL)
        report_config_error(&error);
    else if (failed < 0)
        log_write(LOG_WARNING, "%s", error.reason);
    config_error_done(&error);
    return failed;
}

/* What holds before anything was read takes effect, in the order of the rows. */
static int apply_initial_values(struct server *s)
{
    for (size_t i = 0, count = config_count(s->config); i < count; i++) {
        struct config_row found = config_at(s->config, i);
        const char *reason;
        if (config_apply(&found, &reason) == 0)
            continue;
        fprintf(stderr, "Can't use the value of '%s': %s\n", found.row->name, reason);
        return -EINVAL;
    }
    return 0;
}

static int rename_command(void *dispatch, struct slice from, struct slice to)
{
    return dispatch_rename(dispatch, from, to);
}

int server_make_rooms(struct server *s)
{
    int error = loop_new(1024, &s->loop);
    if (error < 0) {
        fprintf(stderr, "Cannot create the event loop: %s\n", strerror(-error));
        return error;
    }
    s->worker = worker_new(s->loop, "lazy_free");
    s->journal = journal_new();
    s->keyspace = keyspace_new(s->journal, s->worker, 0);
    s->dispatch = dispatch_new(s->keyspace, s->journal);
    s->persist = persist_new(s->loop, s->dispatch);
    s->clients = clients_new(s->loop, s->dispatch);
    s->config = config_new();
    s->views = views_new(s);
    s->unbuilt = unbuilt_new();
    server_init_directives(s);
    server_register_directives(s);
    server_register_commands(s); /* the configuration may rename them */
    config_set_rename(s->config, rename_command, s->dispatch);
    return 0;
}

static int warn_of_directives(struct server *s)
{
    config_warn_all(s->config);
    return 0;
}

/* Descriptors for all, or fewer clients than were asked for. */
static int make_room_for_clients(struct server *s)
{
    struct rlimit before = { 0 }, now = { 0 };
    int64_t wanted = clients_settings(s->clients)->maxclients, possible;
    (void)getrlimit(RLIMIT_NOFILE, &before);
    int error = clients_make_room(s->clients, &possible);
    (void)getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur > before.rlim_cur)
        log_write(LOG_NOTICE,
                  "Increased maximum number of open files to %" PRIu64
                  " (it was originally set to %" PRIu64 ").",
                  (uint64_t)now.rlim_cur, (uint64_t)before.rlim_cur);
    if (error != -EMFILE)
        return error;
    if (possible <= 1) {
        log_write(LOG_WARNING,
                  "Your current 'ulimit -n' of %" PRIu64 " is not enough for the server to start. "
                  "Please increase your open file limit. Exiting.",
                  (uint64_t)now.rlim_cur);
        return error;
    }
    log_write(LOG_WARNING,
              "You requested maxclients of %" PRId64 ", but there are not enough file descriptors. "
              "maxclients has been reduced to %" PRId64
              " to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
              wanted, possible);
    clients_lower_max(s->clients, possible);
    return 0;
}

static int wake_rooms(struct server *s)
{
    keyspace_start(s->keyspace);
    persist_hooks(s->persist)->born.fn = process_born;
    persist_hooks(s->persist)->born.arg = s;
    server_shutdown_init(s);
    signals_install(s);
    turn_install(s);
    cron_start(s);
    return 0;
}

static int start_moving_bytes(struct server *s)
{
    const struct stream_io_settings io = { .kind = (enum stream_kind)s->settings.transport };
    int error = stream_io_new(s->loop, &io, &s->io);
    if (error < 0) {
        log_write(LOG_WARNING, "This transport is not available here: %s", strerror(-error));
        return error;
    }
    clients_start(s->clients, s->io);
    log_write(LOG_NOTICE, "Server initialized");
    return 0;
}

/* Clients that come meanwhile are told that data is being loaded. */
static int load_data(struct server *s)
{
    return persist_start(s->persist);
}

static int tell_ready(struct server *s)
{
    if (listener_count(s->tcp))
        log_write(LOG_NOTICE, "Ready to accept connections tcp");
    if (listener_count(s->unix_socket))
        log_write(LOG_NOTICE, "Ready to accept connections unix");
    s->memory.startup = s->memory.peak = mem_used();
    s->memory.peak_at_ms = s->started_ms;
    process_tell_ready(s);
    return 0;
}

/* The start, one step after the other. Whoever returns an error has said why. */
static int (*const steps[])(struct server *s) = {
    server_make_rooms,
    apply_initial_values,
    read_configuration,
    process_start_log,
    process_find_supervisor,
    process_go_into_background, /* no thread runs before it */
    process_print_banner,
    warn_of_directives,
    process_check_machine,
    process_set_up,
    crash_install,
    make_room_for_clients,
    wake_rooms,
    start_moving_bytes,
    listeners_open,
    process_write_pidfile, /* which may be that of the server whose port is taken */
    process_warn,
    load_data,
    tell_ready,
};

int server_boot(struct server *s, int argc, char **argv)
{
    mem_thread_enter();
    clock_init();
    s->started_ms = clock_wall_ms();
    rand_hex(s->run_id, sizeof(s->run_id) - 1);
    rand_hex(s->replication_id, sizeof(s->replication_id) - 1);
    s->restart = restart_new(argc, argv);
    process_take_arguments(s, argc, argv);

    int error = 0;
    for (size_t i = 0; i < COUNT_OF(steps) && error == 0; i++)
        error = steps[i](s);
    return error;
}

void server_done(struct server *s)
{
    signals_release();
    crash_forget_server(s);
    listeners_close(s);
    if (s->clients)
        clients_close(s->clients);
    stream_io_free(s->io);
    clients_free(s->clients);
    persist_free(s->persist);
    dispatch_free(s->dispatch);
    keyspace_free(s->keyspace);
    journal_free(s->journal);
    worker_free(s->worker);
    info_free(s->info);
    views_free(s->views);
    config_free(s->config);
    if (s->loop)
        loop_free(s->loop);
    server_done_directives(s);
    mem_free(s->running_jobs);
    unbuilt_free(s->unbuilt);
    process_done(s);
    s->restart = restart_free(s->restart);
}
