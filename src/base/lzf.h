/* LZF, by liblzf: the compression of RDB files, DUMP payloads and the middle of long lists (docs/adr/0008).
 *
 * The library's lengths have 32 bits: what is longer is left as it is. */
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
