/* Listeners: the sockets of one transport that clients connect to.
 *
 * A listener holds up to LISTENER_SOCKETS_MAX sockets, one an address, or one Unix socket. It
 * accepts a bounded number of connections an event, so that a storm of them does not starve those
 * that are there, and hands each to its owner as a connection in state accepting. When the process
 * has no descriptor left it says so once and rests for LISTENER_PAUSE_MS instead of spinning. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "net/conn.h"
#include "net/socket.h"

struct listener;

#define LISTENER_SOCKETS_MAX 16
#define LISTENER_PAUSE_MS 100
#define LISTENER_ACCEPTS_DEFAULT 10

/* What to listen on. The strings are copied. */
struct listener_spec {
    const char *const *addresses; /* "*", "::*", IPv4, IPv6; '-' in front: optional */
    size_t address_count;
    int port;         /* 0: none */
    const char *path; /* of a Unix socket instead; NULL or "": none */
    mode_t mode;
    const char *group;
    int backlog;
    uint32_t mark; /* SO_MARK */
    bool mptcp;
};

/* Where a connection came in. */
struct listener_info {
    const struct conn_type *type;
    const char *address; /* as in the spec, without '-'; the path of a Unix socket */
    int port;
};

struct listener_callbacks {
    /* The owner takes the connection and goes on with conn_accept. It may rebind or close the
     * listener here, but not free it. */
    void (*on_accept)(void *user, struct conn *c, const struct listener_info *info);
    /* accept() failed with -errno, not for a reason of the one connection. */
    void (*on_error)(void *user, int error, const struct listener_info *info);
    /* An address is left out because the machine does not have it; `why` in words. May be NULL. */
    void (*on_left_out)(void *user, const char *why);
};

struct listener *listener_new(struct loop *loop, const struct conn_type *type,
                              const struct listener_callbacks *callbacks, void *user);
struct listener *listener_free(struct listener *l); /* accepts NULL, returns NULL */

/* Listens on what `spec` says instead of what was open; sockets that stand in both stay as they
 * are. An optional address that the machine does not have, and a protocol that it does not speak,
 * are left out. On failure what was open stays open (it is opened again if it was closed for a
 * moment), and ret_error says in words which address failed and why. */
MUST_USE int listener_open(struct listener *l, const struct listener_spec *spec,
                           struct net_error *ret_error);
/* Closes all; a Unix socket's file is removed. */
void listener_close(struct listener *l);
/* For a child process: closes the descriptors only; the parent's loop and files are not touched. */
void listener_close_in_child(struct listener *l);

void listener_set_accepts_max(struct listener *l, int accepts_an_event);
size_t listener_count(const struct listener *l); /* open sockets */
/* The port that is listened on, 0 if none. */
int listener_port(const struct listener *l);
const struct conn_type *listener_type(const struct listener *l);
const struct listener_info *listener_info(const struct listener *l, size_t index);

#endif
