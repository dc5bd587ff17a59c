#include "base/slice.h"

#include "tests/unit/check.h"

TEST(cmp_orders_by_bytes_then_by_length)
{
    CHECK(slice_cmp(SLICE("a"), SLICE("b")) < 0);
    CHECK(slice_cmp(SLICE("b"), SLICE("a")) > 0);
    CHECK(slice_cmp(SLICE("ab"), SLICE("a")) > 0);
    CHECK(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
    CHECK_INT(slice_cmp(SLICE("ab"), SLICE("ab")), 0);
    CHECK(slice_cmp(SLICE("\x7f"), SLICE("\x80")) < 0);
    CHECK(slice_cmp(SLICE("a\0b"), SLICE("a\0c")) < 0);
}

TEST(the_empty_slice_may_have_no_pointer)
{
    struct slice none = slice_of(NULL, 0);
    CHECK(slice_eq(none, SLICE("")));
    CHECK(slice_eq_nocase(none, SLICE("")));
    CHECK_INT(slice_cmp(none, SLICE("")), 0);
    CHECK(slice_cmp(none, SLICE("a")) < 0);
    CHECK(slice_has_prefix(none, none));
    CHECK_INT(slice_find(none, 'a'), -1);
    CHECK(slice_is(none, ""));
    CHECK_UINT(slice_from(none, 0).len, 0);
}

TEST(eq_compares_all_bytes)
{
    CHECK(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    CHECK(!slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    CHECK(!slice_eq(SLICE("a"), SLICE("ab")));
    CHECK(!slice_eq(SLICE("a"), SLICE("A")));
}

TEST(nocase_folds_ascii_letters_alone)
{
    CHECK(slice_eq_nocase(SLICE("GeT-1"), SLICE("gEt-1")));
    CHECK(!slice_eq_nocase(SLICE("@"), SLICE("`")));
    CHECK(!slice_eq_nocase(SLICE("["), SLICE("{")));
    CHECK(!slice_eq_nocase(SLICE("\xc4"), SLICE("\xe4")));
    for (int c = 0; c < 256; c++) {
        int want = c >= 'A' && c <= 'Z' ? c + 32 : c;
        CHECK_INT(ascii_lower((char)c), want);
    }
}

TEST(is_compares_with_a_c_string_in_any_case)
{
    CHECK(slice_is(SLICE("SeT"), "set"));
    CHECK(slice_is(SLICE("set"), "SET"));
    CHECK(!slice_is(SLICE("set"), "sets"));
    CHECK(!slice_is(SLICE("sets"), "set"));
    CHECK(!slice_is(SLICE("set\0"), "set"));
    CHECK(!slice_is(SLICE("\0"), ""));
}

TEST(prefix_from_and_find)
{
    CHECK(slice_has_prefix(SLICE("client"), SLICE("cli")));
    CHECK(slice_has_prefix(SLICE("client"), SLICE("")));
    CHECK(!slice_has_prefix(SLICE("cli"), SLICE("client")));
    CHECK_SLICE(slice_from(SLICE("client"), 3), "ent");
    CHECK_SLICE(slice_from(SLICE("client"), 6), "");
    CHECK_SLICE(slice_from(SLICE("client"), 7), "");
    struct slice whole = SLICE("client");
    CHECK_PTR(slice_from(whole, 6).ptr, whole.ptr + 6);
    CHECK_INT(slice_find(SLICE("a b c"), ' '), 1);
    CHECK_INT(slice_find(SLICE("a b c"), 'x'), -1);
    CHECK_INT(slice_find(SLICE("a\0c"), '\0'), 1);
}
