/* Bits: both forms of each function against a bit at a time. */
#include "types/bits.h"

#include "base/mem.h"
#include "tests/unit/check.h"
#include "types/bits_priv.h"

#define BYTES_MAX 700
#define ROUNDS 2000
#define SOURCES_MAX 4

static uint64_t rand_state = 12345;

static uint64_t draw(void)
{
    rand_state = rand_state * 6364136223846793005u + 1442695040888963407u;
    return rand_state >> 29;
}

static void fill(unsigned char *bytes, size_t len)
{
    unsigned kind = (unsigned)(draw() % 4);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)(kind == 0 ? 0 : kind == 1 ? 0xff : draw());
    if (kind < 2 && len && draw() % 2)
        bytes[draw() % len] = (unsigned char)draw();
}

static bool bit_at(const unsigned char *bytes, uint64_t at)
{
    return bytes[at / 8] & (0x80 >> at % 8);
}

/* Every form for every length and every place in a word of addresses. */
#define LENGTHS 330
#define PLACES 33

static unsigned char *placed(unsigned char room[static LENGTHS + PLACES], size_t len, size_t place)
{
    /* At the end of a block of its own the sanitizer sees what is read behind it. */
    unsigned char *block = mem_alloc(place + len);
    memcpy(block + place, room, len);
    return block;
}

static void check_counted(const unsigned char *bytes, size_t len)
{
    uint64_t want = 0;
    for (uint64_t at = 0; at < len * 8; at++)
        want += bit_at(bytes, at);
    CHECK_UINT(bits_count_scalar(bytes, len), want);
    CHECK_UINT(bits_count(slice_of(bytes, len)), want);
#if BITS_AVX2
    if (bits_has_avx2())
        CHECK_UINT(bits_count_avx2(bytes, len), want);
#elif BITS_NEON
    CHECK_UINT(bits_count_neon(bytes, len), want);
#endif
}

static void check_skipped(const unsigned char *bytes, size_t len, unsigned char skip)
{
    size_t want = 0;
    while (want < len && bytes[want] == skip)
        want++;
    CHECK_UINT(bits_skip_scalar(bytes, len, skip), want);
#if BITS_AVX2
    if (bits_has_avx2())
        CHECK_UINT(bits_skip_avx2(bytes, len, skip), want);
#elif BITS_NEON
    CHECK_UINT(bits_skip_neon(bytes, len, skip), want);
#endif
}

TEST(every_form_counts_and_skips_the_same_at_every_length_and_place)
{
    unsigned char room[LENGTHS + PLACES];
    for (size_t len = 0; len < LENGTHS; len++) {
        for (size_t place = 0; place < PLACES; place++) {
            fill(room, len);
            unsigned char *block = placed(room, len, place);
            check_counted(block + place, len);
            check_skipped(block + place, len, 0);
            check_skipped(block + place, len, 0xff);
            mem_free(block);
        }
    }
}

TEST(long_strings_are_counted_without_loss)
{
    size_t len = 100003;
    unsigned char *bytes = mem_alloc(len);
    memset(bytes, 0xff, len);
    check_counted(bytes, len);
    check_skipped(bytes, len, 0xff);
    bytes[len - 1] = 0x7f;
    check_counted(bytes, len);
    check_skipped(bytes, len, 0xff);
    mem_free(bytes);
}

TEST(ranges_begin_and_end_at_any_bit)
{
    unsigned char bytes[BYTES_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = 1 + draw() % (BYTES_MAX - 1);
        uint64_t first = draw() % (len * 8), last = first + draw() % (len * 8 - first);
        struct slice s = slice_of(bytes, len);
        int64_t found[2] = { -1, -1 };
        uint64_t want = 0;
        fill(bytes, len);
        for (uint64_t at = last + 1; at-- > first;) {
            want += bit_at(bytes, at);
            found[bit_at(bytes, at)] = (int64_t)at;
        }
        CHECK_UINT(bits_count_range(s, first, last), want);
        CHECK_INT(bits_find(s, false, first, last), found[0]);
        CHECK_INT(bits_find(s, true, first, last), found[1]);
        CHECK_INT(bits_get(s, first), bit_at(bytes, first));
        CHECK(!bits_get(s, len * 8));
    }
}

TEST(numbers_of_any_width_stand_at_any_bit)
{
    unsigned char bytes[40], before[40];
    for (int round = 0; round < ROUNDS; round++) {
        unsigned width = 1 + (unsigned)(draw() % BITS_FIELD_MAX);
        uint64_t at = draw() % (sizeof(bytes) * 8 - width + 1);
        uint64_t value = draw() << 32 ^ draw();
        uint64_t low = width == 64 ? value : value & ((UINT64_C(1) << width) - 1);
        fill(bytes, sizeof(bytes));
        memcpy(before, bytes, sizeof(bytes));
        bits_field_set((char *)bytes, at, width, value);
        CHECK_UINT(bits_field_get(slice_of(bytes, sizeof(bytes)), at, width), low);
        for (uint64_t i = 0; i < sizeof(bytes) * 8; i++) {
            bool inside = i >= at && i < at + width;
            CHECK_INT(bit_at(bytes, i),
                      inside ? (low >> (at + width - 1 - i) & 1) != 0 : bit_at(before, i));
        }
    }
}

TEST(a_number_behind_the_end_is_zeros)
{
    struct slice s = SLICE("\xff");
    CHECK_UINT(bits_field_get(s, 4, 8), 0xf0);
    CHECK_UINT(bits_field_get(s, 8, 64), 0);
    CHECK_UINT(bits_field_get(s, 4294967295, 64), 0);
}

static bool want_bit(enum bits_operation operation, bool first, unsigned others, unsigned count)
{
    switch (operation) {
    case BITS_AND:
        return first && others == count - 1;
    case BITS_OR:
        return first || others;
    case BITS_XOR:
        return (first + others) % 2;
    case BITS_NOT:
        return !first;
    case BITS_DIFF:
        return first && !others;
    case BITS_DIFF1:
        return !first && others;
    case BITS_ANDOR:
        return first && others;
    case BITS_ONE:
        return first + others == 1;
    }
    return false;
}

static void check_made(enum bits_operation operation, const struct slice *sources, size_t count,
                       const char *out, size_t len)
{
    for (uint64_t at = 0; at < len * 8; at++) {
        unsigned others = 0;
        for (size_t i = 1; i < count; i++)
            others += bits_get(sources[i], at);
        bool want = want_bit(operation, bits_get(sources[0], at), others, (unsigned)count);
        if (bit_at((const unsigned char *)out, at) != want)
            CHECK_FAIL("operation %d, bit %llu", (int)operation, (unsigned long long)at);
    }
}

/* Every form, and once more over a longest source. */
static void check_combined(enum bits_operation operation, const struct slice *sources, size_t count,
                           size_t len)
{
    char *out = mem_alloc(len + 1);
    bits_combine_plain(operation, out, len, sources, count);
    check_made(operation, sources, count, out, len);
#if BITS_AVX2
    if (bits_has_avx2()) {
        bits_combine_avx2(operation, out, len, sources, count);
        check_made(operation, sources, count, out, len);
    }
#endif
    struct slice over[SOURCES_MAX];
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        over[i] = sources[i];
        longest = sources[i].len == len ? i : longest;
    }
    memcpy(out, sources[longest].ptr, sources[longest].len);
    over[longest].ptr = out;
    bits_combine(operation, out, len, over, count);
    check_made(operation, sources, count, out, len);
    mem_free(out);
}

TEST(sources_of_every_length_and_place_are_combined)
{
    unsigned char room[SOURCES_MAX][LENGTHS + PLACES];
    for (size_t len = 1; len < LENGTHS; len++) {
        struct slice sources[SOURCES_MAX];
        size_t count = 1 + draw() % SOURCES_MAX;
        for (size_t i = 0; i < SOURCES_MAX; i++) {
            size_t place = draw() % PLACES;
            fill(room[i], sizeof(room[i]));
            sources[i] = slice_of(room[i] + place, i && draw() % 2 ? draw() % len : len);
        }
        for (int operation = BITS_AND; operation <= BITS_ONE; operation++)
            check_combined((enum bits_operation)operation, sources,
                           operation == BITS_NOT ? 1 : MAX_OF(count, 2), len);
    }
}

TEST(long_sources_are_combined)
{
    static unsigned char bytes[SOURCES_MAX][10000];
    static const size_t lens[] = { 0, 1, 100, 4095, 4096, 4097, 9000, 10000 };
    for (int round = 0; round < 64; round++) {
        struct slice sources[SOURCES_MAX];
        size_t longest = 0;
        for (size_t i = 0; i < SOURCES_MAX; i++) {
            size_t len = lens[draw() % COUNT_OF(lens)];
            fill(bytes[i], len);
            sources[i] = slice_of(bytes[i], len);
            longest = MAX_OF(longest, len);
        }
        bool is_not = round % 8 == BITS_NOT;
        check_combined((enum bits_operation)(round % 8), sources, is_not ? 1 : SOURCES_MAX,
                       is_not ? sources[0].len : longest);
    }
}
