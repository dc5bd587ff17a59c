/* Matching of glob patterns.
 *
 * Every part of a pattern but the star takes exactly one byte. So it is enough to remember the
 * last star: if a later part fails, that star takes one byte more; an earlier star never helps. */
#include "base/glob.h"

#include <stdint.h>

#include "base/assert.h"

struct matcher {
    const char *pattern;
    size_t len;
    bool nocase;
};

static unsigned char fold(const struct matcher *m, char c)
{
    return m->nocase ? ascii_lower(c) : (unsigned char)c;
}

/* Bytes from 0x80 up stand below the others. The ends are ordered before letters are folded, so
 * that [N-l] is empty when case does not count. */
static bool in_range(const struct matcher *m, signed char from, signed char to, signed char c)
{
    signed char first = (signed char)fold(m, MIN_OF(from, to));
    signed char last = (signed char)fold(m, MAX_OF(from, to));
    return c >= first && c <= last;
}

/* A class, from the byte behind '['. Returns the index behind it.
 * A class that is not closed ends with the pattern; a reversed range is turned round; a ']' always
 * closes, also as the first byte; a range may end with any byte, also ']'. */
static size_t match_class(const struct matcher *m, size_t at, char text, bool *ret_matches)
{
    const char *p = m->pattern;
    unsigned char c = fold(m, text);
    bool negated = at < m->len && p[at] == '^';
    bool found = false;
    if (negated)
        at++;
    for (; at < m->len && p[at] != ']'; at++) {
        if (p[at] == '\\' && at + 1 < m->len) {
            at++;
            found |= p[at] == text;
        } else if (m->len - at >= 3 && p[at + 1] == '-') {
            found |= in_range(m, (signed char)p[at], (signed char)p[at + 2], (signed char)c);
            at += 2;
        } else {
            found |= fold(m, p[at]) == c;
        }
    }
    *ret_matches = found != negated;
    return at < m->len ? at + 1 : at;
}

/* One part that is no star against one byte. Returns the index behind the part. */
static size_t match_part(const struct matcher *m, size_t at, char text, bool *ret_matches)
{
    switch (m->pattern[at]) {
    case '?':
        *ret_matches = true;
        return at + 1;
    case '[':
        return match_class(m, at + 1, text, ret_matches);
    case '\\':
        if (at + 1 < m->len)
            at++;
        break;
    default:
        break;
    }
    *ret_matches = fold(m, m->pattern[at]) == fold(m, text);
    return at + 1;
}

static bool match(const struct matcher *m, struct slice text)
{
    if (text.len == 0)
        return m->len == 0; /* not even a star: the peers' matcher does not look at it */
    size_t at = 0;
    size_t i = 0;
    size_t star_at = SIZE_MAX; /* behind the last star, and the byte that it gives up next */
    size_t star_i = 0;
    while (i < text.len) {
        if (at < m->len && m->pattern[at] == '*') {
            star_at = ++at;
            star_i = i;
            continue;
        }
        bool matches = false;
        if (at < m->len)
            at = match_part(m, at, text.ptr[i], &matches);
        else if (star_at == m->len)
            return true;
        if (matches) {
            i++;
            continue;
        }
        if (star_at == SIZE_MAX)
            return false;
        at = star_at;
        i = ++star_i;
    }
    while (at < m->len && m->pattern[at] == '*')
        at++;
    return at == m->len;
}

bool glob_match(struct slice pattern, struct slice text)
{
    return match(&(struct matcher){ pattern.ptr, pattern.len, false }, text);
}

bool glob_match_nocase(struct slice pattern, struct slice text)
{
    return match(&(struct matcher){ pattern.ptr, pattern.len, true }, text);
}

bool glob_is_all(struct slice pattern)
{
    return pattern.len == 1 && pattern.ptr[0] == '*';
}
