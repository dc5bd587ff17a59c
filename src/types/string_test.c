/* Strings: encodings, and random changes against a plain model. */
#include "types/string.h"

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

static struct entry *make(const char *value)
{
    return string_new(SLICE("key"), slice_str(value), ENTRY_NO_EXPIRY);
}

TEST(canonical_integers_are_kept_as_numbers)
{
    static const char *const numbers[] = {
        "0", "1", "-1", "10", "12345", "9223372036854775807", "-9223372036854775808"
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct entry *e = make(numbers[i]);
        char scratch[NUM_INT_MAX_CHARS];
        struct slice got = string_bytes(e, scratch);
        CHECK_STR(entry_encoding_name(e), "int");
        CHECK_BYTES(got.ptr, got.len, numbers[i], strlen(numbers[i]));
        CHECK_UINT(string_len(e), strlen(numbers[i]));
        entry_free(e);
    }
}

TEST(other_text_is_not_kept_as_a_number)
{
    static const char *const texts[] = { "",
                                         "-",
                                         "+1",
                                         "01",
                                         "-0",
                                         "1 ",
                                         " 1",
                                         "1.0",
                                         "0x10",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "99999999999999999999" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct entry *e = make(texts[i]);
        int64_t value;
        CHECK_STR(entry_encoding_name(e), "embstr");
        CHECK(!string_as_int(e, &value));
        entry_free(e);
    }
}

TEST(numbers_are_read_from_every_form)
{
    int64_t value = 0;
    char *bytes;
    struct entry *e = make("41");
    CHECK(string_as_int(e, &value));
    CHECK_INT(value, 41);
    e = string_open(e, 0, &bytes);
    bytes[1] = '2';
    CHECK_STR(entry_encoding_name(e), "raw");
    CHECK(string_as_int(e, &value));
    CHECK_INT(value, 42);
    e = string_set_text(e, SLICE("43"));
    CHECK_STR(entry_encoding_name(e), "embstr");
    CHECK(string_as_int(e, &value));
    CHECK_INT(value, 43);
    e = string_open(e, STRING_IN_PLACE_MAX + 1, &bytes);
    CHECK(!string_as_int(e, &value));
    e = string_set_int(e, -7);
    CHECK_STR(entry_encoding_name(e), "int");
    CHECK(string_as_int(e, &value));
    CHECK_INT(value, -7);
    entry_free(e);
}

TEST(a_value_of_the_same_class_stays_in_its_block)
{
    char value[32];
    memset(value, 'x', sizeof(value));
    struct slice key = SLICE("0123456789abcdef");
    struct entry *e = string_new(key, slice_of(value, 32), ENTRY_NO_EXPIRY);
    memset(value, 'y', sizeof(value));
    CHECK_PTR(string_set(e, slice_of(value, 32)), e);
    /* 56 bytes become 50: the same block where the allocator has classes. */
    if (mem_size_class(50) == mem_size_class(56)) {
        CHECK_PTR(string_set(e, slice_of(value, 26)), e);
        CHECK_PTR(string_set(e, slice_of(value, 32)), e);
    }
    char scratch[NUM_INT_MAX_CHARS];
    CHECK_SLICE(string_bytes(e, scratch), "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
    entry_free(e);
}

TEST(a_blob_of_the_same_class_is_written_over_unless_it_is_shared)
{
    static char value[20000];
    memset(value, 'x', sizeof(value));
    struct slice whole = slice_of(value, sizeof(value));
    struct entry *e = string_new(SLICE("k"), whole, ENTRY_NO_EXPIRY);
    struct blob *blob = string_blob(e);
    e = string_set(e, whole);
    CHECK_PTR(string_blob(e), blob);

    blob_ref(blob); /* as a reply does */
    value[0] = 'y';
    e = string_set(e, whole);
    CHECK(string_blob(e) != blob);
    CHECK_INT(blob->bytes[0], 'x');
    CHECK_INT(string_blob(e)->bytes[0], 'y');
    blob_unref(blob);
    entry_free(e);
}

TEST(opening_copies_a_blob_that_is_shared)
{
    static char value[5000];
    char *bytes;
    memset(value, 'x', sizeof(value));
    struct entry *e = string_new(SLICE("k"), slice_of(value, sizeof(value)), ENTRY_NO_EXPIRY);
    struct entry *copy = entry_copy(e, SLICE("copy"), ENTRY_NO_EXPIRY);
    CHECK_PTR(string_blob(copy), string_blob(e));

    e = string_open(e, 0, &bytes);
    bytes[0] = 'y';
    CHECK_UINT(string_len(e), sizeof(value));
    CHECK_INT(string_blob(copy)->bytes[0], 'x');
    CHECK_INT(string_blob(e)->bytes[0], 'y');
    CHECK(!blob_is_shared(string_blob(copy)));
    copy = string_open(copy, 6000, &bytes);
    CHECK_UINT(string_len(copy), 6000);
    CHECK_INT(bytes[4999], 'x');
    CHECK_INT(bytes[5000], 0);
    entry_free(e);
    entry_free(copy);
}

TEST(a_string_that_grows_gets_spare_room)
{
    char *bytes;
    struct entry *e = make("x");
    size_t moves = 0;
    struct blob *blob = NULL;
    for (size_t len = 1; len < (size_t)6 << 20; len += 997) {
        e = string_open(e, len, &bytes);
        bytes[len - 1] = 'x';
        if (string_blob(e) == blob)
            continue;
        moves++;
        blob = string_blob(e);
    }
    /* Doubling to 1 MiB, then a MiB each time; of those that stay in their place nothing is seen. */
    CHECK(moves <= 11 + 5 + 1);
    CHECK(blob->cap <= string_len(e) + ((size_t)3 << 20));
    CHECK_INT(bytes[0], 'x');
    CHECK_INT(bytes[1], 0);
    entry_free(e);
}

TEST(a_short_blob_is_taken_into_the_entry)
{
    struct entry *e = string_new_blob(SLICE("k"), blob_copy(SLICE("12")), ENTRY_NO_EXPIRY);
    CHECK_STR(entry_encoding_name(e), "int");
    e = string_set_blob(e, blob_copy(SLICE("ab")));
    CHECK_STR(entry_encoding_name(e), "embstr");
    CHECK_PTR_NULL(string_blob(e));
    entry_free(e);
}

/* ---- random changes against a plain model ---- */

#define MODEL_LEN_MAX 40000

struct model {
    struct rand rand;
    struct entry *e;
    struct entry *shared; /* a copy made earlier, must not change */
    char *shared_bytes;
    size_t shared_len;
    char bytes[MODEL_LEN_MAX];
    size_t len;
    bool raw;
    int64_t when;
};

static size_t random_len(struct model *m)
{
    switch (rand_below(&m->rand, 5)) {
    case 0:
        return rand_below(&m->rand, 64);
    case 1:
        return STRING_IN_PLACE_MAX - 2 + rand_below(&m->rand, 5);
    case 2:
        return BLOB_MIN - 2 + rand_below(&m->rand, 5);
    case 3:
        return rand_below(&m->rand, 2 * STRING_IN_PLACE_MAX);
    default:
        return rand_below(&m->rand, MODEL_LEN_MAX);
    }
}

static struct slice random_text(struct model *m)
{
    m->len = random_len(m);
    for (size_t i = 0; i < m->len; i++)
        m->bytes[i] = (char)rand_next(&m->rand);
    m->raw = false;
    return slice_of(m->bytes, m->len);
}

static int64_t random_number(struct model *m)
{
    int64_t value = (int64_t)rand_next(&m->rand) >> rand_below(&m->rand, 64);
    m->len = num_format_int(m->bytes, value);
    m->raw = false;
    return value;
}

static void do_open(struct model *m)
{
    char *bytes;
    size_t len = rand_below(&m->rand, 2) ? random_len(m) : m->len + rand_below(&m->rand, 50);
    len = MIN_OF(len, (size_t)MODEL_LEN_MAX);
    m->e = string_open(m->e, len, &bytes);
    if (len > m->len) {
        memset(m->bytes + m->len, 0, len - m->len);
        m->len = len;
    }
    for (int i = 0; i < 3 && m->len > 0; i++) {
        size_t at = rand_below(&m->rand, m->len);
        bytes[at] = m->bytes[at] = (char)rand_next(&m->rand);
    }
    m->raw = true;
}

static void do_share(struct model *m)
{
    if (m->shared)
        entry_free(m->shared);
    m->shared = entry_copy(m->e, SLICE("shared"), 1);
    m->shared_len = m->len;
    m->shared_bytes = mem_realloc(m->shared_bytes, m->len + 1);
    memcpy(m->shared_bytes, m->bytes, m->len);
}

static void do_something(struct model *m)
{
    switch (rand_below(&m->rand, 8)) {
    case 0:
        m->e = string_set(m->e, random_text(m));
        break;
    case 1:
        m->e = string_set_int(m->e, random_number(m));
        break;
    case 2:
        (void)random_number(m);
        m->e = string_set(m->e, slice_of(m->bytes, m->len));
        break;
    case 3:
        m->e = string_set_blob(m->e, blob_copy(random_text(m)));
        break;
    case 4:
        m->when = rand_below(&m->rand, 2) ? ENTRY_NO_EXPIRY : (int64_t)rand_below(&m->rand, 1000);
        m->e = entry_set_expiry(m->e, m->when);
        break;
    case 5:
        do_share(m);
        break;
    default:
        do_open(m);
    }
}

static void check_model(const struct model *m)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct slice got = string_bytes(m->e, scratch);
    CHECK_BYTES(got.ptr, got.len, m->bytes, m->len);
    CHECK_UINT(string_len(m->e), m->len);
    CHECK_INT(entry_expiry(m->e), m->when);
    CHECK_SLICE(entry_key(m->e), "key");
    CHECK_INT(string_blob(m->e) != NULL, m->len > STRING_IN_PLACE_MAX);

    int64_t number = 0, got_number = 0;
    bool is_number = num_parse_int(slice_of(m->bytes, m->len), &number);
    CHECK_INT(string_as_int(m->e, &got_number), is_number);
    CHECK_INT(got_number, number);
    const char *name = is_number ? "int" : m->len > 44 ? "raw" : "embstr";
    CHECK_STR(entry_encoding_name(m->e), m->raw ? "raw" : name);

    if (!m->shared)
        return;
    got = string_bytes(m->shared, scratch);
    CHECK_BYTES(got.ptr, got.len, m->shared_bytes, m->shared_len);
}

TEST(random_changes_agree_with_a_plain_model)
{
    struct model *m = mem_zalloc(sizeof(*m));
    for (uint64_t seed = 1; seed <= 30; seed++) {
        rand_seed(&m->rand, seed);
        m->e = make("");
        m->len = 0;
        m->raw = false;
        m->when = ENTRY_NO_EXPIRY;
        for (int i = 0; i < 500; i++) {
            do_something(m);
            check_model(m);
        }
        entry_free(m->e);
    }
    entry_free(m->shared);
    mem_free(m->shared_bytes);
    mem_free(m);
}

TEST(a_length_that_cannot_be_had_leaves_the_string_as_it_is)
{
    static const size_t too_long = (size_t)1 << 60;
    char *bytes = NULL;
    char scratch[NUM_INT_MAX_CHARS];
    char long_text[STRING_IN_PLACE_MAX + 10];
    memset(long_text, 'x', sizeof(long_text));
    struct slice values[] = { SLICE("12"), SLICE("abc"), slice_of(long_text, sizeof(long_text)) };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct entry *e = string_new(SLICE("key"), values[i], ENTRY_NO_EXPIRY);
        CHECK(!string_try_open(e, too_long, &bytes));
        CHECK(slice_eq(string_bytes(e, scratch), values[i]));
        entry_free(e);
    }
    CHECK(!string_try_new_open(SLICE("key"), too_long, ENTRY_NO_EXPIRY, &bytes));
}

TEST(a_new_open_string_is_zeros_in_every_length)
{
    static const size_t lens[] = { 1, 44, STRING_IN_PLACE_MAX, STRING_IN_PLACE_MAX + 1, 100000 };
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        char *bytes = NULL;
        char scratch[NUM_INT_MAX_CHARS];
        struct entry *e = string_try_new_open(SLICE("key"), lens[i], 5, &bytes);
        CHECK(e);
        CHECK_UINT(string_len(e), lens[i]);
        CHECK(bytes == string_bytes(e, scratch).ptr);
        for (size_t at = 0; at < lens[i]; at++)
            CHECK_INT(bytes[at], 0);
        CHECK_STR(entry_encoding_name(e), "raw");
        CHECK_INT(entry_expiry(e), 5);
        entry_free(e);
    }
}

TEST(marked_raw_a_number_stays_one)
{
    int64_t value = 0;
    struct entry *e = make("12");
    string_mark_raw(e);
    CHECK_STR(entry_encoding_name(e), "raw");
    CHECK(string_as_int(e, &value));
    CHECK_INT(value, 12);
    e = string_set_int(e, 13);
    CHECK_STR(entry_encoding_name(e), "int");
    entry_free(e);
}

TEST(a_new_unset_string_has_its_length_in_every_form)
{
    static const size_t lens[] = { 1, STRING_IN_PLACE_MAX, STRING_IN_PLACE_MAX + 1, 100000 };
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        char *bytes = NULL, scratch[NUM_INT_MAX_CHARS];
        struct entry *e = string_try_new_unset(SLICE("key"), lens[i], ENTRY_NO_EXPIRY, &bytes);
        CHECK(e);
        memset(bytes, 'x', lens[i]);
        struct slice now = string_bytes(e, scratch);
        CHECK_UINT(now.len, lens[i]);
        CHECK(now.ptr == bytes);
        CHECK_STR(entry_encoding_name(e), "raw");
        CHECK(string_reuse(e, lens[i]) == bytes);
        CHECK(!string_reuse(e, lens[i] + 1));
        entry_free(e);
    }
    CHECK(!string_try_new_unset(SLICE("key"), SIZE_MAX / 2, ENTRY_NO_EXPIRY, &(char *){ NULL }));
}

TEST(a_number_or_a_shared_blob_is_not_written_over)
{
    struct entry *e = make("12");
    CHECK(!string_reuse(e, 2));
    CHECK_STR(entry_encoding_name(e), "int");
    entry_free(e);

    char *bytes = NULL;
    e = string_try_new_unset(SLICE("key"), 100000, ENTRY_NO_EXPIRY, &bytes);
    memset(bytes, 'x', 100000);
    struct blob *shared = blob_ref(string_blob(e));
    CHECK(!string_reuse(e, 100000));
    blob_unref(shared);
    CHECK(string_reuse(e, 100000) == bytes);
    entry_free(e);
}
