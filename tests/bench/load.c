/* Load generator: many connections, a fixed pipeline, keys of one size, replies checked.
 *
 *     load --verb get ...                     GET or SET, every reply is the one expected
 *     load ... -- BITOP and dst {key} {key}   any request; no reply may be an error
 *
 * One thread, epoll. Every connection sends `pipeline` requests, waits for all of their replies,
 * and sends the next ones. Keys are 16 bytes, `k` and 15 digits, drawn uniformly from --keys, or
 * counted up with --sequential (each key once). Prints `requests seconds` of the run.
 *
 * In a request behind `--` a word's end {key} stands for a key, the word {value} for a value; a
 * word's end {number} and {other} for two numbers below a million, drawn for each request,
 * {number+99} for the same and 99 more. The word THEN separates commands that are one request
 * together: a transaction. With --first every connection sends a command before all others.
 *
 * Requests are built once for each batch in a buffer of the connection; replies to GET and SET are
 * of known length (a GET of a key that is missing is an error of the run), so checking costs
 * little. Other replies are counted by their own lengths. */
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

enum {
    KEY_SIZE = 16,
    KEY_DIGITS = KEY_SIZE - 1,
    EVENTS_MAX = 256,
    READ_SIZE = 1 << 18,
    HEAD_SIZE = 24,      /* longest "$<number>\r\n", with its terminator */
    REQUEST_EXTRA = 160, /* what a request needs beside its value */
    LINE_SIZE = 256      /* longest line of a reply that is not a bulk */
};

enum verb { VERB_GET, VERB_SET, VERB_WORDS };

struct load {
    enum verb verb;
    const char *host;
    int port;
    unsigned clients;
    unsigned pipeline;
    uint64_t requests;
    uint64_t keys;
    unsigned value_size;
    uint64_t ttl_s;    /* SET with EX; 0: without */
    bool integers;     /* values are integers that differ for each key */
    bool sequential;   /* keys in order */
    uint64_t random;   /* state of the generator */
    uint64_t sent;     /* requests handed to connections so far */
    uint64_t answered; /* requests whose replies came */
    char *value;
    const char *first; /* an inline command that each connection sends before all; NULL: none */
    char **words;      /* of VERB_WORDS */
    unsigned word_count;
    unsigned commands; /* of a request of words */
    int epoll;
};

/* Where in a reply of any shape a connection is. */
struct progress {
    uint64_t items; /* that are still to come of this reply, the current one included */
    uint64_t skip;  /* bytes of a bulk, with its line end */
    char line[LINE_SIZE];
    size_t line_size;
};

struct peer {
    int fd;
    unsigned outstanding;     /* replies that are still to come */
    size_t reply_offset;      /* bytes of the current reply seen so far */
    struct progress progress; /* the same of VERB_WORDS */
    char *out;
    size_t out_size;
    size_t out_sent;
    bool wants_write; /* waits for EPOLLOUT */
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected reply");
    exit(1);
}

static uint64_t draw(struct load *l)
{
    uint64_t x = l->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return l->random = x;
}

static void put_digits(char *to, unsigned width, uint64_t number)
{
    for (unsigned i = width; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
}

/* The buffers of requests and expected replies are made for what goes into them (REQUEST_EXTRA);
 * a header never needs more than HEAD_SIZE. */
static size_t append_head(char *to, char kind, size_t number)
{
    return (size_t)snprintf(to, HEAD_SIZE, "%c%zu\r\n", kind, number);
}

static size_t append_bytes(char *to, const char *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return size;
}

static size_t append_bulk(char *to, const char *bytes, size_t size)
{
    size_t at = append_head(to, '$', size);
    at += append_bytes(to + at, bytes, size);
    return at + append_bytes(to + at, "\r\n", 2);
}

static bool is_then(const char *word)
{
    return strcmp(word, "THEN") == 0;
}

/* The words of the command that begins at `i`. */
static unsigned command_words(const struct load *l, unsigned i)
{
    unsigned end = i;
    while (end < l->word_count && !is_then(l->words[end]))
        end++;
    return end - i;
}

/* A word that ends with {number} or {other}; its size, 0 if it does not. */
static size_t append_number(const struct load *l, char *to, const char *word)
{
    const char *place = strstr(word, "{number");
    const char *other = strstr(word, "{other");
    if (!place && !other)
        return 0;
    const uint64_t mixed = l->sent * UINT64_C(0x9e3779b97f4a7c15);
    const char *plus = strchr(word, '+');
    const uint64_t drawn = place ? mixed : mixed * UINT64_C(0xd6e8feb86659fd93);
    const uint64_t number = (drawn >> 20) % 1000000;
    char text[64];
    const int size = snprintf(text, sizeof(text), "%.*s%llu", (int)((place ? place : other) - word),
                              word,
                              (unsigned long long)number + (plus ? strtoull(plus, NULL, 10) : 0));
    return append_bulk(to, text, (size_t)size);
}

static size_t build_words(const struct load *l, char *to, uint64_t number)
{
    char key[KEY_SIZE + 1] = "k";
    size_t size = append_head(to, '*', command_words(l, 0));
    for (unsigned i = 0; i < l->word_count; i++) {
        const char *word = l->words[i];
        const char *place = strstr(word, "{key}");
        if (is_then(word)) {
            size += append_head(to + size, '*', command_words(l, i + 1));
        } else if (place) {
            /* Other keys of the same request are other ones, far away. */
            put_digits(key + 1, KEY_DIGITS, (number + i * (l->keys / 16 + 1)) % l->keys);
            size_t before = (size_t)(place - word);
            size += append_head(to + size, '$', before + KEY_SIZE);
            size += append_bytes(to + size, word, before);
            size += append_bytes(to + size, key, KEY_SIZE);
            size += append_bytes(to + size, "\r\n", 2);
        } else if (strcmp(word, "{value}") == 0) {
            size += append_bulk(to + size, l->value, l->value_size);
        } else {
            const size_t with_number = append_number(l, to + size, word);
            size += with_number;
            if (!with_number)
                size += append_bulk(to + size, word, strlen(word));
        }
    }
    return size;
}

/* No request is longer. */
static size_t request_size_max(const struct load *l)
{
    size_t size = REQUEST_EXTRA + l->value_size;
    for (unsigned i = 0; i < l->word_count; i++)
        size += HEAD_SIZE + KEY_SIZE + l->value_size + strlen(l->words[i]);
    return size;
}

/* Write one request to `to`; its length. */
static size_t build_request(struct load *l, char *to)
{
    uint64_t number = l->sequential ? l->sent : draw(l) % l->keys;
    char key[KEY_SIZE + 1] = "k";
    put_digits(key + 1, KEY_DIGITS, number);
    l->sent++;

    if (l->verb == VERB_WORDS)
        return build_words(l, to, number);
    if (l->verb == VERB_GET) {
        memcpy(to, "*2\r\n$3\r\nGET\r\n", 13);
        return 13 + append_bulk(to + 13, key, KEY_SIZE);
    }
    size_t size = append_head(to, '*', l->ttl_s ? 5 : 3);
    size += append_bulk(to + size, "SET", 3);
    size += append_bulk(to + size, key, KEY_SIZE);
    if (l->integers)
        put_digits(l->value, l->value_size, 100000000 + number);
    size += append_bulk(to + size, l->value, l->value_size);
    if (l->ttl_s) {
        char seconds[24];
        int digits = snprintf(seconds, sizeof(seconds), "%llu",
                              (unsigned long long)(l->ttl_s + number % 1000));
        size += append_bulk(to + size, "EX", 2);
        size += append_bulk(to + size, seconds, (size_t)digits);
    }
    return size;
}

static void flush(const struct load *l, struct peer *p)
{
    while (p->out_sent < p->out_size) {
        const char *from = p->out + p->out_sent;
        ssize_t n = send(p->fd, from, p->out_size - p->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            die("send");
        if (n < 0)
            break;
        p->out_sent += (size_t)n;
    }
    bool rest = p->out_sent < p->out_size;
    if (rest == p->wants_write)
        return; /* the usual case: no system call */
    struct epoll_event e = { .events = rest ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = p };
    epoll_ctl(l->epoll, EPOLL_CTL_MOD, p->fd, &e);
    p->wants_write = rest;
}

/* Send the next batch, if requests are left. */
static void next_batch(struct load *l, struct peer *p)
{
    uint64_t left = l->requests - l->sent;
    p->outstanding = left < l->pipeline ? (unsigned)left : l->pipeline;
    p->out_size = 0;
    p->out_sent = 0;
    for (unsigned i = 0; i < p->outstanding; i++)
        p->out_size += build_request(l, p->out + p->out_size);
    if (p->outstanding > 0)
        flush(l, p);
}

/* Check replies against the one text that each must have. */
static void take(struct load *l, struct peer *p, const char *bytes, size_t size, const char *expect,
                 size_t expect_size)
{
    while (size > 0) {
        size_t part = expect_size - p->reply_offset;
        if (part > size)
            part = size;
        if (memcmp(bytes, expect + p->reply_offset, part) != 0 || p->outstanding == 0) {
            errno = 0;
            die("reply");
        }
        p->reply_offset += part;
        bytes += part;
        size -= part;
        if (p->reply_offset == expect_size) {
            p->reply_offset = 0;
            p->outstanding--;
            l->answered++;
        }
    }
}

/* A whole line of a reply: what follows it is noted. */
static void take_line(struct progress *r)
{
    r->line[r->line_size] = 0;
    long long count = strtoll(r->line + 1, NULL, 10);
    switch (r->line[0]) {
    case '-':
        errno = 0;
        fputs(r->line, stderr);
        die("reply");
        break;
    case '$':
        r->skip = count < 0 ? 0 : (uint64_t)count + 2;
        r->items -= count < 0 ? 1 : 0;
        break;
    case '*':
        r->items += count < 0 ? 0 : (uint64_t)count;
        r->items--;
        break;
    default:
        r->items--;
    }
    r->line_size = 0;
}

/* Up to the end of one item's line, or of its bulk; how many bytes that were. */
static size_t take_piece(struct progress *r, const char *bytes, size_t size)
{
    if (r->skip) {
        size_t part = r->skip < size ? (size_t)r->skip : size;
        r->skip -= part;
        r->items -= r->skip == 0 ? 1 : 0;
        return part;
    }
    const char *end = memchr(bytes, '\n', size);
    size_t part = end ? (size_t)(end - bytes) + 1 : size;
    if (r->line_size + part >= LINE_SIZE)
        die("line");
    memcpy(r->line + r->line_size, bytes, part);
    r->line_size += part;
    if (end)
        take_line(r);
    return part;
}

/* Count replies of any shape; none may be an error. */
static void take_any(struct load *l, struct peer *p, const char *bytes, size_t size)
{
    struct progress *r = &p->progress;
    while (size > 0) {
        if (r->items == 0)
            r->items = l->commands;
        size_t part = take_piece(r, bytes, size);
        bytes += part;
        size -= part;
        if (r->items == 0) {
            p->outstanding--;
            l->answered++;
        }
    }
}

static int connect_to(const struct load *l)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)l->port) };
    if (inet_pton(AF_INET, l->host, &address.sin_addr) != 1)
        die("host");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* The command whose reply must be a status. */
static void send_first(const struct load *l, int fd)
{
    char line[LINE_SIZE];
    int size = snprintf(line, sizeof line, "%s\r\n", l->first);
    if (send(fd, line, (size_t)size, 0) != size)
        die("first command");
    for (size_t at = 0; at == 0 || line[at - 1] != '\n'; at++)
        if (at == sizeof line || recv(fd, line + at, 1, 0) != 1 || line[0] != '+')
            die("reply to the first command");
}

static void open_peer(struct load *l, struct peer *p)
{
    *p = (struct peer){ .fd = connect_to(l) };
    if (l->first)
        send_first(l, p->fd);
    p->out = malloc((size_t)l->pipeline * request_size_max(l));
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
    if (p->out == NULL || epoll_ctl(l->epoll, EPOLL_CTL_ADD, p->fd, &e) < 0)
        die("epoll");
}

/* The reply that every request must get. */
static size_t expected_reply(const struct load *l, char *to)
{
    if (l->verb == VERB_SET)
        return append_bytes(to, "+OK\r\n", 5);
    return append_bulk(to, l->value, l->value_size);
}

static void run(struct load *l, struct peer *peers)
{
    static char buffer[READ_SIZE];
    char *expect = malloc(l->value_size + 32);
    size_t expect_size = expected_reply(l, expect);
    struct epoll_event events[EVENTS_MAX];

    for (unsigned i = 0; i < l->clients; i++)
        next_batch(l, &peers[i]);
    while (l->answered < l->requests) {
        int count = epoll_wait(l->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct peer *p = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                flush(l, p);
            ssize_t n = recv(p->fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN))
                die("connection closed");
            if (n > 0 && l->verb == VERB_WORDS)
                take_any(l, p, buffer, (size_t)n);
            else if (n > 0)
                take(l, p, buffer, (size_t)n, expect, expect_size);
            if (n > 0 && p->outstanding == 0)
                next_batch(l, p);
        }
    }
    free(expect);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    if (*text == 0 || *end != 0) {
        fprintf(stderr, "load: not a number: %s\n", text);
        exit(2);
    }
    return n;
}

static void parse_options(struct load *l, int argc, char **argv)
{
    static const struct option options[] = {
        { "host", required_argument, NULL, 'h' },
        { "port", required_argument, NULL, 'p' },
        { "verb", required_argument, NULL, 'v' },
        { "clients", required_argument, NULL, 'c' },
        { "pipeline", required_argument, NULL, 'P' },
        { "requests", required_argument, NULL, 'n' },
        { "keys", required_argument, NULL, 'k' },
        { "value-size", required_argument, NULL, 'd' },
        { "ttl", required_argument, NULL, 't' },
        { "seed", required_argument, NULL, 's' },
        { "first", required_argument, NULL, 'f' },
        { "integers", no_argument, NULL, 'i' },
        { "sequential", no_argument, NULL, 'q' },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            l->host = optarg;
            break;
        case 'p':
            l->port = (int)number(optarg);
            break;
        case 'v':
            l->verb = strcmp(optarg, "get") == 0 ? VERB_GET : VERB_SET;
            break;
        case 'c':
            l->clients = (unsigned)number(optarg);
            break;
        case 'P':
            l->pipeline = (unsigned)number(optarg);
            break;
        case 'n':
            l->requests = number(optarg);
            break;
        case 'k':
            l->keys = number(optarg);
            break;
        case 'd':
            l->value_size = (unsigned)number(optarg);
            break;
        case 't':
            l->ttl_s = number(optarg);
            break;
        case 's':
            l->random = (number(optarg) + 1) * 0x9e3779b97f4a7c15;
            break;
        case 'f':
            l->first = optarg;
            break;
        case 'i':
            l->integers = true;
            break;
        case 'q':
            l->sequential = true;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc) {
        l->verb = VERB_WORDS;
        l->words = argv + optind;
        l->word_count = (unsigned)(argc - optind);
        l->commands = 1;
        for (unsigned i = 0; i < l->word_count; i++)
            l->commands += is_then(l->words[i]);
    }
}

int main(int argc, char **argv)
{
    struct load l = { .host = "127.0.0.1",
                      .clients = 50,
                      .pipeline = 1,
                      .requests = 100000,
                      .keys = 1000000,
                      .value_size = 32,
                      .random = 1 };
    parse_options(&l, argc, argv);

    l.value = malloc(l.value_size + 1);
    l.epoll = epoll_create1(0);
    struct peer *peers = calloc(l.clients, sizeof *peers);
    if (l.value == NULL || l.epoll < 0 || peers == NULL)
        die("start");
    memset(l.value, 'v', l.value_size);
    for (unsigned i = 0; i < l.clients; i++)
        open_peer(&l, &peers[i]);

    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    run(&l, peers);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) +
                     (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%llu %.6f\n", (unsigned long long)l.answered, seconds);
    return 0;
}
