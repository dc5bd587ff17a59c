/* What values cost on their way to bytes and back: nanoseconds of CPU time for an element, and bytes a second.
 *
 * bench_codec_value [words...] makes values of every type and size class, writes them all through a sink that drops
 * them, with the checksum, and reads what was written from a source that copies out of memory, as a file in the page
 * cache does. What is read is kept until all was read, as a load does. Words choose the rows whose name has one. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/value.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/string.h"
#include "types/zset.h"

/* In all values of a row. */
#define ELEMENTS 400000
#define ROUNDS 5

static const struct hash_key hash_key = { 1, 2 };

struct made {
    const struct type_env *env;
    struct rand *rand;
    size_t count; /* elements of one value */
    size_t len;   /* of an element, in bytes */
};

static struct slice text_of(char *to, size_t number, size_t len, char letter)
{
    memset(to, '.', len);
    to[0] = letter;
    for (size_t i = MIN_OF(len, (size_t)12); i-- > 1; number /= 10)
        to[i] = (char)('0' + number % 10);
    return slice_of(to, len);
}

/* Nothing that could be compressed. */
static struct slice noise_of(struct made *m, char *to)
{
    for (size_t i = 0; i < m->len; i++)
        to[i] = (char)('a' + rand_below(m->rand, 26));
    return slice_of(to, m->len);
}

static struct entry *make_int(struct made *m)
{
    char digits[NUM_INT_MAX_CHARS];
    size_t len = num_format_int(digits, (int64_t)rand_below(m->rand, 1000000));
    return string_new(SLICE("key"), slice_of(digits, len), ENTRY_NO_EXPIRY);
}

static struct entry *make_text(struct made *m)
{
    char text[16384];
    return string_new(SLICE("key"), text_of(text, rand_below(m->rand, 1000), m->len, 'v'),
                      ENTRY_NO_EXPIRY);
}

static struct entry *make_noise(struct made *m)
{
    char text[16384];
    return string_new(SLICE("key"), noise_of(m, text), ENTRY_NO_EXPIRY);
}

static struct entry *make_list(struct made *m)
{
    struct entry *e = list_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[256];
    for (size_t i = 0; i < m->count; i++) {
        struct slice value = noise_of(m, text);
        list_push(e, m->env, LIST_TAIL, &value, 1);
    }
    return e;
}

static struct entry *make_ints(struct made *m)
{
    struct entry *e = set_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char digits[NUM_INT_MAX_CHARS];
    while (set_count(e) < m->count) {
        size_t len = num_format_int(digits, (int64_t)rand_below(m->rand, 1000000));
        (void)set_add(e, m->env, slice_of(digits, len));
    }
    return e;
}

static struct entry *make_set(struct made *m)
{
    struct entry *e = set_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[256];
    for (size_t i = 0; i < m->count; i++)
        (void)set_add(e, m->env, text_of(text, i, m->len, 'm'));
    return e;
}

static struct entry *make_hash(struct made *m)
{
    struct entry *e = hash_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char name[256], value[256];
    for (size_t i = 0; i < m->count; i++) {
        const struct hash_field f = { text_of(name, i, m->len, 'f'), noise_of(m, value),
                                      ENTRY_NO_EXPIRY };
        (void)hash_put(e, m->env, &f, HASH_SHOW_ALL);
    }
    return e;
}

static struct entry *make_zset(struct made *m)
{
    struct entry *e = zset_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[256];
    double score;
    for (size_t i = 0; i < m->count; i++) {
        const struct zset_element member = { text_of(text, i, m->len, 'm'),
                                             (double)rand_below(m->rand, 1000000) / 8 };
        (void)zset_add(e, m->env, 0, &member, &score);
    }
    return e;
}

static struct entry *make_stream(struct made *m)
{
    struct entry *e = xstream_entry_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char value[256];
    for (size_t i = 0; i < m->count; i++) {
        const struct slice pair[] = { SLICE("field"), noise_of(m, value) };
        (void)!xstream_append(xstream_of(e), m->env, (struct xstream_id){ i + 1, 0 }, pair, 2);
    }
    return e;
}

static const struct shape {
    const char *name;
    struct entry *(*make)(struct made *m);
    size_t count, len;
} shapes[] = {
    { "string: integer", make_int, 1, 0 },
    { "string: 16 bytes", make_noise, 1, 16 },
    { "string: 100 bytes", make_noise, 1, 100 },
    { "string: 100, compressible", make_text, 1, 100 },
    { "string: 1000, compressible", make_text, 1, 1000 },
    { "list: 10 of 16 bytes", make_list, 10, 16 },
    { "list: 10000 of 16 bytes", make_list, 10000, 16 },
    { "set: 10 integers", make_ints, 10, 0 },
    { "set: 500 integers", make_ints, 500, 0 },
    { "set: 10 of 12 bytes", make_set, 10, 12 },
    { "set: 100 of 12 bytes", make_set, 100, 12 },
    { "set: 1000 of 12 bytes", make_set, 1000, 12 },
    { "set: 200000 of 12 bytes", make_set, 200000, 12 },
    { "hash: 10 of 12 bytes", make_hash, 10, 12 },
    { "hash: 100 of 12 bytes", make_hash, 100, 12 },
    { "hash: 1000 of 12 bytes", make_hash, 1000, 12 },
    { "hash: 200000 of 12 bytes", make_hash, 200000, 12 },
    { "zset: 10 of 12 bytes", make_zset, 10, 12 },
    { "zset: 100 of 12 bytes", make_zset, 100, 12 },
    { "zset: 1000 of 12 bytes", make_zset, 1000, 12 },
    { "zset: 200000 of 12 bytes", make_zset, 200000, 12 },
    { "stream: 1000 of 16 bytes", make_stream, 1000, 16 },
};

static int keep(void *arg, struct slice bytes)
{
    return buf_try_append(arg, bytes);
}

static int drop(void *arg UNUSED, struct slice bytes UNUSED)
{
    return 0;
}

static ssize_t copy_from(void *arg, char *to, size_t max)
{
    struct slice *left = arg;
    const size_t step = MIN_OF(max, left->len);
    memcpy(to, left->ptr, step);
    *left = slice_from(*left, step);
    return (ssize_t)step;
}

/* The bytes are left in *ret_bytes, if it is not NULL. */
static double write_all(struct entry *const *values, size_t count, struct buf *ret_bytes)
{
    struct codec_writer w;
    codec_writer_init(&w, CODEC_VERSION_SETS, ret_bytes ? keep : drop, ret_bytes);
    const uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < count; i++) {
        codec_write_byte(&w, codec_value_kind(values[i], w.version));
        codec_write_value(&w, values[i]);
    }
    ASSERT(codec_writer_finish(&w) == 0);
    const double spent = (double)(clock_thread_cpu_ns() - start);
    codec_writer_done(&w);
    return spent;
}

static double read_all(struct slice bytes, struct entry **values, size_t count,
                       const struct type_env *env)
{
    struct codec_reader r;
    const struct codec_target to = { .key = SLICE("key"), .when_ms = ENTRY_NO_EXPIRY, .env = env };
    uint8_t kind;
    codec_reader_init_pull(&r, copy_from, &bytes, bytes.len);
    ASSERT(codec_reader_set_version(&r, CODEC_VERSION_SETS));
    const uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < count; i++) {
        ASSERT(codec_read_byte(&r, &kind));
        values[i] = codec_read_value(&r, kind, &to);
        ASSERT(values[i]);
    }
    (void)codec_reader_crc(&r);
    const double spent = (double)(clock_thread_cpu_ns() - start);
    codec_reader_done(&r);
    return spent;
}

static void free_all(struct entry **values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entry_free(values[i]);
}

static void run(const struct shape *shape, const struct type_env *env)
{
    struct made m = { env, env->rand, shape->count, shape->len };
    const size_t count = ELEMENTS / shape->count;
    struct entry **values = mem_alloc(count * sizeof(struct entry *));
    struct entry **again = mem_alloc(count * sizeof(struct entry *));
    struct buf bytes;
    double written = 1e300, read = 1e300;
    buf_init(&bytes, BUF_NO_CEILING);
    for (size_t i = 0; i < count; i++)
        values[i] = shape->make(&m);
    (void)write_all(values, count, &bytes);
    for (int round = 0; round < ROUNDS; round++) {
        const double spent = write_all(values, count, NULL);
        written = MIN_OF(written, spent);
        const double spent_read = read_all(buf_slice(&bytes), again, count, env);
        read = MIN_OF(read, spent_read);
        free_all(again, count);
    }
    printf("%-28s %7.1f %7.0f   %7.1f %7.0f\n", shape->name, written / ELEMENTS,
           (double)bytes.len * 1000 / written, read / ELEMENTS, (double)bytes.len * 1000 / read);
    free_all(values, count);
    mem_free(values);
    mem_free(again);
    buf_done(&bytes);
}

static bool is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    struct rand rand;
    rand_seed(&rand, 1);
    const struct type_env env = {
        .hash_key = &hash_key,
        .rand = &rand,
        .hash_listpack_entries = 512,
        .hash_listpack_value = 64,
        .list_listpack_size = -2,
        .set_intset_entries = 512,
        .set_listpack_entries = 128,
        .set_listpack_value = 64,
        .zset_listpack_entries = 128,
        .zset_listpack_value = 64,
        .stream_node_bytes = 4096,
        .stream_node_entries = 100,
        .hll_sparse_bytes = 3000,
    };
    mem_thread_enter();
    printf("%-28s %7s %7s   %7s %7s\n", "", "write", "MB/s", "read", "MB/s");
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (is_chosen(shapes[i].name, argc, argv))
            run(&shapes[i], &env);
    mem_thread_leave();
    return 0;
}
