/* The directives of the server itself: where it listens, logs, runs. */
#include <errno.h>
#include <limits.h>
#include <string.h>
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

/* Also at run time: what stays open is not touched. */
static int apply_port(void *owner, const char **ret_error)
{
    *ret_error = "Unable to listen on this port. Check server logs.";
    return listeners_reopen(owner) < 0 ? -EINVAL : 0;
}

static int apply_bind(void *owner, const char **ret_error)
{
    *ret_error = "Failed to bind to specified addresses.";
    return listeners_reopen(owner) < 0 ? -EINVAL : 0;
}

static int check_bind(void *owner UNUSED, struct slice value, const char **ret_error)
{
    size_t spaces = 0;
    for (size_t i = 0; i < value.len; i++)
        spaces += value.ptr[i] == ' ';
    *ret_error = "Too many bind addresses specified.";
    return spaces < LISTENER_SOCKETS_MAX ? 0 : -EINVAL;
}

static int apply_accepts_max(void *owner, const char **ret_error UNUSED)
{
    const struct server *s = owner;
    if (s->tcp)
        listener_set_accepts_max(s->tcp, (int)s->settings.max_new_connections);
    if (s->unix_socket)
        listener_set_accepts_max(s->unix_socket, (int)s->settings.max_new_connections);
    return 0;
}

/* Any number is taken, as by the peers, but not every one is used. */
static int apply_hz(void *owner, const char **ret_error UNUSED)
{
    struct server *s = owner;
    s->settings.hz = MIN_OF(MAX_OF(s->settings.hz, (int64_t)1), (int64_t)500);
    return 0;
}

/* The process is in the folder, or it is refused: no copy of its name is kept. */
static int parse_dir(void *owner UNUSED, const struct slice *words, size_t count UNUSED,
                     const char **ret_error)
{
    char path[PATH_MAX];
    *ret_error = strerror(ENAMETOOLONG);
    if (words[0].len >= sizeof(path))
        return -EINVAL;
    memcpy(path, words[0].ptr, words[0].len);
    path[words[0].len] = '\0';
    if (chdir(path) == 0)
        return 0;
    *ret_error = strerror(errno);
    return -EINVAL;
}

static void show_dir(const void *owner UNUSED, struct buf *out)
{
    char path[PATH_MAX];
    if (getcwd(path, sizeof(path)))
        buf_append_str(out, path);
}

static const struct directive directives[] = {
    { .name = "port",
      .type = DIRECTIVE_INT,
      .offset = AT(port),
      .max = 65535,
      .initial = "6379",
      .apply = apply_port },
    { .name = "bind",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(bind),
      .initial = "* -::*",
      .check = check_bind,
      .apply = apply_bind },
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
      .apply = apply_accepts_max },
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
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_PROTECTED,
      .parse = parse_dir,
      .show = show_dir },
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
      .min = 0,
      .max = INT32_MAX,
      .initial = "10",
      .apply = apply_hz },
};

struct directive_table server_directives(struct server *s)
{
    return (struct directive_table){ directives, COUNT_OF(directives), &s->settings, s, "Server" };
}
