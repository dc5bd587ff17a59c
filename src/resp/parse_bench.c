/* What the request parser costs: nanoseconds of CPU a request, in batches as a turn sees them.
 *
 *     bench_resp_parse [rounds] */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"
#include "resp/parse.h"

#define BATCH 100
#define REPEATS 5

struct workload {
    const char *name;
    int args;
    int key_len, value_len;
};

static const struct workload workloads[] = {
    { "PING", 1, 0, 0 },
    { "GET, 16-byte key", 2, 16, 0 },
    { "SET, 32-byte value", 3, 16, 32 },
    { "SET, 500-byte value", 3, 16, 500 },
    { "MSET, 10 keys", 21, 16, 32 },
    { "inline GET", 0, 16, 0 },
};

static void append_bulk(struct buf *out, int len)
{
    buf_printf(out, "$%d\r\n%0*d\r\n", len, len, 7);
}

static void append_request(struct buf *out, const struct workload *w)
{
    if (w->args == 0) {
        buf_printf(out, "GET %0*d\r\n", w->key_len, 7);
        return;
    }
    buf_printf(out, "*%d\r\n$3\r\nCMD\r\n", w->args);
    for (int i = 1; i < w->args; i++)
        append_bulk(out, i % 2 ? w->key_len : w->value_len);
}

/* Parses the batch once; the number of arguments, so that nothing can be left out. */
static size_t parse_batch(struct slice bytes, const struct resp_limits *limits, struct arena *arena)
{
    struct resp_parser parser;
    size_t args = 0;
    resp_parser_init(&parser);
    while (bytes.len > 0) {
        struct resp_result got;
        if (resp_parse(&parser, limits, bytes, arena, &got) != RESP_REQUEST)
            abort();
        args += got.request.argc;
        bytes.ptr += got.consumed;
        bytes.len -= got.consumed;
    }
    arena_reset(arena);
    return args;
}

static double measure(const struct workload *w, int rounds)
{
    struct resp_limits limits = { .bulk_max = 512 << 20, .authenticated = true };
    struct arena arena;
    struct buf bytes;
    double best = 1e30;

    arena_init(&arena, (size_t)64 * 1024, (size_t)1 << 20);
    buf_init(&bytes, BUF_NO_CEILING);
    for (int i = 0; i < BATCH; i++)
        append_request(&bytes, w);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        size_t args = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (int i = 0; i < rounds; i++)
            args += parse_batch(buf_slice(&bytes), &limits, &arena);
        double ns = (double)(clock_thread_cpu_ns() - start) / rounds / BATCH;
        if (args > 0 && ns < best)
            best = ns;
    }
    buf_done(&bytes);
    arena_done(&arena);
    return best;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20000;
    for (size_t i = 0; i < COUNT_OF(workloads); i++)
        printf("%-22s %7.1f ns\n", workloads[i].name, measure(&workloads[i], rounds));
    return 0;
}
