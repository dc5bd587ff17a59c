/* What listpacks and intsets cost: nanoseconds of CPU time and bytes, for packs of so many entries
 * as small collections have. `build` appends all; `walk` reads each entry as bytes; `back` walks from
 * the end; `miss` looks for what is not there; `seek` goes to the middle; `shift` takes the first
 * entry and appends another. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ds/intset.h"
#include "ds/listpack.h"

#define ROUNDS 4000
#define VALUE_MAX 64

struct shape {
    const char *name;
    size_t count;
    const char *format;
};

static const struct shape shapes[] = {
    { "16 numbers", 16, "%zu" },
    { "128 numbers", 128, "%zu" },
    { "128 texts of 8", 128, "text%04zu" },
    { "128 texts of 40", 128, "a text that is rather longer: %010zu" },
    { "500 texts of 8", 500, "text%04zu" },
};

static struct slice value_of(const struct shape *shape, size_t i, char out[static VALUE_MAX])
{
    return slice_of(out, (size_t)snprintf(out, VALUE_MAX, shape->format, i));
}

struct values {
    struct slice each[512];
    char bytes[512][VALUE_MAX];
};

static struct listpack *build(const struct shape *shape, const struct values *values)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < shape->count; i++)
        lp = listpack_append(lp, values->each[i]);
    return lp;
}

static size_t walk(const struct listpack *lp)
{
    size_t sum = 0;
    char scratch[NUM_INT_MAX_CHARS];
    for (size_t at = listpack_first(lp); at; at = listpack_next(lp, at))
        sum += listpack_text(lp, at, scratch).len;
    return sum;
}

static size_t walk_back(const struct listpack *lp)
{
    size_t sum = 0;
    for (size_t at = listpack_last(lp); at; at = listpack_prev(lp, at))
        sum += at;
    return sum;
}

static double each_ns(uint64_t since, size_t count)
{
    return (double)(clock_thread_cpu_ns() - since) / (double)count;
}

static volatile size_t sink;

static double time_builds(const struct shape *shape, const struct values *values)
{
    uint64_t start = clock_thread_cpu_ns();
    for (int i = 0; i < ROUNDS; i++)
        listpack_free(build(shape, values));
    return each_ns(start, ROUNDS * shape->count);
}

static double time_shifts(struct listpack *lp, const struct values *values)
{
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < ROUNDS; i++) {
        lp = listpack_delete_range(lp, 0, 1);
        lp = listpack_append(lp, values->each[i % 8]);
    }
    double ns = each_ns(start, ROUNDS);
    listpack_free(lp);
    return ns;
}

#define TIME(ret_ns, count, statement)               \
    do {                                             \
        uint64_t time_start = clock_thread_cpu_ns(); \
        for (size_t r = 0; r < ROUNDS; r++)          \
            sink += (statement);                     \
        *(ret_ns) = each_ns(time_start, (count));    \
    } while (0)

static void run(const struct shape *shape)
{
    static struct values values;
    for (size_t i = 0; i < shape->count; i++)
        values.each[i] = value_of(shape, i, values.bytes[i]);
    struct listpack *lp = build(shape, &values);
    double walk_ns, back_ns, miss_ns, seek_ns, build_ns = time_builds(shape, &values);
    double bytes = (double)listpack_bytes(lp) / (double)shape->count;
    TIME(&walk_ns, ROUNDS * shape->count, walk(lp));
    TIME(&back_ns, ROUNDS * shape->count, walk_back(lp));
    TIME(&miss_ns, ROUNDS * shape->count, listpack_find(lp, listpack_first(lp), SLICE("text"), 0));
    TIME(&seek_ns, ROUNDS, listpack_seek(lp, (int64_t)(shape->count / 2)));
    double shift_ns = time_shifts(lp, &values);
    printf("%-20s %6.1f %6.1f %6.1f %6.1f %8.1f %8.1f %8.1f\n", shape->name, build_ns, walk_ns,
           back_ns, miss_ns, seek_ns, shift_ns, bytes);
}

static void run_intset(size_t count, int64_t step)
{
    struct intset *is = intset_new();
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < count; i++) /* in no order */
        is = intset_add(is, (int64_t)(i * 7919 % count) * step, NULL);
    double add_ns = each_ns(start, count), has_ns;
    size_t drawn = 1;
    TIME(&has_ns, ROUNDS, intset_has(is, (int64_t)((drawn = drawn * 7919 % count)) * step));
    printf("%4zu in %zu bytes each: add %.1f, has %.1f\n", count, intset_width(is), add_ns, has_ns);
    intset_free(is);
}

int main(void)
{
    printf("%-20s %6s %6s %6s %6s %8s %8s %8s\n", "listpack", "build", "walk", "back", "miss",
           "seek", "shift", "bytes");
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        run(&shapes[i]);
    run_intset(512, 1);
    run_intset(512, 1000);
    run_intset(512, INT64_C(10000000000));
    return 0;
}
