/* The listpack: bytes as a peer writes them, and against a plain model under random operations. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "ds/listpack.h"

/* ---- bytes ---- */

/* Values and the entries that redis-server 7.0 makes of them. */
#define TEXT_63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct peer_row {
    struct slice value, entry;
} peer_rows[] = {
    { SLICE("0"), SLICE("\x00\x01") },
    { SLICE("1"), SLICE("\x01\x01") },
    { SLICE("127"), SLICE("\x7f\x01") },
    { SLICE("128"), SLICE("\xc0\x80\x02") },
    { SLICE("-1"), SLICE("\xdf\xff\x02") },
    { SLICE("4095"), SLICE("\xcf\xff\x02") },
    { SLICE("4096"), SLICE("\xf1\x00\x10\x03") },
    { SLICE("-4096"), SLICE("\xd0\x00\x02") },
    { SLICE("-4097"), SLICE("\xf1\xff\xef\x03") },
    { SLICE("32767"), SLICE("\xf1\xff\x7f\x03") },
    { SLICE("32768"), SLICE("\xf2\x00\x80\x00\x04") },
    { SLICE("-32768"), SLICE("\xf1\x00\x80\x03") },
    { SLICE("-32769"), SLICE("\xf2\xff\x7f\xff\x04") },
    { SLICE("8388607"), SLICE("\xf2\xff\xff\x7f\x04") },
    { SLICE("8388608"), SLICE("\xf3\x00\x00\x80\x00\x05") },
    { SLICE("-8388608"), SLICE("\xf2\x00\x00\x80\x04") },
    { SLICE("-8388609"), SLICE("\xf3\xff\xff\x7f\xff\x05") },
    { SLICE("2147483647"), SLICE("\xf3\xff\xff\xff\x7f\x05") },
    { SLICE("2147483648"), SLICE("\xf4\x00\x00\x00\x80\x00\x00\x00\x00\x09") },
    { SLICE("-2147483648"), SLICE("\xf3\x00\x00\x00\x80\x05") },
    { SLICE("-2147483649"), SLICE("\xf4\xff\xff\xff\x7f\xff\xff\xff\xff\x09") },
    { SLICE("9223372036854775807"), SLICE("\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09") },
    { SLICE("-9223372036854775808"), SLICE("\xf4\x00\x00\x00\x00\x00\x00\x00\x80\x09") },
    { SLICE(""), SLICE("\x80\x01") },
    { SLICE("a"), SLICE("\x81\x61\x02") },
    { SLICE("01"), SLICE("\x82\x30\x31\x03") },
    { SLICE("-0"), SLICE("\x82\x2d\x30\x03") },
    { SLICE("9223372036854775808"), SLICE("\x93"
                                          "9223372036854775808\x14") },
    { SLICE(TEXT_63), SLICE("\xbf" TEXT_63 "\x40") },
    { SLICE(TEXT_63 "x"), SLICE("\xe0\x40" TEXT_63 "x\x42") },
};

TEST(every_value_has_the_bytes_that_a_peer_gives_it)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct listpack *all = listpack_new();
    CHECK_SLICE(listpack_slice(all), "\x07\0\0\0\0\0\xff");
    for (size_t i = 0; i < COUNT_OF(peer_rows); i++) {
        const struct peer_row *row = &peer_rows[i];
        struct listpack *lp = listpack_append(listpack_new(), row->value);
        struct slice bytes = listpack_slice(lp);
        CHECK_BYTES(bytes.ptr + 6, bytes.len - 7, row->entry.ptr, row->entry.len);
        CHECK_UINT(listpack_entry_bytes(row->value), row->entry.len);
        all = listpack_append(all, row->value);
        struct slice text = listpack_text(all, listpack_last(all), scratch);
        CHECK_BYTES(text.ptr, text.len, row->value.ptr, row->value.len);
        listpack_free(lp);
    }
    CHECK_UINT(listpack_count(all), COUNT_OF(peer_rows));
    CHECK_UINT(listpack_bytes(all), 291);
    CHECK(listpack_is_valid(listpack_slice(all)));
    listpack_free(all);
}

/* The last bytes of one string of `len`, before the end's byte. */
static void check_back(size_t len, const char *want, size_t want_len)
{
    char *text = mem_zalloc(len);
    struct listpack *lp = listpack_append(listpack_new(), slice_of(text, len));
    struct slice bytes = listpack_slice(lp);
    CHECK_BYTES(bytes.ptr + bytes.len - 1 - want_len, want_len, want, want_len);
    CHECK_UINT(listpack_last(lp), 6);
    CHECK_UINT(listpack_entry_bytes(slice_of(text, len)), bytes.len - 7);
    CHECK(listpack_is_valid(bytes));
    listpack_free(lp);
    mem_free(text);
}

TEST(the_back_length_grows_where_the_format_says)
{
    check_back(125, "\0\x7f", 2);
    check_back(126, "\0\x01\x80", 3);
    check_back(16377, "\0\x7f\xfe", 3);
    check_back(16378, "\0\x00\xff\xff", 4);
    check_back(2097145, "\0\x7f\xff\xfe", 4);
    check_back(2097146, "\0\x00\xff\xff\xff", 5);
}

/* ---- the model ---- */

#define MODEL_MAX 300

struct world {
    struct listpack *lp;
    struct rand rand;
    size_t count;
    struct slice values[MODEL_MAX]; /* each owns its bytes */
};

static void world_init(struct world *w)
{
    const char *given = getenv("TARN_SEED");
    *w = (struct world){ .lp = listpack_new() };
    rand_seed_random(&w->rand);
    uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&w->rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    rand_seed(&w->rand, seed);
}

static struct slice keep(struct slice value)
{
    char *bytes = mem_alloc(value.len + 1);
    if (value.len)
        memcpy(bytes, value.ptr, value.len);
    return slice_of(bytes, value.len);
}

static void drop(struct slice value)
{
    mem_free((void *)(uintptr_t)value.ptr);
}

static void world_done(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        drop(w->values[i]);
    listpack_free(w->lp);
}

static void model_insert(struct world *w, size_t index, struct slice value)
{
    memmove(w->values + index + 1, w->values + index, (w->count - index) * sizeof(value));
    w->values[index] = keep(value);
    w->count++;
}

static void model_delete(struct world *w, size_t index, size_t count)
{
    for (size_t i = index; i < index + count; i++)
        drop(w->values[i]);
    w->count -= count;
    memmove(w->values + index, w->values + index + count,
            (w->count - index) * sizeof(w->values[0]));
}

/* A number of any width, near its limits, or a string on both sides of the format's. */
static struct slice draw_value(struct world *w, char *scratch)
{
    static const size_t lens[] = { 0, 1, 5, 62, 63, 64, 65, 125, 126, 127, 4095, 4096, 16380 };
    if (rand_below(&w->rand, 2)) {
        uint64_t bits = UINT64_MAX >> rand_below(&w->rand, 64);
        int64_t number = (int64_t)(bits + rand_below(&w->rand, 5) - 2);
        if (rand_below(&w->rand, 2))
            number = (int64_t)(rand_next(&w->rand) & bits);
        if (rand_below(&w->rand, 2))
            number = (int64_t)(0 - (uint64_t)number);
        return slice_of(scratch, num_format_int(scratch, number));
    }
    size_t kinds = rand_below(&w->rand, 4) ? 9 : COUNT_OF(lens);
    size_t len = lens[rand_below(&w->rand, kinds)];
    memset(scratch, (int)('a' + rand_below(&w->rand, 3)), len);
    return slice_of(scratch, len);
}

#define VALUE_MAX 16384

static size_t place_of(const struct world *w, size_t index)
{
    return index == w->count ? LISTPACK_NONE : listpack_seek(w->lp, (int64_t)index);
}

static void op_insert(struct world *w)
{
    char scratch[VALUE_MAX];
    int64_t number;
    if (w->count == MODEL_MAX)
        return;
    struct slice value = draw_value(w, scratch);
    size_t index = rand_below(&w->rand, w->count + 1);
    bool as_int = num_parse_int(value, &number) && rand_below(&w->rand, 2);
    if (as_int && index == 0)
        w->lp = listpack_prepend_int(w->lp, number);
    else if (as_int && index == w->count)
        w->lp = listpack_append_int(w->lp, number);
    else if (as_int)
        w->lp = listpack_insert_int(w->lp, place_of(w, index), number);
    else if (index == 0)
        w->lp = listpack_prepend(w->lp, value);
    else if (rand_below(&w->rand, 2))
        w->lp = listpack_insert_after(w->lp, place_of(w, index - 1), value);
    else
        w->lp = listpack_insert(w->lp, place_of(w, index), value);
    model_insert(w, index, value);
}

static void op_replace(struct world *w)
{
    char scratch[VALUE_MAX];
    int64_t number;
    if (w->count == 0)
        return;
    struct slice value = draw_value(w, scratch);
    size_t index = rand_below(&w->rand, w->count);
    if (num_parse_int(value, &number) && rand_below(&w->rand, 2))
        w->lp = listpack_replace_int(w->lp, place_of(w, index), number);
    else
        w->lp = listpack_replace(w->lp, place_of(w, index), value);
    drop(w->values[index]);
    w->values[index] = keep(value);
}

static void op_delete(struct world *w)
{
    if (w->count == 0)
        return;
    size_t index = rand_below(&w->rand, w->count);
    size_t asked = rand_below(&w->rand, 4) ? 1 : rand_below(&w->rand, 12);
    size_t count = MIN_OF(asked, w->count - index);
    if (rand_below(&w->rand, 2)) {
        size_t at = place_of(w, index);
        w->lp = listpack_delete(w->lp, at, asked);
        CHECK(listpack_at_end(w->lp, at) == (index + count == w->count));
    } else {
        int64_t from_end = (int64_t)index - (int64_t)w->count;
        w->lp = listpack_delete_range(w->lp, from_end, asked);
    }
    model_delete(w, index, count);
}

static void op_append_all(struct world *w)
{
    if (rand_below(&w->rand, 20) || w->count > MODEL_MAX / 2)
        return;
    struct listpack *same = listpack_copy(w->lp);
    w->lp = listpack_append_all(w->lp, same);
    listpack_free(same);
    for (size_t i = 0, count = w->count; i < count; i++)
        model_insert(w, count + i, w->values[i]);
}

static void op_clear(struct world *w)
{
    if (rand_below(&w->rand, 100))
        return;
    w->lp = listpack_clear(w->lp);
    model_delete(w, 0, w->count);
}

static void op_find(struct world *w)
{
    char scratch[VALUE_MAX];
    struct slice value = draw_value(w, scratch);
    size_t skip = rand_below(&w->rand, 3), from = rand_below(&w->rand, w->count + 1);
    if (w->count && rand_below(&w->rand, 2))
        value = w->values[rand_below(&w->rand, w->count)];
    size_t want = from;
    while (want < w->count && !slice_eq(w->values[want], value))
        want += skip + 1;
    size_t found = listpack_find(w->lp, place_of(w, from), value, skip);
    CHECK_UINT(found, want < w->count ? place_of(w, want) : LISTPACK_NONE);
}

static void op_from_bytes(struct world *w)
{
    if (rand_below(&w->rand, 10))
        return;
    struct listpack *again = listpack_from_bytes(listpack_slice(w->lp));
    CHECK_PTR_NOT_NULL(again);
    listpack_free(w->lp);
    w->lp = again;
}

static void check_entry(const struct world *w, size_t at, size_t index)
{
    char scratch[NUM_INT_MAX_CHARS];
    int64_t number, want = 0;
    struct slice value = w->values[index], text = listpack_text(w->lp, at, scratch);
    CHECK_BYTES(text.ptr, text.len, value.ptr, value.len);
    CHECK(listpack_equals(w->lp, at, value));
    CHECK(!listpack_equals(w->lp, at, SLICE("other")));
    bool is_int = num_parse_int(value, &want);
    CHECK(listpack_int(w->lp, at, &number) == is_int);
    struct listpack_value got = listpack_get(w->lp, at);
    CHECK(!got.text.ptr == is_int);
    if (is_int) {
        CHECK_INT(number, want);
        CHECK_INT(got.number, want);
    }
}

static void check_world(const struct world *w)
{
    CHECK(listpack_is_valid(listpack_slice(w->lp)));
    CHECK_UINT(listpack_count(w->lp), w->count);
    size_t at = listpack_first(w->lp), index = 0;
    for (; at != LISTPACK_NONE; at = listpack_next(w->lp, at), index++)
        check_entry(w, at, index);
    CHECK_UINT(index, w->count);
    for (at = listpack_last(w->lp); at != LISTPACK_NONE; at = listpack_prev(w->lp, at)) {
        index--;
        CHECK_UINT(at, listpack_seek(w->lp, (int64_t)index));
        CHECK_UINT(at, listpack_seek(w->lp, (int64_t)index - (int64_t)w->count));
    }
    CHECK_UINT(index, 0);
    CHECK_UINT(listpack_seek(w->lp, (int64_t)w->count), LISTPACK_NONE);
    CHECK_UINT(listpack_seek(w->lp, -1 - (int64_t)w->count), LISTPACK_NONE);
}

TEST(random_operations_agree_with_a_plain_model)
{
    static void (*const ops[])(struct world *) = {
        op_insert, op_insert,     op_insert, op_replace, op_delete,
        op_find,   op_append_all, op_clear,  op_find,    op_from_bytes,
    };
    struct world w;
    world_init(&w);
    for (int round = 0; round < 6000; round++) {
        ops[rand_below(&w.rand, COUNT_OF(ops))](&w);
        if (round % 32 == 0)
            check_world(&w);
    }
    check_world(&w);
    world_done(&w);
}

/* ---- the rest ---- */

TEST(more_entries_than_the_header_counts_are_counted)
{
    struct listpack *lp = listpack_new();
    for (int i = 0; i < 65534; i++)
        lp = listpack_append_int(lp, i % 100);
    CHECK_UINT(listpack_count(lp), 65534);
    lp = listpack_append_int(lp, 7);
    CHECK_UINT(listpack_count(lp), 65535);
    CHECK_BYTES(listpack_slice(lp).ptr + 4, 2, "\xff\xff", 2);
    lp = listpack_append_int(lp, 8);
    CHECK_UINT(listpack_count(lp), 65536);
    CHECK(listpack_is_valid(listpack_slice(lp)));
    lp = listpack_delete_range(lp, -3, 2);
    CHECK_UINT(listpack_count(lp), 65534);
    CHECK_BYTES(listpack_slice(lp).ptr + 4, 2, "\xfe\xff", 2);
    listpack_free(lp);
}

TEST(random_entries_are_those_of_the_step)
{
    struct rand rand;
    bool seen[10] = { false };
    struct listpack *lp = listpack_new();
    rand_seed(&rand, 1);
    CHECK_UINT(listpack_random(lp, &rand, 2), LISTPACK_NONE);
    for (int i = 0; i < 10; i++)
        lp = listpack_append_int(lp, i);
    for (int i = 0; i < 300; i++) {
        int64_t value = -1;
        CHECK(listpack_int(lp, listpack_random(lp, &rand, 2), &value));
        seen[value] = true;
    }
    for (int i = 0; i < 10; i++)
        CHECK_INT(seen[i], i % 2 == 0);
    listpack_free(lp);
}

TEST(a_foreign_number_kept_as_text_is_found)
{
    /* "5" as a string, and 5 in eight bytes; the header does not count. */
    struct slice bytes = SLICE("\x14\0\0\0\xff\xff\x81"
                               "5\x02\xf4\x05\0\0\0\0\0\0\0\x09\xff");
    struct listpack *lp = listpack_from_bytes(bytes);
    int64_t number = 0;
    CHECK_PTR_NOT_NULL(lp);
    CHECK_UINT(listpack_count(lp), 2);
    CHECK_UINT(listpack_find(lp, listpack_first(lp), SLICE("5"), 0), listpack_first(lp));
    CHECK_UINT(listpack_find(lp, listpack_last(lp), SLICE("5"), 0), listpack_last(lp));
    CHECK(listpack_int(lp, listpack_first(lp), &number));
    CHECK_INT(number, 5);
    listpack_free(lp);
}

TEST(bytes_that_are_no_listpack_are_refused)
{
    static const struct slice bad[] = {
        SLICE(""),
        SLICE("\x07\0\0\0\0\0"),                   /* no end */
        SLICE("\x07\0\0\0\0\0\xfe"),               /* another end */
        SLICE("\x08\0\0\0\0\0\xff"),               /* longer than it is */
        SLICE("\x06\0\0\0\0\xff"),                 /* shorter than can be */
        SLICE("\x07\0\0\0\x01\0\xff"),             /* counts more */
        SLICE("\x09\0\0\0\0\0\x01\x01\xff"),       /* counts fewer */
        SLICE("\x09\0\0\0\x01\0\x01\x02\xff"),     /* back-length is not its size */
        SLICE("\x0a\0\0\0\x01\0\x01\x01\x80\xff"), /* nor of its width */
        SLICE("\x0a\0\0\0\x01\0\x82\x61\x02\xff"), /* a string over the end */
        SLICE("\x09\0\0\0\x01\0\xf0\xff\xff"),     /* a head over the end */
        SLICE("\x0d\0\0\0\x01\0\xf0\xff\xff\xff\xff\x05\xff"),
        SLICE("\x09\0\0\0\x01\0\xf5\x01\xff"), /* nothing begins so */
        SLICE("\x09\0\0\0\x01\0\xff\x01\xff"), /* an end before the end */
    };
    CHECK(listpack_is_valid(SLICE("\x07\0\0\0\0\0\xff")));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!listpack_is_valid(bad[i]));
        CHECK_PTR_NULL(listpack_from_bytes(bad[i]));
    }
}

TEST(every_prefix_and_every_changed_byte_is_refused_or_can_be_walked)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < COUNT_OF(peer_rows); i++)
        lp = listpack_append(lp, peer_rows[i].value);
    size_t len = listpack_bytes(lp);
    for (size_t cut = 0; cut < len; cut++)
        CHECK(!listpack_is_valid(slice_of(listpack_slice(lp).ptr, cut)));
    for (size_t i = 0; i < len * 8; i++) {
        char *bytes = mem_alloc(len);
        memcpy(bytes, lp, len);
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
        struct listpack *changed = listpack_from_bytes(slice_of(bytes, len));
        for (int64_t index = 0; changed && index < (int64_t)COUNT_OF(peer_rows); index++)
            CHECK(listpack_seek(changed, index) != LISTPACK_NONE);
        listpack_free(changed);
        mem_free(bytes);
    }
    listpack_free(lp);
}

TEST(room_is_asked_for_before_a_value_is_added)
{
    struct listpack *lp = listpack_new();
    CHECK(listpack_has_room(lp, LISTPACK_BYTES_MAX - 17));
    CHECK(!listpack_has_room(lp, LISTPACK_BYTES_MAX - 16));
    CHECK(!listpack_has_room(lp, SIZE_MAX));
    listpack_free(lp);
}

/* Entries e0, e1 ... in every `step`th place, with the same text between them. */
static struct listpack *numbered(size_t count, size_t step)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < count; i++) {
        char text[24];
        const int len = snprintf(text, sizeof(text), i % 3 ? "e%zu" : "%zu", i);
        lp = listpack_append(lp, slice_of(text, (size_t)len));
        for (size_t j = 1; j < step; j++)
            lp = listpack_append(lp, SLICE("value"));
    }
    return lp;
}

TEST(what_is_in_it_twice_is_found)
{
    static const struct hash_key key = { 1, 2 };
    static const size_t counts[] = { 1, 2, 7, 8, 9, 16, 17, 100, 511, 512, 513, 2000 };
    for (size_t step = 1; step <= 3; step++) {
        for (size_t i = 0; i < COUNT_OF(counts); i++) {
            struct listpack *lp = numbered(counts[i], step);
            CHECK(listpack_all_differ(lp, step, &key));
            CHECK(step == 1 || counts[i] == 1 || !listpack_all_differ(lp, 1, &key));
            lp = listpack_append(lp, SLICE("0"));
            CHECK(!listpack_all_differ(lp, step, &key));
            listpack_free(lp);
            lp = listpack_append(numbered(counts[i], step), SLICE("e1"));
            CHECK_INT(listpack_all_differ(lp, step, &key), counts[i] == 1);
            listpack_free(lp);
        }
    }
}

/* As nobody writes it, but anybody may send it. */
TEST(a_number_equals_its_text_and_its_longer_encodings)
{
    static const struct hash_key key = { 1, 2 };
    static const char twice[] = "\x0e\0\0\0\x02\0\x81"
                                "5\x02\xf1\x05\0\x03\xff";
    struct listpack *lp = listpack_from_bytes(slice_of(twice, sizeof(twice) - 1));
    CHECK_PTR_NOT_NULL(lp);
    CHECK(!listpack_all_differ(lp, 1, &key));
    for (int i = 0; i < 20; i++) {
        CHECK(!listpack_all_differ(lp, 1, &key));
        lp = listpack_append_int(lp, 100 + i);
    }
    listpack_free(lp);
    lp = listpack_append(listpack_append_int(listpack_new(), 0x6161616161616161),
                         SLICE("aaaaaaaa"));
    lp = listpack_append(lp, SLICE(""));
    CHECK(listpack_all_differ(lp, 1, &key));
    for (int i = 0; i < 20; i++)
        lp = listpack_append_int(lp, 100 + i);
    CHECK(listpack_all_differ(lp, 1, &key));
    listpack_free(lp);
}
