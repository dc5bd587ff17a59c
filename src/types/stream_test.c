/* Streams: ranges, trimming, deletion and groups under random operations against a plain model, and what
 * the peers compute of them. */
#include "types/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "ds/listpack.h"
#include "tests/unit/check.h"
#include "types/stream_priv.h"

#define ID(ms, seq) ((struct xstream_id){ (ms), (seq) })
#define PAIRS_MAX 6
#define ENTRIES_MAX 4000

/* A new seed at every run, unless TARN_SEED gives one. */
static void seed_rand(struct rand *rand)
{
    const char *given = getenv("TARN_SEED");
    rand_seed_random(rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    rand_seed(rand, seed);
}

static struct type_env env_of(int64_t bytes, int64_t entries)
{
    return (struct type_env){ .stream_node_bytes = bytes, .stream_node_entries = entries };
}

static struct entry *make(void)
{
    return xstream_entry_new(SLICE("key"), ENTRY_NO_EXPIRY);
}

static void add(struct entry *e, const struct type_env *env, struct xstream_id id,
                const char *field, const char *value)
{
    const struct slice pairs[] = { slice_str(field), slice_str(value) };
    CHECK_INT(xstream_append(xstream_of(e), env, id, pairs, 2), 0);
}

static const char *id_text(struct xstream_id id)
{
    static char text[STREAM_ID_MAX_CHARS];
    text[xstream_id_format(text, id)] = '\0';
    return text;
}

/* ---- IDs ---- */

TEST(ids_step_over_the_ends_of_sequences)
{
    struct xstream_id id = ID(5, UINT64_MAX);
    CHECK(xstream_id_next(&id));
    CHECK_STR(id_text(id), "6-0");
    CHECK(xstream_id_prev(&id));
    CHECK_STR(id_text(id), "5-18446744073709551615");
    id = STREAM_ID_MAX;
    CHECK(!xstream_id_next(&id));
    CHECK_STR(id_text(id), "18446744073709551615-18446744073709551615");
    id = STREAM_ID_MIN;
    CHECK(!xstream_id_prev(&id));
}

TEST(ids_are_chosen_above_the_last)
{
    struct type_env env = env_of(0, 0);
    struct entry *e = make();
    struct xstream *s = xstream_of(e);
    struct xstream_id id;
    CHECK(xstream_choose_id(s, STREAM_ID_AUTO, 1000, STREAM_ID_MIN, &id));
    CHECK_STR(id_text(id), "1000-0");
    CHECK(xstream_choose_id(s, STREAM_ID_MS_ONLY, 1000, ID(0, 0), &id));
    CHECK_STR(id_text(id), "0-1");
    add(e, &env, ID(1000, 7), "f", "v");
    CHECK(xstream_choose_id(s, STREAM_ID_AUTO, 1000, STREAM_ID_MIN, &id));
    CHECK_STR(id_text(id), "1000-8");
    CHECK(xstream_choose_id(s, STREAM_ID_AUTO, 999, STREAM_ID_MIN, &id));
    CHECK_STR(id_text(id), "1000-8");
    CHECK(!xstream_choose_id(s, STREAM_ID_WHOLE, 2000, ID(1000, 7), &id));
    CHECK(!xstream_choose_id(s, STREAM_ID_MS_ONLY, 2000, ID(999, 0), &id));
    CHECK(xstream_choose_id(s, STREAM_ID_MS_ONLY, 2000, ID(1001, 0), &id));
    CHECK_STR(id_text(id), "1001-0");
    entry_free(e);
}

/* ---- bytes ---- */

static const struct listpack *first_pack(const struct entry *e)
{
    struct btree_cursor c;
    const struct xstream_node *node = btree_at(&xstream_of(e)->nodes, 0, &c);
    CHECK_PTR_NOT_NULL(node);
    return node->pack;
}

TEST(packs_have_the_bytes_of_the_public_format)
{
    static const unsigned char want[] =
        "\x3e\0\0\0\x18\0" /* bytes, entries */
        "\x02\x01\x01\x01\x01\x01\x81\x61\x02\x00\x01"
        "\x02\x01\x00\x01\x00\x01\x81x\x02\x04\x01"
        "\x03\x01\x01\x01\xdf\xff\x02\xdf\xff\x02\x04\x01"
        "\x00\x01\x01\x01\x02\x01\x02\x01\x81\x62\x02\x81x\x02\x81\x63\x02\x07\x01\x08\x01\xff";
    struct type_env env = env_of(4096, 100);
    struct entry *e = make();
    const struct slice other[] = { SLICE("b"), SLICE("x"), SLICE("c"), SLICE("7") };
    add(e, &env, ID(5, 1), "a", "x");
    add(e, &env, ID(6, 0), "a", "-1");
    CHECK_INT(xstream_append(xstream_of(e), &env, ID(6, 3), other, 4), 0);
    CHECK(xstream_delete(xstream_of(e), ID(6, 0)));
    struct slice got = listpack_slice(first_pack(e));
    CHECK_BYTES(got.ptr, got.len, want, sizeof(want) - 1);
    entry_free(e);
}

static struct slice pack_of_numbers(struct listpack **ret_pack, const int64_t *numbers, size_t n)
{
    struct listpack *pack = listpack_new();
    for (size_t i = 0; i < n; i++)
        pack = listpack_append_int(pack, numbers[i]);
    *ret_pack = pack;
    return listpack_slice(pack);
}

/* One field (9) in the master; each entry of flags, 0, 0, value, 4. */
TEST(packs_from_outside_must_agree_with_themselves)
{
    static const struct {
        int64_t numbers[16];
        size_t count;
        bool valid;
    } cases[] = {
        { { 1, 0, 1, 9, 0, 2, 0, 0, 7, 4 }, 10, true },
        { { 0, 1, 1, 9, 0, 3, 0, 0, 7, 4 }, 10, true },
        { { 0, 0, 0, 0 }, 4, true },
        { { 1, 0, 1, 9, 0, 0, 0, 0, 1, 9, 7, 6 }, 12, true },
        { { 2, 0, 1, 9, 0, 2, 0, 0, 7, 4 }, 10, false }, /* counts one more */
        { { 1, 1, 1, 9, 0, 2, 0, 0, 7, 4 }, 10, false }, /* a deleted one more */
        { { 1, 0, 1, 9, 0, 2, 0, 0, 7, 5 }, 10, false }, /* a wrong way back */
        { { 1, 0, 1, 9, 1, 2, 0, 0, 7, 4 }, 10, false }, /* no end of the master */
        { { 1, 0, 1, 9, 0, 2, 0, 0, 7 }, 9, false },     /* cut off */
        { { 1, 0, 8, 9, 0, 2, 0, 0, 7, 4 }, 10, false }, /* more fields than there are */
        { { 1, 0, -1, 9, 0, 2, 0, 0, 7, 4 }, 10, false },
        { { 1, 0, 1, 9, 0, 0, 0, 0, INT64_MAX, 9, 7, 6 }, 12, false },
        { { 1, 0, 1, 9, 0, 0, 0, 0, -1, 9, 7, 6 }, 12, false },
        { { 0 }, 0, false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct listpack *pack;
        struct slice bytes = pack_of_numbers(&pack, cases[i].numbers, cases[i].count);
        CHECK_INT(xstream_pack_is_valid(bytes), cases[i].valid);
        struct entry *e = make();
        CHECK_INT(xstream_add_pack(xstream_of(e), ID(1, 1), bytes), cases[i].valid ? 0 : -EINVAL);
        if (cases[i].valid) /* there is one of this ID */
            CHECK_INT(xstream_add_pack(xstream_of(e), ID(1, 1), bytes), -EINVAL);
        entry_free(e);
        listpack_free(pack);
    }
}

/* ---- what the peers compute ---- */

static void check_lag(struct entry *e, const struct xstream_group *g, int64_t want)
{
    int64_t lag = -1;
    bool known = xstream_group_lag(xstream_of(e), g, &lag);
    CHECK_INT(known ? lag : -1, want);
}

TEST(a_groups_lag_is_known_until_something_is_missing)
{
    struct type_env env = env_of(4096, 3);
    struct entry *e = make();
    struct xstream *s = xstream_of(e);
    struct xstream_group *g = xstream_group_add(s, SLICE("g"), STREAM_ID_MIN, -1);
    check_lag(e, g, 0);
    for (uint64_t ms = 1; ms <= 8; ms++)
        add(e, &env, ID(ms, 0), "f", "v");
    check_lag(e, g, 8);
    xstream_group_advance(s, g, ID(1, 0));
    CHECK_INT(g->entries_read, 1);
    xstream_group_advance(s, g, ID(2, 0));
    CHECK_INT(g->entries_read, 2);
    xstream_group_advance(s, g, ID(2, 0)); /* not twice */
    CHECK_INT(g->entries_read, 2);
    check_lag(e, g, 6);
    CHECK(xstream_delete(s, ID(5, 0)));
    check_lag(e, g, -1);
    xstream_group_advance(s, g, ID(3, 0));
    CHECK_INT(g->entries_read, STREAM_READ_UNKNOWN);
    xstream_group_advance(s, g, ID(8, 0));
    CHECK_INT(g->entries_read, 8);
    check_lag(e, g, 0);
    entry_free(e);
}

TEST(facts_follow_what_is_deleted)
{
    struct type_env env = env_of(4096, 3);
    struct entry *e = make();
    struct xstream *s = xstream_of(e);
    for (uint64_t ms = 1; ms <= 7; ms++)
        add(e, &env, ID(ms, 0), "f", "v");
    CHECK_UINT(xstream_pack_count(s), 3);
    CHECK(xstream_delete(s, ID(1, 0)));
    CHECK(!xstream_delete(s, ID(1, 0)));
    CHECK(!xstream_delete(s, ID(1, 1)));
    CHECK_STR(id_text(xstream_facts(s)->first), "2-0");
    CHECK_STR(id_text(xstream_facts(s)->max_deleted), "1-0");
    CHECK_STR(id_text(xstream_first_kept(s)), "1-0");
    CHECK(xstream_delete(s, ID(3, 0)));
    CHECK(xstream_delete(s, ID(2, 0)));
    CHECK_UINT(xstream_pack_count(s), 2);
    CHECK_STR(id_text(xstream_facts(s)->first), "4-0");
    const struct xstream_trim all = { .by = STREAM_TRIM_MAXLEN };
    CHECK_UINT(xstream_trim(s, &all), 4);
    CHECK_STR(id_text(xstream_facts(s)->first), "0-0");
    CHECK_STR(id_text(xstream_facts(s)->last), "7-0");
    CHECK_UINT(xstream_facts(s)->added, 7);
    add(e, &env, ID(9, 0), "f", "v");
    CHECK_STR(id_text(xstream_facts(s)->first), "9-0");
    entry_free(e);
}

TEST(trimming_minds_what_groups_know)
{
    struct type_env env = env_of(4096, 2);
    struct entry *e = make();
    struct xstream *s = xstream_of(e);
    for (uint64_t ms = 1; ms <= 6; ms++)
        add(e, &env, ID(ms, 0), "f", "v");
    struct xstream_group *g = xstream_group_add(s, SLICE("g"), ID(5, 0), -1);
    struct xstream_consumer *c = xstream_consumer_add(g, SLICE("c"), 0);
    xstream_pending_add(g, ID(2, 0), c, 0, 1);
    struct xstream_trim trim = { .by = STREAM_TRIM_MAXLEN,
                                 .length_max = 0,
                                 .refs = STREAM_REFS_ACKED };
    CHECK_UINT(xstream_trim(s, &trim), 4); /* 2-0 is pending, 6-0 was not read */
    CHECK(xstream_has(s, ID(2, 0)));
    CHECK(xstream_has(s, ID(6, 0)));
    CHECK_UINT(xstream_facts(s)->length, 2);
    trim.approximate = true;
    CHECK_UINT(xstream_trim(s, &trim), 0);
    trim.approximate = false;
    trim.refs = STREAM_REFS_DROP;
    CHECK_UINT(xstream_trim(s, &trim), 2);
    CHECK_UINT(btree_count(&g->pending), 0);
    CHECK_UINT(btree_count(&c->pending), 0);
    entry_free(e);
}

/* ---- a plain model ---- */

struct model_entry {
    struct xstream_id id;
    bool deleted;
    uint32_t seed; /* fields and values follow from it */
};

struct world {
    struct rand rand;
    struct type_env env;
    struct entry *e;
    struct xstream *s;
    struct model_entry entries[ENTRIES_MAX];
    size_t count, first; /* before `first` all are gone */
    uint64_t length;
};

struct pairs {
    struct slice slices[PAIRS_MAX];
    char bytes[PAIRS_MAX][80];
    size_t count;
};

static void pairs_of(uint32_t seed, struct pairs *ret)
{
    static const char *const names[] = { "f", "g", "12", "a-longer-name" };
    uint32_t kind = seed % 3;
    ret->count = 2 * (kind == 0 ? 1 + seed / 3 % 3 : 2);
    for (size_t i = 0; i < ret->count; i += 2) {
        ret->slices[i] = slice_str(names[kind == 0 ? (seed + i) % 4 : i / 2]);
        size_t len = seed % 7 == 0 ? seed / 7 % 80 : num_format_uint(ret->bytes[i], seed * i);
        if (seed % 7 == 0)
            memset(ret->bytes[i], 'x', len);
        ret->slices[i + 1] = slice_of(ret->bytes[i], len);
    }
}

static void op_append(struct world *w)
{
    if (w->count == ENTRIES_MAX)
        return;
    struct xstream_id id = w->count ? w->entries[w->count - 1].id : ID(0, 0);
    id = rand_below(&w->rand, 3) ? ID(id.ms + 1 + rand_below(&w->rand, 3), rand_below(&w->rand, 3))
                                 : ID(id.ms, id.seq + 1 + rand_below(&w->rand, 200));
    struct pairs pairs;
    uint32_t seed = (uint32_t)rand_below(&w->rand, 1000);
    pairs_of(seed, &pairs);
    CHECK_INT(xstream_append(w->s, &w->env, id, pairs.slices, pairs.count), 0);
    w->entries[w->count++] = (struct model_entry){ id, false, seed };
    w->length++;
}

static void op_delete(struct world *w)
{
    if (w->count == 0)
        return;
    struct model_entry *m = &w->entries[rand_below(&w->rand, w->count)];
    CHECK_INT(xstream_delete(w->s, m->id), !m->deleted);
    w->length -= !m->deleted;
    m->deleted = true;
}

static void op_trim_length(struct world *w)
{
    uint64_t some = rand_below(&w->rand, 30);
    struct xstream_trim trim = { .by = STREAM_TRIM_MAXLEN,
                                 .length_max = w->length - MIN_OF(w->length, some) };
    uint64_t gone = w->length - trim.length_max;
    CHECK_UINT(xstream_trim(w->s, &trim), gone);
    for (; w->length > trim.length_max; w->first++) {
        w->length -= !w->entries[w->first].deleted;
        w->entries[w->first].deleted = true;
    }
}

static void op_trim_id(struct world *w)
{
    if (w->count == w->first)
        return;
    size_t some = rand_below(&w->rand, 30);
    size_t at = MIN_OF(w->first + some, w->count - 1);
    struct xstream_trim trim = { .by = STREAM_TRIM_MINID, .min = w->entries[at].id };
    uint64_t gone = 0;
    for (; w->first < at; w->first++) {
        gone += !w->entries[w->first].deleted;
        w->entries[w->first].deleted = true;
    }
    CHECK_UINT(xstream_trim(w->s, &trim), gone);
    w->length -= gone;
}

/* Whole packs go: no more than asked for, and the oldest. */
static void op_trim_about(struct world *w)
{
    struct xstream_trim trim = { .by = STREAM_TRIM_MAXLEN,
                                 .approximate = true,
                                 .length_max = w->length / 2,
                                 .limit = rand_below(&w->rand, 20) };
    uint64_t gone = xstream_trim(w->s, &trim);
    CHECK(w->length - gone >= trim.length_max);
    CHECK(trim.limit == 0 || gone <= trim.limit);
    w->length -= gone;
    for (; gone > 0; w->first++) {
        gone -= !w->entries[w->first].deleted;
        w->entries[w->first].deleted = true;
    }
}

static void check_entry(struct xstream_iter *it, const struct model_entry *m)
{
    struct pairs pairs;
    pairs_of(m->seed, &pairs);
    CHECK_INT(xstream_id_compare(it->id, m->id), 0);
    CHECK_UINT(it->field_count, pairs.count / 2);
    for (size_t i = 0; i < pairs.count; i += 2) {
        struct slice field, value;
        char scratch[2 * STREAM_SCRATCH];
        if (i > 0 && m->seed % 5 == 0)
            return; /* what is not read must not matter */
        xstream_iter_pair(it, &field, &value, scratch);
        CHECK(slice_eq(field, pairs.slices[i]));
        CHECK(slice_eq(value, pairs.slices[i + 1]));
    }
}

static void check_range(struct world *w, struct xstream_id first, struct xstream_id last,
                        bool reverse)
{
    struct xstream_iter it;
    xstream_iter_init(&it, w->s, first, last, reverse);
    for (size_t i = 0; i < w->count; i++) {
        const struct model_entry *m = &w->entries[reverse ? w->count - 1 - i : i];
        if (m->deleted || xstream_id_compare(m->id, first) < 0 ||
            xstream_id_compare(m->id, last) > 0)
            continue;
        CHECK(xstream_iter_next(&it));
        check_entry(&it, m);
    }
    CHECK(!xstream_iter_next(&it));
}

static void op_range(struct world *w)
{
    uint64_t most = w->count ? w->entries[w->count - 1].id.ms + 2 : 2;
    struct xstream_id a = ID(rand_below(&w->rand, most), rand_below(&w->rand, 3));
    struct xstream_id b = ID(a.ms + rand_below(&w->rand, 20), rand_below(&w->rand, 300));
    check_range(w, a, b, rand_below(&w->rand, 2));
}

static void take_pack(void *arg, struct xstream_id id, const struct listpack *pack)
{
    CHECK_INT(xstream_add_pack(arg, id, listpack_slice(pack)), 0);
}

/* As a loader does it. */
static void op_rebuild(struct world *w)
{
    struct entry *e = make();
    xstream_each_pack(w->s, take_pack, xstream_of(e));
    CHECK_UINT(xstream_facts(xstream_of(e))->length, w->length);
    struct xstream_facts facts = *xstream_facts(w->s), found;
    facts.first = STREAM_ID_MIN;
    xstream_set_facts(xstream_of(e), &facts);
    found = *xstream_facts(xstream_of(e));
    CHECK_INT(xstream_id_compare(found.first, xstream_facts(w->s)->first), 0);
    entry_free(w->e);
    w->e = e;
    w->s = xstream_of(e);
}

static void op_copy(struct world *w)
{
    struct entry *copy = entry_copy(w->e, SLICE("other"), ENTRY_NO_EXPIRY);
    CHECK(entry_footprint(copy) > 0);
    entry_free(w->e);
    w->e = copy;
    w->s = xstream_of(copy);
}

static void check_world(struct world *w)
{
    const struct xstream_facts *f = xstream_facts(w->s);
    btree_verify(&w->s->nodes);
    CHECK_UINT(f->length, w->length);
    CHECK_UINT(f->added, w->count);
    check_range(w, STREAM_ID_MIN, STREAM_ID_MAX, false);
    check_range(w, STREAM_ID_MIN, STREAM_ID_MAX, true);
    size_t i = 0;
    while (i < w->count && w->entries[i].deleted)
        i++;
    CHECK_INT(xstream_id_compare(f->first, i < w->count ? w->entries[i].id : STREAM_ID_MIN), 0);
}

TEST(random_changes_agree_with_a_plain_model)
{
    static void (*const ops[])(struct world *) = {
        op_append, op_append, op_append, op_append, op_append, op_append, op_delete, op_delete,
        op_range,  op_range,  op_append, op_append, op_append, op_delete, op_append, op_append,
    };
    static void (*const rare[])(struct world *) = { op_trim_length, op_trim_id, op_trim_about,
                                                    op_rebuild, op_copy };
    static const int64_t entries_max[] = { 0, 1, 3, 10, 100 };
    struct world *w = mem_alloc(sizeof(*w));
    for (size_t n = 0; n < COUNT_OF(entries_max); n++) {
        *w = (struct world){ .env = env_of(n == 4 ? 300 : 4096, entries_max[n]), .e = make() };
        w->s = xstream_of(w->e);
        seed_rand(&w->rand);
        for (int round = 0; round < 1500; round++) {
            if (rand_below(&w->rand, 20) == 0)
                rare[rand_below(&w->rand, COUNT_OF(rare))](w);
            else
                ops[rand_below(&w->rand, COUNT_OF(ops))](w);
            if (round % 64 == 0)
                check_world(w);
        }
        check_world(w);
        entry_free(w->e);
    }
    mem_free(w);
}

/* ---- groups against a plain model ---- */

#define CONSUMERS 5
#define IDS 120

struct group_world {
    struct rand rand;
    struct entry *e;
    struct xstream_group *g;
    int owner[IDS]; /* -2: not pending, -1: nobody's */
    bool has[CONSUMERS];
};

static struct slice consumer_name(int i)
{
    static const char *const names[CONSUMERS] = { "", "c", "consumer-1", "consumer-10", "d" };
    return slice_str(names[i]);
}

static struct xstream_consumer *consumer_of(struct group_world *w, int i)
{
    if (i < 0)
        return NULL;
    struct xstream_consumer *c = xstream_consumer_find(w->g, consumer_name(i));
    CHECK_INT(c != NULL, w->has[i]);
    w->has[i] = true;
    return c ? c : xstream_consumer_add(w->g, consumer_name(i), 7);
}

static struct xstream_id nth_id(int n)
{
    return ID((uint64_t)n / 4, (uint64_t)n % 4);
}

static void check_groups(struct group_world *w)
{
    size_t pending = 0, of[CONSUMERS] = { 0 };
    for (int i = 0; i < IDS; i++) {
        struct xstream_pending *p = xstream_pending_find(&w->g->pending, nth_id(i));
        CHECK_INT(p != NULL, w->owner[i] != -2);
        if (!p)
            continue;
        pending++;
        CHECK_PTR(p->consumer, consumer_of(w, w->owner[i]));
        if (w->owner[i] >= 0) {
            of[w->owner[i]]++;
            CHECK_PTR(xstream_pending_find(&p->consumer->pending, nth_id(i)), p);
        }
    }
    CHECK_UINT(btree_count(&w->g->pending), pending);
    for (int i = 0; i < CONSUMERS; i++) {
        if (w->has[i])
            CHECK_UINT(btree_count(&consumer_of(w, i)->pending), of[i]);
    }
}

static void change_group(struct group_world *w)
{
    int i = (int)rand_below(&w->rand, IDS), to = (int)rand_below(&w->rand, CONSUMERS + 1) - 1;
    struct xstream_pending *p = xstream_pending_find(&w->g->pending, nth_id(i));
    unsigned kind = (unsigned)rand_below(&w->rand, 40);
    if (kind == 0 && to >= 0 && w->has[to]) {
        xstream_consumer_remove(w->g, consumer_of(w, to));
        w->has[to] = false;
        for (int n = 0; n < IDS; n++)
            w->owner[n] = w->owner[n] == to ? -2 : w->owner[n];
    } else if (kind < 10) {
        CHECK_INT(xstream_pending_remove(w->g, nth_id(i)), w->owner[i] != -2);
        w->owner[i] = -2;
    } else if (p) {
        xstream_pending_give(p, nth_id(i), consumer_of(w, to));
        w->owner[i] = to;
    } else {
        xstream_pending_add(w->g, nth_id(i), consumer_of(w, to), 5, 1);
        w->owner[i] = to;
    }
}

TEST(what_is_pending_agrees_with_a_plain_model)
{
    struct group_world w = { .e = make() };
    seed_rand(&w.rand);
    w.g = xstream_group_add(xstream_of(w.e), SLICE("group"), STREAM_ID_MIN, 0);
    CHECK_PTR_NULL(xstream_group_add(xstream_of(w.e), SLICE("group"), STREAM_ID_MIN, 0));
    for (int i = 0; i < IDS; i++)
        w.owner[i] = -2;
    for (int round = 0; round < 4000; round++) {
        change_group(&w);
        if (round % 200 == 0)
            check_groups(&w);
        if (round % 500 == 0) {
            struct entry *copy = entry_copy(w.e, SLICE("copy"), ENTRY_NO_EXPIRY);
            entry_free(w.e);
            w.e = copy;
            w.g = xstream_group_find(xstream_of(copy), SLICE("group"));
        }
    }
    check_groups(&w);
    entry_free(w.e);
}

TEST(groups_stand_in_the_order_of_their_names)
{
    static const char *const names[] = { "z", "a", "ab", "", "12345678", "123456789", "12345678a" };
    static const char *const sorted[] = {
        "", "12345678", "123456789", "12345678a", "a", "ab", "z"
    };
    struct entry *e = make();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        CHECK_PTR_NOT_NULL(xstream_group_add(xstream_of(e), slice_str(names[i]), ID(1, 1), 5));
    struct btree_cursor c;
    const struct xstream_group *g = btree_at(xstream_groups(xstream_of(e)), 0, &c);
    for (size_t i = 0; i < COUNT_OF(sorted); i++, g = btree_next(&c))
        CHECK_BYTES(g->name.ptr, g->name.len, sorted[i], strlen(sorted[i]));
    CHECK_PTR_NULL(g);
    xstream_group_remove(xstream_of(e), xstream_group_find(xstream_of(e), SLICE("ab")));
    CHECK_PTR_NULL(xstream_group_find(xstream_of(e), SLICE("ab")));
    entry_free(e);
}
