/* Payloads from anywhere: refused with a reason, or a value that is good for everything.
 *
 * The first byte says whether the footer is made right, so that the value is reached; the second one the
 * version that it says then. What was read is written, and what was written is read again. A source that brings a
 * few bytes at a time must give the same. */
#include "tests/unit/fuzz.h"

#include "base/assert.h"
#include "base/mem.h"
#include "codec/crc64.h"
#include "codec/payload.h"

static const struct hash_key hash_key = { 1, 2 };

static struct type_env env_of(struct rand *rand)
{
    return (struct type_env){
        .hash_key = &hash_key,
        .rand = rand,
        .hash_listpack_entries = 8,
        .hash_listpack_value = 16,
        .list_listpack_size = 4,
        .set_intset_entries = 8,
        .set_listpack_entries = 8,
        .set_listpack_value = 16,
        .zset_listpack_entries = 8,
        .zset_listpack_value = 16,
        .stream_node_bytes = 4096,
        .stream_node_entries = 4,
        .hll_sparse_bytes = 3000,
    };
}

/* Brings 1 to 7 bytes at a time. */
struct drip {
    struct slice left;
    size_t turn;
};

static ssize_t pull(void *arg, char *to, size_t max)
{
    struct drip *d = arg;
    const size_t drop = d->turn++ % 7 + 1, room = MIN_OF(max, d->left.len);
    const size_t step = MIN_OF(drop, room);
    if (step)
        memcpy(to, d->left.ptr, step);
    d->left = slice_from(d->left, step);
    return (ssize_t)step;
}

static struct entry *read_dripping(struct slice payload, const struct codec_target *to, int version)
{
    struct codec_reader r;
    uint8_t kind;
    struct entry *e = NULL;
    struct drip d = { .left = slice_of(payload.ptr, payload.len - CODEC_FOOTER_BYTES) };
    codec_reader_init_pull(&r, pull, &d, CODEC_LEFT_UNKNOWN);
    if (codec_reader_set_version(&r, version) && codec_read_byte(&r, &kind))
        e = codec_read_value(&r, kind, to);
    codec_reader_done(&r);
    return e;
}

static void write_and_read(const struct entry *e, const struct codec_target *to)
{
    struct buf payload;
    struct codec_error error;
    ASSERT(codec_payload_write(e, &payload) == 0);
    ASSERT(codec_payload_is_whole(buf_slice(&payload), 0));
    struct entry *again = codec_payload_read(buf_slice(&payload), to, &error);
    ASSERT(again && entry_type(again) == entry_type(e));
    entry_free(again);
    buf_done(&payload);
}

static void make_footer_right(char *bytes, size_t len, int version)
{
    const uint16_t wire = (uint16_t)version;
    memcpy(bytes + len - CODEC_FOOTER_BYTES, &wire, sizeof(wire));
    const uint64_t crc = crc64_update(0, slice_of(bytes, len - sizeof(crc)));
    memcpy(bytes + len - sizeof(crc), &crc, sizeof(crc));
}

static void read_payload(struct slice payload, int version)
{
    struct codec_error error;
    struct rand rand;
    rand_seed(&rand, 1);
    const struct type_env env = env_of(&rand);
    const struct codec_target to = { .key = SLICE("key"), .when_ms = ENTRY_NO_EXPIRY, .env = &env };
    if (!codec_payload_is_whole(payload, 0))
        return;
    struct entry *e = codec_payload_read(payload, &to, &error);
    ASSERT((e == NULL) == (error.code != 0));
    struct entry *dripped = read_dripping(payload, &to, version);
    ASSERT((e == NULL) == (dripped == NULL));
    if (e) {
        write_and_read(e, &to);
        entry_free(dripped);
        entry_free(e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 2 + CODEC_FOOTER_BYTES)
        return 0;
    const size_t payload_len = len - 2;
    char *bytes = mem_alloc(payload_len);
    memcpy(bytes, data + 2, payload_len);
    if (data[0] & 1)
        make_footer_right(bytes, payload_len, data[1]);
    uint16_t version;
    memcpy(&version, bytes + payload_len - CODEC_FOOTER_BYTES, sizeof(version));
    read_payload(slice_of(bytes, payload_len), version);
    mem_free(bytes);
    return 0;
}
