#include "base/glob.h"

#include "base/mem.h"
#include "base/rand.h"
#include "tests/unit/check.h"

struct row {
    struct slice pattern;
    struct slice text;
    bool matches;
};

static void check_rows(const struct row *rows, size_t count, bool nocase)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        bool got = nocase ? glob_match_nocase(row->pattern, row->text)
                          : glob_match(row->pattern, row->text);
        if (got != row->matches)
            CHECK_FAIL("'%.*s' and '%.*s'", SLICE_ARGS(row->pattern), SLICE_ARGS(row->text));
    }
}

/* All rows were asked of redis-server 7.0.15 with KEYS, those without case with CONFIG GET. */

TEST(stars_and_question_marks)
{
    const struct row rows[] = {
        { SLICE(""), SLICE(""), true },
        { SLICE(""), SLICE("a"), false },
        { SLICE("a"), SLICE(""), false },
        { SLICE("a"), SLICE("a"), true },
        { SLICE("a"), SLICE("A"), false },
        { SLICE("*"), SLICE(""), false },
        { SLICE("**"), SLICE(""), false },
        { SLICE("*"), SLICE("a"), true },
        { SLICE("***"), SLICE("abc"), true },
        { SLICE("a*"), SLICE("a"), true },
        { SLICE("*a"), SLICE("a"), true },
        { SLICE("*a"), SLICE("ab"), false },
        { SLICE("a**b"), SLICE("axyb"), true },
        { SLICE("*a*b*c*"), SLICE("xaybzc"), true },
        { SLICE("*a*b*c*"), SLICE("xaybz"), false },
        { SLICE("*ab"), SLICE("aab"), true },
        { SLICE("?"), SLICE("a"), true },
        { SLICE("?"), SLICE(""), false },
        { SLICE("?"), SLICE("ab"), false },
        { SLICE("?*"), SLICE("a"), true },
        { SLICE("*??"), SLICE("a"), false },
        { SLICE("a\0b"), SLICE("a\0b"), true },
        { SLICE("a\0b"), SLICE("a"), false },
    };
    check_rows(rows, COUNT_OF(rows), false);
}

TEST(classes)
{
    const struct row rows[] = {
        { SLICE("[abc]"), SLICE("b"), true },   { SLICE("[abc]"), SLICE("d"), false },
        { SLICE("[^abc]"), SLICE("b"), false }, { SLICE("[^abc]"), SLICE("d"), true },
        { SLICE("[a^]"), SLICE("^"), true },    { SLICE("[]"), SLICE("a"), false },
        { SLICE("[]a]"), SLICE("]"), false },   { SLICE("[^]"), SLICE("a"), true },
        { SLICE("[abc]x"), SLICE("bx"), true }, { SLICE("[a"), SLICE("a"), true },
        { SLICE("[a"), SLICE("b"), false },     { SLICE("["), SLICE("a"), false },
        { SLICE("["), SLICE("["), false },      { SLICE("[^"), SLICE("a"), true },
        { SLICE("*["), SLICE("a"), false },
    };
    check_rows(rows, COUNT_OF(rows), false);
}

TEST(ranges)
{
    const struct row rows[] = {
        { SLICE("[a-c]"), SLICE("b"), true },    { SLICE("[c-a]"), SLICE("b"), true },
        { SLICE("[a-c]"), SLICE("d"), false },   { SLICE("[^a-c]"), SLICE("d"), true },
        { SLICE("[a-]"), SLICE("a"), true },     { SLICE("[a-]"), SLICE("]"), true },
        { SLICE("[a-]"), SLICE("_"), true },     { SLICE("[a-]"), SLICE("-"), false },
        { SLICE("[-a]"), SLICE("-"), true },     { SLICE("[\x80-\xff]"), SLICE("\xa0"), true },
        { SLICE("[\xff-^]"), SLICE("A"), true }, { SLICE("[\xff-^]"), SLICE("a"), false },
    };
    check_rows(rows, COUNT_OF(rows), false);
}

TEST(backslashes)
{
    const struct row rows[] = {
        { SLICE("\\*"), SLICE("*"), true },      { SLICE("\\*"), SLICE("a"), false },
        { SLICE("\\a"), SLICE("a"), true },      { SLICE("\\\\"), SLICE("\\"), true },
        { SLICE("a\\"), SLICE("a\\"), true },    { SLICE("a\\"), SLICE("a"), false },
        { SLICE("[\\]]"), SLICE("]"), true },    { SLICE("[\\]a]"), SLICE("a"), true },
        { SLICE("[\\a-c]"), SLICE("b"), false }, { SLICE("[\\a-c]"), SLICE("-"), true },
        { SLICE("[\\^a]"), SLICE("^"), true },   { SLICE("[a\\"), SLICE("\\"), true },
        { SLICE("[a\\"), SLICE("a"), true },
    };
    check_rows(rows, COUNT_OF(rows), false);
}

TEST(case_is_folded_where_the_peers_fold_it)
{
    const struct row rows[] = {
        { SLICE("MAX*"), SLICE("maxmemory"), true },
        { SLICE("[M]AX*"), SLICE("maxmemory"), true },
        { SLICE("[^M]ax*"), SLICE("maxmemory"), false },
        { SLICE("\\MAX*"), SLICE("maxmemory"), true },
        { SLICE("[\\M]ax*"), SLICE("maxmemory"), false },
        { SLICE("[\\m]ax*"), SLICE("maxmemory"), true },
        { SLICE("[L-N]ax*"), SLICE("maxmemory"), true },
        { SLICE("[N-l]ax*"), SLICE("maxmemory"), false },
        { SLICE("*[z-X]"), SLICE("maxmemory"), true },
    };
    check_rows(rows, COUNT_OF(rows), true);
}

TEST(only_a_single_star_is_all)
{
    CHECK(glob_is_all(SLICE("*")));
    CHECK(!glob_is_all(SLICE("**")));
    CHECK(!glob_is_all(SLICE("")));
    CHECK(!glob_is_all(SLICE("a")));
}

/* Stars and single bytes by plain recursion. */
static bool model_match(struct slice pattern, struct slice text)
{
    if (pattern.len == 0)
        return text.len == 0;
    if (pattern.ptr[0] == '*') {
        for (size_t skip = 0; skip <= text.len; skip++)
            if (model_match(slice_from(pattern, 1), slice_of(text.ptr + skip, text.len - skip)))
                return true;
        return false;
    }
    return text.len > 0 && (pattern.ptr[0] == '?' || pattern.ptr[0] == text.ptr[0]) &&
           model_match(slice_from(pattern, 1), slice_from(text, 1));
}

TEST(one_backtracking_point_finds_what_full_search_finds)
{
    static const char pattern_bytes[] = "aab?**";
    struct rand r;
    rand_seed(&r, 13);
    for (int round = 0; round < 100000; round++) {
        char pattern[8];
        char text[8];
        size_t pattern_len = (size_t)rand_below(&r, sizeof(pattern) + 1);
        size_t text_len = 1 + (size_t)rand_below(&r, sizeof(text));
        for (size_t i = 0; i < pattern_len; i++)
            pattern[i] = pattern_bytes[rand_below(&r, 6)];
        for (size_t i = 0; i < text_len; i++)
            text[i] = rand_below(&r, 2) ? 'a' : 'b';
        struct slice p = slice_of(pattern, pattern_len);
        struct slice t = slice_of(text, text_len);
        if (glob_match(p, t) != model_match(p, t))
            CHECK_FAIL("'%.*s' and '%.*s'", SLICE_ARGS(p), SLICE_ARGS(t));
    }
}

TEST(a_hostile_pattern_costs_at_most_pattern_times_text)
{
    /* Exponential matchers do not end here. */
    char *pattern = mem_alloc(2000);
    char *text = mem_alloc(20000);
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(text, 'a', 20000);
    CHECK(glob_match(slice_of(pattern, 2000), slice_of(text, 20000)));
    pattern[1999] = 'b';
    CHECK(!glob_match(slice_of(pattern, 2000), slice_of(text, 20000)));
    mem_free(pattern);
    mem_free(text);
}
