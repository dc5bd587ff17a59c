#include "process/symbols.h"

#include <string.h>

#include "tests/unit/check.h"

static COLD int a_static_function(int x)
{
    return x * 3 + 1;
}

TEST(a_static_function_is_found_by_an_address_within)
{
    struct symbols s;
    struct symbol found = { .name = "" };
    CHECK_INT(symbols_open(&s), 0);
    uintptr_t start = (uintptr_t)a_static_function;
    CHECK(symbols_find(&s, start, &found));
    CHECK(strstr(found.name, "a_static_function") != NULL);
    CHECK(found.start == start);
    CHECK(symbols_find(&s, start + found.size - 1, &found));
    CHECK(found.start == start);
    CHECK_INT(a_static_function(2), 7);
    symbols_close(&s);
}

TEST(what_is_no_function_of_the_program_has_no_name)
{
    struct symbols s;
    struct symbol found;
    CHECK_INT(symbols_open(&s), 0);
    CHECK(!symbols_find(&s, 0, &found));
    CHECK(!symbols_find(&s, (uintptr_t)&s, &found));
    symbols_close(&s);
    CHECK(!symbols_find(&s, (uintptr_t)a_static_function, &found));
}
