/* The layout of entries at every size where something changes. */
#include "types/entry.h"

#include "base/mem.h"
#include "tests/unit/check.h"
#include "types/string.h"

static const size_t key_lens[] = { 0, 1, 16, 254, 255, 256, 70000 };
static const size_t value_lens[] = { 0,
                                     1,
                                     43,
                                     44,
                                     45,
                                     254,
                                     255,
                                     256,
                                     STRING_IN_PLACE_MAX - 1,
                                     STRING_IN_PLACE_MAX,
                                     STRING_IN_PLACE_MAX + 1,
                                     BLOB_MIN - 1,
                                     BLOB_MIN,
                                     BLOB_MIN + 1,
                                     70000 };
static const int64_t times[] = { ENTRY_NO_EXPIRY, 0, 1700000000000, INT64_MAX };

#define TEXT_LEN_MAX 70000

/* Text that is no number, different for each `salt`. */
static struct slice text(char *room, size_t len, char salt)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (char)('a' + (i * 7 + (size_t)salt) % 26);
    return slice_of(room, len);
}

static void check_slice(struct slice got, struct slice want)
{
    CHECK_BYTES(got.ptr, got.len, want.ptr, want.len);
}

static void check_entry(const struct entry *e, struct slice key, struct slice value, int64_t when)
{
    char scratch[NUM_INT_MAX_CHARS];
    CHECK_INT(entry_type(e), TYPE_STRING);
    check_slice(entry_key(e), key);
    check_slice(string_bytes(e, scratch), value);
    CHECK_UINT(string_len(e), value.len);
    CHECK_INT(entry_expiry(e), when);
}

struct sample {
    struct slice key, other_key, value;
    int64_t when;
};

/* Calls `fn` for every combination of lengths and times. */
static void each_sample(void (*fn)(const struct sample *s))
{
    static char key[TEXT_LEN_MAX], other[TEXT_LEN_MAX], value[TEXT_LEN_MAX];
    for (size_t k = 0; k < COUNT_OF(key_lens); k++)
        for (size_t v = 0; v < COUNT_OF(value_lens); v++)
            for (size_t t = 0; t < COUNT_OF(times); t++)
                fn(&(struct sample){ .key = text(key, key_lens[k], 1),
                                     .other_key = text(other, key_lens[(k * 3 + v + t) % 7], 5),
                                     .value = text(value, value_lens[v], 2),
                                     .when = times[t] });
}

static void check_made(const struct sample *s)
{
    struct entry *e = string_new(s->key, s->value, s->when);
    check_entry(e, s->key, s->value, s->when);
    CHECK_INT(entry_encoding(e),
              s->value.len > STRING_IN_PLACE_MAX ? ENCODING_BLOB : ENCODING_BYTES);
    CHECK_STR(entry_encoding_name(e), s->value.len > 44 ? "raw" : "embstr");
    CHECK_UINT(entry_lru(e), 0);
    entry_free(e);
}

TEST(an_entry_gives_back_what_it_was_made_of)
{
    each_sample(check_made);
}

static void check_expiry(const struct sample *s)
{
    struct entry *e = string_new(s->key, s->value, ENTRY_NO_EXPIRY);
    entry_set_lru(e, 0xabcdef);
    for (size_t t = 0; t < COUNT_OF(times); t++) {
        e = entry_set_expiry(e, s->when);
        check_entry(e, s->key, s->value, s->when);
        e = entry_set_expiry(e, times[t]);
        check_entry(e, s->key, s->value, times[t]);
    }
    CHECK_UINT(entry_lru(e), 0xabcdef);
    entry_free(e);
}

TEST(expiry_comes_and_goes_without_touching_the_rest)
{
    each_sample(check_expiry);
}

static void check_copies(const struct sample *s)
{
    struct entry *e = string_new(s->key, s->value, s->when);
    entry_set_lru(e, ENTRY_LRU_MAX);
    struct entry *copy = entry_copy(e, s->other_key, 77);
    struct entry *plain = entry_copy(e, s->key, ENTRY_NO_EXPIRY);
    check_entry(copy, s->other_key, s->value, 77);
    check_entry(plain, s->key, s->value, ENTRY_NO_EXPIRY);
    CHECK_UINT(entry_lru(copy), 0);
    CHECK_PTR(string_blob(copy), string_blob(e)); /* shared, or NULL both */

    e = entry_rename(e, s->other_key);
    check_entry(e, s->other_key, s->value, s->when);
    CHECK_UINT(entry_lru(e), ENTRY_LRU_MAX);
    entry_free(e);
    check_entry(copy, s->other_key, s->value, 77);
    entry_free(copy);
    check_entry(plain, s->key, s->value, ENTRY_NO_EXPIRY);
    entry_free(plain);
}

TEST(copies_and_renamed_entries_have_the_value)
{
    each_sample(check_copies);
}

TEST(copies_keep_encoding_and_flags)
{
    char *bytes;
    struct entry *number = string_new(SLICE("k"), SLICE("12"), ENTRY_NO_EXPIRY);
    struct entry *opened = string_open(string_new(SLICE("k"), SLICE("ab"), 5), 3, &bytes);
    struct entry *number_copy = entry_copy(number, SLICE("other"), ENTRY_NO_EXPIRY);
    struct entry *opened_copy = entry_copy(opened, SLICE("other"), ENTRY_NO_EXPIRY);
    CHECK_STR(entry_encoding_name(number_copy), "int");
    CHECK_STR(entry_encoding_name(opened_copy), "raw");
    entry_free(number);
    entry_free(opened);
    entry_free(number_copy);
    entry_free(opened_copy);
}

/* The sizes that the layout was made for. */
TEST(small_entries_take_the_blocks_that_they_should)
{
    struct slice key = SLICE("0123456789abcdef");
    char value[100];
    static const struct {
        size_t value_len;
        int64_t when;
        size_t size;
    } rows[] = {
        { 8, ENTRY_NO_EXPIRY, 32 },
        { 32, ENTRY_NO_EXPIRY, 56 },
        { 100, ENTRY_NO_EXPIRY, 124 },
        { 32, 1, 64 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct entry *e = string_new(key, text(value, rows[i].value_len, 1), rows[i].when);
        CHECK_UINT(entry_footprint(e), mem_size_class(rows[i].size));
        CHECK_UINT(mem_block_size(e), mem_size_class(rows[i].size));
        entry_free(e);
    }
    struct entry *number = string_new_int(key, 1234567, ENTRY_NO_EXPIRY);
    CHECK_UINT(entry_footprint(number), mem_size_class(32));
    entry_free(number);
}

TEST(the_footprint_includes_the_blob_and_big_ones_are_work_to_free)
{
    size_t len = (size_t)8 << 20;
    char *room = mem_alloc(len);
    memset(room, 'x', len);
    struct entry *big = string_new(SLICE("k"), slice_of(room, len), ENTRY_NO_EXPIRY);
    struct entry *small = string_new(SLICE("k"), slice_of(room, 1000), ENTRY_NO_EXPIRY);
    CHECK(entry_footprint(big) >= len + 17);
    CHECK(entry_free_effort(big) > 100);
    CHECK(entry_footprint(small) >= 1009);
    CHECK_UINT(entry_free_effort(small), 1);
    entry_free(big);
    entry_free(small);
    mem_free(room);
}

TEST(types_have_the_names_that_clients_know)
{
    CHECK_STR(entry_type_name(TYPE_STRING), "string");
    CHECK_STR(entry_type_name(TYPE_ZSET), "zset");
    CHECK_STR(entry_type_name(TYPE_STREAM), "stream");
}
