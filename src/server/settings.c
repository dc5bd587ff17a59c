/* The directives of the server itself: where it listens, logs, runs. */
#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "server/server_priv.h"

#define AT(field) offsetof(struct server_settings, field)

static const struct directive_word log_levels[] = {
    { "debug", LOG_DEBUG },     { "verbose", LOG_VERBOSE }, { "notice", LOG_NOTICE },
    { "warning", LOG_WARNING }, { "nothing", LOG_NOTHING }, { NULL, 0 }
};

static const struct directive_word transports[] = { { "epoll", STREAM_READINESS },
                                                    { "delayed", STREAM_DELAYED },
                                                    { "io_uring", STREAM_URING },
                                                    { NULL, 0 } };

static int apply_loglevel(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    log_set_level((enum log_level)s->settings.loglevel);
    return 0;
}

/* Also at run time: the new ones are opened before the old ones are given up. */
static int apply_listeners(void *owner, const char **ret_error)
{
    struct server *s = owner;
    static struct net_error why;
    if (!s->tcp || listeners_reopen(s, &why) == 0)
        return 0;
    *ret_error = why.text;
    return -EINVAL;
}

static int apply_dir(void *owner, const char **ret_error)
{
    const struct server *s = owner;
    if (!s->settings.dir || chdir(s->settings.dir) == 0)
        return 0;
    *ret_error = strerror(errno);
    return -EINVAL;
}

static const struct directive directives[] = {
    { .name = "port",
      .type = DIRECTIVE_INT,
      .offset = AT(port),
      .max = 65535,
      .initial = "6379",
      .apply = apply_listeners },
    { .name = "bind",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(bind),
      .initial = "* -::*",
      .apply = apply_listeners },
    { .name = "bind-source-addr",
      .type = DIRECTIVE_STRING,
      .offset = AT(bind_source_addr),
      .initial = "" },
    { .name = "unixsocket",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(unixsocket),
      .initial = "" },
    { .name = "unixsocketperm",
      .type = DIRECTIVE_OCTAL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(unixsocketperm),
      .max = 0777,
      .initial = "0" },
    { .name = "tcp-backlog",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(tcp_backlog),
      .max = INT32_MAX,
      .initial = "511" },
    { .name = "socket-mark-id",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(socket_mark_id),
      .max = UINT32_MAX,
      .initial = "0" },
    { .name = "max-new-connections-per-cycle",
      .type = DIRECTIVE_INT,
      .offset = AT(max_new_connections),
      .min = 1,
      .max = 1000,
      .initial = "10",
      .apply = apply_listeners },
    { .name = "net-transport",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_HIDDEN,
      .offset = AT(transport),
      .initial = "epoll",
      .words = transports },
    { .name = "loglevel",
      .type = DIRECTIVE_ENUM,
      .offset = AT(loglevel),
      .initial = "notice",
      .words = log_levels,
      .apply = apply_loglevel },
    { .name = "logfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(logfile),
      .initial = "" },
    { .name = "dir",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_PROTECTED,
      .offset = AT(dir),
      .initial = "./",
      .apply = apply_dir },
    { .name = "pidfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(pidfile),
      .initial = "" },
    { .name = "daemonize",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(daemonize),
      .initial = "no" },
    { .name = "always-show-logo",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(always_show_logo),
      .initial = "no" },
    { .name = "hz",
      .type = DIRECTIVE_INT,
      .offset = AT(hz),
      .min = 1,
      .max = 500,
      .initial = "10" },
    { .name = "save",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(save),
      .initial = "" },
    { .name = "appendonly",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(appendonly),
      .initial = "no" },
};

struct directive_table server_directives(struct server *s)
{
    return (struct directive_table){ directives, COUNT_OF(directives), &s->settings, s };
}
