/* What the reply writer costs: nanoseconds of CPU an element, into rooms of 16 KiB that are thrown
 * away when they are full.
 *
 *     bench_resp_reply [rounds] */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/macros.h"
#include "resp/reply.h"

#define BATCH 100
#define REPEATS 5

static char waste[16 * 1024];
static char text[1024];

static void waste_more(struct reply *r, size_t need)
{
    ASSERT(need <= sizeof(waste));
    r->written += (uint64_t)(r->pos - r->sealed);
    r->pos = r->sealed = waste;
    r->end = waste + sizeof(waste);
}

static const struct reply_sink waste_sink = { .more = waste_more };

struct workload {
    const char *name;
    void (*write)(struct reply *r, const struct workload *w, int i);
    size_t len;
};

static void write_ok(struct reply *r, const struct workload *w, int i)
{
    (void)w;
    (void)i;
    reply_ok(r);
}

static void write_bulk(struct reply *r, const struct workload *w, int i)
{
    reply_bulk(r, slice_of(text + i, w->len));
}

/* Lengths that no branch predictor knows. */
static void write_bulk_mixed(struct reply *r, const struct workload *w, int i)
{
    reply_bulk(r, slice_of(text + i, (size_t)i * 2654435761U % w->len));
}

static void write_int(struct reply *r, const struct workload *w, int i)
{
    reply_int(r, i * (int64_t)w->len);
}

static void write_double(struct reply *r, const struct workload *w, int i)
{
    reply_double(r, i / (double)w->len);
}

static void write_null(struct reply *r, const struct workload *w, int i)
{
    (void)w;
    (void)i;
    reply_null(r);
}

static void write_array(struct reply *r, const struct workload *w, int i)
{
    (void)i;
    reply_array(r, w->len);
}

static const struct workload workloads[] = {
    { "ok", write_ok, 0 },
    { "null", write_null, 0 },
    { "int, small", write_int, 1 },
    { "int, ten digits", write_int, 99999999 },
    { "bulk, 3 bytes", write_bulk, 3 },
    { "bulk, 32 bytes", write_bulk, 32 },
    { "bulk, 100 bytes", write_bulk, 100 },
    { "bulk, 0 to 63 bytes", write_bulk_mixed, 64 },
    { "bulk, 500 bytes", write_bulk, 500 },
    { "double, tenths", write_double, 10 },
    { "array header", write_array, 3 },
};

static double measure(const struct workload *w, int rounds)
{
    double best = 1e30;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct reply r = { .sink = &waste_sink, .proto = 3 };
        uint64_t start = clock_thread_cpu_ns();
        for (int i = 0; i < rounds; i++)
            for (int j = 0; j < BATCH; j++)
                w->write(&r, w, j);
        double ns = (double)(clock_thread_cpu_ns() - start) / rounds / BATCH;
        if (ns < best && r.pos)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 20000;
    for (size_t i = 0; i < COUNT_OF(workloads); i++)
        printf("%-22s %7.1f ns\n", workloads[i].name, measure(&workloads[i], rounds));
    return 0;
}
