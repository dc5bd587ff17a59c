/* Keys of requests, by specifications of every form. */
#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/words.h"
#include "dispatch/dispatch.h"
#include "tests/unit/check.h"

static uint32_t writes_if_told(const struct slice *argv, int argc)
{
    return argc > 2 && slice_is(argv[2], "write") ? KEY_OW : KEY_RO;
}

static const struct command one = { .name = "one", .keys = KEY_AT(1, KEY_RO) };
static const struct command all = { .name = "all", .keys = KEYS_FROM(1, -1, 1, KEY_RM) };
static const struct command pairs = { .name = "pairs", .keys = KEYS_FROM(1, -1, 2, KEY_OW) };
static const struct command but_last = { .name = "but_last", .keys = KEYS_FROM(1, -2, 1, KEY_RO) };
static const struct command not_a_key = { .name = "not", .keys = KEY_AT(1, KEY_NOT_KEY) };
static const struct command two_specs = {
    .name = "two_specs",
    .keys = { { .flags = KEY_RW, .begin = KEYS_INDEX, .at = 1, .step = 1 },
              { .flags = KEY_OW, .begin = KEYS_INDEX, .at = 2, .step = 1 } },
};
static const struct command counted = {
    .name = "counted",
    .keys = { { .flags = KEY_OW, .begin = KEYS_INDEX, .at = 1, .step = 1 },
              { .flags = KEY_RO,
                .begin = KEYS_INDEX,
                .find = KEYS_NUMKEYS,
                .at = 2,
                .count_at = 0,
                .first = 1,
                .step = 1 } },
};
static const struct command half = {
    .name = "half",
    .keys = { { .flags = KEY_RO,
                .begin = KEYS_KEYWORD,
                .keyword = "streams",
                .at = 1,
                .last = -1,
                .step = 1,
                .limit = 2 } },
};
static const struct command from_the_end = {
    .name = "from_the_end",
    .keys = { { .flags = KEY_RO, .begin = KEYS_KEYWORD, .keyword = "keys", .at = -2, .step = 1 } },
};
static const struct command varying = {
    .name = "varying",
    .keys = KEY_AT(1, KEY_RW | KEY_VARIABLE_FLAGS),
    .key_flags = writes_if_told,
};
static const struct command unknown = {
    .name = "unknown",
    .keys = { { .begin = KEYS_BEGIN_UNKNOWN, .find = KEYS_FIND_UNKNOWN } },
};

/* The keys' words, or the error. Borrowed until the next call. */
static const char *keys_of(const struct command *row, const char *line)
{
    static char shown[256];
    struct arena arena;
    struct slice *argv;
    size_t argc;
    struct key_ref keys[8];
    arena_init(&arena, 1024, 0);
    CHECK_INT(words_split(&arena, slice_str(line), SIZE_MAX, &argv, &argc), 0);
    int count = dispatch_keys(row, argv, (int)argc, keys, COUNT_OF(keys));

    struct buf out;
    buf_init(&out, sizeof(shown) - 1);
    if (count == -EINVAL)
        buf_append_str(&out, "wrong");
    for (int i = 0; i < count; i++)
        buf_printf(&out, "%s%.*s", i ? " " : "", SLICE_ARGS(argv[keys[i].at]));
    memcpy(shown, buf_cstr(&out), out.len + 1);
    buf_done(&out);
    arena_done(&arena);
    return shown;
}

TEST(keys_stand_at_fixed_places_and_ranges)
{
    CHECK_STR(keys_of(&one, "one a b"), "a");
    CHECK_STR(keys_of(&all, "all a b c"), "a b c");
    CHECK_STR(keys_of(&pairs, "pairs a 1 b 2"), "a b");
    CHECK_STR(keys_of(&but_last, "but_last a b 0"), "a b");
    CHECK_STR(keys_of(&two_specs, "two_specs a b"), "a b");
    CHECK_STR(keys_of(&not_a_key, "not a"), "");
    CHECK_STR(keys_of(&unknown, "unknown a"), "");
}

TEST(keys_are_as_many_as_a_count_says)
{
    CHECK_STR(keys_of(&counted, "counted to 2 a b weights 1"), "to a b");
    CHECK_STR(keys_of(&counted, "counted to 0"), "to");
    CHECK_STR(keys_of(&counted, "counted to 3 a b"), "wrong");
    CHECK_STR(keys_of(&counted, "counted to -1 a"), "wrong");
    CHECK_STR(keys_of(&counted, "counted to x a"), "wrong");
    CHECK_STR(keys_of(&counted, "counted to 9223372036854775807 a"), "wrong");
    CHECK_STR(keys_of(&counted, "counted to"), "to");
}

TEST(keys_stand_behind_a_keyword)
{
    CHECK_STR(keys_of(&half, "half count 5 streams a b 0 0"), "a b");
    CHECK_STR(keys_of(&half, "half STREAMS a 0"), "a");
    CHECK_STR(keys_of(&half, "half count 5"), "");
    CHECK_STR(keys_of(&from_the_end, "from_the_end x 1 keys a"), "a");
    CHECK_STR(keys_of(&from_the_end, "from_the_end keys a 1 2"), "a");
    CHECK_STR(keys_of(&from_the_end, "from_the_end x"), "");
}

TEST(flags_may_vary_with_the_request)
{
    const struct slice reads[] = { SLICE("varying"), SLICE("a"), SLICE("read") };
    const struct slice writes[] = { SLICE("varying"), SLICE("a"), SLICE("write") };
    struct key_ref key;
    CHECK_INT(dispatch_keys(&varying, reads, 3, &key, 1), 1);
    CHECK_UINT(key.flags, KEY_RO);
    CHECK_INT(dispatch_keys(&varying, writes, 3, &key, 1), 1);
    CHECK_UINT(key.flags, KEY_OW);
    CHECK_INT(key.at, 1);
}

TEST(more_keys_than_there_is_room_for_are_counted)
{
    const struct slice argv[] = { SLICE("all"), SLICE("a"), SLICE("b"), SLICE("c") };
    struct key_ref keys[2] = { { 0, 0 }, { 77, 0 } };
    CHECK_INT(dispatch_keys(&all, argv, 4, keys, 1), 3);
    CHECK_INT(keys[0].at, 1);
    CHECK_INT(keys[1].at, 77);
}
