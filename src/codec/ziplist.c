/* Ziplists and zipmaps, the forms before listpacks: read, never written.
 *
 *   ziplist: 4 bytes, all; 4, where the last entry stands; 2, entries (65535: not counted); entries; 0xff
 *   entry:   size of the entry before (1 byte, or 0xfe and 4 bytes); encoding; data
 *
 *   first byte   then                what
 *   00llllll     l bytes             a string of up to 63 bytes
 *   01llllll     1 byte, l bytes     a string of up to 16383 bytes, length's high bits first
 *   10000000     4 bytes, l bytes    a string, length big-endian
 *   11000000     2 bytes; 0xd0: 4; 0xe0: 8; 0xf0: 3; 0xfe: 1       an integer with sign
 *   1111vvvv                         v - 1, 0 to 12
 *
 *   zipmap:  1 byte, pairs (254 and more: not counted); pairs; 0xff
 *   pair:    length (1 byte below 254, or 0xfe and 4 bytes), field, length, unused bytes (1), value, those
 *
 * Everything else is little-endian. */
#include "base/assert.h"
#include "codec/value_priv.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "loads below are little-endian");

#define ZIPLIST_HEADER 10
#define ZIPLIST_BYTES_MIN (ZIPLIST_HEADER + 1)
#define NOT_COUNTED 65535
#define ZIP_END 0xff
#define ZIP_WIDE 0xfe /* a length of 4 bytes follows */

/* Bytes that must not be read beyond. */
struct span {
    const unsigned char *at, *end;
};

static size_t left(const struct span *s)
{
    return (size_t)(s->end - s->at);
}

static bool take(struct span *s, void *to, size_t len)
{
    if (left(s) < len)
        return false;
    memcpy(to, s->at, len);
    s->at += len;
    return true;
}

static bool take_slice(struct span *s, size_t len, struct slice *ret)
{
    if (left(s) < len)
        return false;
    *ret = slice_of(s->at, len);
    s->at += len;
    return true;
}

/* One byte, or ZIP_WIDE and four. */
static bool take_len(struct span *s, uint32_t *ret_len)
{
    unsigned char first;
    if (!take(s, &first, 1) || first == ZIP_END)
        return false;
    if (first == ZIP_WIDE)
        return take(s, ret_len, sizeof(*ret_len));
    *ret_len = first;
    return true;
}

/* ---- ziplists ---- */

/* A number with sign of so many bytes. */
static bool take_number(struct span *s, size_t width, int64_t *ret_number)
{
    int64_t value = 0;
    if (!take(s, &value, width))
        return false;
    const unsigned unused = (unsigned)(8 * (sizeof(value) - width));
    *ret_number = (int64_t)((uint64_t)value << unused) >> unused;
    return true;
}

static size_t number_width(unsigned char first)
{
    switch (first) {
    case 0xc0:
        return 2;
    case 0xd0:
        return 4;
    case 0xe0:
        return 8;
    case 0xf0:
        return 3;
    case 0xfe:
        return 1;
    default:
        return 0;
    }
}

static bool take_text(struct span *s, unsigned char first, struct slice *ret)
{
    unsigned char low;
    uint32_t len = first & 0x3f;
    if (first >> 6 == 1) {
        if (!take(s, &low, 1))
            return false;
        len = len << 8 | low;
    } else if (first >> 6 == 2) {
        if (first != 0x80 || !take(s, &len, sizeof(len)))
            return false;
        len = __builtin_bswap32(len);
    }
    return take_slice(s, len, ret);
}

/* Encoding and data. */
static bool take_value(struct span *s, struct listpack_value *ret)
{
    unsigned char first;
    *ret = (struct listpack_value){ .text = { NULL, 0 } };
    if (!take(s, &first, 1))
        return false;
    if (first < 0xc0)
        return take_text(s, first, &ret->text);
    if (number_width(first))
        return take_number(s, number_width(first), &ret->number);
    ret->number = (first & 0x0f) - 1;
    return first > 0xf0 && first < 0xfe;
}

/* All entries, appended to *lp. */
static bool take_entries(struct span *s, uint32_t tail, uint32_t count, struct listpack **lp)
{
    const unsigned char *begin = s->at, *before = NULL;
    uint32_t seen = 0;
    for (; left(s) > 0; seen++) {
        const unsigned char *here = s->at;
        struct listpack_value value;
        uint32_t size_before;
        if (!take_len(s, &size_before) || size_before != (before ? (size_t)(here - before) : 0) ||
            !take_value(s, &value) || !listpack_has_room(*lp, value.text.len))
            return false;
        *lp = value.text.ptr ? listpack_append(*lp, value.text)
                             : listpack_append_int(*lp, value.number);
        before = here;
    }
    const unsigned char *last = before ? before : begin;
    return tail == (size_t)(last - begin) + ZIPLIST_HEADER &&
           (count == NOT_COUNTED || count == seen);
}

static bool ziplist_to_listpack(struct slice bytes, struct listpack **lp)
{
    uint32_t total, tail;
    uint16_t count;
    if (bytes.len < ZIPLIST_BYTES_MIN || (unsigned char)bytes.ptr[bytes.len - 1] != ZIP_END)
        return false;
    memcpy(&total, bytes.ptr, sizeof(total));
    memcpy(&tail, bytes.ptr + 4, sizeof(tail));
    memcpy(&count, bytes.ptr + 8, sizeof(count));
    struct span s = { (const unsigned char *)bytes.ptr + ZIPLIST_HEADER,
                      (const unsigned char *)bytes.ptr + bytes.len - 1 };
    return total == bytes.len && take_entries(&s, tail, count, lp);
}

/* ---- zipmaps ---- */

static bool zipmap_to_listpack(struct slice bytes, struct listpack **lp)
{
    if (bytes.len < 2 || (unsigned char)bytes.ptr[bytes.len - 1] != ZIP_END)
        return false;
    const unsigned char count = (unsigned char)bytes.ptr[0];
    struct span s = { (const unsigned char *)bytes.ptr + 1,
                      (const unsigned char *)bytes.ptr + bytes.len - 1 };
    size_t seen = 0;
    for (; left(&s) > 0; seen++) {
        uint32_t field_len, value_len;
        unsigned char unused;
        struct slice field, value;
        if (!take_len(&s, &field_len) || !take_slice(&s, field_len, &field) ||
            !take_len(&s, &value_len) || !take(&s, &unused, 1) ||
            !take_slice(&s, value_len, &value) || left(&s) < unused ||
            !listpack_has_room(*lp, field.len + value.len))
            return false;
        s.at += unused;
        *lp = listpack_append(listpack_append(*lp, field), value);
    }
    return count >= ZIP_WIDE || count == seen;
}

/* ---- reading ---- */

static bool copy_listpack(struct slice bytes, struct listpack **lp)
{
    struct listpack *copy = listpack_from_bytes(bytes);
    if (!copy)
        return false;
    listpack_free(*lp);
    *lp = copy;
    return true;
}

static struct listpack *read_any(struct codec_reader *r, const char *what,
                                 bool (*convert)(struct slice bytes, struct listpack **lp))
{
    struct slice bytes;
    if (!codec_read_string(r, &bytes))
        return NULL;
    struct listpack *lp = listpack_new();
    if (convert(bytes, &lp))
        return lp;
    listpack_free(lp);
    (void)codec_fail(r, -EBADMSG, "a %s", what);
    return NULL;
}

static struct listpack *not_empty(struct codec_reader *r, struct listpack *lp)
{
    if (!lp || listpack_count(lp) > 0)
        return lp;
    listpack_free(lp);
    (void)codec_fail(r, CODEC_EMPTY, "elements, not none");
    return NULL;
}

struct listpack *read_listpack_any(struct codec_reader *r)
{
    return read_any(r, "listpack", copy_listpack);
}

struct listpack *read_ziplist_any(struct codec_reader *r)
{
    return read_any(r, "ziplist", ziplist_to_listpack);
}

struct listpack *read_listpack(struct codec_reader *r)
{
    return not_empty(r, read_listpack_any(r));
}

struct listpack *read_ziplist(struct codec_reader *r)
{
    return not_empty(r, read_ziplist_any(r));
}

struct listpack *read_zipmap(struct codec_reader *r)
{
    return not_empty(r, read_any(r, "zipmap", zipmap_to_listpack));
}
