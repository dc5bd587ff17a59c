/* Any bytes as a line of words; every word, quoted, splits into itself. */
#include <errno.h>

#include "base/assert.h"
#include "base/words.h"
#include "tests/unit/fuzz.h"

static void try_quoting(struct arena *arena, struct slice word)
{
    struct buf quoted;
    struct slice *words;
    size_t count;
    buf_init(&quoted, BUF_NO_CEILING);
    words_quote(&quoted, word);
    int rc = words_split(arena, buf_slice(&quoted), 1, &words, &count);
    ASSERT(rc == 0);
    ASSERT(count == 1);
    ASSERT(slice_eq(words[0], word));
    buf_done(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    struct slice *words;
    size_t count;
    struct slice line = slice_of(data, len);
    arena_init(&arena, 1024, 4096);
    int rc = words_split(&arena, line, 100, &words, &count);
    ASSERT(rc == 0 || rc == -EINVAL || rc == -E2BIG);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        ASSERT(words[i].len <= len);
        try_quoting(&arena, words[i]);
    }
    try_quoting(&arena, line);
    arena_done(&arena);
    return 0;
}
