#include "base/words.h"

#include <errno.h>

#include "base/rand.h"
#include "tests/unit/check.h"

/* The words with '|' behind each, or the error's number. */
static const char *split(struct slice line)
{
    static char shown[256];
    struct arena arena;
    struct buf out;
    struct slice *words = NULL;
    size_t count = 0;
    arena_init(&arena, 256, 0);
    buf_init(&out, sizeof(shown) - 1);
    int rc = words_split(&arena, line, 10, &words, &count);
    if (rc < 0)
        buf_append_int(&out, rc);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        buf_append(&out, words[i]);
        buf_append_char(&out, '|');
    }
    memcpy(shown, buf_cstr(&out), out.len + 1);
    buf_done(&out);
    arena_done(&arena);
    return shown;
}

TEST(white_space_separates)
{
    CHECK_STR(split(SLICE("")), "");
    CHECK_STR(split(SLICE("  \t ")), "");
    CHECK_STR(split(SLICE("get key")), "get|key|");
    CHECK_STR(split(SLICE("  get \t key\r\n")), "get|key|");
    CHECK_STR(split(SLICE("get\n\nkey")), "get|key|");
    CHECK_STR(split(slice_of(NULL, 0)), "");
}

TEST(vertical_space_stands_before_words_but_does_not_end_them)
{
    CHECK_STR(split(SLICE(" \v\fa\vb")), "a\vb|");
    CHECK_STR(split(SLICE("\"a\"\vb")), "a|b|");
}

TEST(double_quotes_know_escapes)
{
    CHECK_STR(split(SLICE("set \"a b\" c")), "set|a b|c|");
    CHECK_STR(split(SLICE("\"\\n\\r\\t\\b\\a\\\\\\\"\\q\"")), "\n\r\t\b\a\\\"q|");
    CHECK_STR(split(SLICE("\"\\x41\\xfF\\x4\\xg1\"")), "A\xffx4xg1|");
    CHECK_STR(split(SLICE("\"\"")), "|");
    CHECK_STR(split(SLICE("\"'\"")), "'|");
}

TEST(single_quotes_know_only_themselves)
{
    CHECK_STR(split(SLICE("'a b'")), "a b|");
    CHECK_STR(split(SLICE("'\\n\\x41\\'\"'")), "\\n\\x41'\"|");
    CHECK_STR(split(SLICE("''")), "|");
}

TEST(a_quote_may_open_inside_a_word)
{
    CHECK_STR(split(SLICE("a\"b c\" d")), "ab c|d|");
    CHECK_STR(split(SLICE("a'b c' d")), "ab c|d|");
    CHECK_STR(split(SLICE("a\\n")), "a\\n|");
}

TEST(unbalanced_quotes_are_refused)
{
    CHECK_STR(split(SLICE("\"abc")), "-22");
    CHECK_STR(split(SLICE("'abc")), "-22");
    CHECK_STR(split(SLICE("\"abc\\")), "-22");
    CHECK_STR(split(SLICE("\"abc\\\"")), "-22");
    CHECK_STR(split(SLICE("\"a\"b")), "-22");
    CHECK_STR(split(SLICE("'a'b")), "-22");
    CHECK_STR(split(SLICE("'a''b'")), "-22");
    CHECK_STR(split(SLICE("\"")), "-22");
}

TEST(a_zero_byte_ends_the_line)
{
    CHECK_STR(split(SLICE("a b\0c d")), "a|b|");
    CHECK_STR(split(SLICE("\"a\0\"")), "-22");
    CHECK_STR(split(SLICE("\"a\"\0b")), "a|");
}

TEST(too_many_words_are_refused)
{
    CHECK_STR(split(SLICE("1 2 3 4 5 6 7 8 9 0")), "1|2|3|4|5|6|7|8|9|0|");
    CHECK_STR(split(SLICE("1 2 3 4 5 6 7 8 9 0  ")), "1|2|3|4|5|6|7|8|9|0|");
    CHECK_STR(split(SLICE("1 2 3 4 5 6 7 8 9 0 1")), "-7");
    CHECK_INT(E2BIG, 7);
    CHECK_INT(EINVAL, 22);
}

static void check_quoted(struct slice text, const char *want)
{
    struct buf out;
    buf_init(&out, 1000);
    words_quote(&out, text);
    CHECK_STR(buf_cstr(&out), want);
    buf_done(&out);
}

TEST(quoting_escapes_what_does_not_print)
{
    check_quoted(SLICE(""), "\"\"");
    check_quoted(SLICE("a b"), "\"a b\"");
    check_quoted(SLICE("\"\\'"), "\"\\\"\\\\'\"");
    check_quoted(SLICE("\n\r\t\a\b"), "\"\\n\\r\\t\\a\\b\"");
    check_quoted(SLICE("\0\x1f\x7f\xff\v~"), "\"\\x00\\x1f\\x7f\\xff\\x0b~\"");
}

TEST(what_is_quoted_splits_into_itself)
{
    struct arena arena;
    struct buf out;
    struct rand r;
    rand_seed(&r, 14);
    arena_init(&arena, 1024, 4096);
    buf_init(&out, BUF_NO_CEILING);
    for (int round = 0; round < 20000; round++) {
        char bytes[30];
        size_t len = (size_t)rand_below(&r, sizeof(bytes));
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rand_next(&r);
        struct slice *words;
        size_t count;
        buf_clear(&out);
        words_quote(&out, slice_of(bytes, len));
        CHECK_INT(words_split(&arena, buf_slice(&out), 2, &words, &count), 0);
        CHECK_UINT(count, 1);
        CHECK_BYTES(words[0].ptr, words[0].len, bytes, len);
        arena_reset(&arena);
    }
    buf_done(&out);
    arena_done(&arena);
}
