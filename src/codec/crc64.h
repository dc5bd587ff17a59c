/* CRC-64 with the Jones polynomial, reflected, begun at 0 and ended as it is: the checksum of RDB files and DUMP
 * payloads. "123456789" gives 0xe9c6d914c4b8d9ca. */
#ifndef CODEC_CRC64_H
#define CODEC_CRC64_H

#include <stdint.h>

#include "base/slice.h"

/* The checksum of what `crc` is the checksum of, followed by `bytes`. 0 is that of nothing. */
uint64_t crc64_update(uint64_t crc, struct slice bytes);

#endif
