/* Clients on socket pairs for tests. */
#include "client/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "dispatch/cmd.h"
#include "dispatch/nest.h"
#include "journal/journal.h"
#include "net/conn.h"

/* Turns without any event that make the world quiet: transports that complete later need some. */
#define QUIET_TURNS 4

const enum stream_kind client_world_kinds[CLIENT_WORLD_KINDS] = { STREAM_READINESS, STREAM_DELAYED,
                                                                  STREAM_URING };

/* ---- commands ---- */

static void run_ping(struct cmd *cmd)
{
    reply_status(cmd->reply, SLICE("PONG"));
}

static void run_echo(struct cmd *cmd)
{
    reply_bulk(cmd->reply, cmd_arg(cmd, 1));
}

static void run_add(struct cmd *cmd)
{
    struct client_world *w = cmd->owner;
    buf_append(&w->ran, cmd_arg(cmd, 1));
    reply_ok(cmd->reply);
}

static void run_len(struct cmd *cmd)
{
    size_t sum = 0;
    for (int i = 1; i < cmd->argc; i++)
        sum += cmd_arg(cmd, i).len;
    reply_int(cmd->reply, (int64_t)sum);
}

static void run_blob(struct cmd *cmd)
{
    struct blob *blob = cmd_take_blob(cmd, cmd->argc - 1);
    reply_int(cmd->reply, blob ? (int64_t)blob->len : -1);
    blob_unref(blob);
}

static void run_big(struct cmd *cmd)
{
    int64_t len;
    if (!cmd_int_in(cmd, 1, 0, INT32_MAX, &len, NULL))
        return;
    char *bytes = arena_alloc(cmd->arena, (size_t)len + 1);
    memset(bytes, 'x', (size_t)len);
    reply_bulk(cmd->reply, slice_of(bytes, (size_t)len));
}

static void run_many(struct cmd *cmd)
{
    int64_t count;
    if (!cmd_int_in(cmd, 1, 0, INT32_MAX, &count, NULL))
        return;
    reply_defer(cmd->reply);
    for (int64_t i = 0; i < count; i++)
        reply_int(cmd->reply, i);
    reply_settle(cmd->reply, REPLY_ARRAY, (size_t)count);
}

static void run_die(struct cmd *cmd)
{
    client_close(client_of(cmd->session));
    reply_ok(cmd->reply);
}

static bool serve_hear(struct cmd *cmd, const struct block_wake *wake UNUSED)
{
    reply_status(cmd->reply, SLICE("heard"));
    return true;
}

static void run_hear(struct cmd *cmd)
{
    struct client_world *w = cmd->owner;
    int64_t timeout_ms;
    if (!cmd_timeout(cmd, 1, TIMEOUT_IN_MS, &timeout_ms))
        return;
    cmd_block(cmd, &(struct block_on){
                       .serve = serve_hear, .timeout_ms = timeout_ms, .queue = &w->bell });
}

static void run_ring(struct cmd *cmd)
{
    struct client_world *w = cmd->owner;
    block_queue_wake(cmd->dispatch, &w->bell);
    reply_ok(cmd->reply);
}

/* As server/turn.c has it. */
static void nested_turn(struct client_world *w)
{
    struct dispatch_outer *outer = dispatch_nest_enter(w->dispatch);
    clients_nest_enter(w->clients);
    dispatch_time_sync(w->dispatch);
    clients_receive(w->clients);
    (void)loop_turn(w->loop, 0);
    clients_execute(w->clients);
    clients_reap(w->clients);
    clients_send(w->clients);
    clients_reap(w->clients);
    clients_nest_leave(w->clients);
    dispatch_nest_leave(w->dispatch, outer);
    loop_dont_wait(w->loop);
}

static void run_nest(struct cmd *cmd)
{
    struct client_world *w = cmd->owner;
    int64_t turns;
    if (!cmd_int(cmd, 1, &turns, NULL))
        return;
    if (w->amid)
        w->amid(w);
    while (turns-- > 0)
        nested_turn(w);
    reply_ok(cmd->reply);
}

static const struct command rows[] = {
    { .name = "ping", .run = run_ping, .arity = -1 },
    { .name = "echo", .run = run_echo, .arity = 2 },
    { .name = "add", .run = run_add, .arity = 2, .flags = CMD_WRITE },
    { .name = "len", .run = run_len, .arity = -1 },
    { .name = "blob", .run = run_blob, .arity = -2 },
    { .name = "big", .run = run_big, .arity = 2 },
    { .name = "many", .run = run_many, .arity = 2 },
    { .name = "die", .run = run_die, .arity = 1 },
    { .name = "hear", .run = run_hear, .arity = 2, .flags = CMD_BLOCKING },
    { .name = "ring", .run = run_ring, .arity = 1 },
    { .name = "nest", .run = run_nest, .arity = 2 },
};

/* ---- the world ---- */

static uint64_t clock_mono(void *arg)
{
    return ((struct client_world *)arg)->now_ns;
}

static uint64_t clock_wall(void *arg)
{
    return (uint64_t)CLIENT_WORLD_NOW_MS * 1000 + ((struct client_world *)arg)->now_ns / 1000;
}

/* The turn's phases, as server/turn.c has them. */
static void after_wait(struct loop *loop UNUSED, void *arg)
{
    struct client_world *w = arg;
    dispatch_time_sync(w->dispatch);
    clients_receive(w->clients);
}

static void before_wait(struct loop *loop UNUSED, void *arg)
{
    struct client_world *w = arg;
    clients_execute(w->clients);
    clients_batch_done(w->clients);
    clients_send(w->clients);
    clients_reap(w->clients);
}

static void rooms_new(struct client_world *w)
{
    w->journal = journal_new();
    w->ks = keyspace_new(w->journal, NULL, 1);
    keyspace_start(w->ks);
    w->dispatch = dispatch_new(w->ks, w->journal);
    w->clients = clients_new(w->loop, w->dispatch);
    const struct command_table tables[] = { clients_commands(w->clients),
                                            clients_pubsub_commands(w->clients),
                                            clients_monitor_commands(w->clients),
                                            { rows, COUNT_OF(rows), w } };
    dispatch_register_own(w->dispatch);
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        dispatch_register(w->dispatch, &tables[i]);
}

struct client_world *client_world_new(enum stream_kind kind)
{
    struct loop *loop;
    struct stream_io *io;
    const struct stream_io_settings settings = { .kind = kind };
    int error = loop_new(1024, &loop);
    ASSERT(error == 0);
    if (stream_io_new(loop, &settings, &io) < 0) {
        loop_free(loop);
        return NULL;
    }

    struct client_world *w = mem_zalloc(sizeof(*w));
    w->loop = loop;
    w->io = io;
    w->now_ns = 1000000;
    block_queue_init(&w->bell);
    w->clock = (struct clock_source){ clock_mono, clock_wall, w };
    clock_set_source(&w->clock);
    buf_init(&w->ran, BUF_NO_CEILING);
    buf_init(&w->shown, BUF_NO_CEILING);

    rooms_new(w);
    clients_start(w->clients, w->io);
    loop_hook_after_wait(w->loop, after_wait, w);
    loop_hook_before_wait(w->loop, before_wait, w);
    return w;
}

struct client_world *client_world_free(struct client_world *w)
{
    for (int i = 0; i < w->peer_count; i++) {
        if (w->peers[i] >= 0)
            (void)close(w->peers[i]);
        buf_done(&w->got[i]);
    }
    clients_close(w->clients);
    stream_io_free(w->io);
    clients_free(w->clients);
    dispatch_free(w->dispatch);
    keyspace_free(w->ks);
    journal_free(w->journal);
    loop_free(w->loop);
    buf_done(&w->ran);
    buf_done(&w->shown);
    clock_set_source(NULL);
    mem_free(w);
    return NULL;
}

int client_world_connect(struct client_world *w)
{
    int fds[2];
    ASSERT(w->peer_count < CLIENT_WORLD_PEERS);
    int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    ASSERT(error == 0);
    int peer = w->peer_count++;
    w->peers[peer] = fds[0];
    buf_init(&w->got[peer], BUF_NO_CEILING);
    const struct listener_info info = { .type = &conn_unix, .address = "pair" };
    clients_accept(w->clients, conn_new_accepted(&conn_unix, w->loop, fds[1]), &info);
    return peer;
}

struct client *client_world_client(struct client_world *w, int peer)
{
    return clients_find(w->clients, (uint64_t)peer + 1);
}

void client_world_hang_up(struct client_world *w, int peer)
{
    (void)close(w->peers[peer]);
    w->peers[peer] = -1;
}

/* ---- bytes ---- */

static bool collect_one(struct client_world *w, int peer)
{
    bool some = false;
    while (w->peers[peer] >= 0 && !w->ended[peer]) {
        char *room = buf_reserve(&w->got[peer], 64 * 1024);
        ASSERT(room);
        ssize_t got = recv(w->peers[peer], room, 64 * 1024, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            break;
        some = true;
        if (got <= 0)
            w->ended[peer] = true;
        else
            buf_commit(&w->got[peer], (size_t)got);
    }
    return some;
}

static bool collect(struct client_world *w)
{
    bool some = false;
    for (int i = 0; i < w->peer_count; i++)
        some |= collect_one(w, i);
    return some;
}

void client_world_turn(struct client_world *w)
{
    (void)loop_turn(w->loop, LOOP_TIMERS | LOOP_HOOKS);
}

void client_world_settle(struct client_world *w)
{
    for (int quiet = 0; quiet < QUIET_TURNS;) {
        bool waits = !list_is_empty(&w->clients->resumed);
        int handled = loop_turn(w->loop, LOOP_TIMERS | LOOP_HOOKS);
        bool some = collect(w);
        quiet = handled > 0 || some || waits ? 0 : quiet + 1;
    }
}

void client_world_send(struct client_world *w, int peer, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = send(w->peers[peer], bytes.ptr, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN)
            return; /* the server has closed */
        if (put > 0)
            bytes = slice_from(bytes, (size_t)put);
        else
            client_world_settle(w);
    }
}

void client_world_say(struct client_world *w, int peer, const char *text)
{
    client_world_send(w, peer, slice_str(text));
}

void client_world_pass(struct client_world *w, int64_t ms)
{
    w->now_ns += (uint64_t)ms * 1000000;
    client_world_settle(w);
}

const char *client_world_got(struct client_world *w, int peer)
{
    client_world_settle(w);
    struct buf *got = &w->got[peer];
    buf_clear(&w->shown);
    for (size_t i = 0; i < got->len; i++)
        if (got->ptr[i] != '\r')
            buf_append_char(&w->shown, got->ptr[i] == '\n' ? ' ' : got->ptr[i]);
    buf_clear(got);
    if (w->ended[peer])
        buf_append_str(&w->shown, "(end)");
    else if (w->shown.len)
        buf_truncate(&w->shown, w->shown.len - 1);
    return buf_cstr(&w->shown);
}

void client_world_config(struct client_world *w, const char *name, const char *value)
{
    const struct directive_table tables[] = { clients_directives(w->clients),
                                              dispatch_directives(w->dispatch) };
    struct directive_error error;
    const char *why;
    struct slice word = slice_str(value);
    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct directive *row = &tables[t].rows[i];
            if (strcmp(row->name, name) != 0)
                continue;
            int rc = directive_parse(&tables[t], row, &word, 1, &error);
            ASSERT(rc == 0);
            rc = row->apply ? row->apply(tables[t].owner, &why) : 0;
            ASSERT(rc == 0);
            return;
        }
    }
    ASSERT(false);
}
