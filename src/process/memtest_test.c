#include "process/memtest.h"

#include <string.h>

#include "tests/unit/check.h"

#define WORDS 1024

static uint64_t backup[MEMTEST_BLOCK_BYTES / sizeof(uint64_t)];

/* A memory whose word 700 has a bit that is always set. */
static void stick(void *arg, uint64_t *words, size_t count)
{
    (void)arg;
    CHECK(count > 700);
    words[700] |= 1u << 4;
}

/* What the kernel may do at any time: writes once. */
static void write_once(void *arg, uint64_t *words, size_t count)
{
    bool *done = arg;
    if (!*done)
        words[count - 1] = 42;
    *done = true;
}

/* Two addresses lead to the same place. */
static void alias(void *arg, uint64_t *words, size_t count)
{
    (void)arg;
    words[count - 1] = words[0];
}

static void fill(uint64_t *words)
{
    for (size_t i = 0; i < WORDS; i++)
        words[i] = i * 77;
}

static bool is_as_filled(const uint64_t *words)
{
    for (size_t i = 0; i < WORDS; i++)
        if (words[i] != i * 77)
            return false;
    return true;
}

TEST(good_memory_passes_and_keeps_its_contents)
{
    uint64_t words[WORDS];
    fill(words);
    CHECK_UINT(memtest_words(&(struct memtest){ .backup = backup }, words, WORDS), 0);
    CHECK(is_as_filled(words));
}

TEST(a_bit_that_sticks_is_found_and_the_contents_restored)
{
    uint64_t words[WORDS];
    fill(words);
    CHECK_UINT(memtest_words(&(struct memtest){ backup, stick, NULL }, words, WORDS), 1);
    CHECK(is_as_filled(words));
}

TEST(places_that_are_one_are_found)
{
    uint64_t words[WORDS];
    CHECK_UINT(memtest_words(&(struct memtest){ backup, alias, NULL }, words, WORDS), 1);
}

TEST(what_is_wrong_once_is_not_counted)
{
    uint64_t words[WORDS];
    bool done = false;
    CHECK_UINT(memtest_words(&(struct memtest){ backup, write_once, &done }, words, WORDS), 0);
    CHECK(done);
}

TEST(only_memory_of_ones_own_that_can_be_written_is_tested)
{
    static const struct {
        const char *line;
        bool wanted;
    } rows[] = {
        { "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 ", true },
        { "55d0c0a00000-55d0c0a21000 rw-p 00000000 00:00 0                          [heap]", true },
        { "7f1000000000-7f1000001000 rw-p 0003f000 fe:00 123        /usr/lib/libc.so.6", true },
        { "7f1000000000-7f1000001000 r--p 0003f000 fe:00 123        /usr/lib/libc.so.6", false },
        { "7f1000000000-7f1000001000 rw-s 0003f000 fe:00 123        /dev/shm/x", false },
        { "7f1000000000-7f1000001000 rw-p 00000000 00:05 123        /dev/zero", false },
        { "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0          [stack]", false },
        { "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0          [vvar]", false },
        { "nonsense", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uintptr_t start = 0, end = 0;
        CHECK_INT(memtest_parse_region(rows[i].line, &start, &end), rows[i].wanted);
        if (rows[i].wanted)
            CHECK(start < end);
    }
    uintptr_t start, end;
    CHECK(memtest_parse_region(rows[0].line, &start, &end));
    CHECK_UINT(start, 0x7f0000000000);
    CHECK_UINT(end, 0x7f0000021000);
}
