/* Reading an append-only file. */
#include "persist/aof_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"

#define WINDOW ((size_t)256 * 1024)
/* A window that grew for one command beyond this is given back behind it. */
#define WINDOW_KEEP (WINDOW * 8)
/* The digits of a length, with their line end. */
#define NUMBER_CHARS 22
#define ANNOTATION_MAX ((size_t)1024)
/* "$0\r\n\r\n" */
#define ARG_BYTES_MIN ((size_t)6)

int aof_reader_open(struct aof_reader *r, const char *path)
{
    struct stat st;
    *r = (struct aof_reader){ .fd = -1 };
    int fd = file_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    r->fd = fd;
    int error = file_stat(path, &st);
    if (error < 0)
        return error;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    r->size = (uint64_t)st.st_size;
    r->cap = WINDOW;
    r->window = mem_alloc(r->cap);
    return 0;
}

void aof_reader_done(struct aof_reader *r)
{
    if (r->fd >= 0)
        (void)file_close(r->fd);
    mem_free(r->window);
    *r = (struct aof_reader){ .fd = -1 };
}

/* ---- the window ---- */

/* What is read goes; a window that one command has made large, too, when it holds little. */
static void slide(struct aof_reader *r)
{
    size_t rest = r->len - r->at;
    if (r->cap > WINDOW_KEEP && rest < WINDOW && r->wanted < WINDOW) {
        char *smaller = mem_alloc(WINDOW);
        memcpy(smaller, r->window + r->at, rest);
        mem_free(r->window);
        r->window = smaller;
        r->cap = WINDOW;
    } else if (r->at > 0) {
        memmove(r->window, r->window + r->at, rest);
    }
    r->offset += r->at;
    r->at = 0;
    r->len = rest;
}

/* By doubling at least, so that a command of many arguments is not begun anew too often; never beyond the file. */
static int grow(struct aof_reader *r, size_t wanted)
{
    uint64_t left = r->size - r->offset;
    size_t cap = MAX_OF(wanted, r->cap * 2);
    cap = left < cap ? MAX_OF((size_t)left, wanted) : cap;
    char *larger = mem_try_alloc(cap);
    if (!larger)
        return -ENOMEM;
    memcpy(larger, r->window, r->len);
    mem_free(r->window);
    r->window = larger;
    r->cap = cap;
    return 0;
}

int aof_reader_fill(struct aof_reader *r)
{
    slide(r);
    size_t wanted = MAX_OF(r->wanted, r->len + 1);
    int error = wanted > r->cap ? grow(r, wanted) : 0;
    r->wanted = 0;
    while (error == 0 && r->len < r->cap && r->offset + r->len < r->size) {
        uint64_t left = r->size - r->offset - r->len;
        size_t room = MIN_OF((uint64_t)(r->cap - r->len), left);
        ssize_t got = file_read(r->fd, r->window + r->len, room);
        if (got < 0)
            return (int)got;
        if (got == 0)
            r->size = r->offset + r->len; /* somebody has cut it */
        r->len += (size_t)got;
    }
    return error;
}

int aof_reader_seek(struct aof_reader *r, uint64_t offset)
{
    off_t at = file_seek(r->fd, (off_t)offset, SEEK_SET);
    if (at < 0)
        return (int)at;
    r->offset = offset;
    r->at = r->len = r->wanted = 0;
    return 0;
}

ssize_t aof_reader_pull(void *arg, char *to, size_t max)
{
    struct aof_reader *r = arg;
    if (r->at < r->len) {
        size_t part = MIN_OF(max, r->len - r->at);
        memcpy(to, r->window + r->at, part);
        r->at += part;
        return (ssize_t)part;
    }
    ssize_t got = file_read(r->fd, to, max);
    if (got > 0) {
        r->offset += r->len + (size_t)got;
        r->at = r->len = 0;
    }
    return got;
}

int aof_reader_has_preamble(struct aof_reader *r)
{
    static const char *const names[] = { "REDIS", "VALKEY" };
    ASSERT(r->offset == 0 && r->at == 0);
    if (r->len == 0) {
        int error = aof_reader_fill(r);
        if (error < 0)
            return error;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (r->len >= strlen(names[i]) && memcmp(r->window, names[i], strlen(names[i])) == 0)
            return 1;
    return 0;
}

/* ---- items ---- */

/* A walk over one item in the window. */
struct walk {
    struct aof_reader *r;
    const char *at, *end;
};

static uint64_t offset_of(const struct walk *w)
{
    return w->r->offset + (size_t)(w->at - w->r->window);
}

static enum aof_status bad(const struct walk *w, const char *expected)
{
    w->r->fault = offset_of(w);
    w->r->expected = expected;
    return AOF_BAD;
}

/* The window ends before the item: `needed` bytes from `at` on would do. */
static enum aof_status short_of(const struct walk *w, uint64_t needed, const char *expected)
{
    struct aof_reader *r = w->r;
    uint64_t from = offset_of(w);
    if (r->offset + r->len == r->size || needed > r->size - from) {
        r->fault = r->size;
        r->expected = expected;
        return AOF_TORN;
    }
    r->wanted = (size_t)(from + needed - (r->offset + r->at));
    return AOF_MORE;
}

/* A line end, at `at`. */
static enum aof_status read_crlf(struct walk *w, const char *expected)
{
    for (const char *c = "\r\n"; *c; c++) {
        if (w->at == w->end)
            return short_of(w, 1, expected);
        if (*w->at != *c)
            return bad(w, expected);
        w->at++;
    }
    return AOF_COMMAND;
}

/* A mark, digits, a line end. AOF_COMMAND: *ret_number is set. */
static enum aof_status read_number(struct walk *w, char mark, const char *expected,
                                   uint64_t *ret_number)
{
    uint64_t number = 0;
    if (w->at == w->end)
        return short_of(w, 1, expected);
    if (*w->at != mark)
        return bad(w, expected);
    const char *first = ++w->at;
    for (; w->at < w->end && *w->at >= '0' && *w->at <= '9'; w->at++) {
        number = number * 10 + (uint64_t)(*w->at - '0');
        if (w->at - first > NUMBER_CHARS - 4)
            return bad(w, expected);
    }
    if (w->at == w->end)
        return short_of(w, 1, expected);
    if (w->at == first)
        return bad(w, expected);
    *ret_number = number;
    return read_crlf(w, expected);
}

#define EXPECTED_COUNT "'*' and a number of arguments"
#define EXPECTED_LENGTH "'$' and the length of an argument"

static enum aof_status read_arg(struct walk *w, struct slice *ret_arg)
{
    uint64_t len;
    enum aof_status status = read_number(w, '$', EXPECTED_LENGTH, &len);
    if (UNLIKELY(status != AOF_COMMAND))
        return status;
    if (UNLIKELY(len > (uint64_t)INT64_MAX / 2 || len + 2 > (uint64_t)(w->end - w->at)))
        return short_of(w, len + 2, "an argument of the announced length");
    *ret_arg = slice_of(w->at, (size_t)len);
    w->at += len;
    return read_crlf(w, "the line end of an argument");
}

static enum aof_status read_command(struct walk *w, struct arena *arena, struct aof_item *ret)
{
    uint64_t argc;
    const char *first = w->at;
    enum aof_status status = read_number(w, '*', EXPECTED_COUNT, &argc);
    if (UNLIKELY(status != AOF_COMMAND))
        return status;
    if (UNLIKELY(argc == 0 || argc > (uint64_t)RESP_ARGS_MAX)) {
        w->at = first;
        return bad(w, EXPECTED_COUNT);
    }
    /* More arguments than the window can hold are walked over all the same, to see whether they are some. */
    size_t fit = MIN_OF((size_t)argc, (size_t)(w->end - w->at) / ARG_BYTES_MIN + 1);
    struct arena_mark before = arena_mark(arena);
    struct slice *argv = arena_alloc(arena, fit * sizeof(*argv)), arg;
    for (uint64_t i = 0; i < argc; i++) {
        status = read_arg(w, &arg);
        if (UNLIKELY(status != AOF_COMMAND)) {
            arena_rewind(arena, before);
            return status;
        }
        ASSERT_DEBUG(i < fit);
        argv[i] = arg;
    }
    ret->request = (struct resp_request){ .argv = argv,
                                          .argc = (uint32_t)argc,
                                          .wire = slice_of(first, (size_t)(w->at - first)) };
    return AOF_COMMAND;
}

static enum aof_status read_annotation(struct walk *w, struct aof_item *ret)
{
    static const char expected[] = "the end of an annotation's line";
    const char *first = w->at + 1;
    size_t len = (size_t)(w->end - first);
    const char *end = memchr(first, '\n', MIN_OF(len, ANNOTATION_MAX));
    if (!end && len >= ANNOTATION_MAX)
        return bad(w, expected);
    if (!end)
        return short_of(w, len + 2, expected);
    size_t chars = (size_t)(end - first);
    ret->text = slice_of(first, chars && first[chars - 1] == '\r' ? chars - 1 : chars);
    w->at = end + 1;
    return AOF_ANNOTATION;
}

enum aof_status aof_reader_next(struct aof_reader *r, struct arena *arena, struct aof_item *ret)
{
    struct walk w = { r, r->window + r->at, r->window + r->len };
    ret->offset = ret->end = r->offset + r->at;
    if (w.at == w.end)
        return r->offset + r->len == r->size ? AOF_END : AOF_MORE;
    enum aof_status status = *w.at == '#' ? read_annotation(&w, ret) : read_command(&w, arena, ret);
    if (LIKELY(status == AOF_COMMAND || status == AOF_ANNOTATION)) {
        r->at = (size_t)(w.at - r->window);
        ret->end = r->offset + r->at;
    }
    return status;
}
