/* Text of the reference. */
#include <stdio.h>

#include "server/reference_priv.h"
#include "tests/unit/check.h"

static struct buf out;

static void begin(void)
{
    buf_done(&out);
    buf_init(&out, BUF_NO_CEILING);
}

static const char *repeated(const char *word, int times)
{
    static char text[4096];
    text[0] = '\0';
    for (int i = 0; i < times; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
                       word);
    return text;
}

static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t len = strcspn(text, "\n");
        longest = MAX_OF(longest, len);
        text += len + (text[len] != '\0');
    }
    return longest;
}

TEST(text_is_wrapped_behind_its_prefix)
{
    begin();
    text_wrap(&out, "# ", "");
    CHECK_STR(buf_cstr(&out), "");
    text_wrap(&out, "# ", " one  two ");
    CHECK_STR(buf_cstr(&out), "# one  two\n");

    begin();
    text_wrap(&out, "# ", repeated("nine", 60));
    CHECK_INT(longest_line(buf_cstr(&out)), 96); /* 19 words; 20 would be 101 */
    CHECK_INT(strncmp(strchr(buf_cstr(&out), '\n') + 1, "# nine", 6), 0);
}

TEST(a_word_that_fits_no_line_has_one_of_its_own)
{
    char word[200];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    begin();
    text_wrap(&out, "", "a");
    text_wrap(&out, "", word);
    CHECK_INT(longest_line(buf_cstr(&out)), 199);
    CHECK_INT(out.len, 2 + 200);
}

TEST(a_syntax_line_is_not_broken_within_brackets)
{
    begin();
    text_wrap_syntax(&out, "GET key");
    CHECK_STR(buf_cstr(&out), "GET key\n");

    char line[512];
    (void)snprintf(line, sizeof(line), "SET key [%s] [GET]", repeated("word", 19));
    begin();
    text_wrap_syntax(&out, line);
    CHECK_INT(strncmp(buf_cstr(&out), "SET key\n    [word", 17), 0);
    CHECK(longest_line(buf_cstr(&out)) <= REFERENCE_COLUMNS);

    (void)snprintf(line, sizeof(line), "SET key [%s] [GET]", repeated("word", 60));
    begin();
    text_wrap_syntax(&out, line);
    CHECK(longest_line(buf_cstr(&out)) <= REFERENCE_COLUMNS);
    CHECK_STR(strrchr(buf_cstr(&out), '['), "[GET]\n");
}

TEST(what_means_something_to_a_format_is_escaped)
{
    begin();
    text_cell(&out, "<A | B>");
    CHECK_STR(buf_cstr(&out), "<A \\| B>");
    begin();
    text_man(&out, ".so it is \\n, on-off");
    CHECK_STR(buf_cstr(&out), "\\&.so it is \\en, on\\-off");
    begin();
    text_command_name(&out, "client|no-evict");
    CHECK_STR(buf_cstr(&out), "CLIENT NO-EVICT");
    buf_done(&out);
}
