#include "codec/testing.h"

#include <stdlib.h>

#include "base/mem.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/string.h"
#include "types/zset.h"

#ifdef TARN_SANITIZE
/* The sanitizers' own; not every compiler brings their header. */
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *ptr,
                                                                size_t size),
                                              void (*freed)(const volatile void *ptr));
#endif

#define TIME_MS 9000000000000

static const struct hash_key test_hash_key = { 1, 2 };
static struct rand test_rand;

const struct type_env codec_test_env = {
    .hash_key = &test_hash_key,
    .rand = &test_rand,
    .hash_listpack_entries = 64,
    .hash_listpack_value = 64,
    .list_listpack_size = -2,
    .list_compress_depth = 1,
    .set_intset_entries = 64,
    .set_listpack_entries = 64,
    .set_listpack_value = 64,
    .zset_listpack_entries = 64,
    .zset_listpack_value = 64,
    .stream_node_bytes = 4096,
    .stream_node_entries = 10,
    .hll_sparse_bytes = 3000,
};

struct codec_target codec_test_target(void)
{
    return (struct codec_target){ .key = SLICE("key"),
                                  .when_ms = ENTRY_NO_EXPIRY,
                                  .env = &codec_test_env };
}

/* ---- values ---- */

#define TEXT_MAX 200

/* Numbers, words, bytes of all kinds, long and empty ones; no two are the same. */
static struct slice text_of(size_t i, char to[static TEXT_MAX])
{
    static const int64_t edges[] = { 0,          127,       128,       -128,      -129,
                                     4095,       -4096,     32767,     -32769,    8388607,
                                     -8388609,   INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
                                     4294967296, -1 };
    if (i == 0)
        return SLICE("");
    if (i % 4 == 1)
        return slice_of(
            to, num_format_int(to, i / 4 < COUNT_OF(edges) ? edges[i / 4] : (int64_t)i * 1000003));
    const size_t digits = num_format_uint(to, i);
    const size_t len = i % 7 == 2 ? 120 : i % 4 == 3 ? 12 : 25;
    memset(to + digits, i % 4 == 2 ? '\0' : (int)('a' + i % 26), len);
    return slice_of(to, digits + len);
}

static struct entry *make_text(size_t len)
{
    char *text = mem_alloc(len);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(i * i * 7 % 251);
    struct entry *e = string_new_text(SLICE("key"), slice_of(text, len), ENTRY_NO_EXPIRY);
    mem_free(text);
    return e;
}

static struct entry *make_same(size_t len)
{
    char *text = mem_alloc(len);
    memset(text, 'x', len);
    struct entry *e = string_new(SLICE("key"), slice_of(text, len), ENTRY_NO_EXPIRY);
    mem_free(text);
    return e;
}

static struct entry *make_number(size_t shift)
{
    return string_new_int(SLICE("key"), INT64_MIN >> shift, ENTRY_NO_EXPIRY);
}

static struct entry *make_list(size_t count)
{
    struct entry *e = list_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct slice value = text_of(i, text);
        list_push(e, &codec_test_env, LIST_TAIL, &value, 1);
    }
    return e;
}

static struct entry *make_plain_list(size_t len)
{
    struct entry *e = make_list(10);
    struct entry *text = make_text(len);
    char scratch[NUM_INT_MAX_CHARS];
    const struct slice value = string_bytes(text, scratch);
    list_push(e, &codec_test_env, LIST_TAIL, &value, 1);
    list_push(e, &codec_test_env, LIST_HEAD, &value, 1);
    entry_free(text);
    return e;
}

static struct entry *make_set(size_t count)
{
    struct entry *e = set_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[TEXT_MAX];
    for (size_t i = 0; i < count; i++)
        (void)set_add(e, &codec_test_env, text_of(i, text));
    return e;
}

/* Of integers; 5 are small, some more of 32 bits, the rest of 64. */
static struct entry *make_ints(size_t count)
{
    struct entry *e = set_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char digits[NUM_INT_MAX_CHARS];
    for (size_t i = 0; i < count; i++) {
        const int64_t scale = i < 5 ? 100 : i < 20 ? 100000000 : 1000000000000;
        const size_t len = num_format_int(digits, (i % 2 ? -1 : 1) * scale * (int64_t)(i + 1));
        (void)set_add(e, &codec_test_env, slice_of(digits, len));
    }
    return e;
}

static struct entry *make_hash(size_t count)
{
    struct entry *e = hash_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char name[TEXT_MAX], value[TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct hash_field f = { text_of(i, name), text_of(i + 5, value), ENTRY_NO_EXPIRY };
        (void)hash_put(e, &codec_test_env, &f, HASH_SHOW_ALL);
    }
    return e;
}

static struct entry *make_expiring(size_t count)
{
    struct entry *e = make_hash(count);
    char name[TEXT_MAX];
    for (size_t i = 0; i < count; i += 3)
        (void)hash_set_expiry(e, &codec_test_env, text_of(i, name), TIME_MS + (int64_t)(i * i));
    return e;
}

static struct entry *make_zset(size_t count)
{
    static const double edges[] = { 0, -1, 1e300, -1e300, 0.1, 5e-324, 9007199254740994 };
    struct entry *e = zset_new(SLICE("key"), ENTRY_NO_EXPIRY);
    char text[TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        double score = i < COUNT_OF(edges) ? edges[i] : (double)(i % 50) / 3;
        if (i == 9 || i == 10)
            score = i == 9 ? __builtin_inf() : -__builtin_inf();
        (void)zset_add(e, &codec_test_env, 0, &(struct zset_element){ text_of(i, text), score },
                       &score);
    }
    return e;
}

static struct entry *make_stream(size_t count)
{
    struct entry *e = xstream_entry_new(SLICE("key"), ENTRY_NO_EXPIRY);
    struct xstream *s = xstream_of(e);
    char text[TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct slice pairs[] = { SLICE("field"), text_of(i, text), SLICE("n"),
                                       i % 5 ? SLICE("5") : SLICE("other") };
        const struct xstream_id id = { 1000 + i / 3, i };
        (void)!xstream_append(s, &codec_test_env, id, pairs, i % 9 == 8 ? 2 : 4);
    }
    for (size_t i = 0; i < count; i += 7)
        (void)xstream_delete(s, (struct xstream_id){ 1000 + i / 3, i });
    return e;
}

/* Each of two groups has read what the stream has; every fifth is done, every third was given back. */
static struct entry *make_groups(size_t count, bool gives_back)
{
    struct entry *e = make_stream(count);
    struct xstream *s = xstream_of(e);
    for (size_t n = 0; n < 2; n++) {
        struct xstream_group *g = xstream_group_add(s, n ? SLICE("second") : SLICE(""),
                                                    STREAM_ID_MIN, n ? 7 : STREAM_READ_UNKNOWN);
        struct xstream_consumer *c[2] = { xstream_consumer_add(g, SLICE("alice"), 100),
                                          xstream_consumer_add(g, SLICE("bob"), 200) };
        (void)xstream_consumer_add(g, SLICE("idle"), 300);
        c[0]->active_ms = 150;
        c[1]->active_ms = -1;
        for (size_t i = 0; i < count; i++) {
            const struct xstream_id id = { 1000 + i / 3, i };
            g->last = id;
            if (i % 5 != 0)
                (void)xstream_pending_add(g, id, gives_back && i % 3 == 0 ? NULL : c[i % 2],
                                          (int64_t)(400 + i), (int64_t)i);
        }
    }
    return e;
}

static struct entry *make_pending(size_t count)
{
    return make_groups(count, false);
}

static struct entry *make_given_back(size_t count)
{
    return make_groups(count, true);
}

const struct codec_sample codec_samples[] = {
    { "number of 64 bits", make_number, 0 },
    { "number of 32 bits", make_number, 33 },
    { "number of 16 bits", make_number, 50 },
    { "number of 8 bits", make_number, 60 },
    { "empty string", make_text, 0 },
    { "short string", make_text, 20 },
    { "string", make_text, 1000 },
    { "blob", make_text, 5000 },
    { "long blob", make_text, 300000 },
    { "compressible string", make_same, 30 },
    { "compressible blob", make_same, 200000 },
    { "short list", make_list, 5 },
    { "list of packs", make_list, 2000 },
    { "list of long values", make_plain_list, 20000 },
    { "list of very long values", make_plain_list, 150000 },
    { "set of integers of 16 bits", make_ints, 4 },
    { "set of integers of 32 bits", make_ints, 15 },
    { "set of integers of 64 bits", make_ints, 64 },
    { "large set of integers", make_ints, 65 },
    { "small set", make_set, 2 },
    { "small set of some", make_set, 14 },
    { "large set", make_set, 3000 },
    { "small hash", make_hash, 2 },
    { "hash", make_hash, 64 },
    { "large hash", make_hash, 3000 },
    { "small hash that expires", make_expiring, 2 },
    { "hash that expires", make_expiring, 60 },
    { "large hash that expires", make_expiring, 3000 },
    { "small sorted set", make_zset, 2 },
    { "sorted set", make_zset, 30 },
    { "large sorted set", make_zset, 3000 },
    { "empty stream", make_stream, 0 },
    { "stream", make_stream, 3 },
    { "long stream", make_stream, 500 },
    { "stream with groups", make_pending, 100 },
    { "stream with empty groups", make_pending, 0 },
    { "stream whose entries were given back", make_given_back, 100 },
};
const size_t codec_sample_count = COUNT_OF(codec_samples);

/* ---- as text ---- */

struct lines {
    struct buf *lines;
    size_t count, capacity;
};

static struct buf *line_add(struct lines *l)
{
    if (l->count == l->capacity) {
        l->capacity = 2 * l->capacity + 16;
        l->lines = mem_realloc(l->lines, l->capacity * sizeof(*l->lines));
    }
    buf_init(&l->lines[l->count], BUF_NO_CEILING);
    return &l->lines[l->count++];
}

static int by_bytes(const void *a, const void *b)
{
    return slice_cmp(buf_slice(a), buf_slice(b));
}

static void lines_end(struct lines *l, bool sort, struct buf *out)
{
    if (sort && l->count > 0)
        qsort(l->lines, l->count, sizeof(*l->lines), by_bytes);
    for (size_t i = 0; i < l->count; i++) {
        buf_append_char(out, ' ');
        buf_append(out, buf_slice(&l->lines[i]));
        buf_done(&l->lines[i]);
    }
    mem_free(l->lines);
}

static void describe_text(struct buf *out, struct slice text)
{
    if (text.len == 0)
        buf_append_str(out, "(empty)");
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c > ' ' && c < 0x7f && c != '=')
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "\\x%02x", c);
    }
}

static void describe_list(const struct entry *e, struct buf *out)
{
    struct list_walk walk;
    struct packs_value value;
    list_walk_open(&walk, e, 0, false);
    while (list_walk_next(&walk, &value)) {
        buf_append_char(out, ' ');
        if (value.text.ptr)
            describe_text(out, value.text);
        else
            buf_append_int(out, value.number);
    }
    list_walk_close(&walk);
}

static void describe_set(const struct entry *e, struct buf *out)
{
    struct lines lines = { 0 };
    struct set_walk walk;
    struct slice member;
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member)) {
        ASSERT(set_has(e, member));
        describe_text(line_add(&lines), member);
    }
    set_walk_close(&walk);
    ASSERT(lines.count == set_count(e));
    lines_end(&lines, /* sort= */ true, out);
}

static void describe_hash(const struct entry *e, struct buf *out)
{
    struct lines lines = { 0 };
    struct hash_walk walk;
    struct hash_field f;
    hash_verify(e);
    hash_walk_open(&walk, e, HASH_SHOW_ALL);
    while (hash_walk_next(&walk, &f)) {
        struct buf *line = line_add(&lines);
        ASSERT(hash_has(e, f.name, HASH_SHOW_ALL));
        describe_text(line, f.name);
        buf_append_char(line, '=');
        describe_text(line, f.value);
        if (f.when_ms != ENTRY_NO_EXPIRY)
            buf_printf(line, "@%lld", (long long)f.when_ms);
    }
    hash_walk_close(&walk);
    ASSERT(lines.count == hash_count(e, HASH_SHOW_ALL));
    lines_end(&lines, /* sort= */ true, out);
}

static void describe_zset(const struct entry *e, struct buf *out)
{
    struct zset_walk walk;
    struct zset_element m;
    size_t rank, want = 0;
    zset_walk_open(&walk, e, 0, false);
    while (zset_walk_next(&walk, &m)) {
        double score;
        ASSERT(zset_rank(e, m.member, &rank, &score));
        ASSERT(rank == want++);
        ASSERT(score == m.score);
        buf_append_char(out, ' ');
        describe_text(out, m.member);
        buf_printf(out, "=%.17g", m.score);
    }
    ASSERT(want == zset_count(e));
}

static void describe_id(struct buf *out, struct xstream_id id)
{
    buf_printf(out, " %llu-%llu", (unsigned long long)id.ms, (unsigned long long)id.seq);
}

static void describe_pending(const struct btree *pending, struct buf *out)
{
    struct btree_cursor c;
    for (const struct xstream_pending *p = btree_at(pending, 0, &c); p; p = btree_next(&c)) {
        describe_id(out, xstream_pending_id(&c));
        buf_printf(out, ":%lld:%lld%s", (long long)p->delivered_ms, (long long)p->deliveries,
                   p->consumer ? "" : ":nobody");
    }
}

static void describe_group(const struct xstream_group *g, struct buf *out)
{
    struct btree_cursor at;
    buf_append_str(out, " group ");
    describe_text(out, g->name);
    describe_id(out, g->last);
    buf_printf(out, " %lld pending", (long long)g->entries_read);
    describe_pending(&g->pending, out);
    for (struct xstream_consumer *c = btree_at(&g->consumers, 0, &at); c; c = btree_next(&at)) {
        buf_append_str(out, " consumer ");
        describe_text(out, c->name);
        buf_printf(out, " %lld %lld", (long long)c->seen_ms, (long long)c->active_ms);
        describe_pending(&c->pending, out);
    }
}

static void describe_entries(const struct xstream *s, struct buf *out)
{
    struct xstream_iter it;
    xstream_iter_init(&it, s, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (xstream_iter_next(&it)) {
        describe_id(out, it.id);
        for (size_t i = 0; i < it.field_count; i++) {
            char scratch[2 * STREAM_SCRATCH];
            struct slice field, value;
            xstream_iter_pair(&it, &field, &value, scratch);
            buf_append_char(out, ' ');
            describe_text(out, field);
            buf_append_char(out, '=');
            describe_text(out, value);
        }
    }
}

static void describe_stream(const struct entry *e, struct buf *out)
{
    const struct xstream *s = xstream_of(e);
    const struct xstream_facts *facts = xstream_facts(s);
    struct btree_cursor at;
    buf_printf(out, " %llu of %llu", (unsigned long long)facts->length,
               (unsigned long long)facts->added);
    describe_id(out, facts->first);
    describe_id(out, facts->last);
    describe_id(out, facts->max_deleted);
    describe_entries(s, out);
    for (struct xstream_group *g = btree_at(xstream_groups(s), 0, &at); g; g = btree_next(&at))
        describe_group(g, out);
}

static void describe_string(const struct entry *e, struct buf *out)
{
    char scratch[NUM_INT_MAX_CHARS];
    buf_append_char(out, ' ');
    describe_text(out, string_bytes(e, scratch));
}

struct buf codec_describe(const struct entry *e)
{
    static void (*const describe[])(const struct entry *e, struct buf *out) = {
        [TYPE_STRING] = describe_string, [TYPE_LIST] = describe_list,
        [TYPE_SET] = describe_set,       [TYPE_ZSET] = describe_zset,
        [TYPE_HASH] = describe_hash,     [TYPE_STREAM] = describe_stream,
    };
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    buf_append_str(&out, entry_encoding_name(e));
    buf_append_char(&out, ' ');
    describe_text(&out, entry_key(e));
    if (entry_expiry(e) != ENTRY_NO_EXPIRY)
        buf_printf(&out, "@%lld", (long long)entry_expiry(e));
    buf_append_char(&out, ':');
    describe[entry_type(e)](e, &out);
    return out;
}

/* ---- sources and sinks ---- */

ssize_t codec_source_pull(void *arg, char *to, size_t max)
{
    struct codec_source *s = arg;
    if (s->at >= s->fail_at)
        return s->error;
    size_t step = MIN_OF(s->chunk, max);
    step = MIN_OF(step, MIN_OF(s->bytes.len, s->fail_at) - s->at);
    if (step)
        memcpy(to, s->bytes.ptr + s->at, step);
    s->at += step;
    return (ssize_t)step;
}

int codec_taker_take(void *arg, struct slice bytes)
{
    struct codec_taker *t = arg;
    if (t->pieces == t->fail_at)
        return t->error;
    t->pieces++;
    t->longest = MAX_OF(t->longest, bytes.len);
    buf_append(&t->bytes, bytes);
    return 0;
}

/* ---- memory ---- */

#ifdef TARN_SANITIZE

static size_t taken_bytes;

static void allocated(const volatile void *ptr UNUSED, size_t size)
{
    taken_bytes += size;
}

static void freed(const volatile void *ptr UNUSED)
{
}

void codec_memory_start(void)
{
    static bool is_hooked;
    if (!is_hooked)
        is_hooked = __sanitizer_install_malloc_and_free_hooks(allocated, freed) != 0;
    ASSERT(is_hooked);
    taken_bytes = 0;
}

size_t codec_memory_taken(void)
{
    return taken_bytes;
}

#else

/* The most that this thread had at a time. */
static size_t peak_bytes(void)
{
    int64_t bytes = 0;
    const int error = mem_knob_number("thread.peak.read", NULL, &bytes);
    ASSERT(error == 0);
    return (size_t)bytes;
}

static size_t first_peak;

void codec_memory_start(void)
{
    first_peak = peak_bytes();
}

size_t codec_memory_taken(void)
{
    return peak_bytes() - first_peak;
}

#endif
