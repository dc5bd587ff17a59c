/* The notation of arguments, and what COMMAND DOCS makes of it. */
#include "dispatch/syntax.h"

#include "base/buf.h"
#include "tests/unit/check.h"

/* The arguments in RESP2, with a space for each line end and without the lengths of bulks. */
static const char *arguments_of(const char *syntax)
{
    static char shown[4096];
    struct buf out;
    struct arena arena;
    struct reply_to_buf writer;
    buf_init(&out, BUF_NO_CEILING);
    arena_init(&arena, 1024, 0);
    reply_to_buf_init(&writer, &out, 2);
    syntax_reply_arguments(&writer.reply, &arena, syntax, /* key_specs= */ 2);
    reply_to_buf_done(&writer);

    size_t len = 0;
    bool skip = false;
    for (size_t i = 0; i < out.len && len < sizeof(shown) - 1; i++) {
        char c = out.ptr[i];
        if (c == '$')
            skip = true;
        if (c == '\n' && !skip)
            shown[len++] = ' ';
        else if (!skip && c != '\r')
            shown[len++] = c;
        if (c == '\n')
            skip = false;
    }
    shown[len > 0 ? len - 1 : 0] = '\0';
    buf_done(&out);
    arena_done(&arena);
    return shown;
}

TEST(no_arguments_are_an_empty_list)
{
    CHECK_STR(arguments_of(""), "*0");
}

TEST(types_stand_behind_a_colon)
{
    CHECK_STR(arguments_of("value"), "*1 *4 name value type string");
    CHECK_STR(arguments_of("n:int"), "*1 *4 name n type integer");
    CHECK_STR(arguments_of("d:double"), "*1 *4 name d type double");
    CHECK_STR(arguments_of("p:pattern"), "*1 *4 name p type pattern");
    CHECK_STR(arguments_of("t:unixtime"), "*1 *4 name t type unix-time");
}

TEST(keys_know_their_specification)
{
    CHECK_STR(arguments_of("a:key b:key"), "*2 *6 name a type key key_spec_index :0 "
                                           "*6 name b type key key_spec_index :1");
}

TEST(tokens_are_pure_or_stand_before_an_argument)
{
    CHECK_STR(arguments_of("[NX]"), "*1 *8 name nx type pure-token token NX flags *1 +optional");
    CHECK_STR(arguments_of("[GET@6.2.0]"),
              "*1 *10 name get type pure-token token GET since 6.2.0 flags *1 +optional");
    CHECK_STR(arguments_of("EX seconds:int"), "*1 *6 name seconds type integer token EX");
    CHECK_STR(arguments_of("[how=FAST]"),
              "*1 *8 name how type pure-token token FAST flags *1 +optional");
}

TEST(what_repeats_says_so)
{
    CHECK_STR(arguments_of("value..."), "*1 *6 name value type string flags *1 +multiple");
    CHECK_STR(arguments_of("[value]..."),
              "*1 *6 name value type string flags *2 +optional +multiple");
    CHECK_STR(arguments_of("(GET pattern:pattern)..."),
              "*1 *8 name pattern type pattern token GET flags *2 +multiple +multiple_token");
}

TEST(choices_and_blocks_nest)
{
    CHECK_STR(arguments_of("[condition=<NX | EX seconds:int>]"),
              "*1 *8 name condition type oneof flags *1 +optional arguments *2 "
              "*6 name nx type pure-token token NX *6 name seconds type integer token EX");
    CHECK_STR(arguments_of("data={k:key v}..."),
              "*1 *8 name data type block flags *1 +multiple arguments *2 "
              "*6 name k type key key_spec_index :0 *4 name v type string");
}

static const char *printed(const char *syntax)
{
    static struct buf out;
    buf_done(&out);
    buf_init(&out, BUF_NO_CEILING);
    syntax_print(&out, syntax);
    return buf_cstr(&out);
}

TEST(people_read_brackets_bars_and_dots)
{
    CHECK_STR(printed(""), "");
    CHECK_STR(printed("key:key value"), "key value");
    CHECK_STR(printed("key:key value [condition=<NX | IFEQ v@8.1.0>] [GET@6.2.0]"),
              "key value [NX | IFEQ v] [GET]");
    CHECK_STR(printed("[expiration=<EX seconds:int | keep=KEEPTTL>]"), "[EX seconds | KEEPTTL]");
    CHECK_STR(printed("how=<A | B> WITH what=<a | b>"), "<A | B> WITH <a | b>");
    CHECK_STR(printed("key:key..."), "key [key ...]");
    CHECK_STR(printed("[key:key]..."), "[key [key ...]]");
    CHECK_STR(printed("data={key:key value}..."), "key value [key value ...]");
    CHECK_STR(printed("[limit={LIMIT offset:int count:int}]"), "[LIMIT offset count]");
    CHECK_STR(printed("(GET pattern:pattern)..."), "GET pattern [GET pattern ...]");
    CHECK_STR(printed("[(GET pattern:pattern)...]"), "[GET pattern [GET pattern ...]]");
    CHECK_STR(printed("[IDS id...]"), "[IDS id [id ...]]");
    CHECK_STR(printed("[how=<A | B>]..."), "[<A | B> [<A | B> ...]]");
    CHECK_STR(printed("data={first-of-many second-of-many third-of-many}..."),
              "first-of-many second-of-many third-of-many [...]");
}

TEST(malformed_notation_is_seen)
{
    static const char *const wrong[] = {
        "[x", "x]", "a=<b | c", "a={b c",         "a:nosuch", "(NX",       "a=<>",   "a=<b |>",
        "[]", "|",  "a:",       "[[[[[[[[[[[[[x", "key:key@", "a={b} c }", "A B C>",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (syntax_is_valid(wrong[i]))
            CHECK_FAIL("taken: %s", wrong[i]);
    CHECK(syntax_is_valid("[[[[[[[[[[x]]]]]]]]]]"));
    CHECK_ABORTS(arguments_of("[x"));
}
