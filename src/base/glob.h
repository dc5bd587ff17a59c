/* Glob patterns of KEYS, SCAN, PSUBSCRIBE, CONFIG GET: * ? [a-c] [^x] and backslash escapes.
 *
 * Iterative with one backtracking point, so a hostile pattern costs at most pattern times text. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/* The empty text matches the empty pattern alone, not "*": the peers answer so. Verbs that mean "all"
 * by a star (KEYS, SCAN) ask glob_is_all first. */
bool glob_match(struct slice pattern, struct slice text);
bool glob_match_nocase(struct slice pattern, struct slice text);
/* True for "*". */
bool glob_is_all(struct slice pattern);

#endif
