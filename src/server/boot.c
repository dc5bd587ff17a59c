/* Boot: configuration, then the rooms from the bottom up, then listening. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "client/clients.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "event/worker.h"
#include "journal/journal.h"
#include "server/metrics_priv.h"
#include "server/server_priv.h"
#include "server/unbuilt.h"
#include "server/version.h"

/* Where a process in the background writes its id unless it is told otherwise. */
#define PIDFILE_DEFAULT "/var/run/tarn.pid"

/* The reason, and the line where there is one. */
static void report_config_error(const struct config_error *error)
{
    fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\n", TARN_COMPATIBLE_VERSION);
    if (error->line)
        fprintf(stderr, "Reading the configuration file, at line %d\n>>> '%s'\n", error->line,
                error->text);
    fprintf(stderr, "%s\n", error->reason);
}

static int read_configuration(struct server *s, int argc, char **argv)
{
    struct config_error error = { 0 };
    int failed = config_read(s->config, argc - 1, argv + 1, &error);
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
    s->clients = clients_new(s->loop, s->dispatch);
    s->config = config_new();
    s->views = views_new(s);
    s->unbuilt = unbuilt_new();
    struct directive_table own = server_directives(s);
    directive_init_all(&own);
    server_register_directives(s);
    return 0;
}

static int make_room_for_clients(struct server *s)
{
    int64_t wanted = clients_settings(s->clients)->maxclients, possible;
    int error = clients_make_room(s->clients, &possible);
    if (error != -EMFILE)
        return error;
    log_write(LOG_WARNING,
              "You requested maxclients of %" PRId64 ", but there are not enough file descriptors. "
              "maxclients has been reduced to %" PRId64
              " to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
              wanted, possible);
    clients_lower_max(s->clients, possible);
    return 0;
}

static void print_banner(const struct server *s)
{
    log_write(LOG_NOTICE, "oO0OoO0OoO0Oo Tarn is starting oO0OoO0OoO0Oo");
    log_write(LOG_NOTICE, "Tarn version=%s, bits=64, pid=%d, just started", TARN_VERSION,
              (int)getpid());
    if (config_file(s->config))
        log_write(LOG_NOTICE, "Configuration loaded");
    else
        log_write(LOG_NOTICE, "No config file specified, using the default config.");
    log_write(LOG_NOTICE, "monotonic clock: %s", clock_mono_name());
    log_write(LOG_NOTICE, "Running mode=standalone, port=%d, PID: %d", (int)s->settings.port,
              (int)getpid());
}

static int start_log(const struct server *s)
{
    const struct log_settings settings = {
        .level = (enum log_level)s->settings.loglevel,
        .path = s->settings.logfile,
        .role = 'M',
    };
    int error = log_open(&settings);
    if (error < 0) {
        struct config_error why = { .line = 0 };
        (void)snprintf(why.reason, sizeof(why.reason), "Can't open the log file: %s",
                       strerror(-error));
        report_config_error(&why);
    }
    return error;
}

/* The process that goes on is another one; no room has started a thread yet. */
static int go_into_background(struct server *s)
{
    if (!s->settings.daemonize)
        return 0;
    if (daemon(/* nochdir= */ 1, /* noclose= */ 0) < 0) {
        log_write(LOG_WARNING, "Can't run in the background: %s", strerror(errno));
        return -errno;
    }
    return start_log(s);
}

/* Not being able to write it is no reason not to start. */
static void write_pidfile(struct server *s)
{
    const char *path = *s->settings.pidfile ? s->settings.pidfile : PIDFILE_DEFAULT;
    if (!*s->settings.pidfile && !s->settings.daemonize)
        return;
    char text[NUM_INT_MAX_CHARS + 1];
    size_t len = num_format_int(text, getpid());
    text[len++] = '\n';
    int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int error = fd < 0 ? fd : file_write_all(fd, slice_of(text, len));
    if (fd >= 0)
        (void)file_close(fd);
    if (error == 0)
        s->pidfile = path;
    else
        log_write(LOG_WARNING, "Failed to write PID file: %s", strerror(-error));
}

static int start_serving(struct server *s)
{
    const struct stream_io_settings io = { .kind = (enum stream_kind)s->settings.transport };
    int error = stream_io_new(s->loop, &io, &s->io);
    if (error < 0) {
        log_write(LOG_WARNING, "This transport is not available here: %s", strerror(-error));
        return error;
    }
    clients_start(s->clients, s->io);
    log_write(LOG_NOTICE, "Server initialized");
    error = listeners_open(s);
    if (error < 0)
        return error;
    if (listener_count(s->tcp))
        log_write(LOG_NOTICE, "Ready to accept connections tcp");
    if (listener_count(s->unix_socket))
        log_write(LOG_NOTICE, "Ready to accept connections unix");
    s->memory.startup = s->memory.peak = mem_used();
    s->memory.peak_at_ms = s->started_ms;
    return 0;
}

int server_boot(struct server *s, int argc, char **argv)
{
    mem_thread_enter();
    clock_init();
    s->started_ms = clock_wall_ms();
    rand_hex(s->run_id, sizeof(s->run_id) - 1);
    rand_hex(s->replication_id, sizeof(s->replication_id) - 1);

    int error = server_make_rooms(s);
    if (error == 0)
        error = apply_initial_values(s);
    if (error == 0)
        error = read_configuration(s, argc, argv);
    if (error == 0)
        error = start_log(s);
    if (error == 0)
        error = go_into_background(s);
    if (error < 0)
        return error;

    print_banner(s);
    write_pidfile(s);
    keyspace_start(s->keyspace);
    server_register_commands(s);
    error = make_room_for_clients(s);
    if (error < 0)
        return error;
    signals_install(s);
    turn_install(s);
    cron_start(s);
    return start_serving(s);
}

void server_done(struct server *s)
{
    listeners_close(s);
    if (s->clients)
        clients_close(s->clients);
    stream_io_free(s->io);
    clients_free(s->clients);
    dispatch_free(s->dispatch);
    keyspace_free(s->keyspace);
    journal_free(s->journal);
    worker_free(s->worker);
    info_free(s->info);
    views_free(s->views);
    config_free(s->config);
    if (s->loop)
        loop_free(s->loop);
    struct directive_table own = server_directives(s);
    directive_done_all(&own);
    mem_free(s->running_jobs);
    unbuilt_free(s->unbuilt);
}
