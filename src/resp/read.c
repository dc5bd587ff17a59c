/* The reply reader: a table of what each first byte announces, and a loop over values with the open
 * aggregates on a stack. */
#include "resp/read.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/num.h"

#define CRLF_LEN ((size_t)2)
#define VALUE_WIRE_MIN ((size_t)3)    /* "_\r\n" */
#define NUMBER_LINE_MAX ((size_t)128) /* of lengths, integers, doubles; longer is malformed */
#define VERBATIM_PREFIX ((size_t)4)   /* "txt:" */

/* An open aggregate. */
struct frame {
    struct resp_value *items;
    size_t count, next;
    bool is_attribute; /* its end completes no value of the parent */
};

struct reader {
    const char *at, *end;
    struct arena *arena;
    size_t items_left;
    struct resp_value root;
    struct frame frames[RESP_READ_DEPTH_MAX];
    size_t depth;
    /* By depth: the attribute that waits for the value behind it. */
    struct resp_value *attributes[RESP_READ_DEPTH_MAX + 1];
};

/* What follows a first byte. */
struct form {
    int (*read)(struct reader *r, struct resp_value *v);
    enum resp_kind kind;
};

static int read_text_line(struct reader *r, struct resp_value *v);
static int read_int(struct reader *r, struct resp_value *v);
static int read_double(struct reader *r, struct resp_value *v);
static int read_bool(struct reader *r, struct resp_value *v);
static int read_null(struct reader *r, struct resp_value *v);
static int read_big_number(struct reader *r, struct resp_value *v);
static int read_bulk(struct reader *r, struct resp_value *v);
static int read_verbatim(struct reader *r, struct resp_value *v);
static int read_aggregate(struct reader *r, struct resp_value *v);
static const struct form *form_of(char mark);

static int read_value(struct reader *r);
static bool close_frames(struct reader *r);

int resp_read(struct slice bytes, size_t items_max, struct arena *arena,
              struct resp_value *ret_value, size_t *ret_consumed)
{
    struct arena_mark mark = arena_mark(arena);
    struct reader r;
    r.at = bytes.ptr;
    r.end = bytes.ptr + bytes.len;
    r.arena = arena;
    r.items_left = items_max;
    r.depth = 0;
    r.attributes[0] = NULL;

    bool complete = false;
    while (!complete) {
        int err = read_value(&r);
        if (err < 0) {
            arena_rewind(arena, mark);
            return err;
        }
        complete = err == 0 && close_frames(&r);
    }
    *ret_value = r.root;
    *ret_consumed = (size_t)(r.at - bytes.ptr);
    return 0;
}

/* --- the walk --- */

static size_t item_count(const struct resp_value *v)
{
    return v->kind == RESP_MAP || v->kind == RESP_ATTRIBUTE ? v->count * 2 : v->count;
}

static void open_frame(struct reader *r, const struct resp_value *v)
{
    struct frame *top = &r->frames[r->depth++];
    top->items = v->items;
    top->count = item_count(v);
    top->next = 0;
    top->is_attribute = v->kind == RESP_ATTRIBUTE;
    r->attributes[r->depth] = NULL;
}

/* Reads the next value, or opens it. 0 when it is complete, 1 when more must be read first. */
static int read_value(struct reader *r)
{
    if (r->at == r->end)
        return -EAGAIN;
    const struct form *form = form_of(*r->at);
    if (!form)
        return -EPROTO;

    struct resp_value value = { .kind = form->kind };
    r->at++;
    int err = form->read(r, &value);
    if (err < 0)
        return err;

    struct resp_value **waiting = &r->attributes[r->depth];
    value.attribute = *waiting;
    struct resp_value *place = &r->root;
    if (form->kind == RESP_ATTRIBUTE) {
        place = arena_alloc(r->arena, sizeof(*place));
        *waiting = place;
    } else {
        if (r->depth > 0) {
            struct frame *top = &r->frames[r->depth - 1];
            place = &top->items[top->next];
        }
        *waiting = NULL;
    }
    *place = value;
    if (value.count > 0) {
        open_frame(r, place);
        return 1;
    }
    return form->kind == RESP_ATTRIBUTE ? 1 : 0;
}

/* A value is complete: so are the aggregates that end with it. True when the reply is. */
static bool close_frames(struct reader *r)
{
    while (r->depth > 0) {
        struct frame *top = &r->frames[r->depth - 1];
        if (++top->next < top->count)
            return false;
        r->depth--;
        if (top->is_attribute)
            return false;
    }
    return true;
}

/* --- forms --- */

/* The line at the cursor, without its CRLF; moves behind it. */
static int take_line(struct reader *r, size_t len_max, struct slice *ret_line)
{
    size_t here = (size_t)(r->end - r->at);
    size_t window = MIN_OF(here, len_max);
    const char *cr = memchr(r->at, '\r', window);
    if (!cr)
        return window == len_max ? -EPROTO : -EAGAIN;
    if ((size_t)(r->end - cr) < CRLF_LEN)
        return -EAGAIN;
    if (cr[1] != '\n')
        return -EPROTO;
    *ret_line = slice_of(r->at, (size_t)(cr - r->at));
    r->at = cr + CRLF_LEN;
    return 0;
}

static int take_int(struct reader *r, int64_t *ret_value)
{
    struct slice line;
    int err = take_line(r, NUMBER_LINE_MAX, &line);
    if (err < 0)
        return err;
    return num_parse_int(line, ret_value) ? 0 : -EPROTO;
}

static int read_text_line(struct reader *r, struct resp_value *v)
{
    return take_line(r, SIZE_MAX, &v->text);
}

static int read_int(struct reader *r, struct resp_value *v)
{
    return take_int(r, &v->integer);
}

static int read_double(struct reader *r, struct resp_value *v)
{
    struct slice line;
    int err = take_line(r, NUMBER_LINE_MAX, &line);
    if (err < 0)
        return err;
    if (slice_is(line, "nan") || slice_is(line, "-nan")) {
        v->number = (double)NAN;
        return 0;
    }
    return num_parse_double(line, &v->number) ? 0 : -EPROTO;
}

static int read_bool(struct reader *r, struct resp_value *v)
{
    struct slice line;
    int err = take_line(r, NUMBER_LINE_MAX, &line);
    if (err < 0)
        return err;
    if (line.len != 1 || (*line.ptr != 't' && *line.ptr != 'f'))
        return -EPROTO;
    v->integer = *line.ptr == 't';
    return 0;
}

static int read_null(struct reader *r, struct resp_value *v)
{
    (void)v;
    struct slice line;
    int err = take_line(r, NUMBER_LINE_MAX, &line);
    if (err < 0)
        return err;
    return line.len == 0 ? 0 : -EPROTO;
}

static int read_big_number(struct reader *r, struct resp_value *v)
{
    int err = take_line(r, SIZE_MAX, &v->text);
    if (err < 0)
        return err;
    size_t first = v->text.len > 0 && (*v->text.ptr == '-' || *v->text.ptr == '+');
    if (v->text.len == first)
        return -EPROTO;
    for (size_t i = first; i < v->text.len; i++)
        if (v->text.ptr[i] < '0' || v->text.ptr[i] > '9')
            return -EPROTO;
    return 0;
}

/* `len` bytes and their CRLF. */
static int take_bytes(struct reader *r, int64_t len, struct slice *ret_bytes)
{
    if (len < 0 || len > RESP_READ_BULK_MAX)
        return -EPROTO;
    size_t here = (size_t)(r->end - r->at);
    if (here < (size_t)len + CRLF_LEN)
        return -EAGAIN;
    if (memcmp(r->at + len, "\r\n", CRLF_LEN) != 0)
        return -EPROTO;
    *ret_bytes = slice_of(r->at, (size_t)len);
    r->at += (size_t)len + CRLF_LEN;
    return 0;
}

static int read_bulk(struct reader *r, struct resp_value *v)
{
    int64_t len;
    int err = take_int(r, &len);
    if (err < 0)
        return err;
    if (len == -1 && v->kind == RESP_BULK) {
        v->kind = RESP_NULL;
        return 0;
    }
    return take_bytes(r, len, &v->text);
}

static int read_verbatim(struct reader *r, struct resp_value *v)
{
    int err = read_bulk(r, v);
    if (err < 0)
        return err;
    if (v->text.len < VERBATIM_PREFIX || v->text.ptr[VERBATIM_PREFIX - 1] != ':')
        return -EPROTO;
    memcpy(v->format, v->text.ptr, VERBATIM_PREFIX - 1);
    v->text = slice_from(v->text, VERBATIM_PREFIX);
    return 0;
}

/* The header alone, with memory for the items. */
static int read_aggregate(struct reader *r, struct resp_value *v)
{
    int64_t count;
    int err = take_int(r, &count);
    if (err < 0)
        return err;
    if (count == -1 && v->kind == RESP_ARRAY) {
        v->kind = RESP_NULL;
        return 0;
    }
    if (count < 0)
        return -EPROTO;

    v->count = (size_t)count;
    size_t items = item_count(v);
    /* An attribute is a value more than the items that were announced. */
    size_t charge = items + (v->kind == RESP_ATTRIBUTE);
    if (charge > r->items_left || r->depth == RESP_READ_DEPTH_MAX)
        return -E2BIG;
    if (items > (size_t)(r->end - r->at) / VALUE_WIRE_MIN)
        return -EAGAIN;
    r->items_left -= charge;
    v->items = items > 0 ? arena_alloc(r->arena, items * sizeof(*v->items)) : NULL;
    return 0;
}

/* clang-format off */
static const struct form forms[256] = {
    ['+'] = { read_text_line,  RESP_STATUS },
    ['-'] = { read_text_line,  RESP_ERR },
    [':'] = { read_int,        RESP_INT },
    [','] = { read_double,     RESP_DOUBLE },
    ['#'] = { read_bool,       RESP_BOOL },
    ['_'] = { read_null,       RESP_NULL },
    ['('] = { read_big_number, RESP_BIG_NUMBER },
    ['$'] = { read_bulk,       RESP_BULK },
    ['!'] = { read_bulk,       RESP_ERR },
    ['='] = { read_verbatim,   RESP_VERBATIM },
    ['*'] = { read_aggregate,  RESP_ARRAY },
    ['~'] = { read_aggregate,  RESP_SET },
    ['>'] = { read_aggregate,  RESP_PUSH },
    ['%'] = { read_aggregate,  RESP_MAP },
    ['|'] = { read_aggregate,  RESP_ATTRIBUTE },
};
/* clang-format on */

static const struct form *form_of(char mark)
{
    const struct form *form = &forms[(unsigned char)mark];
    return form->read ? form : NULL;
}
