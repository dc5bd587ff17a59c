/* Splitting and quoting of words.
 *
 * As the peers do it: a zero byte ends the line; any white space may stand before a word, but
 * inside one only space, tab and the line ends end it; a quote may open in the middle of a word. */
#include "base/words.h"

#include <errno.h>

#include "base/assert.h"

struct reader {
    const char *at, *end;
    char *out; /* where the current word's bytes go; a word is never longer than its source */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool ends_word(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static int hex_value(char c)
{
    unsigned char lower = ascii_lower(c);
    if (lower >= '0' && lower <= '9')
        return lower - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that a backslash and `c` stand for between double quotes. */
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* \xHH; false when it is not that. */
static bool read_hex(struct reader *r)
{
    if (r->end - r->at < 4 || r->at[1] != 'x')
        return false;
    int high = hex_value(r->at[2]);
    int low = hex_value(r->at[3]);
    if (high < 0 || low < 0)
        return false;
    *r->out++ = (char)(high * 16 + low);
    r->at += 4;
    return true;
}

/* What follows a closing quote must end the word. */
static int close_quote(struct reader *r)
{
    r->at++;
    return r->at == r->end || is_space(*r->at) ? 0 : -EINVAL;
}

static int read_double_quoted(struct reader *r)
{
    for (r->at++; r->at < r->end;) {
        if (*r->at == '"')
            return close_quote(r);
        if (*r->at == '\\' && r->end - r->at >= 2) {
            if (read_hex(r))
                continue;
            *r->out++ = unescape(r->at[1]);
            r->at += 2;
        } else {
            *r->out++ = *r->at++;
        }
    }
    return -EINVAL;
}

static int read_single_quoted(struct reader *r)
{
    for (r->at++; r->at < r->end;) {
        if (*r->at == '\'')
            return close_quote(r);
        if (*r->at == '\\' && r->end - r->at >= 2 && r->at[1] == '\'')
            r->at++;
        *r->out++ = *r->at++;
    }
    return -EINVAL;
}

static int read_word(struct reader *r)
{
    while (r->at < r->end && !ends_word(*r->at)) {
        if (*r->at == '"')
            return read_double_quoted(r);
        if (*r->at == '\'')
            return read_single_quoted(r);
        *r->out++ = *r->at++;
    }
    return 0;
}

/* At least as many as there are words: each begins behind white space. */
static size_t count_runs(struct slice line)
{
    size_t runs = 0;
    bool in_run = false;
    for (size_t i = 0; i < line.len; i++) {
        bool space = is_space(line.ptr[i]);
        runs += !space && !in_run;
        in_run = !space;
    }
    return runs;
}

int words_split(struct arena *arena, struct slice line, size_t max_words, struct slice **ret_words,
                size_t *ret_count)
{
    ASSERT(arena);
    ASSERT(ret_words);
    ASSERT(ret_count);
    ptrdiff_t zero = slice_find(line, '\0');
    if (line.len == 0)
        line = SLICE(""); /* it may have no pointer to count from */
    else if (zero >= 0)
        line.len = (size_t)zero;

    size_t room = MIN_OF(count_runs(line), max_words);
    struct slice *words = arena_alloc(arena, room * sizeof(*words));
    struct reader r = { line.ptr, line.ptr + line.len, arena_alloc(arena, line.len) };
    size_t count = 0;
    for (;;) {
        while (r.at < r.end && is_space(*r.at))
            r.at++;
        if (r.at == r.end)
            break;
        if (count == max_words)
            return -E2BIG;
        char *first = r.out;
        int rc = read_word(&r);
        if (rc < 0)
            return rc;
        ASSERT(count < room);
        words[count++] = slice_of(first, (size_t)(r.out - first));
    }
    *ret_words = words;
    *ret_count = count;
    return 0;
}

/* The letter behind the backslash, or 0. */
static char escape_letter(char c)
{
    switch (c) {
    case '\\':
    case '"':
        return c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\a':
        return 'a';
    case '\b':
        return 'b';
    default:
        return 0;
    }
}

void words_quote(struct buf *out, struct slice text)
{
    static const char digits[] = "0123456789abcdef";
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        char letter = escape_letter(c);
        if (letter) {
            buf_append(out, slice_of((char[]){ '\\', letter }, 2));
        } else if (c >= 0x20 && c < 0x7f) {
            buf_append_char(out, c);
        } else {
            unsigned char byte = (unsigned char)c;
            char hex[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
            buf_append(out, slice_of(hex, sizeof(hex)));
        }
    }
    buf_append_char(out, '"');
}
