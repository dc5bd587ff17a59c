/* Directives of the crash reporter and the watchdog, and what is done for them once in a while. */
#include "base/job.h"
#include "db/db.h"
#include "server/crash_priv.h"
#include "server/server_priv.h"

#define AT(field) offsetof(struct crash_settings, field)

#define WATCHDOG_MIN_MS ((int64_t)200)

static int apply_enabled(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    crash_apply_enabled(s->crash.log_enabled);
    return 0;
}

/* A period that two ticks of the clock do not fit into would always expire. */
static int apply_watchdog(void *owner, const char **ret_error UNUSED)
{
    struct server *s = owner;
    int64_t *ms = &s->crash.watchdog_ms;
    if (*ms > 0)
        *ms = MAX_OF(*ms, MAX_OF(2 * 1000 / s->settings.hz, WATCHDOG_MIN_MS));
    watchdog_set(*ms);
    return 0;
}

static const struct directive rows[] = {
    { .name = "crash-log-enabled",
      .type = DIRECTIVE_BOOL,
      .offset = AT(log_enabled),
      .initial = "yes",
      .apply = apply_enabled,
      .summary = "Whether a crash writes a report to the log: stacks, registers, INFO, the clients "
                 "and the command that runs. With no, the process just dies by the signal." },
    { .name = "crash-memcheck-enabled",
      .type = DIRECTIVE_BOOL,
      .offset = AT(memcheck_enabled),
      .initial = "yes",
      .summary = "Whether a crash report tests the memory that the process uses, for at most "
                 "20 seconds. With no, the process is gone sooner." },
    { .name = "use-exit-on-panic",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_HIDDEN,
      .offset = AT(exits_on_panic),
      .initial = "no",
      .summary =
          "Whether a failed assertion or a panic ends the process with exit status 1 in place "
          "of SIGABRT, so that no core is written." },
    { .name = "watchdog-period",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_HIDDEN,
      .offset = AT(watchdog_ms),
      .max = INT32_MAX,
      .initial = "0",
      .apply = apply_watchdog,
      .summary = "Milliseconds after which a turn that does not end has its stack logged; 0 means "
                 "never. Less than 200, or than two ticks of hz, is raised. To find out what "
                 "makes a server slow, not for all days." },
    { .name = "enable-debug-assert",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_HIDDEN | DIRECTIVE_IMMUTABLE,
      .offset = AT(verifies),
      .initial = "no",
      .summary = "Whether the tables of all databases are checked as a whole once a second, which "
                 "takes as long as they are big. For tests." },
    { .name = "debug-context",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_HIDDEN,
      .offset = AT(context),
      .initial = "",
      .summary = "A text that crash reports show, for instance which test was running." },
};

struct directive_table crash_directives(struct server *s)
{
    return (struct directive_table){ rows, COUNT_OF(rows), &s->crash, s, "Crashes and debugging" };
}

/* ---- jobs ---- */

static void tell_alive(void *owner UNUSED)
{
    watchdog_tell_alive();
}

static void verify(void *owner)
{
    const struct server *s = owner;
    if (UNLIKELY(s->crash.verifies))
        keyspace_verify(s->keyspace);
}

static const struct job jobs[] = {
    { "watchdog", 0, tell_alive },
    { "verify", 1000, verify },
};

struct job_table crash_jobs(struct server *s)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), s };
}
