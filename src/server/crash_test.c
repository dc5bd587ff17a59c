#include "server/crash_priv.h"

#include "tests/unit/check.h"

static void check_hidden(const char *line, const char *expected)
{
    struct buf b;
    buf_init(&b, BUF_NO_CEILING);
    buf_append_str(&b, line);
    crash_hide_names(&b);
    CHECK_STR(buf_cstr(&b), expected);
    buf_done(&b);
}

TEST(names_that_users_chose_are_hidden)
{
    check_hidden("id=1 fd=8 name=bob age=0 user=alice", "id=1 fd=8 name=(redacted) age=0 "
                                                        "user=(redacted)");
    check_hidden("id=1 name=a_name_longer_than_what_stands_for_it user=x resp=2",
                 "id=1 name=(redacted) user=(redacted) resp=2");
}

TEST(a_line_without_names_stays)
{
    check_hidden("id=1 name= age=0 lib-name=x", "id=1 name= age=0 lib-name=x");
    check_hidden("", "");
}
