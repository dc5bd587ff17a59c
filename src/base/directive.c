/* Reading, storing and showing directives: one row of functions a type. */
#include "base/directive.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/words.h"

#define INITIAL_WORDS_MAX 64

/* A value between reading and storing. */
union value {
    bool flag;
    int64_t number;
    int choice;
    uint64_t bits;
    struct slice text;
};

struct type_ops {
    int (*parse)(const struct directive *row, struct slice text, union value *ret,
                 struct directive_error *error);
    void (*store)(const struct directive *row, void *at, const union value *value);
    void (*show)(const struct directive *row, const void *at, struct buf *out);
};

PRINTF(2, 3) static int refuse(struct directive_error *error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(error->text, sizeof(error->text), fmt, args);
    va_end(args);
    return -EINVAL;
}

/* Booleans --------------------------------------------------------------------------------- */

static int parse_bool(const struct directive *row, struct slice text, union value *ret,
                      struct directive_error *error)
{
    (void)row;
    bool yes = slice_is(text, "yes");
    if (!yes && !slice_is(text, "no"))
        return refuse(error, "argument must be 'yes' or 'no'");
    ret->flag = yes;
    return 0;
}

static void store_bool(const struct directive *row, void *at, const union value *value)
{
    (void)row;
    *(bool *)at = value->flag;
}

static void show_bool(const struct directive *row, const void *at, struct buf *out)
{
    (void)row;
    buf_append_str(out, *(const bool *)at ? "yes" : "no");
}

/* Numbers ---------------------------------------------------------------------------------- */

static int check_range(const struct directive *row, int64_t least, int64_t number,
                       struct directive_error *error)
{
    if (number >= least && number <= row->max)
        return 0;
    return refuse(error, "argument must be between %lld and %lld inclusive", (long long)least,
                  (long long)row->max);
}

static int refuse_unsigned(struct directive_error *error)
{
    return refuse(error, "argument must be between 0 and %llu inclusive", ULLONG_MAX);
}

static int parse_int(const struct directive *row, struct slice text, union value *ret,
                     struct directive_error *error)
{
    if ((row->flags & DIRECTIVE_UNSIGNED) && num_parse_uint(text, &ret->bits))
        return 0;
    if (!num_parse_int(text, &ret->number))
        return refuse(error, "argument couldn't be parsed into an integer");
    if (row->flags & DIRECTIVE_UNSIGNED)
        return refuse_unsigned(error); /* it is negative */
    return check_range(row, row->min, ret->number, error);
}

/* What does not fit 63 bits is out of any range. */
static int parse_bytes(const struct directive *row, int64_t least, struct slice text,
                       union value *ret, struct directive_error *error)
{
    int rc = num_parse_memory(text, &ret->number);
    if (rc == -ERANGE)
        return refuse(error, "argument must be between %lld and %lld inclusive", (long long)least,
                      (long long)row->max);
    if (rc < 0)
        return rc;
    return check_range(row, least, ret->number, error);
}

static int parse_memory(const struct directive *row, struct slice text, union value *ret,
                        struct directive_error *error)
{
    error->text[0] = '\0';
    int rc;
    if (!(row->flags & DIRECTIVE_UNSIGNED))
        rc = parse_bytes(row, row->min, text, ret, error);
    else if ((rc = num_parse_memory_uint(text, &ret->bits)) == -ERANGE)
        return refuse_unsigned(error);
    if (rc < 0 && !error->text[0])
        return refuse(error, "argument must be a memory value");
    return rc;
}

static int parse_percent_or_memory(const struct directive *row, struct slice text, union value *ret,
                                   struct directive_error *error)
{
    error->text[0] = '\0';
    bool percent = text.len > 1 && text.ptr[text.len - 1] == '%';
    if (percent) {
        int64_t most = row->min < 0 ? -row->min : 100;
        int64_t number;
        if (num_parse_int(slice_of(text.ptr, text.len - 1), &number) && number >= 0) {
            if (number > most)
                return refuse(error, "percentage argument must be less or equal to %lld",
                              (long long)most);
            ret->number = -number;
            return 0;
        }
    } else if (parse_bytes(row, 0, text, ret, error) == 0) {
        return 0;
    }
    if (!error->text[0])
        (void)refuse(error, "argument must be a memory or percent value");
    return -EINVAL;
}

static void store_number(const struct directive *row, void *at, const union value *value)
{
    (void)row;
    *(int64_t *)at = value->number;
}

static void show_number(const struct directive *row, const void *at, struct buf *out)
{
    if (row->flags & DIRECTIVE_UNSIGNED)
        buf_append_uint(out, (uint64_t) * (const int64_t *)at);
    else
        buf_append_int(out, *(const int64_t *)at);
}

static void show_percent_or_memory(const struct directive *row, const void *at, struct buf *out)
{
    (void)row;
    int64_t number = *(const int64_t *)at;
    if (number >= 0)
        buf_append_int(out, number);
    else
        buf_printf(out, "%lld%%", -(long long)number);
}

static int parse_octal(const struct directive *row, struct slice text, union value *ret,
                       struct directive_error *error)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    struct slice digits = slice_from(text, negative);
    int64_t number = 0;
    bool good = digits.len <= 20 && !(negative && digits.len == 0); /* nothing means 0 */
    for (size_t i = 0; good && i < digits.len; i++) {
        good = digits.ptr[i] >= '0' && digits.ptr[i] <= '7';
        number = number * 8 + (digits.ptr[i] - '0');
    }
    if (!good)
        return refuse(error, "argument couldn't be parsed as an octal number");
    number = negative ? -number : number;
    if (number < row->min || number > row->max)
        return refuse(error, "argument must be between %llo and %llo inclusive",
                      (unsigned long long)row->min, (unsigned long long)row->max);
    ret->choice = (int)number;
    return 0;
}

static void show_octal(const struct directive *row, const void *at, struct buf *out)
{
    (void)row;
    buf_printf(out, "%o", (unsigned)*(const int *)at);
}

/* Words ------------------------------------------------------------------------------------ */

static int refuse_word(const struct directive *row, struct directive_error *error)
{
    struct buf list;
    buf_init(&list, BUF_NO_CEILING);
    for (const struct directive_word *w = row->words; w->word; w++)
        buf_printf(&list, "%s%s", list.len ? ", " : "", w->word);
    (void)refuse(error, "argument(s) must be one of the following: %s", buf_cstr(&list));
    buf_done(&list);
    return -EINVAL;
}

static const struct directive_word *find_word(const struct directive *row, struct slice text)
{
    for (const struct directive_word *w = row->words; w->word; w++)
        if (slice_is(text, w->word))
            return w;
    return NULL;
}

static int parse_enum(const struct directive *row, struct slice text, union value *ret,
                      struct directive_error *error)
{
    const struct directive_word *w = find_word(row, text);
    if (!w)
        return refuse_word(row, error);
    ret->choice = w->value;
    return 0;
}

static void store_int(const struct directive *row, void *at, const union value *value)
{
    (void)row;
    *(int *)at = value->choice;
}

static void show_enum(const struct directive *row, const void *at, struct buf *out)
{
    const struct directive_word *w = row->words;
    while (w->word && w->value != *(const int *)at)
        w++;
    ASSERT(w->word); /* only values that have a word are stored */
    buf_append_str(out, w->word);
}

/* Words stand one space apart; two spaces have an empty word between them. */
static int parse_flags(const struct directive *row, struct slice text, union value *ret,
                       struct directive_error *error)
{
    ret->bits = 0;
    for (;;) {
        ptrdiff_t space = slice_find(text, ' ');
        struct slice first = space < 0 ? text : slice_of(text.ptr, (size_t)space);
        const struct directive_word *w = find_word(row, first);
        if (!w)
            return refuse_word(row, error);
        ret->bits |= (uint64_t)w->value;
        if (space < 0)
            return 0;
        text = slice_from(text, (size_t)space + 1);
    }
}

static void store_flags(const struct directive *row, void *at, const union value *value)
{
    (void)row;
    *(uint64_t *)at = value->bits;
}

static void show_flags(const struct directive *row, const void *at, struct buf *out)
{
    uint64_t bits = *(const uint64_t *)at;
    const char *separator = "";
    for (const struct directive_word *w = row->words; w->word; w++) {
        uint64_t value = (uint64_t)w->value;
        if (value == bits && *separator == '\0') { /* also the word for none */
            buf_append_str(out, w->word);
            return;
        }
        if (value != 0 && (bits & value) == value) {
            buf_printf(out, "%s%s", separator, w->word);
            separator = " ";
            bits &= ~value;
        }
    }
}

/* Strings ---------------------------------------------------------------------------------- */

static int parse_string(const struct directive *row, struct slice text, union value *ret,
                        struct directive_error *error)
{
    (void)row;
    (void)error;
    ret->text = text;
    return 0;
}

static void store_string(const struct directive *row, void *at, const union value *value)
{
    char **place = at;
    struct slice text = value->text;
    char *copy = NULL;
    if (text.len > 0 || !(row->flags & DIRECTIVE_EMPTY_IS_NULL)) {
        copy = mem_alloc(text.len + 1);
        if (text.len > 0)
            memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
    }
    mem_free(*place);
    *place = copy;
}

static void show_string(const struct directive *row, const void *at, struct buf *out)
{
    (void)row;
    const char *text = *(char *const *)at;
    if (text)
        buf_append_str(out, text);
}

/* All types -------------------------------------------------------------------------------- */

static const struct type_ops type_ops[] = {
    [DIRECTIVE_BOOL] = { parse_bool, store_bool, show_bool },
    [DIRECTIVE_INT] = { parse_int, store_number, show_number },
    [DIRECTIVE_MEMORY] = { parse_memory, store_number, show_number },
    [DIRECTIVE_PERCENT_OR_MEMORY] = { parse_percent_or_memory, store_number,
                                      show_percent_or_memory },
    [DIRECTIVE_OCTAL] = { parse_octal, store_int, show_octal },
    [DIRECTIVE_ENUM] = { parse_enum, store_int, show_enum },
    [DIRECTIVE_FLAGS] = { parse_flags, store_flags, show_flags },
    [DIRECTIVE_STRING] = { parse_string, store_string, show_string },
};

static_assert(COUNT_OF(type_ops) == DIRECTIVE_CUSTOM, "all types but the custom one");

static void *value_at(const struct directive_table *table, const struct directive *row)
{
    ASSERT(table->settings);
    return (char *)table->settings + row->offset;
}

static int parse_custom(const struct directive_table *table, const struct directive *row,
                        const struct slice *words, size_t count, struct directive_error *error)
{
    const char *why = NULL;
    int rc = row->parse(table->owner, words, count, &why);
    if (rc < 0)
        return refuse(error, "%s", why ? why : "argument is not valid");
    return 0;
}

/* One value, checked by type and, if wanted, by the row; then stored. */
static int parse_value(const struct directive_table *table, const struct directive *row,
                       struct slice text, bool check, struct directive_error *error)
{
    const struct type_ops *ops = &type_ops[row->type];
    union value value;
    int rc = ops->parse(row, text, &value, error);
    if (rc < 0)
        return rc;
    const char *why = NULL;
    if (check && row->check && row->check(table->owner, text, &why) < 0)
        return refuse(error, "%s", why ? why : "argument is not valid");
    ops->store(row, value_at(table, row), &value);
    return 0;
}

int directive_parse(const struct directive_table *table, const struct directive *row,
                    const struct slice *words, size_t count, struct directive_error *ret_error)
{
    ASSERT(table);
    ASSERT(row);
    ASSERT(words || count == 0);
    ASSERT(ret_error);
    if (row->type == DIRECTIVE_CUSTOM)
        return parse_custom(table, row, words, count, ret_error);
    ASSERT(row->type < COUNT_OF(type_ops));
    if (count == 1)
        return parse_value(table, row, words[0], true, ret_error);
    if (!(row->flags & DIRECTIVE_MULTI))
        return refuse(ret_error, "wrong number of arguments");

    struct buf line;
    buf_init(&line, BUF_NO_CEILING);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_char(&line, ' ');
        buf_append(&line, words[i]);
    }
    int rc = parse_value(table, row, buf_slice(&line), true, ret_error);
    buf_done(&line);
    return rc;
}

void directive_show(const struct directive_table *table, const struct directive *row,
                    struct buf *out)
{
    ASSERT(table);
    ASSERT(row);
    ASSERT(out);
    if (row->type == DIRECTIVE_CUSTOM) {
        row->show(table->owner, out);
        return;
    }
    ASSERT(row->type < COUNT_OF(type_ops));
    type_ops[row->type].show(row, value_at(table, row), out);
}

static void check_row(const struct directive *row)
{
    ASSERT(row->name);
    ASSERT(row->type <= DIRECTIVE_CUSTOM);
    if (row->type == DIRECTIVE_CUSTOM) {
        ASSERT(row->parse);
        ASSERT(row->show);
        return;
    }
    if (row->type == DIRECTIVE_ENUM || row->type == DIRECTIVE_FLAGS)
        ASSERT(row->words);
    ASSERT(row->min <= row->max);
    ASSERT(row->initial || row->type == DIRECTIVE_STRING);
}

static int init_custom(const struct directive_table *table, const struct directive *row,
                       struct directive_error *error)
{
    struct arena arena;
    struct slice *words;
    size_t count;
    arena_init(&arena, 1024, 0);
    int rc = words_split(&arena, slice_str(row->initial), INITIAL_WORDS_MAX, &words, &count);
    ASSERT(rc == 0);
    struct slice empty = SLICE("");
    if (count == 0)
        rc = parse_custom(table, row, &empty, 1, error);
    else
        rc = parse_custom(table, row, words, count, error);
    arena_done(&arena);
    return rc;
}

void directive_init_all(const struct directive_table *table)
{
    ASSERT(table);
    ASSERT(table->rows || table->count == 0);
    for (size_t i = 0; i < table->count; i++) {
        const struct directive *row = &table->rows[i];
        check_row(row);
        if (!row->initial)
            continue;
        struct directive_error error;
        int rc = row->type == DIRECTIVE_CUSTOM
                     ? init_custom(table, row, &error)
                     : parse_value(table, row, slice_str(row->initial), false, &error);
        if (rc < 0)
            assert_failed(error.text, row->name, 0); /* no row's fault goes unseen */
    }
}

void directive_done_all(const struct directive_table *table)
{
    ASSERT(table);
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].type != DIRECTIVE_STRING)
            continue;
        char **place = value_at(table, &table->rows[i]);
        mem_free(*place);
        *place = NULL;
    }
}
