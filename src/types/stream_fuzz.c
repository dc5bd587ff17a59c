/* Packs of streams from anywhere: refused, or good for everything. */
#include "tests/unit/fuzz.h"

#include "base/assert.h"
#include "types/stream.h"

#define SECOND_PACK ((struct xstream_id){ UINT64_MAX / 2, 5 })

/* How many entries there are, in one direction. */
static uint64_t walk(const struct xstream *s, bool reverse)
{
    uint64_t n = 0;
    struct xstream_iter it;
    /* What comes from outside need not rise, so a bound may end a walk early: none is given. */
    xstream_iter_init(&it, s, STREAM_ID_MIN, STREAM_ID_MAX, reverse);
    for (; xstream_iter_next(&it); n++) {
        for (size_t i = 0; i < it.field_count; i++) {
            char scratch[2 * STREAM_SCRATCH];
            struct slice field, value;
            xstream_iter_pair(&it, &field, &value, scratch);
        }
    }
    return n;
}

static void change(struct entry *e, const uint8_t *data, size_t len)
{
    static const struct type_env env = { .stream_node_bytes = 4096, .stream_node_entries = 100 };
    const struct slice pair[] = { SLICE("f"), SLICE("v") };
    struct xstream *s = xstream_of(e);
    struct xstream_id id;
    for (size_t i = 0; i < len && i < 8 && xstream_edge(s, data[i] & 1, &id); i++) {
        uint64_t length = xstream_facts(s)->length;
        bool deleted = xstream_delete(s, id);
        ASSERT(xstream_facts(s)->length == length - deleted);
    }
    struct xstream_facts facts = *xstream_facts(s);
    facts.last = (struct xstream_id){ UINT64_MAX - 1, 0 };
    xstream_set_facts(s, &facts);
    int error = xstream_append(s, &env, STREAM_ID_MAX, pair, 2);
    ASSERT(error == 0);
    struct xstream_trim trim = { .by = STREAM_TRIM_MINID, .min = { 1, 1 } };
    (void)xstream_trim(s, &trim);
    trim = (struct xstream_trim){ .by = STREAM_TRIM_MAXLEN, .length_max = 1 };
    (void)xstream_trim(s, &trim);
    ASSERT(xstream_facts(s)->length <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct entry *e = xstream_entry_new(SLICE("key"), ENTRY_NO_EXPIRY);
    struct xstream *s = xstream_of(e);
    int added = xstream_add_pack(s, (struct xstream_id){ 1, 1 }, slice_of(data, len));
    ASSERT((added == 0) == xstream_pack_is_valid(slice_of(data, len)));
    if (added == 0) {
        uint64_t length = xstream_facts(s)->length;
        ASSERT(walk(s, true) == length);
        ASSERT(walk(s, false) == length);
        added = xstream_add_pack(s, SECOND_PACK, slice_of(data, len));
        ASSERT(added == 0);
        change(e, data, len);
    }
    entry_free(e);
    return 0;
}
