#include "base/directive.h"

#include <errno.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/num.h"
#include "tests/unit/check.h"

struct settings {
    bool flag;
    int64_t count, limit;
    int64_t number;
    int64_t bytes;
    int64_t share;
    int mode;
    int choice;
    uint64_t bits;
    char *text;
    char *maybe;
};

/* The owner of a custom directive: a pair of numbers. */
struct owner {
    struct settings settings;
    int64_t pair[2];
    int checks;
};

static int check_number(void *owner, struct slice value, const char **ret_error)
{
    ((struct owner *)owner)->checks++;
    if (!slice_eq(value, SLICE("13")))
        return 0;
    *ret_error = "13 brings bad luck";
    return -EINVAL;
}

static int parse_pair(void *owner, const struct slice *words, size_t count, const char **ret_error)
{
    struct owner *o = owner;
    int64_t pair[2] = { 0, 0 };
    if (count == 1 && words[0].len == 0) {
        memcpy(o->pair, pair, sizeof(pair));
        return 0;
    }
    if (count == 2 && num_parse_int(words[0], &pair[0]) && num_parse_int(words[1], &pair[1])) {
        memcpy(o->pair, pair, sizeof(pair));
        return 0;
    }
    *ret_error = "two numbers";
    return -EINVAL;
}

static void show_pair(const void *owner, struct buf *out)
{
    const struct owner *o = owner;
    buf_printf(out, "%d %d", (int)o->pair[0], (int)o->pair[1]);
}

static const struct directive_word levels[] = {
    { "low", 3 }, { "high", 7 }, { "top", 7 }, { NULL, 0 }
};

static const struct directive_word options[] = { { "default", 0 }, { "save", 1 },  { "nosave", 2 },
                                                 { "now", 4 },     { "force", 8 }, { NULL, 0 } };

#define AT(field) offsetof(struct settings, field)

static const struct directive rows[] = {
    { .name = "flag", .type = DIRECTIVE_BOOL, .offset = AT(flag), .initial = "yes" },
    { .name = "number",
      .type = DIRECTIVE_INT,
      .offset = AT(number),
      .min = -5,
      .max = 100,
      .initial = "7",
      .check = check_number },
    { .name = "bytes",
      .type = DIRECTIVE_MEMORY,
      .offset = AT(bytes),
      .min = 1024,
      .max = INT64_MAX,
      .initial = "1mb" },
    { .name = "share",
      .type = DIRECTIVE_PERCENT_OR_MEMORY,
      .offset = AT(share),
      .min = -100,
      .max = INT64_MAX,
      .initial = "5%" },
    { .name = "mode", .type = DIRECTIVE_OCTAL, .offset = AT(mode), .max = 0777, .initial = "0" },
    { .name = "level",
      .type = DIRECTIVE_ENUM,
      .offset = AT(choice),
      .words = levels,
      .initial = "low" },
    { .name = "options",
      .type = DIRECTIVE_FLAGS,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(bits),
      .words = options,
      .initial = "default" },
    { .name = "text", .type = DIRECTIVE_STRING, .offset = AT(text), .initial = "" },
    { .name = "maybe",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_EMPTY_IS_NULL,
      .offset = AT(maybe) },
    { .name = "count",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNSIGNED,
      .offset = AT(count),
      .initial = "0" },
    { .name = "limit",
      .type = DIRECTIVE_MEMORY,
      .flags = DIRECTIVE_UNSIGNED,
      .offset = AT(limit),
      .initial = "1kb" },
    { .name = "pair",
      .type = DIRECTIVE_CUSTOM,
      .initial = "1 2",
      .parse = parse_pair,
      .show = show_pair },
};

static struct directive_table table_of(struct owner *o)
{
    return (struct directive_table){ rows, COUNT_OF(rows), &o->settings, o, "Test" };
}

static const struct directive *row_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(slice_str(name), rows[i].name))
            return &rows[i];
    CHECK_FAIL("no directive %s", name);
}

/* What the directive shows after it was set to one value, or why it was refused. */
static const char *set(struct owner *o, const char *name, struct slice value)
{
    static char shown[600];
    struct directive_table table = table_of(o);
    struct directive_error error;
    struct buf out;
    if (directive_parse(&table, row_of(name), &value, 1, &error) < 0) {
        (void)snprintf(shown, sizeof(shown), "%s", error.text);
        return shown;
    }
    buf_init(&out, sizeof(shown) - 1);
    directive_show(&table, row_of(name), &out);
    (void)snprintf(shown, sizeof(shown), "%s", buf_cstr(&out));
    buf_done(&out);
    return shown;
}

static const char *set_words(struct owner *o, const char *name, const struct slice *words,
                             size_t count)
{
    static struct directive_error error;
    struct directive_table table = table_of(o);
    return directive_parse(&table, row_of(name), words, count, &error) < 0 ? error.text : "OK";
}

static void start(struct owner *o)
{
    *o = (struct owner){ .checks = 0 };
    struct directive_table table = table_of(o);
    directive_init_all(&table);
}

static void finish(struct owner *o)
{
    struct directive_table table = table_of(o);
    directive_done_all(&table);
    CHECK_PTR_NULL(o->settings.text);
    CHECK_PTR_NULL(o->settings.maybe);
}

TEST(initial_values_are_stored)
{
    struct owner o;
    start(&o);
    CHECK(o.settings.flag);
    CHECK_INT(o.settings.number, 7);
    CHECK_INT(o.settings.bytes, 1 << 20);
    CHECK_INT(o.settings.share, -5);
    CHECK_INT(o.settings.mode, 0);
    CHECK_INT(o.settings.choice, 3);
    CHECK_UINT(o.settings.bits, 0);
    CHECK_STR(o.settings.text, "");
    CHECK_PTR_NULL(o.settings.maybe);
    CHECK_INT(o.pair[1], 2);
    CHECK_INT(o.checks, 0);
    finish(&o);
}

/* The texts are those of CONFIG SET of redis-server 7.0.15. */

TEST(booleans)
{
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "flag", SLICE("no")), "no");
    CHECK_STR(set(&o, "flag", SLICE("YES")), "yes");
    CHECK_STR(set(&o, "flag", SLICE("maybe")), "argument must be 'yes' or 'no'");
    CHECK_STR(set(&o, "flag", SLICE("")), "argument must be 'yes' or 'no'");
    CHECK(o.settings.flag);
    finish(&o);
}

TEST(integers)
{
    static const char not_one[] = "argument couldn't be parsed into an integer";
    static const char out_of_range[] = "argument must be between -5 and 100 inclusive";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "number", SLICE("-5")), "-5");
    CHECK_STR(set(&o, "number", SLICE("100")), "100");
    CHECK_STR(set(&o, "number", SLICE("101")), out_of_range);
    CHECK_STR(set(&o, "number", SLICE("-6")), out_of_range);
    CHECK_STR(set(&o, "number", SLICE("abc")), not_one);
    CHECK_STR(set(&o, "number", SLICE("05")), not_one);
    CHECK_STR(set(&o, "number", SLICE("0x10")), not_one);
    CHECK_STR(set(&o, "number", SLICE("5 5")), not_one);
    CHECK_STR(set(&o, "number", SLICE("")), not_one);
    CHECK_INT(o.settings.number, 100);
    finish(&o);
}

TEST(a_check_refuses_before_the_value_is_stored)
{
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "number", SLICE("13")), "13 brings bad luck");
    CHECK_INT(o.settings.number, 7);
    CHECK_STR(set(&o, "number", SLICE("14")), "14");
    CHECK_INT(o.checks, 2);
    CHECK(set(&o, "number", SLICE("x")) != NULL);
    CHECK_INT(o.checks, 2);
    finish(&o);
}

TEST(amounts_of_memory)
{
    static const char out_of_range[] =
        "argument must be between 1024 and 9223372036854775807 inclusive";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "bytes", SLICE("5MB")), "5242880");
    CHECK_STR(set(&o, "bytes", SLICE("1023")), out_of_range);
    CHECK_STR(set(&o, "bytes", SLICE("k")), out_of_range);
    CHECK_STR(set(&o, "bytes", SLICE("9999999999999999999")), out_of_range);
    CHECK_STR(set(&o, "bytes", SLICE("-5")), "argument must be a memory value");
    CHECK_STR(set(&o, "bytes", SLICE("1.5k")), "argument must be a memory value");
    CHECK_INT(o.settings.bytes, 5242880);
    finish(&o);
}

TEST(percentages_or_memory)
{
    static const char neither[] = "argument must be a memory or percent value";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "share", SLICE("50%")), "50%");
    CHECK_INT(o.settings.share, -50);
    CHECK_STR(set(&o, "share", SLICE("100%")), "100%");
    CHECK_STR(set(&o, "share", SLICE("0%")), "0");
    CHECK_STR(set(&o, "share", SLICE("1kb")), "1024");
    CHECK_STR(set(&o, "share", SLICE("")), "0");
    CHECK_STR(set(&o, "share", SLICE("101%")), "percentage argument must be less or equal to 100");
    CHECK_STR(set(&o, "share", SLICE("5.5%")), neither);
    CHECK_STR(set(&o, "share", SLICE("05%")), neither);
    CHECK_STR(set(&o, "share", SLICE("-5%")), neither);
    CHECK_STR(set(&o, "share", SLICE("%")), neither);
    CHECK_STR(set(&o, "share", SLICE("-1")), neither);
    CHECK_STR(set(&o, "share", SLICE("x")), neither);
    CHECK_INT(o.settings.share, 0);
    finish(&o);
}

TEST(unsigned_numbers_go_up_to_64_bits)
{
    static const char out_of_range[] =
        "argument must be between 0 and 18446744073709551615 inclusive";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "count", SLICE("18446744073709551615")), "18446744073709551615");
    CHECK_STR(set(&o, "count", SLICE("-1")), out_of_range);
    CHECK_STR(set(&o, "count", SLICE("x")), "argument couldn't be parsed into an integer");
    CHECK_STR(set(&o, "limit", SLICE("")), "0");
    CHECK_STR(set(&o, "limit", SLICE("17179869183gb")), "18446744072635809792");
    CHECK_STR(set(&o, "limit", SLICE("17179869184gb")), out_of_range);
    CHECK_STR(set(&o, "limit", SLICE("18446744073709551616")), out_of_range);
    CHECK_STR(set(&o, "limit", SLICE("-1")), "argument must be a memory value");
    finish(&o);
}

TEST(octal_modes)
{
    static const char not_one[] = "argument couldn't be parsed as an octal number";
    static const char out_of_range[] = "argument must be between 0 and 777 inclusive";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "mode", SLICE("750")), "750");
    CHECK_INT(o.settings.mode, 0750);
    CHECK_STR(set(&o, "mode", SLICE("0777")), "777");
    CHECK_STR(set(&o, "mode", SLICE("1777")), out_of_range);
    CHECK_STR(set(&o, "mode", SLICE("-1")), out_of_range);
    CHECK_STR(set(&o, "mode", SLICE("999")), not_one);
    CHECK_STR(set(&o, "mode", SLICE("-")), not_one);
    CHECK_STR(set(&o, "mode", SLICE("")), "0"); /* as the peers read it */
    CHECK_STR(set(&o, "mode", SLICE("777777777777777777777777")), not_one);
    finish(&o);
}

TEST(one_of_some_words)
{
    static const char not_one[] = "argument(s) must be one of the following: low, high, top";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "level", SLICE("HIGH")), "high");
    CHECK_INT(o.settings.choice, 7);
    CHECK_STR(set(&o, "level", SLICE("low")), "low");
    CHECK_STR(set(&o, "level", SLICE("top")), "high"); /* the first word of a value is shown */
    CHECK_STR(set(&o, "level", SLICE("lowest")), not_one);
    CHECK_STR(set(&o, "level", SLICE("low high")), not_one);
    CHECK_STR(set(&o, "level", SLICE("")), not_one);
    finish(&o);
}

TEST(several_of_some_words)
{
    static const char not_one[] =
        "argument(s) must be one of the following: default, save, nosave, now, force";
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "options", SLICE("now save FORCE")), "save now force");
    CHECK_STR(set(&o, "options", SLICE("default save")), "save");
    CHECK_STR(set(&o, "options", SLICE("default")), "default");
    CHECK_STR(set(&o, "options", SLICE("save  now")), not_one);
    CHECK_STR(set(&o, "options", SLICE(" save")), not_one);
    CHECK_STR(set(&o, "options", SLICE("save ")), not_one);
    CHECK_STR(set(&o, "options", SLICE("")), not_one);
    CHECK_UINT(o.settings.bits, 0);

    struct slice words[] = { SLICE("now"), SLICE("save") };
    CHECK_STR(set_words(&o, "options", words, 2), "OK");
    CHECK_UINT(o.settings.bits, 5);
    finish(&o);
}

TEST(strings)
{
    struct owner o;
    start(&o);
    CHECK_STR(set(&o, "text", SLICE("some text")), "some text");
    CHECK_STR(set(&o, "text", SLICE("")), "");
    CHECK_STR(o.settings.text, "");
    CHECK_STR(set(&o, "maybe", SLICE("x")), "x");
    CHECK_STR(o.settings.maybe, "x");
    CHECK_STR(set(&o, "maybe", SLICE("")), "");
    CHECK_PTR_NULL(o.settings.maybe);
    CHECK_STR(set(&o, "maybe", SLICE("left for the end")), "left for the end");
    finish(&o);
}

TEST(custom_rows_do_it_all_themselves)
{
    struct owner o;
    struct slice words[] = { SLICE("3"), SLICE("4"), SLICE("5") };
    start(&o);
    CHECK_STR(set_words(&o, "pair", words, 2), "OK");
    CHECK_INT(o.pair[1], 4);
    CHECK_STR(set_words(&o, "pair", words, 3), "two numbers");
    CHECK_STR(set(&o, "pair", SLICE("")), "0 0");
    finish(&o);
}

TEST(other_rows_take_one_word)
{
    static const char wrong[] = "wrong number of arguments";
    struct owner o;
    struct slice words[] = { SLICE("1"), SLICE("2") };
    start(&o);
    CHECK_STR(set_words(&o, "number", words, 2), wrong);
    CHECK_STR(set_words(&o, "number", NULL, 0), wrong);
    CHECK_STR(set_words(&o, "text", words, 2), wrong);
    CHECK_STR(set_words(&o, "options", NULL, 0),
              "argument(s) must be one of the following: default, save, nosave, now, force");
    finish(&o);
}

static void init_row(struct directive row)
{
    struct owner o = { .checks = 0 };
    struct directive_table table = { &row, 1, &o.settings, &o, "Test" };
    directive_init_all(&table);
}

TEST(rows_that_contradict_themselves_abort)
{
    struct directive good = { .name = "n", .type = DIRECTIVE_INT, .max = 5, .initial = "5" };
    struct directive bad = good;
    good.offset = AT(number);
    init_row(good);
    bad.initial = "6";
    CHECK_ABORTS(init_row(bad));
    bad.initial = NULL;
    CHECK_ABORTS(init_row(bad));
    bad = good;
    bad.min = 6;
    CHECK_ABORTS(init_row(bad));
    bad = (struct directive){ .name = "e", .type = DIRECTIVE_ENUM, .initial = "x" };
    CHECK_ABORTS(init_row(bad));
    bad = (struct directive){ .name = "c", .type = DIRECTIVE_CUSTOM, .parse = parse_pair };
    CHECK_ABORTS(init_row(bad));
}
