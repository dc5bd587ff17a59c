/* The directives of the process: background and supervision, title, processors, memory, end. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "server/server_priv.h"

#define AT(field) offsetof(struct process_settings, field)

static const struct directive_word supervisors[] = { { "upstart", SUPERVISED_UPSTART },
                                                     { "systemd", SUPERVISED_SYSTEMD },
                                                     { "auto", SUPERVISED_AUTO },
                                                     { "no", SUPERVISED_NO },
                                                     { NULL, 0 } };

static const struct directive_word oom_words[] = { { "no", OOM_NO },
                                                   { "yes", OOM_RELATIVE },
                                                   { "relative", OOM_RELATIVE },
                                                   { "absolute", OOM_ABSOLUTE },
                                                   { NULL, 0 } };

static const struct directive_word shutdown_words[] = { { "default", 0 },
                                                        { "save", SHUTDOWN_SAVE },
                                                        { "nosave", SHUTDOWN_NOSAVE },
                                                        { "now", SHUTDOWN_NOW },
                                                        { "force", SHUTDOWN_FORCE },
                                                        { "safe", SHUTDOWN_SAFE },
                                                        { "failover", SHUTDOWN_FAILOVER },
                                                        { NULL, 0 } };

/* ---- title ---- */

static int check_template(void *owner UNUSED, struct slice value, const char **ret_error)
{
    *ret_error = "template format is invalid or contains unknown variables";
    return title_is_good(value) ? 0 : -EINVAL;
}

static int apply_title(void *owner, const char **ret_error UNUSED)
{
    struct server *s = owner;
    if (s->process.is_set_up)
        process_update_title(s);
    return 0;
}

/* ---- oom_score_adj ---- */

#define OOM_VALUE_MAX 2000

static int apply_oom(void *owner, const char **ret_error)
{
    struct server *s = owner;
    *ret_error = "Failed to set current oom_score_adj. Check server logs.";
    return s->process.is_set_up && process_apply_oom(s) < 0 ? -EINVAL : 0;
}

static int parse_oom_values(void *owner, const struct slice *words, size_t count,
                            const char **ret_error)
{
    struct server *s = owner;
    int values[OOM_CLASS_COUNT];
    *ret_error = "wrong number of arguments";
    if (count != COUNT_OF(values))
        return -EINVAL;
    *ret_error = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    for (size_t i = 0; i < count; i++) {
        int64_t value;
        if (!num_parse_int(words[i], &value) || value < -OOM_VALUE_MAX || value > OOM_VALUE_MAX)
            return -EINVAL;
        values[i] = (int)value;
    }
    if (values[0] > values[1] || values[1] > values[2])
        log_write(LOG_WARNING, "The oom-score-adj-values configuration may not work for "
                               "non-privileged processes! Please consult the documentation.");
    memcpy(s->process.settings.oom_values, values, sizeof(values));
    return 0;
}

static void show_oom_values(const void *owner, struct buf *out)
{
    const struct server *s = owner;
    const int *values = s->process.settings.oom_values;
    buf_printf(out, "%d %d %d", values[0], values[1], values[2]);
}

/* ---- allocator, locale ---- */

static int apply_background_purge(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    if (s->process
            .is_set_up) /* a thread of the allocator would not survive the way to the background */
        (void)!mem_set_background_purge(s->process.settings.jemalloc_bg_thread);
    return 0;
}

static int apply_locale(void *owner, const char **ret_error)
{
    const struct server *s = owner;
    *ret_error = "Invalid locale name";
    if (!s->process.is_set_up)
        return 0;
    return setlocale(LC_COLLATE, s->process.settings.locale_collate) ? 0 : -EINVAL;
}

/* ---- end ---- */

static int check_both(uint64_t how, const char **ret_error)
{
    *ret_error = "shutdown options SAVE and NOSAVE can't be used simultaneously";
    return (how & SHUTDOWN_SAVE) && (how & SHUTDOWN_NOSAVE) ? -EINVAL : 0;
}

static int apply_on_sigint(void *owner, const char **ret_error)
{
    return check_both(((const struct server *)owner)->process.settings.on_sigint, ret_error);
}

static int apply_on_sigterm(void *owner, const char **ret_error)
{
    return check_both(((const struct server *)owner)->process.settings.on_sigterm, ret_error);
}

/* CONFIG REWRITE writes the name, which older servers know, too. */
#define CPU_LIST(dashed, underscored, field, text)                                   \
    {                                                                                \
        .name = underscored, .alias = dashed, .type = DIRECTIVE_STRING,              \
        .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_EMPTY_IS_NULL, .offset = AT(field), \
        .initial = "", .summary = text                                               \
    }

static const struct directive rows[] = {
    { .name = "daemonize",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(daemonize),
      .initial = "no",
      .summary =
          "Whether the server goes on in the background, as another process than the one that "
          "was started. It then has a pid file in any case." },
    { .name = "pidfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(pidfile),
      .initial = "",
      .summary =
          "The file that the process id is written to; it is removed at the end. Empty: none, "
          "or /var/run/tarn.pid in the background. A file that cannot be written is only "
          "reported." },
    { .name = "supervised",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(supervised),
      .initial = "no",
      .words = supervisors,
      .summary =
          "Which init system watches the server and is told that it is ready, reloads or stops: "
          "systemd through NOTIFY_SOCKET, upstart by SIGSTOP. auto takes the one that the "
          "environment shows. A supervised server does not go to the background." },
    { .name = "set-proc-title",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(set_proc_title),
      .initial = "yes",
      .summary = "Whether lists of processes show a title in place of the command line." },
    { .name = "proc-title-template",
      .type = DIRECTIVE_STRING,
      .offset = AT(proc_title_template),
      .initial = "{title} {listen-addr} {server-mode}",
      .check = check_template,
      .apply = apply_title,
      .summary =
          "That title. {title} is the name that the program was started by, {listen-addr} the "
          "first address with the port (or the Unix socket), {server-mode} what kind of server "
          "it is, {port}, {tls-port}, {unixsocket} and {config-file} are what they say." },
    { .name = "oom-score-adj",
      .type = DIRECTIVE_ENUM,
      .offset = AT(oom_mode),
      .initial = "no",
      .words = oom_words,
      .apply = apply_oom,
      .summary =
          "Whether the kernel is told which of the server's processes to end first when memory "
          "runs out. relative (or yes) adds the values to what the process was started with, "
          "absolute takes them as they are, no restores what was there." },
    { .name = "oom-score-adj-values",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_MULTI,
      .initial = "0 200 800",
      .parse = parse_oom_values,
      .show = show_oom_values,
      .apply = apply_oom,
      .summary =
          "The values for a primary, for a replica, and for processes that work in the "
          "background, each from -2000 to 2000; the result is kept within the kernel's -1000 "
          "to 1000. Less than at the start needs a privilege." },
    CPU_LIST("server-cpulist", "server_cpulist", server_cpulist,
             "The processors that the main thread and the threads for input and output run on, as "
             "in 0,2,5-7 or, with a stride, 0-10:2. Empty: all. A list that cannot be read is "
             "ignored."),
    CPU_LIST("bio-cpulist", "bio_cpulist", bio_cpulist,
             "The processors of the threads that close files and free memory."),
    CPU_LIST("aof-rewrite-cpulist", "aof_rewrite_cpulist", aof_rewrite_cpulist,
             "The processors of the process that rewrites the append-only file."),
    CPU_LIST("bgsave-cpulist", "bgsave_cpulist", bgsave_cpulist,
             "The processors of the process that saves a snapshot."),
    { .name = "disable-thp",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(disable_thp),
      .initial = "yes",
      .summary =
          "Whether the server keeps the kernel from giving it transparent huge pages where "
          "they are always on: with them, each write while a snapshot is saved copies much." },
    { .name = "jemalloc-bg-thread",
      .type = DIRECTIVE_BOOL,
      .offset = AT(jemalloc_bg_thread),
      .initial = "yes",
      .apply = apply_background_purge,
      .summary =
          "Whether a thread of the allocator's gives back unused memory, also while the server "
          "is idle." },
    { .name = "locale-collate",
      .type = DIRECTIVE_STRING,
      .offset = AT(locale_collate),
      .initial = "",
      .apply = apply_locale,
      .summary = "The locale by whose rules strings are compared where a command compares them as "
                 "people do. Empty: what the environment says." },
    { .name = "ignore-warnings",
      .type = DIRECTIVE_STRING,
      .offset = AT(ignore_warnings),
      .initial = "",
      .summary = "Warnings that shall not keep the server from starting. The only one is "
                 "ARM64-COW-BUG." },
    { .name = "shutdown-timeout",
      .type = DIRECTIVE_INT,
      .offset = AT(shutdown_timeout_s),
      .max = INT32_MAX,
      .initial = "10",
      .summary = "How many seconds the end waits for replicas that have not received everything." },
    { .name = "shutdown-on-sigint",
      .type = DIRECTIVE_FLAGS,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(on_sigint),
      .initial = "default",
      .words = shutdown_words,
      .apply = apply_on_sigint,
      .summary =
          "How the server ends at SIGINT: the words of SHUTDOWN, several if need be. default "
          "saves if there are save points. A second signal ends it at once." },
    { .name = "shutdown-on-sigterm",
      .type = DIRECTIVE_FLAGS,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(on_sigterm),
      .initial = "default",
      .words = shutdown_words,
      .apply = apply_on_sigterm,
      .summary = "The same at SIGTERM." },
};

struct directive_table process_directives(struct server *s)
{
    struct process_settings *settings = &s->process.settings;
    return (struct directive_table){ rows, COUNT_OF(rows), settings, s, "Process" };
}
