/* LZF: the compression of RDB files, DUMP payloads and the middle of long lists. The format is the public one of
 * liblzf; what is packed here is read by everybody, and the other way round.
 *
 *   first byte   then                    what
 *   000lllll     l + 1 bytes             these bytes
 *   lllooooo     1 byte: o, low bits     l + 2 bytes again that stand o + 1 bytes before here; l is 1 to 6
 *   111ooooo     2 bytes: l, o           the same of l + 9 bytes
 *
 * A reference may reach into what it makes itself. */
#ifndef BASE_LZF_H
#define BASE_LZF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* No byte of packed ones stands for more. */
#define LZF_RATIO_MAX 88

/* Packs into `room` bytes at `to`. How many there are; 0 if they do not fit. */
MUST_USE size_t lzf_pack(struct slice bytes, void *to, size_t room);
/* Unpacks bytes from anywhere, into `len` bytes at `to`. False: they are no LZF, or not of so many bytes. What is at
 * `to` then is undefined. */
MUST_USE bool lzf_unpack(struct slice packed, void *to, size_t len);

#endif
