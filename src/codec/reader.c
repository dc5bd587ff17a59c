#include "codec/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/lzf.h"
#include "base/mem.h"
#include "codec/codec_priv.h"
#include "codec/crc64.h"

/* Memory for so many bytes is taken before they are there, where they are known to be left. */
#define STEP_MAX ((uint64_t)32 << 20)

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as they lie");

void codec_reader_init(struct codec_reader *r, struct slice bytes)
{
    *r = (struct codec_reader){ .at = bytes.ptr,
                                .end = bytes.ptr + bytes.len,
                                .summed = bytes.ptr,
                                .end_offset = bytes.len,
                                .has_crc = true };
    buf_init(&r->text, BUF_NO_CEILING);
    buf_init(&r->packed, BUF_NO_CEILING);
}

void codec_reader_init_pull(struct codec_reader *r, codec_pull pull, void *pull_arg, uint64_t left)
{
    char *window = mem_alloc(CODEC_WINDOW);
    codec_reader_init(r, slice_of(window, 0));
    r->window = window;
    r->pull = pull;
    r->pull_arg = pull_arg;
    r->left = left;
}

void codec_reader_done(struct codec_reader *r)
{
    mem_free(r->window);
    buf_done(&r->text);
    buf_done(&r->packed);
}

bool codec_fail(struct codec_reader *r, int code, const char *fmt, ...)
{
    va_list args;
    if (r->error.code)
        return false;
    r->error.code = code;
    r->error.offset = codec_reader_offset(r);
    va_start(args, fmt);
    (void)vsnprintf(r->error.text, sizeof(r->error.text), fmt, args);
    va_end(args);
    return false;
}

static size_t in_window(const struct codec_reader *r)
{
    return (size_t)(r->end - r->at);
}

uint64_t codec_reader_offset(const struct codec_reader *r)
{
    return r->end_offset - in_window(r);
}

uint64_t codec_reader_left(const struct codec_reader *r)
{
    return r->left == CODEC_LEFT_UNKNOWN ? r->left : r->left + in_window(r);
}

uint64_t codec_reader_crc(struct codec_reader *r)
{
    if (!r->has_crc)
        return 0;
    r->crc = crc64_update(r->crc, slice_of(r->summed, (size_t)(r->at - r->summed)));
    r->summed = r->at;
    return r->crc;
}

/* ---- bytes ---- */

/* Some bytes from the source, at most `max`; at the end, and on failure, 0. */
static size_t pull_some(struct codec_reader *r, char *to, size_t max)
{
    const ssize_t got = r->pull(r->pull_arg, to, max);
    if (got < 0)
        (void)codec_fail(r, (int)got, "the source failed");
    if (got <= 0)
        return 0;
    r->end_offset += (uint64_t)got;
    if (r->left != CODEC_LEFT_UNKNOWN)
        r->left -= MIN_OF(r->left, (uint64_t)got);
    return (size_t)got;
}

/* Moves what was not read to the window's front and fills up behind it until `len` bytes are there.
 * `len` is at most the window. */
static bool fill(struct codec_reader *r, size_t len)
{
    size_t have = in_window(r);
    if (!r->pull)
        return codec_fail(r, -ENODATA, "%zu more bytes", len - have);
    (void)codec_reader_crc(r);
    if (have)
        memmove(r->window, r->at, have);
    r->at = r->summed = r->window;
    r->end = r->window + have;
    while (have < len) {
        size_t got = pull_some(r, r->window + have, CODEC_WINDOW - have);
        if (got == 0)
            return codec_fail(r, -ENODATA, "%zu more bytes", len - have);
        have += got;
        r->end += got;
    }
    return true;
}

/* True: the next `len` bytes lie at r->at. */
static bool want(struct codec_reader *r, size_t len)
{
    if (UNLIKELY(r->error.code))
        return false;
    return LIKELY(in_window(r) >= len) || fill(r, len);
}

/* Into memory of the caller, in pieces, past the window. */
static bool copy_out(struct codec_reader *r, char *to, size_t len)
{
    size_t have = MIN_OF(in_window(r), len);
    if (have)
        memcpy(to, r->at, have);
    r->at += have;
    (void)codec_reader_crc(r);
    while (have < len) {
        size_t got = pull_some(r, to + have, len - have);
        if (got == 0)
            return codec_fail(r, -ENODATA, "%zu more bytes", len - have);
        if (r->has_crc)
            r->crc = crc64_update(r->crc, slice_of(to + have, got));
        have += got;
    }
    return true;
}

bool codec_read_bytes(struct codec_reader *r, void *to, size_t len)
{
    if (r->pull && len > CODEC_WINDOW)
        return !r->error.code && copy_out(r, to, len);
    if (!want(r, len))
        return false;
    if (len)
        memcpy(to, r->at, len);
    r->at += len;
    return true;
}

bool codec_read_byte(struct codec_reader *r, uint8_t *ret_byte)
{
    return codec_read_bytes(r, ret_byte, sizeof(*ret_byte));
}

bool codec_read_u32(struct codec_reader *r, uint32_t *ret_value)
{
    return codec_read_bytes(r, ret_value, sizeof(*ret_value));
}

bool codec_read_u64(struct codec_reader *r, uint64_t *ret_value)
{
    return codec_read_bytes(r, ret_value, sizeof(*ret_value));
}

bool codec_read_double(struct codec_reader *r, double *ret_value)
{
    return codec_read_bytes(r, ret_value, sizeof(*ret_value));
}

/* ---- lengths ---- */

/* The length that begins with `first`. */
static bool finish_len(struct codec_reader *r, uint8_t first, uint64_t *ret_len)
{
    uint8_t low;
    uint32_t narrow;
    uint64_t wide;
    switch (first & 0xc0) {
    case 0:
        *ret_len = first;
        return true;
    case LEN_14:
        if (!codec_read_byte(r, &low))
            return false;
        *ret_len = (uint64_t)(first & 0x3f) << 8 | low;
        return true;
    default:
        break;
    }
    if (first == LEN_32) {
        if (!codec_read_u32(r, &narrow))
            return false;
        *ret_len = __builtin_bswap32(narrow);
        return true;
    }
    if (first == LEN_64) {
        if (!codec_read_u64(r, &wide))
            return false;
        *ret_len = __builtin_bswap64(wide);
        return true;
    }
    return codec_fail(r, -EBADMSG, "a length, not 0x%02x", first);
}

bool codec_read_len(struct codec_reader *r, uint64_t *ret_len)
{
    uint8_t first;
    return codec_read_byte(r, &first) && finish_len(r, first, ret_len);
}

/* ---- strings ---- */

/* `len` bytes in one piece: where they lie, or gathered in `to` as they arrive. */
static bool piece(struct codec_reader *r, uint64_t len, struct buf *to, struct slice *ret)
{
    if (len > codec_reader_left(r))
        return codec_fail(r, -ENODATA, "%llu bytes", (unsigned long long)len);
    if (!r->pull || len <= CODEC_WINDOW) {
        if (!want(r, (size_t)len))
            return false;
        *ret = slice_of(r->at, (size_t)len);
        r->at += len;
        return true;
    }
    buf_clear(to);
    const uint64_t step_max = r->left == CODEC_LEFT_UNKNOWN ? CODEC_WINDOW : STEP_MAX;
    for (uint64_t left = len; left > 0;) {
        size_t step = (size_t)MIN_OF(left, step_max);
        char *at = buf_reserve(to, step);
        if (!at)
            return codec_fail(r, -ENOMEM, "memory for %llu bytes", (unsigned long long)len);
        if (!copy_out(r, at, step))
            return false;
        buf_commit(to, step);
        left -= step;
    }
    *ret = buf_slice(to);
    return true;
}

static bool read_number(struct codec_reader *r, uint8_t form, struct slice *ret)
{
    int8_t narrow;
    int16_t middle;
    int32_t wide;
    int64_t value;
    if (form == STRING_INT8) {
        if (!codec_read_bytes(r, &narrow, sizeof(narrow)))
            return false;
        value = narrow;
    } else if (form == STRING_INT16) {
        if (!codec_read_bytes(r, &middle, sizeof(middle)))
            return false;
        value = middle;
    } else {
        if (!codec_read_bytes(r, &wide, sizeof(wide)))
            return false;
        value = wide;
    }
    *ret = slice_of(r->digits, num_format_int(r->digits, value));
    return true;
}

static bool read_compressed(struct codec_reader *r, struct slice *ret)
{
    uint64_t packed_len, len;
    struct slice packed;
    if (!codec_read_len(r, &packed_len) || !codec_read_len(r, &len))
        return false;
    if (packed_len > UINT32_MAX || len == 0 || len > packed_len * LZF_RATIO_MAX || len > UINT32_MAX)
        return codec_fail(r, -EBADMSG, "a length that LZF can have");
    if (!piece(r, packed_len, &r->packed, &packed))
        return false;
    buf_clear(&r->text);
    char *to = buf_reserve(&r->text, len);
    if (!to)
        return codec_fail(r, -ENOMEM, "memory for %llu bytes", (unsigned long long)len);
    if (!lzf_unpack(packed, to, len))
        return codec_fail(r, -EBADMSG, "LZF of %llu bytes", (unsigned long long)len);
    buf_commit(&r->text, len);
    *ret = buf_slice(&r->text);
    return true;
}

bool codec_read_string(struct codec_reader *r, struct slice *ret_text)
{
    uint8_t first;
    uint64_t len;
    if (!codec_read_byte(r, &first))
        return false;
    if (first >= STRING_INT8 && first <= STRING_INT32)
        return read_number(r, first, ret_text);
    if (first == STRING_LZF)
        return read_compressed(r, ret_text);
    return finish_len(r, first, &len) && piece(r, len, &r->text, ret_text);
}

bool codec_read_string_kept(struct codec_reader *r, struct buf *keep, struct slice *ret_text)
{
    const char *begin = r->at;
    struct slice text;
    if (!codec_read_string(r, &text))
        return false;
    if (!r->pull && text.ptr >= begin && text.ptr <= r->end) {
        *ret_text = text; /* stays in the caller's bytes */
        return true;
    }
    buf_clear(keep);
    if (buf_try_append(keep, text) < 0)
        return codec_fail(r, -ENOMEM, "memory for %zu bytes", text.len);
    *ret_text = buf_slice(keep);
    return true;
}
