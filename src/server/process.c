/* Starting as a process among others: log, background, pid file, title, processors, memory. */
#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "event/worker.h"
#include "process/cpulist.h"
#include "process/syscheck.h"
#include "server/server_priv.h"
#include "server/version.h"

/* Where a process in the background writes its id unless it is told otherwise. */
#define PIDFILE_DEFAULT "/var/run/tarn.pid"

void process_take_arguments(struct server *s, int argc, char **argv)
{
    struct process *p = &s->process;
    p->argc = argc;
    p->argv = mem_zalloc(((size_t)argc + 1) * sizeof(*p->argv));
    for (int i = 0; i < argc; i++)
        p->argv[i] = mem_strdup(argv[i]);
    if (p->is_the_process)
        p->title = title_claim(argc, argv);
}

void process_done(struct server *s)
{
    struct process *p = &s->process;
    for (int i = 0; i < p->argc; i++)
        mem_free(p->argv[i]);
    mem_free(p->argv);
    p->argv = NULL;
    p->argc = 0;
}

/* ---- log, background, pid file ---- */

int process_start_log(struct server *s)
{
    const struct log_choices *choices = &s->process.log;
    const struct log_settings settings = {
        .level = (enum log_level)choices->level,
        .path = choices->logfile,
        .role = 'M',
        .format = (enum log_format)choices->format,
        .time = (enum log_time)choices->time,
        .syslog_ident = choices->syslog_enabled ? choices->syslog_ident : NULL,
        .syslog_facility = choices->syslog_facility,
    };
    int error = log_open(&settings);
    if (error < 0)
        fprintf(stderr,
                "\n*** FATAL CONFIG FILE ERROR (Redis %s) ***\nCan't open the log file: %s\n",
                TARN_COMPATIBLE_VERSION, strerror(-error));
    return error;
}

void process_reopen_log(struct server *s)
{
    notify_reloading(s->process.supervised_by);
    int error = log_reopen();
    if (error < 0)
        log_write(LOG_WARNING, "Can't open the log file: %s", strerror(-error));
    notify_ready(s->process.supervised_by);
}

int process_find_supervisor(struct server *s)
{
    enum supervised asked = (enum supervised)s->process.settings.supervised;
    enum supervised by = notify_detect(asked);
    s->process.supervised_by = by;
    if (by == SUPERVISED_SYSTEMD)
        log_write(LOG_NOTICE,
                  "Supervised by systemd: TimeoutStartSec and TimeoutStopSec of the unit "
                  "must leave time to load and to save the data.");
    else if (by == SUPERVISED_UPSTART)
        log_write(LOG_NOTICE, "Supervised by upstart, will stop to signal readiness.");
    else if (asked == SUPERVISED_SYSTEMD)
        log_write(LOG_WARNING, "systemd supervision error: NOTIFY_SOCKET not found!");
    else if (asked == SUPERVISED_UPSTART)
        log_write(LOG_WARNING, "upstart supervision requested, but UPSTART_JOB not found!");
    return 0;
}

/* A supervisor wants to see the process that it has started. */
int process_go_into_background(struct server *s)
{
    if (!s->process.settings.daemonize || s->process.supervised_by != SUPERVISED_NO)
        return 0;
    if (daemon(/* nochdir= */ 1, /* noclose= */ 0) < 0) {
        int error = -errno;
        log_write(LOG_WARNING, "Can't run in the background: %s", strerror(-error));
        return error;
    }
    if (!*s->process.settings.pidfile) {
        mem_free(s->process.settings.pidfile);
        s->process.settings.pidfile = mem_strdup(PIDFILE_DEFAULT);
    }
    return process_start_log(s);
}

/* Not being able to write it is no reason not to start. */
int process_write_pidfile(struct server *s)
{
    const char *path = s->process.settings.pidfile;
    if (!*path)
        return 0;
    char text[NUM_INT_MAX_CHARS + 1];
    size_t len = num_format_int(text, getpid());
    text[len++] = '\n';
    int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int error = fd < 0 ? fd : file_write_all(fd, slice_of(text, len));
    if (fd >= 0)
        (void)file_close(fd);
    if (error == 0)
        s->process.pidfile = path;
    else
        log_write(LOG_WARNING, "Failed to write PID file: %s", strerror(-error));
    return 0;
}

/* ---- title ---- */

/* "127.0.0.1:6379", "unixsocket:/run/tarn.sock" */
static void listen_address(const struct server *s, struct buf *out)
{
    const struct server_settings *settings = &s->settings;
    if (settings->port == 0) {
        buf_printf(out, "unixsocket:%s", settings->unixsocket ? settings->unixsocket : "");
        return;
    }
    size_t first = strcspn(settings->bind, " ");
    buf_append(out, first ? slice_of(settings->bind, first) : SLICE("*"));
    buf_printf(out, ":%d", (int)settings->port);
}

static void set_title(struct server *s, const char *name)
{
    if (s->process.title.size == 0 || !s->process.settings.set_proc_title)
        return;
    struct buf address, title;
    buf_init(&address, BUF_NO_CEILING);
    buf_init(&title, BUF_NO_CEILING);
    listen_address(s, &address);
    const char *file = config_file(s->config), *path = s->settings.unixsocket;
    const struct title_values values = {
        .title = name,
        .listen_addr = buf_cstr(&address),
        .server_mode = "",
        .unixsocket = path ? path : "",
        .config_file = file ? file : "-",
        .port = (int)s->settings.port,
    };
    if (title_expand(slice_str(s->process.settings.proc_title_template), &values, &title))
        title_set(&s->process.title, buf_slice(&title));
    buf_done(&title);
    buf_done(&address);
}

void process_update_title(struct server *s)
{
    if (s->process.argv)
        set_title(s, s->process.argv[0]);
}

/* ---- processors ---- */

/* False for an empty list, and for one that makes no sense: the peers start with it. */
static bool read_list(const char *name, const char *text, cpu_set_t *ret_set)
{
    if (!text || !*text)
        return false;
    if (cpulist_parse(text, ret_set) == 0)
        return true;
    log_write(LOG_WARNING, "The list of processors of '%s' cannot be read and is ignored: %s", name,
              text);
    return false;
}

static void pin_worker(void *arg)
{
    const cpu_set_t *set = arg;
    if (gettid() != getpid()) /* else there was no thread to be had */
        (void)!cpulist_apply(set);
    mem_free(arg);
}

/* The main thread runs on its list. A worker inherits that, and must not: so it is told its own, or
 * all that the process was started with. Before it has any other work. */
static void choose_processors(struct server *s)
{
    const struct process_settings *settings = &s->process.settings;
    cpu_set_t own, workers;
    bool has_own = read_list("server-cpulist", settings->server_cpulist, &own);
    bool has_workers = read_list("bio-cpulist", settings->bio_cpulist, &workers);
    if (!has_workers && has_own)
        has_workers = cpulist_current(&workers) == 0;
    if (has_workers) {
        cpu_set_t *set = mem_alloc(sizeof(*set));
        *set = workers;
        worker_submit(s->worker, pin_worker, NULL, set);
    }
    if (has_own && cpulist_apply(&own) < 0)
        log_write(LOG_WARNING, "None of the processors of 'server-cpulist' may be used: %s",
                  settings->server_cpulist);
}

/* ---- memory ---- */

int process_apply_oom(struct server *s)
{
    enum oom_mode mode = (enum oom_mode)s->process.settings.oom_mode;
    int error = oom_apply(&s->process.oom, mode, s->process.settings.oom_values[OOM_PRIMARY]);
    if (error < 0)
        log_write(LOG_WARNING, "Unable to write oom_score_adj: %s", strerror(-error));
    return error;
}

static void forbid_huge_pages(const struct server *s)
{
    char text[SYSCHECK_TEXT_MAX];
    if (syscheck_huge_pages("", text) != SYSCHECK_WARNING)
        return;
    if (s->process.settings.disable_thp && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0)
        return;
    log_write(LOG_WARNING, "WARNING %s", text);
}

int process_check_machine(struct server *s)
{
#ifdef __aarch64__
    char text[SYSCHECK_TEXT_MAX];
    if (syscheck_lost_pages("", text) == SYSCHECK_WARNING) {
        log_write(LOG_WARNING, "WARNING %s", text);
        if (!slice_is(slice_str(s->process.settings.ignore_warnings), "ARM64-COW-BUG"))
            return -ENOTSUP;
    }
#endif
    (void)s;
    return 0;
}

int process_warn(struct server *s)
{
    char text[SYSCHECK_TEXT_MAX];
    if (syscheck_overcommit("", text) == SYSCHECK_WARNING)
        log_write(LOG_WARNING, "WARNING %s", text);
    forbid_huge_pages(s);
    return 0;
}

/* ---- children ---- */

/* Where the directives want it, which may be more than the parent has. */
static void place_child(const char *name, const char *list)
{
    cpu_set_t set;
    if (read_list(name, list, &set) && cpulist_apply(&set) < 0)
        log_write(LOG_WARNING, "None of the processors of '%s' may be used: %s", name, list);
}

void process_born(void *server, enum child_kind kind)
{
    struct server *s = server;
    const struct process_settings *settings = &s->process.settings;
    bool saves = kind == CHILD_SNAPSHOT;
    s->process.pidfile = NULL; /* a crash removes it, and it is the parent's */
    set_title(s, saves ? "tarn-rdb-bgsave" : "tarn-aof-rewrite");
    place_child(saves ? "bgsave-cpulist" : "aof-rewrite-cpulist",
                saves ? settings->bgsave_cpulist : settings->aof_rewrite_cpulist);
    enum oom_mode mode = (enum oom_mode)settings->oom_mode;
    if (mode != OOM_NO)
        (void)!oom_apply(&s->process.oom, mode, settings->oom_values[OOM_CHILD]);
}

/* ---- the rest ---- */

int process_set_up(struct server *s)
{
    const struct process_settings *settings = &s->process.settings;
    if (!setlocale(LC_COLLATE, settings->locale_collate) && *settings->locale_collate) {
        log_write(LOG_WARNING, "Failed to configure LOCALE for invalid locale name.");
        return -EINVAL;
    }
    (void)!mem_set_background_purge(settings->jemalloc_bg_thread); /* its thread runs anywhere */
    choose_processors(s);
    (void)!process_apply_oom(s);
    process_update_title(s);
    s->process.is_set_up = true;
    return 0;
}

void process_tell_ready(struct server *s)
{
    notify_ready(s->process.supervised_by);
    if (s->process.supervised_by == SUPERVISED_UPSTART) {
        (void)unsetenv("UPSTART_JOB");
        (void)raise(SIGSTOP); /* upstart lets it go on */
    }
}
