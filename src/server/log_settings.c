/* The directives of the log. */
#include "base/log.h"
#include "server/server_priv.h"

#define AT(field) offsetof(struct log_choices, field)

static const struct directive_word levels[] = {
    { "debug", LOG_DEBUG },     { "verbose", LOG_VERBOSE }, { "notice", LOG_NOTICE },
    { "warning", LOG_WARNING }, { "nothing", LOG_NOTHING }, { NULL, 0 }
};

static const struct directive_word formats[] = { { "legacy", LOG_FORMAT_LEGACY },
                                                 { "logfmt", LOG_FORMAT_LOGFMT },
                                                 { "json", LOG_FORMAT_JSON },
                                                 { NULL, 0 } };

static const struct directive_word times[] = { { "legacy", LOG_TIME_LEGACY },
                                               { "iso8601", LOG_TIME_ISO8601 },
                                               { "milliseconds", LOG_TIME_MILLISECONDS },
                                               { NULL, 0 } };

/* The numbers of the protocol. */
static const struct directive_word facilities[] = {
    { "user", 1 },    { "local0", 16 }, { "local1", 17 }, { "local2", 18 }, { "local3", 19 },
    { "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 }, { NULL, 0 }
};

static int apply_level(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    log_set_level((enum log_level)s->process.log.level);
    return 0;
}

static int apply_format(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    log_set_format((enum log_format)s->process.log.format, (enum log_time)s->process.log.time);
    return 0;
}

static int apply_hiding(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    log_set_hides_user_data(s->process.log.hide_user_data);
    return 0;
}

static const struct directive rows[] = {
    { .name = "loglevel",
      .type = DIRECTIVE_ENUM,
      .offset = AT(level),
      .initial = "notice",
      .words = levels,
      .apply = apply_level,
      .summary =
          "The least important lines that are written. debug tells much that only helps who "
          "changes the server, verbose a little less, notice what an operator wants to know, "
          "warning only what is important or critical. nothing switches the log off." },
    { .name = "logfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(logfile),
      .initial = "",
      .summary =
          "The file that lines are appended to. Empty: standard output; in the background that "
          "is nowhere. The file is opened for each line, so it may be moved away at any time: "
          "the next line, or SIGHUP, makes it anew." },
    { .name = "log-format",
      .type = DIRECTIVE_ENUM,
      .offset = AT(format),
      .initial = "legacy",
      .words = formats,
      .apply = apply_format,
      .summary =
          "How a line looks. legacy is made for people; logfmt and json have the fields pid, "
          "role, timestamp, level and message for programs." },
    { .name = "log-timestamp-format",
      .type = DIRECTIVE_ENUM,
      .offset = AT(time),
      .initial = "legacy",
      .words = times,
      .apply = apply_format,
      .summary = "How a line tells the time: legacy as in 31 Dec 2026 23:59:59.999, iso8601 as in "
                 "2026-12-31T23:59:59.999+01:00, milliseconds since 1970." },
    { .name = "hide-user-data-from-log",
      .type = DIRECTIVE_BOOL,
      .offset = AT(hide_user_data),
      .initial = "yes",
      .apply = apply_hiding,
      .summary = "Whether what users send (keys, values, arguments) is kept out of the log and of "
                 "crash reports." },
    { .name = "syslog-enabled",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(syslog_enabled),
      .initial = "no",
      .summary = "Whether lines go to the system's log (/dev/log), too." },
    { .name = "syslog-ident",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(syslog_ident),
      .initial = "tarn",
      .summary = "The name under which they stand there." },
    { .name = "syslog-facility",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(syslog_facility),
      .initial = "local0",
      .words = facilities,
      .summary = "The facility under which they stand there." },
    { .name = "always-show-logo",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(always_show_logo),
      .initial = "no",
      .summary =
          "Whether the start shows the logo also where no person watches: in a file, a pipe, "
          "the system's log. Only the format legacy has it." },
};

struct directive_table log_directives(struct server *s)
{
    return (struct directive_table){ rows, COUNT_OF(rows), &s->process.log, s, "Log" };
}
