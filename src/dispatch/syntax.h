/* Syntax notation: the arguments of a command, written once in its row, read by COMMAND DOCS.
 *
 *   key:key value                 a key, a string
 *   seconds:int                   typed: string (default) int double key pattern unixtime
 *   TOKEN                         a pure token, named by its lower-case form
 *   EX seconds:int                a token before an argument
 *   name/field                    display name: name, then the text shown
 *   [x]                           optional
 *   x...                          may be repeated; TOKEN x... with "..." behind the argument
 *   (TOKEN x)...                  the token is repeated too
 *   name=<a | b>                  one of
 *   name={a b}                    a block of arguments that belong together
 *
 * Example, SET: "key:key value [condition=<NX | XX>] [GET] [expiration=<EX seconds:int | ...>]". */
#ifndef DISPATCH_SYNTAX_H
#define DISPATCH_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"
#include "resp/reply.h"

/* Writes the "arguments" array of COMMAND DOCS. Asserts that the notation is well formed. */
void syntax_reply_arguments(struct reply *r, struct arena *arena, const char *syntax);
/* False when `syntax` is not well formed, for the test over all rows. */
bool syntax_is_valid(const char *syntax);

#endif
