/* The directives of listening. */
#include <errno.h>

#include "server/server_priv.h"

#define AT(field) offsetof(struct server_settings, field)

static const struct directive_word transports[] = { { "epoll", STREAM_READINESS },
                                                    { "delayed", STREAM_DELAYED },
                                                    { "io_uring", STREAM_URING },
                                                    { NULL, 0 } };

/* Also at run time: what stays open is not touched. */
static int listen_anew(struct server *s)
{
    if (listeners_reopen(s) < 0)
        return -EINVAL;
    if (s->process.is_set_up)
        process_update_title(s);
    return 0;
}

static int apply_port(void *owner, const char **ret_error)
{
    *ret_error = "Unable to listen on this port. Check server logs.";
    return listen_anew(owner);
}

static int apply_bind(void *owner, const char **ret_error)
{
    *ret_error = "Failed to bind to specified addresses.";
    return listen_anew(owner);
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

static const struct directive rows[] = {
    { .name = "port",
      .type = DIRECTIVE_INT,
      .offset = AT(port),
      .max = 65535,
      .initial = "6379",
      .apply = apply_port,
      .summary = "The TCP port for clients. 0: none. Connections that are open stay open when it "
                 "changes." },
    { .name = "bind",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(bind),
      .initial = "* -::*",
      .check = check_bind,
      .apply = apply_bind,
      .summary =
          "The addresses to listen on, up to 16. * is every IPv4 address, ::* every IPv6 one. "
          "An address behind a - may be missing on this machine." },
    { .name = "bind-source-addr",
      .type = DIRECTIVE_STRING,
      .offset = AT(bind_source_addr),
      .initial = "",
      .summary = "The address that connections to other servers come from. Empty: the kernel "
                 "chooses." },
    { .name = "unixsocket",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(unixsocket),
      .initial = "",
      .summary = "The path of a Unix socket for clients. Empty: none." },
    { .name = "unixsocketgroup",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_EMPTY_IS_NULL,
      .offset = AT(unixsocketgroup),
      .initial = "",
      .summary = "The group of the Unix socket, by its name. Empty: that of the process." },
    { .name = "unixsocketperm",
      .type = DIRECTIVE_OCTAL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(unixsocketperm),
      .max = 0777,
      .initial = "0",
      .summary = "The mode of the Unix socket, in octal digits. 0: what the umask leaves." },
    { .name = "tcp-backlog",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(tcp_backlog),
      .max = INT32_MAX,
      .initial = "511",
      .summary = "How many connections may wait to be accepted. The kernel's limit "
                 "(net.core.somaxconn) holds, too." },
    { .name = "mptcp",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(mptcp),
      .initial = "no",
      .summary = "Whether clients may use several network paths at once (Multipath TCP). Others "
                 "connect as ever." },
    { .name = "socket-mark-id",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_IMMUTABLE,
      .offset = AT(socket_mark_id),
      .max = UINT32_MAX,
      .initial = "0",
      .summary =
          "A mark (SO_MARK) that the listening sockets get, for the rules of a firewall or of "
          "routing. 0: none." },
    { .name = "max-new-connections-per-cycle",
      .type = DIRECTIVE_INT,
      .offset = AT(max_new_connections),
      .min = 1,
      .max = 1000,
      .initial = "10",
      .apply = apply_accepts_max,
      .summary = "How many connections are accepted in one turn of the server, so that a storm of "
                 "them does not starve those that are there." },
    { .name = "net-transport",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_HIDDEN,
      .offset = AT(transport),
      .initial = "epoll",
      .words = transports,
      .summary = "How bytes are moved: as sockets become ready, by io_uring, or a turn later (for "
                 "tests)." },
};

struct directive_table net_directives(struct server *s)
{
    return (struct directive_table){ rows, COUNT_OF(rows), &s->settings, s, "Network" };
}
