#include "codec/payload.h"

#include <errno.h>

#include "base/assert.h"
#include "codec/crc64.h"

int codec_payload_write(const struct entry *e, struct buf *ret_payload)
{
    struct codec_writer w;
    codec_writer_init(&w, codec_value_version(e), NULL, NULL);
    codec_write_byte(&w, codec_value_kind(e, w.version));
    codec_write_value(&w, e);
    codec_write_u16(&w, (uint16_t)w.version);
    codec_write_u64(&w, codec_writer_crc(&w));

    const int error = codec_writer_finish(&w);
    *ret_payload = w.buf;
    buf_init(&w.buf, BUF_NO_CEILING);
    codec_writer_done(&w);
    return error;
}

static int drop(void *arg UNUSED, struct slice bytes UNUSED)
{
    return 0;
}

size_t codec_payload_value_bytes(const struct entry *e)
{
    struct codec_writer w;
    codec_writer_init(&w, codec_value_version(e), drop, NULL);
    codec_write_value(&w, e);
    const size_t bytes = codec_writer_offset(&w);
    codec_writer_done(&w);
    return bytes;
}

static int version_of(struct slice payload)
{
    uint16_t version;
    memcpy(&version, payload.ptr + payload.len - CODEC_FOOTER_BYTES, sizeof(version));
    return version;
}

bool codec_payload_is_whole(struct slice payload, unsigned leniency)
{
    struct codec_reader r;
    uint64_t crc;
    if (payload.len < CODEC_FOOTER_BYTES)
        return false;
    codec_reader_init(&r, payload);
    const int version = version_of(payload);
    if (!codec_reader_set_version(&r, version) &&
        !(version > 0 && (leniency & CODEC_LENIENT_VERSION)))
        return false;
    payload.len -= sizeof(crc);
    memcpy(&crc, payload.ptr + payload.len, sizeof(crc));
    return (leniency & CODEC_LENIENT_CHECKSUM) || crc == crc64_update(0, payload);
}

struct entry *codec_payload_read(struct slice payload, const struct codec_target *to,
                                 struct codec_error *ret_error)
{
    struct codec_reader r;
    struct entry *e = NULL;
    uint8_t kind;
    ASSERT(payload.len >= CODEC_FOOTER_BYTES);
    codec_reader_init(&r, slice_of(payload.ptr, payload.len - CODEC_FOOTER_BYTES));
    if (!codec_reader_set_version(&r, version_of(payload)) && r.version < 1)
        (void)codec_fail(&r, -EBADMSG, "a version");
    if (codec_read_byte(&r, &kind))
        e = codec_read_value(&r, kind, to);
    *ret_error = *codec_reader_error(&r);
    codec_reader_done(&r);
    return e;
}
