/* What the server listens on: addresses and port, and a Unix socket. */
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/clients.h"
#include "net/conn.h"
#include "server/server_priv.h"

static void on_error(void *user UNUSED, int error, const struct listener_info *info)
{
    log_write(LOG_WARNING, "Accepting client connection on %s:%d: %s", info->address, info->port,
              strerror(-error));
}

static void on_left_out(void *user UNUSED, const char *why)
{
    log_write(LOG_WARNING, "Warning: %s", why);
}

static const struct listener_callbacks callbacks = {
    .on_accept = clients_accept,
    .on_error = on_error,
    .on_left_out = on_left_out,
};

/* The kernel takes a longer queue silently as a shorter one. */
static void warn_backlog(const struct server *s)
{
    int limit = socket_backlog_limit();
    if (limit > 0 && limit < s->settings.tcp_backlog)
        log_write(LOG_WARNING,
                  "WARNING: The TCP backlog setting of %d cannot be enforced because "
                  "/proc/sys/net/core/somaxconn is set to the lower value of %d.",
                  (int)s->settings.tcp_backlog, limit);
}

static int open_tcp(struct server *s, struct net_error *ret_error)
{
    const char *addresses[LISTENER_SOCKETS_MAX];
    size_t count = 0;
    char *rest, *words = mem_strdup(s->settings.bind);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        ASSERT(count < COUNT_OF(addresses)); /* the directive's check */
        addresses[count++] = word;
    }
    const struct listener_spec spec = {
        .addresses = addresses,
        .address_count = count,
        .port = (int)s->settings.port,
        .backlog = (int)s->settings.tcp_backlog,
        .mark = (uint32_t)s->settings.socket_mark_id,
        .mptcp = s->settings.mptcp,
    };
    int error = listener_open(s->tcp, &spec, ret_error);
    mem_free(words);
    return error;
}

static int open_unix(struct server *s, struct net_error *ret_error)
{
    const struct listener_spec spec = {
        .path = s->settings.unixsocket,
        .mode = (mode_t)s->settings.unixsocketperm,
        .group = s->settings.unixsocketgroup,
        .backlog = (int)s->settings.tcp_backlog,
    };
    return listener_open(s->unix_socket, &spec, ret_error);
}

int listeners_reopen(struct server *s)
{
    struct net_error why;
    if (!s->tcp)
        return 0;
    int error = open_tcp(s, &why);
    if (error < 0)
        log_write(LOG_WARNING, "Warning: %s", why.text);
    return error;
}

int listeners_open(struct server *s)
{
    struct net_error why;
    s->tcp = listener_new(s->loop, &conn_tcp, &callbacks, s->clients);
    s->unix_socket = listener_new(s->loop, &conn_unix, &callbacks, s->clients);
    listener_set_accepts_max(s->tcp, (int)s->settings.max_new_connections);
    listener_set_accepts_max(s->unix_socket, (int)s->settings.max_new_connections);

    warn_backlog(s);
    int error = open_tcp(s, &why);
    if (error < 0) {
        log_write(LOG_WARNING, "Warning: %s", why.text);
        log_write(LOG_WARNING, "Failed listening on port %d (tcp), aborting.",
                  (int)s->settings.port);
        return error;
    }
    error = open_unix(s, &why);
    if (error < 0) {
        log_write(LOG_WARNING, "%s", why.text);
        return error;
    }
    if (listener_count(s->tcp) + listener_count(s->unix_socket) > 0)
        return 0;
    log_write(LOG_WARNING, "Configured to not listen anywhere, exiting.");
    return -EINVAL;
}

void listeners_close(struct server *s)
{
    s->tcp = listener_free(s->tcp);
    s->unix_socket = listener_free(s->unix_socket);
}
