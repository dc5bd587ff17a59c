/* Syntax notation: the arguments of a command, written once in its row, read by COMMAND DOCS.
 *
 *   key:key value         a key; a string
 *   seconds:int           typed: string (if not said), int, double, key, pattern, unixtime
 *   NX                    a pure token, named by its lower-case form; or name=NX
 *   EX seconds:int        a token in front of an argument of any form
 *   [x]                   optional
 *   x...   [x]...         may be repeated
 *   (TOKEN x)...          repeated together with its token
 *   name=<a | b>          one of several
 *   name={a b}            arguments that belong together
 *   x@6.2.0               known since that version, of an argument of any form
 *
 * A pure token stands last in what encloses it, or has a name; anything else after a token is the
 * token's argument. Example, SET:
 *   key:key value [condition=<NX | XX>] [GET@6.2.0] [expiration=<EX seconds:int | KEEPTTL>]
 */
#ifndef DISPATCH_SYNTAX_H
#define DISPATCH_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "resp/reply.h"

/* Writes the "arguments" array of COMMAND DOCS. The command has `key_specs` key specifications:
 * keys are numbered by them in order, the last one takes all that are left. Asserts that the notation is well formed. */
void syntax_reply_arguments(struct reply *r, struct arena *arena, const char *syntax,
                            int key_specs);
/* Appends the form that people read: "key value [NX | XX] [EX seconds | KEEPTTL]". The same condition. */
void syntax_print(struct buf *out, const char *syntax);
/* False when `syntax` is not well formed, for the test over all rows. */
bool syntax_is_valid(const char *syntax);

#endif
