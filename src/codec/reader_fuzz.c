/* Values from sources that bring any number of bytes at a time: what comes of them is what comes of the same bytes in
 * memory, to the last field, with the same checksum and place.
 *
 *   1 byte   bit 0: the source says how much is left; 1: fields that are over are left out; 2: no checksum
 *   1 byte   version
 *   1 byte   n; then n bytes: how many bytes at a time, 0 stands for 4096, in turn
 *   1 byte   kind
 *            body */
#include "tests/unit/fuzz.h"

#include <string.h>

#include "base/assert.h"
#include "codec/testing.h"

#define HEAD_BYTES 4

struct input {
    bool is_known, drops_over, has_crc;
    int version;
    const uint8_t *steps;
    size_t step_count;
    uint8_t kind;
    struct slice body;
};

struct source {
    const struct input *in;
    size_t at, turn;
};

static ssize_t pull(void *arg, char *to, size_t max)
{
    struct source *s = arg;
    size_t step = s->in->step_count ? s->in->steps[s->turn++ % s->in->step_count] : 0;
    step = MIN_OF(step ? step : (size_t)4096, MIN_OF(max, s->in->body.len - s->at));
    if (step)
        memcpy(to, s->in->body.ptr + s->at, step);
    s->at += step;
    return (ssize_t)step;
}

struct outcome {
    struct entry *e;
    int code;
    uint64_t offset, crc;
};

static struct outcome read_value(struct codec_reader *r, const struct input *in)
{
    struct codec_target to = codec_test_target();
    struct outcome got = { .code = -1 };
    to.now_ms = in->drops_over ? 5000 : 0;
    r->has_crc = in->has_crc;
    if (codec_reader_set_version(r, in->version)) {
        got.e = codec_read_value(r, in->kind, &to);
        got.code = codec_reader_error(r)->code;
        got.offset = codec_reader_offset(r);
        got.crc = codec_reader_crc(r);
        ASSERT(!got.e || got.code == 0);
        ASSERT(got.e || got.code != 0 || in->drops_over);
    }
    codec_reader_done(r);
    return got;
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    ASSERT((a->code == 0) == (b->code == 0));
    ASSERT((a->e == NULL) == (b->e == NULL));
    if (a->code == 0) {
        ASSERT(a->offset == b->offset);
        ASSERT(a->crc == b->crc);
    }
    if (a->e) {
        struct buf one = codec_describe(a->e), other = codec_describe(b->e);
        ASSERT(slice_eq(buf_slice(&one), buf_slice(&other)));
        buf_done(&one);
        buf_done(&other);
        entry_free(a->e);
        entry_free(b->e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < HEAD_BYTES || len < HEAD_BYTES + (size_t)data[2])
        return 0;
    const struct input in = {
        .is_known = data[0] & 1,
        .drops_over = data[0] & 2,
        .has_crc = !(data[0] & 4),
        .version = data[1],
        .steps = data + 3,
        .step_count = data[2],
        .kind = data[3 + data[2]],
        .body = slice_of(data + HEAD_BYTES + data[2], len - HEAD_BYTES - data[2]),
    };
    struct source source = { .in = &in };
    struct codec_reader in_memory, pulled;
    codec_reader_init(&in_memory, in.body);
    codec_reader_init_pull(&pulled, pull, &source, in.is_known ? in.body.len : CODEC_LEFT_UNKNOWN);
    const struct outcome one = read_value(&in_memory, &in), other = read_value(&pulled, &in);
    check_same(&one, &other);
    return 0;
}
