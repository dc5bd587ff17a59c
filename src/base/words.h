/* A line split into words with quotes: inline requests, configuration lines.
 *
 * "double" quotes know \n \r \t \b \a \\ \" and \xHH; 'single' quotes know \'. A closing quote
 * must be followed by a space or the end. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* The words, in `arena`. 0, -EINVAL for unbalanced quotes, -E2BIG above max_words. */
MUST_USE int words_split(struct arena *arena, struct slice line, size_t max_words,
                         struct slice **ret_words, size_t *ret_count);

/* Appends `text` in double quotes with everything unprintable escaped. */
void words_quote(struct buf *out, struct slice text);

#endif
