/* What a stream costs: a server that answers each request of 14 bytes with a constant of 7, and a
 * client process with many connections, each of which waits for its answers before it asks again.
 *
 *     bench_net_stream [connections [pipeline [requests [rounds]]]]
 *
 * Prints, for each kind, the CPU time (user + system) of the server's main thread per request, the
 * best and the median of the rounds, which are interleaved, and the ratio of the medians to readiness;
 * and that of the whole process, which for I/O threads is the larger part. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/loop.h"
#include "net/conn.h"
#include "net/socket.h"
#include "net/stream.h"

#define REQUEST "*1\r\n$4\r\nPING\r\n"
#define REQUEST_LEN (sizeof(REQUEST) - 1)
#define ANSWER "+PONG\r\n"
#define ANSWER_LEN (sizeof(ANSWER) - 1)
#define CONNECTIONS_MAX 10000
#define ROUNDS_MAX 50

struct plan {
    size_t connections, pipeline, requests, rounds;
};

/* -- the server: phases receive, execute, send, as the real one's turn ------------------------- */

struct server;

struct client {
    struct server *server;
    struct stream *stream;
    size_t half; /* bytes of a request that is not complete yet */
    size_t due;  /* answers that the end of the turn sends */
};

struct server {
    struct loop *loop;
    struct stream_io *io;
    struct block_pool *pool;
    struct client *clients;
    struct client **dirty;
    size_t dirty_count, open;
    uint64_t answered;
};

static void got_bytes(void *user, struct slice bytes)
{
    struct client *c = user;
    size_t have = c->half + bytes.len;
    if (c->due == 0 && have >= REQUEST_LEN)
        c->server->dirty[c->server->dirty_count++] = c;
    c->due += have / REQUEST_LEN;
    c->half = have % REQUEST_LEN;
}

static void got_bulk(void *user)
{
    (void)user;
}

static void got_closed(void *user, int error)
{
    (void)error;
    struct client *c = user;
    stream_close(c->stream);
    if (--c->server->open == 0)
        loop_stop(c->server->loop);
}

static const struct stream_callbacks callbacks = { got_bytes, got_bulk, NULL, got_closed };

static void answer(struct client *c)
{
    struct outq q;
    outq_init(&q);
    while (c->due > 0) {
        struct block *b = block_new(c->server->pool, BLOCK_SMALL);
        size_t count = MIN_OF(c->due, b->cap / ANSWER_LEN);
        for (size_t i = 0; i < count; i++)
            memcpy(b->bytes + i * ANSWER_LEN, ANSWER, ANSWER_LEN);
        outq_push(&q, (struct span){ b->bytes, count * ANSWER_LEN, b, SPAN_BLOCK });
        c->due -= count;
        c->server->answered += count;
    }
    stream_send(c->stream, &q);
}

static void end_of_turn(struct loop *loop, void *arg)
{
    (void)loop;
    struct server *s = arg;
    for (size_t i = 0; i < s->dirty_count; i++)
        answer(s->dirty[i]);
    s->dirty_count = 0;
    stream_io_batch_done(s->io);
}

/* -- the client process ----------------------------------------------------------------------- */

static void ask(int fd, const char *bytes, size_t len)
{
    ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);
    ASSERT(put == (ssize_t)len);
}

NORETURN static void client_process(int port, const struct plan *plan)
{
    size_t *missing = mem_zalloc(CONNECTIONS_MAX * 2 * sizeof(*missing));
    size_t len = plan->pipeline * REQUEST_LEN;
    char *bytes = mem_alloc(len);
    for (size_t i = 0; i < plan->pipeline; i++)
        memcpy(bytes + i * REQUEST_LEN, REQUEST, REQUEST_LEN);
    int set = epoll_create1(0);
    for (size_t i = 0; i < plan->connections; i++) {
        struct socket_target target = { .host = "127.0.0.1", .port = port };
        int fd = socket_connect(&target, NULL);
        ASSERT(fd >= 0);
        ASSERT(socket_wait(fd, LOOP_WRITABLE, 10000) == 0);
        ASSERT(socket_set_nodelay(fd, true) == 0);
        struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
        ASSERT(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
        ask(fd, bytes, len);
        missing[fd] = plan->pipeline * ANSWER_LEN;
    }
    char *got = mem_alloc(1 << 20);
    for (size_t batches = plan->requests / plan->pipeline; batches > 0;) {
        struct epoll_event events[256];
        int count = epoll_wait(set, events, COUNT_OF(events), -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            ssize_t n = recv(fd, got, 1 << 20, 0);
            ASSERT(n > 0);
            missing[fd] -= (size_t)n;
            if (missing[fd] > 0)
                continue;
            ask(fd, bytes, len);
            missing[fd] = plan->pipeline * ANSWER_LEN;
            batches -= batches > 0;
        }
    }
    _exit(0);
}

/* -- one round -------------------------------------------------------------------------------- */

static void nothing(struct conn *c)
{
    (void)c;
}

static void accept_all(struct server *s, int listening, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ASSERT(socket_wait(listening, LOOP_READABLE, 10000) == 0);
        int fd = socket_accept(listening);
        ASSERT(fd >= 0);
        ASSERT(socket_set_nodelay(fd, true) == 0);
        struct conn *c = conn_new_accepted(&conn_tcp, s->loop, fd);
        ASSERT(conn_accept(c, nothing) == 0);
        s->clients[i].server = s;
        s->clients[i].stream = stream_new(s->io, c, &callbacks, &s->clients[i]);
        s->open++;
    }
}

struct cost {
    double main_ns, process_ns; /* of CPU, per request; 0 if the kernel does not offer the kind */
};

static double process_cpu_ns(void)
{
    struct rusage usage;
    ASSERT(getrusage(RUSAGE_SELF, &usage) == 0);
    return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e9 +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) * 1e3;
}

static struct cost measure(struct server *s, const struct plan *plan)
{
    while (s->answered < plan->requests / 10)
        (void)loop_turn(s->loop, LOOP_TURN_FULL);
    uint64_t from = s->answered, main_ns = clock_thread_cpu_ns();
    double process_ns = process_cpu_ns();
    while (s->answered < plan->requests)
        (void)loop_turn(s->loop, LOOP_TURN_FULL);
    double count = (double)(s->answered - from);
    struct cost cost = { (double)(clock_thread_cpu_ns() - main_ns) / count,
                         (process_cpu_ns() - process_ns) / count };
    loop_run(s->loop); /* until the client has gone */
    return cost;
}

static struct cost serve(enum stream_kind kind, const struct plan *plan, int listening)
{
    struct server s = { .dirty_count = 0 };
    struct stream_io_settings settings = { .kind = kind };
    struct cost cost = { 0, 0 };
    ASSERT(loop_new(CONNECTIONS_MAX + 100, &s.loop) == 0);
    if (stream_io_new(s.loop, &settings, &s.io) == 0) {
        s.pool = block_pool_new(1 << 22);
        s.clients = mem_zalloc(plan->connections * sizeof(*s.clients));
        s.dirty = mem_zalloc(plan->connections * sizeof(*s.dirty));
        (void)loop_hook_before_wait(s.loop, end_of_turn, &s);
        accept_all(&s, listening, plan->connections);
        cost = measure(&s, plan);
        stream_io_free(s.io);
        block_pool_free(s.pool);
        mem_free(s.clients);
        mem_free(s.dirty);
    }
    loop_free(s.loop);
    return cost;
}

static struct cost run(enum stream_kind kind, const struct plan *plan)
{
    struct socket_listen how = { .address = "127.0.0.1", .backlog = 1024 };
    struct socket_addr own;
    int listening = socket_listen_tcp(&how, NULL);
    ASSERT(listening >= 0);
    ASSERT(socket_own(listening, &own) == 0);
    pid_t child = fork(); /* before there are threads */
    ASSERT(child >= 0);
    if (child == 0)
        client_process(own.port, plan);
    struct cost cost = serve(kind, plan, listening);
    (void)close(listening);
    (void)kill(child, SIGKILL); /* of a kind that is not offered */
    ASSERT(waitpid(child, NULL, 0) == child);
    return cost;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts, too. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 2];
}

static const struct {
    enum stream_kind kind;
    const char *name;
} kinds[] = {
    { STREAM_READINESS, "readiness (epoll)" },
    { STREAM_URING, "completions (io_uring)" },
    { STREAM_THREADS, "one I/O thread" },
};

static size_t argument(int argc, char **argv, int index, size_t initial, size_t max)
{
    size_t value = argc > index ? (size_t)strtoull(argv[index], NULL, 10) : initial;
    return MAX_OF(MIN_OF(value, max), (size_t)1);
}

int main(int argc, char **argv)
{
    struct plan plan = {
        .connections = argument(argc, argv, 1, 50, CONNECTIONS_MAX),
        .pipeline = argument(argc, argv, 2, 1, 10000),
        .requests = argument(argc, argv, 3, 500000, SIZE_MAX),
        .rounds = argument(argc, argv, 4, 5, ROUNDS_MAX),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    double main_ns[COUNT_OF(kinds)][ROUNDS_MAX], process_ns[COUNT_OF(kinds)][ROUNDS_MAX];
    for (size_t round = 0; round < plan.rounds; round++) {
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            struct cost cost = run(kinds[k].kind, &plan);
            main_ns[k][round] = cost.main_ns;
            process_ns[k][round] = cost.process_ns;
        }
    }
    printf("%zu connections, pipeline %zu\n", plan.connections, plan.pipeline);
    double base = median(main_ns[0], plan.rounds);
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        double middle = median(main_ns[k], plan.rounds);
        printf("%-24s main thread: best %8.1f ns, median %8.1f ns, ratio %.3f; process %8.1f ns\n",
               kinds[k].name, main_ns[k][0], middle, middle / base,
               median(process_ns[k], plan.rounds));
    }
    return 0;
}
