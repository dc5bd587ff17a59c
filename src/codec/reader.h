/* Reading the RDB form: bytes, lengths, strings, from anybody.
 *
 * A reader stands on bytes in memory, or pulls them from a source through a window of CODEC_WINDOW
 * bytes. No length is believed: what is longer than the bytes that are known to be left is refused,
 * and where that is not known, memory grows with the bytes that arrive. The forms are those of
 * writer.h.
 *
 * Every function returns false when it fails, and from then on all do. The first failure is kept with its
 * place: codec_reader_error(). What is returned as a slice is borrowed until the next read. */
#ifndef CODEC_READER_H
#define CODEC_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/slice.h"

#define CODEC_WINDOW ((size_t)64 * 1024)
#define CODEC_LEFT_UNKNOWN UINT64_MAX

/* Up to `max` (> 0) bytes into `to`. How many; 0 at the end, or a negative errno. */
typedef ssize_t (*codec_pull)(void *arg, char *to, size_t max);

/* Type numbers from 22 on mean something else to each. */
enum codec_family {
    CODEC_REDIS,
    CODEC_VALKEY,
};

struct codec_error {
    int code; /* 0: none; -EBADMSG: the bytes; -ENODATA: they end; -ENOMEM; CODEC_EMPTY (value.h); or the source's */
    uint64_t offset;
    char text[160]; /* what was expected */
};

struct codec_reader {
    const char *at, *end; /* read up to here; the window's end */
    const char *summed;   /* the checksum is that of what stands before this */
    uint64_t end_offset;  /* of `end` */
    uint64_t left;        /* bytes behind `end` */
    uint64_t crc;
    bool has_crc;    /* may be switched off before anything is read: the checksum is 0 then */
    codec_pull pull; /* NULL: bytes in memory */
    void *pull_arg;
    char *window;
    int version; /* of what is read */
    enum codec_family family;
    struct buf text, packed; /* strings that do not lie in one piece; compressed ones */
    char digits[NUM_INT_MAX_CHARS];
    struct codec_error error;
};

void codec_reader_init(struct codec_reader *r, struct slice bytes);
/* `left`: how many bytes there are, or CODEC_LEFT_UNKNOWN. */
void codec_reader_init_pull(struct codec_reader *r, codec_pull pull, void *pull_arg, uint64_t left);
void codec_reader_done(struct codec_reader *r);

INLINE const struct codec_error *codec_reader_error(const struct codec_reader *r)
{
    return &r->error;
}
/* Takes back a failure behind which reading can go on. */
INLINE void codec_reader_forgive(struct codec_reader *r)
{
    r->error = (struct codec_error){ 0 };
}
/* Of the next byte. */
uint64_t codec_reader_offset(const struct codec_reader *r);
/* Of all that was read. */
uint64_t codec_reader_crc(struct codec_reader *r);
/* Bytes that are known to be left, or CODEC_LEFT_UNKNOWN: bounds what a count may ask for. */
uint64_t codec_reader_left(const struct codec_reader *r);
/* For those who read values: keeps the failure, if it is the first. Returns false. */
COLD bool codec_fail(struct codec_reader *r, int code, const char *fmt, ...) PRINTF(3, 4);

MUST_USE bool codec_read_bytes(struct codec_reader *r, void *to, size_t len);
MUST_USE bool codec_read_byte(struct codec_reader *r, uint8_t *ret_byte);
MUST_USE bool codec_read_u32(struct codec_reader *r,
                             uint32_t *ret_value); /* little-endian, as ... */
MUST_USE bool codec_read_u64(struct codec_reader *r, uint64_t *ret_value); /* ... these */
MUST_USE bool codec_read_double(struct codec_reader *r, double *ret_value);
MUST_USE bool codec_read_len(struct codec_reader *r, uint64_t *ret_len);
/* Of any form. */
MUST_USE bool codec_read_string(struct codec_reader *r, struct slice *ret_text);
/* The same, copied into `keep` unless it stays where it is: good until both are used again. */
MUST_USE bool codec_read_string_kept(struct codec_reader *r, struct buf *keep,
                                     struct slice *ret_text);

#endif
