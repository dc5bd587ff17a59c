/* Boot: configuration, then the rooms from the bottom up, then listening. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "client/clients.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "event/loop.h"
#include "event/worker.h"
#include "journal/journal.h"
#include "server/server_priv.h"
#include "server/version.h"

/* Descriptors for files, listeners and peers beside those for clients. */
#define DESCRIPTORS_RESERVED 128

static void report_config_error(const struct config_error *error)
{
    fprintf(stderr, "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\n", TARN_COMPATIBLE_VERSION);
    fprintf(stderr, "Reading the configuration file, at line %d\n", error->line);
    fprintf(stderr, ">>> '%s'\n%s\n", error->text, error->reason);
}

/* The file, if the first argument is one, then the options. */
static int read_configuration(struct server *s, int argc, char **argv)
{
    struct config_error error = { 0 };
    int first = 1;
    if (argc > 1 && (argv[1][0] != '-' || argv[1][1] == '\0')) {
        first = 2;
        s->config_file = argv[1][0] == '-' ? NULL : realpath(argv[1], NULL);
        int failed = config_read_file(s->config, argv[1], &error);
        if (failed < 0 && error.reason[0] == '\0')
            fprintf(stderr, "Fatal error, can't open config file '%s': %s\n", argv[1],
                    strerror(-failed));
        else if (failed < 0)
            report_config_error(&error);
        if (failed < 0)
            return failed;
    }
    int failed = config_read_options(s->config, argc - first, argv + first, &error);
    if (failed < 0)
        report_config_error(&error);
    return failed;
}

/* What was read takes effect, in the order of the rows. */
static int apply_configuration(struct server *s)
{
    for (size_t i = 0, count = config_count(s->config); i < count; i++) {
        struct config_row found = config_at(s->config, i);
        const char *reason = "";
        if (!found.row->apply || found.row->apply(found.table->owner, &reason) == 0)
            continue;
        fprintf(stderr, "Can't use the value of '%s': %s\n", found.row->name, reason);
        return -EINVAL;
    }
    return 0;
}

/* Makes the rooms whose settings are to be read. */
static int make_rooms(struct server *s)
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
    server_register_directives(s);
    struct directive_table own = server_directives(s);
    directive_init_all(&own);
    return 0;
}

/* Room for maxclients descriptors, or fewer clients. */
static int raise_descriptor_limit(struct server *s)
{
    rlim_t wanted = (rlim_t)clients_settings(s->clients)->maxclients + DESCRIPTORS_RESERVED;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        limit.rlim_max = MAX_OF(limit.rlim_max, wanted);
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
            (void)getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = MIN_OF(limit.rlim_max, wanted);
            (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
        (void)getrlimit(RLIMIT_NOFILE, &limit);
        if (limit.rlim_cur < wanted) {
            rlim_t possible = limit.rlim_cur > DESCRIPTORS_RESERVED
                                  ? limit.rlim_cur - DESCRIPTORS_RESERVED
                                  : 1;
            log_write(LOG_WARNING,
                      "Current maximum open files is %" PRIu64
                      ". maxclients has been reduced to %" PRIu64 " to compensate for low ulimit.",
                      (uint64_t)limit.rlim_cur, (uint64_t)possible);
            clients_lower_max(s->clients, (int64_t)possible);
            wanted = limit.rlim_cur;
        }
    }
    return loop_resize(s->loop, (size_t)wanted);
}

static void print_banner(const struct server *s)
{
    log_write(LOG_NOTICE, "oO0OoO0OoO0Oo Tarn is starting oO0OoO0OoO0Oo");
    log_write(LOG_NOTICE, "Tarn version=%s, bits=64, pid=%d, just started", TARN_VERSION,
              (int)getpid());
    if (s->config_file)
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
    if (error < 0)
        fprintf(stderr, "Can't open the log file: %s\n", strerror(-error));
    return error;
}

static int start_files(struct server *s)
{
    if (s->settings.daemonize && daemon(1, 0) < 0) {
        fprintf(stderr, "Can't run in the background: %s\n", strerror(errno));
        return -errno;
    }
    return start_log(s);
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
    return 0;
}

int server_boot(struct server *s, int argc, char **argv)
{
    mem_thread_enter();
    clock_init();
    s->argv = argv;
    s->started_ms = clock_wall_ms();
    rand_hex(s->run_id, sizeof(s->run_id) - 1);

    int error = make_rooms(s);
    if (error == 0)
        error = read_configuration(s, argc, argv);
    if (error == 0)
        error = apply_configuration(s);
    if (error == 0)
        error = start_files(s);
    if (error < 0)
        return error;

    print_banner(s);
    keyspace_start(s->keyspace);
    server_register_commands(s);
    error = raise_descriptor_limit(s);
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
    clients_free(s->clients);
    if (s->io)
        stream_io_free(s->io);
    dispatch_free(s->dispatch);
    keyspace_free(s->keyspace);
    journal_free(s->journal);
    worker_free(s->worker);
    config_free(s->config);
    if (s->loop)
        loop_free(s->loop);
    struct directive_table own = server_directives(s);
    directive_done_all(&own);
    mem_free(s->running_jobs);
    free(s->config_file); /* tidy-allow free: realpath allocated it */
}
