/* The room's handle: accepting, the turn's phases, periodic checks. */
#include "client/clients.h"

#include <inttypes.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "client/client_priv.h"
#include "db/db.h"
#include "dispatch/block.h"
#include "event/loop.h"
#include "net/conn.h"

/* Blocks kept for the replies of the next turn. */
#define POOL_KEEP_BYTES ((size_t)8 * 1024 * 1024)
/* However long a pause is, its end is looked for so often. */
#define PAUSE_LOOK_MS ((int64_t)3600 * 1000)
/* Clients looked at by one run of the periodic check. */
#define CHECKED_AT_ONCE 1000

static void on_resumed(void *arg);

struct clients *clients_new(struct loop *loop, struct dispatch *d)
{
    struct clients *cs = mem_zalloc(sizeof(*cs));
    cs->loop = loop;
    cs->dispatch = d;
    cs->pool = block_pool_new(POOL_KEEP_BYTES);
    list_init(&cs->all);
    cs->check_next = &cs->all;
    list_init(&cs->output);
    list_init(&cs->resumed);
    list_init(&cs->closing);
    struct directive_table table = clients_directives(cs);
    directive_init_all(&table);
    cs->pubsub = pubsub_new(keyspace_hash_key(dispatch_keyspace(d)));
    notify_init(cs);
    onlook_init(cs);
    struct directive_table tracking = clients_tracking_directives(cs);
    directive_init_all(&tracking);
    dispatch_use_loop(d, loop);
    dispatch_hooks(d)->resumed.fn = on_resumed;
    dispatch_hooks(d)->resumed.arg = cs;
    return cs;
}

void clients_start(struct clients *cs, struct stream_io *io)
{
    cs->io = io;
    batch_init(&cs->batch, stream_io_arena(io));
}

void clients_close(struct clients *cs)
{
    LIST_FOR_EACH_SAFE(node, &cs->all)
    client_free(LIST_ENTRY(node, struct client, in_all));
}

void clients_free(struct clients *cs)
{
    if (!cs)
        return;
    clients_close(cs);
    if (cs->pause_timer)
        (void)loop_timer_remove(cs->loop, cs->pause_timer);
    bulk_list_release(&cs->batch_bulks);
    onlook_done(cs);
    notify_done(cs);
    pubsub_free(cs->pubsub);
    feeds_done(cs);
    batch_done(&cs->batch);
    block_pool_free(cs->pool);
    struct directive_table table = clients_directives(cs);
    directive_done_all(&table);
    mem_free(cs);
}

const struct client_settings *clients_settings(const struct clients *cs)
{
    return &cs->settings;
}

size_t clients_count(const struct clients *cs)
{
    return cs->count;
}

void clients_lower_max(struct clients *cs, int64_t maxclients)
{
    cs->settings.maxclients = maxclients;
}

size_t clients_memory(const struct clients *cs)
{
    size_t bytes = 0;
    for (const struct list *node = cs->all.next; node != &cs->all; node = node->next)
        bytes += client_memory(LIST_ENTRY((struct list *)(uintptr_t)node, struct client, in_all));
    return bytes;
}

uint64_t clients_net_in(const struct clients *cs)
{
    return cs->stats.net_in;
}

uint64_t clients_net_out(const struct clients *cs)
{
    return cs->stats.net_out;
}

struct client *clients_find(const struct clients *cs, uint64_t id)
{
    for (const struct list *node = cs->all.next; node != &cs->all; node = node->next) {
        struct client *c = LIST_ENTRY((struct list *)(uintptr_t)node, struct client, in_all);
        if (c->session.id == id)
            return c->flags & CLIENT_CLOSING ? NULL : c;
    }
    return NULL;
}

void clients_each(const struct clients *cs, void (*visit)(void *arg, const struct client *c),
                  void *arg)
{
    for (const struct list *node = cs->all.next; node != &cs->all; node = node->next) {
        const struct client *c = LIST_ENTRY((struct list *)(uintptr_t)node, struct client, in_all);
        if (!(c->flags & CLIENT_CLOSING))
            visit(arg, c);
    }
}

/* ---- accepting ---- */

static const char denied[] =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. If you want to connect from external computers to Redis you may adopt one of the "
    "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the "
    "server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable "
    "the protected mode by editing the Redis configuration file, and setting the protected mode "
    "option to 'no', and then restarting the server. 3) If you started the server manually just "
    "for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication "
    "password for the default user. NOTE: You only need to do one of the above things in order for "
    "the server to start accepting connections from the outside.\r\n";

/* Why a connection is not taken, as it is told; NULL if it is. */
static const char *refusal(const struct clients *cs, const struct conn *conn)
{
    if (cs->count >= (size_t)cs->settings.maxclients)
        return "-ERR max number of clients reached\r\n";
    bool open = cs->settings.protected_mode && !dispatch_password_required(cs->dispatch);
    if (open && conn->type != &conn_unix && !socket_peer_is_local(conn->fd))
        return denied;
    return NULL;
}

static void on_accepted(struct conn *conn)
{
    struct clients *cs = conn->user;
    if (conn->state != CONN_CONNECTED) {
        log_write(LOG_VERBOSE, "Error accepting a client connection: %s", conn_last_error(conn));
        conn_close(conn);
        return;
    }
    const char *why = refusal(cs, conn);
    if (why) {
        /* The peer may be gone, or not read: nothing depends on it. */
        (void)!conn_write(conn, why, strlen(why));
        cs->stats.rejected++;
        conn_close(conn);
        return;
    }
    cs->stats.accepted++;
    if (conn->type != &conn_unix) {
        (void)!socket_set_nodelay(conn->fd, true);
        if (cs->settings.tcp_keepalive_s > 0)
            (void)!socket_set_keepalive(conn->fd, (int)cs->settings.tcp_keepalive_s);
    }
    (void)client_new(cs, conn);
}

void clients_accept(void *user, struct conn *conn, const struct listener_info *info UNUSED)
{
    struct clients *cs = user;
    conn->user = cs;
    int error = conn_accept(conn, on_accepted);
    if (error < 0) {
        log_write(LOG_WARNING, "Error accepting a client connection: %s", strerror(-error));
        conn_close(conn);
    }
}

/* ---- the turn ---- */

void clients_receive(struct clients *cs)
{
    struct list due;
    list_init(&due);
    list_splice_back(&due, &cs->resumed);
    while (!list_is_empty(&due)) {
        struct client *c = LIST_ENTRY(due.next, struct client, in_resumed);
        list_unlink(&c->in_resumed);
        if (c->flags & CLIENT_OUTER)
            list_push_back(&cs->resumed, &c->in_resumed);
        else
            client_resume(c);
    }
}

void clients_execute(struct clients *cs)
{
    dispatch_run_batch(cs->dispatch, &cs->batch);
}

void clients_batch_done(struct clients *cs)
{
    if (cs->batch_bulks.count)
        bulk_list_release(&cs->batch_bulks);
    stream_io_batch_done(cs->io);
}

void clients_send(struct clients *cs)
{
    tracking_end_turn(&cs->tracking);
    while (!list_is_empty(&cs->output)) {
        struct client *c = LIST_ENTRY(cs->output.next, struct client, in_output);
        list_unlink(&c->in_output);
        client_flush(c);
    }
    feeds_done(cs);
}

void clients_reap(struct clients *cs)
{
    struct list outer;
    list_init(&outer);
    while (!list_is_empty(&cs->closing)) {
        struct client *c = LIST_ENTRY(cs->closing.next, struct client, in_closing);
        list_unlink(&c->in_closing);
        if (UNLIKELY(c->flags & CLIENT_OUTER))
            list_push_back(&outer, &c->in_closing);
        else
            client_free(c);
    }
    list_splice_back(&cs->closing, &outer);
    if (!list_is_empty(&cs->resumed))
        loop_dont_wait(cs->loop);
}

/* ---- nested turns ---- */

static void leave_alone(struct client *c)
{
    if (c->flags & CLIENT_OUTER)
        return;
    c->flags |= CLIENT_OUTER;
    if (stream_read_is_stopped(c->stream))
        return;
    c->flags |= CLIENT_OUTER_READ;
    stream_read_stop(c->stream);
}

static void look_after(struct client *c)
{
    uint32_t before = c->flags;
    c->flags &= ~(uint32_t)(CLIENT_OUTER | CLIENT_OUTER_READ);
    if ((before & CLIENT_OUTER_READ) && !(before & CLIENT_READ_STOPPED))
        stream_read_start(c->stream);
}

void clients_nest_enter(struct clients *cs)
{
    struct outer_batch *outer = mem_alloc(sizeof(*outer));
    *outer = (struct outer_batch){ cs->outer, cs->batch, cs->batch_bulks };
    for (size_t i = 0; i < outer->batch.count; i++)
        leave_alone(client_of(outer->batch.items[i].session));
    cs->outer = outer;
    cs->batch_bulks = (struct bulk_list){ 0 };
    stream_io_batch_enter(cs->io);
    batch_init(&cs->batch, stream_io_arena(cs->io));
}

void clients_nest_leave(struct clients *cs)
{
    struct outer_batch *outer = cs->outer;
    ASSERT(outer && cs->batch.count == 0);
    bulk_list_release(&cs->batch_bulks);
    batch_done(&cs->batch);
    stream_io_batch_leave(cs->io);
    cs->batch = outer->batch;
    cs->batch_bulks = outer->bulks;
    cs->outer = outer->outer;
    for (size_t i = 0; i < cs->batch.count; i++)
        look_after(client_of(cs->batch.items[i].session));
    mem_free(outer);
}

/* Those who are blocked wait for something else. They stay parked until they are resumed: what else this batch holds of them comes behind what was
 * set aside. */
static void on_resumed(void *arg)
{
    struct clients *cs = arg;
    for (struct list *node = cs->all.next; node != &cs->all; node = node->next) {
        struct client *c = LIST_ENTRY(node, struct client, in_all);
        uint32_t parked = c->session.flags & (SESSION_PARKED | SESSION_BLOCKED);
        bool by_pause = parked == SESSION_PARKED && !(c->flags & CLIENT_CLOSING);
        if (by_pause && list_is_empty(&c->in_resumed))
            list_push_back(&cs->resumed, &c->in_resumed);
    }
    loop_dont_wait(cs->loop);
}

/* ---- the end of a pause ---- */

static int64_t until_pause_ends(const struct clients *cs)
{
    int64_t left_ms = dispatch_paused_until(cs->dispatch) - dispatch_now_ms(cs->dispatch);
    return MIN_OF(MAX_OF(left_ms, (int64_t)1), PAUSE_LOOK_MS);
}

static int64_t pause_is_over(struct loop *loop UNUSED, void *arg)
{
    struct clients *cs = arg;
    dispatch_pause_check(cs->dispatch, dispatch_now_ms(cs->dispatch));
    if (dispatch_paused_until(cs->dispatch))
        return until_pause_ends(cs);
    cs->pause_timer = 0;
    return LOOP_TIMER_ONCE;
}

void clients_arm_pause(struct clients *cs)
{
    if (cs->pause_timer)
        (void)loop_timer_remove(cs->loop, cs->pause_timer);
    cs->pause_timer = loop_timer_add(cs->loop, until_pause_ends(cs), pause_is_over, cs);
}

/* ---- periodic checks ---- */

static void check_idle(struct clients *cs, struct client *c, int64_t now_ms)
{
    bool idles = !(c->session.flags & (SESSION_PARKED | SESSION_SUBSCRIBED));
    if (cs->settings.timeout_s && idles && now_ms - c->active_ms > cs->settings.timeout_s * 1000) {
        log_write(LOG_VERBOSE, "Closing idle client");
        client_close(c);
    }
}

/* A slice of all clients, going on where the last one ended. */
static void job_check(void *owner)
{
    struct clients *cs = owner;
    int64_t now_ms = dispatch_now_ms(cs->dispatch);
    size_t todo = MIN_OF(cs->count, (size_t)CHECKED_AT_ONCE);
    for (size_t i = 0; i < todo; i++) {
        if (cs->check_next == &cs->all)
            cs->check_next = cs->all.next;
        struct client *c = LIST_ENTRY(cs->check_next, struct client, in_all);
        cs->check_next = cs->check_next->next;
        if (c->flags & CLIENT_CLOSING)
            continue;
        check_idle(cs, c, now_ms);
        (void)client_check_output(c);
    }
}

/* INFO's recent maxima forget what is long ago. */
static void job_forget_maxima(void *owner)
{
    struct clients *cs = owner;
    cs->stats.recent_max_in /= 2;
    cs->stats.recent_max_out /= 2;
}

static void job_free_tracked(void *owner)
{
    struct clients *cs = owner;
    tracking_free_some(&cs->tracking);
}

static const struct job jobs[] = {
    { "client checks", 100, job_check },
    { "forget buffer maxima", 8000, job_forget_maxima },
    { "free tracked keys", 100, job_free_tracked },
};

struct job_table clients_jobs(struct clients *cs)
{
    return (struct job_table){ jobs, COUNT_OF(jobs), cs };
}
