/* Opening, rebinding and accepting. */
#include "net/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "event/loop.h"

struct listening {
    struct listener *owner;
    struct listener_info info; /* `address` is owned */
    int fd;
    bool paused; /* not watched: no descriptors were left */
};

/* The sockets of one spec, all or nothing. */
struct opened {
    struct listening *sockets[LISTENER_SOCKETS_MAX];
    size_t count;
};

struct listener {
    struct loop *loop;
    const struct conn_type *type;
    const struct listener_callbacks *callbacks;
    void *user;
    struct opened open;
    struct listener_spec spec; /* of what is open; owned */
    int accepts_max;
    uint32_t changes; /* how often sockets were closed: those held on a stack may be gone */
    loop_timer pause;
};

static void accept_ready(struct loop *loop, int fd, uint32_t ready, void *arg);

struct listener *listener_new(struct loop *loop, const struct conn_type *type,
                              const struct listener_callbacks *callbacks, void *user)
{
    struct listener *l = mem_zalloc(sizeof(*l));
    l->loop = loop;
    l->type = type;
    l->callbacks = callbacks;
    l->user = user;
    l->accepts_max = LISTENER_ACCEPTS_DEFAULT;
    return l;
}

/* -- specs -------------------------------------------------------------------------------- */

static char *copy_or_null(const char *str)
{
    return str && *str ? mem_strdup(str) : NULL;
}

static struct listener_spec spec_copy(const struct listener_spec *spec)
{
    struct listener_spec copy = *spec;
    const char **addresses = mem_alloc(MAX_OF(spec->address_count, (size_t)1) * sizeof(char *));
    for (size_t i = 0; i < spec->address_count; i++)
        addresses[i] = mem_strdup(spec->addresses[i]);
    copy.addresses = addresses;
    copy.path = copy_or_null(spec->path);
    copy.group = copy_or_null(spec->group);
    return copy;
}

static void spec_done(struct listener_spec *spec)
{
    for (size_t i = 0; i < spec->address_count; i++)
        mem_free((void *)(uintptr_t)spec->addresses[i]);
    mem_free((void *)(uintptr_t)spec->addresses);
    mem_free((void *)(uintptr_t)spec->path);
    mem_free((void *)(uintptr_t)spec->group);
    *spec = (struct listener_spec){ .port = 0 };
}

/* -- one socket --------------------------------------------------------------------------- */

static bool is_unix(const struct listening *s)
{
    return s->owner->type == &conn_unix;
}

static void listening_free(struct listening *s)
{
    if (!s->paused)
        loop_file_remove(s->owner->loop, s->fd, LOOP_READABLE);
    (void)close(s->fd);
    if (is_unix(s))
        (void)unlink(s->info.address);
    mem_free((void *)(uintptr_t)s->info.address);
    mem_free(s);
}

/* Takes over the descriptor, also on failure. */
static int listening_new(struct listener *l, int fd, const char *address, int port,
                         struct listening **ret_socket)
{
    int error = loop_file_add(l->loop, fd, LOOP_READABLE, accept_ready, NULL);
    if (error < 0) {
        (void)close(fd);
        return error;
    }
    struct listening *s = mem_alloc(sizeof(*s));
    *s = (struct listening){ .owner = l, .info = { l->type, mem_strdup(address), port }, .fd = fd };
    error = loop_file_add(l->loop, fd, LOOP_READABLE, accept_ready, s);
    ASSERT(error == 0);
    *ret_socket = s;
    return 0;
}

/* -- opening ------------------------------------------------------------------------------ */

static void opened_done(struct listener *l, struct opened *o)
{
    l->changes++;
    for (size_t i = 0; i < o->count; i++)
        listening_free(o->sockets[i]);
    o->count = 0;
}

/* Moves the socket of this address out of `from`, or returns NULL. */
static struct listening *opened_take(struct opened *from, const char *address, int port)
{
    for (size_t i = 0; i < from->count; i++) {
        struct listening *s = from->sockets[i];
        if (s->info.port != port || strcmp(s->info.address, address) != 0)
            continue;
        from->sockets[i] = from->sockets[--from->count];
        return s;
    }
    return NULL;
}

/* Whether a machine without this address or protocol may go on without the socket. */
static bool may_be_left_out(int error, bool optional)
{
    switch (-error) {
    case EADDRNOTAVAIL:
        return optional;
    case ENOPROTOOPT:
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
    case EPFNOSUPPORT:
    case EAFNOSUPPORT:
        return true;
    default:
        return false;
    }
}

static const char *without_dash(const char *address)
{
    return address[0] == '-' ? address + 1 : address;
}

static int open_address(struct listener *l, const struct listener_spec *spec, const char *address,
                        struct opened *into, struct net_error *ret_error)
{
    const char *name = without_dash(address);
    struct socket_listen how = {
        .address = name,
        .port = spec->port,
        .backlog = spec->backlog,
        .mark = spec->mark,
        .mptcp = spec->mptcp,
    };
    struct net_error why = { "" };
    int fd = socket_listen_tcp(&how, &why);
    if (fd >= 0) {
        int error = listening_new(l, fd, name, spec->port, &into->sockets[into->count]);
        if (error == 0)
            into->count++;
        else
            net_error_set(ret_error, "No room for the descriptor in the event loop");
        return error;
    }
    struct net_error whole;
    net_error_set(&whole, "Could not create server TCP listening socket %s:%d: %.128s", name,
                  spec->port, why.text);
    if (!may_be_left_out(fd, name != address)) {
        net_error_set(ret_error, "%s", whole.text);
        return fd;
    }
    if (l->callbacks->on_left_out)
        l->callbacks->on_left_out(l->user, whole.text);
    return 0;
}

static int open_unix(struct listener *l, const struct listener_spec *spec, struct opened *into,
                     struct net_error *ret_error)
{
    struct socket_listen_unix how = {
        .path = spec->path, .mode = spec->mode, .group = spec->group, .backlog = spec->backlog
    };
    struct net_error why = { "" };
    int fd = socket_listen_unix(&how, &why);
    if (fd < 0) {
        net_error_set(ret_error, "Failed opening Unix socket: %.128s", why.text);
        return fd;
    }
    int error = listening_new(l, fd, spec->path, 0, &into->sockets[into->count]);
    if (error == 0)
        into->count++;
    return error;
}

/* Opens what the spec names and `into` does not have yet. */
static int open_all(struct listener *l, const struct listener_spec *spec, struct opened *into,
                    struct net_error *ret_error)
{
    if (l->type == &conn_unix) {
        bool wanted = spec->path && *spec->path && into->count == 0;
        return wanted ? open_unix(l, spec, into, ret_error) : 0;
    }
    for (size_t i = 0; spec->port != 0 && i < spec->address_count; i++) {
        const char *name = without_dash(spec->addresses[i]);
        bool have = false;
        for (size_t k = 0; k < into->count; k++)
            have |= strcmp(into->sockets[k]->info.address, name) == 0;
        int error = have ? 0 : open_address(l, spec, spec->addresses[i], into, ret_error);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Sockets that stand in the spec move from `from` to `to`. */
static void keep_common(struct listener *l, const struct listener_spec *spec, struct opened *from,
                        struct opened *to)
{
    if (l->type == &conn_unix) {
        struct listening *s = spec->path ? opened_take(from, spec->path, 0) : NULL;
        if (s)
            to->sockets[to->count++] = s;
        return;
    }
    for (size_t i = 0; spec->port != 0 && i < spec->address_count; i++) {
        struct listening *s = opened_take(from, without_dash(spec->addresses[i]), spec->port);
        if (s)
            to->sockets[to->count++] = s;
    }
}

int listener_open(struct listener *l, const struct listener_spec *spec, struct net_error *ret_error)
{
    if (spec->address_count > LISTENER_SOCKETS_MAX) {
        net_error_set(ret_error, "Too many bind addresses specified.");
        return -E2BIG;
    }
    struct opened old = l->open;
    struct opened now = { .count = 0 };
    keep_common(l, spec, &old, &now);
    opened_done(l, &old); /* a new address may overlap an old one on the same port */

    int error = open_all(l, spec, &now, ret_error);
    if (error == 0) {
        l->open = now;
        struct listener_spec copy = spec_copy(spec);
        spec_done(&l->spec);
        l->spec = copy;
        return 0;
    }
    struct opened back = { .count = 0 };
    keep_common(l, &l->spec, &now, &back);
    opened_done(l, &now);
    l->open = back;
    if (open_all(l, &l->spec, &l->open, NULL) < 0)
        net_error_set(ret_error, "Could not listen on the previous addresses again");
    return error;
}

void listener_close(struct listener *l)
{
    (void)loop_timer_remove(l->loop, l->pause);
    l->pause = 0;
    opened_done(l, &l->open);
    spec_done(&l->spec);
}

void listener_close_in_child(struct listener *l)
{
    for (size_t i = 0; i < l->open.count; i++)
        (void)close(l->open.sockets[i]->fd);
}

struct listener *listener_free(struct listener *l)
{
    if (!l)
        return NULL;
    listener_close(l);
    mem_free(l);
    return NULL;
}

/* -- accepting ---------------------------------------------------------------------------- */

static int64_t pause_over(struct loop *loop, void *arg)
{
    struct listener *l = arg;
    l->pause = 0;
    for (size_t i = 0; i < l->open.count; i++) {
        struct listening *s = l->open.sockets[i];
        if (!s->paused)
            continue;
        s->paused = loop_file_add(loop, s->fd, LOOP_READABLE, accept_ready, s) < 0;
    }
    return LOOP_TIMER_ONCE;
}

/* The queue stays ready for as long as there is nothing to accept with. */
static void accept_pause(struct listening *s)
{
    struct listener *l = s->owner;
    loop_file_remove(l->loop, s->fd, LOOP_READABLE);
    s->paused = true;
    if (!l->pause)
        l->pause = loop_timer_add(l->loop, LISTENER_PAUSE_MS, pause_over, l);
}

/* Errors that belong to the connection that was not accepted, not to us. */
static bool is_of_the_peer(int error)
{
    switch (-error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

/* Whether to go on accepting. */
static bool accept_one(struct listening *s)
{
    struct listener *l = s->owner;
    int fd = socket_accept(s->fd);
    if (fd >= 0 && (size_t)fd >= loop_fd_max(l->loop)) {
        (void)close(fd);
        fd = -EMFILE;
    }
    if (fd >= 0) {
        l->callbacks->on_accept(l->user, conn_new_accepted(l->type, l->loop, fd), &s->info);
        return true;
    }
    if (fd == -EAGAIN)
        return false;
    if (is_of_the_peer(fd))
        return true;
    accept_pause(s);
    l->callbacks->on_error(l->user, fd, &s->info);
    return false;
}

static void accept_ready(struct loop *loop, int fd, uint32_t ready, void *arg)
{
    (void)ready;
    (void)loop;
    (void)fd;
    struct listening *s = arg;
    struct listener *l = s->owner;
    uint32_t changes = l->changes;
    for (int left = l->accepts_max; left > 0; left--)
        if (!accept_one(s) || l->changes != changes)
            return;
}

void listener_set_accepts_max(struct listener *l, int accepts_an_event)
{
    ASSERT(accepts_an_event > 0);
    l->accepts_max = accepts_an_event;
}

size_t listener_count(const struct listener *l)
{
    return l->open.count;
}

int listener_port(const struct listener *l)
{
    return l->open.count ? l->open.sockets[0]->info.port : 0;
}

const struct conn_type *listener_type(const struct listener *l)
{
    return l->type;
}

const struct listener_info *listener_info(const struct listener *l, size_t index)
{
    return index < l->open.count ? &l->open.sockets[index]->info : NULL;
}
