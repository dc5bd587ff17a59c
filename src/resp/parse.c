/* The request parser. A request that is complete in the given bytes is parsed in one pass straight
 * into the arena; only one that is not leaves a trace in the parser, and is then continued argument
 * by argument. */
#include "resp/parse.h"

#include <errno.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/words.h"

/* An argument found in an unfinished request: its offset from the request's first byte, or its
 * place outside of the bytes. */
struct resp_arg {
    const char *outside; /* NULL: at `offset` */
    size_t offset;
    size_t len;
};

/* "$0\r\n\r\n": no argument takes less, so what cannot be here yet is known from the count. */
#define ARG_WIRE_MIN ((size_t)6)
#define CRLF_LEN ((size_t)2)
#define ARGS_CAP_FIRST ((uint32_t)8)

#define ERR_INLINE_TOO_BIG "Protocol error: too big inline request"
#define ERR_QUOTES "Protocol error: unbalanced quotes in request"
#define ERR_COUNT_TOO_BIG "Protocol error: too big mbulk count string"
#define ERR_COUNT "Protocol error: invalid multibulk length"
#define ERR_COUNT_UNAUTH "Protocol error: unauthenticated multibulk length"
#define ERR_BULK_TOO_BIG "Protocol error: too big bulk count string"
#define ERR_BULK "Protocol error: invalid bulk length"
#define ERR_BULK_UNAUTH "Protocol error: unauthenticated bulk length"
#define ERR_DOLLAR "Protocol error: expected '$', got '%c'"

/* Where a pass over the bytes stands. */
struct cursor {
    const char *at, *end;
    const struct resp_limits *limits;
    struct arena *arena; /* for error texts */
    const char *error;
    bool sloppy; /* a line end was not CRLF */
};

enum step { STEP_OK, STEP_MORE, STEP_ERROR };

static enum resp_status parse_inline(struct slice bytes, struct arena *arena,
                                     struct resp_result *ret);
static enum resp_status parse_multibulk(struct resp_parser *p, const struct resp_limits *limits,
                                        struct slice bytes, struct arena *arena,
                                        struct resp_result *ret);
static enum resp_status resume_multibulk(struct resp_parser *p, const struct resp_limits *limits,
                                         struct slice bytes, struct arena *arena,
                                         struct resp_result *ret);
static void args_push_left(struct resp_parser *p, struct resp_arg arg);

void resp_parser_init(struct resp_parser *p)
{
    *p = (struct resp_parser){ .bulk_len = -1 };
}

void resp_parser_done(struct resp_parser *p)
{
    mem_free(p->args);
    resp_parser_init(p);
}

size_t resp_parser_footprint(const struct resp_parser *p)
{
    return p->args ? mem_block_size(p->args) : 0;
}

enum resp_status resp_parse(struct resp_parser *p, const struct resp_limits *limits,
                            struct slice bytes, struct arena *arena, struct resp_result *ret)
{
    if (UNLIKELY(bytes.len == 0))
        return RESP_MORE;
    if (UNLIKELY(!resp_parser_is_idle(p)))
        return resume_multibulk(p, limits, bytes, arena, ret);
    if (LIKELY(*bytes.ptr == '*'))
        return parse_multibulk(p, limits, bytes, arena, ret);
    return parse_inline(bytes, arena, ret);
}

size_t resp_parse_big(const struct resp_parser *p, size_t *ret_have_at)
{
    ASSERT(p->args_left > 0);
    ASSERT(p->bulk_len >= 0);
    *ret_have_at = p->offset;
    return (size_t)p->bulk_len;
}

void resp_parse_big_done(struct resp_parser *p, struct slice bulk)
{
    ASSERT(p->args_left > 0);
    ASSERT(p->bulk_len >= 0);
    ASSERT(bulk.len == (size_t)p->bulk_len);
    ASSERT(bulk.ptr);
    args_push_left(p, (struct resp_arg){ .outside = bulk.ptr, .len = bulk.len });
    p->no_wire = true;
}

static void args_push(struct resp_parser *p, struct resp_arg arg)
{
    if (p->argc == p->args_cap) {
        p->args_cap = p->args_cap ? p->args_cap * 2 : ARGS_CAP_FIRST;
        p->args = mem_realloc(p->args, p->args_cap * sizeof(*p->args));
    }
    p->args[p->argc++] = arg;
}

static void args_push_left(struct resp_parser *p, struct resp_arg arg)
{
    args_push(p, arg);
    p->args_left--;
    p->bulk_len = -1;
}

/* --- lines --- */

INLINE bool is_crlf(const char *at)
{
    return at[0] == '\r' && at[1] == '\n';
}

/* The first `stop` within the limit of a line, unless a NUL hides it. */
static const char *line_end(const char *at, const char *end, char stop)
{
    size_t window = MIN_OF((size_t)(end - at), RESP_INLINE_MAX + 1);
    const char *found = memchr(at, stop, window);
    if (memchr(at, '\0', found ? (size_t)(found - at) : window))
        return NULL;
    return found;
}

static enum step fail(struct cursor *c, const char *error)
{
    c->error = error;
    return STEP_ERROR;
}

/* The line at the cursor: its '\r', and one byte behind it is there. */
static enum step length_line(const struct cursor *c, const char **ret_cr)
{
    const char *cr = line_end(c->at, c->end, '\r');
    if (!cr)
        return (size_t)(c->end - c->at) > RESP_INLINE_MAX ? STEP_ERROR : STEP_MORE;
    if ((size_t)(c->end - cr) < CRLF_LEN)
        return STEP_MORE;
    *ret_cr = cr;
    return STEP_OK;
}

/* "*N\r\n" of any form; moves the cursor behind it. */
static enum step read_count(struct cursor *c, int64_t *ret_count)
{
    const char *cr;
    enum step step = length_line(c, &cr);
    if (step != STEP_OK)
        return step == STEP_MORE ? STEP_MORE : fail(c, ERR_COUNT_TOO_BIG);

    int64_t count;
    struct slice digits = slice_of(c->at + 1, (size_t)(cr - c->at - 1));
    if (!num_parse_int(digits, &count) || count > RESP_ARGS_MAX)
        return fail(c, ERR_COUNT);
    if (count > RESP_ARGS_MAX_UNAUTH && !c->limits->authenticated)
        return fail(c, ERR_COUNT_UNAUTH);

    c->sloppy |= !is_crlf(cr);
    c->at = cr + CRLF_LEN;
    *ret_count = count;
    return STEP_OK;
}

static COLD enum step fail_dollar(struct cursor *c)
{
    char *text = arena_alloc(c->arena, sizeof(ERR_DOLLAR));
    (void)snprintf(text, sizeof(ERR_DOLLAR), ERR_DOLLAR, *c->at);
    return fail(c, text);
}

/* "$N\r\n" of any form; moves the cursor behind it. */
static enum step read_bulk_len(struct cursor *c, int64_t *ret_len)
{
    const char *cr;
    enum step step = length_line(c, &cr);
    if (step != STEP_OK)
        return step == STEP_MORE ? STEP_MORE : fail(c, ERR_BULK_TOO_BIG);
    if (*c->at != '$')
        return fail_dollar(c);

    int64_t len;
    struct slice digits = slice_of(c->at + 1, (size_t)(cr - c->at - 1));
    if (!num_parse_int(digits, &len) || len < 0 || len > c->limits->bulk_max)
        return fail(c, ERR_BULK);
    if (len > RESP_BULK_MAX_UNAUTH && !c->limits->authenticated)
        return fail(c, ERR_BULK_UNAUTH);

    c->sloppy |= !is_crlf(cr);
    c->at = cr + CRLF_LEN;
    *ret_len = len;
    return STEP_OK;
}

/* The same for what nearly every request has: up to four digits, and a proper line end. Leaves
 * everything else to read_bulk_len. */
INLINE enum step read_bulk_len_fast(struct cursor *c, int64_t *ret_len)
{
    const char *at = c->at;
    if (UNLIKELY((size_t)(c->end - at) < ARG_WIRE_MIN || *at != '$'))
        return read_bulk_len(c, ret_len);

    unsigned len = (unsigned)(unsigned char)at[1] - '0';
    if (UNLIKELY(len > 9))
        return read_bulk_len(c, ret_len);
    at += 2;
    /* "$1234" and one byte are there. */
    for (unsigned digit; at < c->at + 5; at++) {
        digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9 || len == 0)
            break;
        len = len * 10 + digit;
    }
    if (UNLIKELY((size_t)(c->end - at) < CRLF_LEN || !is_crlf(at) ||
                 (int64_t)len > c->limits->bulk_max))
        return read_bulk_len(c, ret_len);
    c->at = at + CRLF_LEN;
    *ret_len = len;
    return STEP_OK;
}

/* --- multibulk requests --- */

INLINE bool bulk_is_here(const struct cursor *c, int64_t len)
{
    return (size_t)(c->end - c->at) >= (size_t)len + CRLF_LEN;
}

INLINE struct slice take_bulk(struct cursor *c, int64_t len)
{
    struct slice bulk = slice_of(c->at, (size_t)len);
    c->at += len;
    c->sloppy |= !is_crlf(c->at);
    c->at += CRLF_LEN;
    return bulk;
}

static COLD enum resp_status parse_error(struct resp_parser *p, const char *error,
                                         struct resp_result *ret)
{
    resp_parser_done(p);
    ret->error = error;
    return RESP_ERROR;
}

INLINE struct slice wire_of(struct slice bytes, size_t len, bool none)
{
    return none ? slice_of(NULL, 0) : slice_of(bytes.ptr, len);
}

/* Leaves the fast pass with `argc` arguments found, at the start of the next one. */
static COLD void save_args(struct resp_parser *p, struct slice bytes, const struct slice *argv,
                           uint32_t argc)
{
    for (uint32_t i = 0; i < argc; i++)
        args_push(p, (struct resp_arg){ .offset = (size_t)(argv[i].ptr - bytes.ptr),
                                        .len = argv[i].len });
}

INLINE enum step read_count_fast(struct cursor *c, int64_t *ret_count)
{
    const char *at = c->at;
    if (UNLIKELY((size_t)(c->end - at) < ARG_WIRE_MIN || at[1] < '1' || at[1] > '9' ||
                 !is_crlf(at + 2)))
        return read_count(c, ret_count);
    *ret_count = at[1] - '0';
    c->at = at + 4;
    return STEP_OK;
}

/* Parses up to `count` arguments into argv; the number found. The last step is in *ret_step. */
INLINE uint32_t read_args(struct cursor *c, struct slice *argv, uint32_t count, enum step *ret_step)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *from = c->at;
        int64_t len;
        enum step step = read_bulk_len_fast(c, &len);
        if (LIKELY(step == STEP_OK)) {
            if (LIKELY(bulk_is_here(c, len))) {
                argv[i] = take_bulk(c, len);
                continue;
            }
            step = STEP_MORE;
        }
        c->at = from;
        *ret_step = step;
        return i;
    }
    *ret_step = STEP_OK;
    return count;
}

static enum resp_status parse_multibulk(struct resp_parser *p, const struct resp_limits *limits,
                                        struct slice bytes, struct arena *arena,
                                        struct resp_result *ret)
{
    struct cursor c = { bytes.ptr, bytes.ptr + bytes.len, limits, arena, NULL, false };
    int64_t count;
    enum step step = read_count_fast(&c, &count);
    if (UNLIKELY(step != STEP_OK))
        return step == STEP_MORE ? RESP_MORE : parse_error(p, c.error, ret);

    if (UNLIKELY(count <= 0)) {
        ret->consumed = (size_t)(c.at - bytes.ptr);
        return RESP_NOTHING;
    }

    if (LIKELY((size_t)count <= (size_t)(c.end - c.at) / ARG_WIRE_MIN)) {
        struct arena_mark mark = arena_mark(arena);
        struct slice *argv = arena_alloc(arena, (size_t)count * sizeof(*argv));
        uint32_t argc = read_args(&c, argv, (uint32_t)count, &step);
        if (LIKELY(step == STEP_OK)) {
            ret->consumed = (size_t)(c.at - bytes.ptr);
            ret->request.argv = argv;
            ret->request.argc = argc;
            ret->request.is_inline = false;
            ret->request.wire = wire_of(bytes, ret->consumed, c.sloppy);
            return RESP_REQUEST;
        }
        if (step == STEP_ERROR)
            return parse_error(p, c.error, ret);
        save_args(p, bytes, argv, argc);
        arena_rewind(arena, mark);
    }
    p->args_left = count - p->argc;
    p->bulk_len = -1;
    p->offset = (size_t)(c.at - bytes.ptr);
    p->no_wire = c.sloppy;
    return resume_multibulk(p, limits, bytes, arena, ret);
}

/* Puts the found arguments together and starts anew. */
static enum resp_status finish_multibulk(struct resp_parser *p, struct slice bytes,
                                         struct arena *arena, struct resp_result *ret)
{
    struct slice *argv = arena_alloc(arena, (size_t)p->argc * sizeof(*argv));
    for (uint32_t i = 0; i < p->argc; i++) {
        const struct resp_arg *arg = &p->args[i];
        argv[i] = slice_of(arg->outside ? arg->outside : bytes.ptr + arg->offset, arg->len);
    }
    ret->consumed = p->offset;
    ret->request = (struct resp_request){
        .argv = argv,
        .argc = p->argc,
        .wire = wire_of(bytes, p->offset, p->no_wire),
    };
    resp_parser_done(p);
    return RESP_REQUEST;
}

static enum resp_status resume_multibulk(struct resp_parser *p, const struct resp_limits *limits,
                                         struct slice bytes, struct arena *arena,
                                         struct resp_result *ret)
{
    ASSERT(p->offset <= bytes.len);
    struct cursor c = {
        bytes.ptr + p->offset, bytes.ptr + bytes.len, limits, arena, NULL, p->no_wire
    };
    while (p->args_left > 0) {
        if (p->bulk_len < 0) {
            enum step step = c.at < c.end ? read_bulk_len_fast(&c, &p->bulk_len) : STEP_MORE;
            if (step == STEP_ERROR)
                return parse_error(p, c.error, ret);
            if (step == STEP_MORE)
                break;
            p->offset = (size_t)(c.at - bytes.ptr);
            p->no_wire = c.sloppy;
        }
        if (!bulk_is_here(&c, p->bulk_len)) {
            bool big = limits->big_bulk > 0 && (size_t)p->bulk_len >= limits->big_bulk;
            return big ? RESP_BIG : RESP_MORE;
        }
        struct slice bulk = take_bulk(&c, p->bulk_len);
        args_push_left(p, (struct resp_arg){ .offset = p->offset, .len = bulk.len });
        p->offset = (size_t)(c.at - bytes.ptr);
        p->no_wire = c.sloppy;
    }
    return p->args_left > 0 ? RESP_MORE : finish_multibulk(p, bytes, arena, ret);
}

/* --- inline requests --- */

static enum resp_status parse_inline(struct slice bytes, struct arena *arena,
                                     struct resp_result *ret)
{
    const char *newline = line_end(bytes.ptr, bytes.ptr + bytes.len, '\n');
    if (!newline) {
        if (bytes.len <= RESP_INLINE_MAX)
            return RESP_MORE;
        ret->error = ERR_INLINE_TOO_BIG;
        return RESP_ERROR;
    }

    struct slice line = slice_of(bytes.ptr, (size_t)(newline - bytes.ptr));
    ret->consumed = line.len + 1;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;

    struct slice *words;
    size_t count;
    if (words_split(arena, line, RESP_INLINE_MAX, &words, &count) != 0) {
        ret->error = ERR_QUOTES;
        return RESP_ERROR;
    }
    if (count == 0)
        return RESP_NOTHING;
    ret->request = (struct resp_request){
        .argv = words, .argc = (uint32_t)count, .is_inline = true, .wire = slice_of(NULL, 0)
    };
    return RESP_REQUEST;
}
