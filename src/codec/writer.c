#include "codec/writer.h"

#include <errno.h>

#include "base/lzf.h"
#include "base/num.h"
#include "codec/codec_priv.h"
#include "codec/crc64.h"

/* Shorter ones are not worth the attempt. */
#define COMPRESS_MIN 21
/* What compression must save, so that its lengths are paid for. */
#define COMPRESS_GAIN_MIN 4
/* No number of 32 bits is longer. */
#define NUMBER_CHARS_MAX 11

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie");

void codec_writer_init(struct codec_writer *w, int version, codec_sink sink, void *sink_arg)
{
    *w = (struct codec_writer){
        .sink = sink, .sink_arg = sink_arg, .compress = true, .has_crc = true, .version = version
    };
    buf_init(&w->buf, BUF_NO_CEILING);
    buf_init(&w->packed, BUF_NO_CEILING);
}

void codec_writer_done(struct codec_writer *w)
{
    buf_done(&w->buf);
    buf_done(&w->packed);
}

static void hand_on(struct codec_writer *w, struct slice bytes)
{
    if (w->error || bytes.len == 0)
        return;
    if (w->has_crc)
        w->crc = crc64_update(w->crc, bytes);
    w->handed_on += bytes.len;
    w->error = w->sink(w->sink_arg, bytes);
}

static void hand_on_gathered(struct codec_writer *w)
{
    hand_on(w, buf_slice(&w->buf));
    buf_clear(&w->buf);
}

int codec_writer_finish(struct codec_writer *w)
{
    if (w->sink)
        hand_on_gathered(w);
    return w->error;
}

uint64_t codec_writer_offset(const struct codec_writer *w)
{
    return w->handed_on + w->buf.len;
}

uint64_t codec_writer_crc(const struct codec_writer *w)
{
    return w->has_crc ? crc64_update(w->crc, buf_slice(&w->buf)) : 0;
}

void codec_write_bytes(struct codec_writer *w, const void *bytes, size_t len)
{
    if (UNLIKELY(w->error))
        return;
    if (w->sink && w->buf.len + len > CODEC_PIECE) {
        hand_on_gathered(w);
        if (len >= CODEC_PIECE) {
            hand_on(w, slice_of(bytes, len));
            return;
        }
    }
    char *to = buf_reserve(&w->buf, len);
    if (!to) {
        w->error = -ENOMEM;
        return;
    }
    if (len)
        memcpy(to, bytes, len);
    buf_commit(&w->buf, len);
}

void codec_write_byte(struct codec_writer *w, uint8_t byte)
{
    codec_write_bytes(w, &byte, sizeof(byte));
}

void codec_write_u16(struct codec_writer *w, uint16_t value)
{
    codec_write_bytes(w, &value, sizeof(value));
}

void codec_write_u64(struct codec_writer *w, uint64_t value)
{
    codec_write_bytes(w, &value, sizeof(value));
}

void codec_write_double(struct codec_writer *w, double value)
{
    codec_write_bytes(w, &value, sizeof(value));
}

void codec_write_len(struct codec_writer *w, uint64_t len)
{
    unsigned char out[1 + sizeof(uint64_t)];
    if (len < 1 << 6) {
        codec_write_byte(w, (uint8_t)len);
    } else if (len < 1 << 14) {
        out[0] = (unsigned char)(LEN_14 | len >> 8);
        out[1] = (unsigned char)len;
        codec_write_bytes(w, out, 2);
    } else {
        const bool is_wide = len > UINT32_MAX;
        uint64_t wide = __builtin_bswap64(len);
        uint32_t narrow = __builtin_bswap32((uint32_t)len);
        out[0] = is_wide ? LEN_64 : LEN_32;
        memcpy(out + 1, is_wide ? (void *)&wide : (void *)&narrow, is_wide ? 8 : 4);
        codec_write_bytes(w, out, is_wide ? 9 : 5);
    }
}

/* False: more than 32 bits. */
static bool write_number(struct codec_writer *w, int64_t value)
{
    unsigned char out[1 + sizeof(int32_t)];
    size_t width;
    if (value == (int8_t)value) {
        out[0] = STRING_INT8;
        width = sizeof(int8_t);
    } else if (value == (int16_t)value) {
        out[0] = STRING_INT16;
        width = sizeof(int16_t);
    } else if (value == (int32_t)value) {
        out[0] = STRING_INT32;
        width = sizeof(int32_t);
    } else {
        return false;
    }
    memcpy(out + 1, &value, width);
    codec_write_bytes(w, out, 1 + width);
    return true;
}

static bool write_compressed(struct codec_writer *w, struct slice text)
{
    if (!w->compress || text.len < COMPRESS_MIN || text.len > UINT32_MAX)
        return false;
    size_t room = text.len - COMPRESS_GAIN_MIN;
    buf_clear(&w->packed);
    char *to = buf_reserve(&w->packed, room);
    if (!to)
        return false;
    size_t len = lzf_pack(text, to, room);
    if (len == 0)
        return false;
    codec_write_byte(w, STRING_LZF);
    codec_write_len(w, len);
    codec_write_len(w, text.len);
    codec_write_bytes(w, to, len);
    return true;
}

void codec_write_string(struct codec_writer *w, struct slice text)
{
    int64_t number;
    if (text.len <= NUMBER_CHARS_MAX && num_parse_int(text, &number) && write_number(w, number))
        return;
    if (write_compressed(w, text))
        return;
    codec_write_len(w, text.len);
    codec_write_bytes(w, text.ptr, text.len);
}

void codec_write_int(struct codec_writer *w, int64_t value)
{
    char digits[NUM_INT_MAX_CHARS];
    if (write_number(w, value))
        return;
    size_t len = num_format_int(digits, value);
    codec_write_len(w, len);
    codec_write_bytes(w, digits, len);
}
