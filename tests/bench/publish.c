/* Load generator for messages: publishers, subscribers, everything that comes is checked.
 *
 *     publish --port 6379 --publishers 10 --subscribers 50 --pipeline 16 --requests 10000
 *
 * One thread, epoll. Each publisher sends `pipeline` messages to the one channel; when all replies
 * and all messages have come, they send the next ones. So the server never has to wait for a slow
 * reader, and what it spends is what the messages cost. Prints `requests seconds` of the run. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 1024, READ_SIZE = 1 << 18 };

#define CHANNEL "news"

struct options {
    int port;
    unsigned publishers, subscribers, pipeline, value_size;
    uint64_t requests;
};

/* A connection, and the bytes that it is to get again and again. */
struct peer {
    int fd;
    const char *expect;
    size_t expect_size;
    size_t at;     /* in them */
    uint64_t left; /* how often they are still to come in this batch */
};

static void die(const char *what)
{
    fprintf(stderr, "publish: %s: %s\n", what, errno ? strerror(errno) : "unexpected bytes");
    exit(1);
}

static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        bytes += n;
        size -= (size_t)n;
    }
}

/* True when the batch's last byte for this connection has come. */
static bool take(struct peer *p, const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = p->expect_size - p->at;
        if (part > size)
            part = size;
        errno = 0;
        if (p->left == 0 || memcmp(bytes, p->expect + p->at, part) != 0)
            die("message");
        p->at += part;
        bytes += part;
        size -= part;
        if (p->at == p->expect_size) {
            p->at = 0;
            p->left--;
        }
    }
    return p->left == 0;
}

static bool receive(struct peer *p)
{
    static char buffer[READ_SIZE];
    ssize_t n = recv(p->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        die("connection closed");
    return n > 0 && take(p, buffer, (size_t)n);
}

/* Waits until everybody has got everything. */
static void drain(int epoll, unsigned unfinished)
{
    struct epoll_event events[EVENTS_MAX];
    while (unfinished > 0) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++)
            unfinished -= receive(events[i].data.ptr);
    }
}

static char *text(const char *format, const char *value, unsigned number, size_t *ret_size)
{
    size_t room = strlen(value) + 200;
    char *to = malloc(room);
    *ret_size = (size_t)snprintf(to, room, format, number, value);
    return to;
}

static void subscribe(const struct options *o, int epoll, struct peer *peers)
{
    static const char request[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\n" CHANNEL "\r\n";
    static const char reply[] = "*3\r\n$9\r\nsubscribe\r\n$4\r\n" CHANNEL "\r\n:1\r\n";
    for (unsigned i = 0; i < o->subscribers; i++) {
        struct peer *p = &peers[i];
        *p = (struct peer){ connect_to(o->port), reply, sizeof reply - 1, 0, 1 };
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &e) < 0)
            die("epoll");
        send_all(p->fd, request, sizeof request - 1);
        drain(epoll, 1);
    }
}

static void run_batch(const struct options *o, int epoll, struct peer *peers, const char *batch,
                      size_t size)
{
    unsigned all = o->subscribers + o->publishers;
    for (unsigned i = 0; i < all; i++)
        peers[i].left = i < o->subscribers ? o->publishers * o->pipeline : o->pipeline;
    for (unsigned i = o->subscribers; i < all; i++)
        send_all(peers[i].fd, batch, size);
    drain(epoll, all);
}

static void run(const struct options *o)
{
    int epoll = epoll_create1(0);
    struct peer *peers = calloc(o->subscribers + o->publishers, sizeof *peers);
    char *value = malloc(o->value_size + 1);
    memset(value, 'v', o->value_size);
    value[o->value_size] = 0;
    subscribe(o, epoll, peers);

    size_t request_size, message_size, reply_size;
    char *request = text("*3\r\n$7\r\nPUBLISH\r\n$4\r\n" CHANNEL "\r\n$%u\r\n%s\r\n", value,
                         o->value_size, &request_size);
    char *message = text("*3\r\n$7\r\nmessage\r\n$4\r\n" CHANNEL "\r\n$%u\r\n%s\r\n", value,
                         o->value_size, &message_size);
    char *reply = text(":%u\r\n%s", "", o->subscribers, &reply_size);
    char *batch = malloc(request_size * o->pipeline);
    for (unsigned i = 0; i < o->pipeline; i++)
        memcpy(batch + i * request_size, request, request_size);

    for (unsigned i = 0; i < o->subscribers; i++)
        peers[i] = (struct peer){ peers[i].fd, message, message_size, 0, 0 };
    for (unsigned i = o->subscribers; i < o->subscribers + o->publishers; i++) {
        struct peer *p = &peers[i];
        *p = (struct peer){ connect_to(o->port), reply, reply_size, 0, 0 };
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &e) < 0)
            die("epoll");
    }
    for (uint64_t sent = 0; sent < o->requests; sent += o->publishers * o->pipeline)
        run_batch(o, epoll, peers, batch, request_size * o->pipeline);
}

static unsigned number(const char *word)
{
    char *end;
    unsigned long n = strtoul(word, &end, 10);
    if (*word == 0 || *end != 0) {
        fprintf(stderr, "publish: not a number: %s\n", word);
        exit(2);
    }
    return (unsigned)n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "port", required_argument, NULL, 'p' },
        { "publishers", required_argument, NULL, 'b' },
        { "subscribers", required_argument, NULL, 's' },
        { "pipeline", required_argument, NULL, 'P' },
        { "requests", required_argument, NULL, 'n' },
        { "seed", required_argument, NULL, 'S' },
        { "value-size", required_argument, NULL, 'd' },
        { NULL, 0, NULL, 0 },
    };
    struct options o = { .port = 6379,
                         .publishers = 1,
                         .subscribers = 1,
                         .pipeline = 1,
                         .value_size = 32,
                         .requests = 1000 };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'p':
            o.port = (int)number(optarg);
            break;
        case 'b':
            o.publishers = number(optarg);
            break;
        case 's':
            o.subscribers = number(optarg);
            break;
        case 'P':
            o.pipeline = number(optarg);
            break;
        case 'n':
            o.requests = number(optarg);
            break;
        case 'S':
            break; /* nothing is random */
        case 'd':
            o.value_size = number(optarg);
            break;
        default:
            return 2;
        }
    }
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    run(&o);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) +
                     (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%llu %.6f\n", (unsigned long long)o.requests, seconds);
    return 0;
}
