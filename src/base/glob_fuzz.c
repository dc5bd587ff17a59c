/* Any bytes as a pattern and a text: the first byte says where they part. A text with every byte
 * escaped matches itself; a match stays one when stars stand around the pattern. */
#include "base/assert.h"
#include "base/buf.h"
#include "base/glob.h"
#include "tests/unit/fuzz.h"

static void try_escaped(struct slice text)
{
    struct buf pattern;
    buf_init(&pattern, BUF_NO_CEILING);
    for (size_t i = 0; i < text.len; i++) {
        buf_append_char(&pattern, '\\');
        buf_append_char(&pattern, text.ptr[i]);
    }
    ASSERT(glob_match(buf_slice(&pattern), text));
    ASSERT(glob_match_nocase(buf_slice(&pattern), text));
    buf_done(&pattern);
}

static void try_starred(struct slice pattern, struct slice text)
{
    struct buf starred;
    buf_init(&starred, BUF_NO_CEILING);
    buf_append_char(&starred, '*');
    buf_append(&starred, pattern);
    if (text.len > 0)
        ASSERT(glob_match(buf_slice(&starred), text));
    buf_done(&starred);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    size_t at = MIN_OF((size_t)data[0], len - 1);
    struct slice pattern = slice_of(data + 1, at);
    struct slice text = slice_of(data + 1 + at, len - 1 - at);
    if (glob_match(pattern, text))
        try_starred(pattern, text);
    (void)glob_match_nocase(pattern, text);
    (void)glob_is_all(pattern);
    try_escaped(text);
    return 0;
}
