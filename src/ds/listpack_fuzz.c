/* Listpacks from anywhere: refused, or good for everything.
 *
 * The first byte's lowest bit asks for the header to be made right, so that entries are reached; the
 * rest is the listpack. What is valid is walked both ways and changed, and must stay valid. */
#include "tests/unit/fuzz.h"

#include "base/assert.h"
#include "base/mem.h"
#include "ds/listpack.h"

#define CHANGES_MAX 40

static void walk(const struct listpack *lp)
{
    size_t count = 0, sum = 0;
    char scratch[NUM_INT_MAX_CHARS];
    for (size_t at = listpack_first(lp); at != LISTPACK_NONE; at = listpack_next(lp, at)) {
        struct slice text = listpack_text(lp, at, scratch);
        for (size_t i = 0; i < text.len; i++)
            sum += (unsigned char)text.ptr[i];
        ASSERT(listpack_equals(lp, at, text));
        count++;
    }
    ASSERT(count == listpack_count(lp));
    for (size_t at = listpack_last(lp); at != LISTPACK_NONE; at = listpack_prev(lp, at))
        count--;
    ASSERT(count == 0);
    ASSERT(sum < SIZE_MAX);
}

static struct listpack *change(struct listpack *lp, const uint8_t *data, size_t len)
{
    static const struct slice values[] = { SLICE(""), SLICE("12"), SLICE("-70000"),
                                           SLICE("a text that is no number") };
    for (size_t i = 0; i < len && i < CHANGES_MAX; i++) {
        struct slice value = values[data[i] >> 2 & 3];
        size_t at = listpack_seek(lp, (int8_t)(data[i] ^ i));
        if (at == LISTPACK_NONE || (data[i] & 3) == 0)
            lp = listpack_insert(lp, at, value);
        else if ((data[i] & 3) == 1)
            lp = listpack_replace(lp, at, value);
        else
            lp = listpack_delete(lp, at, data[i] >> 4);
        ASSERT(listpack_is_valid(listpack_slice(lp)));
    }
    return lp;
}

static void make_header_right(uint8_t *bytes, size_t len)
{
    uint32_t total = (uint32_t)len;
    memcpy(bytes, &total, sizeof(total));
    bytes[4] = bytes[5] = 0xff;
    bytes[len - 1] = 0xff;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1 || len > LISTPACK_BYTES_MAX)
        return 0;
    size_t bytes_len = len - 1;
    uint8_t *bytes = mem_alloc(bytes_len + 1);
    memcpy(bytes, data + 1, bytes_len);
    if ((data[0] & 1) && bytes_len >= LISTPACK_BYTES_MIN)
        make_header_right(bytes, bytes_len);
    struct listpack *lp = listpack_from_bytes(slice_of(bytes, bytes_len));
    if (lp) {
        walk(lp);
        lp = change(lp, data, len);
        walk(lp);
    }
    listpack_free(lp);
    mem_free(bytes);
    return 0;
}
