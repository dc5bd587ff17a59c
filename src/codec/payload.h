/* DUMP payloads: one value, so that RESTORE can make it again, also at a peer.
 *
 *   kind (1), body; then the footer: version (2, little-endian), CRC-64 of all before it (8, little-endian) */
#ifndef CODEC_PAYLOAD_H
#define CODEC_PAYLOAD_H

#include "codec/value.h"

#define CODEC_FOOTER_BYTES 10

/* The payload of a value, of the oldest version that can hold it. 0 or -ENOMEM. Free with buf_done(),
 * also after a failure. */
MUST_USE int codec_payload_write(const struct entry *e, struct buf *ret_payload);
/* How long the value is in it: DEBUG OBJECT. */
size_t codec_payload_value_bytes(const struct entry *e);
enum codec_leniency {
    CODEC_LENIENT_CHECKSUM = 1 << 0, /* is not looked at */
    CODEC_LENIENT_VERSION = 1 << 1,  /* one that is not known is read as the newest of its family */
};
/* Whether the footer is right: a version that is known, and the checksum, but for what leniency allows. */
MUST_USE bool codec_payload_is_whole(struct slice payload, unsigned leniency);
/* The value of a whole payload. NULL: what was expected is in the error (codec_read_value() has the exception). */
MUST_USE struct entry *codec_payload_read(struct slice payload, const struct codec_target *to,
                                          struct codec_error *ret_error);

#endif
