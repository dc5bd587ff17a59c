/* The process: what it is told about logging, starting and ending, and what it keeps of that.
 *
 * Nothing here knows of keys or clients. boot.c calls the functions in their order; those that a
 * directive changes at run time (title, oom_score_adj) are called again by its row. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/directive.h"
#include "dispatch/block.h"
#include "persist/children.h"
#include "process/notify.h"
#include "process/oom.h"
#include "process/title.h"
#include "server/shutdown.h"

struct server;

/* Rows in log_settings.c. */
struct log_choices {
    char *logfile;
    int level, format, time;
    bool hide_user_data;
    bool syslog_enabled;
    char *syslog_ident;
    int syslog_facility;
    bool always_show_logo;
};

/* Rows in process_settings.c. */
struct process_settings {
    bool daemonize;
    char *pidfile;
    int supervised; /* as asked for */
    bool set_proc_title;
    char *proc_title_template;
    int oom_mode;
    int oom_values[OOM_CLASS_COUNT];
    char *server_cpulist, *bio_cpulist, *aof_rewrite_cpulist, *bgsave_cpulist;
    bool disable_thp, jemalloc_bg_thread;
    char *locale_collate, *ignore_warnings;
    int64_t shutdown_timeout_s;
    uint64_t on_sigint, on_sigterm; /* SHUTDOWN_... */
};

struct process {
    struct log_choices log;
    struct process_settings settings;
    bool is_the_process; /* said by main(): arguments and title are there to be changed */
    bool is_set_up;      /* so directives take effect when they change */
    int argc;
    char **argv;             /* how the program was called; owned */
    struct title_area title; /* empty: the title stays as it is */
    struct oom_score oom;
    enum supervised supervised_by;
    const char *pidfile; /* that was written, or NULL */
    struct shutdown shutdown;
    struct block_queue shutdown_waiters; /* clients whose SHUTDOWN waits */
    uint64_t shutdown_timer;
};

/* Copies the arguments; if is_the_process, their memory is the title's from now on. */
void process_take_arguments(struct server *s, int argc, char **argv);
void process_done(struct server *s);

/* ---- steps of the start, in their order; 0, or -errno and the reason was said ---- */

MUST_USE int process_start_log(struct server *s);
MUST_USE int process_find_supervisor(struct server *s);
/* The process that goes on may be another one: before any thread starts. */
MUST_USE int process_go_into_background(struct server *s);
MUST_USE int process_print_banner(struct server *s); /* banner.c */
/* Refuses a machine whose kernel loses data. */
MUST_USE int process_check_machine(struct server *s);
/* Locale, processors, allocator, oom_score_adj, title. */
MUST_USE int process_set_up(struct server *s);
/* Behind the listeners: the file may be that of a server that is there already. */
MUST_USE int process_write_pidfile(struct server *s);
/* Warns of what makes the machine a bad place for the server. */
MUST_USE int process_warn(struct server *s);
void process_tell_ready(struct server *s);

/* ---- at any time ---- */

void process_update_title(struct server *s);
/* 0 or -errno; logs. */
MUST_USE int process_apply_oom(struct server *s);
/* SIGHUP: a log that was moved away is made anew. */
void process_reopen_log(struct server *s);

/* In a child: title, processors and OOM score of its kind. Fits persist_hooks.born. */
void process_born(void *server, enum child_kind kind);

struct directive_table log_directives(struct server *s);
struct directive_table process_directives(struct server *s);

#endif
