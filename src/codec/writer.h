/* Writing the RDB form: bytes, lengths, strings.
 *
 * What is written gathers in the writer's buffer. Without a sink it stays there; with one it is handed on
 * in pieces of about CODEC_PIECE bytes, and long strings go past the buffer. The first failure is kept: what is
 * written afterwards is dropped, and codec_writer_finish() tells.
 *
 *   length   first byte   then
 *   6 bits   00llllll
 *   14 bits  01llllll     1 byte, high bits first
 *   32 bits  0x80         4 bytes, big-endian
 *   64 bits  0x81         8 bytes, big-endian
 *   string   a length     its bytes
 *            0xc0         a number of 1 byte (0xc1: 2, 0xc2: 4 bytes), little-endian
 *            0xc3         length compressed, length, LZF bytes */
#ifndef CODEC_WRITER_H
#define CODEC_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define CODEC_PIECE ((size_t)64 * 1024)
/* The first version with all that today's files have; what older peers cannot read is asked for. */
#define CODEC_VERSION_MIN 10

/* 0 or a negative errno. */
typedef int (*codec_sink)(void *arg, struct slice bytes);

struct codec_writer {
    struct buf buf;
    codec_sink sink; /* NULL: everything gathers */
    void *sink_arg;
    bool compress; /* strings of more than 20 bytes, where it makes them shorter */
    bool has_crc;  /* may be switched off before anything is written: the checksum is 0 then */
    int version;   /* values are written so that a peer of this version reads them */
    int error;
    uint64_t handed_on; /* bytes that left the buffer, and */
    uint64_t crc;       /* their checksum */
    struct buf packed;  /* scratch of the compression */
};

void codec_writer_init(struct codec_writer *w, int version, codec_sink sink, void *sink_arg);
void codec_writer_done(struct codec_writer *w);
/* Hands on what is left. 0, or the first failure. */
MUST_USE int codec_writer_finish(struct codec_writer *w);

/* Bytes so far, and their checksum. */
uint64_t codec_writer_offset(const struct codec_writer *w);
uint64_t codec_writer_crc(const struct codec_writer *w);

void codec_write_bytes(struct codec_writer *w, const void *bytes, size_t len);
void codec_write_byte(struct codec_writer *w, uint8_t byte);
void codec_write_u16(struct codec_writer *w, uint16_t value); /* little-endian, as the next */
void codec_write_u64(struct codec_writer *w, uint64_t value);
void codec_write_double(struct codec_writer *w, double value); /* the bits, little-endian */
void codec_write_len(struct codec_writer *w, uint64_t len);
/* In the shortest form: as a number, compressed, or as it is. */
void codec_write_string(struct codec_writer *w, struct slice text);
/* The text of a number. */
void codec_write_int(struct codec_writer *w, int64_t value);

#endif
