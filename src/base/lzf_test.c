#include "base/lzf.h"

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

#define BYTES_MAX ((size_t)200000)

/* Packs into exactly `room` bytes of memory and unpacks what came. The length packed. */
static size_t there_and_back(struct slice bytes, size_t room)
{
    char *packed = mem_alloc(room);
    char *back = mem_alloc(bytes.len);
    const size_t len = lzf_pack(bytes, packed, room);
    CHECK(len <= room);
    if (len > 0) {
        CHECK(lzf_unpack(slice_of(packed, len), back, bytes.len));
        CHECK_MEM(back, bytes.ptr, bytes.len);
    }
    mem_free(packed);
    mem_free(back);
    return len;
}

enum kind { NOISE, LETTERS, RUNS, PERIOD, WORDS, KINDS };

static void fill(char *to, size_t len, enum kind kind, struct rand *rand)
{
    static const char *const words[] = { "alpha", "beta ", "gamma:", "1234", "delta-delta" };
    const size_t period = 1 + rand_below(rand, 40);
    for (size_t i = 0; i < len;) {
        const char *word = words[rand_below(rand, COUNT_OF(words))];
        const size_t run = 1 + rand_below(rand, 600);
        switch (kind) {
        case NOISE:
            to[i++] = (char)rand_below(rand, 256);
            break;
        case LETTERS:
            to[i++] = (char)('a' + rand_below(rand, 4));
            break;
        case RUNS:
            for (size_t end = MIN_OF(len, i + run), at = i; at < end; at++, i++)
                to[i] = (char)run;
            break;
        case PERIOD:
            to[i] = i < period ? (char)rand_below(rand, 256) : to[i - period];
            i++;
            break;
        default:
            while (*word && i < len)
                to[i++] = *word++;
        }
    }
}

TEST(everything_comes_back_as_it_was)
{
    static const size_t lens[] = { 8190, 8193, 8200, 20000, 65535, 65536, 65541, BYTES_MAX };
    struct rand rand;
    char *bytes = mem_alloc(BYTES_MAX);
    rand_seed(&rand, 7);
    for (enum kind kind = NOISE; kind < KINDS; kind++) {
        for (size_t len = 1; len < 700; len++) {
            fill(bytes, len, kind, &rand);
            (void)there_and_back(slice_of(bytes, len), len + len / 32 + 1);
        }
        for (size_t i = 0; i < COUNT_OF(lens); i++) {
            fill(bytes, lens[i], kind, &rand);
            CHECK(there_and_back(slice_of(bytes, lens[i]), lens[i] + lens[i] / 32 + 8) > 0);
        }
    }
    mem_free(bytes);
}

TEST(the_room_is_kept_to_and_what_fits_exactly_is_packed)
{
    char bytes[300];
    struct rand rand;
    rand_seed(&rand, 8);
    for (enum kind kind = NOISE; kind < KINDS; kind++) {
        fill(bytes, sizeof(bytes), kind, &rand);
        const struct slice all = slice_of(bytes, sizeof(bytes));
        const size_t least = there_and_back(all, 2 * sizeof(bytes));
        CHECK(least > 0);
        for (size_t room = 1; room < least; room++)
            CHECK_UINT(there_and_back(all, room), 0);
        CHECK(there_and_back(all, least + 2) >= least);
    }
}

TEST(what_repeats_is_packed_small)
{
    char bytes[10000];
    memset(bytes, 'x', sizeof(bytes));
    CHECK(there_and_back(slice_of(bytes, sizeof(bytes)), sizeof(bytes)) < 200);
    CHECK(there_and_back(SLICE("0123456789abcdefghij0123456789abcdefghij"), 36) > 0);
}

TEST(what_does_not_repeat_is_not_packed)
{
    char bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    CHECK_UINT(there_and_back(slice_of(bytes, sizeof(bytes)), sizeof(bytes) - 4), 0);
    CHECK_UINT(there_and_back(SLICE("abc"), 10), 4);
    CHECK_UINT(there_and_back(SLICE("a"), 1), 0);
}

/* Bytes that come again as far back as the format reaches, and one step further; zeros in between. */
TEST(the_window_is_8192_bytes)
{
    char bytes[9000] = { 0 };
    size_t lens[2];
    for (size_t i = 0; i < 2; i++) {
        const size_t distance = 8192 + i;
        memset(bytes, 0, sizeof(bytes));
        memcpy(bytes, "0123456789abcdefghij", 20);
        memcpy(bytes + distance, bytes, 20);
        lens[i] = there_and_back(slice_of(bytes, distance + 20), sizeof(bytes));
        CHECK(lens[i] > 0);
    }
    CHECK(lens[0] + 15 < lens[1]);
}

TEST(the_published_forms_are_unpacked)
{
    static const struct {
        const char *packed;
        size_t len;
        const char *bytes;
    } rows[] = {
        { "\x02"
          "abc",
          4, "abc" },
        { "\x00"
          "a\x20\x00",
          4, "aaaa" },
        { "\x01"
          "ab\x60\x01",
          5, "abababa" },
        { "\x00"
          "a\xe0\x00\x00",
          5, "aaaaaaaaaa" },
        { "\x03"
          "abcd\xe0\x02\x03\x00"
          "e",
          10, "abcdabcdabcdabce" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char got[64];
        const size_t len = strlen(rows[i].bytes);
        CHECK(lzf_unpack(slice_of(rows[i].packed, rows[i].len), got, len));
        CHECK_MEM(got, rows[i].bytes, len);
        CHECK(!lzf_unpack(slice_of(rows[i].packed, rows[i].len), got, len + 1));
        CHECK(!lzf_unpack(slice_of(rows[i].packed, rows[i].len), got, len - 1));
        CHECK(!lzf_unpack(slice_of(rows[i].packed, rows[i].len - 1), got, len));
    }
}

TEST(what_is_no_lzf_is_refused)
{
    static const struct {
        const char *packed;
        size_t len, bytes;
    } rows[] = {
        { "\x05"
          "abc",
          4, 6 },             /* the run is cut */
        { "\x20\x00", 2, 3 }, /* nothing stands before it */
        { "\x01"
          "ab\x20\x02",
          5, 5 }, /* one byte too far back */
        { "\x01"
          "ab\x20",
          4, 5 }, /* no distance */
        { "\x01"
          "ab\xe0\x00",
          5, 11 }, /* nor behind a long length */
        { "\x01"
          "ab\xe0",
          4, 11 },
        { "\x1f", 1, 32 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char got[64];
        CHECK(!lzf_unpack(slice_of(rows[i].packed, rows[i].len), got, rows[i].bytes));
    }
    CHECK(lzf_unpack(SLICE(""), (char[1]){ 0 }, 0));
    CHECK(!lzf_unpack(SLICE(""), (char[1]){ 0 }, 1));
}

/* Into and out of memory that ends just there, in every length, near and far repetitions. */
TEST(no_byte_beyond_is_touched)
{
    struct rand rand;
    rand_seed(&rand, 10);
    for (size_t len = 4; len < 120; len++) {
        char *bytes = mem_alloc(len);
        for (size_t period = 1; period < 40; period++) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = i < period ? (char)rand_below(&rand, 256) : bytes[i - period];
            (void)there_and_back(slice_of(bytes, len), len + 4);
        }
        mem_free(bytes);
    }
}
