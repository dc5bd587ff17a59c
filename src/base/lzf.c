/* One pass with a table of where four bytes were seen last.
 *
 * The table is as small as the bytes allow, since it must be cleared: most of what comes is short. Where nothing is
 * found for a while, steps get longer, so that bytes that cannot be packed cost little. References of three
 * bytes are not made: with the run of bytes that begins anew behind one, they save nothing. */
#include "base/lzf.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

#define RUN_MAX ((size_t)32)
#define MATCH_MIN ((size_t)4)
#define MATCH_MAX ((size_t)264)
#define MATCH_SHORT ((size_t)8) /* up to here the first byte says how long */
#define DISTANCE_MAX ((size_t)8192)

#define HASH_BITS_MIN 7u
#define HASH_BITS_MAX 13u
/* So many misses make a step one longer. */
#define MISSES_SHIFT 5

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the first byte that differs is the lowest");

static uint32_t load32(const unsigned char *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

/* ---- packing ---- */

struct packer {
    const unsigned char *begin, *at, *end;
    const unsigned char *run; /* bytes from here to `at` are not written yet */
    unsigned char *to, *to_end;
    unsigned bits;
    uint16_t *seen; /* the low bits of places */
};

INLINE uint32_t slot_of(const struct packer *p, uint32_t four)
{
    return four * UINT32_C(2654435761) >> (32 - p->bits);
}

static void packer_init(struct packer *p, uint16_t *seen, struct slice bytes, void *to, size_t room)
{
    p->begin = p->at = p->run = (const unsigned char *)bytes.ptr;
    p->end = p->begin + bytes.len;
    p->to = to;
    p->to_end = p->to + room;
    p->bits = HASH_BITS_MIN;
    while (p->bits < HASH_BITS_MAX && bytes.len >> p->bits > 0)
        p->bits++;
    p->seen = seen;
    memset(seen, 0, sizeof(*seen) << p->bits);
}

/* What stands between the last match and `at`. False: there is no room for it. */
INLINE bool write_run(struct packer *p)
{
    size_t left = (size_t)(p->at - p->run);
    const size_t room = (size_t)(p->to_end - p->to);
    if (left == 0)
        return true;
    if (left <= RUN_MAX && room > RUN_MAX && (size_t)(p->end - p->run) >= RUN_MAX) {
        *p->to = (unsigned char)(left - 1);
        memcpy(p->to + 1, p->run, RUN_MAX);
        p->to += 1 + left;
        return true;
    }
    if (left + (left + RUN_MAX - 1) / RUN_MAX > room)
        return false;
    while (left > 0) {
        const size_t len = MIN_OF(left, RUN_MAX);
        *p->to++ = (unsigned char)(len - 1);
        memcpy(p->to, p->run, len);
        p->to += len;
        p->run += len;
        left -= len;
    }
    return true;
}

INLINE bool write_match(struct packer *p, size_t distance, size_t len)
{
    const size_t offset = distance - 1;
    const size_t code = len - 2;
    if (p->to_end - p->to < (len <= MATCH_SHORT ? 2 : 3))
        return false;
    if (len <= MATCH_SHORT) {
        *p->to++ = (unsigned char)(code << 5 | offset >> 8);
    } else {
        *p->to++ = (unsigned char)(7 << 5 | offset >> 8);
        *p->to++ = (unsigned char)(code - 7);
    }
    *p->to++ = (unsigned char)offset;
    return true;
}

/* How many bytes at `a` and `b`, which is behind it, are the same: the first four are. */
INLINE size_t match_len(const unsigned char *a, const unsigned char *b, const unsigned char *end)
{
    const size_t max = MIN_OF((size_t)(end - b), MATCH_MAX);
    size_t len = MATCH_MIN;
    while (len + sizeof(uint64_t) <= max) {
        const uint64_t differ = load64(a + len) ^ load64(b + len);
        if (differ)
            return len + (size_t)__builtin_ctzll(differ) / 8;
        len += sizeof(uint64_t);
    }
    while (len < max && a[len] == b[len])
        len++;
    return len;
}

/* Goes on to the next place whose four bytes were seen. Where that was; NULL: nowhere any more. */
INLINE const unsigned char *find_match(struct packer *p)
{
    const size_t len = (size_t)(p->end - p->begin);
    size_t misses = 0;
    for (size_t place = (size_t)(p->at - p->begin); place + MATCH_MIN <= len;
         place += 1 + (misses++ >> MISSES_SHIFT)) {
        const unsigned char *at = p->begin + place;
        const uint32_t four = load32(at);
        uint16_t *seen = &p->seen[slot_of(p, four)];
        /* Places are known by their low bits; further back than the window nothing is of use. */
        const size_t distance = (uint16_t)(place - *seen);
        *seen = (uint16_t)place;
        if (distance - 1 < MIN_OF(DISTANCE_MAX, place) && load32(at - distance) == four) {
            p->at = at;
            return at - distance;
        }
    }
    p->at = p->end;
    return NULL;
}

size_t lzf_pack(struct slice bytes, void *to, size_t room)
{
    struct packer p;
    uint16_t seen[1 << HASH_BITS_MAX];
    const unsigned char *match;
    packer_init(&p, seen, bytes, to, room);
    while ((match = find_match(&p))) {
        const size_t len = match_len(match, p.at, p.end);
        if (!write_run(&p) || !write_match(&p, (size_t)(p.at - match), len))
            return 0;
        p.at += len;
        p.run = p.at;
        /* What comes next may well go on like this once more. */
        if ((size_t)(p.end - p.at) >= MATCH_MIN)
            p.seen[slot_of(&p, load32(p.at - 2))] = (uint16_t)(p.at - 2 - p.begin);
    }
    return write_run(&p) ? (size_t)(p.to - (unsigned char *)to) : 0;
}

/* ---- unpacking ---- */

/* Bytes that are copied at once where there is room for them. */
#define CHUNK ((size_t)16)

struct unpacker {
    const unsigned char *at, *end;
    unsigned char *begin, *to, *to_end;
};

static bool copy_run(struct unpacker *u, size_t len)
{
    const size_t left = (size_t)(u->end - u->at), room = (size_t)(u->to_end - u->to);
    if (left < len || room < len)
        return false;
    if (left >= RUN_MAX && room >= RUN_MAX)
        memcpy(u->to, u->at, RUN_MAX);
    else
        memcpy(u->to, u->at, len);
    u->at += len;
    u->to += len;
    return true;
}

/* From a place nearer than a chunk: what was copied is copied along, so that each copy is twice as long. */
static void repeat(unsigned char *to, size_t distance, size_t len)
{
    const unsigned char *from = to - distance;
    while (len > 0) {
        const size_t step = MIN_OF((size_t)(to - from), len);
        memcpy(to, from, step);
        to += step;
        len -= step;
    }
}

static bool copy_match(struct unpacker *u, size_t distance, size_t len)
{
    const size_t room = (size_t)(u->to_end - u->to);
    if ((size_t)(u->to - u->begin) < distance || room < len)
        return false;
    const unsigned char *from = u->to - distance;
    if (distance >= CHUNK && room >= len + CHUNK) {
        for (size_t done = 0; done < len; done += CHUNK)
            memcpy(u->to + done, from + done, CHUNK);
    } else if (distance == 1) {
        memset(u->to, *from, len);
    } else {
        repeat(u->to, distance, len);
    }
    u->to += len;
    return true;
}

static bool read_match(struct unpacker *u, unsigned first)
{
    size_t len = (first >> 5) + 2;
    if (u->end - u->at < (first >> 5 == 7 ? 2 : 1))
        return false;
    if (first >> 5 == 7)
        len += *u->at++;
    return copy_match(u, ((first & 0x1f) << 8 | *u->at++) + (size_t)1, len);
}

bool lzf_unpack(struct slice packed, void *to, size_t len)
{
    struct unpacker u = { .at = (const unsigned char *)packed.ptr,
                          .end = (const unsigned char *)packed.ptr + packed.len,
                          .begin = to,
                          .to = to,
                          .to_end = (unsigned char *)to + len };
    while (u.at < u.end) {
        const unsigned first = *u.at++;
        if (!(first < RUN_MAX ? copy_run(&u, first + (size_t)1) : read_match(&u, first)))
            return false;
    }
    return u.to == u.to_end;
}
